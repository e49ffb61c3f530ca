"""An interval that may be watched at every label, and the number of labels that settle it.

The interval of `cascal.labels.gain` is for one number of labels. Whoever looks after each and stops
when it excludes 0 is wrong far more often than in 5 % of the cases. This one is not: the chance
that it *ever* misses the truth, from the first label to the last, is at most 5 %.
"""

from __future__ import annotations

import numpy as np
import scipy

from cascal.datatypes import FloatArray
from cascal.intervals import CONFIDENCE, Estimate
from cascal.labels.gain import checked_differences, with_pseudo_labels

BETS: FloatArray = ((np.arange(32) + 0.5) / 32) ** 2
"""Shares of the capital that are bet, side by side: dense near 0, where long sequences are won."""
CLEAR: FloatArray = np.repeat([1.0, 0.0, -1.0], [4, 2, 2])
"""What is expected of labels before there are any, as if these eight had been given: a clear gain,
one side alone right on half of the contested queries, the other on a quarter."""
_HALVINGS = 48


def _needed(confidence: float) -> float:
    """Logarithm of the capital that refutes one side, so that both together err rarely enough."""
    return float(np.log(2.0 / (1.0 - confidence)))


def _mixed(log_capitals: FloatArray) -> FloatArray:
    """Logarithm of the mean capital over the bets, the last axis."""
    return np.asarray(scipy.special.logsumexp(log_capitals, axis=-1) - np.log(len(BETS)))


def _log_capitals(values: FloatArray, mean: float, n_population: int) -> FloatArray:
    """(n, bets) log capital after each value against "the population's mean is `mean` or less".

    values (n,) in [0, 1], in the order they were drawn. A bettor who stakes the share g multiplies
    the capital by 1 − g + g·z/m: a fair game where m is the mean of what was left before the draw,
    m = (N·mean − Σ earlier z)/(N − number of earlier z). It falls as `mean` grows.
    """
    before = np.cumsum(values) - values
    left = n_population - np.arange(len(values))
    expected = (n_population * mean - before) / left
    possible = expected > 1e-12
    ratio = np.divide(values, expected, out=np.ones(len(values)), where=possible)
    ratio[~possible & (values > 1e-12)] = np.inf  # the mean is refuted for good
    return np.cumsum(np.log1p(BETS * (ratio[:, None] - 1.0)), axis=0)


def _most_capital(values: FloatArray, mean: float, n_population: int) -> float:
    """The largest log capital there ever was."""
    return float(_mixed(_log_capitals(values, mean, n_population)).max(initial=-np.inf))


def _lower_end(values: FloatArray, n_population: int, needed: float) -> float:
    """The smallest mean of the population, in [0, 1], that was never refuted."""
    low, high = float(values.sum()) / n_population, 1.0
    if _most_capital(values, low, n_population) < needed:
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if _most_capital(values, middle, n_population) >= needed:
            low = middle
        else:
            high = middle
    return low


def confidence_sequence(
    differences: FloatArray, *, n_contested: int, n_queries: int, confidence: float = CONFIDENCE
) -> Estimate:
    """The gain over all queries with an interval that holds however often one looks.

    differences (n,) between −1 and 1, *in the order in which the queries were drawn*, at random and
    without replacement, from the n_contested ones. The interval never grows, is exact when all are
    labelled, and the chance that it is ever wrong is at most 1 − confidence. `value` is the mean
    with the two pseudo-labels, as in `cascal.labels.gain`, moved into the interval where it lies
    outside.

    The capital of a bettor against "the mean is m" is a martingale if that is true, and is then
    ever 40 times the stake with probability 1/40 at most (Ville 1939); either side has a bettor.
    Reference: Waudby-Smith & Ramdas 2023, doi:10.1093/jrsssb/qkad009 (arXiv:2010.09686), betting
    without replacement. Differs in the bets: a fixed mixture of 32 shares of the capital, so that
    both ends fall and rise with m and the set is an interval.
    """
    values = checked_differences(differences, n_contested=n_contested, n_queries=n_queries)
    share = n_contested / n_queries
    if len(values) == n_contested:
        exact = share * float(values.mean()) if len(values) else 0.0
        return Estimate(exact, exact, exact, len(values))
    scaled = (values + 1.0) / 2.0
    needed = _needed(confidence)
    low = share * (2.0 * _lower_end(scaled, n_contested, needed) - 1.0)
    high = share * (1.0 - 2.0 * _lower_end(1.0 - scaled, n_contested, needed))
    mean = share * float(with_pseudo_labels(values).mean())
    return Estimate(min(max(mean, low), high), low, high, len(values))


def _log_capitals_against_zero(values: FloatArray, n_contested: int) -> FloatArray:
    """(2, n, bets) of the bettors on a gain above 0, and on one below 0."""
    sides = ((1.0 + values) / 2.0, (1.0 - values) / 2.0)
    return np.stack([_log_capitals(side, 0.5, n_contested) for side in sides])


def settled_after(
    differences: FloatArray, *, n_contested: int, confidence: float = CONFIDENCE
) -> int | None:
    """After how many labels the interval of `confidence_sequence` first excludes 0; None if never.

    differences (n,) in the order of the draw, as there. All labelled settles it as well.
    """
    values = checked_differences(differences, n_contested=n_contested)
    capitals = _mixed(_log_capitals_against_zero(values, n_contested)).max(axis=0, initial=-np.inf)
    refuted = np.flatnonzero(capitals >= _needed(confidence))
    if len(refuted):
        return int(refuted[0]) + 1
    return len(values) if len(values) == n_contested else None


def labels_needed(
    differences: FloatArray,
    *,
    n_contested: int,
    confidence: float = CONFIDENCE,
    alike: FloatArray | None = None,
) -> int:
    """About how many more labels would settle whether the gain is above or below 0: an estimate.

    The next labels are taken for a mixture of the present ones, or of others that are `alike`, and
    of `CLEAR` for the side that is ahead: before any label it is the number for a clear gain, and
    the more labels there are the more it is their own. Counted is until the capital of the bettor
    who is ahead would suffice; at most all that are left, which always settle it. 0 where it is
    settled.
    """
    values = checked_differences(differences, n_contested=n_contested)
    left = n_contested - len(values)
    settled = settled_after(values, n_contested=n_contested, confidence=confidence)
    if settled is not None or not left:
        return 0
    known = values if alike is None else alike
    side = 1.0 if known.sum() >= 0 else -1.0
    now = np.zeros(len(BETS))
    if len(values):
        now = _log_capitals_against_zero(values, n_contested)[0 if side > 0 else 1, -1]
    expected = np.concatenate([side * known, CLEAR])
    growth = _expected_growth(expected, side * float(values.sum()), left)
    capital = _mixed(now + growth)
    enough = np.flatnonzero(capital >= _needed(confidence))
    return int(enough[0]) + 1 if len(enough) else left


def _expected_growth(values: FloatArray, total: float, left: int) -> FloatArray:
    """(left, bets) log capital that the next labels add to that of the bettor on a gain above 0.

    Each of them is taken for a mixture of such values (n,); the mean of what is left, were the
    gain 0, begins at −total / left and falls as they come.
    """
    alike, counts = np.unique(values, return_counts=True)
    weights = counts / counts.sum()
    come = np.arange(left)
    mean = -(total + come * (alike @ weights)) / (left - come)
    fair = np.maximum(1.0 + mean, 1e-12)
    ratio = (1.0 + alike) / fair[:, None]
    growth = np.log1p(BETS * (ratio[..., None] - 1.0))
    return np.asarray(np.cumsum(np.einsum("kvb,v->kb", growth, weights), axis=0))
