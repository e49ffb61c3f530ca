"""Router -> Nordlys checkpoint (JSON)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cascal.datatypes import FloatArray, IntArray
from cascal.export.tables import ONLY_NEAREST, as_json, check_finite, write_whole
from cascal.number_format import decimal
from cascal.routing.route import Router


def write_nordlys(router: Router, target: Path) -> tuple[str, ...]:
    """Write a checkpoint that Nordlys loads; returns what is lost, in sentences.

    Its reader (nordlys-core, checkpoint and scoring) takes the nearest centre by Euclidean distance
    – for centres of length 1 the one with the highest cosine – and ranks the models by the scores
    of that cluster, higher first. It wants scores in [0, 1] as 32-bit numbers, and sorts equal
    scores in no stated order.

    Lost: everything but the nearest cluster. Scores outside [0, 1] are scaled into it, all alike.
    Equal scores are pulled apart by the smallest step a 32-bit number knows, so that our order
    (ties by name) is theirs. Kept: every model's rank at the centre of every cluster.
    """
    check_finite(router)
    scores, note = _unit_interval(router.at_centers.scores)
    distinct = _pulled_apart(scores, router.cluster_order)
    checkpoint = {
        "embedding": {"model": router.encoder, "trust_remote_code": False},
        "clustering": {
            "n_clusters": len(router.clusters),
            "random_state": router.settings.seed,
            "max_iter": 300,
            "n_init": 1,
            "algorithm": "lloyd",
            "normalization": "l2",
        },
        "reduction": None,
        "models": [
            {"model_id": name, "scores": distinct[:, column].tolist()}
            for column, name in enumerate(router.models)
        ],
        "cluster_centers": router.clusters.centroids.tolist(),
        "metrics": {
            "n_samples": int(router.clusters.sizes.sum()),
            "cluster_sizes": router.clusters.sizes.tolist(),
        },
    }
    write_whole(target, as_json(checkpoint))
    lost = [ONLY_NEAREST, *note]
    if router.encoder.startswith(("folder:", "endpoint:", "hashing")):
        lost.append(
            "Nordlys encodes with sentence-transformers by name and will not find "
            f"{router.encoder!r}: hand it vectors of that encoder."
        )
    return tuple(lost)


def _unit_interval(scores: FloatArray) -> tuple[FloatArray, list[str]]:
    low, high = float(scores.min()), float(scores.max())
    if low >= 0.0 and high <= 1.0:
        return scores, []
    scaled = (scores - low) / (high - low) if high > low else np.full_like(scores, 0.5)
    return scaled, [f"Scores from {decimal(low, 3)} to {decimal(high, 3)} were scaled to [0, 1]."]


def _pulled_apart(scores: FloatArray, order: IntArray) -> FloatArray:
    """32-bit scores (C, M) that fall strictly along `order`, and stay within [0, 1]."""
    room = np.float32(1.0) - np.float32(2.0**-23) * scores.shape[1]
    ranked = np.take_along_axis(scores, order, axis=1).astype(np.float32)
    ranked = np.minimum(ranked, room)
    for place in range(scores.shape[1] - 2, -1, -1):
        above = np.nextafter(ranked[:, place + 1], np.float32(np.inf))
        ranked[:, place] = np.maximum(ranked[:, place], above)
    distinct = np.empty_like(ranked)
    np.put_along_axis(distinct, order, ranked, axis=1)
    return distinct
