"""What routing gains by task, cluster or column, and the queries where two routers differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import (
    MUTED,
    in_percent,
    in_points,
    interval_bar,
    interval_texts,
    names_above,
    plain,
    zero_line,
)
from cascal.compare.comparison import Comparison
from cascal.compare.gold_agreement import GoldAgreement
from cascal.compare.slices import Slice, slices
from cascal.dataset.part import Part
from cascal.datatypes import NO_ANSWER, IntArray, option_letter
from cascal.number_format import signed


def gains_sentence(frame: pd.DataFrame, kind: str) -> str:
    """In how many groups routing gains or loses by more than chance, and where most."""
    gains, losses = frame[frame["low"] > 0], frame[frame["high"] < 0]
    lost = len(losses) or "none"
    sure = f"Routing gains in {len(gains)} of {len(frame)} {kind}, and loses in {lost}"
    if not len(gains):
        return sure
    best = gains.iloc[int(gains["gain"].to_numpy().argmax())]
    return f"{sure}; most in {best['name']}: {signed(best['gain'])} points"


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
                "own": float(in_percent(part.own.value)),
                "best": float(in_percent(part.best.value)),
                **dict(zip(("gain", "low", "high"), in_points(part.gain), strict=True)),
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
    frame["gain_text"] = interval_texts(frame, ("gain", "low", "high"), sign=True)
    frame["tau_text"] = interval_texts(frame, ("tau", "tau_low", "tau_high"), 2)
    return frame.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def gain_figure(frame: pd.DataFrame, accent: str, warning: str) -> go.Figure:
    """Paired gains with intervals; losses that are certain stand out, doubtful ones are muted."""
    value, low, high = (frame[name].to_numpy(float) for name in ("gain", "low", "high"))
    colour = np.where(low > 0, accent, np.where(high < 0, warning, MUTED))
    names = [plain(name, 44) for name in frame["name"]]
    figure = go.Figure(
        go.Scatter(
            x=value,
            y=names,
            mode="markers",
            marker={"size": 10, "color": colour.tolist()},
            error_x=interval_bar(value, low, high),
            customdata=np.column_stack([low, high, frame["queries"].to_numpy(float)]),
            hovertemplate="%{y}: %{x:+.1f} points [%{customdata[0]:+.1f}, %{customdata[1]:+.1f}], "
            "%{customdata[2]:,.0f} queries<extra></extra>",
        )
    )
    names_above(figure, names, values=list(map(signed, value.tolist())))
    figure.update_xaxes(title="points")
    zero_line(figure, len(names))
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
