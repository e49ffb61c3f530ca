"""What routing costs: one figure, one grid of cost weights, quality against cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.constant import Constant
from cascal.datatypes import FloatArray, IntArray, NotApplicable
from cascal.fit import Fit
from cascal.parts import Part
from cascal.prices import COST_UNIT
from cascal.results import Routes
from cascal.route import first_models
from cascal.settings import Thresholds

MEASURED = "what the chosen models really cost on these queries"
ESTIMATED = (
    "mean cost of each model × its share of these queries, because not every response says its cost"
)
_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
"""Round cost weights in a decade."""


@dataclass(frozen=True, eq=False)
class QueryCosts:
    """What asking every model costs on some queries.

    dollars (Q, M) : US dollars, nan where nothing is known of a model
    measured : they are what the responses really cost; else every model's mean cost
    """

    dollars: FloatArray
    measured: bool


def query_costs(part: Part, training: Part) -> QueryCosts:
    """The costs of a part's queries: real ones where none is missing, else means.

    All figures on the same queries have the same basis, so that routers can be compared: one
    missing cost makes all of them means. The mean is that of the part, else of the training
    queries. A model without any known cost stays unknown.
    """
    means = np.where(np.isfinite(part.mean_costs), part.mean_costs, training.mean_costs)
    if np.isfinite(part.costs[:, np.isfinite(means)]).all():
        return QueryCosts(part.costs, True)
    return QueryCosts(np.broadcast_to(means / COST_UNIT, part.costs.shape), False)


def mean_cost(dollars: FloatArray) -> float:
    """US dollars per 1,000 queries; nan where any of the queries (Q,) has an unknown cost."""
    return float(COST_UNIT * dollars.mean()) if len(dollars) else math.nan


@dataclass(frozen=True)
class RoutingCost:
    """US dollars per 1,000 queries of the first model, beside always asking one model.

    routed, always : nan where unknown; constant : that one model; measured as in `QueryCosts`
    """

    routed: float
    always: float
    constant: Constant
    measured: bool

    @property
    def known(self) -> bool:
        """Whether the router's cost is known."""
        return math.isfinite(self.routed)

    @property
    def change(self) -> float:
        """How much dearer routing is, 0.1 = 10 %; nan where either is unknown or always free."""
        return self.routed / self.always - 1.0 if self.always > 0 else math.nan

    @property
    def basis(self) -> str:
        """Whether the figures are measured or estimated, in words."""
        return MEASURED if self.measured else ESTIMATED

    @property
    def sentence(self) -> str:
        """Both figures, what they are compared with and what they rest on."""
        if not self.known:
            return "What the chosen models cost is not known."
        always = f"${self.always:,.2f}" if math.isfinite(self.always) else "an unknown sum"
        return (
            f"Cost of 1,000 queries: ${self.routed:,.2f} routed to the first model, {always} with "
            f"always asking {self.constant.words} ({self.basis})."
        )


def routing_cost(routes: Routes, part: Part, training: Part, constant: Constant) -> RoutingCost:
    """What the first models of the routes of a part's queries cost."""
    costs = query_costs(part, training)
    column = np.array([part.votes.models.index(name) for name in routes.models], dtype=np.int64)
    first = column[routes.selected[:, 0]]
    return RoutingCost(
        mean_cost(costs.dollars[np.arange(len(first)), first]),
        mean_cost(costs.dollars[:, part.votes.models.index(constant.name)]),
        constant,
        costs.measured,
    )


def cost_grid(costs: FloatArray | None) -> tuple[float, ...]:
    """0 and the cost weights worth trying, rising; costs (M,) US dollars per 1,000 queries.

    From where cost begins to matter up to where only the cheapest model is asked: scores differ by
    at most 1, so λ = 1 / (smallest difference of two costs) ends every doubt. Six round values a
    decade, each exactly what its label says. NotApplicable where there is nothing to weigh.
    """
    distinct = np.unique(costs) if costs is not None else np.zeros(0)
    if len(distinct) < 2 or not np.isfinite(distinct).all():
        raise NotApplicable("Costs per query are unknown or equal: there is nothing to weigh.")
    low = 1e-3 / float(distinct[-1] - distinct[0])
    top = min(1.0 / float(np.diff(distinct).min()), 1e5 * low)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(top)) + 1)
    values = [float(f"{step}e{decade}") for decade in decades for step in _STEPS]
    below = [value for value in values if value <= low]
    above = [value for value in values if value >= top]
    return (0.0, *(value for value in values if below[-1] <= value <= above[0]))


def weight_label(weight: float) -> str:
    """A cost weight as it is shown, linked and given to commands; reading it gives it back."""
    return f"{weight:.12g}"


@dataclass(frozen=True)
class CostPoint:
    """One cost weight: accuracy and US dollars per 1,000 queries, of the first model and vote."""

    cost_weight: float
    top1: float
    vote: float
    cost1: float
    cost3: float
    effective_models: float


def cost_curve(fitted: Fit, thresholds: Thresholds, test: Part, training: Part) -> list[CostPoint]:
    """Quality against cost as the weight λ of cost rises; nothing is refitted.

    Visited are the grid and the weight in force; costs as in `query_costs`.
    """
    test.need_gold("Quality against cost")
    weights = sorted({*cost_grid(fitted.costs), thresholds.cost_weight})
    dollars = query_costs(test, training).dollars
    return [
        _cost_point(fitted, replace(thresholds, cost_weight=weight), test, dollars)
        for weight in weights
    ]


def _cost_point(fitted: Fit, thresholds: Thresholds, test: Part, dollars: FloatArray) -> CostPoint:
    routes = fitted.router(thresholds).route(test.vectors)
    result = test.evaluation(routes)
    column = np.array([test.votes.models.index(name) for name in routes.models])
    chosen = column[first_models(routes.scores, routes.models, min(3, len(column)))]
    costs = np.take_along_axis(dollars, chosen, axis=1)
    return CostPoint(
        thresholds.cost_weight, result.top1_accuracy, result.top3_vote_accuracy,
        mean_cost(costs[:, 0]), mean_cost(costs.sum(axis=1)), result.effective_models,
    )  # fmt: skip


def cheapest_within(curve: Sequence[CostPoint], loss: float) -> CostPoint:
    """The cheapest point whose first model is at most `loss` less often right than at weight 0."""
    good = [point for point in curve if point.top1 >= curve[0].top1 - loss]
    return min(good, key=lambda point: (point.cost1, point.cost_weight))


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
