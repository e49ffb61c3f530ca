"""A file that somebody else made sends no text and no key anywhere, unless its reader says so."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
import yaml
from conftest import make_world
from paging import open_at
from refusals import refuses
from scripted_server import KEY, scripted
from streamlit.testing.v1 import AppTest

import cascal
from cascal.cli import encoding
from cascal.cli.routing import route
from cascal.cli.serving import check, serve
from cascal.collection.ask_selected import destinations
from cascal.dataset.encoding import encode_dataset
from cascal.datatypes import ModelSpec
from cascal.encode.encoders import endpoint_host, load_encoder
from cascal.importers import read


def embedded(body: dict) -> tuple[int, dict, dict]:
    """Vectors of twelve dimensions for what was sent."""
    rows = [
        {
            "index": row,
            "embedding": np.random.default_rng(zlib.crc32(text.encode())).random(12).tolist(),
        }
        for row, text in enumerate(body["input"])
    ]
    return 200, {}, {"data": rows}


@pytest.fixture
def host(monkeypatch):
    """Somebody else's embeddings endpoint; it keeps what it is sent."""
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with scripted() as server:
        server.replies = [embedded]
        yield server


@pytest.fixture
def foreign(host, tmp_path) -> Path:
    """A router file whose encoder is that endpoint."""
    votes, vectors, _ = make_world()
    router = cascal.fit(votes, vectors).router()
    path = tmp_path / "foreign.cascal"
    replace(router, encoder=f"endpoint:x@{host.url}").save(path)
    (tmp_path / "policy.yaml").write_text(
        yaml.safe_dump(
            {"must_go_to": [{"texts": ["my secret question"], "models": [router.models[0]]}]}
        )
    )
    (tmp_path / "pool.json").write_text(
        json.dumps([{"name": name, "base_url": host.url} for name in router.models])
    )
    return path


def run_command(command: str, router: Path, **options: str) -> None:
    if command == "route":
        route(router, "my secret question", **options)
    elif command == "check":
        check(router, router.parent / "policy.yaml", **options)
    else:
        serve(router, str(router.parent / "pool.json"), port=0, **options)


@pytest.fixture
def terminal(monkeypatch):
    """Somebody at a terminal who gives one answer; returns the questions."""

    def sits(answer: bool) -> list[str]:
        asked: list[str] = []
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        monkeypatch.setattr(encoding.typer, "confirm", lambda q, **_: asked.append(q) or answer)
        return asked

    return sits


@pytest.mark.parametrize("command", ["route", "check", "serve"])
@pytest.mark.parametrize("key_env", ["", "MY_KEY"])
def test_a_router_file_alone_sends_nothing(foreign, host, command, key_env):
    with refuses("foreign-host", "127.0.0.1", "--encoder"):
        run_command(command, foreign, key_env=key_env)
    assert not host.requests


@pytest.mark.parametrize("command", ["route", "check", "serve"])
def test_a_no_sends_nothing(foreign, host, terminal, command):
    asked = terminal(answer=False)
    with refuses("foreign-host", "127.0.0.1"):
        run_command(command, foreign)
    assert "127.0.0.1" in asked[0]
    assert not host.requests


def test_a_key_is_not_even_asked_about(foreign, host, terminal):
    asked = terminal(answer=True)
    with refuses("foreign-host", "MY_KEY"):
        run_command("route", foreign, key_env="MY_KEY")
    assert not asked
    assert not host.requests


def test_a_yes_sends_the_text_without_a_key(foreign, host, terminal, capsys):
    terminal(answer=True)
    run_command("route", foreign)
    ((headers, body),) = host.requests
    assert body["input"] == ["my secret question"]
    assert KEY not in str(headers)
    assert json.loads(capsys.readouterr().out)["selected"]


def test_a_host_that_the_user_names_gets_text_and_key(foreign, host):
    run_command("route", foreign, encoder=f"endpoint:x@{host.url}", key_env="MY_KEY")
    ((headers, _),) = host.requests
    assert headers["authorization"] == f"Bearer {KEY}"


def test_the_baseline_of_a_policy_file_sends_nothing(foreign, host, tmp_path):
    votes, _, _ = make_world()
    texts = [f"{task} {number}" for number, task in enumerate(votes.tasks)]
    coder = load_encoder("hashing")
    vectors = cascal.Embeddings.from_array(votes.query_ids, coder.encode(texts), coder.id)
    router = cascal.fit(votes, vectors).router()
    router.save(tmp_path / "own.cascal")
    (tmp_path / "policy.yaml").write_text(
        "prompts: prompts.txt\nbaseline: {router: foreign.cascal, max_flipped: 1.0}\n"
    )
    (tmp_path / "prompts.txt").write_text("my secret question")
    with refuses("foreign-host", "127.0.0.1"):
        check(tmp_path / "own.cascal", tmp_path / "policy.yaml", key_env="MY_KEY")
    assert not host.requests


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("endpoint:x@https://api.example/v1", "api.example"),
        (" endpoint:a@b@http://api.example:8/v1/", "api.example:8"),
        ("all-MiniLM-L6-v2", ""),
        ("hashing", ""),
    ],
)
def test_the_host_of_an_encoder(name, host):
    assert endpoint_host(name) == host


def test_where_a_live_call_would_go_is_said_in_words():
    models = [
        ModelSpec("a", base_url="https://one.example/v1", key_env="ONE"),
        ModelSpec("b", base_url="https://one.example/v1", key_env="ONE"),
        ModelSpec("c", base_url="http://127.0.0.1:8/v1"),
    ]
    assert destinations(models) == "one.example (with the key in ONE), 127.0.0.1:8"


@pytest.fixture
def page(host, tmp_path, monkeypatch) -> AppTest:
    """The page Route of a workspace that somebody else made with their endpoint."""
    rows = [
        {
            "query_id": f"q{number}",
            "task": ("sums", "kings")[number % 2],
            "text": f"Question {number}?",
            "options": ["one", "two", "three"],
            "model": model,
            "response": f"The answer is ({'ABC'[(number + number % 2 * shift) % 3]}).",
        }
        for number in range(80)
        for shift, model in enumerate(("m1", "m2", "m3", "m4"))
    ]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    store = cascal.Workspace(tmp_path / "w.duckdb")
    store.add(read(tmp_path / "mine.jsonl"))
    encode_dataset(store, "mine", load_encoder(f"endpoint:x@{host.url}"))
    host.requests.clear()
    st.cache_resource.clear()
    monkeypatch.setenv("CASCAL_WORKSPACE", str(tmp_path / "w.duckdb"))
    return open_at("route")


def test_the_dashboard_names_the_host_before_it_sends_a_text(page, host):
    page.text_area[0].set_value("my secret question").run()
    assert not page.exception
    assert not host.requests
    assert any("127" in one.value and "not you" in one.value for one in page.warning)
    (send,) = [one for one in page.button if one.label.startswith("Send to")]
    send.click().run()
    assert [body["input"] for _, body in host.requests] == [["my secret question"]]
    assert any("goes to" in one.value for one in page.title)
    page.text_area[0].set_value("another question").run()
    assert len(host.requests) == 2
    assert not [one for one in page.button if one.label.startswith("Send to")]
