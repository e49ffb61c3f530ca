"""The importer on eight real upstream files, against answers re-read by other means."""

import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cascal import importers

FOLDER = Path(__file__).parents[2] / "shared" / "realdata" / "mmlu_pro"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"real model responses are not here: {FOLDER}"),
]


@pytest.fixture(scope="module")
def imported():
    shares = []
    start = time.process_time()
    result = importers.read(
        FOLDER / "raw",
        dataset="mmlu_pro",
        progress=lambda share, _: shares.append(share),
        reading="upstream",
    )
    return result, time.process_time() - start, shares


@pytest.fixture(scope="module")
def reference():
    rows = pq.read_table(FOLDER / "queries.parquet").to_pylist()
    return {row["query_id"]: row for row in rows}


def test_eight_raw_files_are_read_within_twenty_processor_seconds_and_show_progress(imported):
    result, seconds, shares = imported
    assert result.responses.num_rows == 96_256
    assert seconds <= 20
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 10


def test_models_come_in_the_order_of_the_file_names(imported):
    names = [model.name for model in imported[0].models]
    assert names == sorted(names)
    assert names[0] == "Llama-2-70b-hf"
    assert len(names) == 8


def test_queries_are_those_of_the_reference(imported, reference):
    queries = {row["query_id"]: row for row in imported[0].queries.to_pylist()}
    assert queries.keys() == reference.keys()
    for query_id, row in reference.items():
        assert queries[query_id]["task"] == row["task"]
        assert queries[query_id]["answer"] == row["answer"]
        assert queries[query_id]["answer_origin"] == "gold"
        # the reference keeps five versions with a single option, which no model can choose from
        assert queries[query_id]["options"] == row["options"] or len(row["options"]) == 1


def test_answers_agree_with_the_reference_in_995_of_1000_cells(imported, reference):
    rows = pq.read_table(FOLDER / "responses.parquet").to_pylist()
    theirs = {(row["query_id"], row["model"]): row["answer"] for row in rows}
    n_options = {query_id: len(row["options"]) for query_id, row in reference.items()}
    counts = Counter()
    for row in imported[0].responses.select(["query_id", "model", "answer"]).to_pylist():
        other = theirs[row["query_id"], row["model"]]
        beyond = other is not None and ord(other) - ord("A") >= n_options[row["query_id"]]
        counts["cells"] += 1
        counts["identical"] += row["answer"] == other
        counts["beyond the options, so unreadable"] += row["answer"] is None and beyond
    assert counts["identical"] >= 0.995 * counts["cells"]
    assert counts["beyond the options, so unreadable"] > 0


def test_what_the_default_reading_leaves_out_was_right_as_by_chance(imported):
    stated = importers.read(FOLDER / "raw", dataset="mmlu_pro").responses["answer"].to_pylist()
    queries, guessed = imported[0].queries, imported[0].responses
    golds = dict(zip(*(queries[name].to_pylist() for name in ("query_id", "answer")), strict=True))
    gold = [golds[one] for one in guessed["query_id"].to_pylist()]
    alone = [
        answer == right
        for answer, rule, new, right in zip(
            guessed["answer"].to_pylist(), guessed["rule"].to_pylist(), stated, gold, strict=True
        )
        if rule == "lone_capital" and answer is not None and new is None
    ]
    assert len(alone) == 3_553
    assert sum(alone) / len(alone) == pytest.approx(0.127, abs=0.001)
    read = [(one, right) for one, right in zip(stated, gold, strict=True) if one is not None]
    assert len(read) == 85_978
    assert sum(one == right for one, right in read) / len(read) == pytest.approx(0.441, abs=0.001)


def test_no_answer_lies_beyond_its_options(imported):
    queries = imported[0].queries
    n_options = dict(
        zip(queries["query_id"].to_pylist(), map(len, queries["options"].to_pylist()), strict=True)
    )
    for row in imported[0].responses.select(["query_id", "answer", "status"]).to_pylist():
        assert (row["answer"] is None) == (row["status"] != "ok")
        if row["answer"] is not None:
            assert ord(row["answer"]) - ord("A") < n_options[row["query_id"]]


def test_a_single_file_leaves_out_queries_with_one_option_and_says_so():
    file = FOLDER / "raw" / "model_outputs_gemma-7b_5shots.zip"
    result = importers.read(file, test_share=0.4)
    assert result.queries.num_rows == 12_027
    assert len(result.refused) == 5
    assert {one.column for one in result.refused} == {"options"}
    assert Counter(result.queries["split"].to_pylist())["test"] == pytest.approx(4811, abs=14)


def test_the_reference_tables_themselves_are_a_long_import(reference):
    result = importers.read([FOLDER / "queries.parquet", FOLDER / "responses.parquet"])
    assert result.queries.num_rows == 12_027
    assert len(result.models) == 14
    assert set(result.queries["split"].to_pylist()) == {"train", "test"}
