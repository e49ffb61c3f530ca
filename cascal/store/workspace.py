"""`Workspace`: one DuckDB file, the only place of the product where anything is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from cascal.datatypes import (
    CascalError,
    Embeddings,
    FloatArray,
    IntArray,
    ModelSpec,
    Split,
    Task,
    Votes,
)
from cascal.store import deletion, reading, runs, schema, vectors, voting, writing
from cascal.store.connection import connected, scalar, transaction
from cascal.store.records import AddReport, DatasetInfo, OnConflict, Run
from cascal.tables import Imported


class Workspace:
    """The data sets, vectors, maps and runs of one DuckDB file.

    Every operation opens the file, works and closes it, so that several processes and threads can
    share it. What a method raises is a CascalError; WorkspaceLocked where someone else holds the
    file for longer than `lock_timeout` seconds. A write that fails leaves the file as it was.

    Parameters
    ----------
    path
        The file; its folder is made where it is missing.
    lock_timeout
        Seconds to wait for another process or thread.
    create
        Make the file where it is missing, else refuse.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, lock_timeout: float = 10.0, create: bool = True
    ) -> None:
        if "\0" in os.fspath(path):
            raise CascalError(f"{os.fspath(path)!r} is no file name: it holds a NUL character.")
        self.path = Path(os.path.abspath(path))
        self.lock_timeout = max(0.0, lock_timeout)
        self._create = create
        with self._reading():
            pass

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r})"

    def _ensure_file(self) -> None:
        if self.path.is_dir():
            raise CascalError(f"{self.path} is a folder; name a file, such as workspace.duckdb.")
        if self.path.exists():
            return
        if not self._create:
            raise CascalError(
                f"There is no workspace {self.path}. Import a data set first, or name another file."
            )
        schema.create_file(self.path, self.lock_timeout)

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to a file of the current schema."""
        self._ensure_file()
        with connected(self.path, read_only=True, timeout=self.lock_timeout) as connection:
            if schema.stored_version(connection, self.path) == len(schema.MIGRATIONS):
                yield connection
                return
        with self._writing():
            pass
        with connected(self.path, read_only=True, timeout=self.lock_timeout) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection inside a transaction, to a file of the current schema."""
        self._ensure_file()
        with connected(self.path, read_only=False, timeout=self.lock_timeout) as connection:
            schema.migrate(connection, self.path)
            with transaction(connection):
                yield connection

    def add(self, imported: Imported, *, on_conflict: OnConflict = "refuse") -> AddReport:
        """Store a data set, or refuse it as a whole.

        on_conflict says what happens where the name is taken: "refuse"; "replace" the stored data
        set; "extend" it by what is new. Identical rows are skipped, a row with other content is
        refused – except that a response of status "error" is replaced by a new attempt. A model
        or task of which only the name is given agrees with the stored one.
        """
        with self._writing() as connection:
            return writing.add(connection, imported, on_conflict)

    def datasets(self) -> list[DatasetInfo]:
        """Every data set, oldest first."""
        with self._reading() as connection:
            return reading.datasets(connection)

    def dataset(self, name: str) -> DatasetInfo:
        """One data set; CascalError lists the known ones where it does not exist."""
        with self._reading() as connection:
            reading.require(connection, name)
            return next(one for one in reading.datasets(connection) if one.name == name)

    def fingerprint(self, dataset: str) -> str:
        """Content hash: changes when any query, response, model or task does."""
        with self._reading() as connection:
            reading.require(connection, dataset)
            sql = "SELECT fingerprint FROM dataset WHERE name = $name"
            return str(scalar(connection, sql, name=dataset))

    def tasks(self, dataset: str) -> tuple[Task, ...]:
        """The tasks, in the order they were first given."""
        with self._reading() as connection:
            return reading.tasks(connection, dataset)

    def models(self, dataset: str) -> tuple[ModelSpec, ...]:
        """The model pool, in the order it was first given."""
        with self._reading() as connection:
            return reading.models(connection, dataset)

    def queries(self, dataset: str, split: Split | None = None) -> pa.Table:
        """QUERY_SCHEMA and text_hash, in the order the rows were first given."""
        with self._reading() as connection:
            return reading.queries(connection, dataset, split)

    def responses(
        self, dataset: str, split: Split | None = None, with_text: bool = False
    ) -> pa.Table:
        """RESPONSE_SCHEMA by query, model and sample; no column `text` unless asked for."""
        with self._reading() as connection:
            return reading.responses(connection, dataset, split, with_text=with_text)

    def response_texts(self, dataset: str, query_id: str) -> pa.Table:
        """RESPONSE_SCHEMA of one query, in model order."""
        with self._reading() as connection:
            return reading.response_texts(connection, dataset, query_id)

    def votes(
        self,
        dataset: str,
        split: Split | None = None,
        models: Sequence[str] | None = None,
        *,
        equivalent: voting.Equivalent | None = None,
    ) -> Votes:
        """Votes (Q, M) of sample 0, in stored order; models in the given or the stored order.

        A letter beyond the options is NO_ANSWER with status "unreadable", a cell without response
        NO_ANSWER with status "missing", one with a score and no answer NO_ANSWER with "ok". Free
        answers are numbered by first appearance over the whole pool, equal ones together: by
        `equivalent`, which maps the distinct answers of one query to group numbers, else by exact
        match after strip and casefold.
        """
        with self._reading() as connection:
            stored = voting.read_answers(connection, dataset, split)
        return stored.votes(models, equivalent)

    def scores(self, dataset: str, split: Split | None = None) -> FloatArray:
        """What the source says about being right (Q, M), 0 to 1, in the order of `votes`.

        nan where it says nothing. Of sample 0; a score is never turned into an answer.
        """
        with self._reading() as connection:
            stored = voting.read_answers(connection, dataset, split)
        return stored.scores()

    def gold(
        self,
        dataset: str,
        split: Split | None = None,
        *,
        equivalent: voting.Equivalent | None = None,
    ) -> tuple[IntArray, tuple[str, ...]]:
        """The vote (Q,) that each query's own answer is, or NO_ANSWER, and its answer_origin.

        Rows as in `votes`, numbers too where `equivalent` is the same; a free answer that no model
        gave gets a number of its own.
        """
        with self._reading() as connection:
            stored = voting.read_answers(connection, dataset, split, free_only=True)
        return stored.gold(equivalent)

    def texts_without_vectors(self, dataset: str, encoder: str) -> list[tuple[str, str]]:
        """(text hash, text) of every distinct query text the encoder has not seen."""
        with self._reading() as connection:
            return vectors.texts_without_vectors(connection, dataset, encoder)

    def put_vectors(
        self, encoder: str, dimension: int, hashes: Sequence[str], array: FloatArray
    ) -> None:
        """Store vectors (n, dimension) of n text hashes; equal ones stored before stay.

        Another dimension, another vector for a known text, nan and zero vectors are refused.
        """
        with self._writing() as connection:
            vectors.put_vectors(connection, encoder, dimension, hashes, array)

    def embeddings(self, dataset: str, encoder: str, split: Split | None = None) -> Embeddings:
        """Unit vectors (Q, D) float32 in row order; CascalError says how many are missing."""
        with self._reading() as connection:
            return vectors.embeddings(connection, dataset, encoder, split)

    def encoders(self, dataset: str) -> tuple[tuple[str, int, int], ...]:
        """(encoder, queries covered, dimension), best covered first."""
        with self._reading() as connection:
            return vectors.encoders(connection, dataset)

    def put_layout(
        self,
        dataset: str,
        encoder: str,
        parameters: str,
        query_ids: Sequence[str],
        xy: FloatArray,
    ) -> None:
        """Store a 2-D map (n, 2); an older one of the same parameters is replaced."""
        with self._writing() as connection:
            vectors.put_layout(connection, (dataset, encoder, parameters), query_ids, xy)

    def layout(
        self, dataset: str, encoder: str, parameters: str | None = None
    ) -> tuple[tuple[str, ...], FloatArray] | None:
        """Query ids and points (n, 2) float32, the newest map by default; None without one."""
        with self._reading() as connection:
            return vectors.layout(connection, dataset, encoder, parameters)

    def save_run(self, run: Run, *, replace: bool = False) -> None:
        """Store a run; a taken name is refused unless `replace`."""
        with self._writing() as connection:
            runs.save_run(connection, run, replace=replace)

    def runs(self) -> list[Run]:
        """Every saved run, newest first."""
        with self._reading() as connection:
            return runs.runs(connection)

    def run(self, name: str) -> Run:
        """One saved run; CascalError lists the known ones where it does not exist."""
        with self._reading() as connection:
            return runs.run(connection, name)

    def delete_run(self, name: str) -> None:
        """Delete one saved run."""
        with self._writing() as connection:
            runs.delete_run(connection, name)

    def delete_dataset(self, name: str) -> None:
        """Delete a data set for good: rows, maps, runs, unshared vectors, and their bytes."""
        with self._writing() as connection:
            deletion.delete_rows(connection, name)
        self.compact()

    def compact(self) -> None:
        """Rewrite the file without the bytes of deleted rows."""
        with self._writing():  # an older file becomes a current one first
            pass
        deletion.rewrite(self.path, self.lock_timeout)
