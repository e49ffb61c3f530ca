"""Router -> `kmeans_model.json` of the vLLM Semantic Router."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cascal.export.tables import ONLY_NEAREST, as_json, check_finite, write_whole
from cascal.number_format import counted
from cascal.routing.route import Router

N_CATEGORIES = 14
"""Length of the one-hot category its feature vectors end in."""


def write_vllm_sr(router: Router, target: Path) -> tuple[str, ...]:
    """Write the model file of its k-means selector; returns what is lost, in sentences.

    Its selector takes the nearest centroid c to the feature vector (q, e), Euclidean, lowest index
    on ties; e is the one-hot category of the query. Our centroids have length 1 and get zeros for
    e, so that

        |(q, e) − (c, 0)|² = |q|² + |e|² + 1 − 2 q·c

    and the nearest centroid is the one with the highest cosine, whatever the length of q and
    whatever the category.

    Lost: everything but the nearest cluster and the first model at its centre; the scores; ranks
    below the first. Its embedding model must be the router's encoder, which the file cannot say.
    """
    check_finite(router)
    clusters = router.clusters
    zeros = np.zeros((len(clusters), N_CATEGORIES))
    centroids = np.concatenate([np.asarray(clusters.centroids, dtype=np.float64), zeros], axis=1)
    model = {
        "algorithm": "kmeans",
        "trained": True,
        "num_clusters": len(clusters),
        "centroids": centroids.tolist(),
        "cluster_models": [router.models[m] for m in router.cluster_order[:, 0]],
        "n_clusters": len(clusters),
        "efficiency_weight": 0.0,
        "model_names": sorted(router.models),
        "feature_dim": centroids.shape[1],
    }
    write_whole(target, as_json(model))
    return (
        ONLY_NEAREST,
        "Only the first model of each cluster is kept; nothing can vote.",
        f"The file cannot name an encoder: set its embedding model to {router.encoder!r} "
        f"({counted(router.dimension, 'dimension')}).",
    )
