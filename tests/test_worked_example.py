"""Three models, four queries, and every number worked out on paper.

The votes, A = 0 … D = 3, four options, and the mean log-probabilities:

          task   angle   a         b         c
    q1    law      0°    A −1      A −0.5    B −1
    q2    law     10°    A  ?      B −0.5    C −2
    q3    math    90°    D −3      D −0.5    D −3
    q4    math    60°    A −5      A −0.9    –  −9 (no answer: does not enter the statistics)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_part

import cascal
from cascal.clustering.merge import merge_closest_pairs, merge_greedily
from cascal.compare.contenders import contenders
from cascal.computing_order import best_first
from cascal.datatypes import NO_ANSWER
from cascal.rank import deviations, mean_errors, prune_sweep, rank_selection, shrunken_scores
from cascal.results import ConsensusScores, Routes
from cascal.score import agreement, consensus_scores, posterior, standardise, strong_sets
from cascal.verdicts.verdict import verdict
from cascal.vote import final_answers

A, B, C, D = range(4)
NAN = np.nan
U = 0.674491  # 1 / 1.4826
MODELS = ("a", "b", "c")
IDS = ("q1", "q2", "q3", "q4")


def at(*degrees):
    """Unit vectors in the plane at these angles."""
    angle = np.radians(np.array(degrees, dtype=float))
    return np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.fixture(scope="module")
def votes():
    return cascal.Votes(
        IDS,
        ("law", "law", "math", "math"),
        MODELS,
        np.array([[A, A, B], [A, B, C], [D, D, D], [A, A, NO_ANSWER]]),
        np.array([[-1, -0.5, -1], [NAN, -0.5, -2], [-3, -0.5, -3], [-5, -0.9, -9]]),
        np.full(4, 4),
    )


@pytest.fixture(scope="module")
def fit(votes):
    """Plain parts, so that everything after the votes can be followed by hand."""
    settings = cascal.FitSettings(
        consensus="agreement", strong="unique", merge="closest_pair", ranking="mean"
    )
    vectors = cascal.Embeddings.from_array(IDS, at(0, 10, 90, 60), "paper")
    return cascal.fit(votes, vectors, settings)


@pytest.fixture(scope="module")
def router(fit):
    return fit.router(cascal.Thresholds(merge_distance=0.01))


def test_confidence_is_counted_in_the_models_own_deviations(votes):
    """a: median of −1 −3 −5 is −3, MAD 2, scale 2·1.4826, z = u, ?, 0, −u.

    b: median −0.5, MAD 0, so the standard deviation: mean −0.6, √((3·0.01 + 0.09)/4) = 0.173205;
    z = 0, 0, 0, −0.4/0.173205 = −2.309401. c: median −2, MAD 1, z = u, 0, −u.
    An unknown log-probability gives z = 0.
    """
    scores = consensus_scores(votes, "agreement")
    assert scores.center == pytest.approx([-3.0, -0.5, -2.0])
    assert scores.spread == pytest.approx([2.9652, 0.173205, 1.4826], abs=1e-6)
    z = standardise(votes.logprobs, scores.center, scores.spread)
    expected = np.array([[U, 0, U], [0, 0, 0], [0, 0, -U], [-U, -2.309401, NAN]])
    assert z[votes.answered] == pytest.approx(expected[votes.answered], abs=1e-6)


def test_z_sum(votes):
    """q1: A has u + 0, B has u. q2: everyone alone with 0. q3: 0 + 0 − u. q4: −u − 2.309401."""
    expected = [[U, U, U], [0, 0, 0], [-U, -U, -U], [-2.983892, -2.983892, NAN]]
    scores = consensus_scores(votes, "z_sum")
    assert scores.values == pytest.approx(np.array(expected), abs=1e-6, nan_ok=True)
    assert scores.filled[3, 2] == 0.0


def test_posterior(votes):
    """Weights sigmoid(z): u → 0.662508, 0 → 0.5, −u → 0.337492, −2.309401 → 0.090347.

    q1: e^(0.662508 + 0.5) = 3.197944, e^0.662508 = 1.939651, 18 classes of e^0:
        3.197944 / 23.137595 = 0.138214, 1.939651 / 23.137595 = 0.083831
    q2: e^0.5 / (3 e^0.5 + 17) = 1.648721 / 21.946164 = 0.075126
    q3: e^1.337492 / (e^1.337492 + 19) = 3.809479 / 22.809479 = 0.167013
    q4: e^0.427839 / (e^0.427839 + 19) = 1.533939 / 20.533939 = 0.074703
    """
    expected = [
        [0.138214, 0.138214, 0.083831],
        [0.075126] * 3,
        [0.167013] * 3,
        [0.074703, 0.074703, NAN],
    ]
    scores = consensus_scores(votes, "posterior")
    assert scores.values == pytest.approx(np.array(expected), abs=2e-6, nan_ok=True)


def test_posterior_weights_stay_between_1_and_99_percent(votes):
    """q2, everyone alone with z = 10, −10, 0: weights 0.99, 0.01, 0.5.

    e^0.99 = 2.691234, e^0.01 = 1.010050, e^0.5 = 1.648721, and 17 more classes: 22.350006.
    """
    z = np.tile([10.0, -10, 0], (4, 1))
    expected = np.array([2.691234, 1.010050, 1.648721]) / 22.350006
    assert posterior(votes, z)[1] == pytest.approx(expected, abs=1e-6)


def test_agreement(votes):
    """Of the other answering models: q1 1/2, 1/2, 0; q2 none; q3 all; q4 the one other."""
    expected = [[0.5, 0.5, 0], [0, 0, 0], [1, 1, 1], [1, 1, NAN]]
    assert consensus_scores(votes, "agreement").values == pytest.approx(
        np.array(expected), nan_ok=True
    )
    assert agreement(votes) == pytest.approx([2 / 3, 1 / 3, 1, 2 / 3])


def pool_of_six(*rows):
    """Votes of six models without log-probabilities; '-' is no answer."""
    answers = np.array(
        [[NO_ANSWER if c == "-" else ord(c) - ord("A") for c in row] for row in rows]
    )
    ids = [f"q{row}" for row in range(len(rows))]
    return cascal.Votes(ids, ["t"] * len(ids), list("uvwxyz"), answers, np.full(answers.shape, NAN))


SIX = ("AAABBB", "ABCDEF", "AAABCD", "AABBCD", "AAAA--", "------", "AABC--")


def test_released_strong_sets_count_every_tied_answer():
    """Share of the six on any answer tied for the top; 0.5 is enough.

    AAABBB 6/6, ABCDEF 6/6, AAABCD 3/6, AABBCD 4/6 (only A and B), AAAA-- 4/6, nobody 0,
    AABC-- 2/6 is too little.
    """
    votes = pool_of_six(*SIX)
    strong, weights = strong_sets(votes, consensus_scores(votes, "posterior"), "released", 0.5)
    expected = np.zeros((7, 6))
    expected[0], expected[1] = 1.0, 1.0
    expected[2, :3], expected[3, :4], expected[4, :4] = 0.5, 4 / 6, 4 / 6
    assert weights == pytest.approx(expected)
    assert (strong == (expected > 0)).all()


def test_unique_strong_sets_need_one_most_frequent_answer():
    """The three ties give nothing; AAABCD 3/6, AAAA-- 4/6, AABC-- 2/6 is too little."""
    votes = pool_of_six(*SIX)
    strong, weights = strong_sets(votes, consensus_scores(votes, "posterior"), "unique", 0.5)
    expected = np.zeros((7, 6))
    expected[2, :3], expected[4, :4] = 0.5, 4 / 6
    assert weights == pytest.approx(expected)
    assert (strong == (expected > 0)).all()
    _, higher = strong_sets(votes, consensus_scores(votes, "posterior"), "unique", 0.6)
    assert (higher[2] == 0).all()
    assert higher[4].sum() == pytest.approx(16 / 6)


def test_probable_strong_sets_are_the_votes_more_likely_right_than_wrong(votes):
    values = np.array([[0.9, 0.5, 0.49], [0.2, 0.3, 0.1], [0.99, 0.99, 0.99], [0.6, 0.6, 0.0]])
    scores = ConsensusScores(values, np.zeros(3), np.ones(3), "pds")
    strong, weights = strong_sets(votes, scores, "probable", 0.99)
    expected = [[0.9, 0.5, 0], [0, 0, 0], [0.99] * 3, [0.6, 0.6, 0]]
    assert weights.tolist() == expected
    assert strong.tolist() == [[bool(w) for w in row] for row in expected]


def test_a_merge():
    """0° (support 3) and 20° (support 1) are 1 − cos 20° = 0.0603 apart; 60° is far from both.

    3·(1, 0) + 1·(0.939693, 0.342020) = (3.939693, 0.342020), which points to 4.9617°; from there
    60° is 1 − cos 55.04° = 0.427 away. Supports 4 and 2; the first one's owner stays.
    """
    support, owner = np.array([3, 1, 2]), np.array([0, 1, 2])
    for merge in (merge_closest_pairs, merge_greedily):
        merged = merge(at(0, 20, 60), support, owner, 0.15)
        assert merged.centroids == pytest.approx(at(4.9617, 60), abs=1e-5)
        assert merged.support.tolist() == [4, 2]
        assert merged.owner.tolist() == [0, 2]
        assert len(merge(at(0, 20, 60), support, owner, 0.06).centroids) == 3


def test_where_the_two_merges_differ():
    """0° (support 1), 20° (3), −19° (1); merge distance 0.15.

    Greedy: 0° goes into the heavier 20° and its scan ends; −19° is 1 − cos 39° = 0.223 from 20°
    and stays. The centroid: 1·(1, 0) + 3·(0.939693, 0.342020) = (3.819078, 1.026060), 15.0383°.
    Closest pair: 0° and −19° (0.0545 < 0.0603) make −9.5° with support 2, which is
    1 − cos 29.5° = 0.1296 from 20°: they merge too. 2·(0.986286, −0.165048) + 3·(0.939693,
    0.342020) = (4.791650, 0.695965), 8.2641°, support 5.
    """
    arguments = at(0, 20, -19), np.array([1, 3, 1]), np.array([0, 1, 2]), 0.15
    greedy = merge_greedily(*arguments)
    assert greedy.centroids == pytest.approx(at(15.0383, -19), abs=1e-5)
    assert greedy.support.tolist() == [4, 1]
    assert greedy.owner.tolist() == [1, 2]
    closest = merge_closest_pairs(*arguments)
    assert closest.centroids == pytest.approx(at(8.2641), abs=1e-5)
    assert closest.support.tolist() == [5]


def test_clusters_and_assignment(fit, router):
    """Strong: q1 a b, q3 a b c, q4 a b (q2 has no plurality). No model has three in a task: k = 1.

    law: a and b at 0°, merged, support 2; q2 at 10° is assigned too.
    math: a and b: weights 1 (q3) and 2/3 (q4): 3·(0, 1) + 2·(0.5, 0.866025) = (1, 4.732051), which
    is (0.206758, 0.978392), 78.07°, merged support 4. c: q3 alone, 90°, support 1. The two are
    0.0216 apart: at merge distance 0.01 they stay, q3 goes to 90° and q4 to 78.07°.
    """
    assert [len(one.rows) for one in fit.candidates()] == [1, 1, 2, 2, 1]
    clusters = router.clusters
    assert [router.tasks[task] for task in clusters.task] == ["law", "math", "math"]
    expected = [[1, 0], [0.206758, 0.978392], [0, 1]]
    assert clusters.centroids == pytest.approx(np.array(expected), abs=1e-6)
    assert clusters.support.tolist() == [2, 4, 1]
    assert clusters.assignment.tolist() == [0, 0, 2, 1]
    assert clusters.sizes.tolist() == [2, 1, 1]


def test_a_larger_merge_distance_joins_the_two_math_clusters(fit):
    """4·(0.206758, 0.978392) + (0, 1) = (0.827033, 4.913569), length 4.982685."""
    clusters = fit.router(cascal.Thresholds(merge_distance=0.15)).clusters
    assert clusters.centroids[1] == pytest.approx([0.165981, 0.986129], abs=1e-6)
    assert clusters.support.tolist() == [2, 5]
    assert clusters.assignment.tolist() == [0, 0, 1, 1]


def test_rankings_are_mean_scores_with_a_missing_answer_as_zero(router):
    """law: (0.5 + 0)/2 for a and b, 0 for c. q4: 1, 1, 0. q3: 1, 1, 1. All: 2.5/4, 2.5/4, 1/4."""
    rankings = router.rankings
    expected = [[0.25, 0.25, 0], [1, 1, 0], [1, 1, 1]]
    assert rankings.mean_scores.tolist() == expected
    assert rankings.scores.tolist() == expected
    assert rankings.overall.tolist() == [0.625, 0.625, 0.25]
    assert rankings.order.tolist() == [[0, 1, 2]] * 3
    # law: 0.5 and 0 differ from their mean by 0.25: √(2·0.0625/1)/√2 = 0.25; one query: unknown
    assert rankings.standard_error == pytest.approx(
        np.array([[0.25, 0.25, 0], [NAN] * 3, [NAN] * 3]), nan_ok=True
    )


def test_three_models_are_not_pruned_and_the_router_says_so(router):
    assert len(router.clusters) == 3
    assert any("Joining is off" in note and "3 models" in note for note in router.notes)


def test_released_settings_prune_three_models_to_one_cluster_a_task(votes, fit):
    """With three models all sets of three are equal, and the released code joins them.

    The centroid of math becomes the mean of its members, (0, 1) + (0.5, 0.866025), 75°.
    """
    vectors = cascal.Embeddings.from_array(IDS, at(0, 10, 90, 60), "paper")
    released = cascal.fit(votes, vectors, cascal.FitSettings.preset("released"))
    clusters = released.router(cascal.Thresholds(merge_distance=0.0)).clusters
    assert clusters.assignment.tolist() == [0, 0, 1, 1]
    assert clusters.centroids == pytest.approx(at(5, 75))


def test_a_prune():
    """Four models, sets of three. Clusters 0–3 are of task 0, cluster 4 of task 1.

    0 {w x y}, 1 {x y z}, 2 {w x y}, 3 {w x z}, 4 {w x y}. Jaccard 1 for 0–2, else 2/4 = 0.5.
    At 0.95: 0 (2 queries) and 2 (5): the later survives. At 0.5: 0 with 1 (size 2): 0 survives and
    has 4; with 2 (5): 2 survives and has 9, the scan of 0 ends. 2 takes 3. Task 1 is left alone.
    """
    means = np.array(
        [
            [0.9, 0.8, 0.7, 0.1],
            [0.1, 0.9, 0.8, 0.7],
            [0.7, 0.9, 0.8, 0.1],
            [0.9, 0.8, 0.1, 0.7],
            [0.9, 0.8, 0.7, 0.1],
        ]
    )
    sizes, task = np.array([2, 2, 5, 1, 9]), np.array([0, 0, 0, 0, 1])
    strict = prune_sweep(means, sizes, task, tuple("wxyz"), 0.95)
    assert strict.into.tolist() == [2, 1, 2, 3, 4]
    assert strict.opposed == ((0, 2),)  # w is first in 0, x in 2
    loose = prune_sweep(means, sizes, task, tuple("wxyz"), 0.5)
    assert loose.into.tolist() == [2, 2, 2, 2, 4]
    assert loose.opposed == ((0, 1), (0, 2), (2, 3))
    same = prune_sweep(means, sizes, task, tuple("wxyz"), 0.5, same_first=True)
    assert same.into.tolist() == [0, 2, 2, 0, 4]  # w leads 0 and 3, x leads 1 and 2
    assert same.opposed == ()
    assert sizes.tolist() == [2, 2, 5, 1, 9]


RELATIVE = np.array([[3.0, 0, -3], [1, 0, -1], [-1, 0, 1], [-3, 2, 1]])
"""Means over q1 q2: 2, 0, −2, variances 1, 0, 1; over q3 q4: −2, 1, 1 and 1, 1, 0;
over all: 0, ½, −½.
"""


def test_shrinkage_of_tasks():
    """Two tasks of two queries: D = ±(2, −½, −1½), V = (½, 0, ½) and (½, ½, 0).

    D² − V: 3.5, 0.25, 1.75, 3.5, −0.25, 2.25, mean 11/6 = t². Trust (11/6)/(11/6 + ½) = 11/14 where
    V = ½, 1 where V = 0. Each task is one cluster, so there is no deviation of the cluster.
    """
    overall, halves = np.array([10.0, 20, 30]), np.array([0, 0, 1, 1])
    scores, trust = shrunken_scores(overall, RELATIVE, halves, halves, np.array([0, 1]))
    t = 11 / 14
    assert trust == pytest.approx(np.array([[t, 1, t], [t, t, 1]]))
    expected = [[10 + 2 * t, 19.5, 30 - 1.5 * t], [10 - 2 * t, 20 + 0.5 * t, 31.5]]
    assert scores == pytest.approx(np.array(expected))


def test_shrinkage_of_clusters():
    """One task of four queries in two clusters: the task deviates by 0 from the whole.

    V of a cluster is var/2·(1 − 2/4): (¼, 0, ¼) and (¼, ¼, 0). D² − V: 3.75, 0.25, 2, 3.75, 0,
    2.25, mean 2 = t². Trust 2/2.25 = 8/9 where V = ¼, 1 where V = 0.
    """
    overall, halves = np.array([10.0, 20, 30]), np.array([0, 0, 1, 1])
    scores, trust = shrunken_scores(overall, RELATIVE, np.zeros(4, int), halves, np.zeros(2, int))
    t = 8 / 9
    assert trust == pytest.approx(np.array([[t, 1, t], [t, t, 1]]))
    expected = [[10 + 2 * t, 19.5, 30 - 1.5 * t], [10 - 2 * t, 20 + 0.5 * t, 31.5]]
    assert scores == pytest.approx(np.array(expected))


def test_shrinkage_believes_nothing_where_nothing_differs():
    """D² − V is below 0 on average: t² = 0, and 0/0 counts as 0."""
    same = np.tile([0.3, 0.0, -0.3], (4, 1))
    halves = np.array([0, 0, 1, 1])
    scores, trust = shrunken_scores(np.arange(3.0), same, halves, halves, np.array([0, 1]))
    assert scores.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert trust.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_nearest_route(fit):
    """50°: law (1, 0) has cosine 0.642788. math is represented by (0.206758, 0.978392) + (0, 1),
    normalised (0.103942, 0.994583): 0.828707, nearer. In it 78.07° has cosine 0.882394, 90° only
    0.766044. Equal scores of a and b: by name.
    """
    routing = cascal.Routing("nearest", two_stage=True, k_nearest=1)
    router = fit.router(cascal.Thresholds(merge_distance=0.01, routing=routing))
    assert router.representatives == pytest.approx(
        np.array([[1, 0], [0.103942, 0.994583]]), abs=1e-6
    )
    routes = router.route(at(50, 4))
    assert [routes.tasks[task] for task in routes.task] == ["math", "law"]
    assert routes.cluster.tolist() == [1, 0]
    assert routes.distance == pytest.approx([1 - 0.882394, 1 - 0.997564], abs=1e-6)
    assert routes.scores.tolist() == [[1, 1, 0], [0.25, 0.25, 0]]
    assert routes.selected.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_a_blend_route(fit):
    """50° in math: distances 0.117606 and 0.233956, weights ∝ 1 and e^−1.1635 = 0.312391:
    0.761968 and 0.238032. a and b have 1 in both clusters, c 0 and 1: 0.238032.
    """
    routing = cascal.Routing("blend", two_stage=True)
    router = fit.router(cascal.Thresholds(merge_distance=0.01, routing=routing))
    routes = router.route(at(50))
    assert routes.scores == pytest.approx(np.array([[1, 1, 0.238032]]), abs=1e-5)
    assert routes.fallback.tolist() == [0.0]


def test_a_blend_route_with_fallback_and_margin(fit):
    """The same query, fallback beyond 0.05: α = (0.117606 − 0.05)/0.2 = 0.338030.

    P/ΣP = (0.446821, 0.446821, 0.106358), g/Σg = (0.625, 0.625, 0.25)/1.5;
    0.661970·0.446821 + 0.338030·0.416667 = 0.436628; for c 0.070406 + 0.056338 = 0.126744.
    a is the best overall (tie with b, by name) and gets the margin of 0.02.
    """
    routing = cascal.Routing("blend", two_stage=True, fallback_distance=0.05, margin=0.02)
    router = fit.router(cascal.Thresholds(merge_distance=0.01, routing=routing))
    routes = router.route(at(50))
    assert routes.fallback == pytest.approx([0.338030], abs=1e-5)
    assert routes.scores == pytest.approx(np.array([[0.456628, 0.436628, 0.126744]]), abs=1e-5)


def test_a_blend_over_all_tasks(fit):
    """45° is 0.292893 from law, and in math 0.162 from 78.07° and 0.292893 from 90°.

    78.07°: 0.707107·(0.206758 + 0.978392) = 0.838027, distance 0.161973. Weights ∝ 1 and twice
    e^−1.30920 = 0.270037: 0.649310, 0.175345, 0.175345.
    a, b: 0.175345·0.25 + 0.824655 = 0.868491; c: 0.175345.
    """
    routing = cascal.Routing("blend", across_tasks=True)
    router = fit.router(cascal.Thresholds(merge_distance=0.01, routing=routing))
    routes = router.route(at(45))
    assert routes.cluster.tolist() == [1]
    assert routes.scores == pytest.approx(np.array([[0.868491, 0.868491, 0.175345]]), abs=1e-5)


def test_a_sharpened_blend(fit):
    """4° lies in law only, ranking (0.25, 0.25, 0): e^2.5 = 12.182494, e^0 = 1,
    12.182494/25.364988 = 0.480288 and 1/25.364988 = 0.039424.
    """
    routing = cascal.Routing("blend", two_stage=True, sharp=True)
    router = fit.router(cascal.Thresholds(merge_distance=0.01, routing=routing))
    scores = router.route(at(4)).scores
    assert scores == pytest.approx(np.array([[0.480288, 0.480288, 0.039424]]), abs=1e-6)


def routes_of(scores, selected, center=(0, 0, 0), spread=(1, 1, 1), ids=IDS):
    n = len(scores)
    zero = np.zeros(n)
    return Routes(
        query_ids=ids,
        models=MODELS,
        tasks=("t",),
        task=zero.astype(int),
        cluster=zero.astype(int),
        distance=zero,
        scores=np.array(scores, float),
        selected=np.array(selected),
        fallback=zero,
        center=np.array(center, float),
        spread=np.array(spread, float),
    )


TEST_ANSWERS = np.array([[A, B, B], [A, B, C], [A, B, NO_ANSWER], [NO_ANSWER] * 3])
SCORES = [[0.9, 0.5, 0.1], [0.1, 0.5, 0.9], [0.5, 0.9, 0.1], [0.9, 0.5, 0.1]]
SELECTED = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 1, 2]]


def votes_on_test_queries(logprobs=None):
    logprobs = np.full((4, 3), NAN) if logprobs is None else np.array(logprobs, float)
    return cascal.Votes(IDS, ["t"] * 4, MODELS, TEST_ANSWERS, logprobs, np.full(4, 4))


def test_final_answers_without_log_probabilities():
    """q1: B has two of three. q2: A, B, C tie, the first model is c: C. q3: A and B tie, b is
    first: B. q4: nobody answered.
    """
    answers = final_answers(routes_of(SCORES, SELECTED), votes_on_test_queries())
    assert answers.tolist() == [B, C, B, NO_ANSWER]


def test_final_answers_break_ties_by_z_on_the_training_scale():
    """Medians −1, −2, −3, scales 1, 1, 0.5.

    q1: the plurality B stands, however sure a is. q2: z = 0.5, 0.8, −2: B. q3: a's z = −3, b's is
    unknown and counts 0: B. q4: log-probabilities of votes that do not exist decide nothing.
    """
    logprobs = [[-0.1, -9, -9], [-0.5, -1.2, -4], [-4, NAN, -0.1], [-1, -1, -1]]
    routes = routes_of(SCORES, SELECTED, (-1, -2, -3), (1, 1, 0.5))
    assert final_answers(routes, votes_on_test_queries(logprobs)).tolist() == [B, B, B, NO_ANSWER]


def test_final_answers_of_two_models_leave_the_third_out():
    """q1: a says A, b says B, tie, a is first: A. q2: c says C, b says B: C. q3: b: B."""
    routes = routes_of(SCORES, [row[:2] for row in SELECTED])
    assert final_answers(routes, votes_on_test_queries()).tolist() == [A, C, B, NO_ANSWER]


def test_evaluation():
    """Gold A, C, A, D.

    First model: q1 a A right; q2 c C right; q3 b B wrong; q4 a no answer, wrong: 2/4.
    Vote of three: B wrong, C right, B wrong, none wrong: 1/4. Any right: q1 yes, q2 yes, q3 a
    yes, q4 no: 3/4. Models: a right on q1 q3, b on none, c on q2. Shares a 2/4, b 1/4, c 1/4.
    """
    votes, gold = votes_on_test_queries(), np.array([A, C, A, D])
    result = cascal.evaluate(routes_of(SCORES, SELECTED), votes, gold)
    assert result.top1_right.tolist() == [1, 1, 0, 0]
    assert result.top3_vote_right.tolist() == [0, 1, 0, 0]
    assert result.hit.tolist() == [1, 1, 1, 0]
    assert result.top1_accuracy == 0.5
    assert result.top3_vote_accuracy == result.vote_accuracy == 0.25
    assert result.hit_rate == 0.75
    assert result.model_accuracies.tolist() == [0.5, 0.0, 0.25]
    assert result.best_single == 0
    assert result.n_gold == 4
    assert result.share.tolist() == [0.5, 0.25, 0.25]
    # entropy ½ ln 2 + 2·¼ ln 4 = 1.5 ln 2; e^(1.5 ln 2) = 2.828427
    assert result.effective_models == pytest.approx(2.828427, abs=1e-6)
    # router − a: 0, 1, −1, 0
    assert result.gain_over(0).value == 0.0
    assert verdict(result).light == "undecided"


def test_contenders(fit):
    """Global ranking c, a, b. Always c: 1/4. Always a, best by gold: 2/4. Oracle: q1 q2 q3.

    Plurality of all: q1 B wrong; q2 three-way tie, c is first: C right; q3 A and B tie, a comes
    before b: A right; q4 nobody: 2/4.
    """
    router = fit.router()
    router = replace(router, rankings=replace(router.rankings, overall=np.array([0.5, 0.4, 0.6])))
    votes, gold = votes_on_test_queries(), np.array([A, C, A, D])
    test = make_part(votes, cascal.Embeddings.from_array(IDS, np.eye(4), "t"), gold)
    result = cascal.evaluate(routes_of(SCORES, SELECTED), votes, gold)
    found = contenders(result, router, test)
    assert [one.accuracy.value for one in found] == [0.5, 0.25, 0.25, 0.5, 0.5, 0.75]
    assert [one.calls for one in found] == [1, 3, 1, 1, 3, 3]
    assert [one.needs_gold for one in found] == [False, False, False, True, False, True]


def test_the_ranking_of_a_selection():
    """Rows (1, 0) and (0, nan): means ½ and 0; deviation of 1 and 0 with n − 1: 0.707107, error
    0.707107/√2 = ½, t(0.975, 1) = 12.7062: ½ ± 6.3531.
    """
    chosen = rank_selection(np.array([[1.0, 0.0], [0.0, NAN]]), ("x", "y"))
    assert chosen.mean.tolist() == [0.5, 0.0]
    assert chosen.low == pytest.approx([0.5 - 6.3531, 0], abs=1e-4)
    assert chosen.high == pytest.approx([0.5 + 6.3531, 0], abs=1e-4)
    assert chosen.order.tolist() == [0, 1]


def test_a_selection_may_leave_out_what_is_unknown():
    """Right and wrong of x: 1, 0 and no gold; y was asked once: 1. Neither nan counts as wrong."""
    right = np.array([[1.0, 1.0], [0.0, NAN], [NAN, NAN]])
    chosen = rank_selection(right, ("x", "y"), unknown=NAN)
    assert chosen.mean.tolist() == [0.5, 1.0]
    assert chosen.low[0] == pytest.approx(0.5 - 6.3531, abs=1e-4)
    assert np.isnan(chosen.low[1])
    assert chosen.order.tolist() == [1, 0]
    assert chosen.n_queries == 2


def test_ties_go_by_name_and_errors_need_two_rows():
    assert best_first(np.array([0.5, 0.7, 0.5]), ("m2", "m3", "m1")).tolist() == [1, 2, 0]
    # 1, 2, 3: variance with n − 1 is 1, error √(1/3)
    errors = mean_errors(
        deviations(np.array([[1.0], [2.0], [3.0], [7.0]]), np.array([0, 0, 0, 1]), 2)
    )
    assert errors == pytest.approx(np.array([[3**-0.5], [NAN]]), nan_ok=True)
