"""Random draws of queries that depend on their ids and a seed, never on the order of the rows.

A place (n,) says where each row comes in a random order; strata are tasks, of which every one
keeps its share.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from cascal.datatypes import BoolArray, FloatArray, IntArray


def _rows_by_id(ids: Sequence[str]) -> IntArray:
    return np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)


def random_places(ids: Sequence[str], seed: int) -> IntArray:
    """(n,) a permutation of 0 … n − 1, dealt to the rows in the order of their ids."""
    places = np.empty(len(ids), dtype=np.int64)
    places[_rows_by_id(ids)] = np.random.default_rng(seed).permutation(len(ids))
    return places


def hashed_places(ids: Sequence[str]) -> IntArray:
    """(n,) places in the order of the SHA-256 of the ids: one draw for ever, without a seed."""
    digests = [hashlib.sha256(one.encode("utf-8", "surrogatepass")).digest() for one in ids]
    places = np.empty(len(ids), dtype=np.int64)
    places[sorted(range(len(ids)), key=lambda row: (digests[row], ids[row]))] = np.arange(len(ids))
    return places


def random_rows(ids: Sequence[str], n_rows: int, seed: int | np.random.Generator) -> IntArray:
    """(min(n_rows, n),) rows drawn without replacement, in the order of the draw."""
    drawn = np.random.default_rng(seed).permutation(len(ids))[:n_rows]
    return _rows_by_id(ids)[drawn]


def stratified_share(strata: Sequence[str], places: IntArray, share: float) -> BoolArray:
    """(n,) True for the first round(share · size) rows of every stratum by their places."""
    size = Counter(strata)
    wanted = np.array([int(share * size[stratum] + 0.5) for stratum in strata], dtype=np.int64)
    return _place_in_stratum(strata, places) < wanted


def stratified_rows(strata: Sequence[str], places: IntArray, n_rows: int) -> IntArray:
    """(min(n_rows, n),) rows, ascending, of which every stratum has its share as nearly as can be:
    the first of `stratified_order`.
    """
    return np.sort(stratified_order(strata, places)[:n_rows])


def stratified_order(strata: Sequence[str], places: IntArray) -> IntArray:
    """(n,) all rows by how far into their stratum they come, ties by place."""
    size = Counter(strata)
    sizes = np.array([size[stratum] for stratum in strata], dtype=np.int64)
    depth: FloatArray = (_place_in_stratum(strata, places) + 0.5) / sizes
    return np.lexsort((places, depth))


def stratified_halves(strata: Sequence[str], places: IntArray) -> IntArray:
    """(n,) 0 or 1 in turn, stratum after stratum by name, by place within each."""
    order = sorted(range(len(strata)), key=lambda row: (strata[row], places[row]))
    half = np.empty(len(strata), dtype=np.int64)
    half[order] = np.arange(len(strata)) % 2
    return half


def _place_in_stratum(strata: Sequence[str], places: IntArray) -> IntArray:
    """(n,) how many rows of the same stratum come before each row."""
    before: defaultdict[str, int] = defaultdict(int)
    within = np.empty(len(strata), dtype=np.int64)
    for row in np.argsort(places).tolist():
        within[row] = before[strata[row]]
        before[strata[row]] += 1
    return within
