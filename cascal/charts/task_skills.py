"""Every model in every task, with intervals: by consensus, or by gold answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import cell_texts, in_percent, percent_hover, percent_ticks, plain
from cascal.charts.silhouettes import MOST_COLUMNS
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray
from cascal.number_format import counted, decimal
from cascal.number_format import percent as percent_text
from cascal.rank import rank_selection

Basis = Literal["consensus", "gold"]

BASES: dict[Basis, str] = {
    "consensus": "Mean consensus score, training queries",
    "gold": "Share right, gold test queries",
}
ALL_TASKS = "all tasks"


def task_skills_frame(snapshot: Snapshot, basis: Basis) -> pd.DataFrame:
    """One row a task and model, and "all tasks" first: mean with its 95 % interval, queries.

    consensus: mean consensus score over the training queries, no answer counting as 0; gold: share
    of right answers over the test queries with a gold answer. Models in the order of names.
    """
    data = snapshot.dataset
    if basis == "gold":
        part, unknown = data.gold_test, np.nan
        values, models = part.right, part.votes.models
    else:
        part, unknown = data.train, 0.0
        values, models = snapshot.fit.consensus, snapshot.fit.models
    order = np.argsort(np.array(models), kind="stable")
    names, values = [models[m] for m in order], values[:, order]
    tasks = np.array(part.votes.tasks)
    groups = [(ALL_TASKS, np.arange(len(tasks)))]
    groups += [(str(task), np.flatnonzero(tasks == task)) for task in np.unique(tasks)]
    tables = []
    for task, rows in groups:
        ranking = rank_selection(values[rows], names, unknown=unknown)
        tables.append(
            pd.DataFrame(
                {
                    "task": task,
                    "model": names,
                    "mean": ranking.mean,
                    "low": ranking.low,
                    "high": ranking.high,
                    "queries": ranking.n_queries,
                    "measure": BASES[basis],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def task_skills_figure(frame: pd.DataFrame, scale: Sequence[str], *, percent: bool) -> go.Figure:
    """Heatmap of tasks and models; in each cell the mean and how far its interval reaches."""
    tasks, models = list(dict.fromkeys(frame["task"])), list(dict.fromkeys(frame["model"]))
    shape = (len(tasks), len(models))
    columns = (frame["mean"], frame["high"] - frame["mean"])
    mean, reach = (
        (in_percent(column) if percent else column.to_numpy(float)).reshape(shape)
        for column in columns
    )
    known = mean[np.isfinite(mean)]
    span = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    x, y = list(range(len(models))), list(range(len(tasks)))
    ticks = percent_ticks() if percent else {"tickformat": ".3f"}
    hover, written = percent_hover("z") if percent else "%{z:.3f}", len(models) <= MOST_COLUMNS
    figure = go.Figure(
        go.Heatmap(
            z=mean,
            x=x,
            y=y,
            zmin=span[0],
            zmax=span[1],
            xgap=2,
            ygap=2,
            text=_hovers(frame, shape, percent=percent),
            colorscale=[[at / (len(scale) - 1), colour] for at, colour in enumerate(scale)],
            showscale=not written,
            colorbar={"thickness": 8, "outlinewidth": 0, **ticks},
            hoverongaps=False,
            hovertemplate=f"%{{text}}<br>{hover}<extra></extra>",
        )
    )
    if written:
        texts = _cells(mean, reach, percent=percent)
        figure.add_trace(cell_texts(mean, texts, x=x, y=y, scale=scale, span=span))
    figure.update_layout(template="cascal", height=44 * len(tasks) + 90)
    ticks = {"tickvals": x, "ticktext": [plain(name, 24) for name in models]}
    figure.update_xaxes(title=None, showgrid=False, zeroline=False, side="top", **ticks)
    ticks = {"tickvals": y, "ticktext": [plain(name, 28) for name in tasks]}
    figure.update_yaxes(title=None, showgrid=False, zeroline=False, autorange="reversed", **ticks)
    return figure


def _cells(mean: FloatArray, reach: FloatArray, *, percent: bool) -> list[list[str]]:
    """The best of a row in bold; where nothing is known of the interval, the mean alone."""
    digits, texts = 1 if percent else 3, []
    for means, reaches in zip(mean, reach, strict=True):
        row = [decimal(value, digits) for value in means]
        if np.isfinite(means).any():
            best = int(np.nanargmax(means))
            row[best] = f"<b>{row[best]}</b>"
        texts.append(
            [
                text + (f"<br>±{decimal(one, digits)}" if np.isfinite(one) else "")
                for text, one in zip(row, reaches, strict=True)
            ]
        )
    return texts


def _hovers(frame: pd.DataFrame, shape: tuple[int, int], *, percent: bool) -> list[list[str]]:
    def told(value: float) -> str:
        return percent_text(value, 1) if percent else decimal(value, 3)

    columns = (frame[name] for name in ("task", "model", "low", "high", "queries"))
    texts = [
        (f"{plain(task)}, {plain(model)}<br>[{told(low)}, {told(high)}] of {counted(n, 'query')}")
        for task, model, low, high, n in zip(*columns, strict=True)
    ]
    return [texts[start : start + shape[1]] for start in range(0, len(texts), shape[1])]
