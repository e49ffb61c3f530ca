"""Figures of the diagnosis and of sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cascal.charts.figures import MUTED, in_percent, plain
from cascal.compare.sweep import NAMES, Curve, Point, SweepMap
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray
from cascal.diagnose.evidence import Evidence
from cascal.diagnose.finding import Finding
from cascal.intervals import Estimate, estimate
from cascal.settings import Thresholds, joining_name
from cascal.verdicts.light import RECORD

SWEEP_MEASURES = {
    "top1": "First model right, %",
    "clusters": "Skill clusters",
    "effective": "Effective models",
    "flipped": "Routes flipped, %",
}


def evidence_figure(found: Evidence, accent: str) -> go.Figure:
    """Bars of named values with their standard errors, and a line at the rule."""
    figure = go.Figure(
        go.Bar(
            x=list(found.values),
            y=[plain(name, 48) for name in found.names],
            orientation="h",
            marker={"color": accent},
            error_x=None if found.errors is None else {"array": list(found.errors), "color": MUTED},
            hovertemplate="%{y}: %{x:.3g}<extra></extra>",
        )
    )
    if found.rule is not None:
        figure.add_vline(x=found.rule, line={"color": MUTED, "dash": "dash", "width": 1.5})
    figure.update_layout(template="cascal", height=24 * len(found.names) + 70)
    figure.update_yaxes(autorange="reversed", title=None, showgrid=False)
    figure.update_xaxes(title=found.measure)
    return figure


def checks_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """One row a measure of every check, by code: result, value, rule and margin in words.

    What cannot be measured says why in the place of its measure.
    """
    rows = [
        (finding, measure)
        for finding in sorted(findings, key=lambda one: one.code)
        for measure in finding.measures or (None,)
    ]
    known = [one for _, one in rows]
    return pd.DataFrame(
        {
            "code": [finding.code for finding, _ in rows],
            "title": [finding.title for finding, _ in rows],
            "result": [finding.section for finding, _ in rows],
            "measured": [finding.sentence if one is None else one.name for finding, one in rows],
            "value": [None if one is None else one.value_text for one in known],
            "rule": [None if one is None else one.rule_text for one in known],
            "margin": [
                None if one is None else ("" if one.holds else "−") + one.distance_text
                for one in known
            ],
        }
    )


def track_record_frame() -> pd.DataFrame:
    """How often the light without labels was right, about a gain over whom."""
    return pd.DataFrame(
        {
            "right about a gain over": [one.against for one in RECORD],
            "when it said “agree”": ["{} of {}".format(*one.agree) for one in RECORD],
            "when it said “do not agree”": ["{} of {}".format(*one.disagree) for one in RECORD],
            "AUC": [f"{one.auc:.2f}" for one in RECORD],
        }
    )


def value_label(name: str, value: float | None) -> str:
    """A threshold's value in words."""
    if name == "prune_jaccard" and (known := joining_name(value)):
        return known
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
            "flipped": in_percent([point.flipped for point in points]),
            "top1": in_percent([np.nan if one is None else one.value for one in tops]),
            "low": in_percent([np.nan if one is None else one.low for one in tops]),
            "high": in_percent([np.nan if one is None else one.high for one in tops]),
        }
    )


def curve_figure(curve: Curve, accent: str) -> go.Figure:
    """Four measures over one threshold; dashed: now, shaded: where nothing changes."""
    frame = curve_frame(curve)
    shown = [name for name in SWEEP_MEASURES if name != "top1" or frame["top1"].notna().any()]
    figure = make_subplots(
        rows=2,
        cols=2,
        subplot_titles=[SWEEP_MEASURES[name] for name in shown],
        vertical_spacing=0.17,
        horizontal_spacing=0.08,
    )
    x = frame["x"].to_numpy(float)
    for at, name in enumerate(shown):
        row, column = at // 2 + 1, at % 2 + 1
        if name == "top1":
            figure.add_trace(_band(x, frame), row=row, col=column)
        figure.add_trace(
            go.Scatter(
                x=x,
                y=frame[name].to_numpy(float),
                mode="lines+markers",
                line={"color": accent, "shape": "hv" if name == "clusters" else "linear"},
                marker={"size": 4},
                text=list(frame["value"]),
                hovertemplate="%{text}: %{y:.4g}<extra></extra>",
            ),
            row=row,
            col=column,
        )
    _mark_now(figure, curve, frame)
    if curve.name == "prune_jaccard":
        figure.update_xaxes(tickvals=x.tolist(), ticktext=list(frame["value"]))
    elif curve.name == "cost_weight":
        figure.update_xaxes(type="log")
    figure.update_layout(template="cascal", height=560, margin={"t": 36, "b": 36})
    return figure


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


def best_change(curve: Curve, part: Part, models: Sequence[str]) -> tuple[Point, Estimate] | None:
    """The point that is right most often, and its paired gain over the present one.

    part holds the routed queries, models (M,) what `Point.first` points into. None without gold
    answers; of equal points the present one counts, else the first.
    """
    now = next(one for one in curve.points if one.value(curve.name) == curve.now)
    if now.top1 is None:
        return None
    rates = [-1.0 if one.top1 is None else one.top1.value for one in curve.points]
    best = curve.points[int(np.argmax(rates))]
    if now.top1.value >= max(rates):
        best = now
    right = part.right[:, [part.votes.models.index(name) for name in models]]
    rows = np.arange(len(right))
    return best, estimate(right[rows, best.first] - right[rows, now.first])


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
            colorbar={"thickness": 8, "outlinewidth": 0},
            hovertemplate="%{text}: %{z:.4g}<extra></extra>",
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
    return float(in_percent(np.nan if point.top1 is None else point.top1.value))
