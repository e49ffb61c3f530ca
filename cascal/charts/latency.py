"""Quality against latency."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, in_percent, percent_hover, percent_ticks, plain
from cascal.charts.name_places import HEIGHT, WIDTH, free_sides, in_pixels
from cascal.compare.latency import Waits

KINDS = {"router": "this router", "vote": "its vote", "model": "always one model"}


def latency_frame(waits: Waits) -> pd.DataFrame:
    """One row a choice: seconds of half and of 95 % of the queries, percent right."""
    return pd.DataFrame(
        {
            "what": [one.name for one in waits.rows],
            "kind": [KINDS[one.kind] for one in waits.rows],
            "median": [one.median for one in waits.rows],
            "slow": [one.slow for one in waits.rows],
            "quality": in_percent([one.right for one in waits.rows]),
        }
    )


def latency_figure(frame: pd.DataFrame, accent: str) -> go.Figure:
    """Percent right over the median seconds; a line reaches to the slow end, 95 %."""
    figure = go.Figure()
    names = [plain(one, 24) for one in frame["what"]]
    rows, must = list(range(len(frame))), [kind != KINDS["model"] for kind in frame["kind"]]
    x, ends = (
        frame[name].to_numpy(float) / float(frame["slow"].max()) * WIDTH
        for name in ("median", "slow")
    )
    y = in_pixels(frame["quality"].to_numpy(float), HEIGHT)
    sides = free_sides(x, y, rows, names, must, ends=ends)
    for kind, symbol in zip(KINDS.values(), ("circle", "triangle-up", "circle"), strict=True):
        part = frame[frame["kind"] == kind]
        colour = MUTED if kind == KINDS["model"] else accent
        median, slow = part["median"].to_numpy(float), part["slow"].to_numpy(float)
        figure.add_trace(
            go.Scatter(
                x=median,
                y=part["quality"].to_numpy(float),
                error_x={"array": slow - median, "arrayminus": 0 * median, "thickness": 1},
                mode="markers+text",
                text=[names[row] if sides[row] else "" for row in part.index],
                textposition=[sides[row] or "top left" for row in part.index],
                hovertext=[names[row] for row in part.index],
                customdata=slow,
                marker={"color": colour, "size": 10, "symbol": symbol},
                hovertemplate=f"%{{hovertext}}: {percent_hover('y')}, half within %{{x:.2g}} s, "
                "95 % within %{customdata:.2g} s<extra></extra>",
                cliponaxis=False,
            )
        )
    figure.update_layout(template="cascal", height=500)
    title = "seconds: half of the queries; the line ends at 95 %"
    figure.update_xaxes(title=title, rangemode="tozero")
    figure.update_yaxes(title="right answers", **percent_ticks())
    return figure
