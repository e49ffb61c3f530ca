"""What a fit has estimated, read again at any thresholds (docs/method.md §§ 5–7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from cascal.clustering.candidates import candidates_by_task, wide
from cascal.clustering.cluster import TaskCandidates, nearest_merged
from cascal.clustering.merge import NO_OWNER, Merged, normalise, only_cluster
from cascal.clustering.regroup import Regrouped, Regrouping
from cascal.computing.blas import one_blas_thread
from cascal.computing_order import best_first
from cascal.datatypes import BoolArray, FloatArray, IntArray, Votes
from cascal.fit.suitable import fit_notes
from cascal.number_format import counted
from cascal.rank import (
    SET_SIZE,
    Deviations,
    SelectionRanking,
    deviations,
    group_sums,
    mean_errors,
    prune_sweep,
    rank_selection,
    shrunken_deviations,
)
from cascal.results import Candidate, ConsensusScores, Learnt, Rankings, SkillClusters
from cascal.routing.reach import Training
from cascal.routing.route import Router
from cascal.settings import FitSettings, Thresholds


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """Everything the thresholds do not change. `router(thresholds)` only re-reads it.

    votes, vectors : in the computing order (canonical, or the caller's for `released`); the
                     vectors are as wide as they came, float32 or float64
    scores         : consensus scores in that order; strong (Q, M) where a vote is strong
    groups         : (Q,) groups of the reliabilities, None for a consensus without any
    by_task        : k-means of every task for every model and k
    caller_rows    : (Q,) position in that order of each of the caller's queries; caller_models
                     (M,) the same of the models
    costs          : (M,) US dollars per 1,000 queries, in the caller's order; None = unknown
    """

    votes: Votes
    vectors: FloatArray
    encoder: str
    settings: FitSettings
    scores: ConsensusScores
    strong: BoolArray
    groups: IntArray | None
    tasks: tuple[str, ...]
    task_of_query: IntArray
    by_task: tuple[TaskCandidates, ...]
    caller_rows: IntArray
    caller_models: IntArray
    fingerprint: str
    notes: tuple[str, ...]
    costs: FloatArray | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """(M,) the pool, in the caller's order."""
        return tuple(self.votes.models[column] for column in self.caller_models)

    @property
    def query_ids(self) -> tuple[str, ...]:
        """(Q,) training queries, in the caller's order."""
        return tuple(self.votes.query_ids[row] for row in self.caller_rows)

    @property
    def caller_vectors(self) -> FloatArray:
        """(Q, D) vectors in the caller's order."""
        return self.vectors[self.caller_rows]

    @property
    def caller_votes(self) -> Votes:
        """The votes in the caller's order of queries and models."""
        return self.votes.take(self.caller_rows, self.caller_models)

    @property
    def consensus(self) -> FloatArray:
        """(Q, M) consensus scores in the caller's order of queries and models."""
        return self.scores.values[np.ix_(self.caller_rows, self.caller_models)]

    @property
    def learnt(self) -> Learnt | None:
        """What the consensus learnt about the confidences, models in the caller's order."""
        return self.scores.learnt and self.scores.learnt.take(self.caller_models)

    @cached_property
    def consensus_answers(self) -> IntArray:
        """(Q,) answer of the vote with the highest score, in the caller's order of queries."""
        best = np.nan_to_num(self.consensus, nan=-np.inf).argmax(axis=1)
        return np.asarray(self.votes.answers[self.caller_rows, self.caller_models[best]])

    def ranked(self, rows: IntArray) -> SelectionRanking:
        """The models by their mean consensus score over some of the caller's queries."""
        return rank_selection(self.consensus[rows], self.models)

    def candidates(self) -> list[Candidate]:
        """Every k-means result of every (task, model, k), in the computing order."""
        return [one for task in self.by_task for one in task.candidates()]

    def one_cluster_a_task(self) -> Self:
        """The same consensus with `clusters="task"`, at once: to be measured beside this fit.

        Routes are those of a fit with these settings; the fingerprint stays that of this fit.
        """
        settings = replace(self.settings, clusters="task")
        by_task = self._candidates(self._filled, settings)
        notes = fit_notes(self.votes, settings, self.strong, len(self.tasks))
        return replace(self, settings=settings, by_task=by_task, notes=notes)

    def _candidates(self, weights: FloatArray, settings: FitSettings) -> tuple[TaskCandidates, ...]:
        """Candidates of every task by other weights (Q, M) and settings."""
        return candidates_by_task(self.vectors, self.task_of_query, weights, settings, n_jobs=1)

    @cached_property
    def _training(self) -> Training:
        return Training(self.vectors)

    @cached_property
    def _filled(self) -> FloatArray:
        return self.scores.filled

    @cached_property
    def _regrouping(self) -> Regrouping:
        scores = self._filled
        return Regrouping(
            tasks=self.tasks,
            by_task=self.by_task,
            vectors=self.vectors,
            scores=scores,
            means=scores.mean(axis=1),
            merge=self.settings.merge,
            compare=self._compared,
        )

    def _compared(
        self, tasks: list[int], keep: list[BoolArray], merged: list[Merged]
    ) -> list[tuple[Merged, IntArray]]:
        """The centroids of some tasks, and the nearest of them for each of their queries."""
        found = []
        for number, some, own in zip(tasks, keep, merged, strict=True):
            task = self.by_task[number]
            nearest = nearest_merged(task, some, own, self.vectors)
            if not len(own.centroids):
                own = only_cluster(wide(self.vectors, task.rows))
            found.append((own, nearest))
        return found

    def _vector_sums(self, regrouped: Regrouped) -> FloatArray:
        """(C, D) sums of the vectors in each cluster."""
        return np.concatenate([part.vector_sums for part in regrouped.parts])

    @cached_property
    def _of_tasks(self) -> tuple[FloatArray, Deviations]:
        """Means (M,) of the scores relative to each query's mean, and their deviations by task."""
        relative = self._filled - self._filled.mean(axis=1, keepdims=True)
        return relative.mean(axis=0), deviations(relative, self.task_of_query, len(self.tasks))

    def router(self, thresholds: Thresholds | None = None) -> Router:
        """The router at these thresholds; milliseconds, nothing is refitted.

        Equal to a fit from scratch at the same thresholds.
        """
        thresholds = thresholds or Thresholds()
        with one_blas_thread():
            regrouped, notes = self._pruned(
                self._regrouping.at(thresholds.min_silhouette, thresholds.merge_distance),
                thresholds,
            )
            rankings = self._ranked(regrouped)
        clusters, rankings = self._in_caller_order(regrouped.clusters, rankings)
        position = self.caller_models
        return Router(
            clusters=clusters,
            rankings=rankings,
            representatives=_representatives(clusters),
            encoder=self.encoder,
            settings=self.settings,
            thresholds=thresholds,
            fingerprint=self.fingerprint,
            center=self.scores.center[position],
            spread=self.scores.spread[position],
            notes=self.notes + notes,
            costs=self.costs,
            learnt=self.learnt,
            training=self._training,
        )

    def _mean_scores(self, regrouped: Regrouped) -> FloatArray:
        means = regrouped.mean_scores
        return np.round(means, 3) if self._rounds else means

    @property
    def _rounds(self) -> bool:
        return self.settings.ranking == "mean_3_decimals"

    def _pruned(
        self, regrouped: Regrouped, thresholds: Thresholds
    ) -> tuple[Regrouped, tuple[str, ...]]:
        jaccard = thresholds.prune_jaccard
        if jaccard is None or self.settings.by_task:
            return regrouped, ()
        models = self.votes.models
        if len(models) <= SET_SIZE and self.settings.name != "released":
            return regrouped, (
                f"Joining is off: with {counted(len(models), 'model')} the {SET_SIZE} best models "
                "of all clusters are the same.",
            )
        pruned = prune_sweep(
            self._mean_scores(regrouped),
            regrouped.clusters.sizes,
            regrouped.clusters.task,
            models,
            jaccard,
            same_first=self.settings.joining == "sets_and_first",
        )
        merged = regrouped.joined(pruned.into, self._vector_sums(regrouped))
        if not pruned.opposed:
            return merged, ()
        return merged, (
            f"Joining put {counted(len(pruned.opposed), 'pair')} of clusters together whose best "
            "models differ.",
        )

    def _ranked(self, regrouped: Regrouped) -> Rankings:
        mean_scores = self._mean_scores(regrouped)
        overall = self._filled.mean(axis=0)
        scores, trust = mean_scores, np.ones_like(mean_scores)
        if self._rounds:
            overall = np.round(overall, 4)
        if self.settings.ranking == "shrunken":
            scores, trust = shrunken_deviations(
                overall, *self._of_tasks, regrouped.relative, regrouped.clusters.task
            )
        errors = mean_errors(regrouped.scores)
        order = best_first(scores, self.votes.models)
        return Rankings(
            models=self.votes.models,
            scores=scores,
            mean_scores=mean_scores,
            standard_error=errors,
            trust=trust,
            order=order,
            overall=overall,
        )

    def _in_caller_order(
        self, clusters: SkillClusters, rankings: Rankings
    ) -> tuple[SkillClusters, Rankings]:
        columns = self.caller_models
        place = np.argsort(columns)
        owner = np.where(clusters.owner == NO_OWNER, NO_OWNER, place[clusters.owner])
        clusters = replace(clusters, assignment=clusters.assignment[self.caller_rows], owner=owner)
        scores = rankings.scores[:, columns]
        models = self.models
        return clusters, Rankings(
            models=models,
            scores=scores,
            mean_scores=rankings.mean_scores[:, columns],
            standard_error=rankings.standard_error[:, columns],
            trust=rankings.trust[:, columns],
            order=best_first(scores, models),
            overall=rankings.overall[columns],
        )


def _representatives(clusters: SkillClusters) -> FloatArray:
    """(T, D) normalised unweighted mean of the centroids of each task."""
    return normalise(group_sums(clusters.centroids, clusters.task, len(clusters.tasks)))
