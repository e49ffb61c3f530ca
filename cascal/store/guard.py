"""What a killed checkpoint of DuckDB may tear, kept beside the workspace until it is whole again.

A checkpoint writes to free places of the file, and at its end one of two headers names what is new:
killed before, the file is what it was. But DuckDB 2.0 writes metadata, blocks of 256 KiB, in place,
while the old header still names them. A kill in the middle of that one write leaves half a block:
its checksum is wrong and nobody can open the file. So these blocks are copied to `NAME.guard`
before a checkpoint, and put back where the headers say that it never ended. What was committed
meanwhile is in DuckDB's write-ahead log.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import duckdb

from cascal.files.durable import sync_folder
from cascal.files.owner_only import owner_only

if sys.platform != "win32":
    import fcntl

_HEADERS = 3 * 4096
"""Bytes before the first block: the file's own header, and two that take turns."""
_DIGEST = 32
_readers: dict[Path, IO[bytes]] = {}
"""Files that are read while DuckDB has them; one thread at a time has one, see `connected`."""


def guard_of(path: Path) -> Path:
    """The file that holds the blocks of a workspace's metadata while a checkpoint runs."""
    return path.with_name(f"{path.name}.guard")


def checkpoint(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Write what the log holds into the file, so that a kill at any moment loses nothing.

    Raises OSError, or what DuckDB raises, where the disk fails; the log keeps everything then.
    """
    path = path.resolve()  # DuckDB's log stands beside what a link leads to
    log = path.with_name(f"{path.name}.wal")
    if not log.exists() or not log.stat().st_size:
        return
    if sys.platform != "win32":  # where nobody opens a file that DuckDB has open
        _keep(path, connection)
    connection.execute("CHECKPOINT workspace")
    guard_of(path).unlink(missing_ok=True)


def let_go(path: Path) -> None:
    """Close what `checkpoint` read a file with, after DuckDB has let go of it.

    Not before: whoever closes a file loses, on POSIX, all locks that its process has on it.
    """
    with suppress(KeyError):
        _readers.pop(path.resolve()).close()


def _keep(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Copy the headers and the blocks of metadata; all of it is on the disk afterwards."""
    size = connection.execute(
        "SELECT block_size FROM pragma_database_size() WHERE database_name = 'workspace'"
    ).fetchall()[0][0]
    blocks = connection.execute(
        "SELECT DISTINCT block_id FROM pragma_metadata_info('workspace') ORDER BY ALL"
    ).fetchall()
    places = [_HEADERS + block * size for (block,) in blocks]
    if path not in _readers:
        _readers[path] = path.open("rb", buffering=0)
    reader = _readers[path].fileno()
    parts = [(0, os.pread(reader, _HEADERS, 0))]
    parts += [(place, os.pread(reader, size, place)) for place in places]
    head = json.dumps([[place, len(content)] for place, content in parts]).encode() + b"\n"
    content = head + b"".join(content for _, content in parts)
    guard = guard_of(path)
    try:
        with open(guard, "wb", opener=owner_only) as file:
            file.write(hashlib.blake2b(content, digest_size=_DIGEST).digest() + content)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(guard.parent)
    except OSError:  # no room for it: it leaves none to others either
        guard.unlink(missing_ok=True)
        raise


def mend(path: Path) -> None:
    """Put metadata back that a checkpoint may have torn, before the file is opened.

    Does nothing while another process has the file: its checkpoint is under way. A guard that is
    not whole was killed before its checkpoint began; one whose headers are not the file's is of a
    checkpoint that came to its end.
    """
    path = path.resolve()
    guard = guard_of(path)
    if not guard.exists():
        return
    with _held_alone(path) as file:
        if file is None:
            return
        if not guard.exists():  # its checkpoint ended just now
            return
        (_, headers), *blocks = _read(guard) or [(0, b"")]
        if headers and file.read(len(headers)) == headers:
            for place, content in blocks:
                file.seek(place)
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        guard.unlink(missing_ok=True)


def _read(guard: Path) -> list[tuple[int, bytes]] | None:
    """Places and bytes as they were kept, the headers first; None where they are not whole."""
    kept = guard.read_bytes()
    digest, content = kept[:_DIGEST], kept[_DIGEST:]
    if hashlib.blake2b(content, digest_size=_DIGEST).digest() != digest:
        return None
    head, _, rest = content.partition(b"\n")
    parts, start = [], 0
    for place, length in json.loads(head):
        parts.append((place, rest[start : start + length]))
        start += length
    return parts


@contextmanager
def _held_alone(path: Path) -> Iterator[IO[bytes] | None]:
    """The file, open for reading and writing and locked as DuckDB locks it; None if it is in use.

    Also None where another file took its place meanwhile.
    """
    try:
        file = path.open("r+b")
    except (FileNotFoundError, PermissionError):
        yield None
        return
    with file:
        if sys.platform != "win32":
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield None
                return
        swapped = not path.exists() or os.fstat(file.fileno()).st_ino != path.stat().st_ino
        yield None if swapped else file
