"""Gold answers and options in the dresses that people's files give them."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cascal import importers
from cascal.importers.fields import amount, gold_answer, logprob, option_texts

OPTIONS = ("appeal 75w", "statute 61x", "Appeal 71y", "appeal 84z")


@pytest.mark.parametrize(
    "value",
    [
        *("B", "b", "(B)", "B.", ["B"], 1, 1.0, "1", "1.0"),
        *("statute 61x", "STATUTE 61X", "statute 61x.", " Statute  61x "),
        *("B. statute 61x", "(b) statute 61x", "B) Statute 61x.", "B - statute 61x"),
    ],
)
def test_a_gold_answer_is_read_however_it_is_written(value):
    assert gold_answer(value, OPTIONS) == ("B", "")


@pytest.mark.parametrize(
    "value", ["B. appeal 75w", "statute", "E", 4, "4.0", 1.5, ["B", "E"], "B, E", "BC", "1.5"]
)
def test_what_names_no_option_is_none(value):
    answer, reason = gold_answer(value, OPTIONS)
    assert answer is None
    assert reason


@pytest.mark.parametrize(
    "value", ["D,B", "B, D", "B and D", "(B), (D)", "B;D", ["B", "D"], '["D", "B"]', "['B', 'D']"]
)
def test_several_right_letters_are_one_sorted_set(value):
    assert gold_answer(value, OPTIONS) == ("B,D", "")


def test_an_option_that_speaks_of_two_letters_is_that_option():
    assert gold_answer("A and B", ("x", "y", "A and B")) == ("C", "")


def test_an_option_word_for_word_comes_before_one_but_for_its_case():
    assert gold_answer("a", ("A", "a")) == ("A", "")  # a letter is the letter
    assert gold_answer("pH", ("PH", "pH")) == ("B", "")
    assert gold_answer("ph", ("PH", "pH"))[0] is None


@pytest.mark.parametrize(
    "value",
    [
        ["x", "it's", "z"],
        '["x", "it\'s", "z"]',
        "['x', \"it's\", 'z']",
        "('x', \"it's\", 'z')",
        "['x' \"it's\"\n 'z']",
        "array(['x', \"it's\", 'z'], dtype=object)",
        {"A": "x", "B": "it's", "C": "z"},
        {"C": "z", "A": "x", "B": "it's"},
        "{'A': 'x', 'B': \"it's\", 'C': 'z'}",
        {"label": ["A", "B", "C"], "text": ["x", "it's", "z"]},
        "A. x\nB. it's\nC. z",
        "A) x\n\nB) it's\nC) z\n",
    ],
)
def test_options_are_read_however_they_are_written(value):
    assert option_texts(value) == ("x", "it's", "z")


@pytest.mark.parametrize(
    "value", ["x, y, z", "A. x\nC. z", "[__import__('os').getcwd()]", "['x' + 'y']", "[1", {"k": 1}]
)
def test_what_is_no_list_of_options_is_odd(value):
    assert option_texts(value) in (None, ())


def records(golds, **more):
    return [
        {"query_id": f"q{at}", "task": "t", "text": f"Which one, {at}?", "options": list("wxyz")}
        | {"gold": gold, "model": "m", "response": "The answer is (B)."}
        | more
        for at, gold in enumerate(golds)
    ]


def imported(tmp_path, golds, **kwargs):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, records(golds))), encoding="utf-8")
    return importers.read(path, **kwargs)


@pytest.mark.parametrize(
    ("golds", "letters", "first"),
    [
        ([1, 2, 4, 3], "ABDC", 1),
        (["1", "2", "4"], "ABD", 1),
        ([1.0, 4.0, None], ["A", "D", None], 1),
        ([0, 1, 3], "ABD", 0),
        (["0.0", "3.0"], "AD", 0),
    ],
)
def test_the_whole_column_tells_from_where_gold_numbers_count(tmp_path, golds, letters, first):
    result = imported(tmp_path, golds)
    assert result.queries["answer"].to_pylist() == list(letters)
    assert any(f"counted from {first}" in note for note in result.notes)


def test_gold_numbers_that_may_count_from_either_are_asked_for_and_never_shifted(tmp_path):
    with pytest.raises(importers.ImportRefused, match="--gold-from") as error:
        imported(tmp_path, [1, 2, 3])
    assert error.value.code == "ambiguous-gold"
    assert imported(tmp_path, [1, 2, 3], gold_from=1).queries["answer"].to_pylist() == list("ABC")
    assert imported(tmp_path, [1, 2, 3], gold_from=0).queries["answer"].to_pylist() == list("BCD")
    with pytest.raises(importers.ImportRefused, match="2") as error:
        imported(tmp_path, [1, 2, 3], gold_from=2)
    assert error.value.code == "out-of-bounds"


HOW_MANY = [["3", "1", "4", "2"], ["2", "3", "1", "0"], ["1", "0", "2", "3"]]


def tabled(tmp_path, suffix, options, golds, **kwargs):
    """The same table as JSONL, Parquet or CSV, where numbers stay numbers or become texts."""
    rows = [row | {"options": of_row} for row, of_row in zip(records(golds), options, strict=True)]
    path = tmp_path / f"rows{suffix}"
    if suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    elif suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="", encoding="utf-8") as stream:
            table = csv.DictWriter(stream, list(rows[0]))
            table.writeheader()
            table.writerows(row | {"options": json.dumps(row["options"])} for row in rows)
    return importers.read(path, **kwargs)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv"])
@pytest.mark.parametrize("kind", [int, float, str])
def test_gold_numbers_that_are_all_options_are_these_in_every_format(tmp_path, suffix, kind):
    golds = [kind(one) for one in (3, 1, 2)]
    result = tabled(tmp_path, suffix, HOW_MANY, golds)
    assert result.queries["answer"].to_pylist() == list("ACC")
    assert any("read as these, not as places" in note for note in result.notes)
    result = tabled(tmp_path, suffix, HOW_MANY, golds, gold_from=0)
    assert result.queries["answer"].to_pylist() == list("DBC")
    assert not any("read as these" in note for note in result.notes)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv"])
def test_gold_numbers_with_a_fraction_are_options(tmp_path, suffix):
    options = [["0.5", "0.25", "2"], ["1.5", "0.5", "3"]]
    result = tabled(tmp_path, suffix, options, [0.25, 3.0])
    assert result.queries["answer"].to_pylist() == ["B", "C"]


def test_gold_numbers_that_are_options_in_their_own_places_need_no_word(tmp_path):
    result = tabled(tmp_path, ".jsonl", [list("0123")] * 2, [1, 2])
    assert result.queries["answer"].to_pylist() == ["B", "C"]
    assert not any("read as these" in note for note in result.notes)


def test_lists_of_numbers_that_are_all_options_are_these(tmp_path):
    result = tabled(tmp_path, ".jsonl", HOW_MANY[:2], [[3], [1, 3]])
    assert result.queries["answer"].to_pylist() == ["A", "B,C"]


def test_a_number_beyond_either_way_to_count_refuses_its_row(tmp_path):
    result = imported(tmp_path, [0, 1, 2, 3, 9])
    assert result.queries["answer"].to_pylist() == list("ABCD")
    assert "9" in result.refused[0].reason


def test_a_decimal_comma_is_one_where_it_can_be_nothing_else():
    assert logprob("-0,8512") == (-0.8512, "")
    assert amount("0,001") == (0.001, "")
    assert amount("12,5") == (12.5, "")
    value, reason = amount("1,234")  # a thousand and more, or a little over one
    assert value is None
    assert reason


def wide(tmp_path, rows):
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return importers.read(path)


def test_a_table_with_a_column_a_model_is_read_as_responses(tmp_path):
    result = wide(
        tmp_path,
        [
            "query_id,task,text,option_a,option_b,option_c,gold,level,org/one:7b,two",
            "q1,t,Which?,x,y,z,B,3,The answer is (B).,A",
            "q2,t,Who?,x,y,z,A,1,B,",
            "q3,t,When?,x,y,z,C,2,C,The answer is (C).",
        ],
    )
    rows = result.responses.select(["query_id", "model", "answer"]).to_pylist()
    assert sorted(tuple(row.values()) for row in rows) == [
        ("q1", "org/one:7b", "B"),
        ("q1", "two", "A"),
        ("q2", "org/one:7b", "B"),
        ("q3", "org/one:7b", "C"),
        ("q3", "two", "C"),
    ]
    (note,) = [one for one in result.notes if "no column model" in one]
    assert "'org/one:7b', 'two'" in note
    assert "Not used: 'level'." in note


def test_free_answers_in_a_column_a_model_are_known_by_the_gold_ones(tmp_path):
    result = wide(tmp_path, ["id,question,gold,m1,m2,m3", "0,0+1?,1,1,0,2", "1,1+1?,2,2,2,1"])
    assert result.responses["model"].to_pylist() == ["m1", "m1", "m2", "m2", "m3", "m3"]
    assert result.responses["answer"].to_pylist() == ["1", "2", "0", "2", "2", "1"]


def test_columns_that_nothing_is_taken_from_are_named(tmp_path):
    result = wide(tmp_path, ["id,question,gold,language,level", "0,0+1?,1,en,5", "1,1+1?,2,de,7"])
    assert result.responses.num_rows == 0
    (note,) = [one for one in result.notes if "not used" in one]
    assert "'language', 'level'" in note
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(records(["B"], customer="x")[0]), encoding="utf-8")
    (note,) = [one for one in importers.read(path).notes if "not used" in one]
    assert "'customer'" in note


def test_two_spellings_of_an_accent_are_one_model_and_one_query(tmp_path):
    composed, apart = "caf\u00e9", "cafe\u0301"
    rows = [
        {
            "query_id": one,
            "task": "t",
            "text": "1 + 1?",
            "gold": "2",
            "model": other,
            "response": "2",
        }
        for one, other in ((composed, composed), (apart, f"{apart}-2"))
    ]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    imported = importers.read(path)
    assert imported.queries["query_id"].to_pylist() == [composed]
    assert [one.name for one in imported.models] == [composed, f"{composed}-2"]


@pytest.mark.parametrize(
    ("golds", "letters", "told"),
    [
        ([[0, 2], [3], [1, 0]], ["A,C", "D", "A,B"], "counted from 0"),
        (["[1, 4]", "[2]", "4"], ["A,D", "B", "D"], "counted from 1"),
        ([[0], "C", [1, 3]], ["A", "C", "B,D"], "counted from 0"),
        ([[0, 1, 0, 0], [1, 0, 0, 1]], ["B", "A,D"], "1 marks a right one"),
        (["[0 0 0 1]", "[1.0, 0.0, 0.0, 0.0]"], ["D", "A"], "1 marks a right one"),
        ([[False, True, False, False], None], ["B", None], "1 marks a right one"),
        (["[True, False, False, True]"], ["A,D"], "1 marks a right one"),
    ],
)
def test_gold_answers_may_be_lists_of_places_or_marks(tmp_path, golds, letters, told):
    result = imported(tmp_path, golds)
    assert result.queries["answer"].to_pylist() == letters
    assert any(told in note for note in result.notes)


def test_marks_of_two_options_are_no_places_of_both(tmp_path):
    rows = [{**row, "options": ["x", "y"]} for row in records([[0, 1], [1, 0]])]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert importers.read(path).queries["answer"].to_pylist() == ["B", "A"]


@pytest.mark.parametrize("golds", [[[1], [2, 3]], [[1]], ["[3]"]])
def test_places_in_lists_that_may_count_from_either_are_asked_for(tmp_path, golds):
    with pytest.raises(importers.ImportRefused, match="--gold-from") as error:
        imported(tmp_path, golds)
    assert error.value.code == "ambiguous-gold"
    assert imported(tmp_path, [[1], [2, 3]], gold_from=1).queries["answer"].to_pylist() == [
        "A",
        "B,C",
    ]


@pytest.mark.parametrize(
    "golds", [[[0, 1, 0, 0], [0, 2]], [[0, 1, 0, 0], 2], [[0, 9]], [[2, 2]], [[True]]]
)
def test_lists_that_are_neither_places_nor_marks_are_a_sentence(tmp_path, golds):
    with pytest.raises(importers.ImportRefused, match="neither the places of options") as error:
        imported(tmp_path, golds)
    assert error.value.code == "ambiguous-gold"


def test_a_list_that_marks_no_option_or_counts_beyond_them_refuses_its_row(tmp_path):
    result = imported(tmp_path, [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])
    assert result.queries["answer"].to_pylist() == ["B", "C"]
    assert "'[0, 0, 0, 0]'" in result.refused[0].reason
    result = imported(tmp_path, [[0], [1, 4], [2]], gold_from=1)
    assert result.queries["answer"].to_pylist() == ["A,D", "B"]
    assert "'[0]'" in result.refused[0].reason


NUMBERED = ["1) x\n2) y\n3) z", "1. x\n\n2. y\n3. z\n", "(1) x\n(2) y\n(3) z"]


@pytest.mark.parametrize("lines", NUMBERED)
def test_options_in_numbered_lines_tell_how_gold_numbers_count(tmp_path, lines):
    rows = [{**row, "options": lines} for row in records([2, 1, 2])]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    result = importers.read(path)
    assert result.queries["options"].to_pylist() == [["x", "y", "z"]] * 3
    assert result.queries["answer"].to_pylist() == ["B", "A", "B"]
    assert any("counted from 1" in note for note in result.notes)


@pytest.mark.parametrize("lines", ["a) x\nb) y", "(a) x\n(b) y", "0. x\n1. y", "b: y\na: x"])
def test_options_in_lines_may_have_small_letters_or_count_from_0(lines):
    assert option_texts(lines) == ("x", "y")


@pytest.mark.parametrize("lines", ["1) x\n3) z", "1) x\n1) y", "a) x\n2) y", "2) x\n3) y", "1) x"])
def test_lines_whose_labels_do_not_go_on_are_no_options(lines):
    assert not option_texts(lines)


ROWS = ("query_id;text;gold;model;response", "1;1, or 2?;1;m;1", '2;"a ""b""; c?";2;m;2')


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "\ufeffSEP=;\r"])
def test_the_line_in_which_excel_names_the_separator_is_no_header(tmp_path, first):
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([first, *ROWS, "3;x"]) + "\n", encoding="utf-8")
    result = importers.read(path)
    assert result.queries["text"].to_pylist() == ["1, or 2?", 'a "b"; c?']
    assert [(one.row, one.reason) for one in result.refused] == [(3, "2 fields instead of 5")]
    plain = tmp_path / "plain" / "rows.csv"
    plain.parent.mkdir()
    plain.write_text("\n".join(ROWS) + "\n", encoding="utf-8")
    assert importers.read(plain).queries.equals(result.queries)


def test_columns_without_a_name_or_a_value_are_left_out_with_a_sentence(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("id,question,gold,,,\n1,a?,x,,,\n2,b?,y,, ,\n3,c?\n", encoding="utf-8")
    result = importers.read(path)
    assert result.queries["answer"].to_pylist() == ["x", "y"]
    assert [one.row for one in result.refused] == [3]
    assert any("3 empty columns without a name" in note for note in result.notes)
    path.write_text("id,question,gold,,\n1,a?,x,,\n2,b?,y,,z\n", encoding="utf-8")
    with pytest.raises(importers.ImportRefused, match="column 5 without a name holds values"):
        importers.read(path)


@pytest.mark.parametrize("word", ["N/A", "n/a", "NaN", "nan", "<NA>", "#N/A"])
@pytest.mark.parametrize("choices", [[], ["iron", "wood"]])
def test_a_word_for_none_is_no_gold_answer_and_is_counted(tmp_path, word, choices):
    path = tmp_path / "queries.jsonl"
    golds = (word, "iron", word)
    rows = [
        {"id": n, "question": "Which?", "choices": choices, "gold": gold}
        for n, gold in enumerate(golds)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = importers.read(path)
    assert result.queries["answer"].to_pylist() == [None, "A" if choices else "iron", None]
    assert result.queries["answer_origin"].to_pylist() == ["none", "gold", "none"]
    assert "2 gold answers are a word for none (N/A, nan): taken as unknown." in result.notes
    assert result.refused == ()


@pytest.mark.parametrize("word", ["None", "null", "Na", "nano"])
def test_words_that_may_be_right_stay_gold(tmp_path, word):
    path = tmp_path / "queries.jsonl"
    rows = [
        {"id": 1, "question": "What is printed?", "gold": word},
        {"id": 2, "question": "Which?", "choices": ["N/A", "nan"], "gold": "N/A"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = importers.read(path)
    assert result.queries["answer"].to_pylist() == [word, "A"]
    assert not any("word for none" in note for note in result.notes)
