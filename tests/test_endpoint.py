"""The embeddings endpoint, against a scripted server on loopback; no test waits."""

from __future__ import annotations

import asyncio
import email.utils
import ssl
import time
import traceback
from collections.abc import Iterator

import numpy as np
import pytest
from refusals import refuses
from scripted_server import KEY, SILENT, Script, scripted

from cascal import endpoint
from cascal.endpoint import EndpointError
from cascal.endpoint.client import certificates, endpoint_client
from cascal.endpoint.retry import cause_of, status_failure


@pytest.fixture
def server(monkeypatch) -> Iterator[Script]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("TEST_KEY", KEY)
    with scripted() as script:
        yield script


async def no_wait(_: float) -> None:
    """Waits are not the point here."""


def noting(waits: list[float]):
    """A pause that only notes how long it should have been."""

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    return pause


def vector_of(text: str) -> list[float]:
    return [float(len(text)), 1.0, -2.0]


def ok(body: dict) -> tuple:
    data = [
        {"object": "embedding", "index": row, "embedding": vector_of(text)}
        for row, text in enumerate(body["input"])
    ]
    return 200, {}, {"object": "list", "model": body["model"], "data": data, "usage": {}}


def rows(*vectors: object) -> tuple:
    data = [{"index": row, "embedding": vector} for row, vector in enumerate(vectors)]
    return 200, {}, {"data": data}


def refusal(
    server: Script, code: str = "endpoint-failed", *, texts=("one", "two"), **options
) -> str:
    """The sentence of a call refused by this code; no key in it, its traceback or its causes."""
    options.setdefault("pause", no_wait)
    options.setdefault("key_env", "TEST_KEY")
    with refuses(code, kind=EndpointError) as caught:
        endpoint.embed(server.url, "m", texts, **options)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert KEY not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


def test_vectors_come_back_in_the_order_of_the_texts_over_batches(server):
    def shuffled(body):
        status, headers, answer = ok(body)
        answer["data"].reverse()
        return status, headers, answer

    server.replies = [shuffled]
    seen = []
    texts = ["a", "bb", "ccc", "dddd", "eeeee"]
    vectors = endpoint.embed(
        server.url, "m", texts, "TEST_KEY", batch=2, progress=lambda share, _: seen.append(share)
    )
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [vector_of(text) for text in texts]
    assert [len(body["input"]) for _, body in server.requests] == [2, 2, 1]
    assert seen == [0.4, 0.8, 1.0]


def test_the_key_is_sent_and_nothing_else_of_the_environment(server, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-private")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-private")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    server.replies = [ok]
    endpoint.embed(server.url, "m", ["a"], "TEST_KEY")
    endpoint.embed(server.url, "m", ["a"])
    (with_key, body), (without_key, _) = server.requests
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert without_key["authorization"] == "Bearer none"
    assert not [value for value in with_key.values() if "private" in value]
    assert body["encoding_format"] == "float"


def test_no_text_needs_no_request(server):
    assert endpoint.embed(server.url, "m", []).shape == (0, 0)
    assert server.requests == []


def test_retry_after_is_honoured_before_doubling_waits(server):
    later = email.utils.formatdate(time.time() + 9, usegmt=True)
    server.replies = [
        (429, {"Retry-After": "7"}, {"error": {"message": "slow down"}}),
        (500, {}, "broken"),
        (503, {"Retry-After": later}, {}),
        ok,
    ]
    waits: list[float] = []
    vectors = endpoint.embed(server.url, "m", ["a"], pause=noting(waits))
    assert vectors.shape == (1, 3)
    assert waits[:2] == [7.0, 1.0]
    assert 5 < waits[2] <= 9


def test_attempts_are_limited(server):
    server.replies = [(500, {}, {"error": {"message": f"broken, your key is {KEY}"}})]
    said = refusal(server, attempts=3)
    assert len(server.requests) == 3
    assert "500" in said
    assert "***" in said
    assert "after 3 attempts" in said


def test_total_seconds_are_limited(server):
    server.replies = [(429, {"Retry-After": "300"}, {})]
    waits: list[float] = []
    said = refusal(server, total_seconds=120, pause=noting(waits))
    assert waits == []
    assert "120 s" in said


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (401, f"Incorrect API key provided: {KEY}", "key was refused"),
        (404, "no model m", "no such model"),
        (400, "too long", "too long"),
        (429, "insufficient_quota", "429"),
    ],
)
def test_what_another_attempt_cannot_mend_is_not_tried_again(server, status, message, words):
    server.replies = [(status, {}, {"error": {"message": message}})]
    assert words in refusal(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((200, {}, '{"data": [{"index": 0, "embe'), "127.0.0.1"),
        ((200, {"Content-Type": "text/html"}, "<html>hello</html>"), "127.0.0.1"),
        ((200, {}, []), "127.0.0.1"),
        ((200, {}, {"data": [None, None]}), "127.0.0.1"),
        (rows([1.0, 2.0]), "1 "),
        (rows([1.0], [1.0], [1.0]), "3 "),
        ((200, {}, {"data": [{"index": 0, "embedding": [1.0]}] * 2}), "2 "),
        (rows([1.0, 2.0], [1.0]), "127.0.0.1"),
        (rows([1.0], ["x"]), "127.0.0.1"),
        (rows([], []), "127.0.0.1"),
        ((200, {}, '{"data": [{"embedding": [NaN]}, {"embedding": [1]}]}'), "127.0.0.1"),
    ],
)
def test_an_answer_that_is_not_the_vectors_asked_for_is_refused(server, reply, words):
    server.replies = [reply]
    assert words in refusal(server)


def test_a_dimension_that_changes_between_batches_is_refused(server):
    server.replies = [rows([1.0, 2.0]), rows([1.0, 2.0, 3.0])]
    said = refusal(server, "changed-encoder", batch=1)
    assert "3" in said
    assert "2" in said


def test_a_silent_endpoint_times_out(server):
    server.replies = [SILENT]
    said = refusal(server, attempts=2, timeout=1.0)
    assert "no answer in time" in said
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, "key refused"),
        (403, "key refused"),
        (404, "not found"),
        (408, "time-out"),
        (429, "rate limit"),
        (500, "server error"),
        (503, "server error"),
        (400, "bad request"),
        (422, "bad request"),
    ],
)
def test_a_status_means_the_same_to_clients_and_to_the_server(status, cause):
    """`cascal serve` names its codes by the same causes."""
    assert cause_of(status) == cause
    assert status_failure(status, {}, "", KEY).cause == cause


def test_embeddings_are_asked_for_from_a_running_loop_too(server):
    server.replies = [(500, {}, "broken"), ok]

    async def in_a_notebook() -> np.ndarray:
        return endpoint.embed(server.url, "m", ["a"], pause=no_wait)

    assert asyncio.run(in_a_notebook()).shape == (1, 3)
    assert len(server.requests) == 2


def test_an_endpoint_that_is_down_is_named(server):
    port = server.server_port
    server.shutdown()
    server.server_close()
    said = refusal(server, attempts=2)
    assert f"127.0.0.1:{port}" in said
    assert "no connection" in said


def test_a_missing_or_malformed_key_names_the_variable_only(server, monkeypatch):
    monkeypatch.delenv("TEST_KEY")
    assert "TEST_KEY" in refusal(server, "key-not-set")
    monkeypatch.setenv("TEST_KEY", f"{KEY}\nX-Header: 1")
    assert "TEST_KEY" in refusal(server, "malformed-value")
    assert server.requests == []


def test_an_empty_text_is_refused_before_anything_is_sent(server):
    assert "Text 2" in refusal(server, "unusable-text", texts=["a", "  "])
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://host/v1", "host/v1", "https://", "http://[::1", "http://[zz::1]/v1"),
        *("http://host:99999/v1", "http://host:http/v1", "http://host:0/v1"),
        f"https://me:{KEY}@host/v1",
        f"https://host?k={KEY}",
    ],
)
def test_a_base_url_without_a_host_or_with_a_secret_is_refused(url):
    code = "written-secret" if KEY in url else "malformed-value"
    with refuses(code, kind=EndpointError) as caught:
        endpoint.check_base_url(url)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_retry_after_reads_numbers_and_ignores_what_is_none(header, seconds):
    assert endpoint.retry_after(header) == seconds


def test_a_retry_after_date_of_the_past_means_now():
    assert endpoint.retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


def test_scrub_shortens_and_blots_out():
    assert endpoint.scrub(f"a\n{KEY}", KEY) == "a ***"
    assert len(endpoint.scrub("x" * 1000, "")) == 301


def test_the_certificates_are_read_once_for_all_clients(monkeypatch):
    """Reading them takes longer than a quick server needs for an answer."""
    endpoint_client("https://a.example/v1", KEY, 1.0)
    read = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: read.append(1))
    other = endpoint_client("https://b.example/v1", KEY, 2.5)
    assert not read
    assert (other.base_url.host, other.timeout, other.max_retries) == ("b.example", 2.5, 0)
    assert certificates().verify_mode == ssl.CERT_REQUIRED
    assert certificates().check_hostname
