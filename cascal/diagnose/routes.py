"""CAS4xx: does routing itself do what it should?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, FloatArray, NotApplicable
from cascal.diagnose.clusters import refuse_one_cluster_a_task
from cascal.diagnose.evidence import Evidence, largest, largest_tasks
from cascal.diagnose.finding import check
from cascal.doubts import TITLES
from cascal.doubts.measure import Look, Measure, look_at
from cascal.doubts.pool import near_chance
from cascal.fit import Fit
from cascal.number_format import counted, decimal, percent
from cascal.routing.reach import WITHIN, Reach
from cascal.settings import PROBABILITIES

WRONG_TASK = 0.2
ALWAYS, NEVER = 0.9, 0.01
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MANY_BLENDED, OVERRULED = 2.5, 0.3
"""Effective clusters blended (of three), share of queries whose nearest cluster is overruled."""
FAR = 0.2
OPPOSED = 0.1


def wrongly_placed(snapshot: Snapshot) -> tuple[list[str], BoolArray]:
    """Own tasks of the test queries whose task is known, and (n,) which are routed into others."""
    test, routes = snapshot.dataset.test, snapshot.test_routes
    known = set(snapshot.router.tasks)
    if test is None or routes is None or not known & set(test.votes.tasks):
        raise NotApplicable("There are no test queries of known tasks.", code="no-test-queries")
    if len(known) == 1:
        raise NotApplicable("There is only one task.", code="too-little-data")
    rows = [row for row, task in enumerate(test.votes.tasks) if task in known]
    own = [test.votes.tasks[row] for row in rows]
    chosen = [routes.tasks[task] for task in routes.task[rows]]
    return own, np.array(chosen) != np.array(own)


def _misplaced(snapshot: Snapshot) -> Evidence:
    own, wrong = wrongly_placed(snapshot)
    return largest_tasks("routed into another task", own, wrong, WRONG_TASK)


@check(
    "CAS401",
    "Wrong task chosen",
    f"Less than {percent(WRONG_TASK)} of the test queries are routed into another task.",
    _misplaced,
)
def misplaced(snapshot: Snapshot) -> Look:
    """The task a test query is routed into against the task it is from."""
    wrong = float(wrongly_placed(snapshot)[1].mean())
    across = snapshot.router.routing.across_tasks
    advice = "The blend over all tasks softens it." if across else "Blend over all tasks instead."
    return look_at(
        Measure(name="Queries routed into another task", value=wrong, rule=WRONG_TASK),
        issue=lambda: (
            f"{percent(wrong)} of the test queries are routed into another task than their own "
            "(rule: "
            f"below {percent(WRONG_TASK)}). {advice}"
        ),
    )


def _distances(snapshot: Snapshot) -> Evidence:
    distance = snapshot.routes("test").distance
    return Evidence(
        "distance to the nearest cluster",
        tuple(f"{percent(q)} of the queries below" for q in QUANTILES),
        tuple(float(one) for one in np.quantile(distance, QUANTILES)),
        snapshot.router.routing.fallback_distance,
    )


@check(
    "CAS402",
    "Fallback always or never acts",
    "The fallback acts on some queries, not on all.",
    _distances,
)
def fallback(snapshot: Snapshot) -> Look:
    """Share of the routed queries with any fallback."""
    limit = snapshot.router.routing.fallback_distance
    if limit is None:
        raise NotApplicable("This routing has no fallback.", code="switched-off")
    acts = float((snapshot.routes("test").fallback > 0).mean())
    name, distance = "Queries with any fallback", float(np.median(snapshot.routes("test").distance))
    often = Measure(name=name, value=acts, rule=NEVER, holds_if="above")
    seldom = Measure(name=name, value=acts, rule=ALWAYS)

    def issue() -> str:
        acts_how = "never acts" if seldom.holds else "always acts"
        means = "far queries get no caution" if seldom.holds else "the clusters hardly count"
        return (
            f"Beyond distance {limit:g} the global ranking fades in; it {acts_how} "
            f"({percent(acts)} of "
            f"the queries, median distance {decimal(distance, 2)}): {means}."
        )

    return look_at(often, seldom, issue=issue)


def blended(snapshot: Snapshot) -> tuple[float, float]:
    """Effective clusters that a route blends, and share of queries whose nearest is overruled."""
    router, part = snapshot.router, snapshot.dataset.test or snapshot.dataset.train
    blend = router.blend(part.vectors.vectors)
    weights = np.where(blend.weights > 0, blend.weights, 1.0)
    effective = float(np.exp(-(weights * np.log(weights)).sum(axis=1)).mean())
    first = snapshot.routes("test").selected[:, 0]
    return effective, float((router.first_alone[blend.nearest[:, 0]] != first).mean())


@check(
    "CAS403",
    "Blending averages the clusters away",
    "Where clusters are blended, the nearest one still decides.",
)
def averaged(snapshot: Snapshot) -> Look:
    """Effective number of clusters blended, and how often the nearest cluster is overruled.

    Either is enough to pass; the one that decides is told.
    """
    routing, router = snapshot.router.routing, snapshot.router
    if routing.kind == "nearest" or routing.k_nearest == 1 or len(router.clusters) < 2:
        raise NotApplicable("Nothing is blended.", code="switched-off")
    effective, overruled = blended(snapshot)
    name = "Clusters that count equally in a route"
    measure = Measure(name=name, value=effective, rule=MANY_BLENDED, share=False)
    if not measure.holds:
        name = "Queries whose nearest cluster is overruled"
        measure = Measure(name=name, value=overruled, rule=OVERRULED)
    return look_at(
        measure,
        issue=lambda: (
            f"{decimal(effective, 1)} of {counted(routing.k_nearest, 'cluster')} count about "
            f"equally, and the nearest one is overruled for {percent(overruled)} of the queries: "
            "differences between clusters are averaged away. Route by the nearest cluster, or "
            "join clusters."
        ),
    )


def far_share(reach: Reach, test: Part) -> float:
    """Share of some queries beyond a reach."""
    return float(reach.far(test.vectors.vectors).mean())


@check(
    "CAS404",
    "Test queries far from all training queries",
    f"Less than {percent(FAR)} of the test queries are unlike any training query.",
)
def far(snapshot: Snapshot) -> Look:
    """Share of test queries beyond the router's reach, as every trace tells it of one query."""
    test, reach = snapshot.dataset.test, snapshot.router.reach
    if test is None or not len(test):
        raise NotApplicable("There are no test queries to compare with.", code="no-test-queries")
    if reach is None:
        raise NotApplicable(
            "There are too few training queries to say what is far from them.",
            code="too-little-data",
        )
    share = far_share(reach, test)
    return look_at(
        Measure(name="Test queries unlike any training query", value=share, rule=FAR),
        issue=lambda: (
            f"{percent(share)} of the test queries are unlike any training query (expected: "
            f"{percent(1 - WITHIN)}): their routes are guesses. Generate queries that look "
            "like them."
        ),
    )


def moved_by_joining(snapshot: Snapshot) -> tuple[int, BoolArray]:
    """Number of clusters before joining, and (Q,) whose best model is another one since."""
    refuse_one_cluster_a_task(snapshot.fit)
    thresholds = snapshot.router.thresholds
    if thresholds.prune_jaccard is None:
        raise NotApplicable("Joining is off.", code="switched-off")
    apart = snapshot.fit.router(replace(thresholds, prune_jaccard=None))
    before = apart.consensus_order[:, 0][apart.clusters.assignment]
    after = snapshot.router.consensus_order[:, 0][snapshot.router.clusters.assignment]
    return len(apart.clusters), np.asarray(before != after)


def _moved(snapshot: Snapshot) -> Evidence:
    _, moved = moved_by_joining(snapshot)
    tasks = snapshot.dataset.train.votes.tasks
    return largest_tasks("share whose best model is another one since", tasks, moved, OPPOSED)


@check(
    "CAS405",
    "Joining hid a difference",
    f"Joining changes the best model by consensus alone for less than {percent(OPPOSED)} of "
    "queries.",
    _moved,
)
def opposed(snapshot: Snapshot) -> Look:
    """Training queries whose cluster had another best model before it was joined.

    By the raw means, which joining compares: what routing makes of them is not its doing.
    """
    apart, moved = moved_by_joining(snapshot)
    share, name = float(moved.mean()), "Queries whose best model is another one since joining"
    return look_at(
        Measure(name=name, value=share, rule=OPPOSED),
        issue=lambda: (
            f"Joining made {len(snapshot.router.clusters)} of {counted(apart, 'cluster')} (they "
            f"share their three best models), and {percent(share)} of the queries now lie in a "
            "cluster "
            "with another best model by consensus alone than before."
        ),
    )


def estimated_accuracies(fitted: Fit) -> FloatArray:
    """(M,) mean consensus score of every model where scores are probabilities of being right."""
    if fitted.settings.consensus not in PROBABILITIES:
        raise NotApplicable(
            f"Scores of {fitted.settings.consensus!r} are no probabilities of being right.",
            code="needs-probabilities",
        )
    return np.asarray(np.nan_to_num(fitted.consensus, nan=0.0).mean(axis=0))


def _accuracies(snapshot: Snapshot) -> Evidence:
    accuracies = estimated_accuracies(snapshot.fit).tolist()
    return largest("estimated accuracy", snapshot.fit.models, accuracies)


@check(
    "CAS406",
    TITLES["CAS406"],
    "Models agree far more often than by chance, and none always gives one letter.",
    _accuracies,
)
def chance(snapshot: Snapshot) -> Look:
    """A pool near chance agrees by accident; a model with one letter agrees with itself."""
    return near_chance(snapshot.fit)
