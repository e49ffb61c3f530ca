"""Quality against cost, as a frame and a figure with its names laid out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, in_percent, percent_hover, percent_ticks, plain
from cascal.charts.name_places import HEIGHT, WIDTH, free_sides, in_pixels
from cascal.compare.comparison import Row
from cascal.compare.cost import CostPoint, pareto_front, weight_label
from cascal.datatypes import BoolArray

BELOW = 2.0
"""Points of right answers that are seen below the lowest router and above the highest point."""
IN_USE, TO_SHIP, WEIGHT = "In use", "To ship", "weight "


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


def cost_figure(
    frame: pd.DataFrame, accent: str, now: float, shipped: tuple[float, float] | None = None
) -> go.Figure:
    """Quality against cost: routers as points, CASCAL's cost weights as a line, the front above.

    now : the cost weight in force; shipped : US dollars and percent right of the recommended
    setting. Both points are drawn large and named first; what lies on the front is named as far as
    there is room.
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
        figure.add_traces(_points(frame[frame["asks"] == asks], asks, symbol, accent, now))
    marked = _marked(frame, now, shipped)
    named = _named_points(frame, marked)
    figure.add_trace(_names(named[~named["marked"]]))
    figure.add_traces(_marks(named[named["marked"]], accent))
    figure.update_layout(template="cascal", height=520, showlegend=True)
    figure.update_layout(legend={"orientation": "h", "y": -0.17, "x": 0})
    figure.update_xaxes(
        type="log",
        title="US dollars per 1,000 queries (logarithmic)",
        tickformat="$~g",
        dtick="D2",
    )
    figure.update_yaxes(title="right answers", range=_in_view(frame), **percent_ticks())
    figure.update_xaxes(range=_dollars_in_view(frame))
    return figure


def _seen(frame: pd.DataFrame) -> BoolArray:
    """(N,) the points that are drawn: cost weights that are right less often than any router would
    squeeze all others into a corner.
    """
    quality, routers = frame["quality"].to_numpy(float), (frame["kind"] != "curve").to_numpy()
    least = quality[routers].min() if routers.any() else quality.min(initial=np.inf)
    return np.asarray(quality >= least - BELOW)


def _in_view(frame: pd.DataFrame) -> list[float] | None:
    """The ends of the axis of right answers; None without any point."""
    seen = frame.loc[_seen(frame), "quality"]
    return None if seen.empty else [float(seen.min()) - BELOW, float(seen.max()) + BELOW]


def _dollars_in_view(frame: pd.DataFrame) -> list[float] | None:
    """The same of the logarithmic axis of dollars."""
    cost = frame.loc[_seen(frame), "cost"].to_numpy(float)
    cost = cost[cost > 0]
    if not len(cost):
        return None
    return [float(np.log10(cost.min())) - 0.08, float(np.log10(cost.max())) + 0.08]


def _points(
    frame: pd.DataFrame, asks: str, symbol: str, accent: str, now: float
) -> tuple[go.Scatter, go.Scatter]:
    """The routers that ask so many models as points, and CASCAL's cost weights as a line."""
    routers, curve = frame[frame["kind"] != "curve"], frame[frame["kind"] == "curve"]
    hover = f"%{{text}}: {percent_hover('y')} for $%{{x:.3g}} per 1,000<extra></extra>"
    sizes = [13 if abs(one - now) < 1e-12 else 6 for one in curve["weight"]]
    return (
        go.Scatter(
            x=routers["cost"].to_numpy(float),
            y=routers["quality"].to_numpy(float),
            mode="markers",
            text=[f"{plain(one)}, {asks}" for one in routers["what"]],
            marker={"color": MUTED, "size": 9, "symbol": symbol},
            hovertemplate=hover,
            name=f"Routers, {asks}",
        ),
        go.Scatter(
            x=curve["cost"].to_numpy(float),
            y=curve["quality"].to_numpy(float),
            mode="lines+markers",
            text=[f"{plain(one, 60)}, {asks}" for one in curve["what"]],
            marker={"color": accent, "size": sizes, "symbol": symbol},
            line={"color": accent, "width": 1.5},
            hovertemplate=hover,
            name=f"CASCAL by cost weight, {asks}",
        ),
    )


def _names(named: pd.DataFrame) -> go.Scatter:
    """The names beside their points."""
    return go.Scatter(
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


def _marked(
    frame: pd.DataFrame, now: float, shipped: tuple[float, float] | None
) -> list[tuple[str, float, float]]:
    """Name, dollars and percent right of the setting in use and of the recommended one."""
    here = frame.loc[_is_present(frame, now), ["cost", "quality"]].to_numpy(float)
    found = [(IN_USE, float(dollars), float(right)) for dollars, right in here]
    if shipped is None:
        return found
    if len(here) and np.allclose(here[0], shipped):
        return [(f"{IN_USE}, {TO_SHIP.lower()}", *shipped)]
    return [*found, (TO_SHIP, *shipped)]


def _named_points(frame: pd.DataFrame, marked: Sequence[tuple[str, float, float]]) -> pd.DataFrame:
    """The points to name, marked ones first, then routers, each with a side where it is free.

    A name on the line of cost weights stands left above its point only, where the line is not.
    """
    extra = pd.DataFrame(marked, columns=["text", "cost", "quality"])
    curve, front = (frame["kind"] == "curve").to_numpy(), frame["pareto"].to_numpy(bool)
    seen = _seen(frame)
    for _, dollars, right in marked:
        seen &= ~(np.isclose(frame["cost"], dollars) & np.isclose(frame["quality"], right))
    groups = front & ~curve & seen, front & curve & seen
    order = np.concatenate([np.flatnonzero(group) for group in groups])
    named = frame.iloc[order].copy()
    named["text"] = [_point_name(frame.iloc[at]) for at in order.tolist()]
    named = pd.concat([extra, named], ignore_index=True)
    named["marked"] = np.arange(len(named)) < len(extra)
    points = pd.concat([extra, frame[_seen(frame)], named], ignore_index=True)
    x = in_pixels(np.log10(points["cost"].to_numpy(float)), WIDTH)
    y = in_pixels(points["quality"].to_numpy(float), HEIGHT)
    rows = list(range(len(points) - len(named), len(points)))
    must = named["marked"].tolist()
    sides = free_sides(x, y, rows, named["text"].tolist(), must)
    named["position"] = [
        side or ("top right" if needed else None) for side, needed in zip(sides, must, strict=True)
    ]
    beside = named["text"].str.startswith(WEIGHT) & (named["position"] != "top left")
    return named[named["position"].notna() & ~beside]


def _is_present(frame: pd.DataFrame, now: float) -> BoolArray:
    """(N,) the point of the router in use."""
    near = (frame["weight"] - now).abs().to_numpy(float) < 1e-12
    one = ((frame["kind"] == "curve") & (frame["asks"] == "1 model")).to_numpy()
    return np.asarray(near & one)


def _marks(named: pd.DataFrame, accent: str) -> list[go.Scatter]:
    """What is marked, above all other points, with its name: in use full, recommended a ring."""
    return [
        go.Scatter(
            x=[row["cost"]],
            y=[row["quality"]],
            mode="markers+text",
            text=[f"<b>{row['text']}</b>"],
            textposition=row["position"],
            textfont={"size": 12, "color": accent},
            marker={
                "color": accent,
                "size": 15,
                "symbol": "circle-open" if row["text"] == TO_SHIP else "circle",
                "line": {"color": accent if row["text"] == TO_SHIP else "white", "width": 3},
            },
            hoverinfo="skip",
            cliponaxis=False,
            name=row["text"].replace(IN_USE, "The router in use"),
        )
        for _, row in named.iterrows()
    ]


def _point_name(row: pd.Series) -> str:
    """What stands beside a point: its cost weight or its router, and whether that needs labels."""
    if row["kind"] == "curve":
        return f"{WEIGHT}{row['weight']:.2g}"
    return f"{plain(row['what'], 30)}{'' if row['kind'] == 'nothing' else ' (needs labels)'}"
