"""The file of a workspace: made where it is missing, opened for one operation, then closed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from cascal.datatypes import CascalError
from cascal.store import schema
from cascal.store.connection import connected, transaction


class WorkspaceFile:
    """Opens the one file of a `Workspace` for reading or, inside a transaction, for writing."""

    def __init__(
        self, path: str | os.PathLike[str], *, lock_timeout: float = 10.0, create: bool = True
    ) -> None:
        if "\0" in os.fspath(path):
            raise CascalError(
                f"{os.fspath(path)!r} is no file name: it holds a NUL character.",
                code="malformed-value",
            )
        self.path = Path(os.path.abspath(path))
        self.lock_timeout = max(0.0, lock_timeout)
        self._create = create
        self._ensure_file()
        if not schema.is_known(self.path):
            with self._reading():
                pass

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r})"

    def _ensure_file(self) -> None:
        if self.path.is_dir():
            raise CascalError(
                f"{self.path} is a folder; name a file, such as workspace.duckdb.",
                code="wrong-path",
            )
        if self.path.exists():
            return
        if not self._create:
            raise CascalError(
                f"There is no workspace {self.path}. Import a data set first, or name "
                "another file.",
                code="no-workspace",
            )
        schema.create_file(self.path, self.lock_timeout)

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to a file of the current schema."""
        self._ensure_file()
        with connected(self.path, read_only=True, timeout=self.lock_timeout) as connection:
            if schema.stored_version(connection, self.path) == len(schema.MIGRATIONS):
                schema.remember(self.path)
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
        schema.remember(self.path)
