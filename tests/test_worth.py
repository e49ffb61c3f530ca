"""Of remedies for an incoherent cluster what really helps is first; none is taken at any price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cascal.dataset.snapshot import take_snapshot
from cascal.diagnose import Effect
from cascal.diagnose.coherence import coherence, incoherent
from cascal.diagnose.cohering import Cohesion, Lapse, what_makes_coherent
from cascal.diagnose.remedies import Proposal
from cascal.diagnose.worth import (
    choose,
    cures,
    is_worth_it,
    nearer,
    ranks_lower,
    spares_others,
    what_coheres_first,
)
from cascal.intervals import Estimate
from cascal.settings import FitSettings, Thresholds

NEARER, AS_FAR, FARTHER = (0.32, 0.24), (0.32, 0.31), (0.32, 0.35)
"""Means of the distance to the own centre: 0.08 nearer, 0.01 nearer, 0.03 farther."""
SAFE, RISKY = Estimate(0.0, -0.004, 0.004, 2000), Estimate(-0.005, -0.011, 0.001, 2000)


def lapses(n: int) -> tuple[Lapse, ...]:
    return (Lapse(name="law · wills", before=0.65, after=0.29),) * n


def tried(
    label: str,
    distance: tuple[float, float] = NEARER,
    gain: Estimate | None = SAFE,
    *,
    cured: bool = True,
    flipped: float = 0.05,
    **told: object,
) -> Cohesion:
    """A remedy of a cluster beside 32 others."""
    effect = Effect(
        proposal=Proposal(label, FitSettings(), Thresholds()),
        cured=cured,
        clusters=30,
        effective_models=2.0,
        flipped=flipped,
        gain=gain,
        stability=None,
    )
    known = {"before": 0.04, "after": 0.2, "below_before": 0.3, "below_after": 0.0}
    measured = {"incoherent": (1, 0), "n_others": 32, "distance": distance}
    return Cohesion(effect=effect, **known | measured | told)


UNDO = tried("do not join clusters", gain=RISKY, worse=lapses(5))
AWAY = tried("join at 2", FARTHER, worse=lapses(14))


def test_what_brings_queries_nearer_goes_before_what_only_moves_neighbours_away():
    """The case of the demo: 0.043 → 0.150 as a neighbour moved away, at 14 others' expense."""
    away = replace(AWAY, after=0.9)
    assert sorted([away, UNDO], key=what_coheres_first) == [UNDO, away]
    assert ranks_lower(away, UNDO) == (
        "its queries come no nearer to their own centre (0.32 → 0.35), and it makes 14 others less "
        "coherent"
    )


def test_all_remedies_stand_in_one_order():
    first = tried("gains", gain=Estimate(0.002, -0.004, 0.006, 2000))
    fewer = tried("flips fewer", flipped=0.01)
    more = tried("flips more", flipped=0.02)
    risky = tried("may lose", gain=RISKY)
    greedy = tried("others worse", worse=lapses(8))
    as_far = tried("as far", AS_FAR)
    no_cure = tried("no cure", cured=False)
    harms = tried("harms", gain=Estimate(-0.02, -0.03, -0.01, 2000))
    ordered = [first, fewer, more, risky, greedy, as_far, AWAY, no_cure, harms]
    worst_first = ordered[::-1]
    assert sorted(worst_first, key=what_coheres_first) == ordered
    assert [cures(one) for one in ordered] == [True] * 7 + [False] * 2
    assert [nearer(one) for one in ordered[:7]] == [True] * 5 + [False] * 2


@pytest.mark.parametrize(
    ("told", "spared"),
    [
        ({}, True),
        ({"worse": lapses(7)}, True),  # of 32: less than a quarter
        ({"worse": lapses(8)}, False),
        ({"breaks": 1}, False),
        ({"n_others": 0}, True),
        ({"n_others": 2, "worse": lapses(1)}, False),
    ],
)
def test_others_are_spared_where_none_is_incoherent_and_few_are_less_coherent(told, spared):
    assert spares_others(tried("x", **told)) is spared


@pytest.mark.parametrize(
    ("one", "worth"),
    [
        (tried("nearer, shown to lose little"), True),
        (tried("nothing known of the answers", gain=None), True),
        (tried("proven gain", FARTHER, Estimate(0.01, 0.002, 0.02, 2000)), True),
        (UNDO, False),
        (AWAY, False),
        (tried("others worse", worse=lapses(8)), False),
        (tried("no cure", cured=False), False),
        (tried("harms", gain=Estimate(-0.003, -0.005, -0.001, 2000)), False),
    ],
)
def test_a_remedy_is_worth_its_price_where_it_really_helps_and_loses_little(one, worth):
    assert is_worth_it(one) is worth


def test_the_first_that_is_worth_it_is_taken_though_another_helps_more():
    good = tried("shown to lose little", AS_FAR, Estimate(0.01, 0.002, 0.02, 2000))
    choice = choose([AWAY, UNDO, good])
    assert (choice.best, choice.take, choice.verdict, choice.reason) == (good, True, "", "")


def test_left_is_a_cluster_where_no_remedy_is_worth_it_and_it_is_said_why():
    own = 0.765, Estimate(0.012, -0.025, 0.05, 81)
    choice = choose(
        [replace(AWAY, effect=replace(AWAY.effect, gain=RISKY)), replace(UNDO, right=own)]
    )
    assert choice.best is not None
    assert choice.best.effect is UNDO.effect
    assert not choice.take
    assert choice.reason.replace("\N{NO-BREAK SPACE}", " ") == (
        "“Do not join clusters” may lose up to 1.1 points of right answers over all test queries; "
        "up to 1 is tolerated. The cluster's own 81 test queries are not shown to gain by it: +1.2 "
        "points [−2.5, +5.0]."
    )
    cheap = tried("join at 3", FARTHER, Estimate(0.001, -0.003, 0.005, 2000), worse=lapses(14))
    assert not choice.besides  # nothing cheaper cures it
    assert choose([AWAY, UNDO, cheap]).besides.replace("\N{NO-BREAK SPACE}", " ") == (
        "“Join at 3” is shown to lose little, +0.1 points [−0.3, +0.5], but its queries come no "
        "nearer to their own centre (0.32 → 0.35), and it makes 14 others less coherent."
    )
    costly = replace(UNDO, right=(0.7, Estimate(0.05, 0.01, 0.09, 81)))
    assert "own 81 test queries gain by it: +5.0" in choose([costly]).reason
    assert choose([AWAY]).reason == "No remedy brings its queries nearer to their own centre."
    greedy = tried("merge", worse=lapses(9))
    assert choose([greedy]).reason == "“Merge” makes 9 others less coherent."
    breaks = tried("merge", worse=lapses(9), breaks=2)
    told = "it makes 9 others less coherent and 2 more clusters incoherent"
    assert ranks_lower(breaks, UNDO) == told
    assert ranks_lower(tried("merge", breaks=1), UNDO) == "it makes 1 more cluster incoherent"


def test_without_any_cure_nothing_is_proposed():
    low = tried("low", cured=False, after=0.1)
    choice = choose([low, tried("merge less", cured=False, after=0.2, below_after=0.26)])
    assert (choice.best, choice.take) == (None, False)
    assert choice.verdict == "nothing tried makes it coherent"
    assert choice.reason == (
        "Its mean silhouette is highest by “Merge less”: 0.040 → 0.200, 26 % of its queries below "
        "0."
    )
    alone = tried("alone", cured=False, after=np.nan)
    assert choose([alone]).reason == choose([]).reason == ""


def test_where_every_cure_harms_the_price_is_too_high_and_the_least_harm_is_told():
    much = tried("merge more", gain=Estimate(-0.03, -0.05, -0.01, 2000))
    little = tried("merge", gain=Estimate(-0.005, -0.01, -0.001, 2000))
    choice = choose([much, little, tried("no cure", cured=False)])
    assert (choice.best, choice.take) == (None, False)
    assert choice.verdict == choose([UNDO]).verdict == "no remedy is worth its price"
    assert choice.reason.replace("\N{NO-BREAK SPACE}", " ") == (
        "“Merge” makes it coherent, but loses right answers: −0.5 points [−1.0, −0.1]."
    )


def test_distance_and_right_answers_are_those_of_the_clusters_own_queries(demo, demo_fits):
    now = take_snapshot(demo, demo_fits["recommended"], Thresholds())
    cluster = incoherent(now)[0].cluster
    found = what_makes_coherent(now, cluster)
    one = next(one for one in found if one.undoes)
    after = take_snapshot(now.dataset, now.fit, one.effect.proposal.thresholds)
    rows = np.flatnonzero(now.router.clusters.assignment == cluster)
    vectors = now.dataset.train.vectors.vectors
    for case, distance in zip((now, after), one.distance, strict=True):
        clusters = case.router.clusters
        by_hand = [1 - vectors[row] @ clusters.centroids[clusters.assignment[row]] for row in rows]
        assert distance == pytest.approx(np.mean(by_hand))
    inside = now.routes("test").cluster == cluster
    share, gain = one.right
    assert gain.n == inside.sum()
    assert share == now.evaluation.top1_right[inside].mean()
    assert share + gain.value == pytest.approx(after.evaluation.top1_right[inside].mean())
    assert one.effect.dollars == (now.cost.routed, after.cost.routed)
    assert one.n_others == sum(np.isfinite(each.mean) for each in coherence(now)) - 1
    assert choose(found).best is one


def test_nothing_is_said_of_right_answers_without_gold(demo, demo_fits):
    case = take_snapshot(replace(demo, test=None), demo_fits["recommended"], Thresholds())
    found = what_makes_coherent(case, coherence(case)[0].cluster)
    assert found
    assert all(one.right is None and one.effect.gain is None for one in found)
