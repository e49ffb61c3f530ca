"""The tables of a workspace and how an older file becomes a current one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import duckdb

from cascal.datatypes import CascalError
from cascal.store.connection import connected, scalar, transaction

_FIRST = """
CREATE TABLE meta (schema_version INTEGER NOT NULL);
INSERT INTO meta VALUES (0);
CREATE TABLE dataset (
    name VARCHAR PRIMARY KEY, origin VARCHAR NOT NULL, source VARCHAR NOT NULL,
    note VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL, fingerprint VARCHAR NOT NULL);
CREATE TABLE task (
    dataset VARCHAR NOT NULL, position INTEGER NOT NULL, name VARCHAR NOT NULL,
    description VARCHAR NOT NULL, PRIMARY KEY (dataset, name));
CREATE TABLE model (
    dataset VARCHAR NOT NULL, position INTEGER NOT NULL, name VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL, base_url VARCHAR NOT NULL, key_env VARCHAR NOT NULL,
    input_price DOUBLE, output_price DOUBLE, simulated BOOLEAN NOT NULL,
    PRIMARY KEY (dataset, name));
CREATE TABLE query (
    dataset VARCHAR NOT NULL, query_id VARCHAR NOT NULL, position INTEGER NOT NULL,
    task VARCHAR NOT NULL, text VARCHAR NOT NULL, options VARCHAR[] NOT NULL, answer VARCHAR,
    answer_origin VARCHAR NOT NULL, skill VARCHAR, split VARCHAR NOT NULL,
    text_hash VARCHAR NOT NULL, content_hash VARCHAR NOT NULL,
    PRIMARY KEY (dataset, query_id));
CREATE TABLE response (
    dataset VARCHAR NOT NULL, query_id VARCHAR NOT NULL, model VARCHAR NOT NULL,
    sample INTEGER NOT NULL, text VARCHAR, answer VARCHAR, rule VARCHAR, mean_logprob DOUBLE,
    input_tokens BIGINT, output_tokens BIGINT, cost DOUBLE, latency DOUBLE,
    status VARCHAR NOT NULL, content_hash VARCHAR NOT NULL,
    PRIMARY KEY (dataset, query_id, model, sample));
CREATE TABLE encoder (name VARCHAR PRIMARY KEY, dimension INTEGER NOT NULL);
CREATE TABLE embedding (
    encoder VARCHAR NOT NULL, text_hash VARCHAR NOT NULL, vector FLOAT[] NOT NULL,
    PRIMARY KEY (encoder, text_hash));
CREATE TABLE layout (
    dataset VARCHAR NOT NULL, encoder VARCHAR NOT NULL, parameters VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL, position INTEGER NOT NULL, query_id VARCHAR NOT NULL,
    x FLOAT NOT NULL, y FLOAT NOT NULL);
CREATE TABLE run (
    name VARCHAR PRIMARY KEY, dataset VARCHAR NOT NULL, note VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL, settings VARCHAR NOT NULL, thresholds VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL, versions VARCHAR NOT NULL, numbers VARCHAR NOT NULL);
"""

_SCORE = "ALTER TABLE response ADD COLUMN score DOUBLE"
_COLLECTING = """
CREATE TABLE attempt (
    dataset VARCHAR NOT NULL, task VARCHAR NOT NULL, number INTEGER NOT NULL,
    generator VARCHAR NOT NULL, outcome VARCHAR NOT NULL, reason VARCHAR NOT NULL,
    reply VARCHAR NOT NULL, query_id VARCHAR, similar_to VARCHAR, leak_of VARCHAR,
    input_tokens BIGINT, output_tokens BIGINT, cost DOUBLE, latency DOUBLE,
    PRIMARY KEY (dataset, task, number));
CREATE TABLE failure (
    dataset VARCHAR NOT NULL, query_id VARCHAR NOT NULL, model VARCHAR NOT NULL,
    cause VARCHAR NOT NULL, sentence VARCHAR NOT NULL,
    PRIMARY KEY (dataset, query_id, model));
"""
_EQUIVALENCE = """
CREATE TABLE equivalence (
    dataset VARCHAR NOT NULL, query_id VARCHAR NOT NULL, answer VARCHAR NOT NULL,
    representative VARCHAR NOT NULL, rule INTEGER NOT NULL,
    PRIMARY KEY (dataset, query_id, answer));
"""
"""Derived: which free answers of a query are the same, by which version of the rule."""
_LABELS = """
CREATE TABLE draw (
    dataset VARCHAR NOT NULL, draw_id VARCHAR NOT NULL, purpose VARCHAR NOT NULL,
    settings VARCHAR NOT NULL, seed BIGINT NOT NULL, n_asked INTEGER NOT NULL,
    frame VARCHAR[] NOT NULL, created_at TIMESTAMP NOT NULL, PRIMARY KEY (dataset, draw_id));
CREATE TABLE label (
    dataset VARCHAR NOT NULL, query_id VARCHAR NOT NULL, person VARCHAR NOT NULL,
    content VARCHAR NOT NULL, position INTEGER NOT NULL, mark VARCHAR NOT NULL, answer VARCHAR,
    verdicts VARCHAR NOT NULL, purpose VARCHAR NOT NULL, draw_id VARCHAR NOT NULL,
    probability DOUBLE NOT NULL, created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (dataset, query_id, person, content));
"""
_NAMES = """
CREATE TABLE cluster_name (
    dataset VARCHAR NOT NULL, members VARCHAR NOT NULL, name VARCHAR NOT NULL,
    model VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL, PRIMARY KEY (dataset, members));
"""
"""What models called clusters; members is a hash of the queries, so another cluster has none."""
_SCORES = """
CREATE TABLE score (
    dataset VARCHAR NOT NULL, query_id VARCHAR NOT NULL, model VARCHAR NOT NULL,
    origin VARCHAR NOT NULL, scorer VARCHAR NOT NULL, content VARCHAR NOT NULL,
    position INTEGER NOT NULL, value DOUBLE NOT NULL, created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (dataset, query_id, model, origin, scorer, content));
"""
"""How good a response is, 0 to 1; content is a hash of the query and the response that was read."""
_KEPT = """
CREATE TABLE kept (
    dataset VARCHAR NOT NULL, position INTEGER NOT NULL, name VARCHAR NOT NULL,
    query_id VARCHAR NOT NULL, text VARCHAR, number DOUBLE,
    PRIMARY KEY (dataset, name, query_id));
"""
"""Values of the columns that a reader kept at import; position orders the columns."""
_RIGHT = "ALTER TABLE dataset ADD COLUMN right_by VARCHAR DEFAULT 'auto'"
"""Who tells right from wrong, see `datatypes.Right`."""
_NOTES = """
CREATE TABLE note (
    dataset VARCHAR NOT NULL, kind VARCHAR NOT NULL, about VARCHAR NOT NULL,
    name VARCHAR NOT NULL, text VARCHAR NOT NULL, members VARCHAR[] NOT NULL,
    created_at TIMESTAMP NOT NULL, PRIMARY KEY (dataset, kind, about));
CREATE TABLE bookmark (
    dataset VARCHAR NOT NULL, name VARCHAR NOT NULL, page VARCHAR NOT NULL, link VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL, PRIMARY KEY (dataset, name));
"""
"""A reader's own words; members are the queries of the cluster that a note is about."""
_TEXT_LENGTH = """
ALTER TABLE response ADD COLUMN IF NOT EXISTS text_length BIGINT;
UPDATE response SET text_length = length(text);
"""
"""Characters of a text: votes need no more of it, and texts may be a gigabyte."""
MIGRATIONS: tuple[str, ...] = (
    _FIRST,
    _SCORE,
    _COLLECTING,
    _EQUIVALENCE,
    _LABELS,
    _NAMES,
    _SCORES,
    _KEPT,
    _RIGHT,
    _NOTES,
    _TEXT_LENGTH,
)
"""Step i turns a file of version i into version i + 1. Only ever append."""

_VERSION = """
SELECT schema_version FROM meta WHERE NOT EXISTS (SELECT fingerprint FROM dataset WHERE false)
"""
"""Binds only where both tables are ours; listing all tables would cost as much as opening."""

TABLES = (
    "dataset",
    "task",
    "model",
    "query",
    "response",
    "encoder",
    "embedding",
    "layout",
    "run",
    "attempt",
    "failure",
    "equivalence",
    "draw",
    "label",
    "cluster_name",
    "score",
    "kept",
    "note",
    "bookmark",
)
"""Every table that holds what a user stored."""


_known: dict[Path, tuple[int, ...]] = {}
"""The files that this process found to be of the current schema, as they were then."""


def _identity(path: Path) -> tuple[int, ...]:
    """What changes with the content of a file, whoever writes it; nothing where it has gone."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def remember(path: Path) -> None:
    """Take down that a file is of the current schema, as it is now."""
    _known[path] = _identity(path)


def is_known(path: Path) -> bool:
    """Whether nobody wrote to the file since it was found to be of the current schema."""
    identity = _identity(path)
    return bool(identity) and _known.get(path) == identity


def stored_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The file's schema version; 0 for a DuckDB file without any table.

    Raises CascalError where it is another program's file or of a newer version.
    """
    try:
        version = scalar(connection, _VERSION)
    except (duckdb.CatalogException, duckdb.BinderException):
        version = None
    if version is None:
        tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
        if not tables:
            return 0
        raise CascalError(
            f"{path} is a DuckDB file, but not a workspace: it holds the tables "
            f"{', '.join(sorted(tables))[:200]}. Name another file.",
            code="foreign-file",
        )
    if version > len(MIGRATIONS):
        raise CascalError(
            f"{path} was written by a newer CASCAL Studio (schema {version}; this one reads up to "
            f"{len(MIGRATIONS)}). Update the program, or name another file.",
            code="other-version",
        )
    return int(version)


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Bring the file to the current schema, in one transaction."""
    version = stored_version(connection, path)
    if version == len(MIGRATIONS):
        return
    with transaction(connection):
        for step in MIGRATIONS[version:]:
            connection.execute(step)
        connection.execute("UPDATE meta SET schema_version = ?", [len(MIGRATIONS)])


def scratch_path(path: Path) -> Path:
    """A name beside the file for the one that will take its place."""
    return path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")


def create_file(path: Path, timeout: float) -> None:
    """Make an empty workspace; it appears complete or not at all.

    Where another process made it first, that one stays.
    """
    scratch = scratch_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with connected(scratch, read_only=False, timeout=timeout) as connection:
                migrate(connection, scratch)
            scratch.chmod(0o600)  # texts and answers are their owner's
            _known[path] = _identity(scratch)  # not that of a file that someone else made first
            _publish(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise CascalError(
            f"The workspace {path} cannot be created: {error}. Name a folder you may write to.",
            code="workspace-failed",
        ) from error


def _publish(scratch: Path, path: Path) -> None:
    try:
        os.link(scratch, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            scratch.replace(path)
