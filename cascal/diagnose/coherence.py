"""How well the queries of every cluster in force fit it: which clusters are incoherent?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.clustering.cluster import query_silhouettes
from cascal.computing.remembered import remembered
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray, IntArray, read_only
from cascal.number_format import agreeing, counted, decimal, enumerated, percent
from cascal.settings import Thresholds

MANY_BELOW_ZERO = 0.25
"""Share of a cluster's queries below 0 from which it counts as incoherent, whatever their mean."""

FEW = 0.1
"""Share of a cluster's queries below which what they were before joining does not count."""


@remembered
def own_silhouettes(snapshot: Snapshot) -> FloatArray:
    """(Q,) silhouette of every training query in the cluster that it is assigned to.

    Beside the other clusters of its task; nan where there are none.
    """
    clusters, vectors = snapshot.router.clusters, snapshot.dataset.train.vectors.vectors
    found = np.full(len(vectors), np.nan)
    for task in range(len(clusters.tasks)):
        of_task = np.flatnonzero(clusters.task == task)
        if len(of_task) < 2:
            continue
        rows = np.flatnonzero(np.isin(clusters.assignment, of_task))
        labels = np.searchsorted(of_task, clusters.assignment[rows])
        found[rows] = query_silhouettes(vectors[rows], labels[None], len(of_task))[0]
    return read_only(found)


def own_silhouette(snapshot: Snapshot, row: int) -> float:
    """The silhouette of one training query, as in `own_silhouettes`, without those of the others.

    With S_c the sum of the vectors of cluster c, its mean distance to c is 1 − x·S_c / |c|; to its
    own |c| − 1 others.
    """
    clusters, vectors = snapshot.router.clusters, snapshot.dataset.train.vectors.vectors
    own = int(clusters.assignment[row])
    of_task = np.flatnonzero(clusters.task == clusters.task[own])
    if len(of_task) < 2:
        return np.nan
    sizes = clusters.sizes[of_task].astype(float)
    rows = np.flatnonzero(np.isin(clusters.assignment, of_task))
    labels = np.searchsorted(of_task, clusters.assignment[rows])
    cosines = np.bincount(labels, vectors[rows] @ vectors[row], minlength=len(of_task))
    inside = of_task == own
    others = ~inside & (sizes > 0)
    if sizes[inside][0] < 2 or not others.any():
        return 0.0
    within = float((sizes - cosines)[inside][0] / (sizes[inside][0] - 1.0))
    between = float((1.0 - cosines[others] / sizes[others]).min())
    return (between - within) / (max(between, within) or 1.0)


def rivals(snapshot: Snapshot, rows: IntArray) -> IntArray:
    """(n,) the other cluster of its task that each query lies nearest to on average; −1: none.

    rows (n,) : training queries. It is what their silhouettes compare with.
    """
    clusters, vectors = snapshot.router.clusters, snapshot.dataset.train.vectors.vectors
    own, found = clusters.assignment[rows], np.full(len(rows), -1, dtype=np.int64)
    for task in np.unique(clusters.task[own]):
        of_task = np.flatnonzero((clusters.task == task) & (clusters.sizes > 0))
        here = np.flatnonzero(clusters.task[own] == task)
        if len(of_task) < 2:
            continue
        means = np.stack([vectors[clusters.assignment == one].mean(axis=0) for one in of_task])
        cosines = vectors[rows[here]] @ means.T
        cosines[own[here][:, None] == of_task] = -np.inf
        found[here] = of_task[cosines.argmax(axis=1)]
    return found


@dataclass(frozen=True, kw_only=True)
class Coherence:
    """How well the training queries of a cluster in force fit it.

    mean, below_zero : mean of their silhouettes and share of them below 0; nan where nothing can be
    said: for the only cluster of a task, and for one of a single query
    nearest, distance : the cluster of its task whose centre is the nearest, and 1 − cosine to it;
    None and nan where there is no other
    """

    cluster: int
    task: str
    n_queries: int
    mean: float
    below_zero: float
    nearest: int | None
    distance: float

    def low(self, min_silhouette: float) -> bool:
        """Whether it is incoherent: its mean below what a split must reach, or many below 0.

        False where nothing can be said.
        """
        return bool(self.mean < min_silhouette or self.below_zero >= MANY_BELOW_ZERO)

    @property
    def measured(self) -> str:
        """Its numbers in words."""
        if np.isnan(self.mean):
            return "nothing to compare its queries with"
        below = percent(self.below_zero)
        return f"mean silhouette {decimal(self.mean, 3)}, {below} of its queries below 0"


def coherence(snapshot: Snapshot) -> list[Coherence]:
    """Every cluster in force, the least coherent first, last those of which nothing can be said."""
    values, clusters = own_silhouettes(snapshot), snapshot.router.clusters
    found = []
    for cluster in range(len(clusters)):
        inside = values[clusters.assignment == cluster]
        known = len(inside) > 1 and bool(np.isfinite(inside).all())
        nearest, distance = _nearest(snapshot, cluster)
        found.append(
            Coherence(
                cluster=cluster,
                task=clusters.tasks[clusters.task[cluster]],
                n_queries=len(inside),
                mean=float(inside.mean()) if known else np.nan,
                below_zero=float((inside < 0).mean()) if known else np.nan,
                nearest=nearest,
                distance=distance,
            )
        )
    return sorted(found, key=lambda one: (np.nan_to_num(one.mean, nan=np.inf), one.cluster))


def joined_from(snapshot: Snapshot, cluster: int) -> list[int]:
    """Of the clusters that joining made one of, how many queries each brought, the most first.

    Those with few of them are left out; one number, or none, where joining made nothing of it.
    """
    return several_of(before_joining(snapshot, cluster))


def before_joining(snapshot: Snapshot, cluster: int) -> IntArray:
    """(n,) the cluster that each of a cluster's queries is in where none are joined.

    Empty where none are joined anyway.
    """
    thresholds = snapshot.router.thresholds
    if thresholds.prune_jaccard is None:
        return np.empty(0, dtype=np.int64)
    apart = snapshot.fit.router(replace(thresholds, prune_jaccard=None)).clusters.assignment
    return np.asarray(apart[snapshot.router.clusters.assignment == cluster])


def several_of(assignment: IntArray) -> list[int]:
    """How many of some queries (n,) lie in each of their clusters, the most first, without few."""
    sizes = np.sort(np.bincount(assignment))[::-1]
    return [int(n) for n in sizes if n >= FEW * len(assignment)]


def sizes_of(parts: Sequence[int]) -> str:
    """The sizes of several parts in words: "316, 80 and 52"."""
    return enumerated([f"{n:,}" for n in parts])


def incoherent(snapshot: Snapshot, least: float | None = None) -> list[Coherence]:
    """The incoherent ones of the clusters in force, the least coherent first.

    least : the line that they are judged by; None: the min silhouette in force
    """
    line = snapshot.router.thresholds.min_silhouette if least is None else least
    return [one for one in coherence(snapshot) if one.low(line)]


def n_incoherent(snapshot: Snapshot, least: float | None = None) -> int:
    """How many clusters in force are incoherent; argument as of `incoherent`."""
    return len(incoherent(snapshot, least))


def new_line(before: Snapshot, after: Snapshot) -> float | None:
    """The line below which clusters are incoherent after a change that moves it; None: it stays.

    It is the min silhouette in force.
    """
    old, new = (one.router.thresholds.min_silhouette for one in (before, after))
    return None if old == new else new


def incoherence_rule(least: float) -> str:
    """What makes a cluster incoherent, either of two; least : min silhouette."""
    many = percent(MANY_BELOW_ZERO)
    return f"a mean silhouette below {least:g}, or {many} of the queries below 0"


def why_incoherent(now: Snapshot, chosen: Coherence) -> str:
    """What it was made of, and where its queries lie; empty where none lies below 0."""
    if chosen.nearest is None or not chosen.below_zero > 0:
        return ""
    parts = joined_from(now, chosen.cluster)
    queries = counted(round(chosen.below_zero * chosen.n_queries), "query")
    where = f"{queries} of {chosen.n_queries:,} lie on average nearer to another of {chosen.task}"
    if len(parts) < 2:
        return f"{where}; its nearest is {now.labels[chosen.nearest]}."
    made = f"{counted(len(parts), 'unlike cluster')} ({sizes_of(parts)})"
    return f"Joining made it of {made} that share their best models: {where}."


def incoherence_told(now: Snapshot, chosen: Coherence) -> str:
    """Why a cluster is incoherent, and its numbers beside the rule of each, in sentences."""
    mean, below = decimal(chosen.mean, 3), percent(chosen.below_zero)
    least, many = now.router.thresholds.min_silhouette, percent(MANY_BELOW_ZERO)
    rules = (
        f"Mean silhouette {mean}, rule {least:g} or more; {below} of its queries below 0, rule "
        f"below {many}."
    )
    usual = Thresholds().min_silhouette
    if chosen.low(least) and not chosen.low(usual):
        rules += f" At the default line, {usual:g}, it would not be incoherent."
    return f"{why_incoherent(now, chosen)} {rules}".strip()


def coherence_sentence(labels: Sequence[str], clusters: list[Coherence], least: float) -> str:
    """How many clusters in force are incoherent, by which rule, and which is the least coherent.

    clusters : all of `coherence`, labels (C,) their names, least : min silhouette
    """
    known = [one for one in clusters if np.isfinite(one.mean)]
    if not known:
        return "Every task is one cluster: none lies beside another that its queries could be in."
    n_low, worst = sum(one.low(least) for one in known), known[0]
    usual, moved = Thresholds().min_silhouette, ""
    if least != usual:
        moved = f" At the default line, {usual:g}, {sum(one.low(usual) for one in known)} would be."
    verb = agreeing(n_low, "is", "are")
    return (
        f"{n_low or 'None'} of {counted(len(known), 'cluster')} that can be judged {verb} "
        f"incoherent ({incoherence_rule(least)}).{moved} The least coherent is "
        f"{labels[worst.cluster]}: {worst.measured}.{_unjudged(clusters)}"
    )


def below_zero_sentence(snapshot: Snapshot) -> str:
    """How many training queries lie nearer to another cluster than to their own, and where most."""
    values = own_silhouettes(snapshot)
    known = values[np.isfinite(values)]
    if not len(known):
        return "Every task is one cluster: no query has another one to be compared with"
    n = int((known < 0).sum())
    said = (
        f"{n or 'None'} of {counted(len(known), 'query')} {agreeing(n or 1, 'lies', 'lie')} nearer "
        "to another skill cluster than to "
        f"{agreeing(n or 1, 'its', 'their')} own"
    )
    judged = [one for one in coherence(snapshot) if one.below_zero > 0]
    if not judged:
        return said
    worst = max(judged, key=lambda one: (one.below_zero, -one.cluster))
    return (
        f"{said}: most in {snapshot.labels[worst.cluster]}, {percent(worst.below_zero)} of its own"
    )


def _unjudged(clusters: list[Coherence]) -> str:
    """Of how many clusters nothing can be said, and why."""
    unknown = [one for one in clusters if not np.isfinite(one.mean)]
    lone, single = (
        [one for one in unknown if (one.nearest is None) is alone] for alone in (True, False)
    )
    parts = []
    if lone:
        alone = counted(len(lone), "is alone in its task", "are alone in their tasks")
        parts.append(f"{alone}, with nothing to compare with")
    if single:
        parts.append(counted(len(single), "holds a single query", "hold a single query"))
    return f" Not judged: {'; '.join(parts)}." if parts else ""


def _nearest(snapshot: Snapshot, cluster: int) -> tuple[int | None, float]:
    clusters = snapshot.router.clusters
    others = np.flatnonzero(clusters.task == clusters.task[cluster])
    others = others[others != cluster]
    if not len(others):
        return None, np.nan
    cosines = clusters.centroids[others] @ clusters.centroids[cluster]
    place = int(cosines.argmax())
    return int(others[place]), float(1.0 - cosines[place])
