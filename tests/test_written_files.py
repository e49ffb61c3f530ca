"""Pool and task files: read, written, refused in a sentence that repeats no key."""

from __future__ import annotations

import json
import math

import pytest
import yaml
from refusals import refuses

from cascal.collection.task_file import TaskRequest, parse_tasks, read_tasks
from cascal.datatypes import ModelSpec, Query, Task
from cascal.endpoint.pool_file import PoolModel, parse_pool, read_pool, unset_keys, write_pool

KEY = "sk-marker-0123456789"
FULL = {
    "name": "fast",
    "model_id": "org/fast-1",
    "base_url": "http://127.0.0.1:1/v1/",
    "key_env": "FAST_API_KEY",
    "input_price": 0.1,
    "output_price": 2,
}
OPTIONAL = {"concurrency": 3, "temperature": None, "max_tokens": 64, "logprobs": False}


def test_every_field_is_read_and_the_rest_has_defaults():
    full, short = parse_pool([FULL | OPTIONAL, {"name": "b", "base_url": "https://b.example/v1"}])
    spec = ModelSpec(
        "fast",
        model_id="org/fast-1",
        base_url="http://127.0.0.1:1/v1",
        key_env="FAST_API_KEY",
        input_price=0.1,
        output_price=2.0,
    )
    assert full == PoolModel(spec, 3, None, 64, logprobs=False)
    assert (short.concurrency, short.temperature, short.max_tokens, short.logprobs) == (
        8,
        0.7,
        1024,
        True,
    )
    assert (short.spec.model_id, short.spec.key_env, short.spec.simulated) == ("b", "", False)
    assert math.isnan(short.spec.input_price)


@pytest.mark.parametrize("name", ["pool.yaml", "pool.json"])
def test_what_is_written_is_read_back(tmp_path, name):
    models = parse_pool(
        [FULL | OPTIONAL | {"simulated": True}, FULL | {"name": "é", "key_env": ""}]
    )
    write_pool(tmp_path / name, models)
    assert read_pool(tmp_path / name) == models
    if name.endswith("yaml"):
        (tmp_path / name).write_text(yaml.safe_dump({"models": [FULL]}))
        assert read_pool(tmp_path / name)[0].name == "fast"


BAD_POOLS = (
    ("not-records", ["pool file"], {}),
    ("not-records", ["pool file"], []),
    ("not-records", ["entry 1"], ["fast"]),
    ("missing-value", ["name", "entry 1"], [{"base_url": "http://x/v1"}]),
    ("missing-value", ["base_url", "entry 1"], [{"name": "a"}]),
    ("malformed-value", ["base_url", "entry 1"], [{"name": "a", "base_url": "x/v1"}]),
    ("written-secret", ["base_url"], [{"name": "a", "base_url": f"http://u:{KEY}@x/v1"}]),
    ("duplicate-id", ["'fast'"], [FULL, FULL]),
    ("written-secret", ["key_env", "entry 1"], [FULL | {"key_env": KEY}]),
    ("unknown-field", ["'api_key'", "entry 1", "key_env"], [FULL | {"api_key": KEY}]),
    ("bad-field", ["name", "entry 1", "'::'"], [FULL | {"name": "a::b"}]),
    ("bad-field", ["name", "entry 1"], [FULL | {"name": 7}]),
    ("bad-field", ["input_price", "entry 1"], [FULL | {"input_price": KEY}]),
    ("bad-field", ["output_price", "entry 1"], [FULL | {"output_price": -1}]),
    ("bad-field", ["concurrency", "entry 1", 1], [FULL | {"concurrency": 0}]),
    ("bad-field", ["max_tokens", "entry 1", 1], [FULL | {"max_tokens": 1.5}]),
    ("bad-field", ["temperature", "entry 1"], [FULL | {"temperature": math.nan}]),
    ("bad-field", ["logprobs", "entry 1"], [FULL | {"logprobs": KEY}]),
)


@pytest.mark.parametrize(("code", "parts", "entries"), BAD_POOLS)
def test_a_bad_pool_is_refused_in_a_sentence_without_the_key(code, parts, entries):
    with refuses(code, *parts) as refusal:
        parse_pool(entries)
    assert KEY not in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_an_unknown_field_is_named_as_it_was_written():
    with refuses("unknown-field", "'{where}'", "entry 1 of the pool file"):
        parse_pool([FULL | {"{where}": 1}])


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abcdefghijkl",
        "hf_abcdefghijklmnopqrstuvwxyz",
        "AIzaSyA1234567890abcdefghijk",
        "gsk_ABCDEFGHIJKLMNOPQR0123",
        "a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "ABCDEF0123456789ABCDEF0123456789",
    ],
)
def test_what_looks_like_a_key_is_refused_as_a_variable(key):
    with refuses("written-secret", "key_env") as refusal:
        parse_pool([FULL | {"key_env": key}])
    assert key not in str(refusal.value)


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "KEY", "key", "MY_SECOND_PROVIDERS_API_KEY_2"])
def test_names_of_variables_are_not_taken_for_keys(name):
    assert parse_pool([FULL | {"key_env": name}])[0].spec.key_env == name


def test_unset_key_variables_are_named_once(monkeypatch):
    monkeypatch.delenv("FAST_API_KEY", raising=False)
    models = parse_pool([FULL, FULL | {"name": "b"}, FULL | {"name": "c", "key_env": ""}])
    assert unset_keys(models) == ("FAST_API_KEY",)
    monkeypatch.setenv("FAST_API_KEY", KEY)
    assert unset_keys(models) == ()


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with refuses("no-such-file", "pool file", "none.yaml"):
        read_pool(tmp_path / "none.yaml")
    bad = tmp_path / "bad.yaml"
    for code, content in (
        ("bad-yaml", b"a: ["),
        ("wrong-encoding", b"\xff\xfe"),
        ("bad-yaml", b"- !!python/object/apply:os.system ['true']"),
    ):
        bad.write_bytes(content)
        with refuses(code, "bad.yaml"):
            read_pool(bad)
    bad.write_text("- name: a\n  base_url: http://x/v1\n  name: b\n")
    with refuses("duplicate-key", "'name'", "bad.yaml", 1):
        read_pool(bad)
    bad.write_bytes(b" " * (5 << 20))
    with refuses("too-large", "bad.yaml", 4):
        read_pool(bad)


# ---------------------------------------------------------------- tasks


def test_the_shipped_tasks_are_the_14_of_mmlu_pro():
    requests = read_tasks("mmlu_pro")
    assert [one.task.name for one in requests] == [
        "biology",
        "business",
        "chemistry",
        "computer science",
        "economics",
        "engineering",
        "health",
        "history",
        "law",
        "math",
        "philosophy",
        "physics",
        "psychology",
        "other",
    ]
    assert all(100 < len(one.task.description) < 500 for one in requests)
    assert all("\n" not in one.task.description and one.n is None for one in requests)


def test_tasks_with_examples_and_counts(tmp_path):
    example = {"question": "1 + 1?", "options": ["2", "3"], "answer": "a"}
    entry = {"name": "sums", "description": "Adding\n numbers.", "n": 7, "examples": [example]}
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps({"tasks": [entry]}))
    query = Query("", "sums", "1 + 1?", options=("2", "3"), answer="A")
    assert read_tasks(file) == (TaskRequest(Task("sums", "Adding numbers."), ((query,),), 7),)


def test_a_task_that_comes_again_asks_for_more_in_turn():
    one = {
        "name": "a",
        "description": "d",
        "n": 2,
        "examples": [{"question": "x", "options": [1, 2]}],
    }
    other = one | {"n": 3, "examples": [{"question": "y", "options": [1, 2]}]}
    (joined,) = parse_tasks({"tasks": [one, other]})
    assert joined.n == 5
    assert [group[0].text for group in joined.examples] == ["x", "y"]
    with refuses("duplicate-id", "'a'"):
        parse_tasks({"tasks": [one, one | {"description": "e"}]})


TASK = {"name": "a", "description": "d"}
BAD_ANSWER = {"question": "x", "options": ["a", "b"], "answer": "C"}
BAD_TASKS = (
    ("not-records", ["tasks:"], [TASK]),
    ("not-records", ["task file"], {"tasks": []}),
    ("missing-value", ["description", "entry 1 of the task file"], {"tasks": [{"name": "a"}]}),
    ("unknown-field", ["'count'", "entry 1"], {"tasks": [TASK | {"count": 3}]}),
    ("bad-field", ["n in", "entry 1", "1 or more"], {"tasks": [TASK | {"n": 0}]}),
    ("bad-field", ["examples", "entry 1"], {"tasks": [TASK | {"examples": "x"}]}),
    (
        "bad-field",
        ["options", "entry 1 of the examples"],
        {"tasks": [TASK | {"examples": [{"question": "x"}]}]},
    ),
    (
        "bad-field",
        ["answer", "entry 1 of the examples"],
        {"tasks": [TASK | {"examples": [BAD_ANSWER]}]},
    ),
)


@pytest.mark.parametrize(("code", "parts", "document"), BAD_TASKS)
def test_a_bad_task_file_is_refused(code, parts, document):
    with refuses(code, *parts):
        parse_tasks(document)
