"""The content hash of a data set: equal for equal content, whenever and however it was added."""

from __future__ import annotations

import hashlib

import duckdb

from cascal.answers import RULE
from cascal.store.connection import first_row
from cascal.store.option_counts import n_options_of

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
_KEPT = (
    "SELECT count(*), bit_xor(md5_number(to_json({'p': position, 'n': name, 'q': query_id, "
    "'t': text, 'v': number})::VARCHAR)) FROM kept WHERE dataset = ?"
)
"""A part of its own only where something is kept: other fingerprints stay what they were."""
_RIGHT = """
SELECT right_by FROM dataset d WHERE name = ? AND right_by <> 'auto'
    AND EXISTS (FROM response r WHERE r.dataset = d.name AND r.score IS NOT NULL)
"""
"""Who was chosen to tell right from wrong, where a source says anything; likewise."""
_FREE = f"SELECT count(*) FROM query WHERE dataset = ? AND {n_options_of('query')} = 0"  # noqa: S608 – no value
_SAME = """
SELECT count(*), bit_xor(md5_number(to_json({'q': query_id, 'a': answer, 'r': representative}
)::VARCHAR)) FROM equivalence WHERE dataset = ? AND rule = ?
"""


def content_of(fingerprint: str) -> str:
    """The part of a fingerprint that the rows alone decide, whatever counts as the same answer."""
    return fingerprint.partition("-")[0]


def update_fingerprint(connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """Recompute and store the fingerprint from the rows' own hashes.

    Rows are unique by their keys, so the exclusive or of their hashes is a set's hash: it does not
    depend on the order of writing, while positions keep the order of queries, models and tasks.
    With free answers a second part follows: which of them are the same, and the rule's version.
    """
    parts = [first_row(connection, sql, [dataset]) for sql in _PARTS]
    kept = first_row(connection, _KEPT, [dataset])
    if kept is not None and kept[0]:
        parts.append(kept)
    right = first_row(connection, _RIGHT, [dataset])
    if right is not None:
        parts.append(right)
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    if (first_row(connection, _FREE, [dataset]) or (0,))[0]:
        same = (RULE, first_row(connection, _SAME, [dataset, RULE]))
        digest = f"{digest}-{hashlib.sha256(repr(same).encode()).hexdigest()[:16]}"
    connection.execute("UPDATE dataset SET fingerprint = ? WHERE name = ?", [digest, dataset])
