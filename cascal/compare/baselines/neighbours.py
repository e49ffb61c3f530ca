"""Routers that look at the nearest training queries: k-NN and SMOOTHIE-TRAIN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cascal.compare.baselines.base import Baseline, Needs, ScoreFunction, Training
from cascal.consensus.latent import find_slots, own_slot
from cascal.datatypes import CascalError, FloatArray, IntArray
from cascal.encode.neighbours import nearest_rows
from cascal.number_format import counted
from cascal.settings import DEFAULT_CONSENSUS

K_NEIGHBOURS = 40
"""Neighbours of the k-NN router in RouterBench's best setting."""
SMOOTHIE_NEIGHBOURS = 20


def neighbour_means(training: FloatArray, values: FloatArray, k: int) -> ScoreFunction:
    """Mean values (Q, M) over the k nearest training queries."""
    return lambda _, rows: values[nearest_rows(rows, training, k)].mean(axis=1)


@dataclass(frozen=True)
class NeighbourConsensus(Baseline):
    """Mean consensus score over the k nearest training queries: no clusters, no labels."""

    title: ClassVar[str] = "k-NN consensus"
    needs: ClassVar[Needs] = "nothing"
    k: int = K_NEIGHBOURS
    consensus: str = DEFAULT_CONSENSUS

    def learn(self, training: Training) -> ScoreFunction:
        """Consensus scores averaged over neighbours."""
        return neighbour_means(training.vectors, training.consensus(self.consensus), self.k)


@dataclass(frozen=True)
class NeighbourLabels(Baseline):
    """Share of right answers over the k nearest labelled queries.

    Reference: the k-NN router of RouterBench (Hu et al. 2024, arXiv:2403.12031). Differs by
    ignoring cost here; the cost weight acts on all routers alike.
    """

    title: ClassVar[str] = "k-NN accuracy"
    needs: ClassVar[Needs] = "labels"
    k: int = K_NEIGHBOURS

    def learn(self, training: Training) -> ScoreFunction:
        """Labels averaged over neighbours."""
        return neighbour_means(training.labelled.vectors, training.labelled.right, self.k)


def disagreement(votes_answers: IntArray, n_options: IntArray) -> FloatArray:
    """(Q, M) Σ_j ‖a_i − a_j‖² with answers as one-hot vectors and no answer as the zero vector.

    Two different answers are 2 apart, an answer and none 1, equal ones 0.
    """
    slots = find_slots(votes_answers, n_options)
    answered = slots.of >= 0
    n_answered = answered.sum(axis=1, keepdims=True)
    same = own_slot(slots.counts.astype(np.float64), slots)
    silent = votes_answers.shape[1] - n_answered
    return np.where(answered, 2.0 * (n_answered - same) + silent, n_answered.astype(np.float64))


def embedded_disagreement(responses: FloatArray) -> FloatArray:
    """(Q, M) Σ_j ‖e_i − e_j‖² from embedded responses (Q, M, D)."""
    n_models = responses.shape[1]
    squares = (responses**2).sum(axis=2)
    total = responses.sum(axis=1)
    cross = np.einsum("qmd,qd->qm", responses, total)
    return n_models * squares + squares.sum(axis=1, keepdims=True) - 2.0 * cross


def triplet_differences(distances: FloatArray) -> FloatArray:
    """SMOOTHIE's closed-form estimate of each model's squared error from S_i = Σ_j δ_ij: (…, M).

    diff_i = (S_i − T/(M − 1)) / (M − 2), T = Σ_{a<b} δ_ab = Σ_i S_i / 2. It rises with S_i alone,
    so ranking by S_i is ranking by diff_i; needs M ≥ 3.
    """
    n_models = distances.shape[-1]
    if n_models < 3:
        raise CascalError(
            f"A triplet needs 3 models, there are {n_models}.", code="too-little-data"
        )
    total = distances.sum(axis=-1, keepdims=True) / 2.0
    return np.asarray((distances - total / (n_models - 1)) / (n_models - 2))


@dataclass(frozen=True, eq=False)
class SmoothieTrain(Baseline):
    """The model whose responses lie closest to those of all others, near the query.

        route = argmin_i Σ_j δ_ij,  δ_ij = mean ‖response_i − response_j‖² over k neighbours

    `responses` maps a training query's id to its embedded responses (M, D), models sorted by name;
    without them answers count as one-hot vectors, which is what this product shows by default.

    Reference: Guha et al. 2024, SMOOTHIE, arXiv:2412.04692 (Smoothie-Train, local variant).
    Differs by the one-hot answers and by skipping the triplet estimate, which gives the same order.
    """

    title: ClassVar[str] = "SMOOTHIE-TRAIN"
    needs: ClassVar[Needs] = "nothing"
    k: int = SMOOTHIE_NEIGHBOURS
    responses: dict[str, FloatArray] | None = None

    def learn(self, training: Training) -> ScoreFunction:
        """Minus the mean disagreement over neighbours."""
        votes = training.votes
        if self.responses is None:
            apart = disagreement(votes.answers, votes.option_counts)
        else:
            missing = [one for one in votes.query_ids if one not in self.responses]
            if missing:
                raise CascalError(
                    f"{counted(len(missing), 'training query has', 'training queries have')} no "
                    f"embedded responses, the first is {missing[0][:80]!r}. Embed them, or leave "
                    "`responses` out.",
                    code="no-vectors",
                )
            stacked = np.stack([self.responses[one] for one in votes.query_ids])
            if stacked.shape[1] != len(votes.models):
                raise CascalError(
                    f"Embedded responses are of {counted(stacked.shape[1], 'model')}, the pool "
                    f"has {len(votes.models)}.",
                    code="other-models",
                )
            apart = embedded_disagreement(np.asarray(stacked, dtype=np.float64))
        return neighbour_means(training.vectors, -apart, self.k)
