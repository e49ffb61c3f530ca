"""A sweep equals separate fits, visits only what can change, and finds where nothing does."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from conftest import split_world
from refusals import refuses

import cascal
from cascal.charts.sweep import changing_measures, curve_figure, curve_frame
from cascal.charts.sweep_map import map_figure
from cascal.charts.sweep_summary import sweep_frame, sweep_line
from cascal.compare.cost import cost_grid, try_weights
from cascal.compare.recommendation import recommend
from cascal.compare.sweep import (
    JACCARDS,
    NAMES,
    attainable,
    curve,
    read_at,
    sweep_map,
    visit,
    with_value,
)
from cascal.compare.sweep_answer import (
    NO_GOLD,
    answer,
    best_place,
    change_between,
    gains_over_now,
    value_label,
)
from cascal.compare.sweep_summary import SweepSummary, beside_recommended
from cascal.datatypes import NO_ANSWER, NotApplicable
from cascal.number_format import decimal
from cascal.settings import JOINING, PRESETS, FitSettings, Thresholds, joining_name
from cascal.verdicts.verdict import span


@pytest.fixture(scope="module")
def parts():
    return split_world(n_queries=420)


@pytest.fixture(scope="module")
def fitted(parts):
    return cascal.fit(parts[0].votes, parts[0].vectors, costs=parts[0].known_costs)


@pytest.fixture(scope="module")
def reference(parts, fitted):
    return fitted.router().route(parts[1].vectors)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_point_of_a_map_equals_a_fit_from_scratch(parts, preset):
    train, test = parts
    settings = FitSettings.preset(preset)
    fitted = cascal.fit(train.votes, train.vectors, settings)
    reference = fitted.router().route(test.vectors)
    names = ("min_silhouette", "merge_distance")
    found = sweep_map(fitted, Thresholds(), names, test, train, reference, limit=4)
    for row in found.points:
        for point in row:
            fresh = cascal.fit(train.votes, train.vectors, settings).router(point.thresholds)
            routes = fresh.route(test.vectors)
            assert point.n_clusters == len(fresh.clusters)
            assert np.array_equal(point.first, routes.selected[:, 0])
            result = cascal.evaluate(routes, test.votes, test.gold)
            assert point.top1.value == pytest.approx(result.top1_accuracy)
            assert point.effective_models == pytest.approx(result.effective_models)
            flipped = (routes.selected[:, 0] != reference.selected[:, 0]).mean()
            assert point.flipped == pytest.approx(flipped)


def test_between_two_attainable_silhouettes_nothing_changes(parts, fitted):
    """Clusters change only where some model's best silhouette lies."""
    values = [one for one in attainable(fitted, "min_silhouette", limit=10_000) if one]
    for low, high in pairwise(values):
        middle = Thresholds(min_silhouette=(low + high) / 2)
        at_high = Thresholds(min_silhouette=high)
        one, other = fitted.router(middle), fitted.router(at_high)
        assert np.array_equal(one.clusters.assignment, other.clusters.assignment)


def test_joining_has_its_attainable_settings_and_merging_a_grid(fitted):
    assert attainable(fitted, "prune_jaccard") == list(JACCARDS)
    assert attainable(fitted, "merge_distance")[:3] == [0.0, 0.01, 0.02]
    assert attainable(fitted, "cost_weight") == list(cost_grid(fitted.costs))


@pytest.mark.parametrize("name", NAMES)
def test_a_curve_holds_the_present_value_and_its_band_agrees_with_it(name, parts, fitted):
    found = curve(fitted, Thresholds(), name, parts[1], parts[0])
    now = next(point for point in found.points if point.value(name) == found.now)
    assert now.flipped == 0.0
    if found.band is not None:
        values = [point.value(name) for point in found.points]
        low, high = (values.index(one) for one in found.band)
        for point in found.points[low : high + 1]:
            assert point.n_clusters == now.n_clusters
            assert np.array_equal(point.first, now.first)
        for outside in (low - 1, high + 1):
            if 0 <= outside < len(values):
                other = found.points[outside]
                same = np.array_equal(other.first, now.first)
                assert other.n_clusters != now.n_clusters or not same
    frame = curve_frame(found)
    assert len(frame) == len(found.points)
    changing, constant = changing_measures(found)
    for measure in changing:
        assert curve_figure(found, measure, "#1F4FD8").data
        assert np.ptp(frame[measure].dropna()) > 0
    assert len(changing) + len(constant) == 5


def test_a_value_between_the_grid_is_visited_too(parts, fitted):
    thresholds = Thresholds(merge_distance=0.1234)
    found = curve(fitted, thresholds, "merge_distance", parts[1], parts[0])
    values = [point.value("merge_distance") for point in found.points]
    assert 0.1234 in values
    assert values == sorted(values)


def test_without_gold_there_are_clusters_and_flips_but_no_accuracy(parts, fitted, reference):
    train, test = parts
    none = replace(test, gold=np.full(len(test), NO_ANSWER))
    points = visit(fitted, [Thresholds(), Thresholds(merge_distance=1.0)], none, train, reference)
    assert [one.top1 for one in points] == [None, None]
    base = fitted.router().route(train.vectors)
    alone = visit(fitted, [Thresholds()], None, train, base)[0]
    assert train.has_gold
    assert (alone.flipped, alone.top1) == (0.0, None)


def test_a_map_is_drawn_for_every_measure(parts, fitted, reference):
    names = ("prune_jaccard", "merge_distance")
    found = sweep_map(fitted, Thresholds(), names, parts[1], parts[0], reference, limit=5)
    assert len(found.points) == len(JACCARDS)
    for measure in ("top1", "clusters", "effective", "flipped"):
        figure = map_figure(found, measure, ("#ffffff", "#000000"), Thresholds(merge_distance=0.3))
        assert np.isfinite(figure.data[0].z).all()
        assert figure.data[-1].x == (0.3,)
        assert figure.data[-1].y == (JACCARDS.index(Thresholds().prune_jaccard),)


@pytest.mark.parametrize("merge", [0.3, 0.1234])
def test_a_curve_read_from_another_value_is_that_of_a_sweep_from_there(parts, fitted, merge):
    train, test = parts
    there = Thresholds(merge_distance=merge)
    first = curve(fitted, Thresholds(), "merge_distance", test, train)
    read = read_at(first, fitted, there, test, train)
    fresh = curve(fitted, there, "merge_distance", test, train)
    assert (read.now, read.band) == (merge, fresh.band)
    assert curve_frame(read).equals(curve_frame(fresh))


def test_the_best_value_is_compared_with_the_present_one(parts, fitted):
    train, test = parts
    found = curve(fitted, Thresholds(), "merge_distance", test, train)
    best, gains = best_place(found), gains_over_now(found, test, fitted.models)
    tops = [one.top1.value for one in found.points]
    assert tops[best] == max(tops)
    now = tops[found.at_now]
    assert [one.value for one in gains] == pytest.approx([top - now for top in tops])
    none = replace(test, gold=np.full(len(test), NO_ANSWER))
    unknown = curve(fitted, Thresholds(), "merge_distance", none, train)
    assert gains_over_now(unknown, none, fitted.models) is None
    assert answer(unknown, none, fitted.models).title.startswith("Without gold answers nothing")


def pointed(found, rates, dollars=None):
    """The curve with other first models: at each value the share of right answers that is asked."""
    points = []
    for place, (point, rate) in enumerate(zip(found.points, rates, strict=True)):
        first = np.zeros(100, dtype=np.int64)
        first[: round(100 * rate)] = 1
        known = {} if dollars is None else {"dollars": dollars[place]}
        top1 = replace(found.points[0].top1, value=rate)
        points.append(
            replace(point, first=first, top1=top1, flipped=float(rate != rates[0]), **known)
        )
    return replace(found, points=tuple(points), now=points[0].value(found.name))


class Right:
    """Queries of which the first model is never right and the second always."""

    def __init__(self, votes) -> None:
        self.right, self.votes = np.tile([0.0, 1.0] + [0.0] * 8, (100, 1)), votes
        self.right = self.right[:, : len(votes.models)]

    def __len__(self) -> int:
        return 100


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        ([0.5, 0.5, 0.5, 0.5], "Joining makes no difference here"),
        ([0.5, 0.9, 0.5, 0.5], "Joining all 3 is right more often than off: +40.0 points"),
        ([0.5, 0.5, 0.51, 0.49], "Leave joining at off: it hardly matters"),
        ([0.9, 0.9, 0.9, 0.5], "Leave joining at off: 1 or more is proven worse, none better"),
    ],
)
def test_the_answer_of_a_sweep_says_where_to_set_a_threshold_and_whether_it_matters(
    rates, says, parts, fitted
):
    found = curve(fitted, Thresholds(), "prune_jaccard", parts[1], parts[0])
    told = answer(pointed(found, rates), Right(parts[1].votes), parts[1].votes.models)
    assert told.title.startswith(says)
    assert (told.point is None) == ("no difference" in says)
    back = change_between(pointed(found, rates), 1, 0, Right(parts[1].votes), parts[1].votes.models)
    assert back.startswith("joining all 3 → off · ")


def test_the_answer_says_from_where_to_where_no_value_is_proven_worse(parts, fitted):
    found = curve(fitted, Thresholds(), "merge_distance", parts[1], parts[0])
    queries = Right(parts[1].votes)
    told = answer(pointed(found, [0.9] * 40 + [0.5] * 21), queries, queries.votes.models)
    held = f"by intervals for all {len(found.points)} values at once"
    title = f"Leave merge distance at 0: no proven difference from 0 to 0.39, {held}"
    assert told.title == title


def test_where_the_cost_weight_should_be_is_what_is_recommended_everywhere():
    train, test = split_world(seed=8, n_queries=420)
    fitted = cascal.fit(train.votes, train.vectors, costs=train.known_costs)
    found = curve(fitted, Thresholds(), "cost_weight", test, train)
    trials = try_weights(fitted, Thresholds(), test, train, cost_grid(fitted.costs))
    for weight in (0.0, 0.1):
        here = read_at(found, fitted, Thresholds(cost_weight=weight), test, train)
        shipped = recommend(trials, Thresholds(cost_weight=weight), test, train, 0.1)
        told = answer(here, test, fitted.models, shipped)
        assert told.title == shipped.title
        assert told.reason == shipped.reason
        assert told.moves == (not shipped.taken) == bool(told.weighed)
        assert told.point.value("cost_weight") == shipped.best.trial.point.cost_weight == 0.1
    assert shipped.taken
    assert told.title.startswith("You use the cost weight to ship: ")
    assert (told.why, told.action) == ("the one to ship at these thresholds", "Leave at 0.1")
    elsewhere = replace(shipped.best, trial=replace(shipped.best.trial, preset="paper"))
    assert answer(here, test, fitted.models, replace(shipped, best=elsewhere)).point is None


@pytest.mark.parametrize(
    ("dollars", "place"),
    [([2.0, 1.8, 1.5, 1.0], 2), ([2.0, 1.95, 2.0, 1.0], None), ([2.0, 1.8, np.nan, 1.0], None)],
)
def test_a_value_that_costs_less_is_named_with_what_it_may_lose(dollars, place, parts, fitted):
    found = curve(fitted, Thresholds(), "prune_jaccard", parts[1], parts[0])
    queries = Right(parts[1].votes)
    now = pointed(found, [0.5, 0.5, 0.51, 0.4], dollars)
    told = answer(now, queries, queries.votes.models)
    assert told.title.startswith("Leave joining at off: ")
    if place is None:
        assert told.why == "not proven better"
        assert told.reason.startswith("The highest of 4 values, 2 or more, is not proven better: ")
    else:
        loss = f"may lose up to {decimal(-100 * told.weighed.gain.low, 1)} points"
        assert told.title == f"Leave joining at off: 2 or more is cheaper, but {loss}"
        assert told.why == f"not proven better: {loss}"
        assert told.reason.startswith("2 or more would cost $1.50 instead of $2.00 per 1,000 ")
        assert told.weighed.dollars == (2.0, 1.5)
    same = answer(pointed(found, [0.5, 0.5, 0.5, 0.4], dollars), queries, queries.votes.models)
    assert "may lose" not in same.title
    assert "tried alone" in told.basis
    assert told.point is now.points[0]


def test_all_thresholds_together_say_which_to_move_and_which_to_leave(parts, fitted):
    queries = Right(parts[1].votes)

    def told(rates, name="prune_jaccard"):
        found = curve(fitted, Thresholds(), name, parts[1], parts[0])
        rates = [*rates, *[rates[-1]] * (len(found.points) - len(rates))]
        return answer(pointed(found, rates), queries, queries.votes.models)

    moved, left = told([0.5, 0.9, 0.5]), told([0.5, 0.5, 0.51], "merge_distance")
    same = told([0.5], "min_silhouette")
    assert [one.action for one in (moved, left)] == ["Move off → all 3", "Leave at 0"]
    assert SweepSummary(answers=[moved, left, same]).title == (
        "Move joining to all 3; leave the other 2"
    )
    assert SweepSummary(answers=[left, same]).title == "Leave all thresholds where they are"
    assert SweepSummary(answers=[left]).title == "Leave merge distance at 0"
    assert SweepSummary(answers=[moved]).title == "Move joining to all 3"
    waits = SweepSummary(answers=[moved], n_waiting=2).title
    assert waits == "Move joining to all 3; 2 thresholds are being tried"
    assert SweepSummary(answers=[], n_waiting=1).title == "1 threshold is being tried"
    assert beside_recommended([moved, left], 3) == f"Sweep found: {moved.title}"
    assert beside_recommended([left, same], 2) == "Sweep found no other threshold to move"
    asks = "Sweep asks next whether a threshold should move"
    assert beside_recommended([left, same], 3) == beside_recommended([], 3) == asks
    frame = sweep_frame([moved, left, same])
    brings = [f"+40.0 {_ends(moved)}", f"+1.0 {_ends(left)}"]
    assert frame["weighed"].tolist()[:2] == [moved.value, "0.02"]
    assert frame["brings"].tolist()[:2] == brings
    assert frame["brings"].isna().tolist() == [False, False, True]
    assert frame["why"].tolist()[0] == "proven right more often"
    told = [
        f"{points} points, {cost} per 1,000"
        for points, cost in zip(brings, frame["costs"], strict=False)
    ]
    told = [one.replace(" → ", "\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}") for one in told]
    assert sweep_line(moved) == f"Move off → all 3: {told[0]}, proven right more often"
    assert sweep_line(left) == f"Leave at 0: 0.02 is {told[1]}, {left.why}"
    assert sweep_line(same) == f"{same.action}: {same.why}"
    assert frame["why"].tolist()[2] == "every value asks the same models"


def _ends(told):
    return span(told.weighed.gain)


def test_without_gold_answers_no_threshold_is_left_for_a_reason(parts, fitted):
    train, test = parts
    none = replace(test, gold=np.full(len(test), NO_ANSWER))
    found = curve(fitted, Thresholds(), "merge_distance", none, train)
    told = answer(found, none, fitted.models)
    title = SweepSummary(answers=[told]).title
    assert title == "Without gold answers nothing says where a threshold should be"
    assert sweep_frame([told])["why"].tolist() == [NO_GOLD]


def test_cost_weights_have_plain_ticks_and_a_place_for_none(parts, fitted):
    found = curve(fitted, Thresholds(), "cost_weight", parts[1], parts[0])
    figure = curve_figure(found, "top1", "#1F4FD8")
    ticks = figure.layout.xaxis.ticktext
    assert ticks[0] == "0"
    assert figure.layout.xaxis.title.text == "Cost weight (logarithmic scale)"
    assert not [tick for tick in ticks if set(tick) - set("0123456789.")]
    dashed = [shape.x0 for shape in figure.layout.shapes if shape.line.dash == "dash"]
    assert dashed == [figure.layout.xaxis.tickvals[0]]
    places = figure.data[-1].x
    assert list(places) == sorted(places)
    assert value_label("cost_weight", 1e-05) == "0.00001"
    silhouettes = [value_label("min_silhouette", one) for one in (0.05, 0.5, 0.33247, 0.33301)]
    assert silhouettes == ["0.05", "0.5", "0.3325", "0.3330"]


def test_the_value_in_use_and_the_proposed_one_are_named_above_their_places(parts, fitted):
    found = curve(fitted, Thresholds(), "merge_distance", parts[1], parts[0])
    now = found.points[found.at_now]

    def marks(proposed):
        figure = curve_figure(found, "clusters", "#1F4FD8", proposed=proposed)
        rings = [one.x[0] for one in figure.data if one.marker.symbol == "circle-open"]
        names = {one.text: (one.x, one.xanchor) for one in figure.layout.annotations}
        return rings, names

    assert marks(None) == ([], {"in use": (0.15, "center")})
    assert marks(now) == ([0.15], {"in use, leave it": (0.15, "center")})
    beside = {"in use": (0.15, "right"), "proven better": (0.2, "left")}
    assert marks(found.points[found.at_now + 5]) == ([0.2], beside)
    assert marks(found.points[-1])[1]["proven better"] == (0.6, "right")


def test_dollars_are_those_of_the_chosen_models(parts, fitted):
    train, test = parts
    found = curve(fitted, Thresholds(), "cost_weight", test, train)
    routes = fitted.router(Thresholds()).route(test.vectors)
    spent = np.take_along_axis(test.costs, routes.selected[:, :1], axis=1)
    assert found.points[0].dollars == pytest.approx(1000 * spent.mean())


def test_what_cannot_be_swept_is_refused(parts, fitted, reference):
    train, test = parts
    with refuses("unknown-choice", "'top_k'"):
        curve(fitted, Thresholds(), "top_k", test, train)
    twice = ("merge_distance", "merge_distance")
    with refuses("conflicting-settings"):
        sweep_map(fitted, Thresholds(), twice, test, train, reference)
    with refuses("missing-value", "merge_distance"):
        with_value(Thresholds(), "merge_distance", None)
    free = cascal.fit(train.votes, train.vectors)
    with refuses("unusable-costs", kind=NotApplicable):
        attainable(free, "cost_weight")


@pytest.mark.bench
def test_a_thousand_settings_of_the_demo_take_ten_seconds(demo, demo_fits):
    """Seconds of the processor: what else runs on the machine does not count."""
    study, fitted = demo, demo_fits["recommended"]
    reference = fitted.router().route(study.test.vectors)
    started = time.process_time()
    names = ("min_silhouette", "merge_distance")
    found = sweep_map(fitted, Thresholds(), names, study.test, study.train, reference)
    assert len(found.points) * len(found.points[0]) >= 1000
    assert time.process_time() - started < 10


def test_the_settings_of_joining_are_the_attainable_jaccard_indices():
    """Two sets of three that share n models have the index n / (6 − n)."""
    attainable_now = [shared / (6 - shared) for shared in (3, 2, 1)]
    values = [value for value in JOINING.values() if value is not None]
    joined = [[index >= value for index in attainable_now] for value in values]
    assert joined == [[True, False, False], [True, True, False], [True, True, True]]
    assert [joining_name(value) for value in JOINING.values()] == list(JOINING)
    assert joining_name(0.7) is None
    assert joining_name(Thresholds().prune_jaccard) == "all 3"
    assert value_label("prune_jaccard", 0.5) == "2 or more"
    assert value_label("prune_jaccard", 0.7) == "0.7"
    assert set(JACCARDS) == set(JOINING.values())


def test_a_selection_is_ranked_by_consensus_and_by_gold(parts, fitted):
    _, test = parts
    rows = np.arange(0, 40, 2)
    by_consensus = np.nan_to_num(fitted.consensus[rows]).mean(axis=0)
    assert fitted.ranked(rows).mean == pytest.approx(by_consensus)
    assert test.ranked(rows).mean == pytest.approx(np.nanmean(test.right[rows], axis=0))
