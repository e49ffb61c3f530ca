"""Why a remedy makes a cluster coherent: where its queries, and those they lay near, are then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, FloatArray, IntArray
from cascal.diagnose.coherence import (
    before_joining,
    own_silhouettes,
    rivals,
    several_of,
    sizes_of,
)
from cascal.number_format import agreeing, counted, decimal

MOST = 0.5
"""A reason accounts for more than this share of the queries below 0; else none is told."""
NAMED = 2
"""So many of the clusters that they lay nearer to are named."""


def why_it_helps(before: Snapshot, after: Snapshot, cluster: int) -> str:
    """What a remedy did to the queries of a cluster that were below 0, as a sentence.

    They are in one cluster with those they lay nearer to; or what was one cluster is several again;
    or what they lay nearer to is now part of a larger cluster, and farther than their own. Empty
    where none of the three accounts for most of them, or none was below 0.
    """
    moved = _Moved(before=before, after=after, cluster=cluster)
    if not moved.holds(moved.helped):
        return ""
    if moved.holds(moved.united):
        return moved.said_united
    if len(several_of(moved.then)) > 1:
        return moved.said_apart
    return moved.said_away if moved.holds(moved.away) else ""


def takes_apart(before: Snapshot, after: Snapshot, cluster: int) -> bool:
    """Whether a remedy undoes what made the cluster: the parts that were joined are apart again."""
    unjoined = before_joining(before, cluster)
    then = after.router.clusters.assignment[before.router.clusters.assignment == cluster]
    n_parts = len(several_of(unjoined))
    largest = np.argsort(-np.bincount(unjoined), kind="stable")[:n_parts]
    homes = {int(np.bincount(then[unjoined == one]).argmax()) for one in largest}
    return n_parts > 1 and len(homes) == n_parts


@dataclass(frozen=True, eq=False, kw_only=True)
class _Moved:
    """The queries of a cluster before and after a remedy, above all those below 0 (n,)."""

    before: Snapshot
    after: Snapshot
    cluster: int

    @cached_property
    def rows(self) -> IntArray:
        """All training queries of the cluster."""
        return np.flatnonzero(self.before.router.clusters.assignment == self.cluster)

    @cached_property
    def then(self) -> IntArray:
        """The clusters that they are in afterwards."""
        return np.asarray(self.after.router.clusters.assignment[self.rows])

    @cached_property
    def low(self) -> IntArray:
        """(n,) those below 0."""
        return np.asarray(self.rows[own_silhouettes(self.before)[self.rows] < 0])

    @cached_property
    def nearer(self) -> IntArray:
        """(n,) the cluster that each of those lies nearer to."""
        return rivals(self.before, self.low)

    @cached_property
    def homes(self) -> IntArray:
        """(n,) the cluster that holds most of that one's queries afterwards."""
        found = {one: self.home(one) for one in np.unique(self.nearer).tolist()}
        return np.array([found[one] for one in self.nearer.tolist()], dtype=np.int64)

    @cached_property
    def helped(self) -> BoolArray:
        """(n,) which of those are no longer below 0; so is one without any other cluster."""
        return ~(own_silhouettes(self.after)[self.low] < 0)

    @cached_property
    def united(self) -> BoolArray:
        """(n,) which of those are then in one cluster with what they lay nearer to."""
        return self.helped & (self.after.router.clusters.assignment[self.low] == self.homes)

    @cached_property
    def away(self) -> BoolArray:
        """(n,) of which what they lay nearer to is then part of a larger cluster, and farther."""
        sizes = self.before.router.clusters.sizes[self.nearer]
        grown = self.after.router.clusters.sizes[self.homes] > sizes
        first = _distances(self.before, self.low, self.nearer)
        farther = _distances(self.after, self.low, self.homes) > first
        return np.asarray(self.helped & ~self.united & grown & farther)

    def home(self, cluster: int) -> int:
        """The cluster that afterwards holds most of an earlier one's queries."""
        rows = self.before.router.clusters.assignment == cluster
        return int(np.bincount(self.after.router.clusters.assignment[rows]).argmax())

    def holds(self, which: BoolArray) -> bool:
        """Whether something is true of most of those below 0; False without any."""
        return bool(which.sum() > MOST * len(self.low))

    def ordered(self, which: BoolArray) -> list[int]:
        """What some of them lay nearer to, the cluster of most of them first."""
        found, counts = np.unique(self.nearer[which], return_counts=True)
        ordered: list[int] = found[np.argsort(-counts, kind="stable")].tolist()
        return ordered

    def some(self, which: BoolArray) -> str:
        """How many of those below 0."""
        n, n_low = int(which.sum()), len(self.low)
        some = f"{n:,} of the" if n < n_low else "All" if n > 1 else "The only"
        number = f" {n_low:,}" if n_low > 1 else ""
        return f"{some}{number} {agreeing(n_low, 'query', 'queries')} below 0"

    def said(self, which: BoolArray) -> str:
        """What some of them lay nearer to."""
        ordered = self.ordered(which)
        named = " or ".join(f"“{self.before.labels[one]}”" for one in ordered[:NAMED])
        if len(ordered) > NAMED:
            named += f" or {counted(len(ordered) - NAMED, 'other cluster')}"
        return f"{self.some(which)} lay nearer to {named}"

    @property
    def said_united(self) -> str:
        """All of the cluster are in one with what they lay nearer to; or they alone go over."""
        home, ordered = self.home(self.cluster), self.ordered(self.united)
        if all(self.home(one) != home for one in ordered):
            there = "it" if len(ordered) == 1 else "these"
            return f"{self.said(self.united)}. They go over to {there}."
        size = counted(int(self.after.router.clusters.sizes[home]), "query")
        which = "Both" if len(ordered) == 1 else "They all"
        return (
            f"{self.said(self.united)}. {which} become one cluster ({size}): what they lay nearer "
            "to is then their own."
        )

    @property
    def said_apart(self) -> str:
        """The parts are clusters of their own."""
        parts = several_of(self.then)
        return (
            f"Its queries are {counted(len(parts), 'cluster')} again ({sizes_of(parts)}). "
            f"{self.some(self.helped)} are then nearest to the one that they are in."
        )

    @property
    def said_away(self) -> str:
        """The cluster that they lay nearer to is part of a larger one, with its mean distances."""
        low, own = self.low[self.away], self.before.router.clusters.assignment
        nearer, homes, then = self.nearer[self.away], self.homes[self.away], self.after
        first, second = (_distances(self.before, low, one).mean() for one in (nearer, own[low]))
        large = then.router.clusters.assignment[low]
        third, fourth = (_distances(then, low, one).mean() for one in (homes, large))
        joined = int(np.bincount(homes).argmax())
        size = counted(int(then.router.clusters.sizes[joined]), "query")
        only = " They are no nearer to their own: what was near has moved away."
        return (
            f"{self.said(self.away)}, at a mean distance of {decimal(first, 2)}, than to their "
            f"own cluster ({decimal(second, 2)}). That one becomes part of a larger cluster "
            f"({size}), which is farther: {decimal(third, 2)}, their own "
            f"{decimal(fourth, 2)}.{only if fourth >= second else ''}"
        )


def _distances(snapshot: Snapshot, rows: IntArray, clusters: IntArray) -> FloatArray:
    """(n,) mean cosine distance of each query to the queries of a cluster; both (n,)."""
    vectors = snapshot.dataset.train.vectors.vectors
    assignment = snapshot.router.clusters.assignment
    means = {one: vectors[assignment == one].mean(axis=0) for one in np.unique(clusters).tolist()}
    to = np.stack([means[one] for one in clusters.tolist()])
    return np.asarray(1.0 - np.einsum("nd,nd->n", vectors[rows], to))
