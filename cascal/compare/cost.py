"""Quality against cost, on one grid of cost weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.computing_order import best_first
from cascal.dataset.cost import mean_cost, query_costs
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray, IntArray, NotApplicable
from cascal.fit import Fit
from cascal.settings import Thresholds

_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
"""Round cost weights in a decade."""


def cost_grid(costs: FloatArray | None) -> tuple[float, ...]:
    """0 and the cost weights worth trying, rising; costs (M,) US dollars per 1,000 queries.

    From where cost begins to matter up to where only the cheapest model is asked: scores differ by
    at most 1, so λ = 1 / (smallest difference of two costs) ends every doubt. Six round values a
    decade, each exactly what its label says. NotApplicable where there is nothing to weigh.
    """
    distinct = np.unique(costs) if costs is not None else np.zeros(0)
    if len(distinct) < 2 or not np.isfinite(distinct).all():
        raise NotApplicable(
            "Costs per query are unknown or equal: there is nothing to weigh.",
            code="unusable-costs",
        )
    low = 1e-3 / float(distinct[-1] - distinct[0])
    top = min(1.0 / float(np.diff(distinct).min()), 1e5 * low)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(top)) + 1)
    values = [float(f"{step}e{decade}") for decade in decades for step in _STEPS]
    below = [value for value in values if value <= low]
    above = [value for value in values if value >= top]
    return (0.0, *(value for value in values if below[-1] <= value <= above[0]))


def weight_label(weight: float) -> str:
    """A cost weight as it is shown, linked and given to commands; reading it gives it back."""
    return np.format_float_positional(float(f"{weight:.12g}"), trim="-")


@dataclass(frozen=True)
class CostPoint:
    """One cost weight: accuracy and US dollars per 1,000 queries, of the first model and vote."""

    cost_weight: float
    top1: float
    vote: float
    cost1: float
    cost3: float
    effective_models: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Trial:
    """One setting that was tried on the test queries.

    preset : whose setting it is, "" for the settings in use; first (Q,) columns of the votes;
    voted (Q,) whether the vote is right, nan = does not count; n_voters : how many vote in it
    """

    preset: str
    point: CostPoint
    first: IntArray
    voted: FloatArray
    n_voters: int


def cost_curve(fitted: Fit, thresholds: Thresholds, test: Part, training: Part) -> list[CostPoint]:
    """Quality against cost as the weight λ of cost rises; nothing is refitted.

    Visited are the grid and the weight in force; costs as in `query_costs`.
    """
    test.need_gold("Quality against cost")
    weights = sorted({*cost_grid(fitted.costs), thresholds.cost_weight})
    return [one.point for one in try_weights(fitted, thresholds, test, training, weights)]


def try_weights(
    fitted: Fit,
    thresholds: Thresholds,
    test: Part,
    training: Part,
    weights: Sequence[float],
    preset: str = "",
) -> tuple[Trial, ...]:
    """What a fit chooses at each of some weights of cost, and what that is worth and costs."""
    dollars = query_costs(test, training).dollars
    found = []
    for weight in weights:
        routes = fitted.router(replace(thresholds, cost_weight=weight)).route(test.vectors)
        result = test.evaluation(routes)
        column = np.array([test.votes.models.index(name) for name in routes.models])
        chosen = column[best_first(routes.scores, routes.models, min(3, len(column)))]
        costs = np.take_along_axis(dollars, chosen, axis=1)
        point = CostPoint(
            weight,
            result.top1_accuracy,
            result.top3_vote_accuracy,
            mean_cost(costs[:, 0]),
            mean_cost(costs.sum(axis=1)),
            result.effective_models,
        )
        found.append(
            Trial(
                preset=preset,
                point=point,
                first=chosen[:, 0].astype(np.int32),  # many are kept
                voted=result.top3_vote_right.astype(np.float32),
                n_voters=chosen.shape[1],
            )
        )
    return tuple(found)


def pareto_front(costs: FloatArray, quality: FloatArray) -> IntArray:
    """Indices of the points that no other point beats in both, by rising cost.

    A point is left out if another is at most as dear and at least as good, and better in one.
    Points with nan are never on the front.
    """
    order = sorted(
        (at for at in range(len(costs)) if np.isfinite(costs[at]) and np.isfinite(quality[at])),
        key=lambda at: (costs[at], -quality[at], at),
    )
    front: list[int] = []
    for at in order:
        if not front or quality[at] > quality[front[-1]]:
            front.append(at)
    return np.array(front, dtype=np.int64)
