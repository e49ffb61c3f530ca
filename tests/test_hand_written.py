"""Files that people write by hand, spoilt: each is read, or refused in a sentence and in time."""

from __future__ import annotations

import copy
import json
import os
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from attack import FULL, count
from conftest import make_world, thinned_workspace
from spoiling import spoil

import cascal
from cascal.collection.task_file import read_tasks
from cascal.dataset.dataset import load_dataset
from cascal.dataset.label_questions import routing_question
from cascal.dataset.score_file import read_score_file, score_rows, write_score_file
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import CascalError
from cascal.endpoint.pool_file import read_pool, write_pool
from cascal.importers.texts import read_texts
from cascal.policy import check, read_policy
from cascal.yaml_files.documents import read_document

N_FILES = 3_000
"""Spoilt files of `make attack`, over all kinds."""
MOST_SECONDS = 10.0
"""One file, the policy checked with it included."""
ODD = [
    *(None, True, 0, -1, 27, 1e308, 10**30, float("nan"), float("inf"), "", " ", "\x00", "\ud800"),
    *("é\u202e", "a" * 5_000, "[bold]", "../..", "C:\\x", "http://[::1", "=1+1", "2024-02-31"),
    *([], [[]], {}, {"": {}}, [None], ["a"] * 300, {"a": 1, 1: "a"}, "sk-" + "a1" * 20),
]
"""Values that are put into a document in the place of another."""
RAW = [
    "!!python/name:os.system", "!mine x", "&a [*a]", "*none", "? [a]: b", "1" * 5_000, "0x", "1_0",
    "2024-13-45", "1e99999", "- - - -", "{" * 60, "[" * 200, "<<: 1", "~", ".nan", "|", ">", "'",
]  # fmt: skip
"""What is put into the text as it stands."""
POOL = [
    {"name": "a", "base_url": "http://127.0.0.1:1/v1", "key_env": "A_KEY", "input_price": 0.5},
    {"name": "b", "base_url": "https://example.org/v1", "max_tokens": 64, "logprobs": True},
]
TASKS = {
    "tasks": [
        {
            "name": "algebra",
            "description": "Equations in one unknown.",
            "n": 5,
            "examples": [{"question": "2x = 4?", "options": ["1", "2"], "answer": "B"}],
        },
        {"name": "law", "description": "Contracts."},
    ]
}
POLICY = {
    "prompts": "prompts.csv",
    "must_go_to": [{"models": ["model-a", "model-b", "model-c"], "texts": ["Hello"]}],
    "must_not_go_to": [{"models": ["model-d"], "file": "never.txt", "among": "selected"}],
    "max_share": {"model-a": 0.9},
    "min_effective_models": 1.5,
}
Reader = Callable[[Path], object]


@dataclass(frozen=True)
class Kind:
    """Good files of one kind, and what reads them all once one of them is spoilt."""

    folder: Path
    read: Reader
    content: dict[str, bytes]
    document: Any = None
    main: str = ""


def encode(_encoder, texts):
    rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=12) for text in texts]
    return np.stack(rows) / np.linalg.norm(rows, axis=1, keepdims=True)


def written(name, value):
    """A document as YAML; as JSON in a file of that ending, or where YAML cannot write it."""
    if not name.endswith(".json"):
        with suppress(yaml.YAMLError, UnicodeEncodeError):
            return yaml.safe_dump(value, allow_unicode=True).encode()
    return json.dumps(value, indent=1).encode()


def with_odd_value(document, random):
    """A copy with one value, or one key, in the place of another."""
    found = copy.deepcopy(document)
    part = found
    while True:
        keys = list(part) if isinstance(part, dict) else range(len(part))
        key = keys[int(random.integers(len(keys)))]
        if isinstance(part[key], dict | list) and part[key] and random.random() < 0.7:
            part = part[key]
            continue
        odd = copy.deepcopy(ODD[int(random.integers(len(ODD)))])
        if isinstance(part, dict) and random.random() < 0.3:
            part[odd if isinstance(odd, str) else "unknown"] = part.pop(key)
        else:
            part[key] = odd
        return found


def spoilt(kind, random):
    """The name of one of its files and its new content."""
    names = list(kind.content)
    name = names[int(random.integers(len(names)))]
    if kind.document is not None and random.random() < 0.5:
        return kind.main, written(kind.main, with_odd_value(kind.document, random))
    if kind.document is not None and random.random() < 0.3:
        lines = kind.content[kind.main].decode().split("\n")
        place, raw = int(random.integers(len(lines))), RAW[int(random.integers(len(RAW)))]
        head = lines[place].partition(":")[0]
        lines[place] = f"{head}: {raw}" if random.random() < 0.7 else raw
        return kind.main, "\n".join(lines).encode()
    return name, spoil(kind.content[name], random)


def of_document(folder, name, document, read):
    folder.mkdir()
    content = {name: written(name, document)}
    return Kind(folder, lambda path: read(path / name), content, document, name)


def policies(folder):
    votes, vectors, _ = make_world(seed=4)
    router = cascal.fit(votes, vectors).router()
    folder.mkdir()
    lines = "".join(f"{n},Prompt number {n}\n" for n in range(30))
    content = {
        "policy.yaml": written("policy.yaml", POLICY),
        "prompts.csv": f"id,text\n{lines}".encode(),
        "never.txt": b"Good bye\nNo more\n",
    }

    def read(path):
        document = read_document(path / "policy.yaml", "policy")
        return check(router, read_policy(document, path, router.models), encode)

    return Kind(folder, read, content, POLICY, "policy.yaml")


def again(path):
    """A pool that was read can be written and read again."""
    pool = read_pool(path)
    copied = path.with_name("again.yaml")
    write_pool(copied, pool)
    assert repr(read_pool(copied)) == repr(pool)  # a price that is not known is nan


def labels(folder, store):
    folder.mkdir()
    dataset = load_dataset(store, "demo")
    fit = cascal.fit(dataset.train.votes, dataset.train.vectors, costs=dataset.costs)
    snapshot = take_snapshot(dataset, fit, cascal.Thresholds())
    desk = routing_question(snapshot).desk(store, "ann")
    desk.write(folder / "labels.csv", 12)
    good = (folder / "labels.csv").read_bytes()

    def read(path):
        return desk.read(path / "labels.csv")

    return Kind(folder, read, {"labels.csv": good})


def scores(folder, store):
    folder.mkdir()
    rows = [row | {"score": 0.5} for row in score_rows(store, "demo", 10, "ann")]
    write_score_file(folder / "scores.csv", rows)

    def read(path):
        given = read_score_file(store, "demo", path / "scores.csv", "person", "ann")
        store.add_scores("demo", given)
        for scorer in {one.scorer for one in given}:
            store.delete_scores("demo", "person", scorer)

    return Kind(folder, read, {"scores.csv": (folder / "scores.csv").read_bytes()})


def queries(folder):
    folder.mkdir()
    content = {
        "queries.csv": b'id,text\n1,"Why ""so""?"\n2,Where?\n',
        "queries.txt": "Why?\n\nWhere is São Paulo?\n".encode(),
        "queries.jsonl": b'{"id": 1, "text": "Why?"}\n{"id": 2, "text": "Where?"}\n',
    }
    return Kind(folder, lambda path: [read_texts(path / name) for name in content], content)


def refusal_of(kind, told):
    """The refusal of the files as they are now, None where they are read."""
    try:
        kind.read(kind.folder)
    except CascalError as refused:
        return refused
    except Exception as error:
        raise AssertionError(told) from error
    return None


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    store = thinned_workspace(folder, 16, 8)
    return {
        "pool": of_document(folder / "pool", "pool.yaml", POOL, again),
        "pool in JSON": of_document(folder / "json", "pool.json", POOL, again),
        "tasks": of_document(folder / "tasks", "tasks.yaml", TASKS, read_tasks),
        "policy": policies(folder / "policy"),
        "labels": labels(folder / "labels", store),
        "scores": scores(folder / "scores", store),
        "queries": queries(folder / "queries"),
    }


KINDS = ("pool", "pool in JSON", "tasks", "policy", "labels", "scores", "queries")


@pytest.mark.attack
@pytest.mark.parametrize("name", KINDS)
def test_a_spoilt_file_is_read_or_refused_in_a_sentence_and_in_time(kinds, name, record_property):
    kind, seed = kinds[name], int.from_bytes(os.urandom(4)) if FULL else 15
    n_files, n_refused = count(full=-(-N_FILES // len(KINDS)), sample=12), 0
    for number in range(n_files):
        for file, content in kind.content.items():
            (kind.folder / file).write_bytes(content)
        file, content = spoilt(kind, np.random.default_rng([seed, number]))
        (kind.folder / file).write_bytes(content)
        start = time.process_time()
        refused = refusal_of(kind, f"seed {seed}, number {number}, {file}: {content[:400]!r}")
        n_refused += refused is not None
        assert refused is None or refused.code, (seed, number)
        said = "read" if refused is None else str(refused)
        assert 0 < len(said.strip()) < 1_500, (seed, number, said)
        assert time.process_time() - start < MOST_SECONDS, (seed, number)
    record_property("read", n_files - n_refused)
    record_property("refused", n_refused)
    assert n_refused


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_the_files_that_are_spoilt_are_good(kinds, name):
    for file, content in kinds[name].content.items():
        (kinds[name].folder / file).write_bytes(content)
    kinds[name].read(kinds[name].folder)
