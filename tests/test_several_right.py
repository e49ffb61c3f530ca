"""Queries of which several options are right together, from the file to the vote."""

import csv
import json

import numpy as np
import pyarrow as pa
import pytest

from cascal import importers
from cascal.answers import read_letters
from cascal.collection.collect import as_response, reparsed
from cascal.columns import RESPONSE_SCHEMA
from cascal.datatypes import NO_ANSWER, Query, count_options
from cascal.endpoint.chat import Reply
from cascal.prompts import answer_messages, find_query
from cascal.serve.upstream import Answer
from cascal.serve.voting import read_vote
from cascal.store import Workspace

OPTIONS = ("copper", "iron", "neon", "argon", "zinc")
GOLDS = {"q1": "C, D", "q2": "E", "q3": "D and C", "q4": "A"}
SAID = {
    "q1": {"right": "The answer is D, C.", "half": "The answer is C.", "other": "C and D"},
    "q2": {"right": "The answer is E.", "half": "The answer is E, A.", "other": "A"},
    "q3": {"right": "C, D", "half": "D", "other": "The answer is A and B."},
    "q4": {"right": "A", "half": "A", "other": "B"},
}


def write(path, golds, answers=SAID, column="response"):
    with path.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["query_id", "text", "options", "gold", "model", column])
        for query_id, gold in golds.items():
            for model, answer in answers[query_id].items():
                row = [query_id, f"Which of {query_id}?", json.dumps(OPTIONS), gold, model, answer]
                table.writerow(row)
    return path


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path / "w.duckdb")
    made.add(importers.read(write(tmp_path / "r.csv", GOLDS), dataset="d"))
    return made


def test_each_set_of_letters_is_one_answer(workspace):
    votes = workspace.votes("d")
    gold, _ = workspace.gold("d")
    right = (votes.answers == gold[:, None]) & (votes.answers != NO_ANSWER)
    assert votes.option_counts.tolist() == [0, 5, 0, 5]
    np.testing.assert_array_equal(
        right,
        [[True, False, True], [True, False, False], [True, False, False], [True, True, False]],
    )


def test_the_options_stay_for_display(workspace):
    assert workspace.queries("d")["options"].to_pylist() == [list(OPTIONS)] * 4
    assert workspace.queries("d")["answer"].to_pylist() == ["C,D", "E", "C,D", "A"]


def test_the_import_says_how_many_there_are(tmp_path):
    notes = importers.read(write(tmp_path / "r.csv", GOLDS), dataset="d").notes
    assert any(note.startswith("2 of 4 queries have several right options") for note in notes)


def test_letters_in_a_row_are_a_set_where_the_whole_column_is_letters(tmp_path):
    golds = {"q1": "CD", "q2": "E", "q3": "CD", "q4": "A"}
    table = importers.read(write(tmp_path / "r.csv", golds), dataset="d").queries
    assert table["answer"].to_pylist() == ["C,D", "E", "C,D", "A"]


def test_letters_in_a_row_are_refused_where_the_column_holds_something_else(tmp_path):
    golds = {"q1": "CD", "q2": "zinc", "q3": "C,D", "q4": "A"}
    imported = importers.read(write(tmp_path / "r.csv", golds), dataset="d")
    assert imported.queries["query_id"].to_pylist() == ["q2", "q3", "q4"]


def test_answers_that_the_file_gives_are_sets_too(tmp_path):
    given = {one: {"m": "E, A", "n": "D,C"} for one in GOLDS}
    path = write(tmp_path / "r.csv", GOLDS, given, column="model_answer")
    assert importers.read(path, dataset="d").responses["answer"].to_pylist() == [
        "A,E",
        "C,D",
        None,
        None,
        "A,E",
        "C,D",
        None,
        None,
    ]


@pytest.mark.parametrize("query", [{"answer": "C,D"}, {"several": True}])
def test_the_prompt_asks_for_all_right_letters_and_names_none(query):
    asked = answer_messages(Query("q", "t", "Which?", options=OPTIONS, **query))
    assert "letters of all right options" in asked[-1]["content"]
    assert "C,D" not in asked[-1]["content"]
    known = find_query(asked)
    assert known == Query("", "", "Which?", options=OPTIONS, several=True)
    assert known.n_options == 0


def test_one_right_letter_leaves_the_number_of_options():
    assert [count_options(OPTIONS, one) for one in (None, "C", "C,D", "C, D")] == [5, 5, 0, 5]


@pytest.mark.parametrize(
    "text",
    [
        *("DE", "D & E", "(D), (E)", "**D and E**", "E, D", "- D\n- E", "The answer is DE."),
        *("D. argon and E. zinc", "Answer: D. argon, E. zinc", "D) Argon\nE) Zinc"),
        "The correct answers are:\n**D. argon**\n**E. zinc**",
        "Both D and E are correct.",
        "I would pick D and E.",
        "The answers are D, E because zinc is a metal.",
        "D, E\n\nExplanation: A is wrong.",
        "The answer is A and E. Wait, copper is wrong. The answer is D and E.",
    ],
)
def test_letters_in_prose_are_the_set_that_the_text_states(text):
    assert read_letters(text, OPTIONS).answer == "D,E"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is D.", "D"),
        ("D. argon, because it is a gas.", "D"),
        ("Answer: A, B, and C", "A,B,C"),
        ("neon and argon", None),
        ("The answer is not A and B.", None),
        ("D. argon is one. A. copper is another.", None),
        ("None of A and B", None),
        ("The answer is D and F.", None),
        ("I don't know", None),
    ],
)
def test_what_states_fewer_letters_more_or_none_is_read_as_that(text, answer):
    assert read_letters(text, OPTIONS).answer == answer


def test_prose_of_several_letters_votes_as_the_set(tmp_path):
    said = {"q1": {"right": "C. neon and D. argon", "half": "CE", "other": "I cannot help."}}
    path = write(tmp_path / "r.csv", {"q1": "C, D"}, said)
    responses = importers.read(path).responses
    assert responses["answer"].to_pylist() == ["C,D", "C,E", None]
    assert responses["status"].to_pylist() == ["ok", "ok", "refused"]


def test_a_collected_reply_is_read_as_an_imported_one():
    query = Query("q1", "t", "Which?", options=OPTIONS, answer="C,D", answer_origin="gold")
    reply = Reply(text="C. neon and D. argon", status="ok")
    assert as_response(query, "m", reply).answer == "C,D"
    worse = dict.fromkeys(RESPONSE_SCHEMA.names) | {"query_id": "q1", "model": "m", "sample": 0}
    worse |= {"text": reply.text, "status": "ok", "answer": "D"}
    table = pa.Table.from_pylist([worse], RESPONSE_SCHEMA)
    assert reparsed(table, {"q1": query})["answer"].to_pylist() == ["C,D"]


@pytest.mark.parametrize(
    ("text", "n_options", "answer"),
    [("C. neon and D. argon", 0, "C,D"), ("The answer is D.", 5, "D"), ("no gas", 0, "no gas")],
)
def test_a_served_reply_is_read_as_an_imported_one(text, n_options, answer):
    body = {"choices": [{"message": {"content": text}}]}
    reply = Answer("", body)
    assert read_vote("m", reply, n_options, OPTIONS).answer == answer
