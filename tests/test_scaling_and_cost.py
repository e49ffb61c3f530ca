"""Fewer queries, a missing model, cost as a threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import split_world
from refusals import refuses

import cascal
from cascal import charts
from cascal.compare.cost import cost_curve, cost_grid
from cascal.compare.scaling import draw_training, scaling_curve, whole_fits
from cascal.compare.without_a_model import Removal, leave_one_out
from cascal.datatypes import NO_ANSWER, NotApplicable
from cascal.explain import explain
from cascal.intervals import Estimate
from cascal.settings import FitSettings, Thresholds


@pytest.fixture(scope="module")
def parts():
    return split_world(n_queries=420)


@pytest.fixture(scope="module")
def fitted(parts):
    train, _ = parts
    return cascal.fit(train.votes, train.vectors, costs=train.known_costs)


def test_draws_keep_the_tasks_shares_and_depend_on_ids_only(parts):
    train, _ = parts
    drawn = draw_training(train, 60, 1)
    assert len(drawn) == 60
    for task in set(train.votes.tasks):
        expected = 60 * train.votes.tasks.count(task) / len(train)
        assert abs(drawn.votes.tasks.count(task) - expected) <= 1
    order = np.random.default_rng(0).permutation(len(train))
    moved = draw_training(train.take(order), 60, 1)
    assert set(moved.votes.query_ids) == set(drawn.votes.query_ids)


def test_the_curve_ends_at_the_fit_on_everything(parts):
    train, test = parts
    told = []
    points = scaling_curve(
        train,
        test,
        FitSettings(),
        Thresholds(),
        shares=(0.3, 1.0),
        progress=lambda share, said: told.append((share, said)),
    )
    assert [one.n_queries for one in points] == [round(0.3 * len(train)), len(train)]
    router = cascal.fit(train.votes, train.vectors).router()
    result = cascal.evaluate(router.route(test.vectors), test.votes, test.gold)
    assert points[-1].top1.value == result.top1_accuracy
    assert points[-1].n_draws == 1
    assert points[0].n_draws == 3
    assert points[0].spread >= 0
    assert told[0][0] == 0.0
    assert all(0 <= share < 1 for share, _ in told)
    assert told[-1][0] == pytest.approx(0.9 / 1.9, abs=0.01), "three draws of 30 % of 1.9 fits"
    assert whole_fits(2_500) == pytest.approx(3 * (0.02 + 0.05 + 0.1 + 0.2 + 0.4 + 0.7) + 1)
    assert whole_fits(40) == 1


def test_removing_a_model_equals_a_fit_without_it(parts, fitted):
    train, test = parts
    found = leave_one_out(train, test, fitted, Thresholds())
    assert [one.model for one in found] == list(train.votes.models)
    rest = [name for name in train.votes.models if name != found[1].model]
    small = train.with_models(rest)
    router = cascal.fit(small.votes, small.vectors).router()
    after = cascal.evaluate(router.route(test.vectors), test.votes, test.gold)
    before = cascal.evaluate(fitted.router().route(test.vectors), test.votes, test.gold)
    expected = before.top3_vote_accuracy - after.top3_vote_accuracy
    assert found[1].vote_loss.value == pytest.approx(expected)
    assert sum(one.share for one in found) == pytest.approx(1.0)
    assert all(-1 <= one.tau <= 1 for one in found)


def test_what_a_model_is_worth_is_told_with_its_interval_and_a_minus():
    lost = Removal(
        model="a",
        share=0.5,
        top1_loss=Estimate(-0.0004, -0.012, 0.0285, 200),
        vote_loss=None,
        tau=1.0,
    )
    shown = charts.removals_frame([lost])
    assert shown["top1_text"].tolist() == ["0.0 [−1.2, +2.9]"]
    assert shown["gain_text"].tolist() == [""]


def test_without_gold_only_the_consensus_ranking_is_compared(parts, fitted):
    train, _ = parts
    found = leave_one_out(train, None, fitted, Thresholds())
    assert all(one.vote_loss is None for one in found)
    assert all(np.isfinite(one.tau) for one in found)


def test_two_models_cannot_lose_one(parts):
    train, test = parts
    few = train.with_models(train.votes.models[:2])
    fitted = cascal.fit(few.votes, few.vectors)
    with refuses("too-little-data", kind=NotApplicable):
        leave_one_out(few, test, fitted, Thresholds())


def test_what_needs_gold_says_so(parts, fitted):
    train, test = parts
    none = replace(test, gold=np.full(len(test), NO_ANSWER))
    with refuses("no-gold", "curve", kind=NotApplicable):
        scaling_curve(train, none, FitSettings(), Thresholds())
    with refuses("no-gold", "cost", kind=NotApplicable):
        cost_curve(fitted, Thresholds(), none, train)


# Cost


def test_routes_go_by_score_minus_weight_times_cost(parts, fitted):
    _, test = parts
    free = fitted.router().route(test.vectors)
    weighed = fitted.router(Thresholds(cost_weight=0.07)).route(test.vectors)
    assert weighed.scores == pytest.approx(free.scores - 0.07 * fitted.costs)
    dear = fitted.router(Thresholds(cost_weight=1e6)).route(test.vectors)
    assert (dear.selected[:, 0] == np.argmin(fitted.costs)).all()


def test_cost_falls_as_the_weight_rises_and_a_zero_weight_changes_nothing(parts, fitted):
    train, test = parts
    points = cost_curve(fitted, Thresholds(), test, train)
    plain = cascal.evaluate(fitted.router().route(test.vectors), test.votes, test.gold)
    assert points[0].cost_weight == 0.0
    assert points[0].top1 == plain.top1_accuracy
    costs = np.array([one.cost1 for one in points])
    assert (np.diff(costs) <= 1e-9).all()
    assert points[-1].cost1 == pytest.approx(fitted.costs.min())


def test_a_cost_weight_without_costs_is_refused_in_a_sentence(parts):
    train, _ = parts
    fitted = cascal.fit(train.votes, train.vectors)
    with refuses("unusable-costs", "cost_weight", 0.1):
        fitted.router(Thresholds(cost_weight=0.1))
    with refuses("out-of-bounds", "Thresholds.cost_weight", -1.0):
        Thresholds(cost_weight=-1.0)
    with refuses("unusable-costs", kind=NotApplicable):
        cost_grid(fitted.costs)
    with refuses("wrong-shape", "costs", (2,), len(train.votes.models)):
        cascal.fit(train.votes, train.vectors, costs=np.ones(2))


def test_costs_travel_with_the_router_and_are_explained(parts, fitted, tmp_path):
    _, test = parts
    router = fitted.router(Thresholds(cost_weight=0.05))
    router.save(tmp_path / "r.cascal")
    loaded = cascal.Router.load(tmp_path / "r.cascal")
    assert loaded.costs == pytest.approx(fitted.costs)
    assert np.array_equal(loaded.route(test.vectors).selected, router.route(test.vectors).selected)
    for row in range(20):
        trace = explain(router, test.vectors.vectors[row])
        for one in trace.models:
            parts_of_score = one.from_clusters + one.from_fallback + one.margin_bonus
            assert one.score == pytest.approx(parts_of_score - one.cost_penalty)
            cost = fitted.costs[router.models.index(one.model)]
            assert one.cost_penalty == pytest.approx(0.05 * cost)


def test_mean_costs_are_per_thousand_queries_and_unknown_ones_stay_unknown(parts):
    train, _ = parts
    assert train.mean_costs == pytest.approx(1.0 + np.arange(5))
    costs = np.array(train.costs)
    costs[:, 2] = np.nan
    assert replace(train, costs=costs).known_costs is None
