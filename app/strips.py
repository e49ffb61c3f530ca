"""Above a slider: a strip that shows where moving it can change something."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import session, theme
from app.values import RANGES
from cascal.attainable import Reachable, merge_distance_steps, silhouette_steps
from cascal.datatypes import CascalError
from cascal.fit import Fit

STEP = 0.01
HEIGHT = 14
WIDTH = 223.75
INSET = 5.625
"""Pixels that a slider's track is shorter than the slider at both ends: its thumb's radius."""
_LOWEST = 3.0
_TRACK = WIDTH - 2 * INSET


def reachable(key: str) -> Reachable | None:
    """Where a slider of the clusters can change anything now; None before anything was fitted."""
    try:
        fit, thresholds = session.known_fit(), session.current_thresholds()
    except CascalError:
        return None
    if fit is None or fit.settings.by_task:
        return None
    level = thresholds.min_silhouette if key == "merge" else 0.0
    return _reachable(session.fit_token(), key, level, fit)


@st.cache_resource(show_spinner=False, max_entries=128)
def _reachable(token: str, key: str, min_silhouette: float, _fit: Fit) -> Reachable:
    low, high = RANGES[key]
    positions = [round(low + STEP * at, 2) for at in range(round((high - low) / STEP) + 1)]
    if key == "silhouette":
        return Reachable.of(silhouette_steps(_fit), positions)
    return Reachable.of(merge_distance_steps(_fit, min_silhouette), positions)


def fragment_key(key: str) -> str:
    """What the part of the page over a slider is called: a move of another may redraw it alone."""
    return f"over_{key}"


def over(key: str, label: str, about: str) -> DeltaGenerator | None:
    """The label of the slider that follows, what it does, and its strip.

    Returned is the place of a strip that cannot be drawn yet.
    """
    places: list[DeltaGenerator] = []

    def draw() -> None:
        reach = reachable(key)
        now = "" if reach is None else f" **Now:** {reach.sentence}"
        with st.container(gap="xsmall"):
            st.markdown(f":small[{label}]", help=about + now)
            place = st.container()
        _fill(place, reach)
        if reach is None:
            places.append(place)

    st.fragment(draw, key=fragment_key(key))()
    return places[0] if places else None


def _fill(place: DeltaGenerator, reach: Reachable | None) -> None:
    """Draw the strip, as wide as the slider that follows; nothing where nothing is known."""
    if reach is not None:
        place.image(drawing(reach, theme.mode()), width="stretch", alt=reach.sentence)


def fill_late(places: Mapping[str, DeltaGenerator]) -> None:
    """Draw the strips that had to wait until the page fitted."""
    for key, place in places.items():
        _fill(place, reachable(key))


def drawing(reach: Reachable, mode: theme.Mode) -> str:
    """An SVG that takes any width: bars where something changes, hatched where nothing can."""
    wide = _TRACK / len(reach.counts)
    tallness = np.log1p(reach.counts) / np.log1p(max(reach.counts.max(), 1))
    bars = [
        _rectangle(INSET + at * wide, 0.8 * wide, _LOWEST + (HEIGHT - _LOWEST) * share)
        for at, share in enumerate(tallness.tolist())
        if share
    ]
    dead = [
        _rectangle(INSET + _TRACK * low, _TRACK * (high - low), HEIGHT / 2)
        for low, high in _dead(reach)
        if high > low
    ]
    hatch = (
        '<pattern id="dead" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="1.6" height="5" fill="{theme.MUTED}"/>'
        "</pattern>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" height="{HEIGHT}"><svg '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"><defs>{hatch}</defs>'
        f'<g fill="url(#dead)">{"".join(dead)}</g>'
        f'<g fill="{theme.ACCENT[mode]}">{"".join(bars)}</g></svg></svg>'
    )


def _rectangle(x: float, width: float, height: float) -> str:
    """A bar that stands on the lower edge."""
    return (
        f'<rect x="{x:.2f}" y="{HEIGHT - height:.2f}" width="{width:.2f}" height="{height:.2f}"/>'
    )


def _dead(reach: Reachable) -> tuple[tuple[float, float], ...]:
    """The dead ends of the slider, as shares of it."""
    if reach.live is None:
        return ((0.0, 1.0),)
    first, last = reach.positions[0], reach.positions[-1]
    low, high = ((one - first) / (last - first) for one in reach.live)
    return ((0.0, low), (high, 1.0))
