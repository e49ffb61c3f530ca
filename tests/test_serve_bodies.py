"""Bodies that no client would send: each is answered, or refused in a sentence with its code."""

from __future__ import annotations

import copy
import json
import random
import re
import zlib
from collections import Counter

import attack
import numpy as np
import pytest
from conftest import make_world
from fake_upstream import FakeUpstream
from starlette.testclient import TestClient

import cascal
from cascal import serve
from cascal.endpoint.pool_file import parse_pool
from cascal.serve.bodies import MAX_DEPTH
from cascal.serve.errors import STATUS

N_BODIES = attack.count(6000, 300)
CHAT, ROUTE = "/v1/chat/completions", "/route"
QUESTION = [{"role": "user", "content": "Which of the two?\nA. This\nB. That"}]
PARTS = [{"type": "text", "text": "Which"}, {"type": "image_url", "image_url": {"url": "x"}}]
OURS = {"mode": "vote", "top_k": 2, "n_options": 4}
LEGAL = [
    (CHAT, {"model": "cascal", "messages": QUESTION, "stream": False, "temperature": 0.5}),
    (CHAT, {"model": "cascal", "messages": QUESTION, "cascal": OURS}),
    (CHAT, {"model": "cascal-vote", "messages": [{"role": "user", "content": PARTS}]}),
    (CHAT, {"model": "model-a", "messages": QUESTION, "stop": ["\n"], "logit_bias": {"5": 1}}),
    (ROUTE, {"text": "Which of the two?", "top_k": 1, "trace": False}),
    (ROUTE, {"texts": ["one", "two"], "top_k": 2}),
    (ROUTE, {"vector": [0.5] * 12, "trace": True}),
    (ROUTE, {"vectors": [[0.5] * 12, [-1] * 12]}),
]
RAW = {
    "nan": "NaN",
    "infinity": "-Infinity",
    "beyond all numbers": "1e999",
    "a large number": "1" + "0" * 400,
    "too many digits": "7" * 5000,
    "half a pair": '"\\ud800"',
    "a little deep": "[" * 60 + "]" * 60,
    "deep": "[" * 600 + "]" * 600,
    "very deep": "[" * 40_000 + "]" * 40_000,
    "a twin": '1, "model": "cascal", "text": 1',
}
"""Values that are written as they are, since json would not write them."""
ODD = [
    *[None, True, False, 0, 1, -1, 27, 0.5, -0.0, 2**63, 10**30, 1e308, 1e-320, "", " ", "x", "1"],
    *["\ud800", "\x00", "é" * 3000, [], [[]], [None], {}, {"": {}}, {"role": "user"}, ["a"] * 300],
    *["cascal", "cascal-vote", "vote", [1.0] * 11, [0.0] * 12, [1e308] * 12, ["1"] * 12, [[1], []]],
]
JARGON = re.compile(
    r"pydantic|validation|input|_type|type=|traceback|error:|object at|<class", re.I
)


class FakeEncoder:
    id, dimension, n_cut = "test", 12, 0

    def encode(self, texts, progress=None):
        rows = [np.random.default_rng(zlib.crc32(t.encode())).normal(size=12) for t in texts]
        return np.stack(rows) / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def client():
    votes, vectors, _ = make_world(seed=4)
    router = cascal.fit(votes, vectors).router(cascal.Thresholds(top_k=3))
    with FakeUpstream() as upstream:
        url = upstream.url("normal")
        pool = parse_pool([{"name": name, "base_url": url} for name in router.models])
        app = serve.create_app(
            router, serve.choose_models(pool, router.models), FakeEncoder(), serve.ServeOptions()
        )
        with TestClient(app, headers={"Content-Type": "application/json"}) as client:
            yield client


def places(value, path=()):
    """The path of every part of a body, its own among them."""
    yield path
    inner = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in inner:
        yield from places(value[key], (*path, key))


def put(body, path, value):
    """The body with another value at a path."""
    if not path:
        return value
    body = copy.copy(body)
    body[path[0]] = put(body[path[0]], path[1:], value)
    return body


def without(body, path):
    if not path:
        return {}
    if len(path) > 1:
        return put(body, path[:1], without(body[path[0]], path[1:]))
    body = copy.copy(body)
    del body[path[0]]
    return body


def mutated(body, rng):
    """The body with one to three parts replaced, removed or named anew, as JSON bytes."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        path = rng.choice(list(places(body)))
        kind = rng.choice(["odd", "odd", "raw", "remove", "name"])
        if kind == "name" and isinstance(body, dict):
            name = rng.choice(["text", "texts", "cascal", "top_k", "stream", "", "\ud800", "extra"])
            body = {**body, name: rng.choice(ODD)}
        elif kind == "remove":
            body = without(body, path)
        else:
            mark = f"@{rng.choice(list(RAW))}@"
            body = put(body, path, mark if kind == "raw" else rng.choice(ODD))
    text = json.dumps(body)
    for name, written in RAW.items():
        text = text.replace(f'"@{name}@"', written)
    content = bytearray(text.encode())
    if rng.random() < 0.15:
        place = rng.randrange(len(content))
        content[place:] = rng.choice([b"", bytes([rng.randrange(256)]) + content[place + 1 :]])
    return bytes(content)


def assert_answered_or_refused(response):
    """Success, or a fault of the client in one sentence under its documented code."""
    if response.status_code == 200:
        return
    error = response.json()["error"]
    assert 400 <= response.status_code < 500, error
    assert STATUS[error["code"]] == response.status_code
    assert re.fullmatch(r"\S.*\.", error["message"], re.DOTALL), error
    assert len(error["message"]) < 300
    assert not JARGON.search(error["message"]), error


@pytest.mark.attack
def test_any_mutation_of_a_body_is_answered_or_refused_in_a_sentence(client):
    codes = Counter()
    for seed in range(N_BODIES):
        rng = random.Random(seed)  # noqa: S311
        path, body = rng.choice(LEGAL)
        content = mutated(body, rng)
        try:
            response = client.post(path, content=content)
            assert_answered_or_refused(response)
        except Exception as failure:  # noqa: BLE001 – what the server raises comes out of this client
            pytest.fail(f"Seed {seed}, {path}, {content[:300]!r}: {failure!r}")
        codes[response.json().get("error", {}).get("code", "answered")] += 1
    assert codes["answered"] > N_BODIES / 10
    assert set(codes) == {"answered", "invalid_body", "model_not_found", "no_user_text"} | (
        set(codes) & {"vote_cannot_stream"}
    )


@pytest.mark.parametrize(("path", "body"), LEGAL)
def test_the_bodies_that_are_mutated_are_legal(client, path, body):
    assert client.post(path, json=body).status_code == 200


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("field", ["seed", "messages", "model", "stream", "cascal"])
def test_a_value_json_cannot_write_is_answered_or_refused_in_every_field(client, name, field):
    body = {"model": "cascal", "messages": QUESTION, field: "@"}
    content = json.dumps(body).replace('"@"', RAW[name])
    assert_answered_or_refused(client.post(CHAT, content=content))


@pytest.mark.parametrize("number", ["NaN", "1e999", "-1e999"])
def test_a_number_that_is_not_finite_never_goes_upstream(client, number):
    content = json.dumps({"model": "cascal", "messages": QUESTION, "seed": "@"})
    response = client.post(CHAT, content=content.replace('"@"', number))
    assert response.json()["error"]["code"] == "invalid_body"


@pytest.mark.parametrize(("depth", "status"), [(MAX_DEPTH - 1, 200), (MAX_DEPTH, 400), (400, 400)])
def test_a_body_is_as_deep_as_can_be_sent_on(client, depth, status):
    """A body that can be read but is too deep to be written again is the client's fault."""
    content = json.dumps({"model": "cascal", "messages": QUESTION, "extra": "@"})
    response = client.post(CHAT, content=content.replace('"@"', "[" * depth + "]" * depth))
    assert response.status_code == status


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (CHAT, {"messages": QUESTION}, "model"),
        (CHAT, {"model": "", "messages": QUESTION}, "model"),
        (CHAT, {"model": "cascal", "messages": {}}, "messages"),
        (CHAT, {"model": "cascal", "messages": QUESTION, "stream": 1}, "stream"),
        (CHAT, {"model": "cascal", "messages": QUESTION, "cascal": []}, "cascal"),
        (CHAT, {"model": "cascal", "messages": QUESTION, "cascal": {"k": 1}}, "cascal"),
        (CHAT, {"model": "cascal", "messages": QUESTION, "cascal": {"mode": None}}, "cascal.mode"),
        *[
            (
                CHAT,
                {"model": "cascal", "messages": QUESTION, "cascal": {"n_options": n}},
                "cascal.n_options",
            )
            for n in (1, -1, 27, True, 2.0, "4")
        ],
        *[
            (
                CHAT,
                {"model": "cascal", "messages": QUESTION, "cascal": {"top_k": k}},
                "cascal.top_k",
            )
            for k in (0, 6, True, 1.0, "1")
        ],
        *[(ROUTE, {"text": "a", "top_k": k}, "top_k") for k in (0, 6, True, 1.0, "1")],
        *[(ROUTE, {"text": one}, "text") for one in ("", " \n", 3, ["a"])],
        *[(ROUTE, {"texts": one}, "texts") for one in ("a", [], ["a"] * 257, ["a", " "], [None])],
        *[(ROUTE, {"vector": one}, "vector") for one in ([], [True] * 12, [10**400] * 12, "a")],
        *[(ROUTE, {"vectors": one}, "vectors") for one in ([], [[]], [[1], [1, 2]], [1.0], [[0]])],
        (ROUTE, {"text": "a", "trace": None}, "trace"),
        (ROUTE, {"text": None}, None),
    ],
)
def test_a_refusal_names_the_field_and_what_it_must_be(client, path, body, param):
    error = client.post(path, json=body).json()["error"]
    assert (error["code"], error["param"]) == ("invalid_body", param)
    assert param is None or param.rpartition(".")[2] in error["message"]


def test_a_field_that_is_null_is_one_that_is_not_given(client):
    assert client.post(ROUTE, json={"text": "a", "texts": None, "top_k": None}).status_code == 200
    ours = {"top_k": None, "n_options": None}
    for more in ({"cascal": None, "stream": None}, {"cascal": ours}):
        body = {"model": "cascal", "messages": QUESTION, **more}
        assert client.post(CHAT, json=body).status_code == 200
