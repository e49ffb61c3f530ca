"""Quality against cost, as a frame and a figure with its names laid out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, in_percent, plain
from cascal.compare.comparison import Row
from cascal.compare.cost import CostPoint, pareto_front, weight_label
from cascal.datatypes import FloatArray


def cost_frame(rows: Sequence[Row], curve: Sequence[CostPoint]) -> pd.DataFrame:
    """Cost and quality of every router that chooses, and of CASCAL at every cost weight."""
    listed = [
        {
            "what": row.title,
            "asks": asks,
            "cost": cost,
            "quality": float(in_percent(found.value)),
            "kind": row.needs,
            "weight": np.nan,
        }
        for row in rows
        if row.needs != "gold"
        for asks, cost, found in (("1 model", row.cost1, row.top1), ("3 vote", row.cost3, row.vote))
        if found is not None and np.isfinite(cost)
    ]
    listed += [
        {
            "what": f"CASCAL, cost weight {weight_label(point.cost_weight)}",
            "asks": asks,
            "cost": cost,
            "quality": float(in_percent(quality)),
            "kind": "curve",
            "weight": point.cost_weight,
        }
        for point in curve
        for asks, cost, quality in (
            ("1 model", point.cost1, point.top1),
            ("3 vote", point.cost3, point.vote),
        )
    ]
    columns = ["what", "asks", "cost", "quality", "kind", "weight"]
    frame = pd.DataFrame(listed, columns=columns)
    front = pareto_front(frame["cost"].to_numpy(float), frame["quality"].to_numpy(float))
    frame["pareto"] = False
    frame.loc[front, "pareto"] = True
    return frame


def cost_figure(frame: pd.DataFrame, accent: str, now: float) -> go.Figure:
    """Quality against cost: routers as points, CASCAL's cost weights as a line, the front above.

    `now` is the cost weight in force; its point is drawn large. Named are that point and what
    lies on the front, as far as the names have room.
    """
    figure = go.Figure()
    front = frame[frame["pareto"]].sort_values("cost")
    figure.add_trace(
        go.Scatter(
            x=front["cost"].to_numpy(float),
            y=front["quality"].to_numpy(float),
            mode="lines",
            line={"color": MUTED, "dash": "dot", "shape": "hv"},
            hoverinfo="skip",
            name="Pareto front",
        )
    )
    for asks, symbol in (("1 model", "circle"), ("3 vote", "triangle-up")):
        of_kind = frame[frame["asks"] == asks]
        routers, curve = of_kind[of_kind["kind"] != "curve"], of_kind[of_kind["kind"] == "curve"]
        hover = "%{text}: %{y:.1f} % for $%{x:.3g} per 1,000<extra></extra>"
        figure.add_trace(
            go.Scatter(
                x=routers["cost"].to_numpy(float),
                y=routers["quality"].to_numpy(float),
                mode="markers",
                text=[f"{plain(one)}, {asks}" for one in routers["what"]],
                marker={"color": MUTED, "size": 9, "symbol": symbol},
                hovertemplate=hover,
                name=f"Routers, {asks}",
            )
        )
        sizes = [13 if abs(one - now) < 1e-12 else 6 for one in curve["weight"]]
        figure.add_trace(
            go.Scatter(
                x=curve["cost"].to_numpy(float),
                y=curve["quality"].to_numpy(float),
                mode="lines+markers",
                text=[f"{plain(one, 60)}, {asks}" for one in curve["what"]],
                marker={"color": accent, "size": sizes, "symbol": symbol},
                line={"color": accent, "width": 1.5},
                hovertemplate=hover,
                name=f"CASCAL by cost weight, {asks}",
            )
        )
    named = _named_points(frame, now)
    figure.add_trace(
        go.Scatter(
            x=named["cost"].to_numpy(float),
            y=named["quality"].to_numpy(float),
            mode="text",
            text=list(named["text"]),
            textposition=list(named["position"]),
            textfont={"size": 12},
            hoverinfo="skip",
            showlegend=False,
            cliponaxis=False,
        )
    )
    figure.update_layout(template="cascal", height=520, showlegend=True)
    figure.update_layout(legend={"orientation": "h", "y": -0.17, "x": 0})
    figure.update_xaxes(
        type="log",
        title="US dollars per 1,000 queries (logarithmic)",
        tickformat="$~g",
        dtick="D2",
    )
    figure.update_yaxes(title="percent right")
    return figure


_SIDES = {
    "top left": (False, True),
    "bottom right": (True, False),
    "top right": (True, True),
    "bottom left": (False, False),
}
"""Where a name may stand, the preferred side first: (right of its point, above it)."""


def _named_points(frame: pd.DataFrame, now: float) -> pd.DataFrame:
    """The points to name, the most important first, each with a side where its name is free."""
    curve, front = (frame["kind"] == "curve").to_numpy(), frame["pareto"].to_numpy(bool)
    near = (frame["weight"] - now).abs().to_numpy(float) < 1e-12
    here = curve & near & (frame["asks"] == "1 model").to_numpy()
    x = _pixels(np.log10(frame["cost"].to_numpy(float)), 900)
    y = _pixels(frame["quality"].to_numpy(float), 380)
    points = [(px - 4, py - 4, px + 4, py + 4) for px, py in zip(x, y, strict=True)]
    taken: list[_Box] = []
    rows = []
    groups = (here, front & ~curve, front & curve & ~here)
    for at in np.concatenate([np.flatnonzero(group) for group in groups]):
        row = frame.iloc[at]
        text = "present router" if here[at] else plain(row["what"], 30)
        if curve[at] and not here[at]:
            text = f"weight {row['weight']:.2g}"
        sides = {side: _name_box(x[at], y[at], len(text), side) for side in _SIDES}
        free = [side for side, box in sides.items() if not any(_meet(box, one) for one in taken)]
        clear = [side for side in free if not any(_meet(sides[side], one) for one in points)]
        side = next(iter(clear), None if curve[at] and not here[at] else next(iter(free), None))
        if side is not None:
            taken.append(sides[side])
            rows.append({**row, "text": text, "position": side})
    return pd.DataFrame(rows, columns=[*frame.columns, "text", "position"])


_Box = tuple[float, float, float, float]


def _pixels(values: FloatArray, length: int) -> FloatArray:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return (values - low) / ((high - low) or 1.0) * length


def _name_box(x: float, y: float, n_letters: int, side: str) -> _Box:
    right, up = _SIDES[side]
    left, low = (x + 5 if right else x - 5 - 7 * n_letters), (y + 5 if up else y - 20)
    return (left, low, left + 7 * n_letters, low + 15)


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
