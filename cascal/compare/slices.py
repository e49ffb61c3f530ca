"""A comparison sliced: what routing gains on the queries of each value of a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from cascal.columns import KeptColumn, join_kept
from cascal.compare.comparison import Comparison
from cascal.computing.remembered import remembered
from cascal.dataset.dataset import Dataset
from cascal.datatypes import CascalError, IntArray, Split
from cascal.files.plain_json import finite
from cascal.intervals import Estimate, estimates
from cascal.number_format import counted, decimal, listed, plural

LENGTH = "length in characters"
"""A column that every data set has."""
MAX_GROUPS = 12
"""So many values are groups of their own; the others are one, called other."""
OTHER, NONE = "(other)", "(none)"
N_RANGES = 4
MIN_QUERIES = 30
"""Slices with fewer queries are too small to say anything."""
MISSED = 0.05
"""Share of 95 % intervals that miss the truth by chance."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Accuracy of a router and of the constant choice on some queries, and the paired gain."""

    name: str
    own: Estimate
    best: Estimate
    gain: Estimate

    @property
    def too_small(self) -> bool:
        """Whether there are too few queries to say anything."""
        return self.gain.n < MIN_QUERIES

    def to_dict(self) -> dict[str, Any]:
        """The slice in JSON types; nan becomes None."""
        gain = {end: finite(getattr(self.gain, end)) for end in ("value", "low", "high")}
        return {
            "slice": self.name,
            "queries": self.gain.n,
            "own": finite(self.own.value),
            "best": finite(self.best.value),
            "gain": gain["value"],
            "gain_low": gain["low"],
            "gain_high": gain["high"],
            "too_small": self.too_small,
        }


def slices(
    comparison: Comparison, group: IntArray, names: Sequence[str], key: str = "cascal"
) -> list[Slice]:
    """One slice a group (Q,) of the comparison's queries; groups without a counted one are left."""
    own, best = comparison[key].top1, comparison[comparison.constant].top1
    found = []
    for at, name in enumerate(names):
        inside = group == at
        if np.isfinite(own[inside]).any():
            a, b, gain = estimates(np.column_stack([own, best, own - best])[inside])
            found.append(Slice(name=name, own=a, best=b, gain=gain))
    return found


def many_note(n: int, what: str = "slice") -> str:
    """What chance alone does to the intervals of so many groups that are looked at together."""
    return (
        f"{counted(n, f'{what} was', f'{plural(what)} were')} looked at: each 95 % interval misses "
        f"by chance one time in twenty, so of {n} about {decimal(MISSED * n, 1)}."
    )


def slices_note(found: Sequence[Slice]) -> str:
    """How many slices were looked at, what chance alone does to them, and which are too small."""
    n, small = len(found), sum(one.too_small for one in found)
    said = many_note(n)
    if small:
        said += f" Fewer than {MIN_QUERIES} queries are in {small} of them: too small to tell."
    return said


def column_names(dataset: Dataset) -> tuple[str, ...]:
    """The columns by which a data set can be sliced: one's own, and the length of a query."""
    return (*(one.name for one in dataset.train.kept), LENGTH)


def slices_by(dataset: Dataset, comparison: Comparison, name: str) -> list[Slice]:
    """A comparison sliced by the values of a column, or by quarters of a column of numbers."""
    column = _column(dataset, name)
    ids = dataset.train.votes.query_ids
    ids += dataset.test.votes.query_ids if dataset.test is not None else ()
    row = {query_id: at for at, query_id in enumerate(ids)}
    rows = np.array([row[one] for one in comparison.query_ids], dtype=np.int64)
    return slices(comparison, *groups_of(column.take(rows)))


def groups_in(dataset: Dataset, split: Split, name: str) -> tuple[IntArray, tuple[str, ...]]:
    """The group (Q,) of each query of a split, and the groups' names, which both splits share."""
    known = _groups(dataset)
    if name not in known:
        known[name] = groups_of(_column(dataset, name))
    group, names = known[name]
    n_train = len(dataset.train)
    return (group[n_train:] if split == "test" else group[:n_train]), names


@remembered
def _groups(_dataset: Dataset) -> dict[str, tuple[IntArray, tuple[str, ...]]]:
    return {}


def _column(dataset: Dataset, name: str) -> KeptColumn:
    """The values of all queries, the training queries first."""
    test = dataset.test
    if name == LENGTH:
        texts = dataset.train.texts + (test.texts if test is not None else ())
        return KeptColumn(name, np.array([float(len(one)) for one in texts]))
    kept = dataset.train.kept if test is None else join_kept(dataset.train.kept, test.kept)
    for column in kept:
        if column.name == name:
            return column
    raise CascalError(
        f"The data set keeps no column {name[:80]!r}. There are: {listed(column_names(dataset))}"
        ". Others are kept by `cascal import --keep`.",
        code="unknown-choice",
    )


def groups_of(column: KeptColumn) -> tuple[IntArray, tuple[str, ...]]:
    """The group (Q,) of each query, and the groups' names: values, or quarters of numbers."""
    return _ranges(column) if column.numeric else _values(column)


def _values(column: KeptColumn) -> tuple[IntArray, tuple[str, ...]]:
    """The most frequent values, then the others together, then the queries without a value."""
    values = column.values.tolist()
    counted = Counter(one for one in values if one)
    named = sorted(counted, key=lambda one: (-counted[one], one))[:MAX_GROUPS]
    code = {one: at for at, one in enumerate(named)} | {"": len(named) + 1}
    group = np.array([code.get(one, len(named)) for one in values], dtype=np.int64)
    return group, (*named, OTHER, NONE)


def _ranges(column: KeptColumn) -> tuple[IntArray, tuple[str, ...]]:
    """Quarters of the known numbers, fewer where many are the same; then those without one."""
    known = column.values[np.isfinite(column.values)]
    if not len(known):
        return np.zeros(len(column.values), dtype=np.int64), (NONE,)
    inner = np.quantile(known, np.arange(1, N_RANGES) / N_RANGES, method="lower")
    edges = np.unique(inner[inner < known.max()])
    group = np.searchsorted(edges, column.values, side="left")
    group[~np.isfinite(column.values)] = len(edges) + 1
    ends = [known.min(), *edges, known.max()]
    names = [
        f"{'' if at == 0 else 'over '}{low:g} to {high:g}"
        for at, (low, high) in enumerate(pairwise(ends))
    ]
    return group.astype(np.int64), (*names, NONE)
