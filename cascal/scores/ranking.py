"""Models ranked by their mean scores on the same queries, and what choosing the first may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from cascal.datatypes import CascalError, FloatArray, NotApplicable
from cascal.intervals import CONFIDENCE, Estimate
from cascal.number_format import counted

MIN_RANKED = 5
"""Scored queries below which nothing is ranked."""


@dataclass(frozen=True)
class Rank:
    """One model: its mean score, how far it is from the first, and whether it may be the best.

    behind : mean of its scores minus the first's; at_most : what that is at most, at 95 %; 0 for
    the first itself
    """

    model: str
    score: Estimate
    behind: float
    at_most: float

    @property
    def in_doubt(self) -> bool:
        """Whether the scores leave open that it is the best."""
        return self.at_most >= 0.0


@dataclass(frozen=True)
class Ranking:
    """All models by their mean score, best first.

    n_scored of n_queries queries have a score of every model; regret_bound : what always asking the
    first costs at most against the best model, in mean score, at 95 %
    """

    ranks: tuple[Rank, ...]
    n_scored: int
    n_queries: int
    regret_bound: float

    @property
    def best(self) -> str:
        """The model with the highest mean score."""
        return self.ranks[0].model

    @property
    def rivals(self) -> tuple[str, ...]:
        """The other models that may be the best."""
        return tuple(one.model for one in self.ranks[1:] if one.in_doubt)


def model_spread(scores: FloatArray) -> float:
    """s₀: the typical difference of two models on one query.

    s₀ = sqrt(2 · mean over queries of the unbiased variance over models)
    """
    if scores.shape[1] < 2:
        return 0.0
    return float(np.sqrt(2.0 * scores.var(axis=1, ddof=1).mean()))


def checked_scores(scores: FloatArray, models: Sequence[str]) -> FloatArray:
    """Scores (n, M) as floats; refused unless every one lies between 0 and 1."""
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(models) or not len(models):
        raise CascalError(
            f"Scores have shape {values.shape} for {counted(len(models), 'model')}.",
            code="wrong-shape",
        )
    if not ((values >= 0.0) & (values <= 1.0)).all():
        raise CascalError(
            "Scores are numbers from 0 to 1, one of every model to every query.",
            code="out-of-bounds",
        )
    return values


def rank_by_scores(scores: FloatArray, models: Sequence[str], n_queries: int) -> Ranking:
    """Rank the models by the scores (n, M) of n queries drawn at random from n_queries.

        x⁺   = the scores of a model with mean ± c appended,   c = min(1, 2·s₀)
        mean ± t(1 − .025/M) · sqrt(var₁(x⁺)/(n + 2)),   n + 1 degrees of freedom

    That is said of further queries like these, which the first model is to be asked: to have scored
    all n_queries makes it no surer.

    The intervals of all models hold together, so also that of the model which comes out first.
    The first is chosen by these very scores; with y_j = score of j minus that of the first, paired,
    j is ahead of it by at most mean(y_j) + t(1 − .05/(M − 1)) · error_j, and the regret is at
    most the largest of these bounds, never below 0, whichever model is the best one.

    References: Hsu 1984, doi:10.1214/aos/1176346519, multiple comparisons with the best; here by
    Bonferroni and each pair's own variance. The appended values: docs/labels.md.
    """
    values = checked_scores(scores, models)
    n, n_models = values.shape
    if n < MIN_RANKED:
        raise NotApplicable(
            f"{counted(n, 'query has', 'queries have')} a score of every model; at least "
            f"{MIN_RANKED} are needed to rank them, and 30 to 100 to choose one. Score more "
            "(cascal scores DATASET --out FILE).",
            code="too-little-data",
        )
    pseudo = min(1.0, 2.0 * model_spread(values))
    means = values.mean(axis=0)
    order = sorted(range(n_models), key=lambda m: (-means[m], models[m]))
    behind = values[:, order] - values[:, [order[0]]]
    tail = (1.0 - CONFIDENCE) / max(1, n_models - 1)
    at_most = behind.mean(axis=0) + _margins(behind, pseudo, tail)
    at_most[0] = 0.0
    halves = _margins(values, pseudo, (1.0 - CONFIDENCE) / 2.0 / n_models)
    ranks = tuple(
        Rank(
            models[m],
            Estimate(
                float(means[m]),
                max(0.0, float(means[m] - halves[m])),
                min(1.0, float(means[m] + halves[m])),
                n,
            ),
            float(behind[:, at].mean()),
            float(at_most[at]),
        )
        for at, m in enumerate(order)
    )
    return Ranking(ranks, n, n_queries, max(0.0, float(at_most.max())))


def _margins(values: FloatArray, pseudo: float, tail: float) -> FloatArray:
    """(M,) half-widths of the means of values (n, M), one tail of which errs in so many cases."""
    means = values.mean(axis=0)
    extended = np.vstack([values, means + pseudo, means - pseudo])
    errors = np.sqrt(extended.var(axis=0, ddof=1) / len(extended))
    return np.asarray(float(scipy.special.stdtrit(len(extended) - 1, 1.0 - tail)) * errors)
