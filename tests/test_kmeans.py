"""Both k-means equal scikit-learn on every problem alone; the short silhouette too."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples, silhouette_score

from cascal.clustering import kmeans
from cascal.clustering.cluster import cosine_silhouettes, query_silhouettes, task_candidates
from cascal.clustering.groups import reliability_groups
from cascal.clustering.kmeans import Problem, solve
from cascal.clustering.merge import normalise


def random_rows(random, n=80, dimension=8, n_centres=4, noise=0.4):
    centres = random.normal(size=(n_centres, dimension))
    points = centres[random.integers(n_centres, size=n)]
    return normalise(points + noise * random.normal(size=points.shape))


def library(rows, weights, k, seed):
    """Labels (n,), −1 where the weight is 0, and centres of scikit-learn's own run."""
    inside = np.flatnonzero(weights > 0)
    model = KMeans(k, init="k-means++", n_init=1, max_iter=200, random_state=seed)
    model.fit(rows[inside], sample_weight=weights[inside])
    labels = np.full(len(rows), -1)
    labels[inside] = model.labels_
    return labels, model.cluster_centers_


def assert_equals_the_library(rows, weights, problems, seed):
    solutions = solve(rows, weights, problems, seed)
    assert len(solutions) == len(problems)
    for problem, solution in zip(problems, solutions, strict=True):
        labels, centres = library(rows, weights[problem.owner], problem.k, seed)
        assert solution.labels.tolist() == labels.tolist(), problem
        assert np.abs(solution.centers - centres).max() <= 1e-9, problem


@pytest.mark.parametrize("largest", [5, 9])
@pytest.mark.parametrize("seed", range(6))
def test_solve_equals_the_library_on_each_problem(seed, largest):
    """Four owners with random weights, a third of them 0; every k from 2 on."""
    random = np.random.default_rng(100 + seed)
    rows = random_rows(random)
    weights = random.uniform(0.2, 3.0, size=(4, len(rows)))
    weights[random.random(weights.shape) < 1 / 3] = 0.0
    problems = [Problem(owner, k) for owner in range(4) for k in range(2, largest + 1)]
    assert_equals_the_library(rows, weights, problems, seed)


@pytest.mark.parametrize("seed", range(4))
def test_equal_weights_and_rows_without_structure(seed):
    random = np.random.default_rng(seed)
    rows = normalise(random.normal(size=(60, 16)))
    assert_equals_the_library(rows, np.ones((1, 60)), [Problem(0, k) for k in (2, 3, 5)], seed)


@pytest.mark.parametrize("seed", range(4))
def test_duplicated_rows(seed):
    """Every row four times, with weights of its own."""
    random = np.random.default_rng(seed)
    rows = np.repeat(random_rows(random, n=15), 4, axis=0)
    weights = random.uniform(0.5, 2.0, size=(2, 60))
    problems = [Problem(owner, k) for owner in range(2) for k in range(2, 6)]
    assert_equals_the_library(rows, weights, problems, seed)


def test_problems_come_back_in_the_order_they_were_given():
    random = np.random.default_rng(7)
    rows = random_rows(random)
    weights = random.uniform(0.2, 3.0, size=(3, len(rows)))
    problems = [Problem(2, 5), Problem(0, 2), Problem(1, 9), Problem(2, 2), Problem(0, 5)]
    assert_equals_the_library(rows, weights, problems, seed=3)


def test_a_problem_does_not_depend_on_the_others():
    random = np.random.default_rng(8)
    rows = random_rows(random)
    weights = random.uniform(0.2, 3.0, size=(3, len(rows)))
    together = solve(rows, weights, [Problem(m, k) for m in range(3) for k in (2, 3, 4)], 0)
    for at, (m, k) in enumerate((m, k) for m in range(3) for k in (2, 3, 4)):
        (alone,) = solve(rows, weights[m : m + 1], [Problem(0, k)], 0)
        assert alone.labels.tolist() == together[at].labels.tolist()


def test_scaling_all_weights_changes_nothing():
    random = np.random.default_rng(9)
    rows = random_rows(random)
    weights = random.uniform(0.2, 3.0, size=(1, len(rows)))
    problems = [Problem(0, k) for k in (2, 3, 4, 5)]
    for a, b in zip(
        solve(rows, weights, problems, 0), solve(rows, 8 * weights, problems, 0), strict=True
    ):
        assert a.labels.tolist() == b.labels.tolist()


def test_a_problem_that_empties_a_cluster_is_handed_to_the_library(monkeypatch):
    """Two equal seeds: the second centre gets no row. Only that problem is solved again."""
    random = np.random.default_rng(10)
    rows = np.concatenate([random_rows(random, n=40), random_rows(random, n=1)])
    rows[40] = rows[0]
    weights = random.uniform(0.2, 3.0, size=(2, 41))
    original, asked = kmeans.library_solution, []

    def bad_seeds(rows, weights, n_centers, n_trials, seed):
        chosen = kmeans_seeds(rows, weights, n_centers, n_trials, seed)
        chosen[0, :2] = 0, 40
        return chosen

    def counting(rows, weights, k, seed):
        asked.append(k)
        return original(rows, weights, k, seed)

    kmeans_seeds = kmeans.seed_centers
    monkeypatch.setattr(kmeans, "seed_centers", bad_seeds)
    monkeypatch.setattr(kmeans, "library_solution", counting)
    problems = [Problem(owner, k) for owner in range(2) for k in (3, 4)]
    assert_equals_the_library(rows, weights, problems, seed=0)
    assert asked == [3, 4]


def test_a_cluster_that_empties_on_the_way_is_noticed():
    """Two owners start alike, but the rows that feed the third centre weigh 0 for the second."""
    angle = np.radians([0.0, 5.0, 90.0, 95.0, 180.0])
    rows = np.column_stack([np.cos(angle), np.sin(angle)])
    weights = np.array([[1.0, 1, 1, 1, 1], [1.0, 1, 1, 1, 0]])
    start = np.stack([rows[[0, 2, 4]]] * 2)
    labels, centres, emptied = kmeans.lloyd(rows, weights, start, np.full(2, 1e-6))
    assert emptied.tolist() == [False, True]
    assert labels[0].tolist() == [0, 0, 1, 1, 2]
    assert centres[0][2] == pytest.approx([-1, 0])


def test_more_than_127_clusters_are_found_too():
    rows = normalise(np.random.default_rng(11).normal(size=(300, 6)))
    assert_equals_the_library(rows, np.ones((1, 300)), [Problem(0, 130)], seed=0)


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_silhouettes_equal_the_library(seed, k):
    """Several labelings at once, each with rows left out, singletons included."""
    random = np.random.default_rng(seed)
    rows = random_rows(random, n=50)
    labels = random.integers(-1, k, size=(4, 50))
    labels[0, labels[0] == 0], labels[0, 7] = 1, 0  # one singleton
    expected = [silhouette_score(rows[one >= 0], one[one >= 0], metric="cosine") for one in labels]
    assert np.abs(cosine_silhouettes(rows, labels, k) - expected).max() <= 2e-7
    own = query_silhouettes(rows, labels, k)
    for values, one in zip(own, labels, strict=True):
        expected = silhouette_samples(rows[one >= 0], one[one >= 0], metric="cosine")
        assert np.abs(values[one >= 0] - expected).max() <= 2e-6
        assert not values[one < 0].any()


def test_silhouettes_worked_by_hand():
    """0° 0° | 90°: within 0, between 1: 1 each, the singleton 0: ⅔. Equal rows split in two: 0."""
    rows = np.array([[1.0, 0], [1, 0], [0, 1]])
    assert cosine_silhouettes(rows, np.array([[0, 0, 1]]), 2) == pytest.approx([2 / 3])
    same = np.array([[1.0, 0]] * 4)
    assert cosine_silhouettes(same, np.array([[0, 0, 1, 1]]), 2).tolist() == [0.0]


def test_candidates_hold_the_library_clusters_of_every_k_and_their_silhouettes():
    random = np.random.default_rng(12)
    rows = random_rows(random, n=60)
    weights = random.uniform(0.5, 1.0, size=(3, 60))
    weights[random.random(weights.shape) < 0.5] = 0.0
    found = task_candidates(0, np.arange(60), rows, weights, max_k=5, seed=0)
    for one in found.candidates():
        inside = np.flatnonzero(weights[one.model])
        assert one.rows.tolist() == inside.tolist()
        if one.k == 1:
            centres = np.average(rows[inside], axis=0, weights=weights[one.model, inside])[None]
        else:
            labels, centres = library(rows, weights[one.model], one.k, 0)
            assert one.labels.tolist() == labels[inside].tolist()
            expected = silhouette_score(rows[inside], one.labels, metric="cosine")
            assert one.silhouette == pytest.approx(expected, abs=2e-7)
        assert np.abs(one.centroids - normalise(centres)).max() <= 1e-9
        assert one.support.tolist() == np.bincount(one.labels, minlength=one.k).tolist()
    assert len(found.candidates()) == 15


@pytest.mark.parametrize(
    ("n_strong", "n_distinct", "expected"),
    [(0, 9, 0), (1, 9, 1), (2, 9, 1), (3, 9, 2), (5, 9, 4), (9, 9, 5), (9, 1, 1), (9, 3, 2)],
)
def test_the_largest_k_leaves_one_query_and_one_distinct_vector_over(
    n_strong, n_distinct, expected
):
    rows = normalise(np.random.default_rng(13).normal(size=(9, 4)))[np.arange(9) % n_distinct]
    weights = (np.arange(9) < n_strong).astype(float)[None]
    found = task_candidates(0, np.arange(9), rows, weights, max_k=5, seed=0)
    assert found.largest_k.tolist() == [expected]
    assert [one.k for one in found.candidates()] == list(range(1, expected + 1))


def test_the_chosen_k_has_the_best_silhouette_if_it_is_good_enough():
    """Two tight, distant groups: k = 2 with a silhouette near 1, until the threshold passes it."""
    random = np.random.default_rng(14)
    points = np.repeat([[1.0, 0, 0], [0, 1, 0]], 10, axis=0)
    rows = normalise(points + 0.05 * random.normal(size=points.shape))
    found = task_candidates(0, np.arange(20), rows, np.ones((1, 20)), max_k=5, seed=0)
    best = float(found.silhouettes[0, 1])
    assert best == found.silhouettes.max() > 0.9
    assert found.chosen_k(best).tolist() == [2]
    assert found.chosen_k(np.nextafter(best, 2.0)).tolist() == [1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n_rows", "dtype"), [(1100, np.float64), (4100, np.float32)])
def test_groups_equal_the_library_in_chunks_of_rows(monkeypatch, n_rows, dtype, seed):
    random = np.random.default_rng(seed)
    rows = random_rows(random, n=n_rows, n_centres=12, noise=0.6).astype(dtype)
    model = KMeans(n_rows // 500, n_init=2, random_state=seed).fit(rows.astype(np.float64))
    monkeypatch.setattr("cascal.clustering.groups.FEW", 300)
    assert reliability_groups(rows, seed).tolist() == model.labels_.tolist()


def test_groups_are_the_library_s_where_a_cluster_empties_on_the_way(monkeypatch):
    """Where all centres start in one place, all rows but its own go to the first of them."""
    rows = random_rows(np.random.default_rng(3), n=1600)
    model = KMeans(3, n_init=2, random_state=1).fit(rows)
    monkeypatch.setattr("cascal.clustering.groups.seed_rows", lambda rows, draws: [7, 7, 7])
    assert reliability_groups(rows, 1).tolist() == model.labels_.tolist()


def test_groups_make_no_copy_of_the_vectors(monkeypatch):
    rows = random_rows(np.random.default_rng(4), n=10_000, dimension=200).astype(np.float32)
    monkeypatch.setattr("cascal.clustering.groups.FEW", 500)
    tracemalloc.start()
    reliability_groups(rows, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < rows.nbytes
