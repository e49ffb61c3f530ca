"""One threshold as curves: what each of its values gives, by every measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, in_percent, percent_hover, percent_ticks
from cascal.compare.cost import weight_label
from cascal.compare.sweep import NAMES, Curve, Point
from cascal.compare.sweep_answer import value_label
from cascal.datatypes import FloatArray
from cascal.number_format import brief, dollars, percent

SAME = 1e-9
"""Values of a measure that lie nearer than this do not change."""
SWEEP_MEASURES = {
    "top1": "First model right",
    "dollars": "US dollars per 1,000 queries",
    "flipped": "Routes flipped",
    "effective": "Models in use, as equal shares",
    "clusters": "Skill clusters",
}
WIDE = 5
"""How many times the fewest clusters the most are from which on their scale is logarithmic."""
NEAR, EDGE = 0.3, 0.15
"""Shares of an axis: nearer than this names of marks stand back to back; so near an end inwards."""
IN_PERCENT = ("top1", "flipped")
"""The measures that are shares."""


def curve_frame(curve: Curve) -> pd.DataFrame:
    """One row a visited value: clusters, models in use, flipped routes, cost, accuracy.

    x is where the value stands on the chart: joining by its place, cost weights as in `_decades`.
    """
    points = curve.points
    tops = [point.top1 for point in points]
    values = [point.value(curve.name) for point in points]
    x: list[float] = [float(value or 0.0) for value in values]
    if curve.name == "prune_jaccard":
        x = [float(at) for at in range(len(points))]
    elif curve.name == "cost_weight":
        x = _decades(x)
    return pd.DataFrame(
        {
            "value": [value_label(curve.name, value) for value in values],
            "x": x,
            "clusters": [point.n_clusters for point in points],
            "effective": [point.effective_models for point in points],
            "flipped": in_percent([point.flipped for point in points]),
            "dollars": [point.dollars for point in points],
            "top1": in_percent([np.nan if one is None else one.value for one in tops]),
            "low": in_percent([np.nan if one is None else one.low for one in tops]),
            "high": in_percent([np.nan if one is None else one.high for one in tops]),
        }
    )


def _decades(weights: Sequence[float]) -> list[float]:
    """The decimal logarithms of cost weights; 0 stands half a decade below the smallest other."""
    positive = [weight for weight in weights if weight > 0]
    zero = np.log10(min(positive)) - 0.5 if positive else 0.0
    return [float(np.log10(weight)) if weight > 0 else float(zero) for weight in weights]


def changing_measures(curve: Curve) -> tuple[list[str], list[str]]:
    """The measures that change over a curve, and what those are that stay the same.

    Unknown measures, as accuracy without gold answers, are in neither.
    """
    frame = curve_frame(curve)
    known = [name for name in SWEEP_MEASURES if frame[name].notna().any()]
    constant = [name for name in known if np.ptp(frame[name].dropna()) < SAME]
    said = [f"{SWEEP_MEASURES[name]}: {_in_words(name, frame[name].iloc[0])}" for name in constant]
    return [name for name in known if name not in constant], said


def _in_words(measure: str, value: float) -> str:
    if measure in IN_PERCENT:
        return percent(value / 100, 1)
    return dollars(value) if measure == "dollars" else brief(value, 4)


def hover_of(measure: str, name: str) -> str:
    """A value of a measure in a hover of plotly."""
    if measure in IN_PERCENT:
        return percent_hover(name)
    return f"$%{{{name}:,.2f}}" if measure == "dollars" else f"%{{{name}:.4g}}"


def ticks_of(measure: str) -> dict[str, Any]:
    """How the axis, or the colour key, of a measure writes its values."""
    if measure in IN_PERCENT:
        return percent_ticks()
    return {"tickformat": "$,.2f" if measure == "dollars" else "~r"}


def curve_figure(
    curve: Curve, measure: str, accent: str, height: int = 240, proposed: Point | None = None
) -> go.Figure:
    """One measure over one threshold; dashed: in use, ring: proposed, shaded: nothing changes."""
    frame = curve_frame(curve)
    x, figure = frame["x"].to_numpy(float), go.Figure()
    if measure == "top1":
        figure.add_trace(_band(x, frame))
    figure.add_trace(
        go.Scatter(
            x=x,
            y=frame[measure].to_numpy(float),
            mode="lines+markers",
            line={"color": accent, "shape": "hv" if measure == "clusters" else "linear"},
            marker={"size": 4},
            text=list(frame["value"]),
            hovertemplate=f"%{{text}}: {hover_of(measure, 'y')}<extra></extra>",
        )
    )
    _mark_now(figure, curve, frame)
    _name_marks(figure, curve, frame, proposed)
    if proposed is not None:
        figure.add_trace(_ring(frame.iloc[_place(curve, proposed)], measure, accent))
    figure.update_layout(
        template="cascal", height=height, margin={"t": 24, "b": 40}, showlegend=False
    )
    scale = " (logarithmic scale)" if curve.name == "cost_weight" else ""
    figure.update_xaxes(title=f"{NAMES[curve.name]}{scale}", **_curve_ticks(curve, frame))
    figure.update_yaxes(nticks=6, **ticks_of(measure))
    if measure == "clusters" and frame[measure].max() > WIDE * frame[measure].min():
        figure.update_yaxes(type="log", nticks=None, dtick="D2", tickformat=",.0f")
    return figure


def _curve_ticks(curve: Curve, frame: pd.DataFrame) -> dict[str, Any]:
    """Plain numbers along the axis: every setting of joining, 0 and the decades of cost weights."""
    if curve.name == "prune_jaccard":
        return {"tickvals": frame["x"].tolist(), "ticktext": list(frame["value"])}
    if curve.name != "cost_weight":
        return {"tickformat": ".2~f", "nticks": 7}
    whole = range(int(np.ceil(frame["x"].iloc[1:].min())), int(frame["x"].max()) + 1)
    zero = [float(frame["x"].iloc[0])] if curve.points[0].value(curve.name) == 0 else []
    return {
        "tickvals": [*zero, *(float(decade) for decade in whole)],
        "ticktext": [*("0" for _ in zero), *(weight_label(10.0**decade) for decade in whole)],
        "tickangle": 0,
    }


def _band(x: FloatArray, frame: pd.DataFrame) -> go.Scatter:
    """The intervals of all values as one area."""
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([frame["high"], frame["low"][::-1]]),
        fill="toself",
        mode="lines",
        line={"width": 0},
        fillcolor="rgba(120,140,200,0.22)",
        hoverinfo="skip",
    )


def _place(curve: Curve, point: Point) -> int:
    return [one.value(curve.name) for one in curve.points].index(point.value(curve.name))


def _ring(row: pd.Series, measure: str, accent: str) -> go.Scatter:
    """A ring around the proposed value."""
    return go.Scatter(
        x=[row["x"]],
        y=[row[measure]],
        mode="markers",
        cliponaxis=False,
        marker={"symbol": "circle-open", "size": 14, "color": accent, "line": {"width": 3}},
        hoverinfo="skip",
    )


def _name_marks(
    figure: go.Figure, curve: Curve, frame: pd.DataFrame, proposed: Point | None
) -> None:
    """Above the curve which value is in use and which is proposed, so that neither name is cut."""
    x, low, high = frame["x"], frame["x"].min(), frame["x"].max()
    names = {curve.at_now: "in use"}
    if proposed is not None:
        place = _place(curve, proposed)
        told = "to ship" if curve.name == "cost_weight" else "proven better"
        names[place] = "in use, leave it" if place == curve.at_now else told
    places = sorted(names)
    near = len(places) == 2 and x[places[1]] - x[places[0]] < NEAR * (high - low)
    for at in places:
        share = (x[at] - low) / max(high - low, SAME)
        anchor = "left" if share < EDGE else "right" if share > 1 - EDGE else "center"
        if near:
            anchor = "right" if at == places[0] else "left"
        figure.add_annotation(
            x=x[at],
            y=1.0,
            yref="paper",
            yanchor="bottom",
            xanchor=anchor,
            text=names[at],
            showarrow=False,
            font={"size": 12},
        )


def _mark_now(figure: go.Figure, curve: Curve, frame: pd.DataFrame) -> None:
    x = frame["x"].to_numpy(float)
    figure.add_vline(x=x[curve.at_now], line={"color": MUTED, "dash": "dash", "width": 1.5})
    if curve.band is None or curve.name == "prune_jaccard":
        return
    values = [point.value(curve.name) for point in curve.points]
    low, high = (x[values.index(one)] for one in curve.band)
    figure.add_vrect(x0=low, x1=high, fillcolor=MUTED, opacity=0.15, line_width=0)
