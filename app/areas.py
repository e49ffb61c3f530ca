"""The clusters on the map: their names, their outlines and whose colour they have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from app.map_component.spec import Area
from cascal import charts
from cascal.charts.outlines import Outline, outline
from cascal.computing.remembered import remembered
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray

NAME_LENGTH = 24
MAX_KEPT = 2_000
"""Clusters that were seen once: most survive a move of a threshold."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _Known:
    """What follows from the queries and the centre of a cluster, made once."""

    outline: Outline | None
    typical: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Cluster:
    """What the map says of one cluster, in whatever colour."""

    cluster: int
    name: str
    about: str
    share: float
    outline: Outline


def areas(
    now: Snapshot,
    by: charts.ColourBy,
    names: tuple[str, ...],
    only: Collection[int] | None = None,
) -> list[Area]:
    """The clusters that lie on the map, the largest first; names: the groups of the colours.

    only : these come first and have a colour, the others are muted; None: all
    """
    found = _clusters(now)
    if only is not None:
        found = sorted(found, key=lambda one: one.cluster not in only)
    codes = _codes(now, by, names)
    return [
        Area(
            name=one.name,
            about=one.about,
            peak=one.outline.peak,
            rings=one.outline.rings,
            share=one.share,
            number=one.cluster,
            code=-1
            if codes is None or (only is not None and one.cluster not in only)
            else int(codes[one.cluster]),
        )
        for one in found
    ]


def _codes(now: Snapshot, by: charts.ColourBy, names: tuple[str, ...]) -> IntArray | None:
    """(C,) the group whose colour a cluster has: its first model, itself or its task."""
    router = now.router
    if by == "model":
        return router.cluster_order[:, 0]
    if by == "cluster":
        return np.arange(len(router.clusters))
    if by == "task":
        return np.array([names.index(router.tasks[task]) for task in router.clusters.task])
    return None


@remembered
def _clusters(now: Snapshot) -> list[_Cluster]:
    """Telling term and task, and about each its whole name and the most typical queries."""
    sizes = now.router.clusters.sizes
    most, found = int(sizes.max(initial=1)), []
    for cluster in np.argsort(-sizes, kind="stable").tolist():
        known = _of_cluster(now, cluster)
        if known.outline is None:
            continue
        task, *terms = (_short(one) for one in now.names[cluster])
        queries = (f"– {text}" for text in known.typical)
        found.append(
            _Cluster(
                cluster=cluster,
                name=charts.cluster_name([task, *terms[:1]]),
                about="\n".join([charts.cluster_name(now.names[cluster]), *queries]),
                share=float(sizes[cluster]) / most,
                outline=known.outline,
            )
        )
    return found


def _short(name: str) -> str:
    """A part of a name that has room: of two joined ones the first, where both have none."""
    first = name if len(name) <= NAME_LENGTH else name.partition(" & ")[0]
    return charts.shorten(first, NAME_LENGTH)


@remembered
def _seen(_dataset: Dataset) -> dict[bytes, _Known]:
    return {}


def _of_cluster(now: Snapshot, cluster: int) -> _Known:
    """What is known of a cluster, for as long as any state has the same one."""
    clusters = now.router.clusters
    rows = np.flatnonzero(clusters.assignment == cluster)
    key, seen = rows.tobytes() + clusters.centroids[cluster].tobytes(), _seen(now.dataset)
    found = seen.get(key)
    if found is None:
        if len(seen) >= MAX_KEPT:
            seen.clear()
        shape = outline(now.dataset.train.xy, rows)
        found = seen[key] = _Known(outline=shape, typical=now.typical_texts(cluster))
    return found
