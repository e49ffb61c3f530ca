"""Which models still need to be asked which queries, from the consensus on a random base sample.

Arrays in, cells (query, model) out; no label is read. Every model answers the base sample; then
further queries are asked of the models that may still be the best of their group, as long as the
calls last. The remaining queries are asked of nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascal.datatypes import BoolArray, CascalError, FloatArray, IntArray, Votes
from cascal.draws import hashed_places, stratified_order
from cascal.number_format import counted
from cascal.rank import deviations, shrunken_scores
from cascal.score import consensus_scores

BASE_SHARE = 0.75
"""Share of the calls that the base sample gets; chosen on the simulated demo sets."""
OPEN_ERRORS = 2.0
"""A model is open until it is this many standard errors below the best of the group."""
LEAST_MODELS = 3
"""Models that a query is asked of at least: two votes that differ say nothing."""
LEAST_BASE = 20
"""Queries a base sample needs before anything is concluded from it."""


def most_calls(n_queries: int, n_models: int, fraction: float) -> int:
    """Calls that a fraction of n_queries · n_models allows, rounded down."""
    return int(fraction * n_queries * n_models + 1e-9)


def _n_base(n_queries: int, n_models: int, fraction: float) -> int:
    if fraction >= 1.0:
        return n_queries
    return int(BASE_SHARE * most_calls(n_queries, n_models, fraction) / max(1, n_models))


def check_fraction(fraction: float, n_queries: int, n_models: int) -> None:
    """Refuse what is no fraction, and one whose base sample would be too small to learn from."""
    if not 0.0 < fraction <= 1.0:
        raise CascalError(
            f"The fraction is {fraction:g}; it must be above 0 and at most 1.",
            code="out-of-bounds",
        )
    n_base = _n_base(n_queries, n_models, fraction)
    if fraction < 1.0 and n_base < LEAST_BASE:
        raise CascalError(
            f"A fraction of {fraction:g} of {counted(n_queries, 'training query')} leaves a base "
            f"sample of {n_base}; it needs {LEAST_BASE}. Ask for a larger fraction, or all.",
            code="out-of-bounds",
        )


def base_sample(
    query_ids: Sequence[str], tasks: Sequence[str], n_models: int, fraction: float
) -> BoolArray:
    """(Q,) the queries that every model is asked, every task with its share.

    ⌊BASE_SHARE · ⌊fraction · Q · M⌋ / M⌋ queries by the hash of their ids: the same at every call,
    and part of the sample of any larger fraction. All of them at a fraction of 1.
    """
    base = np.zeros(len(query_ids), dtype=bool)
    order = stratified_order(tasks, hashed_places(query_ids))
    base[order[: _n_base(len(query_ids), n_models, fraction)]] = True
    return base


def open_models(scores: FloatArray, groups: IntArray, n_groups: int) -> BoolArray:
    """(G, M) the models that may still be the best of their group.

        μ[g, m] = mean C[m] + trust · (mean R in g − mean R),   trust = t²/(t² + V[g, m])
        s²[g, m] = trust · V[g, m] + variance of the mean of R over all
        open: μ[g, m] + OPEN_ERRORS · sqrt(s²[g, m] + s²[g, best]) ≥ μ[g, best]

    R = C − row mean, V the sampling variance of its mean in g, t² common (empirical Bayes, as
    `shrunken_scores`). The `LEAST_MODELS` models of highest bound are always open.

    scores C (n, M) of the base sample, 0 where there was no answer; groups (n,) 0 … G − 1. A group
    without a query has the μ and s² of all.
    """
    relative = scores - scores.mean(axis=1, keepdims=True)
    group = np.arange(n_groups)
    spread = deviations(relative, groups, n_groups)
    mean, trust = shrunken_scores(scores.mean(axis=0), relative, groups, groups, group)
    empty = spread.count == 0
    mean[empty], trust[empty] = scores.mean(axis=0), 0.0
    sampling = spread.variance / np.maximum(spread.count, 1)[:, None]
    variance = trust * sampling + relative.var(axis=0) / len(relative)
    best = mean.argmax(axis=1)
    error = np.sqrt(variance + variance[group, best][:, None])
    bound = mean + OPEN_ERRORS * error
    first = np.argsort(-bound, axis=1, kind="stable")[:, :LEAST_MODELS]
    result: BoolArray = bound >= mean[group, best][:, None]
    result[group[:, None], first] = True
    return result


def next_cells(
    open_: BoolArray, tasks: Sequence[str], query_ids: Sequence[str], base: BoolArray, calls: int
) -> BoolArray:
    """(Q, M) what to ask after the base sample: whole queries, at most `calls` cells.

    Queries come in the order in which a larger base sample would take them, each asked of the open
    models of its task (open_ (T, M), tasks by name), until the next does not fit.
    """
    group = np.unique(np.asarray(tasks), return_inverse=True)[1]
    order = stratified_order(tasks, hashed_places(query_ids))
    order = order[~base[order]]
    cost = open_.sum(axis=1)[group[order]]
    affordable = order[np.cumsum(cost) <= calls]
    cells = np.zeros((len(base), open_.shape[1]), dtype=bool)
    cells[affordable] = open_[group[affordable]]
    return cells


def still_to_ask(votes: Votes, base: BoolArray, fraction: float) -> BoolArray:
    """(Q, M) what to ask after the base sample was asked: `open_models` by task of its consensus.

    votes (Q, M) of all training queries; only those of the base sample are read.
    """
    n_queries, n_models = votes.shape
    calls = most_calls(n_queries, n_models, fraction) - int(base.sum()) * n_models
    rows = np.flatnonzero(base)
    if calls <= 0 or not len(rows):
        return np.zeros(votes.shape, dtype=bool)
    scores = consensus_scores(votes.take(rows), "pds_confidence").filled
    names, task = np.unique(np.asarray(votes.tasks), return_inverse=True)
    open_ = open_models(scores, task[rows], len(names))
    return next_cells(open_, votes.tasks, votes.query_ids, base, calls)
