"""What it costs, and go: responses of every model to every query."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import columns, frame, session
from app.collect import work
from app.collect.running import budget, failures, run
from app.collect.spent import spent
from cascal.collection.collect_less import COST
from cascal.collection.cost_ahead import CostAhead
from cascal.endpoint.pool_file import PoolModel
from cascal.number_format import counted
from cascal.number_format import dollars as in_dollars


def collect(models: tuple[PoolModel, ...], title: DeltaGenerator, summary: DeltaGenerator) -> None:
    """Calls and cost before anything is sent; then the run, per model, with errors by cause.

    title, summary : where the page says what it found, and shows its numbers, before the steps
    """
    st.subheader("3. How much of it?", anchor=False)
    dataset: str | None = st.session_state.get("asked_dataset")
    if dataset is None or not session.datasets():
        title.title(_first_queries(models), anchor=False)
        st.caption("There is no data set yet. Press “Generate” above, or bring queries:")
        st.page_link(
            frame.page_file("data_sets"), label="Import responses", icon=":material/upload:"
        )
        return
    retry = st.checkbox("Ask again what ended in an error", key="retry_errors")
    share = st.slider(
        "Share of the calls (%)",
        10,
        100,
        100,
        5,
        key="fraction",
        help="Below 100, every model is asked a random base sample; further training queries "
        "go to the models that may still be the best of their task, as long as the calls last.",
    )
    limits = budget("collect")
    with frame.refusals():
        ahead = work.ahead(dataset, models, retry=retry)
        n_calls, dollars = _asked(ahead, dataset, models, share / 100, retry=retry)
        simulated = all(one.spec.simulated for one in models)
        said = _headline(n_calls, dollars, dataset, len(ahead.models), simulated=simulated)
        title.title(said, anchor=False)
        if n_calls:
            with summary:
                _numbers(ahead, dataset, n_calls, dollars, whole=share == 100)
                if st.button(
                    f"Collect {counted(n_calls, 'response')}",
                    type="primary",
                    icon=":material/forum:",
                    key="collect_now",
                ):
                    work.start_collecting(
                        dataset, models, limits, retry=retry, fraction=share / 100
                    )
            _of_each_model(ahead)
        else:
            st.button("Collect", disabled=True, icon=":material/forum:", key="collect_nothing")
            st.caption(
                "Nothing to collect: these models have answered all of these queries. Name "
                "another model in step 1, or have queries written in step 2."
            )
    with summary:
        run(f"collect:{dataset}", "models")
    failures(dataset)


def _first_queries(models: tuple[PoolModel, ...]) -> str:
    return f"First have queries written, then ask {counted(len(models), 'model')}"


def _headline(n_calls: int, dollars: float, dataset: str, n_models: int, *, simulated: bool) -> str:
    if not n_calls:
        info = session.workspace().dataset(dataset)
        n_queries = counted(info.n_train + info.n_test, "query")
        asked = counted(n_models, "model has", "models have")
        return frame.headline(f"Nothing is missing: {asked} answered all {n_queries} of {dataset}")
    price = "at an unknown price" if math.isnan(dollars) else f"for about {in_dollars(dollars)}"
    price += ", simulated," if simulated else ""
    return frame.headline(f"{counted(n_calls, 'call')} {price} complete “{dataset}”")


def _asked(
    ahead: CostAhead, dataset: str, models: tuple[PoolModel, ...], share: float, *, retry: bool
) -> tuple[int, float]:
    """How many calls are made and about what they cost, where less than all is asked."""
    if share == 1 or not ahead.calls:
        return ahead.calls, ahead.dollars
    fewer = work.fewer(dataset, models, share, retry=retry)
    st.caption(f"{fewer.sentence} {COST}")
    return fewer.most, ahead.dollars * fewer.most / ahead.calls


def _numbers(ahead: CostAhead, dataset: str, n_calls: int, dollars: float, *, whole: bool) -> None:
    """Whom, what and what it costs, before anything is sent."""
    info = session.workspace().dataset(dataset)
    with st.grid(3, min_column_width=210):
        queries = counted(info.n_train + info.n_test, "query")
        note = f"{counted(len(ahead.models), 'model')} × {queries}" if whole else "at most"
        frame.metric("Calls", f"{n_calls:,}", note, "What is stored is never asked again.")
        price = "unknown" if math.isnan(dollars) else in_dollars(dollars)
        unpriced = (
            f"{counted(len(ahead.unpriced), 'model')} without prices"
            if ahead.unpriced
            else "nothing is sent yet"
        )
        frame.metric("Cost, about", price, unpriced, ahead.basis)
        spent(dataset)


def _of_each_model(ahead: CostAhead) -> None:
    with st.expander("Calls and cost of each model"):
        st.dataframe(
            pd.DataFrame(ahead.models),
            hide_index=True,
            alt="Calls, tokens and cost of each model",
            column_config={
                "model": "Model",
                "calls": columns.number("Calls", format="localized"),
                "input_tokens": columns.number("Tokens in", format="compact"),
                "output_tokens": columns.number("Tokens out", format="compact"),
                "dollars": columns.number("US dollars", format="%.2f"),
            },
        )
        st.caption(frame.escape(ahead.basis))
