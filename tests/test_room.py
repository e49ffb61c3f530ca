"""Texts as long as a model that thinks aloud writes them are stored and read in little memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
from cascal.datatypes import ModelSpec
from cascal.store import Workspace
from cascal.store.connection import connected
from cascal.store.room import LEAST_MEGABYTES, Lengths, allow, stored_at_once


def imported(n_rows, n_chars):
    """Responses of one model, each a text of its own."""
    random = np.random.default_rng(0)
    texts = ["".join(map(chr, random.integers(97, 123, n_chars))) for _ in range(8)]
    queries = [
        {"query_id": f"q{at}", "task": "a", "text": f"Question {at}?", "options": ["x", "y"]}
        for at in range(n_rows)
    ]
    responses = [
        {
            "query_id": f"q{at}",
            "model": "m",
            "sample": 0,
            "text": f"{at} {texts[at % 8]}",
            "answer": "A",
            "status": "ok",
        }
        for at in range(n_rows)
    ]
    for one in queries:
        one |= {"answer": None, "answer_origin": "none", "skill": None, "split": "train"}
    return Imported(
        dataset="d",
        origin="real",
        source="made",
        tasks=(),
        models=(ModelSpec("m"),),
        queries=pa.Table.from_pylist(queries, QUERY_SCHEMA),
        responses=pa.Table.from_pylist(responses, RESPONSE_SCHEMA),
    )


def megabytes(path):
    """What DuckDB may take for a workspace."""
    with connected(path, read_only=True, timeout=1.0) as connection:
        row = connection.execute("SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'")
        number, unit = row.fetchone()[0].split()
    return float(number) * {"MiB": 1.048576, "GiB": 1073.741824}[unit]


def test_the_longest_texts_that_stand_together_are_found():
    lengths = Lengths()
    assert lengths.at_once == 0
    lengths.look(pa.array(["a" * 10, None, "é"]))
    assert lengths.at_once == 12
    lengths.look(pa.array(["b"] * 3_000))
    lengths.look(pa.array(["c" * 100] * 2))
    assert lengths.at_once == 2_046 + 200
    lengths.look(pa.array([], pa.string()))
    assert lengths.at_once == 2_046 + 200


def test_short_texts_get_no_more_than_the_least(tmp_path):
    path = tmp_path / "w.duckdb"
    Workspace(path).add(imported(100, 500))
    with connected(path, read_only=True, timeout=1.0) as connection:
        assert 2_048 * 500 <= stored_at_once(connection) <= 2_048 * 510
        allow(connection, 1 << 20)
    assert megabytes(path) == pytest.approx(LEAST_MEGABYTES, rel=0.01)


@pytest.mark.slow
def test_thousands_of_long_texts_are_stored_and_read(tmp_path):
    path = tmp_path / "w.duckdb"
    workspace = Workspace(path)
    workspace.add(imported(2_100, 100_000))
    assert megabytes(path) == pytest.approx(LEAST_MEGABYTES + 3 * 2_048 * 0.1, rel=0.05)
    assert workspace.votes("d").answers.shape == (2_100, 1)
    found = workspace.response_texts("d", "q2099")["text"].to_pylist()
    assert [len(text) for text in found] == [100_005]
    texts = workspace.responses("d", with_text=True)["text"].to_pylist()
    assert len({text.split()[0] for text in texts}) == 2_100
