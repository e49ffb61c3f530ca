"""Which queries are for training and which for testing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cascal.datatypes import Split
from cascal.draws import hashed_places, stratified_share
from cascal.importers.limits import ImportRefused


@dataclass(frozen=True)
class SplitPlan:
    """How queries are split, strongest first.

    given      split of each named query id
    test_share share of every task's queries that are for testing, drawn by hash
    otherwise  what the file says, else "train"
    """

    given: Mapping[str, str] | None = None
    test_share: float | None = None

    def __post_init__(self) -> None:
        if self.test_share is not None and not 0.0 <= self.test_share < 1.0:
            raise ImportRefused(
                f"test_share is {self.test_share}; it must be at least 0 and below 1.",
                code="out-of-bounds",
            )
        for query_id, split in (self.given or {}).items():
            if split not in ("train", "test"):
                raise ImportRefused(
                    f"The split of query {query_id[:80]!r} is {split!r}; choose 'train' or 'test'.",
                    code="unknown-choice",
                )


def drawn_test_queries(
    query_ids: Sequence[str], tasks: Sequence[str], test_share: float
) -> set[str]:
    """A stratified draw that depends on the ids only, not on their order or on a seed.

    In every task the queries are put in the order of the SHA-256 of their id; the first
    ``round(test_share * n)`` of them are for testing.
    """
    test = stratified_share(tasks, hashed_places(query_ids), test_share)
    return {query_ids[row] for row in np.flatnonzero(test).tolist()}


def splits_of(
    query_ids: Sequence[str], tasks: Sequence[str], in_file: Sequence[Split], plan: SplitPlan
) -> list[str]:
    """The split of each query under a plan."""
    given = plan.given or {}
    drawn: set[str] | None = None
    if plan.test_share is not None:
        drawn = drawn_test_queries(query_ids, tasks, plan.test_share)
    splits: list[str] = []
    for query_id, split in zip(query_ids, in_file, strict=True):
        otherwise = split if drawn is None else "test" if query_id in drawn else "train"
        splits.append(given.get(query_id, otherwise))
    return splits
