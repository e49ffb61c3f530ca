"""Real input end to end: import the raw files, take the given vectors, fit, route, evaluate."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import shared

import cascal
from cascal import importers
from cascal.dataset.dataset import load_dataset
from cascal.dataset.snapshot import compare, take_snapshot
from cascal.encode.layout import layout_parameters
from cascal.explain import explain
from cascal.provenance import text_hash

POOLS = {
    "weak8": [
        "Meta-Llama-3_1-8B-Instruct",
        "Phi-3-mini-4k-instruct",
        "mathstral-7B",
        "Yi-34B",
        "c4ai-command-r-v01",
        "Mixtral-8x7B-Instruct-v0.1",
        "gemma-7b",
        "Llama-2-70b-hf",
    ],
    "mixed12": [
        "gemini-1.5-flash-002",
        "Meta-Llama-3_1-70B-Instruct",
        "DeepSeek-V2-Chat",
        "Meta-Llama-3-70B",
        "Qwen1.5-110B",
        "Qwen1.5-72B-Chat",
        "Meta-Llama-3_1-8B-Instruct",
        "Phi-3-mini-4k-instruct",
        "Mixtral-8x7B-Instruct-v0.1",
        "Yi-34B",
        "mathstral-7B",
        "c4ai-command-r-v01",
    ],
}
KNOWN = {("weak8", "recommended"): (46.7, 50.1), ("mixed12", "recommended"): (64.9, 67.1)}
TOLERANCE = 0.7


@pytest.fixture(scope="module")
def mmlu():
    folder = shared("realdata", "mmlu_pro")
    queries = pq.read_table(folder / "queries.parquet")
    vectors = np.load(folder / "embeddings_all-MiniLM-L6-v2_f16.npy").astype(np.float32)
    return queries, pq.read_table(folder / "responses.parquet"), vectors


def pool_of(mmlu, models, split):
    """Votes, vectors and gold of one pool; a letter beyond the options is no answer."""
    queries, responses, vectors = mmlu
    rows = np.flatnonzero(np.array(queries["split"].to_pylist()) == split)
    ids = [str(one) for one in queries["query_id"].to_pylist()]
    n_options = np.array([max(2, len(one)) for one in queries["options"].to_pylist()])
    place, column = {one: row for row, one in enumerate(ids)}, {m: j for j, m in enumerate(models)}
    answers = np.full((len(ids), len(models)), cascal.NO_ANSWER)
    for query_id, model, letter in zip(
        responses["query_id"].to_pylist(),
        responses["model"].to_pylist(),
        responses["answer"].to_pylist(),
        strict=True,
    ):
        row = place[str(query_id)]
        if model in column and letter and ord(letter) - ord("A") < n_options[row]:
            answers[row, column[model]] = ord(letter) - ord("A")
    tasks, gold = queries["task"].to_pylist(), queries["answer"].to_pylist()
    kept = [ids[row] for row in rows]
    votes = cascal.Votes(
        kept,
        [tasks[row] for row in rows],
        models,
        answers[rows],
        np.full((len(rows), len(models)), np.nan),
        n_options[rows],
    )
    truth = np.array([ord(gold[row]) - ord("A") for row in rows])
    return votes, cascal.Embeddings.from_array(kept, vectors[rows], "all-MiniLM-L6-v2"), truth


@pytest.mark.slow
@pytest.mark.parametrize(("pool", "preset"), KNOWN)
def test_recommended_reaches_the_known_accuracy(mmlu, pool, preset):
    train, vectors, _ = pool_of(mmlu, POOLS[pool], "train")
    test, test_vectors, gold = pool_of(mmlu, POOLS[pool], "test")
    router = cascal.fit(train, vectors, cascal.FitSettings.preset(preset)).router()
    result = cascal.evaluate(router.route(test_vectors), test, gold)
    found = (100 * result.top1_accuracy, 100 * result.top3_vote_accuracy)
    assert found == pytest.approx(KNOWN[pool, preset], abs=TOLERANCE)


@pytest.mark.realdata
def test_from_raw_files_to_an_explained_route(mmlu, tmp_path):
    """Import the eight raw files, load the given vectors, fit, move a threshold, route, explain."""
    queries, _, vectors = mmlu
    imported = importers.read(
        shared("realdata", "mmlu_pro", "raw"), dataset="mmlu-pro", test_share=0.4
    )
    workspace = cascal.Workspace(tmp_path / "real.duckdb")
    added = workspace.add(imported)
    assert added.queries_added == 12032
    assert added.responses_added > 96_000
    hashes = [text_hash(one) for one in queries["text"].to_pylist()]
    first = {one: row for row, one in reversed(list(enumerate(hashes)))}
    kept = list(first.values())
    unit = vectors[kept] / np.linalg.norm(vectors[kept], axis=1, keepdims=True)
    workspace.put_vectors("all-MiniLM-L6-v2", 384, list(first), unit)
    stored = workspace.queries("mmlu-pro")
    ids = stored["query_id"].to_pylist()
    workspace.put_layout(
        "mmlu-pro", "all-MiniLM-L6-v2", layout_parameters(), ids, np.zeros((len(ids), 2), "f4")
    )
    study = load_dataset(workspace, "mmlu-pro")
    assert not study.simulated
    assert study.test.has_gold
    fit = cascal.fit(study.train.votes, study.train.vectors)
    snapshot = take_snapshot(study, fit, cascal.Thresholds())
    assert 0.43 < snapshot.evaluation.top1_accuracy < 0.50
    moved = compare(snapshot, take_snapshot(study, fit, cascal.Thresholds(merge_distance=0.5)))
    assert moved.clusters_after < moved.clusters_before
    trace = explain(snapshot.router, study.test.vectors.vectors[0])
    assert trace.selected[0] in POOLS["weak8"]
