"""The work list: a folder of vectors in Parquet files, one part a task, and who reads what of it.

Whoever works on a part reads it himself. A process holds on to parts up to a stated number of
rows and reads the others again each time, so that no process needs memory for all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cascal.datatypes import CascalError, Embeddings, FloatArray, IntArray, Votes
from cascal.importers.fields import clean
from cascal.importers.parts import parts_of
from cascal.importers.vectors import read_vectors
from cascal.number_format import counted

HELD_ROWS = 500_000
"""Rows that a process holds on to unless told otherwise: 770 MB of 384 numbers each."""


@dataclass(frozen=True)
class Part:
    """The training queries of one task. Sent with every step, so it is small.

    path    folder with the vectors of the task
    keep    which rows of its files are training queries, a bit each
    n_rows  how many these are
    hold    rows that a process may hold on to, of all parts together
    """

    path: str
    keep: bytes
    n_rows: int
    hold: int


@dataclass(frozen=True, eq=False)
class VectorFolder:
    """Vectors of the training queries in a folder of parts, none of which is read here.

    tasks, parts: one a task, by name; members: for each the rows of the queries sorted by id
    """

    encoder: str
    tasks: tuple[str, ...]
    parts: tuple[Part, ...]
    members: tuple[IntArray, ...]

    @property
    def n_queries(self) -> int:
        """Training queries of all parts."""
        return sum(part.n_rows for part in self.parts)

    def gathered(self, found: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """What is known of the rows of every part, for all queries in the order of their ids."""
        whole = np.empty((self.n_queries, *found[0].shape[1:]), dtype=found[0].dtype)
        for members, some in zip(self.members, found, strict=True):
            whole[members] = some
        return whole

    @classmethod
    def of(cls, path: Path, votes: Votes, encoder: str, *, hold: int = HELD_ROWS) -> VectorFolder:
        """The parts that the queries of the votes need: `task=NAME` folders with the columns
        query_id and vector, as `cascal export --parquet` writes them.

        Only ids are read. A query without a vector, or with one in another task, is refused.
        """
        folders = _task_folders(path)
        ids = sorted(votes.query_ids)
        task_of = dict(zip(votes.query_ids, votes.tasks, strict=True))
        tasks = tuple(sorted(set(votes.tasks)))
        wanted: dict[str, list[int]] = {task: [] for task in tasks}
        for row, query_id in enumerate(ids):
            wanted[task_of[query_id]].append(row)
        parts = []
        for task in tasks:
            if task not in folders:
                raise CascalError(
                    f"{path} has no folder of the task {task[:80]!r}. Write the folder anew: "
                    "cascal export --parquet.",
                    code="no-vectors",
                )
            needed = {ids[row] for row in wanted[task]}
            parts.append(_part(folders[task], needed, hold))
        return cls(encoder, tasks, tuple(parts), tuple(np.array(wanted[task]) for task in tasks))


def _task_folders(path: Path) -> dict[str, Path]:
    if not path.is_dir():
        raise CascalError(
            f"There is no folder {path}. Name one with vectors by task, as `cascal export "
            "--parquet` writes it.",
            code="wrong-path",
        )
    named = (one.name.partition("=") for one in sorted(path.iterdir()) if one.is_dir())
    return {
        unquote(value): path / f"{column}={value}" for column, _, value in named if column == "task"
    }


def _part(folder: Path, needed: set[str], hold: int) -> Part:
    """One task's part; its ids are read, its vectors are not."""
    found = [clean(one) for file in parts_of(folder) for one in _id_column(file)]
    keep = np.array([one in needed for one in found], dtype=bool)
    missing = needed - set(found)
    if missing:
        raise CascalError(
            f"{counted(len(missing), 'query has', 'queries have')} no vector in {folder.name!r}, "
            f"the first is {min(missing)[:80]!r}. Write the folder anew: cascal export --parquet.",
            code="no-vectors",
        )
    return Part(str(folder.resolve()), np.packbits(keep).tobytes(), len(needed), hold)


def _id_column(file: Path) -> list[str]:
    try:
        return list(pq.read_table(file, columns=["query_id"], partitioning=None)[0].to_pylist())
    except (pa.ArrowException, OSError, IndexError) as error:
        raise CascalError(
            f"{file.name!r} holds no column query_id that can be read ({str(error)[:200]}).",
            code="damaged-file",
        ) from None


@dataclass(eq=False)
class _Held:
    """What this process holds on to, and the most rows it ever had at once."""

    rows: dict[Part, FloatArray] = field(default_factory=dict)
    present: int = 0
    peak: int = 0
    lock: Lock = field(default_factory=Lock)

    def count(self, n_rows: int) -> None:
        with self.lock:
            self.present += n_rows
            self.peak = max(self.peak, self.present)

    def hold(self, part: Part, rows: FloatArray) -> bool:
        with self.lock:
            held = sum(one.n_rows for one in self.rows)
            if part in self.rows or held + part.n_rows > part.hold:
                return False
            self.rows[part] = rows
            return True


_HELD = _Held()


def peak_rows(*, anew: bool = False) -> int:
    """The most rows of vectors that this process had at once; from now on, if `anew`."""
    found = _HELD.peak
    if anew:
        with _HELD.lock:
            _HELD.rows.clear()
            _HELD.present = _HELD.peak = 0
    return found


@contextmanager
def rows_of(part: Part) -> Iterator[FloatArray]:
    """The unit vectors (n, D) of a part, sorted by query id: held, or read for now."""
    held = _HELD.rows.get(part)
    if held is not None:
        yield held
        return
    _HELD.count(part.n_rows)
    kept = False
    try:
        rows = _read(part)
        kept = _HELD.hold(part, rows)
        yield rows
    finally:
        if not kept:
            _HELD.count(-part.n_rows)


def _read(part: Part) -> FloatArray:
    ids, array = read_vectors(Path(part.path))
    bits = np.frombuffer(part.keep, dtype=np.uint8)
    if len(bits) != -(-len(ids) // 8):
        raise CascalError(
            f"{part.path} has changed while it was worked on. Start again.", code="damaged-file"
        )
    kept = np.flatnonzero(np.unpackbits(bits, count=len(ids)))
    order = np.array(sorted(kept.tolist(), key=ids.__getitem__), dtype=np.int64)
    return Embeddings.from_array([ids[row] for row in order], array[order], "").vectors


def digest_of(part: Part) -> bytes:
    """A hash of a part's vectors."""
    with rows_of(part) as rows:
        return hashlib.sha256(np.ascontiguousarray(rows).data).digest()
