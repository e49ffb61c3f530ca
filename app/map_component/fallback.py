"""The skill map as an ordinary plotly chart, where the in-place map's routes are missing.

That is so under AppTest and `streamlit run app/main.py`. The look is the same; the chart is
mounted anew whenever its colours change, so zoom and selection are lost.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app import theme
from app.map_component.spec import HOVER_LENGTH, MapSelection, MapSpec, density_png
from cascal.charts.figures import plain

Color = str | NDArray[np.str_] | None  # of all points, of each, or muted

CONFIG = {"displaylogo": False, "scrollZoom": True}


def _layers(spec: MapSpec) -> Iterator[tuple[str, Color, NDArray[np.intp]]]:
    """Yield name, colour and rows of every trace, the grey ones first."""
    rows = np.arange(len(spec.x))[spec.rows]
    lit = np.ones(len(rows), bool) if spec.highlight is None else spec.highlight[rows].astype(bool)
    yield "not selected", None, rows[~lit]
    rows = rows[lit]
    if spec.value is not None:
        yield spec.value_title, np.array(spec.palette)[spec.codes[rows]], rows
        return
    for code, color in enumerate(spec.palette):
        name = spec.group_names[code] if code < len(spec.group_names) else "none"
        yield name, color, rows[spec.codes[rows] == code]


def _visible(spec: MapSpec, name: str, color: Color) -> bool | str:
    """Whether the legend shows a group: all of them where the reader has chosen none."""
    groups = () if spec.selection is None else spec.selection.groups
    return not groups or name in groups or color is None or "legendonly"


def _trace(spec: MapSpec, name: str, color: Color, rows: NDArray[np.intp]) -> go.Scattergl:
    text = None if spec.hover is None else [plain(spec.hover[i], HOVER_LENGTH) for i in rows]
    return go.Scattergl(
        x=spec.x[rows].astype(np.float32),
        y=spec.y[rows].astype(np.float32),
        customdata=spec.ids[rows].astype(np.int32),
        mode="markers",
        name=html.escape(name),
        visible=_visible(spec, name, color),
        text=text,
        hoverinfo="name" if text is None else "text+name",
        showlegend=color is not None and spec.value is None,
        marker={
            "size": 5.5,
            "color": theme.MUTED if color is None else color,
            "opacity": 0.2 if color is None else 0.75,
            "line": {"width": 0},
        },
    )


def _label(spec: MapSpec, x: float, y: float, text: str, *, arrow: bool) -> dict[str, Any]:
    color, background = theme.TEXT_AND_PAPER[spec.mode]
    look = {"bgcolor": background, "font": {"color": color, "size": 12}, "borderpad": 2}
    return {"x": x, "y": y, "text": html.escape(text), "showarrow": arrow, **look}


def fallback_figure(spec: MapSpec, height: int = 620) -> go.Figure:
    """Return the map as a figure."""
    figure = go.Figure([_trace(spec, *layer) for layer in _layers(spec) if len(layer[2])])
    labels = [_label(spec, *area.peak, area.name, arrow=False) for area in spec.areas]
    if spec.marker is not None:
        labels.append(_label(spec, *spec.marker, arrow=True))
    x0, x1, y0, y1 = spec.extent
    view = (None if spec.selection is None else spec.selection.view) or spec.extent
    if spec.note:
        png = density_png(spec.x, spec.y, spec.extent)
        place = {"x": x0, "y": y1, "sizex": x1 - x0, "sizey": y1 - y0, "xref": "x", "yref": "y"}
        figure.add_layout_image(source=png, sizing="stretch", layer="below", **place)
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        annotations=labels,
        xaxis={"visible": False, "range": view[:2]},
        yaxis={"visible": False, "range": view[2:], "scaleanchor": "x"},
    )
    return figure


def read_chart(event: Mapping[str, Any] | None) -> MapSelection:
    """Read a chart selection: the first point of a click, or the shape of a lasso or box."""
    selection = (event or {}).get("selection", {})
    points = selection.get("points", [])
    for lasso in selection.get("lasso", []):
        polygon = tuple(zip(lasso["x"], lasso["y"], strict=True))
        return MapSelection(polygon=polygon, count=len(points))
    for box in selection.get("box", []):
        (x0, x1), (y0, y1) = box["x"], box["y"]
        return MapSelection(polygon=((x0, y0), (x1, y0), (x1, y1), (x0, y1)), count=len(points))
    clicked = points[0].get("customdata") if points else None
    return MapSelection(clicked=int(clicked) if isinstance(clicked, int | float) else None)
