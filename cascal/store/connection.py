"""Open, work, close: short connections to the one file, with a bounded wait for its lock.

DuckDB lets one process write at a time, and inside a process it refuses a second connection of
another mode. So no file stays attached after its operation, and the threads of one process take
turns.
An operation that reads inside another one of its thread shares its connection.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cascal.datatypes import CascalError
from cascal.store import guard
from cascal.store.engine import attach, detach

_OWN = re.compile(r"different configuration|Unique file handle conflict")
"""What DuckDB says where another connection of this process has the file open."""
_HELD = re.compile(r"Could not set lock|being used by another process|already open in", re.I)
_PID = re.compile(r"\(PID (\d+)\)")
_FAILURES = (duckdb.OperationalError, duckdb.InternalError, duckdb.FatalException)
"""What the machine does to the database; anything else is a mistake of ours."""
_POLL = 0.05
"""Seconds between two attempts to open a locked file."""

BATCH = 2_048
"""Rows in an Arrow batch: its texts must stay below 2 GB together, so 1 MB each is safe."""

_locks: dict[str, threading.RLock] = {}
_locks_guard = threading.Lock()
_held = threading.local()
"""The reading connections of each thread, by file: opening one takes longer than most reads."""


class WorkspaceLocked(CascalError):
    """Another process or thread holds the workspace; the sentence names it."""


class DiskFailed(CascalError):
    """The database could not read or write its file: a full disk, a broken one, no memory left."""


def _file_key(path: Path) -> str:
    """The same text for every way to write a path."""
    return os.path.normcase(os.path.realpath(path))


def _lock_of(path: Path) -> threading.RLock:
    """The process-wide lock of a file."""
    with _locks_guard:
        return _locks.setdefault(_file_key(path), threading.RLock())


def _connections() -> dict[str, duckdb.DuckDBPyConnection]:
    """The connections that this thread reads with now, by file."""
    found: dict[str, duckdb.DuckDBPyConnection] = _held.__dict__.setdefault("by_file", {})
    return found


def _process_name(pid: int) -> str:
    """` (name)` of a process where /proc tells it, else nothing; never its arguments."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return ""
    name = os.path.basename(words[0])
    if name.startswith("python") and len(words) > 1:
        script = words[2] if words[1] == "-m" and len(words) > 2 else words[1]
        if not script.startswith("-"):
            name = f"{name} {os.path.basename(script)}"
    return f" ({name[:60]})" if name else ""


def _locked(path: Path, holder: str, timeout: float) -> WorkspaceLocked:
    return WorkspaceLocked(
        f"The workspace {path} is held by {holder}, and {timeout:g} seconds of waiting did not "
        "free it. Wait until that work is done or end it, then try again; nothing was changed.",
        code="workspace-locked",
    )


def _holder(error: duckdb.Error) -> str | None:
    """Who holds the file, in words; None where the error is not about a lock."""
    if _OWN.search(str(error)):
        return f"another connection of this process, {os.getpid()}"
    if not _HELD.search(str(error)):
        return None
    found = _PID.search(str(error))
    if found is None:
        return "another process"
    return f"process {found[1]}{_process_name(int(found[1]))}"


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _open(path: Path, read_only: bool, timeout: float, started: float) -> duckdb.DuckDBPyConnection:
    """Connect, waiting for the lock; a file that was swapped meanwhile is opened again."""
    while True:
        guard.mend(path)
        inode = _inode(path)
        try:
            connection = attach(path, read_only=read_only)
        except duckdb.Error as error:
            holder = _holder(error)
            if holder is None:
                raise CascalError(
                    f"{path} cannot be opened as a workspace: {str(error).splitlines()[0][:300]} "
                    "The file was left as it is; name another one, or restore it from a copy.",
                    code="foreign-file",
                ) from error
            if time.monotonic() - started >= timeout:
                raise _locked(path, holder, timeout) from error
            time.sleep(_POLL)
            continue
        if inode is None or _inode(path) == inode:
            return connection
        detach(path, connection)


@contextmanager
def connected(
    path: Path, *, read_only: bool, timeout: float
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for one operation, closed at its end; inside a reading one, the same again.

    Raises WorkspaceLocked after `timeout` seconds of waiting, for a thread of this process or for
    another process, and at once where this thread would write while it reads; CascalError where
    the file is not a DuckDB file or the disk fails.
    """
    started, held = time.monotonic(), _connections().get(_file_key(path))
    if held is not None:
        if not read_only:
            raise _locked(path, f"this process, {os.getpid()}, which is reading it", 0.0)
        yield held
        return
    lock = _lock_of(path)
    if not lock.acquire(timeout=timeout):
        raise _locked(path, f"another thread of this process, {os.getpid()}", timeout)
    try:
        connection = _open(path, read_only, timeout, started)
        if read_only:
            _connections()[_file_key(path)] = connection
        try:
            yield connection
            if not read_only:
                with suppress(OSError, duckdb.Error):  # the log keeps all; the next one tries again
                    guard.checkpoint(path, connection)
        finally:
            _connections().pop(_file_key(path), None)
            detach(path, connection)
            guard.let_go(path)
    except duckdb.OutOfMemoryException as error:
        raise DiskFailed(
            f"The workspace {path} would need more memory than it may take, half of what this "
            "machine has: some 2,000 texts are in it at once, and these are very long. Nothing was "
            "changed in it. Shorten the texts: their ends, with the answers, are enough.",
            code="too-large",
        ) from error
    except _FAILURES as error:
        said = str(error).splitlines()[0][:300].rstrip(".")
        raise DiskFailed(
            f"The workspace {path} could not be used: {said}. "
            "Nothing was changed in it. Check the disk and the file, then try again.",
            code="workspace-failed",
        ) from error
    finally:
        lock.release()


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: whatever is raised inside leaves the file as it was."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> pa.Table:
    """The result of one SELECT as an Arrow table; parameters are bound by name."""
    return connection.sql(sql, params=parameters or None).to_arrow_table(batch_size=BATCH)


def first_row(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: object = None
) -> tuple[Any, ...] | None:
    """The first row, None where there is none.

    Fetches to the end: DuckDB 2 refuses other work while a result is half read.
    """
    rows = connection.execute(sql, parameters).fetchall()
    return rows[0] if rows else None


def scalar(connection: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> Any:  # noqa: ANN401 - whatever the column holds
    """The first column of the first row, None where there is no row."""
    row = first_row(connection, sql, parameters or None)
    return None if row is None else row[0]
