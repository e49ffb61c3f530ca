"""The order everything is computed in: results do not depend on the order of the caller's rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.datatypes import Embeddings, FloatArray, IntArray, Votes, read_only
from cascal.settings import FitSettings


@dataclass(frozen=True, eq=False)
class Ordered:
    """Votes and vectors in the computing order, and the caller's rows and columns in it.

    The array (Q, D) is as wide as it came; every stage widens the rows it works on to float64.
    """

    votes: Votes
    array: FloatArray
    rows: IntArray
    columns: IntArray
    encoder: str
    fingerprint: str


def in_computing_order(votes: Votes, vectors: Embeddings, settings: FitSettings) -> Ordered:
    """Votes and the vectors of their queries, by id and name, or as they are for `released`."""
    vectors = vectors.take(votes.query_ids)
    fingerprint = _fingerprint(votes, vectors, settings)
    rows, columns = canonical_order(votes, settings)
    rows_in_place, columns_in_place = (
        np.array_equal(one, np.arange(len(one))) for one in (rows, columns)
    )
    if not (rows_in_place and columns_in_place):
        votes = votes.take(rows, columns)
    array = vectors.vectors if rows_in_place else read_only(vectors.vectors[rows])
    return Ordered(votes, array, rows, columns, vectors.encoder, fingerprint)


def number_tasks(names: tuple[str, ...], settings: FitSettings) -> tuple[tuple[str, ...], IntArray]:
    """The distinct tasks and (Q,) their numbers."""
    tasks = tuple(dict.fromkeys(names))
    if not settings.keeps_caller_order:
        tasks = tuple(sorted(tasks))
    number = {name: index for index, name in enumerate(tasks)}
    return tasks, np.array([number[name] for name in names], dtype=np.int64)


def canonical_order(votes: Votes, settings: FitSettings) -> tuple[IntArray, IntArray]:
    """Computing order of rows and models: by query id and model name, or the caller's."""
    n_queries, n_models = votes.shape
    if settings.keeps_caller_order:
        return np.arange(n_queries), np.arange(n_models)
    rows = sorted(range(n_queries), key=votes.query_ids.__getitem__)
    columns = sorted(range(n_models), key=votes.models.__getitem__)
    return np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)


def _fingerprint(votes: Votes, vectors: Embeddings, settings: FitSettings) -> str:
    digest = hashlib.sha256(votes.fingerprint().encode())
    digest.update(vectors.encoder.encode() + b"\x00" + repr(settings.record()).encode())
    digest.update(np.ascontiguousarray(vectors.vectors).data)
    return digest.hexdigest()


def best_first(scores: FloatArray, models: Sequence[str], k: int | None = None) -> IntArray:
    """(…, k) model indices by falling score (…, M), ties by name; all of them without `k`.

    A few of many are found by looking for the largest so often, which is faster than sorting.
    """
    by_name = np.argsort(np.asarray(models), kind="stable")
    left = np.take(scores, by_name, axis=-1)
    if k is None:
        return np.asarray(by_name[np.argsort(-left, axis=-1, kind="stable")])
    left = left.astype(np.float64, copy=False).reshape(-1, len(by_name))
    chosen, each = np.empty((len(left), k), dtype=np.int64), np.arange(len(left))
    for place in range(k):
        chosen[:, place] = largest = np.argmax(left, axis=-1)
        left[each, largest] = -np.inf
    return np.asarray(by_name[chosen].reshape(*np.shape(scores)[:-1], k))
