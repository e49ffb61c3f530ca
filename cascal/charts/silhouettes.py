"""The silhouettes of all candidates, and the silhouette plot of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, cell_texts, plain
from cascal.cluster_names import cluster_name
from cascal.dataset.dataset import Dataset
from cascal.diagnose.silhouettes import SMALLEST_K, SilhouetteBench, Split

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


def bench_figure(bench: SilhouetteBench, scale: Sequence[str]) -> go.Figure:
    """Best silhouette of every task and model; in brackets the number of clusters, where split."""
    best, span = bench.best, _span(bench)
    x, y = list(range(len(bench.models))), list(range(len(bench.tasks)))
    figure = go.Figure(
        go.Heatmap(
            z=best,
            x=x,
            y=y,
            zmin=span[0],
            zmax=span[1],
            xgap=2,
            ygap=2,
            text=_hovers(bench),
            colorscale=[[at / (len(scale) - 1), colour] for at, colour in enumerate(scale)],
            colorbar={"thickness": 8, "outlinewidth": 0, "tickformat": ".2f"},
            hoverongaps=False,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    if len(bench.models) <= MOST_COLUMNS:
        texts = [
            [f"{value:.2f}" + (f" ({k})" if k > 1 else "") for value, k in zip(*row, strict=True)]
            for row in zip(best, bench.k, strict=True)
        ]
        figure.add_trace(cell_texts(best, texts, x=x, y=y, scale=scale, span=span))
    figure.update_layout(template="cascal", height=34 * len(y) + 110)
    names = {"tickvals": x, "ticktext": [plain(name, 24) for name in bench.models]}
    figure.update_xaxes(title=None, showgrid=False, zeroline=False, **names)
    names = {"tickvals": y, "ticktext": [plain(name, 28) for name in bench.tasks]}
    figure.update_yaxes(title=None, showgrid=False, zeroline=False, autorange="reversed", **names)
    return figure


def _span(bench: SilhouetteBench) -> tuple[float, float]:
    """The range of the colours: the threshold is in it, so that what passes it looks strong."""
    low, high = min(float(np.nanmin(bench.best)), 0.0), float(np.nanmax(bench.best))
    return low, max(high, bench.min_silhouette, low + 0.01)


def _hovers(bench: SilhouetteBench) -> list[list[str]]:
    return [
        [
            f"{plain(task)}, {plain(model)}<br>best {bench.best[t, m]:.3f} with "
            f"{bench.best_k[t, m]} clusters<br>in force: {bench.k[t, m]}, of "
            f"{bench.n_strong[t, m]:,} strong queries"
            for m, model in enumerate(bench.models)
        ]
        for t, task in enumerate(bench.tasks)
    ]


def splits_figure(bench: SilhouetteBench, task: int, model: int, accent: str) -> go.Figure:
    """The silhouette by k of one task and model; dashed: the threshold; large: in force."""
    k, in_force = bench.splits(task, model), bench.k[task, model]
    values = bench.values[task, model, k - SMALLEST_K]
    above = values >= bench.min_silhouette
    figure = go.Figure(
        go.Scatter(
            x=k,
            y=values,
            mode="lines+markers",
            line={"color": MUTED, "width": 1.5},
            marker={
                "size": np.where(k == in_force, 16, 9).tolist(),
                "color": np.where(above, accent, MUTED).tolist(),
            },
            hovertemplate="%{x} clusters: %{y:.3f}<extra></extra>",
        )
    )
    figure.add_hline(
        y=bench.min_silhouette,
        line={"color": MUTED, "dash": "dash", "width": 1.5},
        annotation={"text": f"min silhouette {bench.min_silhouette:g}", "xanchor": "right"},
    )
    low = min(0.0, bench.min_silhouette, float(values.min()))
    high = max(bench.min_silhouette, float(values.max()))
    room = 0.12 * (high - low) + 0.01
    figure.update_layout(template="cascal", height=300, margin={"b": 40})
    figure.update_xaxes(title="Clusters", dtick=1, range=[k.min() - 0.5, k.max() + 0.5])
    figure.update_yaxes(title="Silhouette", range=[low - room, high + room], tickformat=".2f")
    return figure


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
    figure.add_vline(
        x=split.mean,
        line={"color": MUTED, "dash": "dash", "width": 1.5},
        annotation={"text": f"mean {split.mean:.3f}"},
    )
    figure.update_layout(template="cascal", height=420, margin={"t": 28, "b": 40})
    ticks = {"tickvals": [y for y, _ in centres], "ticktext": [name for _, name in centres]}
    figure.update_yaxes(title=None, showgrid=False, autorange="reversed", **ticks)
    figure.update_xaxes(title="Silhouette of a query", tickformat=".1f")
    return figure
