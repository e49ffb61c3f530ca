"""Batches of several models with the same custom_ids."""

import pytest
from foreign_files import (
    anthropic_request,
    anthropic_result,
    batch_expired,
    batch_input,
    batch_output,
    jsonl,
)

from cascal import importers

ERRORED = {"type": "errored", "error": {"error": {"message": "Rate limit"}}}


def answered(custom_id, model):
    row = batch_output(custom_id)
    row["response"]["body"]["model"] = model
    return row


def openai_pairs(folder, second, first=("q1", "q2", "q3")):
    """Input and output of gpt-a and of gpt-b; the outputs are by gpt-a-1 and by gpt-b-1."""
    for name in ("a", "b"):
        inputs = [
            batch_input(one, f"{one}?\nA. x\nB. y", f"gpt-{name}") for one in ("q1", "q2", "q3")
        ]
        jsonl(folder / f"in_{name}.jsonl", inputs)
    rows = [answered(one, "gpt-a-1") for one in first]
    failed = [batch_expired(one) for one in ("q1", "q2", "q3") if one not in first]
    jsonl(folder / "out_a.jsonl", rows + failed)
    jsonl(folder / "out_b.jsonl", second)
    return importers.read(folder)


def anthropic_pairs(folder, second, texts=("q{}?", "q{}?")):
    for name, text in zip("ab", texts, strict=True):
        requests = [anthropic_request(f"r{number}", text.format(number)) for number in (1, 2)]
        for one in requests:
            one["params"]["model"] = f"claude-{name}"
        jsonl(folder / f"in_{name}.jsonl", requests)
    jsonl(folder / "out_a.jsonl", [claude("r1", "a"), claude("r2", "a")])
    jsonl(folder / "out_b.jsonl", second)
    return importers.read(folder)


def claude(custom_id, name):
    row = anthropic_result(custom_id)
    row["result"]["message"]["model"] = f"claude-{name}-1"
    return row


def statuses(result):
    """(model, text of the query) -> status."""
    texts = {one["query_id"]: one["text"] for one in result.queries.to_pylist()}
    return {
        (one["model"], texts[one["query_id"]].partition("?")[0]): one["status"]
        for one in result.responses.to_pylist()
    }


def unknown(result):
    return [one for one in result.refused if one.column == "custom_id"]


def test_a_failed_request_is_of_the_model_that_answered_in_its_file(tmp_path):
    second = [answered("q1", "gpt-b-1"), batch_expired("q2"), batch_expired("q3")]
    result = openai_pairs(tmp_path, second, first=("q1", "q3"))
    assert statuses(result) == {
        ("gpt-a-1", "q1"): "ok",
        ("gpt-a-1", "q2"): "error",
        ("gpt-a-1", "q3"): "ok",
        ("gpt-b-1", "q1"): "ok",
        ("gpt-b-1", "q2"): "error",
        ("gpt-b-1", "q3"): "error",
    }
    assert result.refused == ()


@pytest.mark.parametrize("answers", [[], [answered("q1", "gpt-b-1"), answered("q3", "gpt-c-1")]])
def test_a_failed_request_of_an_unknown_model_is_said_and_nothing_else_is_lost(tmp_path, answers):
    result = openai_pairs(tmp_path, [*answers, batch_expired("q2")])
    assert result.responses.num_rows == 3 + len(answers)
    (one,) = unknown(result)
    assert (one.source, one.row) == ("out_b.jsonl", len(answers) + 1)
    assert "its model is unknown" in one.reason
    assert any("its model is unknown" in note for note in result.notes)


def test_a_failed_message_is_of_the_model_that_answered_in_its_file(tmp_path):
    failed = anthropic_result("r2", result=ERRORED)
    result = anthropic_pairs(tmp_path, [claude("r1", "b"), failed])
    assert statuses(result) == {
        ("claude-a-1", "q1"): "ok",
        ("claude-a-1", "q2"): "ok",
        ("claude-b-1", "q1"): "ok",
        ("claude-b-1", "q2"): "error",
    }
    assert result.refused == ()


def test_a_failed_message_of_an_unknown_model_is_said_and_nothing_else_is_lost(tmp_path):
    result = anthropic_pairs(tmp_path, [anthropic_result("r2", result=ERRORED)])
    assert result.responses.num_rows == 2
    assert "its model is unknown" in unknown(result)[0].reason


def test_ids_of_ones_own_for_different_texts_are_told_apart_by_the_model(tmp_path):
    second = [claude("r1", "b"), claude("r2", "c")]
    result = anthropic_pairs(tmp_path, second, texts=("q{}?", "other {}?"))
    assert statuses(result) == {
        ("claude-a-1", "q1"): "ok",
        ("claude-a-1", "q2"): "ok",
        ("claude-b-1", "other 1"): "ok",
    }
    assert "its query is unknown" in unknown(result)[0].reason
