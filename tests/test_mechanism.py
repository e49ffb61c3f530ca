"""Why a remedy helps follows from where the queries are before and after, else nothing is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_diagnose import case_of, world
from test_raising import agreed_world, noise

from cascal.dataset.snapshot import Snapshot, take_snapshot
from cascal.diagnose import Effect
from cascal.diagnose.coherence import (
    coherence,
    incoherence_told,
    incoherent,
    own_silhouettes,
    rivals,
    sizes_of,
)
from cascal.diagnose.cohering import what_makes_coherent
from cascal.diagnose.effect_words import effect_told, price_told, why_lower
from cascal.diagnose.mechanism import takes_apart, why_it_helps
from cascal.diagnose.remedies import Proposal
from cascal.intervals import Estimate
from cascal.number_format import counted, signed
from cascal.settings import FitSettings, Thresholds


@pytest.fixture(scope="module")
def now(demo, demo_fits) -> Snapshot:
    """The demo at the defaults: joining made one incoherent cluster."""
    return take_snapshot(demo, demo_fits["recommended"], Thresholds())


def with_joining(now: Snapshot, value: float | None) -> Snapshot:
    return take_snapshot(now.dataset, now.fit, replace(now.router.thresholds, prune_jaccard=value))


def nearest_by_hand(case: Snapshot, row: int) -> int:
    """The other cluster of its task with the smallest mean distance to a query."""
    clusters, vectors = case.router.clusters, case.dataset.train.vectors.vectors
    own = clusters.assignment[row]
    others = [
        one
        for one in np.flatnonzero(clusters.task == clusters.task[own])
        if one != own and clusters.sizes[one]
    ]
    distances = [(1 - vectors[clusters.assignment == one] @ vectors[row]).mean() for one in others]
    return int(others[int(np.argmin(distances))]) if others else -1


def test_the_rival_of_a_query_is_the_other_cluster_that_it_lies_nearest_to():
    case = case_of(world())
    rows = np.arange(0, len(case.dataset.train), 7)
    found = rivals(case, rows)
    assert found.tolist() == [nearest_by_hand(case, row) for row in rows]
    assert (found >= 0).any()
    alone = agreed_world(noise(30))
    # Three equal centroids: at a merge distance of 0 rounding would decide whose a query is.
    whole = take_snapshot(
        alone.dataset,
        alone.fit,
        replace(alone.router.thresholds, min_silhouette=1.0, merge_distance=0.01),
    )
    assert rivals(whole, np.arange(4)).tolist() == [-1] * 4


def members(case: Snapshot, cluster: int) -> np.ndarray:
    return np.flatnonzero(case.router.clusters.assignment == cluster)


def distance(case: Snapshot, rows, to) -> float:
    """Mean cosine distance between two sets of queries."""
    vectors = case.dataset.train.vectors.vectors
    return float((1 - vectors[rows] @ vectors[to].T).mean())


def test_joining_more_helps_as_what_the_queries_lay_nearer_to_is_then_farther_than_their_own(now):
    chosen, after = incoherent(now)[0], with_joining(now, 0.5)
    low = [row for row in members(now, chosen.cluster) if own_silhouettes(now)[row] < 0]
    assert not (own_silhouettes(after)[low] < 0).any()
    (rival,) = {nearest_by_hand(now, row) for row in low}
    then = after.router.clusters.assignment
    (own,), home = set(then[low]), np.bincount(then[members(now, rival)]).argmax()
    assert own != home
    first = [distance(now, low, members(now, one)) for one in (rival, chosen.cluster)]
    second = [distance(after, low, members(after, one)) for one in (home, own)]
    assert first[0] < first[1]
    assert second[0] > second[1] > first[1]
    assert why_it_helps(now, after, chosen.cluster) == (
        f"All {len(low)} queries below 0 lay nearer to “{now.labels[rival]}”, at a mean distance "
        f"of {first[0]:.2f}, than to their own cluster ({first[1]:.2f}). That one becomes part of "
        f"a larger cluster ({counted(len(members(after, home)), 'query')}), which is farther: "
        f"{second[0]:.2f}, their own {second[1]:.2f}. They are no nearer to their own: what was "
        "near has moved away."
    )
    assert not takes_apart(now, after, chosen.cluster)


def test_merging_helps_as_what_the_queries_lay_nearer_to_is_then_their_own(now):
    chosen = incoherent(now)[0]
    wider = replace(now.router.thresholds, merge_distance=0.24)
    after = take_snapshot(now.dataset, now.fit, wider)
    low = [row for row in members(now, chosen.cluster) if own_silhouettes(now)[row] < 0]
    (rival,) = {nearest_by_hand(now, row) for row in low}
    then = after.router.clusters.assignment
    both = np.bincount(then[members(now, rival)]).argmax()
    assert set(then[low]) == {both}
    size = counted(len(members(after, both)), "query")
    assert why_it_helps(now, after, chosen.cluster) == (
        f"All {len(low)} queries below 0 lay nearer to “{now.labels[rival]}”. Both become one "
        f"cluster ({size}): what they lay nearer to is then their own."
    )


def test_not_joining_helps_because_the_parts_are_apart_again(now):
    chosen = incoherent(now)[0]
    after = with_joining(now, None)
    assert takes_apart(now, after, chosen.cluster)
    said = why_it_helps(now, after, chosen.cluster)
    assert said.startswith("Its queries are 2 clusters again (")
    assert said.endswith("queries below 0 are then nearest to the one that they are in.")


def test_of_several_clusters_all_are_said_to_become_one(demo, demo_fits):
    broken = take_snapshot(demo, demo_fits["recommended"], Thresholds(0.05, 0.0, None))
    merged = take_snapshot(demo, demo_fits["recommended"], Thresholds(0.05, 0.1, None))
    said = why_it_helps(broken, merged, incoherent(broken)[0].cluster)
    assert "” or “" in said
    assert ". They all become one cluster (" in said


@pytest.mark.parametrize(
    ("parts", "words"),
    [([52], "52"), ([108, 96], "108 and 96"), ([1316, 80, 52], "1,316, 80 and 52")],
)
def test_the_sizes_of_parts_are_listed_in_words(parts, words):
    assert sizes_of(parts) == words


def test_where_no_reason_is_known_none_is_told(now):
    least = coherence(now)
    without = [one.cluster for one in least if one.below_zero == 0 and np.isfinite(one.mean)]
    assert without
    after = with_joining(now, 0.5)
    assert [why_it_helps(now, after, one) for one in without] == [""] * len(without)
    assert why_it_helps(now, now, least[0].cluster) == ""


def test_why_a_cluster_is_incoherent_is_told_with_the_rule_of_each_number(now):
    assert incoherence_told(now, incoherent(now)[0]).endswith(
        "Mean silhouette 0.043, rule 0.05 or more; 30 % of its queries below 0, rule below 25 %."
    )


def test_a_cluster_that_a_raised_line_alone_makes_incoherent_says_so(demo, demo_fits):
    raised = take_snapshot(demo, demo_fits["recommended"], Thresholds(0.35))
    said = {one: incoherence_told(raised, one) for one in incoherent(raised)}
    ends = " At the default line, 0.05, it would not be incoherent."
    assert any(not one.low(0.05) for one in said)
    assert all(told.endswith(ends) is not one.low(0.05) for one, told in said.items())


def test_a_remedy_that_helps_here_and_breaks_others_is_no_cure_and_counts_them(demo, demo_fits):
    now = take_snapshot(demo, demo_fits["recommended"], Thresholds(0.2))
    chosen, n_before = incoherent(now)[0], len(incoherent(now)) - 1
    found = what_makes_coherent(now, chosen.cluster)
    broken = [one for one in found if one.breaks]
    assert broken
    for one in broken:
        assert not one.effect.cured
        after = take_snapshot(now.dataset, now.fit, one.effect.proposal.thresholds)
        own = now.router.clusters.assignment == chosen.cluster
        others = [
            low
            for low in incoherent(after, 0.2)
            if own[after.router.clusters.assignment == low.cluster].mean() <= 0.5
        ]
        assert one.breaks == len(others) - n_before
        assert one.after >= now.router.thresholds.min_silhouette
    assert any(one.undoes for one in found)


def effect(gain: Estimate | None, flipped: float = 0.1, *, cured: bool = True) -> Effect:
    return Effect(
        proposal=Proposal("join", FitSettings(), Thresholds()),
        cured=cured,
        clusters=3,
        effective_models=2.0,
        flipped=flipped,
        gain=gain,
        stability=None,
    )


@pytest.mark.parametrize(
    ("lower", "best", "why"),
    [
        (
            effect(Estimate(-0.005, -0.011, 0.001, 500)),
            effect(Estimate(0.0, -0.004, 0.004, 500)),
            "a loss of up to 1.1 points of right answers is not ruled out, against 0.4",
        ),
        (
            effect(Estimate(-0.005, -0.009, 0.001, 500)),
            effect(Estimate(0.0, -0.004, 0.004, 500)),
            "−0.5 points of right answers against 0.0",
        ),
        (
            effect(Estimate(0.0001, -0.004, 0.001, 500)),
            effect(Estimate(0.0003, -0.004, 0.004, 500)),
            "+0.01 points of right answers against +0.03",
        ),
        (
            effect(None, 0.2),
            effect(None, 0.1),
            "20.0 % of the routes flip against 10.0 %",
        ),
        (
            effect(None, 0.1003),
            effect(None, 0.1001),
            "10.03 % of the routes flip against 10.01 %",
        ),
        (
            effect(None, 0.1),
            effect(None, 0.1),
            "no number that decides tells them apart, and the one tried first stands first",
        ),
        (
            effect(Estimate(-0.03, -0.04, -0.02, 500)),
            effect(Estimate(0.0, -0.004, 0.004, 500)),
            "it harms",
        ),
    ],
)
def test_what_ranks_below_the_best_says_by_what(lower, best, why):
    assert why_lower(lower, best) == why


def test_the_numbers_of_a_remedy_stand_before_and_after(now):
    gain = Estimate(-0.005, -0.011, 0.001, 500)
    told = effect_told(effect(gain), now)
    (right,) = price_told(effect(gain), now)
    own = now.evaluation.top1_accuracy
    assert float(right.now[:-2]) == pytest.approx(100 * own, abs=0.051)
    assert right.then.endswith(f"{signed(100 * gain.value)} pts [−1.1, +0.1]")
    assert right.what.endswith("(no proven change)")
    assert told[1].said == f"{len(now.router.clusters)} → 3 clusters"
    doubted = effect_told(replace(effect(gain), seconds=(1, 3)), now)
    assert doubted[-1].said == "a second model is probably better in 1 → 3 clusters"
    assert doubted[:-1] == told
    unknown, price = price_told(replace(effect(None), dollars=(1.906, 1.884)), now)
    assert unknown.said == "accuracy unknown: no gold answers"
    assert price.said == "$1.91 → $1.88 per 1,000 queries"
