"""The steps of a fit in their order: consensus, strong sets, candidates (docs/method.md §§ 2–5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from cascal.clustering.candidates import candidates_by_task
from cascal.clustering.cluster import TaskCandidates
from cascal.clustering.groups import reliability_groups
from cascal.computing_order import Ordered, in_computing_order, number_tasks
from cascal.datatypes import BoolArray, CascalError, Embeddings, FloatArray, IntArray, Votes
from cascal.fit.fitted import Fit
from cascal.fit.suitable import fit_notes, refuse_sizes, refuse_unfit
from cascal.results import ConsensusScores
from cascal.score import consensus_scores, logprob_statistics, strong_sets
from cascal.settings import GROUPED, LABELS, FitSettings


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
    _, task_of_query = number_tasks(votes.tasks, settings)
    return Fit(
        **fit_fields(
            ordered,
            settings,
            scores=scores,
            strong=strong,
            groups=groups,
            by_task=candidates_by_task(array, task_of_query, weights, settings, n_jobs=n_jobs),
            costs=costs,
        )
    )


def fit_on_labels(
    votes: Votes, vectors: Embeddings, correct: FloatArray, settings: FitSettings
) -> Fit:
    """The same skills estimated from labels instead of consensus (docs/method.md § 10, CASCAL-GT).

    correct (Q, M): 1 right, 0 wrong, nan = not known, in the caller's order. A model is strong
    where it is right, with weight `correct`; rankings are means of `correct`, nan counting as 0.
    """
    refuse_sizes(votes, None)
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
    weights = np.where(strong, values, 0.0)
    _, task_of_query = number_tasks(ordered.votes.tasks, settings)
    by_task = candidates_by_task(ordered.array, task_of_query, weights, settings, n_jobs=-1)
    return Fit(**fit_fields(ordered, settings, scores=scores, strong=strong, by_task=by_task))


def fit_fields(
    ordered: Ordered,
    settings: FitSettings,
    *,
    scores: ConsensusScores,
    strong: BoolArray,
    by_task: tuple[TaskCandidates, ...],
    groups: IntArray | None = None,
    costs: FloatArray | None = None,
) -> dict[str, Any]:
    """The fields of a `Fit` from what its steps found; the rest is `Fit.router`."""
    votes = ordered.votes
    tasks, task_of_query = number_tasks(votes.tasks, settings)
    return {
        "votes": votes,
        "vectors": ordered.array,
        "encoder": ordered.encoder,
        "settings": settings,
        "scores": scores,
        "strong": strong,
        "groups": groups,
        "tasks": tasks,
        "task_of_query": task_of_query,
        "by_task": by_task,
        "caller_rows": np.argsort(ordered.rows),
        "caller_models": np.argsort(ordered.columns),
        "fingerprint": ordered.fingerprint,
        "notes": fit_notes(votes, settings, strong, len(tasks)),
        "costs": costs,
    }
