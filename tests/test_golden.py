"""`released` reproduces the released code on every golden case, `recommended-1` a prototype."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import shared

import cascal
from cascal.consensus.expectation_maximisation import polya_dawid_skene
from cascal.score import consensus_scores, standardise
from cascal.vote import final_answers

WORLDS = ("small", "medium")
N_CONFIGURATIONS = 10


def load(name: str, split: str):
    stored = np.load(shared("golden", name, f"{split}.npz"))
    answers = np.array([[ord(letter) - ord("A") for letter in row] for row in stored["choice"]])
    ids = [str(one) for one in stored["question_id"]]
    votes = cascal.Votes(
        ids,
        [str(one) for one in stored["category"]],
        [str(one) for one in stored["model"]],
        answers,
        stored["logprob"],
        np.full(len(ids), 10),
    )
    vectors = cascal.Embeddings.from_array(ids, stored["embedding"], "golden")
    return votes, vectors, np.array([ord(letter) - ord("A") for letter in stored["answer"]]), stored


def expected(name: str, file: str = "expected.json"):
    return json.loads(shared("golden", name, file).read_text())


def fit_of(name: str, config: dict) -> cascal.Fit:
    votes, vectors, _, _ = load(name, "train")
    settings = cascal.FitSettings.preset("released")
    return cascal.fit(votes, vectors, replace(settings, min_agreement=config["min_consensus"]))


def thresholds_of(config: dict) -> cascal.Thresholds:
    return cascal.Thresholds(
        config["silhouette_threshold"],
        config["merge_distance"],
        config["jaccard_threshold"] if config["prune"] else None,
    )


def routing_of(options: dict) -> cascal.Routing:
    return cascal.Routing(
        "blend",
        two_stage=options["two_stage"],
        k_nearest=options["k_nearest"],
        distance_temperature=options["distance_temperature"],
        sharp=options["sharp_scoring"],
        scoring_temperature=options["scoring_temperature"],
        fallback_distance=options["fallback_distance"] if options["global_fallback"] else None,
    )


def by_members(router: cascal.Router, ids) -> dict[tuple[str, frozenset[str]], int]:
    names = np.array(ids)
    return {
        (
            router.tasks[router.clusters.task[c]],
            frozenset(names[router.clusters.assignment == c].tolist()),
        ): c
        for c in range(len(router.clusters))
    }


@pytest.mark.parametrize("name", WORLDS)
def test_released_consensus_and_statistics_equal_the_released_code(name):
    votes, _, _, stored = load(name, "train")
    scores = consensus_scores(votes, "posterior")
    z = standardise(votes.logprobs, scores.center, scores.spread)
    assert np.abs(scores.values - stored["consensus_score"]).max() <= 1e-6
    assert np.abs(z - stored["z_score"]).max() <= 1e-6
    for model, numbers in expected(name, "logprob_stats.json").items():
        at = votes.models.index(model)
        assert scores.center[at] == pytest.approx(numbers["median"], abs=1e-9)
        assert scores.spread[at] == pytest.approx(numbers["scale"], abs=1e-9)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("number", range(N_CONFIGURATIONS))
def test_released_clusters_equal_the_released_code(name, number):
    case = expected(name)[number]
    fit = fit_of(name, case["config"])
    router = fit.router(thresholds_of(case["config"]))
    found = by_members(router, fit.query_ids)
    wanted = {
        (task, frozenset(str(one) for one in cluster["assigned"])): cluster
        for task, clusters in case["tasks"].items()
        for cluster in clusters.values()
    }
    assert set(found) == set(wanted)
    for members, cluster in wanted.items():
        c = found[members]
        centroid = np.array(cluster["centroid"])
        cosine = centroid @ router.clusters.centroids[c] / np.linalg.norm(centroid)
        assert 1.0 - cosine <= 1e-5
        scores = dict(zip(router.models, router.rankings.scores[c], strict=True))
        assert {m: round(s, 3) for m, s in cluster["ranking"]} == {
            m: round(float(s), 3) for m, s in scores.items()
        }


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("number", range(N_CONFIGURATIONS))
def test_released_routes_equal_the_released_code(name, number):
    case = expected(name)[number]
    fit = fit_of(name, case["config"])
    votes, vectors, gold, _ = load(name, "test")
    for wanted in case["routes"]:
        thresholds = replace(thresholds_of(case["config"]), routing=routing_of(wanted["options"]))
        routes = fit.router(thresholds).route(vectors)
        assert [routes.tasks[task] for task in routes.task] == wanted["predicted_task"]
        assert np.abs(routes.scores - np.array(wanted["scores"])).max() <= 1e-5
        assert int((routes.fallback > 0).sum()) == wanted["used_fallback"]
        result = cascal.evaluate(routes, votes, gold)
        close = np.sort(routes.scores, axis=1)
        ties = int((close[:, -1] - close[:, -2] < 1e-9).sum())
        slack = (ties + 0.01) / len(gold)
        assert result.top1_accuracy == pytest.approx(wanted["top1_accuracy"], abs=slack)
        vote_ties = int((np.diff(close[:, -4:], axis=1) < 1e-9).any(axis=1).sum())
        slack = (vote_ties + 0.01) / len(gold)
        assert result.top3_vote_accuracy == pytest.approx(wanted["top3_accuracy"], abs=slack)
        assert ((final_answers(routes, votes) == gold).mean()) == pytest.approx(
            result.vote_accuracy
        )


@pytest.mark.parametrize("name", WORLDS)
def test_the_first_version_s_consensus_equals_the_prototype(name):
    votes, _, _, _ = load(name, "train")
    wanted = expected(name, "recommended.json")
    rows = [votes.query_ids.index(one) for one in wanted["query_ids"]]
    columns = [votes.models.index(one) for one in wanted["models"]]
    answers = votes.answers[np.ix_(rows, columns)]
    n_options = np.full(len(rows), wanted["n_options"])
    fitted = polya_dawid_skene(answers, np.array(wanted["groups"]), n_options)
    assert fitted.iterations == wanted["em_iterations"]
    assert np.abs(fitted.theta - np.array(wanted["theta"])).max() <= 1e-4
    assert np.abs(fitted.scores - np.array(wanted["scores"])).max() <= 1e-4


@pytest.mark.parametrize("name", WORLDS)
def test_the_first_version_s_clusters_rankings_and_routes_equal_the_prototype(name):
    votes, vectors, _, _ = load(name, "train")
    wanted = expected(name, "recommended.json")
    fit = cascal.fit(votes, vectors, cascal.FitSettings.preset("recommended-1"))
    router = fit.router()
    columns = [router.models.index(one) for one in wanted["models"]]
    found = by_members(router, fit.query_ids)
    assert set(found) == {(c["task"], frozenset(c["assigned"])) for c in wanted["clusters"]}
    for cluster in wanted["clusters"]:
        c = found[cluster["task"], frozenset(cluster["assigned"])]
        for kind in ("mean_scores", "scores"):
            mine = getattr(router.rankings, kind)[c, columns]
            assert np.abs(mine - np.array(cluster[kind])).max() <= 1e-3
    test_votes, test_vectors, gold, _ = load(name, "test")
    routes = router.route(test_vectors.take(wanted["test_query_ids"]))
    assert np.abs(routes.scores[:, columns] - np.array(wanted["route_scores"])).max() <= 1e-3
    result = cascal.evaluate(router.route(test_vectors), test_votes, gold)
    assert result.top1_accuracy == pytest.approx(wanted["top1_accuracy"], abs=1e-6)
