"""Every format on small hand-made files, and every way a file can be broken."""

import contextlib
import io
import json
import math
import pickle
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attack import hostile
from good_files import released
from hypothesis import given
from hypothesis import strategies as st
from refusals import refuses

from cascal import importers
from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA
from cascal.importers import ImportRefused, arrow_tables, limits, unzip
from cascal.importers.fields import gold_answer, logprob
from cascal.importers.first_rows import PREVIEW_CHARS
from cascal.importers.splits import drawn_test_queries
from cascal.importers.texts import read_texts

QUERIES = [
    {"id": 1, "category": "math", "question": "1 + 1?", "choices": ["1", "2", "3"], "gold": "B"},
    {"id": 2, "category": "law", "question": "Guilty?", "choices": ["yes", "no"], "gold": "yes"},
    {"id": 3, "category": "math", "question": "Pi?", "choices": [], "gold": "3.14"},
]
RESPONSES = [
    {"id": 1, "model": "m2", "output": "The answer is (B).", "avg_logprob": -0.5},
    {"id": 1, "model": "m1", "output": "Answer: C", "avg_logprob": None},
    {"id": 2, "model": "m2", "output": "I cannot help with that."},
    {"id": 3, "model": "m1", "output": "The answer is 3.14."},
]


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def pair(folder, queries=QUERIES, responses=RESPONSES):
    return [jsonl(folder / "queries.jsonl", queries), jsonl(folder / "responses.jsonl", responses)]


def column(table, name):
    return table[name].to_pylist()


# --- the long format


def test_two_files_become_queries_and_responses_with_answers_read_from_the_text(tmp_path):
    result = importers.read(pair(tmp_path), dataset="mine")
    assert (result.dataset, result.origin) == ("mine", "real")
    assert result.queries.schema.equals(QUERY_SCHEMA)
    assert result.responses.schema.equals(RESPONSE_SCHEMA)
    assert column(result.queries, "query_id") == ["1", "2", "3"]
    assert column(result.queries, "options") == [["1", "2", "3"], ["yes", "no"], []]
    assert column(result.queries, "answer") == ["B", "A", "3.14"]
    assert column(result.responses, "answer") == ["B", "C", None, "3.14"]
    assert column(result.responses, "rule") == ["answer_is", "whole_text", None, "answer_phrase"]
    assert column(result.responses, "status") == ["ok", "ok", "refused", "ok"]
    assert column(result.responses, "mean_logprob") == [-0.5, None, None, None]
    assert [task.name for task in result.tasks] == ["math", "law"]
    assert [model.name for model in result.models] == ["m2", "m1"]
    assert result.refused == ()


def test_an_import_says_by_which_reading_and_rules_it_read(tmp_path):
    rows = [*RESPONSES, {"id": 2, "model": "m1", "output": "First no, then it has to be\nB or so"}]
    pair(tmp_path)
    jsonl(tmp_path / "responses.jsonl", rows)
    stated = importers.read(tmp_path)
    upstream = importers.read(tmp_path, reading="upstream")
    assert column(stated.responses, "answer") == ["B", "C", None, "3.14", None]
    assert column(upstream.responses, "answer") == ["B", "C", None, "3.14", "B"]
    (note,) = [one for one in stated.notes if "reading" in one]
    assert note.startswith("3 answers were read from texts by the reading 'stated'")
    assert note.endswith("answer_is 1, whole_text 1, answer_phrase 1.")
    (note,) = [one for one in upstream.notes if "reading" in one]
    assert note.startswith("4 answers were read from texts by the reading 'upstream'")
    assert "lone_capital 1" in note
    with pytest.raises(importers.ImportRefused, match="guess") as error:
        importers.read(tmp_path, reading="guess")
    assert error.value.code == "unknown-choice"


def test_a_folder_of_queries_and_responses_is_the_same_as_the_two_files(tmp_path):
    files = pair(tmp_path)
    assert importers.detect(tmp_path) == "long"
    one, other = importers.read(tmp_path), importers.read(files)
    assert one.queries.equals(other.queries)
    assert one.responses.equals(other.responses)


def test_queries_alone_are_legal(tmp_path):
    result = importers.read(jsonl(tmp_path / "q.jsonl", QUERIES))
    assert (result.queries.num_rows, result.responses.num_rows) == (3, 0)
    assert result.models == ()


def joined(rows=RESPONSES):
    queries = {row["id"]: row for row in QUERIES}
    return [{**queries[row["id"]], **row} for row in rows]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet", ".csv"])
def test_one_joined_file_means_the_same_in_every_container(tmp_path, suffix):
    path = tmp_path / f"all{suffix}"
    rows = [row for row in joined() if row["choices"]]
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".csv":
        cells = [
            [json.dumps(v) if isinstance(v, list) else v for v in row.values()] for row in rows
        ]
        cells = [[*row, ""] if len(row) < 8 else row for row in cells]
        lines = [[*rows[0]], *cells]
        quoted = [[f'"{str(c).replace(chr(34), chr(34) * 2)}"' for c in line[:7]] for line in lines]
        path.write_text("\n".join(",".join(line) for line in quoted), encoding="utf-8")
    elif suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        jsonl(path, rows)
    result = importers.read(path)
    assert column(result.queries, "answer") == ["B", "A"]
    assert column(result.responses, "answer") == ["B", "C", None]
    assert [model.name for model in result.models] == ["m2", "m1"]


def test_options_may_be_spread_over_columns_and_gold_be_an_index(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text(
        "qid;subject;question;option_a;option_b;option_c;answer\n"
        "a;art;Who?;me;you;;1\nb;art;What?;this;that;none;0\n"
    )
    result = importers.read(path)
    assert column(result.queries, "options") == [["me", "you"], ["this", "that", "none"]]
    assert column(result.queries, "answer") == ["B", "A"]
    assert any("counted from 0" in note for note in result.notes)


def without_options(n_options=None, golds="ABCA", said="The answer is ({}).", n=24):
    """Rows of multiple choice whose options stand in the text only."""
    more = {} if n_options is None else {"n_options": n_options}
    return [
        {
            "query_id": f"q{row}",
            "text": "Which? A. one B. two C. three",
            "model": "m",
            "gold": golds[row % len(golds)],
            "response": said.format("ABC"[row % 3]),
            **more,
        }
        for row in range(n)
    ]


def test_letters_are_the_options_where_these_stand_in_the_text(tmp_path):
    stated = importers.read(jsonl(tmp_path / "a.jsonl", without_options(5)))
    assert column(stated.queries, "options")[0] == list("ABCDE")
    assert set(column(stated.responses, "answer")) == {"A", "B", "C"}
    found = importers.read(jsonl(tmp_path / "b.jsonl", without_options()))
    assert column(found.queries, "options")[0] == list("ABCD")
    assert column(found.responses, "answer") == column(stated.responses, "answer")
    assert any("A to D are taken for the options" in note for note in found.notes)
    beyond = importers.read(jsonl(tmp_path / "c.jsonl", without_options(golds="AF")))
    assert column(beyond.queries, "options")[0] == list("ABCDEF")
    odd = [*without_options(4), without_options("many", n=25)[24]]
    refused = importers.read(jsonl(tmp_path / "d.jsonl", odd)).refused
    assert (refused[0].column, refused[0].reason) == ("n_options", "no whole number up to 26")


def test_answers_that_are_never_gold_or_not_readable_are_told(tmp_path):
    free = importers.read(jsonl(tmp_path / "a.jsonl", without_options(golds=["yes", "no"])))
    assert not column(free.queries, "options")[0]
    assert any("None of 24 answers is its query's gold answer" in note for note in free.notes)
    letters = importers.read(
        jsonl(
            tmp_path / "l.jsonl",
            [
                {name: one for name, one in row.items() if name != "gold"}
                for row in without_options()
            ],
        )
    )
    assert any("24 of 24 answers are single letters" in note for note in letters.notes)
    rows = without_options(4, said="I am not sure.")
    unread = importers.read(jsonl(tmp_path / "b.jsonl", rows))
    assert "24 of 24 responses hold no answer that can be read." in unread.notes


def test_a_column_answer_is_said_to_be_taken_for_gold(tmp_path):
    rows = [
        {"answer" if name == "gold" else name: one for name, one in row.items()}
        for row in without_options(4)
    ]
    path = jsonl(tmp_path / "a.jsonl", rows)
    taken = importers.read(path)
    assert column(taken.queries, "answer")[0] == "A"
    assert any("the column answer is taken for the gold answers" in note for note in taken.notes)
    mapped = importers.read(path, mapping={"answer": "answer"})
    assert column(mapped.queries, "answer")[0] is None
    assert not any("taken for the gold" in note for note in mapped.notes)


def test_a_test_share_replaces_the_split_of_the_file_and_says_so(tmp_path):
    rows = [
        {**row, "split": "test" if at < 3 else "train"}
        for at, row in enumerate(without_options(4, n=10))
    ]
    path = jsonl(tmp_path / "a.jsonl", rows)
    assert column(importers.read(path).queries, "split").count("test") == 3
    drawn = importers.read(path, test_share=0.5)
    assert column(drawn.queries, "split").count("test") == 5
    assert any("(3 test queries) gives way to the test share of 0.5" in one for one in drawn.notes)


def test_a_mapping_names_columns_and_may_be_meant_for_one_file(tmp_path):
    queries = [{"key": "1", "frage": "Wer?", "fach": "x"}]
    responses = [{"ref": "1", "wer": "m", "was": "ich"}]
    result = importers.read(
        pair(tmp_path, queries, responses),
        mapping={
            "queries.query_id": "key",
            "responses.query_id": "ref",
            "text": "frage",
            "task": "fach",
            "model": "wer",
            "response": "was",
        },
    )
    assert column(result.responses, "answer") == ["ich"]
    assert result.tasks[0].name == "x"


@pytest.mark.parametrize(
    ("mapping", "code", "name"),
    [
        ({"text": "gone"}, "unknown-field", "gone"),
        ({"nonsense": "id"}, "unknown-field", "nonsense"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(tmp_path, mapping, code, name):
    with refuses(code, name, kind=ImportRefused):
        importers.read(jsonl(tmp_path / "q.jsonl", QUERIES), mapping=mapping)


def test_a_mapping_may_use_the_other_names_of_our_columns(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("nr,frage,loesung,wer,sagt\n1,What is 2+2?,4,m,5\n", encoding="utf-8")
    names = {"id": "nr", "question": "frage", "ground_truth": "loesung", "model_name": "wer"}
    imported = importers.read(path, mapping=names | {"model_answer": "sagt"})
    assert imported.queries["answer"].to_pylist() == ["4"]
    assert imported.responses["answer"].to_pylist() == ["5"]
    with refuses("duplicate-key", "'frage'", "'nr'"):
        importers.read(path, mapping={"question": "frage", "text": "nr"})


def test_given_answers_and_states_are_kept(tmp_path):
    responses = [
        {"query_id": "1", "model": "a", "answer": "b", "status": "ok"},
        {"query_id": "1", "model": "b", "answer": None, "status": "error"},
        {"query_id": "1", "model": "c", "answer": "Z", "status": None},
        {"query_id": "2", "model": "a", "answer": "no", "status": "truncated"},
        {"query_id": "2", "model": "b", "answer": "N/A", "status": ""},
    ]
    result = importers.read(pair(tmp_path, responses=responses))
    assert column(result.responses, "answer") == ["B", None, None, "B", None]
    assert column(result.responses, "status") == [
        "ok",
        "error",
        "unreadable",
        "truncated",
        "unreadable",
    ]
    assert [(one.row, one.column) for one in result.refused] == [(3, "answer")]


def test_html_and_formulas_stay_data(tmp_path):
    text = "<script>alert(1)</script> =1+1 {{x}} ../../etc/passwd"
    queries = [{"id": text, "category": text, "question": text, "choices": [text, "b"]}]
    result = importers.read(jsonl(tmp_path / "q.jsonl", queries))
    assert column(result.queries, "text") == column(result.queries, "task") == [text]


# --- scores


@pytest.mark.parametrize("name", ["score", "correct", "is_correct", "acc", "performance"])
def test_a_column_of_scores_is_kept_beside_the_answers(tmp_path, name):
    responses = [
        {**one, name: value} for one, value in zip(RESPONSES, (1, 0.5, True, "0"), strict=True)
    ]
    result = importers.read(pair(tmp_path, responses=responses))
    assert column(result.responses, "score") == [1.0, 0.5, 1.0, 0.0]
    assert column(result.responses, "answer") == ["B", "C", None, "3.14"]
    assert column(result.responses, "status") == ["ok", "ok", "refused", "ok"]


def test_scores_alone_are_legal_and_named_in_a_note(tmp_path):
    responses = [
        {"id": 1, "model": "m", "exact_match": "true"},
        {"id": 2, "model": "m", "exact_match": "two", "status": None},
        {"id": 3, "model": "m", "exact_match": 0, "status": "unreadable"},
    ]
    result = importers.read(pair(tmp_path, responses=responses))
    assert column(result.responses, "score") == [1.0, None, 0.0]
    assert column(result.responses, "answer") == [None] * 3
    assert column(result.responses, "status") == ["ok", "unreadable", "unreadable"]
    assert [one.column for one in result.refused] == ["score"]
    assert (
        "1 model gives only right or wrong, no answers: it can be evaluated but cannot "
        "vote: m" in result.notes
    )


def judged(*scores, **more):
    """Responses of two models in turn to query 1, each with a score of a judge."""
    said = [{"id": 1, "model": f"m{n}", "output": "The answer is (B)."} for n in range(len(scores))]
    return [{**one, "score": score, **more} for one, score in zip(said, scores, strict=True)]


@pytest.mark.parametrize(
    ("scores", "seen", "rescale"),
    [
        ((10, 1, 7), "from 1 to 10", "by 10"),
        (("5", "1", "0"), "from 0 to 5", "by 5"),
        ((100, 0, 0.5, "95%"), "from 0 to 100", "by 100"),
        ((1, -1, 0), "from −1 to 1", "0 is worst and 1 is best"),
        ((1, 0, 1, 0, 11, "correct"), "from 0 to 11", "by 11"),
    ],
)
def test_scores_on_another_scale_are_unknown_all_of_them(tmp_path, scores, seen, rescale):
    result = importers.read(pair(tmp_path, responses=judged(*scores)))
    assert column(result.responses, "score") == [None] * len(scores)
    assert column(result.responses, "answer") == ["B"] * len(scores)
    assert result.refused == ()
    (note,) = [one for one in result.notes if "score runs from 0" in one]
    assert f"The column score holds numbers {seen}" in note
    assert rescale in note


def test_a_scale_is_told_by_all_files_of_a_data_set(tmp_path):
    best, worst = judged(10), judged(1)
    files = [
        jsonl(tmp_path / f"{name}.jsonl", [{**QUERIES[0], **one, "model": name} for one in rows])
        for name, rows in (("worst", worst), ("best", best))
    ]
    assert column(importers.read(files).responses, "score") == [None, None]


def test_scores_between_0_and_1_stay_whatever_else_is_in_their_column(tmp_path):
    scores = [1, 0.5, "n/a", "many", 1.0000000001, "80 %", float("inf")]
    result = importers.read(pair(tmp_path, responses=judged(*scores)))
    assert column(result.responses, "score") == [1.0, 0.5, None, None, 1.0, 0.8, None]
    assert [one.column for one in result.refused] == ["score"] * 2
    failed = [*judged(1), {"id": 2, "model": "m0", "score": -1, "status": "error"}]
    result = importers.read(pair(tmp_path, responses=failed))
    assert column(result.responses, "score") == [1.0, None]


def test_the_letters_of_inspect_are_verdicts_where_all_cells_are(tmp_path):
    result = importers.read(pair(tmp_path, responses=judged("C", "I", "N", "P", "correct")))
    assert column(result.responses, "score") == [1.0, 0.0, None, None, 1.0]
    result = importers.read(pair(tmp_path, responses=judged("C", "I", "B", 1)))
    assert column(result.responses, "score") == [None, None, None, 1.0]
    assert [one.row for one in result.refused] == [1, 2, 3]


def test_an_error_message_in_place_of_an_answer_never_votes_and_has_no_score(tmp_path):
    said = {"output": "Error code: 429 - {'error': 'rate limit'}", "correct": 0, "pred": "A"}
    responses = [{"id": 1, "model": "m1", **said}, {"id": 1, "model": "m2", **said, "status": "ok"}]
    result = importers.read(pair(tmp_path, responses=responses))
    assert column(result.responses, "status") == ["error", "ok"]
    assert column(result.responses, "answer") == [None, "A"]
    assert column(result.responses, "score") == [None, 0.0]
    results(tmp_path / "..", "m", [record(1, ["a", "b"], "A", said["output"])])
    upstream = importers.read(tmp_path.parent / "model_outputs_m_5shots.zip")
    assert column(upstream.responses, "status") == ["error"]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("failed", "error"),
        ("Failure", "error"),
        (429, "error"),
        ("length", "truncated"),
        ("max tokens", "truncated"),
        ("content_filter", "refused"),
        ("success", "ok"),
        ("succeeded", "ok"),
        ("completed", "ok"),
        ("stop", "ok"),
        (200, "ok"),
        ("odd", "ok"),
        ("", "ok"),
    ],
)
def test_words_of_other_programs_say_what_became_of_a_call(tmp_path, word, status):
    said = [{"id": 3, "model": "m", "output": "3.14", "status": word}]
    result = importers.read(pair(tmp_path, responses=said))
    assert column(result.responses, "status") == [status]
    assert column(result.responses, "answer") == ["3.14" if status in ("ok", "truncated") else None]
    assert [one for one in result.notes if "not known" in one] == (
        [
            "'responses.jsonl': the column status holds words that are not known: 'odd'. These "
            "rows were read as if it were empty; known are ok, unreadable, truncated, refused, "
            "error, missing."
        ]
        if word == "odd"
        else []
    )


def test_a_status_that_is_not_known_lets_an_error_be_found(tmp_path):
    said = {"id": 3, "output": "Error code: 429 - rate limit exceeded"}
    responses = [
        {**said, "model": name, "status": name} for name in ("failed", "odd", "passed", "ok")
    ]
    result = importers.read(pair(tmp_path, responses=responses[:2]))
    assert column(result.responses, "status") == ["error", "error"]
    result = importers.read(pair(tmp_path, responses=responses))
    assert column(result.responses, "status") == ["error", "error", "error", "ok"]


def test_a_text_like_an_error_that_is_the_gold_answer_or_an_option_is_an_answer(tmp_path):
    text = "429 Too Many Requests"
    queries = [
        {"id": 1, "question": "What does a server say?", "gold": text},
        {"id": 2, "question": "What does a server say?", "choices": [text, "no"], "gold": "B"},
        {"id": 3, "question": "Who?", "gold": "me"},
    ]
    responses = [{"id": n, "model": "m", "output": text} for n in (1, 2, 3)]
    result = importers.read(pair(tmp_path, queries, responses))
    assert column(result.responses, "answer") == [text, "A", None]
    assert column(result.responses, "status") == ["ok", "ok", "error"]


def test_beside_passed_failed_is_a_verdict_and_no_error(tmp_path):
    responses = [
        {"id": 3, "model": "m1", "output": "3.14", "status": "passed"},
        {"id": 3, "model": "m2", "output": "2.71", "status": "failed"},
    ]
    result = importers.read(pair(tmp_path, responses=responses))
    assert column(result.responses, "answer") == ["3.14", "2.71"]
    assert column(result.responses, "status") == ["ok", "ok"]


# --- rows that are refused or reported


def test_rows_are_refused_one_by_one_with_row_and_column(tmp_path):
    good = [
        {"id": f"g{i}", "category": "t", "question": "?", "choices": ["a", "b"]} for i in range(9)
    ]
    bad = [
        {"id": "", "category": "t", "question": "?", "choices": ["a", "b"]},
        {"id": "b1", "category": "t", "question": " ", "choices": ["a", "b"]},
        {"id": "b2", "category": "t", "question": "?", "choices": ["a"]},
        {"id": "b3", "category": "t", "question": "?", "choices": "a, b"},
        {"id": "b4", "category": "t", "question": "?", "choices": ["a"] * 27},
        {"id": "b5", "category": "t", "question": "?", "choices": ["a", "b"], "gold": "C"},
        {"id": "b6", "category": "", "question": "?", "choices": ["a", "b"]},
        {"id": "b7", "category": "t", "question": "\ud800", "choices": ["a", "b"]},
        {"id": "b8", "category": "t", "question": "?", "choices": ["a", "b"], "split": "x"},
    ]
    result = importers.read(jsonl(tmp_path / "q.jsonl", good + bad))
    assert result.queries.num_rows == len(good)
    assert [(one.source, one.row) for one in result.refused] == [
        ("q.jsonl", row) for row in sorted((10, 11, 12, 13, 14, 15, 16, 17, 18), key=lambda r: r)
    ]
    assert [one.column for one in result.refused] == [
        "query_id",
        "text",
        "options",
        "options",
        "options",
        "gold",
        "task",
        "text",
        "split",
    ]
    assert "9 rows were refused" in result.notes[0]


def test_responses_to_unknown_queries_or_of_no_model_are_refused(tmp_path):
    more = [{"id": 99, "model": "m1", "output": "A"}, {"id": 1, "model": "", "output": "A"}]
    result = importers.read(pair(tmp_path, responses=RESPONSES + more))
    assert result.responses.num_rows == 4
    assert [(one.row, one.reason) for one in result.refused] == [
        (5, "unknown query"),
        (6, "no model name"),
    ]


def test_identical_rows_are_kept_once_and_reported(tmp_path):
    result = importers.read(pair(tmp_path, [*QUERIES, QUERIES[0]], [*RESPONSES, RESPONSES[0]]))
    assert (result.queries.num_rows, result.responses.num_rows) == (3, 4)
    assert [one.reason for one in result.refused] == ["identical to an earlier row; kept once"] * 2


def test_the_same_id_with_other_content_refuses_the_file(tmp_path):
    with refuses("conflicting-rows", "q.jsonl", QUERIES[0]["id"], 1, kind=ImportRefused):
        importers.read(jsonl(tmp_path / "q.jsonl", [*QUERIES, {**QUERIES[0], "question": "other"}]))
    again = {**RESPONSES[0], "output": "Answer: A"}
    with refuses("conflicting-rows", RESPONSES[0]["model"], RESPONSES[0]["id"], kind=ImportRefused):
        importers.read(pair(tmp_path, responses=[*RESPONSES, again]))
    result = importers.read(pair(tmp_path, responses=[*RESPONSES, {**again, "sample": 1}]))
    assert result.responses.num_rows == 5


def test_impossible_logprobs_are_reported_and_stored_as_unknown(tmp_path):
    values = [-1.0, 0.5, math.nan, -math.inf, 1e-9, "abc"]
    responses = [
        {"id": 1, "model": f"m{i}", "output": "B", "logprob": value}
        for i, value in enumerate(values)
    ]
    result = importers.read(pair(tmp_path, responses=responses))
    assert column(result.responses, "mean_logprob") == [-1.0, None, None, None, 0.0, None]
    assert [one.row for one in result.refused] == [2, 3, 4, 6]
    assert result.responses.num_rows == 6


def test_a_text_of_one_megabyte_is_fine_and_a_huge_one_refused(tmp_path):
    large = "x" * 1_000_000 + " The answer is (B)"
    responses = [
        {"id": 1, "model": "m1", "output": large},
        {"id": 1, "model": "m2", "output": "é" * (limits.MAX_FIELD_BYTES // 2 + 1)},
    ]
    result = importers.read(pair(tmp_path, responses=responses))
    assert column(result.responses, "answer") == ["B"]
    assert "bytes" in result.refused[0].reason


def test_too_many_refused_rows_refuse_the_whole_file(tmp_path):
    bad = [{"id": f"x{i}", "model": "m", "output": "A"} for i in range(5)]
    with refuses("mostly-refused", 5, 9, "responses.jsonl", kind=ImportRefused):
        importers.read(pair(tmp_path, responses=RESPONSES + bad))


# --- broken files


def raw(path, content):
    path.write_bytes(content)
    return path


BROKEN = [
    ("latin.csv", b"id,question\n1,caf\xe9\n", "wrong-encoding", 17),
    ("utf16.csv", "id,question\n1,x\n".encode("utf-16"), "wrong-encoding", "UTF-16"),
    ("open.csv", b'id,question\n1,"cut\n2,x', "damaged-file", ""),
    ("twice.csv", b"id,question,question\n1,a,b\n", "duplicate-key", "question"),
    ("header.csv", b"id,question\n", "no-records", ""),
    ("cut.jsonl", b'{"id": 1, "question": "x"}\n{"id": 2, "quest', "damaged-file", 2),
    ("cut.json", b'[{"id": 1, "question": "x"}, {"id"', "damaged-file", 1),
    ("deep.json", b"[" * 200_000, "not-records", ""),
    ("scalar.json", b'"hello"', "not-records", ""),
    ("numbers.jsonl", b"1\n2\n", "not-records", ""),
    ("cut.parquet", b"PAR1" + bytes(50), "damaged-file", "Parquet"),
    ("empty.csv", b"", "no-records", 0),
    ("noid.jsonl", b'{"question": "x"}\n', "missing-column", "query_id"),
    ("notext.jsonl", b'{"id": 1, "model": "m", "output": "A"}\n', "missing-column", "text"),
    ("strange.dat", b"\x00\x01\x02\x03" * 10, "binary-file", ""),
    ("strange.txt", b"hello world", "unknown-format", ""),
    ("packed.csv.gz", b"\x1f\x8b\x08\x00", "damaged-file", "gzip"),
    ("sheet.xls", b"PK\x03\x04", "binary-file", "CSV UTF-8"),
    ("cut.zip", b"PK\x03\x04" + bytes(100), "damaged-file", "zip"),
    ("store.db", b"12345678DUCK" + bytes(20), "binary-file", "DuckDB"),
]


@pytest.mark.parametrize(
    ("name", "content", "code", "part"), BROKEN, ids=[one[0] for one in BROKEN]
)
def test_a_broken_file_is_refused_in_a_sentence(tmp_path, name, content, code, part):
    with refuses(code, name, part, kind=ImportRefused) as refusal:
        importers.read(raw(tmp_path / name, content))
    assert str(refusal.value).endswith((".", "-utf8", "result."))
    assert str(tmp_path) not in str(refusal.value)


@pytest.mark.parametrize("name", ["r.pkl", "r.pt", "r.pth", "harmless.csv", "r"])
def test_pickles_are_never_opened_whatever_their_name(tmp_path, name):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("the pickle was opened",)

    with refuses("pickle", name, kind=ImportRefused):
        importers.read(raw(tmp_path / name, pickle.dumps(Trap())))


def test_routerbench_is_refused_with_the_file_to_convert(tmp_path):
    with refuses("pickle", "routerbench_raw.pkl", kind=ImportRefused):
        importers.read(raw(tmp_path / "routerbench_0shot.pkl", b"\x80\x04"))
    wide = {"sample_id": "1", "prompt": "?", "eval_name": "t", "m": 1.0, "m|model_response": "A"}
    with refuses("unknown-format", "routerbench.jsonl", "routerbench_raw.pkl", kind=ImportRefused):
        importers.read(jsonl(tmp_path / "routerbench.jsonl", [wide]))
    long = {
        "sample_id": "1",
        "prompt": "?",
        "eval_name": "t",
        "model_name": "m",
        "model_response": "B",
        "performance": 1.0,
        "cost": 0.1,
    }
    result = importers.read(jsonl(tmp_path / "raw.jsonl", [long]))
    assert column(result.responses, "score") == [1.0]
    assert column(result.responses, "cost") == [0.1]


def test_a_complete_parquet_file_that_was_cut_is_refused(tmp_path):
    pq.write_table(pa.Table.from_pylist(QUERIES[:2]), tmp_path / "q.parquet")
    whole = (tmp_path / "q.parquet").read_bytes()
    with refuses("damaged-file", "q.parquet", kind=ImportRefused):
        importers.read(raw(tmp_path / "q.parquet", whole[: len(whole) // 2]))


def test_a_broken_line_in_the_middle_refuses_that_row_only(tmp_path):
    lines = [json.dumps(row) for row in QUERIES]
    path = raw(tmp_path / "q.jsonl", "\n".join([lines[0], "{broken", "", *lines[1:]]).encode())
    result = importers.read(path)
    assert result.queries.num_rows == 3
    assert [(one.row, one.reason) for one in result.refused] == [
        (2, "not a JSON object on one line")
    ]


def test_cells_may_stand_between_other_signs_and_numbers_have_a_decimal_comma(tmp_path):
    for name, sign in (("bars", "|"), ("semicolons", ";")):
        lines = ["query_id|text|model|response|cost|output_tokens|latency"]
        lines += ["q1|What?|one|A|0,0004|1.234|2,5", "q1|What?|ONE|B|0,0002|12|1"]
        path = raw(tmp_path / f"{name}.csv", "\n".join(lines).replace("|", sign).encode())
        found = importers.read(path)
        assert column(found.responses, "cost") == [0.0004, 0.0002]
        assert column(found.responses, "output_tokens") == [None, 12]  # 1.234 may be thousands
        assert column(found.responses, "latency") == [2.5, 1.0]
        assert "3 numbers have a decimal comma: 0,25 was read as 0.25." in found.notes
        assert any("its point stands for thousands" in one for one in found.notes)
        assert any("'one', 'ONE' differ in capital letters only" in one for one in found.notes)


def test_an_amount_that_cannot_be_is_told_from_no_number(tmp_path):
    rows = [{"query_id": "q1", "text": "What?", "model": "one", "response": "A", "cost": 1e300}]
    rows += [{**rows[0], "model": "two", "cost": -1}]
    notes = importers.read(jsonl(tmp_path / "odd.jsonl", rows)).notes
    assert any("larger than any amount can be" in one for one in notes)
    assert any("not a number of at least 0" in one for one in notes)


def test_a_ragged_csv_row_is_refused_and_inch_marks_are_not(tmp_path):
    path = raw(tmp_path / "q.csv", b'id,question\n1,"a\nb"\n2,x,y\n3,a 5" pipe\n')
    result = importers.read(path)
    assert column(result.queries, "text") == ["a\nb", 'a 5" pipe']
    assert [(one.row, one.reason) for one in result.refused] == [(2, "3 fields instead of 2")]


def test_a_file_beyond_the_size_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 10)
    with refuses("too-large", "q.jsonl", 10, kind=ImportRefused):
        importers.read(jsonl(tmp_path / "q.jsonl", QUERIES))


def test_nothing_there_unknown_kind_and_unknown_folder_are_refused(tmp_path):
    for arguments in ({"path": tmp_path / "gone"}, {"path": tmp_path}):
        with pytest.raises(ImportRefused):
            importers.read(**arguments)
    with refuses("unknown-choice", "xml", kind=ImportRefused):
        importers.read(jsonl(tmp_path / "q.jsonl", QUERIES), kind="xml")


# --- upstream MMLU-Pro zips


def record(number, options, answer, said, **more):
    return {
        "question_id": number,
        "question": f"question {number}",
        "options": options,
        "answer": answer,
        "answer_index": 0,
        "category": "law",
        "src": "s",
        "pred": None,
        "generated_text": said,
        **more,
    }


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def results(folder, model, records):
    name = f"model_outputs_{model}_5shots"
    return zipped(folder / f"{name}.zip", {f"{name}.json": json.dumps(records)})


def test_zips_are_read_in_the_order_of_their_names_with_the_model_name_inside(tmp_path):
    results(tmp_path, "zeta-7B", [record(7, ["a", "b"], "A", "The answer is (B).")])
    results(tmp_path, "Alpha-v0.1", [record(7, ["a", "b"], "A", "no idea")])
    assert importers.detect(tmp_path) == "mmlu_pro"
    result = importers.read(tmp_path)
    assert [model.name for model in result.models] == ["Alpha-v0.1", "zeta-7B"]
    assert column(result.responses, "answer") == [None, "B"]
    assert column(result.queries, "query_id") == ["7"]
    assert column(result.queries, "split") == ["train"]


def test_an_upload_under_another_name_takes_the_model_name_from_inside(tmp_path):
    file = results(tmp_path, "gemma-7b", [record(1, ["a", "b"], "A", "A")])
    result = importers.read(file.rename(tmp_path / "tmp123"))
    assert [model.name for model in result.models] == ["gemma-7b"]


def test_letters_of_another_version_are_carried_over_by_the_options_text(tmp_path):
    for model in ("a", "b"):
        results(tmp_path, model, [record(1, ["x", "y", "z"], "C", "The answer is (A).")])
    results(tmp_path, "c", [record(1, ["z", "w", "x"], "A", "The answer is (A).")])
    results(tmp_path, "d", [record(1, ["z", "w", "x"], "A", "The answer is (B).")])
    results(tmp_path, "e", [record(1, ["x", "y", "z"], "C", "The answer is (J).")])
    result = importers.read(tmp_path)
    assert column(result.queries, "options") == [["x", "y", "z"]]
    assert column(result.responses, "answer") == ["A", "A", "C", None, None]
    assert column(result.responses, "status")[-2:] == ["unreadable", "unreadable"]
    assert any("versions with other options" in note for note in result.notes)


def test_a_version_with_one_option_gives_way_to_one_with_a_choice(tmp_path):
    for model in ("a", "b"):
        results(tmp_path, model, [record(1, ["x"], "A", "The answer is (A).")])
    results(tmp_path, "c", [record(1, ["y", "x"], "B", "The answer is (A).")])
    result = importers.read(tmp_path)
    assert column(result.queries, "options") == [["y", "x"]]
    assert column(result.responses, "answer") == ["B", "B", "A"]


def test_a_zip_bomb_is_refused_before_it_fills_memory(tmp_path):
    bomb = zipped(tmp_path / "bomb.zip", {"model_outputs_x.json": b"[" + b" " * (20 << 20) + b"]"})
    with refuses("zip-bomb", "bomb.zip", kind=ImportRefused):
        importers.read(bomb)


def test_a_zip_that_lies_about_its_size_is_stopped_while_unpacking(tmp_path, monkeypatch):
    bomb = zipped(tmp_path / "bomb.zip", {"model_outputs_x.json": b"[" + b" " * (8 << 20) + b"]"})
    monkeypatch.setattr(unzip, "check_sizes", lambda *_: None)
    with refuses("zip-bomb", "bomb.zip", kind=ImportRefused):
        importers.read(bomb)


def test_a_zip_beyond_the_total_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unzip, "MAX_UNZIPPED_BYTES", 100)
    with refuses("zip-bomb", 100, kind=ImportRefused):
        importers.read(results(tmp_path, "m", [record(1, ["a", "b"], "A", "x" * 200)]))


def test_member_names_are_never_used_as_paths(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    content = json.dumps([record(1, ["a", "b"], "A", "B")])
    file = zipped(folder / "r.zip", {"../../model_outputs_evil_5shots.json": content})
    result = importers.read(file)
    assert [model.name for model in result.models] == ["evil"]
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["inner", "r.zip"]


def test_cut_foreign_and_empty_zips_are_refused(tmp_path):
    whole = results(tmp_path, "m", [record(i, ["a", "b"], "A", f"text {i * i}") for i in range(99)])
    with refuses("damaged-file", "cut.zip", kind=ImportRefused):
        importers.read(raw(tmp_path / "cut.zip", whole.read_bytes()[:-60]))
    damaged = bytearray(whole.read_bytes())
    damaged[200:210] = bytes(10)
    with refuses("damaged-file", "damaged.zip", kind=ImportRefused):
        importers.read(raw(tmp_path / "damaged.zip", bytes(damaged)))
    with refuses("missing-part", "other.zip", kind=ImportRefused):
        importers.read(zipped(tmp_path / "other.zip", {"data.pkl": b"x"}))
    with refuses("missing-column", "x.json", "question_id", kind=ImportRefused):
        importers.read(zipped(tmp_path / "foreign.zip", {"x.json": '[{"a": 1}]'}))


# --- the released CASCAL layout


def test_the_released_layout_is_read_with_answers_from_the_text(tmp_path):
    released(tmp_path)
    assert importers.detect(tmp_path) == "cascal_release"
    result = importers.read(tmp_path)
    assert column(result.queries, "query_id") == ["0", "1", "8"]
    assert column(result.queries, "split") == ["train", "train", "test"]
    assert column(result.responses, "answer") == ["B", None, None]
    assert column(result.responses, "status") == ["ok", "unreadable", "unreadable"]
    assert column(result.responses, "mean_logprob") == [-0.25, -0.25, None]
    assert any("1 of 2 answers" in note for note in result.notes)


def test_ids_repeated_across_released_files_are_kept_apart(tmp_path):
    result = importers.read(released(tmp_path, test_ids=(0,)))
    assert column(result.queries, "query_id") == ["MMLU-train/0", "MMLU-train/1", "MMLU-test/0"]
    assert result.responses.num_rows == 3


def test_tensors_beside_a_release_are_named_and_not_read(tmp_path):
    released(tmp_path)
    (tmp_path / "artifacts").mkdir()
    raw(tmp_path / "artifacts" / "e.pt", b"\x80\x02")
    assert any("weights_only" in note for note in importers.read(tmp_path).notes)


# --- splits, previews, fields


def test_a_drawn_split_is_stratified_and_ignores_the_order_of_rows():
    ids = [str(i) for i in range(100)]
    tasks = ["a"] * 70 + ["b"] * 30
    drawn = drawn_test_queries(ids, tasks, 0.4)
    assert drawn == drawn_test_queries(ids[::-1], tasks[::-1], 0.4)
    assert sum(int(one) < 70 for one in drawn) == 28
    assert len(drawn) == 40


def test_a_given_split_is_stronger_than_the_share_and_the_file(tmp_path):
    path = jsonl(tmp_path / "q.jsonl", [{**one, "split": "test"} for one in QUERIES])
    assert column(importers.read(path).queries, "split") == ["test"] * 3
    result = importers.read(path, split={"1": "test"}, test_share=0.0)
    assert column(result.queries, "split") == ["test", "train", "train"]
    with refuses("unknown-choice", "dev", kind=ImportRefused):
        importers.read(path, split={"1": "dev"})
    with refuses("out-of-bounds", "test_share", 1.5, kind=ImportRefused):
        importers.read(path, test_share=1.5)


def test_a_preview_shows_rows_and_suggests_a_mapping_without_importing(tmp_path):
    shown = importers.preview(jsonl(tmp_path / "all.jsonl", joined()), n=2)
    assert (shown.kind, len(shown.rows)) == ("long", 2)
    assert shown.mapping["query_id"] == "id"
    assert shown.mapping["response"] == "output"
    assert shown.mapping["mean_logprob"] == "avg_logprob"
    two = importers.preview(pair(tmp_path))
    assert two.mapping["responses.response"] == "output"
    assert importers.read(pair(tmp_path), mapping=two.mapping).responses.num_rows == 4
    results(tmp_path / "..", "m", [record(1, ["a", "b"], "A", "x" * 9_999)])
    shown = importers.preview(tmp_path.parent / "model_outputs_m_5shots.zip")
    assert shown.kind == "mmlu_pro"
    assert len(shown.rows[0]["generated_text"]) == PREVIEW_CHARS


def test_progress_may_stop_an_import(tmp_path):
    def stop(share, sentence):
        raise InterruptedError(sentence)

    with pytest.raises(InterruptedError):
        importers.read(pair(tmp_path), progress=stop)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("b", "B"),
        ("(B)", "B"),
        ("two", "B"),
        (1, "B"),
        (1.0, "B"),
        ("1", "B"),
        (None, None),
        ("N/A", None),
        ("", None),
    ],
)
def test_gold_answers_are_letters_texts_or_indices(value, answer):
    assert gold_answer(value, ["one", "two"]) == (answer, "")


@pytest.mark.parametrize("value", ["C", 2, -1, "three", 0.5, "99999999999"])
def test_gold_answers_that_name_no_option_say_why(value):
    answer, reason = gold_answer(value, ["one", "two"])
    assert answer is None
    assert reason


@given(st.one_of(st.floats(), st.text(max_size=5), st.none(), st.booleans()))
def test_a_logprob_is_a_finite_number_of_at_most_zero_or_unknown(value):
    number, _ = logprob(value)
    assert number is None or (math.isfinite(number) and number <= 0)


@pytest.mark.attack
@hostile(full=2000, sample=20)
@given(st.binary(max_size=200))
def test_any_bytes_are_imported_or_refused_and_nothing_else(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("bytes")
    for suffix in (".csv", ".jsonl", ".json", ".parquet", ".zip"):
        path = raw(folder / f"x{suffix}", content)
        with contextlib.suppress(ImportRefused):
            importers.read(path)


CELLS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
FIELDS = (
    "id",
    "question",
    "task",
    "options",
    "gold",
    "split",
    "skill",
    "model",
    "output",
    "pred",
    "sample",
    "logprob",
    "input_tokens",
    "cost",
    "status",
    "rule",
    "category",
    "generated_text",
    "question_id",
)


@pytest.mark.attack
@hostile(full=2000, sample=40)
@given(rows=st.lists(st.dictionaries(st.sampled_from(FIELDS), CELLS), min_size=1, max_size=3))
def test_any_values_in_known_columns_are_imported_or_refused(tmp_path, rows):
    good = {"id": "0", "question": "?", "task": "t", "options": ["a", "b"], "model": "m"}
    path = jsonl(tmp_path / "q.jsonl", [*(good | {"id": f"g{i}"} for i in range(5)), *rows])
    with contextlib.suppress(ImportRefused):
        assert importers.read(path).queries.num_rows >= 5
    for kind in ("mmlu_pro", "cascal_release"):
        (tmp_path / "Data" / "X").mkdir(parents=True, exist_ok=True)
        file = tmp_path / "Data" / "X" / "train.json"
        file.write_text(json.dumps([one | {"question_id": one.get("id")} for one in rows]))
        with contextlib.suppress(ImportRefused):
            importers.read(file if kind == "mmlu_pro" else tmp_path, kind=kind)


def test_numbers_no_table_can_hold_are_refused_not_raised(tmp_path):
    path = raw(tmp_path / "q.json", b'[{"id": ' + b"9" * 5000 + b', "question": "?"}]')
    with refuses("not-records", "q.json", kind=ImportRefused):
        importers.read(path)
    rows = [
        {"id": 1, "model": "m", "output": "B", "input_tokens": 1e300, "sample": 0},
        {"id": 1, "model": "m", "output": "B", "sample": 1e12},
        {"id": 1, "model": "m2", "output": "B"},
    ]
    result = importers.read(pair(tmp_path, responses=rows))
    assert column(result.responses, "input_tokens") == [None, None]


def test_parquet_texts_may_be_binary_but_must_be_utf8(tmp_path):
    path = tmp_path / "q.parquet"
    pq.write_table(pa.table({"id": ["1"], "question": pa.array(["é?".encode()])}), path)
    assert column(importers.read(path).queries, "text") == ["é?"]
    pq.write_table(pa.table({"id": ["1"], "question": pa.array([b"\xff"])}), path)
    with refuses("wrong-type", path.name, kind=ImportRefused):
        importers.read(path)


def test_a_parquet_file_of_too_many_rows_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow_tables, "MAX_TABLE_ROWS", 1)
    pq.write_table(pa.table({"id": ["1", "2"], "question": ["a", "b"]}), tmp_path / "q.parquet")
    with refuses("too-large", "q.parquet", 2, kind=ImportRefused):
        importers.read(tmp_path / "q.parquet")


def test_a_zip_in_memory_order_does_not_matter(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part in ("business", "art"):
            rows = [record(len(part), ["a", "b"], "A", "The answer is (B).")]
            archive.writestr(f"results/{part}_result.json", json.dumps(rows))
    result = importers.read(raw(tmp_path / "my-model.zip", buffer.getvalue()))
    assert column(result.queries, "query_id") == ["8", "3"]
    assert [model.name for model in result.models] == ["my-model"]


def test_texts_to_route_keep_their_ids_but_for_what_is_repeated_or_empty(tmp_path):
    table = tmp_path / "asked.csv"
    table.write_text("query_id,text\n101,a\n102,b\n101,c\n3,d\n,e\n101,f\n101 (2),g\n,h\n8,i\n")
    read = read_texts(table)
    assert read.texts == tuple("abcdefghi")
    assert read.query_ids[:5] == ("101", "102", "101 (3)", "3", "5")
    assert read.query_ids[5:] == ("101 (4)", "101 (2)", "8 (2)", "8")
