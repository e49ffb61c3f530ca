"""Expectation–maximisation of the consensus, in this process or in many.

What climbs is the same everywhere; only the E step is computed where the votes are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cascal.computing.row_chunks import FEW, row_slices
from cascal.consensus.latent import (
    ALPHA,
    EASINESS,
    MAX_ITERATIONS,
    TOLERANCE,
    Slots,
    WrongVotes,
    distractor_likelihood,
    expectation,
    find_slots,
    log_joint,
    log_prior,
    newton,
    own_slot,
    starting_reliability,
    statistics,
)
from cascal.datatypes import FloatArray, IntArray

EXCESS, MAX_ALPHA = 3.0, 0.7
"""α moves only by what exceeds this factor, and never beyond this value."""
MIN_ITERATIONS = 6


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


Evidence = Callable[[FloatArray, Slots, IntArray], FloatArray]
"""What confidences z (q, M) of some queries, their slots and groups add to the log joint:
(q, S+1, Z)."""


@dataclass(frozen=True, eq=False)
class Expected:
    """One E step of some queries: truth (Q, S+1) and easiness (Q, Z), log-normaliser (Q,), and what
    the M step needs of them: right (G, M), weight (G, M, Z), summed over chunks of rows in turn.
    """

    truth: FloatArray
    easiness: FloatArray
    normaliser: FloatArray
    right: FloatArray
    weight: FloatArray

    @classmethod
    def empty(cls, slots: Slots, theta: FloatArray) -> Expected:
        """Room for the numbers of every query, and sums of nothing yet."""
        n_queries, n_slots = slots.counts.shape
        return cls(
            np.empty((n_queries, n_slots + 1)),
            np.empty((n_queries, len(EASINESS))),
            np.empty(n_queries),
            np.zeros(theta.shape),
            np.zeros((*theta.shape, len(EASINESS))),
        )


@dataclass(frozen=True, eq=False)
class Ballots:
    """What the E step of some queries reads: their slots and groups (Q,), and confidences z (Q, M)
    with what they say, None = nothing.
    """

    slots: Slots
    groups: IntArray
    z: FloatArray | None = None
    evidence: Evidence | None = None

    def fixed(self, alpha: float) -> FloatArray:
        """(Q, S+1) the part of the log joint that no reliability changes."""
        return log_prior(self.slots) + distractor_likelihood(self.slots, alpha)

    def expected(self, fixed: FloatArray, theta: FloatArray) -> Expected:
        """The E step; what has a number for every query, slot and easiness exists for a few
        thousand queries at a time only.
        """
        step = Expected.empty(self.slots, theta)
        for rows in row_slices(len(self.groups), FEW):
            part, group = self.slots.part(rows), self.groups[rows]
            joint = log_joint(part, fixed[rows], theta, group, self._heard(rows, part, group))
            posterior, step.normaliser[rows] = expectation(joint)
            truth, easiness = posterior.sum(axis=2), posterior.sum(axis=1)
            step.truth[rows], step.easiness[rows] = truth, easiness
            right, weight = statistics(truth, easiness, part, group, len(theta))
            np.add(step.right, right, out=step.right)
            np.add(step.weight, weight, out=step.weight)
        return step

    def _heard(self, rows: slice, part: Slots, group: IntArray) -> FloatArray | None:
        if self.z is None or self.evidence is None:
            return None
        return self.evidence(self.z[rows], part, group)


@dataclass(frozen=True, eq=False)
class Sums:
    """What an M step needs of an E step of all queries.

    level: mean log-normaliser; right (G, M), weight (G, M, Z); wrong: what the concentration is
    learnt from, None where it is not learnt
    """

    level: float
    right: FloatArray
    weight: FloatArray
    wrong: tuple[FloatArray, FloatArray] | None


@dataclass(frozen=True, eq=False)
class Climbed:
    """Where expectation–maximisation came to rest: theta (G, M), pool (M,), α and iterations."""

    theta: FloatArray
    pool: FloatArray
    concentration: float
    iterations: int


class Consensus(ABC):
    """Expectation–maximisation of `polya_dawid_skene`, wherever the votes are."""

    slots: Slots
    groups: IntArray

    @abstractmethod
    def step(self, theta: FloatArray, alpha: float, wrong: WrongVotes | None) -> Sums:
        """The E step of all queries, summed."""

    @abstractmethod
    def posterior(self, at: Climbed) -> tuple[FloatArray, FloatArray]:
        """Scores (Q, M) and easiness (Q, Z) at what was last climbed to."""

    @abstractmethod
    def hearing(self, z: FloatArray, evidence: Evidence) -> Consensus:
        """The same with confidences z (Q, M) as evidence."""

    def climb(
        self,
        *,
        alpha: float = ALPHA,
        learn_alpha: bool = False,
        start: PolyaDawidSkene | None = None,
    ) -> Climbed:
        """Iterate until the likelihood settles.

        `learn_alpha`: every M step also takes the α of `CONCENTRATIONS` that explains the wrong
        votes of queries with options best. `start`: reliabilities to go on from instead of the
        plurality's.
        """
        n_groups = int(self.groups.max(initial=0)) + 1
        wrong = WrongVotes.of(self.slots) if learn_alpha else None
        pool = starting_reliability(self.slots) if start is None else start.pool
        theta = np.repeat(pool[None], n_groups, axis=0) if start is None else start.theta
        previous = -np.inf
        for iteration in range(MAX_ITERATIONS + 1):
            sums = self.step(theta, alpha, wrong)
            settled = iteration >= MIN_ITERATIONS and abs(sums.level - previous) < TOLERANCE
            if settled or iteration == MAX_ITERATIONS:
                break
            previous = sums.level
            pool = newton(sums.right.sum(axis=0), sums.weight.sum(axis=0), pool, None)
            theta = newton(sums.right, sums.weight, theta, pool)
            if wrong is not None and sums.wrong is not None:
                alpha = wrong.best(*sums.wrong)
        return Climbed(theta, pool, alpha, iteration)

    def maximise(
        self,
        *,
        alpha: float = ALPHA,
        learn_alpha: bool = False,
        start: PolyaDawidSkene | None = None,
    ) -> PolyaDawidSkene:
        """Climb, and what every vote is worth there."""
        at = self.climb(alpha=alpha, learn_alpha=learn_alpha, start=start)
        scores, easiness = self.posterior(at)
        return PolyaDawidSkene(at.theta, at.pool, easiness, scores, at.iterations, at.concentration)


class ConsensusHere(Consensus):
    """The same in this process: the last E step is kept, so that its posterior is at hand."""

    def __init__(
        self,
        slots: Slots,
        groups: IntArray,
        z: FloatArray | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self.slots, self.groups = slots, groups
        self._ballots = Ballots(slots, groups, z, evidence)
        self._fixed: tuple[float, FloatArray] = (np.nan, np.empty((0, 0)))
        self._last: Expected | None = None

    def step(self, theta: FloatArray, alpha: float, wrong: WrongVotes | None) -> Sums:
        """The E step of all queries."""
        if self._fixed[0] != alpha:
            self._fixed = (alpha, self._ballots.fixed(alpha))
        self._last = step = self._ballots.expected(self._fixed[1], theta)
        level = float(step.normaliser.mean()) if len(self.groups) else 0.0
        counted = None if wrong is None else wrong.counted(step.truth)
        return Sums(level, step.right, step.weight, counted)

    def posterior(self, at: Climbed) -> tuple[FloatArray, FloatArray]:
        """Of the last E step: climbing comes to rest at one."""
        step, self._last = self._last, None  # given away, so that it is not held for nothing
        if step is None:
            step = self._ballots.expected(self._ballots.fixed(at.concentration), at.theta)
        return own_slot(step.truth, self.slots), step.easiness

    def hearing(self, z: FloatArray, evidence: Evidence) -> Consensus:
        """The same with confidences as evidence."""
        return ConsensusHere(self.slots, self.groups, z, evidence)


def guarded_concentration(consensus: Consensus) -> tuple[float, float]:
    """The α that explains the wrong votes best, and the one that is used; both `ALPHA` without
    queries with options.

    Wrong models that scatter over the distractors have a large α. It is used as far as it exceeds
    a factor of `EXCESS`, up to `MAX_ALPHA`: unguarded likelihood costs points where it errs.
    """
    if consensus.slots.free.all():
        return ALPHA, ALPHA
    likeliest = consensus.climb(learn_alpha=True).concentration
    return likeliest, float(np.clip(likeliest / EXCESS, ALPHA, MAX_ALPHA))


def polya_dawid_skene(answers: IntArray, groups: IntArray, n_options: IntArray) -> PolyaDawidSkene:
    """Dawid–Skene with a hidden easiness per query and wrong votes that share distractors.

        P(vote of model j right | easiness b) = sigmoid(theta[group, j] + σ b),   b ~ N(0, 1)
        the wrong votes ~ Dirichlet-multinomial(α) over the K − 1 other options

    answers (Q, M) with NO_ANSWER, groups (Q,) 0 … G−1, n_options (Q,) (0 = free answers, K = 20).
    scores are P(the vote names the true option), 0 where there is none.
    Constants and stopping rule are fixed for all pools (docs/method.md § 2).
    """
    return ConsensusHere(find_slots(answers, n_options), groups).maximise()
