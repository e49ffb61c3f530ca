"""A drawing within the page, in its font; a new state is drawn in its place."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_COMPONENT = st.components.v2.component(
    "cascal_label_drawing",
    html="<div role='img'></div>",
    js=Path(__file__).with_name("drawing.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def draw(svg: str, alt: str) -> None:
    """Show an SVG of ours, in which whatever others wrote is escaped; alt : what it shows."""
    _COMPONENT(key="label_drawing", data={"svg": svg, "alt": alt})
