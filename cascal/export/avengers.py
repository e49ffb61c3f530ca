"""Router -> the folder that AvengersPro exports its cluster models to."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from cascal.computing_order import best_first
from cascal.datatypes import CascalError
from cascal.export.tables import as_json, check_finite, write_whole
from cascal.routing.route import Router


def write_avengers(router: Router, target: Path) -> tuple[str, ...]:
    """Write cluster_centers.npy, cluster_rankings.json and metadata.json; returns what is lost.

    Its routing takes the `top_k` centres nearest by d = 1 − q·c, weights them by softmax(−beta d)
    and adds up 1 / (rank + 1) of every model. The metadata carry our number of blended clusters as
    top_k and 1 / temperature as beta, so both weigh clusters alike. Since it blends by itself, the
    rankings are those inside each cluster alone.

    Lost: the scores in its own routing, which sees ranks only (they are in the file for readers
    that blend scores); the task stage and the fallback. `normalizer.joblib` is not written, since
    it is a pickle: its reader makes `sklearn.preprocessing.Normalizer(norm="l2")` instead, which
    has no state.
    """
    if target.is_file():
        raise CascalError(
            f"{target} is a file. AvengersPro wants a folder: name a new one.", code="wrong-path"
        )
    target.mkdir(parents=True, exist_ok=True)
    check_finite(router)
    scores = router.scores_alone
    order = best_first(scores, router.models, len(router.models))
    sizes = router.clusters.sizes
    rankings = {
        str(cluster): {
            "total": int(sizes[cluster]),
            "scores": {router.models[m]: float(scores[cluster, m]) for m in row},
            "ranking": [router.models[m] for m in row],
        }
        for cluster, row in enumerate(order)
    }
    centers = io.BytesIO()
    np.save(centers, np.asarray(router.clusters.centroids), allow_pickle=False)
    write_whole(target / "cluster_centers.npy", centers.getvalue())
    write_whole(target / "cluster_rankings.json", as_json(rankings))
    write_whole(target / "metadata.json", as_json(_metadata(router)))
    return (
        "Ranks decide instead of scores; the task stage and the fallback to the global ranking are "
        "left out.",
        "normalizer.joblib is a pickle and is not written: use "
        "sklearn.preprocessing.Normalizer(norm='l2').",
    )


def _metadata(router: Router) -> dict[str, Any]:
    routing = router.routing
    top_k = 1 if routing.kind == "nearest" else min(routing.k_nearest, len(router.clusters))
    return {
        "n_clusters": len(router.clusters),
        "available_models": sorted(router.models),
        "embedding_model": router.encoder,
        "normalizer_type": "l2",
        "top_k": top_k,
        "beta": 1.0 / routing.distance_temperature,
        "router_type": "SimpleClusterRouter",
    }
