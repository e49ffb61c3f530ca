"""What all charts share: lengths, escaping, intervals, safe CSV."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from numpy.typing import ArrayLike

from cascal.datatypes import FloatArray
from cascal.files.spreadsheet import safe_cell
from cascal.intervals import Estimate
from cascal.number_format import bracketed, decimal, decimal_pair, signed

NAME_LENGTH = 40

WORDS_KEPT = 0.7
"""A text is cut after a word where that keeps more than this share of the length."""
END_KEPT, FEWEST_KEPT = 0.6, 0.3
"""Where the middle of a text is cut: the end's share of the length, and the least that whole words
are to keep of either part."""

MUTED = "#9AA4B2"
GUIDE = "rgba(154,164,178,0.3)"
"""A faint line from the name of a row to its point."""

INKS = ("#0B111C", "#FFFFFF")
ROW_HEIGHT = 40
"""Pixels of a row whose name stands above its line."""
EQUAL = 0.192
"""Luminance of a colour on which both inks are as readable."""

pio.templates["cascal"] = go.layout.Template(
    layout={
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hoverlabel": {"align": "left", "namelength": -1},
        "bargap": 0.35,
        "separators": ".,",
        "showlegend": False,
    }
)


def shorten(text: str, length: int = NAME_LENGTH, kept: float = WORDS_KEPT) -> str:
    """Cut a text for a label, with an ellipsis: after a word, unless that is much shorter.

    >>> shorten("which of the following", 16)
    'which of the…'
    """
    if len(text) <= length:
        return text
    end = text.rfind(" ", 0, length)
    return text[: end if end > length * kept else length - 1].rstrip() + "…"


def shorten_middle(text: str, length: int) -> str:
    """Cut the middle of a text, at words: its beginning, and its end, where a question is asked.

    >>> shorten_middle("Two trains leave at noon. They are slow. When do they meet?", 40)
    'Two trains… slow. When do they meet?'
    """
    words = " ".join(text.split())
    if len(words) <= length:
        return words
    room = round(END_KEPT * length)
    _, _, end = words[-room - 1 :].partition(" ")
    if len(end) < room * FEWEST_KEPT:  # written without spaces, or one long word
        end = words[-room:]
    start = shorten(words, length - len(end) - 1, FEWEST_KEPT).rstrip("….,;: ")
    return f"{start}… {end}"


def plain(text: str, length: int = NAME_LENGTH) -> str:
    """Cut a text and escape it for plotly."""
    return html.escape(shorten(" ".join(text.split()), length))


def in_percent(shares: ArrayLike) -> FloatArray:
    """Shares in percent, so that a table or a chart of the browser rounds them as texts do.

    JavaScript rounds by the binary number, 82.05 to 82.0 and 56.49999999999999 to 56. Halves of a
    tenth and of one are moved away from zero, to the next number there is.
    """
    percent = 100.0 * np.asarray(shares, dtype=np.float64)
    hundredths = np.round(percent, 2)
    digits = np.abs(np.round(100 * hundredths))
    half = (np.abs(percent - hundredths) < 1e-9) & ((digits % 10 == 5) | (digits % 100 == 50))
    return np.where(half, np.nextafter(hundredths, np.copysign(np.inf, percent)), percent)


def percent_ticks(decimals: int = 1) -> dict[str, Any]:
    """The ticks of an axis or a colour key whose values are in percent, as texts write it: "76 %".

    At most so many decimals; the format of d3 would leave no space.
    """
    return {"tickformat": f".{decimals}~f", "ticksuffix": " %"}


def percent_hover(name: str, decimals: int = 1) -> str:
    """A value in percent in a hover of plotly, as texts write it: "76.6 %"; name: as plotly's."""
    return f"%{{{name}:.{decimals}f}} %"


def interval_bar(value: FloatArray, low: FloatArray, high: FloatArray) -> dict[str, Any]:
    """Plotly's error bars from the low to the high end of each value."""
    return {
        "type": "data",
        "array": high - value,
        "arrayminus": value - low,
        "thickness": 1.5,
        "width": 4,
        "color": MUTED,
    }


def rgb_of(colours: Sequence[str]) -> FloatArray:
    """(C, 3) red, green and blue from 0 to 255 of colours written as #rrggbb."""
    return np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in colours], float)


def luminance(colours: Sequence[str]) -> FloatArray:
    """(C,) relative luminance, 0 to 1, as WCAG measures contrasts."""
    rgb = rgb_of(colours) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    light: FloatArray = linear @ np.array([0.2126, 0.7152, 0.0722])
    return light


def names_above(
    figure: go.Figure, names: Sequence[str], room: int = 60, *, values: Sequence[str] = ()
) -> None:
    """Write the name of every row above its line: on a phone too the chart has the whole width.

    names, values : in their order from the top, as plotly is to show them; a value stands before
    its name, as what is far to the right is no longer read with it; room : pixels for the axis
    """
    figure.update_layout(template="cascal", height=ROW_HEIGHT * len(names) + room)
    figure.update_yaxes(
        range=[len(names) - 0.6, -0.9],
        title=None,
        showgrid=True,
        gridcolor=GUIDE,
        tickvals=list(range(len(names))),
        showticklabels=False,
        zeroline=False,
    )
    for row, name in enumerate(names):
        figure.add_annotation(
            text=f"<b>{values[row]}</b>  {name}" if values else name,
            x=0,
            xref="paper",
            xanchor="left",
            y=row,
            yshift=0.4 * ROW_HEIGHT,
            showarrow=False,
            font={"size": 12},
        )


def zero_line(figure: go.Figure, n_rows: int) -> None:
    """A line at 0 that stops below the name of every row, which it else would cross."""
    figure.update_xaxes(zeroline=False)
    for row in range(n_rows):
        figure.add_shape(
            type="line",
            x0=0,
            x1=0,
            y0=row - 0.18,
            y1=row + 0.36,
            layer="below",
            line={"color": MUTED, "width": 2},
        )


def interval_figure(
    frame: pd.DataFrame,
    label: str,
    value: str,
    colours: Mapping[str, str],
    *,
    percent: bool = False,
    muted: bool = False,
) -> go.Figure:
    """Dots with intervals, one row each, in the order of the frame from the top."""
    names = [plain(name, 48) for name in frame[label]]
    columns = (frame[name].to_numpy(float) for name in (value, "low", "high"))
    middle, least, most = (in_percent(one) if percent else one for one in columns)
    known = np.isfinite(least) & np.isfinite(most)
    low, high = np.where(known, least, middle), np.where(known, most, middle)
    colour = [MUTED if muted else colours.get(name, MUTED) for name in frame[label]]
    told = (
        percent_hover(one) if percent else f"%{{{one}:.3f}}"
        for one in ("x", "customdata[0]", "customdata[1]")
    )
    figure = go.Figure(
        go.Scatter(
            x=middle,
            y=names,
            mode="markers",
            marker={"size": 11, "color": colour},
            error_x=interval_bar(middle, low, high),
            customdata=np.column_stack([least, most]),
            hovertemplate="%{{y}}: {} [{}, {}]<extra></extra>".format(*told),
        )
    )
    names_above(figure, names, 40, values=in_words(middle, percent=percent))
    ticks = percent_ticks() if percent else {"tickformat": ".2f"}
    figure.update_xaxes(title=None, zeroline=False, range=round_range([*low, *high]), **ticks)
    return figure


def in_words(values: FloatArray, *, percent: bool) -> list[str]:
    """Every value, in percent or with three decimals, as a text; a dash where it is unknown.

    With four where the first two would read alike: then the first is told from the second.
    """
    decimals = 1 if percent else 3
    if not percent and len(values) > 1:
        first, second = decimal_pair(values[0], values[1], decimals)
        alike = decimal(values[0], decimals) == decimal(values[1], decimals)
        decimals += alike and first != second
    told = (decimal(one, decimals) + (" %" if percent else "") for one in values.tolist())
    return ["–" if one.startswith("nan") else one for one in told]


def round_range(values: Sequence[float]) -> list[float] | None:
    """Ends of an axis that holds the values and stops at a tick; None without any value."""
    known = [one for one in values if np.isfinite(one)]
    if not known:
        return None
    low, high = min(known), max(known)
    step = 10.0 ** np.floor(np.log10(max(high - low, 1e-3)))
    step = step / 2 if (high - low) / step < 3 else step
    ends = np.floor(low / step) * step, np.ceil(high / step) * step
    if ends[0] == ends[1]:
        ends = ends[0] - step, ends[1] + step
    pad = 0.02 * (ends[1] - ends[0])  # so that a point at an end is whole
    return [float(ends[0] - pad), float(ends[1] + pad)]


def cell_texts(
    values: FloatArray,
    texts: Sequence[Sequence[str]],
    *,
    x: Sequence[Any],
    y: Sequence[Any],
    scale: Sequence[str],
    span: tuple[float, float],
) -> go.Scatter:
    """A text in every known cell of a heatmap, dark or light by what its colour makes readable.

    values, texts (R, C), x (C,) and y (R,) where the cells are; scale runs over span
    """
    at = np.argwhere(np.isfinite(values))
    cells: list[tuple[int, int]] = [(int(row), int(column)) for row, column in at]
    stops = np.linspace(*span, len(scale))
    light = np.interp(values[tuple(at.T)], stops, luminance(scale))
    return go.Scatter(
        x=[x[column] for _, column in cells],
        y=[y[row] for row, _ in cells],
        mode="text",
        text=[texts[row][column] for row, column in cells],
        hoverinfo="skip",
        textfont={"color": np.where(light > EQUAL, *INKS).tolist(), "size": 12},
    )


def safe_csv(frame: pd.DataFrame) -> bytes:
    """CSV whose texts and headings cannot be read as formulas by a spreadsheet."""
    harmless = frame.map(safe_cell).rename(columns=safe_cell)
    return harmless.to_csv(index=False).encode("utf-8")


def interval_texts(
    frame: pd.DataFrame, names: tuple[str, str, str], decimals: int = 1, *, sign: bool = False
) -> list[str]:
    """Every value with its interval, `−7.0 [−8.1, −5.8]`; empty where it is unknown.

    names : the columns of the value and of the low and high end; sign : of differences
    """
    write = signed if sign else decimal
    return [
        ""
        if np.isnan(number)
        else f"{write(number, decimals)} {bracketed(least, most, decimals, sign=sign)}"
        for number, least, most in frame[list(names)].to_numpy(float).tolist()
    ]


def in_points(found: Estimate | None) -> tuple[float, float, float]:
    """Value and interval of a share in points, rounded as by `in_percent`; nan where unknown."""
    if found is None:
        return np.nan, np.nan, np.nan
    value, low, high = in_percent([found.value, found.low, found.high]).tolist()
    return value, low, high


def judged_model(model: str, right: float) -> str:
    """A model with ✓ or ✗ by the gold answer; alone where that is nan, as without one."""
    return model if math.isnan(right) else f"{'✓' if right else '✗'} {model}"
