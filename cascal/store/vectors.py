"""Vectors by the hash of their text, and the 2-D maps made of them."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from cascal.datatypes import CascalError, Embeddings, FloatArray, Split
from cascal.number_format import agreeing, counted
from cascal.store.connection import fetch, scalar
from cascal.store.reading import require
from cascal.store.records import utc_now

SAME_VECTOR = 0.999
"""Cosine from which two vectors of one text count as made by the same encoder."""

_WITHOUT = """
SELECT q.text_hash, any_value(q.text) AS text FROM query q
WHERE q.dataset = $dataset AND NOT EXISTS (
    FROM embedding e WHERE e.encoder = $encoder AND e.text_hash = q.text_hash)
GROUP BY q.text_hash ORDER BY min(q.position)
"""
_EMBEDDINGS = """
SELECT q.query_id, e.vector FROM query q
LEFT JOIN embedding e ON e.encoder = $encoder AND e.text_hash = q.text_hash
WHERE q.dataset = $dataset AND ($split IS NULL OR q.split = $split) ORDER BY q.position
"""
_ENCODERS = """
SELECT e.encoder, count(*), any_value(n.dimension) FROM query q
JOIN embedding e ON e.text_hash = q.text_hash JOIN encoder n ON n.name = e.encoder
WHERE q.dataset = ? GROUP BY e.encoder ORDER BY count(*) DESC, e.encoder
"""
_LAYOUT = """
SELECT query_id, x, y FROM layout
WHERE dataset = $dataset AND encoder = $encoder AND parameters = $parameters ORDER BY position
"""
_NEWEST_LAYOUT = """
SELECT parameters FROM layout WHERE dataset = $dataset AND encoder = $encoder
ORDER BY created_at DESC, parameters LIMIT 1
"""


def texts_without_vectors(
    connection: duckdb.DuckDBPyConnection, dataset: str, encoder: str
) -> list[tuple[str, str]]:
    """(hash, text) of every distinct text this encoder has not seen, in row order."""
    require(connection, dataset)
    table = fetch(connection, _WITHOUT, dataset=dataset, encoder=encoder)
    return list(zip(table["text_hash"].to_pylist(), table["text"].to_pylist(), strict=True))


def _stacked(column: pa.ChunkedArray, dimension: int) -> FloatArray:
    """A column of vectors without nulls as one array (n, dimension) float32."""
    parts = [chunk.flatten().to_numpy() for chunk in column.chunks]
    flat = np.concatenate(parts) if parts else np.empty(0)
    return flat.astype(np.float32, copy=False).reshape(-1, dimension)


def _checked(encoder: str, dimension: int, hashes: Sequence[str], array: FloatArray) -> FloatArray:
    vectors = np.asarray(array, dtype=np.float32)
    if dimension < 1 or vectors.shape != (len(hashes), dimension):
        raise CascalError(
            f"The vectors of {encoder!r} have shape {vectors.shape}, but "
            f"{counted(len(hashes), 'text')} and {counted(dimension, 'dimension')} need "
            f"{(len(hashes), dimension)}.",
            code="wrong-shape",
        )
    if len(set(hashes)) != len(hashes):
        raise CascalError(
            "put_vectors was given a text twice; give every text hash once.", code="duplicate-id"
        )
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        raise CascalError(
            f"{counted(len(bad), 'vector')} of {encoder!r} {agreeing(len(bad), 'is', 'are')} all "
            f"zero or {agreeing(len(bad), 'holds', 'hold')} nan or infinite numbers, the first is "
            f"that of text {hashes[bad[0]]}. Nothing was written; encode them again.",
            code="unusable-vector",
        )
    return vectors


def _refuse_other_dimension(
    connection: duckdb.DuckDBPyConnection, encoder: str, dimension: int
) -> None:
    known = scalar(connection, "SELECT dimension FROM encoder WHERE name = $e", e=encoder)
    if known is None:
        connection.execute("INSERT INTO encoder VALUES (?, ?)", [encoder, dimension])
    elif known != dimension:
        raise CascalError(
            f"Encoder {encoder!r} has vectors of {counted(known, 'dimension')} here, these have "
            f"{dimension}: a changed encoder can never be mixed with old vectors. Give it another "
            "name.",
            code="changed-encoder",
        )


def _refuse_changed(
    connection: duckdb.DuckDBPyConnection, encoder: str, dimension: int, vectors: FloatArray
) -> None:
    """Raise CascalError where a text comes with a vector that differs from the stored one."""
    known = fetch(
        connection,
        "SELECT n.text_hash, n.row, e.vector FROM new_vector n JOIN embedding e "
        "ON e.encoder = $e AND e.text_hash = n.text_hash ORDER BY n.row",
        e=encoder,
    )
    old = _stacked(known["vector"], dimension).astype(np.float64)
    new = vectors[known["row"].to_numpy()].astype(np.float64)
    lengths = np.linalg.norm(old, axis=1) * np.linalg.norm(new, axis=1)
    changed = np.flatnonzero((old * new).sum(axis=1) < SAME_VECTOR * lengths)
    if len(changed):
        raise CascalError(
            f"Encoder {encoder!r} gives {counted(len(changed), 'text')} another vector than "
            f"before, the first is {known['text_hash'][int(changed[0])].as_py()}: a changed "
            "encoder can never be mixed with old vectors. Give it another name.",
            code="changed-encoder",
        )


def put_vectors(
    connection: duckdb.DuckDBPyConnection,
    encoder: str,
    dimension: int,
    hashes: Sequence[str],
    array: FloatArray,
) -> None:
    """Store vectors (n, dimension) of n texts; those that are there already stay as they are."""
    vectors = _checked(encoder, dimension, hashes, array)
    _refuse_other_dimension(connection, encoder, dimension)
    flat = pa.array(np.ascontiguousarray(vectors).ravel())
    incoming = pa.table(
        {
            "text_hash": pa.array(list(hashes), pa.string()),
            "row": pa.array(np.arange(len(vectors))),
            "vector": pa.FixedSizeListArray.from_arrays(flat, dimension),
        }
    )
    connection.register("new_vector", incoming)
    _refuse_changed(connection, encoder, dimension, vectors)
    connection.execute(
        "INSERT INTO embedding SELECT $e, n.text_hash, n.vector::FLOAT[] FROM new_vector n "
        "WHERE NOT EXISTS (FROM embedding e WHERE e.encoder = $e AND e.text_hash = n.text_hash)",
        {"e": encoder},
    )


def embeddings(
    connection: duckdb.DuckDBPyConnection, dataset: str, encoder: str, split: Split | None
) -> Embeddings:
    """The unit vectors (Q, D) float32 of all queries, in row order; a missing one is refused."""
    require(connection, dataset)
    table = fetch(connection, _EMBEDDINGS, dataset=dataset, encoder=encoder, split=split)
    missing = table["vector"].null_count
    dimension = scalar(connection, "SELECT dimension FROM encoder WHERE name = $e", e=encoder)
    if missing or dimension is None:
        raise CascalError(
            f"{missing} of {counted(len(table), 'query')} of data set {dataset[:80]!r} "
            f"{agreeing(missing, 'has', 'have')} no "
            f"vector by encoder {encoder[:80]!r}. Run `cascal embed` first.",
            code="no-vectors",
        )
    return Embeddings.from_array(
        table["query_id"].to_pylist(), _stacked(table["vector"], dimension), encoder
    )


def encoders(
    connection: duckdb.DuckDBPyConnection, dataset: str
) -> tuple[tuple[str, int, int], ...]:
    """(encoder, queries covered, dimension) of every encoder with a vector, best covered first."""
    require(connection, dataset)
    rows = connection.execute(_ENCODERS, [dataset]).fetchall()
    return tuple((name, covered, dimension) for name, covered, dimension in rows)


def put_layout(
    connection: duckdb.DuckDBPyConnection,
    key: tuple[str, str, str],
    query_ids: Sequence[str],
    xy: FloatArray,
) -> None:
    """Store a map (n, 2) under (dataset, encoder, parameters), in place of an older one."""
    require(connection, key[0])
    points = np.asarray(xy, dtype=np.float32)
    if points.shape != (len(query_ids), 2) or not np.isfinite(points).all():
        raise CascalError(
            f"The map has shape {points.shape}; "
            f"{counted(len(query_ids), 'query needs', 'queries need')} finite numbers of shape "
            f"{(len(query_ids), 2)}.",
            code="wrong-shape",
        )
    connection.execute(
        "DELETE FROM layout WHERE dataset = ? AND encoder = ? AND parameters = ?", list(key)
    )
    incoming = pa.table(
        {
            "position": pa.array(np.arange(len(points), dtype=np.int32)),
            "query_id": pa.array(list(query_ids), pa.string()),
            "x": points[:, 0].copy(),
            "y": points[:, 1].copy(),
        }
    )
    connection.register("new_layout", incoming)
    connection.execute("INSERT INTO layout SELECT ?, ?, ?, ?, * FROM new_layout", [*key, utc_now()])


def layout(
    connection: duckdb.DuckDBPyConnection, dataset: str, encoder: str, parameters: str | None
) -> tuple[tuple[str, ...], FloatArray] | None:
    """Query ids and points (n, 2) float32 of a map, the newest by default; None without one."""
    require(connection, dataset)
    if parameters is None:
        parameters = scalar(connection, _NEWEST_LAYOUT, dataset=dataset, encoder=encoder)
    table = fetch(connection, _LAYOUT, dataset=dataset, encoder=encoder, parameters=parameters)
    if not len(table):
        return None
    points = np.stack([table["x"].to_numpy(), table["y"].to_numpy()], axis=1)
    return tuple(table["query_id"].to_pylist()), points.astype(np.float32)
