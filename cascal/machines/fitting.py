"""The order of the steps over a crew: as in `cascal.fit`, but for the vectors, which stay away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from cascal.clustering.candidates import candidates_of, wide
from cascal.clustering.cluster import TaskCandidates, nearest_centroids
from cascal.clustering.merge import Merged, only_cluster
from cascal.clustering.regroup import Regrouped
from cascal.computing_order import Ordered, canonical_order
from cascal.datatypes import BoolArray, CascalError, FloatArray, IntArray, Votes
from cascal.fit import Fit
from cascal.fit.estimate import fit_fields
from cascal.fit.suitable import refuse_unfit
from cascal.machines.consensus import ConsensusByCrew
from cascal.machines.crew import Crew, Here
from cascal.machines.folder import Part, VectorFolder, digest_of, rows_of
from cascal.machines.grouping import groups_by_crew
from cascal.rank import group_sums
from cascal.routing.reach import MIN_QUERIES, Reach, leverages, reach_of, ridge_inverse, squares_of
from cascal.routing.route import Router
from cascal.score import consensus_scores, strong_sets
from cascal.settings import GROUPED, FitSettings, Thresholds


@dataclass(frozen=True, eq=False, kw_only=True)
class FolderFit(Fit):
    """A fit whose vectors are in a folder; `vectors` is empty, and candidates hold no labels.

    `router` asks the crew for assignments and sums, so it is called while they are connected.
    """

    folder: VectorFolder
    crew: Crew

    def router(self, thresholds: Thresholds | None = None) -> Router:
        """The router at these thresholds; nothing is refitted."""
        return replace(super().router(thresholds), training=None, stored_reach=self._reach)

    @property
    def caller_vectors(self) -> FloatArray:
        """Refused: they are in the folder."""
        raise CascalError(
            "The vectors of this fit are in a folder, and nobody holds all of them. Fit it in one "
            "process to look at them.",
            code="no-vectors",
        )

    def _candidates(self, weights: FloatArray, settings: FitSettings) -> tuple[TaskCandidates, ...]:
        return _candidates(self.crew, self.folder, weights, settings)

    @cached_property
    def _reach(self) -> Reach | None:
        if self.folder.n_queries < MIN_QUERIES:
            return None
        squares = self.crew.each(part_squares, [(part,) for part in self.folder.parts])
        inverse = ridge_inverse(np.sum(squares, axis=0))
        if inverse is None:
            return None
        found = self.crew.each(part_leverages, [(part, inverse) for part in self.folder.parts])
        return reach_of(inverse, self.folder.gathered(found))

    def _compared(
        self, tasks: list[int], keep: list[BoolArray], merged: list[Merged]
    ) -> list[tuple[Merged, IntArray]]:
        parts = [self.folder.parts[task] for task in tasks]
        return self.crew.each(part_assigned, list(zip(parts, merged, strict=True)))

    def _vector_sums(self, regrouped: Regrouped) -> FloatArray:
        """Clusters lie within a task, so every sum comes from one part."""
        found = self.crew.each(
            part_sums,
            [
                (part, one.nearest, len(one.owner))
                for part, one in zip(self.folder.parts, regrouped.parts, strict=True)
            ],
        )
        return np.concatenate(found)


def part_assigned(part: Part, merged: Merged) -> tuple[Merged, IntArray]:
    """The nearest centroid of every row of a part; all rows are one cluster where there is none."""
    with rows_of(part) as rows:
        every = np.arange(len(rows))
        if not len(merged.centroids):
            return only_cluster(wide(rows, every)), np.zeros(len(rows), dtype=np.int64)
        return merged, nearest_centroids(rows, every, merged.centroids)


def part_sums(part: Part, clusters: IntArray, n_clusters: int) -> FloatArray:
    """(C, D) sums of a part's rows by cluster."""
    with rows_of(part) as rows:
        return group_sums(rows, clusters, n_clusters)


def part_squares(part: Part) -> FloatArray:
    """XᵀX (D, D) of a part's rows."""
    with rows_of(part) as rows:
        return squares_of(rows)


def part_leverages(part: Part, inverse: FloatArray) -> FloatArray:
    """(n,) leverages of a part's rows."""
    with rows_of(part) as rows:
        return leverages(rows, inverse)


def part_candidates(
    part: Part, task: int, weights: FloatArray, settings: FitSettings
) -> TaskCandidates:
    """Candidates of a task from the weights (n, M) of its strong votes: centroids, silhouettes and
    support go back, labels and similarities do not.
    """
    with rows_of(part) as rows:
        every = np.arange(len(rows))
        found = candidates_of(task, every, rows, weights, settings)
    return replace(found, rows=np.empty(0, dtype=np.int64), similarity=None, labels={})


def fit_folder(
    votes: Votes,
    vectors: VectorFolder,
    settings: FitSettings | None = None,
    *,
    crew: Crew | None = None,
    costs: FloatArray | None = None,
) -> FolderFit:
    """`cascal.fit` on vectors in a folder, by a crew; in this process without one.

    The same parts are worked on and added in the same order whoever does it, so the result does
    not depend on the crew, to the last bit. It equals `cascal.fit` up to rounding.
    """
    crew, settings = crew or Here(), settings or FitSettings.preset("recommended")
    refuse_unfit(votes, settings, costs)
    if settings.keeps_caller_order:
        raise CascalError(
            f"The preset {settings.name!r} depends on the order of the rows, and a folder by task "
            "has none. Fit it in one process, or take another preset.",
            code="conflicting-settings",
        )
    rows, columns = canonical_order(votes, settings)
    ordered = Ordered(
        votes.take(rows, columns),
        np.empty((0, 0)),
        rows,
        columns,
        vectors.encoder,
        _fingerprint(votes, vectors, settings, crew),
    )
    votes = ordered.votes
    groups = groups_by_crew(vectors, crew, settings.seed) if settings.consensus in GROUPED else None
    asked = partial(ConsensusByCrew, crew, vectors)
    scores = consensus_scores(votes, settings.consensus, groups, asked)
    strong, weights = strong_sets(votes, scores, settings.strong, settings.min_agreement)
    fields = fit_fields(
        ordered,
        settings,
        scores=scores,
        strong=strong,
        groups=groups,
        by_task=_candidates(crew, vectors, weights, settings),
        costs=costs,
    )
    return FolderFit(**fields, folder=vectors, crew=crew)


def _candidates(
    crew: Crew, vectors: VectorFolder, weights: FloatArray, settings: FitSettings
) -> tuple[TaskCandidates, ...]:
    """Candidates of every task, from the weights (Q, M) of the strong votes."""
    found = crew.each(
        part_candidates,
        [
            (part, task, weights[members], settings)
            for task, (part, members) in enumerate(zip(vectors.parts, vectors.members, strict=True))
        ],
    )
    return tuple(
        replace(one, rows=members) for one, members in zip(found, vectors.members, strict=True)
    )


def _fingerprint(votes: Votes, vectors: VectorFolder, settings: FitSettings, crew: Crew) -> str:
    digest = hashlib.sha256(votes.fingerprint().encode())
    digest.update(vectors.encoder.encode() + b"\x00" + repr(settings.record()).encode())
    for found in crew.each(digest_of, [(part,) for part in vectors.parts]):
        digest.update(found)
    return digest.hexdigest()
