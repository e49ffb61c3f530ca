"""Golds, options, models and quotes as people write them: read as meant, or left out aloud."""

import json

import pytest
from foreign_files import inspect_json, inspect_sample

from cascal import importers
from cascal.dataset.parquet_folder import write_parquet_folder
from cascal.store import Workspace

OPTIONS = ["red", "green", "blue", "black"]
LETTERS = ["A", "B", "C", "D"]


def table(path, golds=LETTERS, options=OPTIONS, **more):
    rows = [
        {"query_id": f"q{at}", "text": f"Q{at}?", "options": options, "gold": gold, "model": "m"}
        | {"response": "The answer is (A)."}
        | more
        for at, gold in enumerate(golds)
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def column(table, name):
    return table[name].to_pylist()


@pytest.mark.parametrize(
    "golds",
    [
        ["Option A", "option b", "Answer: C", "The correct answer is D"],
        ["1", "2", "3", "4"],
        [0.0, 1.0, 2.0, 3.0],
    ],
)
def test_a_gold_answer_may_be_called_one(tmp_path, golds):
    queries = importers.read(table(tmp_path / "r.jsonl", golds)).queries
    assert column(queries, "answer") == LETTERS


@pytest.mark.parametrize(
    "options",
    [
        dict(zip("1234", OPTIONS, strict=True)),
        dict(zip("0123", OPTIONS, strict=True)),
        [{"label": a, "text": b} for a, b in zip(LETTERS, OPTIONS, strict=True)],
        [{"key": a, "value": b} for a, b in zip(LETTERS, OPTIONS, strict=True)],
        [f"{a}. {b}" for a, b in zip(LETTERS, OPTIONS, strict=True)],
        {"text": OPTIONS, "label": ["1", "2", "3", "4"]},
    ],
)
def test_options_in_a_common_dress_are_options(tmp_path, options):
    queries = importers.read(table(tmp_path / "r.jsonl", OPTIONS, options)).queries
    assert column(queries, "options") == [OPTIONS] * 4
    assert column(queries, "answer") == LETTERS


def test_labels_say_from_where_golds_count(tmp_path):
    labelled = {"text": OPTIONS, "label": ["1", "2", "3", "4"]}
    path = table(tmp_path / "r.jsonl", ["1", "2", "3"], labelled)
    assert column(importers.read(path).queries, "answer") == ["A", "B", "C"]


def test_an_object_without_options_is_not_a_free_answer(tmp_path):
    with pytest.raises(importers.ImportRefused, match="neither a list nor JSON"):
        importers.read(table(tmp_path / "r.jsonl", options={"x": "red", "y": "green"}))


@pytest.mark.parametrize(
    ("body", "texts", "rows"),
    [
        ('q1,"a 5" pipe",m\nq2,x,m\n', ["x"], [1]),
        ('q1,"one\ntwo "2" three",m\n\nq2,"a ""b""",m\nq3,"c" ,m\n', ['a "b"', "c "], [1]),
        ('q1,a 5" pipe,m\nq2,x,m\n', ['a 5" pipe', "x"], []),
    ],
)
def test_a_quote_that_is_not_doubled_leaves_its_row_out(tmp_path, body, texts, rows):
    (tmp_path / "r.csv").write_text(
        "query_id,text,model,response\n" + body.replace(",m\n", ",m,5\n")
    )
    imported = importers.read(tmp_path / "r.csv")
    assert column(imported.queries, "text") == texts
    assert [one.row for one in imported.refused] == rows
    assert all("not doubled" in one.reason for one in imported.refused)


def wide(path, header, row):
    rows = [row.format(at=at, next=at + 1) for at in range(6)]
    path.write_text(
        "\n".join([f"query_id,text,{header}", *(f"{n},{r}" for n, r in enumerate(rows))])
    )
    return path


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("gold,gpt-4,llama-3", "{at}+1?,{next},{at},{at}"),
        ("gold,a,b", "{at}+1?,{next},The answer is {next}.,I think the answer is {next}."),
        ("response_a,response_b", "Which?,It is Paris,It is London"),
        ("gold,gpt-4,gpt-4_cost,claude", "{at}+1?,{next},{at},0.1,{next}"),
    ],
)
def test_columns_that_are_models_are_read_as_responses(tmp_path, header, row):
    imported = importers.read(wide(tmp_path / "w.csv", header, row))
    assert (len(imported.models), imported.responses.num_rows) == (2, 12)


def test_a_wide_table_that_cannot_be_read_says_so_first(tmp_path):
    imported = importers.read(wide(tmp_path / "w.csv", "gpt-4,llama", "Which?,1,0"))
    assert imported.responses.num_rows == 0
    assert imported.notes[0].startswith("No response was read: 'w.csv' has no column model")


@pytest.mark.parametrize(
    "reply",
    [
        {"role": "assistant", "content": "The answer is (B)."},
        [{"role": "user", "content": "A?"}, {"role": "assistant", "content": "The answer is (B)."}],
        ["The answer is (B)."],
    ],
)
def test_messages_of_a_table_are_what_was_said(tmp_path, reply):
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Q?"}]
    path = table(tmp_path / "r.jsonl", text=asked, response=reply)
    imported = importers.read(path)
    assert column(imported.queries, "text") == ["Q?"] * 4
    assert column(imported.responses, "text") == ["The answer is (B)."] * 4


def test_several_texts_in_one_row_are_no_answer(tmp_path):
    path = table(tmp_path / "r.jsonl", response=["The answer is (A).", "The answer is (B)."])
    with pytest.raises(importers.ImportRefused, match="several texts in one row"):
        importers.read(path)


@pytest.mark.parametrize(
    ("score", "stored"), [("correct", 1.0), ("FAIL", 0.0), ("85%", 0.85), ("great", None)]
)
def test_a_score_may_be_a_word_or_percent(tmp_path, score, stored):
    responses = importers.read(table(tmp_path / "r.jsonl", score=score)).responses
    assert column(responses, "score") == [stored] * 4


@pytest.mark.parametrize(("value", "stored"), [(-323.4, None), (-9999, None), (-29.0, -29.0)])
def test_a_mean_below_all_means_is_unknown(tmp_path, value, stored):
    imported = importers.read(table(tmp_path / "r.jsonl", mean_logprob=value))
    assert column(imported.responses, "mean_logprob") == [stored] * 4


def test_a_task_of_which_nothing_is_left_is_a_headline(tmp_path):
    rows = [{"query_id": f"q{n}", "task": "law", "text": "Q?"} for n in range(3)]
    rows += [{"query_id": "x", "task": "essays", "text": ""}]
    path = tmp_path / "q.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    assert "Nothing is left of 'essays': 1 query was left out." in importers.read(path).notes


def test_names_of_columns_and_models_may_be_written_otherwise(tmp_path):
    (tmp_path / "r.csv").write_text(
        "Query ID,Question,Model Name,Model-Response\n1,Q?,m,x\n2,Q?,m\u200b,y\n", encoding="utf-8"
    )
    imported = importers.read(tmp_path / "r.csv")
    assert [one.name for one in imported.models] == ["m"]
    assert imported.responses.num_rows == 2


def test_an_object_in_one_line_is_good_json_of_no_known_format(tmp_path):
    (tmp_path / "r.json").write_text('{"results": [{"a": 1}], "config": {}}')
    with pytest.raises(importers.ImportRefused, match="good JSON, but of no known format"):
        importers.read(tmp_path / "r.json")


def test_a_number_as_target_of_a_log_is_asked_for(tmp_path):
    sample = inspect_sample(target="2")
    sample["choices"] = OPTIONS
    path = inspect_json(tmp_path / "log.json", samples=[sample])
    assert column(importers.read(path).queries, "answer") == [None]
    assert column(importers.read(path, gold_from=1).queries, "answer") == ["B"]
    assert column(importers.read(path, gold_from=0).queries, "answer") == ["C"]


@pytest.mark.parametrize("target", ["3", 3, 3.0, [3]])
def test_a_number_as_target_that_is_an_option_is_that_option(tmp_path, target):
    sample = inspect_sample(target=target)
    sample["choices"] = ["3", "1", "4", "2"]
    path = inspect_json(tmp_path / "log.json", samples=[sample])
    assert column(importers.read(path).queries, "answer") == ["A"]


def test_a_preview_of_a_log_names_what_may_be_kept(tmp_path):
    path = inspect_json(tmp_path / "log.json", samples=[inspect_sample(metadata={"level": 3})])
    assert importers.preview(path).unused == ("level",)
    kept = importers.read(path, keep=importers.preview(path).unused).kept
    assert column(kept, "name") == ["level"]


def test_who_is_right_travels_with_a_folder_of_parquet(tmp_path):
    workspace = Workspace(tmp_path / "w.duckdb")
    path = table(tmp_path / "r.jsonl", score=0.0)
    workspace.add(importers.read(path, dataset="d", right="source"))
    write_parquet_folder(workspace, "d", tmp_path / "out")
    again = importers.read(tmp_path / "out", dataset="e")
    assert again.right == "source"
    workspace.add(again)
    assert workspace.dataset("e").right == "source"
    assert importers.read(tmp_path / "out", right="reading").right == "reading"


@pytest.mark.parametrize(
    ("options", "response", "letter"),
    [
        (["True", "False"], "True", "A"),
        (["True", "False"], "The answer is False.", "B"),
        (["Yes", "No"], "**no**", "B"),
        (["Yes", "No"], "Yes\n\nExplanation: water boils.", "A"),
        (["1/2", "2"], "The answer is 0.5", "A"),
        (["A", "B", "AB", "O"], "AB", "C"),
        (["A", "B", "AB", "O"], "O", "D"),
        (["Rome", "Paris"], "Not Paris", None),
        (["Yes", "No"], "No idea", None),
        (["True", "False"], "True or false? It depends.", None),
        (["Paris", "paris.", "Rome"], "Paris", None),
        (["Rome", "Paris"], "The answer is (A), not Paris", "A"),
    ],
)
def test_a_response_may_answer_with_an_option_s_own_text(tmp_path, options, response, letter):
    golds = ["A"] * 3
    imported = importers.read(table(tmp_path / "r.jsonl", golds, options, response=response))
    assert column(imported.responses, "answer") == [letter] * 3
    upstream = importers.read(
        table(tmp_path / "u.jsonl", golds, ["True", "False"], response="True"), reading="upstream"
    )
    assert column(upstream.responses, "answer") == [None] * 3


def test_objects_by_model_are_read_as_responses(tmp_path):
    rows = [
        {"query_id": 1, "text": "A?", "responses": {"m1": "A", "m2": "The answer is B."}, "x": 5},
        {"query_id": 2, "text": "B?", "responses": {"m1": None, "m3": ""}, "x": 6},
        {"query_id": 3, "text": "C?", "responses": None, "x": 7},
    ]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    imported = importers.read(path)
    found = [
        (one["query_id"], one["model"], one["answer"]) for one in imported.responses.to_pylist()
    ]
    assert found == [("1", "m1", "A"), ("1", "m2", "B"), ("2", "m3", None)]
    assert (
        "'r.jsonl' has no column model: 'responses' holds responses by model, and was read so."
        in (imported.notes)
    )
    assert any(note.startswith("'r.jsonl': not used: 'x'.") for note in imported.notes)


def test_other_objects_called_responses_are_no_responses(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"query_id": 1, "text": "A?", "responses": {"m": {"a": 1}}}))
    assert importers.read(path).responses.num_rows == 0
