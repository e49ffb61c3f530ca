"""The first models of each cluster, by name: what every page, table and file says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cascal.computing.remembered import remembered
from cascal.computing_order import best_first
from cascal.datatypes import IntArray
from cascal.routing.route import Router

N_LEADERS = 3
"""So many models of a cluster are named."""


@dataclass(frozen=True)
class ClusterLeaders:
    """The first models of a cluster, and where the raw order names another one first.

    best         names of the first models at the cluster's centre, as the router picks them
    by_consensus the same by mean consensus score over the cluster's queries alone
    reasons      what puts the router's first model there; none where both name the same first
    """

    best: tuple[str, ...]
    by_consensus: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def aside(self) -> str:
        """Another first model by consensus alone, and why it is not picked; empty if none."""
        return f"{self.by_consensus[0]} ({', '.join(self.reasons)})" if self.reasons else ""


@remembered
def cluster_leaders(router: Router) -> tuple[ClusterLeaders, ...]:
    """(C,) what every page, table and file says of the best models of each cluster."""
    steps = _steps_to_the_first(router)
    found = []
    for c, (order, raw) in enumerate(
        zip(router.cluster_order, router.consensus_order, strict=True)
    ):
        reasons, before = [], raw[0]
        for reason, first in steps:
            if first[c] != before:
                reasons.append(reason[c])
            before = first[c]
        found.append(
            ClusterLeaders(
                tuple(router.models[m] for m in order[:N_LEADERS]),
                tuple(router.models[m] for m in raw[:N_LEADERS]),
                tuple(reasons) if order[0] != raw[0] else (),
            )
        )
    return tuple(found)


def _steps_to_the_first(router: Router) -> list[tuple[list[str], IntArray]]:
    """From the raw means to the router's pick, part by part: reasons and first models (C,)."""
    thresholds, names, unlabelled = router.thresholds, router.models, router.without_labels
    free = replace(thresholds, cost_weight=0.0)
    plain = replace(free, routing=replace(router.routing, margin=0.0))
    centers = router.at_centers
    blended = [
        "neighbouring clusters blended in"
        if task == own
        else f"its centre is routed into the task {router.tasks[task]}"
        for task, own in zip(centers.task, router.clusters.task, strict=True)
    ]
    n_clusters = len(blended)
    return [
        (
            ["shrunken towards the task"] * n_clusters,
            best_first(router.rankings.scores, names)[:, 0],
        ),
        (blended, replace(unlabelled, thresholds=plain).cluster_order[:, 0]),
        (
            ["bonus of the best model overall"] * n_clusters,
            replace(unlabelled, thresholds=free).cluster_order[:, 0],
        ),
        (["cost weight"] * n_clusters, unlabelled.cluster_order[:, 0]),
        (["labels"] * n_clusters, router.cluster_order[:, 0]),
    ]


def router_summary(router: Router) -> dict[str, Any]:
    """Clusters with their first models, and notes, in JSON types."""
    sizes, leaders = router.clusters.sizes, cluster_leaders(router)
    return {
        "preset": router.settings.name,
        "fingerprint": router.fingerprint,
        "n_clusters": len(router.clusters),
        "clusters": [
            {
                "cluster": c,
                "task": router.tasks[router.clusters.task[c]],
                "queries": int(sizes[c]),
                "best": list(leaders[c].best),
                "by_consensus": list(leaders[c].by_consensus),
                "reasons": list(leaders[c].reasons),
            }
            for c in range(len(router.clusters))
        ],
        "notes": list(router.notes),
    }
