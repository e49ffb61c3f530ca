"""Connections: DuckDB is started once a file, and the file is attached for one operation.

To start DuckDB takes more than ten times as long as to attach a file to one that runs. Between two
operations the file is attached to nothing, so its lock is free for other processes.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import duckdb

from cascal.store import room

Config = dict[str, str | bool | int | float | list[str]]

_CONFIG: Config = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allowed_configs": ["enable_progress_bar", "memory_limit"],
    "memory_limit": f"{room.LEAST_MEGABYTES}MB",
    "threads": 1,
    "wal_autocheckpoint": "1TB",
    "checkpoint_on_detach": "DISABLED",
}
"""Checkpoints are `guard.checkpoint` alone: a kill can tear the file in any other one. Every thread
needs a share of the memory."""
_TOUCHED = ("", ".wal", ".wal.checkpoint", ".wal.recovery")
"""Ends of the names that belong to a file: nothing else may be read."""
_KEPT = 4
"""Started ones that are kept; a dashboard reads one file, a script that copies two."""

_started: dict[int, OrderedDict[Path, duckdb.DuckDBPyConnection]] = {}
"""By process: a child that was forked may not use, nor end, the threads of its parent."""
_guard = threading.Lock()
_measured: dict[Path, tuple[tuple[tuple[int, int, int], ...], int]] = {}
"""By file: its state, and the bytes of the longest texts that stand together in it."""


def _literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _start(path: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that can open one file and change no setting.

    Where Python is interactive (a notebook, `python -c`), DuckDB prints a bar into standard output
    when a query is slow; it takes that setting from an open connection only.
    """
    made = duckdb.connect(":memory:", config={**_CONFIG, "temp_directory": f"{path}.tmp"})
    allowed = ", ".join(_literal(f"{path}{end}") for end in _TOUCHED)
    made.execute("SET enable_progress_bar = false")
    made.execute(f"SET allowed_paths = [{allowed}]")
    made.execute("SET enable_external_access = false")
    made.execute("SET lock_configuration = true")
    return made


def _engine_of(path: Path) -> duckdb.DuckDBPyConnection:
    """The one that was started for a file, or a new one in place of the one used longest ago."""
    with _guard:
        kept = _started.setdefault(os.getpid(), OrderedDict())
        if path not in kept:
            kept[path] = _start(path)
        kept.move_to_end(path)
        if len(kept) > _KEPT:
            kept.popitem(last=False)  # closed where nobody reads with it any more
        return kept[path]


def _forget(path: Path) -> None:
    """Start anew next time, as after an error that may have spoilt the one that runs."""
    with _guard:
        _started.get(os.getpid(), OrderedDict()).pop(path, None)


def _make_room(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Allow what the texts of a file need; they are measured once for each state of the file."""
    state = [one.stat() for end in _TOUCHED[:2] if (one := Path(f"{path}{end}")).exists()]
    known = tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in state)
    if _measured.get(path, ((), 0))[0] != known:
        _measured[path] = (known, room.stored_at_once(connection))
    room.allow(connection, _measured[path][1])


def attach(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection to a file; raises what DuckDB raises where it cannot be opened."""
    path, mode = path.resolve(), "READ_ONLY" if read_only else "READ_WRITE"
    engine = _engine_of(path)
    try:
        engine.execute(f"ATTACH {_literal(str(path))} AS workspace ({mode})")
        connection = engine.cursor()
        connection.execute("USE workspace")
        _make_room(path, connection)
    except duckdb.Error as error:
        if not isinstance(error, duckdb.IOException):  # which says that the file is locked
            _forget(path)
        raise
    return connection


def detach(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection and let go of its file, with all that was written in it."""
    path = path.resolve()
    try:
        connection.execute("USE memory")
        connection.execute("DETACH workspace")
    except duckdb.Error:
        _forget(path)
    with suppress(duckdb.Error):
        connection.close()
