"""A ranking per task, and the task whose representative is nearest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cascal.compare.baselines.base import Baseline, Needs, ScoreFunction, Training
from cascal.compare.baselines.with_labels import WITH_LABELS, CascalWithLabels
from cascal.datatypes import Embeddings
from cascal.fit import fit
from cascal.settings import DEFAULT_CONSENSUS, FitSettings, Routing


@dataclass(frozen=True)
class PerTaskConsensus(Baseline):
    """Mean consensus score of the nearest task: one cluster a task, plainly ranked and routed.

    The control of the setting `clusters="task"`, which keeps a preset's shrunken ranking and its
    blend of tasks. consensus "dawid_skene" is the published control (reliabilities per task); ours
    by default.
    """

    title: ClassVar[str] = "Per-task consensus"
    needs: ClassVar[Needs] = "nothing"
    consensus: str = DEFAULT_CONSENSUS

    def learn(self, training: Training) -> ScoreFunction:
        """Mean consensus scores of the nearest task."""
        settings = FitSettings(
            consensus=self.consensus,
            strong="unique",  # of no effect: a task is not split, but every consensus may have it
            clusters="task",
            ranking="mean",
            routing=Routing("nearest"),
        )
        vectors = Embeddings(training.votes.query_ids, training.vectors, "training")
        router = fit(training.votes, vectors, settings, n_jobs=1).router()
        return lambda _, at: np.asarray(router.blend(at).scores)


@dataclass(frozen=True)
class PerTaskLabels(Baseline):
    """Share of right answers per task."""

    title: ClassVar[str] = "Per-task accuracy"
    needs: ClassVar[Needs] = "labels"

    def learn(self, training: Training) -> ScoreFunction:
        """Accuracies of the nearest task: CASCAL-GT with one cluster a task."""
        return CascalWithLabels(replace(WITH_LABELS, clusters="task")).learn(training)
