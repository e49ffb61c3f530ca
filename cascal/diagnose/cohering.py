"""What would make an incoherent cluster coherent? Every threshold is tried out, not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.columns import Progress
from cascal.dataset.snapshot import Snapshot
from cascal.dataset.successor import MAJORITY
from cascal.datatypes import IntArray
from cascal.diagnose.coherence import (
    Coherence,
    coherence,
    incoherent,
    n_incoherent,
    new_line,
    own_silhouettes,
)
from cascal.diagnose.effect_words import Told, by_new_line, low_told, silhouettes_told
from cascal.diagnose.mechanism import takes_apart, why_it_helps
from cascal.diagnose.remedies import (
    Effect,
    Proposal,
    effect_of,
    proposals_of_clusters,
    snapshot_of,
)
from cascal.diagnose.silhouettes import Split
from cascal.diagnose.trials import CLEAR
from cascal.intervals import Estimate, estimate
from cascal.number_format import counted, decimal

STEP = 0.01
"""A step of the merge distance."""


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """A cluster whose queries fit less well after a change: mean of their silhouettes.

    name : before the change
    """

    name: str
    before: float
    after: float

    @property
    def said(self) -> str:
        """Its name and its means."""
        return f"{self.name} {decimal(self.before, 3)} → {decimal(self.after, 3)}"


@dataclass(frozen=True, kw_only=True)
class Cohesion:
    """What a proposal did to the queries of one cluster, beside its effect on everything.

    before, after : mean of their silhouettes in the clusters that then hold them, nan where none
    has a neighbour in its task; below_before, below_after : shares below 0
    incoherent : how many clusters in force are incoherent before and after, either by the line that
    is then in force; line : the new one, None where it stays
    breaks : where its queries are no longer incoherent, how many more of the other clusters are, by
    the line in force before
    stays_low : whether its queries are no longer incoherent by the line of before, but by the new
    worse : the other clusters that fit less well by it (`less_coherent`)
    n_others : how many other clusters can be judged; because : why it helps them, "" where no
    reason is known
    distance : mean of 1 − cosine of its queries to the centre of the cluster that holds them
    right : of the test queries that lay in it the share that is right, and its paired change; None
    without any gold answers there
    undoes : whether it takes apart what joining had made one
    """

    effect: Effect
    before: float
    after: float
    below_before: float
    below_after: float
    incoherent: tuple[int, int]
    breaks: int = 0
    worse: tuple[Lapse, ...] = ()
    n_others: int = 0
    distance: tuple[float, float] = (np.nan, np.nan)
    right: tuple[float, Estimate] | None = None
    because: str = ""
    undoes: bool = False
    line: float | None = None
    stays_low: bool = False

    @property
    def rows(self) -> tuple[Told, ...]:
        """The same, before and after."""
        first, second = self.incoherent
        found = [Told("Incoherent clusters", f"{first:,}", f"{second:,}{by_new_line(self.line)}")]
        if np.isnan(self.after):
            alone = "in the only cluster of their task"
            found.append(Told("Its queries", "", alone, f"its queries are then {alone}"))
        else:
            before, after = (self.before, self.below_before), (self.after, self.below_after)
            found += silhouettes_told(before, after)
        if np.isfinite(self.distance).all():
            near, then = (decimal(one, 2) for one in self.distance)
            found.append(
                Told("Distance to their own centre", near, then, name="Distance to centre")
            )
        others = f"{len(self.worse)}: {_most_of(self.worse)}" if self.worse else "none"
        said = lapses_told(self.worse) or "no other became less coherent"
        found.append(Told("Others less coherent", "", others, said))
        return tuple(found)

    @property
    def low_told(self) -> str:
        """That its own queries are below a new line, as a clause; "" where they are not."""
        return low_told(self.before, self.after, self.line)


def less_coherent(before: Snapshot, after: Snapshot, rows: IntArray) -> tuple[Lapse, ...]:
    """The clusters that a change makes less coherent, by most first: told by their own queries.

    Where the mean of their silhouettes falls by `CLEAR` or more. Their queries may lie in several
    clusters since: how many clusters are incoherent is counted by `n_incoherent`, not here.
    rows : the queries that the change is about; clusters of most of them, and those of which
    nothing can be said before or after, are left out
    """
    own = before.router.clusters.assignment
    about = np.isin(np.arange(len(own)), rows)
    found = []
    for one in coherence(before):
        inside = np.flatnonzero(own == one.cluster)
        if np.isnan(one.mean) or about[inside].mean() > MAJORITY:
            continue
        mean, _ = of_queries(after, inside)
        if one.mean - mean >= CLEAR:
            found.append(Lapse(name=before.labels[one.cluster], before=one.mean, after=mean))
    return tuple(sorted(found, key=lambda one: one.after - one.before))


def lapses_told(worse: Sequence[Lapse]) -> str:
    """How many other clusters are less coherent, and the one by most; empty without any."""
    if not worse:
        return ""
    return f"{counted(len(worse), 'other')} became less coherent: {_most_of(worse)}"


def _most_of(worse: Sequence[Lapse]) -> str:
    more = f" and {len(worse) - 1} more" if len(worse) > 1 else ""
    return f"{worse[0].said}{more}"


def what_makes_coherent(
    snapshot: Snapshot, cluster: int, progress: Progress | None = None
) -> tuple[Cohesion, ...]:
    """Merging it with its nearest, and every other threshold of the clusters, each tried out.

    Of proposals that make the same clusters only the first is told, and none that changes nothing.
    Cured is the cluster whose queries are no longer incoherent in the clusters that then hold them,
    unless more clusters than before are then incoherent. A new line of the remedy's own is heeded
    where it is the higher one: lowering it is no cure.
    """
    rows = np.flatnonzero(snapshot.router.clusters.assignment == cluster)
    chosen = next(one for one in coherence(snapshot) if one.cluster == cluster)
    wanted = _proposals(snapshot, chosen)
    found: list[Cohesion] = []
    known = {snapshot.router.clusters.assignment.tobytes()}
    for at, proposal in enumerate(wanted):
        if progress is not None:
            progress(at / len(wanted), f"Trying: {proposal.label}")
        now = snapshot_of(snapshot, proposal)
        clusters = now.router.clusters.assignment.tobytes()
        if clusters not in known:
            known.add(clusters)
            found.append(_tried(snapshot, now, chosen, rows, proposal))
    return tuple(found)


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
    least, new = (one.router.thresholds.min_silhouette for one in (snapshot, now))
    then = replace(chosen, mean=mean, below_zero=below)
    helped, n_low = not then.low(least), n_incoherent(snapshot)
    stays_low = helped and then.low(new)
    cured = helped and not stays_low and n_incoherent(now, max(least, new)) <= n_low
    others = [one for one in coherence(snapshot) if one.cluster != chosen.cluster]
    return Cohesion(
        effect=effect_of(snapshot, now, proposal, cured=cured, stable=None),
        before=chosen.mean,
        after=mean,
        below_before=chosen.below_zero,
        below_after=below,
        incoherent=(n_low, n_incoherent(now)),
        breaks=_more_of_others(snapshot, now, rows) if helped else 0,
        worse=less_coherent(snapshot, now, rows),
        n_others=sum(bool(np.isfinite(one.mean)) for one in others),
        distance=(_to_centre(snapshot, rows), _to_centre(now, rows)),
        right=_right(snapshot, now, chosen.cluster),
        because=why_it_helps(snapshot, now, chosen.cluster) if helped else "",
        undoes=takes_apart(snapshot, now, chosen.cluster),
        line=new_line(snapshot, now),
        stays_low=stays_low,
    )


def _to_centre(snapshot: Snapshot, rows: IntArray) -> float:
    """Mean of 1 − cosine of some training queries to the centres of their clusters."""
    clusters, vectors = snapshot.router.clusters, snapshot.dataset.train.vectors.vectors
    centres = clusters.centroids[clusters.assignment[rows]]
    return float(1.0 - np.einsum("nd,nd->n", vectors[rows], centres).mean())


def _right(snapshot: Snapshot, now: Snapshot, cluster: int) -> tuple[float, Estimate] | None:
    """Of the test queries that lie in a cluster, how many are right and what a change brings."""
    if snapshot.evaluation is None or now.evaluation is None:
        return None
    inside = snapshot.routes("test").cluster == cluster
    before = snapshot.evaluation.top1_right[inside]
    gain = estimate(now.evaluation.top1_right[inside] - before)
    return (float(np.nanmean(before)), gain) if gain.n else None


def _more_of_others(snapshot: Snapshot, now: Snapshot, rows: IntArray) -> int:
    """How many more clusters without most of these queries are incoherent, by the line in use."""
    n_low, line = [], snapshot.router.thresholds.min_silhouette
    for one in (snapshot, now):
        own = np.isin(np.arange(len(one.router.clusters.assignment)), rows)
        shares = (
            own[one.router.clusters.assignment == low.cluster] for low in incoherent(one, line)
        )
        n_low.append(sum(bool(share.mean() <= MAJORITY) for share in shares))
    return max(n_low[1] - n_low[0], 0)


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
