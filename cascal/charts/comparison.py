"""Routers side by side as frames and figures: accuracies, gains, differences, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, plain
from cascal.compare.comparison import Comparison, Row
from cascal.compare.contenders import Contender, merged
from cascal.compare.experiments import Report
from cascal.compare.gold_agreement import GoldAgreement
from cascal.compare.scaling import ScalingPoint
from cascal.compare.slices import Slice, slices
from cascal.compare.without_a_model import Removal
from cascal.dataset.part import Part
from cascal.datatypes import NO_ANSWER, IntArray, option_letter
from cascal.intervals import Estimate

Measure = Literal["top1", "vote", "gain"]

MEASURES: dict[Measure, str] = {
    "top1": "First model right",
    "vote": "Vote of 3 right",
    "gain": "Gain over always asking one model",
}

NEEDS = {
    "nothing": "no labels",
    "labels": "training labels",
    "gold": "these answers (a bound)",
}

SYMBOLS = {"nothing": "circle", "labels": "square", "gold": "diamond-open"}

PRESENT = "cascal"
"""The key of the router under test, the one of the present settings."""


def interval_texts(frame: pd.DataFrame, value: str, low: str, high: str, form: str) -> list[str]:
    """Every value with its interval, `77.0 [75.1, 78.8]`; empty where it is unknown."""
    return [
        "" if np.isnan(number) else f"{number:{form}} [{least:{form}}, {most:{form}}]"
        for number, least, most in frame[[value, low, high]].to_numpy(float)
    ]


def p_text(p_value: float) -> str:
    """A p-value in three digits, never as zero."""
    if np.isnan(p_value):
        return ""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def routers_frame(rows: Sequence[Row], measure: Measure = "top1") -> pd.DataFrame:
    """One row a router, best first: the measures in percent with intervals, models in use, cost.

    The router under test is marked as the present one.
    """
    columns: dict[str, list[object]] = {
        "router": [f"{row.title} (present)" if row.key == PRESENT else row.title for row in rows],
        "key": [row.key for row in rows],
        "needs": [NEEDS[row.needs] for row in rows],
        "symbol": [SYMBOLS[row.needs] for row in rows],
    }
    for name in ("top1", "vote", "hit", "gain"):
        found = [getattr(row, name) for row in rows]
        for part in ("value", "low", "high"):
            column = name if part == "value" else f"{name}_{part}"
            columns[column] = [
                np.nan if one is None else 100.0 * getattr(one, part) for one in found
            ]
    columns["effective"] = [row.effective_models or np.nan for row in rows]
    columns["cost"] = [row.cost1 for row in rows]
    columns["vote_cost"] = [row.cost3 for row in rows]
    columns["p_value"] = [
        np.nan if row.against_constant is None else row.against_constant.p_value for row in rows
    ]
    frame = pd.DataFrame(columns)
    frame["top1_text"] = interval_texts(frame, "top1", "top1_low", "top1_high", ".1f")
    frame["gain_text"] = interval_texts(frame, "gain", "gain_low", "gain_high", "+.1f")
    frame["p_text"] = frame["p_value"].map(p_text)
    return frame.sort_values(measure, ascending=False, kind="stable", ignore_index=True)


def main_routers(frame: pd.DataFrame, constant: str, name: str) -> pd.DataFrame:
    """The present router, the constant (its key, the model's name) and the best without labels.

    The last one is the best of all others that need no labels.
    """
    free = frame[(frame["needs"] == NEEDS["nothing"]) & (frame["key"] != PRESENT)]
    other = free[free["top1"].notna()].nlargest(1, "top1")["key"].tolist()
    three = frame.set_index("key", drop=False).loc[[PRESENT, constant, *other]]
    three.loc[constant, ["router", "gain_text"]] = f"Always asking {name}", "compared with"
    return three.reset_index(drop=True)


def routers_sentence(three: pd.DataFrame) -> str:
    """The three routers in a sentence."""
    accuracies = [f"{value:.1f} %" for value in three["top1"]]
    always = three["router"][1].replace("Always", "always")
    sentence = f"{accuracies[0]} right by this router, {accuracies[1]} by {always}"
    if len(three) < 3:
        return sentence
    return f"{sentence}, {accuracies[2]} by the best other router without labels"


def gains_sentence(frame: pd.DataFrame, kind: str) -> str:
    """In how many groups routing gains or loses by more than chance, and where most."""
    gains, losses = frame[frame["low"] > 0], frame[frame["high"] < 0]
    lost = len(losses) or "none"
    sure = f"Routing gains in {len(gains)} of {len(frame)} {kind}, and loses in {lost}"
    if not len(gains):
        return sure
    best = gains.iloc[int(gains["gain"].to_numpy().argmax())]
    return f"{sure}; most in {best['name']}: {best['gain']:+.1f} points"


def routers_figure(
    frame: pd.DataFrame, measure: Measure, accent: str, own: Sequence[str]
) -> go.Figure:
    """Dots with intervals in the frame's order; round = no labels, square = labels, open = a bound.

    `own` are the keys drawn in the accent colour; the present router is large and bold.
    """
    shown = frame[frame[measure].notna()]
    present = shown["key"] == PRESENT
    names = [
        f"<b>{plain(name, 48)}</b>" if here else plain(name, 48)
        for name, here in zip(shown["router"], present, strict=True)
    ]
    value, low, high = (
        shown[name].to_numpy(float) for name in (measure, f"{measure}_low", f"{measure}_high")
    )
    sign = "+" if measure == "gain" else ""
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
            error_x={
                "type": "data",
                "array": high - value,
                "arrayminus": value - low,
                "thickness": 1.5,
                "width": 4,
                "color": MUTED,
            },
            customdata=np.column_stack([low, high]),
            hovertemplate=f"%{{y}}: %{{x:{sign}.1f}} [%{{customdata[0]:{sign}.1f}}, "
            f"%{{customdata[1]:{sign}.1f}}]<extra></extra>",
        )
    )
    figure.update_layout(template="cascal", height=27 * len(shown) + 56)
    figure.update_yaxes(autorange="reversed", title=None, showgrid=False)
    unit = "points" if measure == "gain" else "percent of the test queries"
    figure.update_xaxes(title=unit, zeroline=measure == "gain")
    return figure


def groups_frame(
    comparison: Comparison,
    group: IntArray,
    names: Sequence[str],
    key: str,
    taus: Sequence[GoldAgreement],
) -> pd.DataFrame:
    """One row a task or cluster: test queries, both accuracies, paired gain, Kendall τ.

    group (Q,) of the comparison's queries; groups without a counted query are left out.
    """
    return slices_frame(slices(comparison, group, names, key), taus)


def slices_frame(parts: Sequence[Slice], taus: Sequence[GoldAgreement] = ()) -> pd.DataFrame:
    """The same of slices that are made, the largest gain first."""
    tau = {one.scope: one.tau for one in taus}
    rows = []
    for part in parts:
        found = tau.get(part.name)
        rows.append(
            {
                "name": part.name,
                "queries": part.gain.n,
                "own": 100 * part.own.value,
                "best": 100 * part.best.value,
                "gain": 100 * part.gain.value,
                "low": 100 * part.gain.low,
                "high": 100 * part.gain.high,
                "tau": np.nan if found is None else found.value,
                "tau_low": np.nan if found is None else found.low,
                "tau_high": np.nan if found is None else found.high,
            }
        )
    columns = [
        "name",
        "queries",
        "own",
        "best",
        "gain",
        "low",
        "high",
        "tau",
        "tau_low",
        "tau_high",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    frame["gain_text"] = interval_texts(frame, "gain", "low", "high", "+.1f")
    frame["tau_text"] = interval_texts(frame, "tau", "tau_low", "tau_high", ".2f")
    return frame.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def gain_figure(frame: pd.DataFrame, accent: str, warning: str) -> go.Figure:
    """Paired gains with intervals; losses that are certain stand out, doubtful ones are muted."""
    value, low, high = (frame[name].to_numpy(float) for name in ("gain", "low", "high"))
    colour = np.where(low > 0, accent, np.where(high < 0, warning, MUTED))
    figure = go.Figure(
        go.Scatter(
            x=value,
            y=[plain(name, 44) for name in frame["name"]],
            mode="markers",
            marker={"size": 10, "color": colour.tolist()},
            error_x={
                "type": "data",
                "array": high - value,
                "arrayminus": value - low,
                "thickness": 1.5,
                "width": 4,
                "color": MUTED,
            },
            customdata=np.column_stack([low, high, frame["queries"].to_numpy(float)]),
            hovertemplate="%{y}: %{x:+.1f} points [%{customdata[0]:+.1f}, %{customdata[1]:+.1f}], "
            "%{customdata[2]:,.0f} queries<extra></extra>",
        )
    )
    figure.update_layout(template="cascal", height=27 * len(frame) + 60)
    figure.update_yaxes(autorange="reversed", title=None, showgrid=False)
    figure.update_xaxes(title="points", zeroline=True)
    return figure


def differences_frame(
    part: Part, rows: IntArray, first: IntArray, second: IntArray, limit: int = 200
) -> pd.DataFrame:
    """The queries that one router gets right and another wrong: texts, models, answers.

    rows (n,) of the part; first, second (Q,) chosen models, −1 where a router names none.
    """
    votes = part.votes
    shown = rows[:limit]
    return pd.DataFrame(
        {
            "task": [votes.tasks[row] for row in shown],
            "query": [part.texts[row] for row in shown],
            "gold": [_answer(part, row, int(part.gold[row])) for row in shown],
            "first": [_choice(part, row, int(first[row])) for row in shown],
            "second": [_choice(part, row, int(second[row])) for row in shown],
        }
    )


def _choice(part: Part, row: int, model: int) -> str:
    if model < 0:
        return "several models"
    answer = int(part.votes.answers[row, model])
    return f"{part.votes.models[model]}: {_answer(part, row, answer)}"


def _answer(part: Part, row: int, answer: int) -> str:
    if answer == NO_ANSWER:
        return "no answer"
    options = part.options[row] if part.votes.option_counts[row] else ()
    if answer >= len(options):
        return f"answer {answer + 1}"
    return f"{option_letter(answer)}. {options[answer]}"


def scaling_frame(points: Sequence[ScalingPoint]) -> pd.DataFrame:
    """One row a number of training queries: accuracies with interval, clusters, spread."""
    return pd.DataFrame(
        {
            "queries": [one.n_queries for one in points],
            "top1": [100 * one.top1.value for one in points],
            "top1_low": [100 * one.top1.low for one in points],
            "top1_high": [100 * one.top1.high for one in points],
            "vote": [100 * one.vote.value for one in points],
            "clusters": [one.n_clusters for one in points],
            "spread": [100 * one.spread for one in points],
            "draws": [one.n_draws for one in points],
        }
    )


def scaling_figure(frame: pd.DataFrame, accent: str, constant: float, name: str) -> go.Figure:
    """Accuracy against the number of training queries, with a band; as a line, in percent, that of
    always asking one model, called `name`.
    """
    queries = frame["queries"].to_numpy(float)
    low, high = frame["top1_low"].to_numpy(float), frame["top1_high"].to_numpy(float)
    figure = go.Figure()
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
    for name, label, dash in (("top1", "First model", "solid"), ("vote", "Vote of 3", "dot")):
        figure.add_trace(
            go.Scatter(
                x=queries,
                y=frame[name].to_numpy(float),
                mode="lines+markers",
                name=label,
                line={"color": accent, "dash": dash},
                hovertemplate=f"%{{x:,.0f}} queries: {label.lower()} %{{y:.1f}} %<extra></extra>",
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
                hovertemplate=f"Always {plain(name)}: %{{y:.1f}} %<extra></extra>",
            )
        )
    figure.update_layout(template="cascal", height=360, showlegend=True)
    figure.update_layout(legend={"orientation": "h", "y": 1.1, "x": 0})
    figure.update_xaxes(type="log", title="training queries (logarithmic)")
    figure.update_yaxes(title="percent right")
    return figure


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"


def removals_frame(found: Sequence[Removal]) -> pd.DataFrame:
    """One row a model: what is lost without it, and how the others' ranking changes."""
    votes = [_in_points(one.vote_loss) for one in found]
    firsts = [_in_points(one.top1_loss) for one in found]
    frame = pd.DataFrame(
        {
            "name": [f"without {one.model}" for one in found],
            "share": [one.share for one in found],
            "gain": [one[0] for one in votes],
            "low": [one[1] for one in votes],
            "high": [one[2] for one in votes],
            "top1": [one[0] for one in firsts],
            "tau": [one.tau for one in found],
        }
    )
    frame["gain_text"] = interval_texts(frame, "gain", "low", "high", "+.1f")
    return frame.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def _in_points(found: Estimate | None) -> tuple[float, float, float]:
    if found is None:
        return np.nan, np.nan, np.nan
    return 100 * found.value, 100 * found.low, 100 * found.high


def report_frame(report: Report) -> pd.DataFrame:
    """The table of an experiment as text: percent and points with their intervals."""
    return pd.DataFrame(
        {
            f"{at} {column.label}" if _repeated(report, column.label) else column.label: [
                report_cell(row, column.name, column.kind) for row in report.rows
            ]
            for at, column in enumerate(report.columns)
        }
    )


def _repeated(report: Report, label: str) -> bool:
    return sum(column.label == label for column in report.columns) > 1


def report_cell(row: Mapping[str, object], name: str, kind: str) -> str:
    """One cell of a report's table."""
    value = row.get(name)
    if value is None:
        return ""
    if kind in ("percent", "points") and isinstance(value, int | float):
        sign = "+" if kind == "points" else ""
        text = f"{100 * value:{sign}.1f}"
        low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
        if isinstance(low, int | float) and isinstance(high, int | float):
            text += f" [{100 * low:{sign}.1f}, {100 * high:{sign}.1f}]"
        return text
    if kind == "number" and isinstance(value, int | float):
        return f"{value:.3f}"
    if kind == "count" and isinstance(value, int | float):
        return f"{value:,.0f}"
    if kind == "flag":
        return "yes" if value else "no"
    return "" if value == "nothing" else str(value)


def contenders_frame(contenders: Sequence[Contender]) -> pd.DataFrame:
    """One row a way to choose: accuracy with interval, models asked per query.

    A model that is chosen by several ways is one row.
    """
    rows = [(one, one.accuracy) for one in merged(contenders)]
    return pd.DataFrame(
        {
            "name": [one.name for one, _ in rows],
            "accuracy": [number.value for _, number in rows],
            "low": [number.low for _, number in rows],
            "high": [number.high for _, number in rows],
            "calls": [one.calls for one, _ in rows],
            "needs_gold": [one.needs_gold for one, _ in rows],
        }
    )
