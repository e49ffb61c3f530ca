"""Responses unlike all others to the same query: something to look at, never a ranking."""

from __future__ import annotations

import numpy as np

from cascal.datatypes import BoolArray, CascalError, FloatArray

UNLIKE = -2.0
"""Standard deviations below which a response is pointed out."""


def likeness(vectors: FloatArray) -> FloatArray:
    """(n, M) how like the other responses to its query each one is, in standard deviations.

        s_qm = mean over the other models j of x_qm · x_qj,   centred per query, over its deviation

    vectors (n, M, D) unit vectors of the responses; a row of nan is a response that is missing, has
    nan and counts for no other. Below `UNLIKE` a response is an outlier: on judged responses such
    ones were worse, but as a ranking of models this is hardly better than chance (docs/prose.md).
    """
    if vectors.ndim != 3 or vectors.shape[1] < 3:
        raise CascalError(
            f"Likeness needs vectors of three models or more (queries, models, dimensions), got "
            f"{vectors.shape}.",
            code="wrong-shape",
        )
    known: BoolArray = np.asarray(np.isfinite(vectors).all(axis=2))
    filled = np.where(known[..., None], vectors, 0.0)
    total = filled.sum(axis=1, keepdims=True)
    own = (filled * filled).sum(axis=2)
    others = np.maximum(known.sum(axis=1, keepdims=True) - 1, 1)
    mean = np.where(known, ((filled * total).sum(axis=2) - own) / others, np.nan)
    n_known = np.maximum(known.sum(axis=1, keepdims=True), 1)
    centred = mean - np.nansum(mean, axis=1, keepdims=True) / n_known
    spread = float(np.sqrt(np.nanmean(centred**2))) if known.any() else 0.0
    return np.asarray(centred / spread if spread > 0 else centred)
