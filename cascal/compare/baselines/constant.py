"""Routers that ignore the query: chance, and one model (or three) for everything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cascal.compare.baselines.base import Baseline, Needs, ScoreFunction, Training, constant
from cascal.computing.many_generators import uniform_rows
from cascal.datatypes import FloatArray
from cascal.intervals import mean_rows
from cascal.settings import DEFAULT_CONSENSUS


@dataclass(frozen=True)
class Random(Baseline):
    """Any model with equal probability.

    Evaluations report its expectation (`expected_right`), not one draw. A draw depends only on
    the seed and the query's id.
    """

    title: ClassVar[str] = "Random"
    needs: ClassVar[Needs] = "nothing"
    seed: int = 0

    def learn(self, training: Training) -> ScoreFunction:
        """Scores drawn from a hash of seed and query id."""
        n_models = len(training.votes.models)

        def draw(query_ids: tuple[str, ...], _: FloatArray) -> FloatArray:
            seeds = b"".join(self._seed_of(query_id) for query_id in query_ids)
            return uniform_rows(np.frombuffer(seeds, dtype=">u8").astype(np.uint64), n_models)

        return draw

    def _seed_of(self, query_id: str) -> bytes:
        text = f"{self.seed}\x00{query_id}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).digest()[:8]


@dataclass(frozen=True)
class GlobalConsensus(Baseline):
    """Always the model with the best mean consensus score: the honest query-only floor."""

    title: ClassVar[str] = "Global consensus"
    needs: ClassVar[Needs] = "nothing"
    consensus: str = DEFAULT_CONSENSUS

    def learn(self, training: Training) -> ScoreFunction:
        """Mean consensus scores for every query."""
        return constant(training.consensus(self.consensus).mean(axis=0))


@dataclass(frozen=True)
class BestSingle(Baseline):
    """Always the model with most right answers on the labels; its vote is that of the best three.

    `top_k` = 3 makes it the row "Best three": all of them are asked and vote.
    """

    title: ClassVar[str] = "Best single"
    needs: ClassVar[Needs] = "labels"
    top_k: int = 1

    @property
    def n_selected(self) -> int:
        """1, or 3 for the vote of the best three."""
        return self.top_k

    def learn(self, training: Training) -> ScoreFunction:
        """Accuracy on the queries it was asked that have a label, for every query."""
        return constant(np.nan_to_num(mean_rows(training.right), nan=0.0))
