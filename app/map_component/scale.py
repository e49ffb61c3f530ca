"""The colours of values on the map: one ramp, or two that meet where a value turns bad."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEVELS = 48
"""Steps of a scale."""
_LEAST = 0.05
"""A scale reaches at least so far above its break."""


def ramp(colors: Sequence[str], n: int = LEVELS) -> tuple[str, ...]:
    """Interpolate colours to n steps.

    >>> ramp(["#000000", "#ffffff"], 3)
    ('#000000', '#808080', '#ffffff')
    """
    stops = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colors], dtype=float)
    at = np.linspace(0, len(stops) - 1, n)
    channels = [np.interp(at, np.arange(len(stops)), channel) for channel in stops.T]
    return tuple(
        "#{:02x}{:02x}{:02x}".format(*map(round, rgb)) for rgb in zip(*channels, strict=True)
    )


def levels_below(span: tuple[float, float], at: float) -> int:
    """How many steps of a span stand for values below one inside it."""
    return int(np.count_nonzero(np.linspace(*span, LEVELS) < at))


def broken_span(span: tuple[float, float], at: float) -> tuple[float, float]:
    """The span with its low end moved down until a value lies halfway between two steps.

    So every value below it has another colour than every one above.
    """
    low, high = span
    high = max(high, at + _LEAST)
    for below in range(LEVELS - 2):
        start = at - (below + 0.5) * (high - at) / (LEVELS - 1.5 - below)
        if start <= low:
            return start, high
    return low, high


def broken_ramp(
    below: Sequence[str], above: Sequence[str], span: tuple[float, float], at: float
) -> tuple[str, ...]:
    """Two ramps over one span: up to a value, and from there on."""
    n_below = levels_below(span, at)
    return (*ramp(below, n_below), *ramp(above, LEVELS - n_below))
