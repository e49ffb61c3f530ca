"""The store keeps what it was given, refuses the rest in a sentence, and can be shared."""

import contextlib
import hashlib
import math
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import full_disk
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refuses

from cascal.answers import RULE
from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
from cascal.datatypes import NO_ANSWER, CascalError, ModelSpec, Query, Response, Task
from cascal.provenance import text_hash
from cascal.store import (
    ATTEMPT_SCHEMA,
    AddReport,
    JournalLocked,
    Run,
    Workspace,
    WorkspaceLocked,
    content_of,
    journal,
    schema,
)
from cascal.store.connection import connected
from cascal.store.engine import attach
from cascal.store.journal import Journal, read_segment, segments_of
from cascal.store.recording import Recorder
from cascal.store.voting import option_index

MODELS = (
    ModelSpec(
        "zeta",
        model_id="org/zeta",
        base_url="http://x/v1",
        key_env="KEY",
        input_price=0.5,
        output_price=1.5,
    ),
    ModelSpec("alpha"),
)


def query(query_id, **columns):
    row = {
        "query_id": query_id,
        "task": "math",
        "text": f"What is {query_id}?",
        "options": ["one", "two", "three"],
        "answer": "B",
        "answer_origin": "gold",
        "skill": None,
        "split": "train",
    }
    return row | columns


def response(query_id, model, answer="B", **columns):
    row = dict.fromkeys(RESPONSE_SCHEMA.names) | {
        "query_id": query_id,
        "model": model,
        "sample": 0,
        "text": f"The answer is {answer}.",
        "answer": answer,
        "mean_logprob": -0.25,
        "status": "ok",
    }
    return row | columns


def imported(queries=(), responses=(), dataset="demo", models=MODELS, **columns):
    rest = {"origin": "real", "source": "a.csv", "tasks": (Task("math", "sums"),)} | columns
    return Imported(
        dataset=dataset,
        models=models,
        queries=pa.Table.from_pylist(list(queries), QUERY_SCHEMA),
        responses=pa.Table.from_pylist(list(responses), RESPONSE_SCHEMA),
        **rest,
    )


def small(dataset="demo"):
    queries = [query("q2"), query("q1", split="test", task="law", text="<b>Whose?</b>")]
    cells = [("q1", "alpha", "A"), ("q2", "zeta", "b "), ("q2", "alpha", "D")]
    return imported(queries, [response(*cell) for cell in cells], dataset)


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """One empty, one filled and one begun workspace, made once and copied."""
    folder = tmp_path_factory.mktemp("templates")
    empty, filled, begun = (folder / f"{name}.duckdb" for name in ("empty", "filled", "begun"))
    Workspace(empty)
    Workspace(filled).add(small())
    waiting = Workspace(begun)
    waiting.begin("d", "by g", tasks=[Task("math", "sums")], models=MODELS)
    rows = imported([query("q2"), query("q1")], dataset="d")
    waiting.add(replace(rows, models=()), on_conflict="extend")
    return empty, filled, begun


@pytest.fixture
def workspace(templates, tmp_path):
    return Workspace(shutil.copy(templates[0], tmp_path / "work.duckdb"), lock_timeout=5.0)


@pytest.fixture
def filled(templates, tmp_path):
    return Workspace(shutil.copy(templates[1], tmp_path / "work.duckdb"), lock_timeout=5.0)


def content(workspace):
    """Everything that is stored, to compare before and after."""
    with duckdb.connect(str(workspace.path), read_only=True) as connection:
        return {
            name: sorted(map(repr, connection.execute(f"FROM {name}").fetchall()))
            for name in schema.TABLES
        }


# ---------------------------------------------------------------- what comes back


def test_an_empty_workspace_is_made_with_its_folder_and_lists_nothing(tmp_path):
    workspace = Workspace(tmp_path / "deep" / "er" / "work.duckdb")
    assert [one.name for one in workspace.path.parent.iterdir()] == ["work.duckdb"]
    assert workspace.datasets() == []
    assert workspace.runs() == []
    with refuses("no-dataset", "demo"):
        workspace.votes("demo")


def test_rows_and_models_keep_the_order_they_came_in(filled):
    assert filled.queries("demo")["query_id"].to_pylist() == ["q2", "q1"]
    assert [model.name for model in filled.models("demo")] == ["zeta", "alpha"]
    assert filled.tasks("demo") == (Task("math", "sums"), Task("law"))
    table = filled.responses("demo")
    assert list(zip(table["query_id"].to_pylist(), table["model"].to_pylist(), strict=True)) == [
        ("q2", "zeta"),
        ("q2", "alpha"),
        ("q1", "alpha"),
    ]


def test_a_data_set_tells_its_size(filled):
    info = filled.dataset("demo")
    assert (info.n_queries, info.n_train, info.n_test) == (2, 1, 1)
    assert (info.n_models, info.n_responses, info.n_tasks) == (2, 3, 2)
    assert info.answer_origins == ("gold",)
    assert info.created_at.tzinfo is UTC
    assert info.fingerprint == filled.fingerprint("demo")
    assert filled.datasets() == [info]
    with refuses("no-dataset", "other", "demo"):
        filled.dataset("other")


def test_tables_have_the_schemas_of_the_files(filled):
    queries = filled.queries("demo", "test")
    assert queries.schema.names == [*QUERY_SCHEMA.names, "text_hash"]
    assert queries.select(QUERY_SCHEMA.names).schema == QUERY_SCHEMA
    assert queries["text_hash"].to_pylist() == [text_hash("<b>Whose?</b>")]
    assert filled.responses("demo", "train", with_text=True).schema == RESPONSE_SCHEMA
    assert "text" not in filled.responses("demo").schema.names
    texts = filled.response_texts("demo", "q2")
    assert texts["model"].to_pylist() == ["zeta", "alpha"]
    assert texts["text"].to_pylist() == ["The answer is b .", "The answer is D."]
    with refuses("unknown-query", "demo", "q9"):
        filled.response_texts("demo", "q9")


def test_models_come_back_with_unknown_prices_as_nan(filled):
    zeta, alpha = filled.models("demo")
    assert zeta == MODELS[0]
    assert math.isnan(alpha.input_price)
    assert replace(alpha, input_price=0.0, output_price=0.0) == ModelSpec(
        "alpha", model_id="", base_url="", key_env="", input_price=0, output_price=0
    )


def test_a_text_is_hashed_as_sha_256_of_its_utf_8():
    assert text_hash("é") == hashlib.sha256("é".encode()).hexdigest()[:32]
    assert text_hash("\ud800") == hashlib.sha256(b"\xed\xa0\x80").hexdigest()[:32]


NASTY = [
    "<script>alert(1)</script>",
    "'; DROP TABLE query; --",
    "a\"b'c",
    "日本 🎲 é",
    "a\0b",
    "x" * 10**6,
]


@pytest.mark.parametrize("text", NASTY, ids=["html", "sql", "quotes", "unicode", "nul", "1 MB"])
def test_any_text_survives_everywhere(workspace, text):
    name = text[:1000]
    row = query("q", task=name, text=text, options=[text, "b"], answer="A", skill=text)
    cell = response("q", name, "A", text=text, rule=name)
    workspace.add(imported([row], [cell], name, (ModelSpec(name),), tasks=(Task(name, text),)))
    assert workspace.queries(name).drop_columns("text_hash").to_pylist() == [row]
    assert workspace.response_texts(name, "q").to_pylist() == [cell]
    assert workspace.tasks(name) == (Task(name, text),)
    assert workspace.votes(name).models == (name,)
    assert workspace.texts_without_vectors(name, name) == [(text_hash(text), text)]


texts = st.text(max_size=8)
names = texts.filter(str.strip)
number = st.none() | st.floats(-1e6, 0)


@st.composite
def data_sets(draw):
    ids = draw(st.lists(texts, max_size=4, unique=True))
    pool = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    queries = [
        query(
            one,
            task=draw(names),
            text=draw(texts),
            options=draw(st.lists(texts, min_size=2, max_size=4) | st.just([])),
            answer=draw(st.sampled_from(["A", "B", None])),
            answer_origin=draw(st.sampled_from(["gold", "generated", "none"])),
            skill=draw(st.none() | texts),
            split=draw(st.sampled_from(["train", "test"])),
        )
        for one in ids
    ]
    keys = [(one, model, sample) for one in ids for model in pool for sample in (0, 1)]
    chosen = draw(st.lists(st.sampled_from(keys), unique=True)) if keys else []
    responses = [
        response(one, model, draw(st.none() | texts), sample=sample, mean_logprob=draw(number))
        for one, model, sample in sorted(chosen, key=keys.index)
    ]
    return queries, responses, tuple(ModelSpec(one) for one in pool)


@pytest.fixture(scope="module")
def law_workspace(tmp_path_factory):
    return Workspace(tmp_path_factory.mktemp("law") / "law.duckdb")


@pytest.mark.slow
@given(data_sets())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_written_is_read_back(law_workspace, drawn):
    queries, responses, pool = drawn
    workspace = law_workspace
    whole = imported(queries, responses, models=pool)
    assert workspace.add(whole, on_conflict="replace") == AddReport(
        "demo", len(queries), len(responses), 0
    )
    assert workspace.queries("demo").drop_columns("text_hash").to_pylist() == queries
    assert workspace.responses("demo", with_text=True).to_pylist() == responses
    before = workspace.fingerprint("demo")
    again = workspace.add(whole, on_conflict="extend")
    assert again == AddReport("demo", 0, 0, len(queries) + len(responses))
    assert workspace.fingerprint("demo") == before
    votes = workspace.votes("demo")
    gold, origins = workspace.gold("demo")
    assert votes.shape == (len(queries), len(pool))
    assert len(gold) == len(origins) == len(queries)


# ---------------------------------------------------------------- adding


def test_a_taken_name_is_refused_and_the_choices_are_named(filled):
    with refuses("already-there", "demo", "--on-conflict"):
        filled.add(small())
    with refuses("unknown-choice", "merge"):
        filled.add(small(), on_conflict="merge")


def test_replacing_leaves_nothing_of_the_old_data_set(filled):
    filled.put_layout("demo", "enc", "{}", ["q1"], np.zeros((1, 2)))
    filled.add(imported([query("q7")]), on_conflict="replace")
    assert filled.queries("demo")["query_id"].to_pylist() == ["q7"]
    assert filled.dataset("demo").n_responses == 0
    assert filled.layout("demo", "enc") is None


def test_extending_in_steps_equals_adding_at_once(tmp_path):
    queries = [query(f"q{one}") for one in range(6)]
    responses = [response(one["query_id"], model.name) for model in MODELS for one in queries]
    whole, steps = Workspace(tmp_path / "whole.duckdb"), Workspace(tmp_path / "steps.duckdb")
    whole.add(imported(queries, responses))
    steps.add(imported(queries[:4], models=MODELS[:1]))
    report = steps.add(imported(queries[2:], models=MODELS), on_conflict="extend")
    assert report == AddReport("demo", 2, 0, 2)
    for part in (responses[7:], responses[:9]):
        steps.add(imported(responses=part), on_conflict="extend")
    assert steps.fingerprint("demo") == whole.fingerprint("demo")
    assert steps.responses("demo").equals(whole.responses("demo"))
    assert steps.votes("demo").fingerprint() == whole.votes("demo").fingerprint()


CONTRADICTIONS = {
    "query 'q2'": imported([query("q3"), query("q2", text="Another text")]),
    "response of 'zeta' to query 'q2', sample 0,": imported(
        responses=[response("q1", "zeta"), response("q2", "zeta", "C")]
    ),
    "model 'zeta'": imported([query("q3")], models=(ModelSpec("zeta", model_id="org/other"),)),
    "task 'math'": imported([query("q3")], tasks=(Task("math", "numbers"),)),
    "simulated": replace(small(), origin="simulated"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_named_and_nothing_is_written(filled, name):
    before = content(filled)
    code = "mixed-origins" if name == "simulated" else "conflicting-rows"
    with refuses(code, name):
        filled.add(CONTRADICTIONS[name], on_conflict="extend")
    assert content(filled) == before


def test_names_alone_contradict_nothing(filled):
    bare = imported([query("q3")], models=(ModelSpec("zeta"),), tasks=(Task("math"),))
    assert filled.add(bare, on_conflict="extend").queries_added == 1
    assert filled.models("demo")[0] == MODELS[0]


def test_a_failed_attempt_is_replaced_by_a_new_one(workspace):
    failed = response("q", "zeta", None, text=None, status="error")
    workspace.add(imported([query("q")], [failed]))
    report = workspace.add(imported(responses=[response("q", "zeta")]), on_conflict="extend")
    assert report.responses_added == 1
    assert workspace.responses("demo")["status"].to_pylist() == ["ok"]


def test_an_unknown_number_is_null_however_it_was_written(workspace):
    unknown = {"mean_logprob": math.nan, "cost": math.nan, "latency": math.nan}
    cells = [response("q", "zeta", **unknown), response("q", "alpha", mean_logprob=-math.inf)]
    workspace.add(imported([query("q")], cells))
    table = workspace.responses("demo")
    assert [table[one][0].as_py() for one in unknown] == [None, None, None]
    assert np.isnan(workspace.votes("demo").logprobs).all()
    absent = [response("q", "zeta", mean_logprob=None)]
    assert workspace.add(imported(responses=absent), on_conflict="extend").already_there == 1


BAD = (
    ("unusable-row", ["'q'"], imported([query("q"), query("q")])),
    ("unusable-row", [1], imported([query("p"), query("q", text=None)])),
    ("unusable-row", ["'q'", "'dev'"], imported([query("q", split="dev")])),
    ("unusable-row", ["'q'", "'oracle'"], imported([query("q", answer_origin="oracle")])),
    ("unusable-row", ["'q'", 1], imported([query("q", options=["one"], answer=None)])),
    ("unusable-row", ["'q'", 3], imported([query("q", answer="D")])),
    ("unusable-row", ["'zeta'", "'q'", 0], imported([query("q")], [response("q", "zeta")] * 2)),
    ("unusable-row", [0], imported([query("q")], [response("q", None)])),
    ("unusable-row", ["'fine'"], imported([query("q")], [response("q", "zeta", status="fine")])),
    (
        "unusable-row",
        ["'q'", 0.5],
        imported([query("q")], [response("q", "zeta", mean_logprob=0.5)]),
    ),
    ("unknown-reference", ["'p'"], imported([query("q")], [response("p", "zeta")])),
    ("unknown-reference", ["'beta'"], imported([query("q")], [response("q", "beta")])),
    ("unusable-row", ["'zeta'"], imported([query("q")], models=MODELS[:1] * 2)),
    ("unusable-row", ["'math'"], imported([query("q")], tasks=(Task("math"),) * 2)),
)


@pytest.mark.parametrize(("code", "parts", "bad"), BAD)
def test_bad_rows_are_refused_at_the_door(workspace, code, parts, bad):
    with refuses(code, *parts):
        workspace.add(bad)
    assert workspace.datasets() == []


def test_any_exception_rolls_the_write_back(filled, monkeypatch):
    before = content(filled)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("cascal.store.writing.update_fingerprint", stop)
    with pytest.raises(KeyboardInterrupt):
        filled.add(small("other"))
    assert content(filled) == before


@pytest.mark.parametrize(
    "change",
    [
        imported([query("q3")]),
        imported(responses=[response("q1", "zeta")]),
        imported(models=(ModelSpec("new"),)),
        imported(tasks=(Task("history"),)),
    ],
    ids=["query", "response", "model", "task"],
)
def test_the_fingerprint_follows_every_kind_of_content(filled, change):
    before = filled.fingerprint("demo")
    filled.add(change, on_conflict="extend")
    assert filled.fingerprint("demo") != before


def test_the_fingerprint_knows_the_order_of_rows_but_not_the_time(filled):
    filled.add(small("twin"))
    assert filled.fingerprint("twin") == filled.fingerprint("demo")
    table = small()
    turned = replace(table, dataset="turned", queries=table.queries.take([1, 0]))
    filled.add(turned)
    assert filled.fingerprint("turned") != filled.fingerprint("demo")


# ---------------------------------------------------------------- votes and gold


def test_letters_become_options_and_missing_unreadable_and_wrong_stay_apart(filled):
    votes = filled.votes("demo")
    assert votes.models == ("zeta", "alpha")
    assert votes.tasks == ("math", "law")
    assert votes.answers.tolist() == [[1, NO_ANSWER], [NO_ANSWER, 0]]
    assert votes.status.tolist() == [["ok", "unreadable"], ["missing", "ok"]]
    assert votes.n_options.tolist() == [3, 3]
    np.testing.assert_array_equal(votes.logprobs, [[-0.25, -0.25], [np.nan, -0.25]])
    gold, origins = filled.gold("demo")
    assert gold.tolist() == [1, 1]
    assert origins == ("gold", "gold")
    assert filled.votes("demo", "test", ["alpha", "zeta"]).answers.tolist() == [[0, NO_ANSWER]]
    with refuses("unknown-model", "beta", "zeta, alpha"):
        filled.votes("demo", models=["beta"])


def test_a_status_other_than_ok_survives_without_an_answer(workspace):
    cells = [response("q", "zeta", None, status="truncated"), response("q", "alpha", None)]
    workspace.add(imported([query("q", answer=None, answer_origin="none")], cells))
    votes = workspace.votes("demo")
    assert votes.status.tolist() == [["truncated", "unreadable"]]
    assert workspace.gold("demo")[0].tolist() == [NO_ANSWER]


def test_only_the_first_sample_votes(workspace):
    workspace.add(imported([query("q")], [response("q", "zeta", "C", sample=1)]))
    assert workspace.votes("demo").status.tolist() == [["missing", "missing"]]


# ---------------------------------------------------------------- scores


def scored(query_id, model, score, answer=None, **columns):
    return response(query_id, model, answer, text="", score=score, **columns)


def test_scores_come_in_the_order_of_votes_and_nothing_said_is_nan(workspace):
    cells = [
        scored("q1", "alpha", 1.0),
        scored("q1", "zeta", 0.25, "B"),
        scored("q2", "zeta", 0.0),
        scored("q2", "alpha", 0.5, sample=1),
        scored("q2", "alpha", math.nan, "B"),
    ]
    queries = [query("q2", split="test"), query("q1"), query("q3")]
    workspace.add(imported(queries, cells))
    votes = workspace.votes("demo")
    assert (votes.query_ids, votes.models) == (("q2", "q1", "q3"), ("zeta", "alpha"))
    expected = [[0.0, np.nan], [0.25, 1.0], [np.nan, np.nan]]
    np.testing.assert_array_equal(workspace.scores("demo"), expected)
    np.testing.assert_array_equal(workspace.scores("demo", "test"), expected[:1])
    assert workspace.responses("demo")["score"].to_pylist() == [0.0, None, 0.5, 0.25, 1.0]


def test_a_score_is_never_turned_into_a_vote_and_leaves_the_status_ok(workspace):
    cells = [scored("q", "zeta", 1.0), scored("q", "alpha", None, "Z")]
    workspace.add(imported([query("q")], cells))
    votes = workspace.votes("demo")
    assert votes.answers.tolist() == [[NO_ANSWER, NO_ANSWER]]
    assert votes.status.tolist() == [["ok", "unreadable"]]


@pytest.mark.parametrize("score", [-0.1, 1.5])
def test_a_score_beyond_0_and_1_is_refused(workspace, score):
    with refuses("unusable-row", "zeta", score):
        workspace.add(imported([query("q")], [scored("q", "zeta", score)]))


def test_another_score_is_another_row_and_changes_the_fingerprint(workspace):
    workspace.add(imported([query("q")], [scored("q", "zeta", 1.0)]))
    before = workspace.fingerprint("demo")
    again = imported(responses=[scored("q", "zeta", 1.0)])
    assert workspace.add(again, on_conflict="extend").already_there == 1
    other = imported(responses=[scored("q", "zeta", 0.0)])
    with refuses("conflicting-rows", "zeta", "demo"):
        workspace.add(other, on_conflict="extend")
    workspace.add(imported([query("q")], [scored("q", "zeta", 0.0)]), on_conflict="replace")
    assert workspace.fingerprint("demo") != before


FIRST_VERSION = (
    """INSERT INTO dataset VALUES ('demo', 'real', 'a.csv', '', TIMESTAMP '2026-01-01',
    '0a4a8fcd4fe3d77d09ba0739ca196031df8651b91a0dd23c147d7ed4c77b8ba4')""",
    "INSERT INTO task VALUES ('demo', 0, 'math', 'sums'), ('demo', 1, 'law', '')",
    """INSERT INTO model VALUES
    ('demo', 0, 'zeta', 'org/zeta', 'http://x/v1', 'KEY', 0.5, 1.5, false),
    ('demo', 1, 'alpha', '', '', '', NULL, NULL, false)""",
    """INSERT INTO query VALUES
    ('demo', 'q2', 0, 'math', 'What is q2?', ['one', 'two', 'three'], 'B', 'gold', NULL, 'train',
        '5293a509b7fb9f4c7d72b03b835939cc', 'b8586c48d54a52a442b7fffe9b64742a'),
    ('demo', 'q1', 1, 'law', '<b>Whose?</b>', ['one', 'two', 'three'], 'B', 'gold', NULL, 'test',
        'ea5a18f7425b2581f383802a76286c80', 'be69976fdc28e4e0e0f9ca0d008dc6d3')""",
    """INSERT INTO response VALUES
    ('demo', 'q1', 'alpha', 0, 'The answer is A.', 'A', NULL, -0.25, NULL, NULL, NULL, NULL, 'ok',
        'd0267128adbcc2a069bef3a109722a1d'),
    ('demo', 'q2', 'zeta', 0, 'The answer is b .', 'b ', NULL, -0.25, NULL, NULL, NULL, NULL, 'ok',
        '190361df0e1e2f4ae4b06a5ad8b7a2de'),
    ('demo', 'q2', 'alpha', 0, 'The answer is D.', 'D', NULL, -0.25, NULL, NULL, NULL, NULL, 'ok',
        'b407a8f1812ba725ba3d614db23963be')""",
)
"""`small()` with the hashes that the first schema's program computed for it."""


@pytest.fixture
def first_version(tmp_path):
    """A workspace as the program of schema version 1 left it."""
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(schema.MIGRATIONS[0])
        for sql in FIRST_VERSION:
            connection.execute(sql)
        connection.execute("UPDATE meta SET schema_version = 1")
    return path


def test_a_file_of_the_first_schema_is_migrated_and_its_hashes_stay_valid(first_version, filled):
    old = Workspace(first_version)
    assert np.isnan(old.scores("demo")).all()
    assert old.responses("demo", with_text=True).equals(filled.responses("demo", with_text=True))
    assert old.fingerprint("demo") == filled.fingerprint("demo")
    again = old.add(small(), on_conflict="extend")
    assert (again.queries_added, again.responses_added, again.already_there) == (0, 0, 5)
    more = imported(responses=[scored("q1", "zeta", 0.75)])
    assert old.add(more, on_conflict="extend").responses_added == 1
    old.compact()
    np.testing.assert_array_equal(old.scores("demo", "test"), [[0.75, np.nan]])
    lengths = "SELECT text, text_length FROM response ORDER BY ALL"
    with duckdb.connect(str(first_version), read_only=True) as connection:
        kept = connection.execute(lengths).fetchall()
    assert kept == [(text, None if text is None else len(text)) for text, _ in kept]
    assert sum(text is not None for text, _ in kept) == 4


@pytest.mark.parametrize(
    ("letters", "index"),
    [("A", 0), (" b", 1), ("Z", 25), ("AA", 26), ("", -1), ("1", -1), ("É", -1), ("NONE", -1)],
)
def test_option_letters_are_read_as_indices(letters, index):
    assert option_index(letters) == index


FREE_POOL = tuple(ModelSpec(one) for one in ("a", "b", "c", "d"))


def free(workspace, answers, gold):
    row = query("q", options=[], answer=gold)
    cells = [response("q", *one) for one in zip("abcd", answers, strict=True)]
    workspace.add(imported([row], cells[::-1], models=FREE_POOL), on_conflict="replace")


@pytest.mark.parametrize(
    ("answers", "gold", "votes", "index"),
    [
        ([" Paris", "paris ", "Rome", "PARIS"], "rome", [0, 0, 1, 0], 1),
        (["Rome", "Paris", None, "  "], "Oslo", [0, 1, -1, -1], 2),
        (["1/2", "0.5", "x", "x"], None, [0, 0, 1, 1], -1),
        (["7", "0.5", "0.50", "7.0"], ".5", [0, 1, 1, 0], 1),
        (["7", "0.5", "0.50", "7.0"], "3", [0, 1, 1, 0], 2),
        (["5 km", "5 miles", "50%", "50"], "0.5", [0, 1, 2, 2], 2),
        (["x^2+2x+1", "(x+1)^2", "x^2", "y"], "(1+x)^2", [0, 0, 1, 2], 0),
    ],
)
def test_free_answers_are_numbered_by_first_appearance(workspace, answers, gold, votes, index):
    free(workspace, answers, gold)
    stored = workspace.votes("demo")
    assert stored.answers.tolist() == [votes]
    assert stored.n_options.tolist() == [0]
    assert workspace.gold("demo")[0].tolist() == [index]
    part = workspace.votes("demo", models=["c", "b"])
    assert part.answers.tolist() == [[votes[2], votes[1]]]


HALVES = [r"\boxed{\frac{1}{2}}", r"\boxed{0.5}", r"\boxed{1/2}"]
"""What three models write where 1/2 is right."""


def halves(models="abc", n_queries=40, dataset="demo"):
    names = [f"q{number}" for number in range(n_queries)]
    cells = [
        response(name, model, HALVES["abc".index(model)]) for name in names for model in models
    ]
    rows = [query(name, options=[], answer="1/2") for name in names]
    return imported(rows, cells, models=FREE_POOL[:3], dataset=dataset)


def same_rows(workspace):
    with duckdb.connect(str(workspace.path), read_only=True) as connection:
        return connection.execute("FROM equivalence ORDER BY ALL").fetchall()


def test_one_half_written_in_three_ways_is_one_vote_and_right(workspace):
    workspace.add(halves())
    assert workspace.votes("demo").answers.tolist() == [[0, 0, 0]] * 40
    assert workspace.gold("demo")[0].tolist() == [0] * 40


def test_answers_that_come_one_model_after_another_end_as_those_that_come_together(
    workspace, tmp_path
):
    whole = Workspace(tmp_path / "whole.duckdb")
    whole.add(halves())
    workspace.add(halves("b"))
    workspace.add(halves("ca"), on_conflict="extend")
    assert same_rows(workspace) == same_rows(whole)
    assert workspace.fingerprint("demo") == whole.fingerprint("demo")
    assert workspace.votes("demo").fingerprint() == whole.votes("demo").fingerprint()


def test_only_new_answers_are_compared_and_nothing_twice(workspace, monkeypatch):
    workspace.add(halves("ab"))
    shares = []
    workspace.compare_answers("demo", lambda share, _: shares.append(share))
    assert shares == []
    rows = [query("more", options=[], answer=None)]
    more = imported(rows, [response("more", "a", "2")], models=FREE_POOL[:3])
    workspace.add(more, on_conflict="extend", progress=lambda *one: shares.append(one))
    assert shares == [(0.0, "Comparing free answers of 1 query")]
    monkeypatch.setattr("cascal.store.equivalences.compare_sets", None)
    assert workspace.votes("demo").shape == (41, 3)


def test_answers_that_are_compared_some_queries_at_a_time_end_as_those_compared_at_once(
    workspace, tmp_path, monkeypatch
):
    whole = Workspace(tmp_path / "whole.duckdb")
    whole.add(halves())
    shares = []
    monkeypatch.setattr("cascal.store.equivalences.QUERIES_AT_ONCE", 7)
    workspace.add(halves(), progress=lambda share, _: shares.append(share))
    assert same_rows(workspace) == same_rows(whole)
    assert workspace.fingerprint("demo") == whole.fingerprint("demo")
    assert shares == sorted(shares)
    assert shares[-1] <= 1.0


def test_texts_that_take_too_much_memory_are_a_sentence(workspace):
    with (
        refuses("too-large", "more memory than it may take", "Shorten the texts"),
        connected(workspace.path, read_only=False, timeout=1.0),
    ):
        raise duckdb.OutOfMemoryException("failed to pin block of size 256.0 KiB")


def test_a_comparison_that_is_stopped_goes_on_where_it_was(workspace, tmp_path, monkeypatch):
    def stop(share: float, _: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    whole = Workspace(tmp_path / "whole.duckdb")
    whole.add(halves())
    monkeypatch.setattr("cascal.store.equivalences.QUERIES_AT_ONCE", 7)
    with pytest.raises(KeyboardInterrupt):
        workspace.add(halves(), progress=stop)
    assert len({query_id for _, query_id, *_ in same_rows(workspace)}) == 21
    told = []
    workspace.compare_answers("demo", lambda *one: told.append(one))
    assert told[0] == (0.0, "Comparing free answers of 19 queries")
    assert same_rows(workspace) == same_rows(whole)
    assert workspace.fingerprint("demo") == whole.fingerprint("demo")


@pytest.mark.parametrize("older", ["no rows", "an older rule"])
@pytest.mark.parametrize("writable", [True, False])
def test_a_file_that_was_compared_otherwise_is_brought_up_to_date_when_read(
    workspace, monkeypatch, older, writable
):
    workspace.add(halves())
    now, fingerprint = same_rows(workspace), workspace.fingerprint("demo")
    with duckdb.connect(str(workspace.path)) as connection:
        if older == "an older rule":
            change = "UPDATE equivalence SET rule = ?, representative = answer"
            connection.execute(change, [RULE - 1])
        else:
            connection.execute("DELETE FROM equivalence")
        connection.execute("UPDATE dataset SET fingerprint = 'old'")
    before = same_rows(workspace)
    if not writable:
        monkeypatch.setattr("cascal.store.equivalences.keep", _refuse)
    assert workspace.votes("demo").answers.tolist() == [[0, 0, 0]] * 40
    assert workspace.gold("demo")[0].tolist() == [0] * 40
    assert same_rows(workspace) == (now if writable else before)
    assert workspace.fingerprint("demo") == (fingerprint if writable else "old")


def _refuse(*_):
    raise CascalError("The disk is read-only.", code="workspace-failed")


def test_the_fingerprint_knows_which_free_answers_are_the_same_and_by_which_rule(
    workspace, filled, monkeypatch
):
    workspace.add(halves(n_queries=1, dataset="free"))
    before = workspace.fingerprint("free")
    assert "-" not in filled.fingerprint("demo")
    monkeypatch.setattr("cascal.store.fingerprints.RULE", RULE + 1)
    monkeypatch.setattr("cascal.store.equivalences.RULE", RULE + 1)
    workspace.votes("free")
    after = workspace.fingerprint("free")
    assert after != before
    assert content_of(after) == content_of(before)


def test_a_deleted_data_set_leaves_no_answers_behind(workspace):
    workspace.add(halves(n_queries=2))
    workspace.delete_dataset("demo")
    assert same_rows(workspace) == []


def test_a_data_set_without_responses_has_votes_that_are_all_missing(workspace):
    workspace.add(imported([query("q")]))
    assert workspace.votes("demo").status.tolist() == [["missing", "missing"]]
    assert workspace.votes("demo", "test").shape == (0, 2)
    assert workspace.gold("demo")[0].tolist() == [1]
    assert len(workspace.responses("demo")) == 0


# ---------------------------------------------------------------- vectors, maps, runs


def test_vectors_are_found_by_text_and_come_back_as_unit_rows(filled):
    filled.add(imported([query("again", text="<b>Whose?</b>")], dataset="twin"))
    hashes, found = zip(*filled.texts_without_vectors("demo", "enc"), strict=True)
    assert found == ("What is q2?", "<b>Whose?</b>")
    filled.put_vectors("enc", 2, hashes, np.array([[3.0, 4.0], [0.0, 2.0]]))
    embeddings = filled.embeddings("demo", "enc")
    assert embeddings.query_ids == ("q2", "q1")
    assert embeddings.vectors.dtype == np.float32
    np.testing.assert_allclose(embeddings.vectors, [[0.6, 0.8], [0.0, 1.0]], rtol=1e-6)
    assert filled.texts_without_vectors("twin", "enc") == []
    assert filled.encoders("demo") == (("enc", 2, 2),)
    assert filled.embeddings("demo", "enc", "test").vectors.shape == (1, 2)


def test_missing_vectors_are_counted_and_the_command_is_named(filled):
    with refuses("no-vectors", 2, "demo", "enc", "cascal embed"):
        filled.embeddings("demo", "enc")
    filled.put_vectors("enc", 3, [text_hash("What is q2?")], np.ones((1, 3)))
    with refuses("no-vectors", 1, 2):
        filled.embeddings("demo", "enc")
    assert filled.encoders("demo") == (("enc", 1, 3),)


@pytest.mark.parametrize(
    ("dimension", "rows", "code", "part"),
    [
        (3, [[1, 0, 0]], "changed-encoder", 2),
        (2, [[0, 1]], "changed-encoder", text_hash("What is q2?")),
        (2, [[np.nan, 1]], "unusable-vector", "'enc'"),
        (2, [[0, 0]], "unusable-vector", "'enc'"),
        (3, [[1, 0]], "wrong-shape", "(1, 3)"),
        (2, [[1, 0], [1, 0]], "duplicate-id", "put_vectors"),
    ],
)
def test_vectors_that_cannot_be_right_are_refused(filled, dimension, rows, code, part):
    key = text_hash("What is q2?")
    filled.put_vectors("enc", 2, [key], np.array([[1.0, 0.0]]))
    before = content(filled)
    filled.put_vectors("enc", 2, [], np.empty((0, 2)))
    filled.put_vectors("enc", 2, [key], np.array([[1.0, 1e-4]]))
    with refuses(code, part):
        filled.put_vectors("enc", dimension, [key] * len(rows), np.array(rows, dtype=float))
    assert content(filled) == before


def test_maps_are_kept_by_their_parameters_and_the_newest_comes_first(filled):
    assert filled.layout("demo", "enc") is None
    filled.put_layout("demo", "enc", "n=5", ["q2", "q1"], np.zeros((2, 2)))
    filled.put_layout("demo", "enc", "n=9", ["q1", "q2"], np.array([[1.0, 2.0], [3.0, 4.0]]))
    filled.put_layout("demo", "enc", "n=9", ["q1"], np.array([[5.0, 6.0]]))
    ids, points = filled.layout("demo", "enc")
    assert ids == ("q1",)
    assert points.dtype == np.float32
    assert points.tolist() == [[5.0, 6.0]]
    assert filled.layout("demo", "enc", "n=5")[0] == ("q2", "q1")
    with refuses("wrong-shape", "(1, 2)"):
        filled.put_layout("demo", "enc", "n=5", ["q1"], np.full((1, 2), np.nan))


def test_runs_are_saved_listed_replaced_and_deleted(filled):
    run = Run(
        name="first",
        dataset="demo",
        settings={"seed": 0},
        thresholds={"top_k": 3},
        numbers={"accuracy": 0.5},
        versions={"cascal": "0.1"},
    )
    later = Run(name="second", dataset="demo", created_at=datetime(2100, 1, 1, tzinfo=UTC))
    filled.save_run(run)
    filled.save_run(later)
    assert filled.runs() == [later, run]
    assert filled.run("first") == run
    with refuses("already-there", "first"):
        filled.save_run(run)
    filled.save_run(replace(run, note="better"), replace=True)
    assert filled.run("first").note == "better"
    filled.delete_run("first")
    with refuses("no-run", "first", "second"):
        filled.delete_run("first")
    with refuses("wrong-type", "settings", "third"):
        filled.save_run(Run(name="third", dataset="demo", settings={"array": np.zeros(2)}))
    with refuses("missing-value", "name"):
        filled.save_run(Run(name=" ", dataset="demo"))


# ---------------------------------------------------------------- deleting


def test_a_deleted_data_set_leaves_no_byte_behind(workspace):
    markers = [hashlib.sha256(bytes([one])).hexdigest() for one in range(4)]
    secret = imported(
        [query("q", text=markers[0], options=["a", markers[1]], skill=markers[2])],
        [response("q", "zeta", text=markers[3])],
        "secret",
    )
    workspace.add(small())
    workspace.add(secret)
    assert all(one.encode() in workspace.path.read_bytes() for one in markers)
    shared, unshared = text_hash("What is q2?"), text_hash(markers[0])
    workspace.put_vectors("enc", 2, [shared, unshared], np.eye(2))
    workspace.put_vectors("other", 1, [unshared], np.ones((1, 1)))
    workspace.put_layout("secret", "enc", "{}", ["q"], np.zeros((1, 2)))
    workspace.save_run(Run(name="run", dataset="secret"))
    workspace.delete_dataset("secret")
    left = b"".join(one.read_bytes() for one in workspace.path.parent.iterdir())
    assert not [one for one in (*markers, unshared) if one.encode() in left]
    assert [one.name for one in workspace.path.parent.iterdir()] == ["work.duckdb"]
    assert workspace.runs() == []
    kept = content(workspace)
    assert len(kept["embedding"]) == len(kept["encoder"]) == 1
    assert kept["layout"] == []
    assert workspace.encoders("demo") == (("enc", 1, 2),)
    with refuses("no-dataset", "secret"):
        workspace.delete_dataset("secret")


def test_compacting_changes_no_content_and_removes_old_leftovers(filled):
    leftover = filled.path.with_name("work.duckdb.12.34.new")
    leftover.write_bytes(b"half a copy")
    before = content(filled)
    filled.compact()
    assert content(filled) == before
    assert not leftover.exists()
    filled.add(small("more"))
    assert len(filled.datasets()) == 2


def test_a_failed_rewrite_keeps_the_file(filled, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    before = content(filled)
    monkeypatch.setattr("cascal.store.deletion.copy_content", full)
    with refuses("workspace-failed", filled.path, "No space left"):
        filled.compact()
    assert content(filled) == before
    assert len(list(filled.path.parent.iterdir())) == 1


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize("bytes_", [b"", b"query,answer\n1,2\n" * 500, b"\0" * 20_000])
def test_another_kind_of_file_is_refused_and_left_as_it_is(tmp_path, bytes_):
    path = tmp_path / "notes.csv"
    path.write_bytes(bytes_)
    with refuses("foreign-file", "notes.csv"):
        Workspace(path)
    assert path.read_bytes() == bytes_
    assert [one.name for one in tmp_path.iterdir()] == ["notes.csv"]


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path):
    foreign, lite = tmp_path / "f.duckdb", tmp_path / "lite.db"
    with duckdb.connect(str(foreign)) as connection:
        connection.execute("CREATE TABLE sales (amount INTEGER)")
    with sqlite3.connect(lite) as connection:
        connection.execute("CREATE TABLE sales (amount INTEGER)")
    connection.close()
    before = foreign.read_bytes(), lite.read_bytes()
    with refuses("foreign-file", "f.duckdb", "sales"):
        Workspace(foreign)
    with refuses("foreign-file", "lite.db"):
        Workspace(lite)
    assert (foreign.read_bytes(), lite.read_bytes()) == before


def test_a_damaged_workspace_is_refused_in_a_sentence(filled):
    whole = filled.path.read_bytes()
    filled.path.write_bytes(whole[: len(whole) // 3])
    with refuses("workspace-failed", "work.duckdb"):
        filled.queries("demo")


def test_a_folder_a_missing_file_and_a_forbidden_place_are_refused(tmp_path):
    with refuses("wrong-path", tmp_path):
        Workspace(tmp_path)
    with refuses("no-workspace", "none.duckdb"):
        Workspace(tmp_path / "none.duckdb", create=False)
    with refuses("malformed-value", "NUL"):
        Workspace(tmp_path / "a\0b")
    (tmp_path / "file").touch()
    with refuses("workspace-failed", "w.duckdb"):
        Workspace(tmp_path / "file" / "w.duckdb")


def test_an_older_file_is_migrated_and_a_newer_one_refused(filled, monkeypatch):
    step, newer = "ALTER TABLE run ADD COLUMN colour VARCHAR", len(schema.MIGRATIONS) + 1
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
        assert filled.dataset("demo").n_queries == 2
        with duckdb.connect(str(filled.path), read_only=True) as connection:
            assert connection.execute("FROM meta").fetchall() == [(newer,)]
        filled.compact()
        assert filled.dataset("demo").n_queries == 2
    with refuses("other-version", filled.path, newer):
        filled.datasets()


def test_a_failing_migration_changes_nothing(filled, monkeypatch):
    steps = (*schema.MIGRATIONS, "CREATE TABLE half (a INTEGER); SELECT error('no')")
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(duckdb.Error):
        filled.datasets()
    monkeypatch.undo()
    assert filled.dataset("demo").n_queries == 2


def test_no_statement_can_leave_the_file(filled):
    with connected(filled.path, read_only=True, timeout=5.0) as connection:
        for sql in ("FROM read_text('/etc/hostname')", "SET enable_external_access = true"):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)


# ---------------------------------------------------------------- sharing

HOLD = """
    import sys, duckdb
    connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reads")
    connection.execute("FROM dataset")
    print("holding", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(filled):
    started = []

    def start(how):
        command = [sys.executable, "-c", textwrap.dedent(HOLD), str(filled.path), how]
        process = subprocess.Popen(  # noqa: S603 - our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline().strip() == "holding"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=10)


def test_a_locked_workspace_names_the_process_that_holds_it(filled, holder):
    process = holder("writes")
    began = time.monotonic()
    with refuses("workspace-locked", process.pid, "python", kind=WorkspaceLocked):
        Workspace(filled.path, lock_timeout=0.5).datasets()
    assert 0.5 <= time.monotonic() - began < 8
    threading.Timer(0.3, process.kill).start()
    assert filled.add(small("later")).queries_added == 2


def test_readers_of_other_processes_do_not_block_reading_only_writing(filled, holder):
    process = holder("reads")
    assert filled.dataset("demo").n_queries == 2
    with refuses("workspace-locked", process.pid, kind=WorkspaceLocked):
        Workspace(filled.path, lock_timeout=0.2).add(small("other"))


def test_no_progress_bar_is_printed_where_python_is_interactive(tmp_path):
    """`python -c` is interactive to DuckDB, which then shows a bar in slow queries."""
    code = """
        import sys
        from pathlib import Path
        from cascal.store.connection import connected, scalar

        for read_only in (False, True):
            with connected(Path(sys.argv[1]), read_only=read_only, timeout=5.0) as connection:
                for name in ("enable_progress_bar", "lock_configuration"):
                    print(scalar(connection, f"SELECT current_setting('{name}')"))
        """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "work.duckdb")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout.split() == ["False", "True"] * 2


def test_a_connection_of_this_process_counts_as_a_holder(filled):
    impatient = Workspace(filled.path, lock_timeout=0.2)
    with (
        duckdb.connect(str(filled.path)),
        refuses("workspace-locked", os.getpid(), kind=WorkspaceLocked),
    ):
        impatient.datasets()
    with connected(filled.path, read_only=False, timeout=5.0):
        failures = []
        thread = threading.Thread(target=_collect_failure, args=(impatient, failures))
        thread.start()
        thread.join()
    assert "another thread of this process" in failures[0]
    assert len(filled.datasets()) == 1


def test_a_workspace_is_opened_once_for_all_that_is_read_inside(filled, monkeypatch):
    impatient, opened = Workspace(filled.path, lock_timeout=0.1), []
    monkeypatch.setattr(
        "cascal.store.connection.attach", lambda *a, **k: opened.append(a) or attach(*a, **k)
    )
    with impatient.opened():
        assert impatient.votes("demo").shape == (2, 2)
        assert impatient.tasks("demo") == filled.tasks("demo")
        began = time.monotonic()
        with refuses("workspace-locked", os.getpid(), "reading", kind=WorkspaceLocked):
            filled.add(small("other"))
        assert time.monotonic() - began < 5  # at once: nobody would end the reading meanwhile
    assert len(opened) == 1
    assert filled.add(small("other")).queries_added == 2


def test_duckdb_is_started_once_for_all_that_is_done_with_a_file(tmp_path, monkeypatch):
    started, connect = [], duckdb.connect
    workspace = Workspace(tmp_path / "w.duckdb")
    monkeypatch.setattr(duckdb, "connect", lambda *a, **k: started.append(a) or connect(*a, **k))
    workspace.add(small())
    for number in range(5):
        workspace.add(small(f"set {number}"))
        assert workspace.dataset(f"set {number}").n_queries == 2
    assert started == [(":memory:",)]


def test_many_files_at_once_are_read_each_as_its_own(workspace, tmp_path):
    workspace.add(small())
    copies = [Workspace(shutil.copy(workspace.path, tmp_path / f"{n}.duckdb")) for n in range(6)]
    for number, copy in enumerate(copies):
        copy.add(small(f"set {number}"))
    for number, copy in enumerate(copies):
        assert {one.name for one in copy.datasets()} == {"demo", f"set {number}"}


def test_a_file_that_was_spoilt_is_read_again_when_it_is_put_back(filled, tmp_path):
    whole = filled.path.read_bytes()
    filled.path.write_bytes(b"spoilt" * 5000)
    with refuses("foreign-file", "cannot be opened as a workspace"):
        filled.datasets()
    filled.path.write_bytes(whole)
    assert filled.dataset("demo").n_queries == 2


def test_a_forked_process_starts_its_own(filled):
    code = """
        import os, sys
        from cascal.store import Workspace
        workspace = Workspace(sys.argv[1])
        assert workspace.dataset("demo").n_queries == 2
        child = os.fork()
        if not child:
            os._exit(workspace.dataset("demo").n_queries)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        print(workspace.dataset("demo").n_queries)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(filled.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own code
    assert done.stdout.split() == ["2", "2"]


def test_a_file_is_opened_to_be_checked_only_after_someone_else_wrote_it(tmp_path, monkeypatch):
    opened, connect = [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *a, **k: opened.append(a) or connect(*a, **k))
    made = Workspace(tmp_path / "w.duckdb")
    assert len(opened) == 1
    Workspace(made.path)
    assert len(opened) == 1
    made.add(small())
    Workspace(made.path)
    assert len(opened) == 2  # the one that wrote
    with connect(str(made.path)) as other:
        other.execute("UPDATE meta SET schema_version = 99")
    with refuses("other-version", 99):
        Workspace(made.path)


def test_free_answers_are_compared_before_anything_is_read(workspace):
    workspace.add(halves())
    fingerprint = workspace.fingerprint("demo")
    with duckdb.connect(str(workspace.path)) as connection:
        connection.execute("DELETE FROM equivalence")
        connection.execute("UPDATE dataset SET fingerprint = 'old'")
    with workspace.compared("demo"):
        assert workspace.fingerprint("demo") == fingerprint


def _collect_failure(workspace, failures):
    try:
        workspace.datasets()
    except WorkspaceLocked as error:
        failures.append(str(error))


def test_threads_of_one_process_take_turns(filled, tmp_path):
    link = tmp_path / "link.duckdb"
    link.symlink_to(filled.path)
    failures = []

    def work(number):
        try:
            workspace = Workspace(link if number % 2 else filled.path, lock_timeout=30)
            workspace.add(small(f"set {number}"))
            assert workspace.votes(f"set {number}").shape == (2, 2)
            workspace.put_vectors("enc", 2, [f"{number:032}"], np.ones((1, 2)))
        except Exception as error:  # noqa: BLE001 - handed to the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(filled.datasets()) == 7


@pytest.mark.slow
def test_processes_that_write_delete_and_create_at_once_lose_nothing(tmp_path):
    path = tmp_path / "w.duckdb"
    script = """
        import sys
        from cascal.store import Workspace
        from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
        workspace = Workspace(sys.argv[1], lock_timeout=30)
        empty = dict(
            origin="real", source="", tasks=(), models=(),
            queries=QUERY_SCHEMA.empty_table(), responses=RESPONSE_SCHEMA.empty_table(),
        )
        for step in range(2):
            workspace.add(Imported(dataset=f"{sys.argv[2]} {step}", **empty))
            if step % 2:
                workspace.delete_dataset(f"{sys.argv[2]} {step}")
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    processes = [subprocess.Popen([*command, name]) for name in "ab"]  # noqa: S603 - our own script
    assert [process.wait(60) for process in processes] == [0, 0]
    names = sorted(one.name for one in Workspace(path).datasets())
    assert names == ["a 0", "b 0"]
    assert [one.name for one in tmp_path.iterdir()] == ["w.duckdb"]


def test_a_writer_that_was_killed_costs_nothing_that_was_committed(filled):
    script = """
        import os, sys, duckdb
        connection = duckdb.connect(sys.argv[1])
        connection.execute("INSERT INTO encoder VALUES ('kept', 2)")
        connection.begin()
        connection.execute("INSERT INTO encoder VALUES ('lost', 2)")
        os.kill(os.getpid(), 9)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(filled.path)]
    subprocess.run(command, check=False)  # noqa: S603 - our own script
    assert filled.dataset("demo").n_queries == 2
    filled.compact()
    assert content(filled)["encoder"] == ["('kept', 2)"]


# ---------------------------------------------------------------- generating and collecting


def attempt(number, outcome="pending", task="math", **columns):
    return {
        "task": task,
        "number": number,
        "generator": "g",
        "outcome": outcome,
        "reason": "",
        "reply": "{}",
        "query_id": None,
        "similar_to": None,
        "leak_of": None,
        "input_tokens": 7,
        "output_tokens": 8,
        "cost": math.nan,
        "latency": 0.5,
    } | columns


@pytest.fixture
def begun(templates, tmp_path):
    """An empty data set of two queries and two models that waits for responses."""
    return Workspace(shutil.copy(templates[2], tmp_path / "work.duckdb"), lock_timeout=5.0)


def test_a_data_set_begins_empty_and_beginning_again_changes_nothing(begun):
    before = begun.fingerprint("d")
    begun.begin("d", "by another", tasks=[Task("math", "sums")], models=MODELS)
    assert begun.fingerprint("d") == before
    assert begun.dataset("d").source == "by g"
    assert begun.models("d")[0] == MODELS[0]
    assert begun.missing("d", ["alpha", "zeta"]) == {"alpha": ["q2", "q1"], "zeta": ["q2", "q1"]}


def test_addresses_and_prices_are_renewed_and_another_model_is_refused(begun):
    moved = replace(MODELS[0], base_url="http://y/v1", input_price=math.nan)
    begun.begin("d", "", models=[moved])
    zeta = begun.models("d")[0]
    assert (zeta.base_url, zeta.output_price) == ("http://y/v1", 1.5)
    assert math.isnan(zeta.input_price)
    with refuses("conflicting-rows", "zeta", "'d'", "org/zeta", "other"):
        begun.begin("d", "", models=[replace(moved, model_id="other")])


def test_only_what_is_simulated_throughout_is_simulated(workspace):
    workspace.begin("d", "", simulated=True)
    assert workspace.dataset("d").origin == "simulated"
    workspace.begin("d", "", simulated=True)
    assert workspace.dataset("d").origin == "simulated"
    workspace.begin("d", "", simulated=False)
    workspace.begin("d", "", simulated=True)
    assert workspace.dataset("d").origin == "real"


def test_responses_are_in_the_journal_at_once_and_in_the_file_at_the_end(begun):
    with begun.recording("d") as recorder:
        recorder.response(
            Response(
                "q1",
                "zeta",
                text="The answer is B.",
                answer="B",
                rule="answer_is",
                mean_logprob=-0.25,
            )
        )
        recorder.response(Response("q2", "zeta", status="error"), "rate limit", "host: 429.")
        (segment,) = segments_of(begun.path, "d")
        assert [row["response"]["query_id"] for row in read_segment(segment)] == ["q1", "q2"]
        assert begun.dataset("d").n_responses == 0
    assert begun.missing("d", ["zeta"]) == {"zeta": []}
    assert begun.missing("d", ["zeta"], retry_errors=True) == {"zeta": ["q2"]}
    assert begun.failures("d").to_pylist() == [
        {"model": "zeta", "cause": "rate limit", "n_queries": 1, "example": "host: 429."}
    ]
    stored = begun.response_texts("d", "q1").to_pylist()
    assert [(one["answer"], one["mean_logprob"], one["cost"]) for one in stored] == [
        ("B", -0.25, None)
    ]
    assert [one.name for one in begun.path.parent.iterdir()] == [begun.path.name]
    with begun.recording("d") as recorder:
        recorder.response(Response("q2", "zeta", text="A", answer="A", rule="whole_text"))
    assert begun.failures("d").num_rows == 0
    assert begun.missing("d", ["zeta"], retry_errors=True) == {"zeta": []}


def test_attempts_are_decided_later_and_queries_keep_the_order_of_the_decisions(begun):
    made = {
        "query_id": "new",
        "task": "math",
        "text": "New?",
        "options": ["a", "b"],
        "answer": "A",
        "answer_origin": "generated",
        "skill": None,
        "split": "train",
    }
    with begun.recording("d") as recorder:
        for number in (2, 0, 1):
            recorder.attempt(attempt(number))
        recorder.commit()
        assert begun.attempts("d")["outcome"].to_pylist() == ["pending"] * 3
        for number in (0, 1):
            decided = attempt(number, "kept", query_id=f"n{number}")
            recorder.attempt(decided, Query(**made | {"query_id": f"n{number}"}))
        recorder.attempt(attempt(2, "duplicate", similar_to="n0"))
    table = begun.attempts("d")
    assert table.schema == ATTEMPT_SCHEMA
    assert list(zip(table["number"].to_pylist(), table["outcome"].to_pylist(), strict=True)) == [
        (0, "kept"),
        (1, "kept"),
        (2, "duplicate"),
    ]
    assert table["cost"].to_pylist() == [None] * 3
    assert begun.queries("d")["query_id"].to_pylist() == ["q2", "q1", "n0", "n1"]


def journal_of(workspace, *rows):
    """Leave a journal as a killed process would."""
    with Journal(workspace.path, "d") as left:
        for row in rows:
            left.append(row)
    return segments_of(workspace.path, "d")[-1]


def lines(*cells):
    return [
        {"response": vars(Response(*cell, text="B", answer="B", rule="whole_text"))}
        for cell in cells
    ]


def test_what_a_killed_process_left_is_taken_over_torn_line_and_all(begun):
    segment = journal_of(begun, *lines(("q1", "zeta"), ("q2", "zeta")))
    whole = segment.read_bytes()
    for cut in (1, 40):
        segment.write_bytes(whole[:-cut])
        rows = read_segment(segment)
        assert len(rows) == (2 if cut == 1 else 1)
    with begun.recording("d"):
        assert begun.missing("d", ["zeta"]) == {"zeta": ["q2"]}
    assert not segments_of(begun.path, "d")


def test_a_journal_that_was_committed_but_not_removed_changes_nothing(begun):
    journal_of(begun, *lines(("q1", "zeta")))
    (segment,) = segments_of(begun.path, "d")
    kept = segment.read_bytes()
    with begun.recording("d"):
        pass
    before = content(begun)
    segment.write_bytes(kept)
    with begun.recording("d"):
        pass
    assert content(begun) == before


def test_damage_in_the_middle_of_a_journal_is_refused(begun):
    segment = journal_of(begun, *lines(("q1", "zeta")))
    segment.write_bytes(b"{broken}\n" + segment.read_bytes())
    with refuses("damaged-file", segment.name), begun.recording("d"):
        pass
    segment.unlink()
    with begun.recording("d"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="files have other rights there")
def test_what_is_stored_is_readable_by_its_owner_only(begun):
    segment = journal_of(begun, *lines(("q1", "zeta")))
    for path in (begun.path, segment):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_long_journals_come_in_segments_and_in_order(begun, monkeypatch):
    monkeypatch.setattr(journal, "SEGMENT_ROWS", 2)
    with Journal(begun.path, "d") as left:
        for number in range(5):
            left.append({"attempt": attempt(number), "query": None})
        segments = left.rotate()
    assert [len(read_segment(one)) for one in segments] == [2, 2, 1]
    with begun.recording("d"):
        assert begun.attempts("d")["number"].to_pylist() == [0, 1, 2, 3, 4]


def test_one_process_at_a_time_records_into_a_data_set(begun):
    begun.begin("other", "")
    with begun.recording("d"), begun.recording("other"):
        second = begun.recording("d")
        with refuses("dataset-in-use", "'d'", kind=JournalLocked):
            second.__enter__()
    with begun.recording("d"):
        pass


def test_a_held_file_delays_the_commit_and_loses_nothing(begun):
    journal_of(begun, *lines(("q2", "zeta")))
    patient, hasty = begun, Workspace(begun.path, lock_timeout=0.1)
    recorder = hasty.recording("d", seconds=0.02)
    with (
        duckdb.connect(str(begun.path), read_only=True),
        refuses("workspace-locked", begun.path, kind=WorkspaceLocked),
    ):
        recorder.__enter__()
    recorder = hasty.recording("d", seconds=0.02)
    recorder.__enter__()
    with duckdb.connect(str(begun.path), read_only=True):
        recorder.response(Response("q1", "zeta", text="B", answer="B", rule="whole_text"))
        time.sleep(0.3)
        with refuses("workspace-locked", begun.path, "journal", kind=WorkspaceLocked):
            recorder.__exit__(None, None, None)
    assert patient.missing("d", ["zeta"]) == {"zeta": ["q1"]}
    with patient.recording("d"):
        assert patient.missing("d", ["zeta"]) == {"zeta": []}


def _record_until_refused(recorder, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        recorder.response(Response("q1", "zeta", text="B", answer="B"))
        time.sleep(0.01)


def test_a_commit_that_fails_ends_the_run_and_keeps_the_journal(begun):
    recorder = begun.recording("d", seconds=0.01)
    recorder.__enter__()
    recorder.response(Response("unknown", "zeta", text="B", answer="B"))
    with refuses("workspace-failed", "'unknown'"):
        _record_until_refused(recorder, seconds=20)
    with refuses("unknown-reference", "'unknown'", "zeta"):
        recorder.__exit__(None, None, None)
    assert segments_of(begun.path, "d")


def test_whoever_commits_between_rounds_waits_for_the_thread_that_does(begun):
    taken, both_inside, met = [], threading.Barrier(2), []

    def commit(rows):
        taken.extend(rows)
        with contextlib.suppress(threading.BrokenBarrierError):
            met.append(both_inside.wait(0.5))

    with Recorder(begun.path, "d", commit, seconds=0.01) as recorder:
        recorder.response(Response("q1", "zeta", text="B", answer="B"))
        recorder.commit()
    assert not met
    assert len(taken) == 1


def test_every_row_is_on_the_disk_before_it_counts_as_stored(begun, monkeypatch):
    synced, sync = [], os.fsync

    def counted(descriptor):
        sync(descriptor)
        synced.append(os.fstat(descriptor))

    monkeypatch.setattr(os, "fsync", counted)
    sizes = []
    with Journal(begun.path, "d") as left:
        for row in lines(("q1", "zeta"), ("q2", "zeta"), ("q1", "eta")):
            left.append(row)
            (segment,) = segments_of(begun.path, "d")
            sizes.append(segment.stat().st_size)
    files = [one for one in synced if stat.S_ISREG(one.st_mode)]
    assert [one.st_size for one in files] == sizes
    assert {one.st_ino for one in files} == {segment.stat().st_ino}
    folder = begun.path.parent.stat().st_ino
    assert [one.st_ino for one in synced if stat.S_ISDIR(one.st_mode)] == [folder]


@pytest.mark.parametrize("room", [1, 5_000, 20_000])
@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
def test_a_full_disk_tears_no_row_and_loses_none(workspace, room):
    workspace.add(imported([query(f"q{number}") for number in range(full_disk.N)], dataset="d"))
    run = [sys.executable, full_disk.__file__, str(workspace.path), str(room)]
    said = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert said.stderr == ""
    n_stored, refusal, *ended = said.stdout.splitlines()
    assert refusal.startswith("workspace-failed The journal beside")
    assert "File too large" in refusal
    with workspace.recording("d") as recorder:
        assert len(workspace.missing("d", ["zeta"])["zeta"]) == full_disk.N - int(n_stored)
        for number in range(int(n_stored), full_disk.N):
            recorder.response(full_disk.response(number))
    assert workspace.missing("d", ["zeta"]) == {"zeta": []}
    assert [one for one in ended if "waits in the journal" in one] == ended


@pytest.mark.parametrize("how", ["delete", "replace"])
def test_a_journal_goes_with_its_data_set(begun, how):
    journal_of(begun, *lines(("q1", "zeta")))
    if how == "delete":
        begun.delete_dataset("d")
    else:
        begun.add(imported([query("q9")], dataset="d"), on_conflict="replace")
    assert not segments_of(begun.path, "d")


@pytest.mark.parametrize("how", ["delete", "replace"])
def test_a_data_set_that_is_collected_into_is_neither_deleted_nor_replaced(begun, how):
    def end():
        if how == "delete":
            begun.delete_dataset("d")
        else:
            begun.add(imported([query("q9")], dataset="d"), on_conflict="replace")

    with begun.recording("d") as recorder:
        with refuses("dataset-in-use", "'d'", kind=JournalLocked):
            end()
        recorder.response(Response("q1", "zeta", text="B", answer="B"))
    assert begun.missing("d", ["zeta"]) == {"zeta": ["q2"]}
    end()
    left = [one.name for one in begun.path.parent.iterdir() if one.name.endswith(".lock")]
    assert not left


def test_nobody_collects_into_a_data_set_while_it_goes_and_what_fails_leaves_its_journal(begun):
    journal_of(begun, *lines(("q1", "zeta")))
    with refuses("dataset-in-use", "'d'", kind=JournalLocked), journal.ending(begun.path, "d"):
        begun.recording("d").__enter__()
    with begun.recording("d"):
        assert begun.missing("d", ["zeta"]) == {"zeta": ["q2"]}


def test_a_folder_that_takes_no_journal_is_refused(tmp_path):
    with refuses("workspace-failed", tmp_path / "gone", "No such file"):
        Journal(tmp_path / "gone" / "work.duckdb", "d").__enter__()


def test_a_deleted_data_set_leaves_no_attempts_and_failures(begun):
    with begun.recording("d") as recorder:
        recorder.attempt(attempt(0, reply="SECRET-REPLY"))
        recorder.response(Response("q1", "zeta", status="error"), "quota", "SECRET-SENTENCE")
    begun.delete_dataset("d")
    assert b"SECRET" not in begun.path.read_bytes()
    begun.begin("d", "")
    assert begun.attempts("d").num_rows == begun.failures("d").num_rows == 0


def test_changed_responses_take_the_place_of_the_stored_ones(begun):
    with begun.recording("d") as recorder:
        for one in ("q1", "q2"):
            recorder.response(Response(one, "zeta", text="B", answer="B", rule="whole_text"))
    before = begun.fingerprint("d")
    rows = begun.responses("d", with_text=True).to_pylist()
    changed = [rows[0] | {"answer": "C"}]
    begun.replace_responses("d", pa.Table.from_pylist(changed, RESPONSE_SCHEMA))
    assert begun.responses("d", with_text=True).to_pylist() == [*changed, rows[1]]
    assert begun.fingerprint("d") != before
    begun.replace_responses("d", pa.Table.from_pylist(rows, RESPONSE_SCHEMA))
    assert begun.fingerprint("d") == before


def test_a_file_of_the_second_schema_can_be_collected_into(filled):
    with duckdb.connect(str(filled.path)) as connection:
        for table in (
            "attempt",
            "failure",
            "equivalence",
            "draw",
            "label",
            "cluster_name",
            "score",
            "kept",
            "note",
            "bookmark",
        ):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("ALTER TABLE dataset DROP COLUMN right_by")
        connection.execute("UPDATE meta SET schema_version = 2")
    before = filled.fingerprint("demo")
    assert filled.missing("demo", ["zeta"]) == {"zeta": ["q1"]}
    assert filled.attempts("demo").num_rows == 0
    with filled.recording("demo") as recorder:
        recorder.response(Response("q1", "zeta", text="B", answer="B"))
    assert filled.fingerprint("demo") != before
