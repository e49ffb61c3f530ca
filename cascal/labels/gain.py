"""The gain of one router over another, or over one model, from labels on contested queries.

The interval is for one number of labels that was fixed beforehand; whoever looks after every label
takes `cascal.labels.sequence`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from cascal.datatypes import CascalError, FloatArray
from cascal.intervals import CONFIDENCE, Estimate
from cascal.number_format import counted

PSEUDO = np.array([1.0, -1.0])
"""Appended to the labelled differences: without them a small sample of equal values has an interval
of width 0, which covers the truth in .32 of the cases at 10 labels."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """A difference in top-1 accuracy over all queries, between −1 and 1, with its 95 % interval.

    value ± half_width; n_labels labelled queries of n_contested, out of n_queries
    """

    value: float
    half_width: float
    n_labels: int
    n_contested: int
    n_queries: int

    @property
    def low(self) -> float:
        """Lower end, not below what the contested queries could lose."""
        return max(self.value - self.half_width, -self.n_contested / self.n_queries)

    @property
    def high(self) -> float:
        """Upper end, not above what the contested queries could bring."""
        return min(self.value + self.half_width, self.n_contested / self.n_queries)

    @property
    def estimate(self) -> Estimate:
        """Value and ends."""
        return Estimate(self.value, self.low, self.high, self.n_labels)


def checked_differences(
    differences: FloatArray, *, n_contested: int, n_queries: int | None = None
) -> FloatArray:
    """The labelled differences (n,) as floats; refused where they cannot be differences of labels.

    n_contested, n_queries : at most as many labels as contested queries, and these as queries
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not (np.abs(values) <= 1.0).all():
        raise CascalError(
            "Labelled differences are one row of numbers between −1 and 1, right minus right.",
            code="out-of-bounds",
        )
    if not len(values) <= n_contested <= (n_contested if n_queries is None else n_queries):
        of = "" if n_queries is None else f" of {counted(n_queries, 'query')}"
        raise CascalError(
            f"There are {counted(len(values), 'label')} on {n_contested} contested{of}.",
            code="out-of-bounds",
        )
    return values


def _quantile(n_values: int, looks: int) -> float:
    """Student's t for the mean of so many values; `looks` share the error of 5 %."""
    tail = (1.0 - CONFIDENCE) / 2.0 / looks
    return float(scipy.special.stdtrit(n_values - 1, 1.0 - tail))


def with_pseudo_labels(differences: FloatArray, size: float = 1.0) -> FloatArray:
    """(n + 2,) the differences with +1 and −1 appended, or with ± another size."""
    return np.concatenate([differences, size * PSEUDO])


def gain(
    differences: FloatArray,
    *,
    n_contested: int,
    n_queries: int,
    predicted: FloatArray | None = None,
    predicted_mean: float = 0.0,
    looks: int = 1,
    pseudo: float = 1.0,
) -> Gain:
    """Mean gain over all queries from n contested ones labelled at random, without replacement.

        x⁺ = differences with +1 and −1 appended
        gain = N_c/N · mean(x⁺) ± N_c/N · t · sqrt(var₁(x⁺)/(n + 2) · (1 − n/N_c))

    t is Student's .975 quantile with n + 1 degrees of freedom, with 1 − .025/looks where one looks
    several times (10, 30 and 100 labels: 3). All contested queries labelled: exact, ± 0. `pseudo`
    is the size of the two appended values: 1 for labels, less for scores that lie close together.

    differences (n,) right[first] − right[second], −1 … 1. predicted (n,), the consensus score of
    the first choice minus that of the second, and its mean over all contested queries make the
    interval a little shorter (PPI++, Angelopoulos, Duchi & Zrnic 2023, arXiv:2311.01453): with
    w = clip(cov₁(x, h)/var₁(h)/(1 + n/N_c), 0, 1) x − w·h takes the place of x, and w times the
    mean over all is added.

    Source: docs/labels.md; the pseudo-labels and the restriction to contested queries are ours.
    """
    values = checked_differences(differences, n_contested=n_contested, n_queries=n_queries)
    n_labels, share = len(values), n_contested / n_queries
    added = 0.0
    half = 0.0
    if n_labels == n_contested:
        mean = float(values.mean()) if n_labels else 0.0
    else:
        if predicted is not None:
            weight = _prediction_weight(values, predicted, n_labels / n_contested)
            values, added = values - weight * predicted, weight * float(predicted_mean)
        extended = with_pseudo_labels(values, pseudo)
        mean = float(extended.mean()) + added
        error = extended.var(ddof=1) / len(extended) * (1.0 - n_labels / n_contested)
        half = _quantile(len(extended), looks) * float(np.sqrt(error))
    return Gain(
        value=share * mean,
        half_width=share * half,
        n_labels=n_labels,
        n_contested=n_contested,
        n_queries=n_queries,
    )


def _prediction_weight(values: FloatArray, predicted: FloatArray, fraction: float) -> float:
    """How far the prediction is followed: 0 where it is constant, never beyond 1."""
    if predicted.shape != values.shape:
        raise CascalError(
            f"There are {counted(len(predicted), 'prediction')} for "
            f"{counted(len(values), 'label')}.",
            code="wrong-shape",
        )
    if len(values) < 2 or not predicted.var() > 0:
        return 0.0
    covariance = np.cov(values, predicted)
    return float(np.clip(covariance[0, 1] / covariance[1, 1] / (1.0 + fraction), 0.0, 1.0))


def combined_gain(
    differences: FloatArray,
    probabilities: FloatArray,
    *,
    n_contested: int,
    n_queries: int,
    n_unreachable: int = 0,
    looks: int = 1,
) -> Gain:
    """Mean gain from labels of several draws, or of draws made before a threshold moved.

        gain = Σ x_q/π_q / N
        half-width = t · n/N · sqrt(Σ (1 − π)(u⁺ − mean u⁺)²/((n + 1)(n + 2))) + n_unreachable/N

    u = x/π with ±1/π̄ appended, 1/π̄ = mean(1/π). differences (n,) of *every* query that was drawn
    and labelled, 0 where it is not contested now; probabilities (n,) π of each
    (`inclusion_probabilities`); n_unreachable contested queries that no frame holds: about them
    nothing is known, so each may gain or lose 1.

    With one draw whose frame is the contested queries the half-width is that of `gain`; the value
    is not drawn towards 0 by the pseudo-labels. Source: Horvitz & Thompson 1952,
    doi:10.1080/01621459.1952.10483446, with our pseudo-labels; the variance takes the number of
    labels as fixed, as Hájek 1964 does.
    """
    values = checked_differences(differences, n_contested=n_queries)
    if (
        probabilities.shape != values.shape
        or not ((probabilities > 0) & (probabilities <= 1)).all()
    ):
        raise CascalError(
            "Every label needs the probability with which it was drawn, above 0 and at most 1.",
            code="out-of-bounds",
        )
    n_labels = len(values)
    unknown = n_unreachable / n_queries
    value = half = 0.0
    if n_labels == 0:
        half = (n_contested - n_unreachable) / n_queries
    elif (probabilities < 1).any():
        weights = 1.0 / probabilities
        extended = np.concatenate([values * weights, PSEUDO * weights.mean()])
        left = np.append(1.0 - probabilities, [np.mean(1.0 - probabilities)] * len(PSEUDO))
        spread = (left * (extended - extended.mean()) ** 2).sum() / (n_labels + 1) / (n_labels + 2)
        half = _quantile(n_labels + 2, looks) * n_labels * float(np.sqrt(spread)) / n_queries
    if n_labels:
        value = float((values / probabilities).sum()) / n_queries
    return Gain(
        value=value,
        half_width=half + unknown,
        n_labels=n_labels,
        n_contested=n_contested,
        n_queries=n_queries,
    )


def keep_router(differences: FloatArray) -> bool:
    """The gate: whether n labels still speak for the router, rather than always asking one model.

    False if mean(x) + sqrt(var₁(x⁺)/n) < 0: the mean of the labels alone, the variance with +1 and
    −1 appended, divided by n. Without a label the router stays. differences (n,) as in `gain`.

    Source: docs/labels.md, ours.
    """
    if not len(differences):
        return True
    values = checked_differences(differences, n_contested=len(differences))
    error = with_pseudo_labels(values).var(ddof=1) / len(values)
    return bool(values.mean() + np.sqrt(error) >= 0.0)
