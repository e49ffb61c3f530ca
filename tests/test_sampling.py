"""k-means on a sample of a large task: what it is, what it leaves alone, and that it is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from refusals import refuses

import cascal
from cascal.clustering.cluster import task_candidates
from cascal.clustering.kmeans import Problem, Solution
from cascal.clustering.merge import normalise
from cascal.clustering.sampling import assign_once, stratified

N_QUERIES, N_MODELS, N_SKILLS = 600, 4, 3


def world(n_queries=N_QUERIES, seed=0):
    """One task of three skills, each far from the others; model m is right about skill m."""
    random = np.random.default_rng(seed)
    skill = random.integers(N_SKILLS, size=n_queries)
    rows = 0.15 * random.normal(size=(n_queries, 12)) + np.eye(12)[skill]
    gold = random.integers(4, size=n_queries)
    good = np.column_stack([skill == one for one in range(N_SKILLS)] + [skill >= 0])
    right = random.random((n_queries, N_MODELS)) < np.where(good, 0.95, 0.5)
    answers = np.where(right, gold[:, None], random.integers(4, size=right.shape))
    ids = [f"q{row:04d}" for row in range(n_queries)]
    votes = cascal.Votes(
        ids,
        ["t"] * n_queries,
        [f"m{one}" for one in range(N_MODELS)],
        answers,
        np.full(right.shape, np.nan),
        np.full(n_queries, 4),
    )
    return votes, cascal.Embeddings.from_array(ids, rows.astype(np.float32), "made"), skill


def test_a_sample_has_each_number_of_strong_models_as_often_as_the_task():
    random = np.random.default_rng(0)
    weights = random.random((6, 900)) * (random.random((6, 900)) < 0.3)
    strong = (weights > 0).sum(axis=0)
    n_rows = (strong > 0).sum()
    chosen = stratified(weights, 200)
    assert chosen is not None
    assert len(set(chosen.tolist())) == 200
    assert (np.diff(chosen) > 0).all()
    for number in range(1, 7):
        wanted = 200 * (strong == number).sum() / n_rows
        assert abs((strong[chosen] == number).sum() - wanted) <= 1
    assert not (strong[chosen] == 0).any()
    for model in range(6):
        share = (weights[model, chosen] > 0).mean() / ((weights[model] > 0).sum() / n_rows)
        assert 0.75 < share < 1.25


def test_as_many_rows_as_are_wanted_are_no_sample():
    weights = np.eye(3)
    assert stratified(weights, 3) is None
    assert stratified(weights, None) is None
    assert stratified(np.pad(weights, ((0, 0), (0, 9))), 3) is None


def test_all_rows_are_assigned_once_and_centres_become_their_means():
    """By hand: two centres on a line, weights 1 and 3; a centre that gets no row stays."""
    rows = np.array([[0.0], [1.0], [9.0], [11.0], [5.1]])
    weights = np.array([[1.0, 3.0, 1.0, 1.0, 0.0]])
    start = Solution(np.empty(0, dtype=np.int16), np.array([[0.0], [10.0], [99.0]]))
    (found,) = assign_once(rows, weights, [Problem(0, 3)], [start])
    assert found.labels.tolist() == [0, 0, 1, 1, -1]
    assert found.centers[:, 0].tolist() == [0.75, 10.0, 99.0]


def test_candidates_of_a_sample_are_those_of_all_rows_where_clusters_are_plain():
    _, vectors, skill = world()
    weights = np.ones((2, N_QUERIES))
    rows = np.arange(N_QUERIES)
    wide = normalise(vectors.vectors.astype(np.float64))
    every = task_candidates(0, rows, wide, weights, max_k=5, seed=0)
    some = task_candidates(0, rows, wide, weights, max_k=5, seed=0, sample=120)
    exact, sampled = every.candidate(0, N_SKILLS), some.candidate(0, N_SKILLS)
    table = np.zeros((N_SKILLS, N_SKILLS))
    np.add.at(table, (exact.labels, sampled.labels), 1)
    assert (table > 0).sum() == N_SKILLS  # the same partition, of all rows
    assert sampled.support.sum() == N_QUERIES
    nearest = (exact.centroids @ sampled.centroids.T).max(axis=1)
    assert np.allclose(nearest, 1.0, atol=1e-9)
    assert abs(exact.silhouette - sampled.silhouette) < 1e-9
    whole = [one.candidate(0, 1).centroids for one in (every, some)]
    assert np.allclose(*whole, rtol=0, atol=1e-12)
    assert len(set(skill)) == N_SKILLS


def test_a_fit_below_the_size_is_that_without_a_sample_and_above_it_says_so():
    votes, vectors, _ = world()
    exact = cascal.fit(votes, vectors)
    unused = cascal.fit(votes, vectors, cascal.FitSettings(sample=N_QUERIES))
    used = cascal.fit(votes, vectors, cascal.FitSettings(sample=100))
    one, other = exact.router().arrays(), unused.router().arrays()
    assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)
    assert any("k-means of 0 of" in note for note in unused.router().notes)
    assert any("saw a sample of 100 strong" in note for note in used.router().notes)
    assert not any("sample" in note for note in exact.router().notes)
    assert exact.fingerprint != used.fingerprint
    assert np.array_equal(exact.groups, used.groups)
    assert np.array_equal(exact.consensus, used.consensus)


def test_a_fit_on_a_sample_does_not_depend_on_the_order_of_the_rows():
    votes, vectors, _ = world()
    order = np.random.default_rng(1).permutation(N_QUERIES)
    settings = cascal.FitSettings(sample=100)
    columns = np.arange(N_MODELS)[::-1]
    one = cascal.fit(votes, vectors, settings).router()
    other = cascal.fit(votes.take(order, columns), vectors, settings).router()
    assert np.array_equal(one.clusters.centroids, other.clusters.centroids)
    assert np.array_equal(one.clusters.assignment[order], other.clusters.assignment)


def test_the_sample_is_recorded_in_the_router_file(tmp_path):
    votes, vectors, _ = world(200)
    router = cascal.fit(votes, vectors, cascal.FitSettings(sample=60)).router()
    router.save(tmp_path / "router.cascal")
    loaded = cascal.Router.load(tmp_path / "router.cascal")
    assert loaded.settings.sample == 60
    assert loaded.settings.name == "custom"
    assert loaded.notes == router.notes
    assert "sample" not in cascal.FitSettings().record()
    assert replace(loaded.settings, sample=None).name == "recommended"


@pytest.mark.parametrize("sample", [0, 49, 2.5, True, "many"])
def test_a_sample_that_cannot_be_is_refused(sample):
    with refuses("out-of-bounds", "FitSettings.sample"):
        cascal.FitSettings(sample=sample)
