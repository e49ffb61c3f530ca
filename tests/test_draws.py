"""Every random draw of queries: pinned, and the same however the rows are ordered."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import make_part

from cascal.collection.rgd_filter import rgd_filter
from cascal.compare.scaling import draw_training
from cascal.computing.many_generators import uniform_rows
from cascal.dataset.part import Part, split_part
from cascal.datatypes import Embeddings, Votes
from cascal.draws import random_places, random_rows, stratified_halves, stratified_rows
from cascal.importers.splits import drawn_test_queries
from cascal.verdicts.light import halves

N = 19
IDS = tuple(f"q{7 * row % N}" for row in range(N))
TASKS = tuple("dccbcdbccbdcbccdccb")


@pytest.fixture
def part() -> Part:
    """Three strong models that agree on all queries, and one that never does."""
    answers = np.zeros((N, 4), dtype=np.int64)
    answers[:, 3] = 1 + np.arange(N) % 2
    votes = Votes(IDS, TASKS, tuple("wxyz"), answers, np.full((N, 4), -0.1), np.full(N, 4))
    return make_part(votes, Embeddings.from_array(IDS, np.eye(N), "e"), answers[:, 0])


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (0, [1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0]),
        (5, [0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1]),
    ],
)
def test_the_halves_of_the_verdict_stay(seed, expected):
    assert halves(IDS, TASKS, seed).tolist() == expected


@pytest.mark.parametrize(
    ("seed", "expected"),
    [(0, "q0 q14 q8 q3 q10 q17 q5 q12"), (5, "q0 q7 q18 q6 q10 q17 q5 q12")],
)
def test_the_test_queries_and_the_training_draws_stay(part, seed, expected):
    assert split_part(part, 0.4, seed)[1].votes.query_ids == tuple(expected.split())
    assert draw_training(part, 8, seed).votes.query_ids == tuple(expected.split())


@pytest.mark.parametrize(
    ("seed", "expected"),
    [(0, [2, 5, 6, 9, 10, 11, 12, 13, 15]), (5, [3, 4, 5, 7, 9, 10, 12, 13, 15])],
)
def test_the_balanced_draw_of_the_filter_stays(part, seed, expected):
    overall = np.array([0.9, 0.8, 0.7, 0.1])
    kept = rgd_filter(part.votes, overall, max_others=1, n_queries=9, seed=seed)
    assert kept.rows.tolist() == expected


@pytest.mark.parametrize(
    ("seed", "expected"), [(0, [0, 7, 8, 14, 15, 17]), (5, [7, 9, 11, 12, 13, 16])]
)
def test_the_unfiltered_arm_of_the_experiment_stays(seed, expected):
    assert sorted(random_rows(IDS, 6, seed)) == expected


def test_the_split_of_an_import_stays():
    drawn = drawn_test_queries(IDS, TASKS, 0.4)
    assert drawn == set("q0 q13 q15 q18 q4 q5 q6 q7".split())  # noqa: SIM905 - read as one line


def test_no_draw_depends_on_the_order_of_the_rows():
    order = np.random.default_rng(1).permutation(N)
    ids, tasks = [IDS[row] for row in order], [TASKS[row] for row in order]
    places, moved = random_places(IDS, 3), random_places(ids, 3)
    assert np.array_equal(moved, places[order])
    assert np.array_equal(stratified_halves(tasks, moved), stratified_halves(TASKS, places)[order])
    assert {ids[row] for row in stratified_rows(tasks, moved, 8)} == {
        IDS[row] for row in stratified_rows(TASKS, places, 8)
    }
    assert [ids[row] for row in random_rows(ids, 6, 3)] == [
        IDS[row] for row in random_rows(IDS, 6, 3)
    ]


def test_every_stratum_keeps_its_share_at_every_size():
    places = random_places(IDS, 0)
    for n_rows in range(N + 1):
        rows = stratified_rows(TASKS, places, n_rows)
        assert len(rows) == n_rows
        for stratum in set(TASKS):
            here = sum(TASKS[row] == stratum for row in rows)
            assert abs(here - n_rows * TASKS.count(stratum) / N) < 1.5


def test_nothing_is_drawn_from_nothing():
    assert len(random_places((), 0)) == len(random_rows((), 3, 0)) == 0
    assert len(stratified_rows((), random_places((), 0), 3)) == 0


def test_many_generators_give_the_numbers_of_numpys_own():
    edges = [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1]
    drawn = np.random.default_rng(0).integers(2**64, size=300, dtype=np.uint64)
    seeds = np.array([*edges, *drawn.tolist()], dtype=np.uint64)
    expected = [np.random.default_rng(int(seed)).random(9) for seed in seeds]
    assert np.array_equal(uniform_rows(seeds, 9), expected)
    assert uniform_rows(seeds[:0], 3).shape == (0, 3)
