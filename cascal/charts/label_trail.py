"""The interval after every label so far, as a small drawing that is quick to renew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cascal.charts.figures import in_points, plain
from cascal.dataset.evidence import Evidence
from cascal.number_format import counted, signed

_SMALL, _LARGE = (420, 230), (560, 320)
"""Width and height of the drawing, beside a query and where it is what the page is about."""
_WIDEST = 1.1
"""So much wider than that it is shown at most: its letters are then as large as those beside it."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 24, 58, 14, 30
_LONGEST = 30
"""Characters of the name of a side."""


def label_trail_frame(trail: Sequence[Evidence]) -> pd.DataFrame:
    """One row for each number of labels that was looked at: gain, low and high in points."""
    rows = [
        {
            "labels": found.gain.n_labels,
            **dict(zip(("gain", "low", "high"), in_points(found.watched), strict=True)),
        }
        for found in trail
    ]
    return pd.DataFrame(rows, columns=["labels", "gain", "low", "high"])


class _Axes:
    """From labels and points to pixels."""

    def __init__(self, table: pd.DataFrame, n_planned: int, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.most = max(int(table["labels"].max()), n_planned, 1)
        reach = max(table["high"].max(), -table["low"].min(), 1e-9)
        self.top = 1.08 * reach

    def x(self, labels: float) -> float:
        return _LEFT + (self.width - _LEFT - _RIGHT) * labels / self.most

    def y(self, points: float) -> float:
        middle = (_TOP + self.height - _BOTTOM) / 2
        return middle - (self.height - _TOP - _BOTTOM) / 2 * points / self.top


def label_trail_svg(
    table: pd.DataFrame,
    n_planned: int,
    colours: Mapping[str, str],
    names: tuple[str, str],
    *,
    early: bool = False,
    large: bool = False,
) -> str:
    """The frame as SVG for within a page, whose font it has.

    colours: accent, text, muted and paper; names of the two sides; early : so few labels that
    their gain is no finding, and is not drawn
    """
    width, height = _LARGE if large else _SMALL
    axes = _Axes(table, n_planned, (width, height))
    parts = [
        _band(axes, table, colours["accent"], early=early),
        _zero(axes, colours),
        _sides(axes, names, colours["text"], at_right=_x_of_now(axes, table) < width / 2),
        _now(axes, table, colours, early=early),
        _ticks(axes, n_planned, colours),
        _to_come(axes, table, colours),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'style="width: 100%; max-width: {round(_WIDEST * width)}px" font-family="inherit" '
        f'font-size="13" aria-hidden="true">{"".join(parts)}</svg>'
    )


def _to_come(axes: _Axes, table: pd.DataFrame, colours: Mapping[str, str]) -> str:
    """What the picture will show, where there is no label yet; nothing afterwards."""
    if len(table) > 1 or table["labels"].iloc[-1]:
        return ""
    lines = {-0.42: "Every label narrows the interval.", 0.42: "It is settled once 0 is outside."}
    x, half = (_LEFT + axes.width - _RIGHT) / 2 + 16, axes.y(0) - axes.y(axes.top)
    return "".join(
        f'<text x="{x:.1f}" y="{axes.y(0) + place * half + 4:.1f}" text-anchor="middle" '
        f'fill="{colours["text"]}" fill-opacity="0.72" font-style="italic">{line}</text>'
        for place, line in lines.items()
    )


def _zero(axes: _Axes, colours: Mapping[str, str]) -> str:
    y = axes.y(0)
    return (
        f'<line x1="{_LEFT}" x2="{axes.width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
        f'stroke="{colours["text"]}" stroke-width="1"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{colours["text"]}">0</text>'
    )


def _x_of_now(axes: _Axes, table: pd.DataFrame) -> float:
    return axes.x(table["labels"].iloc[-1])


def _sides(axes: _Axes, names: tuple[str, str], colour: str, *, at_right: bool) -> str:
    """Which side is better above the zero line, and which below.

    at_right : where the numbers of the present interval leave room
    """
    x, anchor = (axes.width - _RIGHT - 8, "end") if at_right else (_LEFT + 8, "start")
    heights = axes.y(axes.top) + 4, axes.y(-axes.top) + 2
    return "".join(
        f'<text x="{x}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" fill-opacity="0.72">'
        f"{plain(name, _LONGEST)} better</text>"
        for name, y in zip(names, heights, strict=True)
    )


def _band(axes: _Axes, table: pd.DataFrame, accent: str, *, early: bool) -> str:
    """The interval as a band, and the gain as a line in it, where it is one."""
    upper, lower, middle = (_places(axes, table, name) for name in ("high", "low", "gain"))
    return (
        f'<polygon points="{_path([*upper, *reversed(lower)])}" fill="{accent}" '
        f'fill-opacity="0.16"/>'
        f'<polyline points="{_path(upper)}" fill="none" stroke="{accent}" stroke-opacity="0.5"/>'
        f'<polyline points="{_path(lower)}" fill="none" stroke="{accent}" stroke-opacity="0.5"/>'
    ) + (
        ""
        if early
        else f'<polyline points="{_path(middle)}" fill="none" stroke="{accent}" stroke-width="2"/>'
    )


def _places(axes: _Axes, table: pd.DataFrame, name: str) -> list[tuple[float, float]]:
    columns = (table[one].to_numpy(dtype=float).tolist() for one in ("labels", name))
    return [(axes.x(labels), axes.y(points)) for labels, points in zip(*columns, strict=True)]


def _path(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _now(axes: _Axes, table: pd.DataFrame, colours: Mapping[str, str], *, early: bool) -> str:
    """The present interval with its numbers, and the gain where labels are enough for one."""
    last = table.iloc[-1]
    x = _x_of_now(axes, table)
    ends = [axes.y(last[name]) for name in ("high", "gain", "low")]
    places = _apart(ends)
    texts = [
        f'<text x="{x + 8:.1f}" y="{place + 4:.1f}" fill="{colours["text"]}" '
        f'paint-order="stroke" stroke="{colours["paper"]}" stroke-width="4" '
        f'font-weight="{700 if name == "gain" else 400}">{signed(last[name])}</text>'
        for name, place in zip(("high", "gain", "low"), places, strict=True)
        if name != "gain" or (last["labels"] and not early)
    ]
    circle = f'<circle cx="{x:.1f}" cy="{ends[1]:.1f}" r="4" fill="{colours["accent"]}"/>'
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{ends[0]:.1f}" y2="{ends[2]:.1f}" '
        f'stroke="{colours["accent"]}" stroke-width="2.5"/>'
        f"{'' if early else circle}{''.join(texts)}"
    )


def _apart(ends: list[float], least: float = 14.0) -> list[float]:
    """Three heights, moved so far apart that their numbers do not overlap."""
    high, middle, low = ends
    return [min(high, middle - least), middle, max(low, middle + least)]


def _ticks(axes: _Axes, n_planned: int, colours: Mapping[str, str]) -> str:
    """How many labels there are, and where the plan ends."""
    y = axes.height - 10
    plan = axes.x(n_planned)
    faint = f'fill="{colours["text"]}" fill-opacity="0.72"'
    return (
        f'<line x1="{plan:.1f}" x2="{plan:.1f}" y1="{_TOP}" y2="{axes.height - _BOTTOM}" '
        f'stroke="{colours["muted"]}" stroke-dasharray="3 3"/>'
        f'<text x="{_LEFT}" y="{y}" {faint}>0</text>'
        f'<text x="{plan:.1f}" y="{y}" text-anchor="middle" {faint}>'
        f"{counted(n_planned, 'label')}</text>"
    )
