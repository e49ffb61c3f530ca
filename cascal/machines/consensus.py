"""The consensus, with the E step of every task computed where its votes were sent once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cascal.consensus.expectation_maximisation import Ballots, Climbed, Consensus, Evidence, Sums
from cascal.consensus.latent import Slots, WrongVotes, own_slot
from cascal.datatypes import FloatArray, IntArray
from cascal.machines.crew import Crew, Kept
from cascal.machines.folder import VectorFolder

PartSums = tuple[float, FloatArray, FloatArray, tuple[FloatArray, FloatArray] | None]
"""Of some queries: summed log-normalisers, right, weight, and what the concentration is learnt
from."""


def part_step(
    ballots: Ballots, theta: FloatArray, alpha: float, wrong: WrongVotes | None
) -> PartSums:
    """The E step of a part, summed."""
    step = ballots.expected(ballots.fixed(alpha), theta)
    counted = None if wrong is None else wrong.counted(step.truth)
    return float(step.normaliser.sum()), step.right, step.weight, counted


def part_posterior(
    ballots: Ballots, theta: FloatArray, alpha: float
) -> tuple[FloatArray, FloatArray]:
    """Scores (n, M) and easiness (n, Z) of a part."""
    step = ballots.expected(ballots.fixed(alpha), theta)
    return own_slot(step.truth, ballots.slots), step.easiness


def hear(ballots: Ballots, z: FloatArray, evidence: Evidence) -> Ballots:
    """A part with its confidences."""
    return replace(ballots, z=z, evidence=evidence)


class ConsensusByCrew(Consensus):
    """Sums of the parts are added in the order of the tasks, whoever computes them."""

    def __init__(
        self,
        crew: Crew,
        vectors: VectorFolder,
        slots: Slots,
        groups: IntArray,
        ballots: Sequence[Kept] | None = None,
    ) -> None:
        self.slots, self.groups = slots, groups
        self._crew, self._vectors = crew, vectors
        self._wrong: tuple[WrongVotes, list[Kept]] | None = None
        self._ballots = ballots or crew.keep(
            Ballots, [(slots.part(rows), groups[rows]) for rows in vectors.members]
        )

    def step(self, theta: FloatArray, alpha: float, wrong: WrongVotes | None) -> Sums:
        """The E step of all parts."""
        found = self._crew.each(
            part_step,
            [
                (ballots, theta, alpha, counts)
                for ballots, counts in zip(self._ballots, self._counts(wrong), strict=True)
            ],
        )
        level = float(np.sum([one[0] for one in found])) / max(1, len(self.groups))
        right = np.sum([one[1] for one in found], axis=0)
        weight = np.sum([one[2] for one in found], axis=0)
        counted = [one[3] for one in found if one[3] is not None]
        if not counted:
            return Sums(level, right, weight, None)
        slots, outside = (np.sum([one[at] for one in counted], axis=0) for at in (0, 1))
        return Sums(level, right, weight, (slots, outside))

    def _counts(self, wrong: WrongVotes | None) -> list[Kept]:
        """What the concentration is learnt from, of every part; sent once."""
        if wrong is None:
            return [None] * len(self._ballots)
        if self._wrong is None or self._wrong[0] is not wrong:
            parts = [(wrong.take(rows),) for rows in self._vectors.members]
            self._wrong = (wrong, self._crew.keep(same, parts))
        return self._wrong[1]

    def posterior(self, at: Climbed) -> tuple[FloatArray, FloatArray]:
        """Scores and easiness of all queries, in the order of their ids."""
        found = self._crew.each(
            part_posterior, [(ballots, at.theta, at.concentration) for ballots in self._ballots]
        )
        scores, easiness = ([one[place] for one in found] for place in (0, 1))
        return self._vectors.gathered(scores), self._vectors.gathered(easiness)

    def hearing(self, z: FloatArray, evidence: Evidence) -> Consensus:
        """The same with confidences, which are sent once."""
        heard = self._crew.keep(
            hear,
            [
                (ballots, z[rows], evidence)
                for ballots, rows in zip(self._ballots, self._vectors.members, strict=True)
            ],
        )
        return ConsensusByCrew(self._crew, self._vectors, self.slots, self.groups, heard)


def same(value: WrongVotes) -> WrongVotes:
    """What was sent, to be kept."""
    return value
