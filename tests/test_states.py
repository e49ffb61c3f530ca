"""What changed between two states: settings, clusters, routes, each number with its interval."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import label_record
from refusals import refuses

import cascal
from cascal.compare.states import (
    FIRST_COST,
    FIRST_RIGHT,
    VOTE_RIGHT,
    MeasureChange,
    compare_states,
)
from cascal.dataset.heeding import heeding
from cascal.dataset.snapshot import take_snapshot
from cascal.intervals import Estimate, estimate
from cascal.settings import FitSettings, Thresholds
from cascal.verdicts.verdict import points


@pytest.fixture(scope="module")
def small(demo):
    train = demo.train.take(np.arange(0, 5000, 10))
    return replace(demo, train=train, test=demo.test.take(np.arange(0, 2000, 10)))


@pytest.fixture(scope="module")
def fitted(small):
    return cascal.fit(small.train.votes, small.train.vectors, costs=small.costs)


@pytest.fixture(scope="module")
def usual(small, fitted):
    return take_snapshot(small, fitted, Thresholds())


@pytest.fixture(scope="module")
def merged(small, fitted):
    return take_snapshot(small, fitted, Thresholds(merge_distance=0.5))


def test_a_state_beside_itself_made_again_says_that_nothing_changed(small, usual):
    again = cascal.fit(small.train.votes, small.train.vectors, costs=small.costs)
    found = compare_states(usual, take_snapshot(small, again, Thresholds()))
    assert found.nothing
    assert found.settings == ()
    assert found.clusters == ()
    assert not len(found.flipped)
    assert found.sentence("the pinned state") == "Nothing changed since the pinned state"
    assert {(one.difference.low, one.difference.high) for one in found.measures} == {(0.0, 0.0)}


def test_a_moved_threshold_is_named_with_what_it_did(usual, merged):
    found = compare_states(usual, merged)
    assert not found.nothing
    assert [(one.name, one.before, one.after) for one in found.settings] == [
        ("merge distance", "0.15", "0.5")
    ]
    old, new = usual.test_routes.selected[:, 0], merged.test_routes.selected[:, 0]
    assert found.flipped.tolist() == np.flatnonzero(old != new).tolist()
    now, then = (one.evaluation.top1_right[old != new] for one in (merged, usual))
    right, wrong = int((now > then).sum()), int((now < then).sum())
    assert right + wrong > 0
    assert f" newly right and {wrong} newly wrong." in found.moved
    assert f" elsewhere {right} " in found.moved
    assert compare_states(usual, usual).moved == ""
    sentence = found.sentence("A")
    assert re.match(r"[A-Z][a-z, ]+ than A: ", sentence)
    assert f": {points(found.gain)}" in sentence
    assert sentence.endswith(", because merge distance 0.15 → 0.5")
    gain = points(found.gain)
    assert found.sentence("A", "less") == sentence.replace(gain, f"{gain} (less)")
    cost = next(one.difference for one in found.measures if one.name == FIRST_COST)
    proven = not cost.low <= 0 <= cost.high
    less = "cheaper" if cost.value < 0 else "dearer"
    assert proven == (f", ${abs(cost.value):,.2f} {less} per 1,000, because" in sentence)
    assert sorted(place for place, _ in found.ranks.values()) == list(range(1, 9))


@pytest.mark.parametrize(
    ("gain", "dollars", "says"),
    [
        (
            (0.03, 0.01, 0.05),
            (-1.0, -2.0, -0.5),
            "Better than A: +3.0 points [+1.0, +5.0], $1",
        ),
        ((0.0, -0.01, 0.01), (-1.0, -2.0, -0.5), "Cheaper, and not proven worse, than A: 0.0 po"),
        ((0.0, -0.01, 0.01), (1.0, 0.5, 2.0), "Dearer, and not proven better, than A: 0.0 poin"),
        ((0.0, -0.01, 0.01), (1.0, -0.5, 2.0), "Not proven better or worse than A: 0.0 points ["),
    ],
)
def test_the_outcome_leads(usual, merged, gain, dollars, says):
    found = compare_states(usual, merged)
    measured = [
        MeasureChange(
            name=name, short=name, before=0.5, after=0.5, difference=Estimate(*values, 200)
        )
        for name, values in ((FIRST_RIGHT, gain), (FIRST_COST, dollars))
    ]
    found.__dict__["measures"] = tuple(measured)
    assert found.sentence("A").startswith(says)


def test_how_many_vote_is_no_cause_of_what_first_models_gain(small, fitted, usual):
    other = replace(usual.router.thresholds, top_k=1, cost_weight=0.01, merge_distance=0.5)
    found = compare_states(usual, take_snapshot(small, fitted, other))
    assert len(found.settings) == 3
    assert found.settings_sentence == "2 settings differ, and 1 that changes no first model"
    told = ", because merge distance 0.15 → 0.5; cost weight 0 → 0.01"
    assert found.sentence("A").endswith(told)


def test_every_difference_is_paired_and_is_the_difference_of_the_two_numbers(usual, merged):
    found = {one.name: one for one in compare_states(usual, merged).measures}
    assert set(found) == {FIRST_RIGHT, VOTE_RIGHT, FIRST_COST}
    right = merged.evaluation.top1_right - usual.evaluation.top1_right
    assert found[FIRST_RIGHT].difference == estimate(right)
    assert found[FIRST_RIGHT].before == pytest.approx(usual.evaluation.top1_accuracy)
    assert found[VOTE_RIGHT].after == pytest.approx(merged.evaluation.vote_accuracy)
    assert found[FIRST_COST].before == pytest.approx(usual.cost.routed)
    for one in found.values():
        assert one.difference.value == pytest.approx(one.after - one.before)
        assert one.difference.low <= one.difference.value <= one.difference.high


def test_a_vote_is_named_by_how_many_vote_where_that_differs(usual):
    router = usual.fit.router(replace(usual.router.thresholds, top_k=1))
    alone = replace(usual, router=router)
    back = {one.name: one.short for one in compare_states(alone, usual).measures}
    assert back["One model before, vote of 3 now"] == "One model, now 3"
    assert VOTE_RIGHT not in back
    there = compare_states(usual, alone)
    assert [one.name for one in there.measures] == [FIRST_RIGHT, FIRST_COST]
    assert there.settings_sentence == "1 setting differs, which changes no first model"
    both = [one.name for one in compare_states(alone, alone).measures]
    assert both == [FIRST_RIGHT, FIRST_COST], "one model's answer is that of the first model"


def test_clusters_that_hold_what_they_held_are_left_out_and_others_are_followed(usual, merged):
    found = compare_states(usual, merged)
    assert len(merged.router.clusters) < len(usual.router.clusters)
    assert 0 < len(found.clusters) <= len(usual.router.clusters)
    for one in found.clusters:
        assert one.became
        assert not one.followed.same or one.first_before != one.first_after
    same = sum(one.followed.same for one in found.clusters)
    assert found.clusters_sentence.startswith(f"Of {len(usual.router.clusters)} earlier clusters ")
    assert f" {len(found.clusters) - same} hold other queries" in found.clusters_sentence
    assert (" another model first" in found.clusters_sentence) == bool(same)
    assert compare_states(usual, usual).clusters_sentence.endswith(
        "clusters are all what they were"
    )


def test_without_gold_answers_only_what_needs_none_is_compared(small, fitted):
    blind = replace(small, test=None)
    one, other = (
        take_snapshot(blind, fitted, Thresholds(merge_distance=distance))
        for distance in (0.15, 0.5)
    )
    found = compare_states(one, other)
    assert found.gain is None
    assert found.moved == ""
    assert [measure.name for measure in found.measures] == [FIRST_COST]
    assert "points" not in found.sentence("A")


def test_another_preset_and_a_smaller_pool_are_named(small, usual):
    few = small.with_models([model.name for model in small.models[:5]])
    settings = FitSettings.preset("paper")
    fit = cascal.fit(few.train.votes, few.train.vectors, settings, costs=few.costs)
    found = compare_states(usual, take_snapshot(few, fit, Thresholds()))
    changed = {one.name: (one.before, one.after) for one in found.settings}
    assert changed["preset"] == ("recommended", "paper")
    assert set(changed) == {"preset", "models"}
    assert set(found.ranks) == set(few.train.votes.models)


def test_labels_are_no_setting_and_stand_apart_in_plain_words(usual, merged):
    """They are the cause of what changed only where they change what a router decides."""
    heeded = heeding(merged, label_record(n_labels=1))
    found = compare_states(usual, heeded)
    assert [one.name for one in found.settings] == ["merge distance"]
    assert found.sentence("A").endswith(", because merge distance 0.15 → 0.5")
    assert found.labels == "Labels before: none. Labels now: 1 label. The router stays."
    assert compare_states(heeded, heeding(usual, label_record(n_labels=1))).labels == ""
    same = compare_states(merged, heeded)
    assert same.nothing
    assert same.labels == found.labels
    best = usual.router.models[usual.router.best_overall]
    gated = heeding(usual, label_record(always=best))
    said = compare_states(usual, gated).sentence("A")
    assert said.endswith(f", because labels say: always {best}")
    back = compare_states(gated, usual)
    assert back.sentence("A").endswith(", because labels count no longer")
    assert back.labels == f"Labels before: 10 labels. Labels say: always {best}. Labels now: none."


def test_states_of_other_queries_are_refused(usual, small, fitted):
    blind = replace(small, test=None)
    with refuses("other-queries", "500", "200"):
        compare_states(usual, take_snapshot(blind, fitted, Thresholds()))
