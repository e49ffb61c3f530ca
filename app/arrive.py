"""Brings a part of the page into view."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_ARRIVE = st.components.v2.component(
    "cascal_arrive",
    js=Path(__file__).with_name("arrive.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def arrive(key: str, turn: int) -> None:
    """Scroll to the container of this key once for every turn above 0."""
    _ARRIVE(key=f"arrive_{key}", data={"at": f".st-key-{key}", "turn": turn}, height=1)
