"""Router benchmarks, batch files and tables of other tools, and what all importers must refuse."""

import contextlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attack import hostile
from foreign_files import (
    ERROR,
    HTML,
    PROMPT,
    arena_cached,
    arena_prediction,
    arena_query,
    batch_error,
    batch_expired,
    batch_input,
    batch_output,
    bench_file,
    bench_flat,
    bench_record,
    bench_run,
    diamond_csv,
    document,
    harness_choice,
    jsonl,
    query_row,
    router_row,
)
from good_files import write_good
from hypothesis import given
from hypothesis import strategies as st
from refusals import refuses

from cascal import importers
from cascal.datatypes import STATUSES
from cascal.importers import KINDS, ImportRefused, sniff
from cascal.importers.api_errors import is_api_error
from cascal.importers.formats import FORMATS
from cascal.importers.response import lettered_options
from cascal.store import Workspace

KEY = "rivTkKeBPmMARKER"


def column(table, name):
    return table[name].to_pylist()


# --- LLMRouter


def test_routing_rows_become_queries_and_scored_responses(tmp_path):
    rows = [router_row(), router_row(model="llama", response="Answer: C", performance=0.0)]
    path = jsonl(tmp_path / "default_routing_train_data.jsonl", rows)
    assert importers.detect(path) == "llmrouter"
    result = importers.read(path)
    assert column(result.queries, "task") == ["mmlu"]
    assert column(result.queries, "text") == [HTML]
    assert column(result.queries, "options") == [["Paris", "Rome", "Bern"]]
    assert column(result.queries, "answer") == ["B"]
    assert column(result.responses, "model") == ["qwen2.5-7b-instruct", "llama"]
    assert column(result.responses, "answer") == ["B", "C"]
    assert column(result.responses, "score") == [1.0, 0.0]
    assert column(result.responses, "input_tokens") == [20, 20]
    assert column(result.responses, "output_tokens") == [4, 4]
    assert column(result.responses, "latency") == [1.75, 1.75]
    assert result.refused == ()


def test_query_files_join_the_routing_files_and_name_the_split(tmp_path):
    jsonl(tmp_path / "query_train.jsonl", [query_row(), query_row(query="alone?")])
    jsonl(tmp_path / "routing_test.jsonl", [router_row(query="tested?")])
    jsonl(tmp_path / "routing_train.jsonl", [router_row(), router_row(query="tested?", model="m")])
    result = importers.read(tmp_path)
    assert column(result.queries, "text") == [HTML, "alone?", "tested?"]
    assert column(result.queries, "split") == ["train", "train", "test"]
    assert result.responses.num_rows == 3
    assert any("1 query is in train and test files" in note for note in result.notes)
    alone = importers.read(tmp_path / "query_train.jsonl")
    assert (alone.queries.num_rows, alone.responses.num_rows) == (2, 0)


def test_the_api_key_reaches_neither_store_nor_notes_nor_refusals_nor_preview(tmp_path):
    leak = f"ERROR: AuthenticationError: Incorrect API key provided: {KEY}"
    rows = [
        router_row(api_key_used=KEY),
        router_row(query=None, api_key_used=KEY),
        router_row(model="m", response=leak, api_key_used=KEY, performance=KEY),
        router_row(model="n", api_key_used=KEY, choices="no list"),
    ]
    path = jsonl(tmp_path / "routing.jsonl", rows)
    result = importers.read(path)
    workspace = Workspace(tmp_path / "w.duckdb")
    workspace.add(result)
    shown = importers.preview(path)
    assert "api_key_used" not in shown.columns
    said = [result.notes, result.refused, shown, result.queries.to_pylist()]
    assert KEY not in str([*said, result.responses.to_pylist()])
    assert KEY.encode() not in workspace.path.read_bytes()
    with pytest.raises(ImportRefused) as refusal:
        importers.read(jsonl(tmp_path / "bad.jsonl", [rows[1]] * 3))
    assert KEY not in str(refusal.value)


def test_failed_calls_are_errors_and_their_score_of_zero_is_not_taken(tmp_path):
    texts = ["ERROR: anything at all", "API Error: 503 - overloaded", ERROR]
    rows = [router_row(model=f"m{i}", response=one, performance=0.0) for i, one in enumerate(texts)]
    rows += [router_row(model="m3", formatted_query="ERROR", response="")]
    result = importers.read(jsonl(tmp_path / "routing.jsonl", rows))
    assert column(result.responses, "status") == ["error"] * 4
    assert column(result.responses, "answer") == [None] * 4
    assert column(result.responses, "score") == [None] * 4
    workspace = Workspace(tmp_path / "w.duckdb")
    workspace.add(result)
    assert not workspace.votes("routing").answered.any()


def test_older_rows_are_read_and_a_row_of_two_versions_is_refused(tmp_path):
    old = router_row()
    old |= {
        "prompt_tokens": old.pop("input_tokens"),
        "completion_tokens": old.pop("output_tokens"),
        "gt": old.pop("ground_truth"),
        "choices": ["Paris", "Rome", "Bern"],
    }
    result = importers.read(jsonl(tmp_path / "old.jsonl", [old]))
    assert column(result.responses, "input_tokens") == [20]
    assert column(result.responses, "output_tokens") == [4]
    assert column(result.queries, "answer") == ["B"]
    both = router_row(prompt_tokens=99)
    with refuses(
        "mixed-formats", "both.jsonl", 2, "input_tokens", "prompt_tokens", kind=ImportRefused
    ):
        importers.read(jsonl(tmp_path / "both.jsonl", [router_row(model="a"), both]))


def test_code_has_scores_and_neither_options_nor_gold_and_worked_solutions_are_read(tmp_path):
    code = router_row(
        query="Write f.",
        metric="code_eval",
        choices=["assert f()"],
        ground_truth="assert f()",
        response="def f():\n    return 1\n",
    )
    solution = router_row(
        query="How many?",
        metric="GSM8K",
        choices=None,
        ground_truth="2 + 2 = 4\n#### 4",
        response="So 4.\n#### 4",
    )
    result = importers.read(jsonl(tmp_path / "routing.jsonl", [code, solution]))
    assert column(result.queries, "options") == [[], []]
    assert column(result.queries, "answer") == [None, "4"]
    assert column(result.responses, "answer") == [None, "4"]
    assert column(result.responses, "status") == ["ok", "ok"]
    assert column(result.responses, "score") == [1.0, 1.0]


# --- LLMRouterBench


def test_a_tree_of_results_is_read_with_the_benchmarks_own_readings(tmp_path):
    bench_file(tmp_path, records=[bench_record(1), bench_record(2, "no idea", "", score=0.0)])
    bench_file(tmp_path, model="gemma", records=[bench_record(1, ["Answer: C"], "C", score=0.0)])
    assert importers.detect(tmp_path) == "llmrouterbench"
    result = importers.read(tmp_path)
    assert [one.name for one in result.models] == ["gemma", "qwen3-8b"]
    assert column(result.queries, "query_id") == ["mmlupro/test/1", "mmlupro/test/2"]
    assert column(result.queries, "task") == ["mmlupro"] * 2
    assert column(result.queries, "split") == ["train"] * 2
    assert column(result.queries, "text") == [f"{HTML} 1", f"{HTML} 2"]
    assert column(result.queries, "options") == [["red", "blue", "green"]] * 2
    assert column(result.queries, "answer") == ["B", "B"]
    assert column(result.responses, "text") == ["Answer: C", "So it is blue.\nAnswer: B", "no idea"]
    assert column(result.responses, "answer") == ["C", "B", None]
    assert column(result.responses, "status") == ["ok", "ok", "unreadable"]
    assert column(result.responses, "score") == [0.0, 1.0, 0.0]
    assert column(result.responses, "input_tokens") == [30] * 3
    assert column(result.responses, "output_tokens") == [8] * 3
    assert column(result.responses, "cost") == [0.002] * 3


def test_failed_records_are_errors_and_contradict_no_ground_truth(tmp_path):
    failed = bench_record(
        1,
        "Processing failed: boom",
        "",
        score=None,
        ground_truth="",
        prompt_tokens=0,
        completion_tokens=0,
        cost=0.0,
    )
    bench_file(tmp_path, model="a", records=[failed])
    bench_file(tmp_path, model="b", records=[bench_record(1)])
    result = importers.read(tmp_path)
    assert column(result.queries, "answer") == ["B"]
    assert column(result.responses, "status") == ["error", "ok"]
    assert column(result.responses, "answer") == [None, "B"]


def test_the_newest_run_that_is_no_demo_counts(tmp_path):
    bench_file(tmp_path, "20250801_120000", records=[bench_record(1, prediction="A")])
    bench_file(tmp_path, "20250802_120000", records=[bench_record(1, prediction="C")])
    bench_file(tmp_path, "20250803_120000", records=[bench_record(1)], demo=True)
    result = importers.read(tmp_path)
    assert column(result.responses, "answer") == ["C"]
    assert any("2 older or demo runs were left out" in note for note in result.notes)


def test_one_file_older_files_and_flat_records_mean_the_same(tmp_path):
    one = importers.read(bench_file(tmp_path, records=[bench_record(1)]))
    flat = importers.read(jsonl(tmp_path / "flat.jsonl", [bench_flat()]))
    run = bench_run([bench_record(1)])
    old = {k: v for k, v in run.items() if k not in ("model_name", "dataset_name", "split")}
    layout = tmp_path / "old" / "mmlupro" / "test" / "qwen3-8b"
    older = importers.read(document(layout / "mmlupro-test-qwen3-8b-20250801_120000.json", old))
    for other in (flat, older):
        assert other.queries.equals(one.queries)
        assert other.responses.equals(one.responses)
    loose = importers.read(document(tmp_path / "my-model-20250801_120000.json", old))
    assert loose.models[0].name == "my-model"
    assert column(loose.queries, "query_id") == ["bench/1"]


def test_a_results_file_without_records_is_refused(tmp_path):
    run = {k: v for k, v in bench_run().items() if k != "records"}
    with refuses("missing-value", "run.json", "records", kind=ImportRefused):
        importers.read(document(tmp_path / "run.json", run))


# --- RouterArena


def test_cached_results_are_read_with_the_options_of_the_prompt(tmp_path):
    jsonl(tmp_path / "claude-3-haiku.jsonl", [arena_cached()])
    path = jsonl(tmp_path / "gemini.jsonl", [arena_cached(model="gemini", answer="\\boxed{C}")])
    assert importers.detect(path) == importers.detect(tmp_path) == "routerarena"
    result = importers.read(tmp_path)
    assert column(result.queries, "query_id") == ["ArcMMLU_447"]
    assert column(result.queries, "task") == ["ArcMMLU"]
    assert column(result.queries, "options") == [["NIST", "NEFT", "NIT"]]
    assert column(result.queries, "answer") == ["B"]
    assert HTML in column(result.queries, "text")[0]
    assert column(result.responses, "model") == ["claude-3-haiku", "gemini"]
    assert column(result.responses, "answer") == ["B", "C"]
    assert column(result.responses, "rule") == ["boxed", "boxed"]
    assert column(result.responses, "score") == [1.0, 1.0]
    assert column(result.responses, "cost") == [0.00010575] * 2
    assert column(result.responses, "input_tokens") == [123] * 2
    assert column(result.responses, "output_tokens") == [60] * 2


@pytest.mark.parametrize("index", ["global_index", "global index", "Global Index"])
def test_predictions_name_the_chosen_model_and_the_index_in_any_spelling(tmp_path, index):
    rows = [
        arena_prediction(),
        arena_prediction(index="ArcMMLU_1", generated_result=None),
        arena_prediction(model="qwen", for_optimality=True, accuracy=1.0),
    ]
    rows = [{index: row.pop("global index"), **row} for row in rows]
    if index == "Global Index":
        rows = [{"global index": row[index], **row} for row in rows]
    path = document(tmp_path / "router.json", rows)
    result = importers.read(path)
    assert column(result.queries, "query_id") == ["ArcMMLU_447", "ArcMMLU_1"]
    assert column(result.responses, "model") == ["deepseek-v4", "qwen"]
    assert column(result.responses, "answer") == ["A", "A"]
    assert column(result.responses, "score") == [0.0, 1.0]
    assert column(result.responses, "cost") == [2.5e-05] * 2
    assert any("1 prediction has no generated result" in note for note in result.notes)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_queries_table_gives_texts_options_and_answers(tmp_path, suffix):
    rows = [arena_query(Context="It rained."), arena_query("AIME_1", Options=[], Answer="204")]
    queries = tmp_path / f"queries.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), queries)
    else:
        jsonl(queries, rows)
    results = jsonl(tmp_path / "m.jsonl", [arena_cached(evaluation_result=None)])
    for result in (importers.read(tmp_path), importers.read([queries, results])):
        assert column(result.queries, "text") == [f"It rained.\n\nWhich? {HTML}", f"Which? {HTML}"]
        assert column(result.queries, "answer") == ["B", "204"]
        assert column(result.responses, "answer") == ["B"]
        assert column(result.responses, "score") == [None]


def test_failed_calls_and_cut_answers_say_so(tmp_path):
    failed = arena_cached(answer="", success=False, error="429 rate limited", model="a")
    cut = arena_prediction(model="b")
    cut["generated_result"] |= {"finish_reason": "length"}
    result = importers.read(jsonl(tmp_path / "a.jsonl", [failed]))
    assert column(result.responses, "status") == ["error"]
    assert column(result.responses, "text") == ["429 rate limited"]
    assert column(result.responses, "score") == [None]
    result = importers.read(document(tmp_path / "b.json", [cut]))
    assert column(result.responses, "status") == ["truncated"]


def test_prediction_files_repeat_cached_results_once_and_differing_ones_are_samples(tmp_path):
    jsonl(tmp_path / "cached.jsonl", [arena_cached(model="deepseek-v4", answer="\\boxed{A}")])
    document(tmp_path / "one.json", [arena_prediction()])
    document(tmp_path / "two.json", [arena_prediction(answer="\\boxed{B}", prompt=f"!{PROMPT}")])
    result = importers.read(tmp_path)
    assert column(result.responses, "sample") == [0, 1]
    assert column(result.responses, "answer") == ["A", "B"]
    twice = [arena_prediction(), arena_prediction(answer="\\boxed{C}")]
    with refuses("conflicting-rows", "twice.json", kind=ImportRefused):
        importers.read(document(tmp_path / "twice.json", twice))


def test_two_forms_in_one_file_are_refused(tmp_path):
    path = jsonl(tmp_path / "both.jsonl", [arena_cached(), arena_prediction(index="x_1")])
    with refuses("mixed-formats", "both.jsonl", kind=ImportRefused):
        importers.read(path)
    two = arena_cached() | {"global index": "other_1"}
    with refuses("mixed-formats", "two.jsonl", kind=ImportRefused):
        importers.read(jsonl(tmp_path / "two.jsonl", [two]))


# --- OpenAI batch


def test_outputs_errors_and_inputs_of_a_batch_are_joined(tmp_path):
    jsonl(
        tmp_path / "input.jsonl",
        [batch_input(f"q{i}", f"{HTML} {i}\nA. x\nB. y") for i in (1, 2, 3)],
    )
    output = jsonl(tmp_path / "output.jsonl", [batch_output()])
    errors = jsonl(tmp_path / "errors.jsonl", [batch_error(), batch_expired()])
    assert importers.detect(output) == importers.detect(tmp_path) == "openai_batch"
    for result in (importers.read(tmp_path), importers.read([output, errors])):
        assert column(result.queries, "query_id") == ["q1", "q2", "q3"]
        assert column(result.queries, "text")[0] == f"{HTML} 1\nA. x\nB. y"
        assert column(result.queries, "options") == [["x", "y"]] * 3
        assert column(result.queries, "answer_origin") == ["none"] * 3
        by_query = {row["query_id"]: row for row in result.responses.to_pylist()}
        assert {row["model"] for row in by_query.values()} == {"gpt-4o-mini-2024-07-18"}
        assert by_query["q1"]["answer"] == "B"
        assert by_query["q1"]["mean_logprob"] == pytest.approx(-0.4)
        assert by_query["q1"]["input_tokens"] == 22
        assert by_query["q1"]["output_tokens"] == 2
        assert [by_query[one]["status"] for one in ("q2", "q3")] == ["error", "error"]
        assert [by_query[one]["answer"] for one in ("q2", "q3")] == [None, None]
        assert by_query["q2"]["text"] == "Invalid image"
    only_output = importers.read(output)
    assert only_output.responses.num_rows == 1
    assert any("'input.jsonl'" in note for note in only_output.notes)


def test_a_queries_table_gives_gold_answers_and_ids_may_name_the_model(tmp_path):
    queries = [{"query_id": "q1", "text": HTML, "options": ["a", "b"], "gold": "A", "task": "t"}]
    table = jsonl(tmp_path / "elsewhere" / "mine.jsonl", queries)
    rows = [batch_output("gpt-4o-mini::q1"), batch_error("gpt-4o::q1")]
    output = jsonl(tmp_path / "batch.jsonl", rows)
    with refuses("missing-part", "batch.jsonl", kind=ImportRefused):
        importers.read(output)
    result = importers.read([output, table])
    jsonl(tmp_path / "queries.jsonl", queries)
    assert importers.read(tmp_path).responses.equals(result.responses)
    assert column(result.queries, "answer") == ["A"]
    assert column(result.responses, "model") == ["gpt-4o-mini-2024-07-18", "gpt-4o"]
    assert column(result.responses, "answer") == ["B", None]
    assert column(result.responses, "status") == ["ok", "error"]


@pytest.mark.parametrize(
    ("logprobs", "mean"),
    [
        ({"content": [{"logprob": -0.2}, {"logprob": -9999.0}, {"logprob": -0.4}]}, -0.3),
        ({"content": [{"logprob": -0.5}, {"logprob": None}]}, -0.5),
        ({"content": [{"logprob": -9999.0}]}, None),
        ({"token_logprobs": [None, -0.1, float("-inf"), -0.3]}, -0.2),
    ],
)
def test_logprobs_of_a_batch_are_read_as_those_of_a_reply(tmp_path, logprobs, mean):
    row = batch_output("q0")
    row["response"]["body"]["choices"][0]["logprobs"] = logprobs
    jsonl(tmp_path / "input.jsonl", [batch_input("q0")])
    result = importers.read(jsonl(tmp_path / "output.jsonl", [row]))
    (found,) = column(result.responses, "mean_logprob")
    assert found == (mean if mean is None else pytest.approx(mean))


def test_the_ways_a_completion_ends_and_the_other_endpoints(tmp_path):
    ends = {"length": "truncated", "content_filter": "refused", "stop": "ok"}
    rows = [batch_output(f"q{i}") for i in range(6)]
    for row, end in zip(rows, ends, strict=False):
        row["response"]["body"]["choices"][0]["finish_reason"] = end
    message = {"role": "assistant", "content": None, "refusal": "No."}
    rows[3]["response"]["body"]["choices"][0] |= {"message": message, "logprobs": None}
    rows[4]["response"]["body"] = {
        "model": "gpt-4o-mini-2024-07-18",
        "usage": {"input_tokens": 5, "output_tokens": 6},
        "output": [{"type": "reasoning"}, {"content": [{"type": "output_text", "text": "(A)"}]}],
        "incomplete_details": {"reason": "max_output_tokens"},
    }
    rows[5]["response"]["body"]["choices"] = [{"text": "Answer: A", "finish_reason": "stop"}]
    jsonl(tmp_path / "input.jsonl", [batch_input(f"q{i}") for i in range(6)])
    result = importers.read(jsonl(tmp_path / "output.jsonl", rows))
    assert column(result.responses, "status") == [
        "truncated",
        "refused",
        "ok",
        "refused",
        "truncated",
        "ok",
    ]
    assert column(result.responses, "answer") == ["B", None, "B", None, "A", "A"]
    assert column(result.responses, "text")[3] == "No."
    assert column(result.responses, "output_tokens")[4] == 6
    assert column(result.responses, "mean_logprob")[3] is None


# --- Not Diamond


def test_a_wide_table_becomes_queries_and_responses_of_every_model(tmp_path):
    path = diamond_csv(tmp_path / "data.csv")
    assert importers.detect(path) == "not_diamond"
    result = importers.read(path)
    assert column(result.queries, "text") == [f"{HTML}\nA. one\nB. two", "Two plus two?"]
    assert column(result.queries, "options") == [["one", "two"], []]
    assert column(result.queries, "answer_origin") == ["none", "none"]
    assert [one.name for one in result.models] == ["openai/gpt-4o", "anthropic/claude-3"]
    assert column(result.responses, "answer") == ["B", "A", "4", "5"]
    assert column(result.responses, "score") == [1.0, 0.0, 1.0, 0.5]


def test_log_probabilities_that_may_include_thinking_are_told(tmp_path):
    counted = {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}
    rows = [batch_output(), batch_output("q2"), batch_output("q3", "<think>Hm.</think>It is (B).")]
    for row in rows[1:]:
        row["response"]["body"]["usage"] = counted
    jsonl(tmp_path / "input.jsonl", [batch_input(one) for one in ("q1", "q2", "q3")])
    notes = importers.read(jsonl(tmp_path / "output.jsonl", rows)).notes
    assert any(note.startswith("1 response shows their thinking: the mean") for note in notes)
    assert any(note.startswith("1 response counts tokens of thinking that") for note in notes)


def test_scores_alone_can_be_evaluated_and_never_vote(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("question,id,a/x/score,b/y/score\nWho?,q1,1,0\nWhy?,q2,,7\n")
    result = importers.read(path)
    assert column(result.queries, "query_id") == ["q1", "q2"]
    assert column(result.responses, "query_id") == ["q1", "q1", "q2"]
    assert column(result.responses, "answer") == [None] * 3
    assert column(result.responses, "status") == ["ok", "ok", "unreadable"]
    assert column(result.responses, "score") == [1.0, 0.0, None]
    assert [one.column for one in result.refused] == ["score"]
    assert result.notes[-1] == (
        "2 models give only right or wrong, no answers: they can be evaluated but cannot vote: "
        "a/x, b/y"
    )


def test_a_table_without_a_column_of_prompts_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("one,two,a/x/score\nWho?,q1,1\n")
    with refuses("missing-column", "t.csv", "one", kind=ImportRefused):
        importers.read(path)


# --- what holds for every format


FOREIGN = [kind for kind in KINDS if kind not in ("long", "mmlu_pro", "cascal_release")]
MARKED = (
    "inspect_log",
    "openai_batch",
    "promptfoo",
    "litellm_log",
    "anthropic_batch",
    "langfuse",
    "helm",
)
NO_ROWS = ("not_diamond", "deepeval", "openai_evals")
"""Formats whose repeated row is another sample, or no row of a response."""
DOCUMENTS = ("inspect_log", "helm", "deepeval")
"""Formats of one JSON object a file."""
SEARCHED = [kind for kind in FOREIGN if kind not in MARKED]
"""Formats without a field for errors in every row: texts are searched for error messages."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", FOREIGN)
def test_every_kind_is_found_by_content_previewed_read_and_stored(tmp_path, kind):
    path = write_good(kind, tmp_path)
    renamed = path.rename(path.with_name("x" + path.suffix))
    assert importers.detect(renamed) == kind
    shown = importers.preview(renamed, n=1)
    assert shown.kind == kind
    assert len(shown.rows) == 1
    result = importers.read(renamed, dataset="d")
    assert result.responses.num_rows >= 2
    workspace = Workspace(tmp_path / "w.duckdb")
    workspace.add(result)
    again = workspace.add(importers.read(renamed, dataset="d"), on_conflict="extend")
    assert (again.queries_added, again.responses_added) == (0, 0)
    steps = []
    importers.read(renamed, progress=lambda share, sentence: steps.append(share))
    assert steps[-1] == 1.0
    assert steps == sorted(steps)


@pytest.mark.parametrize("kind", FOREIGN)
def test_markup_stays_text(tmp_path, kind):
    result = importers.read(write_good(kind, tmp_path))
    assert any(HTML in text for text in column(result.queries, "text"))


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("share", [0.55, 0.9])
def test_a_truncated_file_is_refused_whole(tmp_path, kind, share):
    path = write_good(kind, tmp_path)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    with refuses("damaged-file", path.name, kind=ImportRefused):
        importers.read(path, kind=kind)


@pytest.mark.parametrize("kind", FOREIGN)
def test_another_encoding_is_refused_with_the_byte(tmp_path, kind):
    path = write_good(kind, tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("latin-1", "replace"))
    with refuses(
        "wrong-encoding",
        path.name,
        next(at for at, byte in enumerate(path.read_bytes()) if byte > 127),
        kind=ImportRefused,
    ):
        importers.read(path, kind=kind)
    path.write_bytes(text.encode("utf-16"))
    with refuses("wrong-encoding", path.name, "UTF-16", kind=ImportRefused):
        importers.read(path, kind=kind)


MISSING = {
    "lm_eval": ("doc_id", "resps"),
    "inspect_log": ("input",),
    "llmrouter": ("query",),
    "llmrouterbench": ("model_name", "record_index"),
    "routerarena": ("global_index", "llm_selected"),
    "openai_batch": ("custom_id",),
    "promptfoo": ("provider", "prompt"),
    "litellm_log": ("model", "messages"),
    "anthropic_batch": ("custom_id", "result"),
    "langfuse": ("model", "input"),
}


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in MISSING.items() for n in names])
def test_a_row_without_a_needed_field_is_refused_by_name_and_the_rest_is_kept(tmp_path, kind, name):
    path = write_good(kind, tmp_path)
    if kind == "inspect_log":
        log = json.loads(path.read_text(encoding="utf-8"))
        del log["samples"][1][name]
        document(path, log)
    else:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        del rows[1][name]
        jsonl(path, rows)
    result = importers.read(path, kind=kind)
    assert result.responses.num_rows == 1
    assert [one.row for one in result.refused if one.row] == [2]


@pytest.mark.parametrize("kind", [kind for kind in FOREIGN if kind in MISSING])
def test_a_file_without_a_needed_field_at_all_is_refused(tmp_path, kind):
    path = write_good(kind, tmp_path)
    if kind == "inspect_log":
        document(path, {"version": 2, "status": "success", "eval": {}, "samples": [{}, {}]})
    else:
        jsonl(path, [{"other": 1}, {"other": 2}])
    others = {"inspect_log": "missing-value", "langfuse": "no-records"}
    code = others.get(kind, "mostly-refused")
    with refuses(code, path.name, kind=ImportRefused):
        importers.read(path, kind=kind)


@pytest.mark.parametrize("kind", [kind for kind in FOREIGN if kind not in DOCUMENTS])
def test_two_formats_in_one_file_are_refused(tmp_path, kind):
    path = write_good(kind, tmp_path)
    if kind == "not_diamond":
        path.write_text("prompt,a/x/score,doc_id,doc,arguments\nWho?,1,1,2,3\n")
    else:
        other = router_row() if kind != "llmrouter" else harness_choice()
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(other) + "\n")
    with refuses("mixed-formats", path.name, kind, kind=ImportRefused):
        importers.read(path, kind=kind)


@pytest.mark.parametrize("kind", [kind for kind in FOREIGN if kind not in NO_ROWS])
def test_a_repeated_row_is_kept_once_and_reported(tmp_path, kind):
    path = write_good(kind, tmp_path)
    once = importers.read(path)
    if kind in DOCUMENTS:
        log = json.loads(path.read_text(encoding="utf-8"))
        rows = "samples" if kind == "inspect_log" else "request_states"
        document(path, log | {rows: [*log[rows], log[rows][0]]})
    else:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        with path.open("a", encoding="utf-8") as stream:
            stream.write(first + "\n")
    result = importers.read(path)
    assert result.responses.num_rows == once.responses.num_rows
    assert any("identical to an earlier row" in one.reason for one in result.refused)


@pytest.mark.parametrize("kind", SEARCHED)
def test_an_error_message_in_place_of_an_answer_is_an_error(tmp_path, kind):
    result = importers.read(write_good(kind, tmp_path, ERROR), dataset="d")
    failed = [row for row in result.responses.to_pylist() if row["text"] == ERROR]
    assert [(row["status"], row["answer"], row["score"]) for row in failed] == [
        ("error", None, None)
    ]
    workspace = Workspace(tmp_path / "w.duckdb")
    workspace.add(result)
    votes = workspace.votes("d")
    assert (votes.status == "error").sum() == 1
    assert (votes.answers[votes.status == "error"] == -1).all()


def test_a_folder_of_several_kinds_is_refused_and_a_kind_can_be_named(tmp_path):
    write_good("llmrouter", tmp_path)
    write_good("routerarena", tmp_path)
    with refuses("mixed-formats", "routerarena", "llmrouter", kind=ImportRefused):
        importers.detect(tmp_path)
    assert importers.read(tmp_path, kind="llmrouter").responses.num_rows == 2
    with refuses("missing-part", "lm_eval", kind=ImportRefused):
        importers.read(tmp_path, kind="lm_eval")


@pytest.mark.parametrize("kind", [kind for kind in FOREIGN if kind != "inspect_log"])
def test_one_broken_file_of_a_folder_refuses_all_of_it(tmp_path, kind):
    path = write_good(kind, tmp_path)
    whole = path.read_bytes()
    path.with_name(f"samples_zz_broken{path.suffix}").write_bytes(whole[: int(len(whole) * 0.9)])
    with refuses("damaged-file", "samples_zz_broken", kind=ImportRefused):
        importers.read(tmp_path)


def test_a_folder_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sniff, "MAX_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.txt").touch()
    with refuses("too-large", tmp_path.name, 2, kind=ImportRefused):
        importers.detect(tmp_path)


def test_every_format_offers_the_same_and_says_what_it_is():
    assert list(FORMATS) == list(KINDS)
    assert all(callable(one.read) and callable(one.first_records) for one in FORMATS.values())
    assert all(KINDS.values())


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["B", "0", "-1.5", "[invalid]", "attachment://x", 10**400]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


def places(value, path=()):
    """Every place in a nested value, as the keys that lead to it."""
    found = [path] if path else []
    pairs = []
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        found += places(inner, (*path, key))
    return found


@pytest.mark.parametrize("kind", [kind for kind in FOREIGN if kind != "not_diamond"])
@pytest.mark.attack
@hostile(full=1000, sample=20)
@given(draw=st.data())
def test_any_value_anywhere_is_imported_or_refused_in_a_sentence(tmp_path, kind, draw):
    path = write_good(kind, tmp_path)
    is_log = kind == "inspect_log"
    text = path.read_text(encoding="utf-8")
    content = json.loads(text) if is_log else [json.loads(one) for one in text.splitlines()]
    for _ in range(draw.draw(st.integers(1, 2))):
        *way, last = draw.draw(st.sampled_from(places(content)))
        inside = content
        for key in way:
            inside = inside[key]
        inside[last] = draw.draw(VALUES)
    if is_log:
        document(path, content)
    else:
        path.write_text("".join(json.dumps(one) + "\n" for one in content), encoding="utf-8")
    with contextlib.suppress(ImportRefused):
        imported = importers.read(path, kind=kind, dataset="d")
        assert set(imported.responses["status"].to_pylist()) <= set(STATUSES)


@pytest.mark.parametrize("kind", FOREIGN)
@given(content=st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
@pytest.mark.attack
@hostile(full=400, sample=10)
def test_any_bytes_are_refused_in_a_sentence(tmp_path, kind, content):
    for suffix in (".jsonl", ".json", ".eval", ".csv"):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(content)
        with contextlib.suppress(ImportRefused):
            importers.read(path, kind=kind)


# --- shared readings


@pytest.mark.parametrize(
    "text",
    [
        ERROR,
        "API Error: 503",
        "api_error: overloaded",
        "ERROR: litellm.RateLimitError: RateLimitError: OpenAIException",
        "litellm.exceptions.Timeout: Request timed out.",
        "openai.APIConnectionError: Connection error.",
        "Connection error.",
        "Request timed out.",
        "429 Client Error: Too Many Requests for url: https://x",
        "HTTP 502: Bad Gateway",
        '{"error": {"message": "quota", "code": 429}}',
        "<html>\n<head><title>502 Bad Gateway</title></head>",
        "HTTPSConnectionPool(host='x', port=443): Read timed out.",
        "Error 429: rate limit exceeded",
        "429 Too Many Requests",
        "503 Service Unavailable: try later",
        "Request failed with status code 429",
        "[ERROR] timeout",
        "TimeoutError: The read operation timed out",
        "asyncio.TimeoutError: ",
        "#N/A",
        "(no response)",
    ],
)
def test_error_messages_of_endpoints_are_recognised(text):
    assert is_api_error(text)
    assert is_api_error("\n " + text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "B",
        "The answer is (B).",
        "An API error such as 429 means that there were too many requests. The answer is (C).",
        "Error: the premise is wrong. The answer is (A).",
        "ValueError: invalid literal for int()",
        "HTTP status codes tell what happened. Answer: B",
        "Type I error: rejecting a true hypothesis. Answer: A",
        "404",
        "Error 404: Not Found",
        "429 Too Many Requests is what a server says. The answer is (B).",
        "TimeoutError",
        "[ERROR] is a level of logging",
        "nan",
        "null",
        "None",
        "Internal server errors are the server's fault.",
        '{"answer": "B"}',
        "Server error handling is covered in chapter 5. The answer is (D).",
    ],
)
def test_answers_about_errors_are_answers(text):
    assert not is_api_error(text)


@pytest.mark.parametrize(
    ("text", "gold", "options"),
    [
        ("Q?\nA. one\nB) two\n(C) three\nEnd.", None, ("one", "two", "three")),
        ("Q?\nA. one\nB. two", "b", ("one", "two")),
        ("Q?\nA. one\nB. two", "D", ()),
        ("Q?\nA. one\nC. two", None, ()),
        ("Q1\nA. one\nB. two\n\nQ2\nA. three\nB. four", None, ()),
        ("A. only", None, ()),
        ("no list", None, ()),
    ],
)
def test_options_are_the_only_lettered_list_of_a_prompt(text, gold, options):
    assert lettered_options(text, gold) == options
