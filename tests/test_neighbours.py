"""The nearest queries are exact, whatever the block, and ties go to the lowest row."""

from __future__ import annotations

import numpy as np
import pytest

from cascal.encode.neighbours import nearest, nearest_in_order, nearest_rows


def unit_rows(seed, n, dtype=np.float64, dimension=8):
    rows = np.random.default_rng(seed).normal(size=(n, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(dtype)


def in_order(rows, others, k, block):
    parts = list(nearest_in_order(rows, others, k, block))
    assert [part.start for part, _, _ in parts] == list(range(0, len(rows), block))
    return (np.concatenate(column) for column in list(zip(*parts, strict=True))[1:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 7, 40])
def test_the_k_nearest_are_those_of_a_full_sort(dtype, k):
    rows, others = unit_rows(0, 1100, dtype), unit_rows(1, 300, dtype)
    table = rows.astype(np.float64) @ others.T.astype(np.float64)
    expected = np.argsort(-table, axis=1, kind="stable")[:, :k]
    assert np.array_equal(np.sort(nearest_rows(rows, others, k)), np.sort(expected))
    places, cosines = in_order(rows, others, k, 300)
    assert np.array_equal(places, expected)
    assert cosines.dtype == dtype
    assert np.allclose(cosines, np.take_along_axis(table, expected, axis=1), atol=1e-6)


@pytest.mark.parametrize("n", [3, 40, 600])
def test_of_equal_queries_the_first_are_taken(n):
    """Small whole numbers, so that every product is exact and most of them tie."""
    random = np.random.default_rng(n)
    rows, others = (random.integers(-1, 2, size=(size, 3)).astype(float) for size in (700, n))
    expected = np.argsort(-(rows @ others.T), axis=1, kind="stable")[:, :3]
    assert np.array_equal(np.sort(nearest_rows(rows, others, 3)), np.sort(expected))
    places, _ = in_order(rows, others, 3, 256)
    assert np.array_equal(places, expected)
    assert np.array_equal(nearest(rows, others)[1], expected[:, 0])


def test_fewer_others_than_wanted_are_all_taken():
    assert np.array_equal(
        np.sort(nearest_rows(unit_rows(0, 5), unit_rows(1, 4), 40)), [[0, 1, 2, 3]] * 5
    )
    assert nearest_rows(unit_rows(0, 5)[:0], unit_rows(1, 4), 3).shape == (0, 3)
