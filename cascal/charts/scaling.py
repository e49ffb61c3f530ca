"""Accuracy with fewer training queries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import (
    MUTED,
    in_percent,
    percent_hover,
    percent_ticks,
    plain,
)
from cascal.compare.scaling import ScalingPoint


def scaling_frame(points: Sequence[ScalingPoint]) -> pd.DataFrame:
    """One row a number of training queries: accuracies with interval, clusters, spread."""
    return pd.DataFrame(
        {
            "queries": [one.n_queries for one in points],
            "top1": in_percent([one.top1.value for one in points]),
            "top1_low": in_percent([one.top1.low for one in points]),
            "top1_high": in_percent([one.top1.high for one in points]),
            "vote": in_percent([one.vote.value for one in points]),
            "clusters": [one.n_clusters for one in points],
            "spread": in_percent([one.spread for one in points]),
            "draws": [one.n_draws for one in points],
        }
    )


def scaling_figure(frame: pd.DataFrame, accent: str, constant: float, name: str) -> go.Figure:
    """Accuracy against the number of training queries, with a band; as a line, in percent, that of
    always asking one model, called `name`.
    """
    queries = frame["queries"].to_numpy(float)
    low, high = frame["top1_low"].to_numpy(float), frame["top1_high"].to_numpy(float)
    figure, told = go.Figure(), percent_hover("y")
    figure.add_trace(
        go.Scatter(
            x=np.concatenate([queries, queries[::-1]]),
            y=np.concatenate([high, low[::-1]]),
            fill="toself",
            mode="lines",
            line={"width": 0},
            fillcolor=_faint(accent),
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for measure, label, dash in (("top1", "First model", "solid"), ("vote", "Vote of 3", "dot")):
        figure.add_trace(
            go.Scatter(
                x=queries,
                y=frame[measure].to_numpy(float),
                mode="lines+markers",
                name=label,
                line={"color": accent, "dash": dash},
                hovertemplate=f"%{{x:,.0f}} queries: {label.lower()} {told}<extra></extra>",
            )
        )
    if np.isfinite(constant):
        figure.add_trace(
            go.Scatter(
                x=queries[[0, -1]],
                y=[constant, constant],
                mode="lines",
                name=f"Always {plain(name)}",
                line={"color": MUTED, "dash": "dash"},
                hovertemplate=f"Always {plain(name)}: {told}<extra></extra>",
            )
        )
    figure.update_layout(template="cascal", height=360, showlegend=True)
    figure.update_layout(legend={"orientation": "h", "y": 1.1, "x": 0})
    figure.update_xaxes(
        type="log", title="training queries (logarithmic)", dtick="D2", tickformat=",.0f"
    )
    figure.update_yaxes(title="right answers", **percent_ticks())
    return figure


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
