"""All routers side by side: fair, paired, complete; splits; the verdict and the light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_part, make_world, split_world
from refusals import refuses

import cascal
from cascal.compare.baselines import BASELINES
from cascal.compare.comparison import average_comparisons, compare_on_splits, compare_routers
from cascal.dataset.part import join, split_part
from cascal.datatypes import NO_ANSWER, NotApplicable
from cascal.evaluate import correctness
from cascal.settings import FitSettings
from cascal.verdicts.constant import choose_constant
from cascal.verdicts.light import cross_fitted_gains, half_fits, halves, traffic_light
from cascal.verdicts.verdict import verdict

LABEL_FREE = {
    *("cascal", "released", "paper", "global_consensus", "knn_consensus", "kmeans_agreement"),
    "smoothie_train",
}
LEARNERS = {"best_single", "per_task_labels", "knn_labels", "avengers", "llmrank", "cascal_gt"}
BOUNDS = {"best_by_gold", "task_oracle", "cluster_oracle", "oracle"}


@pytest.fixture(scope="module")
def parts():
    return split_world()


@pytest.fixture(scope="module")
def comparison(parts):
    return compare_routers(*parts)


def test_every_router_takes_part_on_the_same_queries(comparison, parts):
    keys = set(comparison.keys)
    assert keys >= LABEL_FREE | LEARNERS | BOUNDS | {"random", "plurality", "cluster_map"}
    assert comparison.query_ids == parts[1].votes.query_ids
    assert {row.top1.n for row in comparison.rows() if row.top1} == {len(parts[1])}
    assert {entry.needs for entry in comparison.entries} == {"nothing", "labels", "gold"}


def test_bounds_bound(comparison):
    rows = {row.key: row for row in comparison.rows()}
    oracle = rows["oracle"].top1.value
    assert all(row.top1.value <= oracle for row in rows.values() if row.top1)
    constant = rows["best_by_gold"].top1.value
    assert rows["best_single"].top1.value <= constant
    assert rows["task_oracle"].top1.value >= constant
    assert rows["cluster_oracle"].top1.value >= max(constant, rows["cluster_map"].top1.value)


def test_an_entry_equals_its_baseline_evaluated_alone(comparison, parts):
    train, test = parts
    for key in ("avengers", "per_task_labels", "smoothie_train"):
        labels = train.label_matrix if BASELINES[key].needs == "labels" else None
        router = BASELINES[key].fit(train.votes, train.vectors, labels)
        result = cascal.evaluate(router.route(test.vectors), test.votes, test.gold)
        assert np.array_equal(comparison[key].top1, result.top1_right)
        assert np.array_equal(comparison[key].vote, result.top3_vote_right)


def test_the_order_of_models_changes_nothing(parts):
    train, test = parts
    names = train.votes.models[::-1]
    turned = compare_routers(train.with_models(names), test.with_models(names))
    plain = compare_routers(train, test)
    for key in set(plain.keys) - {"released", "released_late"}:  # they depend on it by definition
        assert np.array_equal(turned[key].top1, plain[key].top1, equal_nan=True), key


def test_without_labels_only_the_routers_that_need_none_and_the_bounds_remain(parts):
    train, test = parts
    none = np.full(len(train), NO_ANSWER)
    unlabelled = replace(train, labels=none, gold=none, origins=("none",) * len(train))
    comparison = compare_routers(unlabelled, test)
    assert not LEARNERS & set(comparison.keys)
    assert set(comparison.keys) >= BOUNDS
    assert comparison.constant == "best_by_gold"


def test_generated_labels_are_said_to_be_generated_and_are_not_the_constant(parts):
    train, test = parts
    none = np.full(len(train), NO_ANSWER)
    generated = replace(train, gold=none, origins=("generated",) * len(train))
    comparison = compare_routers(generated, test)
    assert comparison.label_origin == "generated"
    assert comparison.constant == "best_by_gold"
    assert set(comparison.keys) >= LEARNERS


def test_without_gold_test_answers_there_is_no_comparison(parts):
    train, test = parts
    with refuses("no-gold", kind=NotApplicable):
        compare_routers(train, replace(test, gold=np.full(len(test), NO_ANSWER)))


def test_the_presets_that_need_confidences_are_left_out_without_them(parts):
    train, test = parts
    silent = [
        replace(one, votes=replace(one.votes, logprobs=np.full(one.votes.shape, np.nan)))
        for one in (train, test)
    ]
    assert "paper" not in compare_routers(*silent).keys


def test_models_of_which_only_right_or_wrong_is_known_are_compared_but_cannot_vote():
    """The best model gives no answers; label-based routers find it, consensus cannot."""
    votes, vectors, gold = make_world(n_queries=300, seed=3)
    right = np.where(votes.answers == gold[:, None], 1.0, 0.0)
    right[:, 2] = np.arange(300) % 20 > 0
    answers = np.array(votes.answers)
    answers[:, 2] = NO_ANSWER
    judged = np.full(right.shape, np.nan)
    judged[:, 2] = right[:, 2]
    silent = replace(votes, answers=answers, status=np.full(answers.shape, "ok"))
    part = make_part(silent, vectors, gold, judged=judged)
    assert part.silent_models == (votes.models[2],)
    assert np.array_equal(correctness(silent, gold, judged)[:, 2], right[:, 2])
    comparison = compare_routers(*split_part(part, 0.4, 0))
    rows = {row.key: row for row in comparison.rows()}
    assert rows["best_single"].top1.value > 0.9
    assert rows["cascal"].share[2] == 0.0
    assert rows["global_consensus"].share[2] == 0.0


# Splits


def test_splits_are_stratified_repeatable_and_free_of_row_order(parts):
    whole = join(*parts)
    train, test = split_part(whole, 0.4, 1)
    assert set(train.votes.query_ids).isdisjoint(test.votes.query_ids)
    assert len(train) + len(test) == len(whole)
    for task in set(whole.votes.tasks):
        n = whole.votes.tasks.count(task)
        assert test.votes.tasks.count(task) == int(0.4 * n + 0.5)
    order = np.random.default_rng(0).permutation(len(whole))
    assert set(split_part(whole.take(order), 0.4, 1)[1].votes.query_ids) == set(
        test.votes.query_ids
    )
    assert set(split_part(whole, 0.4, 2)[1].votes.query_ids) != set(test.votes.query_ids)
    with refuses("out-of-bounds", "test_share", 1.0):
        split_part(whole, 1.0, 0)


@pytest.mark.slow
def test_a_query_counts_with_its_mean_over_the_splits_that_test_it(parts):
    whole = join(*parts)
    held = [compare_routers(*split_part(whole, 0.4, seed)) for seed in range(2)]
    both = average_comparisons(whole, held)
    tested = [set(one.query_ids) for one in held]
    assert set(both.query_ids) == tested[0] | tested[1]
    at = {one: row for row, one in enumerate(both.query_ids)}
    for one in sorted(tested[0] | tested[1])[:60]:
        expected = [
            comparison["avengers"].top1[comparison.query_ids.index(one)]
            for comparison, ids in zip(held, tested, strict=True)
            if one in ids
        ]
        assert both["avengers"].top1[at[one]] == np.mean(expected)
    assert both.n_splits == 2
    assert all(row.against_constant is None for row in both.rows())
    again = compare_on_splits(*parts, n_splits=2)
    assert np.array_equal(again["cascal"].top1, both["cascal"].top1)


def test_new_splits_need_gold_answers_everywhere(parts):
    train, test = parts
    generated = replace(train, origins=("generated",) * len(train))
    with refuses("no-gold", "generated", kind=NotApplicable):
        compare_on_splits(generated, test, n_splits=2)


def test_parts_are_narrowed_to_models_and_refuse_unknown_ones(parts):
    train, _ = parts
    names = train.votes.models[1:3]
    few = train.with_models(names)
    assert few.votes.models == names
    assert few.costs.shape == few.judged.shape == (len(train), 2)
    for wrong in (["nobody"], [names[0], names[0]], []):
        with refuses("unknown-model", *names):
            train.with_models(wrong)


# Verdicts


def test_halves_are_even_in_every_task_and_free_of_row_order(parts):
    votes = parts[0].votes
    half = halves(votes.query_ids, votes.tasks, 0)
    for task in set(votes.tasks):
        of_task = half[np.array(votes.tasks) == task]
        assert abs(int(of_task.sum()) - len(of_task) / 2) <= 1
    order = np.random.default_rng(1).permutation(len(half))
    moved = votes.take(order)
    assert np.array_equal(halves(moved.query_ids, moved.tasks, 0), half[order])


def test_the_cross_fitted_gain_is_what_the_definition_says(parts):
    """Routes of one half, scores of the other's own fit, constant of the routing half."""
    train, _ = parts
    settings = FitSettings.preset("recommended")
    fits = half_fits(train.votes, train.vectors, settings)
    thresholds = cascal.Thresholds()
    expected, elsewhere = [], []
    for learnt, measured in (fits, fits[::-1]):
        router = learnt.router(thresholds)
        part = train.vectors.take(measured.query_ids)
        for row, chosen in enumerate(router.route(part).selected[:, 0]):
            scores = np.nan_to_num(measured.consensus[row])
            expected.append(scores[chosen] - scores[router.best_overall])
            elsewhere.append(chosen != router.best_overall)
    gains = cross_fitted_gains(fits, thresholds)
    assert gains == pytest.approx(np.array(expected))
    light = traffic_light(fits, thresholds)
    assert light.mean == pytest.approx(np.mean(expected))
    error = np.std(expected, ddof=1) / np.sqrt(len(expected))
    assert light.bound == pytest.approx(np.mean(expected) - 1.64 * error)
    assert light.light == ("agree" if light.bound > 0 else "disagree")
    assert light.score == "pds_confidence"
    assert light.elsewhere == sum(elsewhere)
    assert light.sides == (sum(one > 0 for one in expected), sum(one < 0 for one in expected))


def specialists(n, gap, seed=0):
    """Three models, three skills far apart: each model is good at its own by `gap`."""
    random = np.random.default_rng(seed)
    skill = np.arange(n) % 3
    points = np.eye(8)[skill] + 0.1 * random.normal(size=(n, 8))
    accuracy = np.where(np.arange(3)[None] == skill[:, None], 0.6 + gap, 0.6 - gap / 2)
    gold = random.integers(6, size=n)
    right = random.random((n, 3)) < accuracy
    wrong = (gold[:, None] + 1 + random.integers(5, size=(n, 3))) % 6
    ids = [f"q{row:05d}" for row in range(n)]
    votes = cascal.Votes(
        ids,
        [f"t{one}" for one in skill],
        ("a", "b", "c"),
        np.where(right, gold[:, None], wrong),
        np.full((n, 3), np.nan),
        np.full(n, 6),
    )
    return make_part(votes, cascal.Embeddings.from_array(ids, points, "t"), gold)


@pytest.mark.parametrize(("gap", "expected"), [(0.3, "agree"), (0.0, "disagree")])
def test_the_light_is_right_where_the_truth_is_known(gap, expected):
    """Wrong votes scatter evenly here, as Dawid–Skene assumes them to (and `pds` does not)."""
    part, settings = specialists(1500, gap), FitSettings(consensus="dawid_skene")
    light = traffic_light(half_fits(part.votes, part.vectors, settings))
    assert light.light == expected
    train, test = split_part(part, 0.4, 0)
    router = cascal.fit(train.votes, train.vectors, settings).router()
    result = cascal.evaluate(router.route(test.vectors), test.votes, test.gold)
    with_labels = verdict(result, choose_constant(router.models, by_labels=train.best_constant))
    assert (with_labels.light == "route") == (expected == "agree")


def test_too_few_queries_or_one_model_have_no_light():
    votes, vectors, _ = make_world(n_queries=30)
    with refuses("too-little-data", 30, 40, kind=NotApplicable):
        half_fits(votes, vectors, FitSettings())
    votes, vectors, _ = make_world(n_queries=80)
    with refuses("too-little-data", 80, 1, kind=NotApplicable):
        half_fits(votes.take(np.arange(80), np.array([0])), vectors, FitSettings())
