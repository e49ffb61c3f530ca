"""A few labels: worked examples, laws, and intervals that hold in simulated draws."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from refusals import refuses

from cascal.datatypes import NO_ANSWER
from cascal.labels import (
    combined_gain,
    confidence_sequence,
    contested,
    gain,
    inclusion_probabilities,
    keep_router,
    labels_needed,
    nearest_groups,
    rectifier,
    settled_after,
)

TEN = np.array([1.0, 1, 0, 0, -1, 1, 0, 1, 0, 0])
ADVANCE = np.array([0.5, 0.4, 0.1, -0.1, -0.3, 0.6, 0.2, 0.3, 0, 0.1])
"""Consensus score of the router's choice minus the constant's, of the ten labelled queries."""


def population(size: int, plus: float, minus: float) -> np.ndarray:
    """So many contested queries, of which these shares gain and lose 1."""
    values = np.zeros(size)
    values[: round(plus * size)] = 1.0
    values[size - round(minus * size) :] = -1.0
    return values


# --- worked by hand


def test_the_gain_of_ten_labels_is_the_worked_one():
    result = gain(TEN, n_contested=400, n_queries=4000)
    assert result.value == pytest.approx(0.025, abs=1e-12)
    assert result.half_width == pytest.approx(0.04729, abs=5e-6)
    assert (result.low, result.high) == (
        result.value - result.half_width,
        result.value + result.half_width,
    )


def test_a_prediction_makes_the_interval_shorter_by_the_worked_amount():
    mean = (ADVANCE.sum() + 390 * 0.05) / 400
    result = gain(TEN, n_contested=400, n_queries=4000, predicted=ADVANCE, predicted_mean=mean)
    assert result.value == pytest.approx(0.01533, abs=5e-6)
    assert result.half_width == pytest.approx(0.03639, abs=5e-6)


def test_the_gate_takes_the_constant_where_the_labels_speak_against_the_router():
    assert not keep_router(np.array([-1.0, -1, 0, 0, -1, 1, 0, -1, 0, 0]))
    assert not keep_router(np.array([-1.0, -1, 0, 0, 0, 0, 0, 0, 0, 0]))
    assert keep_router(np.array([-1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    assert keep_router(np.zeros(0))


def worked_rectifier():
    first, second = [1, 0, 0], [0, 1, 0]
    right = np.array(
        [*3 * [first], [1, 0, 1], first, *2 * [second], [1, 1, 0], *2 * [second], first, second],
        dtype=np.float64,
    )
    consensus = np.tile([0.6, 0.5, 0.1], (12, 1))
    return right, consensus, np.array([0] * 5 + [1] * 5 + [0, 1])


def test_the_rectifier_corrects_each_group_by_the_worked_amount():
    right, consensus, groups = worked_rectifier()
    result = rectifier(right, consensus, groups, share=0.5, n_groups=2)
    np.testing.assert_allclose(result.overall, 0.0, atol=1e-12)
    np.testing.assert_allclose(
        result.corrections,
        [[0.14943, -0.17126, 0.03204], [-0.15347, 0.17905, -0.03662]],
        atol=5e-6,
    )
    assert result.n_labels.tolist() == [6, 6]


def test_the_rectifier_corrects_a_group_without_labels_by_the_overall_amount():
    right, consensus, groups = worked_rectifier()
    right[:, 2] += 0.9  # the consensus is wrong about one model everywhere
    result = rectifier(right, consensus, 2 * groups, share=0.5, n_groups=3)
    assert np.abs(result.overall).max() > 0.1
    np.testing.assert_array_equal(result.corrections[1], result.overall)
    scores = result.apply(np.zeros((2, 3)), np.array([1, 0]))
    np.testing.assert_array_equal(scores, result.corrections[[1, 0]])


def test_labels_that_agree_with_the_consensus_correct_nothing():
    right, _, groups = worked_rectifier()
    result = rectifier(right, right, groups, share=0.5, n_groups=2)
    assert not result.overall.any()
    assert not result.corrections.any()


def test_a_query_belongs_to_the_group_whose_mean_vector_is_nearest():
    centroids = np.eye(3)[:2]
    vectors = np.array([[0.9, 0.1, 0.4], [0.1, 0.9, 0.4], [0.5, 0.5, 0.7]])
    assert nearest_groups(vectors, centroids).tolist() == [0, 1, 0]


def test_a_query_is_contested_where_other_models_give_other_answers():
    answers = np.array([[0, 1], [2, 2], [NO_ANSWER, NO_ANSWER], [NO_ANSWER, 1], [0, 1]])
    first, second = np.array([0, 0, 0, 0, 1]), np.array([1, 1, 1, 1, 1])
    assert contested(first, second, answers).tolist() == [True, False, False, True, False]
    judged = np.array([False, True, True, False, True])
    assert contested(first, second, answers, judged).tolist() == [True, True, True, True, False]


def test_a_query_in_two_frames_may_have_been_drawn_by_either():
    held = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 0]], dtype=bool)
    found = inclusion_probabilities(held, np.array([2, 1]))
    np.testing.assert_allclose(found, [1 / 2, 1 / 2, 2 / 3, 2 / 3, 1 / 3, 0])
    larger = inclusion_probabilities(held, np.array([2, 1]), np.array([8, 3]))
    np.testing.assert_allclose(larger, [1 / 4, 1 / 4, 1 / 2, 1 / 2, 1 / 3, 0])


def test_labels_of_two_draws_are_weighed_by_their_probabilities():
    """+1 at π = 1/2, −1 at π = 2/3, and 0 on a query that is no longer contested."""
    result = combined_gain(
        np.array([1.0, -1.0, 0.0]),
        np.array([1 / 2, 2 / 3, 1 / 3]),
        n_contested=20,
        n_queries=100,
        n_unreachable=4,
    )
    assert result.value == pytest.approx((2 - 1.5) / 100)
    assert result.half_width > 4 / 100


# --- laws


def test_all_labelled_is_exact_and_nothing_contested_is_zero():
    result = gain(TEN, n_contested=10, n_queries=50)
    assert (result.value, result.half_width) == (pytest.approx(0.06), 0.0)
    assert confidence_sequence(TEN, n_contested=10, n_queries=50).low == pytest.approx(0.06)
    combined = combined_gain(TEN, np.ones(10), n_contested=10, n_queries=50)
    assert (combined.value, combined.half_width) == (pytest.approx(0.06), 0.0)
    nothing = np.zeros(0)
    for found in (
        gain(nothing, n_contested=0, n_queries=50).estimate,
        combined_gain(nothing, nothing, n_contested=0, n_queries=50).estimate,
        confidence_sequence(nothing, n_contested=0, n_queries=50),
    ):
        assert (found.value, found.low, found.high, found.n) == (0.0, 0.0, 0.0, 0)
    assert settled_after(nothing, n_contested=0) == labels_needed(nothing, n_contested=0) == 0


def test_without_a_label_only_the_share_of_contested_queries_is_known():
    nothing = np.zeros(0)
    for found in (
        gain(nothing, n_contested=40, n_queries=400).estimate,
        combined_gain(nothing, nothing, n_contested=40, n_queries=400).estimate,
        confidence_sequence(nothing, n_contested=40, n_queries=400),
    ):
        assert (found.value, found.low, found.high) == (0.0, -0.1, 0.1)


def test_one_draw_of_the_contested_queries_has_the_interval_of_the_plain_gain():
    plain = gain(TEN, n_contested=400, n_queries=4000)
    combined = combined_gain(TEN, np.full(10, 10 / 400), n_contested=400, n_queries=4000)
    assert combined.half_width == pytest.approx(plain.half_width, rel=1e-12)
    assert combined.value == pytest.approx(plain.value * 12 / 10, rel=1e-12)


def test_the_predicted_interval_is_that_of_the_published_program():
    """Which knows no pseudo-labels and draws with replacement; otherwise it is the same."""
    published = pytest.importorskip("ppi_py")
    random, size, n = np.random.default_rng(0), 2000, 400
    predicted = random.normal(0, 0.4, size).clip(-1, 1)
    values = np.sign(predicted + random.normal(0, 0.4, size)) * (random.random(size) < 0.7)
    drawn = random.permutation(size)[:n]
    own = gain(
        values[drawn],
        n_contested=size,
        n_queries=size,
        predicted=predicted[drawn],
        predicted_mean=float(predicted.mean()),
    )
    given = (values[drawn], predicted[drawn], predicted)
    assert own.value == pytest.approx(
        np.ravel(published.ppi_mean_pointestimate(*given))[0], abs=2e-4
    )
    low, high = np.ravel(published.ppi_mean_ci(*given, alpha=0.05))
    without_replacement = (high - low) / 2 * np.sqrt(1 - n / size)
    assert own.half_width == pytest.approx(without_replacement, rel=0.03)


def test_a_useless_prediction_changes_nothing():
    plain = gain(TEN, n_contested=400, n_queries=4000)
    for prediction in (np.zeros(10), -TEN):
        predicted = gain(
            TEN, n_contested=400, n_queries=4000, predicted=prediction, predicted_mean=0.3
        )
        assert predicted == plain


def test_more_looks_make_the_interval_wider():
    widths = [
        gain(TEN, n_contested=400, n_queries=4000, looks=looks).half_width for looks in (1, 3)
    ]
    assert widths[0] < widths[1]


def test_the_sequence_turns_round_with_the_two_sides():
    found = confidence_sequence(TEN, n_contested=100, n_queries=1000)
    turned = confidence_sequence(-TEN, n_contested=100, n_queries=1000)
    assert (turned.value, turned.low) == (pytest.approx(-found.value), pytest.approx(-found.high))


@pytest.mark.parametrize("seed", range(3))
def test_the_sequence_never_grows_and_ends_at_the_truth(seed):
    random = np.random.default_rng(seed)
    values = random.permutation(population(60, 0.5, 0.2))
    truth = values.sum() / 300
    low, high = -1.0, 1.0
    for n in range(61):
        found = confidence_sequence(values[:n], n_contested=60, n_queries=300)
        assert low - 1e-9 <= found.low <= found.value <= found.high <= high + 1e-9
        low, high = found.low, found.high
    assert (low, high) == (pytest.approx(truth), pytest.approx(truth))


def capitals(values, mean, n_population):
    """The capital after each value against "the mean is `mean` or less", written out."""
    shares = [((bet + 0.5) / 32) ** 2 for bet in range(32)]
    money, seen, after = [1.0] * 32, 0.0, []
    for number, value in enumerate(values):
        fair = (n_population * mean - seen) / (n_population - number)
        money = [one * (1 - g + g * value / fair) for one, g in zip(money, shares, strict=True)]
        seen += value
        after.append(sum(money) / 32)
    return after


@pytest.mark.parametrize("seed", range(3))
def test_the_sequence_holds_every_mean_that_no_bettor_has_refuted(seed):
    drawn = np.random.default_rng(seed).permutation(population(50, 0.5, 0.1))[:20]
    found = confidence_sequence(drawn, n_contested=50, n_queries=50)
    for gain_tried in np.linspace(found.low - 0.2, found.high + 0.2, 41):
        mean = (gain_tried + 1) / 2
        if not drawn.sum() - 30 < 50 * gain_tried < drawn.sum() + 30:
            continue  # what is left cannot make up for that
        up = max(capitals((drawn + 1) / 2, mean, 50))
        down = max(capitals((1 - drawn) / 2, 1 - mean, 50))
        assert (max(up, down) < 40) == (found.low < gain_tried < found.high), gain_tried


def orders(n_plus, n_minus):
    """Every order of so many gains and losses of 1."""
    for places in combinations(range(n_plus + n_minus), n_plus):
        values = -np.ones(n_plus + n_minus)
        values[list(places)] = 1.0
        yield values


@pytest.mark.parametrize(("n_plus", "n_minus"), [(5, 5), (7, 3), (2, 8)])
def test_the_bets_are_fair_over_every_order_of_a_population(n_plus, n_minus):
    """The mean capital is 1 after every label: no luck, no simulation, and so no inflation."""
    n, few = n_plus + n_minus, min(n_plus, n_minus)
    up = [capitals((one[:few] + 1) / 2, n_plus / n, n) for one in orders(n_plus, n_minus)]
    down = [capitals((1 - one[:few]) / 2, n_minus / n, n) for one in orders(n_plus, n_minus)]
    np.testing.assert_allclose(np.mean(up, axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.mean(down, axis=0), 1.0, rtol=1e-12)


@pytest.mark.slow
def test_over_every_order_a_true_zero_is_excluded_in_at_most_5_of_100():
    settled = [settled_after(one[:-1], n_contested=12) for one in orders(6, 6)]
    wrong = sum(one is not None for one in settled)
    assert 0 < wrong <= 0.05 * len(settled)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_it_is_settled_when_the_interval_excludes_zero(side):
    values = side * np.random.default_rng(1).permutation(population(200, 0.5, 0.1))
    settled = settled_after(values, n_contested=200)
    assert settled is not None
    for n, excluded in ((settled - 1, False), (settled, True)):
        found = confidence_sequence(values[:n], n_contested=200, n_queries=1000)
        assert (side * (found.low if side > 0 else found.high) > 0) == excluded
    assert labels_needed(values[:settled], n_contested=200) == 0


@pytest.mark.parametrize("n_contested", [60, 243, 1000])
def test_the_number_for_a_clear_gain_settles_somewhat_more_than_half_of_the_draws(n_contested):
    """One side alone is right on half of the queries, the other on a quarter; 400 draws."""
    n = labels_needed(np.zeros(0), n_contested=n_contested)
    values, random = population(n_contested, 0.5, 0.25), np.random.default_rng(0)
    settled = [
        settled_after(random.permutation(values)[:n], n_contested=n_contested) for _ in range(400)
    ]
    assert 0.5 < sum(one is not None for one in settled) / 400 < 0.7


def test_labels_needed_are_fewer_the_clearer_the_labels_and_never_more_than_are_left():
    clear = labels_needed(np.array([1.0, 1, 1, 0, 1]), n_contested=300)
    unclear = labels_needed(np.array([1.0, 1, -1, 0, 0]), n_contested=300)
    assert 0 < clear < labels_needed(np.zeros(0), n_contested=300) < unclear < 295
    assert labels_needed(np.tile([1.0, -1.0], 60), n_contested=300) > 170
    against = labels_needed(np.array([-1.0, -1, -1, 0, -1]), n_contested=300)
    assert against == clear  # for whichever side is ahead


# --- what cannot be


def test_impossible_labels_are_refused():
    with refuses("out-of-bounds"):
        gain(np.array([1.5]), n_contested=4, n_queries=9)
    with refuses("out-of-bounds"):
        gain(np.array([np.nan]), n_contested=4, n_queries=9)
    with refuses("out-of-bounds", 10, 9, 50):
        gain(TEN, n_contested=9, n_queries=50)
    with refuses("out-of-bounds", 10, 60, 50):
        confidence_sequence(TEN, n_contested=60, n_queries=50)
    with refuses("wrong-shape", 10, 3):
        gain(TEN, n_contested=40, n_queries=50, predicted=np.zeros(3))
    with refuses("out-of-bounds"):
        combined_gain(TEN, np.zeros(10), n_contested=40, n_queries=50)
    with refuses("out-of-bounds", 4, 3):
        inclusion_probabilities(np.ones((1, 3), dtype=bool), np.array([4]))
    with refuses("wrong-shape", "(1, 3)"):
        rectifier(np.ones((1, 3)), np.ones((1, 3)), np.zeros(1, dtype=int), share=0.5, n_groups=1)
    with refuses("wrong-shape", "(2,)", 3):
        contested(np.zeros(2, dtype=int), np.zeros(2, dtype=int), np.zeros((3, 2), dtype=int))


# --- coverage, by simulation

WORLDS = list(product((10, 30, 100), ((0.35, 0.2), (0.05, 0.02), (0.5, 0.5), (0.0, 0.9))))


@pytest.mark.parametrize(("n", "shares"), WORLDS)
def test_the_interval_covers_the_truth_in_at_least_92_of_100_draws(n, shares):
    values = population(300, *shares)
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        drawn = random.permutation(values)[:n]
        found = gain(drawn, n_contested=300, n_queries=3000)
        covered += found.low <= values.sum() / 3000 <= found.high
    assert covered >= 0.92 * 400


@pytest.mark.parametrize("shares", [0.05, 0.25, 0.5])
def test_watching_every_label_excludes_a_true_zero_in_at_most_5_of_100_runs(shares):
    values = population(200, shares, shares)
    random = np.random.default_rng(0)
    wrong = peeking = 0
    for _ in range(400):
        drawn = random.permutation(values)
        wrong += settled_after(drawn[:150], n_contested=200) is not None
        plain = [gain(drawn[:n], n_contested=200, n_queries=2000) for n in range(5, 150, 5)]
        peeking += any(one.low > 0 or one.high < 0 for one in plain)
    assert wrong <= 0.05 * 400
    assert peeking > 0.10 * 400  # the plain interval is not made for that


def two_draws(random, truth, frames, sizes):
    """Labels of two independent draws, with the probability of each."""
    held = np.stack([np.isin(np.arange(len(truth)), frame) for frame in frames])
    drawn = [random.permutation(frame)[:size] for frame, size in zip(frames, sizes, strict=True)]
    rows = np.unique(np.concatenate(drawn))
    return rows, inclusion_probabilities(held, np.array(sizes))[rows]


@pytest.mark.parametrize("sizes", [(10, 10), (30, 10), (5, 60)])
def test_combined_draws_cover_the_truth_after_the_threshold_moved(sizes):
    """The second frame shares half of its queries with the first; 10 queries are in neither."""
    random = np.random.default_rng(0)
    truth = random.permutation(population(210, 0.4, 0.2))
    frames = (np.arange(150), np.arange(75, 200))
    now = np.zeros(210, dtype=bool)
    now[75:] = True  # what is contested after the threshold moved: the second frame and 10 more
    covered, values = 0, []
    for _ in range(400):
        rows, probabilities = two_draws(random, truth, frames, sizes)
        found = combined_gain(
            np.where(now, truth, 0.0)[rows],
            probabilities,
            n_contested=135,
            n_queries=1000,
            n_unreachable=10,
        )
        values.append(found.value)
        covered += found.low <= truth[now].sum() / 1000 <= found.high
    assert covered >= 0.92 * 400
    error = np.std(values) / np.sqrt(400)
    assert abs(np.mean(values) - truth[75:200].sum() / 1000) < 3 * error
