"""A router at other thresholds does not depend on the moves before, and equals the plain sums."""

from __future__ import annotations

import numpy as np
import pytest

import cascal
from cascal.clustering.cluster import nearest_of
from cascal.clustering.merge import normalise
from cascal.rank import deviations, group_means, mean_errors, shrunken_scores

N_TASKS = 6


def world(seed=0, n_queries=240, n_models=5):
    """Votes that a few models get right by task and direction, and their vectors."""
    random = np.random.default_rng(seed)
    ids = [f"q{row:04d}" for row in random.permutation(n_queries)]
    rows = random.normal(size=(n_queries, 12)).astype(np.float32)
    task = random.integers(N_TASKS, size=n_queries)
    rows[:, 0] += 2.0 * (task % 3)
    gold, skill = random.integers(4, size=n_queries), rows[:, 1] > 0
    right = random.random((n_queries, n_models)) < np.where(skill, 0.9, 0.4)[:, None]
    answers = np.where(right, gold[:, None], random.integers(-1, 4, size=right.shape))
    votes = cascal.Votes(
        ids,
        [f"t{one}" for one in task],
        [f"m{one}" for one in range(n_models)],
        answers,
        -random.exponential(size=right.shape),
        np.full(n_queries, 4),
    )
    return votes, cascal.Embeddings.from_array(ids, rows, "made")


def moves(seed, n_moves=12):
    """Thresholds as sliders move them: one at a time, back and forth."""
    random = np.random.default_rng(seed)
    at = [0.05, 0.15, 0.95]
    for _ in range(n_moves):
        which = random.integers(3)
        choices = ([0.0, 0.02, 0.05, 0.1], [0.05, 0.15, 0.3, 0.6], [None, 0.2, 0.5, 0.95])[which]
        at[which] = choices[random.integers(4)]
        yield cascal.Thresholds(*at)


@pytest.mark.parametrize("preset", ["recommended", "released", "paper"])
def test_a_move_gives_the_router_that_a_fresh_fit_gives_to_the_last_bit(preset):
    settings = cascal.FitSettings.preset(preset)
    moved = cascal.fit(*world(), settings)
    for thresholds in moves(1, 4):
        one = moved.router(thresholds).arrays()
        other = cascal.fit(*world(), settings).router(thresholds).arrays()
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)


def test_rankings_and_joined_centroids_are_those_of_sums_over_all_queries():
    """As they were computed before sums were kept by task: over all queries, at every move."""
    votes, vectors = world(2)
    fitted = cascal.fit(votes, vectors)
    scores = np.nan_to_num(fitted.consensus)
    relative = scores - scores.mean(axis=1, keepdims=True)
    task = np.unique(votes.tasks, return_inverse=True)[1]
    n_joined = 0
    for thresholds in moves(3):
        router = fitted.router(thresholds)
        clusters, rankings, n = router.clusters, router.rankings, len(router.clusters)
        means = group_means(scores, clusters.assignment, n)
        assert np.abs(rankings.mean_scores - means).max() <= 1e-12
        expected, trust = shrunken_scores(
            scores.mean(axis=0), relative, task, clusters.assignment, clusters.task
        )
        assert np.abs(rankings.scores - expected).max() <= 1e-12
        assert np.abs(rankings.trust - trust).max() <= 1e-9
        errors = mean_errors(deviations(scores, clusters.assignment, n))
        assert np.allclose(rankings.standard_error, errors, rtol=0, atol=1e-9, equal_nan=True)
        if thresholds.prune_jaccard is not None:
            sums = group_means(vectors.vectors.astype(np.float64), clusters.assignment, n)
            unit = sums / np.linalg.norm(sums, axis=1, keepdims=True)
            assert np.abs(clusters.centroids - unit).max() <= 1e-12
            n_joined += 1
    assert n_joined


def test_the_nearest_centroid_in_float32_is_that_in_float64_where_they_hardly_differ():
    """Centroids in pairs a few roundings of float32 apart, and some that are equal."""
    random = np.random.default_rng(4)
    centroids = normalise(random.normal(size=(12, 384)))
    centroids[4:8] = normalise(centroids[:4] + 1e-8 * random.normal(size=(4, 384)))
    centroids[8:] = centroids[:4]
    rows = normalise(random.normal(size=(2000, 384)) + 20.0 * centroids[random.integers(12)])
    narrow = rows.astype(np.float32)
    exact = (centroids @ narrow.astype(np.float64).T).argmax(axis=0)
    single = (narrow @ centroids.T.astype(np.float32)).argmax(axis=1)
    assert (single != exact).any()  # else nothing is tried here
    assert nearest_of(narrow, centroids).tolist() == exact.tolist()
