"""CAS1xx: are there clusters at all, too many of them, too small, or others every time?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.computing.remembered import remembered
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray, IntArray, NotApplicable
from cascal.diagnose.evidence import MOST, Evidence, largest
from cascal.diagnose.finding import check
from cascal.doubts.measure import Look, Measure, look_at
from cascal.fit import Fit
from cascal.number_format import agreeing, bracketed, counted, decimal, signed
from cascal.rank import SET_SIZE
from cascal.routing.route import Router
from cascal.settings import Thresholds
from cascal.verdicts.light import ONE_SIDED, cross_fitted_gains

UNSEPARATED_TASKS = 0.5
"""Share of the tasks without any clear split from which the clusters count as not separated."""
REDUNDANT_SHARE = 0.5
"""Share of the clusters that only repeat another's best models (the paper's centroid explosion)."""
MIN_QUERIES = 20
"""Rates from fewer queries are noise more than signal."""
THIN_SHARE = 0.25
NO_GAIN = 0.0
"""The lower end of the gain over one cluster a task that clusters must exceed."""
MIN_RAND = 0.40
"""Adjusted Rand of half-sample fits inside tasks; on nine real pools 0.24 to 0.45 was measured."""


def refuse_one_cluster_a_task(fitted: Fit) -> None:
    """NotApplicable where each task is one cluster by choice: nothing was split or joined."""
    if fitted.settings.by_task:
        raise NotApplicable(
            'Each task is one cluster, as clusters="task" says: nothing is split or joined.',
            code="switched-off",
        )


def best_silhouettes(fitted: Fit) -> FloatArray:
    """The best silhouette of any model and k in each task; −∞ where there is nothing to split."""
    return np.array([task.silhouettes.max() for task in fitted.by_task])


def _silhouettes(snapshot: Snapshot) -> Evidence:
    fitted = snapshot.fit
    names = [fitted.tasks[task.task] for task in fitted.by_task]
    rule = snapshot.router.thresholds.min_silhouette
    best = best_silhouettes(fitted).tolist()
    return largest("best silhouette of any model and k", names, best, rule)


@check(
    "CAS101",
    "Clusters are not separated",
    "In most tasks some split of a model's strong queries is clearer than min_silhouette.",
    _silhouettes,
)
def not_separated(snapshot: Snapshot) -> Look:
    """Best silhouette over all models and k, per task and overall, against `min_silhouette`."""
    refuse_one_cluster_a_task(snapshot.fit)
    required = snapshot.router.thresholds.min_silhouette
    best = best_silhouettes(snapshot.fit)
    if not np.isfinite(best).any():
        raise NotApplicable(
            "No model has two different strong queries in any task: nothing to split.",
            code="nothing-to-split",
        )
    below, name = best < required, f"Tasks in which no split reaches min_silhouette {required:g}"

    def issue() -> str:
        if below.all():
            return (
                f"The best silhouette over all tasks, models and k is {decimal(best.max(), 3)}, "
                f"below min_silhouette {required:g}: every task is one cluster, and routing is a "
                "ranking per task. Look at the encoder before lowering the threshold."
            )
        return (
            f"In {below.sum()} of {counted(len(best), 'task')} no split reaches min_silhouette "
            f"{required:g} (best overall {decimal(best.max(), 3)}): these tasks are one cluster "
            "each, skills inside them are not told apart."
        )

    measure = Measure(name=name, value=float(below.mean()), rule=UNSEPARATED_TASKS)
    return look_at(measure, issue=issue)


def n_redundant(snapshot: Snapshot) -> int:
    """Number of clusters that repeat the set of best models of another one of their task."""
    order, tasks = snapshot.router.consensus_order[:, :SET_SIZE], snapshot.router.clusters.task
    sets = {(int(task), frozenset(row.tolist())) for task, row in zip(tasks, order, strict=True)}
    return len(order) - len(sets)


@check(
    "CAS102",
    "Centroid explosion",
    "Most clusters of a task differ in their three best models by consensus alone.",
)
def explosion(snapshot: Snapshot) -> Look:
    """Clusters of a task that share their set of best models with another one.

    By the raw means, which joining compares, whatever bonus and blending make of them.
    """
    refuse_one_cluster_a_task(snapshot.fit)
    clusters, models = snapshot.router.clusters, snapshot.router.models
    if len(models) <= SET_SIZE:
        raise NotApplicable(
            f"With {counted(len(models), 'model')} all clusters share their best.",
            code="too-little-data",
        )
    redundant = n_redundant(snapshot)
    name = "Clusters that repeat another's best models"
    rule = max(REDUNDANT_SHARE * len(clusters), len(clusters.tasks))
    return look_at(
        Measure(name=name, value=redundant, rule=rule, share=False),
        issue=lambda: (
            f"{counted(len(clusters), 'cluster has', 'clusters have')} only "
            f"{counted(len(clusters) - redundant, 'set', 'different sets')} of three best models "
            f"by consensus alone: {redundant} of them repeat another's. Joining them loses little."
        ),
    )


def _sizes(snapshot: Snapshot) -> Evidence:
    all_sizes, labels = snapshot.router.clusters.sizes, snapshot.labels
    smallest = np.argsort(all_sizes, kind="stable")[:MOST]
    names, sizes = tuple(labels[c] for c in smallest), tuple(float(all_sizes[c]) for c in smallest)
    return Evidence("training queries", names, sizes, float(MIN_QUERIES))


@check(
    "CAS103",
    "Thin clusters",
    f"Few clusters hold less than {MIN_QUERIES} training queries.",
    _sizes,
)
def thin(snapshot: Snapshot) -> Look:
    """Clusters whose rankings rest on too few queries."""
    sizes = snapshot.router.clusters.sizes
    small, name = sizes < MIN_QUERIES, f"Clusters with fewer than {MIN_QUERIES} queries"
    return look_at(
        Measure(name=name, value=float(small.mean()), rule=THIN_SHARE),
        issue=lambda: (
            f"{small.sum()} of {counted(len(sizes), 'cluster')} "
            f"{agreeing(small.sum(), 'holds', 'hold')} fewer than {MIN_QUERIES} training queries "
            f"(smallest {sizes.min()}): their rankings are noise more than signal. Join them, or "
            "generate more."
        ),
    )


def clusters_of(fitted: Fit, thresholds: Thresholds, snapshot: Snapshot) -> IntArray:
    """(Q,) nearest centroid of its task for every training query, by another fit."""
    router = fitted.router(thresholds)
    train = snapshot.dataset.train
    rows = np.asarray(train.vectors.vectors, dtype=np.float64)
    number = {name: at for at, name in enumerate(router.tasks)}
    task = np.array([number.get(name, -1) for name in train.votes.tasks])
    similarity = rows @ router.clusters.centroids.T
    other = router.clusters.task[None, :] != task[:, None]
    return np.asarray(np.where(other, -np.inf, similarity).argmax(axis=1))


def stability(snapshot: Snapshot, thresholds: Thresholds | None = None) -> float:
    """Adjusted Rand of two half-sample fits, mean over tasks that either of them splits.

    NotApplicable where no task is split by either: there is nothing that could differ.
    """
    from sklearn.metrics import adjusted_rand_score  # slow to import

    thresholds = thresholds or snapshot.router.thresholds
    one, other = (clusters_of(half, thresholds, snapshot) for half in snapshot.halves)
    tasks = np.asarray(snapshot.dataset.train.votes.tasks)
    found, weight = [], []
    for task in sorted(set(tasks.tolist())):
        rows = tasks == task
        if len(set(one[rows].tolist())) > 1 or len(set(other[rows].tolist())) > 1:
            found.append(adjusted_rand_score(one[rows], other[rows]))
            weight.append(int(rows.sum()))
    if not found:
        raise NotApplicable(
            "Every task is one cluster in both half-sample fits.", code="nothing-to-compare"
        )
    return float(np.average(found, weights=weight))


@check(
    "CAS104",
    "Unstable clusters",
    f"Fits on two halves of the queries agree with an adjusted Rand of {MIN_RAND} or more.",
)
def unstable(snapshot: Snapshot) -> Look:
    """Would other queries have given other clusters?"""
    refuse_one_cluster_a_task(snapshot.fit)
    rand = stability(snapshot)
    return look_at(
        Measure(name="Adjusted Rand", value=rand, rule=MIN_RAND, holds_if="at least", share=False),
        issue=lambda: (
            f"Two fits on halves of the queries agree with an adjusted Rand of {decimal(rand, 2)} "
            f"inside tasks (rule: {MIN_RAND} or more): another sample would have given other "
            "clusters. Trust the rankings of tasks more than those of clusters."
        ),
    )


@dataclass(frozen=True, eq=False)
class OverTasks:
    """What routing by clusters gains over one cluster a task, in consensus score: no accuracy.

    gains (Q,) C[chosen by clusters] − C[chosen by tasks] of each training query, routed by the half
    that does not hold it and measured by the one that does; tasks (Q,) of the same queries
    """

    gains: FloatArray
    tasks: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Mean gain."""
        return float(self.gains.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return _error(self.gains)

    def of_task(self, task: str) -> tuple[float, float]:
        """Mean gain and standard error over the queries of one task."""
        of_task = self.gains[np.array(self.tasks) == task]
        return float(of_task.mean()), _error(of_task)


def _error(values: FloatArray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


@remembered
def gain_over_tasks(snapshot: Snapshot) -> OverTasks:
    """Route either half by the other's clusters, and by one cluster a task, on the same scores.

    NotApplicable where the two could not differ, or where there are too few queries for halves.
    """
    refuse_one_cluster_a_task(snapshot.fit)
    if len(snapshot.router.tasks) == 1:
        raise NotApplicable(
            "There is only one task: without clusters one model would be asked for everything, "
            "which the light without labels compares with.",
            code="too-little-data",
        )
    halves, thresholds = snapshot.halves, snapshot.router.thresholds
    if all(len(router.clusters) == len(router.tasks) for router in _routers(halves, thresholds)):
        raise NotApplicable(
            "Every task is one cluster in both half-sample fits.", code="nothing-to-compare"
        )
    by_task = halves[0].one_cluster_a_task(), halves[1].one_cluster_a_task()
    gains = cross_fitted_gains(halves, thresholds) - cross_fitted_gains(by_task, thresholds)
    tasks = [half.votes.tasks[row] for half in halves[::-1] for row in half.caller_rows]
    return OverTasks(gains, tuple(tasks))


def _routers(halves: tuple[Fit, Fit], thresholds: Thresholds) -> list[Router]:
    return [half.router(thresholds) for half in halves]


def _gains(snapshot: Snapshot) -> Evidence:
    found, clusters = gain_over_tasks(snapshot), snapshot.router.clusters
    order = sorted(set(found.tasks), key=lambda task: -found.of_task(task)[0])[:MOST]
    counts = dict(zip(clusters.tasks, np.bincount(clusters.task), strict=True))
    names = tuple(f"{task} ({counted(counts.get(task, 0), 'cluster')})" for task in order)
    means, errors = zip(*(found.of_task(task) for task in order), strict=True)
    measure = "gain over one cluster a task, in consensus score"
    return Evidence(measure, names, means, NO_GAIN, errors)


@check(
    "CAS105",
    "Clusters add nothing",
    "Routing by clusters gains in consensus score over one cluster a task, beyond chance.",
    _gains,
)
def idle(snapshot: Snapshot) -> Look:
    """Are the clusters worth their parts? Each half is routed by what the other learnt."""
    found = gain_over_tasks(snapshot)
    low, high = (found.mean + side * ONE_SIDED * found.error for side in (-1, 1))
    name = "Lower end of the gain in consensus score"
    router = snapshot.router
    compared = "worse than" if high < NO_GAIN else "not shown to be better than"
    return look_at(
        Measure(name=name, value=low, rule=NO_GAIN, holds_if="above", share=False),
        issue=lambda: (
            f"By consensus alone, {counted(len(router.clusters), 'cluster is', 'clusters are')} "
            f"{compared} {counted(len(router.tasks), 'task')}: learnt on one half of the queries "
            "and measured on the other, the mean consensus score of the first model changes by "
            f"{signed(found.mean, 4)} {bracketed(low, high, 4)} (rule: the lower end "
            f"above {NO_GAIN:g}; this is no accuracy). One cluster a task is simpler."
        ),
    )
