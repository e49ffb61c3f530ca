"""Whether a ranking only follows the length of the answers, which judges are known to like."""

from __future__ import annotations

import numpy as np
import scipy

from cascal.datatypes import FloatArray

MIN_RANKED_MODELS = 4
"""With fewer models a rank correlation is chance."""
WARNED = 0.5
"""Kendall's τ from which on the length is pointed out."""


def rank_correlation(one: FloatArray, other: FloatArray) -> float:
    """Kendall's τ (b, with ties) of two values of every model; nan where one is constant."""
    if len(one) < 2:
        return float("nan")
    return float(scipy.stats.kendalltau(one, other).statistic)


def length_correlation(scores: FloatArray, lengths: FloatArray) -> float:
    """τ between the mean scores and the mean lengths (n, M) of the models; nan where unknown."""
    known = np.isfinite(lengths).any(axis=0)
    if known.sum() < MIN_RANKED_MODELS:
        return float("nan")
    return rank_correlation(scores.mean(axis=0)[known], np.nanmean(lengths[:, known], axis=0))
