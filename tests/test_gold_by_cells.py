"""Columns called as right answers may be, or as scores: their cells tell what they hold."""

import json

import pytest

from cascal import importers

QUESTIONS = ("Which is a metal?", "Which is a gas?", "Which is red?")
OPTIONS = (("iron", "wood"), ("lead", "helium"), ("blood", "grass"))
GOLD = ("A", "B", "A")
NAMES = (
    "correct",
    "right_answer",
    "Correct Option",
    "solution",
    "key",
    "truth",
    "expected",
    "reference",
    "Lösung",
    "Lo\u0308sung",
    "answer_letter",
    "human",
)


def csv(path, names, rows):
    path.write_text("\n".join(",".join(row) for row in (names, *rows)) + "\n", encoding="utf-8")
    return path


def wide(path, name, golds=GOLD, **more):
    """A table with a column a model, and what is called `name`."""
    rows = [
        (str(n), question, *options, gold, *others)
        for n, (question, options, gold, *others) in enumerate(
            zip(QUESTIONS, OPTIONS, golds, "ABB", "AAB", *more.values(), strict=True), 1
        )
    ]
    return csv(path, ("id", "question", "A", "B", name, "gpt-4o", "mistral-7b", *more), rows)


def long(path, name, cells, *, options=OPTIONS, models=("m1", "m2")):
    """A table with one row a response; cells are by query, or by query and model."""
    rows = [
        {
            "id": n,
            "question": question,
            "model": model,
            "response": "A",
            name: cell[at] if isinstance(cell, tuple) else cell,
            **({"choices": list(options[n])} if options else {}),
        }
        for n, (question, cell) in enumerate(zip(QUESTIONS, cells, strict=True))
        for at, model in enumerate(models)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def golds(result):
    return result.queries["answer"].to_pylist()


def scores(result):
    return result.responses["score"].to_pylist()


def models(result):
    return [one.name for one in result.models]


@pytest.mark.parametrize("name", NAMES)
def test_of_a_table_with_a_column_a_model_it_is_gold_and_no_model(tmp_path, name):
    result = importers.read(wide(tmp_path / "wide.csv", name))
    assert golds(result) == ["A", "B", "A"]
    assert models(result) == ["gpt-4o", "mistral-7b"]
    assert any(f"{name} is taken for the gold answers" in note for note in result.notes)


def test_texts_and_places_of_options_are_gold_too(tmp_path):
    texts = importers.read(wide(tmp_path / "texts.csv", "correct", ("iron", "Helium", "blood")))
    assert golds(texts) == ["A", "B", "A"]
    places = importers.read(wide(tmp_path / "places.csv", "correct", "121"))
    assert golds(places) == ["A", "B", "A"]


def test_beside_a_gold_column_only_people_may_have_answered(tmp_path):
    more = {"label": "ABA", "human": "ABA"}
    result = importers.read(wide(tmp_path / "wide.csv", "correct", **more))
    assert golds(result) == ["A", "B", "A"]
    assert models(result) == ["gpt-4o", "mistral-7b", "human"]


def test_right_or_wrong_in_a_wide_table_is_neither_gold_nor_a_model(tmp_path):
    result = importers.read(wide(tmp_path / "wide.csv", "correct", "101"))
    assert golds(result) == [None] * 3
    assert models(result) == ["gpt-4o", "mistral-7b"]


@pytest.mark.parametrize("name", NAMES)
def test_of_a_long_table_it_is_gold_where_it_is_the_same_for_a_query(tmp_path, name):
    result = importers.read(long(tmp_path / "long.jsonl", name, GOLD))
    assert golds(result) == ["A", "B", "A"]
    assert scores(result) == [None] * 6


def test_letters_c_and_i_among_others_are_gold_and_no_verdicts(tmp_path):
    options = [tuple("abcdefghi")] * 3
    path = long(tmp_path / "long.jsonl", "correct", ("C", "I", "B"), options=options)
    result = importers.read(path)
    assert golds(result) == ["C", "I", "B"]
    assert scores(result) == [None] * 6
    assert any("say so with --map score=correct" in note for note in result.notes)
    assert scores(importers.read(path, mapping={"score": "correct"})) == [None] * 6
    assert importers.preview(path).mapping["gold"] == "correct"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((1, 0, 1), [1, 1, 0, 0, 1, 1]),
        ((True, False, True), [1, 1, 0, 0, 1, 1]),
        (("true", "false", "no"), [1, 1, 0, 0, 0, 0]),
        (("C", "I", "C"), [1, 1, 0, 0, 1, 1]),
        ((0.5, 0.25, 1), [0.5, 0.5, 0.25, 0.25, 1, 1]),
        (("right", "partly", "wrong"), [1, 1, None, None, 0, 0]),
        ((("A", "B"), ("A", "C"), ("A", "A")), [None] * 6),
    ],
)
@pytest.mark.parametrize("options", [OPTIONS, None])
def test_verdicts_and_what_differs_between_responses_stay_scores(
    tmp_path, cells, expected, options
):
    result = importers.read(long(tmp_path / "long.jsonl", "correct", cells, options=options))
    assert golds(result) == [None] * 3
    assert scores(result) == expected


def test_free_answers_of_one_line_are_gold(tmp_path):
    path = long(tmp_path / "long.jsonl", "correct", ("iron", "helium", "blood"), options=None)
    assert golds(importers.read(path)) == ["iron", "helium", "blood"]
    worked = "First we see that\nit is iron."
    path = long(tmp_path / "worked.jsonl", "solution", [worked] * 3, options=None)
    assert golds(importers.read(path)) == [None] * 3
    path = long(tmp_path / "marks.jsonl", "correct", (7, 10, 1), options=None, models=["m"])
    assert golds(importers.read(path)) == [None] * 3
    path = long(tmp_path / "keys.jsonl", "key", (7, 10, 11), options=None)
    assert golds(importers.read(path)) == [None] * 3


@pytest.mark.parametrize("name", ["answer_letter", "solution"])
def test_what_one_model_may_have_answered_is_not_gold(tmp_path, name):
    path = long(tmp_path / "long.jsonl", name, GOLD, models=["m"])
    assert golds(importers.read(path)) == [None] * 3


def test_a_column_of_letters_in_queries_beside_responses_is_gold(tmp_path):
    queries = csv(
        tmp_path / "queries.csv",
        ("id", "question", "A", "B", "correct"),
        [
            (str(n), question, *options, gold)
            for n, (question, options, gold) in enumerate(
                zip(QUESTIONS, OPTIONS, GOLD, strict=True)
            )
        ],
    )
    said = [("0", "m", "A", "1"), ("1", "m", "A", "0")]
    responses = csv(tmp_path / "responses.csv", ("id", "model", "response", "correct"), said)
    result = importers.read([queries, responses])
    assert golds(result) == ["A", "B", "A"]
    assert scores(result) == [1.0, 0.0]
