"""Logs and batches of other programs, written by the programs themselves: see tests/foreign."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from foreign_files import (
    anthropic_request,
    anthropic_result,
    jsonl,
    litellm_row,
    promptfoo_row,
)
from refusals import refuses

from cascal import importers
from cascal.importers import ImportRefused
from cascal.importers.messages import message_text

FOREIGN = Path(__file__).parent / "foreign"


def by_model(result, name):
    values = defaultdict(list)
    for row in result.responses.to_pylist():
        values[row["model"]].append(row[name])
    return dict(values)


# --- promptfoo


def test_the_pass_rates_are_those_that_promptfoo_reports():
    path = FOREIGN / "promptfoo.json"
    assert importers.detect(path) == "promptfoo"
    result = importers.read(path)
    reported = {
        one["provider"]: one["metrics"]["testPassCount"]
        for one in json.loads(path.read_text(encoding="utf-8"))["results"]["prompts"]
    }
    scores = by_model(result, "score")
    assert {model: sum(filter(None, of_model)) for model, of_model in scores.items()} == reported
    assert reported == {"large": 5, "small": 2}
    assert result.queries.num_rows == 6
    assert by_model(result, "status")["small"].count("error") == 1
    assert sum(by_model(result, "cost")["large"]) == pytest.approx(0.012)


def test_results_one_a_line_with_a_chat_prompt_repeats_and_log_probabilities(tmp_path):
    chat = json.dumps([{"role": "system", "content": "x"}, {"role": "user", "content": "Why?"}])
    prompt = {"raw": chat, "label": "p"}
    same = {"type": "equals", "value": "Because."}
    first = promptfoo_row(0, prompt=prompt, testCase={"assert": [same]}, provider="openai:m")
    response = {"output": "Because.", "logProbs": [-0.1, -0.3, -9999]}
    second = first | {"id": "again", "response": response, "latencyMs": 1500}
    result = importers.read(jsonl(tmp_path / "out.jsonl", [first, second]))
    assert result.queries.select(["text", "answer"]).to_pylist() == [
        {"text": "Why?", "answer": "Because."}
    ]
    rows = result.responses.to_pylist()
    assert [(row["model"], row["sample"]) for row in rows] == [("openai:m", 0), ("openai:m", 1)]
    assert rows[1]["mean_logprob"] == pytest.approx(-0.2)
    assert rows[1]["latency"] == 1.5


def test_a_file_without_results_is_refused(tmp_path):
    path = tmp_path / "out.json"
    path.write_text('{"evalId": "x", "results": {"results": 5}}')
    with refuses("not-records", "out.json", kind=ImportRefused):
        importers.read(path)


# --- LiteLLM


def test_the_log_that_litellm_writes_is_read_by_what_was_asked():
    path = FOREIGN / "litellm.jsonl"
    assert importers.detect(path) == "litellm_log"
    result = importers.read(path)
    assert result.queries["text"].to_pylist() == [f"What is {n} + 5?" for n in range(4)]
    answers = by_model(result, "answer")
    assert answers["openai/gpt-4o-mini"] == ["5", "6", "7", "8"]
    assert answers["anthropic/claude-3-haiku-20240307"] == ["6", "7", "8", None]
    assert by_model(result, "status")["anthropic/claude-3-haiku-20240307"][3] == "error"
    assert all(cost > 0 for cost in by_model(result, "cost")["openai/gpt-4o-mini"])


def test_redacted_messages_and_other_calls_are_refused_by_row(tmp_path):
    redacted = [{"role": "user", "content": "redacted-by-litellm"}]
    rows = [litellm_row(n) for n in range(3)]
    rows += [litellm_row(3, messages=redacted), litellm_row(4, call_type="aembedding")]
    result = importers.read(jsonl(tmp_path / "log.jsonl", rows))
    assert [(one.row, one.column) for one in result.refused] == [(4, "messages"), (5, "call_type")]
    assert result.responses.num_rows == 3


# --- Anthropic


def test_results_of_a_batch_join_their_requests_by_the_text_of_the_query():
    path = FOREIGN / "anthropic" / "results.jsonl"
    assert importers.detect(path) == "anthropic_batch"
    result = importers.read(path)
    assert result.queries["text"].to_pylist() == [f"What is {n} + 5?" for n in range(4)]
    statuses = by_model(result, "status")
    assert statuses["claude-3-5-haiku-20241022"] == ["ok"] * 4
    assert statuses["claude-sonnet-4-20250514"] == ["ok", "truncated", "error", "error"]
    assert by_model(result, "answer")["claude-sonnet-4-20250514"][0] == "6"
    again = importers.read(FOREIGN / "anthropic")
    assert again.responses.equals(result.responses)


def test_results_without_their_requests_are_refused(tmp_path):
    path = jsonl(tmp_path / "results.jsonl", [anthropic_result()])
    with refuses("missing-part", "results.jsonl", kind=ImportRefused):
        importers.read(path)


def test_a_result_of_no_request_is_refused_by_row(tmp_path):
    jsonl(tmp_path / "requests.jsonl", [anthropic_request("m::q1"), anthropic_request("m::q2")])
    rows = [anthropic_result("m::q1"), anthropic_result("m::q2"), anthropic_result("m::q9")]
    result = importers.read(jsonl(tmp_path / "results.jsonl", rows))
    assert result.queries["query_id"].to_pylist() == ["q1", "q2"]
    assert [(one.row, one.column) for one in result.refused] == [(3, "query_id")]


# --- chat messages


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('[{"role": "user", "content": "Why?"}]', "Why?"),
        (['[{"role": "system", "content": "x"}, {"role": "user", "content": "Why?"}]'], "Why?"),
        ('[{"name": "no chat"}]', '[{"name": "no chat"}]'),
        ("[{ broken", "[{ broken"),
        ("[{}, 1]", "[{}, 1]"),
    ],
)
def test_a_conversation_written_as_json_is_what_the_user_said(value, text):
    assert message_text(value) == text
