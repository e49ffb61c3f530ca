"""Route scores corrected by labels: how far the consensus is wrong about each model, by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cascal.datatypes import CascalError, FloatArray, IntArray, read_only
from cascal.number_format import counted

MOST = 2.0
"""No correction is larger: it is a difference of two differences between 0 and 1."""


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Correction:
    """A rectifier as a router applies it: the labels behind it, and where its groups lie.

    centroids (G, D) unit mean vectors of the groups; digest of the labels, draws they came by
    """

    rectifier: Rectifier
    centroids: FloatArray
    draws: tuple[str, ...]
    digest: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "centroids", read_only(self.centroids))
        object.__setattr__(self, "draws", tuple(self.draws))
        found, n_groups = self.rectifier, len(self.centroids)
        shapes = (found.corrections.shape, found.n_labels.shape)
        if shapes != ((n_groups, len(found.overall)), (n_groups,)):
            raise CascalError(
                f"Corrections of shape {shapes[0]} do not belong to {counted(n_groups, 'group')} "
                f"and {counted(len(found.overall), 'model')}.",
                code="wrong-shape",
            )
        numbers = (self.centroids, found.overall, found.corrections)
        if not all(np.isfinite(one).all() for one in numbers):
            raise CascalError("The corrections hold nan or infinity.", code="unusable-vector")
        if np.abs(found.corrections).max(initial=0.0) > MOST:
            raise CascalError(
                f"A correction of more than {MOST:g} is none of a score.", code="out-of-bounds"
            )

    @property
    def n_labels(self) -> int:
        """Labelled queries behind it."""
        return int(self.rectifier.n_labels.sum())

    def at(self, vectors: FloatArray) -> FloatArray:
        """(Q, M) what is added to the scores of queries (Q, D)."""
        return self.rectifier.corrections[nearest_groups(vectors, self.centroids)]

    def header(self) -> dict[str, Any]:
        """What a file says of it beside its arrays."""
        return {"draws": list(self.draws), "digest": self.digest}

    def arrays(self) -> dict[str, Any]:
        """Its arrays by name, as a file holds them."""
        found = self.rectifier
        return {
            "correction_centroids": self.centroids,
            "correction_overall": found.overall,
            "correction_groups": found.corrections,
            "correction_labels": found.n_labels,
        }

    @classmethod
    def from_parts(
        cls, header: Mapping[str, Any] | None, arrays: Mapping[str, Any]
    ) -> Correction | None:
        """What `header` and `arrays` gave; None where there is none."""
        if header is None:
            return None
        found = Rectifier(
            overall=arrays["correction_overall"],
            corrections=arrays["correction_groups"],
            n_labels=arrays["correction_labels"],
        )
        centroids = arrays["correction_centroids"]
        return cls(rectifier=found, centroids=centroids, **header)


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
            f"{right.shape} labels, {consensus.shape} scores and "
            f"{groups.shape} groups: the first two need the same shape, two rows at "
            "least, and one group a row.",
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
