"""Where the marks of the report's two figures stand; the template draws them as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot
from cascal.intervals import Estimate

COLOURS = (
    *("#1A99F2", "#999900", "#A6004D", "#7A45E0", "#C35A4B", "#C369B4"),
    *("#009669", "#785A0F", "#F05A87", "#694B78", "#00695A", "#B400A5"),
)
"""Of the models by name, on a light page: those of the dashboard."""
OTHER = "#9AA4B2"
MAX_POINTS = 6000
GAINS, LOSES, UNTOLD = "#17202e", "#b45309", "#7c8798"


@dataclass(frozen=True)
class Dots:
    """The queries that one model gets first, as points on 800 × 460."""

    model: str
    colour: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A gain with its interval on a line of its own, places on 800 units."""

    title: str
    y: int
    low: float
    value: float
    high: float
    colour: str


@dataclass(frozen=True, kw_only=True)
class GainBars:
    """Gains, best first; `zero` is the place of always asking one model."""

    zero: float
    height: int
    bars: tuple[Bar, ...]


def map_dots(dataset: Dataset, snapshot: Snapshot) -> tuple[Dots, ...]:
    """The training queries, coloured by the model that gets them first; () without a map."""
    xy = np.asarray(dataset.train.xy, dtype=float)
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(known):
        return ()
    if len(known) > MAX_POINTS:
        known = known[np.unique(np.linspace(0, len(known) - 1, MAX_POINTS).astype(int))]
    low, high = xy[known].min(axis=0), xy[known].max(axis=0)
    scaled = (xy[known] - low) / np.where(high > low, high - low, 1.0)
    placed = np.array([8.0, 452.0]) + scaled * np.array([784.0, -444.0])
    routes = snapshot.train_routes
    first = routes.selected[known, 0]
    colours = _colours(routes.models)
    return tuple(
        Dots(name, colours[name], tuple((float(x), float(y)) for x, y in placed[first == m]))
        for m, name in ((m, routes.models[int(m)]) for m in np.unique(first))
    )


def _colours(models: Sequence[str]) -> dict[str, str]:
    return {
        name: COLOURS[place] if place < len(COLOURS) else OTHER
        for place, name in enumerate(sorted(models))
    }


def gain_bars(gains: Sequence[tuple[str, Estimate]]) -> GainBars:
    """Titles and gains over always asking one model, placed by their intervals."""
    ordered = sorted(gains, key=lambda titled: -titled[1].value)
    bounds = [0.0, *(bound for _, gain in ordered for bound in (gain.low, gain.high))]
    low, high = min(bounds), max(bounds)

    def place(value: float) -> float:
        return 260 + 520 * (value - low) / ((high - low) or 1.0)

    bars = tuple(
        Bar(
            title=title,
            y=20 * row + 14,
            low=place(gain.low),
            value=place(gain.value),
            high=place(gain.high),
            colour=GAINS if gain.low > 0 else LOSES if gain.high < 0 else UNTOLD,
        )
        for row, (title, gain) in enumerate(ordered)
    )
    return GainBars(zero=place(0.0), height=20 * len(bars) + 8, bars=bars)
