"""What every target shares: the scores of a cluster alone, and files that appear whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from cascal.datatypes import CascalError, FloatArray, IntArray
from cascal.route import Router, first_models, softmax

ONLY_NEAREST = (
    "The nearest cluster decides alone: blending, the task stage, and the fallback to the global "
    "ranking are left out."
)


def cluster_scores(router: Router) -> FloatArray:
    """(C, M) scores of a query that lies in one cluster alone, bonus and cost weight included.

    Their first model is `Router.cluster_winners`. A router with nan, which no JSON reader takes, is
    refused.
    """
    scores = router.rankings.scores
    if router.routing.sharp:
        sharp = softmax(scores / router.routing.scoring_temperature)
        scores = np.where(scores.sum(axis=1, keepdims=True) > 0, sharp, 0.0)
    adjusted = np.asarray(scores + router.adjustment)
    if not np.isfinite(adjusted).all() or not np.isfinite(router.clusters.centroids).all():
        raise CascalError("The router holds nan or infinite numbers. Fit it again.")
    return adjusted


def cluster_order(router: Router) -> IntArray:
    """(C, M) models of every cluster alone, best first, ties by name."""
    return first_models(cluster_scores(router), router.models, len(router.models))


def as_json(value: object) -> bytes:
    """JSON, the same for the same value on every machine."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    if path.is_dir():
        raise CascalError(f"{path} is a folder. Name a file to write.")
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)
