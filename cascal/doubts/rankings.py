"""Does the consensus rank the models the same way when it sees less?"""

from __future__ import annotations

from collections import Counter

import numpy as np

from cascal.computing.remembered import remembered
from cascal.computing_order import best_first
from cascal.datatypes import FloatArray, IntArray, NotApplicable
from cascal.doubts.measure import Look, Measure, look_at
from cascal.draws import random_places, random_rows, stratified_halves
from cascal.fit import Fit
from cascal.number_format import counted, decimal
from cascal.rank import tau_b
from cascal.score import consensus_scores

OPPOSITE = 0.0
"""Kendall τ below which two rankings contradict each other."""
MIN_SPLIT_TAU = 0.5
"""Kendall τ between rankings of two halves below which they say little."""
LEFT_OUT_QUERIES = 1000
"""So many random queries show whether a pool without one model ranks the others differently."""
N_SAMPLES, MANY_FIRST = 5, 3
"""Half-samples that are looked at, and different first models from which nobody is the best."""
MIN_QUERIES = 40
"""With fewer queries a half of them says nothing about who is best."""


def _mean_scores(fitted: Fit, rows: IntArray, models: IntArray | None = None) -> FloatArray:
    """(M,) mean consensus scores of some of a fit's queries and models, by their votes alone.

    The groups of reliabilities stay those of the fit: nothing is clustered again.
    """
    votes = fitted.votes.take(rows, models)
    groups = None if fitted.groups is None else fitted.groups[rows]
    scores = consensus_scores(votes, fitted.settings.consensus, groups)
    return np.asarray(scores.filled.mean(axis=0))


@remembered
def without_each(fitted: Fit) -> list[tuple[float, str]]:
    """τ of the other models' consensus ranking with and without each model, on the same queries."""
    models = fitted.votes.models
    rows = np.sort(random_rows(fitted.votes.query_ids, LEFT_OUT_QUERIES, 0))
    overall = _mean_scores(fitted, rows)
    found = []
    for left_out, model in enumerate(models):
        rest = np.delete(np.arange(len(models)), left_out)
        without = _mean_scores(fitted, rows, rest)
        found.append((float(tau_b(overall[rest], without)[0]), model))
    return found


def split_agreement(halves: tuple[Fit, Fit]) -> float:
    """τ between the consensus rankings of two halves of the queries."""
    one, other = (np.nan_to_num(half.consensus, nan=0.0).mean(axis=0) for half in halves)
    return float(tau_b(one, other)[0])


def tau_above(name: str, tau: float, rule: float) -> Measure:
    """A rank correlation that must not fall below a rule."""
    return Measure(name=name, value=tau, rule=rule, holds_if="at least", share=False)


def contradiction(fitted: Fit, halves: tuple[Fit, Fit]) -> Look:
    """What CAS201 says without gold: halves, or the pool without one model, rank differently."""
    if len(fitted.models) < 3:
        raise NotApplicable("Rankings of two models can only agree or not.", code="too-little-data")
    split = split_agreement(halves)
    worst, model = min(without_each(fitted))
    return look_at(
        tau_above("Kendall τ of two halves", split, MIN_SPLIT_TAU),
        tau_above(f"Kendall τ to the ranking without {model}", worst, OPPOSITE),
        issue=lambda: (
            f"Without gold answers: rankings of two halves agree with τ {decimal(split, 2)}, and "
            f"without {model} the other models rank with τ {decimal(worst, 2)} to what they were. "
            "Such a ranking says little."
        ),
    )


@remembered
def _first_models(fitted: Fit) -> tuple[str, ...]:
    votes = fitted.votes
    found = []
    for seed in range(N_SAMPLES):
        half = stratified_halves(votes.tasks, random_places(votes.query_ids, seed))
        means = _mean_scores(fitted, np.flatnonzero(half == 0))
        found.append(votes.models[int(best_first(means, votes.models, 1)[0])])
    return tuple(found)


def first_models(fitted: Fit) -> tuple[str, ...]:
    """The best model by mean consensus score in each of `N_SAMPLES` random halves of the queries.

    NotApplicable where there are too few queries or models.
    """
    n_queries, n_models = fitted.votes.shape
    if n_queries < MIN_QUERIES or n_models < MANY_FIRST:
        raise NotApplicable(
            f"{counted(n_queries, 'training query')} and {counted(n_models, 'model')} are too few "
            f"to say whether half-samples agree who is best: at least {MIN_QUERIES} and "
            f"{MANY_FIRST} are needed.",
            code="too-little-data",
        )
    return _first_models(fitted)


def undecided(fitted: Fit) -> Look:
    """What CAS206 says: random halves of the queries name too many models as the best."""
    counts = Counter(first_models(fitted)).most_common()
    named = ", ".join(f"{model} {n} times" if n > 1 else f"{model} once" for model, n in counts)
    name = "Models named as the best by random halves"
    return look_at(
        Measure(name=name, value=len(counts), rule=MANY_FIRST, share=False),
        issue=lambda: (
            f"{N_SAMPLES} random halves of the queries name {counted(len(counts), 'model')} as the "
            f"best ({named}; rule: fewer than {MANY_FIRST}). Where that was so in real pools, the "
            "default was 7 points below the best single model: trust neither before ten labels "
            "tell."
        ),
    )
