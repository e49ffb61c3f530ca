"""The clusters on the map: their names, their outlines and whose colour they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.map_component.spec import Area
from cascal import charts
from cascal.charts.outlines import Outline, outline
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray
from cascal.remembered import remembered

NAME_LENGTH = 24
MAX_KEPT = 2_000
"""Outlines of clusters that were seen once: most clusters survive a move of a threshold."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _Cluster:
    """What the map says of one cluster, in whatever colour."""

    cluster: int
    name: str
    about: str
    share: float
    outline: Outline


def areas(now: Snapshot, by: charts.ColourBy, names: tuple[str, ...]) -> list[Area]:
    """The clusters that lie on the map, the largest first; names: the groups of the colours."""
    codes = _codes(now, by, names)
    return [
        Area(
            name=one.name,
            about=one.about,
            peak=one.outline.peak,
            rings=one.outline.rings,
            share=one.share,
            code=-1 if codes is None else int(codes[one.cluster]),
        )
        for one in _clusters(now)
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
    clusters = now.router.clusters
    most, found = int(clusters.sizes.max(initial=1)), []
    for cluster in np.argsort(-clusters.sizes, kind="stable").tolist():
        shape = _outline(now.dataset, np.flatnonzero(clusters.assignment == cluster))
        if shape is None:
            continue
        task, *terms = (charts.shorten(one, NAME_LENGTH) for one in now.names[cluster])
        queries = (f"– {text}" for text in now.typical_texts(cluster))
        found.append(
            _Cluster(
                cluster=cluster,
                name=charts.cluster_name([*terms[:1], task]),
                about="\n".join([charts.cluster_name(now.names[cluster]), *queries]),
                share=float(clusters.sizes[cluster]) / most,
                outline=shape,
            )
        )
    return found


@remembered
def _known(_dataset: Dataset) -> dict[bytes, Outline | None]:
    return {}


def _outline(data: Dataset, rows: IntArray) -> Outline | None:
    """The outline of some training queries, made once for as long as they are a cluster."""
    known, members = _known(data), rows.tobytes()
    if members not in known:
        if len(known) >= MAX_KEPT:
            known.clear()
        known[members] = outline(data.train.xy, rows)
    return known[members]
