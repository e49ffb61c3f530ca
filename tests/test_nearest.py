"""The nearest clusters of a row are the same in float32 and float64, alone and in a batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cascal
from cascal.clustering.merge import normalise
from cascal.computing.rounding_error import product_error
from cascal.computing.row_chunks import row_slices
from cascal.computing.threads import in_threads
from cascal.computing_order import best_first
from cascal.results import Rankings, SkillClusters
from cascal.routing.nearest import MANY_VECTORS, UnitVectors
from cascal.routing.route import CHUNK, CHUNKS_FOR_THREADS, Router

N_TASKS, N_MODELS = 7, 5


def close_vectors(random, n_vectors, dimension, apart):
    """Unit vectors of which some are equal, and some differ by little more than a rounding."""
    vectors = normalise(random.normal(size=(n_vectors, dimension)))
    third = n_vectors // 3
    moved = vectors[:third] + apart * random.normal(size=(third, dimension))
    vectors[third : 2 * third] = normalise(moved)
    vectors[2 * third : 3 * third] = vectors[:third]
    return vectors


def close_rows(random, vectors, n_rows):
    """Rows in float32, among them rows between two vectors, at one, and of length 0.5 and 0."""
    near = vectors[random.integers(len(vectors), size=(2, n_rows))].sum(axis=0)
    noise = random.normal(size=near.shape) * random.choice([0.0, 1e-7, 0.1], size=(n_rows, 1))
    rows = normalise(near + noise)
    rows[::17] *= 0.5
    return rows.astype(np.float32)


def made_router(vectors, routing, random):
    """A router with these centroids and scores that often tie."""
    models = tuple(f"m{one}" for one in range(N_MODELS))
    of_cluster = np.arange(len(vectors)) % N_TASKS
    scores = random.integers(1, 5, size=(len(vectors), N_MODELS)) / 5.0
    ones = np.ones_like(of_cluster)
    clusters = SkillClusters(
        tuple(f"t{one}" for one in range(N_TASKS)), vectors, of_cluster, ones, of_cluster, 0 * ones
    )
    rankings = Rankings(
        models=models,
        scores=scores,
        mean_scores=scores,
        standard_error=0.0 * scores,
        trust=np.ones_like(scores),
        order=best_first(scores, models),
        overall=scores.mean(axis=0),
    )
    means = [vectors[of_cluster == task].mean(axis=0) for task in range(N_TASKS)]
    return Router(
        clusters=clusters,
        rankings=rankings,
        representatives=normalise(np.stack(means)),
        encoder="made",
        settings=cascal.FitSettings(routing=routing),
        thresholds=cascal.Thresholds(),
        fingerprint="made",
        center=np.zeros(N_MODELS),
        spread=np.ones(N_MODELS),
    )


def same_bits(one, other):
    for name in ("task", "cluster", "distance", "scores", "selected", "fallback"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@settings(deadline=None, max_examples=60, derandomize=True, database=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    dimension=st.sampled_from([3, 64, 384]),
    apart=st.sampled_from([1e-12, 1e-9, 1e-7, 1e-5]),
    k=st.integers(1, 5),
)
def test_the_nearest_are_those_of_the_pairs_in_float64(seed, dimension, apart, k):
    """Whatever the width of the rows; vectors that are equal or hardly differ included."""
    random = np.random.default_rng(seed)
    vectors = close_vectors(random, MANY_VECTORS + 9, dimension, apart)
    rows = close_rows(random, vectors, 60)
    pairs = np.vecdot(rows.astype(np.float64)[:, None, :], vectors)
    expected = np.argsort(-pairs, axis=1, kind="stable")[:, :k]
    compared = UnitVectors(vectors)
    for some in (rows, rows.astype(np.float64)):
        found, distances = compared.compared(some).nearest(k)
        assert np.array_equal(found, expected)
        assert np.array_equal(distances, 1.0 - np.take_along_axis(pairs, expected, axis=1))
        assert np.array_equal(compared.compared(some).first(), expected[:, 0])


def test_float32_alone_would_find_others():
    """Else the tests here try nothing."""
    random = np.random.default_rng(0)
    vectors = close_vectors(random, MANY_VECTORS, 384, 1e-9)
    rows = close_rows(random, vectors, 500)
    single = (rows @ vectors.T.astype(np.float32)).argmax(axis=1)
    assert (single != UnitVectors(vectors).compared(rows).first()).sum() > 20


@pytest.mark.parametrize("dimension", [1, 3, 384, 3072])
@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_no_product_is_further_off_than_the_bound(dimension, width):
    """Numbers of one sign, whose roundings add up, and of both; longdouble knows the right sum."""
    random = np.random.default_rng(dimension)
    for shift in (0.0, 3.0):
        vectors = normalise(random.normal(size=(50, dimension)) + shift)
        rows = (0.7 * normalise(random.normal(size=(200, dimension)) + shift)).astype(width)
        right = rows.astype(np.longdouble) @ vectors.T.astype(np.longdouble)
        error = np.abs((rows @ vectors.T.astype(width)) - right).max()
        assert error <= product_error(dimension, np.dtype(width), 0.7)


@pytest.mark.parametrize("length", [0.0, 1e-30, 1e-3, 50.0, 1e30])
def test_rows_of_any_length_are_compared(length):
    random = np.random.default_rng(3)
    vectors = close_vectors(random, MANY_VECTORS, 32, 1e-9)
    rows = (length * normalise(random.normal(size=(40, 32)))).astype(np.float32)
    pairs = np.vecdot(rows.astype(np.float64)[:, None, :], vectors)
    assert np.array_equal(UnitVectors(vectors).compared(rows).first(), pairs.argmax(axis=1))


ROUTINGS = {
    "across tasks": cascal.Routing("blend", across_tasks=True, margin=0.01),
    "one task": cascal.Routing("blend", k_nearest=40),
    "two stages": cascal.Routing("blend", two_stage=True, sharp=True, fallback_distance=0.3),
    "nearest": cascal.Routing("nearest", k_nearest=1),
}


@pytest.mark.parametrize("routing", ROUTINGS.values(), ids=ROUTINGS)
@pytest.mark.parametrize("apart", [1e-9, 1e-7])
def test_routes_are_the_same_in_float32_and_float64_alone_and_in_a_batch(routing, apart):
    """`k_nearest` 40 is more than a task has clusters."""
    random = np.random.default_rng(5)
    vectors = close_vectors(random, MANY_VECTORS + 40, 384, apart)
    router = made_router(vectors, routing, random)
    rows = close_rows(random, vectors, 300)
    together = router.route(rows)
    same_bits(together, router.route(rows.astype(np.float64)))
    same_bits(together, router.route(np.asfortranarray(rows)))
    for row in range(0, 300, 23):
        alone = router.route(rows[row])
        assert np.array_equal(alone.scores[0], together.scores[row])
        assert alone.distance[0] == together.distance[row]
        assert alone.selected[0].tolist() == together.selected[row].tolist()


@pytest.mark.parametrize("n_vectors", [30, MANY_VECTORS])
def test_a_batch_for_several_threads_gives_the_routes_of_its_chunks(n_vectors):
    random = np.random.default_rng(6)
    vectors = close_vectors(random, n_vectors, 16, 1e-7)
    router = made_router(vectors, ROUTINGS["across tasks"], random)
    rows = close_rows(random, vectors, CHUNK * CHUNKS_FOR_THREADS + 5)
    whole = router.route(rows)
    for part in row_slices(len(rows), CHUNK):
        some = router.route(rows[part])
        assert np.array_equal(some.scores, whole.scores[part])
        assert np.array_equal(some.selected, whole.selected[part])


def test_what_a_thread_meets_is_raised():
    def work(rows):
        if rows.start == 30:
            raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        in_threads(work, list(row_slices(100, 10)), least=2)
