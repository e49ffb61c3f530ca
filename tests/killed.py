"""A run in a process of its own that may be killed at any moment: generates, then collects."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import yaml
from counting import TASKS

from cascal.collection import into_workspace
from cascal.collection.generate import GenerateSettings
from cascal.collection.task_file import parse_tasks
from cascal.encode.encoders import load_encoder
from cascal.endpoint.pool_file import PoolModel
from cascal.simulate import simulated_generators, simulated_pool
from cascal.store import Workspace, collecting

CONCURRENCY = 4
SETTINGS = {"near_duplicate": 0.85}
PAUSE = 0.03
"""Seconds a transaction stays open, so that a kill can hit it."""


def run(path: Path, url: str, n: int, n_models: int, seconds: float = 0.05) -> None:
    """Generate n queries a task and collect them; rows are committed every `seconds`."""
    store = Workspace(path)
    recording = store.recording
    store.recording = lambda dataset: recording(dataset, seconds=seconds)
    encode = load_encoder("hashing").encode
    generator = PoolModel(simulated_generators(url)[0], concurrency=CONCURRENCY)
    tasks = parse_tasks(yaml.safe_load(TASKS))
    into_workspace.generate_into(
        store, "d", tasks, generator, encode, settings=GenerateSettings(n=n, **SETTINGS)
    )
    pool = [PoolModel(spec, concurrency=CONCURRENCY) for spec in simulated_pool(url)[:n_models]]
    into_workspace.collect_into(store, "d", pool)


def tell(line: str) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def announce() -> None:
    """Say on standard output when rows are being stored and when they are."""
    record, n_writes = collecting.record, 0

    def said(*arguments: object) -> None:
        nonlocal n_writes
        n_writes += 1
        record(*arguments)
        tell(f"write {n_writes}")
        time.sleep(PAUSE)

    collecting.record = said
    unlink = Path.unlink

    def kept(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".journal":
            tell(f"commit {n_writes}")
            time.sleep(PAUSE)
        unlink(path, missing_ok=missing_ok)

    Path.unlink = kept


def announced_run(path: Path, url: str, n: int, n_models: int) -> None:
    """The same, and prints `write N` inside the N-th transaction that stores rows, `commit N` after
    it, before the journal is removed.
    """
    announce()
    run(path, url, n, n_models)
