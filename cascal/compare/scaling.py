"""How many training queries are enough?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cascal.columns import Progress
from cascal.dataset.part import Part
from cascal.datatypes import NotApplicable
from cascal.draws import random_places, stratified_rows
from cascal.fit import fit
from cascal.intervals import Estimate, estimates, mean_rows
from cascal.number_format import counted
from cascal.settings import FitSettings, Thresholds

SHARES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)

REPEATS = 3

MIN_TRAINING = 40


@dataclass(frozen=True)
class ScalingPoint:
    """Accuracies with n training queries, averaged over draws; `spread` is between draws.

    spread: standard deviation of top-1 over the draws, nan for a single one.
    """

    n_queries: int
    n_clusters: float
    top1: Estimate
    vote: Estimate
    spread: float
    n_draws: int


def draw_training(part: Part, n_queries: int, seed: int) -> Part:
    """N queries drawn at random, by id and not by row order; every task keeps its share."""
    places = random_places(part.votes.query_ids, seed)
    return part.take(stratified_rows(part.votes.tasks, places, n_queries))


def scaling_curve(
    training: Part,
    test: Part,
    settings: FitSettings,
    thresholds: Thresholds,
    *,
    shares: Sequence[float] = SHARES,
    repeats: int = REPEATS,
    progress: Progress | None = None,
) -> list[ScalingPoint]:
    """How many training queries are enough: refit on random shares of them, same test queries.

    Intervals resample test queries; `spread` says how much the draw of training queries matters.
    """
    test.need_gold("The scaling curve")
    sizes = _sizes(len(training), shares)
    if not sizes:
        raise NotApplicable(
            f"{counted(len(training), 'training query is', 'training queries are')} too few for a "
            f"curve; {MIN_TRAINING} is its first point.",
            code="too-little-data",
        )
    points = []
    work = [_in_whole_fits(size, len(training), repeats) for size in sizes]
    for at, size in enumerate(sizes):

        def report(share: float, at: int = at, size: int = size) -> None:
            if progress is not None:
                sentence = f"Fitting {size:,} of {counted(len(training), 'training query')}"
                progress((sum(work[:at]) + share * work[at]) / sum(work), sentence)

        draws = [training]
        if size < len(training):
            draws = [draw_training(training, size, draw) for draw in range(repeats)]
        points.append(_scaling_point(draws, test, settings, thresholds, report))
    return points


def whole_fits(n_training: int) -> float:
    """How often as much as one fit on all training queries the curve takes, about."""
    return sum(_in_whole_fits(one, n_training, REPEATS) for one in _sizes(n_training, SHARES))


def _sizes(n_training: int, shares: Sequence[float]) -> list[int]:
    sizes = sorted({max(MIN_TRAINING, round(share * n_training)) for share in shares})
    return [size for size in sizes if size <= n_training]


def _in_whole_fits(size: int, n_training: int, repeats: int) -> float:
    return size / n_training * (repeats if size < n_training else 1)


def _scaling_point(
    draws: Sequence[Part],
    test: Part,
    settings: FitSettings,
    thresholds: Thresholds,
    report: Callable[[float], None],
) -> ScalingPoint:
    held, clusters = [], []
    for at, part in enumerate(draws):
        report(at / len(draws))
        costs = part.known_costs if thresholds.cost_weight else None
        router = fit(part.votes, part.vectors, settings, costs=costs).router(thresholds)
        held.append(test.evaluation(router.route(test.vectors)))
        clusters.append(len(router.clusters))
    right = (
        mean_rows([one.top1_right for one in held]),
        mean_rows([one.top3_vote_right for one in held]),
    )
    top1, vote = estimates(np.column_stack(right))
    accuracies = [one.top1_accuracy for one in held]
    spread = float(np.std(accuracies, ddof=1)) if len(held) > 1 else float("nan")
    return ScalingPoint(len(draws[0]), float(np.mean(clusters)), top1, vote, spread, len(held))
