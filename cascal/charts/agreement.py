"""Which models answer alike, how many a query has on its side, and who disagrees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import cell_texts, in_percent, percent_hover, percent_ticks, plain
from cascal.dataset.part import Part
from cascal.dataset.query_card import answer_groups, answer_label
from cascal.dataset.query_filters import pool_agreement
from cascal.datatypes import IntArray, Votes
from cascal.intervals import mean_rows
from cascal.number_format import counted, percent


def agreement_groups(part: Part) -> tuple[IntArray, tuple[str, ...]]:
    """(Q,) how many models gave the most frequent answer, and what to call 0, 1, 2, … of them."""
    n_models = len(part.votes.models)
    size = np.rint(pool_agreement(part) * n_models).astype(np.int64)
    return size, tuple(f"{n} of {counted(n_models, 'model')}" for n in range(n_models + 1))


def agreement_frame(votes: Votes) -> pd.DataFrame:
    """Share of equal answers for every pair of models, over queries both answered; nan if none."""
    answers, answered = votes.answers, votes.answered
    n_models = len(votes.models)
    table = np.full((n_models, n_models), np.nan)
    for m in range(n_models):
        both = answered[:, [m]] & answered
        same = both & (answers[:, [m]] == answers)
        count = both.sum(axis=0)
        table[m] = np.divide(
            same.sum(axis=0), count, out=np.full(n_models, np.nan), where=count > 0
        )
    return pd.DataFrame(table, index=list(votes.models), columns=list(votes.models))


def agreement_figure(frame: pd.DataFrame, scale: Sequence[str]) -> go.Figure:
    """Heatmap of the agreement between models, most typical model first, diagonal left out."""
    off = frame.where(~np.eye(len(frame), dtype=bool))
    order = off.mean(axis=1).sort_values(ascending=False, kind="stable").index
    shown = off.loc[order, order]
    names = [plain(name, 28) for name in order]
    few = len(frame) <= 12
    shares = in_percent(shown)
    known = shares[np.isfinite(shares)]
    low, high = (
        (10 * np.floor(known.min() / 10), 10 * np.ceil(known.max() / 10))
        if len(known)
        else (0.0, 100.0)
    )
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=names,
            y=names,
            zmin=low,
            zmax=high,
            xgap=2,
            ygap=2,
            colorscale=[[i / (len(scale) - 1), c] for i, c in enumerate(scale)],
            colorbar={"thickness": 8, "outlinewidth": 0, **percent_ticks()},
            hoverongaps=False,
            hovertemplate=f"%{{y}} and %{{x}}: {percent_hover('z')} equal answers<extra></extra>",
        )
    )
    if few:
        texts = [[f"{percent(value)}" for value in row] for row in shown.to_numpy()]
        figure.add_trace(cell_texts(shares, texts, x=names, y=names, scale=scale, span=(low, high)))
    figure.update_layout(template="cascal", height=38 * len(frame) + 120)
    figure.update_yaxes(autorange="reversed", title=None, showgrid=False)
    figure.update_xaxes(title=None, showgrid=False, tickangle=35)
    return figure


def coverage_frame(part: Part) -> pd.DataFrame:
    """One row a model: percent of queries by status, and of votes with a confidence."""
    votes = part.votes
    status = votes.status
    if status is None:
        status = np.where(votes.answered, "ok", "unreadable")
    asked = np.maximum(votes.asked.sum(axis=0), 1)
    known = votes.confident.sum(axis=0)
    return pd.DataFrame(
        {
            "model": votes.models,
            "asked": votes.asked.sum(axis=0),
            "answered": in_percent(votes.answered.sum(axis=0) / asked),
            **{
                kind: in_percent((status == kind).sum(axis=0) / asked)
                for kind in ("unreadable", "truncated", "refused", "error")
            },
            "confidence": in_percent(known / np.maximum(votes.answered.sum(axis=0), 1)),
            **({"accuracy": in_percent(mean_rows(list(part.right)))} if part.has_gold else {}),
        }
    )


def who_disagrees(votes: Votes, row: int) -> str:
    """Which models gave which answer to one query, the largest group first."""
    return " · ".join(
        f"{answer_label(votes, row, answer)}: {', '.join(votes.models[m] for m in models)}"
        for answer, models in answer_groups(votes, row)
    )
