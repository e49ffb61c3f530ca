"""What the stages make of votes and vectors: scores, candidates, clusters, rankings, routes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascal.datatypes import FloatArray, IntArray, read_only


@dataclass(frozen=True, eq=False, kw_only=True)
class Learnt:
    """What a consensus learnt besides the models' reliabilities (docs/method.md § 2).

    likeliest_concentration, concentration : α of wrong votes, as the data say and as used
    n_known            : (M,) log-probabilities that count as evidence
    slope, slope_error : (M,) how much surer, in standard deviations, a model is where the votes
                         call it right; raw, with its standard error
    rise, easiness     : (M,) δ, γ: the slopes on being right and on easiness as used
    variance           : (M,) of what they leave unexplained
    correlation        : ρ of that between models; arrays are nan for a model without evidence
    """

    likeliest_concentration: float
    concentration: float
    n_known: IntArray
    slope: FloatArray
    slope_error: FloatArray
    rise: FloatArray
    easiness: FloatArray
    variance: FloatArray
    correlation: float

    def __post_init__(self) -> None:
        for name in LEARNT_PER_MODEL:
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @classmethod
    def without_confidences(cls, n_models: int, likeliest: float, concentration: float) -> Learnt:
        """Where no log-probability counts: only the concentration was learnt."""
        nothing = np.full(n_models, np.nan)
        return cls(
            likeliest_concentration=likeliest,
            concentration=concentration,
            n_known=np.zeros(n_models, dtype=np.int64),
            slope=nothing,
            slope_error=nothing,
            rise=nothing,
            easiness=nothing,
            variance=nothing,
            correlation=0.0,
        )

    @property
    def shared(self) -> dict[str, float]:
        """What is one number for all models, by name."""
        return {name: getattr(self, name) for name in LEARNT_SHARED}

    @property
    def per_model(self) -> dict[str, NDArray[Any]]:
        """What each model has, by name: arrays (M,)."""
        return {name: getattr(self, name) for name in LEARNT_PER_MODEL}

    def take(self, models: IntArray) -> Learnt:
        """The same for some models, in the given order."""
        taken: dict[str, Any] = {name: values[models] for name, values in self.per_model.items()}
        return replace(self, **taken)


LEARNT_SHARED = ("likeliest_concentration", "concentration", "correlation")
LEARNT_PER_MODEL = ("n_known", "slope", "slope_error", "rise", "easiness", "variance")


@dataclass(frozen=True, eq=False)
class ConsensusScores:
    """How far each vote is backed by the pool; nan (or 0) where there was none.

    values : (Q, M); center, spread : (M,) of the training log-probabilities (median and scale)
    learnt : what else the method estimated, None for methods that estimate nothing
    """

    values: FloatArray
    center: FloatArray
    spread: FloatArray
    method: str
    learnt: Learnt | None = None

    def __post_init__(self) -> None:
        for name in ("values", "center", "spread"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def filled(self) -> FloatArray:
        """(Q, M), 0 where the model gave no answer: what ranking means are taken over."""
        return np.where(np.isnan(self.values), 0.0, self.values)


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate:
    """One k-means result for one (task, model, k).

    labels : (n,) of the strong queries `rows` (n,), centroids : (k, D) unit, support : (k,)
    """

    task: int
    model: int
    k: int
    silhouette: float
    rows: IntArray
    labels: IntArray
    centroids: FloatArray
    support: IntArray


@dataclass(frozen=True, eq=False)
class SkillClusters:
    """Skill centroids and the training queries assigned to them.

    centroids  : (C, D) unit
    task       : (C,) index into `tasks`
    support    : (C,) strong queries behind the centroid, summed over merged candidates
    assignment : (Q,) cluster of each training query, never −1
    owner      : (C,) model whose candidate survived, or −1 for a task without strong queries
    """

    tasks: tuple[str, ...]
    centroids: FloatArray
    task: IntArray
    support: IntArray
    assignment: IntArray
    owner: IntArray

    def __post_init__(self) -> None:
        for name in ("centroids", "task", "support", "assignment", "owner"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.centroids)

    @property
    def sizes(self) -> IntArray:
        """(C,) number of training queries."""
        return np.bincount(self.assignment, minlength=len(self))


@dataclass(frozen=True, eq=False, kw_only=True)
class Rankings:
    """Models of every cluster, best first.

    scores (C, M) used for routing; mean_scores (C, M) raw; standard_error (C, M) of the raw means;
    trust (C, M) share of a deviation that is believed (1 where not shrunken); order (C, M) model
    indices; overall (M,) global scores
    """

    models: tuple[str, ...]
    scores: FloatArray
    mean_scores: FloatArray
    standard_error: FloatArray
    trust: FloatArray
    order: IntArray
    overall: FloatArray

    def __post_init__(self) -> None:
        for name in ("scores", "mean_scores", "standard_error", "trust", "order", "overall"):
            object.__setattr__(self, name, read_only(getattr(self, name)))


@dataclass(frozen=True, eq=False, kw_only=True)
class Routes:
    """Decisions for a batch of queries.

    query_ids : (Q,)
    models    : (M,)
    task      : (Q,) index into `tasks`
    cluster   : (Q,) nearest cluster considered
    distance  : (Q,) 1 − cosine to it
    scores    : (Q, M) what the models were ranked by, margin and fallback included
    selected  : (Q, K) model indices, best first
    fallback  : (Q,) α, how far the global ranking was mixed in
    center, spread : (M,) of the training log-probabilities, to compare confidences in a tie
    """

    query_ids: tuple[str, ...]
    models: tuple[str, ...]
    tasks: tuple[str, ...]
    task: IntArray
    cluster: IntArray
    distance: FloatArray
    scores: FloatArray
    selected: IntArray
    fallback: FloatArray
    center: FloatArray
    spread: FloatArray

    def __post_init__(self) -> None:
        arrays = (
            "task",
            "cluster",
            "distance",
            "scores",
            "selected",
            "fallback",
            "center",
            "spread",
        )
        for name in arrays:
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.selected)
