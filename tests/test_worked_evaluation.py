"""Three models, twelve queries, every measure worked out on paper.

All gold answers are option 0. A wrong a says 1, a wrong b says 1, a wrong c says 2.

    right      q1 q2 q3 q4 q5 q6 q7 q8 | q9 q10 q11 q12
    a           x  x  x  x  x  x  x  x |                  8/12
    b           x  x  x  x             | x  x             6/12
    c           x  x                   | x  x   x         5/12
    task       ----------- t1 -------- | ----- t2 ------
    the router  a, then b, then c      | c, then b, then a
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_part

import cascal
from cascal.compare.baselines import BestSingle, TaskOracle
from cascal.compare.comparison import Comparison
from cascal.compare.cost import pareto_front
from cascal.compare.gold_agreement import (
    best_constant_of_groups,
    best_models,
    cluster_information,
    gold_agreement,
    map_gain,
)
from cascal.compare.routers import all_routers, baseline_entry, entry_of, random_entry
from cascal.evaluate import agreement_rate, correctness, normalised_entropy
from cascal.intervals import mcnemar
from cascal.rank import tau_b
from cascal.results import Routes
from cascal.verdicts.constant import Constant, choose_constant
from cascal.verdicts.verdict import decide, verdict

A, B, C = range(3)
MODELS = ("a", "b", "c")
IDS = tuple(f"q{row:02d}" for row in range(1, 13))
RIGHT = np.zeros((12, 3), dtype=bool)
RIGHT[:8, A] = True
RIGHT[[0, 1, 2, 3, 8, 9], B] = True
RIGHT[[0, 1, 8, 9, 10], C] = True
GOLD = np.zeros(12, dtype=int)
COSTS = np.tile([4e-3, 2e-3, 1e-3], (12, 1))


@pytest.fixture(scope="module")
def part():
    answers = np.where(RIGHT, 0, np.array([1, 1, 2]))
    votes = cascal.Votes(
        IDS, ("t1",) * 8 + ("t2",) * 4, MODELS, answers, np.full((12, 3), np.nan), np.full(12, 3)
    )
    angle = np.radians([0.0] * 8 + [90.0] * 4) + 0.001 * np.arange(12)
    vectors = np.column_stack([np.cos(angle), np.sin(angle)])
    return make_part(votes, cascal.Embeddings.from_array(IDS, vectors, "t"), GOLD, costs=COSTS)


@pytest.fixture(scope="module")
def routes():
    selected = np.array([[A, B, C]] * 8 + [[C, B, A]] * 4)
    scores = np.zeros((12, 3))
    np.put_along_axis(scores, selected, np.array([[0.9, 0.8, 0.7]]), axis=1)
    cluster = np.array([0] * 8 + [1] * 4)
    zero = np.zeros(12)
    return Routes(
        query_ids=IDS,
        models=MODELS,
        tasks=("t1", "t2"),
        task=cluster,
        cluster=cluster,
        distance=zero,
        scores=scores,
        selected=selected,
        fallback=zero,
        center=np.zeros(3),
        spread=np.ones(3),
    )


@pytest.fixture(scope="module")
def result(routes, part):
    return cascal.evaluate(routes, part.votes, part.gold)


def test_correctness_is_the_table_above(part):
    assert np.array_equal(correctness(part.votes, GOLD), RIGHT.astype(float))


def test_first_model(result):
    """A on q1–q8: 8 right; c on q9–q12: 3 right."""
    assert result.top1_accuracy == pytest.approx(11 / 12)
    assert result.model_accuracies == pytest.approx([8 / 12, 6 / 12, 5 / 12])
    assert result.best_single == A


def test_vote_of_three(result):
    """q3, q4: two for 0; q5–q8: 0, 1, 2 – three answers tie, the first ranked a decides;

    q9, q10: two for 0; q11: c says 0, b and a say 1; q12: 2, 1, 1. So 10 of 12.
    """
    assert result.top3_vote_right.tolist() == [1] * 10 + [0, 0]
    assert result.vote_gain.value == pytest.approx(10 / 12 - 11 / 12)
    assert result.vote_gain.high >= 0, "one query of twelve proves no loss"
    assert result.top3_vote_accuracy == pytest.approx(10 / 12)


def test_any_of_three(result):
    assert result.hit_rate == pytest.approx(11 / 12)


def test_shares(result):
    """A gets 8, c gets 4 of 12: entropy −(2/3 ln 2/3 + 1/3 ln 1/3) = 0.636514."""
    assert result.share.tolist() == pytest.approx([8 / 12, 0, 4 / 12])
    assert result.effective_models == pytest.approx(1.889882, abs=1e-6)
    assert normalised_entropy(result.share) == pytest.approx(0.636514 / np.log(3), abs=1e-6)


def test_gain_and_mcnemar_against_always_a(result):
    """3 won, none lost: +3/12; p = 2 · (1/2)³."""
    assert result.gain_over(A).value == pytest.approx(0.25)
    test = mcnemar(result.top1_right, result.model_right[:, A])
    assert (test.only_first, test.only_second) == (3, 0)
    assert test.p_value == pytest.approx(0.25)


def test_agreement_with_always_a(routes):
    always = Routes(
        query_ids=IDS,
        models=MODELS,
        tasks=routes.tasks,
        task=routes.task,
        cluster=routes.cluster,
        distance=routes.distance,
        scores=routes.scores,
        selected=np.tile([[A, B, C]], (12, 1)),
        fallback=routes.fallback,
        center=routes.center,
        spread=routes.spread,
    )
    assert agreement_rate(routes, always) == pytest.approx(8 / 12)


def test_verdict_needs_the_lower_bound_above_0(result):
    """The gain is a mean of 3 ones and 9 zeros: a resample without any 1 has chance (3/4)¹² = 3 %,

    so its 2.5 % quantile is 0 and nothing is proven.
    """
    found = verdict(result)
    assert found.gain.low == 0.0
    assert found.light == "undecided"
    assert (found.constant.name, found.constant.chosen_by) == ("a", "these queries")
    assert "on these very queries" in found.sentence
    known = choose_constant(("a", "b", "c"), by_labels=A)
    assert "a, the best model on the training labels" in decide(found.gain, known).sentence


def test_kendall(part):
    """Gold: a, b, c. Consensus: a, c, b. Of three pairs two agree and one does not: 1/3."""
    assert tau_b(np.array([0.7, 0.5, 0.6]), np.array([8, 6, 5])) == pytest.approx([1 / 3])
    found = gold_agreement("all", np.tile([0.7, 0.5, 0.6], (20, 1)), part.right)
    assert found.tau.value == pytest.approx(1 / 3)
    assert -1 <= found.tau.low <= found.tau.high <= 1


def test_kendall_counts_ties_on_either_side():
    """X = 1, 1, 2; y = 1, 2, 3: no pair against, 2 for; untied 2 and 3: 2/√6."""
    assert tau_b(np.array([1.0, 1, 2]), np.array([1.0, 2, 3])) == pytest.approx([2 / np.sqrt(6)])
    assert np.isnan(tau_b(np.ones(3), np.array([1.0, 2, 3])))[0]


def test_winners(part):
    """The most accurate of the right ones: a on q1–q8, b on q9 and q10, c on q11, none on q12."""
    assert best_models(part.right).tolist() == [A] * 8 + [B, B, C, -1]


def test_mutual_information_of_cluster_and_winner(part, routes):
    """11 queries with a winner. H(cluster) = 0.585953 = I, because the cluster follows from the

    winner; H(winner) = 0.231603 + 0.309954 + 0.217990 = 0.759547.
    NMI = 2 · 0.585953 / (0.759547 + 0.585953) = 0.870981
    """
    found = cluster_information(routes.cluster, part.right)
    assert found.nmi == pytest.approx(0.870981, abs=1e-6)
    assert found.n == 11
    assert found.permuted < found.nmi


def test_ceilings(part, routes):
    """Cluster 0: a 8/8. Cluster 1: c 3/4. Over always a: +3/12."""
    chosen = best_constant_of_groups(part.right, routes.cluster, 3)
    assert chosen.tolist() == [A, C, -1]
    assert map_gain(part.right, routes.cluster, chosen, A).value == pytest.approx(0.25)


@pytest.fixture(scope="module")
def comparison(part, routes):
    router = cascal.fit(part.votes, part.vectors, n_jobs=1).router()
    ranked = replace(router.rankings, overall=np.array([0.7, 0.6, 0.5]))
    router = replace(router, rankings=ranked)
    entry = dict(all_routers(part, part, router))
    entries = (
        entry_of("cascal", "CASCAL", "nothing", routes, part),
        random_entry(part, part),
        entry["plurality"](),
        baseline_entry("best_single", BestSingle(), part, part, part.right),
        baseline_entry("task_oracle", TaskOracle(), part, part, part.right),
        entry["oracle"](),
    )
    return Comparison(
        query_ids=IDS, tasks=part.votes.tasks, models=MODELS, entries=entries, label_origin="gold"
    )


def test_the_table_of_all_routers(comparison):
    """Random: the mean of 8, 6 and 5 of 12 is 19/36. Plurality: q1–q8 by two votes or, in a

    three-way tie, by a, the best-ranked of all; q9, q10 right; q11, q12 wrong: 10 of 12.
    """
    rows = {row.key: row for row in comparison.rows()}
    assert rows["cascal"].top1.value == pytest.approx(11 / 12)
    assert rows["cascal"].vote.value == pytest.approx(10 / 12)
    assert rows["cascal"].hit.value == pytest.approx(11 / 12)
    assert rows["cascal"].gain.value == pytest.approx(3 / 12)
    assert rows["cascal"].against_constant.p_value == pytest.approx(0.25)
    assert rows["random"].top1.value == pytest.approx(19 / 36)
    assert rows["plurality"].top1 is None
    assert rows["plurality"].vote.value == pytest.approx(10 / 12)
    assert rows["best_single"].top1.value == pytest.approx(8 / 12)
    assert rows["task_oracle"].top1.value == pytest.approx(11 / 12)
    assert rows["oracle"].top1.value == pytest.approx(11 / 12)


def test_costs_of_the_table(comparison):
    """Per 1,000 queries: 8 · $4 and 4 · $1 over 12 are $3, three models always $7."""
    rows = {row.key: row for row in comparison.rows()}
    assert rows["cascal"].cost1 == pytest.approx(3.0)
    assert rows["cascal"].cost3 == pytest.approx(7.0)
    assert rows["best_single"].cost1 == pytest.approx(4.0)
    assert rows["plurality"].cost3 == pytest.approx(7.0)
    assert rows["random"].cost1 == pytest.approx(7 / 3)
    cost = comparison.cost()
    assert (cost.routed, cost.always, cost.change) == pytest.approx((3.0, 4.0, -0.25))
    assert "$3.00 routed to the first model, $4.00 with always asking a, the best" in cost.sentence


def test_the_comparison_knows_its_constant_and_its_differences(comparison):
    assert comparison.constant == "best_single"
    gain, test, wins, losses = comparison.compare("cascal", "best_single")
    assert gain.value == pytest.approx(0.25)
    assert wins.tolist() == [8, 9, 10]
    assert losses.tolist() == []
    assert test.only_first == 3
    assert comparison.verdict().constant == Constant(A, "a", "training labels")


def test_pareto():
    """(1, 5) is beaten by (1, 6); (3, 6) by (1, 6); nan never counts."""
    costs = np.array([1.0, 1, 2, 3, np.nan, 4])
    quality = np.array([5.0, 6, 7, 6, 9, np.nan])
    assert pareto_front(costs, quality).tolist() == [1, 2]
