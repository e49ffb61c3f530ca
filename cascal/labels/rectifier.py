"""Route scores corrected by labels: how far the consensus is wrong about each model, by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.datatypes import CascalError, FloatArray, IntArray, read_only


@dataclass(frozen=True, eq=False, kw_only=True)
class Rectifier:
    """What labels add to the scores that routes are made from, before the margin.

    overall (M,) for the means over all queries; corrections (G, M) for the queries of each group,
    `overall` included; n_labels (G,) behind them
    """

    overall: FloatArray
    corrections: FloatArray
    n_labels: IntArray

    def __post_init__(self) -> None:
        for name in ("overall", "corrections", "n_labels"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def apply(self, scores: FloatArray, groups: IntArray) -> FloatArray:
        """(Q, M) scores of queries that belong to groups (Q,), corrected."""
        return np.asarray(scores + self.corrections[groups])


def nearest_groups(vectors: FloatArray, centroids: FloatArray) -> IntArray:
    """(Q,) the group of each query: that whose unit mean vector (G, D) is nearest to it (Q, D)."""
    return np.asarray((vectors @ centroids.T).argmax(axis=1))


def _shrunken(means: FloatArray, variances: FloatArray, n_known: int) -> FloatArray:
    """Believe a mean as far as the means vary beyond noise: m·t²/(t² + V); nan becomes 0.

    t² = max(0, mean(m² − V) − sqrt(2/k)·mean V) over the known means m with sampling variances V:
    one standard error of the noise is taken off, so that chance alone corrects little.
    """
    known = np.isfinite(means)
    if not known.any():
        return np.zeros(means.shape)
    noise = variances[known].mean()
    signal = (means[known] ** 2 - variances[known]).mean() - np.sqrt(2.0 / n_known) * noise
    signal = max(0.0, float(signal))
    total = signal + variances
    trust = np.divide(signal, total, out=np.zeros(means.shape), where=known & (total > 0))
    return np.where(known, trust * np.where(known, means, 0.0), 0.0)


def rectifier(
    right: FloatArray, consensus: FloatArray, groups: IntArray, *, share: float, n_groups: int
) -> Rectifier:
    """Corrections from labels on random training queries on which not all models say the same.

        r = rowcentred(right) − rowcentred(consensus)
        u_j = (var₁ of r_j + mean over the models of var₁)/2, over all labelled rows
        overall = shr(f·mean r, f²·u/B, M)
        d_g = f·mean_g r − overall,   V_g = f²·u/n_g
        correction_g = overall + shr(d, V, k),   k = max(2, number of known (g, j))

    right, consensus (B, M) labels and consensus scores; groups (B,) of the fit's reliabilities, of
    n_groups; share f of all training queries on which not all models say the same. A group without
    a label gets `overall`. Needs two rows at least, and pays from about 100 on.

    Source: docs/labels.md, ours.
    """
    if right.shape != consensus.shape or groups.shape != (len(right),) or len(right) < 2:
        raise CascalError(
            f"{right.shape} labels, {consensus.shape} scores and {groups.shape} groups: the first "
            "two need the same shape, two rows at least, and one group a row.",
            code="wrong-shape",
        )
    errors = _row_centred(right) - _row_centred(consensus)
    n_labels, n_models = errors.shape
    variances = errors.var(axis=0, ddof=1)
    pooled = share**2 * (variances + variances.mean()) / 2.0
    overall = _shrunken(share * errors.mean(axis=0), pooled / n_labels, n_models)
    sizes = np.bincount(groups, minlength=n_groups)
    member = np.arange(n_groups)[:, None] == groups
    counts = np.where(sizes > 0, sizes, np.nan)[:, None]
    own = share * (member @ errors) / counts - overall
    n_known = max(2, int(np.isfinite(own).sum()))
    corrections = overall + _shrunken(own, pooled / counts, n_known)
    return Rectifier(overall=overall, corrections=corrections, n_labels=sizes)


def _row_centred(values: FloatArray) -> FloatArray:
    return np.asarray(values - values.mean(axis=1, keepdims=True))
