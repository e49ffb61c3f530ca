"""CASCAL on labels instead of consensus, and the bounds that know the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cascal.compare.baselines.base import Baseline, Needs, ScoreFunction, Training
from cascal.datatypes import CascalError, Embeddings
from cascal.fit import fit_on_labels
from cascal.rank import group_means
from cascal.routing.route import Router
from cascal.settings import LABELS, PRESETS, FitSettings, Thresholds

WITH_LABELS = FitSettings(
    consensus=LABELS,
    merge="closest_pair",
    joining="sets",
    ranking="mean",
    routing=PRESETS["paper"].routing,
)

DEFAULT_THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class CascalWithLabels(Baseline):
    """CASCAL-GT: strong sets are the queries a model gets right, rankings are its accuracies.

    Everything else is CASCAL as the paper writes it: closest-pair merging, the ranking of the
    nearest cluster. Shows what is lost by not having labels.

    Reference: Niu et al. 2026, arXiv:2601.09692. The paper's code weighs all right answers alike,
    and so do we.
    """

    title: ClassVar[str] = "CASCAL-GT"
    needs: ClassVar[Needs] = "labels"
    settings: FitSettings = WITH_LABELS
    thresholds: Thresholds = DEFAULT_THRESHOLDS

    def learn(self, training: Training) -> ScoreFunction:
        """Fit CASCAL on the labelled queries and route by its blend."""
        rows = np.flatnonzero(np.isfinite(training.right).any(axis=1))
        kept, vectors = training.votes.take(rows), training.vectors[rows]
        embedded = Embeddings(kept.query_ids, vectors, "training")
        fitted = fit_on_labels(kept, embedded, training.right[rows], self.settings)
        router = fitted.router(self.thresholds)
        return lambda _, at: np.asarray(router.blend(at).scores)


def _known_rows(query_ids: tuple[str, ...], place: dict[str, int], title: str) -> list[int]:
    foreign = next((one for one in query_ids if one not in place), None)
    if foreign is not None:
        raise CascalError(
            f"{title} knows only the queries it was fitted on; {foreign[:80]!r} is none of them. "
            "Fit it on the gold answers of the queries that are routed: it is a bound, no router.",
            code="other-queries",
        )
    return [place[one] for one in query_ids]


@dataclass(frozen=True)
class Oracle(Baseline):
    """A right model wherever there is one: what no router can exceed."""

    title: ClassVar[str] = "Oracle"
    needs: ClassVar[Needs] = "gold"

    def learn(self, training: Training) -> ScoreFunction:
        """Look the query up."""
        place = {one: row for row, one in enumerate(training.votes.query_ids)}
        table = np.nan_to_num(training.right, nan=0.0)
        return lambda ids, _: table[_known_rows(ids, place, self.title)]


@dataclass(frozen=True)
class TaskOracle(Baseline):
    """The best constant model of each query's true task, chosen with these very answers."""

    title: ClassVar[str] = "Task oracle"
    needs: ClassVar[Needs] = "gold"

    def learn(self, training: Training) -> ScoreFunction:
        """Accuracies of the query's own task."""
        names = sorted(set(training.votes.tasks))
        task = np.array([names.index(one) for one in training.votes.tasks], dtype=np.int64)
        known = np.isfinite(training.right).any(axis=1)
        right = np.nan_to_num(training.right[known], nan=0.0)
        accuracy = group_means(right, task[known], len(names))
        place = {one: row for row, one in enumerate(training.votes.query_ids)}
        return lambda ids, _: accuracy[task[_known_rows(ids, place, self.title)]]


@dataclass(frozen=True, eq=False)
class ClusterMap(Baseline):
    """The best constant model of each skill cluster of a router.

    Fitted on the gold answers of the queries that are routed it is the *cluster oracle*, a ceiling;
    fitted on training labels it is what a perfect reading of these clusters would bring. Both are
    shown: the first alone flatters, because every cluster may fit its own noise.
    """

    title: ClassVar[str] = "Cluster oracle"
    needs: ClassVar[Needs] = "labels"
    router: Router | None = None

    def learn(self, training: Training) -> ScoreFunction:
        """Accuracies of the query's skill cluster; the overall ones where it has no label."""
        if self.router is None:
            raise CascalError(
                "The cluster map needs the router whose clusters it maps.", code="missing-value"
            )
        router = self.router
        known = training.labelled
        values, cluster = known.right, router.blend(known.vectors).nearest[:, 0]
        accuracy = group_means(values, cluster, len(router.clusters))
        empty = np.bincount(cluster, minlength=len(router.clusters)) == 0
        accuracy[empty] = values.mean(axis=0)
        return lambda _, rows: accuracy[router.blend(rows).nearest[:, 0]]
