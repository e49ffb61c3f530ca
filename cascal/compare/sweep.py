"""Thresholds as curves and maps: what changes over the whole range, and where nothing does.

Only attainable values are visited: joining has three settings, and `min_silhouette` matters only
at the best silhouette of some model in some task. Every point equals a router built there, and a
fit from scratch with these thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from joblib import Parallel, delayed

from cascal.attainable import silhouette_steps
from cascal.columns import Progress
from cascal.compare.cost import cost_grid
from cascal.dataset.cost import mean_cost, query_costs
from cascal.dataset.part import Part
from cascal.datatypes import CascalError, FloatArray, IntArray, NotApplicable
from cascal.evaluate import correctness, effective_number, first_share
from cascal.fit import Fit
from cascal.intervals import Estimate, estimates
from cascal.results import Routes
from cascal.settings import JOINING, Thresholds

Name = Literal["min_silhouette", "merge_distance", "prune_jaccard", "cost_weight"]
NAMES: dict[Name, str] = {
    "min_silhouette": "Min silhouette",
    "merge_distance": "Merge distance",
    "prune_jaccard": "Joining",
    "cost_weight": "Cost weight",
}
_BATCH = 32
"""Settings visited between two reports of progress; both cores share them."""
JACCARDS = (None, *(value for value in JOINING.values() if value is not None))
"""The attainable settings of joining: off, share all three best models, at least two, one."""
MERGES = tuple(round(0.01 * step, 2) for step in range(61))


def sweepable(fitted: Fit) -> tuple[Name, ...]:
    """The thresholds that can change anything: those of the clusters only where tasks are split."""
    return ("cost_weight",) if fitted.settings.by_task else tuple(NAMES)


def attainable(fitted: Fit, name: Name, limit: int = 60) -> list[float | None]:
    """Values of one threshold worth visiting, rising; at most `limit` of many silhouettes.

    NotApplicable where nothing can change: one silhouette, no costs, one cluster a task.
    """
    if name not in sweepable(fitted):
        raise NotApplicable(
            f'{NAMES[name]} has no effect: each task is one cluster, as clusters="task" says.',
            code="switched-off",
        )
    if name == "prune_jaccard":
        return list(JACCARDS)
    if name == "merge_distance":
        return list(MERGES)
    if name == "cost_weight":
        return list(cost_grid(fitted.costs))
    known = np.unique(silhouette_steps(fitted))
    if not len(known):
        raise NotApplicable(
            "No model has two different strong queries in any task: nothing to split.",
            code="nothing-to-split",
        )
    if len(known) > limit:
        known = known[np.unique(np.linspace(0, len(known) - 1, limit).round().astype(int))]
    above = min(1.0, float(known[-1]) + 1e-6)
    return [0.0, *(float(one) for one in known if one > 0), above]


@dataclass(frozen=True, eq=False, kw_only=True)
class Point:
    """What the router does at one setting; first (Q,) chosen models, right (Q,) top-1 or nan.

    flipped : share of the queries with another first model than at the reference
    dollars : US dollars per 1,000 queries of the first model; nan where not all are known
    """

    thresholds: Thresholds
    n_clusters: int
    effective_models: float
    flipped: float
    top1: Estimate | None
    first: IntArray
    dollars: float

    def value(self, name: Name) -> float | None:
        """The threshold's value at this point."""
        found: float | None = getattr(self.thresholds, name)
        return found


def visit(
    fitted: Fit,
    settings: Sequence[Thresholds],
    test: Part | None,
    training: Part,
    reference: Routes,
    progress: Progress | None = None,
) -> list[Point]:
    """One point a setting; routed are the test queries, the training queries where there are none.

    Accuracies, with paired intervals, are those of test queries with gold answers.
    """
    part = routed_part(test, training)
    gold = test is not None and test.has_gold  # training accuracies would be those of seen queries
    column = np.array([part.votes.models.index(name) for name in fitted.models])
    right = correctness(part.votes, part.gold, part.judged)[:, column] if gold else None
    rows = np.arange(len(part))
    base = reference.selected[:, 0]
    dollars = query_costs(part, training).dollars[:, column]

    def look(thresholds: Thresholds) -> tuple[int, FloatArray, IntArray]:
        router = fitted.router(replace(thresholds, top_k=1))
        routes = router.route(part.vectors)
        return len(router.clusters), first_share(routes), routes.selected[:, 0]

    found: list[tuple[int, FloatArray, IntArray]] = []
    for start in range(0, len(settings), _BATCH):
        if progress is not None:
            progress(start / len(settings), f"Setting {start + 1:,} of {len(settings):,}")
        batch = settings[start : start + _BATCH]
        found += Parallel(n_jobs=-1, prefer="threads")(delayed(look)(one) for one in batch)
    tops: list[Estimate | None] = [None] * len(found)
    if right is not None and found:
        tops = list(estimates(np.column_stack([right[rows, first] for *_, first in found])))
    return [
        Point(
            thresholds=thresholds,
            n_clusters=n_clusters,
            effective_models=effective_number(share),
            flipped=_share_that_differs(first, base),
            top1=top1,
            first=first,
            dollars=mean_cost(dollars[rows, first]),
        )
        for thresholds, (n_clusters, share, first), top1 in zip(settings, found, tops, strict=True)
    ]


def routed_part(test: Part | None, training: Part) -> Part:
    """The queries that are routed: those of the test part, else those of the training part."""
    return test if test is not None else training


def _share_that_differs(first: IntArray, base: IntArray) -> float:
    return float((first != base).mean()) if len(first) else 0.0


@dataclass(frozen=True, eq=False)
class Curve:
    """One threshold over its attainable values; band is where nothing changes around `now`.

    The band is (lowest, highest) visited value with the same clusters and routes as the current
    one; None where the current value is not between two visited ones that agree.
    """

    name: Name
    now: float | None
    points: tuple[Point, ...]
    band: tuple[float | None, float | None] | None

    @property
    def at_now(self) -> int:
        """The place of the present value among the points."""
        return [point.value(self.name) for point in self.points].index(self.now)


def curve(
    fitted: Fit,
    thresholds: Thresholds,
    name: Name,
    test: Part | None,
    training: Part,
    progress: Progress | None = None,
) -> Curve:
    """Move one threshold over its attainable values, the others held."""
    if name not in NAMES:
        raise CascalError(
            f"There is no threshold {name!r} to sweep; choose {', '.join(NAMES)}.",
            code="unknown-choice",
        )
    now: float | None = getattr(thresholds, name)
    values = attainable(fitted, name)
    if now not in values:
        values = sorted([*values, now], key=_order)
    settings = [with_value(thresholds, name, one) for one in values]
    reference = fitted.router(thresholds).route(routed_part(test, training).vectors)
    return _read(name, now, visit(fitted, settings, test, training, reference, progress))


def read_at(
    found: Curve, fitted: Fit, thresholds: Thresholds, test: Part | None, training: Part
) -> Curve:
    """The same curve read from another present value, which is visited if it was not.

    Only the swept threshold may differ from those the curve was made with.
    """
    now: float | None = getattr(thresholds, found.name)
    points = list(found.points)
    if now not in [point.value(found.name) for point in points]:
        reference = fitted.router(thresholds).route(routed_part(test, training).vectors)
        points += visit(fitted, [thresholds], test, training, reference)
        points.sort(key=lambda point: _order(point.value(found.name)))
    return _read(found.name, now, points)


def _read(name: Name, now: float | None, points: Sequence[Point]) -> Curve:
    values = [point.value(name) for point in points]
    at = values.index(now)
    base = points[at].first
    told = [replace(point, flipped=_share_that_differs(point.first, base)) for point in points]
    return Curve(name, now, tuple(told), _band(told, at, values))


def with_value(thresholds: Thresholds, name: Name, value: float | None) -> Thresholds:
    """The same thresholds with one of them changed; only joining can be None."""
    if name == "prune_jaccard":
        return replace(thresholds, prune_jaccard=value)
    if value is None:
        raise CascalError(f"{name} needs a number.", code="missing-value")
    if name == "min_silhouette":
        return replace(thresholds, min_silhouette=value)
    if name == "merge_distance":
        return replace(thresholds, merge_distance=value)
    return replace(thresholds, cost_weight=value)


def _order(value: float | None) -> float:
    """No joining (None) stands before every Jaccard, which are listed from strict to loose."""
    return -np.inf if value is None else value


def _band(
    points: Sequence[Point], at: int, values: Sequence[float | None]
) -> tuple[float | None, float | None] | None:
    def same(other: int) -> bool:
        one, two = points[at], points[other]
        return one.n_clusters == two.n_clusters and bool((one.first == two.first).all())

    low = high = at
    while low > 0 and same(low - 1):
        low -= 1
    while high < len(points) - 1 and same(high + 1):
        high += 1
    return None if low == high else (values[low], values[high])


@dataclass(frozen=True, eq=False)
class SweepMap:
    """Two thresholds at once: points[i][j] at first_values[i], second_values[j]."""

    first: Name
    second: Name
    first_values: tuple[float | None, ...]
    second_values: tuple[float | None, ...]
    points: tuple[tuple[Point, ...], ...]


def sweep_map(
    fitted: Fit,
    thresholds: Thresholds,
    names: tuple[Name, Name],
    test: Part | None,
    training: Part,
    reference: Routes,
    *,
    limit: int = 32,
    progress: Progress | None = None,
) -> SweepMap:
    """Move two thresholds over a grid of attainable values, at most `limit` of each."""
    if names[0] == names[1]:
        raise CascalError("A map needs two different thresholds.", code="conflicting-settings")
    first, second = (_thinned(attainable(fitted, name, limit), limit) for name in names)
    settings = [
        with_value(with_value(thresholds, names[0], one), names[1], other)
        for one in first
        for other in second
    ]
    points = visit(fitted, settings, test, training, reference, progress)
    rows = [tuple(points[at * len(second) : (at + 1) * len(second)]) for at in range(len(first))]
    return SweepMap(names[0], names[1], tuple(first), tuple(second), tuple(rows))


def _thinned(values: list[float | None], limit: int) -> list[float | None]:
    if len(values) <= limit:
        return values
    chosen = np.unique(np.linspace(0, len(values) - 1, limit).round().astype(int))
    return [values[at] for at in chosen]
