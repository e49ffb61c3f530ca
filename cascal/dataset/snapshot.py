"""What a router at given thresholds does on a data set, and what changed between two of them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cascal.computing.remembered import remembered
from cascal.dataset.cost import RoutingCost, routing_cost
from cascal.dataset.dataset import Dataset
from cascal.dataset.own_names import with_own
from cascal.dataset.part import Part
from cascal.datatypes import BoolArray, FloatArray, IntArray, NotApplicable, Split
from cascal.doubts import Doubt, find_doubts
from cascal.evaluate import Evaluation, first_share
from cascal.fit import Fit
from cascal.intervals import Estimate, estimate
from cascal.naming.cluster_names import cluster_name
from cascal.naming.given_names import members_hash, with_given
from cascal.number_format import counted
from cascal.results import Routes, SkillClusters
from cascal.routing.leaders import router_summary
from cascal.routing.route import Router
from cascal.settings import Thresholds
from cascal.verdicts.constant import Constant, choose_constant
from cascal.verdicts.light import Light, half_fits, traffic_light
from cascal.verdicts.verdict import Verdict, verdict

N_TYPICAL = 3


@remembered
def _half_fits(fitted: Fit, train: Part) -> tuple[Fit, Fit]:
    return half_fits(train.votes, train.vectors, fitted.settings, costs=fitted.costs)


@remembered
def _doubts(fitted: Fit, halves: tuple[Fit, Fit]) -> tuple[Doubt, ...]:
    return find_doubts(fitted, halves)


@dataclass(frozen=True, eq=False, kw_only=True)
class Snapshot:
    """What a router at given thresholds does on a dataset; cheap enough for every slider move.

    dataset, fit : shared by all snapshots of them, whatever the thresholds
    names : task and telling terms of every cluster; constant : the model routing is compared with;
    cost : of the routed queries (test where there are some)
    """

    dataset: Dataset
    fit: Fit
    router: Router
    names: tuple[tuple[str, ...], ...]
    train_routes: Routes
    test_routes: Routes | None
    evaluation: Evaluation | None
    constant: Constant
    cost: RoutingCost

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of every cluster as people read it."""
        return tuple(map(cluster_name, self.names))

    @property
    def unnamed(self) -> Snapshot:
        """The same with numbers for the names of clusters, which are words of the queries."""
        tasks = (self.router.tasks[task] for task in self.router.clusters.task)
        return replace(self, names=tuple((task, f"cluster {c}") for c, task in enumerate(tasks)))

    @cached_property
    def without_labels(self) -> Snapshot:
        """What the router does without labels."""
        return self.routed_by(self.router.without_labels)

    @cached_property
    def ungated(self) -> Snapshot:
        """What the router does without a gate: what gold answers and labels can judge."""
        return self.routed_by(self.router.ungated)

    def routed_by(self, router: Router) -> Snapshot:
        """What this router does instead, which differs from the own one in the labels it heeds."""
        own = self.router
        if router.always == own.always and router.correction is own.correction:
            return self if router is own else replace(self, router=router)  # the routes are equal
        return snapshot_of(self.dataset, self.fit, router)

    @property
    def verdict(self) -> Verdict | None:
        """Whether routing pays on the gold test queries; None without any.

        About the router without a gate: with a closed one it is the very model it is compared with.
        """
        free = self.ungated
        return None if free.evaluation is None else verdict(free.evaluation, free.constant)

    @property
    def halves(self) -> tuple[Fit, Fit]:
        """Fits on two random halves of the training queries, made once for all thresholds.

        NotApplicable where there are too few queries or models.
        """
        return _half_fits(self.fit, self.dataset.train)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why the consensus is not to be trusted, found without labels, once for all thresholds."""
        return _doubts(self.fit, self.halves)

    @cached_property
    def light(self) -> Light:
        """The light without labels; NotApplicable says why there is none."""
        return traffic_light(self.halves, self.router.thresholds, self.doubts)

    @property
    def light_or_reason(self) -> Light | str:
        """The light, or the sentence that says why there is none."""
        try:
            return self.light
        except NotApplicable as error:
            return str(error)

    @property
    def gain_over_liked_best(self) -> Estimate | None:
        """What the light is about, by gold answers: gain over the best model by consensus.

        None where no test query with a gold answer has responses of both.
        """
        free = self.without_labels
        if free.evaluation is None:
            return None
        gain = free.evaluation.gain_over(free.router.best_overall)
        return gain if gain.n else None

    def routes(self, split: Split) -> Routes:
        """Routes of the training or the test queries."""
        if split == "test" and self.test_routes is not None:
            return self.test_routes
        return self.train_routes

    def clusters(self, split: Split) -> IntArray:
        """(Q,) cluster of each query: a training query's own, the nearest one of a test query."""
        if split == "test" and self.test_routes is not None:
            return self.test_routes.cluster
        return self.router.clusters.assignment

    @property
    def share(self) -> FloatArray:
        """(M,) share of the routed queries (test where there are some) by first model."""
        return first_share(self.routes("test"))

    @property
    def n_models_in_use(self) -> int:
        """Number of models that get any of the routed queries first."""
        return int(np.count_nonzero(self.share))

    def typical(self, cluster: int, n: int = N_TYPICAL) -> IntArray:
        """Rows of the training queries nearest to the centroid of a cluster, up to n."""
        clusters = self.router.clusters
        rows = np.flatnonzero(clusters.assignment == cluster)
        near = self.dataset.train.vectors.vectors[rows] @ clusters.centroids[cluster]
        return rows[np.argsort(-near, kind="stable")[:n]]

    def typical_texts(self, cluster: int, length: int = 90) -> tuple[str, ...]:
        """The texts of these queries on one line each, cut to so many characters."""
        texts = (self.dataset.train.texts[row] for row in self.typical(cluster))
        return tuple(textwrap.shorten(text, length, placeholder="…") for text in texts)

    def summary(self) -> dict[str, Any]:
        """Clusters, notes and numbers in JSON types, for the command line."""
        router, result = self.router, self.evaluation
        summary = router_summary(router)
        for row, name in zip(summary["clusters"], self.names, strict=True):
            row["name"] = cluster_name(name)
        return {
            **summary,
            "labels": None if router.labels is None else router.labels.to_dict(),
            "top1_accuracy": result.top1_accuracy if result else None,
            "top3_vote_accuracy": result.top3_vote_accuracy if result else None,
            "top_k": result.top_k if result else None,
            "vote_accuracy": result.vote_accuracy if result else None,
            "n_gold": result.n_gold if result else 0,
            "verdict": self.verdict.sentence if self.verdict else None,
            "cost": self.cost.sentence if self.cost.known else None,
        }


def cluster_members(dataset: Dataset, clusters: SkillClusters) -> tuple[str, ...]:
    """(C,) the hash of the training queries of every cluster: what a given name belongs to."""
    ids = np.array(dataset.train.votes.query_ids, dtype=object)
    order = np.argsort(clusters.assignment, kind="stable")
    parts = np.split(ids[order], np.cumsum(clusters.sizes)[:-1])
    return tuple(members_hash(part) for part in parts)


def take_snapshot(dataset: Dataset, fit: Fit, thresholds: Thresholds) -> Snapshot:
    """Build the router, route all queries, evaluate where there is gold."""
    return snapshot_of(dataset, fit, fit.router(thresholds))


def snapshot_of(dataset: Dataset, fit: Fit, router: Router) -> Snapshot:
    """What a router of this fit does, whether or not it heeds labels."""
    clusters = router.clusters
    cluster_tasks = [router.tasks[task] for task in clusters.task]
    names = dataset.namer.names(clusters.assignment, cluster_tasks)
    if dataset.given_names:
        names = with_given(names, cluster_members(dataset, clusters), dataset.given_names)
    if dataset.own_names:
        names = with_own(names, clusters.assignment, dataset.own_names)
    test_routes, evaluation = None, None
    if dataset.test is not None:
        test_routes = router.route(dataset.test.vectors)
        if dataset.test.has_gold:
            test = dataset.test
            evaluation = test.evaluation(test_routes)
    train_routes = router.route(dataset.train.vectors)
    constant = choose_constant(
        router.models,
        by_labels=dataset.train.best_constant,
        result=evaluation,
        by_consensus=router.best_overall,
    )
    part = dataset.test if dataset.test is not None else dataset.train
    cost = routing_cost(test_routes or train_routes, part, dataset.train, constant)
    return Snapshot(
        dataset=dataset,
        fit=fit,
        router=router,
        names=tuple(names),
        train_routes=train_routes,
        test_routes=test_routes,
        evaluation=evaluation,
        constant=constant,
        cost=cost,
    )


@dataclass(frozen=True, eq=False)
class Change:
    """What moved between a pinned snapshot and the present one, on the same queries.

    flipped (Q,) queries whose first model changed; share_change (M,); gain is the paired change of
    top-1 accuracy with interval, None without gold; flips says how many of which queries flipped
    """

    clusters_before: int
    clusters_after: int
    flipped: BoolArray
    share_change: FloatArray
    gain: Estimate | None
    flips: str = ""

    @property
    def flipped_share(self) -> float:
        """Share of the queries whose first model changed."""
        return float(self.flipped.mean()) if len(self.flipped) else 0.0


def flipped(before: Snapshot, after: Snapshot, split: Split) -> BoolArray:
    """(Q,) queries whose first model differs between two snapshots of the same pool."""
    old, new = before.routes(split), after.routes(split)
    return np.asarray(old.selected[:, 0] != new.selected[:, 0])


def routed_queries(n: int, dataset: Dataset) -> str:
    """How many of the queries that are routed, and which these are: test ones where there are."""
    return counted(n, "test query" if dataset.test is not None else "training query")


def compare(before: Snapshot, after: Snapshot) -> Change:
    """Compare two snapshots of the same dataset and model pool."""
    gain = None
    if before.evaluation is not None and after.evaluation is not None:
        gain = estimate(after.evaluation.top1_right - before.evaluation.top1_right)
    moved = flipped(before, after, "test")
    return Change(
        len(before.router.clusters),
        len(after.router.clusters),
        moved,
        after.share - before.share,
        gain,
        f"{int(moved.sum()):,} of {routed_queries(len(moved), before.dataset)}",
    )


def flip_pairs(before: Snapshot, after: Snapshot, split: Split) -> tuple[tuple[str, str, int], ...]:
    """(first model before, after, queries) where the two differ, the most frequent pair first."""
    rows = flipped(before, after, split)
    old, new = (one.routes(split).selected[rows, 0] for one in (before, after))
    pairs, counts = np.unique(np.stack([old, new]), axis=1, return_counts=True)
    models = after.router.models
    return tuple(
        (models[pairs[0, at]], models[pairs[1, at]], int(counts[at]))
        for at in np.argsort(-counts, kind="stable")
    )
