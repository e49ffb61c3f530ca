"""An append-only journal beside the workspace: one JSON line a row, there as soon as it is written.

A line is on the disk before it counts as stored, so neither a kill nor a power cut loses it. A
process that is killed leaves complete lines and at most one torn last one; one that finds the disk
full takes back what it wrote of a line. Files of at most `SEGMENT_ROWS` lines follow each other, so
that what is committed can be removed while more is written.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from cascal.datatypes import CascalError
from cascal.files.durable import sync_folder
from cascal.files.file_lock import held
from cascal.files.owner_only import owner_only

SEGMENT_ROWS = 2_000


class JournalLocked(CascalError):
    """Another process collects into this data set, or replaces or deletes it."""


def _stem(workspace: Path, dataset: str) -> str:
    name = dataset.encode("utf-8", "surrogatepass")
    return f"{workspace.name}.{hashlib.sha256(name).hexdigest()[:16]}"


def segments_of(workspace: Path, dataset: str) -> list[Path]:
    """What a data set's journal holds that is not committed, oldest first."""
    stem = glob.escape(_stem(workspace, dataset))
    return sorted(workspace.parent.glob(f"{stem}.*.journal"))


def read_segment(segment: Path) -> list[dict[str, Any]]:
    """The rows of one segment; a torn last line is left out, any other damage is refused."""
    *lines, torn = segment.read_bytes().split(b"\n")
    try:
        rows = [json.loads(line) for line in lines]
    except ValueError:
        raise CascalError(
            f"{segment} is damaged in the middle: something else wrote into it. Move it away to go "
            "on without it; what it holds is then asked again.",
            code="damaged-file",
        ) from None
    return rows + _if_whole(torn)


def _if_whole(line: bytes) -> list[dict[str, Any]]:
    """A last line without its line break counts if it is complete."""
    try:
        row = json.loads(line)
    except ValueError:
        return []
    return [row] if isinstance(row, dict) else []


class Journal:
    """The journal of one data set, held by one process at a time; a context manager.

    `append` and `rotate` may be called by different threads.
    """

    def __init__(self, workspace: Path, dataset: str) -> None:
        self._workspace, self._dataset = workspace, dataset
        self._lock = threading.Lock()
        self._held: IO[bytes] | None = None
        self._segment: _Segment | None = None

    def __enter__(self) -> Journal:
        self._held = _hold(self._path("lock"), self._dataset)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()
        if self._held is not None:
            with contextlib.suppress(PermissionError):  # Windows removes no open file
                self._path("lock").unlink(missing_ok=True)
            self._held.close()

    def _path(self, ending: str) -> Path:
        return self._workspace.with_name(f"{_stem(self._workspace, self._dataset)}.{ending}")

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one row; when this returns, neither a kill nor a power cut loses it.

        CascalError where the disk does not take it. Threads that append at the same time share one
        wait for the disk.
        """
        line = json.dumps(row).encode() + b"\n"
        try:
            with self._lock:
                segment = self._segment = self._segment or _Segment(self._next())
                end = segment.write(line)
                if segment.n_rows >= SEGMENT_ROWS:
                    self._close()
            segment.sync(end)
        except OSError as error:
            raise CascalError(
                f"The journal beside {self._workspace} could not be written: {error.strerror}. "
                "This row does not count as stored; all before it do. Make room on the disk, then "
                "run the same command again: it goes on where this one ended.",
                code="workspace-failed",
            ) from error

    def rotate(self) -> list[Path]:
        """End the present segment; all that are complete, oldest first."""
        with self._lock:
            self._close()
            return segments_of(self._workspace, self._dataset)

    def _close(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()

    def _next(self) -> Path:
        known = segments_of(self._workspace, self._dataset)
        number = int(known[-1].name.split(".")[-2]) + 1 if known else 1
        return self._path(f"{number:08d}.journal")


class _Segment:
    """One file of the journal; its name is on the disk once it is made."""

    def __init__(self, path: Path) -> None:
        self.n_rows = 0
        self._file = open(path, "ab", buffering=0, opener=owner_only)  # noqa: SIM115 – kept open
        self._size = self._synced = 0
        self._syncing = threading.Lock()
        sync_folder(path.parent)

    def write(self, line: bytes) -> int:
        """Write all of a line or nothing of it; the size of the file then. One thread at a time."""
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(self._size)
            raise
        self._size += len(line)
        self.n_rows += 1
        return self._size

    def sync(self, end: int) -> None:
        """Wait until the disk has the first `end` bytes, unless another thread did so."""
        with self._syncing:
            if self._synced < end:
                size = self._size
                os.fsync(self._file.fileno())
                self._synced = size

    def close(self) -> None:
        """Close the file, all of it on the disk."""
        try:
            self.sync(self._size)
        finally:
            self._file.close()


def _hold(path: Path, dataset: str) -> IO[bytes]:
    try:
        lock = held(path)
    except OSError as error:
        raise CascalError(
            f"The folder {path.parent} takes no file beside the workspace: {error.strerror}. "
            "Nothing was changed. Make it writable, or copy the workspace to one that is.",
            code="workspace-failed",
        ) from error
    if lock is None:
        raise JournalLocked(
            f"Another process generates or collects into {dataset[:80]!r} right now, or replaces "
            "or deletes it. Wait for it or stop it; what it has stored stays.",
            code="dataset-in-use",
        )
    return lock


@contextlib.contextmanager
def ending(workspace: Path, dataset: str) -> Iterator[None]:
    """Replace or delete a data set inside: nobody collects into it meanwhile.

    What its journal holds goes with it where nothing is raised. JournalLocked where another process
    collects into it.
    """
    with Journal(workspace, dataset):
        yield
        for segment in segments_of(workspace, dataset):
            segment.unlink(missing_ok=True)
