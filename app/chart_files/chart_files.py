"""Every chart of a page as PNG and SVG: with its title, the data set and what it was made from.

A chart is drawn by the browser, so it is the browser that saves it; the buttons stand on the chart
that has the pointer or the focus; on a touch screen that is the one that was touched.
"""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from app import frame, session
from app.controls import describe
from app.map_component import component
from app.pages import CHART_FILES
from app.values import present
from cascal.datatypes import CascalError

HERE = Path(__file__).resolve().parent
_COMPONENT = st.components.v2.component(
    "cascal_chart_files",
    js=(HERE / "chart_files.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@st.fragment(key=CHART_FILES)
def offer() -> None:
    """Give every chart of the page its buttons; nothing where there are no data to draw."""
    try:
        if session.current_info() is None:
            return
        data = session.dataset()
    except CascalError:  # the page itself says why
        return
    with st.container(key="chart_files"):
        _COMPONENT(
            key="chart_files_offer",
            height=1,
            data={
                "files": component.module_address("files.js"),
                "font": component.font_address(),
                "name": re.sub(r"[^\w.-]+", "-", data.info.name),
                "about": f"{data.info.name} · {frame.origin(data)}",
                "state": describe(present()),
            },
        )
