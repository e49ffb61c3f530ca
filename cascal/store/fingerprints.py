"""The content hash of a data set: equal for equal content, whenever and however it was added."""

from __future__ import annotations

import hashlib

import duckdb

from cascal.store.connection import first_row

_PARTS = (
    "SELECT count(*), bit_xor(md5_number(concat(position, ':', content_hash))) "
    "FROM query WHERE dataset = ?",
    "SELECT count(*), bit_xor(md5_number(content_hash)) FROM response WHERE dataset = ?",
    "SELECT count(*), bit_xor(md5_number(to_json({'p': position, 'n': name, 'i': model_id, "
    "'u': base_url, 'k': key_env, 'a': input_price, 'b': output_price, 's': simulated}"
    ")::VARCHAR)) FROM model WHERE dataset = ?",
    "SELECT count(*), bit_xor(md5_number(to_json({'p': position, 'n': name, 'd': description}"
    ")::VARCHAR)) FROM task WHERE dataset = ?",
)


def update_fingerprint(connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """Recompute and store the fingerprint from the rows' own hashes.

    Rows are unique by their keys, so the exclusive or of their hashes is a set's hash: it does not
    depend on the order of writing, while positions keep the order of queries, models and tasks.
    """
    parts = [first_row(connection, sql, [dataset]) for sql in _PARTS]
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    connection.execute("UPDATE dataset SET fingerprint = ? WHERE name = ?", [digest, dataset])
