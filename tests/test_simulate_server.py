"""The simulated server over HTTP with the real client: same replies in any order, every fault."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.util
import json
import logging
import math
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import httpx
import numpy as np
import openai
import pytest
import typer
from refusals import refuses
from typer.testing import CliRunner
from web import WEB

from cascal import endpoint
from cascal.answers import read_answer
from cascal.cli import simulating
from cascal.datatypes import CascalError, ModelSpec, Query, Task, option_letter
from cascal.endpoint import Budget, ChatClient, ChatRequest, Patience, Reply, probe
from cascal.prompts import (
    GENERATION_SCHEMA,
    Generated,
    answer_messages,
    generation_messages,
    read_generated,
)
from cascal.simulate import (
    TASKS,
    WRITERS,
    Faults,
    SimulatedPool,
    demo_items,
    gold_items,
    running,
    simulated_generators,
    simulated_pool,
)
from cascal.simulate.accuracies import ACCURACY, MODELS
from cascal.simulate.faults import read_faults
from cascal.simulate.server_items import item_of, skill_of, write_item

KEY = "sk-marker-0123456789"
BIOLOGY = Task("marine biology", "Ecology of kelp forests, coral reefs and deep sea vents.")
HALF = Query("", "", "\ud800", options=("a", "b"))
FAULTS = [one.name for one in dataclasses.fields(Faults) if one.name != "retry_after"]


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as base_url:
        yield base_url


@pytest.fixture(scope="module")
def items() -> list:
    return [write_item("strong", TASKS[row % 9], row, 0) for row in range(45)]


async def no_wait(_: float) -> None:
    """Waits are not the point here."""


def asked(model: ModelSpec, requests: Sequence[ChatRequest], **options) -> list[Reply]:
    options.setdefault("patience", Patience(attempts=4, total_seconds=5, timeout=5, pause=no_wait))
    options.setdefault("concurrency", 16)

    async def run() -> list[Reply]:
        async with ChatClient(model, **options) as client:
            return await asyncio.gather(*(client.ask(one) for one in requests))

    return asyncio.run(run())


def answers(base_url: str, model: str, queries: Sequence[Query], **options) -> list[Reply]:
    spec = next(one for one in simulated_pool(base_url) if one.name == model)
    spec = dataclasses.replace(spec, key_env=options.pop("key_env", ""))
    return asked(spec, [ChatRequest(answer_messages(query)) for query in queries], **options)


def generations(base_url: str, name: str, task: Task, numbers: Sequence[int]) -> list[Reply]:
    spec = next(one for one in simulated_generators(base_url) if one.name == name)
    return asked(spec, [ChatRequest(generation_messages(task, number)) for number in numbers])


def port_of(base_url: str) -> int:
    return int(base_url.split(":")[2].removesuffix("/v1"))


def post(base_url: str, path: str, body: object) -> httpx.Response:
    return WEB.post(base_url + path, content=json.dumps(body))


# ---------------------------------------------------------------- the truth of a query


@pytest.mark.parametrize("generator", ["strong", "weak"])
def test_a_written_query_is_known_again_by_its_text_and_options_alone(generator):
    for number in range(40):
        for task in (*TASKS, BIOLOGY, Task("")):
            item = write_item(generator, task, number, seed=3)
            bare = Query("other id", "", item.query.text, options=item.query.options)
            known = item_of(bare, {})
            assert (known.truth, known.temptations) == (item.truth, item.temptations)
            assert (known.easiness, known.skill) == (item.easiness, item.skill)
            assert len(set(bare.options)) == 4
            if task.name in WRITERS:
                assert known.skill in WRITERS[task.name]


def test_the_right_option_is_what_the_writer_computed():
    """3/4 left after the first piece; the same question again with its options in any order."""
    for number in range(200):
        item = write_item("strong", Task("arithmetic"), number, 0)
        fractions = [re.findall(r"\b(\d+)/(\d+)\b", item.query.text)]
        if item.skill != "fractions" or len(fractions[0]) != 2:
            continue
        (a, b), (c, d) = [(int(over), int(below)) for over, below in fractions[0]]
        left = (1 - a / b) * (1 - c / d)
        over, below = item.query.options[item.truth].split("/")
        assert int(over) / int(below) == pytest.approx(left)
        break
    else:
        pytest.fail("no question on fractions among 200")


def test_strong_and_weak_err_and_ease_as_they_should():
    for generator, errors, easiness in (("strong", 0.03, 0.0), ("weak", 0.35, 1.15)):
        made = [write_item(generator, TASKS[row % 9], row, 1) for row in range(900)]
        wrong = [item.query.answer != option_letter(item.truth) for item in made]
        assert np.mean(wrong) == pytest.approx(errors, abs=0.05)
        assert np.mean([item.easiness for item in made]) == pytest.approx(easiness, abs=0.15)
        texts = Counter(item.query.text for item in made)
        assert len(texts) > 890
        assert Counter(item.truth for item in made).most_common()[-1][1] > 180


def test_every_task_may_be_written_about_and_the_weak_generator_stays_easy():
    made = {
        generator: [write_item(generator, BIOLOGY, row, 0) for row in range(200)]
        for generator in ("strong", "weak")
    }
    assert "marine biology" in " ".join(item.query.text for item in made["weak"][:20])
    means = {name: np.mean([item.easiness for item in some]) for name, some in made.items()}
    assert means["weak"] > means["strong"] + 0.5
    wrong = np.mean([one.query.answer != option_letter(one.truth) for one in made["weak"]])
    assert wrong == pytest.approx(0.35, abs=0.1)


def test_models_have_their_true_skill_on_written_queries():
    pool, right, expected = SimulatedPool(0), [], []
    for row in range(900):
        item = write_item("strong", TASKS[row % 9], row, 2)
        column = row % len(MODELS)
        response = pool.respond(pool.models[column], item_of(item.query, {}))
        right.append(response.answer == option_letter(item.truth))
        expected.append(ACCURACY[item.skill][column] / 100)
    assert np.mean(right) == pytest.approx(np.mean(expected), abs=0.05)


def test_the_skill_is_read_off_the_words_and_not_of_just_any_text():
    test = demo_items(0, n_train=9, n_test=450)["test"]
    assert [skill_of(item.query.text) for item in test] == [item.skill for item in test]
    for text in ("What is the capital of France?", "", "???", "Explain the second law."):
        assert skill_of(text) is None


# ---------------------------------------------------------------- the same replies


def test_generating_and_answering_survive_a_restart_in_any_order(url):
    numbers = list(range(12))
    first = generations(url, "generator-weak", TASKS[3], numbers)
    queries = [read_generated(reply.text) for reply in first]
    assert all(isinstance(query, Generated) for query in queries)
    asked_for = [Query("", "", query.text, options=query.options) for query in queries]
    before = answers(url, "birch-math", asked_for)
    with running() as again:
        backwards = generations(again, "generator-weak", TASKS[3], numbers[::-1])
        shuffled = [row * 5 % 12 for row in range(12)]
        after = answers(again, "birch-math", [asked_for[row] for row in shuffled], concurrency=3)
    assert [reply.text for reply in backwards] == [reply.text for reply in first[::-1]]
    for row, reply in zip(shuffled, after, strict=True):
        assert reply.text == before[row].text
        assert reply.mean_logprob == before[row].mean_logprob


def test_replies_are_those_of_the_pool(url, items):
    pool = SimulatedPool(0)
    specs = {spec.name: spec for spec in simulated_pool(url)}
    for model in ("atlas-large", "gnat-mini"):
        replies = answers(url, model, [item.query for item in items])
        for item, reply in zip(items, replies, strict=True):
            response = pool.respond(model, item)
            assert (reply.text, reply.status) == (response.text, "ok")
            assert reply.mean_logprob == pytest.approx(response.mean_logprob)
            assert reply.output_tokens == response.output_tokens
            assert reply.cost == pytest.approx(response.cost, abs=1e-8)
            if response.answer is not None:
                assert read_answer(reply.text, 4).answer == response.answer
    assert specs["atlas-large"].simulated
    assert specs["atlas-large"].input_price == 3.0


def test_queries_of_the_demo_and_handed_in_ones_have_their_truth():
    pool = SimulatedPool(0)
    foreign = gold_items(20, 77, "mine")
    with running(items=foreign) as base_url:
        for some in (demo_items(0)["test"][:20], foreign):
            replies = answers(base_url, "atlas-large", [item.query for item in some])
            expected = [pool.respond("atlas-large", item).text for item in some]
            assert [reply.text for reply in replies] == expected


def test_another_seed_is_another_pool_and_another_sample_another_answer(url, items):
    queries = [item.query for item in items]
    usual = [reply.text for reply in answers(url, "cedar-code", queries)]
    (spec,) = [one for one in simulated_pool(url) if one.name == "cedar-code"]
    sampled = asked(spec, [ChatRequest(answer_messages(query), seed=5) for query in queries])
    with running(seed=1) as other:
        seeded = [reply.text for reply in answers(other, "cedar-code", queries)]
    for texts in ([reply.text for reply in sampled], seeded):
        assert np.mean([one == two for one, two in zip(usual, texts, strict=True)]) < 0.5


def test_a_user_task_goes_all_the_way_from_description_to_answers(url):
    replies = generations(url, "generator-strong", BIOLOGY, range(10))
    read = [read_generated(reply.text) for reply in replies]
    queries = [Query("", "", one.text, options=one.options) for one in read]
    assert len({query.text for query in queries}) == 10
    letters = [read_answer(reply.text, 4).answer for reply in answers(url, "atlas-large", queries)]
    assert sum(letter is not None for letter in letters) >= 8


# ---------------------------------------------------------------- the protocol


def test_streaming_says_the_same_as_not_streaming(url, items):
    request = {
        "model": "atlas-large",
        "messages": answer_messages(items[0].query),
        "logprobs": True,
    }
    with openai.OpenAI(api_key="none", base_url=url) as client:
        whole = client.chat.completions.create(**request)
        usage = {"include_usage": True}
        chunks = list(client.chat.completions.create(**request, stream=True, stream_options=usage))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    text = "".join(choice.delta.content or "" for choice in choices)
    assert text == whole.choices[0].message.content
    stated = [one for choice in choices if choice.logprobs for one in choice.logprobs.content]
    assert stated == whole.choices[0].logprobs.content
    assert "".join(one.token for one in stated) == text
    assert (choices[-1].finish_reason, chunks[-1].usage) == ("stop", whole.usage)
    assert whole.id == chunks[0].id


def test_embeddings_are_unit_vectors_of_the_text_alone(url):
    texts = ["Two trains leave the station.", "Two trains left the station.", "pH of acid", "?!"]
    vectors = endpoint.embed(url, "hashing", texts)
    assert vectors.shape == (4, 256)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-6)
    assert (endpoint.embed(url, "hashing", texts[::-1])[::-1] == vectors).all()
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3
    with openai.OpenAI(api_key="none", base_url=url) as client:  # asks for base64
        coded = client.embeddings.create(model="hashing", input=texts[0])
    assert np.allclose(coded.data[0].embedding, vectors[0])


def test_health_and_the_list_of_models(url):
    health = WEB.get(url.removesuffix("/v1") + "/health").json()
    assert health == {"status": "ok", "simulated": True}
    with openai.OpenAI(api_key="none", base_url=url) as client:
        names = [model.id for model in client.models.list()]
    assert names == [*MODELS, "generator-strong", "generator-weak", "hashing"]


def test_what_cannot_be_answered_is_refused_in_openais_format(url):
    chat, message = "/chat/completions", {"role": "user", "content": "x"}
    for status, path, body in (
        (404, chat, {"model": "gpt-x", "messages": [message]}),
        (400, chat, {"model": "atlas-large", "messages": []}),
        (400, chat, {"model": "atlas-large", "messages": "x"}),
        (400, chat, [1]),
        (400, chat, {"model": "gnat-mini", "messages": generation_messages(BIOLOGY, 1)}),
        (400, "/embeddings", {"model": "hashing", "input": [1]}),
        (400, chat, {"model": "gnat-mini", "messages": answer_messages(HALF)}),
    ):
        response = post(url, path, body)
        assert response.status_code == status
        assert response.json()["error"]["message"].endswith(".")
    assert post(url, chat, "x" * 10).status_code == 400


def test_limits_schemas_and_free_questions(url, items):
    (spec,) = [one for one in simulated_pool(url) if one.name == "atlas-large"]
    messages = answer_messages(items[0].query)
    full, cut, free, plain = asked(
        spec,
        [
            ChatRequest(messages),
            ChatRequest(messages, max_tokens=3),
            ChatRequest(answer_messages(Query("", "", "Why?"))),
            ChatRequest(messages, logprobs=False),
        ],
    )
    assert (cut.status, cut.output_tokens) == ("truncated", 3)
    assert full.text.startswith(cut.text)
    assert read_answer(free.text, 0).status == "refused"
    assert math.isnan(plain.mean_logprob)
    (weak,) = [one for one in simulated_generators(url) if one.name == "generator-weak"]
    asks = [
        ChatRequest(generation_messages(TASKS[0], number), schema=schema)
        for schema in (None, GENERATION_SCHEMA)
        for number in range(12)
    ]
    replies = asked(weak, asks)
    fenced = ["```" in reply.text for reply in replies]
    assert any(fenced[:12])
    assert not any(fenced[12:])
    read = [read_generated(reply.text) for reply in replies]
    assert read[:12] == read[12:]


def test_a_probe_finds_what_the_server_can_do(url):
    for spec in (simulated_pool(url)[0], simulated_generators(url)[0]):
        found = asyncio.run(probe(spec))
        assert (found.reachable, found.logprobs, found.schema) == (True, True, True)
        assert spec.name in found.models
    with running(faults=Faults(no_logprobs=1.0)) as mute:
        assert asyncio.run(probe(simulated_pool(mute)[0])).logprobs is False


# ---------------------------------------------------------------- faults


@pytest.fixture(scope="module")
def clean(url, items) -> list[str]:
    return [reply.text for reply in answers(url, "atlas-large", [item.query for item in items])]


@pytest.mark.parametrize("fault", [*FAULTS, "every one"])
def test_with_a_fault_at_30_percent_the_run_ends_and_adds_up(
    fault, items, clean, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MARKER_KEY", KEY)
    rates = dict.fromkeys(FAULTS if fault == "every one" else [fault], 0.3)
    ends = fault not in ("timeout", "slow_tokens", "every one")  # else the time-out is what ends it
    seconds = {"total_seconds": 60.0, "timeout": 20.0 if ends else 0.6}  # slow tokens need 0.8
    patience = Patience(attempts=4, pause=no_wait, **seconds)
    budget = Budget(calls=40)
    started = time.process_time()
    with running(faults=Faults(**rates, retry_after=0.01)) as base_url:
        queries = [item.query for item in items]
        replies = answers(
            base_url,
            "atlas-large",
            queries,
            patience=patience,
            budget=budget,
            key_env="MARKER_KEY",
            concurrency=45,
        )
    assert time.process_time() - started < 5.0
    count = Counter(reply.status for reply in replies)
    assert sum(count.values()) == len(items)
    assert sum(count[status] for status in ("ok", "refused", "truncated", "error")) == 45
    assert sum(reply.cause == "budget" for reply in replies) == 5
    assert budget.spent.calls == 40
    for reply, text in zip(replies, clean, strict=True):
        assert reply.attempts <= 4
        assert reply.waited <= 6.0
        assert (reply.status == "error") == bool(reply.error) == bool(reply.cause)
        if reply.status == "ok":
            assert reply.text.endswith(text)
            assert reply.text == text or reply.text.startswith("<think>")
        else:
            refusal = "I'm sorry, but I can't help with this request."
            assert reply.text == (refusal if reply.status == "refused" else "")
    assert KEY not in repr(replies) + caplog.text
    if fault in ("rate_limit", "server_error", "disconnect", "malformed"):
        assert count["ok"] >= 36
        assert any(reply.attempts > 1 for reply in replies)
    if fault == "slow_tokens":  # slow for good, and never longer than the time-out
        slow = [reply for reply in replies if reply.cause == "time-out"]
        assert slow
        assert {reply.attempts for reply in slow} == {4}
    if fault == "no_logprobs":
        silent = [reply for reply in replies if math.isnan(reply.mean_logprob)]
        assert 10 < len(silent) < 35


@pytest.mark.parametrize(
    ("fault", "causes"),
    [
        ("rate_limit", {"rate limit"}),
        ("server_error", {"server error"}),
        ("timeout", {"time-out"}),
        ("disconnect", {"connection"}),
        ("malformed", {"malformed", "server error"}),
    ],
)
def test_every_fault_has_its_cause(fault, causes, items):
    seconds = 0.3 if fault == "timeout" else 5.0
    patience = Patience(attempts=2, total_seconds=20.0, timeout=seconds, pause=no_wait)
    with running(faults=Faults(**{fault: 1.0})) as base_url:
        queries = [item.query for item in items[:20]]
        replies = answers(base_url, "gnat-mini", queries, patience=patience)
    assert {reply.status for reply in replies} == {"error"}
    assert {reply.cause for reply in replies} == causes
    assert {reply.attempts for reply in replies} == {2}


def test_answers_under_faults_are_those_without_and_do_not_depend_on_the_order(items, clean):
    queries = [item.query for item in items]
    texts = []
    for order in (1, -1):
        with running(faults=Faults(rate_limit=0.3, disconnect=0.2, odd_format=0.3)) as base_url:
            patience = Patience(attempts=30, pause=no_wait)
            replies = answers(base_url, "atlas-large", queries[::order], patience=patience)
            texts.append([reply.text for reply in replies][::order])
    assert texts[0] == texts[1]
    assert [text.rpartition("</think>")[2].strip() for text in texts[0]] == clean


def test_an_odd_generator_is_still_read(url):
    with running(faults=Faults(odd_format=1.0)) as base_url:
        for task in (*TASKS, BIOLOGY):
            plain, odd = (
                generations(where, "generator-strong", task, range(10)) for where in (url, base_url)
            )
            assert all("```json" in reply.text for reply in odd)
            for one, other in zip(odd, plain, strict=True):
                assert read_generated(one.text) == read_generated(other.text)


def test_a_wait_for_retry_after_is_real_and_within_the_seconds(items):
    patience = Patience(attempts=9, total_seconds=3.8, timeout=1.0)  # 1.8 s for a busy machine
    with running(faults=Faults(rate_limit=1.0, retry_after=2.0)) as base_url:
        started = time.monotonic()
        (reply,) = answers(base_url, "atlas-large", [items[0].query], patience=patience)
        took = time.monotonic() - started
    assert (reply.cause, reply.attempts) == ("rate limit", 2)
    assert reply.waited == pytest.approx(2.0)
    assert 2.0 <= took < 3.8


def test_the_embeddings_endpoint_fails_like_the_others():
    with running(faults=Faults(server_error=0.5, malformed=0.0, disconnect=0.3)) as base_url:
        vectors = endpoint.embed(base_url, "hashing", ["a b", "c d"], attempts=30, pause=no_wait)
    assert vectors.shape == (2, 256)


def test_a_cut_stream_is_an_error_of_the_connection(items):
    with (
        running(faults=Faults(disconnect=1.0)) as base_url,
        openai.OpenAI(api_key="none", base_url=base_url, max_retries=0) as client,
    ):
        stream = client.chat.completions.create(
            model="atlas-large", messages=answer_messages(items[0].query), stream=True
        )
        with pytest.raises(openai.APIConnectionError):
            list(stream)


def test_faults_are_drawn_at_their_rate_and_anew_for_every_attempt():
    faults = Faults(rate_limit=0.3, timeout=0.1)
    drawn = [faults.broken(0, "m", f"q{row}", 0) for row in range(4000)]
    count = Counter(drawn)
    assert count["timeout"] / 4000 == pytest.approx(0.1, abs=0.02)
    assert count["rate_limit"] / 4000 == pytest.approx(0.9 * 0.3, abs=0.03)
    assert drawn == [faults.broken(0, "m", f"q{row}", 0) for row in range(4000)]
    again = [faults.broken(0, "m", f"q{row}", 1) for row in range(4000)]
    both = np.mean([one is not None and two is not None for one, two in zip(drawn, again)])  # noqa: B905
    assert both == pytest.approx(0.37**2, abs=0.03)


def test_faults_are_read_from_the_command_line_or_refused():
    assert read_faults(["rate_limit=0.3", " timeout = 1 ", "retry_after=2.5"]) == Faults(
        rate_limit=0.3, timeout=1.0, retry_after=2.5
    )
    assert read_faults([]) == Faults()
    for written, code, part in (
        ("flood=1", "unknown-choice", "'flood'"),
        ("timeout", "malformed-value", "NAME=RATE"),
        ("timeout=often", "malformed-value", "NAME=RATE"),
        ("timeout=1.5", "out-of-bounds", 1.5),
        ("timeout=nan", "out-of-bounds", "nan"),
        ("retry_after=-1", "out-of-bounds", "retry_after"),
    ):
        with refuses(code, part):
            read_faults([written])


# ---------------------------------------------------------------- starting and ending


@pytest.mark.bench
def test_64_requests_of_half_a_second_take_little_longer_than_one(items):
    queries = [items[row % 45].query for row in range(64)]
    with running(latency=0.5) as base_url:
        started = time.monotonic()
        replies = answers(base_url, "atlas-large", queries, concurrency=64)
        took = time.monotonic() - started
    assert {reply.status for reply in replies} == {"ok"}
    assert all(reply.latency >= 0.5 for reply in replies)
    assert took < 1.5


def test_the_server_ends_at_once_even_if_it_owes_an_answer(items):
    with running(faults=Faults(timeout=1.0)) as base_url:
        body = {"model": "atlas-large", "messages": answer_messages(items[0].query)}
        with pytest.raises(httpx.ReadTimeout):
            WEB.post(base_url + "/chat/completions", json=body, timeout=0.1)
        content = json.dumps(body).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}"
        waiting = socket.create_connection(("127.0.0.1", port_of(base_url)), timeout=5)
        waiting.sendall(head.encode() + b"\r\n\r\n" + content)
        time.sleep(0.1)
        started = time.monotonic()
    with waiting:
        assert time.monotonic() - started < 1.0
        waiting.settimeout(1.0)  # the end of the connection is due, after an error or without
        assert b" 200 " not in b"".join(iter(lambda: waiting.recv(4096), b""))


def test_a_port_in_use_and_a_missing_extra_are_refused(url, monkeypatch):
    port = port_of(url)
    with refuses("cannot-listen", port), running(port=port):
        pytest.fail("two servers on one port")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with refuses("not-installed", "cascal[serve]"), running():
        pytest.fail("a server without its packages")


def application() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    simulating.register(app)
    return app


def test_the_command_passes_its_options_on(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "cascal.simulate.server.serve",
        lambda *given, started: (seen.append(given), started("http://127.0.0.1:9/v1")),
    )
    words = ["simulate", "--port", "9", "--seed", "4", "--latency", "0.5"]
    words += ["--fault", "timeout=0.1", "--fault", "refusal=0.2"]
    done = CliRunner().invoke(application(), words)
    assert done.exit_code == 0, done.output
    assert seen == [(9, 4, Faults(timeout=0.1, refusal=0.2), 0.5)]
    assert "http://127.0.0.1:9/v1" in done.output
    assert "generator-weak" in done.output
    wrong = CliRunner().invoke(application(), ["simulate", "--fault", "flood=1"])
    assert isinstance(wrong.exception, CascalError)


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(tmp_path):
    code = (
        "import typer; from cascal.cli import simulating; app = typer.Typer();"
        "app.callback()(lambda: None); simulating.register(app); app()"
    )
    command = [sys.executable, "-c", code, "simulate", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter, a fixed command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as server:
        try:
            line = server.stdout.readline()
            base_url = re.search(r"http://\S+/v1", line)[0]
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                response = WEB.get(base_url + "/models", timeout=5)
                if response.status_code == 200:
                    break
            assert len(response.json()["data"]) == 11
        finally:
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=20)
    assert server.returncode == 0
    assert "Traceback" not in errors
