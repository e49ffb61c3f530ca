"""What is kept for every query stays small, and chunks of rows change nothing but rounding."""

from __future__ import annotations

import numpy as np
import pytest

import cascal
from cascal.computing.row_chunks import row_slices
from cascal.rank import group_sums
from cascal.routing.reach import measured


def pool(n_queries=240, n_models=5, seed=0, dtype=np.float32):
    """Votes with log-probabilities and unit vectors of two tasks."""
    random = np.random.default_rng(seed)
    ids = [f"q{row:04d}" for row in range(n_queries)]
    answers = random.integers(-1, 4, size=(n_queries, n_models))
    logprobs = -random.exponential(size=answers.shape)
    models = [f"m{one}" for one in range(n_models)]
    tasks = [f"t{row % 2}" for row in range(n_queries)]
    votes = cascal.Votes(ids, tasks, models, answers, logprobs, np.full(n_queries, 4))
    rows = random.normal(size=(n_queries, 16)).astype(dtype)
    return votes, cascal.Embeddings.from_array(ids, rows, "made")


@pytest.mark.parametrize(("n_rows", "size"), [(0, 4), (3, 4), (4, 4), (9, 4)])
def test_slices_cover_every_row_once(n_rows, size):
    parts = [np.arange(n_rows)[rows] for rows in row_slices(n_rows, size)]
    assert np.concatenate(parts).tolist() == list(range(n_rows))
    assert max(map(len, parts)) <= size


def test_a_fit_keeps_votes_and_float32_vectors_as_they_came_and_in_place():
    votes, vectors = pool()
    fitted = cascal.fit(votes, vectors)
    assert fitted.vectors.dtype == np.float32
    assert np.shares_memory(fitted.vectors, vectors.vectors)
    assert fitted.votes is votes


def test_a_fit_of_float32_vectors_equals_one_of_the_same_numbers_in_float64():
    votes, narrow = pool()
    wide = cascal.Embeddings(narrow.query_ids, narrow.vectors.astype(np.float64), narrow.encoder)
    one, other = (cascal.fit(votes, vectors).router() for vectors in (narrow, wide))
    assert one.clusters.assignment.tolist() == other.clusters.assignment.tolist()
    assert np.array_equal(one.clusters.centroids, other.clusters.centroids)
    assert np.array_equal(one.rankings.scores, other.rankings.scores)
    assert np.array_equal(one.reach.precision, other.reach.precision)


def test_a_fit_in_chunks_equals_one_in_a_piece_to_rounding(monkeypatch):
    votes, vectors = pool()
    whole = cascal.fit(votes, vectors)
    monkeypatch.setattr("cascal.consensus.expectation_maximisation.FEW", 50)
    monkeypatch.setattr("cascal.clustering.regroup.FEW", 30)
    monkeypatch.setattr("cascal.routing.reach.MANY", 70)
    parts = cascal.fit(votes, vectors)
    assert np.allclose(parts.consensus, whole.consensus, rtol=0, atol=1e-9, equal_nan=True)
    one, other = whole.router(), parts.router()
    assert one.clusters.assignment.tolist() == other.clusters.assignment.tolist()
    assert np.abs(one.rankings.scores - other.rankings.scores).max() <= 1e-9
    assert np.isclose(one.reach.limit, other.reach.limit, rtol=0, atol=1e-6)


def test_sums_and_reach_in_chunks_equal_those_of_all_rows(monkeypatch):
    random = np.random.default_rng(1)
    rows, group = random.normal(size=(300, 8)), random.integers(4, size=300)
    sums, reach = group_sums(rows, group, 4), measured(rows)
    for module in ("rank", "routing.reach"):
        monkeypatch.setattr(f"cascal.{module}.MANY", 64)
    assert np.abs(group_sums(rows, group, 4) - sums).max() <= 1e-9
    assert np.abs(measured(rows).precision - reach.precision).max() <= 1e-6


@pytest.mark.parametrize("merge_distance", [0.05, 0.6])
def test_a_move_without_kept_similarities_makes_the_same_router(monkeypatch, merge_distance):
    votes, vectors = pool()
    thresholds = cascal.Thresholds(0.0, merge_distance)
    kept = cascal.fit(votes, vectors)
    monkeypatch.setattr("cascal.clustering.cluster.KEPT_SIMILARITIES", 0)
    dropped = cascal.fit(votes, vectors)
    assert all(task.similarity is not None for task in kept.by_task)
    assert all(task.similarity is None for task in dropped.by_task)
    one, other = kept.router(thresholds), dropped.router(thresholds)
    assert one.clusters.assignment.tolist() == other.clusters.assignment.tolist()
    assert np.array_equal(one.rankings.scores, other.rankings.scores)
