"""A ranking per task, and the task whose representative is nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cascal.cluster import normalise
from cascal.compare.baselines.base import Baseline, Needs, ScoreFunction, Training
from cascal.datatypes import FloatArray
from cascal.rank import group_means, group_sums
from cascal.settings import DEFAULT_CONSENSUS


def by_nearest_task(vectors: FloatArray, tasks: list[str], values: FloatArray) -> ScoreFunction:
    """Mean values (Q, M) of the task whose mean vector is nearest to the query."""
    names = sorted(set(tasks))
    number = {name: index for index, name in enumerate(names)}
    task = np.array([number[name] for name in tasks], dtype=np.int64)
    representatives = normalise(group_sums(vectors, task, len(names)))
    ranking = group_means(values, task, len(names))
    return lambda _, rows: ranking[np.argmax(rows @ representatives.T, axis=1)]


@dataclass(frozen=True)
class PerTaskConsensus(Baseline):
    """Mean consensus score per task; CASCAL without its clusters.

    consensus "dawid_skene" is the published control (reliabilities per task); ours by default.
    """

    title: ClassVar[str] = "Per-task consensus"
    needs: ClassVar[Needs] = "nothing"
    consensus: str = DEFAULT_CONSENSUS

    def learn(self, training: Training) -> ScoreFunction:
        """Mean consensus scores of the nearest task."""
        scores = training.consensus(self.consensus)
        return by_nearest_task(training.vectors, list(training.votes.tasks), scores)


@dataclass(frozen=True)
class PerTaskLabels(Baseline):
    """Share of right answers per task."""

    title: ClassVar[str] = "Per-task accuracy"
    needs: ClassVar[Needs] = "labels"

    def learn(self, training: Training) -> ScoreFunction:
        """Accuracies of the nearest task."""
        known = training.labelled
        return by_nearest_task(known.vectors, known.tasks, known.right)
