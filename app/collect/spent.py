"""Where everything is answered: what there is, what it cost, and where to go from there."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, selection, session
from app.collect import work
from app.collect.queries import follow
from app.collect.running import failures, run
from cascal import charts
from cascal.counted import counted, dollars
from cascal.dataset.collected import Collected, what_was_collected

MORE, KEY = "collect_more", "collected_of_models"
COLUMNS: dict[str, Any] = {
    "model": "Model",
    "answers": st.column_config.NumberColumn("Answers stored", format="localized"),
    "unread": st.column_config.NumberColumn("Cannot be read", format="%.1f %%"),
    "dollars": st.column_config.NumberColumn("Spent, US dollars", format="%.2f"),
    "per_thousand": st.column_config.NumberColumn("$ per 1,000 answers", format="%.2f"),
    "seconds": st.column_config.NumberColumn(
        "Half within (s)", format="%.2f", help="Median seconds, where the source says them."
    ),
}


def asked_dataset() -> str | None:
    """The data set that is asked; None where there is none."""
    known = [info.name for info in session.datasets()]
    if not known:
        return None
    follow(known)
    return str(st.session_state["asked_dataset"])


def all_is_answered() -> bool:
    """Whether the pool that the page begins with has answered every query of the data set."""
    dataset = asked_dataset()
    if dataset is None or not session.workspace().dataset(dataset).n_responses:
        return False
    models = work.pool_of(work.simulated_frame(generators=False))
    return not work.ahead(dataset, models, retry=False).calls


def wants_more() -> bool:
    """Whether the three steps are shown although nothing is left to ask."""
    return bool(st.session_state.get(MORE))


def simulated_data() -> None:
    """The mark of simulated data, once, as on every page."""
    dataset = asked_dataset()
    if dataset is not None and session.workspace().dataset(dataset).origin == "simulated":
        frame.simulated()


def more() -> None:
    """The way to the three steps, and back."""
    st.toggle(
        "Ask other models, or other queries: the three steps",
        key=MORE,
        persist_state="session",
    )


def all_there(title: DeltaGenerator, numbers: DeltaGenerator) -> None:
    """The answer, the next acts, and the three steps folded."""
    dataset = str(asked_dataset())
    info = session.workspace().dataset(dataset)
    n_queries = info.n_train + info.n_test
    asked = counted(info.n_models, "model has", "models have")
    title.title(
        frame.headline(
            f"Nothing to ask: {asked} answered all {counted(n_queries, 'query')} of {dataset}"
        ),
        anchor=False,
    )
    with numbers, st.grid(4, min_column_width=150):
        frame.metric("Models", f"{info.n_models:,}", counted(info.n_responses, "stored answer"))
        frame.metric("Queries", f"{n_queries:,}", dataset)
        frame.metric("Left to ask", "0", "once a query")
        spent(dataset)
    onward()
    _of_each_model(dataset)
    more()
    run(f"collect:{dataset}", "models")
    failures(dataset)


@st.cache_resource(show_spinner="Reading what was collected", max_entries=8)
def _collected(dataset: str, token: str) -> tuple[Collected, ...]:
    return what_was_collected(session.workspace(), dataset)


def _of_each_model(dataset: str) -> None:
    """What was collected of each model; a row leads to its answers that cannot be read."""
    found = _collected(dataset, session.file_token())
    here = dataset == session.dataset_name()
    st.subheader("What was collected of each model", anchor=False)
    st.dataframe(
        pd.DataFrame([_row(one) for one in found]),
        key=KEY if here else f"{KEY} elsewhere",
        on_select="rerun" if here else "ignore",
        selection_mode="single-row",
        hide_index=True,
        height="content",
        placeholder="–",
        alt="Answers, money and seconds of each model",
        column_config=COLUMNS,
    )
    if not here:
        return
    st.caption("Pick a row to see the queries that the model gave no readable answer to.")
    for at in frame.picked_rows(KEY):
        selection.show_unread(found[at].model)
        frame.open_page("data_sets")


def _row(one: Collected) -> dict[str, object]:
    return {
        "model": one.model,
        "answers": one.n_asked,
        "unread": float(charts.in_percent(one.unread)),
        "dollars": one.dollars,
        "per_thousand": one.per_thousand,
        "seconds": one.seconds,
    }


def spent(dataset: str) -> None:
    """What the stored answers cost, as a tile."""
    store = session.workspace()
    with store.opened():
        bills = store.bills(dataset)
    total = sum(one.total for one in bills)
    guessed = sum(one.n_unknown for one in bills)
    frame.metric(
        "Spent so far",
        "unknown" if math.isnan(total) else dollars(total),
        f"for {counted(sum(one.n_calls for one in bills), 'answer')}",
        "What the stored answers cost, as they say it"
        + (f"; {guessed:,} do not and count as the mean of their model." if guessed else "."),
    )


def onward() -> None:
    """Where to go when all is answered."""
    with st.container(horizontal=True, gap="medium"):
        st.page_link(
            frame.page_file("overview"), label="See whether routing pays", icon=":material/paid:"
        )
        st.page_link(
            frame.page_file("skills"), label="See who is good at what", icon=":material/hub:"
        )
        st.page_link(
            frame.page_file("data_sets"), label="Look at the answers", icon=":material/table_rows:"
        )
