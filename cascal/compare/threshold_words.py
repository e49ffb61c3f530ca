"""Thresholds in the words of the pages: "merge distance 0.35", "cost weight 0.01"."""

from __future__ import annotations

from cascal.compare.cost import weight_label
from cascal.settings import Thresholds, joining_name, routing_name

WORDS = {
    "min_silhouette": "min silhouette",
    "merge_distance": "merge distance",
    "prune_jaccard": "joining",
    "top_k": "models that vote",
    "cost_weight": "cost weight",
    "routing": "routing",
}
"""What the pages call a threshold."""
_NAMED = 2


def threshold_values(thresholds: Thresholds) -> dict[str, str]:
    """Field -> its value in words, in the order of the pages."""
    joining = joining_name(thresholds.prune_jaccard)
    routing = routing_name(thresholds.routing)
    return {
        "min_silhouette": f"{thresholds.min_silhouette:g}",
        "merge_distance": f"{thresholds.merge_distance:g}",
        "prune_jaccard": joining or f"Jaccard index {thresholds.prune_jaccard:g}",
        "top_k": str(thresholds.top_k),
        "routing": routing or str(thresholds.routing),
        "cost_weight": weight_label(thresholds.cost_weight),
    }


def called(preset: str, thresholds: Thresholds) -> str:
    """A router by its preset and the thresholds that are not at their defaults: "CASCAL
    recommended, cost weight 0.01".

    How many vote is left out, as tables show both the first model and the vote of three.
    """
    usual, now = (threshold_values(one) for one in (Thresholds(), thresholds))
    differ = [name for name in now if name != "top_k" and now[name] != usual[name]]
    moved = [f"{WORDS[name]} {now[name]}" for name in differ]
    if len(moved) > _NAMED:
        moved = ["own thresholds"]
    return ", ".join([f"CASCAL {preset}", *moved])
