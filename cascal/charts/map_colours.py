"""What the points of the map are coloured by, and which group or value each query has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cascal.charts.skills import cluster_labels
from cascal.compare.slices import column_names, groups_in
from cascal.dataset.dataset import Dataset
from cascal.dataset.query_filters import first_model_right, pool_agreement
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray, IntArray
from cascal.diagnose.coherence import own_silhouettes
from cascal.results import Routes

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

SILHOUETTE_ROOM = 0.1
"""The scale of silhouettes shows at least so much below 0: that none is there can be seen."""

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
    """How the points of the map are coloured: by group (Q,) with names, or by value (Q,).

    value_break : where values turn bad; value_marks : values to be marked on the scale,
    which scale_title names; unknown : what a query without a value is called
    """

    title: str
    group: IntArray | None = None
    names: tuple[str, ...] = ()
    value: FloatArray | None = None
    value_range: tuple[float, float] | None = None
    value_break: float | None = None
    value_marks: tuple[float, ...] = ()
    scale_title: str = ""
    unknown: str = "Unknown"


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
    _, high = _middle(value)
    known, least = value[np.isfinite(value)], snapshot.router.thresholds.min_silhouette
    return Colouring(
        COLOUR_TITLES["silhouette"],
        value=value,
        value_range=(min(float(known.min(initial=0.0)), -SILHOUETTE_ROOM), high),
        value_break=0.0,
        value_marks=(0.0, least),
        scale_title=f"Silhouette · lines: 0 and the minimum, {least:g}",
        unknown="Not judged",
    )


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
