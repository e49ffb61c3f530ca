"""What became of a cluster when the clusters are made anew: it is its queries, not its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.datatypes import IntArray
from cascal.number_format import counted, percent

MAJORITY = 0.5
"""A successor has more than this share of the queries; without one a cluster has dissolved."""
NAMED = 3
"""As many of the clusters that hold the queries are named."""


@dataclass(frozen=True, kw_only=True)
class Successor:
    """Where the queries of an earlier cluster are now.

    cluster : the one that is most like it (Jaccard); None where that has no majority of them
    kept    : how many of its n_members are in there; joined: how many others are
    into    : all clusters that hold any of them, the most first; counts: how many each of those
    """

    cluster: int | None
    n_members: int
    kept: int
    joined: int
    into: tuple[int, ...]
    counts: tuple[int, ...]

    def holds(self, names: Sequence[str]) -> str:
        """How many of the queries the successor has and where the others are; names (C,), now."""
        others = f" and {counted(self.joined, 'other')}" if self.joined else ""
        if self.kept == self.n_members:
            return f"all its queries{others}"
        shares = f"{percent(self.kept / self.n_members)} of its queries{others}"
        rest = [(at, n) for at, n in zip(self.into, self.counts, strict=True) if at != self.cluster]
        named = [f"{names[at]} ({n:,})" for at, n in rest[:NAMED]]
        more = f" and {len(rest) - NAMED} more" if len(rest) > NAMED else ""
        return (
            f"{shares}; the other {self.n_members - self.kept:,} went to {', '.join(named)}{more}"
        )

    @property
    def same(self) -> bool:
        """Whether nothing has changed."""
        return self.cluster is not None and self.kept == self.n_members and not self.joined


def successor(members: IntArray, assignment: IntArray) -> Successor:
    """Follow a cluster's queries (rows) into another assignment (Q,) of the same queries.

    The successor is the cluster with the largest share of common queries among those of either.
    Equal ones: the lower number.
    """
    if not len(members):
        return Successor(cluster=None, n_members=0, kept=0, joined=0, into=(), counts=())
    sizes = np.bincount(assignment)
    common = np.bincount(assignment[members], minlength=len(sizes))
    best = int(np.argmax(common / np.maximum(len(members) + sizes - common, 1)))
    kept = int(common[best])
    order = np.argsort(-common, kind="stable")
    return Successor(
        cluster=best if kept > MAJORITY * len(members) else None,
        n_members=len(members),
        kept=kept,
        joined=int(sizes[best]) - kept,
        into=tuple(int(one) for one in order if common[one]),
        counts=tuple(int(common[one]) for one in order if common[one]),
    )
