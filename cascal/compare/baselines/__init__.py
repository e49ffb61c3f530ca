"""The other routers behind one interface, to compare with (docs/method.md § 10).

router = cascal.compare.baselines.BASELINES["avengers"].fit(votes, vectors, labels)
routes = router.route(test_vectors)
"""

from __future__ import annotations

from cascal.compare.baselines.base import AnyRouter, Baseline, Labels, ScoreRouter, label_matrix
from cascal.compare.baselines.clusters import Avengers, ClusterAgreement
from cascal.compare.baselines.constant import BestSingle, GlobalConsensus, Random
from cascal.compare.baselines.llmrank import LLMRank, Prompt
from cascal.compare.baselines.neighbours import NeighbourConsensus, NeighbourLabels, SmoothieTrain
from cascal.compare.baselines.per_task import PerTaskConsensus, PerTaskLabels
from cascal.compare.baselines.with_labels import CascalWithLabels, ClusterMap, Oracle, TaskOracle

__all__ = [
    "BASELINES",
    "AnyRouter",
    "Avengers",
    "Baseline",
    "BestSingle",
    "CascalWithLabels",
    "ClusterAgreement",
    "ClusterMap",
    "GlobalConsensus",
    "LLMRank",
    "Labels",
    "NeighbourConsensus",
    "NeighbourLabels",
    "Oracle",
    "PerTaskConsensus",
    "PerTaskLabels",
    "Prompt",
    "Random",
    "ScoreRouter",
    "SmoothieTrain",
    "TaskOracle",
    "label_matrix",
]

BASELINES: dict[str, Baseline] = {
    "random": Random(),
    "global_consensus": GlobalConsensus(),
    "best_single": BestSingle(),
    "best_three": BestSingle(top_k=3),
    "per_task_consensus": PerTaskConsensus(),
    "per_task_dawid_skene": PerTaskConsensus("dawid_skene"),
    "per_task_labels": PerTaskLabels(),
    "knn_consensus": NeighbourConsensus(),
    "kmeans_agreement": ClusterAgreement(),
    "knn_labels": NeighbourLabels(),
    "avengers": Avengers(),
    "smoothie_train": SmoothieTrain(),
    "llmrank": LLMRank(),
    "cascal_gt": CascalWithLabels(),
    "oracle": Oracle(),
    "task_oracle": TaskOracle(),
}
"""The routers of docs/method.md § 10 at their defaults. `ClusterMap` needs a router first."""
