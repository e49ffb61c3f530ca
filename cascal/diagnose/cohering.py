"""What would make an incoherent cluster coherent? Every threshold is tried out, not guessed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cascal.columns import Progress
from cascal.counted import decimal, percent
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray
from cascal.diagnose.coherence import Coherence, coherence, n_incoherent, own_silhouettes
from cascal.diagnose.remedies import (
    Effect,
    Proposal,
    effect_of,
    proposals_of_clusters,
    snapshot_of,
    what_helps_first,
)
from cascal.diagnose.silhouettes import Split

STEP = 0.01
"""A step of the merge distance."""


@dataclass(frozen=True, kw_only=True)
class Cohesion:
    """What a proposal did to the queries of one cluster, beside its effect on everything.

    before, after : mean of their silhouettes in the clusters that then hold them, nan where none
    has a neighbour in its task; below_before, below_after : shares below 0
    incoherent : how many clusters in force are incoherent before and after, each by its own rule
    """

    effect: Effect
    before: float
    after: float
    below_before: float
    below_after: float
    incoherent: tuple[int, int]

    @property
    def sentence(self) -> str:
        """The silhouettes of the queries before and after, and how many clusters are incoherent."""
        first, second = self.incoherent
        clusters = f"incoherent clusters {first:,} → {second:,}"
        if np.isnan(self.after):
            return f"{clusters}, its queries are then in the only cluster of their task"
        numbers = f"{decimal(self.before, 3)} → {decimal(self.after, 3)}"
        return (
            f"{clusters}, mean silhouette of its queries {numbers}, of them below 0: "
            f"{percent(self.below_before)} → {percent(self.below_after)}"
        )


def what_makes_coherent(
    snapshot: Snapshot, cluster: int, progress: Progress | None = None
) -> tuple[Cohesion, ...]:
    """Merging it with its nearest, and every other threshold of the clusters; what helps first.

    Of proposals that make the same clusters only the first is told, and none that changes nothing.
    Cured is the cluster whose queries are no longer incoherent, by the rule in force now, in the
    clusters that then hold them, unless more clusters than before are then incoherent.
    """
    rows = np.flatnonzero(snapshot.router.clusters.assignment == cluster)
    chosen = next(one for one in coherence(snapshot) if one.cluster == cluster)
    wanted, found = _proposals(snapshot, chosen), []
    known = {snapshot.router.clusters.assignment.tobytes()}
    for at, proposal in enumerate(wanted):
        if progress is not None:
            progress(at / len(wanted), f"Trying: {proposal.label}")
        now = snapshot_of(snapshot, proposal)
        clusters = now.router.clusters.assignment.tobytes()
        if clusters not in known:
            known.add(clusters)
            found.append(_tried(snapshot, now, chosen, rows, proposal))
    return tuple(sorted(found, key=lambda one: what_helps_first(one.effect)))


def _proposals(snapshot: Snapshot, chosen: Coherence) -> list[Proposal]:
    now, wanted = snapshot.router.thresholds, proposals_of_clusters(snapshot)
    merges = [] if not now.merge_distance else [("merge only", round(now.merge_distance / 2, 2))]
    if chosen.nearest is not None:
        nearest = round((np.floor(chosen.distance / STEP) + 1) * STEP, 2)
        merges.insert(0, (f"merge it with {snapshot.labels[chosen.nearest]}:", nearest))
    own = [
        Proposal(
            f"{label} clusters nearer than {value:g}",
            snapshot.fit.settings,
            replace(now, merge_distance=value),
        )
        for label, value in merges
        if value <= 2.0 and value != now.merge_distance
    ]
    taken = [one.thresholds for one in own]
    return own + [one for one in wanted if one.thresholds not in taken]


def _tried(
    snapshot: Snapshot, now: Snapshot, chosen: Coherence, rows: IntArray, proposal: Proposal
) -> Cohesion:
    mean, below = of_queries(now, rows)
    after = replace(chosen, mean=mean, below_zero=below)
    first, second = n_incoherent(snapshot), n_incoherent(now)
    cured = not after.low(snapshot.router.thresholds.min_silhouette) and second <= first
    return Cohesion(
        effect=effect_of(snapshot, now, proposal, cured=cured, stable=None),
        before=chosen.mean,
        after=mean,
        below_before=chosen.below_zero,
        below_after=below,
        incoherent=(first, second),
    )


def of_queries(snapshot: Snapshot, rows: IntArray) -> tuple[float, float]:
    """Mean of the silhouettes of some training queries, and share below 0; nan where none has any.

    rows : of the training queries, in whatever clusters they are
    """
    values = own_silhouettes(snapshot)[rows]
    known = values[np.isfinite(values)]
    return (float(known.mean()), float((known < 0).mean())) if len(known) else (np.nan, np.nan)


def held_by(split: Split, assignment: IntArray, cluster: int) -> IntArray:
    """(k,) how many of a cluster's queries lie in each cluster of a split, as strong queries.

    assignment (Q,) : cluster in force of every training query
    """
    inside = split.cluster[assignment[split.rows] == cluster]
    return np.bincount(inside, minlength=split.k)
