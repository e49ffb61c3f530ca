"""The question on the page Route: a text typed, an example, or a query of the data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import encoding, frame, heeded, session
from cascal import charts
from cascal.computing.remembered import remembered
from cascal.dataset.part import Part
from cascal.dataset.query_filters import pool_agreement
from cascal.datatypes import FloatArray, IntArray, Split
from cascal.explain import RouteTrace, explain

N_EXAMPLES = 4
EXAMPLE_LENGTH = 34


@dataclass(frozen=True, eq=False)
class Decision:
    """A routed text with its vector and trace.

    stored : split and row of the query of the data set with this very text, None for another one
    """

    text: str
    vector: FloatArray
    trace: RouteTrace
    stored: tuple[Split, int] | None


def stored_name() -> str:
    """Which queries are at hand to be tried."""
    return "test" if session.dataset().test is not None else "training"


def _at_hand() -> Part:
    data = session.dataset()
    return data.train if data.test is None else data.test


@remembered
def example_rows(part: Part) -> IntArray:
    """(≤ 4,) of the tasks with the most queries the shortest one on which models disagree each."""
    tasks, counts = np.unique(np.array(part.votes.tasks), return_counts=True)
    lengths = np.array([len(text) for text in part.texts])
    harmony = pool_agreement(part)
    rows = []
    for task in tasks[np.argsort(-counts, kind="stable")][:N_EXAMPLES]:
        inside = np.flatnonzero(np.array(part.votes.tasks) == task)
        contested = inside[harmony[inside] < 1.0]
        among = contested if len(contested) else inside
        rows.append(int(among[lengths[among].argmin()]))
    return np.array(rows, dtype=np.int64)


def _take(text: str) -> None:
    st.session_state["query_text"] = text


def _take_example(texts: dict[str, str]) -> None:
    chosen = st.session_state["route_example"]
    st.session_state["route_example"] = None
    if chosen is not None:
        _take(texts[chosen])


def _take_another() -> None:
    """Put the next stored query into the box."""
    texts = _at_hand().texts
    at = st.session_state.get("example", 0) + 1
    st.session_state["example"] = at
    _take(texts[(at * 617) % len(texts)])


def _examples() -> None:
    """Chips with short queries of several tasks; a click routes one."""
    part = _at_hand()
    texts = {part.votes.query_ids[row]: part.texts[row] for row in example_rows(part)}
    st.pills(
        "Examples",
        list(texts),
        format_func=lambda query: _chip(texts[query]),
        key="route_example",
        on_change=_take_example,
        args=(texts,),
        label_visibility="collapsed",
    )


def _chip(text: str) -> str:
    """A label of Streamlit is Markdown: what could be read as such is escaped."""
    return frame.escape(charts.shorten(" ".join(text.split()), EXAMPLE_LENGTH))


def ask() -> Decision | None:
    """The box for a query; returns the decision once there is a text."""
    text = st.text_area(
        "Query",
        key="query_text",
        height=96,
        placeholder="Type or paste a query as it would be sent to a model",
        persist_state="session",
    )
    with st.container(horizontal=True, gap="small"):
        st.button("Route it", type="primary", icon=":material/alt_route:")
        st.button(f"Try a {stored_name()} query", on_click=_take_another, icon=":material/casino:")
    _examples()
    text = text.strip()
    if not text:
        return None
    now, stored = heeded.snapshot(), session.dataset().find_text(text)
    vector = _vector(text, stored)
    if vector is None:
        return None
    return Decision(text, vector, explain(now.router, vector, now.labels), stored)


def _vector(text: str, stored: tuple[Split, int] | None) -> FloatArray | None:
    """The vector of a text: the stored one, else encoded now; None while that is not allowed."""
    data = session.dataset()
    if stored is not None:
        split, row = stored
        return np.asarray(data.part(split).vectors.vectors[row])
    encoder = encoding.confirmed_encoder(data.encoder)
    if encoder is None:
        return None
    with st.spinner("Encoding the query", show_time=True):
        return np.asarray(encoder.encode([text])[0])
