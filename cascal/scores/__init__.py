"""Scores from 0 to 1 in place of votes: who is best, how sure that is, and whether routing pays.

Arrays in, numbers with intervals out: no file and no person is known here (docs/prose.md).
"""

from cascal.scores.length import WARNED, length_correlation, rank_correlation
from cascal.scores.ranking import Rank, Ranking, model_spread, rank_by_scores
from cascal.scores.routing import MIN_MEASURED, learning_rows, routing_gain
from cascal.scores.score_router import MIN_SCORED, ScoreRouter, fit_score_router, refuse_few
from cascal.scores.similarity import UNLIKE, likeness

__all__ = [
    "MIN_MEASURED",
    "MIN_SCORED",
    "UNLIKE",
    "WARNED",
    "Rank",
    "Ranking",
    "ScoreRouter",
    "fit_score_router",
    "learning_rows",
    "length_correlation",
    "likeness",
    "model_spread",
    "rank_by_scores",
    "rank_correlation",
    "refuse_few",
    "routing_gain",
]
