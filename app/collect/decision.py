"""What to do next where everything is answered: what it takes, and the button that begins it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import streamlit as st

from app.collect.keys import MINE, MORE, POOL_FROM, QUERIES_FROM, WRITTEN
from cascal.dataset.collected import Ahead, Collected, more_queries, one_more_model
from cascal.number_format import counted, dollars

_BEGUN = "collect_steps_begun"
N_MORE = 100
"""So many more queries are reckoned with."""


def decision(found: Sequence[Collected], n_queries: int, *, simulated: bool) -> None:
    """One more model, or more queries: calls and cost of each, and the button that begins it."""
    every = f"asked each query of this data set ({n_queries:,}); prices of others: the table below"
    left, right = st.columns(2, border=True)
    with left:
        _takes("One more model", one_more_model(found, n_queries), every, simulated=simulated)
        _begins("Name the model", "next_model", _open_models)
    with right:
        ahead, all_of = more_queries(found, N_MORE), f"asked of all {counted(len(found), 'model')}"
        _takes(f"{N_MORE} more queries", ahead, all_of, simulated=simulated)
        _begins("Have them written", "next_queries", _open_queries)


def _takes(title: str, ahead: Ahead, whom: str, *, simulated: bool) -> None:
    money = f"{_dollars(ahead)}{', simulated' if simulated else ''}"
    st.metric(
        title,
        counted(ahead.calls, "call"),
        delta=money,
        delta_color="off",
        delta_arrow="off",
        help=f"{title}, {whom}.",
    )


def _dollars(ahead: Ahead) -> str:
    if math.isnan(ahead.dollars):
        return "price unknown"
    like = f" at the middle price ({ahead.like})" if ahead.like else ""
    return f"about {dollars(ahead.dollars)}{like}"


def _begins(label: str, key: str, begin: Callable[[], None]) -> None:
    st.button(label, key=key, on_click=begin)


def steps_begun() -> int:
    """How often a button began the three steps."""
    begun: int = st.session_state.get(_BEGUN, 0)
    return begun


def _begin_steps() -> None:
    st.session_state[MORE] = True
    st.session_state[_BEGUN] = steps_begun() + 1


def _open_models() -> None:
    _begin_steps()
    st.session_state[POOL_FROM] = MINE


def _open_queries() -> None:
    _begin_steps()
    st.session_state[QUERIES_FROM] = WRITTEN
