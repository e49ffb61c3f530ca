"""From task descriptions to a router: end to end, and killed at any moment on the way."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from attack import count
from conftest import add_hashed, thinned_demo
from counting import TASKS, Asked, counting
from forked import Forked, cascal_process
from killed import CONCURRENCY, announced_run, run
from refusals import refuses
from typer.testing import CliRunner

import cascal
from cascal.cli import app, simulating
from cascal.cli.asking_options import limits_of
from cascal.collection.into_workspace import FilterRule, filter_into
from cascal.columns import KEPT_SCHEMA
from cascal.dataset.dataset import load_dataset
from cascal.dataset.encoding import encode_dataset
from cascal.datatypes import CascalError
from cascal.encode.encoders import load_encoder
from cascal.endpoint.pool_file import PoolModel, write_pool
from cascal.simulate import Faults, simulated_generators, simulated_pool
from cascal.store import Workspace
from cascal.store.journal import read_segment, segments_of

KEY = "sk-marker-0123456789abcdef"
ENCODER = load_encoder("hashing")


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A folder with a task file, and a function that runs a command in it and tells what it said.

    The second argument is the exit code that is expected.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CASCAL_WORKSPACE", "work.duckdb")
    (tmp_path / "three.yaml").write_text(TASKS)

    def command(line: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, line.split())
        if code == 0 and isinstance(done.exception, CascalError):
            raise done.exception
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    return command


def written_pool(asked, n_models: int, key_env: str = "") -> None:
    generators = [asked.generator("generator-strong"), asked.generator("generator-weak")]
    pool = [*asked.pool(n_models), generators[0]]
    if key_env:
        pool = [replace(one, spec=replace(one.spec, key_env=key_env)) for one in pool]
    write_pool("pool.yaml", pool)


# ---------------------------------------------------------------- from the shell


@pytest.mark.slow
def test_from_three_descriptions_to_a_routed_query(shell):
    line = "build three.yaml pool.yaml --generator generator-strong --n 30 --out r.cascal"
    with counting() as asked:
        written_pool(asked, 6)
        said = shell(f"{line} --encoder hashing")
        assert asked.total() == 90 + 90 * 6
        for step in ("Generating", "Collecting responses of 6", "90 texts encoded", "Router with"):
            assert step in said
        again = shell(f"{line} --encoder hashing")
        assert asked.total() == 90 + 90 * 6
        assert "0 calls" in again
    router = cascal.Router.load("r.cascal")
    assert len(router.models) == 6
    assert "generator-strong" not in router.models
    text = (
        "Two accounts of the mechanism of otters disagree about the part played by urchins. Given "
        "12 observations, which one is right in kelp?"
    )
    vectors = cascal.Embeddings.from_array(["q"], ENCODER.encode([text]), "hashing")
    routes = router.route(vectors)
    assert router.tasks[routes.task[0]] == "kelp"
    assert routes.selected.shape == (1, 3)
    info = Workspace("work.duckdb").dataset("three")
    assert (info.origin, info.n_train, info.n_responses) == ("simulated", 90, 540)
    assert [task.description for task in Workspace("work.duckdb").tasks("three")][1].startswith(
        "Ecology"
    )


@pytest.mark.slow
def test_simulate_in_one_process_and_build_in_another_give_a_routed_query(tmp_path):
    (tmp_path / "three.yaml").write_text(TASKS)
    environment = {"CASCAL_WORKSPACE": "work.duckdb"}

    def done(*words: str) -> str:
        ended = cascal_process(*words, cwd=tmp_path, env=environment)
        said, told = ended.communicate(timeout=300)
        assert ended.returncode == 0, told
        return said

    server = cascal_process("simulate", "--port", "0", cwd=tmp_path)
    with server.stdout, server.stderr:
        try:
            url = re.search(r"http://\S+/v1", server.stdout.readline())[0]
            generator = PoolModel(simulated_generators(url)[0])
            six = [PoolModel(spec) for spec in simulated_pool(url)[:6]]
            write_pool(tmp_path / "pool.yaml", [*six, generator])
            options = ["--generator", generator.name, "--n", "15", "--encoder", "hashing"]
            said = done("build", "three.yaml", "pool.yaml", *options, "--out", "r.cascal")
        finally:
            server.kill()
    assert "45 texts encoded" in said
    info = Workspace(tmp_path / "work.duckdb").dataset("three")
    assert (info.n_train, info.n_models, info.n_responses) == (45, 6, 270)
    routed = json.loads(done("route", "r.cascal", "When is the tide high after a full moon?"))
    assert set(routed["selected"]) <= {one.name for one in six}


@pytest.mark.slow
def test_a_build_ends_at_its_budget_and_goes_on_where_it_was(shell):
    line = "build three.yaml pool.yaml --generator generator-strong --n 8 --out r.cascal"
    line = f"{line} --encoder hashing --keep 12"
    with counting() as asked:
        written_pool(asked, 5)
        for calls, total in ((10, 10), (30, 40), (50, 90)):
            said = shell(f"{line} --budget-calls {calls}", 1)
            assert asked.total() == total
            assert f"The budget of {calls} calls is used up. The same command goes on." in said
            assert not Path("r.cascal").exists()
        said = shell(line)
        assert asked.total() == 24 + 24 * 5
        assert set(asked.counts.values()) == {1}
    assert "of 24 training queries are in three-filtered now" in said
    assert Workspace("work.duckdb").dataset("three-filtered").n_train <= 12
    assert cascal.Router.load("r.cascal").models


@pytest.mark.slow
def test_step_by_step_is_the_same_as_build(shell):
    with counting() as asked:
        written_pool(asked, 4)
        said = shell(
            "generate three.yaml --generator pool.yaml:generator-strong --dataset three --n 10 "
            "--encoder hashing --concurrency 4"
        )
        assert "30 calls" in said
        said = shell("collect three pool.yaml --batch-out batch.jsonl")
        assert "30 requests written to batch-atlas-large.jsonl" in said
        said = shell("collect three pool.yaml --budget-calls 7 --concurrency 2")
        assert "The budget of 7 calls is used up." in said
        shell("collect three pool.yaml")
        assert "0 responses are read otherwise now" in shell("collect three pool.yaml --reparse")
        store = Workspace("work.duckdb")
        encode_dataset(store, "three", ENCODER)
        with refuses("already-there", "'three'"):
            shell("filter three --to three")
        said = shell("filter three --strong 2 --others 2 --n 9 --to small")
        assert "of 30 training queries are in small now" in said
        assert store.dataset("small").n_train <= 9
        assert load_dataset(store, "small").encoder == "hashing"


def test_a_pool_is_checked_model_by_model(shell, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with counting() as asked:
        written_pool(asked, 2)
        said = shell("pool pool.yaml")
        row = next(line for line in said.splitlines() if "atlas-large" in line)
        assert row.count("yes") == 3
        assert "none needed" in row
        assert "3 / 12" in row
        written_pool(asked, 1, "NO_SUCH_KEY")
        said = shell("pool pool.yaml", 1)
        assert "NO_SUCH_KEY not set" in said
        assert "The environment variable NO_SUCH_KEY is not set." in said
        monkeypatch.setattr(simulating, "DEFAULT_PORT", int(asked.url.split(":")[2][:-3]))
        assert "gnat-mini" in shell("pool simulated")
    said = shell("pool simulated", 1)
    assert "No answer" in said


def test_a_generator_must_be_one_model(shell):
    with counting() as asked:
        written_pool(asked, 2)
    line = "generate three.yaml --dataset d --generator pool.yaml"
    for named in ("", ":nobody"):
        with refuses("unknown-model", "--generator", "pool.yaml"):
            shell(f"{line}{named}")


def test_leaks_are_counted_against_the_test_queries_of_another_data_set(shell):
    with counting() as asked:
        written_pool(asked, 1)
        line = "generate three.yaml --generator pool.yaml:generator-strong --n 4 --encoder hashing"
        shell(f"{line} --dataset old")
        said = shell(f"{line} --dataset new --test old")
    row = next(one for one in said.splitlines() if "kelp" in one)
    assert row.split("│")[-2].strip() == "4"
    leaks = Workspace("work.duckdb").attempts("new")["leak_of"].to_pylist()
    assert sorted(leaks) == sorted(Workspace("work.duckdb").queries("old")["query_id"].to_pylist())


@pytest.mark.slow
def test_the_key_is_nowhere_but_in_the_request(shell, monkeypatch, tmp_path, caplog, capfd):
    monkeypatch.setenv("MARKER_API_KEY", KEY)
    line = "build three.yaml pool.yaml --generator generator-strong --n 5 --out r.cascal"
    with caplog.at_level("DEBUG"), counting(Faults(malformed=0.1, server_error=0.1)) as asked:
        written_pool(asked, 3, "MARKER_API_KEY")
        said = [shell("pool pool.yaml")]
        said.append(shell(f"{line} --encoder hashing --budget-calls 25", 1))
        store = Workspace("work.duckdb")
        with store.recording("three") as recorder:
            recorder.attempt(
                {
                    "task": "tides",
                    "number": 99,
                    "generator": "g",
                    "outcome": "error",
                    "reason": "x",
                    "reply": "y",
                }
            )
            said += [one.read_text() for one in segments_of(store.path, "three")]
        said.append(shell(f"{line} --encoder hashing"))
        said.append(shell("collect three pool.yaml --batch-out batch.jsonl --retry-errors"))
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert {"work.duckdb", "pool.yaml", "r.cascal"} <= {one.name for one in files}
    for one in files:
        assert KEY.encode() not in one.read_bytes(), one
    streams = capfd.readouterr()
    assert KEY not in "".join([*said, caplog.text, streams.out, streams.err])


def command_lines() -> str:
    """The titles of all processes; "" where the system has no /proc."""
    titles = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            titles.append(one.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(titles)


@pytest.mark.slow
def test_the_key_is_in_no_process_title_and_no_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "three.yaml").write_text(TASKS)
    environment = {**os.environ, "MARKER_API_KEY": KEY, "CASCAL_WORKSPACE": "work.duckdb"}
    options = ["--generator", "generator-strong", "--n", "10", "--encoder", "hashing"]
    command = [
        sys.executable,
        "-m",
        "cascal.cli",
        "build",
        "three.yaml",
        "pool.yaml",
        *options,
        "--out",
        "r.cascal",
    ]
    with counting(latency=0.05) as asked:
        written_pool(asked, 3, "MARKER_API_KEY")
        with subprocess.Popen(  # noqa: S603 - our own interpreter
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            asked.wait(30)
            process.send_signal(signal.SIGSTOP)  # it must not end before its title is read
            titles = command_lines()
            process.send_signal(signal.SIGCONT)
            said = process.stdout.read()
        assert process.returncode == 0, said
        assert asked.keys == {f"Bearer {KEY}"}
    done = cascal_process("report", "three", "report.html", env=environment)
    streams = done.communicate()
    assert done.returncode == 0, streams
    assert not titles or "build three.yaml" in titles
    page = Path("report.html").read_text("utf-8")
    for text in (titles, said, *streams, page):
        assert KEY not in text


def test_ctrl_c_stops_in_order_and_the_second_at_once():
    earlier = signal.getsignal(signal.SIGINT)
    with limits_of(None, None, None) as limits:
        assert not limits.stop()
        signal.raise_signal(signal.SIGINT)
        assert limits.stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is earlier


# ---------------------------------------------------------------- the filter


def test_the_filter_keeps_all_test_queries_and_the_responses_of_what_stays(
    tmp_path,
):
    store = Workspace(tmp_path / "demo.duckdb")
    imported = thinned_demo(8, 10)["demo"]
    ids = imported.queries["query_id"].to_pylist()
    rows = [{"query_id": one, "name": "mark", "text": f"of {one}"} for one in ids]
    own = pa.Table.from_pylist(rows, KEPT_SCHEMA)
    add_hashed(store, replace(imported, kept=own))
    study = load_dataset(store, "demo")
    fitted = cascal.fit(study.train.votes, study.train.vectors)
    kept = filter_into(store, study, fitted, "small", FilterRule(n_queries=40))
    small = load_dataset(store, "small")
    assert small.info.n_train == len(kept.rows) == 40
    assert small.info.n_test == study.info.n_test
    assert small.info.origin == "simulated"
    assert small.test.votes.fingerprint() == study.test.votes.fingerprint()
    assert small.train.votes.fingerprint() == study.train.votes.take(kept.rows).fingerprint()
    (mark,) = small.train.kept
    assert mark.values.tolist() == [f"of {one}" for one in small.train.votes.query_ids]
    with refuses("no-records", "demo"):
        filter_into(store, study, fitted, "none", FilterRule(n_queries=0))


# ---------------------------------------------------------------- killed


def content(path: Path) -> tuple:
    """Everything that was generated and collected, without what the clock decided."""
    store = Workspace(path)
    attempts = store.attempts("d").drop_columns(["latency"]).to_pylist()
    responses = store.responses("d", with_text=True).drop_columns(["latency"]).to_pylist()
    names = [one.name for one in store.models("d")]
    return store.queries("d").to_pylist(), attempts, responses, names


def kept_keys(path: Path, names: dict[tuple, tuple]) -> set[tuple]:
    """What file and journal hold after a kill, as the keys by which the server counts.

    `names` maps query ids to (text, options).
    """
    store = Workspace(path)
    rows = [row for segment in segments_of(path, "d") for row in read_segment(segment)]
    attempts, responses = [], []
    if store.datasets():
        attempts = store.attempts("d").to_pylist()
        responses = store.responses("d").to_pylist()
    attempts += [row["attempt"] for row in rows if "attempt" in row]
    responses += [row["response"] for row in rows if "response" in row]
    generated = {("generator-strong", one["task"], one["number"]) for one in attempts}
    return generated | {(one["model"], *names[one["query_id"]]) for one in responses}


class Child:
    """The run in a process of its own."""

    def __init__(self, path: Path, url: str, n: int, n_models: int) -> None:
        self.process = Forked(announced_run, path, url, n, n_models)
        self.said: Counter[str] = Counter()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.said[line.split()[0]] += 1

    def end(self, *, kill: bool) -> None:
        if kill:
            self.process.kill()
        said, code = self.process.stderr.read(), self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        assert code == (-9 if kill else 0), said


def kill_at(kind: str, after: int, asked: Asked, child: Child) -> bool:
    """Kill the run at ("asked", k): k calls after its start, or in the k-th "write" or "commit".

    False if it ended before.
    """
    begun = asked.total()
    while child.process.returncode is None:
        if (asked.total() - begun if kind == "asked" else child.said[kind]) >= after:
            break
        time.sleep(0.001)
    alive = child.process.returncode is None
    child.end(kill=alive)
    time.sleep(0.1)  # what was sent just before arrives
    return alive


def survive(tmp_path: Path, moments: list[tuple[str, int]], n: int, n_models: int) -> None:
    """Kill at every moment, restart, let the last run end, compare with an undisturbed run."""
    whole, path = tmp_path / "whole.duckdb", tmp_path / "killed.duckdb"
    with counting(latency=0.004) as asked:
        run(whole, asked.url, n, n_models)
        assert set(asked.counts.values()) == {1}
        n_calls = asked.total()
    queries = Workspace(whole).queries("d").to_pylist()
    names = {one["query_id"]: (one["text"], tuple(one["options"])) for one in queries}
    in_flight, stored = CONCURRENCY * n_models, []
    with counting(latency=0.004) as asked:
        for n_killed, (kind, after) in enumerate(moments, 1):
            assert kill_at(kind, after, asked, Child(path, asked.url, n, n_models))
            stored.append({key: asked.counts[key] for key in kept_keys(path, names)})
            assert len(stored[-1]) >= asked.total() - n_killed * in_flight
        Child(path, asked.url, n, n_models).end(kill=False)
        for counts in stored:
            assert {key: asked.counts[key] for key in counts} == counts
        assert n_calls <= asked.total() <= n_calls + len(moments) * in_flight
    assert content(path) == content(whole)
    assert not segments_of(path, "d")


@pytest.mark.slow
def test_killed_at_four_moments_nothing_is_lost_and_the_end_is_the_same(tmp_path):
    survive(tmp_path, [("asked", 11), ("write", 2), ("asked", 25), ("commit", 3)], 12, 3)


@pytest.mark.attack
def test_killed_at_random_moments_nothing_is_lost_and_the_end_is_the_same(tmp_path):
    draw = np.random.default_rng(int(os.environ.get("CASCAL_KILL_SEED", "1")))
    kinds = ["asked"] * 12 + ["write"] * 5 + ["commit"] * 3
    order = draw.permutation(len(kinds))
    moments = [
        (kinds[row], int(draw.integers(3, 30) if kinds[row] == "asked" else draw.integers(1, 4)))
        for row in order
    ]
    n, n_models = count(full=80, sample=20), count(full=6, sample=3)
    survive(tmp_path, moments[: count(full=20, sample=3)], n, n_models)
