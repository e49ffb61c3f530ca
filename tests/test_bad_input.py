"""Bad, odd and missing input: a sentence that says what to do, or the result that is defined."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest
from attack import count
from conftest import make_world
from refusals import refuses

import cascal
from cascal import importers
from cascal.artefact import ArtefactError, checksum, write_artefact
from cascal.clustering.groups import reliability_groups
from cascal.datatypes import option_letter
from cascal.explain import explain
from cascal.routing.same_encoder import EncoderMismatch
from cascal.score import logprob_statistics, standardise
from cascal.setting_bounds import BOUNDS
from cascal.settings import PRESETS
from cascal.store import Workspace
from cascal.vote import final_answers

NO = cascal.NO_ANSWER
NAN = np.nan
PRESET_NAMES = sorted(PRESETS)


def votes_of(answers, logprobs=None, tasks=None, n_options=4):
    answers = np.array(answers)
    n, m = answers.shape
    return cascal.Votes(
        [f"q{row}" for row in range(n)],
        tasks or ["t"] * n,
        [f"m{column}" for column in range(m)],
        answers,
        np.full((n, m), -0.5) - 0.1 * np.arange(n)[:, None] if logprobs is None else logprobs,
        np.full(n, n_options),
    )


def vectors_of(n, seed=0, dimension=4, encoder="test"):
    array = np.random.default_rng(seed).normal(size=(n, dimension))
    return cascal.Embeddings.from_array([f"q{row}" for row in range(n)], array, encoder)


def fitted(votes, vectors, preset):
    return cascal.fit(votes, vectors, cascal.FitSettings.preset(preset), n_jobs=1)


def assert_sound(router, n_queries):
    """Every query has a cluster, every score is a number, and a route comes out."""
    assert len(router.clusters.assignment) == n_queries
    assert (router.clusters.sizes > 0).all()
    assert np.isfinite(router.rankings.scores).all()
    assert np.isfinite(router.clusters.centroids).all()
    routes = router.route(np.eye(router.dimension))
    assert np.isfinite(routes.scores).all()
    assert routes.selected.shape == (router.dimension, min(3, len(router.models)))
    json.dumps(explain(router, np.eye(router.dimension)[0]).to_dict(), allow_nan=False)


# Votes


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_empty_votes_are_refused_by_the_fit(shape, preset):
    votes = votes_of(np.empty(shape, dtype=np.int64), np.empty(shape))
    with refuses("nothing-to-fit", *shape):
        fitted(votes, vectors_of(shape[0]), preset)


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_one_model_is_ranked_and_the_router_says_that_nothing_can_be_routed(preset):
    votes = votes_of(np.arange(12)[:, None] % 4)
    router = fitted(votes, vectors_of(12), preset).router()
    assert_sound(router, 12)
    assert (router.route(np.eye(4)).selected == 0).all()
    assert any("There is one model" in note for note in router.notes)


@pytest.mark.parametrize("preset", PRESET_NAMES)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_two_or_three_queries_are_clustered(preset, n):
    votes = votes_of(np.tile([1, 1, 1, 0], (n, 1)))
    router = fitted(votes, vectors_of(n), preset).router()
    assert_sound(router, n)
    assert router.rankings.overall[0] == router.rankings.overall[1]
    if n == 1:
        assert router.clusters.assignment.tolist() == [0]


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_a_task_with_a_single_query_is_one_cluster_at_its_place(preset):
    votes, vectors, _ = make_world(60, seed=3)
    votes = replace(votes, tasks=("alone", *votes.tasks[1:]))
    router = fitted(votes, vectors, preset).router()
    assert_sound(router, 60)
    (cluster,) = np.flatnonzero(router.clusters.task == router.tasks.index("alone"))
    assert router.clusters.assignment.tolist().count(cluster) == 1
    centroid = router.clusters.centroids[cluster]
    assert centroid @ vectors.vectors[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_all_answers_missing_gives_zeros_and_a_note(preset):
    votes = votes_of(np.full((9, 4), NO))
    fit = fitted(votes, vectors_of(9), preset)
    router = fit.router()
    assert_sound(router, 9)
    assert (router.rankings.mean_scores == 0).all()
    assert not fit.strong.any()
    assert (router.clusters.owner == -1).all()
    assert any("No model gave a readable answer" in note for note in router.notes)
    votes_for_test = votes.take(np.arange(4))
    routes = router.route(vectors_of(9).take(votes_for_test.query_ids))
    assert (routes.selected == [0, 1, 2]).all()
    result = cascal.evaluate(routes, votes_for_test, np.zeros(4, dtype=int))
    assert result.top1_accuracy == result.top3_vote_accuracy == 0.0


def test_paper_without_log_probabilities_is_refused_and_says_what_to_use():
    votes, vectors, _ = make_world(40)
    blind = replace(votes, logprobs=np.full(votes.shape, NAN))
    with refuses("needs-log-probabilities", "'recommended'"):
        fitted(blind, vectors, "paper")


def test_released_without_log_probabilities_weighs_every_vote_the_same_and_says_so():
    votes, vectors, _ = make_world(40)
    fit = fitted(replace(votes, logprobs=np.full(votes.shape, NAN)), vectors, "released")
    assert any("No confidence signal" in note for note in fit.notes)
    constant = fitted(replace(votes, logprobs=np.full(votes.shape, -0.25)), vectors, "released")
    assert np.array_equal(fit.consensus, constant.consensus)


def test_recommended_needs_no_log_probabilities_and_has_no_note_about_them():
    votes, vectors, _ = make_world(40)
    fit = fitted(replace(votes, logprobs=np.full(votes.shape, NAN)), vectors, "recommended")
    assert not any("confidence" in note for note in fit.notes)
    assert_sound(fit.router(), 40)


def test_a_few_missing_log_probabilities_are_counted_in_the_note():
    votes, vectors, _ = make_world(40, n_models=5)
    logprobs = votes.logprobs.copy()
    logprobs[:10, 0] = NAN
    logprobs[10:20, 1] = -np.inf
    for preset in ("released", "paper"):
        fit = fitted(replace(votes, logprobs=logprobs), vectors, preset)
        assert any("No confidence signal for 10.0 % of the votes" in note for note in fit.notes)


def test_duplicate_ids_are_refused_by_name():
    with refuses("duplicate-id", "Votes.query_ids", "'q'"):
        cascal.Votes(["q", "q"], ["t"] * 2, ["m"], np.zeros((2, 1), int), np.zeros((2, 1)))
    with refuses("duplicate-id", "Votes.models", "'m'"):
        cascal.Votes(["q"], ["t"], ["m", "m"], np.zeros((1, 2), int), np.zeros((1, 2)))
    with refuses("duplicate-id", "Embeddings.query_ids", "'q'"):
        cascal.Embeddings.from_array(["q", "q"], np.eye(2), "test")


@pytest.mark.parametrize(
    ("answers", "n_options", "code", "parts"),
    [
        ([[4, 0]], 4, "no-such-option", (4, "m0", "'q0'")),
        ([[0, -2]], 4, "no-such-option", (-2, "m1", "'q0'")),
        ([[0, -2]], 0, "no-such-option", (-2, "m1", "'q0'")),
        ([[0, 0]], 1, "out-of-bounds", ("'q0'", 1)),
        ([[0, 0]], -3, "out-of-bounds", ("'q0'", -3)),
        ([[0.0, 1.0]], 4, "wrong-type", ("Votes.answers", "float64")),
    ],
)
def test_impossible_answers_and_option_counts_are_refused(answers, n_options, code, parts):
    with refuses(code, *parts):
        votes_of(answers, n_options=n_options)


def test_shapes_that_do_not_fit_are_refused():
    ids, models = ["a", "b"], ["m"]
    right = np.zeros((2, 1))
    with refuses("wrong-shape", "Votes.answers", (1, 2), (2, 1)):
        cascal.Votes(ids, ["t"] * 2, models, np.zeros((1, 2), int), right)
    with refuses("wrong-shape", "Votes.logprobs", (2,), (2, 1)):
        cascal.Votes(ids, ["t"] * 2, models, right.astype(int), np.zeros(2))
    with refuses("wrong-shape", "Votes.tasks", 1, 2):
        cascal.Votes(ids, ["t"], models, right.astype(int), right)
    with refuses("wrong-shape", "Votes.n_options", (3,), (2,)):
        cascal.Votes(ids, ["t"] * 2, models, right.astype(int), right, np.full(3, 4))
    with refuses("wrong-shape", "Votes.status", (1, 1), (2, 1)):
        cascal.Votes(
            ids, ["t"] * 2, models, right.astype(int), right, None, status=np.array([["ok"]])
        )


@pytest.mark.parametrize("bad", [0.3, np.inf])
def test_positive_log_probabilities_are_refused(bad):
    with refuses("out-of-bounds", "Votes.logprobs"):
        votes_of([[0, 1]], np.array([[-0.1, bad]]))


@pytest.mark.parametrize("preset", PRESET_NAMES)
@pytest.mark.parametrize("n_options", [0, 25])
def test_more_than_20_different_answers(preset, n_options):
    """23 options voted for, with 25 options or as free answers."""
    random = np.random.default_rng(0)
    answers = np.where(random.random((30, 24)) < 0.7, np.arange(30)[:, None] % 23, 0)
    answers[0] = np.arange(24) % 23
    fit = fitted(votes_of(answers, n_options=n_options), vectors_of(30), preset)
    assert_sound(fit.router(), 30)
    if preset == "released" and n_options == 25:
        # Class weights in the first row: z is constant per row; 25 classes, 23 of them voted for.
        w = 1 / (
            1 + np.exp(-standardise(fit.votes.logprobs, fit.scores.center, fit.scores.spread)[0, 0])
        )
        total = np.exp(2 * w) + 22 * np.exp(w) + 2
        assert fit.consensus[0, 1] == pytest.approx(np.exp(w) / total)


def test_a_constant_log_probability_has_spread_1():
    """MAD 0 and standard deviation 0 – also when the mean of equal numbers is a last bit off."""
    for n in (3, 10, 37, 400):
        for value in (-0.5, -0.3, -0.1, -1.7, -2.3e-5):
            center, spread = logprob_statistics(np.full((n, 2), value))
            assert center.tolist() == [value, value]
            assert spread.tolist() == [1.0, 1.0], (n, value)


def test_a_tie_is_not_decided_by_the_last_bit_of_a_constant_log_probability():
    """Training: m0 always −0.3, m1 −1 ± 0.1. Test: m0 rises by 0.01, m1 by five deviations."""
    random = np.random.default_rng(0)
    logprobs = np.column_stack([np.full(37, -0.3), -1 + 0.1 * random.uniform(-1, 1, 37)])
    votes = votes_of(np.zeros((37, 2), dtype=int), logprobs)
    router = fitted(votes, vectors_of(37), "recommended").router()
    asked = votes_of([[0, 1]], np.array([[-0.29, -0.5]]))
    routes = router.route(vectors_of(37).take(["q0"]))
    assert routes.selected.tolist() == [[0, 1]]
    assert final_answers(routes, asked).tolist() == [1]


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_a_model_with_a_constant_log_probability_is_neither_sure_nor_unsure(preset):
    votes, vectors, _ = make_world(60, seed=2)
    logprobs = votes.logprobs.copy()
    logprobs[:, 1] = -0.3
    fit = fitted(replace(votes, logprobs=logprobs), vectors, preset)
    column = fit.votes.models.index(votes.models[1])
    z = standardise(fit.votes.logprobs, fit.scores.center, fit.scores.spread)
    assert (z[:, column] == 0).all()
    assert_sound(fit.router(), 60)


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_three_models_are_not_pruned_except_by_released(preset):
    votes, vectors, _ = make_world(150, n_models=3, seed=7)
    fit = fitted(votes, vectors, preset)
    thresholds = cascal.Thresholds(merge_distance=0.02)
    router = fit.router(thresholds)
    unpruned = fit.router(replace(thresholds, prune_jaccard=None))
    noted = [note for note in router.notes if "Joining is off: with 3 models" in note]
    assert len(unpruned.clusters) > len(unpruned.tasks)
    assert not any("Pruning" in note for note in unpruned.notes)
    if preset == "released":
        assert len(router.clusters) == len(router.tasks)
        assert not noted
    else:
        assert router.clusters.centroids.tolist() == unpruned.clusters.centroids.tolist()
        assert len(noted) == 1


# Imports and scores


def test_a_refused_import_leaves_no_data_set_behind(tmp_path):
    path = tmp_path / "samples_task_2026-01-01T00-00-00.0.jsonl"
    path.write_text('{"doc_id": 0, "doc": {}, "arguments": {}, "resps": [["A"]]}\n{"doc_id": 1, "d')
    workspace = Workspace(tmp_path / "w.duckdb")
    with refuses("damaged-file", path.name, kind=importers.ImportRefused):
        workspace.add(importers.read(path))
    assert workspace.datasets() == []


def test_models_that_are_only_scored_have_no_votes_and_a_note_says_so(tmp_path):
    """Right and wrong say nothing about which option was chosen: there is no answer to agree on."""
    query = {"text": "What?", "options": ["a", "b"], "correct": 1}
    rows = [{"query_id": f"q{q}", "model": m, **query} for q in range(4) for m in ("x", "y", "z")]
    path = tmp_path / "scores.json"
    path.write_text(json.dumps(rows))
    imported = importers.read(path)
    workspace = Workspace(tmp_path / "w.duckdb")
    workspace.add(imported)
    assert any("cannot vote: x, y, z" in note for note in imported.notes)
    votes = workspace.votes("scores")
    assert not votes.answered.any()
    assert (votes.status == "ok").all()
    assert (workspace.scores("scores") == 1.0).all()
    fit = fitted(votes, vectors_of(4), "recommended")
    assert any("No model gave a readable answer" in note for note in fit.notes)


# Vectors


def test_queries_without_a_vector_are_refused_and_extra_vectors_are_ignored():
    votes = votes_of(np.zeros((3, 2), dtype=int))
    with refuses("no-vectors", 1, "'q2'", "cascal embed"):
        fitted(votes, vectors_of(2), "recommended")
    more = fitted(votes, vectors_of(5), "recommended").router()
    exact = fitted(votes, vectors_of(5).take(votes.query_ids), "recommended").router()
    assert more.clusters.centroids.tolist() == exact.clusters.centroids.tolist()
    with refuses("no-vectors", 1, "'unknown'"):
        vectors_of(3).take(["q0", "unknown"])


@pytest.mark.parametrize("bad", [NAN, np.inf, 0.0])
def test_vectors_of_nan_infinity_or_zero_are_refused_by_query(bad):
    array = np.ones((3, 2))
    array[1] = bad
    with refuses("unusable-vector", 1, "'two'"):
        cascal.Embeddings.from_array(["one", "two", "three"], array, "test")
    with refuses("unusable-vector", 1, "'two'"):
        cascal.Embeddings(("one", "two", "three"), array / [[2**0.5]], "test")


def test_vectors_of_another_length_or_shape_are_refused():
    with refuses("unusable-vector", 1, "'a'", "Embeddings.from_array"):
        cascal.Embeddings(("a",), np.array([[2.0, 0.0]]), "test")
    with refuses("wrong-shape", (3,)):
        cascal.Embeddings.from_array(["a"], np.ones(3), "test")
    with refuses("wrong-shape", (2, 3), 1):
        cascal.Embeddings.from_array(["a"], np.ones((2, 3)), "test")


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_identical_vectors_make_one_cluster_a_task(preset):
    votes, _, _ = make_world(40, seed=5)
    array = np.tile([0.6, 0.8, 0.0], (40, 1))
    vectors = cascal.Embeddings.from_array(votes.query_ids, array, "test")
    fit = fitted(votes, vectors, preset)
    assert {one.k for one in fit.candidates()} == {1}
    router = fit.router()
    assert_sound(router, 40)
    assert len(router.clusters) == len(router.tasks)
    assert np.abs(router.clusters.centroids - array[0]).max() < 1e-12


def test_identical_vectors_are_one_group_of_reliabilities():
    assert reliability_groups(np.tile([0.6, 0.8], (1200, 1)), 0).tolist() == [0] * 1200
    assert reliability_groups(np.eye(3), 0).tolist() == [0] * 3
    assert sorted(set(reliability_groups(np.eye(4), 0).tolist())) == [0, 1]


@pytest.fixture(scope="module")
def router(world):
    votes, vectors, _ = world
    return cascal.fit(votes, vectors, n_jobs=1).router()


def test_vectors_of_another_encoder_or_dimension_are_refused(router):
    with refuses("other-encoder", "'other'", "'test'", kind=EncoderMismatch):
        router.route(vectors_of(2, dimension=12, encoder="other"))
    for wrong in (vectors_of(2, dimension=5), np.ones((2, 5)), np.ones(5)):
        with refuses("other-encoder", 5, 12, "'test'", kind=EncoderMismatch):
            router.route(wrong)
    with refuses("unusable-vector"):
        router.route(np.full((1, 12), NAN))


def test_nothing_to_route_gives_no_routes(router):
    routes = router.route(np.empty((0, 12)))
    assert len(routes) == 0
    assert routes.scores.shape == (0, 5)
    assert routes.selected.shape == (0, 3)


def test_the_names_of_test_tasks_do_not_matter_known_or_not(router):
    """A route reads vectors only; a task nobody trained on is not sent elsewhere."""
    votes, vectors, gold = make_world(50, seed=11)
    foreign = replace(votes, tasks=("never seen",) * 50)
    routes = router.route(vectors)
    assert set(routes.task.tolist()) <= {0, 1, 2}
    a = cascal.evaluate(routes, votes, gold)
    b = cascal.evaluate(routes, foreign, gold)
    assert a.top1_right.tolist() == b.top1_right.tolist()


@pytest.mark.parametrize("top_k", [1, 5, 99])
def test_top_k_beyond_the_pool_selects_everybody(world, top_k):
    votes, vectors, _ = world
    routes = (
        cascal.fit(votes, vectors, n_jobs=1).router(cascal.Thresholds(top_k=top_k)).route(vectors)
    )
    assert routes.selected.shape == (240, min(top_k, 5))


# Settings


@pytest.mark.parametrize(
    ("make", "code", "parts"),
    [
        (
            lambda: cascal.Thresholds(min_silhouette=1.5),
            "out-of-bounds",
            ("Thresholds.min_silhouette", 1.5, "a number in [-1, 1]"),
        ),
        (
            lambda: cascal.Thresholds(merge_distance=-0.1),
            "out-of-bounds",
            ("Thresholds.merge_distance", -0.1),
        ),
        (
            lambda: cascal.Thresholds(merge_distance=NAN),
            "out-of-bounds",
            ("Thresholds.merge_distance", NAN),
        ),
        (
            lambda: cascal.Thresholds(prune_jaccard=2),
            "out-of-bounds",
            ("Thresholds.prune_jaccard", 2, "a number in [0, 1], or None"),
        ),
        (
            lambda: cascal.Thresholds(top_k=0),
            "out-of-bounds",
            ("Thresholds.top_k", 0, "a whole number in [1, 10,000]"),
        ),
        (
            lambda: cascal.Routing("random"),
            "unknown-choice",
            ("Routing.kind", "'random'", "'nearest'", "'blend'"),
        ),
        (lambda: cascal.Routing(k_nearest=0), "out-of-bounds", ("Routing.k_nearest", 0)),
        (
            lambda: cascal.Routing(distance_temperature=0),
            "out-of-bounds",
            ("Routing.distance_temperature", 0),
        ),
        (
            lambda: cascal.Routing(scoring_temperature=NAN),
            "out-of-bounds",
            ("Routing.scoring_temperature", NAN),
        ),
        (
            lambda: cascal.Routing(two_stage=True, across_tasks=True),
            "conflicting-settings",
            ("two_stage", "across_tasks"),
        ),
        (
            lambda: cascal.FitSettings(consensus="vote"),
            "unknown-choice",
            ("FitSettings.consensus", "'vote'", "pds"),
        ),
        (lambda: cascal.FitSettings(max_k=0), "out-of-bounds", ("FitSettings.max_k", 0)),
        (
            lambda: cascal.FitSettings.preset("best"),
            "unknown-choice",
            ("preset", "'best'", *PRESETS),
        ),
        (
            lambda: cascal.FitSettings(consensus="z_sum"),
            "needs-probabilities",
            ("'probable'", "'z_sum'", "pds"),
        ),
    ],
)
def test_settings_out_of_bounds_are_refused_with_the_bounds(make, code, parts):
    with refuses(code, *parts):
        make()


CHOSEN = {
    "Routing": cascal.Routing,
    "Thresholds": cascal.Thresholds,
    "FitSettings": cascal.FitSettings,
}
NUMBERS = [(owner, name) for owner, bounds in BOUNDS.items() for name in bounds]


@pytest.mark.parametrize(("owner", "name"), NUMBERS)
def test_every_number_is_refused_out_of_bounds_and_where_it_is_none(owner, name):
    bound, make = BOUNDS[owner][name], CHOSEN[owner]
    wrong = [bound.low - 1, 2 * bound.high + 1, NAN, np.inf, -np.inf, "3", True, [1], 1j]
    wrong += [bound.low + 0.5] if bound.whole else []
    wrong += [] if bound.optional else [None]
    for value in wrong:
        with refuses("out-of-bounds", f"{owner}.{name}", repr(value)[:60], bound):
            make(**{name: value})
    for value in (bound.low, bound.high, *((None,) if bound.optional else ())):
        assert getattr(make(**{name: value}), name) == value


def test_every_number_that_can_be_chosen_has_bounds():
    """A field without bounds would be a hole; switches, words and routings are checked apart."""
    for owner, make in CHOSEN.items():
        kinds = {field.name: type(getattr(make(), field.name)) for field in fields(make)}
        numbers = {name for name, kind in kinds.items() if kind in (int, float)}
        assert numbers <= set(BOUNDS[owner]) <= set(kinds)


@pytest.mark.parametrize(
    ("make", "code", "parts"),
    [
        (
            lambda: cascal.FitSettings(min_agreement=9, seed=-1),
            "out-of-bounds",
            ("FitSettings.min_agreement", 9),
        ),
        (
            lambda: cascal.FitSettings(seed=-1),
            "out-of-bounds",
            ("FitSettings.seed", -1, "a whole number"),
        ),
        (
            lambda: cascal.Routing(margin=NAN, fallback_distance=-3),
            "out-of-bounds",
            ("Routing.fallback_distance", -3),
        ),
        (lambda: cascal.Routing(sharp=1), "wrong-type", ("Routing.sharp", 1, "True or False")),
        (
            lambda: cascal.Routing(two_stage="no"),
            "wrong-type",
            ("Routing.two_stage", "'no'", "True or False"),
        ),
        (
            lambda: cascal.Thresholds(routing="blend"),
            "wrong-type",
            ("Thresholds.routing", "'blend'", "cascal.Routing"),
        ),
        (
            lambda: cascal.FitSettings(routing=None),
            "wrong-type",
            ("FitSettings.routing", None, "cascal.Routing"),
        ),
        (
            lambda: cascal.Thresholds(top_k="9" * 999),
            "out-of-bounds",
            ("Thresholds.top_k", "'" + "9" * 59 + "; "),
        ),
    ],
)
def test_what_is_no_setting_is_refused_in_a_sentence(make, code, parts):
    with refuses(code, *parts):
        make()


def test_numbers_of_numpy_become_plain_ones():
    """Settings are written as JSON and name caches: np.float64(0.1) would be another name."""
    chosen = cascal.Thresholds(np.float64(0.125), np.float32(0.25), top_k=np.int64(2))
    assert repr(chosen) == repr(cascal.Thresholds(0.125, 0.25, top_k=2))


def test_option_letters_go_on_after_z():
    assert [option_letter(one) for one in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


# The router file


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small router and its file's bytes."""
    votes, vectors, _ = make_world(30, n_models=4, n_tasks=2, dimension=4, seed=1)
    router = cascal.fit(votes, vectors, n_jobs=1).router()
    path = tmp_path_factory.mktemp("saved") / "router.cascal"
    router.save(path)
    return router, path.read_bytes()


def parts_of(content):
    """Header (dict) and arrays (dict) of a router file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        header = json.loads(archive.read("router.json"))
        with np.load(io.BytesIO(archive.read("arrays.npz"))) as stored:
            return header, {name: stored[name] for name in stored.files}


def rewritten(path, header, arrays):
    """Write a file whose checksum is right, whatever it holds."""
    header = {k: v for k, v in header.items() if k != "checksum"}
    write_artefact(path, header, arrays)
    return path


def zipped(path, header, body, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("router.json", json.dumps(header))
        archive.writestr("arrays.npz", body)
    return path


@pytest.mark.attack
def test_a_damaged_byte_is_refused_or_harmless(saved, tmp_path):
    """Every byte (in the sample every 29th, and all of the zip's own records) flipped alone."""
    router, content = saved
    path = tmp_path / "router.cascal"
    before = router.arrays()
    directory = content.index(b"PK\x01\x02")
    spread = range(0, len(content), count(full=1, sample=29))
    positions = sorted({*range(60), *spread, *range(directory, len(content))})
    refused = 0
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= 0xFF if position % 2 else 0x01
        path.write_bytes(bytes(damaged))
        try:
            loaded = cascal.Router.load(path)
        except ArtefactError as error:
            assert "router.cascal" in str(error)  # noqa: PT017 – harmless damage must pass
            refused += 1
            continue
        for name, array in loaded.arrays().items():
            assert np.array_equal(array, before[name], equal_nan=True)
    assert refused > 0.9 * len(spread)


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_file_cut_short_is_refused(saved, tmp_path, keep):
    _, content = saved
    path = tmp_path / "short.cascal"
    path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    with refuses("damaged-file", "short.cascal", kind=ArtefactError):
        cascal.Router.load(path)


def test_altered_json_is_refused(saved, tmp_path):
    _, content = saved
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        header, body = json.loads(archive.read("router.json")), archive.read("arrays.npz")
    same = zipped(tmp_path / "same.cascal", header, body)
    assert cascal.Router.load(same).fingerprint == header["fingerprint"]
    header["thresholds"]["top_k"] = 1
    path = zipped(tmp_path / "altered.cascal", header, body)
    with refuses("damaged-file", "altered.cascal", "checksum", kind=ArtefactError):
        cascal.Router.load(path)


@pytest.mark.parametrize("version", [0, 3, None, "1"])
def test_another_version_is_refused_and_says_which_is_read(saved, tmp_path, version):
    header, arrays = parts_of(saved[1])
    path = rewritten(tmp_path / "r.cascal", {**header, "format_version": version}, arrays)
    with refuses("other-version", "r.cascal", version, 1, kind=ArtefactError):
        cascal.Router.load(path)


@pytest.mark.parametrize("header", [{"format": "other"}, {}, [1, 2], "router", None])
def test_a_foreign_zip_is_refused(tmp_path, header):
    path = zipped(tmp_path / "foreign.cascal", header, b"")
    with refuses("foreign-file", "foreign.cascal", kind=ArtefactError):
        cascal.Router.load(path)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [("settings", "max_k", 1e9), ("thresholds", "top_k", True), ("routing", "margin", NAN)],
)
def test_a_router_file_keeps_to_the_same_bounds(saved, tmp_path, part, name, value):
    header, arrays = parts_of(saved[1])
    place = header["settings"]["routing"] if part == "routing" else header[part]
    place[name] = value
    path = rewritten(tmp_path / "r.cascal", header, arrays)
    with refuses("damaged-file", "r.cascal", name, value, kind=ArtefactError):
        cascal.Router.load(path)


def test_a_missing_file_a_folder_and_a_zip_without_the_parts_are_refused(tmp_path):
    with refuses("no-such-file", "nothing.cascal", kind=ArtefactError):
        cascal.Router.load(tmp_path / "nothing.cascal")
    with refuses("wrong-path", tmp_path, kind=ArtefactError):
        cascal.Router.load(tmp_path)
    with zipfile.ZipFile(tmp_path / "empty.cascal", "w") as archive:
        archive.writestr("readme", "nothing")
    with refuses("damaged-file", "empty.cascal", kind=ArtefactError):
        cascal.Router.load(tmp_path / "empty.cascal")


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_is_refused_and_never_run(saved, tmp_path):
    path, sprung = tmp_path / "router.cascal", tmp_path / "sprung"
    path.write_bytes(pickle.dumps(Trap(sprung)))
    with refuses("damaged-file", "router.cascal", kind=ArtefactError):
        cascal.Router.load(path)
    assert not sprung.exists()


def with_object_array(path, content, trap):
    """A file with a right checksum whose centroids are a pickled object."""
    header, arrays = parts_of(content)
    buffer = io.BytesIO()
    objects = np.empty(1, dtype=object)
    objects[0] = trap
    np.savez_compressed(buffer, **{**arrays, "centroids": objects})
    header["checksum"] = checksum(header, buffer.getvalue())
    return zipped(path, header, buffer.getvalue())


def test_arrays_that_are_pickled_objects_are_never_run(saved, tmp_path):
    sprung = tmp_path / "sprung"
    path = with_object_array(tmp_path / "router.cascal", saved[1], Trap(sprung))
    with refuses("damaged-file", kind=ArtefactError):
        cascal.Router.load(path)
    assert not sprung.exists()


def test_arrays_that_are_pickled_objects_are_refused_with_a_sentence(saved, tmp_path):
    path = with_object_array(tmp_path / "router.cascal", saved[1], Trap(tmp_path / "sprung"))
    with refuses("damaged-file", "router.cascal", kind=ArtefactError):
        cascal.Router.load(path)


@pytest.mark.parametrize("body", [b"", b"junk", b"PK\x05\x06" + b"\x00" * 18])
def test_arrays_that_are_no_arrays_are_refused_with_a_sentence(saved, tmp_path, body):
    header, _ = parts_of(saved[1])
    header["checksum"] = checksum(header, body)
    path = zipped(tmp_path / "router.cascal", header, body)
    with refuses("damaged-file", "router.cascal", kind=ArtefactError):
        cascal.Router.load(path)


def declare_size(content, name, size):
    """The same zip, its directory claiming another unpacked size for one member."""
    content = bytearray(content)
    at = content.rindex(name.encode()) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = size.to_bytes(4, "little")
    return bytes(content)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(saved, tmp_path):
    path = tmp_path / "router.cascal"
    path.write_bytes(declare_size(saved[1], "arrays.npz", 4_000_000_000))
    with refuses("too-large", "router.cascal", "2 GiB", kind=ArtefactError):
        cascal.Router.load(path)


def test_a_bomb_inside_the_arrays_is_refused_before_it_is_unpacked(saved, tmp_path):
    """The arrays are a zip in the zip: what they unpack to counts, not what they take."""
    header, arrays = parts_of(saved[1])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    body = declare_size(buffer.getvalue(), "support.npy", 4_000_000_000)
    header["checksum"] = checksum(header, body)
    path = zipped(tmp_path / "router.cascal", header, body)
    with refuses("too-large", "router.cascal", "2 GiB", kind=ArtefactError):
        cascal.Router.load(path)


def test_a_router_file_without_one_of_its_arrays_is_refused(saved, tmp_path):
    header, arrays = parts_of(saved[1])
    for name in arrays:
        rest = {k: v for k, v in arrays.items() if k != name}
        path = rewritten(tmp_path / "router.cascal", header, rest)
        with refuses("damaged-file", "router.cascal", name, kind=ArtefactError):
            cascal.Router.load(path)


HEADER_PARTS = [
    "encoder",
    "dimension",
    "models",
    "tasks",
    "settings",
    "thresholds",
    "fingerprint",
    "notes",
]


@pytest.mark.parametrize("name", HEADER_PARTS)
def test_a_router_file_without_a_part_of_its_header_is_refused(saved, tmp_path, name):
    header, arrays = parts_of(saved[1])
    del header[name]
    path = rewritten(tmp_path / "router.cascal", header, arrays)
    with refuses("damaged-file", "router.cascal", name, kind=ArtefactError):
        cascal.Router.load(path)


def test_a_router_file_that_contradicts_itself_is_refused(saved, tmp_path):
    header, arrays = parts_of(saved[1])
    path = rewritten(tmp_path / "router.cascal", {**header, "dimension": 7}, arrays)
    with refuses("damaged-file", "router.cascal", 7, 4, kind=ArtefactError):
        cascal.Router.load(path)
    unknown = {**header, "settings": {**header["settings"], "surprise": 1}}
    with refuses("damaged-file", "router.cascal", "surprise", kind=ArtefactError):
        cascal.Router.load(rewritten(path, unknown, arrays))


def test_a_router_file_with_other_models_than_scores_is_refused(saved, tmp_path):
    header, arrays = parts_of(saved[1])
    fewer = {**header, "models": header["models"][:-1]}
    path = rewritten(tmp_path / "router.cascal", fewer, arrays)
    with refuses("damaged-file", "router.cascal", kind=ArtefactError):
        cascal.Router.load(path)


def test_a_failed_save_leaves_the_old_file(saved, tmp_path):
    router, content = saved
    path = tmp_path / "router.cascal"
    path.write_bytes(content)
    broken = replace(router, notes=(object(),))
    with pytest.raises(TypeError):
        broken.save(path)
    assert path.read_bytes() == content
    assert cascal.Router.load(path).models == router.models


def test_loading_and_routing_need_neither_duckdb_nor_streamlit_nor_torch(saved, tmp_path):
    path = tmp_path / "router.cascal"
    path.write_bytes(saved[1])
    code = (
        "import sys, numpy, cascal\n"
        f"router = cascal.Router.load({str(path)!r})\n"
        "assert router.route(numpy.eye(4)).selected.shape == (4, 3)\n"
        "heavy = {'duckdb', 'streamlit', 'torch', 'sklearn', 'pandas', 'pyarrow', 'plotly',\n"
        "         'umap', 'openai', 'sentence_transformers'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(  # noqa: S603 – our own interpreter and our own text
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
