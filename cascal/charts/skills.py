"""Models, clusters and queries as frames and figures; nothing is drawn that is not in a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, cell_texts, in_percent, plain, round_range
from cascal.compare.slices import column_names, groups_in
from cascal.counted import counted
from cascal.dataset.dataset import Dataset
from cascal.dataset.part import Part
from cascal.dataset.query_card import answer_groups, answer_label
from cascal.dataset.query_filters import first_model_right, pool_agreement
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray, IntArray, Votes
from cascal.diagnose.coherence import own_silhouettes
from cascal.explain import Z95, RouteTrace
from cascal.intervals import mean_rows
from cascal.naming.cluster_names import cluster_name
from cascal.rank import SelectionRanking
from cascal.results import Routes
from cascal.routing.leaders import cluster_leaders
from cascal.routing.route import Router

ColourBy = Literal[
    "model",
    "cluster",
    "task",
    "margin",
    "skill",
    "agreement",
    "silhouette",
    "correct",
    "fallback",
    "kept",
]

COLOUR_TITLES: dict[ColourBy, str] = {
    "model": "First model",
    "cluster": "Skill cluster",
    "task": "Task",
    "margin": "Lead of the first model",
    "skill": "Estimated skill of one model",
    "agreement": "Agreement of the pool",
    "silhouette": "Silhouette in its cluster",
    "correct": "First model right or wrong",
    "fallback": "Distance to the nearest cluster",
    "kept": "Value of one column",
}


@dataclass(frozen=True, eq=False)
class Colouring:
    """How the points of the map are coloured: by group (Q,) with names, or by value (Q,)."""

    title: str
    group: IntArray | None = None
    names: tuple[str, ...] = ()
    value: FloatArray | None = None
    value_range: tuple[float, float] | None = None


def colour_map(
    snapshot: Snapshot,
    dataset: Dataset,
    split: Literal["train", "test"],
    by: ColourBy,
    model: str | None = None,
    column: str | None = None,
) -> Colouring:
    """What the map shows for the training or test queries.

    model  : whose skill is shown, by default that of the model liked best
    column : whose values are shown, by default the first that was kept, or the length

    A test query has no silhouette: it belongs to no cluster.
    """
    part = dataset.part(split)
    routes, title = snapshot.routes(split), COLOUR_TITLES[by]
    if by == "model":
        return Colouring(title, routes.selected[:, 0], routes.models)
    if by == "cluster":
        return Colouring(title, snapshot.clusters(split), cluster_labels(snapshot))
    if by == "task":
        names = tuple(sorted(set(dataset.train.votes.tasks) | set(part.votes.tasks)))
        number = {name: at for at, name in enumerate(names)}
        return Colouring(title, np.array([number[task] for task in part.votes.tasks]), names)
    if by == "kept":
        known = column_names(dataset)
        name = column if column in known else known[0]
        return Colouring(name.capitalize(), *groups_in(dataset, split, name))
    if by == "correct":
        right = first_model_right(part, routes)
        group = np.where(np.isfinite(right), right == 0, -1).astype(np.int64)
        return Colouring(title, group, ("right", "wrong"))
    if by == "margin":
        ordered = np.sort(routes.scores, axis=1)
        lead = ordered[:, -1] - ordered[:, -2] if ordered.shape[1] > 1 else ordered[:, -1]
        top = float(np.quantile(lead, 0.98)) if len(lead) else 1.0
        return Colouring(title, value=lead, value_range=(0.0, top or 1.0))
    if by == "agreement":
        return Colouring(title, value=pool_agreement(part), value_range=(0.0, 1.0))
    if by == "silhouette":
        return _silhouettes(snapshot, len(part), split)
    if by == "skill":
        return _skill(routes, snapshot.router.best_overall, model)
    return Colouring(title, value=routes.distance)


def _silhouettes(snapshot: Snapshot, n_queries: int, split: Literal["train", "test"]) -> Colouring:
    value = own_silhouettes(snapshot) if split == "train" else np.full(n_queries, np.nan)
    low, high = _middle(value)
    title = COLOUR_TITLES["silhouette"]
    return Colouring(title, value=value, value_range=(min(low, 0.0), high))


def _skill(routes: Routes, best: int, model: str | None) -> Colouring:
    """The scores of one model, on the scale of all: two models can be compared by their colours."""
    column = routes.models.index(model) if model in routes.models else best
    title = f"Estimated skill of {routes.models[column]}"
    return Colouring(title, value=routes.scores[:, column], value_range=_middle(routes.scores))


def _middle(values: FloatArray) -> tuple[float, float]:
    """From the lowest 2 % of the known values to the highest."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = np.quantile(known, [0.02, 0.98]).tolist()
    return low, max(high, low + 1e-6)


def agreement_groups(part: Part) -> tuple[IntArray, tuple[str, ...]]:
    """(Q,) how many models gave the most frequent answer, and what to call 0, 1, 2, … of them."""
    n_models = len(part.votes.models)
    size = np.rint(pool_agreement(part) * n_models).astype(np.int64)
    return size, tuple(f"{n} of {counted(n_models, 'model')}" for n in range(n_models + 1))


def cluster_labels(snapshot: Snapshot) -> tuple[str, ...]:
    """One label per cluster: its number and its terms."""
    return tuple(f"{c} {cluster_name(terms)}" for c, terms in enumerate(snapshot.names))


def clusters_frame(snapshot: Snapshot) -> pd.DataFrame:
    """One row a cluster: number, name, task, queries, first models and scores at its centre, lead.

    aside: another first model by consensus alone, and why the router does not pick it.
    """
    router = snapshot.router
    clusters, leaders = router.clusters, cluster_leaders(router)
    ordered = np.take_along_axis(router.at_centers.scores, router.cluster_order, axis=1)
    lead = ordered[:, 0] - ordered[:, 1] if ordered.shape[1] > 1 else np.full(len(clusters), np.nan)
    return pd.DataFrame(
        {
            "cluster": np.arange(len(clusters)),
            "name": [cluster_name(terms) for terms in snapshot.names],
            "task": [router.tasks[task] for task in clusters.task],
            "queries": clusters.sizes,
            "first": [one.best[0] for one in leaders],
            "top": [", ".join(one.best) for one in leaders],
            "aside": [one.aside for one in leaders],
            "score": ordered[:, 0],
            "lead": lead,
        }
    )


def ranking_frame(router: Router, cluster: int) -> pd.DataFrame:
    """The models of one cluster in the order of the router's picks at its centre.

    score at the centre; raw mean in the cluster with 95 % interval; trust in its deviation
    """
    rankings, order = router.rankings, router.cluster_order[cluster]
    mean, error = rankings.mean_scores[cluster, order], rankings.standard_error[cluster, order]
    return pd.DataFrame(
        {
            "model": [router.models[m] for m in order],
            "score": router.at_centers.scores[cluster, order],
            "mean": mean,
            "low": mean - Z95 * error,
            "high": mean + Z95 * error,
            "trust": rankings.trust[cluster, order],
        }
    )


def selection_frame(ranking: SelectionRanking, models: Sequence[str]) -> pd.DataFrame:
    """The models over a hand-picked set of queries, best first, with 95 % intervals."""
    order = ranking.order
    return pd.DataFrame(
        {
            "model": [models[m] for m in order],
            "mean": ranking.mean[order],
            "low": ranking.low[order],
            "high": ranking.high[order],
        }
    )


def trace_frame(trace: RouteTrace) -> pd.DataFrame:
    """One row a model of a traced route."""
    return pd.DataFrame(
        {
            "model": [one.model for one in trace.models],
            "mean": [one.score for one in trace.models],
            "low": [one.score - Z95 * one.standard_error for one in trace.models],
            "high": [one.score + Z95 * one.standard_error for one in trace.models],
            "selected": [one.selected for one in trace.models],
        }
    )


def share_frame(models: Sequence[str], now: FloatArray, pinned: FloatArray) -> pd.DataFrame:
    """One row a model: percent of the queries it gets first, and the change in points."""
    order = np.argsort(-now, kind="stable")
    return pd.DataFrame(
        {
            "model": [models[m] for m in order],
            "share": in_percent(now[order]),
            "change": in_percent((now - pinned)[order]),
        }
    )


def share_figure(models: Sequence[str], now: FloatArray, colours: Mapping[str, str]) -> go.Figure:
    """Share of the queries that each model gets first."""
    order = np.argsort(-now, kind="stable")
    figure = go.Figure(
        go.Bar(
            x=now[order],
            y=[plain(models[m]) for m in order],
            orientation="h",
            marker={"color": [colours.get(models[m], MUTED) for m in order]},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_layout(template="cascal", height=28 * len(order) + 40)
    figure.update_yaxes(autorange="reversed", title=None)
    figure.update_xaxes(tickformat=".0%", title=None, range=round_range([0.0, *now.tolist()]))
    return figure


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
    known = shown.to_numpy()[~np.isnan(shown.to_numpy())]
    low, high = (
        (np.floor(known.min() * 10) / 10, np.ceil(known.max() * 10) / 10) if len(known) else (0, 1)
    )
    figure = go.Figure(
        go.Heatmap(
            z=shown.to_numpy(),
            x=names,
            y=names,
            zmin=low,
            zmax=high,
            xgap=2,
            ygap=2,
            colorscale=[[i / (len(scale) - 1), c] for i, c in enumerate(scale)],
            colorbar={"thickness": 8, "outlinewidth": 0, "tickformat": ".0%"},
            hoverongaps=False,
            hovertemplate="%{y} and %{x}: %{z:.1%} equal answers<extra></extra>",
        )
    )
    if few:
        texts = [[f"{value:.0%}" for value in row] for row in shown.to_numpy()]
        figure.add_trace(
            cell_texts(shown.to_numpy(), texts, x=names, y=names, scale=scale, span=(low, high))
        )
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


def decisions_frame(routes: Routes, query_ids: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    """One row a routed query: the models it goes to, task, distance, lead, fallback share."""
    ordered = np.sort(routes.scores, axis=1)
    lead = ordered[:, -1] - ordered[:, -2] if ordered.shape[1] > 1 else np.full(len(routes), np.nan)
    return pd.DataFrame(
        {
            "query_id": list(query_ids),
            "first": [routes.models[m] for m in routes.selected[:, 0]],
            "selected": [", ".join(routes.models[m] for m in row) for row in routes.selected],
            "task": [routes.tasks[task] for task in routes.task],
            "distance": routes.distance,
            "lead": lead,
            "fallback": routes.fallback,
            "text": list(texts),
        }
    )
