"""Laws: what must hold for any votes, vectors and thresholds, and paths that must agree."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from conftest import make_world
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import cascal
from cascal.attainable import merge_distance_steps, silhouette_steps
from cascal.clustering.cluster import task_candidates
from cascal.clustering.kmeans import lloyd
from cascal.clustering.merge import (
    NO_OWNER,
    Unmerged,
    merge_all,
    merge_closest_pairs,
    merge_greedily,
    merge_steps,
    normalise,
)
from cascal.computing_order import best_first
from cascal.rank import group_means
from cascal.routing import route as route_module
from cascal.score import consensus_scores
from cascal.settings import PRESETS

SEEDS = st.integers(0, 10_000)
HEARING = ["z_sum", "posterior", "pds_confidence"]
METHODS = [*HEARING, "pds", "dawid_skene", "agreement"]
MERGE_DISTANCES = st.floats(0.01, 0.8)


def law(n):
    return settings(deadline=None, max_examples=n, derandomize=True, database=None)


def small_world(seed, **options):
    return make_world(**{"n_queries": 90, "n_models": 5, "n_tasks": 3, "seed": seed, **options})


def with_logprobs(votes, logprobs):
    return replace(votes, logprobs=logprobs)


def shuffled(votes, vectors, random):
    """The same data in another order of rows and models, and both permutations."""
    rows = random.permutation(votes.shape[0])
    columns = random.permutation(votes.shape[1])
    again = cascal.Embeddings(
        tuple(vectors.query_ids[row] for row in rows), vectors.vectors[rows], vectors.encoder
    )
    return votes.take(rows, columns), again, rows, columns


# Scores


@law(25)
@given(SEEDS, st.floats(0.01, 50.0), st.floats(0.0, 20.0), st.sampled_from(HEARING))
def test_scores_ignore_a_models_own_scale_and_shift(seed, scale, shift, method):
    votes, _, _ = small_world(seed, missing=0.1)
    model = seed % votes.shape[1]
    moved = votes.logprobs.copy()
    moved[:, model] = scale * moved[:, model] - shift
    before = consensus_scores(votes, method).values
    after = consensus_scores(with_logprobs(votes, moved), method).values
    assert after == pytest.approx(before, abs=1e-7, nan_ok=True)


@law(15)
@given(SEEDS, st.sampled_from(["pds", "dawid_skene", "agreement"]))
def test_head_counting_scores_never_read_log_probabilities(seed, method):
    votes, _, _ = small_world(seed, missing=0.1)
    blind = with_logprobs(votes, np.full(votes.shape, np.nan))
    before, after = (consensus_scores(one, method).values for one in (votes, blind))
    assert np.array_equal(before, after, equal_nan=True)


@law(25)
@given(SEEDS, st.sampled_from(METHODS))
def test_scores_are_symmetric_equal_votes_score_alike_and_order_does_not_matter(seed, method):
    votes, vectors, _ = small_world(seed, missing=0.1)
    scores = consensus_scores(votes, method).values
    for answers, row in zip(votes.answers, scores, strict=True):
        for answer in set(answers.tolist()) - {cascal.NO_ANSWER}:
            assert np.ptp(row[answers == answer]) == 0
    again, _, rows, columns = shuffled(votes, vectors, np.random.default_rng(seed))
    permuted = consensus_scores(again, method).values
    assert permuted == pytest.approx(scores[np.ix_(rows, columns)], abs=1e-9, nan_ok=True)


@law(25)
@given(SEEDS)
def test_z_sum_equals_a_plain_loop(seed):
    votes, _, _ = small_world(seed, n_queries=30, missing=0.2)
    scores = consensus_scores(votes, "z_sum")
    z = (votes.logprobs - scores.center) / scores.spread
    for q, m in np.ndindex(votes.shape):
        if votes.answers[q, m] == cascal.NO_ANSWER:
            assert np.isnan(scores.values[q, m])
            continue
        total = 0.0
        for j in range(votes.shape[1]):
            if votes.answers[q, j] == votes.answers[q, m]:
                total += z[q, j]
        assert scores.values[q, m] == pytest.approx(total, abs=1e-9)


# Weight N equals N copies


@law(20)
@given(SEEDS, st.integers(2, 5))
def test_a_row_of_weight_n_equals_n_copies_in_lloyds_iteration(seed, k):
    random = np.random.default_rng(seed)
    rows = normalise(random.normal(size=(30, 4)))
    weights = random.integers(1, 5, size=30)
    copies = np.repeat(np.arange(30), weights)
    start = rows[random.choice(30, k, replace=False)][None]
    tolerance = np.array([1e-8])
    weighted = lloyd(rows, weights[None].astype(float), start, tolerance)
    copied = lloyd(rows[copies], np.ones((1, len(copies))), start, tolerance)
    assert weighted[2].tolist() == copied[2].tolist()
    if not weighted[2][0]:
        assert weighted[0][0][copies].tolist() == copied[0][0].tolist()
        assert np.abs(weighted[1] - copied[1]).max() <= 1e-9


@law(20)
@given(SEEDS)
def test_a_strong_query_of_weight_n_pulls_like_n_copies(seed):
    random = np.random.default_rng(seed)
    rows = normalise(random.normal(size=(12, 4)))
    weights = random.integers(1, 5, size=12)
    copies = np.repeat(np.arange(12), weights)
    one = task_candidates(0, np.arange(12), rows, weights[None].astype(float), max_k=1, seed=0)
    many = task_candidates(0, copies, rows[copies], np.ones((1, len(copies))), max_k=1, seed=0)
    assert np.abs(one.centroids - many.centroids).max() <= 1e-12


@law(20)
@given(SEEDS, MERGE_DISTANCES)
def test_a_centroid_of_support_n_merges_like_n_copies_of_support_1(seed, distance):
    random = np.random.default_rng(seed)
    centroids = normalise(random.normal(size=(6, 3)))
    support = random.integers(1, 5, size=6)
    copies = np.repeat(np.arange(6), support)
    one = merge_closest_pairs(centroids, support, np.arange(6), distance)
    ones = np.ones(len(copies), dtype=int)
    many = merge_closest_pairs(centroids[copies], ones, copies, distance)
    assert np.abs(one.centroids - many.centroids).max() <= 1e-9
    assert one.support.tolist() == many.support.tolist()
    assert one.owner.tolist() == many.owner.tolist()


# Merging


def random_centroids(seed, n=12, dimension=3):
    random = np.random.default_rng(seed)
    centroids = normalise(random.normal(size=(n, dimension)))
    return centroids, random.integers(1, 40, size=n), np.arange(n), random


@law(40)
@given(SEEDS, MERGE_DISTANCES)
def test_closest_pair_merging_is_a_fixed_point(seed, distance):
    centroids, support, owner, _ = random_centroids(seed)
    merged = merge_closest_pairs(centroids, support, owner, distance)
    apart = 1.0 - merged.centroids @ merged.centroids.T
    np.fill_diagonal(apart, np.inf)
    assert apart.min() >= distance - 1e-12
    again = merge_closest_pairs(merged.centroids, merged.support, merged.owner, distance - 1e-12)
    assert np.abs(again.centroids - merged.centroids).max() <= 1e-12
    assert merged.support.sum() == support.sum()
    assert np.linalg.norm(merged.centroids, axis=1) == pytest.approx(np.ones(len(merged.centroids)))


@law(40)
@given(SEEDS, MERGE_DISTANCES)
def test_closest_pair_merging_ignores_the_order_of_its_rows(seed, distance):
    centroids, support, owner, random = random_centroids(seed)
    order = random.permutation(len(centroids))
    one = merge_closest_pairs(centroids, support, owner, distance)
    other = merge_closest_pairs(centroids[order], support[order], owner[order], distance)
    assert len(one.support) == len(other.support)
    match = (one.centroids @ other.centroids.T).argmax(axis=1)
    assert np.abs(one.centroids - other.centroids[match]).max() <= 1e-9
    assert one.support.tolist() == other.support[match].tolist()


def one_pair_at_a_time(centroids, support, owner, distance):
    """The merge of one task as it was before all tasks were merged in step: literal, slow."""
    total, weights = support.astype(float), np.eye(len(centroids))
    alive, similarity = np.ones(len(centroids), dtype=bool), centroids @ centroids.T
    np.fill_diagonal(similarity, -np.inf)
    for _ in range(len(centroids) - 1):
        i, j = divmod(int(similarity.argmax()), len(centroids))
        s_i, s_j = total[i], total[j]
        length = np.sqrt(s_i**2 + s_j**2 + 2.0 * s_i * s_j * similarity[i, j])
        if max(0.0, 1.0 - similarity[i, j]) >= distance:
            break
        weights[i] = (s_i * weights[i] + s_j * weights[j]) / length
        alive[j] = False
        to_others = (s_i * similarity[i] + s_j * similarity[j]) / length
        similarity[i], similarity[:, i] = to_others, to_others
        similarity[j], similarity[:, j] = -np.inf, -np.inf
        total[i] += s_j
    sums = weights[alive] @ centroids
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / lengths, weights[alive] / lengths, total[alive], owner[alive]


@pytest.mark.parametrize("distance", [0.0, 0.15, 0.6, 3.0])
def test_merging_all_tasks_in_step_equals_each_alone_to_the_last_bit(distance):
    random = np.random.default_rng(5)
    parts = []
    for n in (7, 1, 0, 12, 5, 12, 2, 9):
        centroids = normalise(np.abs(random.normal(size=(n, 4))))
        centroids[n // 2 :] = centroids[: n - n // 2]  # ties
        parts.append(Unmerged(centroids, random.integers(1, 9, size=n), np.arange(n)))
    for part, merged in zip(parts, merge_all("closest_pair", parts, distance), strict=True):
        if not len(part.owner):
            assert not len(merged.owner)
            continue
        expected = one_pair_at_a_time(*part, distance)
        found = (merged.centroids, merged.weights, merged.support, merged.owner)
        assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


def literal_closest_pairs(centroids, support, distance):
    """Recompute all distances, merge the closest pair, start again."""
    centroids = [np.array(one) for one in centroids]
    support = [int(one) for one in support]
    while True:
        best, pair = distance, None
        for i in range(len(centroids)):
            for j in range(i + 1, len(centroids)):
                apart = 1.0 - float(centroids[i] @ centroids[j])
                if apart < best:
                    best, pair = apart, (i, j)
        if pair is None:
            return np.array(centroids), support
        i, j = pair
        joined = support[i] * centroids[i] + support[j] * centroids[j]
        centroids[i] = joined / np.linalg.norm(joined)
        support[i] += support[j]
        del centroids[j], support[j]


@law(25)
@given(SEEDS, MERGE_DISTANCES)
def test_closest_pair_merging_equals_the_plain_loop(seed, distance):
    centroids, support, owner, _ = random_centroids(seed)
    merged = merge_closest_pairs(centroids, support, owner, distance)
    expected, supports = literal_closest_pairs(centroids, support, distance)
    assert merged.centroids.shape == expected.shape
    assert np.abs(merged.centroids - expected).max() <= 1e-9
    assert merged.support.tolist() == supports


@law(40)
@given(SEEDS, MERGE_DISTANCES)
def test_released_merging_adds_up_supports_and_keeps_members_means(seed, distance):
    centroids, support, owner, _ = random_centroids(seed)
    merged = merge_greedily(centroids, support, owner, distance)
    assert merged.support.sum() == support.sum()
    assert len(set(merged.owner.tolist())) == len(merged.owner)
    if len(merged.support) == len(support):
        apart = 1.0 - centroids @ centroids.T
        np.fill_diagonal(apart, np.inf)
        assert apart.min() >= distance
    if len(merged.support) == 1:
        assert merged.centroids == pytest.approx(normalise(support[None] @ centroids))


@pytest.mark.parametrize("merge", [merge_closest_pairs, merge_greedily])
def test_a_merge_distance_of_0_merges_nothing_not_even_equal_centroids(merge):
    """Whatever the last bit of their cosine says: the distance must be below the threshold."""
    for seed in range(20):
        twins = np.repeat(normalise(np.random.default_rng(seed).normal(size=(1, 7))), 2, axis=0)
        assert len(merge(twins, np.ones(2, int), np.arange(2), 0.0).centroids) == 2


# Fits and routers


PRESET_NAMES = list(PRESETS)


@law(12)
@given(
    SEEDS,
    st.sampled_from(PRESET_NAMES),
    st.floats(-0.2, 0.6),
    st.floats(0.0, 0.6),
    st.sampled_from([None, 0.95, 0.5, 0.2]),
)
def test_every_query_has_a_cluster_of_its_task_and_every_cluster_a_query(
    seed, preset, silhouette, distance, jaccard
):
    votes, vectors, _ = small_world(seed, missing=0.1)
    fit = cascal.fit(votes, vectors, cascal.FitSettings.preset(preset), n_jobs=1)
    router = fit.router(cascal.Thresholds(silhouette, distance, jaccard))
    clusters = router.clusters
    assert (clusters.assignment >= 0).all()
    assert (clusters.sizes > 0).all()
    assert clusters.sizes.sum() == len(votes.query_ids)
    home = [router.tasks[task] for task in clusters.task[clusters.assignment]]
    assert home == list(votes.tasks)
    assert np.linalg.norm(clusters.centroids, axis=1) == pytest.approx(np.ones(len(clusters)))
    for c in range(len(clusters)):
        members = fit.consensus[clusters.assignment == c]
        means = [
            sum(0.0 if np.isnan(x) else x for x in column) / len(column) for column in members.T
        ]
        digits = 5e-4 + 1e-9 if preset == "released" else 1e-9
        assert router.rankings.mean_scores[c] == pytest.approx(np.array(means), abs=digits)


@law(25)
@given(SEEDS, st.integers(1, 6))
def test_group_means_equal_a_plain_loop(seed, n_groups):
    random = np.random.default_rng(seed)
    values, group = random.normal(size=(20, 3)), random.integers(n_groups, size=20)
    means = group_means(values, group, n_groups)
    for g in range(n_groups):
        rows = [values[q] for q in range(20) if group[q] == g]
        expected = np.zeros(3) if not rows else sum(rows) / len(rows)
        assert means[g] == pytest.approx(expected)


@law(12)
@given(SEEDS, st.sampled_from(["recommended", "recommended-1", "paper"]))
def test_the_order_of_rows_and_models_does_not_matter(seed, preset):
    votes, vectors, _ = small_world(seed, missing=0.05)
    again, same_vectors, rows, columns = shuffled(votes, vectors, np.random.default_rng(seed + 1))
    chosen = cascal.FitSettings.preset(preset)
    one = cascal.fit(votes, vectors, chosen, n_jobs=1)
    other = cascal.fit(again, same_vectors, chosen, n_jobs=1)
    thresholds = cascal.Thresholds(merge_distance=0.1)
    a, b = one.router(thresholds), other.router(thresholds)
    assert a.tasks == b.tasks
    assert a.clusters.assignment[rows].tolist() == b.clusters.assignment.tolist()
    assert a.clusters.centroids.tolist() == b.clusters.centroids.tolist()
    assert a.clusters.support.tolist() == b.clusters.support.tolist()
    for mine, same in zip(a.clusters.owner, b.clusters.owner, strict=True):
        assert (mine == same == NO_OWNER) or a.models[mine] == b.models[same]
    assert a.rankings.scores[:, columns].tolist() == b.rankings.scores.tolist()
    test_vectors = small_world(seed + 1)[1]
    first, second = a.route(test_vectors), b.route(test_vectors)
    assert first.scores[:, columns] == pytest.approx(second.scores, abs=1e-12)
    assert first.cluster.tolist() == second.cluster.tolist()
    assert [[a.models[m] for m in row] for row in first.selected] == [
        [b.models[m] for m in row] for row in second.selected
    ]
    assert np.array_equal(one.consensus[np.ix_(rows, columns)], other.consensus, equal_nan=True)


@pytest.mark.parametrize("preset", PRESETS)
def test_how_arrays_lie_in_memory_does_not_matter(preset):
    votes, vectors, _ = small_world(3, missing=0.05, n_queries=400, n_models=8)
    ids = sorted(range(votes.shape[0]), key=votes.query_ids.__getitem__)
    votes = votes.take(np.array(ids), np.argsort(votes.models))  # nothing is left to be sorted
    vectors = vectors.take(votes.query_ids)
    by_column = replace(
        votes,
        answers=np.asfortranarray(votes.answers),
        logprobs=np.asfortranarray(votes.logprobs),
    )
    columnwise = replace(vectors, vectors=np.asfortranarray(vectors.vectors))
    chosen = cascal.FitSettings.preset(preset)
    one = cascal.fit(votes, vectors, chosen, n_jobs=1)
    other = cascal.fit(by_column, columnwise, chosen, n_jobs=1)
    assert np.array_equal(one.consensus, other.consensus, equal_nan=True)
    first, second = (fitted.router().route(vectors) for fitted in (one, other))
    assert np.array_equal(first.scores, second.scores)


# The staged fit equals a fit from scratch, and the method written out in loops


def literal_candidates(fit, task, min_silhouette):
    """Centroids and supports of one task: each model's best k, or its k = 1."""
    chosen = []
    for model in range(len(fit.votes.models)):
        own = [one for one in fit.candidates() if (one.task, one.model) == (task, model)]
        best = None
        for one in own:
            if one.k >= 2 and (best is None or one.silhouette > best.silhouette):
                best = one
        if best is None or best.silhouette < min_silhouette:
            best = next((one for one in own if one.k == 1), None)
        if best is not None:
            chosen += zip(best.centroids, best.support, strict=True)
    return chosen


def literal_assignment(fit, thresholds):
    """(centroids, supports, task of each cluster, cluster of each query) before pruning."""
    centroids, supports, tasks = [], [], []
    cluster_of = [None] * len(fit.vectors)
    for task, name in enumerate(fit.tasks):
        queries = [q for q, one in enumerate(fit.votes.tasks) if one == name]
        chosen = literal_candidates(fit, task, thresholds.min_silhouette)
        if chosen:
            merged, support = literal_closest_pairs(
                [one for one, _ in chosen], [one for _, one in chosen], thresholds.merge_distance
            )
        else:
            total = sum(fit.vectors[q] for q in queries)
            merged, support = np.array([total / np.linalg.norm(total)]), [0]
        nearest = {q: int(np.argmax([c @ fit.vectors[q] for c in merged])) for q in queries}
        for c in range(len(merged)):
            members = [q for q in queries if nearest[q] == c]
            if members:
                for q in members:
                    cluster_of[q] = len(centroids)
                centroids.append(merged[c])
                supports.append(support[c])
                tasks.append(task)
    return centroids, supports, tasks, cluster_of


def literal_means(filled, cluster_of, n_clusters):
    return [
        sum(filled[q] for q, c in enumerate(cluster_of) if c == cluster) / cluster_of.count(cluster)
        for cluster in range(n_clusters)
    ]


def literal_prune(means, tasks, cluster_of, models, jaccard, same_first):
    """Cluster each cluster ends in: one sweep, the larger survives, rankings are not refreshed."""
    orders = [sorted(range(len(models)), key=lambda m: (-mean[m], models[m])) for mean in means]
    sets = [set(order[:3]) for order in orders]
    size = [cluster_of.count(c) for c in range(len(means))]
    into = list(range(len(means)))
    for i in range(len(means)):
        if into[i] != i:
            continue
        for j in range(i + 1, len(means)):
            if into[j] != j or tasks[i] != tasks[j]:
                continue
            if len(sets[i] & sets[j]) / len(sets[i] | sets[j]) < jaccard:
                continue
            if same_first and orders[i][0] != orders[j][0]:
                continue
            if size[j] > size[i]:
                into[i], size[j] = j, size[i] + size[j]
                break
            into[j], size[i] = i, size[i] + size[j]
    for i in range(len(into)):
        while into[into[i]] != into[i]:
            into[i] = into[into[i]]
    return into


def literal_router(fit, thresholds):
    """Centroids, supports, tasks, clusters of the queries and mean scores, in canonical order."""
    centroids, supports, tasks, cluster_of = literal_assignment(fit, thresholds)
    filled = np.nan_to_num(fit.scores.values)
    means = literal_means(filled, cluster_of, len(centroids))
    if thresholds.prune_jaccard is None:
        return np.array(centroids), supports, tasks, cluster_of, np.array(means)
    into = literal_prune(
        means,
        tasks,
        cluster_of,
        fit.votes.models,
        thresholds.prune_jaccard,
        fit.settings.joining == "sets_and_first",
    )
    kept = sorted(set(into))
    cluster_of = [kept.index(into[c]) for c in cluster_of]
    centroids = []
    for c in range(len(kept)):
        total = sum(fit.vectors[q] for q, one in enumerate(cluster_of) if one == c)
        centroids.append(total / np.linalg.norm(total))
    means = literal_means(filled, cluster_of, len(kept))
    supports, tasks = [supports[c] for c in kept], [tasks[c] for c in kept]
    return np.array(centroids), supports, tasks, cluster_of, np.array(means)


GRID = [
    cascal.Thresholds(silhouette, distance, jaccard)
    for silhouette in (-1.0, 0.2, 0.3)
    for distance in (1e-4, 0.02, 0.15, 0.6)
    for jaccard in (None, 0.95, 0.5, 0.2)
]


@pytest.fixture(scope="module", params=["recommended", "recommended-1", "paper"])
def staged(request):
    """A preset, its world, one fit, and vectors to route; a task without any strong query too."""
    votes, vectors, _ = make_world(120, 5, 3, seed=34, missing=0.05)
    noise = 0.15 * np.random.default_rng(1).normal(size=vectors.vectors.shape)
    vectors = cascal.Embeddings.from_array(votes.query_ids, vectors.vectors + noise, "test")
    answers = votes.answers.copy()
    answers[np.array(votes.tasks) == "task 2"] = np.arange(5)
    votes = replace(votes, answers=answers, n_options=np.full(120, 6))
    settings_ = replace(
        cascal.FitSettings.preset(request.param), strong="unique", min_agreement=0.6
    )
    fit = cascal.fit(votes, vectors, settings_, n_jobs=1)
    return votes, vectors, settings_, fit, make_world(60, 5, 3, seed=22)[1]


def test_the_grid_is_worth_the_name(staged):
    """It holds many different partitions, pruned and not, and an empty strong set."""
    fit = staged[3]
    assert len(GRID) >= 40
    assert len({fit.router(one).clusters.assignment.tobytes() for one in GRID}) >= 8
    assert not fit.strong[np.array(fit.votes.tasks) == "task 2"].any()


def test_a_router_at_a_threshold_equals_a_fit_from_scratch(staged):
    votes, vectors, settings_, fit, test_vectors = staged
    untouched = cascal.fit(votes, vectors, settings_, n_jobs=1)
    for thresholds in GRID:
        router = fit.router(thresholds)
        fresh = deepcopy(untouched).router(thresholds)
        for name, array in router.arrays().items():
            assert np.array_equal(array, fresh.arrays()[name], equal_nan=True), (thresholds, name)
        assert router.notes == fresh.notes
        a, b = router.route(test_vectors), fresh.route(test_vectors)
        assert a.selected.tolist() == b.selected.tolist()


def test_a_router_at_a_threshold_equals_the_method_written_out(staged):
    fit = staged[3]
    for thresholds in GRID:
        router = fit.router(thresholds)
        centroids, supports, tasks, cluster_of, means = literal_router(fit, thresholds)
        clusters = router.clusters
        canonical = np.argsort(fit.caller_rows)
        assert clusters.assignment[canonical].tolist() == cluster_of, thresholds
        assert clusters.task.tolist() == tasks
        assert clusters.support.tolist() == supports
        assert np.abs(clusters.centroids - centroids).max() <= 1e-9
        columns = np.argsort(fit.caller_models)
        assert np.abs(router.rankings.mean_scores[:, columns] - means).max() <= 1e-9


def literal_shrinkage(filled, task_of, cluster_of, task_of_cluster):
    """The shrunken ranking of docs/method.md § 6 in loops."""
    n, n_models = filled.shape
    relative = [row - sum(row) / n_models for row in filled]
    mean_all = sum(relative) / n

    def moments(rows):
        mean = sum(relative[q] for q in rows) / len(rows)
        return mean, sum((relative[q] - mean) ** 2 for q in rows) / len(rows)

    def shrink(parts):
        """{group: (D, V)} -> {group: trusted D}."""
        if not parts:
            return {}
        common = np.mean([d**2 - v for d, v in parts.values()])
        common = max(0.0, common)
        return {
            g: np.array(
                [
                    x * common / (common + y) if common + y > 0 else 0.0
                    for x, y in zip(d, v, strict=True)
                ]
            )
            for g, (d, v) in parts.items()
        }

    members = {t: [q for q in range(n) if task_of[q] == t] for t in sorted(set(task_of))}
    task_moments = {t: moments(rows) for t, rows in members.items()}
    of_task = shrink({t: (m - mean_all, v / len(members[t])) for t, (m, v) in task_moments.items()})
    parts = {}
    for c, t in enumerate(task_of_cluster):
        if list(task_of_cluster).count(t) > 1:
            rows = [q for q in range(n) if cluster_of[q] == c]
            mean, variance = moments(rows)
            rest = 1 - len(rows) / len(members[t])
            parts[c] = (mean - task_moments[t][0], variance / len(rows) * rest)
    of_cluster = shrink(parts)
    overall = sum(filled) / n
    return np.array(
        [overall + of_task[t] + of_cluster.get(c, 0.0) for c, t in enumerate(task_of_cluster)]
    )


@law(8)
@given(SEEDS)
def test_shrunken_rankings_equal_their_formula_written_out(seed):
    votes, vectors, _ = small_world(seed, missing=0.1)
    fit = cascal.fit(votes, vectors, n_jobs=1)
    router = fit.router(cascal.Thresholds(merge_distance=0.05, prune_jaccard=None))
    filled = np.nan_to_num(fit.consensus)
    tasks = [router.tasks.index(one) for one in votes.tasks]
    expected = literal_shrinkage(filled, tasks, router.clusters.assignment, router.clusters.task)
    assert np.abs(router.rankings.scores - expected).max() <= 1e-9


def literal_scores(router, vector):
    """Routing one query as docs/method.md § 7 says, in loops: its scores."""
    routing, clusters, rankings = router.routing, router.clusters, router.rankings
    distance = [1 - float(vector @ one) for one in clusters.centroids]
    allowed = range(len(distance))
    if routing.two_stage:
        task = int(np.argmax([vector @ one for one in router.representatives]))
        allowed = [c for c in allowed if clusters.task[c] == task]
    elif not routing.across_tasks:
        task = clusters.task[int(np.argmin(distance))]
        allowed = [c for c in allowed if clusters.task[c] == task]
    nearest = sorted(allowed, key=lambda c: distance[c])
    nearest = nearest[: 1 if routing.kind == "nearest" else routing.k_nearest]
    weights = np.array([np.exp(-distance[c] / routing.distance_temperature) for c in nearest])
    weights /= weights.sum()
    scores = np.zeros(len(router.models))
    for c, weight in zip(nearest, weights, strict=True):
        ranking = rankings.scores[c]
        if routing.sharp:
            if ranking.sum() <= 0:
                continue
            e = np.exp(ranking / routing.scoring_temperature)
            ranking = e / e.sum()
        scores += weight * ranking
    limit = routing.fallback_distance
    if limit is not None and distance[nearest[0]] > limit:
        alpha = min((distance[nearest[0]] - limit) / 0.2, 1)
        overall = rankings.overall
        scores = (1 - alpha) * scores / scores.sum() + alpha * overall / overall.sum()
    best = min(range(len(scores)), key=lambda m: (-rankings.overall[m], router.models[m]))
    scores[best] += routing.margin
    return scores


ROUTINGS = [
    cascal.Routing("nearest", two_stage=True, k_nearest=1),
    cascal.Routing("nearest", k_nearest=1),
    cascal.Routing("blend", margin=0.01, across_tasks=True),
    cascal.Routing("blend", two_stage=True, sharp=True, fallback_distance=0.35),
    cascal.Routing("blend", two_stage=True, sharp=True, fallback_distance=0.0, margin=0.05),
    cascal.Routing("blend", k_nearest=2, fallback_distance=0.1, distance_temperature=0.02),
    cascal.Routing("blend", k_nearest=50, sharp=True, scoring_temperature=0.5),
]


@pytest.fixture(scope="module")
def world_fits(world):
    """The world fitted with each preset."""
    votes, vectors, _ = world
    return {
        name: cascal.fit(votes, vectors, cascal.FitSettings.preset(name)) for name in PRESET_NAMES
    }


@pytest.mark.parametrize("routing", ROUTINGS, ids=range(len(ROUTINGS)))
@pytest.mark.parametrize("preset", ["recommended", "recommended-1", "released"])
def test_routes_equal_the_method_written_out(world_fits, preset, routing):
    fit = world_fits[preset]
    router = fit.router(cascal.Thresholds(merge_distance=0.05, prune_jaccard=None, routing=routing))
    test_vectors = make_world(40, seed=5)[1]
    routes = router.route(test_vectors)
    for row, vector in enumerate(test_vectors.vectors.astype(float)):
        scores = literal_scores(router, vector)
        assert routes.scores[row] == pytest.approx(scores, abs=1e-9)
        order = sorted(range(5), key=lambda m: (-routes.scores[row, m], router.models[m]))
        assert routes.selected[row].tolist() == order[:3]


def same_routes(a, b):
    assert a.selected.tolist() == b.selected.tolist()
    assert a.task.tolist() == b.task.tolist()
    assert a.cluster.tolist() == b.cluster.tolist()
    for name in ("scores", "distance", "fallback"):
        assert np.abs(getattr(a, name) - getattr(b, name)).max() <= 1e-12


@law(8)
@given(SEEDS, st.sampled_from(PRESET_NAMES))
def test_a_batch_is_routed_like_its_queries_one_by_one(seed, preset):
    votes, vectors, _ = small_world(seed)
    router = cascal.fit(votes, vectors, cascal.FitSettings.preset(preset), n_jobs=1).router()
    batch = small_world(seed + 1, n_queries=25)[1]
    together = router.route(batch)
    for row, query_id in enumerate(batch.query_ids):
        alone = router.route(batch.take([query_id]))
        assert alone.query_ids == (query_id,)
        assert alone.selected[0].tolist() == together.selected[row].tolist()
        assert np.abs(alone.scores[0] - together.scores[row]).max() <= 1e-12
        bare = router.route(batch.vectors[row])
        assert bare.scores.tolist() == alone.scores.tolist()


@pytest.mark.parametrize("chunk", [1, 7, 60, 61])
def test_the_batch_size_does_not_matter(world_fits, chunk, monkeypatch):
    router = world_fits["released"].router()
    batch = make_world(60, seed=6)[1]
    whole = router.route(batch)
    monkeypatch.setattr(route_module, "CHUNK", chunk)
    same_routes(router.route(batch), whole)


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_a_saved_router_routes_as_before(world_fits, preset, tmp_path):
    routing = cascal.Routing("blend", k_nearest=2, fallback_distance=0.2, margin=0.03)
    fit = world_fits[preset]
    for thresholds in (cascal.Thresholds(), cascal.Thresholds(0.1, 0.02, None, 2, routing)):
        router = fit.router(thresholds)
        router.save(tmp_path / "router.cascal")
        loaded = cascal.Router.load(tmp_path / "router.cascal")
        for name in (
            "models",
            "tasks",
            "encoder",
            "settings",
            "thresholds",
            "fingerprint",
            "notes",
            "dimension",
            "routing",
        ):
            assert getattr(loaded, name) == getattr(router, name)
        for name, array in router.arrays().items():
            assert np.array_equal(loaded.arrays()[name], array, equal_nan=True)
        test_vectors = make_world(50, seed=9)[1]
        a, b = router.route(test_vectors), loaded.route(test_vectors)
        assert a.scores.tolist() == b.scores.tolist()
        assert a.selected.tolist() == b.selected.tolist()
        assert [file.name for file in tmp_path.iterdir()] == ["router.cascal"]


@law(10)
@given(SEEDS, st.lists(st.floats(-1, 1), min_size=2, max_size=6))
def test_raising_min_silhouette_never_adds_candidates_to_a_task(seed, levels):
    votes, vectors, _ = small_world(seed)
    fit = cascal.fit(votes, vectors, n_jobs=1)
    levels = sorted([*levels, -1.0, 1.0])
    for task in fit.by_task:
        counts = [int(task.chosen_k(level).sum()) for level in levels]
        assert counts == sorted(counts, reverse=True)
        assert counts[-1] == int((task.largest_k > 0).sum())


@law(10)
@given(SEEDS)
def test_min_silhouette_changes_clusters_only_at_the_best_silhouettes(seed):
    votes, vectors, _ = small_world(seed, n_queries=60)
    fit = cascal.fit(votes, vectors, n_jobs=1)
    steps = np.unique(silhouette_steps(fit))
    assume(len(steps) > 2)
    for low, high in pairwise(steps[:6]):
        inside = [
            fit.router(cascal.Thresholds(level, 0.02, None)).clusters.assignment.tolist()
            for level in (np.nextafter(low, 2), (low + high) / 2, high)
        ]
        assert inside[0] == inside[1] == inside[2]


@law(10)
@given(SEEDS, st.sampled_from(["recommended", "released"]))
def test_merge_distance_changes_clusters_only_at_its_steps(seed, preset):
    votes, vectors, _ = small_world(seed, n_queries=60)
    fit = cascal.fit(votes, vectors, cascal.FitSettings.preset(preset), n_jobs=1)
    steps = np.unique(merge_distance_steps(fit, 0.0).round(9))
    for low, high in pairwise([*steps[-6:], 2.0]):
        inside = [
            fit.router(cascal.Thresholds(0.0, level, None)).clusters.assignment.tolist()
            for level in (low + 1e-8, (low + high) / 2, high - 1e-8)
            if low + 1e-8 < level <= high
        ]
        assert all(one == inside[0] for one in inside)


@law(10)
@given(SEEDS)
def test_every_merge_step_of_the_closest_pairs_merges(seed):
    votes, vectors, _ = small_world(seed, n_queries=60)
    fit = cascal.fit(votes, vectors, n_jobs=1)
    for task in fit.by_task:
        keep = task.in_force(0.0)
        centroids, support = task.centroids[keep], task.support[keep]
        steps = merge_steps("closest_pair", centroids, support)
        assert len(steps) == max(0, len(centroids) - 1)
        for step in np.unique(steps):
            left = merge_closest_pairs(centroids, support, support, np.nextafter(step, 2))
            assert len(left.centroids) == len(centroids) - (steps <= step).sum()


def test_the_number_of_jobs_does_not_matter(world):
    votes, vectors, _ = world
    one, two = (cascal.fit(votes, vectors, n_jobs=n).router() for n in (1, 2))
    for name, array in one.arrays().items():
        assert np.array_equal(array, two.arrays()[name], equal_nan=True)


def test_a_router_leaves_the_fit_unchanged(world):
    votes, vectors, _ = world
    fit = cascal.fit(votes, vectors)
    before = fit.router().clusters.centroids.tolist()
    for thresholds in GRID[:8]:
        fit.router(thresholds)
    assert fit.router().clusters.centroids.tolist() == before
    with pytest.raises(ValueError, match="read-only"):
        fit.router().clusters.assignment[0] = 0


# Orders


@law(25)
@given(SEEDS, st.integers(1, 7))
def test_the_first_of_an_order_are_those_of_the_whole_order_and_ties_go_by_name(seed, k):
    random = np.random.default_rng(seed)
    scores = random.integers(3, size=(20, 7)) / 2
    models = [f"m{one}" for one in random.permutation(7)]
    whole = best_first(scores, models)
    assert (best_first(scores, models, k) == whole[:, :k]).all()
    assert (best_first(scores[0], models, k) == whole[0, :k]).all()
    for row, order in zip(scores, whole, strict=True):
        assert order.tolist() == sorted(range(7), key=lambda m: (-row[m], models[m]))
