"""A chart that is updated in place: a click on it, or a dragged line, is one message.

Where the server's routes are missing (AppTest, `streamlit run`) it is an ordinary chart, and the
widgets beside it do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import streamlit as st

from app.map_component.component import POINTS, module_address, plotly_address
from cascal.datatypes import FloatArray

HERE = Path(__file__).resolve().parent

_COMPONENT = st.components.v2.component(
    "cascal_live_chart",
    html="<div class='cascal-live'></div>",
    css=(HERE / "live_chart.css").read_text(encoding="utf-8"),
    js=(HERE / "live_chart.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


class Figure(Protocol):
    """What this needs of a plotly figure: pages do not import plotly."""

    layout: Any

    def to_json(self) -> str:
        """The figure for plotly.js."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Line:
    """A level line that can be dragged between two ends, in steps.

    values : the label counts those that reach the line
    """

    name: str
    at: float
    ends: tuple[float, float]
    step: float
    values: FloatArray

    def read(self, raw: object) -> float | None:
        """Where the reader let it go, on a step between the ends; None if that is nowhere."""
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not np.isfinite(raw):
            return None
        low, high = self.ends
        return float(round(min(high, max(low, round(raw / self.step) * self.step)), 6))


@dataclass(frozen=True, kw_only=True)
class Click:
    """A point of the chart that was clicked; meta is that of its trace."""

    x: float
    y: float
    meta: int | None


def read_click(raw: object) -> Click | None:
    """What the browser sent, if it is a point."""
    if not isinstance(raw, Mapping):
        return None
    try:
        meta = raw.get("meta")
        return Click(x=float(raw["x"]), y=float(raw["y"]), meta=None if meta is None else int(meta))
    except (KeyError, TypeError, ValueError):
        return None


def served() -> bool:
    """Whether charts can be updated in place here."""
    return POINTS.served


def live_chart(
    figure: Figure,
    *,
    key: str,
    alt: str,
    on_click: Callable[[Click], None],
    line: Line | None = None,
    on_line: Callable[[float], None] | None = None,
) -> None:
    """Draw the chart, or update the one on screen; callbacks run before the rerun."""

    def clicked() -> None:
        click = read_click(st.session_state[key].get("click"))
        if click is not None:
            on_click(click)

    def moved() -> None:
        value = None if line is None else line.read(st.session_state[key].get("line"))
        if value is not None and on_line is not None:
            on_line(value)

    height = int(figure.layout.height)
    state = {
        "loader": module_address("plotly.js"),
        "plotly": plotly_address(),
        "figure": figure.to_json(),
        "height": height,
        "alt": alt,
        "line": None if line is None else _sent(line),
    }
    _COMPONENT(key=key, data=state, height=height, on_click_change=clicked, on_line_change=moved)


def _sent(line: Line) -> dict[str, Any]:
    low, high = line.ends
    return {
        "name": line.name,
        "at": line.at,
        "low": low,
        "high": high,
        "step": line.step,
        "values": line.values.tolist(),
    }
