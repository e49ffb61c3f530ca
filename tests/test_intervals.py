"""Paired bootstrap and the exact McNemar test: against scipy, plain loops and paper."""

from __future__ import annotations

import time

import numpy as np
import pytest
from refusals import refuses
from scipy.stats import binomtest, bootstrap, kendalltau

from cascal.intervals import (
    bootstrap_counts,
    estimate,
    estimates,
    interval,
    joint_estimates,
    mcnemar,
    mean_rows,
    resampled_means,
)
from cascal.rank import tau_b

NAN = np.nan


@pytest.fixture
def right():
    random = np.random.default_rng(0)
    return (random.random((400, 5)) < np.array([0.3, 0.5, 0.6, 0.7, 0.9])).astype(float)


def test_many_columns_equal_one_at_a_time(right):
    assert estimates(right) == [estimate(column) for column in right.T]


def test_an_interval_is_the_same_beside_columns_that_know_more_queries(right):
    """A gain stands alone in a headline and beside others in a table: the two must be equal."""
    right[::7, 1] = NAN
    right[:90, 3] = NAN
    gain = right[:, 3] - right[:, 1]
    beside = estimates(np.column_stack([right, gain]))[5]
    assert beside.n == np.isfinite(gain).sum() < 310
    alone, clean = estimate(gain), estimate(gain[np.isfinite(gain)])
    for one in (alone, clean):
        assert (one.value, one.n) == (beside.value, beside.n)
        assert (one.low, one.high) == pytest.approx((beside.low, beside.high), abs=1e-6)


def test_resampled_means_equal_a_plain_loop(right):
    right[::7, 1] = NAN
    counts = bootstrap_counts(400, 50, 3)
    plain = np.array(
        [
            [np.average(c[np.isfinite(c)], weights=n[np.isfinite(c)]) for c in right.T]
            for n in counts
        ]
    )
    assert resampled_means(right, n_resamples=50, seed=3) == pytest.approx(plain, abs=1e-6)


def test_blocks_of_resamples_give_the_same_interval_as_all_at_once(right, monkeypatch):
    whole = estimates(right, n_resamples=300)
    monkeypatch.setattr("cascal.intervals.CACHED_CELLS", 0)
    monkeypatch.setattr("cascal.intervals.BLOCK_CELLS", 400 * 7)
    for one, other in zip(estimates(right, n_resamples=300), whole, strict=True):
        assert one.value == other.value
        assert abs(one.low - other.low) < 0.02
        assert abs(one.high - other.high) < 0.02


def test_a_gain_is_resampled_in_pairs(right):
    """The difference of resampled columns is the resampled difference."""
    both = resampled_means(np.column_stack([right, right[:, 4] - right[:, 3]]))
    assert both[:, 4] - both[:, 3] == pytest.approx(both[:, 5], abs=1e-6)


def test_intervals_agree_with_scipy():
    random = np.random.default_rng(1)
    values = random.normal(size=200)
    theirs = bootstrap(
        (values,), np.mean, n_resamples=9999, method="percentile", rng=1
    ).confidence_interval
    ours = estimate(values)
    width = theirs.high - theirs.low
    assert abs(ours.low - theirs.low) < 0.05 * width
    assert abs(ours.high - theirs.high) < 0.05 * width


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """300 samples of 120 coin tosses: 95 % intervals cover ½ in 91 to 98 %."""
    random = np.random.default_rng(2)
    found = estimates((random.random((120, 300)) < 0.5).astype(float), n_resamples=400)
    covered = np.mean([one.low <= 0.5 <= one.high for one in found])
    assert 0.91 <= covered <= 0.98


def test_resampling_tasks_shows_what_other_tasks_might_show():
    """Three tasks, all right, all wrong, all right: the interval over tasks is much wider."""
    values = np.repeat([1.0, 0.0, 1.0], 100)[:, None]
    groups = np.repeat([0, 1, 2], 100)
    by_query, by_task = estimates(values)[0], estimates(values, groups=groups)[0]
    assert by_query.value == by_task.value == pytest.approx(2 / 3)
    assert by_task.high - by_task.low > 5 * (by_query.high - by_query.low)
    assert (by_task.low, by_task.high) == (0.0, 1.0)


def test_a_column_without_values_stays_nan_and_nothing_at_all_too():
    found = estimates(np.column_stack([np.ones(5), np.full(5, NAN)]))
    assert found[0].value == 1.0
    assert np.isnan([found[1].value, found[1].low, found[1].high]).all()
    assert found[1].n == 0
    assert estimates(np.full((3, 2), NAN))[1].n == 0
    low, high = interval(np.full((4, 1), NAN))
    assert np.isnan([low[0], high[0]]).all()


def test_mean_rows_leaves_nan_out():
    assert mean_rows([np.array([1.0, NAN, NAN]), np.array([0.0, 1.0, NAN])])[:2].tolist() == [
        0.5,
        1,
    ]
    assert np.isnan(mean_rows([np.array([NAN])]))[0]


def test_mean_rows_does_not_depend_on_how_the_rows_lie_in_memory():
    rows = np.random.default_rng(1).random((625, 8))
    means = mean_rows(list(rows)).tolist()
    assert mean_rows(rows).tolist() == mean_rows(np.asfortranarray(rows)).tolist() == means


@pytest.mark.parametrize("n", [1, 2, 3, 10, 37, 400, 5001])
def test_mcnemars_p_value_is_that_of_the_exact_binomial_test(n):
    for heads in sorted({0, 1, n // 3, n // 2, (n + 1) // 2, n - 1, n}):
        sides = np.arange(n) < heads
        found = mcnemar(sides.astype(float), (~sides).astype(float)).p_value
        assert found == pytest.approx(binomtest(heads, n).pvalue, rel=1e-11, abs=0.0)


def test_mcnemar_on_paper():
    """Ten discordant queries, 9 to 1: p = 2 · (1 + 10) / 2¹⁰ = 22/1024."""
    first = np.array([1.0] * 9 + [0.0] + [1.0] * 5 + [NAN])
    second = np.array([0.0] * 9 + [1.0] + [1.0] * 5 + [1.0])
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (9, 1)
    assert found.p_value == pytest.approx(22 / 1024)
    assert mcnemar(second, first).p_value == found.p_value
    assert mcnemar(first, first).p_value == 1.0
    with refuses("wrong-shape", first.shape, (3,)):
        mcnemar(first, second[:3])


@pytest.mark.parametrize("seed", range(5))
def test_tau_b_equals_scipy(seed):
    random = np.random.default_rng(seed)
    one, other = random.integers(6, size=(2, 20, 9)).astype(float)
    expected = [kendalltau(a, b).statistic for a, b in zip(one, other, strict=True)]
    assert tau_b(one, other) == pytest.approx(np.array(expected), nan_ok=True)


@pytest.mark.bench
def test_two_thousand_resamples_of_5000_queries_and_15_routers_take_two_seconds():
    values = (np.random.default_rng(0).random((5000, 15)) < 0.6).astype(float)
    bootstrap_counts.cache_clear()
    started = time.perf_counter()
    estimates(values)
    assert time.perf_counter() - started < 2.0


def test_joint_intervals_hold_for_all_columns_at_once():
    """In 200 worlds of 20 columns the truth is missed somewhere in about 5 %, not in 60 %."""
    rng = np.random.default_rng(0)
    missed = np.zeros(2)
    for _ in range(200):
        values = rng.normal(size=(150, 20))
        for at, found in enumerate((joint_estimates(values)[0], estimates(values))):
            missed[at] += any(not one.low <= 0 <= one.high for one in found)
    assert missed[0] / 200 < 0.1
    assert missed[1] / 200 > 0.4


def test_joint_intervals_have_no_width_where_nothing_varies_and_none_without_values():
    values = np.column_stack([np.zeros(50), np.arange(50) % 2, np.full(50, np.nan)])
    (still, moving, unknown), (alone,) = joint_estimates(values, values[:, [1]])
    assert alone.low == pytest.approx(moving.low)
    assert (still.value, still.low, still.high, still.n) == (0.0, 0.0, 0.0, 50)
    assert moving.low < 0.5 < moving.high
    assert moving.high - moving.value == pytest.approx(moving.value - moving.low)
    assert np.isnan([unknown.value, unknown.low, unknown.high]).all()
    assert unknown.n == 0
