"""A router learnt from scores: a ridge regression of each model's advantage on the query vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cascal.artefact import ArtefactError, read_artefact, write_artefact
from cascal.computing_order import best_first
from cascal.datatypes import (
    CascalError,
    Embeddings,
    FloatArray,
    IntArray,
    NotApplicable,
    read_only,
)
from cascal.number_format import counted
from cascal.routing.router_parts import check_score_parts
from cascal.scores.ranking import checked_scores

KIND = "scores"
"""What the header of its file says, so that no router by votes is taken for it."""
MIN_SCORED = 200
"""Scored queries below which no router is learnt: one model is better (docs/prose.md)."""
RIDGE = 30.0


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreRouter:
    """Route by expected scores: means + (x − center) · weights, best first.

    models (M,); center (D,) mean vector of the scored queries; weights (D, M); means (M,) of the
    row-centred scores; scored_by : whose scores, in words; n_scored queries; fingerprint of the
    data set
    """

    models: tuple[str, ...]
    encoder: str
    center: FloatArray
    weights: FloatArray
    means: FloatArray
    scored_by: str
    n_scored: int
    fingerprint: str = ""

    def __post_init__(self) -> None:
        n_models, dimension = len(self.models), len(self.center)
        if self.weights.shape != (dimension, n_models) or self.means.shape != (n_models,):
            raise CascalError(
                f"A router by scores of {counted(n_models, 'model')} has weights "
                f"{self.weights.shape} and means {self.means.shape} in "
                f"{counted(dimension, 'dimension')}.",
                code="wrong-shape",
            )
        for name in ("center", "weights", "means"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def dimension(self) -> int:
        """Length of the vectors it routes."""
        return len(self.center)

    @property
    def constant(self) -> int:
        """The model with the best mean, a tie goes to the first by name."""
        return min(range(len(self.models)), key=lambda m: (-self.means[m], self.models[m]))

    def expected(self, vectors: FloatArray) -> FloatArray:
        """(n, M) by how much each model is expected to be above the mean of all, per query."""
        if vectors.shape[1:] != (self.dimension,):
            raise CascalError(
                f"The router takes vectors of {counted(self.dimension, 'dimension')}; these have "
                f"shape {vectors.shape}. Encode the queries with {self.encoder}.",
                code="other-encoder",
            )
        return np.asarray(self.means + (vectors - self.center) @ self.weights)

    def order(self, vectors: FloatArray) -> tuple[IntArray, FloatArray]:
        """Models (n, M) of every query, best first, and their expected advantages (n, M)."""
        expected = self.expected(vectors)
        return best_first(expected, self.models, len(self.models)), expected

    def save(self, path: str | Path) -> None:
        """Write the router as one file: no text, no response, no single score."""
        header = {
            "kind": KIND,
            "encoder": self.encoder,
            "models": list(self.models),
            "scored_by": self.scored_by,
            "n_scored": self.n_scored,
            "fingerprint": self.fingerprint,
        }
        arrays = {"center": self.center, "weights": self.weights, "means": self.means}
        write_artefact(Path(path), header, arrays)

    @classmethod
    def load(cls, path: str | Path) -> ScoreRouter:
        """Read a router by scores; `ArtefactError` where the file is another or damaged."""
        return router_of(Path(path).name, *read_artefact(Path(path)))


def router_of(name: str, header: dict[str, Any], stored: dict[str, Any]) -> ScoreRouter:
    """The router that the parts of a file hold."""
    if header.get("kind") != KIND:
        raise ArtefactError(
            f"{name} holds a router by votes, not by scores. Load it with cascal.Router.load.",
            code="foreign-file",
        )
    try:
        check_score_parts(header, stored)
        return ScoreRouter(
            models=tuple(header["models"]),
            encoder=header["encoder"],
            center=np.asarray(stored["center"]),
            weights=np.asarray(stored["weights"]),
            means=np.asarray(stored["means"]),
            scored_by=header["scored_by"],
            n_scored=header["n_scored"],
            fingerprint=header["fingerprint"],
        )
    except (KeyError, TypeError, IndexError, CascalError) as error:
        raise ArtefactError(
            f"{name} holds no router that can be used: {error}", code="damaged-file"
        ) from error


def fit_score_router(
    scores: FloatArray,
    vectors: Embeddings,
    models: Sequence[str],
    *,
    scored_by: str = "scores",
    fingerprint: str = "",
) -> ScoreRouter:
    """Learn a router from the scores (n, M) of n queries and their vectors, in the same order.

        yc = scores − row means,   m = column means of yc,   X = vectors − their mean
        weights = Xᵀ (X Xᵀ + 30 · I)⁻¹ (yc − m)

    NotApplicable below `MIN_SCORED` queries. Source: docs/prose.md, ours.
    """
    values = checked_scores(scores, models)
    refuse_few(len(values))
    center, weights, means = ridge(values, np.asarray(vectors.vectors, dtype=np.float64))
    return ScoreRouter(
        models=tuple(models),
        encoder=vectors.encoder,
        center=center,
        weights=weights,
        means=means,
        scored_by=scored_by,
        n_scored=len(values),
        fingerprint=fingerprint,
    )


def refuse_few(n_scored: int) -> None:
    """Refuse to learn from fewer than `MIN_SCORED` queries."""
    if n_scored < MIN_SCORED:
        raise NotApplicable(
            f"{counted(n_scored, 'query has', 'queries have')} a score of every model; a router "
            f"needs {MIN_SCORED}, and below that always asking the best model is better. Score "
            "more queries, or take that model (cascal scores names it).",
            code="too-little-data",
        )


def ridge(scores: FloatArray, vectors: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Center (D,), weights (D, M) and means (M,) of scores (n, M) and vectors (n, D)."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    means, center = centred.mean(axis=0), vectors.mean(axis=0)
    x = vectors - center
    if len(x) <= x.shape[1]:
        solved = np.linalg.solve(x @ x.T + RIDGE * np.eye(len(x)), centred - means)
        return center, x.T @ solved, means
    gram = x.T @ x + RIDGE * np.eye(x.shape[1])  # the same weights from the smaller system
    return center, np.linalg.solve(gram, x.T @ (centred - means)), means
