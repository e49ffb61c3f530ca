"""What the skill map shows, as arrays: points, their colours, what is selected, the density."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app import theme
from app.map_component.scale import LEVELS, broken_ramp, broken_span, ramp
from cascal.number_format import counted

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Polygon = tuple[tuple[float, float], ...]
Extent = tuple[float, float, float, float]

MAX_FLIPS = 2_000  # drawn; more are only counted
MAX_POINTS = 50_000  # drawn at once; of more, an even sample
DENSE = 200_000  # from here on a density image, and a small sample over it
MAX_VERTICES = 200  # of a lasso
SAMPLE = 5_000
HOVER_LENGTH = 160  # characters of a text in the browser


@dataclass(frozen=True)
class MapSelection:
    """What the reader did: a clicked point by its id, a lasso or box as a polygon, legend, zoom.

    count is the number of points the browser saw inside; None where it only had a sample.
    groups are the chosen legend entries by name; none chosen shows all.
    view is the zoom x0, x1, y0, y1; None shows everything. Where a page says what is marked, None
    leaves the zoom of a map on screen alone.
    """

    clicked: int | None = None
    polygon: Polygon | None = None
    count: int | None = None
    groups: tuple[str, ...] = ()
    view: Extent | None = None


@dataclass(frozen=True, eq=False)
class Fact:
    """One thing that is known of every query: codes (Q,) into names; a code below 0 is unknown."""

    title: str
    codes: IntArray
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Flips:
    """Points that the last move sent elsewhere; a map on screen shows a new one by a pulse.

    key           : names the move
    rows          : (F,) the points
    before, after : (F,) where they belonged and belong, as an index into colors
    sentence      : what the legend says of it
    """

    key: str
    sentence: str
    rows: IntArray
    before: IntArray
    after: IntArray
    colors: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Area:
    """A cluster on the map: its name beside its outline.

    name  : of words joined by " · " only the first is shown where all have no room
    about : what is said under the pointer; empty: the name
    peak  : x and y of its middle
    rings : closed curves (V, 2) around its points, the largest part first
    share : its size, 1 for the largest
    code  : whose colour it has, an index into the groups; below 0 for none
    number : what stands for its name where names have no room, as in the table; None: any
    """

    name: str
    peak: tuple[float, float]
    about: str = ""
    rings: tuple[FloatArray, ...] = ()
    share: float = 1.0
    code: int = -1
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a saved picture of the map says: above it, below it, and in the name of its file."""

    title: str
    subtitle: str
    footer: str
    name: str


@dataclass(frozen=True, eq=False, kw_only=True)
class MapSpec:
    """One state of the map; axes: Q queries.

    x, y         : (Q,) float32, finite
    ids          : (Q,) int32, what a click returns
    data_key     : names x, y, ids, hover and data_facts; while it stays, zoom and selection stay
    group        : (Q,) index into group_names, or -1 for none; drawn in group_colors
    group_title  : what the groups are
    value        : (Q,) instead of group: a sequential scale over value_range, nan is muted
    value_break  : where values turn bad: below it the scale has other colours, which stand out
    value_marks  : values that the scale marks by a line; value_unknown : what nan is called
    legend_title : which queries the legend counts
    highlight    : (Q,) bool; the others turn grey
    greyed_act   : whether these still take the pointer and a click
    selection    : what is marked as chosen, where the page decides; None: what the reader did.
                   A map on screen takes it after `clear_selection`, a new one at once
    flips        : what the last move did; pinned: the same points in the colours of a state that
                   the reader compares with, shown while a key is held
    picture      : what is written on a saved picture; None: the map cannot be saved
    areas        : the clusters, the important ones first: a name without room is hidden
    marker       : (x, y, text) of a typed query; neighbors are ends of lines drawn from it
    hover        : (Q,) plain texts, cut where they are shown
    data_facts, facts : what a card says of a query; data_facts travel once, with the points
    revision     : any mark of this state; the drawn map carries it as data-revision
    alt, caption : what a screen reader says, what stands below the map; plain text
    """

    x: FloatArray
    y: FloatArray
    ids: IntArray
    data_key: str
    group: IntArray | None = None
    group_title: str = ""
    group_names: tuple[str, ...] = ()
    group_colors: tuple[str, ...] = ()
    value: FloatArray | None = None
    value_title: str = ""
    value_range: tuple[float, float] | None = None
    value_colors: tuple[str, ...] = ()
    value_break: float | None = None
    value_marks: tuple[float, ...] = ()
    value_unknown: str = "Unknown"
    legend_title: str = ""
    highlight: NDArray[np.bool_] | NDArray[np.uint8] | None = None
    greyed_act: bool = True
    selection: MapSelection | None = None
    flips: Flips | None = None
    pinned: MapSpec | None = None
    picture: Picture | None = None
    areas: Sequence[Area] = ()
    marker: tuple[float, float, str] | None = None
    neighbors: Polygon = ()
    hover: Sequence[str] | None = None
    data_facts: tuple[Fact, ...] = ()
    facts: tuple[Fact, ...] = ()
    revision: int | str = 0
    mode: Literal["light", "dark"] = "light"
    alt: str = "Map of the queries"
    caption: str = ""

    def __post_init__(self) -> None:
        n = len(self.x)
        for name in ("y", "ids", "group", "value", "highlight", "hover"):
            column = getattr(self, name)
            if column is not None and len(column) != n:
                raise ValueError(
                    f"MapSpec.{name} has {counted(len(column), 'entry')} for {counted(n, 'point')}."
                )
        for fact in (*self.data_facts, *self.facts):
            if len(fact.codes) != n:
                raise ValueError(
                    f"{fact.title!r} is known of {len(fact.codes)} of {counted(n, 'point')}."
                )
        if not (np.isfinite(self.x).all() and np.isfinite(self.y).all()):
            raise ValueError("MapSpec.x and y hold nan or infinity: leave out unplaced queries.")
        if self.group is not None and self.value is not None:
            raise ValueError("MapSpec takes a group or a value, not both.")
        if len(self.group_names) != len(self.group_colors):
            raise ValueError(
                f"MapSpec names {counted(len(self.group_names), 'group')} and has "
                f"{counted(len(self.group_colors), 'group colour')}: give every group one."
            )
        if self.group is not None and n and self.group.max() >= len(self.group_names):
            raise ValueError(f"MapSpec.group names group {self.group.max()}, which has no name.")

    @cached_property
    def rows(self) -> IntArray | slice:
        """The points that are drawn: all, or an even sample of a large set."""
        n = len(self.x)
        if not self.sampled:
            return slice(None)
        return even_sample(np.arange(n), SAMPLE if self.dense else MAX_POINTS)

    @property
    def sampled(self) -> bool:
        """Whether there are more points than are drawn at once."""
        return len(self.x) > MAX_POINTS

    @property
    def dense(self) -> bool:
        """Whether a density image stands for the points that are not drawn."""
        return len(self.x) >= DENSE

    @cached_property
    def extent(self) -> Extent:
        """Fixed axis ranges x0, x1, y0, y1: all points and a margin."""
        if not len(self.x):
            return (-1.0, 1.0, -1.0, 1.0)
        (x0, x1), (y0, y1) = (_padded(axis) for axis in (self.x, self.y))
        return (x0, x1, y0, y1)

    @cached_property
    def span(self) -> tuple[float, float]:
        """The ends of the scale."""
        if self.value_range is not None:
            given, turns = self.value_range, self.value_break
            return given if turns is None else broken_span(given, turns)
        known = self.value[np.isfinite(self.value)] if self.value is not None else np.zeros(0)
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)

    @cached_property
    def palette(self) -> tuple[str, ...]:
        """The colours that `codes` points into; the last one is for "none" and "unknown"."""
        if self.value is not None and self.value_break is not None:
            low_high = theme.BROKEN[self.mode]
            return (*broken_ramp(*low_high, self.span, self.value_break), theme.MUTED)
        if self.value is not None:
            return (*ramp(self.value_colors or theme.SEQUENTIAL[self.mode]), theme.MUTED)
        return (*(self.group_colors or theme.palette("cluster", self.mode)[:1]), theme.MUTED)

    @cached_property
    def codes(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """One index into the palette for every point, a byte if that is enough."""
        none = len(self.palette) - 1
        if self.value is not None:
            low, high = self.span
            with np.errstate(invalid="ignore"):
                level = (self.value - low) / ((high - low) or 1.0) * (LEVELS - 1)
            known = np.isfinite(level)
            code = np.where(known, np.clip(np.where(known, level, 0).round(), 0, LEVELS - 1), none)
        elif self.group is not None:
            code = np.where(self.group < 0, none, self.group)
        else:
            code = np.zeros(len(self.x))
        return small(code, none)

    @cached_property
    def note(self) -> str:
        """What is drawn, if it is not every point."""
        n = len(self.x)
        if not self.sampled:
            return ""
        more = "Zoom in for the others."
        if self.dense:
            return f"Density of {counted(n, 'query')}; {SAMPLE:,} of them shown as points. {more}"
        return f"{MAX_POINTS:,} of {counted(n, 'query')} are shown. {more}"


def even_sample(rows: IntArray, size: int) -> IntArray:
    """As many of the rows, evenly; all of them if there are not more."""
    return rows if len(rows) <= size else rows[np.linspace(0, len(rows) - 1, size).astype(np.int64)]


def small(codes: NDArray[Any], highest: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Store codes in a byte, or two where the highest one needs them."""
    return codes.astype(np.uint8) if highest < 256 else codes.astype(np.uint16)


def _padded(axis: FloatArray, share: float = 0.06) -> tuple[float, float]:
    low, high = float(axis.min()), float(axis.max())
    margin = (high - low) * share or 1.0
    return low - margin, high + margin


def points_in_polygon(polygon: Polygon, x: FloatArray, y: FloatArray) -> IntArray:
    """Return the rows inside a polygon, by the even-odd rule.

    Only points in the polygon's bounding box are tested. The browser counts with the same
    formula in the same precision, so both agree on points at the edge.
    """
    px, py = np.asarray(polygon, dtype=np.float64).reshape(-1, 2).T
    if len(px) < 3:
        return np.zeros(0, dtype=np.int64)
    box = (x >= px.min()) & (x <= px.max()) & (y >= py.min()) & (y <= py.max())
    rows = np.flatnonzero(box)
    xs, ys = x[rows].astype(np.float64), y[rows].astype(np.float64)
    inside = np.zeros(len(rows), dtype=bool)
    for x0, y0, x1, y1 in zip(np.roll(px, 1), np.roll(py, 1), px, py, strict=True):
        if y0 != y1:
            inside ^= ((y1 > ys) != (y0 > ys)) & (xs < (x0 - x1) * (ys - y1) / (y0 - y1) + x1)
    return rows[inside]


def density_png(
    x: FloatArray, y: FloatArray, extent: Extent, size: tuple[int, int] = (640, 480)
) -> str:
    """Draw all points as one translucent grey image; returns a data address."""
    (width, height), (x0, x1, y0, y1) = size, extent
    column = ((x - x0) / (x1 - x0) * (width - 1)).astype(np.int32)
    row = ((y - y0) / (y1 - y0) * (height - 1)).astype(np.int32)
    count = np.bincount(row * width + column, minlength=width * height).reshape(height, width)
    image = np.zeros((height, width, 4), dtype=np.uint8)
    image[..., :3] = [int(theme.MUTED[i : i + 2], 16) for i in (1, 3, 5)]
    strength = np.log1p(count) / np.log1p(max(count.max(), 1))
    image[..., 3] = np.where(count > 0, 25 + 185 * strength, 0)
    buffer = io.BytesIO()
    Image.fromarray(image[::-1]).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
