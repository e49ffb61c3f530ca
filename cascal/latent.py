"""Consensus as inference: how probable is it that a vote names the true option?

Two models of the pool with a hidden truth per query, fitted by expectation–maximisation.
Neither ever sees an answer key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from cascal.datatypes import FREE_ANSWER_OPTIONS, NO_ANSWER, BoolArray, FloatArray, IntArray
from cascal.row_chunks import FEW, row_slices

ALPHA = 0.25
"""Dirichlet concentration of wrong votes: small = wrong models fall for the same distractor."""
SIGMA = 2.2
"""Standard deviation of a query's easiness, in logits."""
KAPPA = 0.8
"""Tempering of the E step; below 1 it guards against locking in on a bloc of models."""
TAU = 0.5
"""Standard deviation of a group's reliability around the pool-wide one, in logits."""
CONCENTRATIONS: FloatArray = np.geomspace(0.1, 20.0, 22)
"""Values of α among which the likelihood chooses."""
EXCESS, MAX_ALPHA = 3.0, 0.7
"""α moves only by what exceeds this factor, and never beyond this value."""
MIN_ITERATIONS, MAX_ITERATIONS, TOLERANCE = 6, 60, 1e-4
_NEWTON_STEPS = 3
_nodes, _weights = np.polynomial.hermite_e.hermegauss(7)
EASINESS: FloatArray = _nodes
LOG_EASINESS_WEIGHT: FloatArray = np.log(_weights / _weights.sum())

DAWID_SKENE_PRIOR = 20.0
"""Pseudo-votes that pull a model's reliability in one task towards its overall reliability."""


@dataclass(frozen=True, eq=False)
class Slots:
    """The distinct answers of every query, the hidden truth being one of them or none.

    of       (Q, M) slot of each vote, NO_ANSWER where there is none; small integers
    counts   (Q, S) votes per slot, 0 where the query has fewer slots; small integers
    n_options (Q,)  K, at least 2 and at least the number of slots
    free     (Q,)   whether the answers are free: K is then a convention
    """

    of: IntArray
    counts: IntArray
    n_options: IntArray
    free: BoolArray

    @property
    def used(self) -> IntArray:
        """(Q,) number of distinct answers."""
        return np.asarray((self.counts > 0).sum(axis=1))

    def part(self, rows: slice) -> Slots:
        """The same for some of the queries."""
        return Slots(self.of[rows], self.counts[rows], self.n_options[rows], self.free[rows])

    @property
    def member(self) -> FloatArray:
        """(Q, S, M) 1 where the model's vote is in the slot: large, so it is not kept."""
        return (self.of[:, None, :] == np.arange(self.counts.shape[1])[None, :, None]).astype(float)


def find_slots(answers: IntArray, n_options: IntArray) -> Slots:
    """Number the distinct answers of each query in increasing order of the answer."""
    order = np.argsort(answers, axis=1, kind="stable")
    ranked = np.take_along_axis(answers, order, axis=1)
    fresh = np.ones(ranked.shape, dtype=bool)
    fresh[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    fresh &= ranked != NO_ANSWER
    numbered = np.where(ranked != NO_ANSWER, np.cumsum(fresh, axis=1) - 1, NO_ANSWER)
    of = np.empty(numbered.shape, dtype=np.int16)
    np.put_along_axis(of, order, numbered, axis=1)
    n_slots = max(1, int(numbered.max(initial=0)) + 1)
    counts = np.zeros((len(answers), n_slots), dtype=np.int16)
    rows, columns = np.nonzero(of != NO_ANSWER)
    np.add.at(counts, (rows, of[rows, columns]), 1)
    free = n_options <= 0
    options = np.where(free, FREE_ANSWER_OPTIONS, n_options)
    n_options = np.maximum(np.maximum(options, 2), (counts > 0).sum(axis=1))
    return Slots(of, counts, n_options, free)


def log_prior(slots: Slots) -> FloatArray:
    """(Q, S+1) log prior weight of each voted slot (1) and of "none of them" (K − s)."""
    none = slots.n_options - slots.used
    with np.errstate(divide="ignore"):
        return np.log(np.column_stack([(slots.counts > 0).astype(float), none.astype(float)]))


def own_slot(per_slot: FloatArray, slots: Slots) -> FloatArray:
    """(Q, M): for each vote the value of its slot; 0 where there is no vote."""
    own = np.take_along_axis(per_slot, np.maximum(slots.of, 0), axis=1)
    return np.where(slots.of == NO_ANSWER, 0.0, own)


@dataclass(frozen=True, eq=False)
class PolyaDawidSkene:
    """A fitted model.

    theta (G, M), pool (M,) reliabilities in logits; easiness (Q, Z) tempered probability of each
    easiness; scores (Q, M) P(vote is right); concentration the last α of wrong votes where it was
    learnt, else the one given.
    """

    theta: FloatArray
    pool: FloatArray
    easiness: FloatArray
    scores: FloatArray
    iterations: int
    concentration: float = ALPHA


def distractor_likelihood(slots: Slots, alpha: float = ALPHA) -> FloatArray:
    """(Q, S+1) log-likelihood of the wrong votes if the truth is each slot, or none of them.

    `alpha` is the concentration in queries with options; free answers keep `ALPHA`.
    """
    gammaln = scipy.special.gammaln
    concentration = np.where(slots.free, ALPHA, alpha)[:, None]
    per_slot = gammaln(concentration + slots.counts) - gammaln(concentration)
    counts = np.column_stack([slots.counts, np.zeros(len(slots.counts))])
    wrong = np.column_stack([per_slot, np.zeros(len(per_slot))])
    others = (slots.n_options - 1)[:, None] * concentration
    total = slots.counts.sum(axis=1, keepdims=True)
    likelihood: FloatArray = (
        wrong.sum(axis=1, keepdims=True)
        - wrong
        + gammaln(others)
        - gammaln(others + total - counts)
    )
    return likelihood


@dataclass(frozen=True, eq=False)
class _WrongVotes:
    """What the concentration is learnt from: how many votes each slot, or all others, hold.

    The likelihood of the wrong votes is a sum of functions of two whole numbers alone – votes of a
    slot, and votes outside it with K – so that a posterior enters by two histograms.
    """

    asked: BoolArray
    votes: IntArray
    outside: IntArray
    per_slot: FloatArray
    per_outside: FloatArray

    def best(self, truth: FloatArray) -> float:
        """The α of `CONCENTRATIONS` with the largest expected likelihood under truth (Q, S+1)."""
        truth = truth[self.asked]
        slots = np.bincount(
            self.votes.ravel(), (1.0 - truth[:, :-1]).ravel(), self.per_slot.shape[1]
        )
        outside = np.bincount(self.outside.ravel(), truth.ravel(), self.per_outside.shape[1])
        return float(CONCENTRATIONS[np.argmax(self.per_slot @ slots + self.per_outside @ outside)])


def _wrong_votes(slots: Slots) -> _WrongVotes:
    gammaln = scipy.special.gammaln
    asked = ~slots.free
    counts, n_options = slots.counts[asked], slots.n_options[asked]
    total = counts.sum(axis=1, keepdims=True)
    left = total - np.column_stack([counts, np.zeros(len(counts), dtype=np.int64)])
    options, of_query = np.unique(n_options, return_inverse=True)
    most = int(total.max(initial=0)) + 1
    alpha = CONCENTRATIONS[:, None, None]
    others = (options - 1)[None, :, None] * alpha
    per_outside = gammaln(others) - gammaln(others + np.arange(most))
    per_slot = gammaln(alpha[:, 0] + np.arange(most)) - gammaln(alpha[:, 0])
    return _WrongVotes(
        asked,
        counts,
        of_query[:, None] * most + left,
        per_slot,
        per_outside.reshape(len(CONCENTRATIONS), -1),
    )


def log_joint(
    slots: Slots,
    fixed: FloatArray,
    theta: FloatArray,
    groups: IntArray,
    confidences: FloatArray | None = None,
) -> FloatArray:
    """LL (Q, S+1, Z): log joint of the votes, the true slot and the query's easiness.

    `fixed` (Q, S+1) is the part that does not depend on theta: prior and distractors;
    `confidences` (Q, S+1, Z) what the log-probabilities add, None = nothing.
    """
    own = np.einsum("qsm,qm->qs", slots.member, theta[groups])
    own = np.column_stack([own, np.zeros(len(own))])
    counts = np.column_stack([slots.counts, np.zeros(len(own))])
    softplus = np.logaddexp(0.0, theta[:, :, None] + SIGMA * EASINESS)
    answered = (slots.of != NO_ANSWER).astype(float)
    penalty = np.empty((len(own), len(EASINESS)))
    for group in range(len(theta)):
        rows = groups == group
        penalty[rows] = answered[rows] @ softplus[group]
    joint: FloatArray = (
        (fixed + own)[:, :, None]
        + counts[:, :, None] * (SIGMA * EASINESS)
        + (LOG_EASINESS_WEIGHT - penalty)[:, None, :]
    )
    return joint if confidences is None else joint + confidences


def expectation(joint: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Q = softmax over (slot, easiness) of κ·LL, and its log-normaliser per query."""
    tempered = KAPPA * joint.reshape(len(joint), -1)
    largest = tempered.max(axis=1, keepdims=True)
    share = np.exp(tempered - largest)
    total = share.sum(axis=1, keepdims=True)
    share /= total
    return share.reshape(joint.shape), (largest + np.log(total))[:, 0]


def newton(
    right: FloatArray, weight: FloatArray, theta: FloatArray, prior: FloatArray | None
) -> FloatArray:
    """Three clipped Newton steps. right (…, M) expected right votes, weight (…, M, Z) votes per
    easiness; prior = centre of a normal prior with deviation τ, None = no prior.
    """
    for _ in range(_NEWTON_STEPS):
        share = scipy.special.expit(theta[..., None] + SIGMA * EASINESS)
        gradient = right - (weight * share).sum(axis=-1)
        curvature = (weight * share * (1.0 - share)).sum(axis=-1)
        if prior is not None:
            gradient = gradient - (theta - prior) / TAU**2
            curvature = curvature + 1.0 / TAU**2
        step = np.divide(gradient, curvature, out=np.zeros_like(gradient), where=curvature > 0)
        theta = theta + np.clip(step, -1.0, 1.0)
    return theta


def statistics(
    posterior: FloatArray, slots: Slots, groups: IntArray, n_groups: int
) -> tuple[FloatArray, FloatArray]:
    """Per group and model: expected right votes (G, M) and votes per easiness (G, M, Z)."""
    right = own_slot(posterior.sum(axis=2), slots)
    easiness = posterior.sum(axis=1)
    answered = (slots.of != NO_ANSWER).astype(float)
    members = [groups == group for group in range(n_groups)]
    rights = np.stack([right[rows].sum(axis=0) for rows in members])
    weights = np.stack([answered[rows].T @ easiness[rows] for rows in members])
    return rights, weights


def starting_reliability(slots: Slots) -> FloatArray:
    """(M,) logit of the mean share of votes for a model's own answers, add-one smoothed."""
    total = slots.counts.sum(axis=1, keepdims=True)
    share = own_slot(slots.counts / np.maximum(total, 1), slots)
    answered = (slots.of != NO_ANSWER).sum(axis=0)
    return np.asarray(scipy.special.logit((share.sum(axis=0) + 1.0) / (answered + 2.0)))


def polya_dawid_skene(answers: IntArray, groups: IntArray, n_options: IntArray) -> PolyaDawidSkene:
    """Dawid–Skene with a hidden easiness per query and wrong votes that share distractors.

        P(vote of model j right | easiness b) = sigmoid(theta[group, j] + σ b),   b ~ N(0, 1)
        the wrong votes ~ Dirichlet-multinomial(α) over the K − 1 other options

    answers (Q, M) with NO_ANSWER, groups (Q,) 0 … G−1, n_options (Q,) (0 = free answers, K = 20).
    scores are P(the vote names the true option), 0 where there is none.
    Constants and stopping rule are fixed for all pools (docs/method.md § 2).
    """
    return maximise(find_slots(answers, n_options), groups)


Confidences = Callable[[slice], FloatArray]
"""What the log-probabilities of some rows add to their log joint: (q, S+1, Z)."""


@dataclass(frozen=True, eq=False)
class _Expected:
    """One E step: truth (Q, S+1) and easiness (Q, Z) of every query, log-normaliser (Q,), and what
    the M step needs of them: right (G, M), weight (G, M, Z), summed over chunks of rows in turn.
    """

    truth: FloatArray
    easiness: FloatArray
    normaliser: FloatArray
    right: FloatArray
    weight: FloatArray

    @classmethod
    def empty(cls, slots: Slots, theta: FloatArray) -> _Expected:
        n_queries, n_slots = slots.counts.shape
        return cls(
            np.empty((n_queries, n_slots + 1)),
            np.empty((n_queries, len(EASINESS))),
            np.empty(n_queries),
            np.zeros(theta.shape),
            np.zeros((*theta.shape, len(EASINESS))),
        )


def _expected(
    slots: Slots,
    fixed: FloatArray,
    theta: FloatArray,
    groups: IntArray,
    confidences: Confidences | None,
) -> _Expected:
    step = _Expected.empty(slots, theta)
    for rows in row_slices(len(groups), FEW):
        part, group = slots.part(rows), groups[rows]
        heard = None if confidences is None else confidences(rows)
        posterior, step.normaliser[rows] = expectation(
            log_joint(part, fixed[rows], theta, group, heard)
        )
        step.truth[rows], step.easiness[rows] = posterior.sum(axis=2), posterior.sum(axis=1)
        right, weight = statistics(posterior, part, group, len(theta))
        np.add(step.right, right, out=step.right)
        np.add(step.weight, weight, out=step.weight)
    return step


def maximise(
    slots: Slots,
    groups: IntArray,
    *,
    alpha: float = ALPHA,
    learn_alpha: bool = False,
    start: PolyaDawidSkene | None = None,
    confidences: Confidences | None = None,
) -> PolyaDawidSkene:
    """Expectation–maximisation of `polya_dawid_skene` and what builds on it.

    `learn_alpha`: every M step also takes the α of `CONCENTRATIONS` that explains the wrong votes
    of queries with options best. `start`: reliabilities to go on from instead of the plurality's.
    `confidences` are added to the log joint. What has a number for every query, slot and easiness
    exists for a few thousand queries at a time only.
    """
    n_groups = int(groups.max(initial=0)) + 1
    prior = log_prior(slots)
    fixed = prior + distractor_likelihood(slots, alpha)
    wrong_votes = _wrong_votes(slots) if learn_alpha else None
    pool = starting_reliability(slots) if start is None else start.pool
    theta = np.repeat(pool[None], n_groups, axis=0) if start is None else start.theta
    previous = -np.inf
    for iteration in range(MAX_ITERATIONS + 1):
        step = _expected(slots, fixed, theta, groups, confidences)
        current = float(step.normaliser.mean()) if len(groups) else 0.0
        settled = iteration >= MIN_ITERATIONS and abs(current - previous) < TOLERANCE
        if settled or iteration == MAX_ITERATIONS:
            break
        previous = current
        pool = newton(step.right.sum(axis=0), step.weight.sum(axis=0), pool, None)
        theta = newton(step.right, step.weight, theta, pool)
        if wrong_votes is not None:
            likeliest = wrong_votes.best(step.truth)
            if likeliest != alpha:
                alpha = likeliest
                fixed = prior + distractor_likelihood(slots, alpha)
    scores = own_slot(step.truth, slots)
    return PolyaDawidSkene(theta, pool, step.easiness, scores, iteration, alpha)


def guarded_concentration(slots: Slots, groups: IntArray) -> tuple[float, float]:
    """The α that explains the wrong votes best, and the one that is used; both `ALPHA` without
    queries with options.

    Wrong models that scatter over the distractors have a large α. It is used as far as it exceeds
    a factor of `EXCESS`, up to `MAX_ALPHA`: unguarded likelihood costs points where it errs.
    """
    if slots.free.all():
        return ALPHA, ALPHA
    likeliest = maximise(slots, groups, learn_alpha=True).concentration
    return likeliest, float(np.clip(likeliest / EXCESS, ALPHA, MAX_ALPHA))


def dawid_skene(answers: IntArray, tasks: IntArray, n_options: IntArray) -> FloatArray:
    """One-coin Dawid–Skene: each model is right with one probability per task.

        P(vote | truth) = p if right, (1 − p)/(K − 1) for each wrong option

    Reliabilities of a task are shrunk to the model's overall reliability by `DAWID_SKENE_PRIOR`
    pseudo-votes. Returns (Q, M) P(the vote names the true option), 0 where there is no vote.

    Reference: Dawid and Skene 1979, doi:10.2307/2346806, restricted to one parameter a model.
    Differs from the original by the shrinkage and by the option "none of the voted ones".
    """
    slots = find_slots(answers, n_options)
    answered = (slots.of != NO_ANSWER).astype(float)
    prior = log_prior(slots)
    log_others = np.log(slots.n_options - 1.0)[:, None]
    reliability: FloatArray = np.repeat(
        scipy.special.expit(starting_reliability(slots))[None], tasks.max(initial=0) + 1, 0
    )
    member, previous = slots.member, -np.inf
    scores: FloatArray = np.zeros(answers.shape)
    for _ in range(MAX_ITERATIONS):
        odds = np.where(answered > 0, scipy.special.logit(reliability[tasks]) + log_others, 0.0)
        joint = np.column_stack([np.einsum("qsm,qm->qs", member, odds), np.zeros(len(odds))])
        normaliser = scipy.special.logsumexp(joint + prior, axis=1, keepdims=True)
        scores = own_slot(np.exp(joint + prior - normaliser), slots)
        wrong = (answered * (np.log1p(-reliability[tasks]) - log_others)).sum(axis=1)
        current = float((normaliser[:, 0] + wrong).mean()) if len(wrong) else 0.0
        overall = (scores.sum(axis=0) + 1.0) / (answered.sum(axis=0) + 2.0)
        for task in range(len(reliability)):
            rows = tasks == task
            strength = answered[rows].sum(axis=0) + DAWID_SKENE_PRIOR
            reliability[task] = (scores[rows].sum(axis=0) + DAWID_SKENE_PRIOR * overall) / strength
        if abs(current - previous) < TOLERANCE:
            break
        previous = current
    return scores
