"""The silhouettes of all candidates, and the silhouette plot of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, cell_texts, in_percent, plain, round_range
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray
from cascal.diagnose.coherence import Coherence
from cascal.diagnose.silhouettes import SMALLEST_K, SilhouetteBench, Split
from cascal.naming.cluster_names import cluster_name
from cascal.number_format import counted, decimal

KEY = 58
"""Pixels of the colour key."""
MOST_COLUMNS = 12
"""With more models the cells are too narrow for their numbers."""


def bench_frame(bench: SilhouetteBench) -> pd.DataFrame:
    """One row a task and model: strong queries, k in force, best k, best silhouette, all others.

    above : by how much the best silhouette passes the threshold; k = 2, … : the silhouette of each
    """
    n_tasks, n_models, n_splits = bench.values.shape
    best = bench.best.ravel()
    return pd.DataFrame(
        {
            "task": np.repeat(bench.tasks, n_models),
            "model": np.tile(bench.models, n_tasks),
            "strong": bench.n_strong.ravel(),
            "k": bench.k.ravel(),
            "best_k": bench.best_k.ravel(),
            "best": best,
            "above": best - bench.min_silhouette,
            **{f"k = {at + SMALLEST_K}": bench.values[:, :, at].ravel() for at in range(n_splits)},
        }
    )


def bench_figure(
    bench: SilhouetteBench,
    scale: Sequence[str],
    muted: str,
    chosen: tuple[int, int] | None = None,
) -> go.Figure:
    """Best silhouette of every task and model; in brackets the number of clusters, where split.

    muted : the colour of what is below the threshold, not split; chosen : the framed cell
    """
    span = _span(bench)
    x, y = list(range(len(bench.models))), list(range(len(bench.tasks)))
    reached = bench.best >= bench.min_silhouette
    figure, hovers = go.Figure(), _hovers(bench)
    for rows, colours in ((reached, scale), (~reached, (muted, muted))):
        values = np.where(rows, bench.best, np.nan)
        figure.add_trace(_cells(values, hovers, x, y, colours, span))
        if len(bench.models) <= MOST_COLUMNS:
            figure.add_trace(
                cell_texts(values, _cell_texts(bench), x=x, y=y, scale=colours, span=span)
            )
    figure.data[0].update(showscale=True, colorbar=_key(len(y)))
    if chosen is not None:
        _frame_cell(figure, *chosen)
    figure.update_layout(template="cascal", height=34 * len(y) + 60 + KEY, margin={"b": KEY})
    names = {"tickvals": x, "ticktext": [plain(name, 24) for name in bench.models]}
    figure.update_xaxes(title=None, showgrid=False, zeroline=False, side="top", **names)
    names = {"tickvals": y, "ticktext": [plain(name, 28) for name in bench.tasks]}
    figure.update_yaxes(title=None, showgrid=False, zeroline=False, autorange="reversed", **names)
    return figure


def _key(n_rows: int) -> dict[str, Any]:
    """What the colours of the cells mean, below them."""
    return {
        "orientation": "h",
        "thickness": 8,
        "outlinewidth": 0,
        "len": 0.45,
        "x": 0,
        "xanchor": "left",
        "y": -6 / (34 * n_rows),
        "yanchor": "top",
        "ypad": 0,
        "title": {"text": "Best silhouette · grey: one cluster", "side": "bottom"},
        "title_font_size": 12,
        "tickformat": ".2f",
        "tickangle": 0,
        "nticks": 4,
    }


def _cells(
    values: FloatArray,
    hovers: list[list[str]],
    x: list[int],
    y: list[int],
    scale: Sequence[str],
    span: tuple[float, float],
) -> go.Heatmap:
    return go.Heatmap(
        z=values,
        x=x,
        y=y,
        zmin=span[0],
        zmax=span[1],
        xgap=2,
        ygap=2,
        text=hovers,
        showscale=False,
        colorscale=[[at / (len(scale) - 1), colour] for at, colour in enumerate(scale)],
        hoverongaps=False,
        hovertemplate="%{text}<extra></extra>",
    )


def _cell_texts(bench: SilhouetteBench) -> list[list[str]]:
    return [
        [decimal(value, 2) + (f" ({k})" if k > 1 else "") for value, k in zip(*row, strict=True)]
        for row in zip(bench.best, bench.k, strict=True)
    ]


def _frame_cell(figure: go.Figure, task: int, model: int) -> None:
    """Two rectangles, so that the frame is seen on light and on dark cells."""
    for colour, width in (("#FFFFFF", 5), ("#0B111C", 2.5)):
        figure.add_shape(
            type="rect",
            x0=model - 0.5,
            x1=model + 0.5,
            y0=task - 0.5,
            y1=task + 0.5,
            line={"color": colour, "width": width},
        )


def _span(bench: SilhouetteBench) -> tuple[float, float]:
    """The range of the colours, whatever the threshold: a value keeps its colour."""
    low, high = min(float(np.nanmin(bench.best)), 0.0), float(np.nanmax(bench.best))
    return low, max(high, low + 0.01)


def _hovers(bench: SilhouetteBench) -> list[list[str]]:
    return [
        [
            f"{plain(task)}, {plain(model)}<br>best {decimal(bench.best[t, m], 3)} with "
            f"{counted(bench.best_k[t, m], 'cluster')}<br>in force: {bench.k[t, m]}, of "
            f"{counted(bench.n_strong[t, m], 'strong query')}"
            for m, model in enumerate(bench.models)
        ]
        for t, task in enumerate(bench.tasks)
    ]


def splits_figure(
    bench: SilhouetteBench,
    task: int,
    model: int,
    accent: str,
    *,
    ends: tuple[float, float] = (0.0, 0.0),
    labelled: bool = True,
) -> go.Figure:
    """The silhouette by k of one model in one task, thin lines: of the others there.

    Dashed: the threshold, with its name where `labelled`; large: in force; ends : values that the
    axis shows in any case. `meta` of a trace is the place of its model.
    """
    figure, shown = go.Figure(), bench.values[task][np.isfinite(bench.values[task])]
    others = [other for other in range(len(bench.models)) if other != model]
    for other in (one for one in others if len(bench.splits(task, one))):
        figure.add_trace(_other_splits(bench, task, other))
    figure.add_trace(_own_splits(bench, task, model, accent))
    figure.add_hline(
        y=bench.min_silhouette,
        line={"color": MUTED, "dash": "dash", "width": 1.5},
        annotation={"text": f"min silhouette {bench.min_silhouette:g}", "xanchor": "right"}
        if labelled
        else None,
    )
    low = min(0.0, bench.min_silhouette, ends[0], float(shown.min()))
    high = max(bench.min_silhouette, ends[1], float(shown.max()))
    k = np.flatnonzero(np.isfinite(bench.values[task]).any(axis=0)) + SMALLEST_K
    figure.update_layout(template="cascal", height=360, margin={"b": 40})
    figure.update_xaxes(title="Clusters", dtick=1, range=[k.min() - 0.5, k.max() + 0.5])
    figure.update_yaxes(title="Silhouette", tickformat=".1f", range=round_range([low, high]))
    return figure


def _own_splits(bench: SilhouetteBench, task: int, model: int, accent: str) -> go.Scatter:
    k, in_force = bench.splits(task, model), bench.k[task, model]
    values = bench.values[task, model, k - SMALLEST_K]
    above = values >= bench.min_silhouette
    return go.Scatter(
        x=k,
        y=values,
        meta=model,
        mode="lines+markers",
        line={"color": accent, "width": 2},
        marker={
            "size": np.where(k == in_force, 16, 9).tolist(),
            "color": np.where(above, accent, MUTED).tolist(),
        },
        hovertemplate=f"{plain(bench.models[model])}, %{{x}} clusters: %{{y:.3f}}<extra></extra>",
    )


def _other_splits(bench: SilhouetteBench, task: int, model: int) -> go.Scatter:
    k = bench.splits(task, model)
    return go.Scatter(
        x=k,
        y=bench.values[task, model, k - SMALLEST_K],
        meta=model,
        mode="lines+markers",
        opacity=0.45,
        line={"color": MUTED, "width": 1},
        marker={"size": 5, "color": MUTED},
        hovertemplate=f"{plain(bench.models[model])}, %{{x}} clusters: %{{y:.3f}}<extra></extra>",
    )


def split_names(split: Split, dataset: Dataset, task: str) -> tuple[str, ...]:
    """(k,) what sets each cluster of a split apart from the others."""
    assignment = np.full(len(dataset.train), -1, dtype=np.int64)
    assignment[split.rows] = split.cluster
    return tuple(map(cluster_name, dataset.namer.names(assignment, [task] * split.k)))


def split_frame(split: Split, names: Sequence[str]) -> pd.DataFrame:
    """One row a cluster of a split: queries, mean silhouette, percent below 0."""
    of_cluster = [split.silhouettes[split.cluster == at] for at in range(split.k)]
    return pd.DataFrame(
        {
            "cluster": list(names),
            "queries": [len(values) for values in of_cluster],
            "mean": [values.mean() if len(values) else np.nan for values in of_cluster],
            "below": [
                100 * (values < 0).mean() if len(values) else np.nan for values in of_cluster
            ],
        }
    )


def split_figure(split: Split, names: Sequence[str], colours: Sequence[str]) -> go.Figure:
    """The silhouette plot: every strong query's own silhouette, sorted in its cluster."""
    gap = max(1, len(split.rows) // 50)
    figure, centres = go.Figure(), []
    for at in range(split.k):
        place = np.flatnonzero(split.cluster == at)
        if not len(place):
            continue
        y = place + at * gap
        centres.append((float(y.mean()), plain(names[at])))
        figure.add_trace(
            go.Bar(
                x=split.silhouettes[place],
                y=y,
                orientation="h",
                width=1,
                marker={"color": colours[at % len(colours)], "line": {"width": 0}},
                hovertemplate=f"{plain(names[at])}: %{{x:.3f}}<extra></extra>",
            )
        )
    mean = f"mean {decimal(split.mean, 3)}"
    figure.add_vline(
        x=split.mean,
        line={"color": MUTED, "dash": "dash", "width": 1.5},
        annotation={"text": mean, "yanchor": "bottom", "xanchor": "center"},
    )
    figure.update_layout(template="cascal", height=420, margin={"t": 28, "b": 40})
    ticks = {"tickvals": [y for y, _ in centres], "ticktext": [name for _, name in centres]}
    figure.update_yaxes(title=None, showgrid=False, autorange="reversed", **ticks)
    figure.update_xaxes(
        title="Silhouette of a query",
        tickformat=".1f",
        range=round_range([0.0, *split.silhouettes.tolist()]),
    )
    return figure


def coherence_frame(snapshot: Snapshot, clusters: Sequence[Coherence]) -> pd.DataFrame:
    """One row a cluster in force: name, mean silhouette, percent below 0, queries, nearest."""
    labels = snapshot.labels
    return pd.DataFrame(
        {
            "cluster": [labels[one.cluster] for one in clusters],
            "mean": [one.mean for one in clusters],
            "below": in_percent([one.below_zero for one in clusters]),
            "queries": [one.n_queries for one in clusters],
            "nearest": [None if one.nearest is None else labels[one.nearest] for one in clusters],
            "distance": [one.distance for one in clusters],
        }
    )
