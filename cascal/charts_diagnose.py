"""Figures of the diagnosis and of sweeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cascal.charts import MUTED, plain
from cascal.diagnose.evidence import Evidence
from cascal.sweep import NAMES, Curve, Point, SweepMap

JOINING = {None: "off", 0.95: "all 3", 0.5: "2 or more", 0.2: "1 or more"}
MEASURES = {
    "top1": "First model right, %",
    "clusters": "Skill clusters",
    "effective": "Models in use",
    "flipped": "Routes flipped, %",
}


def evidence_figure(found: Evidence, accent: str) -> go.Figure:
    """Bars of named values, with a line at the rule."""
    figure = go.Figure(
        go.Bar(
            x=list(found.values), y=[plain(name, 48) for name in found.names], orientation="h",
            marker={"color": accent}, hovertemplate="%{y}: %{x:.3g}<extra></extra>",
        )
    )  # fmt: skip
    if found.rule is not None:
        figure.add_vline(x=found.rule, line={"color": MUTED, "dash": "dash", "width": 1.5})
    figure.update_layout(template="cascal", height=24 * len(found.names) + 70)
    figure.update_yaxes(autorange="reversed", title=None, showgrid=False)
    figure.update_xaxes(title=found.measure)
    return figure


def value_label(name: str, value: float | None) -> str:
    """A threshold's value in words."""
    if name == "prune_jaccard":
        return JOINING.get(value, f"{value:g}" if value is not None else "off")
    return "off" if value is None else f"{value:.4g}"


def curve_frame(curve: Curve) -> pd.DataFrame:
    """One row a visited value: clusters, models in use, flipped routes, accuracy with interval."""
    points = curve.points
    tops = [point.top1 for point in points]
    return pd.DataFrame(
        {
            "value": [value_label(curve.name, point.value(curve.name)) for point in points],
            "x": [
                float(at) if curve.name == "prune_jaccard" else point.value(curve.name)
                for at, point in enumerate(points)
            ],
            "clusters": [point.n_clusters for point in points],
            "effective": [point.effective_models for point in points],
            "flipped": [100 * point.flipped for point in points],
            "top1": [np.nan if one is None else 100 * one.value for one in tops],
            "low": [np.nan if one is None else 100 * one.low for one in tops],
            "high": [np.nan if one is None else 100 * one.high for one in tops],
        }
    )


def curve_figure(curve: Curve, accent: str) -> go.Figure:
    """Four measures over one threshold; dashed: now, shaded: where nothing changes."""
    frame = curve_frame(curve)
    shown = [name for name in MEASURES if name != "top1" or frame["top1"].notna().any()]
    figure = make_subplots(
        rows=2, cols=2, subplot_titles=[MEASURES[name] for name in shown], vertical_spacing=0.17,
        horizontal_spacing=0.08,
    )  # fmt: skip
    x = frame["x"].to_numpy(float)
    for at, name in enumerate(shown):
        row, column = at // 2 + 1, at % 2 + 1
        if name == "top1":
            band = np.concatenate([frame["high"], frame["low"][::-1]])
            figure.add_trace(
                go.Scatter(x=np.concatenate([x, x[::-1]]), y=band, fill="toself", mode="lines",
                           line={"width": 0}, fillcolor="rgba(120,140,200,0.22)",
                           hoverinfo="skip"),
                row=row, col=column,
            )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=x, y=frame[name].to_numpy(float), mode="lines+markers",
                line={"color": accent, "shape": "hv" if name == "clusters" else "linear"},
                marker={"size": 4}, text=list(frame["value"]),
                hovertemplate="%{text}: %{y:.4g}<extra></extra>",
            ),
            row=row, col=column,
        )  # fmt: skip
    _mark_now(figure, curve, frame)
    if curve.name == "prune_jaccard":
        figure.update_xaxes(tickvals=x.tolist(), ticktext=list(frame["value"]))
    elif curve.name == "cost_weight":
        figure.update_xaxes(type="log")
    figure.update_layout(template="cascal", height=560, margin={"t": 36, "b": 36})
    return figure


def _mark_now(figure: go.Figure, curve: Curve, frame: pd.DataFrame) -> None:
    at = next(
        place for place, point in enumerate(curve.points) if point.value(curve.name) == curve.now
    )
    now = float(frame["x"].iloc[at])
    figure.add_vline(x=now, line={"color": MUTED, "dash": "dash", "width": 1.5})
    if curve.band is None or curve.name == "prune_jaccard":
        return
    low, high = curve.band
    if low is not None and high is not None:
        figure.add_vrect(x0=low, x1=high, fillcolor=MUTED, opacity=0.15, line_width=0)


def map_figure(found: SweepMap, measure: str, scale: tuple[str, ...]) -> go.Figure:
    """Two thresholds as a heatmap of one measure."""
    table = np.array([[_measure(point, measure) for point in row] for row in found.points])
    figure = go.Figure(
        go.Heatmap(
            z=table,
            x=[value_label(found.second, one) for one in found.second_values],
            y=[value_label(found.first, one) for one in found.first_values],
            colorscale=[[at / (len(scale) - 1), colour] for at, colour in enumerate(scale)],
            colorbar={"thickness": 8, "outlinewidth": 0},
            hovertemplate=f"{NAMES[found.first]} %{{y}}, {NAMES[found.second]} %{{x}}: "
            "%{z:.4g}<extra></extra>",
        )
    )
    figure.update_layout(template="cascal", height=460)
    figure.update_xaxes(title=NAMES[found.second], type="category", nticks=16)
    figure.update_yaxes(title=NAMES[found.first], type="category", nticks=16)
    return figure


def _measure(point: Point, measure: str) -> float:
    if measure == "clusters":
        return float(point.n_clusters)
    if measure == "effective":
        return point.effective_models
    if measure == "flipped":
        return 100 * point.flipped
    return 100 * point.top1.value if point.top1 is not None else float("nan")
