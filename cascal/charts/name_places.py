"""Names beside the points of a chart, where they cover neither each other nor a point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascal.datatypes import FloatArray

WIDTH, HEIGHT = 400, 400
"""Pixels of a chart that names are laid out for: what is free on a phone is free everywhere."""
SIDES = {
    "top left": (False, True),
    "bottom right": (True, False),
    "top right": (True, True),
    "bottom left": (False, False),
}
"""Where a name may stand, the preferred side first: (right of its point, above it)."""
LETTER, CAPITAL, LINE = 7, 9, 15
"""Widths of a letter and height of a line, in pixels."""
SLACK = 5
"""Pixels by which a name may lie elsewhere: no chart is exactly as wide as it is thought to be."""

_Box = tuple[float, float, float, float]


def in_pixels(values: FloatArray, length: int) -> FloatArray:
    """Where values (n,) lie on an axis of a length, about."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return (values - low) / ((high - low) or 1.0) * length


def free_sides(
    x: FloatArray,
    y: FloatArray,
    rows: Sequence[int],
    names: Sequence[str],
    must: Sequence[bool],
    *,
    ends: FloatArray | None = None,
) -> list[str | None]:
    """A side for the name of each of some rows of the points (n,) in pixels, the first one first.

    ends : (n,) where a line that begins in each point ends, right of it at the same height

    None where it has no room. Where a name must stand it may cover points and lines, as few as
    possible, but never another name.
    """
    points = [(px - 4, py - 4, px + 4, py + 4) for px, py in zip(x, y, strict=True)]
    if ends is not None:
        points += [(px, py - 1, end, py + 1) for px, py, end in zip(x, y, ends, strict=True)]
    taken: list[_Box] = []
    found: list[str | None] = []
    for row, name, needed in zip(rows, names, must, strict=True):
        boxes = {side: _name_box(x[row], y[row], _width(name), side) for side in SIDES}
        free = [side for side, box in boxes.items() if not any(_meet(box, one) for one in taken)]
        covered = {side: sum(_meet(boxes[side], one) for one in points) for side in free}
        side = min(free, key=covered.__getitem__, default=None)
        if side is not None and covered[side] and not needed:
            side = None
        if side is not None:
            taken.append(boxes[side])
        found.append(side)
    return found


def _width(name: str) -> int:
    return sum(CAPITAL if letter.isupper() else LETTER for letter in name)


def _name_box(x: float, y: float, width: int, side: str) -> _Box:
    right, up = SIDES[side]
    left, low = (x - SLACK if right else x - SLACK - width), (y + 5 if up else y - 20)
    return (left, low, left + width + 2 * SLACK, low + LINE)


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
