"""The numbers behind a finding, as named values that can be drawn or listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cascal.compare.gold_agreement import gold_agreements
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, NotApplicable
from cascal.diagnose.clusters import MIN_QUERIES
from cascal.diagnose.data import DUPLICATE_SHARE, MIN_AUC, UNREADABLE_OF_MODEL, confidence_auc
from cascal.diagnose.models import DOMINANT_SHARE, FAMILY_RATIO, kinships
from cascal.diagnose.quality import SURE, cluster_needs, repeats
from cascal.diagnose.routes import (
    OPPOSED,
    WRONG_TASK,
    estimated_accuracies,
    moved_by_joining,
)

MOST = 25


@dataclass(frozen=True)
class Evidence:
    """Named values of one measure; `rule` is the value beyond which the check speaks, if one."""

    measure: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    rule: float | None = None


def _sorted(
    measure: str, names: list[str], values: list[float], rule: float | None = None
) -> Evidence:
    """The largest first, at most `MOST`; unknown values are left out."""
    known = [(value, name) for name, value in zip(names, values, strict=True) if np.isfinite(value)]
    known.sort(key=lambda one: (-one[0], one[1]))
    shown = known[:MOST]
    return Evidence(
        measure, tuple(name for _, name in shown), tuple(value for value, _ in shown), rule
    )


def _silhouettes(snapshot: Snapshot) -> Evidence:
    best = [float(task.silhouettes.max()) for task in snapshot.fit.by_task]
    names = [snapshot.fit.tasks[task.task] for task in snapshot.fit.by_task]
    rule = snapshot.router.thresholds.min_silhouette
    return _sorted("best silhouette of any model and k", names, best, rule)


def _sizes(snapshot: Snapshot) -> Evidence:
    sizes = snapshot.router.clusters.sizes
    order = np.argsort(sizes, kind="stable")[:MOST]
    names = tuple(
        f"cluster {c}, {snapshot.router.tasks[snapshot.router.clusters.task[c]]}" for c in order
    )
    return Evidence(
        "training queries", names, tuple(float(sizes[c]) for c in order), float(MIN_QUERIES)
    )


def _shares(snapshot: Snapshot) -> Evidence:
    return _sorted(
        "share of the queries",
        list(snapshot.router.models),
        snapshot.share.tolist(),
        DOMINANT_SHARE,
    )


def _taus(snapshot: Snapshot) -> Evidence:
    test = snapshot.dataset.gold_test
    found = gold_agreements(
        snapshot.fit.consensus,
        test.right,
        snapshot.router.clusters.assignment,
        snapshot.routes("test").cluster,
        [f"cluster {c}" for c in range(len(snapshot.router.clusters))],
    )
    return _sorted(
        "Kendall τ with gold", [one.scope for one in found], [one.tau.value for one in found], 0.0
    )


def _pairs(snapshot: Snapshot) -> Evidence:
    found = kinships(snapshot)[:MOST]
    names = tuple(f"{one.first} and {one.second}" for one in found)
    ratios = tuple(one.shared / max(one.expected, 1e-9) for one in found)
    return Evidence("shared rejected answers, times an average pair", names, ratios, FAMILY_RATIO)


def _sureness(snapshot: Snapshot) -> Evidence:
    needs = cluster_needs(snapshot.router, snapshot.fit.consensus)
    found, more = needs[:MOST], f" (the {MOST} least sure)" if len(needs) > MOST else ""
    names = tuple(f"cluster {one.cluster}: {one.first} over {one.second}" for one in found)
    sure = tuple(one.certainty for one in found)
    return Evidence(f"probability of being ahead{more}", names, sure, SURE)


def _unreadable(snapshot: Snapshot) -> Evidence:
    votes = snapshot.dataset.train.votes
    asked = np.maximum(votes.asked.sum(axis=0), 1)
    share = (votes.asked & ~votes.answered).sum(axis=0) / asked
    return _sorted(
        "share without a readable answer", list(votes.models), share.tolist(), UNREADABLE_OF_MODEL
    )


def _confidence(snapshot: Snapshot) -> Evidence:
    models = list(snapshot.dataset.train.votes.models)
    return _sorted(
        "confident when agreeing (AUC)", models, confidence_auc(snapshot).tolist(), MIN_AUC
    )


def _misplaced(snapshot: Snapshot) -> Evidence:
    test, routes = snapshot.dataset.test, snapshot.test_routes
    if test is None or routes is None:
        raise NotApplicable("There are no test queries.", code="no-test-queries")
    chosen = np.array([routes.tasks[task] for task in routes.task])
    own = np.array(test.votes.tasks)
    names = sorted(set(own.tolist()))
    wrong = [float((chosen[own == name] != name).mean()) for name in names]
    return _sorted("routed into another task", names, wrong, WRONG_TASK)


def _repeats(snapshot: Snapshot) -> Evidence:
    twice = repeats(snapshot.dataset)
    return _by_task(snapshot, "share that repeats an earlier query", twice, DUPLICATE_SHARE)


def _moved(snapshot: Snapshot) -> Evidence:
    _, moved = moved_by_joining(snapshot)
    return _by_task(snapshot, "share whose best model is another one since", moved, OPPOSED)


def _by_task(snapshot: Snapshot, measure: str, rows: BoolArray, rule: float) -> Evidence:
    """Shares of the first training queries, task by task."""
    tasks = np.array(snapshot.dataset.train.votes.tasks[: len(rows)])
    names = sorted(set(tasks.tolist()))
    return _sorted(measure, names, [float(rows[tasks == name].mean()) for name in names], rule)


def _distances(snapshot: Snapshot) -> Evidence:
    distance = snapshot.routes("test").distance
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
    return Evidence(
        "distance to the nearest cluster",
        tuple(f"{q:.0%} of the queries below" for q in quantiles),
        tuple(float(one) for one in np.quantile(distance, quantiles)),
        snapshot.router.routing.fallback_distance,
    )


def _accuracies(snapshot: Snapshot) -> Evidence:
    models = list(snapshot.fit.models)
    return _sorted("estimated accuracy", models, estimated_accuracies(snapshot.fit).tolist())


_OF_CHECK: dict[str, Callable[[Snapshot], Evidence]] = {
    "CAS101": _silhouettes,
    "CAS103": _sizes,
    "CAS201": _taus,
    "CAS202": _shares,
    "CAS204": _pairs,
    "CAS205": _sureness,
    "CAS301": _unreadable,
    "CAS302": _confidence,
    "CAS305": _repeats,
    "CAS401": _misplaced,
    "CAS402": _distances,
    "CAS405": _moved,
    "CAS406": _accuracies,
}


def evidence(code: str, snapshot: Snapshot) -> Evidence | None:
    """The numbers behind a finding; None where the sentence says it all."""
    make = _OF_CHECK.get(code)
    if make is None:
        return None
    try:
        return make(snapshot)
    except NotApplicable:
        return None
