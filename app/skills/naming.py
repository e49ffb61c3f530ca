"""Clusters named by a model of the pool: asked for, marked, and removed again."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app import frame, jobs, session
from cascal.collection.name_clusters import Named, NamingPlan, name_into, plan_names
from cascal.columns import Progress
from cascal.dataset.dataset import Dataset
from cascal.number_format import agreeing, counted
from cascal.store import Workspace

TITLE = "Name the clusters by a model"


def naming() -> None:
    """Nothing is sent before the reader has seen how many calls it takes and what they cost."""
    with st.expander(TITLE, on_change="rerun", key="naming") as box:
        if box.open:
            _naming()


def _naming() -> None:
    data = session.dataset()
    st.caption(
        "The names above are made from the words of the queries. A model of the pool can give "
        "others: they are stored in the workspace for exactly these clusters, marked with * and "
        "the model's name, and change no route."
    )
    if data.given_names:
        _stored(data)
    reachable = [model for model in data.models if model.base_url]
    if session.read_only():
        st.info("This dashboard only shows: nothing is sent or stored from here.")
    elif not reachable:
        st.info(
            "No model of this pool has an endpoint to be asked at. Responses collected with "
            "`cascal collect` bring theirs along."
        )
    else:
        names = [model.name for model in reachable]
        chosen: str = st.selectbox("Ask", names, key="naming_model")
        _ask(plan_names(session.snapshot(), reachable[names.index(chosen)]))


def _stored(data: Dataset) -> None:
    """How many of the present clusters have a given name, and the way to be rid of them."""
    models = sorted({given.model for given in data.given_names.values()})
    shown = sum(len(name) > 2 for name in session.snapshot().names)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            frame.escape(
                f"{shown} of {counted(len(session.snapshot().names), 'cluster')} here "
                f"{agreeing(shown, 'is', 'are')} named by {', '.join(models)}."
            ),
            width="stretch",
        )
        if not session.read_only():
            st.button("Remove these names", key="forget_names", on_click=_forget)


def _forget() -> None:
    session.workspace().delete_cluster_names(session.dataset_name())


def _ask(plan: NamingPlan) -> None:
    if not plan.requests:
        st.caption("Every cluster here has a name that a model gave it.")
        return
    key = f"names:{session.snapshot_token()}:{plan.model.name}:{hash(tuple(plan.requests))}"
    work = partial(_work, plan, session.workspace(), session.dataset())
    n_calls = len(plan.requests)
    label = f"Send {counted(n_calls, 'call')}"
    named = jobs.show(key, label, work, about=frame.escape(plan.sentence), line="calls")
    if named is not None:
        st.markdown(frame.escape(named.sentence))
        st.button("Ask again for the rest", key="again_names", on_click=jobs.forget, args=(key,))


def _work(plan: NamingPlan, workspace: Workspace, data: Dataset, progress: Progress) -> Named:
    n_calls = len(plan.requests)

    def told(n_replies: int) -> None:
        progress(n_replies / n_calls, f"{n_replies:,} of {counted(n_calls, 'reply')}")

    return name_into(workspace, data, plan, told)
