"""Two thresholds as a map: one measure over the grid of their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from cascal.charts.figures import in_percent
from cascal.charts.sweep import hover_of, ticks_of
from cascal.compare.sweep import NAMES, Point, SweepMap
from cascal.compare.sweep_answer import value_label
from cascal.settings import Thresholds


def map_figure(
    found: SweepMap, measure: str, scale: tuple[str, ...], now: Thresholds | None = None
) -> go.Figure:
    """Two thresholds as a heatmap of one measure; a cross marks the present setting."""
    table = np.array([[_measure(point, measure) for point in row] for row in found.points])
    across = _map_axis(found.second, found.second_values, now)
    down = _map_axis(found.first, found.first_values, now)
    cells = [
        [f"{NAMES[found.first]} {one}, {NAMES[found.second]} {other}" for other in across.labels]
        for one in down.labels
    ]
    figure = go.Figure(
        go.Heatmap(
            z=table,
            x=across.places,
            y=down.places,
            text=cells,
            colorscale=[[at / (len(scale) - 1), colour] for at, colour in enumerate(scale)],
            colorbar={"thickness": 8, "outlinewidth": 0, **ticks_of(measure)},
            hovertemplate=f"%{{text}}: {hover_of(measure, 'z')}<extra></extra>",
        )
    )
    if across.now is not None and down.now is not None:
        for size, width, colour in ((17, 5, "#FFFFFF"), (15, 2.5, "#0B111C")):
            figure.add_trace(
                go.Scatter(
                    x=[across.now],
                    y=[down.now],
                    mode="markers",
                    cliponaxis=False,
                    marker={
                        "symbol": "x-thin",
                        "size": size,
                        "line": {"width": width, "color": colour},
                    },
                    hovertemplate="present setting<extra></extra>",
                )
            )
    figure.update_layout(template="cascal", height=460)
    figure.update_xaxes(title=NAMES[found.second], showgrid=False, zeroline=False, **across.ticks)
    figure.update_yaxes(title=NAMES[found.first], showgrid=False, zeroline=False, **down.ticks)
    return figure


@dataclass(frozen=True)
class _MapAxis:
    """Where the values of a threshold lie, what they are called, and where the present one is."""

    places: list[float]
    labels: list[str]
    ticks: dict[str, Any]
    now: float | None


def _map_axis(name: str, values: Sequence[float | None], now: Thresholds | None) -> _MapAxis:
    """Distances lie where they are; joining and cost weights, without a scale, one by one."""
    labels = [value_label(name, one) for one in values]
    present: float | None = None if now is None else getattr(now, name)
    if name in ("min_silhouette", "merge_distance"):
        places = [float(one or 0.0) for one in values]
        ticks: dict[str, Any] = {"range": [places[0], places[-1]], "tickformat": ".2~f"}
        return _MapAxis(places, labels, ticks, present)
    places = [float(at) for at in range(len(values))]
    shown = places[:: 1 + len(places) // 9]
    ticks = {"tickvals": shown, "ticktext": [labels[int(at)] for at in shown]}
    if name == "prune_jaccard":
        at = float(values.index(present)) if now is not None and present in values else None
        return _MapAxis(places, labels, ticks, at)
    known = None if present is None else float(np.interp(present, np.array(values, float), places))
    return _MapAxis(places, labels, ticks, known)


def _measure(point: Point, measure: str) -> float:
    if measure == "clusters":
        return float(point.n_clusters)
    if measure == "effective":
        return point.effective_models
    if measure == "flipped":
        return float(in_percent(point.flipped))
    if measure == "dollars":
        return point.dollars
    return float(in_percent(np.nan if point.top1 is None else point.top1.value))
