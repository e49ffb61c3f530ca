"""Replies that servers really send, collected by the command: how stored, and how often asked."""

import json
import math

import pytest
from scripted_server import scripted
from typer.testing import CliRunner

from cascal.cli import app
from cascal.store import Workspace

SAID = "The answer is (B)."


def tokens(*logprobs):
    """Log-probabilities as chat completions list them."""
    return {"content": [{"token": "t", "logprob": one, "top_logprobs": []} for one in logprobs]}


def reply(message, logprobs=None, *, end="stop", usage=None, **choice):
    """A chat completion; infinite numbers are written as servers write them."""
    body = {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", **message},
                "logprobs": logprobs,
                "finish_reason": end,
                **choice,
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7} if usage is None else usage,
    }
    return json.dumps(body)


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"answer": "B"}'}}
LEGACY = {"tokens": ["a", "b"], "token_logprobs": [-0.1, -0.3], "top_logprobs": None}
# text of the query -> body, then answer, status and mean log-probability that are stored (nan:
# none), and how often the server was asked
ODD = {
    "minus9999": (reply({"content": SAID}, tokens(-0.1, -0.3, -9999.0)), "B", "ok", -0.2, 1),
    "infinite": (reply({"content": SAID}, tokens(-0.1, -math.inf)), "B", "ok", -0.1, 1),
    "posinf": (reply({"content": SAID}, tokens(-0.1, math.inf)), "B", "ok", None, 1),
    "think_open": (
        reply({"content": "<think>\noption A is"}, end="length"),
        None,
        "truncated",
        None,
        1,
    ),
    "lp_null": (reply({"content": SAID}, {"content": None}), "B", "ok", None, 1),
    "lp_empty": (reply({"content": SAID}, {"content": []}), "B", "ok", None, 1),
    "lp_legacy": (reply({"content": SAID}, LEGACY), "B", "ok", -0.2, 1),
    "reasoning_only": (
        reply({"content": None, "reasoning_content": SAID}),
        None,
        "unreadable",
        None,
        1,
    ),
    "tool_calls": (
        reply({"content": None, "tool_calls": [CALL]}, tokens(-0.1), end="tool_calls"),
        None,
        "unreadable",
        None,
        1,
    ),
    "empty_length": (reply({"content": ""}, end="length"), None, "truncated", None, 1),
    "no_content": (reply({}), None, "unreadable", None, 1),
    "parts": (reply({"content": [{"type": "text", "text": SAID}]}), "B", "ok", None, 1),
    "refusal": (reply({"content": None, "refusal": "I can't help."}), None, "refused", None, 1),
    "filtered": (reply({"content": "I'm sorry"}, end="content_filter"), None, "refused", None, 1),
    "bom": ("\ufeff" + reply({"content": SAID}), "B", "ok", None, 1),
    "half_pair": (reply({"content": f"\ud83d {SAID}"}), "B", "ok", None, 1),
    "odd_usage": (reply({"content": SAID}, usage={"prompt_tokens": "5"}), "B", "ok", None, 1),
    "list_reason": (reply({"content": SAID}, end=["stop"]), "B", "ok", None, 1),
}


def by_text(body):
    """The reply to the query that a request asks."""
    said = body["messages"][-1]["content"]
    return 200, {}, next(odd[0] for name, odd in ODD.items() if f"({name})" in said)


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """The stored responses by query, and how often each was asked."""
    folder = tmp_path_factory.mktemp("odd")
    rows = [
        {"query_id": name, "text": f"Which ({name})?", "options": ["w", "x", "y", "z"]}
        for name in ODD
    ]
    (folder / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with scripted() as script:
        script.replies = [by_text]
        (folder / "pool.yaml").write_text(f"- name: m\n  base_url: {script.url}\n")
        for command in (
            ["import", str(folder / "q.jsonl"), "--dataset", "d"],
            ["collect", "d", str(folder / "pool.yaml")],
        ):
            done = CliRunner().invoke(app, [*command, "-w", str(folder / "w.duckdb")])
            assert "Traceback" not in done.output
            said = done.output
        asked = [body["messages"][-1]["content"] for _, body in script.requests if body]
    stored = Workspace(folder / "w.duckdb").responses("d", with_text=True).to_pylist()
    return {row["query_id"]: row for row in stored}, asked, said


@pytest.mark.parametrize("name", ODD)
def test_an_odd_reply_is_stored_as_what_it_is_and_asked_for_once(collected, name):
    rows, asked, _ = collected
    _, answer, status, logprob, n_asked = ODD[name]
    assert (rows[name]["answer"], rows[name]["status"]) == (answer, status)
    assert rows[name]["mean_logprob"] == (None if logprob is None else pytest.approx(logprob))
    assert sum(f"({name})" in one for one in asked) == n_asked


def test_a_reply_without_a_text_says_why_it_has_none(collected):
    rows, _, said = collected
    rules = {name: rows[name]["rule"] for name in ("reasoning_only", "tool_calls", "no_content")}
    assert list(rules.values()) == ["no_text", "tool_call", "no_text"]
    assert "Gave up" not in said
