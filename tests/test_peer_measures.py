"""nAUC, Peak, QNC, RCI and effective votes: worked by hand, as laws, and on the demo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import cascal
from cascal.compare.cost import cost_curve
from cascal.compare.peer_measures import (
    collapses,
    effective_votes,
    front_measures,
    peer_measures,
)
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import NotApplicable
from cascal.settings import Thresholds


def points(quality, costs, n=100):
    """Queries of which so many are right at each point, each query at the point's cost."""
    right = np.column_stack([np.arange(n) < round(n * one) for one in quality]).astype(float)
    return right, np.tile(np.array(costs, dtype=float), (n, 1))


def test_the_measures_of_a_front_by_hand():
    right, dollars = points([0.5, 0.8, 0.7], [1.0, 3.0, 4.0])  # the last: the best single
    found = front_measures(right, dollars)
    area = ((0.5 + 0.8) / 2 * 2 + 0.8 * 1) / 4
    assert found["nauc"].value == pytest.approx(area)
    assert found["peak"].value == pytest.approx(0.8)
    assert found["qnc"].value == pytest.approx(3.0 / 4.0)
    for one in found.values():
        assert one.low <= one.value <= one.high


def test_without_a_point_as_good_as_the_best_single_model_there_is_no_saving():
    right, dollars = points([0.5, 0.6, 0.9], [1.0, 3.0, 4.0])
    assert np.isnan(front_measures(right, dollars)["qnc"].value)


def test_what_counts_as_collapse_by_hand():
    right = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 1]], dtype=float)
    chosen = np.array([0, 0, 2, 1, 0])
    # best and cheap; not best; only the dearest is best; all as bad; the dearest was needed
    assert collapses(right, chosen, dearest=2).tolist() == [False, True, False, False, True]
    dear = np.array([1, 1, 2, 2, 2])
    assert collapses(right, dear, dearest=1).tolist() == [True, False, False, False, False]


def test_independent_errors_count_in_full_and_equal_ones_once():
    random = np.random.default_rng(0)
    alone = (random.random((20_000, 6)) < 0.7).astype(float)
    found = effective_votes(alone)
    assert found.value == pytest.approx(6.0, rel=0.1)
    assert found.low < 6.0 < found.high
    assert effective_votes(np.repeat(alone[:, :1], 6, axis=1)).value == pytest.approx(1.0)
    assert effective_votes(alone[:, :1]) is None
    one = effective_votes(alone[:, :3])
    again = effective_votes(alone[:, [2, 0, 1]])
    assert one.value == pytest.approx(again.value)


def test_models_that_were_asked_other_queries_are_compared_where_both_were():
    random = np.random.default_rng(1)
    right = (random.random((4000, 3)) < 0.6).astype(float)
    some = right.copy()
    some[::2, 0] = np.nan
    never = np.column_stack([some, np.full(4000, np.nan)])
    found = effective_votes(never)
    assert found == effective_votes(some)
    assert found.value == pytest.approx(3.0, rel=0.1)


@pytest.fixture(scope="module")
def snapshot(demo):
    small = replace(
        demo,
        train=demo.train.take(np.arange(0, 5000, 10)),
        test=demo.test.take(np.arange(0, 2000, 5)),
    )
    fitted = cascal.fit(small.train.votes, small.train.vectors, costs=small.costs)
    return take_snapshot(small, fitted, Thresholds())


def test_the_peak_is_that_of_the_curve_of_cost_weights(snapshot):
    found = {one.key: one.found for one in peer_measures(snapshot)}
    data = snapshot.dataset
    curve = cost_curve(snapshot.fit, Thresholds(), data.test, data.train)
    assert found["peak"].value == pytest.approx(max(point.top1 for point in curve))
    assert 0 < found["nauc"].value < found["peak"].value
    assert 0 <= found["rci"].value <= 1
    assert 1 <= found["effective_votes"].value <= 8


def test_without_costs_only_votes_are_counted_and_without_gold_nothing(snapshot):
    data = snapshot.dataset
    unknown = [replace(p, costs=np.full_like(p.costs, np.nan)) for p in (data.train, data.test)]
    free = replace(data, train=unknown[0], test=unknown[1])
    fitted = cascal.fit(free.train.votes, free.train.vectors)
    found = peer_measures(take_snapshot(free, fitted, Thresholds()))
    assert [one.key for one in found if one.found is not None] == ["effective_votes"]
    blind = replace(data, test=None)
    with pytest.raises(NotApplicable):
        peer_measures(take_snapshot(blind, snapshot.fit, Thresholds()))
