"""Colours of data: stable by name, told apart by colour-blind readers, for light and dark.

The palettes were chosen by the smallest pairwise CIEDE2000 distance under simulated protanopia,
deuteranopia and tritanopia (Machado 2009); every colour keeps a contrast of at least 3:1, and
those of models are far from the grey of what is muted and from black.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import streamlit as st

from cascal.report.drawings import COLOURS

Mode = Literal["light", "dark"]
Kind = Literal["model", "cluster"]
Badge = Literal["red", "orange", "yellow", "blue", "green", "gray"]
"""Colours of a badge, by their names in Streamlit."""

MUTED = "#9AA4B2"

MODELS: dict[Mode, tuple[str, ...]] = {
    "light": COLOURS,
    "dark": (
        *("#11AAFF", "#FFDD11", "#DD4477", "#8855FF", "#FF9944", "#FFBBEE"),
        *("#009988", "#668833", "#FF1111", "#9977AA", "#00FFCC", "#AACC88"),
    ),
}
CLUSTERS: dict[Mode, tuple[str, ...]] = {
    "light": (
        *("#008CFF", "#BF8C00", "#801A40", "#0D408C", "#739973", "#00738C", "#597300"),
        *("#339999", "#996673", "#8C0000", "#BF664D", "#664066", "#FF5973", "#CC1A59"),
        *("#6673BF", "#266659", "#665933", "#D973A6", "#664DB3", "#998CCC"),
    ),
    "dark": (
        *("#80B3FF", "#99991A", "#BF808C", "#2680F2", "#66BF66", "#1ACCB3", "#99B38C"),
        *("#009980", "#FF99B3", "#998040", "#F2E659", "#CC59A6", "#E6B326", "#E64D73"),
        *("#CCCCFF", "#A6F2CC", "#CCE699", "#FFCCE6", "#BF99BF", "#998CCC"),
    ),
}
ACCENT: dict[Mode, str] = {"light": "#1F4FD8", "dark": "#8FB2FF"}
RIGHT_AND_WRONG: dict[Mode, tuple[str, str]] = {
    "light": ("#008CFF", "#B4571F"),
    "dark": ("#80B3FF", "#E08F4F"),
}
SEQUENTIAL: dict[Mode, tuple[str, ...]] = {
    "light": ("#BFD4FC", "#9BBAF8", "#739CF1", "#4C7DE6", "#2F60D3", "#1F49B3", "#0E2460"),
    "dark": ("#1C4285", "#2457AB", "#316FCB", "#4A8AE3", "#70A5F0", "#9BC0F7", "#EAF2FE"),
}
BROKEN: dict[Mode, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "light": (
        ("#4A1804", "#B0441A"),
        ("#EB9F57", "#BCCFF8", "#7CA3F2", "#3F6FDD", "#1B3E9C"),
    ),
    "dark": (
        ("#FFF0DC", "#FFC184"),
        ("#C27A38", "#2A4F94", "#3C74D0", "#6FA3F0", "#B9D4FB"),
    ),
}
"""Below and above a value: what is bad stands out, and low values are no pale ones."""
CELLS: dict[Mode, tuple[str, ...]] = {
    "light": ("#DCE8FE", "#BFD4FC", "#9BBAF8", "#7CA3F6"),
    "dark": ("#1A2F5A", "#1F3F80", "#2650A6", "#2F62CF"),
}
"""Of tables whose cells have a text: one colour of it is readable on all of them."""
SHARES: dict[Mode, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "light": (BROKEN["light"][0], ("#EB9F57", *CELLS["light"])),
    "dark": (BROKEN["dark"][0], ("#9A5518", *CELLS["dark"])),
}
"""Of such a table with shares: below half, and from half on with one colour of the text."""
DIVERGING: dict[Mode, tuple[str, ...]] = {
    "light": (
        "#8A3B12",
        "#B4571F",
        "#D58244",
        "#E3C9B4",
        "#C3CEDD",
        "#5F92D9",
        "#2E68BA",
        "#134390",
    ),
    "dark": (
        "#F3B37E",
        "#E08F4F",
        "#B06A35",
        "#54463C",
        "#3B4757",
        "#3F7DC9",
        "#6AA2E8",
        "#A6CBFA",
    ),
}
"""From below to above a middle, which is grey."""
TEXT_AND_PAPER: dict[Mode, tuple[str, str]] = {
    "light": ("#17202E", "#FFFFFF"),
    "dark": ("#E6EBF4", "#0F1624"),
}
"""Text and background of what the server draws."""
OFF: dict[Mode, str] = {"light": "#E4E8EE", "dark": "#2A3444"}
"""What a threshold puts out of force."""


def mode() -> Mode:
    """Return the reader's mode; a toggle is seen one rerun later."""
    return "dark" if st.context.theme.type == "dark" else "light"


def accent() -> str:
    """Return the colour of what the page is about."""
    return ACCENT[mode()]


def right_and_wrong() -> tuple[str, str]:
    """Return two colours that red-green blindness does not confuse."""
    return RIGHT_AND_WRONG[mode()]


def palette(kind: Kind, scheme: Mode | None = None) -> tuple[str, ...]:
    """Return the 12 colours of models or the 20 of clusters."""
    return (MODELS if kind == "model" else CLUSTERS)[scheme or mode()]


def colors_by_name(names: Iterable[str], kind: Kind, scheme: Mode | None = None) -> dict[str, str]:
    """Give every name its colour, by the order of names and never by rank or filter.

    Pass all names of the workspace, not those on screen: a name keeps its colour on every page.
    Names beyond the palette are muted; fold them into one entry such as "Other".
    """
    colors = palette(kind, scheme)
    ordered = sorted(set(names))
    return {name: colors[i] if i < len(colors) else MUTED for i, name in enumerate(ordered)}
