"""The chat client against a scripted server on loopback; waits are counted, hardly ever waited."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from refusals import refuses
from scripted_server import KEY, SILENT, Script, scripted

from cascal.datatypes import ModelSpec
from cascal.endpoint import (
    Budget,
    ChatClient,
    ChatRequest,
    EndpointError,
    Patience,
    Probe,
    Reply,
    Spent,
    mean_logprob,
    probe,
    run_to_end,
)

ASKED = ChatRequest([{"role": "user", "content": "Which letter?"}])
SLOW = {"error": {"message": "slow down"}}


@pytest.fixture
def server(monkeypatch) -> Iterator[Script]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("TEST_KEY", KEY)
    with scripted() as script:
        yield script


class Hours:
    """A clock that only waits move, and the waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def patience(self, **limits) -> Patience:
        return Patience(**limits, clock=lambda: self.now, pause=self.pause)


def said(text: object = "The answer is (B).", logprobs: object = None, **choice) -> dict:
    message = {"role": "assistant", "content": text, **choice.pop("message", {})}
    first = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 10}
    return {"choices": [{**first, **choice}], "usage": usage}


def ok(_: dict) -> tuple:
    return 200, {}, said()


def spec(server: Script, **changes) -> ModelSpec:
    known = {"model_id": "m-1", "base_url": server.url, "key_env": "TEST_KEY"}
    return ModelSpec("m", **{**known, **changes})


def asked(server: Script, n=1, request=ASKED, model=None, **options) -> list[Reply]:
    """Replies to n requests at once."""
    options.setdefault("patience", Hours().patience())

    async def run() -> list[Reply]:
        async with ChatClient(model or spec(server), **options) as client:
            return await asyncio.gather(*(client.ask(request) for _ in range(n)))

    return asyncio.run(run())


# ---------------------------------------------------------------- what comes back


def test_a_reply_carries_text_tokens_cost_and_confidence(server):
    content = [{"token": "B", "logprob": -0.5}, {"token": ".", "logprob": -0.1}]
    server.replies = [(200, {}, said(logprobs={"content": content}))]
    (reply,) = asked(server, model=spec(server, input_price=3.0, output_price=12.0))
    assert (reply.text, reply.status, reply.finish_reason) == ("The answer is (B).", "ok", "stop")
    assert reply.mean_logprob == pytest.approx(-0.3)
    # 1000 · 3 + 10 · 12 = 3120 per million
    assert (reply.input_tokens, reply.output_tokens) == (1000, 10)
    assert reply.cost == pytest.approx(0.00312)
    assert (reply.error, reply.cause, reply.attempts, reply.waited) == ("", "", 1, 0.0)


def test_what_is_sent_is_what_was_asked_and_nothing_of_the_environment(server, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-private")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-private")
    server.replies = [ok]
    asked(server)
    asked(
        server,
        request=ChatRequest(
            ASKED.messages,
            temperature=None,
            top_p=0.95,
            max_tokens=None,
            logprobs=False,
            schema={"type": "x"},
            seed=7,
        ),
    )
    (headers, plain), (_, shaped) = server.requests
    assert headers["authorization"] == f"Bearer {KEY}"
    assert not [value for value in headers.values() if "private" in value]
    assert plain == {
        "model": "m-1",
        "messages": list(ASKED.messages),
        "temperature": 0.7,
        "max_tokens": 1024,
        "logprobs": True,
        "top_logprobs": 1,
    }
    strict = {"name": "reply", "strict": True, "schema": {"type": "x"}}
    assert shaped == {
        "model": "m-1",
        "messages": list(ASKED.messages),
        "top_p": 0.95,
        "seed": 7,
        "response_format": {"type": "json_schema", "json_schema": strict},
    }


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (said("cut", finish_reason="length"), "truncated", "cut"),
        (said(None, finish_reason="length"), "truncated", ""),
        (said(None, message={"refusal": "I can't."}), "refused", "I can't."),
        (said("", finish_reason="content_filter"), "refused", ""),
        (said([{"type": "text", "text": "a"}, {"text": "b"}, 3]), "ok", "ab"),
        (said(None), "ok", ""),
        ({"choices": [{"message": {"content": "bare"}}]}, "ok", "bare"),
    ],
)
def test_truncated_and_refused_are_no_errors(server, body, status, text):
    server.replies = [(200, {}, body)]
    (reply,) = asked(server)
    assert (reply.status, reply.text, reply.error) == (status, text, "")


def test_without_token_counts_or_prices_the_cost_is_unknown(server):
    server.replies = [(200, {}, {**said(), "usage": {"prompt_tokens": "many"}}), ok]
    priced = spec(server, input_price=1.0, output_price=1.0)
    (uncounted,) = asked(server, model=priced)
    (unpriced,) = asked(server)
    assert (uncounted.input_tokens, uncounted.output_tokens) == (None, None)
    assert math.isnan(uncounted.cost)
    assert math.isnan(unpriced.cost)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant"},
        {"role": "assistant", "content": None},
        {"role": "assistant", "reasoning_content": "so"},
        {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]},
    ],
)
def test_a_message_without_content_is_an_answer_without_text_and_asked_once(server, message):
    server.replies = [(200, {}, {"choices": [{"message": message, "finish_reason": "stop"}]})]
    (reply,) = asked(server, patience=Hours().patience(attempts=5))
    assert (reply.status, reply.cause, reply.text, reply.error) == ("ok", "", "", "")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ('{"choices": [{"mess', "malformed"),
        ("", "malformed"),
        ("<html>Error: rate limit exceeded</html>", "malformed"),
        ("[" * 100_000, "malformed"),
        ([], "malformed"),
        ({"choices": []}, "malformed"),
        ({"choices": [{"text": "old"}]}, "malformed"),
        ({"choices": [{"message": "text"}]}, "malformed"),
        ({"choices": [{"message": {"content": 7}}]}, "malformed"),
        ({"error": {"message": "overloaded", "code": 429}}, "rate limit"),
        ({"error": {"message": "down", "code": "502"}}, "server error"),
        ({"error": "Error: try again"}, "server error"),
        (said("Error: upstream", error={"code": 503, "message": "x"}), "server error"),
    ],
)
def test_what_is_no_completion_never_becomes_a_text(server, body, cause):
    server.replies = [(200, {}, body)]
    (reply,) = asked(server, patience=Hours().patience(attempts=2))
    assert (reply.status, reply.cause, reply.text) == ("error", cause, "")
    assert reply.error.startswith(f"127.0.0.1:{server.server_port}: ")
    assert (reply.attempts, len(server.requests)) == (2, 2)


@pytest.mark.parametrize(
    ("status", "message", "cause", "attempts"),
    [
        (401, f"Incorrect API key {KEY}", "key refused", 1),
        (403, "no", "key refused", 1),
        (404, "no model", "not found", 1),
        (400, "too long", "bad request", 1),
        (429, "insufficient_quota", "quota", 1),
        (429, "slow down", "rate limit", 3),
        (408, "late", "time-out", 3),
        (500, f"broken with {KEY}", "server error", 3),
        (503, "<html>", "server error", 3),
    ],
)
def test_every_status_has_its_cause_and_only_some_are_tried_again(
    server, status, message, cause, attempts
):
    server.replies = [(status, {}, {"error": {"message": message}})]
    (reply,) = asked(server, patience=Hours().patience(attempts=3))
    assert (reply.status, reply.cause, reply.attempts) == ("error", cause, attempts)
    assert len(server.requests) == attempts
    assert reply.text == ""
    assert KEY not in repr(reply)


# ---------------------------------------------------------------- patience


def test_retry_after_is_honoured_before_doubling_waits(server):
    hours = Hours()
    server.replies = [(429, {"Retry-After": "7"}, SLOW), (500, {}, "x"), (503, {}, "x"), ok]
    (reply,) = asked(server, patience=hours.patience())
    assert (reply.status, reply.attempts, reply.waited) == ("ok", 4, 10.0)
    assert hours.waits == [7.0, 1.0, 2.0]


def test_total_seconds_are_never_passed_by_a_wait(server):
    hours = Hours()
    server.replies = [(500, {}, "x"), (500, {}, "x"), (429, {"Retry-After": "300"}, SLOW)]
    (reply,) = asked(server, patience=hours.patience(total_seconds=60))
    assert (reply.status, reply.cause, reply.attempts) == ("error", "rate limit", 3)
    assert "60 s" in reply.error
    assert hours.waits == [0.5, 1.0]
    assert reply.waited == hours.now == 1.5


def test_attempts_are_limited_however_many_seconds_are_left(server):
    hours = Hours()
    server.replies = [(500, {}, "x")]
    replies = asked(server, 5, patience=hours.patience(attempts=4, total_seconds=1e9))
    assert {reply.attempts for reply in replies} == {4}
    assert len(server.requests) == 20
    assert "after 4 attempts" in replies[0].error


def test_a_silent_server_takes_no_more_than_the_seconds_allowed(server):
    server.replies = [SILENT]
    started = time.monotonic()
    patience = Patience(attempts=9, total_seconds=1.6, timeout=0.15)
    replies = asked(server, 4, patience=patience)
    assert time.monotonic() - started < 2.2
    assert {reply.cause for reply in replies} == {"time-out"}
    assert {reply.attempts for reply in replies} == {2}  # a third would wait for 1.0 more


def test_a_server_that_is_down_is_a_connection_error(server):
    port = server.server_port
    server.shutdown()
    server.server_close()
    (reply,) = asked(server, patience=Hours().patience(attempts=2))
    assert (reply.status, reply.cause, reply.attempts) == ("error", "connection", 2)
    assert f"127.0.0.1:{port}" in reply.error


def test_text_that_is_no_unicode_is_a_bad_request_and_not_a_crash(server):
    server.replies = [ok]
    broken = ChatRequest([{"role": "user", "content": "\ud800"}])
    (reply,) = asked(server, request=broken)
    assert (reply.status, reply.cause, reply.attempts) == ("error", "bad request", 1)
    assert server.requests == []


def test_no_more_requests_are_under_way_than_allowed(server):
    lock, now, most = threading.Lock(), 0, 0

    def counted(body):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return ok(body)

    server.replies = [counted]
    replies = asked(server, 20, concurrency=4)
    assert {reply.status for reply in replies} == {"ok"}
    assert most == 4


# ---------------------------------------------------------------- refused parameters


def refusing(*names: str, status: int = 400):
    """A server that refuses parameters, one at a time."""

    def reply(body):
        for name in names:
            if name in body:
                error = {"message": f"Unsupported parameter: '{name}'", "param": None}
                return status, {}, {"error": error}
        return ok(body)

    return reply


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_refused_parameter_is_dropped_once_and_remembered(server, status):
    server.replies = [refusing("logprobs", "response_format", status=status)]
    shaped = ChatRequest(ASKED.messages, schema={"type": "object"})

    async def run() -> tuple[list[Reply], frozenset[str]]:
        async with ChatClient(spec(server), Hours().patience(attempts=1)) as client:
            replies = [await client.ask(shaped) for _ in range(3)]
            return replies, client.dropped

    replies, dropped = asyncio.run(run())
    assert {(reply.status, reply.attempts, reply.waited) for reply in replies} == {("ok", 1, 0.0)}
    assert dropped == {"logprobs", "response_format"}
    assert len(server.requests) == 5  # two refusals, three answers
    assert not {"logprobs", "top_logprobs"} & server.requests[-1][1].keys()


def test_log_probabilities_are_kept_where_only_their_alternatives_are_refused(server):
    server.replies = [refusing("top_logprobs")]
    assert [reply.status for reply in asked(server, 2, concurrency=1)] == ["ok", "ok"]
    first, *later = [body for _, body in server.requests]
    assert (first["logprobs"], first["top_logprobs"]) == (True, 1)
    assert [(body["logprobs"], "top_logprobs" in body) for body in later] == [(True, False)] * 2


def test_requests_under_way_at_once_all_drop_the_parameter(server):
    server.replies = [refusing("logprobs")]
    assert {reply.status for reply in asked(server, 16, concurrency=8)} == {"ok"}
    assert len(server.requests) <= 16 + 8


def test_the_parameter_an_error_names_counts_not_the_body_it_quotes(server):
    quoted = {"message": "bad: {'logprobs': True}", "param": "temperature"}
    server.replies = [(400, {}, {"error": quoted})]
    (reply,) = asked(server)
    assert (reply.cause, len(server.requests)) == ("bad request", 1)


def test_a_server_that_wants_max_completion_tokens_gets_it(server):
    def reply(body):
        if "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return 400, {}, {"error": {"message": message, "param": "max_tokens"}}
        return ok(body)

    server.replies = [reply]
    assert asked(server)[0].status == "ok"
    assert server.requests[-1][1]["max_completion_tokens"] == 1024


# ---------------------------------------------------------------- budgets and stopping


def test_a_limit_in_calls_is_exact_over_clients_that_run_at_once(server):
    server.replies = [ok]
    budget = Budget(calls=17)

    async def run() -> list[Reply]:
        async with (
            ChatClient(spec(server), Hours().patience(), 8, budget) as one,
            ChatClient(spec(server), Hours().patience(), 8, budget) as other,
        ):
            turns = [client.ask(ASKED) for _ in range(20) for client in (one, other)]
            return await asyncio.gather(*turns)

    replies = asyncio.run(run())
    assert len(server.requests) == 17
    assert [reply.status for reply in replies].count("ok") == 17
    refused = [reply for reply in replies if reply.status == "error"]
    assert {(reply.cause, reply.attempts, reply.text) for reply in refused} == {("budget", 0, "")}
    assert "17 calls" in refused[0].error
    assert budget.spent == Spent(17, 17 * 1010, 0.0)


def test_a_call_is_one_request_however_often_it_is_tried(server):
    server.replies = [(500, {}, "x"), (500, {}, "x"), ok]
    budget = Budget(calls=1)
    first, second = asked(server, 2, budget=budget)
    assert (first.status, first.attempts) == ("ok", 3)
    assert second.cause == "budget"


@pytest.mark.parametrize(
    ("limits", "words", "n_calls"),
    [
        ({"tokens": 3000}, "3,000 tokens", 3),  # 1010 each
        ({"dollars": 0.007}, "$0.007", 3),  # 0.00312 each
        ({"dollars": 0.0}, "$0.00", 0),
    ],
)
def test_no_call_starts_after_a_limit_in_tokens_or_dollars(server, limits, words, n_calls):
    server.replies = [ok]
    budget = Budget(**limits)
    model = spec(server, input_price=3.0, output_price=12.0)
    replies = asked(server, 6, model=model, budget=budget, concurrency=1)
    assert [reply.cause for reply in replies] == [""] * n_calls + ["budget"] * (6 - n_calls)
    assert words in (budget.reached or "")
    assert budget.spent.dollars == pytest.approx(n_calls * 0.00312)


def test_replies_without_token_counts_are_estimated_for_the_budget(server):
    server.replies = [(200, {}, {"choices": said("x" * 400)["choices"]})]
    budget = Budget(tokens=150)
    request = ChatRequest([{"role": "user", "content": "y" * 200}])
    replies = asked(server, 3, request=request, budget=budget, concurrency=1)
    assert [reply.status for reply in replies] == ["ok", "error", "error"]
    assert replies[0].output_tokens is None
    assert budget.spent.tokens == 150  # 200 / 4 + 400 / 4


def test_a_limit_in_dollars_needs_prices(server):
    with refuses("unusable-costs", spec(server).name, kind=EndpointError):
        asked(server, budget=Budget(dollars=1.0))
    assert server.requests == []


def test_after_a_stop_nothing_is_sent_and_what_was_sent_is_answered(server):
    stopping = threading.Event()

    def stop(body):
        stopping.set()
        return ok(body)

    server.replies = [ok, ok, stop]
    replies = asked(server, 9, concurrency=1, stop=stopping.is_set)
    assert [reply.cause for reply in replies] == [""] * 3 + ["stopped"] * 6
    assert len(server.requests) == 3


def test_a_stop_ends_a_long_wait(server):
    hours = Hours()
    server.replies = [(429, {"Retry-After": "60"}, SLOW)]
    (reply,) = asked(server, patience=hours.patience(), stop=lambda: hours.now > 3)
    assert (reply.status, reply.cause, reply.attempts) == ("error", "stopped", 1)
    assert 3 < reply.waited < 3.5


# ---------------------------------------------------------------- what is wrong on this side


def test_what_is_wrong_on_this_side_is_raised_before_anything_is_sent(server, monkeypatch):
    for broken, code, part in (
        (spec(server, key_env="NO_SUCH_KEY"), "key-not-set", "NO_SUCH_KEY"),
        (spec(server, base_url="host/v1"), "malformed-value", "https://"),
        (spec(server, base_url=f"http://me:{KEY}@host/v1"), "written-secret", "host"),
    ):
        with refuses(code, part, kind=EndpointError) as caught:
            asked(server, model=broken)
        assert KEY not in str(caught.value)
    with refuses("out-of-bounds", 0, kind=EndpointError):
        asked(server, concurrency=0)
    with refuses("not-running", kind=EndpointError):
        asyncio.run(ChatClient(spec(server)).ask(ASKED))
    assert server.requests == []


def test_the_key_is_in_no_reply_no_error_no_log_and_no_repr(server, caplog):
    caplog.set_level(logging.DEBUG)
    echoed = {"error": {"message": f"you sent Bearer {KEY}"}}
    server.replies = [
        (401, {}, echoed),
        (500, {}, f"<html>{KEY}</html>"),
        (200, {}, f"{KEY}"),
        (200, {}, {"error": {"message": KEY, "code": 400}}),
        (200, {}, said(f"Your key is {KEY}.")),
    ]

    async def run() -> list[object]:
        async with ChatClient(spec(server), Hours().patience(attempts=1)) as client:
            return [*[await client.ask(ASKED) for _ in range(5)], client, client.model]

    seen = asyncio.run(run())
    assert [reply.status for reply in seen[:5]] == ["error"] * 4 + ["ok"]
    assert seen[4].text == "Your key is ***."
    shown = "".join(map(repr, seen)) + caplog.text + "".join(map(str, vars(seen[5]).values()))
    assert KEY not in shown
    assert "***" in shown
    assert caplog.records


def test_a_short_word_of_a_key_is_no_secret_in_a_text(server, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "ollama")
    server.replies = [(200, {}, said("An ollama is no llama."))]
    assert asked(server)[0].text == "An ollama is no llama."


# ---------------------------------------------------------------- log-probabilities


@pytest.mark.parametrize(
    ("logprobs", "mean"),
    [
        # OpenAI, vLLM: (−0.1 − 0.4 − 1.0) / 3
        ({"content": [{"logprob": -0.1}, {"logprob": -0.4}, {"logprob": -1.0}]}, -0.5),
        # llama.cpp: the same with ids and top_logprobs beside
        (
            {"content": [{"id": 5, "token": "B", "logprob": -0.3, "top_logprobs": [{}]}]},
            -0.3,
        ),
        # legacy: the first token has none, (−0.2 − 0.6) / 2
        ({"tokens": ["a", "b", "c"], "token_logprobs": [None, -0.2, -0.6]}, -0.4),
        ({"content": None, "token_logprobs": [-0.25]}, -0.25),
        # unknown tokens are left out: −0.5
        ({"content": [{"logprob": -9999.0}, {"logprob": -0.5}]}, -0.5),
        ({"token_logprobs": [-math.inf, math.nan, "x", True, -0.5]}, -0.5),
        ({"content": [{"token": "x"}, 3, {"logprob": -0.5}]}, -0.5),
        # rounding above 0 counts as 0: (0 − 0.5) / 2
        ({"content": [{"logprob": 0.0004}, {"logprob": -0.5}]}, -0.25),
        ({"content": [{"logprob": 0}, {"logprob": -1}]}, -0.5),
        # a probability is no log-probability
        ({"content": [{"logprob": 0.9}, {"logprob": -0.5}]}, math.nan),
        ({"content": [{"logprob": math.inf}]}, math.nan),
        ({"content": [{"logprob": -9999.0}]}, math.nan),
        ({"content": []}, math.nan),
        ({"content": None, "refusal": [{"logprob": -0.1}]}, math.nan),
        ({}, math.nan),
        (None, math.nan),
        ([-0.5], math.nan),
    ],
)
def test_mean_logprob_of_every_wire_format_by_hand(logprobs, mean):
    assert mean_logprob({"logprobs": logprobs}) == pytest.approx(mean, nan_ok=True)
    assert math.isnan(mean_logprob({}))


# ---------------------------------------------------------------- probing


def probed(server: Script, **limits) -> Probe:
    return asyncio.run(probe(spec(server), Patience(attempts=1, **limits)))


def test_a_probe_tells_a_full_server_from_a_bare_one(server):
    def full(body):
        if not body:
            return 200, {}, {"data": [{"id": "m-1"}, {"id": "m-2"}]}
        text = json.dumps({"first_letter": "A"}) if "response_format" in body else "A"
        return 200, {}, said(text, logprobs={"content": [{"logprob": -0.1}]})

    server.replies = [full]
    found = probed(server)
    assert (found.reachable, found.logprobs, found.schema) == (True, True, True)
    assert found.models == ("m-1", "m-2")
    assert found.latency >= 0
    server.replies = [(404, {}, {}), refusing("logprobs", "response_format")]
    found = probed(server)
    assert (found.reachable, found.logprobs, found.schema) == (True, False, False)
    assert found.models == ()
    assert "not listed" in found.sentences["models"]
    assert set(found.sentences) == {"reachable", "models", "logprobs", "schema", "latency"}


@pytest.mark.parametrize(
    "reply",
    [
        (500, {}, f"broken {KEY}"),
        (401, {}, {"error": {"message": KEY}}),
        (200, {}, "[]"),
        (200, {}, {"data": [3]}),
        SILENT,
    ],
)
def test_a_probe_of_a_broken_server_raises_nothing(server, reply):
    server.replies = [reply]
    found = probed(server, timeout=0.2)
    assert (found.reachable, found.models, found.logprobs, found.schema) == (False, (), None, None)
    assert found.sentences["reachable"].startswith("No answer: ")
    assert KEY not in repr(found)


# ---------------------------------------------------------------- from a notebook


async def _sum(one: int, two: int) -> int:
    await asyncio.sleep(0)
    return one + two


def in_a_loop(call):
    """`call` where a loop runs already, as in a notebook; Ctrl+C raises there."""
    loop = asyncio.new_event_loop()

    async def cell():
        return call()

    try:
        return loop.run_until_complete(cell())
    finally:
        loop.close()


def test_work_runs_to_its_end_with_and_without_a_running_loop():
    assert run_to_end(_sum(1, 2)) == 3
    assert in_a_loop(lambda: run_to_end(_sum(1, 2))) == 3


def test_ctrl_c_in_a_notebook_cancels_the_work_and_waits_for_it():
    ended = []

    async def long():
        await asyncio.sleep(0.1)  # until the first thread waits
        try:
            for _ in range(60):  # Python loses an interrupt that meets a finaliser: press again
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
                await asyncio.sleep(1)
        finally:
            ended.append(True)

    started = time.monotonic()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # as a notebook has it
    try:
        with pytest.raises(KeyboardInterrupt):
            in_a_loop(lambda: run_to_end(long()))
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == [True]
    assert time.monotonic() - started < 10
