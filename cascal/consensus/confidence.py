"""What log-probabilities say about votes: learnt once from the votes, then used as evidence.

A model's confidence counts as far as it rises where the consensus of the votes alone calls the
model right. How far it does is estimated for each model, so that log-probabilities which carry
nothing change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy

from cascal.consensus.expectation_maximisation import (
    Consensus,
    PolyaDawidSkene,
    guarded_concentration,
)
from cascal.consensus.latent import EASINESS, Slots
from cascal.datatypes import NO_ANSWER, BoolArray, FloatArray, IntArray
from cascal.results import Learnt

MIN_KNOWN = 30
"""A model with fewer known log-probabilities gives no evidence by them."""
MIN_COMMON = 50
"""Two models need more common queries than this to tell how their confidences move together."""
_RIDGE = 1e-6
_LEAST_VARIANCE, _LARGEST_VARIANCE = 0.5, 1.2
_LARGEST_CORRELATION = 0.9


def listening_consensus(
    consensus: Consensus, logprobs: FloatArray
) -> tuple[PolyaDawidSkene, Learnt]:
    """Polya–Dawid–Skene with a learnt concentration of wrong votes and confidences as evidence.

    logprobs (Q, M), nan = unknown. Three fits: one for the concentration, one on the votes alone,
    from which the confidences are learnt, and – where any is known – one that also hears them.
    Learnt once: learning again from the last fit would feed confidences back into themselves.
    """
    slots, groups = consensus.slots, consensus.groups
    likeliest, alpha = guarded_concentration(consensus)
    by_votes = consensus.maximise(alpha=alpha)
    z = normal_scores(np.where(slots.of != NO_ANSWER, logprobs, np.nan), groups)
    if not np.isfinite(z).any():
        n_models = z.shape[1]
        return by_votes, Learnt.without_confidences(n_models, likeliest, alpha)
    model = learn_confidences(z, by_votes, groups)
    evidence = partial(confidence_likelihood, model)
    fitted = consensus.hearing(z, evidence).maximise(alpha=alpha, start=by_votes)
    return fitted, Learnt(
        likeliest_concentration=likeliest,
        concentration=alpha,
        n_known=np.isfinite(z).sum(axis=0),
        slope=model.slope,
        slope_error=model.slope_error,
        rise=model.rise,
        easiness=model.easiness,
        variance=model.variance,
        correlation=model.correlation,
    )


def normal_scores(logprobs: FloatArray, groups: IntArray) -> FloatArray:
    """Z (Q, M): Φ⁻¹((rank + ½)/n) among a model's known log-probabilities, less its group's mean.

    Ties share their mean rank. nan where unknown, and for a model with fewer than `MIN_KNOWN` known
    values or a single distinct one.
    """
    z = np.full(logprobs.shape, np.nan)
    for model, column in enumerate(logprobs.T):
        known = np.flatnonzero(np.isfinite(column))
        values, place, counts = np.unique(column[known], return_inverse=True, return_counts=True)
        if len(known) < MIN_KNOWN or len(values) < 2:
            continue
        rank = np.cumsum(counts) - (counts + 1) / 2
        z[known, model] = scipy.special.ndtri((rank[place] + 0.5) / len(known))
    means = _group_means(z, groups)
    for column, mean in zip(z.T, means.T, strict=True):
        column -= mean[groups]
    return z


def _group_means(values: FloatArray, groups: IntArray) -> FloatArray:
    """(G, M) mean of the known values of each group; 0 where a group has none."""
    n_groups = int(groups.max(initial=0)) + 1
    means = np.empty((n_groups, values.shape[1]))
    for group in range(n_groups):
        own = values[groups == group]
        known = np.isfinite(own)
        means[group] = np.where(known, own, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return means


@dataclass(frozen=True, eq=False)
class ConfidenceModel:
    """How z is taken to come about: z = m + δ·[right] + γ·b + noise of variance s².

    slope, slope_error (M,) raw slope on P(right) and its standard error; rise δ, easiness γ,
    variance s² (M,), nan for a model without z; intercept m (G, M); correlation ρ of the noise
    """

    slope: FloatArray
    slope_error: FloatArray
    rise: FloatArray
    easiness: FloatArray
    variance: FloatArray
    intercept: FloatArray
    correlation: float


def learn_confidences(
    z: FloatArray, by_votes: PolyaDawidSkene, groups: IntArray
) -> ConfidenceModel:
    """Regress z on P(right) and the expected easiness, both from the votes alone (§ 2.3)."""
    known = np.isfinite(z)
    regressions, residual = _regressions(z, known, by_votes, groups)
    rise, easiness = regressions.rise, regressions.easiness
    spread = by_votes.easiness @ EASINESS**2 - (by_votes.easiness @ EASINESS) ** 2
    unknown_easiness = _column_means(np.where(known, spread[:, None], np.nan))
    noise = _column_means(residual**2) - _column_means(residual) ** 2
    explained = rise**2 * regressions.doubt + easiness**2 * unknown_easiness
    return ConfidenceModel(
        slope=regressions.slope,
        slope_error=regressions.slope_error,
        rise=rise,
        easiness=easiness,
        variance=np.clip(noise - explained, _LEAST_VARIANCE, _LARGEST_VARIANCE),
        intercept=regressions.intercept,
        correlation=_shared_noise(residual, noise),
    )


def _column_means(values: FloatArray) -> FloatArray:
    """(M,) mean of the known values of each column; nan where there is none."""
    known = np.isfinite(values)
    sums, counts = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


@dataclass(frozen=True, eq=False)
class _Regressions:
    """z on P(right) and easiness, one a model (M,), nan for a model without z.

    doubt (M,) mean variance of whether a vote is right; intercept (G, M)
    """

    slope: FloatArray
    slope_error: FloatArray
    rise: FloatArray
    easiness: FloatArray
    doubt: FloatArray
    intercept: FloatArray


def _regressions(
    z: FloatArray, known: BoolArray, by_votes: PolyaDawidSkene, groups: IntArray
) -> tuple[_Regressions, FloatArray]:
    """What every model's z tells, and the residuals (Q, M), nan where z is not known.

    P(right) and easiness of every vote are held no longer than this takes: they are large.
    """
    easy = by_votes.easiness @ EASINESS
    right = np.where(known, by_votes.scores, np.nan)
    mean_right = _group_means(right, groups)
    mean_easy = _group_means(np.where(known, easy[:, None], np.nan), groups)
    residual, told = np.full(z.shape, np.nan), np.empty((4, z.shape[1]))
    for j, rows in enumerate(known.T):
        own_right = right[rows, j] - mean_right[groups[rows], j]
        own_easy = easy[rows] - mean_easy[groups[rows], j]
        told[:, j], residual[rows, j] = _regression(z[rows, j], own_right, own_easy)
    slope, slope_error, rise, easiness = told
    intercept = -rise * mean_right - easiness * mean_easy
    doubt = _column_means(right * (1.0 - right))
    return _Regressions(slope, slope_error, rise, easiness, doubt, intercept), residual


def _regression(
    z: FloatArray, right: FloatArray, easy: FloatArray
) -> tuple[tuple[float, float, float, float], FloatArray]:
    """Least squares without intercept: slope, its error, δ and γ, and the residuals (n,).

    What is used of a slope, δ and γ, shrinks with its error.
    """
    if not len(z):
        return (np.nan, np.nan, np.nan, np.nan), z
    columns = np.column_stack([right, easy])
    inverse = np.linalg.inv(columns.T @ columns + _RIDGE * np.eye(2))
    slopes = inverse @ (columns.T @ z)
    residual = z - columns @ slopes
    squared_error = residual.var() * np.diag(inverse)
    excess = np.divide(squared_error, slopes**2, out=np.ones(2), where=slopes != 0)
    rise, easiness = slopes * np.maximum(0.0, 1.0 - excess)
    used = float(np.clip(rise, 0.0, 1.0)), float(np.clip(easiness, -1.0, 1.0))
    return (float(slopes[0]), float(np.sqrt(squared_error[0])), *used), residual


def _shared_noise(residual: FloatArray, variance: FloatArray) -> float:
    """ρ: mean over pairs of models of the correlation of their residuals, 0 without a pair."""
    usable = variance > 0
    scale = np.sqrt(np.where(usable, variance, 1.0))
    known = np.isfinite(residual) & usable
    unit = np.where(known, residual, 0.0) / scale
    common = known.T.astype(float) @ known
    pairs = np.triu(common > MIN_COMMON, 1)
    if not pairs.any():
        return 0.0
    products = (unit.T @ unit)[pairs] / common[pairs]
    return float(np.clip(products.mean(), 0.0, _LARGEST_CORRELATION))


def confidence_likelihood(
    model: ConfidenceModel, z: FloatArray, slots: Slots, groups: IntArray
) -> FloatArray:
    """(Q, S+1, Z) log-likelihood of the confidences, up to what is constant within a query.

        −½/(1 − ρ) · ( Σ e² − ρ/(1 + (n − 1)ρ) · (Σ e)² ),   e = (z − m − δ·[in slot] − γ·b)/s

    over the n models with a known z: a normal with equal correlation ρ between the models.
    """
    known = np.isfinite(z)
    scale = np.sqrt(model.variance)
    rest = np.where(known, (z - model.intercept[groups]) / scale, 0.0)
    rise = np.where(known, model.rise / scale, 0.0)
    tilt = np.where(known, model.easiness / scale, 0.0)
    rho = model.correlation
    pull = rho / (1.0 + (known.sum(axis=1) - 1.0) * rho)
    in_slot = [_per_slot(part, slots) for part in (rise**2 - 2 * rest * rise, rise * tilt, rise)]
    own, crossed, raised = (part[:, :, None] for part in in_slot)
    b = EASINESS[None, None, :]
    total, leaning = rest.sum(axis=1)[:, None, None], tilt.sum(axis=1)[:, None, None]
    tilted = (tilt**2).sum(axis=1)[:, None, None]
    mixed = (rest * tilt).sum(axis=1)[:, None, None]
    squares = own + 2 * b * crossed - 2 * b * mixed + b**2 * tilted
    summed = (total - raised - b * leaning) ** 2 - total**2
    return np.asarray(-0.5 / (1.0 - rho) * (squares - pull[:, None, None] * summed))


def _per_slot(values: FloatArray, slots: Slots) -> FloatArray:
    """(Q, S+1) sum of values (Q, M) over the votes in each slot, 0 for "none of them"."""
    sums = np.einsum("qsm,qm->qs", slots.member, values)
    return np.column_stack([sums, np.zeros(len(sums))])


def inverted(learnt: Learnt) -> BoolArray:
    """(M,) models that are surer where the consensus calls them wrong, beyond two errors."""
    return np.asarray(learnt.slope < -2.0 * learnt.slope_error)


ALARMING_SHARE = 1 / 3
"""From this share of inverted models on, either confidences are inverted or the consensus is."""
