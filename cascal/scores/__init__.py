"""Scores from 0 to 1 in place of votes: who is best, how sure that is, and whether routing pays.

Arrays in, numbers with intervals out: no file and no person is known here (docs/prose.md).
"""

from cascal.scores.length import WARNED, length_correlation, rank_correlation
from cascal.scores.ranking import Rank, Ranking, model_spread, rank_by_scores
from cascal.scores.routing import cross_fitted_choices, routing_gain
from cascal.scores.score_router import MIN_SCORED, ScoreRouter, fit_score_router

__all__ = [
    "MIN_SCORED",
    "WARNED",
    "Rank",
    "Ranking",
    "ScoreRouter",
    "cross_fitted_choices",
    "fit_score_router",
    "length_correlation",
    "model_spread",
    "rank_by_scores",
    "rank_correlation",
    "routing_gain",
]
