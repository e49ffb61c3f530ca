"""What numbers mean that a table says the models answered."""

import csv
import json

import pytest

from cascal import importers
from cascal.dataset.parquet_folder import write_parquet_folder
from cascal.store import Workspace

WORDS = ["wood", "iron", "air", "milk"]


def write(path, golds, answers, options=WORDS, column="model_answer"):
    """A table of one model, as JSONL or as CSV, where numbers become texts."""
    several = isinstance(options[0], list)
    rows = [
        {
            "query_id": f"q{at}",
            "text": f"Which one, {at}?",
            "options": options[at] if several else options,
            "gold": gold,
            "model": "m",
            column: answer,
        }
        for at, (gold, answer) in enumerate(zip(golds, answers, strict=True))
    ]
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as stream:
            table = csv.DictWriter(stream, list(rows[0]))
            table.writeheader()
            table.writerows(row | {"options": json.dumps(row["options"])} for row in rows)
    else:
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def said(imported):
    return imported.responses["answer"].to_pylist()


def counting(imported):
    return [one for one in imported.notes if "models' answers are numbers" in one]


@pytest.fixture(params=["rows.csv", "rows.jsonl"])
def path(request, tmp_path):
    return tmp_path / request.param


@pytest.mark.parametrize(
    ("golds", "answers", "letters", "first"),
    [
        ([2, 1, 4], [2, 1, 4], "BAD", 1),
        ([2, 1, 4], [1, 1, 2], "AAB", 1),
        ([2, 0, 1], [2, 1, 1], "CBB", 0),
        (["B", "A", "D"], [2, 1, 4], "BAD", 1),
        (["iron", "wood", "milk"], [1, 0, 3], "BAD", 0),
        ([None, None, None], [4.0, 1.0, 2.0], "DAB", 1),
        ([[2, 1], [1], [4]], [2, 1, 4], "BAD", 1),
    ],
)
def test_numbers_count_as_the_gold_ones_do_or_as_their_column_tells(
    path, golds, answers, letters, first
):
    result = importers.read(write(path, golds, answers))
    assert said(result) == list(letters)
    (note,) = counting(result)
    assert note.endswith(
        f"column 'model_answer': the models' answers are numbers, counted from {first}."
    )


def test_numbers_that_may_count_from_either_are_asked_for(path):
    write(path, ["B", "A", "C"], [2, 1, 3])
    with pytest.raises(importers.ImportRefused, match=r"'model_answer'.*--gold-from") as error:
        importers.read(path)
    assert error.value.code == "ambiguous-gold"
    assert said(importers.read(path, gold_from=1)) == list("BAC")
    assert said(importers.read(path, gold_from=0)) == list("CBD")


def test_numbers_beyond_the_options_name_none_and_are_told(path):
    result = importers.read(write(path, [2, 1, 4], [0, 9, 4]))
    assert said(result) == [None, None, "D"]
    assert any("2 rows – names none of the options" in note for note in result.notes)


@pytest.mark.parametrize(("golds", "answers", "first"), [("1234", "0123", 1), ("0123", "1234", 0)])
def test_many_numbers_that_begin_elsewhere_than_the_gold_ones_are_refused(
    path, golds, answers, first
):
    write(path, [int(one) for one in golds * 6], [int(one) for one in answers * 6])
    with pytest.raises(importers.ImportRefused, match=f"gold answers count from {first}") as error:
        importers.read(path)
    assert error.value.code == "ambiguous-gold"
    read = importers.read(path, gold_from=first)
    assert None in said(read)


def test_letters_and_texts_stay_and_say_nothing_of_numbers(path):
    result = importers.read(write(path, [2, 1, 4], ["B", "milk", "D. milk"]))
    assert said(result) == ["B", "D", "D"]
    assert not counting(result)


@pytest.mark.parametrize("golds", [[15, 12, 18], ["B", "A", "C"], [1, 0, 2]])
def test_numbers_that_are_options_themselves_are_these(path, golds):
    result = importers.read(write(path, golds, [15, 18, 18], ["12", "15", "18"]))
    assert said(result) == ["B", "C", "C"]


def test_small_numbers_are_read_as_the_gold_ones_that_are_options(path):
    options = [["3", "1", "4", "2"], ["2", "3", "1", "0"], ["1", "0", "2", "3"]]
    result = importers.read(write(path, [3, 1, 2], [3, 2, 2], options))
    assert result.queries["answer"].to_pylist() == list("ACC")
    assert said(result) == list("AAC")
    assert any("read as these, not as places" in note for note in counting(result))


def test_responses_that_are_bare_numbers_are_told_and_read_once_they_are_named(path):
    write(path, [2, 1, 4], [2, 1, 4], column="prediction")
    result = importers.read(path)
    assert said(result) == [None] * 3
    (note,) = [one for one in result.notes if "no answer that can be read" in one]
    assert note == (
        "3 of 3 responses hold no answer that can be read. Of these, 3 are bare numbers: if they "
        "number the options, name the column model_answer, or map it with "
        "--map model_answer=THEIRS."
    )
    named = importers.read(path, mapping={"model_answer": "prediction"})
    assert said(named) == list("BAD")


def test_errors_and_blank_answers_tell_nothing(tmp_path):
    rows = [
        {"query_id": f"q{at}", "text": f"Which one, {at}?", "options": WORDS, "model": "m"}
        | {"model_answer": answer, "status": status}
        for at, (answer, status) in enumerate([(4, "ok"), (0, "error"), (None, ""), (1, "")])
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert said(importers.read(path)) == ["D", None, None, "A"]


def test_numbers_of_a_table_of_responses_count_as_the_queries_gold_does(tmp_path):
    write(tmp_path / "queries.jsonl", [4, 1], [None, None], column="note")
    queries = (tmp_path / "queries.jsonl").read_text().splitlines()
    lines = [{k: v for k, v in json.loads(one).items() if k != "model"} for one in queries]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "responses.csv").write_text("query_id,model,model_answer\nq0,m,2\nq1,m,1\n")
    assert said(importers.read(tmp_path)) == ["B", "A"]


BLOOD = ["O", "B", "AB", "A"]


@pytest.mark.parametrize("golds", [["A"], ["O", "AB"], ["A", "B"]])
def test_options_that_are_letters_are_read_word_for_word(path, golds):
    result = importers.read(write(path, golds, golds, BLOOD))
    letters = ["ABCD"[BLOOD.index(one)] for one in golds]
    assert result.queries["answer"].to_pylist() == letters
    assert said(result) == letters
    assert sum("word for word" in note for note in result.notes) == 2


def test_a_response_that_is_a_letter_alone_stays_the_letter_of_a_place(path):
    result = importers.read(write(path, ["A"], ["Answer: A"], BLOOD, column="response"))
    assert result.queries["answer"].to_pylist() == ["D"]
    assert said(result) == ["A"]
    (note,) = [one for one in result.notes if "word for word" in one]
    assert note.endswith(
        "A response that is a letter alone names the option at that letter's place."
    )


def test_answers_that_are_not_all_options_stay_letters(path):
    result = importers.read(write(path, ["A", "B"], ["A", "C"], BLOOD))
    assert result.queries["answer"].to_pylist() == ["D", "B"]
    assert said(result) == ["A", "C"]


@pytest.mark.parametrize(
    ("options", "golds"),
    [(BLOOD, ["A", "C"]), (list("CADB"), ["A", "C"]), (list("ABCD"), ["A", "C"])],
)
def test_letters_of_places_stay_where_nothing_tells_otherwise(path, options, golds):
    result = importers.read(write(path, golds, golds, options))
    assert result.queries["answer"].to_pylist() == golds
    assert said(result) == golds
    shuffled = [one for one in result.notes if "A is read as the first option" in one]
    assert len(shuffled) == (options == list("CADB"))


def test_an_exported_data_set_keeps_its_letters(tmp_path):
    workspace = Workspace(tmp_path / "w.duckdb")
    rows = write(tmp_path / "r.jsonl", ["O", "B"], ["AB", "A"], BLOOD)
    workspace.add(importers.read(rows, dataset="d"))
    gold = workspace.queries("d")["answer"].to_pylist()
    assert gold == ["A", "B"]
    write_parquet_folder(workspace, "d", tmp_path / "out")
    again = importers.read(tmp_path / "out")
    assert again.queries["answer"].to_pylist() == gold
    assert said(again) == workspace.responses("d")["answer"].to_pylist()
