"""Routers side by side as frames and figures: accuracies, gains, differences, curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import (
    MUTED,
    in_percent,
    in_words,
    interval_bar,
    interval_texts,
    names_above,
    percent_hover,
    percent_ticks,
    plain,
    zero_line,
)
from cascal.compare.comparison import Row
from cascal.compare.contenders import Contender, merged
from cascal.compare.routers import UNDER_TEST, WITHOUT_LABELS
from cascal.compare.to_ship import SHIPPED
from cascal.number_format import counted, decimal, dollars, signed

Measure = Literal["top1", "vote", "gain"]

MEASURES: dict[Measure, str] = {
    "top1": "First model right",
    "vote": "Vote of 3 right",
    "gain": "Gain over always asking one model",
}

NEEDS = {
    "nothing": "no labels",
    "labels": "training labels",
    "few labels": "a few labels",
    "gold": "gold answers",
}

SYMBOLS = {"nothing": "circle", "labels": "square", "few labels": "square", "gold": "diamond-open"}

PRESENT = UNDER_TEST
"""The key of the router under test, the one in use at the present settings."""


def p_text(p_value: float) -> str:
    """A p-value in three digits, never as zero."""
    if np.isnan(p_value):
        return ""
    return "< 0.001" if p_value < 0.001 else decimal(p_value, 3)


def routers_frame(rows: Sequence[Row], measure: Measure = "top1") -> pd.DataFrame:
    """One row a router, best first: the measures in percent with intervals, models in use, cost.

    The router under test is marked as the one in use.
    """
    columns: dict[str, list[object]] = {
        "router": [f"{row.title} (in use)" if row.key == PRESENT else row.title for row in rows],
        "key": [row.key for row in rows],
        "needs": [NEEDS[row.needs] for row in rows],
        "symbol": [SYMBOLS[row.needs] for row in rows],
    }
    for name in ("top1", "vote", "hit", "gain"):
        found = [getattr(row, name) for row in rows]
        for part in ("value", "low", "high"):
            column = name if part == "value" else f"{name}_{part}"
            shares = [np.nan if one is None else getattr(one, part) for one in found]
            columns[column] = in_percent(shares).tolist()
    columns["effective"] = [row.effective_models or np.nan for row in rows]
    columns["cost"] = [row.cost1 for row in rows]
    columns["vote_cost"] = [row.cost3 for row in rows]
    columns["p_value"] = [
        np.nan if row.against_constant is None else row.against_constant.p_value for row in rows
    ]
    frame = pd.DataFrame(columns)
    frame["top1_text"] = interval_texts(frame, ("top1", "top1_low", "top1_high"), 1)
    gains = interval_texts(frame, ("gain", "gain_low", "gain_high"), 1, sign=True)
    frame["gain_text"] = gains
    frame["p_text"] = frame["p_value"].map(p_text)
    return frame.sort_values(measure, ascending=False, kind="stable", ignore_index=True)


def main_routers(
    frame: pd.DataFrame, constant: str, name: str, other: str | None = None, *, liked: bool = False
) -> pd.DataFrame:
    """The present router, the setting to ship, the constant (its key, the model's name) and the
    best other one.

    other : its key, None where there is none; liked : whether consensus alone chooses that model as
    well, so that it needs no labels. Where labels change the present router, what it is
    without them stands beside it; of the two others the better one comes first. The column `role`
    says which is which, and the best other one is called the best rival.
    """
    roles = {PRESENT: "present", WITHOUT_LABELS: "without labels", SHIPPED: "to ship"}
    roles[constant] = "constant"
    if other is not None:
        roles[other] = "other"
    known = frame.set_index("key", drop=False)
    main = known.loc[[key for key in roles if key in known.index]].copy()
    main["role"] = main["key"].map(roles)
    main.loc[main["role"] == "other", "router"] += " (best rival)"
    own = main["key"].isin([PRESENT, WITHOUT_LABELS, SHIPPED])
    others = main[~own].sort_values("top1", ascending=False, kind="stable")
    main = pd.concat([main[own], others])
    main.loc[constant, ["router", "gain_text"]] = f"Always asking {name}", "compared with"
    if liked:
        main.loc[constant, ["needs", "symbol"]] = NEEDS["nothing"], SYMBOLS["nothing"]
    return main.reset_index(drop=True)


def routers_sentence(main: pd.DataFrame) -> str:
    """How often the main routers are right, in a sentence."""
    rates = (f"{text.partition(' ')[0]} %" for text in main["top1_text"])
    right = dict(zip(main["role"], rates, strict=True))
    always = main.loc[main["role"] == "constant", "router"].item().replace("Always", "always")
    said = [f"{right['present']} right by the router in use"]
    if "to ship" in right:
        said.append(f"{right['to ship']} by the one to ship")
    if "without labels" in right:
        said.append(f"{right['without labels']} without labels")
    said.append(f"{right['constant']} by {always}")
    if "other" in right:
        said.append(f"{right['other']} by the best rival")
    return ", ".join(said)


def standing(frame: pd.DataFrame) -> str:
    """Where the present router stands among all, and among those that need no labels."""
    known = frame[frame["top1"].notna() & (frame["needs"] != NEEDS["gold"])]
    free = known[(known["needs"] == NEEDS["nothing"]) | (known["key"] == PRESENT)]
    own = known.loc[known["key"] == PRESENT, "top1"].item()
    place = int((free["top1"] > own).sum())
    where = "most often right" if place == 0 else f"number {place + 1}"
    rivals = f"the {len(free)} that need no labels"
    said = f"All {counted(len(frame), 'router')}: this one is {where} of {rivals}"
    taught = known[known["needs"] == NEEDS["labels"]].nlargest(1, "top1")
    for name, right in zip(taught["router"], taught["top1"], strict=True):
        said += f"; {name}, with labels, reaches {decimal(right, 1)} %"
    return said


def routers_figure(
    frame: pd.DataFrame, measure: Measure, accent: str, own: Sequence[str]
) -> go.Figure:
    """Dots with intervals in the frame's order; round = no labels, square = labels, open = a bound.

    Beside each name stand US dollars per 1,000 queries, where they are known.

    `own` are the keys drawn in the accent colour; the present router is large and bold.
    """
    shown = frame[frame[measure].notna()]
    present = shown["key"] == PRESENT
    priced = [
        f"{plain(name, 48)}, {dollars(cost)}" if np.isfinite(cost) else plain(name, 48)
        for name, cost in zip(shown["router"], shown["cost"], strict=True)
    ]
    names = [f"<b>{name}</b>" if here else name for name, here in zip(priced, present, strict=True)]
    value, low, high = (
        shown[name].to_numpy(float) for name in (measure, f"{measure}_low", f"{measure}_high")
    )
    ends = ("x", "customdata[0]", "customdata[1]")
    gain = measure == "gain"
    told = (f"%{{{one}:+.1f}}" if gain else percent_hover(one) for one in ends)
    figure = go.Figure(
        go.Scatter(
            x=value,
            y=names,
            mode="markers",
            marker={
                "size": np.where(present, 15, 11).tolist(),
                "opacity": 1,
                "symbol": list(shown["symbol"]),
                "color": [accent if key in own else MUTED for key in shown["key"]],
            },
            error_x=interval_bar(value, low, high),
            customdata=np.column_stack([low, high]),
            hovertemplate="%{{y}}: {} [{}, {}]<extra></extra>".format(*told),
        )
    )
    values = list(map(signed, value.tolist())) if gain else in_words(value, percent=True)
    names_above(figure, names, values=values)
    axis = {"title": "points"} if gain else {"title": "of the test queries", **percent_ticks()}
    figure.update_xaxes(zeroline=False, **axis)
    if gain:
        zero_line(figure, len(names))
    return figure


def _is_ceiling(one: Contender) -> bool:
    """Whether it chooses with the answers of each query: nobody can reach that."""
    return one.needs_gold and not one.always


def contenders_frame(contenders: Sequence[Contender]) -> pd.DataFrame:
    """One row a way to choose: accuracy with interval, models asked per query.

    A model that is chosen by several ways is one row. The router itself comes first, then what is
    most often right; last what knows the answers, a ceiling.
    """
    rows = [(one, one.accuracy) for one in merged(contenders)]
    own = [row for row in rows if row[0].own]
    others = [row for row in rows if not row[0].own]
    others.sort(key=lambda row: (_is_ceiling(row[0]), -row[1].value if row[1].n else 1.0))
    rows = own + others
    return pd.DataFrame(
        {
            "name": [one.name for one, _ in rows],
            "own": [one.own for one, _ in rows],
            "accuracy": [number.value for _, number in rows],
            "low": [number.low for _, number in rows],
            "high": [number.high for _, number in rows],
            "calls": [one.calls for one, _ in rows],
            "needs_gold": [one.needs_gold for one, _ in rows],
        }
    )
