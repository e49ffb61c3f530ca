"""The question on the page Route: a text typed, an example, or a query of the data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import encoding, heeded, session
from app.route import examples
from cascal.datatypes import FloatArray, Split
from cascal.explain import RouteTrace, explain

HIGH = 96
"""Of the empty box in pixels; a routed query has as much as it needs."""


@dataclass(frozen=True, eq=False)
class Decision:
    """A routed text with its vector and trace.

    stored : split and row of the query of the data set with this very text, None for another one
    """

    text: str
    vector: FloatArray
    trace: RouteTrace
    stored: tuple[Split, int] | None


def _take_another() -> None:
    """Put the next stored query into the box."""
    texts = examples.at_hand(session.dataset()).texts
    at = st.session_state.get("example", 0) + 1
    st.session_state["example"] = at
    examples.take(texts[(at * 617) % len(texts)])


def ask() -> Decision | None:
    """The box for a query, small once there is a text; returns the decision then."""
    routed = bool(str(st.session_state.get("query_text", "")).strip())
    with st.container(horizontal=routed, gap="small", vertical_alignment="bottom", key="ask"):
        text = st.text_area(
            "Query",
            key="query_text",
            height="content" if routed else HIGH,
            placeholder="Type or paste a query as it would be sent to a model",
            persist_state="session",
            label_visibility="collapsed" if routed else "visible",
        ).strip()
        with st.container(horizontal=True, gap="small", width="content" if routed else "stretch"):
            asked = st.button("Route it", type="primary", icon=":material/alt_route:")
            another = f"Try a {examples.stored_name(session.dataset())} query"
            st.button(another, on_click=_take_another, icon=":material/casino:")
            if routed:
                st.button(
                    "Back to the examples",
                    on_click=examples.take,
                    args=("",),
                    icon=":material/arrow_back:",
                )
    if not text:
        if asked:
            st.warning("There is no text to route yet: type a query, or click an example.")
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
