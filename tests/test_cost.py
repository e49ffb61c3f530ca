"""What a response, a router and a cost weight cost: one definition of each."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import split_world
from refusals import refuses

import cascal
from cascal.compare.comparison import compare_routers
from cascal.compare.cost import cost_curve, cost_grid, weight_label
from cascal.dataset.cost import query_costs, routing_cost
from cascal.datatypes import ModelSpec, NotApplicable
from cascal.prices import cost_of_tokens, response_cost
from cascal.settings import Thresholds
from cascal.verdicts.constant import choose_constant

PRICED = ModelSpec("a", input_price=2.0, output_price=5.0)


def test_a_response_costs_its_tokens_times_the_prices_of_its_model():
    assert response_cost(PRICED, 1_000_000, 200_000) == pytest.approx(3.0)
    many = cost_of_tokens(PRICED, np.array([0.0, 1e6]), np.array([2e5, np.nan]))
    assert many[0] == pytest.approx(1.0)
    assert math.isnan(many[1])


@pytest.mark.parametrize(
    ("model", "read", "written"),
    [(PRICED, None, 1), (PRICED, 1, None), (PRICED, math.nan, 1), (ModelSpec("b"), 1, 1)],
)
def test_without_a_price_or_a_number_of_tokens_the_cost_is_unknown(model, read, written):
    assert math.isnan(response_cost(model, read, written))


@pytest.fixture(scope="module")
def parts():
    """Responses whose costs differ from query to query, so that means are not what they cost."""
    train, test = split_world()
    random = np.random.default_rng(5)
    return tuple(
        replace(part, costs=part.costs * random.lognormal(size=part.costs.shape))
        for part in (train, test)
    )


def costs_everywhere(train, test):
    """The figure of the page Overview, of the comparison and of the curve at weight 0."""
    fitted = cascal.fit(train.votes, train.vectors, costs=train.known_costs)
    router = fitted.router()
    routes = router.route(test.vectors)
    constant = choose_constant(router.models, by_labels=train.best_constant)
    overview = routing_cost(routes, test, train, constant)
    comparison = compare_routers(train, test, fitted=fitted)
    curve = cost_curve(fitted, Thresholds(), test, train)
    return routes, overview, comparison, curve


def test_every_page_shows_what_the_chosen_models_really_cost(parts):
    train, test = parts
    routes, overview, comparison, curve = costs_everywhere(train, test)
    real = 1000 * test.costs[np.arange(len(test)), routes.selected[:, 0]].mean()
    assert overview.routed == pytest.approx(real, rel=1e-12)
    assert comparison.cost() == overview
    assert overview.measured
    assert overview.basis in overview.sentence
    assert "really cost" in overview.basis
    rows = {row.key: row.cost1 for row in comparison.rows()}
    assert (rows["cascal"], rows[comparison.constant]) == (overview.routed, overview.always)
    assert curve[0].cost1 == pytest.approx(overview.routed, rel=1e-12)


def test_one_missing_cost_makes_every_figure_mean_cost_times_share_and_this_is_said(parts):
    train, test = parts
    costs = np.array(test.costs)
    costs[3, 1] = np.nan
    test = replace(test, costs=costs)
    routes, overview, comparison, curve = costs_everywhere(train, test)
    share = np.bincount(routes.selected[:, 0], minlength=costs.shape[1]) / len(test)
    assert overview.routed == pytest.approx(share @ test.mean_costs, rel=1e-12)
    assert overview.always == pytest.approx(test.mean_costs[overview.constant.model], rel=1e-12)
    assert not overview.measured
    assert "mean cost of each model × its share" in overview.sentence
    assert comparison.cost() == overview
    assert curve[0].cost1 == pytest.approx(overview.routed, rel=1e-12)


def test_training_costs_stand_in_for_test_costs_and_an_unknown_model_stays_unknown(parts):
    train, test = parts
    costs, known = np.array(test.costs), np.array(train.costs)
    costs[:, 0] = costs[:, 1] = known[:, 1] = np.nan
    found = query_costs(replace(test, costs=costs), replace(train, costs=known))
    assert not found.measured
    assert 1000 * found.dollars[7, 0] == pytest.approx(train.mean_costs[0])
    assert np.isnan(found.dollars[:, 1]).all()
    assert np.isfinite(found.dollars[:, 2:]).all()


# Cost weights


@pytest.mark.parametrize("scale", [1e-6, 0.0137, 1.0, 480.0])
def test_the_grid_reaches_from_no_effect_to_the_cheapest_only_in_values_equal_to_labels(scale):
    costs = scale * np.array([1.0, 1.7, 4.0, 25.0])
    grid = cost_grid(costs)
    assert grid[0] == 0.0
    assert np.diff(grid).min() > 0
    assert grid[1] * np.ptp(costs) <= 1e-3 < grid[2] * np.ptp(costs)
    assert grid[-2] * np.diff(costs).min() < 1.0 <= grid[-1] * np.diff(costs).min()
    assert [float(weight_label(weight)) for weight in grid] == list(grid)
    assert max(len(weight_label(weight).split("e")[0].strip("0.")) for weight in grid) <= 3


@pytest.mark.parametrize("costs", [None, [2.0, 2.0], [1.0, np.nan]])
def test_without_different_known_costs_there_is_no_grid(costs):
    with refuses("unusable-costs", kind=NotApplicable):
        cost_grid(None if costs is None else np.array(costs))


def test_the_curve_visits_the_grid_and_the_weight_in_force(parts):
    train, test = parts
    fitted = cascal.fit(train.votes, train.vectors, costs=train.known_costs)
    points = cost_curve(fitted, Thresholds(cost_weight=0.0421), test, train)
    visited = [point.cost_weight for point in points]
    assert visited == sorted({*cost_grid(train.known_costs), 0.0421})
