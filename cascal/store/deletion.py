"""Deleting for good: the rows, the vectors nobody else needs, and their bytes in the file.

DuckDB only marks freed blocks as reusable. So what remains is copied to a fresh file, which takes
the place of the old one.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb

from cascal.datatypes import CascalError
from cascal.store import guard
from cascal.store.connection import BATCH, connected, transaction
from cascal.store.reading import require
from cascal.store.schema import TABLES, migrate, scratch_path
from cascal.store.writing import forget

_OF_A_DELETED = (
    "DELETE FROM run WHERE dataset = ?",
    "DELETE FROM label WHERE dataset = ?",
    "DELETE FROM draw WHERE dataset = ?",
    "DELETE FROM cluster_name WHERE dataset = ?",
    "DELETE FROM score WHERE dataset = ?",
    "DELETE FROM note WHERE dataset = ?",
    "DELETE FROM bookmark WHERE dataset = ?",
)
"""What outlives a data set that is replaced, and not one that is deleted."""
_UNUSED_VECTORS = (
    "DELETE FROM embedding WHERE text_hash NOT IN (SELECT text_hash FROM query)",
    "DELETE FROM encoder WHERE name NOT IN (SELECT encoder FROM embedding)",
)


def delete_rows(connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """Delete a data set with all that is of it, and the vectors of texts that no one has now."""
    require(connection, dataset)
    forget(connection, dataset)
    for sql in _OF_A_DELETED:
        connection.execute(sql, [dataset])
    for sql in _UNUSED_VECTORS:
        connection.execute(sql)


def rewrite(path: Path, timeout: float) -> None:
    """Copy what the workspace holds to a fresh file and put that in its place, in one step.

    The lock on the old file is held until after the swap, so that no write can go astray; a
    process that opened the old file just before notices the swap and opens again.
    """
    scratch = scratch_path(path)
    try:
        with connected(path, read_only=False, timeout=timeout) as old:
            _remove_leftovers(path)
            guard.checkpoint(path, old)
            with connected(scratch, read_only=False, timeout=timeout) as fresh:
                copy_content(old, fresh, scratch)
            if os.name == "nt":  # Windows swaps no open file
                old.close()
            scratch.replace(path)
    except OSError as error:
        raise CascalError(
            f"{path} could not be rewritten without the bytes of deleted rows: {error}. The rows "
            "are gone; free some disk space and compact the workspace again.",
            code="workspace-failed",
        ) from error
    finally:
        scratch.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Delete the copies that a program left behind when it was killed while rewriting."""
    leftover = re.compile(re.escape(path.name) + r"\.\d+\.\d+\.new(\.wal|\.guard)?")
    for one in path.parent.iterdir():
        if leftover.fullmatch(one.name):
            one.unlink(missing_ok=True)


def copy_content(
    old: duckdb.DuckDBPyConnection, fresh: duckdb.DuckDBPyConnection, scratch: Path
) -> None:
    """Write every table of one file into a fresh one."""
    migrate(fresh, scratch)
    with transaction(fresh):
        for table in TABLES:
            reader = old.table(table).to_arrow_reader(BATCH)
            fresh.from_arrow(reader).insert_into(table)
    guard.checkpoint(scratch, fresh)
