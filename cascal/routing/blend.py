"""From the nearest clusters to scores: their weights, and the fallback that fades in.

The formulas of docs/method.md § 7, each over a batch of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.datatypes import FloatArray, IntArray

FALLBACK_WIDTH = 0.2
"""Distance over which the global ranking fades in completely (released code)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Blend:
    """What a batch of vectors met on its way: everything a trace shows.

    task (Q,) chosen; nearest (Q, k) clusters and their distances and weights (Q, k); alpha (Q,)
    of the fallback; scores (Q, M), in which from_labels (Q, M) is what labels added
    """

    task: IntArray
    nearest: IntArray
    distances: FloatArray
    weights: FloatArray
    alpha: FloatArray
    scores: FloatArray
    from_labels: FloatArray


def softmax(values: FloatArray) -> FloatArray:
    """exp(x) / Σ exp(x) over the last axis; the same bits as SciPy's, which is slow to import."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def faded_share(distance: FloatArray, limit: float | None) -> FloatArray:
    """(Q,) how far the global ranking fades in, by the distance to the nearest cluster.

    From 0 at the limit to 1 at `FALLBACK_WIDTH` beyond it; 0 without a limit.
    """
    if limit is None:
        return np.zeros(len(distance))
    return np.clip((distance - limit) / FALLBACK_WIDTH, 0.0, 1.0)


def faded(scores: FloatArray, alpha: FloatArray, overall: FloatArray) -> FloatArray:
    """(Q, M) scores with the global ones (M,) mixed in by alpha (Q,); unchanged where it is 0."""
    if not alpha.any():
        return scores
    total = scores.sum(axis=1, keepdims=True)
    share = np.divide(scores, total, out=np.zeros_like(scores), where=total != 0)
    common = overall / overall.sum() if overall.sum() else np.zeros_like(overall)
    mixed = (1.0 - alpha)[:, None] * share + alpha[:, None] * common
    return np.where((alpha > 0)[:, None], mixed, scores)
