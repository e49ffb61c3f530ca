"""Consensus as inference: how probable is it that a vote names the true option?

The parts of two models of the pool with a hidden truth per query: Polya–Dawid–Skene, climbed in
`expectation_maximisation`, and one-coin Dawid–Skene. Neither ever sees an answer key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy

from cascal.datatypes import FREE_ANSWER_OPTIONS, NO_ANSWER, BoolArray, FloatArray, IntArray

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
MAX_ITERATIONS, TOLERANCE = 60, 1e-4
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

    def part(self, rows: slice | IntArray) -> Slots:
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
class WrongVotes:
    """What the concentration is learnt from: how many votes each slot, or all others, hold.

    The likelihood of the wrong votes is a sum of functions of two whole numbers alone – votes of a
    slot, and votes outside it with K – so that a posterior enters by two histograms.
    """

    asked: BoolArray
    votes: IntArray
    outside: IntArray
    per_slot: FloatArray
    per_outside: FloatArray

    @classmethod
    def of(cls, slots: Slots) -> WrongVotes:
        """Of the queries with options."""
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
        return cls(
            asked,
            counts,
            of_query[:, None] * most + left,
            per_slot,
            per_outside.reshape(len(CONCENTRATIONS), -1),
        )

    def take(self, rows: IntArray) -> WrongVotes:
        """The same for some of the queries."""
        place = np.cumsum(self.asked) - 1
        kept = place[rows[self.asked[rows]]]
        return replace(
            self, asked=self.asked[rows], votes=self.votes[kept], outside=self.outside[kept]
        )

    def counted(self, truth: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The two histograms under truth (Q, S+1)."""
        truth = truth[self.asked]
        slot, other = (1.0 - truth[:, :-1]).ravel(), truth.ravel()
        slots = np.bincount(self.votes.ravel(), slot, self.per_slot.shape[1])
        outside = np.bincount(self.outside.ravel(), other, self.per_outside.shape[1])
        return slots.astype(np.float64), outside.astype(np.float64)

    def best(self, slots: FloatArray, outside: FloatArray) -> float:
        """The α of `CONCENTRATIONS` with the largest expected likelihood under the histograms."""
        return float(CONCENTRATIONS[np.argmax(self.per_slot @ slots + self.per_outside @ outside)])


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
    truth: FloatArray, easiness: FloatArray, slots: Slots, groups: IntArray, n_groups: int
) -> tuple[FloatArray, FloatArray]:
    """Per group and model: expected right votes (G, M) and votes per easiness (G, M, Z), under
    the posteriors of the true slot (Q, S+1) and of the easiness (Q, Z).
    """
    right = own_slot(truth, slots)
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
