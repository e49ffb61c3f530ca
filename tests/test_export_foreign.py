"""Exported routers, read back as the other runtimes read them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_world
from refusals import refuses
from typer import Typer
from typer.testing import CliRunner

import cascal
from cascal.cli.serving import convert as convert_command
from cascal.export import TARGETS, convert
from cascal.export.vllm_sr import N_CATEGORIES


def fitted(preset="recommended", **thresholds):
    votes, vectors, _ = make_world(seed=4)
    fit = cascal.fit(votes, vectors, cascal.FitSettings.preset(preset))
    return fit.router(cascal.Thresholds(**thresholds))


@pytest.fixture(scope="module", params=["recommended", "released", "paper"])
def router(request):
    return fitted(request.param)


def queries(dimension, n=400, *, unit=True, seed=1):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows if unit else rows * rng.uniform(0.05, 20.0, size=(n, 1))


def nearest_winner(router, rows):
    """What our router picks at the nearest centre of all."""
    cluster = np.argmax(rows @ router.clusters.centroids.T, axis=1)
    picked = router.route(router.clusters.centroids).selected[:, 0]
    return [router.models[m] for m in picked[cluster]]


def strict_json(path):
    def refuse(name):
        raise ValueError(name)

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


# The readers below follow the code of the other runtimes: fields, checks, arithmetic.


def read_nordlys(path):
    """Checks of NordlysCheckpoint::validate; centres and scores in 32 bits."""
    doc = strict_json(path)
    assert "reduction" in doc
    n = doc["clustering"]["n_clusters"]
    centres = np.array(doc["cluster_centers"], dtype=np.float32)
    assert centres.ndim == 2
    assert len(centres) == n > 0
    scores = {one["model_id"]: np.array(one["scores"], dtype=np.float32) for one in doc["models"]}
    for values in scores.values():
        assert len(values) == n
        assert (values >= 0).all()
        assert (values <= 1).all()
    assert isinstance(doc["embedding"]["model"], str)
    assert doc["embedding"]["trust_remote_code"] is False
    return doc, centres, scores


def route_nordlys(centres, scores, row):
    cluster = int(np.argmin(((centres - row.astype(np.float32)) ** 2).sum(axis=1)))
    ranked = sorted(scores, key=lambda name: -scores[name][cluster])
    return cluster, ranked


def test_nordlys_ranks_every_model_as_our_nearest_cluster_does(router, tmp_path):
    lost = convert(router, tmp_path / "n.json", "nordlys")
    doc, centres, scores = read_nordlys(tmp_path / "n.json")
    order = router.cluster_order
    rows = queries(router.dimension)
    for row, winner in zip(rows, nearest_winner(router, rows), strict=True):
        cluster, ranked = route_nordlys(centres, scores, row)
        assert ranked == [router.models[m] for m in order[cluster]]
        assert ranked[0] == winner
    assert doc["metrics"]["cluster_sizes"] == router.clusters.sizes.tolist()
    assert "nearest cluster decides alone" in lost[0]


def test_nordlys_scores_of_a_cluster_are_never_equal(tmp_path):
    """Its sort leaves the order of equal scores open, ours is by name."""
    router = fitted()
    tied = np.tile(
        np.linspace(1.0, 0.0, 2).repeat(3)[: len(router.models)], (len(router.clusters), 1)
    )
    rankings = replace(router.rankings, scores=tied)
    routing = replace(router.routing, margin=0.0)
    router = replace(
        router, rankings=rankings, thresholds=replace(router.thresholds, routing=routing)
    )
    convert(router, tmp_path / "n.json", "nordlys")
    _, _, scores = read_nordlys(tmp_path / "n.json")
    table = np.stack([scores[name] for name in router.models], axis=1)
    ranked = np.take_along_axis(table, router.cluster_order, axis=1)
    assert (np.diff(ranked, axis=1) < 0).all()
    assert np.abs(table - tied).max() < 1e-5


def test_nordlys_scores_outside_0_and_1_are_scaled_and_that_is_said(tmp_path):
    router = fitted("paper")
    scores = router.rankings.scores * 4 - 2
    lost = convert(
        replace(router, rankings=replace(router.rankings, scores=scores)),
        tmp_path / "n.json",
        "nordlys",
    )
    read_nordlys(tmp_path / "n.json")
    assert any("scaled to [0, 1]" in one for one in lost)


def read_vllm_sr(path):
    """Checks of the k-means selector's loader for unversioned files."""
    doc = strict_json(path)
    assert doc["algorithm"] == "kmeans"
    assert doc["trained"] is True
    assert "format_version" not in doc
    centroids = np.array(doc["centroids"], dtype=np.float64)
    assert centroids.shape == (doc["num_clusters"], doc["feature_dim"])
    assert np.isfinite(centroids).all()
    assert len(doc["cluster_models"]) == len(centroids)
    assert set(doc["cluster_models"]) <= set(doc["model_names"])
    return centroids, doc["cluster_models"]


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("category", [None, 0, N_CATEGORIES - 1])
def test_vllm_sr_nearest_by_euclid_is_the_highest_cosine(router, tmp_path, unit, category):
    """Also for vectors that are not normalised, and whatever the one-hot category says."""
    convert(router, tmp_path / "kmeans_model.json", "vllm-sr")
    centroids, models = read_vllm_sr(tmp_path / "kmeans_model.json")
    rows = queries(router.dimension, unit=unit)
    block = np.zeros((len(rows), N_CATEGORIES))
    if category is not None:
        block[:, category] = 1.0
    padded = np.concatenate([rows, block], axis=1)
    squared = ((padded[:, None, :] - centroids[None]) ** 2).sum(axis=2)
    nearest = squared.argmin(axis=1)
    cosine = rows @ router.clusters.centroids.T / np.linalg.norm(rows, axis=1, keepdims=True)
    assert (nearest == cosine.argmax(axis=1)).all()
    assert [models[c] for c in nearest] == nearest_winner(router, rows)


def read_avengers(folder):
    centres = np.load(folder / "cluster_centers.npy", allow_pickle=False)
    rankings = strict_json(folder / "cluster_rankings.json")
    metadata = strict_json(folder / "metadata.json")
    assert sorted(map(int, rankings)) == list(range(metadata["n_clusters"]))
    assert metadata["normalizer_type"] == "l2"
    return centres, {int(key): value for key, value in rankings.items()}, metadata


def route_avengers(centres, rankings, metadata, row, top_k):
    """SimpleClusterRouter.route_queries_batch for one query."""
    distance = 1 - row @ centres.T
    near = np.argsort(distance)[:top_k]
    logits = -metadata["beta"] * distance[near]
    probs = np.exp(logits - logits.max())
    probs /= probs.sum()
    names = metadata["available_models"]
    total = {
        name: sum(
            p / (rankings[c]["ranking"].index(name) + 1) for c, p in zip(near, probs, strict=True)
        )
        for name in names
    }
    blended = {
        name: sum(p * rankings[c]["scores"][name] for c, p in zip(near, probs, strict=True))
        for name in names
    }
    return max(names, key=lambda name: total[name]), max(names, key=lambda name: blended[name])


def test_avengers_with_one_cluster_gives_our_nearest_winner(router, tmp_path):
    convert(router, tmp_path / "a", "avengers")
    centres, rankings, metadata = read_avengers(tmp_path / "a")
    rows = queries(router.dimension)
    found = [route_avengers(centres, rankings, metadata, row, 1)[0] for row in rows]
    assert found == nearest_winner(router, rows)
    assert not [path for path in (tmp_path / "a").iterdir() if path.suffix == ".joblib"]


def test_a_reader_that_blends_the_avengers_scores_decides_as_we_do(tmp_path):
    """top_k and beta of the metadata are our number of clusters and temperature."""
    router = fitted()
    convert(router, tmp_path / "a", "avengers")
    centres, rankings, metadata = read_avengers(tmp_path / "a")
    rows = queries(router.dimension)
    ours = [router.models[m] for m in router.route(rows).selected[:, 0]]
    theirs = [
        route_avengers(centres, rankings, metadata, row, metadata["top_k"])[1] for row in rows
    ]
    assert theirs == ours


def test_the_same_router_gives_the_same_bytes(router, tmp_path):
    for to in TARGETS:
        for name in ("one", "two"):
            convert(router, tmp_path / f"{to}-{name}", to)
    for to in ("nordlys", "vllm-sr"):
        assert (tmp_path / f"{to}-one").read_bytes() == (tmp_path / f"{to}-two").read_bytes()
    files = {path.name: path.read_bytes() for path in (tmp_path / "avengers-one").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "avengers-two").iterdir()}
    assert set(files) == {"cluster_centers.npy", "cluster_rankings.json", "metadata.json"}


def test_wrong_targets_are_refused_in_a_sentence(tmp_path):
    router = fitted()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with refuses("unknown-choice", "'onnx'", *TARGETS):
        convert(router, tmp_path / "x", "onnx")
    with refuses("wrong-path", tmp_path):
        convert(router, tmp_path, "nordlys")
    with refuses("wrong-path", tmp_path / "file"):
        convert(router, tmp_path / "file", "avengers")
    broken = replace(
        router,
        rankings=replace(router.rankings, scores=np.full_like(router.rankings.scores, np.nan)),
    )
    for to in TARGETS:
        with refuses("unusable-vector"):
            convert(broken, tmp_path / to, to)
        assert not (tmp_path / to).is_file()


def test_the_command_writes_the_file_and_says_what_is_lost(tmp_path):
    router = fitted()
    router.save(tmp_path / "r.cascal")
    app = Typer()
    app.command()(convert_command)
    arguments = [str(tmp_path / "r.cascal"), str(tmp_path / "k.json"), "--to", "vllm-sr"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "Lost: Only the first model of each cluster is kept" in " ".join(done.output.split())
    read_vllm_sr(tmp_path / "k.json")
