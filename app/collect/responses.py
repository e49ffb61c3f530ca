"""What it costs, and go: responses of every model to every query."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, session
from app.collect import work
from app.collect.running import budget, failures, run
from cascal.collection.collect_less import COST
from cascal.counted import counted
from cascal.endpoint.pool_file import PoolModel


def collect(models: tuple[PoolModel, ...], title: DeltaGenerator) -> None:
    """Calls and cost before anything is sent; then the run, per model, with errors by cause.

    title : where the page says what it found
    """
    st.subheader("3. What does it cost, and go", anchor=False)
    dataset: str | None = st.session_state.get("asked_dataset")
    if dataset is None or not session.datasets():
        st.caption("There is no data set yet: generate queries first, or import some.")
        return
    with st.expander("Ask less, ask errors again, set limits"):
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
        n_calls, dollars = _ahead(dataset, models, share / 100, retry=retry)
        title.title(_headline(n_calls, dollars, dataset), anchor=False)
        if st.button(
            f"Collect {counted(n_calls, 'response')}" if n_calls else "Collect",
            type="primary",
            icon=":material/forum:",
            key="collect_now",
            disabled=not n_calls,
        ):
            work.start_collecting(dataset, models, limits, retry=retry, fraction=share / 100)
    run(f"collect:{dataset}", "models")
    failures(dataset)


def _headline(n_calls: int, dollars: float, dataset: str) -> str:
    if not n_calls:
        return frame.escape(f"Nothing to ask: the pool has answered all of {dataset}")
    price = "at an unknown price" if math.isnan(dollars) else f"for about ${dollars:,.2f}"
    return frame.escape(f"{counted(n_calls, 'call')} {price} complete {dataset}")


def _ahead(
    dataset: str, models: tuple[PoolModel, ...], share: float, *, retry: bool
) -> tuple[int, float]:
    """Say how many calls that makes and about what they cost; both are returned."""
    ahead = work.ahead(dataset, models, retry=retry)
    n_calls, dollars = ahead.calls, ahead.dollars
    if share < 1 and ahead.calls:
        fewer = work.fewer(dataset, models, share, retry=retry)
        n_calls, dollars = fewer.most, dollars * fewer.most / ahead.calls
        st.caption(f"{fewer.sentence} {COST}")
    with st.grid(3, min_column_width=200):
        frame.metric("Calls", f"{n_calls:,}", "at most" if share < 1 else "one a query and model")
        price = "unknown" if math.isnan(dollars) else f"${dollars:,.2f}"
        unpriced = (
            f"{counted(len(ahead.unpriced), 'model')} without prices" if ahead.unpriced else ""
        )
        frame.metric("Cost, about", price, unpriced, ahead.basis)
        stored = session.workspace().dataset(dataset).n_responses
        frame.metric("Stored already", f"{stored:,}", "never asked again")
    if not n_calls:
        st.caption("Every model of the pool has answered every query: there is nothing to ask.")
        return 0, 0.0
    with st.expander("Calls and cost of each model"):
        st.dataframe(
            pd.DataFrame(ahead.models),
            hide_index=True,
            alt="Calls, tokens and cost of each model",
            column_config={
                "model": "Model",
                "calls": st.column_config.NumberColumn("Calls", format="localized"),
                "input_tokens": st.column_config.NumberColumn("Tokens in", format="compact"),
                "output_tokens": st.column_config.NumberColumn("Tokens out", format="compact"),
                "dollars": st.column_config.NumberColumn("US dollars", format="%.2f"),
            },
        )
        st.caption(frame.escape(ahead.basis))
    return n_calls, dollars
