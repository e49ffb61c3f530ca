"""Every command that writes, killed at random moments: nothing is lost, and the end is the same.

Commands that go on where they were stopped (generate, collect, build, embed) are killed again and
again on one workspace and then run to their end. Commands that do all or nothing (import, and the
deletion of a data set) are killed on a fresh copy each time and leave all, or nothing.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import TimeoutExpired

import numpy as np
import pytest
from attack import count
from counting import TASKS, Asked, counting
from forked import Forked, cascal_process, delete_dataset

from cascal.endpoint.pool_file import write_pool
from cascal.simulate import Faults
from cascal.simulate.faults import Broken
from cascal.store import Workspace

pytestmark = [pytest.mark.attack, pytest.mark.timeout(3_600)]
N_KILLS = count(full=25, sample=1)


class Overcome(Faults):
    """Faults that five tries outlast: every fourth attempt at one prompt goes well.

    Five faults in a row leave an error in the workspace, as they should. Killed runs try more
    often than one whole run, so they would meet other errors than it.
    """

    def broken(self, *drawn_from: object) -> Broken | None:
        *_, attempt = drawn_from
        return None if attempt % 4 == 3 else super().broken(*drawn_from)


FAULTS = Overcome(rate_limit=0.2, retry_after=0.0, server_error=0.15, disconnect=0.1)
"""Of what the commands ask, 29 % goes wrong: three quarters of 1 - 0.8 * 0.85 * 0.9."""
GENERATE = (
    "generate three.yaml --generator pool.yaml:generator-strong --dataset three "
    "--n 12 --encoder hashing -w w.duckdb"
)
COLLECT = "collect three pool.yaml -w w.duckdb"
BUILD = (
    "build three.yaml pool.yaml --generator generator-strong --n 12 --encoder hashing "
    "--out r.cascal -w w.duckdb"
)
EMBED = "embed rows -w w.duckdb --encoder hashing --no-map"
IMPORT = "import rows.jsonl -w w.duckdb"
DELETE = "delete rows from w.duckdb"


def begin(folder: Path, command: str) -> Forked:
    """The command in a process of its own."""
    if command == DELETE:
        return Forked(delete_dataset, "w.duckdb", "rows", cwd=folder)
    return cascal_process(*command.split(), cwd=folder)


def end(folder: Path, command: str) -> float:
    """Run a command to its good end; the seconds it took."""
    start = time.monotonic()
    process = begin(folder, command)
    told = process.communicate(timeout=300)[1]
    assert process.returncode == 0, told
    return time.monotonic() - start


def kill(folder: Path, command: str, after: float) -> bool:
    """Kill a command after so many seconds; whether it still ran."""
    process = begin(folder, command)
    try:
        told = process.communicate(timeout=after)[1]
    except TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    assert process.returncode == 0, told
    return False


def moments(seconds: float) -> Iterator[float]:
    """Random moments of a run of so many seconds, rather late ones: it begins with reading."""
    draw = np.random.default_rng(1)
    for _ in range(20 * N_KILLS):
        yield seconds * float(np.sqrt(draw.uniform(0.05, 1)))


def content(path: Path) -> dict[str, list]:
    """All rows of every data set, without what the clock decided."""
    store, found = Workspace(path), {}
    for name in (one.name for one in store.datasets()):
        responses = store.responses(name, with_text=True).drop_columns(["latency"])
        found[name] = [
            store.queries(name).to_pylist(),
            responses.to_pylist(),
            store.attempts(name).drop_columns(["latency"]).to_pylist(),
            list(store.encoders(name)),
        ]
    return found


@pytest.fixture(scope="module", autouse=True)
def forking() -> None:
    """The server that forks has imported everything before the length of a run is measured."""
    Forked(int).communicate()


@pytest.fixture
def asked() -> Iterator[Asked]:
    with counting(FAULTS, latency=0.002) as running:
        yield running


def folder_with(path: Path, asked: Asked | None = None) -> Path:
    """A folder with what the commands read."""
    path.mkdir()
    (path / "three.yaml").write_text(TASKS, encoding="utf-8")
    rows = [
        {
            "query_id": f"q{number}",
            "text": f"Which of these is number {number}?",
            "options": ["one", "two", "three"],
            "gold": "ABC"[number % 3],
            "model": model,
            "response": f"The answer is ({'ABC'[number % 2]}).",
        }
        for number in range(3_000)
        for model in ("small", "large")
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (path / "rows.jsonl").write_text(text, encoding="utf-8")
    if asked is not None:
        write_pool(path / "pool.yaml", [*asked.pool(3), asked.generator()])
    return path


@pytest.mark.parametrize(
    ("before", "command"),
    [((), GENERATE), ((GENERATE,), COLLECT), ((), BUILD), ((IMPORT,), EMBED)],
    ids=["generate", "collect", "build", "embed"],
)
def test_a_command_that_goes_on_ends_as_if_it_had_never_been_killed(
    tmp_path, asked, before, command
):
    whole = folder_with(tmp_path / "whole", asked)
    for one in before:
        end(whole, one)
    start = Path(shutil.copytree(whole, tmp_path / "start"))
    killed = Path(shutil.copytree(start, tmp_path / "killed"))
    n_killed = 0
    for after in moments(end(whole, command)):
        if kill(killed, command, after):
            n_killed += 1
        else:  # it ended before: all over again
            shutil.rmtree(killed)
            shutil.copytree(start, killed)
        if n_killed == N_KILLS:
            break
    end(killed, command)
    assert n_killed == N_KILLS
    assert content(killed / "w.duckdb") == content(whole / "w.duckdb")
    if command == BUILD:
        assert (killed / "r.cascal").read_bytes() == (whole / "r.cascal").read_bytes()


@pytest.mark.parametrize(
    ("before", "command"), [((), IMPORT), ((IMPORT,), DELETE)], ids=["import", "delete"]
)
def test_a_command_that_does_all_or_nothing_leaves_all_or_nothing(
    tmp_path, before: tuple[str, ...], command: str
):
    start = folder_with(tmp_path / "start")
    for one in before:
        end(start, one)
    untouched = content(start / "w.duckdb") if before else {}
    whole = Path(shutil.copytree(start, tmp_path / "whole"))
    seconds = end(whole, command)
    done = content(whole / "w.duckdb")
    assert done != untouched
    n_killed = 0
    for number, after in enumerate(moments(seconds)):
        folder = Path(shutil.copytree(start, tmp_path / f"killed {number}"))
        n_killed += kill(folder, command, after)
        found = content(folder / "w.duckdb") if (folder / "w.duckdb").exists() else {}
        assert found in (untouched, done)
        if found == untouched:
            end(folder, command)
            assert content(folder / "w.duckdb") == done
        shutil.rmtree(folder)
        if n_killed == N_KILLS:
            break
    assert n_killed == N_KILLS
