"""What other benchmarks measure of a router: nAUC, Peak, QNC, RCI, and how many votes count.

The operating points are the first models of the router at every cost weight. Definitions of the
first four: ORBIT (LAMDA, 2026); of the effective number of votes: Kish 1965, § 8.2, as in "Nine
judges, two effective votes", arXiv:2605.29800. Every interval resamples queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cascal.compare.cost import cost_grid, pareto_front
from cascal.dataset.cost import first_costs, query_costs
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, FloatArray, NotApplicable
from cascal.files.plain_json import finite
from cascal.intervals import Estimate, estimate, interval, mean_rows, resampled_means
from cascal.prices import COST_UNIT

RESAMPLES = 500
"""Each of them draws a front anew."""


@dataclass(frozen=True, kw_only=True)
class PeerMeasure:
    """One measure: its key and name, what it says, its estimate; None where it is not defined."""

    key: str
    name: str
    about: str
    found: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """In JSON types, what is not finite as None."""
        found = self.found
        parts = ("value", "low", "high")
        return {
            "name": self.name,
            **{part: None if found is None else finite(getattr(found, part)) for part in parts},
        }


ABOUT = {
    "nauc": (
        "nAUC",
        "Area below the best quality that any cost buys, up to the highest cost, divided by that "
        "cost: 1 would be always right for nothing.",
    ),
    "peak": ("Peak", "The highest share of right first answers at any cost weight."),
    "qnc": (
        "QNC",
        "The least cost at which routing is as good as the best single model, divided by what that "
        "model costs: 0.4 = the same quality for 40 % of the money.",
    ),
    "rci": (
        "RCI",
        "Routing collapse: the share of queries that go to a model that is not among their best, "
        "or to the dearest one where a cheaper one is as good.",
    ),
    "effective_votes": (
        "Effective votes",
        "As many independent models as the pool’s errors are worth: all of them where errors are "
        "unrelated, 1 where all models err together.",
    ),
}


def peer_measures(snapshot: Snapshot) -> tuple[PeerMeasure, ...]:
    """All five by gold answers; NotApplicable without any. Without costs only the last one."""
    test = snapshot.dataset.gold_test
    found: dict[str, Estimate | None] = {"effective_votes": effective_votes(test.right)}
    try:
        cost_grid(snapshot.fit.costs)
    except NotApplicable:
        return _named(found)
    right, dollars = _points(snapshot)
    known = np.isfinite(np.hstack([right, dollars])).all(axis=1)
    if known.any():
        found |= front_measures(right[known], dollars[known])
    return _named(found | {"rci": _collapse(snapshot)})


def _named(found: dict[str, Estimate | None]) -> tuple[PeerMeasure, ...]:
    return tuple(
        PeerMeasure(key=key, name=name, about=about, found=found.get(key))
        for key, (name, about) in ABOUT.items()
    )


def _points(snapshot: Snapshot) -> tuple[FloatArray, FloatArray]:
    """(Q, W + 1) right and US dollars per 1,000 at every cost weight; last: the best single."""
    data = snapshot.dataset
    test = data.gold_test
    columns = list(_of_weights(snapshot, sorted({*cost_grid(snapshot.fit.costs), 0.0})))
    at = test.votes.models.index(snapshot.constant.name)
    dollars = query_costs(test, data.train).dollars
    columns.append((test.right[:, at], COST_UNIT * dollars[:, at]))
    right, cost = zip(*columns, strict=True)
    return np.column_stack(right), np.column_stack(cost)


def _of_weights(
    snapshot: Snapshot, weights: list[float]
) -> Iterator[tuple[FloatArray, FloatArray]]:
    test, train = snapshot.dataset.gold_test, snapshot.dataset.train
    for weight in weights:
        thresholds = replace(snapshot.router.thresholds, cost_weight=weight)
        routes = snapshot.fit.router(thresholds).route(test.vectors)
        dollars, _ = first_costs(routes, test, train)
        yield test.evaluation(routes).top1_right, COST_UNIT * dollars


def front_measures(right: FloatArray, dollars: FloatArray) -> dict[str, Estimate]:
    """nAUC, Peak and QNC of operating points (Q, W + 1), of which the last is the best single."""
    n_points = right.shape[1]
    both = np.hstack([right, dollars])
    drawn = resampled_means(both, n_resamples=RESAMPLES)
    whole = _of_front(both.mean(axis=0), n_points)
    resampled = np.array([_of_front(row, n_points) for row in drawn])
    low, high = interval(resampled)
    return {
        name: Estimate(whole[at], float(low[at]), float(high[at]), len(right))
        for at, name in enumerate(("nauc", "peak", "qnc"))
    }


def _of_front(means: FloatArray, n_points: int) -> tuple[float, float, float]:
    """The three measures of mean quality and mean cost; QNC is nan where no point is as good."""
    quality, cost = means[: n_points - 1], means[n_points:-1]
    single, price = float(means[n_points - 1]), float(means[-1])
    front = pareto_front(cost, quality)
    x, y = cost[front], quality[front]
    highest = max(float(x[-1]), price)
    x, y = np.append(x, highest), np.append(y, y[-1])
    area = float(np.trapezoid(y, x)) / highest if highest > 0 else float("nan")
    good = np.flatnonzero(quality[front] >= single)
    qnc = float(cost[front][good[0]]) / price if len(good) and price > 0 else float("nan")
    return area, float(y.max()), qnc


def _collapse(snapshot: Snapshot) -> Estimate | None:
    data, routes = snapshot.dataset, snapshot.routes("test")
    test = data.gold_test
    dearest = int(np.nanargmax(query_costs(test, data.train).dollars.mean(axis=0)))
    column = np.array([test.votes.models.index(name) for name in routes.models])
    collapsed = collapses(test.right, column[routes.selected[:, 0]], dearest)
    counts = np.isfinite(test.right).any(axis=1)
    return estimate(np.where(counts, collapsed, np.nan)) if counts.any() else None


def collapses(right: FloatArray, chosen: np.ndarray, dearest: int) -> BoolArray:
    """(Q,) queries that are not routed as a router without collapse would.

    Good is a model among the best of the query that is not the dearest one; or the dearest one,
    where no other is as good.
    """
    known = np.where(np.isfinite(right), right, -np.inf)
    best = known == known.max(axis=1, keepdims=True)
    own = best[np.arange(len(right)), chosen]
    only_dearest = best[:, dearest] & (best.sum(axis=1) == 1)
    return np.asarray(~np.where(chosen == dearest, own & only_dearest, own))


def effective_votes(right: FloatArray) -> Estimate | None:
    """M / (1 + (M − 1) · mean correlation of errors) of models right (Q, M); None for one model.

    Each pair over the queries on which both count. A model that always or never errs has no
    correlation and is left out.
    """
    means = mean_rows(right) if len(right) else np.zeros(right.shape[1])
    errors = 1.0 - right[:, (means > 0) & (means < 1)]
    n_models = errors.shape[1]
    if n_models < 2:
        return None
    first, second = np.triu_indices(n_models, 1)
    both = np.isfinite(errors[:, first] + errors[:, second])
    one, other = (np.where(both, errors[:, at], np.nan) for at in (first, second))
    moments = np.hstack([one, other, one * other])
    low, high = interval(_kish(resampled_means(moments, n_resamples=RESAMPLES), n_models)[:, None])
    value = float(_kish(mean_rows(moments)[None], n_models)[0])
    return Estimate(value, float(low[0]), float(high[0]), int(both.any(axis=1).sum()))


def _kish(means: FloatArray, n_models: int) -> FloatArray:
    """The number (B,) from the means (B, 3 · pairs) of both errors and of their product."""
    one, other, together = np.split(means, 3, axis=1)
    spread = np.sqrt(np.maximum(one * (1 - one) * other * (1 - other), 1e-12))
    correlation = mean_rows(((together - one * other) / spread).T)
    return np.asarray(n_models / np.maximum(1.0 + (n_models - 1) * correlation, 1.0 / n_models))
