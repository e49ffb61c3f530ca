"""Outlines of clusters on the map: where a cluster's points lie dense, as closed curves.

Every point is a small hill on a grid; an outline is a line of equal height around the hills of one
cluster. Hills that touch share one; a few points far from the others have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, label

from cascal.datatypes import BoolArray, FloatArray, IntArray

CELLS = 176
"""Of the grid along the longer side of the map."""
HILL = 1.9
"""Standard deviation of a point's hill, in cells."""
HEIGHT = 0.5
"""Of an outline, where the hill of a point alone is 1 high."""
CROWD = 2
"""More points in one cell make its hill no higher: no outline runs far from a crowd."""
MARGIN = 8
"""Empty cells around a cluster, so that outlines are closed."""
FEW, SMALL_SHARE = 4, 0.03
"""A part of a cluster with fewer points, or a smaller share of them, has no outline."""
STRIDE = 2
"""Every second vertex is kept: who draws rounds the corners."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Outline:
    """Where a cluster lies on the map.

    rings : closed curves (V, 2), that around the most points first; the first vertex is not
            repeated
    peak  : x and y where its points are densest
    """

    rings: tuple[FloatArray, ...]
    peak: tuple[float, float]


def outline(xy: FloatArray, rows: IntArray) -> Outline | None:
    """The outline of the queries `rows` on a map; None if none of them has a place.

    xy : (Q, 2) all queries, nan where one has no place; the map's size says how fine the grid is
    """
    known = np.asarray(np.isfinite(xy).all(axis=1))
    own = rows[known[rows]]
    if not len(own):
        return None
    low = xy[known].min(axis=0).astype(np.float64)
    cell = float(np.ptp(xy[known], axis=0).max()) / CELLS or 1.0
    spots = np.rint((xy[own] - low) / cell).astype(np.int64)
    return _outline(spots, low, cell)


def _outline(spots: IntArray, low: FloatArray, cell: float) -> Outline:
    """The outline of points in the cells `spots` (P, 2) of the grid."""
    corner = spots.min(axis=0) - MARGIN
    count = np.zeros(np.ptp(spots, axis=0) + 2 * MARGIN + 1)
    np.add.at(count, tuple((spots - corner).T), 1.0)
    height = gaussian_filter(np.minimum(count, CROWD), HILL, truncate=3.0) * 2 * np.pi * HILL**2
    parts, n_parts = label(height > HEIGHT)
    n_points = np.bincount(parts.ravel(), weights=count.ravel(), minlength=n_parts + 1)[1:]
    main = int(np.argmax(n_points)) + 1
    enough = max(FEW, SMALL_SHARE * len(spots))
    origin = low + corner * cell
    rings = {
        part: ring[::STRIDE] * cell + origin
        for ring, part in _rings(height, parts)
        if part == main or n_points[part - 1] >= enough
    }
    peak = np.unravel_index(int(np.argmax(np.where(parts == main, height, 0.0))), height.shape)
    x, y = (origin + np.array(peak) * cell).tolist()
    by_size = sorted(rings, key=lambda part: (-n_points[part - 1], part))
    return Outline(rings=tuple(rings[part] for part in by_size), peak=(x, y))


def _rings(height: FloatArray, parts: IntArray) -> list[tuple[FloatArray, int]]:
    """The outer curve around every part, as vertices (V, 2) in cells, and the part's number."""
    inside = height > HEIGHT
    follows = _links(inside)
    found = []
    while follows:
        start, at = next(iter(follows.items()))
        edges = [start]
        del follows[start]
        while at != start:
            edges.append(at)
            at = follows.pop(at)
        ring, part = _vertices(np.array(edges), height, inside, parts)
        if _area(ring) > 0:  # a hole runs the other way round
            found.append((ring, part))
    return found


def _links(inside: BoolArray) -> dict[int, int]:
    """Of every edge of the grid that an outline crosses the one that it crosses next.

    An edge is numbered by its lower node, with one node's number more for the second direction.
    In a square of four nodes an outline comes in where, counter-clockwise, the inside ends, and
    leaves where it begins again: so the inside lies to its left.
    """
    rows, columns = inside.shape
    node = np.arange(rows * columns).reshape(rows, columns)
    corners = (inside[:-1, :-1], inside[1:, :-1], inside[1:, 1:], inside[:-1, 1:])
    edges = (
        2 * node[:-1, :-1],
        2 * node[1:, :-1] + 1,
        2 * node[:-1, 1:],
        2 * node[:-1, :-1] + 1,
    )
    follows: dict[int, int] = {}
    for k in range(4):
        ends = corners[k] & ~corners[(k + 1) % 4]
        for m in (1, 2, 3):
            begins = ends & ~corners[(k + m) % 4] & corners[(k + m + 1) % 4]
            ends = ends & ~begins
            follows.update(
                zip(edges[k][begins].tolist(), edges[(k + m) % 4][begins].tolist(), strict=True)
            )
    return follows


def _vertices(
    edges: IntArray, height: FloatArray, inside: BoolArray, parts: IntArray
) -> tuple[FloatArray, int]:
    """Where the outline crosses edges, and the part that it surrounds."""
    low = np.column_stack(np.unravel_index(edges // 2, height.shape))
    high = low + np.column_stack([edges % 2 == 0, edges % 2 == 1])
    first, second = height[tuple(low.T)], height[tuple(high.T)]
    share = (HEIGHT - first) / (second - first)
    node = low[0] if inside[tuple(low[0])] else high[0]
    return low + share[:, None] * (high - low), int(parts[tuple(node)])


def _area(ring: FloatArray) -> float:
    """The area inside, below 0 where the ring runs clockwise."""
    x, y = ring.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2
