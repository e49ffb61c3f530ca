"""The one place that knows the order: votes and vectors -> `Fit` -> `Router`.

votes ── score ──> strong sets ── cluster ──> candidates (all k)        once, in `fit`
candidates + thresholds ── merge ── assign ── rank ── prune ──> Router   in milliseconds
With `clusters="task"` there are no candidates: every task is one cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cascal.answers import prose_sentence, refuse_prose
from cascal.clustering.cluster import TaskCandidates, nearest_merged, no_candidates, task_candidates
from cascal.clustering.groups import reliability_groups
from cascal.clustering.merge import NO_OWNER, Merged, normalise, only_cluster
from cascal.clustering.regroup import Regrouped, Regrouping
from cascal.computing.blas import one_blas_thread
from cascal.computing_order import Ordered, best_first, in_computing_order, number_tasks
from cascal.datatypes import BoolArray, CascalError, Embeddings, FloatArray, IntArray, Votes
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
from cascal.score import consensus_scores, logprob_statistics, strong_sets
from cascal.settings import GROUPED, LABELS, FitSettings, Thresholds


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """Everything the thresholds do not change. `router(thresholds)` only re-reads it.

    votes, vectors : in the computing order (canonical, or the caller's for `released`); the
                     vectors are as wide as they came, float32 or float64
    row            : (Q,) position of each of the caller's queries in that order
    scores         : consensus scores in that order; strong, weights (Q, M)
    groups         : (Q,) groups of the reliabilities, for `pds`
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

    def one_cluster_a_task(self) -> Fit:
        """The same consensus with `clusters="task"`, at once: to be measured beside this fit.

        Routes are those of a fit with these settings; the fingerprint stays that of this fit.
        """
        settings = replace(self.settings, clusters="task")
        by_task = _candidates(self.vectors, self.task_of_query, self._filled, settings, n_jobs=1)
        notes = fit_notes(self.votes, settings, self.strong, len(self.tasks))
        return replace(self, settings=settings, by_task=by_task, notes=notes)

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
                f"Pruning is off: with {len(models)} models the top-{SET_SIZE} sets of all "
                "clusters are the same.",
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
            f"Pruning joined {len(pruned.opposed)} pairs of clusters whose best models differ.",
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


def wide(vectors: FloatArray, rows: IntArray) -> FloatArray:
    """Some rows (n, D) in float64: everything is computed in it, whatever is kept."""
    return np.asarray(vectors[rows], dtype=np.float64)


def _representatives(clusters: SkillClusters) -> FloatArray:
    """(T, D) normalised unweighted mean of the centroids of each task."""
    return normalise(group_sums(clusters.centroids, clusters.task, len(clusters.tasks)))


def fit_notes(
    votes: Votes, settings: FitSettings, strong: BoolArray, n_tasks: int
) -> tuple[str, ...]:
    """What whoever uses the fit should know of its data."""
    notes = []
    answered = votes.answered
    known = votes.confident
    if not answered.any():
        notes.append(
            "No model gave a readable answer: every score is 0 and no ranking means anything."
        )
    elif not known.any() and settings.consensus in ("posterior", "z_sum"):
        notes.append(
            "No confidence signal: there are no log-probabilities, every vote weighs the same."
        )
    elif known.sum() < answered.sum() and settings.consensus in ("posterior", "z_sum"):
        share = 1.0 - known.sum() / answered.sum()
        notes.append(f"No confidence signal for {share:.1%} of the votes: they count as average.")
    if votes.prose is not None and votes.prose.any():
        notes.append(prose_sentence(votes.prose, votes.tasks))
    if len(votes.models) == 1:
        notes.append("There is one model: nothing can be routed, every ranking has one entry.")
    empty = n_tasks - len({votes.tasks[row] for row in np.flatnonzero(strong.any(axis=1))})
    if empty and answered.any() and not settings.by_task:
        notes.append(f"{empty} of {n_tasks} tasks have no strong query; each is one cluster.")
    return tuple(notes)


def fit(
    votes: Votes,
    vectors: Embeddings,
    settings: FitSettings | None = None,
    *,
    n_jobs: int = -1,
    costs: FloatArray | None = None,
) -> Fit:
    """Estimate skills from votes alone: consensus, strong sets, k-means for every k.

    votes (Q, M) and vectors of the same queries (matched by id); settings default to the preset
    "recommended". `n_jobs` tasks run at once through joblib, whose backend the caller may choose
    with `joblib.parallel_config`; it never changes the result. `costs` (M,) in US dollars per
    1,000 queries let the threshold `cost_weight` act. No answer key is ever read.

    Reference: Niu et al. 2026, arXiv:2601.09692; where we differ: docs/method.md §§ 8, 13.
    """
    settings = settings or FitSettings.preset("recommended")
    refuse_unfit(votes, settings, costs)
    ordered = in_computing_order(votes, vectors, settings)
    votes, array = ordered.votes, ordered.array
    groups = reliability_groups(array, settings.seed) if settings.consensus in GROUPED else None
    scores = consensus_scores(votes, settings.consensus, groups)
    strong, weights = strong_sets(votes, scores, settings.strong, settings.min_agreement)
    return _clustered(
        ordered=ordered,
        settings=settings,
        scores=scores,
        strong_and_weights=(strong, weights),
        groups=groups,
        n_jobs=n_jobs,
        costs=costs,
    )


def fit_on_labels(
    votes: Votes, vectors: Embeddings, correct: FloatArray, settings: FitSettings
) -> Fit:
    """The same skills estimated from labels instead of consensus (docs/method.md § 10, CASCAL-GT).

    correct (Q, M): 1 right, 0 wrong, nan = not known, in the caller's order. A model is strong
    where it is right, with weight `correct`; rankings are means of `correct`, nan counting as 0.
    """
    _check_size(votes, None)
    if correct.shape != votes.shape:
        raise CascalError(
            f"correct has shape {correct.shape}, the votes have {votes.shape}.", code="wrong-shape"
        )
    ordered = in_computing_order(votes, vectors, settings)
    values = np.nan_to_num(correct[np.ix_(ordered.rows, ordered.columns)], nan=0.0)
    center, spread = logprob_statistics(
        np.where(ordered.votes.answered, ordered.votes.logprobs, np.nan)
    )
    scores = ConsensusScores(values, center, spread, LABELS)
    strong = values > 0.5
    weighted = (strong, np.where(strong, values, 0.0))
    return _clustered(
        ordered=ordered,
        settings=settings,
        scores=scores,
        strong_and_weights=weighted,
        groups=None,
        n_jobs=-1,
        costs=None,
    )


def refuse_unfit(votes: Votes, settings: FitSettings, costs: FloatArray | None) -> None:
    """Refuse what no consensus can be estimated from."""
    if settings.consensus == LABELS:
        raise CascalError(
            "Scores by labels need labels: use cascal.compare.baselines.CascalWithLabels.",
            code="needs-labels",
        )
    _check_size(votes, costs)
    refuse_prose(votes.prose, votes.tasks)


def _check_size(votes: Votes, costs: FloatArray | None) -> None:
    if not all(votes.shape):
        raise CascalError(
            f"There are {votes.shape[0]} queries and {votes.shape[1]} models; at least one of each "
            "is needed. Import responses first.",
            code="nothing-to-fit",
        )
    if costs is not None and np.shape(costs) != (len(votes.models),):
        raise CascalError(
            f"costs has shape {np.shape(costs)} for {len(votes.models)} models.", code="wrong-shape"
        )


def _clustered(
    ordered: Ordered,
    settings: FitSettings,
    scores: ConsensusScores,
    strong_and_weights: tuple[BoolArray, FloatArray],
    groups: IntArray | None,
    n_jobs: int,
    costs: FloatArray | None,
) -> Fit:
    """Strong sets -> candidates for every task, model and k; the rest is `Fit.router`."""
    votes, array = ordered.votes, ordered.array
    strong, weights = strong_and_weights
    tasks, task_of_query = number_tasks(votes.tasks, settings)
    by_task = _candidates(array, task_of_query, weights, settings, n_jobs=n_jobs)
    return Fit(
        votes=votes,
        vectors=array,
        encoder=ordered.encoder,
        settings=settings,
        scores=scores,
        strong=strong,
        groups=groups,
        tasks=tasks,
        task_of_query=task_of_query,
        by_task=by_task,
        caller_rows=np.argsort(ordered.rows),
        caller_models=np.argsort(ordered.columns),
        fingerprint=ordered.fingerprint,
        notes=fit_notes(votes, settings, strong, len(tasks)),
        costs=costs,
    )


def _candidates(
    array: FloatArray,
    task_of_query: IntArray,
    weights: FloatArray,
    settings: FitSettings,
    *,
    n_jobs: int,
) -> tuple[TaskCandidates, ...]:
    """Candidates of every task, from the weights (Q, M) of the strong votes."""
    from joblib import Parallel, delayed  # slow to import, and routing does not need it

    n_tasks, n_models = int(task_of_query.max(initial=-1)) + 1, weights.shape[1]
    members = [np.flatnonzero(task_of_query == task) for task in range(n_tasks)]
    if settings.by_task:
        return tuple(
            no_candidates(task, rows, wide(array, rows), n_models, settings.max_k)
            for task, rows in enumerate(members)
        )
    with one_blas_thread():
        found = Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(_of_task)(task, rows, array, weights, settings)
            for task, rows in enumerate(members)
        )
    return tuple(found)


def _of_task(
    task: int, rows: IntArray, array: FloatArray, weights: FloatArray, settings: FitSettings
) -> TaskCandidates:
    """Candidates of one task; its rows are widened here, so that no task waits with its copy."""
    return task_candidates(
        task,
        rows,
        wide(array, rows),
        scaled_weights(weights[rows].T),
        settings.max_k,
        settings.seed,
    )


def scaled_weights(weights: FloatArray) -> FloatArray:
    """(M, n) weights of a task's strong votes, scaled to sum to their number for each model."""
    total = weights.sum(axis=1, keepdims=True)
    count = (weights > 0).sum(axis=1, keepdims=True)
    return np.asarray(weights * np.divide(count, total, out=np.ones_like(total), where=total > 0))
