"""Which setting to ship: the rule, its intervals, and what is said where it cannot be known."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from conftest import split_world
from refusals import refuses

import cascal
from cascal.compare.cost import CostPoint, Trial
from cascal.compare.presets import compare_presets
from cascal.compare.recommendation import beside_presets, grid_weights, recommend
from cascal.datatypes import NO_ANSWER, NotApplicable
from cascal.settings import Routing, Thresholds

N = 400
COSTS = np.array([1.0, 2.0, 4.0])
"""US dollars per 1,000 queries of three models."""


def world(rates) -> SimpleNamespace:
    """Queries of which each model gets the first so many right."""
    right = np.column_stack([np.arange(N) < round(rate * N) for rate in rates]).astype(float)
    dollars = np.broadcast_to(COSTS[: len(rates)] / 1000, right.shape)
    return SimpleNamespace(
        right=right,
        n_gold=N,
        costs=dollars,
        mean_costs=COSTS[: len(rates)],
        need_gold=lambda what: None,
    )


def trial(part, weight, first, *, preset="", voted=None) -> Trial:
    """A setting that asks these models first; where 3 vote it is right so often."""
    first = np.broadcast_to(np.asarray(first), N)
    rows = np.arange(N)
    votes = part.right[rows, first] if voted is None else (rows < round(voted * N)).astype(float)
    top1, dollars = part.right[rows, first].mean(), 1000 * part.costs[rows, first].mean()
    point = CostPoint(weight, float(top1), float(votes.mean()), float(dollars), 7.0, 2.0)
    return Trial(preset=preset, point=point, first=first, voted=votes, n_voters=3)


def ship(trials, part, *, weight=0.0, tolerance=0.01, voters=3):
    now = Thresholds(cost_weight=weight, top_k=voters)
    return recommend(trials, now, part, part, tolerance)


def test_the_cheapest_that_is_shown_to_lose_no_more_than_is_tolerated_is_recommended():
    part = world([0.5, 0.8, 0.8])
    found = ship([trial(part, 0.0, 2), trial(part, 0.1, 1), trial(part, 0.5, 0)], part)
    assert found.title == (
        "Ship this: ask one model, cost weight 0.1, 80.0 % right for $2.00 instead of 80.0 % for "
        "$4.00 per 1,000 queries"
    )
    assert found.sentence == f"{found.title}: the cheapest shown to lose at most 1 point."
    assert found.reason.startswith(
        "The cheapest of 3 cost weights tried that is shown to lose at most 1 point"
    )
    assert "0.0 points [0.0, 0.0] and −$2.00 [−$2.00, −$2.00]" in found.reason
    assert found.reason.endswith(", for all 3 at once.")
    why = {one.name: one.why for one in found.others}
    assert why["no cost weight"] == "$2.00 dearer, and not proven better"
    assert why["cost weight 0.5"].startswith("cheaper, but a proven loss: −30.0 points [")
    assert found.to_dict()["best"]["cost_weight"] == 0.1


def test_the_title_and_what_stands_elsewhere_say_one_number():
    part = world([0.5, 0.82, 0.8125])
    found = ship([trial(part, 0.0, 2), trial(part, 0.1, 1)], part)
    assert "82.00 % right for $2.00 instead of 81.25 %" in found.title
    assert found.short == "It is cost weight 0.1: 82.00 % right for $2.00."


def test_what_was_recommended_is_recommended_again_when_it_is_in_use():
    rng = np.random.default_rng(0)
    part = world([0.5, 0.8, 0.8])
    trials = [trial(part, 0.0, 2)]
    for weight, share in ((0.1, 0.1), (0.2, 0.3), (0.3, 0.5), (0.4, 0.9)):
        trials.append(trial(part, weight, np.where(rng.random(N) < share, 0, 1)))
    first = ship(trials, part, tolerance=0.15)
    again = ship(trials, part, weight=first.best.trial.point.cost_weight, tolerance=0.15)
    assert 0 < first.best.trial.point.cost_weight < 0.4
    assert again.best.trial is first.best.trial
    assert again.taken
    assert again.sentence == f"{again.title}. {again.rule}"
    assert again.title.startswith("You use the cost weight to ship: ")
    assert "beside a cost weight of 0" in again.reason
    assert again.gain == first.gain


def test_a_loss_that_is_not_ruled_out_is_no_recommendation_and_a_smaller_one_is_tolerated():
    part = world([0.77, 0.8, 0.8])
    trials = [trial(part, 0.0, 1), trial(part, 0.1, 0)]
    assert ship(trials, part).taken
    assert ship(trials, part, tolerance=0.06).best.name == "cost weight 0.1"
    (other,) = ship(trials, part).others
    assert other.why.startswith("cheaper, but a proven loss: −3.0 points")
    part.right[-12:, 0] = 1.0  # as often right as the dear one, on other queries
    (unsure,) = ship(trials, part).others
    assert re.match(r"cheaper, but a loss of up to [1-9]\.\d points is not ruled out", unsure.why)


def test_a_proven_loss_of_the_vote_is_said_as_proven_and_the_vote_has_its_own_answer():
    part = world([0.5, 0.8, 0.8])
    trials = [trial(part, 0.0, 2, voted=0.9), trial(part, 0.1, 1, voted=0.8)]
    found = ship(trials, part)
    assert found.best.trial is trials[1]
    assert found.vote.startswith("Where 3 vote: 80.0 % instead of 90.0 % right, −10.0 points [")
    kept = "a proven loss. For a vote of 3 the same rule keeps the one in use: 90.0 %"
    assert kept in found.vote


def test_the_vote_says_its_own_number_and_nothing_where_one_model_is_asked():
    part = world([0.5, 0.8, 0.8])
    trials = [trial(part, 0.0, 2, voted=0.9), trial(part, 0.1, 1, voted=0.8)]
    assert ship(trials, part, voters=5).vote.startswith("Where 3 vote (5 in use): 80.0 %")
    two = [replace(one, n_voters=2) for one in trials]
    assert "vote of 2" in ship(two, part, voters=2).vote
    alone = ship(trials, part, voters=1)
    assert alone.vote == ""
    assert alone.to_dict()["vote"] == ""


def test_what_is_proven_right_more_often_for_more_money_is_offered_beside_the_recommended_one():
    part = world([0.7, 0.5, 0.9])
    trials = [trial(part, 0.0, 0), trial(part, 0.0, 2, preset="paper")]
    found = ship(trials, part)
    assert found.taken
    assert found.better.name == "preset paper, no cost weight"
    assert found.in_addition.startswith(
        "Proven right more often, preset paper, no cost weight: 90.0 % right for $4.00, "
        "+20.0 points ["
    )
    assert found.to_dict()["better"]["preset"] == "paper"
    same = ship([trials[0], trial(part, 0.1, 0)], part)
    assert same.better is None
    assert same.in_addition == ""


def test_a_preset_is_recommended_by_name_and_its_twin_is_not_tried_twice():
    part = world([0.5, 0.8, 0.8])
    own = (trial(part, 0.0, 2),)
    tried = [trial(part, 0.0, first, preset=name) for name, first in (("paper", 1), ("mine", 2))]
    assert [one.preset for one in beside_presets(own, tried, "mine", None)] == ["", "paper"]
    assert len(beside_presets(own, tried, "mine", Routing())) == 3
    found = ship(beside_presets(own, tried, "mine", None), part)
    assert found.title.startswith(
        "Ship this: ask one model, preset paper, no cost weight, 80.0 % right for $2.00"
    )
    assert "of the preset paper" in found.basis
    said = "Tried: paper, each at every cost weight. "
    named = "One of them is the setting to ship: preset paper, no cost weight."
    assert found.presets_outcome == said + named
    stays = ship(beside_presets((trial(part, 0.0, 1),), tried[1:], "", None), part)
    assert stays.presets_outcome == (
        "Tried: mine, each at every cost weight. The setting to ship stays: the one most often "
        "right of them, preset mine, no cost weight (80.0 % right for $4.00), is $2.00 dearer, and "
        "not proven better."
    )
    assert not ship([trial(part, 0.0, 1)], part).presets_outcome


def test_without_prices_only_a_proven_gain_is_a_reason_to_change():
    part = world([0.5, 0.8, 0.8])
    part.costs = part.costs * np.nan
    part.mean_costs = part.mean_costs * np.nan
    assert grid_weights(None, 0.0) == (0.0,)
    same = ship([trial(part, 0.0, 1), trial(part, 0.0, 2, preset="paper")], part)
    assert same.title == "You use the setting to ship: 80.0 % right"
    assert "Costs are unknown" in same.reason
    assert same.others[0].why == "not proven right more often"
    alone = ship([trial(part, 0.0, 1)], part)
    assert alone.reason.startswith("Costs are unknown: with prices in the model pool")
    better = ship([trial(part, 0.0, 0), trial(part, 0.0, 2, preset="paper")], part)
    assert better.title == "Ship this: ask one model, preset paper, 80.0 % right instead of 50.0 %"


def test_too_few_gold_answers_recommend_nothing():
    part = world([0.5, 0.8, 0.8])
    part.n_gold = 3
    with refuses("no-gold", "3 test queries", kind=NotApplicable):
        ship([trial(part, 0.0, 1)], part)


def test_presets_are_tried_at_every_weight_and_read_at_one_of_them():
    train, test = split_world(n_queries=300)
    fitted = cascal.fit(train.votes, train.vectors, costs=train.known_costs)
    weights = (0.0, 0.1)
    tried = compare_presets(train, test, costs=train.known_costs, fitted=fitted, weights=weights)
    assert len(tried.trials) == len(tried.presets) * len(weights)
    at = Thresholds(cost_weight=0.1)
    alone = compare_presets(train, test, at, costs=train.known_costs, fitted=fitted)
    np.testing.assert_array_equal(tried.at_weight(0.1, test).first, alone.first)
    np.testing.assert_array_equal(tried.at_weight(0.0, test).first, tried.first)
    none = replace(test, gold=np.full(len(test), NO_ANSWER))
    with refuses("no-gold", kind=NotApplicable):
        recommend(tried.trials, Thresholds(), none, train, 0.01)
