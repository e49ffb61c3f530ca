"""A checkpoint that was killed in the middle of a write: the workspace is whole again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from cascal.datatypes import CascalError
from cascal.store import Workspace, guard
from cascal.store.connection import connected, transaction

HEADERS = 12_288
BLOCK = 262_144


class Killed(Exception):
    """Where the process would have ended."""


class KilledAtCheckpoint:
    """A connection; instead of a checkpoint everything on the disk is copied, and that is all."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, to: Path) -> None:
        self.connection, self.path, self.to = connection, path, to

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        if sql.startswith("CHECKPOINT"):
            copied(self.path, self.to)
            raise Killed
        return self.connection.execute(sql)


def copied(path: Path, to: Path) -> Path:
    """A workspace with all files beside it, in another folder."""
    to.mkdir()
    for one in path.parent.glob(f"{path.name}*"):
        shutil.copy(one, to)
    return to / path.name


@pytest.fixture
def path(tmp_path) -> Path:
    """A workspace of two data sets."""
    made = Workspace(tmp_path / "whole" / "w.duckdb")
    for name in ("first", "second"):
        made.begin(name, "by hand", tasks=[])
    return made.path


@pytest.fixture
def killed(path, tmp_path) -> Path:
    """The same with a third one, as a kill leaves it when the checkpoint begins."""
    with connected(path, read_only=False, timeout=5) as connection:
        with transaction(connection):
            connection.execute("UPDATE dataset SET source = 'changed' WHERE name = 'second'")
        with pytest.raises(Killed):
            guard.checkpoint(path, KilledAtCheckpoint(connection, path, tmp_path / "killed"))
    return tmp_path / "killed" / "w.duckdb"


def tear(killed: Path, whole: Path, place: int, cut: int) -> None:
    """Put the first bytes of what the checkpoint would have written into a block."""
    with killed.open("r+b") as file, whole.open("rb") as done:
        done.seek(place)
        file.seek(place)
        file.write(done.read(cut))


def sources(path: Path) -> dict[str, str]:
    return {one.name: one.source for one in Workspace(path).datasets()}


@pytest.mark.parametrize("cut", [4_096, 3 * 4_096, BLOCK])
def test_half_a_block_of_metadata_is_put_back_and_nothing_is_lost(path, killed, cut):
    tear(killed, path, HEADERS, cut)
    assert sources(killed) == {"first": "by hand", "second": "changed"}
    assert not guard.guard_of(killed).exists()
    Workspace(killed).begin("third", "by hand", tasks=[])
    assert list(sources(killed)) == ["first", "second", "third"]


def test_without_its_guard_such_a_file_cannot_be_opened(path, killed):
    tear(killed, path, HEADERS, 4_096)
    guard.guard_of(killed).unlink()
    with pytest.raises(CascalError) as refusal:
        sources(killed)
    assert refusal.value.code == "foreign-file"


def test_a_guard_of_a_checkpoint_that_ended_changes_nothing(path, killed):
    shutil.copy(guard.guard_of(killed), guard.guard_of(path))
    before = path.read_bytes()
    assert sources(path) == {"first": "by hand", "second": "changed"}
    assert path.read_bytes() == before
    assert not guard.guard_of(path).exists()


def test_half_a_guard_is_of_a_checkpoint_that_never_began(killed):
    kept = guard.guard_of(killed)
    kept.write_bytes(kept.read_bytes()[:-1])
    before = killed.read_bytes()
    guard.mend(killed)
    assert killed.read_bytes() == before
    assert not kept.exists()
    assert sources(killed) == {"first": "by hand", "second": "changed"}


HOLD = """
import sys
from pathlib import Path
from cascal.store.connection import connected
with connected(Path(sys.argv[1]), read_only=False, timeout=5):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_nothing_is_put_back_while_another_process_has_the_file(path, killed):
    kept = guard.guard_of(killed).read_bytes()
    holder = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"
        guard.guard_of(path).write_bytes(kept)
        before = path.read_bytes()
        guard.mend(path)
        assert (path.read_bytes(), guard.guard_of(path).read_bytes()) == (before, kept)
    finally:
        holder.communicate(timeout=30)


def test_no_checkpoint_happens_but_the_guarded_one(path):
    """DuckDB would make one of its own at a log of 16 MB."""
    before = path.read_bytes()[:HEADERS]
    with connected(path, read_only=False, timeout=5) as connection:
        for number in range(3):
            with transaction(connection):
                connection.execute(
                    "INSERT INTO task SELECT 'second', i, 't' || i, repeat(i::VARCHAR, 400) "
                    "FROM (SELECT 20000 * ? + i AS i FROM range(20000) r(i))",
                    [number],
                )
        assert path.with_name("w.duckdb.wal").stat().st_size > 20_000_000
        assert path.read_bytes()[:HEADERS] == before
    assert path.read_bytes()[:HEADERS] != before
    assert not path.with_name("w.duckdb.wal").exists()
    assert sum(1 for one in Workspace(path).tasks("second")) == 60_000


TRY = """
import sys
from pathlib import Path
from cascal.store.connection import WorkspaceLocked, connected
try:
    with connected(Path(sys.argv[1]), read_only=False, timeout=0.0):
        print("opened")
except WorkspaceLocked:
    print("locked")
"""


def test_the_lock_is_kept_until_the_checkpoint_has_ended(path):
    """Closing any handle of a file would give up the lock that DuckDB has on it."""
    with connected(path, read_only=False, timeout=5) as connection:
        with transaction(connection):
            connection.execute("UPDATE dataset SET source = 'changed' WHERE name = 'second'")
        guard.checkpoint(path, connection)
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", TRY, str(path)], capture_output=True, text=True, check=True
        )
    assert done.stdout == "locked\n"
