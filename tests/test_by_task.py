"""One cluster a task: the method written out, its laws, and that the whole product keeps to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_world, split_world
from refusals import refuses

import cascal
from cascal.compare.baselines import PerTaskConsensus
from cascal.compare.presets import compare_presets
from cascal.compare.routers import all_routers
from cascal.compare.sweep import NAMES, attainable, curve, sweepable
from cascal.datatypes import NotApplicable
from cascal.explain import explain
from cascal.export import TARGETS, convert
from cascal.settings import PRESETS

PRESET_NAMES = list(PRESETS)


def by_task(preset: str = "recommended") -> cascal.FitSettings:
    return replace(cascal.FitSettings.preset(preset), clusters="task")


def literal_rankings(consensus, tasks, names, ranking):
    """(T, M) scores of one cluster a task, in loops; a missing answer counts 0."""
    filled = np.nan_to_num(consensus, nan=0.0)
    n_models = filled.shape[1]
    rows = {name: [row for row, task in enumerate(tasks) if task == name] for name in names}
    means = np.array([filled[rows[name]].mean(axis=0) for name in names])
    if ranking == "mean":
        return means
    if ranking == "mean_3_decimals":
        return np.round(means, 3)
    relative = filled - filled.mean(axis=1, keepdims=True)
    deviation = np.array(
        [relative[rows[name]].mean(axis=0) - relative.mean(axis=0) for name in names]
    )
    variance = np.array([relative[rows[name]].var(axis=0) / len(rows[name]) for name in names])
    common = max(0.0, float((deviation**2 - variance).mean()))
    scores = np.empty_like(means)
    for t in range(len(names)):
        for m in range(n_models):
            trust = common / (common + variance[t, m])
            scores[t, m] = filled[:, m].mean() + trust * deviation[t, m]
    return scores


def literal_centroids(vectors, tasks, names):
    """(T, D) normalised mean of each task's queries."""
    found = []
    for name in names:
        mean = sum(row for row, task in zip(vectors, tasks, strict=True) if task == name)
        found.append(mean / np.sqrt(mean @ mean))
    return np.array(found)


@pytest.mark.parametrize("preset", ["recommended", "paper"])
def test_routes_equal_the_method_written_out(preset):
    votes, vectors, _ = make_world(seed=3)
    settings = by_task(preset)
    fitted = cascal.fit(votes, vectors, settings)
    names = sorted(set(votes.tasks))
    scores = literal_rankings(fitted.consensus, votes.tasks, names, settings.ranking)
    centroids = literal_centroids(vectors.vectors.astype(float), votes.tasks, names)
    new = make_world(60, seed=5)[1]
    routes = fitted.router().route(new)
    overall = np.nan_to_num(fitted.consensus, nan=0.0).mean(axis=0)
    best = min(range(5), key=lambda m: (-overall[m], votes.models[m]))
    for row, vector in enumerate(new.vectors.astype(float)):
        distance = 1 - centroids @ vector
        k = 1 if settings.routing.kind == "nearest" else 3
        nearest = sorted(range(len(names)), key=lambda t: distance[t])[:k]
        weights = np.exp(-distance[nearest] / 0.1)
        expected = (weights / weights.sum()) @ scores[nearest]
        expected[best] += settings.routing.margin
        assert routes.scores[row] == pytest.approx(expected, abs=1e-9)
        assert routes.tasks[routes.task[row]] == names[nearest[0]]


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_there_is_one_cluster_a_task_that_holds_its_queries(preset):
    votes, vectors, _ = make_world(seed=3)
    router = cascal.fit(votes, vectors, by_task(preset)).router()
    assert len(router.clusters) == len(router.tasks) == 3
    held = [router.tasks[router.clusters.task[c]] for c in router.clusters.assignment]
    assert held == list(votes.tasks)
    assert router.notes == ()
    assert np.allclose(router.representatives, router.clusters.centroids)


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_neither_thresholds_of_clusters_nor_their_settings_have_an_effect(preset):
    votes, vectors, _ = make_world(seed=3)
    fitted = cascal.fit(votes, vectors, by_task(preset))
    before = fitted.router().arrays()
    moved = cascal.Thresholds(min_silhouette=-1.0, merge_distance=0.0, prune_jaccard=None)
    other = replace(by_task(preset), max_k=2, joining="sets_and_first")
    for router in (
        fitted.router(moved),
        fitted.router(cascal.Thresholds(min_silhouette=1.0, merge_distance=2.0, prune_jaccard=0.0)),
        cascal.fit(votes, vectors, other).router(moved),
    ):
        for name, array in router.arrays().items():
            assert np.array_equal(array, before[name], equal_nan=True), name


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_the_order_of_rows_and_models_does_not_matter(preset):
    votes, vectors, _ = make_world(seed=3, missing=0.05)
    random = np.random.default_rng(0)
    rows, columns = random.permutation(240), random.permutation(5)
    moved = votes.take(rows, columns)
    one = cascal.fit(votes, vectors, by_task(preset)).router()
    other = cascal.fit(moved, vectors.take(moved.query_ids), by_task(preset)).router()
    new = make_world(60, seed=5)[1]
    first, second = one.route(new), other.route(new)
    place = [other.models.index(name) for name in one.models]
    assert np.allclose(first.scores, second.scores[:, place], rtol=0, atol=1e-9)
    names = [[routes.models[m] for m in routes.selected[:, 0]] for routes in (first, second)]
    assert names[0] == names[1]


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_a_fit_turns_into_one_cluster_a_task_without_a_new_consensus(preset):
    votes, vectors, _ = make_world(seed=3)
    fitted = cascal.fit(votes, vectors, cascal.FitSettings.preset(preset))
    turned, fresh = fitted.one_cluster_a_task(), cascal.fit(votes, vectors, by_task(preset))
    assert turned.settings == fresh.settings
    assert turned.notes == fresh.notes
    assert turned.scores is fitted.scores
    for name, array in turned.router().arrays().items():
        assert np.array_equal(array, fresh.router().arrays()[name], equal_nan=True), name


def test_the_control_of_the_comparison_is_the_setting_ranked_and_routed_plainly():
    votes, vectors, _ = make_world(seed=3)
    plain = replace(by_task(), ranking="mean", routing=cascal.Routing("nearest"))
    new = make_world(60, seed=5)[1]
    routed = cascal.fit(votes, vectors, plain).router().route(new)
    control = PerTaskConsensus(plain.consensus).fit(votes, vectors).route(new)
    assert np.array_equal(routed.scores, control.scores)
    assert np.array_equal(routed.selected, control.selected)
    shrunken = cascal.fit(votes, vectors, by_task()).router().route(new)
    assert not np.allclose(shrunken.scores, control.scores)


def test_the_comparison_holds_it_against_the_preset_with_skill_clusters():
    train, test = split_world()
    router = cascal.fit(train.votes, train.vectors, by_task()).router()
    steps = dict(all_routers(train, test, router))
    assert steps["cascal"]().title == "CASCAL recommended, one cluster a task"
    clustered = cascal.fit(train.votes, train.vectors).router().route(test.vectors)
    assert np.array_equal(steps["recommended"]().first, clustered.selected[:, 0])


def test_presets_are_compared_as_they_would_be_chosen():
    train, test = split_world()
    fitted = cascal.fit(train.votes, train.vectors, by_task())
    choices = compare_presets(train, test, fitted=fitted)
    for name, first in zip(choices.presets, choices.first, strict=True):
        fresh = cascal.fit(train.votes, train.vectors, by_task(name)).router().route(test.vectors)
        assert np.array_equal(first, fresh.selected[:, 0])


def test_fingerprints_tell_the_setting_and_old_ones_hold():
    votes, vectors, _ = make_world(seed=3)
    fingerprints = {
        clusters: cascal.fit(votes, vectors, cascal.FitSettings(clusters=clusters)).fingerprint
        for clusters in ("skills", "task")
    }
    assert fingerprints["skills"] == cascal.fit(votes, vectors).fingerprint
    assert fingerprints["skills"] != fingerprints["task"]


def test_a_saved_router_routes_as_before_and_says_how_it_was_clustered(tmp_path):
    votes, vectors, _ = make_world(seed=3)
    router = cascal.fit(votes, vectors, by_task()).router()
    router.save(tmp_path / "r.cascal")
    loaded = cascal.Router.load(tmp_path / "r.cascal")
    new = make_world(60, seed=5)[1]
    assert loaded.settings == by_task()
    assert loaded.route(new).scores.tolist() == router.route(new).scores.tolist()
    trace = explain(loaded, new.vectors[0])
    assert trace.preset == "recommended, one cluster a task"
    assert {one.cluster for one in trace.clusters} <= {0, 1, 2}


@pytest.mark.parametrize("target", TARGETS)
def test_other_runtimes_get_one_cluster_a_task(target, tmp_path):
    votes, vectors, _ = make_world(seed=3)
    router = cascal.fit(votes, vectors, by_task()).router()
    assert convert(router, tmp_path / "out", target)
    if target == "avengers":
        assert np.load(tmp_path / "out" / "cluster_centers.npy").shape[0] == 3
    else:
        assert '"n_clusters": 3' in (tmp_path / "out").read_text(encoding="utf-8")


def test_only_the_cost_weight_can_be_swept():
    train, test = split_world()
    fitted = cascal.fit(train.votes, train.vectors, by_task(), costs=train.known_costs)
    assert sweepable(fitted) == ("cost_weight",)
    for name in NAMES:
        if name == "cost_weight":
            continue
        with refuses("switched-off", NAMES[name], "each task is one cluster", kind=NotApplicable):
            attainable(fitted, name)
    found = curve(fitted, cascal.Thresholds(), "cost_weight", test, train)
    assert {point.n_clusters for point in found.points} == {3}
    assert sweepable(cascal.fit(train.votes, train.vectors)) == tuple(NAMES)
