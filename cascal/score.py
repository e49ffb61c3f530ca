"""Votes -> consensus scores and strong sets (docs/method.md §§ 2, 3). Never sees an answer key."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy

from cascal.consensus.confidence import listening_consensus
from cascal.consensus.expectation_maximisation import Consensus, ConsensusHere
from cascal.consensus.latent import Slots, dawid_skene, find_slots, own_slot
from cascal.datatypes import NO_ANSWER, BoolArray, CascalError, FloatArray, IntArray, Votes
from cascal.results import ConsensusScores
from cascal.settings import GROUPED, PRESETS
from cascal.vote import standardise

POSTERIOR_CLASSES = 20
"""Fixed number of classes in the released code's softmax."""

_MAD_TO_SIGMA = 1.4826


def logprob_statistics(logprobs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median and scale (1.4826·MAD) of each model's log-probabilities, both (M,).

    A scale of 0 becomes the standard deviation, and 1 if that is 0 too; a model without any
    log-probability gets median 0 and scale 1.
    """
    n_models = logprobs.shape[1]
    center, spread = np.zeros(n_models), np.ones(n_models)
    for model in range(n_models):
        known = logprobs[:, model][np.isfinite(logprobs[:, model])]
        if not len(known):
            continue
        center[model] = np.median(known)
        mad = _MAD_TO_SIGMA * np.median(np.abs(known - center[model]))
        fallback = known.std() if np.ptp(known) > 0 else 0.0  # a constant's is not exactly 0
        spread[model] = mad if mad > 0 else (fallback if fallback > 0 else 1.0)
    return center, spread


def _slot_sums(votes: Votes, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum of the weights per distinct answer (Q, S), and each vote's own sum (Q, M)."""
    slots = find_slots(votes.answers, votes.option_counts)
    sums = np.einsum("qsm,qm->qs", slots.member, weight)
    return sums, own_slot(sums, slots)


def z_sum(votes: Votes, z: FloatArray) -> FloatArray:
    """score[q, m] = Σ z[q, j] over every model j with the same answer, m included.

    (Q, M), nan where there is no answer. Reference: arXiv:2601.09692, consensus scoring.
    """
    if votes.answered.any() and not votes.confident.any():
        raise CascalError(
            "The preset 'paper' (consensus z_sum) needs log-probabilities, and these votes carry "
            "none: its scores would all be 0 and the order alphabetical. Use 'recommended'.",
            code="needs-log-probabilities",
        )
    _, own = _slot_sums(votes, np.where(votes.answered, z, 0.0))
    return np.where(votes.answered, own, np.nan)


def posterior(votes: Votes, z: FloatArray) -> FloatArray:
    """Softmax over fixed classes of the summed weights clip(sigmoid(z), .01, .99).

    (Q, M), nan where there is no answer. What the released code computes: 20 classes, more where
    a query has more options; a class nobody voted for counts exp(0).
    """
    weight = np.where(votes.answered, np.clip(scipy.special.expit(z), 0.01, 0.99), 0.0)
    sums, own = _slot_sums(votes, weight)
    n_classes = max(POSTERIOR_CLASSES, int(votes.option_counts.max(initial=0)))
    used = (sums > 0).sum(axis=1)
    total = np.exp(sums).sum(axis=1, where=sums > 0) + np.maximum(n_classes - used, 0)
    return np.where(votes.answered, np.exp(own) / total[:, None], np.nan)


def agreement_scores(votes: Votes) -> FloatArray:
    """Share of the *other* answering models with the same answer; nan where there is no answer."""
    _, own = _slot_sums(votes, votes.answered.astype(float))
    others = votes.answered.sum(axis=1, keepdims=True) - 1
    share = np.divide(own - 1, others, out=np.zeros(own.shape), where=others > 0)
    return np.where(votes.answered, share, np.nan)


def usable_presets(votes: Votes) -> tuple[str, ...]:
    """Presets that these votes allow: "paper" needs log-probabilities."""
    heard = bool(votes.confident.any())
    return tuple(name for name, preset in PRESETS.items() if preset.consensus != "z_sum" or heard)


def consensus_scores(
    votes: Votes,
    method: str,
    groups: IntArray | None = None,
    consensus: Callable[[Slots, IntArray], Consensus] = ConsensusHere,
) -> ConsensusScores:
    """Score every vote by how far the pool backs it.

    method is one of pds, pds_confidence, dawid_skene, posterior, z_sum, agreement. `groups` (Q,)
    0 … G−1 are the groups of queries within which the methods of `GROUPED` estimate reliabilities;
    one group if left out; `consensus` says where these are computed, from slots and groups.
    Values (Q, M) are nan (0 for those and dawid_skene) where a model gave no answer.
    """
    center, spread = logprob_statistics(np.where(votes.answered, votes.logprobs, np.nan))
    options = votes.option_counts
    learnt = None
    if method in GROUPED:
        groups = np.zeros(len(options), dtype=np.int64) if groups is None else groups
        asked = consensus(find_slots(votes.answers, options), groups)
        if method == "pds":
            values = asked.maximise().scores
        else:
            fitted, learnt = listening_consensus(asked, votes.logprobs)
            values = fitted.scores
    elif method == "dawid_skene":
        names = {task: index for index, task in enumerate(sorted(set(votes.tasks)))}
        tasks = np.array([names[task] for task in votes.tasks], dtype=np.int64)
        values = dawid_skene(votes.answers, tasks, options)
    elif method == "posterior":
        values = posterior(votes, standardise(votes.logprobs, center, spread))
    elif method == "z_sum":
        values = z_sum(votes, standardise(votes.logprobs, center, spread))
    elif method == "agreement":
        values = agreement_scores(votes)
    else:
        raise CascalError(f"There is no consensus method {method!r}.", code="unknown-choice")
    return ConsensusScores(values, center, spread, method, learnt)


def agreement(votes: Votes) -> FloatArray:
    """(Q,) share of the models in the largest group; divided by M, answered or not."""
    slots = find_slots(votes.answers, votes.option_counts)
    return np.asarray(slots.counts.max(axis=1) / max(1, len(votes.models)))


def strong_sets(
    votes: Votes, scores: ConsensusScores, rule: str, min_agreement: float
) -> tuple[BoolArray, FloatArray]:
    """Which votes are strong, (Q, M), and their weights, (Q, M).

    released: voted for an answer tied for the top; agreement = share of models on any of them
    unique:   voted for the only most frequent answer; agreement = its share
    probable: score ≥ 0.5, weight = score (needs scores that are probabilities)
    """
    if rule == "probable":
        strong = scores.filled >= 0.5
        return strong, np.where(strong, scores.filled, 0.0)
    slots = find_slots(votes.answers, votes.option_counts)
    top = (slots.counts == slots.counts.max(axis=1, keepdims=True)) & (slots.counts > 0)
    if rule == "unique":
        top &= top.sum(axis=1, keepdims=True) == 1
    ratio = (slots.counts * top).sum(axis=1) / max(1, len(votes.models))
    with_plurality = own_slot(top.astype(float), slots) > 0
    strong = with_plurality & (ratio >= min_agreement)[:, None]
    strong &= votes.answers != NO_ANSWER
    return strong, np.where(strong, ratio[:, None], 0.0)
