"""The served router: an unmodified client gets answers, every fault has its code, nothing hangs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import httpx
import numpy as np
import openai
import pytest
import uvicorn
from conftest import label_record, make_world
from fake_upstream import USAGE, WORDS, FakeUpstream
from prometheus_client.parser import text_string_to_metric_families
from refusals import refuses
from serve_load import run_clients
from typer.testing import CliRunner
from web import WEB

import cascal
from cascal import serve
from cascal.cli import app as cli
from cascal.datatypes import CascalError
from cascal.encode.encoders import MINILM, load_encoder
from cascal.endpoint.pool_file import PoolModel, parse_pool, read_pool, write_pool
from cascal.explain import explain
from cascal.serve import app as serve_app
from cascal.serve import upstream as upstreams
from cascal.serve.bodies import listed_options
from cascal.serve.connections import BoundedConnection, FewLines
from cascal.serve.decide import MAX_BATCH, Decider, Decision, decision_headers
from cascal.serve.errors import STATUS, ApiError
from cascal.serve.events import EventStream
from cascal.serve.gate import Gate
from cascal.serve.metrics import Metrics
from cascal.serve.options import ServeOptions
from cascal.serve.replies import ClientGone, unless_gone
from cascal.serve.upstream import KEPT_SECONDS, Upstream
from cascal.simulate import simulated_pool

KEY = "sk-marker-0123456789-never-shown"
QUESTION = [{"role": "user", "content": "Which of the two?"}]


class FakeEncoder:
    id, dimension, n_cut = "test", 12, 0

    def encode(self, texts, progress=None):
        rows = [np.random.default_rng(zlib.crc32(t.encode())).normal(size=12) for t in texts]
        return np.stack(rows) / np.linalg.norm(rows, axis=1, keepdims=True)


def fitted_router(**settings):
    votes, vectors, _ = make_world(seed=4)
    fitted = cascal.fit(votes, vectors, cascal.FitSettings(**settings))
    return fitted.router(cascal.Thresholds(top_k=3))


@pytest.fixture(scope="module")
def router():
    return fitted_router()


@pytest.fixture(scope="module")
def upstream():
    with FakeUpstream() as server:
        yield server


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("FAKE_KEY", KEY)


@contextlib.contextmanager
def running(app):
    """The application behind uvicorn, in a thread; yields its address."""
    listening = serve.listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=2, http=BoundedConnection, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
        assert not thread.is_alive()


def pool_of(router, urls, key_env="FAKE_KEY"):
    """Every model at one address, or by name."""
    rows = [
        {
            "name": name,
            "model_id": f"id-of-{name}",
            "base_url": urls if isinstance(urls, str) else urls[name],
            "key_env": key_env,
            "input_price": 1.0,
            "output_price": 2.0,
        }
        for name in router.models
    ]
    return serve.choose_models(parse_pool(rows), router.models)


def app_of(router, urls, *, encoder=None, key_env="FAKE_KEY", **options):
    options = serve.ServeOptions(**{"timeout": 5.0, **options})
    return serve.create_app(
        router, pool_of(router, urls, key_env), encoder or FakeEncoder(), options
    )


@pytest.fixture(scope="module")
def served(router, upstream):
    with running(app_of(router, upstream.url("normal"))) as address:
        yield address


def measured(text, name, **labels):
    """The values of a metric's samples with these labels, in their order."""
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def ask(address, model="cascal", *, api_key="unused", **more):
    body = {"model": model, "messages": QUESTION, **more}
    headers = {"Authorization": f"Bearer {api_key}"}
    return WEB.post(f"{address}/v1/chat/completions", json=body, headers=headers, timeout=20)


def code_of(response):
    return response.json()["error"]["code"]


def expected(router, text="Which of the two?"):
    return router.route(FakeEncoder().encode([text]))


# An unmodified client


def test_a_sync_client_is_answered_by_the_first_model_of_the_route(served, router, upstream):
    with openai.OpenAI(base_url=f"{served}/v1", api_key="unused") as client:
        raw = client.chat.completions.with_raw_response.create(
            model="cascal", messages=QUESTION, temperature=0.3
        )
    answer, first = raw.parse(), router.models[expected(router).selected[0, 0]]
    assert answer.choices[0].message.content == "".join(WORDS)
    assert raw.headers["x-cascal-model"] == first
    assert answer.model_extra["cascal"]["model"] == first
    mode, headers, body = upstream.requests[-1]
    assert (mode, body["model"], body["temperature"]) == ("normal", f"id-of-{first}", 0.3)
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "cascal" not in body


def test_the_decision_in_headers_and_body_is_the_routers(served, router):
    response, routes = ask(served), expected(router)
    stated = response.json()["cascal"]
    scores = np.sort(routes.scores[0])[::-1]
    assert stated["selected"] == [router.models[m] for m in routes.selected[0]]
    assert stated["task"] == router.tasks[routes.task[0]]
    assert stated["cluster"] == routes.cluster[0]
    assert stated["distance"] == pytest.approx(routes.distance[0], abs=1e-6)
    assert stated["margin"] == pytest.approx(scores[0] - scores[1], abs=1e-6)
    assert stated["mode"] == "first"
    assert stated["cost"] == pytest.approx((10 * 1.0 + 4 * 2.0) / 1e6)
    for name in ("model", "task", "cluster", "distance", "margin", "mode"):
        assert response.headers[f"x-cascal-{name}"] == str(stated[name])
    assert float(response.headers["x-cascal-overhead-ms"]) >= 0


def test_a_router_with_one_cluster_a_task_serves_its_own_routes(upstream, tmp_path):
    fitted_router(clusters="task").save(tmp_path / "r.cascal")
    by_task = cascal.Router.load(tmp_path / "r.cascal")
    assert len(by_task.clusters) == 3
    with running(app_of(by_task, upstream.url("normal"))) as address:
        for text in ("One?", "Another?", "A third?"):
            stated = ask(address, messages=[{"role": "user", "content": text}]).json()["cascal"]
            routes = expected(by_task, text)
            assert stated["selected"] == [by_task.models[m] for m in routes.selected[0]]
            assert stated["cluster"] == routes.task[0] == routes.cluster[0]
            assert stated["task"] == by_task.tasks[routes.task[0]]


def test_an_async_client_is_answered_too(served):
    async def asking():
        async with openai.AsyncOpenAI(base_url=f"{served}/v1", api_key="unused") as client:
            answer = await client.chat.completions.create(model="cascal", messages=QUESTION)
            stream = await client.chat.completions.create(
                model="cascal", messages=QUESTION, stream=True
            )
            return answer, [piece async for piece in stream]

    answer, pieces = asyncio.run(asking())
    assert answer.usage.total_tokens == USAGE["total_tokens"]
    assert [piece.choices[0].delta.content for piece in pieces] == list(WORDS)


def test_a_stream_is_passed_on_piece_by_piece_with_the_decision_in_the_first(served, router):
    with (
        openai.OpenAI(base_url=f"{served}/v1", api_key="unused") as client,
        client.chat.completions.with_streaming_response.create(
            model="cascal", messages=QUESTION, stream=True
        ) as raw,
    ):
        assert raw.headers["content-type"].startswith("text/event-stream")
        first = router.models[expected(router).selected[0, 0]]
        assert raw.headers["x-cascal-model"] == first
        lines = [line for line in raw.iter_lines() if line]
    pieces = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert lines[-1] == "data: [DONE]"
    assert [piece["choices"][0]["delta"]["content"] for piece in pieces] == list(WORDS)
    assert pieces[0]["cascal"]["model"] == first
    assert not any("cascal" in piece for piece in pieces[1:])


def test_models_are_listed_for_a_client(served, router):
    with openai.OpenAI(base_url=f"{served}/v1", api_key="unused") as client:
        names = [one.id for one in client.models.list()]
    assert names == ["cascal", "cascal-vote", *router.models]


def test_a_named_model_is_asked_whatever_the_router_says(served, router, upstream):
    last = router.models[-1]
    response = ask(served, last)
    assert upstream.requests[-1][2]["model"] == f"id-of-{last}"
    assert response.headers["x-cascal-mode"] == "named"
    assert "x-cascal-task" not in response.headers
    assert code_of(ask(served, last, cascal={"mode": "vote"})) == "invalid_body"


def test_content_in_parts_is_routed_by_its_text(served, router):
    parts = [{"type": "text", "text": "Which of"}, {"type": "image_url", "image_url": {"url": "x"}}]
    stated = ask(served, messages=[{"role": "user", "content": parts}]).json()["cascal"]
    assert stated["cluster"] == expected(router, "Which of").cluster[0]


# Voting


def say(upstream, router, *answers, logprobs=(None, None, None)):
    """What the three selected models answer; returns their names."""
    names = [router.models[m] for m in expected(router).selected[0]]
    for name, answer, logprob in zip(names, answers, logprobs, strict=True):
        upstream.texts[f"id-of-{name}"] = answer
        upstream.logprobs[f"id-of-{name}"] = logprob
    return names


@pytest.fixture
def talkative(upstream):
    yield upstream
    upstream.texts.clear()
    upstream.logprobs.clear()


@pytest.mark.parametrize(
    ("answers", "logprobs", "n_options", "winner", "agreeing"),
    [
        (("It is (A).", "The answer is (B).", "The answer is (B)."), (None,) * 3, 4, 1, 2),
        (("The answer is (C).", "(B)", "(A)"), (None,) * 3, 4, 0, 1),
        (("The answer is (C).", "(B)", "(A)"), (-3.0, -0.01, -2.0), 4, 1, 1),
        (("No idea at all", "The answer is (D).", "The answer is (C)."), (None,) * 3, 4, 1, 1),
        (("The answer is 0.5", "The answer is 7", "The answer is 1/2"), (None,) * 3, 0, 0, 2),
        (("I would rather not.",) * 3, (None,) * 3, 4, 0, 0),
    ],
)
def test_a_vote_is_counted_as_final_answers_counts_it(
    served, router, talkative, answers, logprobs, n_options, winner, agreeing
):
    """Plurality; ties to the larger confidence where known, else to the better model."""
    names = say(talkative, router, *answers, logprobs=logprobs)
    response = ask(served, "cascal-vote", cascal={"n_options": n_options})
    body = response.json()
    stated = body["cascal"]
    assert body["choices"][0]["message"]["content"] == answers[winner]
    assert stated["model"] == names[winner] == response.headers["x-cascal-model"]
    assert stated["agreeing"] == agreeing
    assert [one["model"] for one in stated["votes"]] == names
    assert sum(one["won"] for one in stated["votes"]) == agreeing
    assert stated["cost"] == pytest.approx(3 * (10 * 1.0 + 4 * 2.0) / 1e6)


def test_options_are_counted_in_the_question():
    assert listed_options("Which?\nA. one\nB. two\nC. three") == ("one", "two", "three")
    assert listed_options("Which?\n(A) one\n(B) two") == ("one", "two")
    assert listed_options("A. Lincoln was born when?") == ()
    assert listed_options("Plan:\nA. first\n\nWhich?\nA. one\nB. two") == ("one", "two")


def test_top_k_says_how_many_are_asked(served, router, talkative):
    before = len(talkative.requests)
    stated = ask(served, "cascal", cascal={"mode": "vote", "top_k": 2}).json()["cascal"]
    assert len(stated["votes"]) == len(talkative.requests) - before == 2
    assert stated["mode"] == "vote"


def test_a_vote_survives_a_dead_model_and_fails_when_all_are_dead(router, upstream):
    names = [router.models[m] for m in expected(router).selected[0]]
    urls = dict.fromkeys(router.models, upstream.url("normal"))
    urls[names[0]] = upstream.url("e500")
    with running(app_of(router, urls)) as address:
        stated = ask(address, "cascal-vote").json()["cascal"]
    assert stated["votes"][0]["error"] == "upstream_error"
    assert stated["model"] == names[1]
    with running(app_of(router, upstream.url("e500"))) as address:
        assert code_of(ask(address, "cascal-vote")) == "upstream_error"


# Dry routes


def test_route_gives_the_routers_decision_and_trace_without_a_call(served, router, upstream):
    before = len(upstream.requests)
    row = WEB.post(f"{served}/route", json={"text": "Why?"}).json()
    vector = FakeEncoder().encode(["Why?"])[0]
    assert row["trace"] == json.loads(json.dumps(explain(router, vector).to_dict()))
    assert row["selected"] == row["trace"]["selected"]
    assert row["trace"]["caution"] == explain(router, vector).caution
    by_vector = WEB.post(f"{served}/route", json={"vector": (7 * vector).tolist()}).json()
    assert by_vector["model"] == row["model"]
    assert by_vector["distance"] == pytest.approx(row["distance"], abs=1e-6)
    assert len(upstream.requests) == before


def test_a_batch_of_routes_equals_single_ones(served, router):
    texts = [f"Question {number}" for number in range(9)]
    body = {"texts": texts, "trace": False, "top_k": 2}
    rows = WEB.post(f"{served}/route", json=body).json()["routes"]
    singles = [
        WEB.post(f"{served}/route", json={"text": text, "trace": False, "top_k": 2}).json()
        for text in texts
    ]
    assert rows == singles
    assert all(len(row["selected"]) == 2 and "trace" not in row for row in rows)
    traced = WEB.post(f"{served}/route", json={"texts": texts[:2], "top_k": 1}).json()["routes"]
    assert [row["trace"]["selected"] for row in traced] == [row["selected"] for row in traced]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "a", "texts": ["b"]},
        {"text": " "},
        {"texts": []},
        {"texts": ["a"] * 257},
        {"texts": [1]},
        {"vector": [0.0] * 12},
        {"vector": [1.0] * 11},
        {"vector": ["1"] * 12},
        {"vector": [1e308] * 12},
        {"vectors": [[1.0] * 12, [1.0] * 11]},
        {"vector": []},
        {"text": "a", "top_k": 0},
        {"text": "a", "top_k": 99},
        {"text": "a", "trace": "yes"},
        {"text": "a", "texte": "b"},
    ],
)
def test_a_wrong_route_is_refused(served, body):
    response = WEB.post(f"{served}/route", json=body)
    assert (response.status_code, code_of(response)) == (400, "invalid_body")


# Faults of upstreams


FAULTS = [
    ("slow", 504, "upstream_timeout"),
    ("cut", 502, "upstream_malformed"),
    ("wrong", 502, "upstream_malformed"),
    ("empty", 502, "upstream_malformed"),
    ("huge", 502, "upstream_malformed"),
    ("gateway", 502, "upstream_error"),
    ("e500", 502, "upstream_error"),
    ("e429", 429, "upstream_rate_limited"),
    ("e401", 502, "upstream_key_refused"),
    ("e404", 502, "upstream_not_found"),
    ("e400", 400, "upstream_refused"),
]


@pytest.mark.parametrize(("mode", "status", "code"), FAULTS)
def test_every_fault_of_an_upstream_has_its_status_and_code(router, upstream, mode, status, code):
    with running(app_of(router, upstream.url(mode), timeout=1.0, max_answer=100_000)) as address:
        begun = time.monotonic()
        response = ask(address)
        assert time.monotonic() - begun < 3
        assert (response.status_code, code_of(response)) == (status, code)
        assert response.headers["x-cascal-model"] in router.models
        assert status == STATUS[code]
        if mode == "e429":
            assert response.headers["retry-after"] == "7"
        if mode == "e401":
            assert "FAKE_KEY" in response.text
        assert f'outcome="{code}"' in WEB.get(f"{address}/metrics").text


UNLIKELY = (
    *("NaN", "Infinity", "-Infinity", "1e999", "[" * 5000, "9" * 5000, "{", "null", "[]", '"x"'),
    '{"choices": [{"message": {"content": "A"}}], "usage": {"prompt_tokens": NaN}}',
    '{"choices": [{"message": {"content": "A"}, "logprobs": {"content": [{"logprob": 1e400}]}}]}',
    '{"choices": [{"message": "A"}]}',
    '{"choices": {"0": 1}}',
    *('{"choices": null}', '{"choices": [{"message": {"content": 5}}]}', "\x00"),
)
ODD_BUT_WHOLE = (
    '{"choices": [{"message": {"content": "A"}}], "usage": {"prompt_tokens": %s}}' % ("9" * 400),
    '{"choices": [{"message": {"content": ["A"]}}], "usage": {"prompt_tokens": -5}}',
    '{"choices": [{"message": {"content": "A"}, "logprobs": {"content": [{"logprob": -1e308}]}}]}',
)


@pytest.mark.parametrize("model", ["cascal", "cascal-vote"])
@pytest.mark.parametrize("reply", [*UNLIKELY, *ODD_BUT_WHOLE])
def test_no_reply_of_an_upstream_is_a_fault_of_ours(unlikely, reply, model):
    response = ask(unlikely, model, messages=[{"role": "user", "content": reply}])
    if reply in ODD_BUT_WHOLE:
        assert response.status_code == 200
        assert response.json()["cascal"]["cost"] is None
    else:
        assert (response.status_code, code_of(response)) == (502, "upstream_malformed")


@pytest.mark.parametrize("model", ["cascal", "cascal-vote"])
def test_an_error_inside_of_a_choice_is_one_of_the_upstream(unlikely, model):
    """As gateways send it under status 200, with an empty message beside it."""
    choice = '{"message": {"content": ""}, "finish_reason": "error", "error": {"code": 502}}'
    reply = f'{{"choices": [{choice}]}}'
    response = ask(unlikely, model, messages=[{"role": "user", "content": reply}])
    assert (response.status_code, code_of(response)) == (502, "upstream_error")


@pytest.mark.parametrize("reply", ["NaN", '{"choices": [], "created": Infinity}', "9" * 5000])
def test_no_first_event_of_an_upstream_is_a_fault_of_ours(unlikely, reply):
    response = ask(unlikely, messages=[{"role": "user", "content": reply}], stream=True)
    assert (response.status_code, code_of(response)) == (502, "upstream_malformed")


@pytest.fixture(scope="module")
def unlikely(router, upstream):
    """A server whose upstreams answer with the question itself."""
    with running(app_of(router, upstream.url("unlikely"))) as address:
        yield address


TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


def test_several_choices_tools_and_json_mode_are_passed_through(router, upstream):
    asked = {"n": 2, "tools": TOOLS, "response_format": {"type": "json_object"}}
    with (
        running(app_of(router, upstream.url("full"))) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="unused") as client,
    ):
        answer = client.chat.completions.create(model="cascal", messages=QUESTION, **asked)
        vote = client.chat.completions.create(model="cascal-vote", messages=QUESTION, **asked)
    for one in (answer, vote):
        assert json.loads(one.choices[1].message.content) == asked
        assert one.choices[0].message.tool_calls[0].function.name == "look"


@pytest.mark.parametrize("model", ["cascal", "cascal-vote"])
@pytest.mark.parametrize(
    "content", ["", "  ", [], [{"type": "image_url", "image_url": {"url": "data:image/png;x"}}]]
)
def test_a_query_without_text_goes_to_the_best_model_overall(served, router, content, model):
    response = ask(served, model, messages=[{"role": "user", "content": content}])
    best = router.models[int(np.argmax(router.overall))]
    assert response.status_code == 200
    assert response.headers["x-cascal-model"] == best
    assert response.headers["x-cascal-reason"] == "no_text"
    assert response.json()["cascal"]["reason"] == "no_text"
    assert "x-cascal-reason" not in ask(served, model).headers


def test_a_response_is_a_chat_completion_in_other_words(served, router, upstream):
    schema = {"type": "json_schema", "name": "s", "schema": {"type": "object"}}
    with openai.OpenAI(base_url=f"{served}/v1", api_key="unused") as client:
        answer = client.responses.create(
            model="cascal",
            instructions="Be short.",
            input=[{"role": "user", "content": [{"type": "input_text", "text": "Which?"}]}],
            max_output_tokens=7,
            temperature=0.5,
            text={"format": schema},
        )
    assert answer.output_text == "".join(WORDS)
    assert (answer.status, answer.usage.input_tokens) == ("completed", USAGE["prompt_tokens"])
    assert answer.model_extra["cascal"]["model"] in router.models
    sent = upstream.requests[-1][2]
    assert sent["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": [{"type": "text", "text": "Which?"}]},
    ]
    assert (sent["max_tokens"], sent["temperature"]) == (7, 0.5)
    inner = {"name": "s", "schema": {"type": "object"}}
    assert sent["response_format"] == {"type": "json_schema", "json_schema": inner}


def test_a_response_streams_as_clients_expect(served):
    with openai.OpenAI(base_url=f"{served}/v1", api_key="unused") as client:
        events = list(client.responses.create(model="cascal", input="Which?", stream=True))
    assert [one.sequence_number for one in events] == list(range(len(events)))
    deltas = [one.delta for one in events if one.type == "response.output_text.delta"]
    assert deltas == list(WORDS)
    assert [events[0].type, events[-1].type] == ["response.created", "response.completed"]
    assert events[-1].response.output_text == "".join(WORDS)


def test_a_response_whose_stream_breaks_has_failed(router, upstream):
    with (
        running(app_of(router, upstream.url("cut"), timeout=4.0)) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as client,
    ):
        *_, last = client.responses.create(model="cascal", input="Which?", stream=True)
    assert (last.type, last.response.status) == ("response.failed", "failed")
    assert "broke off" in last.response.error.message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"type": "web_search"}]),
        ("previous_response_id", "resp_1"),
        ("background", True),
        ("input", []),
        ("input", [{"type": "function_call_output", "output": "x"}]),
        ("input", [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]),
        ("instructions", 3),
    ],
)
def test_what_a_response_cannot_be_is_refused_by_name(served, field, value):
    body = {"model": "cascal", "input": "Which?", field: value}
    refused = WEB.post(f"{served}/v1/responses", json=body)
    assert (refused.status_code, code_of(refused)) == (400, "invalid_body")
    assert refused.json()["error"]["param"] == field


def test_one_model_can_be_looked_up(served, router):
    with openai.OpenAI(base_url=f"{served}/v1", api_key="unused") as client:
        assert client.models.retrieve(router.models[0]).id == router.models[0]
        assert client.models.retrieve("cascal").id == "cascal"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("org/unknown")


def test_vectors_are_those_the_router_decides_by(served, router):
    texts = ["One text", "Another"]
    expected_rows = FakeEncoder().encode(texts)
    with openai.OpenAI(base_url=f"{served}/v1", api_key="unused") as client:
        for form in ({}, {"encoding_format": "float"}):
            answer = client.embeddings.create(model="any", input=texts, **form)
            rows = [one.embedding for one in answer.data]
            np.testing.assert_allclose(rows, expected_rows, atol=1e-6)
        assert answer.model == router.encoder
        with pytest.raises(openai.BadRequestError) as caught:
            client.embeddings.create(model="any", input=["x", " "])
    assert caught.value.param == "input"


def test_a_dead_upstream_is_a_502(router):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with running(app_of(router, url)) as address:
            response = ask(address)
            streamed = ask(address, stream=True)
    assert (response.status_code, code_of(response)) == (502, "upstream_unreachable")
    assert (streamed.status_code, code_of(streamed)) == (502, "upstream_unreachable")


def test_a_model_that_accepts_no_connection_is_unreachable_and_the_wait_is_told(
    router, monkeypatch
):
    monkeypatch.setattr(upstreams, "CONNECT_SECONDS", 0.3)
    with full_queue() as url, running(app_of(router, url)) as address:
        response = ask(address)
    assert (response.status_code, code_of(response)) == (502, "upstream_unreachable")
    assert "0.3 s" in response.text


@contextlib.contextmanager
def full_queue():
    """The address of a socket whose queue of connections is full, so that it takes no other."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def ranked(router):
    """All models, best first, for the question the tests ask."""
    scores = expected(router).scores[0]
    return [router.models[m] for m in np.argsort(-scores, kind="stable")]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["e500", "e429", "e401", "slow", "wrong"])
def test_the_next_model_of_the_route_answers_where_the_first_fails(router, upstream, fault, stream):
    first, second, third, *_ = ranked(router)
    urls = dict.fromkeys(router.models, upstream.url("normal"))
    urls[first] = urls[second] = upstream.url(fault)
    with (
        running(app_of(router, urls, timeout=1.0, failover=2)) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as client,
    ):
        answered = client.chat.completions.with_raw_response.create(
            model="cascal", messages=QUESTION, stream=stream
        )
        metrics = WEB.get(f"{address}/metrics").text
        said = answered.parse()
    assert answered.headers["x-cascal-model"] == third
    assert answered.headers["x-cascal-failed"] == f"{first}, {second}"
    if not stream:
        stated = said.model_extra["cascal"]
        assert (stated["model"], stated["failed"]) == (third, [first, second])
        labels = {"model": third, "mode": "first", "outcome": "ok"}
        assert measured(metrics, "cascal_requests_total", **labels) == [1]
    assert measured(metrics, "cascal_upstream_failures_total", model=first) == [1]


def test_the_seconds_of_failed_models_are_no_overhead(router, upstream):
    first, second, *_ = ranked(router)
    urls = dict.fromkeys(router.models, upstream.url("normal"))
    urls[first] = upstream.url("slow")
    with running(app_of(router, urls, timeout=2.0, failover=1)) as address:
        response = ask(address)
    assert response.headers["x-cascal-model"] == second
    assert float(response.headers["x-cascal-overhead-ms"]) < 1000  # half of what the first took


def test_where_all_fail_the_error_is_that_of_the_first(router, upstream):
    first, second, third, *_ = ranked(router)
    urls = dict.fromkeys(router.models, upstream.url("e500"))
    urls[first] = upstream.url("e429")
    before = len(upstream.requests)
    with running(app_of(router, urls, failover=2)) as address:
        response = ask(address)
    assert (response.status_code, code_of(response)) == (429, "upstream_rate_limited")
    assert response.headers["x-cascal-model"] == first
    assert response.headers["x-cascal-failed"] == ", ".join((first, second, third))
    assert len(upstream.requests) - before == 3


@pytest.mark.parametrize(("fault", "failover"), [("e400", 2), ("e500", 0)])
def test_no_other_model_is_asked_for_a_refused_request_or_without_failover(
    router, upstream, fault, failover
):
    before = len(upstream.requests)
    with running(app_of(router, upstream.url(fault), failover=failover)) as address:
        assert ask(address).status_code >= 400
        assert len(upstream.requests) - before == 1
        assert ask(address, router.models[-1]).headers["x-cascal-failed"] == router.models[-1]
    assert len(upstream.requests) - before == 2


def test_more_failover_than_models_asks_each_once(router, upstream):
    before = len(upstream.requests)
    with running(app_of(router, upstream.url("e500"), failover=99)) as address:
        assert ask(address).status_code == 502
    assert len(upstream.requests) - before == len(router.models)


def test_an_error_reaches_an_unmodified_client_as_its_own_exception(router, upstream):
    with (
        running(app_of(router, upstream.url("slow"), timeout=0.2)) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as client,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        client.chat.completions.create(model="cascal", messages=QUESTION)
    assert caught.value.code == "upstream_timeout"


@pytest.mark.parametrize(
    ("mode", "code"),
    [("wrong", "upstream_malformed"), ("e500", "upstream_error"), ("slow", "upstream_timeout")],
)
def test_a_stream_that_never_starts_is_a_plain_error(router, upstream, mode, code):
    with running(app_of(router, upstream.url(mode), timeout=1.0)) as address:
        response = ask(address, stream=True)
        assert (response.status_code, code_of(response)) == (STATUS[code], code)


@pytest.mark.parametrize(
    ("mode", "words", "code"), [("cut", 2, "upstream_cut"), ("silent", 1, "upstream_timeout")]
)
def test_a_stream_that_breaks_ends_in_an_error_the_client_raises(
    router, upstream, mode, words, code
):
    with (
        running(app_of(router, upstream.url(mode), timeout=1.0)) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as client,
    ):
        pieces = []
        stream = client.chat.completions.create(model="cascal", messages=QUESTION, stream=True)
        with pytest.raises(openai.APIError) as caught:
            pieces.extend(stream)
        assert len(pieces) == words
        assert caught.value.code == code
        assert f'outcome="{code}"' in WEB.get(f"{address}/metrics").text


def test_no_key_is_an_error_that_names_the_variable(router, upstream, monkeypatch):
    app = app_of(router, upstream.url("normal"))
    monkeypatch.delenv("FAKE_KEY")
    with running(app) as address:
        response = ask(address)
    assert (response.status_code, code_of(response)) == (500, "key_not_configured")
    assert "FAKE_KEY" in response.json()["error"]["message"]


# Faults of clients


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"not json", 400, "invalid_body"),
        (b"[1]", 400, "invalid_body"),
        (b'{"model": "cascal", "messages": NaN}', 400, "invalid_body"),
        (b'{"a":' * 5000, 400, "invalid_body"),
        ({"messages": QUESTION}, 400, "invalid_body"),
        ({"model": "cascal"}, 400, "invalid_body"),
        ({"model": "cascal", "messages": []}, 400, "invalid_body"),
        ({"model": "cascal", "messages": QUESTION, "stream": "yes"}, 400, "invalid_body"),
        ({"model": "cascal", "messages": QUESTION, "cascal": {"k": 1}}, 400, "invalid_body"),
        ({"model": "cascal", "messages": QUESTION, "cascal": {"mode": "x"}}, 400, "invalid_body"),
        ({"model": "cascal", "messages": QUESTION, "cascal": {"top_k": 9}}, 400, "invalid_body"),
        (
            {"model": "cascal", "messages": QUESTION, "cascal": {"n_options": 1}},
            400,
            "invalid_body",
        ),
        (
            {"model": "cascal", "messages": [{"role": "system", "content": "x"}]},
            400,
            "no_user_text",
        ),
        ({"model": "cascal", "messages": [{"role": "user", "content": 7}]}, 400, "no_user_text"),
        ({"model": "cascal-vote", "messages": QUESTION, "stream": True}, 400, "vote_cannot_stream"),
        ({"model": "gpt-unknown", "messages": QUESTION}, 404, "model_not_found"),
    ],
)
def test_a_wrong_body_is_refused_with_its_code(served, body, status, code):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    response = WEB.post(f"{served}/v1/chat/completions", content=content, headers=headers)
    assert (response.status_code, code_of(response)) == (status, code)
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_a_page_in_a_browser_cannot_post_to_the_server_unasked(served):
    body = json.dumps({"model": "cascal", "messages": QUESTION})
    headers = {"Content-Type": "text/plain"}
    response = WEB.post(f"{served}/v1/chat/completions", content=body, headers=headers)
    assert (response.status_code, code_of(response)) == (400, "invalid_body")


@pytest.mark.parametrize("path", ["/v1/models", "/health", "/metrics", "/nothing"])
def test_a_foreign_host_name_is_refused_on_every_path(served, path):
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
        rebound = WEB.get(f"{served}{path}", headers={"Host": host})
        assert (rebound.status_code, code_of(rebound)) == (403, "host_not_allowed")


def test_other_paths_and_methods_are_openai_errors(served):
    assert code_of(WEB.get(f"{served}/nothing")) == "not_found"
    assert code_of(WEB.get(f"{served}/route")) == "method_not_allowed"
    assert WEB.get(f"{served}/docs").status_code == 404


def test_a_body_too_large_is_refused_declared_or_not(router, upstream):
    with running(app_of(router, upstream.url("normal"), max_body=2000)) as address:
        large = [{"role": "user", "content": "x" * 3000}]
        assert code_of(ask(address, messages=large)) == "body_too_large"
        response = WEB.post(
            f"{address}/v1/chat/completions",
            content=(b" " * 500 for _ in range(5)),
            headers={"Content-Type": "application/json"},
        )
        assert (response.status_code, code_of(response)) == (413, "body_too_large")


def test_a_body_that_never_comes_is_given_up(router, upstream):
    with running(app_of(router, upstream.url("normal"), body_seconds=0.2)) as address:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(
                b"POST /route HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
            assert b"408" in client.recv(4096).partition(b"\r\n")[0]


def test_beyond_the_queue_requests_are_refused_at_once(router, upstream):
    options = {"timeout": 2.0, "concurrency": 1, "queue": 1}
    with running(app_of(router, upstream.url("slow"), **options)) as address:
        outcomes = []
        asking = [threading.Thread(target=lambda: outcomes.append(ask(address))) for _ in range(6)]
        begun = time.monotonic()
        for one in asking:
            one.start()
        for one in asking:
            one.join(20)
        assert time.monotonic() - begun < 6
    codes = [code_of(one) for one in outcomes]
    assert len(codes) == 6
    assert codes.count("overloaded") >= 4
    refused = outcomes[codes.index("overloaded")]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")


def test_the_gate_gives_places_back_and_counts():
    async def run():
        gate = Gate(1, 1, 0.05)
        await gate.enter()
        waiting = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        with refuses("overloaded", "1 wait", kind=ApiError):
            await gate.enter()
        with refuses("overloaded", "0.05 s", kind=ApiError):
            await waiting
        assert (gate.inside, gate.waiting) == (1, 0)
        gate.leave()
        await gate.enter()
        gate.leave()

    asyncio.run(run())


@pytest.mark.parametrize(("mode", "stream"), [("slow", False), ("slow", True), ("silent", True)])
def test_a_client_that_leaves_ends_the_upstream_call(router, mode, stream):
    with FakeUpstream() as upstream, running(app_of(router, upstream.url(mode))) as address:
        body = {"model": "cascal", "messages": QUESTION, "stream": stream}
        with contextlib.suppress(httpx.TimeoutException):
            WEB.post(f"{address}/v1/chat/completions", json=body, timeout=0.3)
        deadline = time.monotonic() + 3  # far less than the 5 s an upstream may take
        while not upstream.gone and time.monotonic() < deadline:
            time.sleep(0.02)
        assert upstream.gone == [mode]
        metrics = WEB.get(f"{address}/metrics").text
        assert 'outcome="client_gone"' in metrics
        assert "cascal_requests_inside 0" in metrics


def gone_after(n_turns):
    """The messages of a client that hangs up after so many turns of the loop."""

    async def receive():
        for _ in range(n_turns):
            await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    return receive


def test_no_connection_is_lost_whenever_a_client_leaves(router):
    """Neither while it is made, nor while it is given back, nor of a stream that has just begun."""

    async def run(model, upstream):
        calls = Upstream(ServeOptions(timeout=5.0))
        n_gone = 0
        for n_turns in range(60):
            for work in (
                calls.complete(model, {"messages": QUESTION}),
                calls.stream(model, {"messages": QUESTION, "stream": True}),
            ):
                try:
                    found = await unless_gone(gone_after(n_turns), work)
                except ClientGone:
                    n_gone += 1
                else:
                    if isinstance(found, EventStream):
                        await found.close()
        await asyncio.sleep(KEPT_SECONDS + 0.2)
        await calls.complete(model, {"messages": QUESTION})  # the others are too old by now
        deadline = time.monotonic() + 5
        while upstream.n_open > 1 and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        n_open = upstream.n_open
        await calls.close()
        return n_gone, n_open

    with FakeUpstream() as upstream:
        model = next(iter(pool_of(router, upstream.url("normal")).models.values()))
        n_gone, n_open = asyncio.run(run(model, upstream))
    assert n_gone > 20
    assert n_open == 1


def test_a_client_that_leaves_the_queue_makes_room(router):
    with (
        FakeUpstream() as upstream,
        running(app_of(router, upstream.url("slow"), concurrency=1, queue=1)) as address,
    ):
        url = f"{address}/v1/chat/completions"
        body = {"model": "cascal", "messages": QUESTION}

        def waiting(n):
            deadline = time.monotonic() + 2  # less than the 5 s of who is inside
            shown = f"cascal_requests_waiting {n}"
            while shown not in WEB.get(f"{address}/metrics").text:
                assert time.monotonic() < deadline, shown
                time.sleep(0.02)

        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(WEB.post, url, json=body, timeout=10)
            while not upstream.requests:
                time.sleep(0.02)
            with pytest.raises(httpx.TimeoutException):
                WEB.post(url, json=body, timeout=0.3)
            waiting(0)
            with pytest.raises(httpx.TimeoutException):  # it may wait, too
                WEB.post(url, json=body, timeout=0.3)
            assert first.result().status_code == 504


def test_a_client_that_reads_nothing_is_let_go(router, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "stall_seconds", 0.3)
    body = json.dumps({"model": "cascal", "messages": QUESTION, "stream": True}).encode()
    head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with (
        FakeUpstream() as upstream,
        running(app_of(router, upstream.url("flood"))) as address,
        socket.socket() as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", int(address.rpartition(":")[2])))
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n" + head + body)
        deadline = time.monotonic() + 15
        while not upstream.requests or upstream.n_open:
            assert time.monotonic() < deadline, "the upstream still sends"
            time.sleep(0.05)
        assert "cascal_requests_inside 0" in WEB.get(f"{address}/metrics").text


@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_a_stream_that_was_read_to_its_end_is_counted_as_ok(router, upstream, path):
    asked = {"messages": QUESTION} if path.startswith("chat") else {"input": "Why?"}
    with running(app_of(router, upstream.url("normal"))) as address:
        reply = WEB.post(f"{address}/v1/{path}", json={"model": "cascal", "stream": True, **asked})
        assert reply.status_code == 200
        metrics = WEB.get(f"{address}/metrics").text
    assert 'outcome="ok"' in metrics
    assert "client_gone" not in metrics


# Connections


def half_sent(port):
    """A connection on which the head of a request begins and does not end."""
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(b"GET /health HTTP/1.1\r\nHost: localh")
    return client


def closed(client):
    """Whether the server ends a connection before 5 s have passed."""
    client.settimeout(5)
    with contextlib.suppress(ConnectionResetError):
        while client.recv(4096):
            pass
    return True


@pytest.fixture
def bounded(router, upstream, monkeypatch):
    """A server that takes four connections and waits 0.3 s for the head of a request."""
    monkeypatch.setattr(BoundedConnection, "head_seconds", 0.3)
    monkeypatch.setattr(BoundedConnection, "max_connections", 4)
    with running(app_of(router, upstream.url("normal"))) as address:
        yield address, int(address.rpartition(":")[2])


def test_half_a_head_is_not_awaited_for_ever(bounded):
    address, port = bounded
    with half_sent(port) as client, socket.create_connection(("127.0.0.1", port)) as silent:
        assert closed(client)
        assert closed(silent)
    assert WEB.get(f"{address}/health").status_code == 200


def test_half_a_second_head_on_a_used_connection_is_not_awaited_either(bounded):
    _, port = bounded
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.sendall(b"GET /hea")
        assert closed(client)


def test_an_answer_may_take_longer_than_a_head(router, upstream, bounded):
    address, _ = bounded
    assert ask(address, delay=0.8).status_code == 200


def test_beyond_the_cap_connections_are_closed_and_the_others_stay(bounded):
    address, port = bounded
    with contextlib.ExitStack() as opened:
        clients = [opened.enter_context(half_sent(port)) for _ in range(12)]
        assert all(closed(client) for client in clients)
    assert WEB.get(f"{address}/health").status_code == 200


def test_a_line_that_is_written_often_is_written_a_few_times():
    few = FewLines()
    records = [logging.makeLogRecord({"name": "asyncio", "msg": "no file"}) for _ in range(1000)]
    others = [logging.makeLogRecord({"name": "asyncio", "msg": "another"})]
    assert sum(few.filter(record) for record in records) == 5
    assert [few.filter(record) for record in others] == [True]


def test_lines_left_out_are_counted_a_minute_later(monkeypatch):
    few, now = FewLines(), [0.0]
    monkeypatch.setattr("cascal.serve.connections.time.monotonic", lambda: now[0])
    for _ in range(12):
        few.filter(logging.makeLogRecord({"name": "asyncio", "msg": "no file"}))
    now[0] = 61.0
    record = logging.makeLogRecord({"name": "asyncio", "msg": "no file"})
    assert few.filter(record)
    assert record.msg == "no file (7 more such lines were left out)"


# Keys, texts, logs


def test_a_key_appears_nowhere_even_if_the_upstream_repeats_it(router, upstream, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    seen = []
    for mode in ("echo", "echo500"):
        with running(app_of(router, upstream.url(mode))) as address:
            responses = [ask(address), ask(address, "cascal-vote"), ask(address, stream=True)]
            responses += [WEB.get(f"{address}/{path}") for path in ("metrics", "health")]
            seen += [one.text + str(one.headers) for one in responses]
    assert any(one[1]["authorization"] == f"Bearer {KEY}" for one in upstream.requests)
    assert "Bearer ***" in "".join(seen)
    ours = [one for one in caplog.records if not one.name.startswith(("httpcore", "asyncio"))]
    logged = "".join(one.getMessage() for one in ours) + "".join(capfd.readouterr())
    assert KEY not in "".join(seen) + logged


def test_the_clients_own_key_never_goes_upstream(served, upstream):
    ask(served, api_key="client-secret-0123456789")
    assert "client-secret" not in str(upstream.requests[-1])


def test_a_demanded_key_is_checked_everywhere_but_health(router, upstream, monkeypatch):
    monkeypatch.setenv("OUR_KEY", "let-me-in-0123456789")
    with running(app_of(router, upstream.url("normal"), api_key_env="OUR_KEY")) as address:
        assert ask(address, api_key="let-me-in-0123456789").status_code == 200
        wrong = ask(address, api_key="let-me-in-012345678")
        assert (wrong.status_code, code_of(wrong)) == (401, "invalid_api_key")
        for path in ("v1/models", "metrics"):
            assert WEB.get(f"{address}/{path}").status_code == 401
        assert WEB.post(f"{address}/route", json={"text": "x"}).status_code == 401
        assert WEB.get(f"{address}/health").json()["status"] == "ok"
        assert "let-me-in" not in wrong.text


def test_markup_in_prompts_and_names_stays_data(served, upstream):
    markup = "<script>alert(1)</script>\r\nx-evil: 1"
    response = ask(served, messages=[{"role": "user", "content": markup}])
    assert response.status_code == 200
    assert upstream.requests[-1][2]["messages"][0]["content"] == markup
    unknown = ask(served, markup)
    assert unknown.headers["content-type"] == "application/json"
    assert unknown.headers["x-content-type-options"] == "nosniff"
    assert "x-evil" not in unknown.headers
    assert markup not in WEB.get(f"{served}/metrics").text
    half = {"model": "cascal", "messages": [{"role": "user", "content": "half \ud800 pair"}]}
    headers = {"Content-Type": "application/json"}
    path, content = f"{served}/v1/chat/completions", json.dumps(half)
    assert WEB.post(path, content=content, headers=headers).status_code == 200


def test_a_header_holds_only_what_a_header_may_hold():
    headers = decision_headers("first", "naïve\r\nmodel 100%", None)
    assert headers["x-cascal-model"] == "na%C3%AFve%0D%0Amodel 100%25"


# Metrics, health


def test_metrics_count_by_model_and_outcome_and_time_the_overhead(router, upstream):
    with running(app_of(router, upstream.url("normal"))) as address:
        for _ in range(3):
            ask(address)
        ask(address, "unknown")
        WEB.post(f"{address}/route", json={"text": "x"})
        response = WEB.get(f"{address}/metrics")
    first = router.models[expected(router).selected[0, 0]]
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")

    def shown(name: str, **labels: str) -> list[float]:
        return measured(response.text, name, **labels)

    assert shown("cascal_requests_total", model=first, mode="first", outcome="ok") == [3]
    assert shown("cascal_requests_total", model="", mode="", outcome="model_not_found") == [1]
    assert shown("cascal_overhead_seconds_bucket", path="chat", le="+Inf") == [3]
    assert shown("cascal_overhead_seconds_count", path="route") == [1]
    assert shown("cascal_upstream_seconds_count", model=first) == [3]


def test_the_metrics_have_their_documented_names_and_types_and_no_others():
    metrics = Metrics()
    metrics.count("m", "first", "ok")
    metrics.count_failure('a "model"\n\\', "upstream_error")
    metrics.add_overhead("chat", 0.003)
    text = metrics.text(inside=2, waiting=1).decode()
    families = list(text_string_to_metric_families(text))
    assert {family.name: family.type for family in families} == {
        "cascal_requests": "counter",
        "cascal_upstream_failures": "counter",
        "cascal_overhead_seconds": "histogram",
        "cascal_upstream_seconds": "histogram",
        "cascal_requests_inside": "gauge",
        "cascal_requests_waiting": "gauge",
    }
    failures = {"model": 'a "model"\n\\', "code": "upstream_error"}
    assert measured(text, "cascal_upstream_failures_total", **failures) == [1]
    assert measured(text, "cascal_requests_inside") == [2]
    buckets = measured(text, "cascal_overhead_seconds_bucket", path="chat")
    assert buckets == [0, 0, 0, *[1] * 12]
    assert measured(text, "cascal_overhead_seconds_count", path="route") == [0]


def test_two_servers_in_one_process_count_apart():
    busy, idle = Metrics(), Metrics()
    busy.count("m", "first", "ok")
    assert measured(busy.text(0, 0).decode(), "cascal_requests_total") == [1]
    assert measured(idle.text(0, 0).decode(), "cascal_requests_total") == []


def test_health_says_which_router_is_served(served, router):
    health = WEB.get(f"{served}/health").json()
    assert health["router"] == router.fingerprint[:12]
    assert health["models"] == len(router.models)


def test_the_server_says_what_labels_said(router, upstream):
    always = router.models[-1]
    record = label_record(always=always)
    heeded = replace(router, labels=record)
    with running(app_of(heeded, upstream.url("normal"))) as address:
        answered = ask(address)
        assert answered.headers["x-cascal-always"] == always
        assert answered.headers["x-cascal-model"] == always
        assert answered.json()["cascal"]["always"] == always
        health = WEB.get(f"{address}/health").json()
        assert health["labels"]["sentence"] == heeded.labels.sentence
        assert (health["labels"]["low"], health["labels"]["n_labels"]) == (-0.05, 10)
        listed = WEB.get(f"{address}/v1/models").json()["data"]
        assert listed[0]["labels"] == health["labels"]
        assert all("labels" not in one for one in listed[1:])
    with running(app_of(router, upstream.url("normal"))) as address:
        assert "x-cascal-always" not in ask(address).headers
        assert WEB.get(f"{address}/health").json()["labels"] is None


# The pool file


def test_the_pool_file_that_was_collected_from_can_be_served(tmp_path):
    models = [PoolModel(spec) for spec in simulated_pool("http://127.0.0.1:1/v1")]
    write_pool(tmp_path / "pool.json", models)
    names = [one.name for one in models]
    pool = serve.choose_models(read_pool(tmp_path / "pool.json"), names[::-1])
    assert list(pool.models.values()) == [one.spec for one in models[::-1]]
    assert pool.notes == ()


def test_a_pool_that_does_not_fit_the_router_is_refused_in_a_sentence():
    pool = parse_pool([{"name": name, "base_url": "http://x/v1"} for name in ("a", "cascal")])
    with refuses("unknown-model", 1, 2, "b"):
        serve.choose_models(pool, ("a", "b"))
    with refuses("taken-name", "'cascal'"):
        serve.choose_models(pool, ("a", "cascal"))


def test_extra_models_and_unset_keys_are_notes(monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    row = {"base_url": "http://x/v1", "key_env": "NOT_SET"}
    pool = serve.choose_models(parse_pool([{"name": "a", **row}, {"name": "z", **row}]), ("a",))
    assert list(pool.models) == ["a"]
    assert pool.models["a"].model_id == "a"
    assert [note for note in pool.notes if "left out: z" in note]
    assert [note for note in pool.notes if "NOT_SET" in note]


def test_another_encoder_than_the_routers_is_refused(router, upstream):
    class Other(FakeEncoder):
        id = "other"

    with refuses("other-encoder", "'other'", "'test'"):
        app_of(router, upstream.url("normal"), encoder=Other())


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"concurrency": 0}, {"queue": -1}])
def test_limits_are_checked(wrong):
    with refuses("out-of-bounds", next(iter(wrong))):
        serve.ServeOptions(**wrong)


# Encoding together


@pytest.fixture
def thread():
    with ThreadPoolExecutor(1) as one:
        yield one


class SlowEncoder(FakeEncoder):
    def __init__(self):
        self.batches = []

    def encode(self, texts, progress=None):
        self.batches.append(len(texts))
        time.sleep(0.02)
        if "bad" in texts:
            raise CascalError("A text is bad.", code="unusable-text")
        if "strange" in texts:
            raise RuntimeError("with /a/path in it")
        return super().encode(texts)


def test_texts_that_arrive_meanwhile_are_encoded_together(router, thread):
    async def run():
        encoder = SlowEncoder()
        decider = Decider(router, encoder, ServeOptions(timeout=5.0), thread)
        rows = await asyncio.gather(*(decider.encode([f"text {n}"]) for n in range(40)))
        await decider.close()
        alone = FakeEncoder().encode([f"text {n}" for n in range(40)])
        assert np.allclose(np.concatenate(rows), alone)
        return encoder.batches

    batches = asyncio.run(run())
    assert sum(batches) == 40
    assert max(batches) == MAX_BATCH
    assert len(batches) <= 2 + 40 // MAX_BATCH


class AtOnce(Executor):
    """Runs in the thread that asks, so that every run of a loop goes the same way."""

    def submit(self, function, /, *arguments, **named):
        done = Future()
        done.set_result(function(*arguments, **named))
        return done


@pytest.mark.parametrize("later", range(12))
def test_a_text_is_encoded_however_late_after_another_it_comes(router, later):
    """Also while the worker of the one before has ended and is not yet told as ended."""

    async def run():
        decider = Decider(router, FakeEncoder(), ServeOptions(timeout=1.0), AtOnce())
        first = asyncio.create_task(decider.encode(["first"]))
        for _ in range(later):
            await asyncio.sleep(0)
        rows = [await decider.encode(["second"]), await first]
        await decider.close()
        return rows

    assert [one.shape for one in asyncio.run(run())] == [(1, 12)] * 2


def test_two_threads_take_a_request_each(router):
    class Meeting(FakeEncoder):
        """Gives nothing before two texts are encoded at the same time."""

        def __init__(self):
            self.both = threading.Barrier(2)
            self.sizes = []

        def encode(self, texts, progress=None):
            self.sizes.append(len(texts))
            self.both.wait(timeout=5.0)
            return super().encode(texts)

    async def run():
        encoder = Meeting()
        with ThreadPoolExecutor(2) as threads:
            decider = Decider(router, encoder, ServeOptions(encoder_threads=2), threads)
            rows = await asyncio.gather(*(decider.encode([f"text {n}"]) for n in range(8)))
            await decider.close()
        alone = FakeEncoder().encode([f"text {n}" for n in range(8)])
        assert np.allclose(np.concatenate(rows), alone)
        return encoder.sizes

    assert asyncio.run(run()) == [1] * 8


def test_a_text_that_fails_does_not_fail_its_neighbours(router, thread):
    async def run():
        decider = Decider(router, SlowEncoder(), ServeOptions(timeout=5.0), thread)
        first = asyncio.create_task(decider.encode(["first"]))
        await asyncio.sleep(0.005)
        tasks = [decider.encode([text]) for text in ("good", "bad", "strange", "fine")]
        outcomes = await asyncio.gather(first, *tasks, return_exceptions=True)
        await decider.close()
        return outcomes

    _, good, bad, strange, fine = asyncio.run(run())
    assert good.shape == fine.shape == (1, 12)
    assert (bad.code, str(bad)) == ("encoder_failed", "A text is bad.")
    assert (strange.code, str(strange)) == ("encoder_failed", "The encoder failed (RuntimeError).")


def test_an_encoder_that_hangs_is_given_up(router, thread):
    async def run():
        decider = Decider(router, SlowEncoder(), ServeOptions(timeout=0.001), thread)
        with pytest.raises(ApiError) as caught:
            await decider.encode(["x"])
        await decider.close()
        return caught.value.code

    assert asyncio.run(run()) == "encoder_timeout"


def test_the_margin_of_a_pool_of_one_is_unknown(router):
    votes, vectors, _ = make_world(n_models=3, seed=4)
    one = votes.take(np.arange(len(votes.query_ids)), np.array([0]))
    routes = cascal.fit(one, vectors).router().route(vectors.vectors[:1])
    assert Decision(routes).to_dict()["margin"] is None
    assert "x-cascal-margin" not in decision_headers("first", "m", Decision(routes))


# The extra, the command


def test_without_the_extra_the_refusal_names_it(router, monkeypatch):
    monkeypatch.setattr(serve_app, "find_spec", lambda _: None)
    with refuses("not-installed", "cascal[serve]"):
        serve.create_app(router, serve.Pool({}), FakeEncoder())


def test_the_library_part_imports_neither_the_extra_nor_streamlit_nor_duckdb():
    extra = ("prometheus_client", "starlette", "uvicorn", "streamlit", "duckdb", "torch")
    code = (
        "import sys, cascal.serve, cascal.export, cascal.policy; "
        f"print([n for n in {extra!r} if n in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)  # noqa: S603 – ours
    assert done.stdout.strip() == "[]", done.stderr


def test_a_taken_port_is_refused_in_a_sentence():
    with serve.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with refuses("cannot-listen", "127.0.0.1", port):
            serve.listen("127.0.0.1", port)


def served_command(folder, router, upstream, *more):
    """`cascal serve` in a process of its own; the caller ends it."""
    router.save(folder / "r.cascal")
    rows = [{"name": name, "base_url": upstream.url("normal")} for name in router.models]
    (folder / "pool.json").write_text(json.dumps(rows), encoding="utf-8")
    code = (
        "import typer; from cascal.cli.serving import serve; "
        "app = typer.Typer(); app.command()(serve); app()"
    )
    paths = [str(folder / "r.cascal"), "--pool", str(folder / "pool.json"), "--port", "0"]
    command = [sys.executable, "-c", code, *paths, *more]
    return subprocess.Popen(  # noqa: S603 – our own interpreter
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@contextlib.contextmanager
def ended(process):
    """The port it announces; at the end it is interrupted, and has to end by itself."""
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)/v1", line)
        if found is None:
            pytest.fail(process.stderr.read())
        yield int(found[1])
    finally:
        process.send_signal(signal.SIGINT)
        _, process.said = process.communicate(timeout=30)


@pytest.fixture(scope="module")
def hashing_router():
    """A router whose texts need no model to be encoded."""
    votes, _, _ = make_world(seed=4)
    texts = [
        f"{task} {query_id}" for task, query_id in zip(votes.tasks, votes.query_ids, strict=True)
    ]
    coder = load_encoder("hashing")
    vectors = cascal.Embeddings.from_array(votes.query_ids, coder.encode(texts), coder.id)
    return cascal.fit(votes, vectors).router()


def test_the_command_serves_until_it_is_interrupted(tmp_path, hashing_router, upstream):
    process = served_command(tmp_path, hashing_router, upstream)
    with (
        ended(process) as port,
        openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="unused") as client,
    ):
        answer = client.chat.completions.create(model="cascal", messages=QUESTION)
    assert answer.choices[0].message.content == "".join(WORDS)
    assert "Warning" not in process.said
    assert "Traceback" not in process.said


EVERYWHERE = ("--host", "0.0.0.0")  # noqa: S104


def test_another_address_demands_a_key_and_guards_names(tmp_path, hashing_router, upstream):
    more = (*EVERYWHERE, "--api-key-env", "FAKE_KEY", "--allow-host", "router.example")
    process = served_command(tmp_path, hashing_router, upstream, *more)
    with ended(process) as port:
        address = f"http://127.0.0.1:{port}"
        assert WEB.get(f"{address}/health").status_code == 200
        assert WEB.get(f"{address}/v1/models").status_code == 401
        named = [
            WEB.get(f"{address}/health", headers={"Host": host}).status_code
            for host in ("router.example", "evil.example")
        ]
        assert named == [200, 403]
    assert "Warning: listening on 0.0.0.0" in process.said


def test_another_address_without_a_key_is_refused(tmp_path, hashing_router):
    path = tmp_path / "router.cascal"
    hashing_router.save(path)
    said = CliRunner().invoke(cli, ["serve", str(path), "--pool", "simulated", *EVERYWHERE])
    assert said.exit_code != 0
    with refuses("missing-value", "0.0.0.0", "--api-key-env"):  # noqa: S104
        raise said.exception


# Load


def load_of_fifty(router, upstream):
    """Fifty clients for two seconds, in one process with server and upstream; the metrics after.

    The patience is the product's own: the few seconds of the other tests end silent upstreams soon.
    """

    def chat(rng):
        text = f"Question {rng.random()}"
        messages = [{"role": "user", "content": text}]
        return "/v1/chat/completions", {"model": "cascal", "messages": messages, "delay": 0.2}

    patience = serve.ServeOptions().timeout
    with running(app_of(router, upstream.url("normal"), timeout=patience)) as address:
        port = int(address.rpartition(":")[2])
        load = asyncio.run(run_clients(port, 50, 2.0, chat, at_least=2))
        return load, WEB.get(f"{address}/metrics").text


def test_fifty_clients_at_once_are_all_answered(router, upstream):
    load, metrics = load_of_fifty(router, upstream)
    assert set(load.statuses) == {200}
    assert len(load.statuses) >= 100
    assert "cascal_requests_inside 0" in metrics


@pytest.mark.bench
def test_fifty_clients_wait_50_ms_for_the_server_itself(router, upstream):
    load, _ = load_of_fifty(router, upstream)
    assert np.median(load.inside) <= 50


SECONDS = 30


@pytest.fixture(scope="module")
def minilm(tmp_path_factory, demo, demo_fits):
    """A server with the demo's router (8 models, MiniLM), its texts and vectors."""
    folder = tmp_path_factory.mktemp("load")
    study, router = demo, demo_fits["recommended"].router()
    with FakeUpstream() as upstream:
        process = served_command(folder, router, upstream)
        with ended(process) as port:
            yield port, study.test.texts, study.test.vectors.vectors


def measure(capsys, port, name, make, pause=lambda _: 0.0):
    load = asyncio.run(run_clients(port, 50, SECONDS, make, pause))
    with capsys.disabled():
        sys.stdout.write("\n" + load.line(name, SECONDS))
    assert set(load.statuses) == {200}
    return float(np.median(load.inside))


def asking(texts, seconds):
    """Chat completions of texts that never repeat; the model takes half to 1.5 times `seconds`."""

    def make(rng):
        content = f"{rng.choice(texts)} {rng.random():.6f}"
        messages = [{"role": "user", "content": content}]
        delay = rng.uniform(0.5, 1.5) * seconds
        return "/v1/chat/completions", {"model": "cascal", "messages": messages, "delay": delay}

    return make


@pytest.mark.bench
def test_the_overhead_without_encoding_is_at_most_2_ms(minilm, capsys):
    port, _, vectors = minilm
    rows = [[round(float(one), 6) for one in row] for row in vectors[:200]]
    name, pause = "dry routes of vectors, with trace", lambda rng: rng.uniform(0.5, 1.5)
    make = lambda rng: ("/route", {"vector": rng.choice(rows)})  # noqa: E731
    assert measure(capsys, port, name, make, pause) <= 2.0


def encoder_alone(texts):
    """Median milliseconds of MiniLM for one text, after pauses as the server has them."""
    coder, rng = load_encoder(MINILM), random.Random(0)  # noqa: S311 – repeatable, not secret
    coder.encode(["The first text loads it."])
    taken = []
    for _ in range(60):
        time.sleep(0.04)
        begun = time.perf_counter()
        coder.encode([rng.choice(texts)])
        taken.append(1000 * (time.perf_counter() - begun))
    return float(np.median(taken))


@pytest.mark.bench
@pytest.mark.parametrize("length", [80, None])
def test_the_overhead_with_minilm_is_little_more_than_minilm(minilm, capsys, length):
    """The target is a median of 15 ms; MiniLM's own time decides whether it can be met."""
    port, texts, _ = minilm
    shown = [text[-length:] if length else text for text in texts]
    alone = encoder_alone(shown)
    name = f"questions of {np.mean([len(text) for text in shown]):.0f} characters, 2 s an answer"
    overhead = measure(capsys, port, f"{name}, MiniLM alone {alone:.1f} ms", asking(shown, 2.0))
    assert overhead <= 2.0 * alone
