"""What routing costs on some queries: one figure, and which of two it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cascal.dataset.part import Part
from cascal.datatypes import FloatArray
from cascal.number_format import dollars
from cascal.prices import COST_UNIT
from cascal.results import Routes
from cascal.verdicts.constant import Constant

MEASURED = "what the chosen models really cost on these queries"

ESTIMATED = (
    "mean cost of each model × its share of these queries, because not every response says its cost"
)


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

    routed, vote, always : nan where unknown; vote : of all models that vote; constant : that one
    model; measured as in `QueryCosts`
    """

    routed: float
    vote: float
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
        always = dollars(self.always) if math.isfinite(self.always) else "an unknown sum"
        return (
            f"Cost of 1,000 queries: {dollars(self.routed)} routed to the first model, {always} "
            f"with always asking {self.constant.words} ({self.basis})."
        )


def first_costs(routes: Routes, part: Part, training: Part) -> tuple[FloatArray, QueryCosts]:
    """(Q,) US dollars of the first model of every routed query, and the costs behind them."""
    costs = query_costs(part, training)
    column = np.array([part.votes.models.index(name) for name in routes.models], dtype=np.int64)
    first = column[routes.selected[:, 0]]
    return costs.dollars[np.arange(len(first)), first], costs


def routing_cost(routes: Routes, part: Part, training: Part, constant: Constant) -> RoutingCost:
    """What the first models of the routes of a part's queries cost."""
    dollars, costs = first_costs(routes, part, training)
    column = np.array([part.votes.models.index(name) for name in routes.models], dtype=np.int64)
    asked = np.take_along_axis(costs.dollars, column[routes.selected], axis=1)
    return RoutingCost(
        mean_cost(dollars),
        mean_cost(asked.sum(axis=1)),
        mean_cost(costs.dollars[:, part.votes.models.index(constant.name)]),
        constant,
        costs.measured,
    )
