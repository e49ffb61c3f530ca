"""Points of a map and short texts as images: a browser can hold few maps that it draws itself."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cascal.charts.figures import rgb_of
from cascal.datatypes import FloatArray, IntArray
from cascal.rank import group_sums

Pixels = NDArray[np.uint8]
Size = tuple[int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

LEVELS = 256
MARGIN = 0.03
"""Share of the map's width and height that is left free on each side, besides a point's radius."""
_INK = 300.0
_RADII = (1.0, 6.0)


@dataclass(frozen=True, kw_only=True)
class Look:
    """Colours of one mode, as #rrggbb; scale from low to high; font: a file, None = Pillow's own.

    Letters that the font does not have are drawn as boxes.
    """

    background: str
    text: str
    muted: str
    scale: tuple[str, ...]
    font: Path | None = None

    def letters(self, size: int, weight: int = 400) -> Font:
        """The font in a size in pixels; weights only where the file has them."""
        if self.font is None:
            return ImageFont.load_default(size)
        font = ImageFont.truetype(self.font, size)
        font.set_variation_by_axes([weight])
        return font

    @property
    def levels(self) -> Pixels:
        """(256, 3) colours from low to high."""
        stops = rgb_of(self.scale)
        at = np.linspace(0, len(stops) - 1, LEVELS)
        channels = [np.interp(at, np.arange(len(stops)), channel) for channel in stops.T]
        return np.stack(channels, axis=1).round().astype(np.uint8)


def point_radius(n_points: int) -> float:
    """Pixels: the more points, the smaller they are."""
    return float(np.clip(_INK / np.sqrt(max(n_points, 1)), *_RADII))


def places(xy: FloatArray, size: Size, radius: float) -> IntArray:
    """(Q, 2) column and row of each point, so that a whole disk of the radius is in the image."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    share = (xy - low) / np.where(high > low, high - low, 1.0)
    share[:, 1] = 1.0 - share[:, 1]  # images count rows from the top
    free = np.ceil(radius) + 1 + MARGIN * np.array(size)
    return np.rint(free + share * (np.array(size) - 1 - 2 * free)).astype(np.int64)


def point_images(
    xy: FloatArray, values: FloatArray, *, size: Size, levels: Pixels, span: tuple[float, float]
) -> Pixels:
    """One image (H, W, 4) a column of values (Q, M): disks at xy (Q, 2), transparent between them.

    Where disks overlap, the mean of their values is drawn, so that none hides another.
    """
    inked, cover, mean = _inked(xy, values, size)
    low, high = span
    share = np.clip((mean - low) / ((high - low) or 1.0), 0.0, 1.0)
    colours = levels[(share * (LEVELS - 1)).round().astype(np.intp)]
    return np.stack([_image(inked, cover, one, size) for one in colours.swapaxes(0, 1)])


def coloured_image(xy: FloatArray, rgb: FloatArray, size: Size) -> Pixels:
    """The same disks in a colour (Q, 3) of their own: one image (H, W, 4)."""
    inked, cover, mean = _inked(xy, rgb, size)
    return _image(inked, cover, mean.round().astype(np.uint8), size)


def _image(inked: IntArray, cover: FloatArray, colours: Pixels, size: Size) -> Pixels:
    image = np.zeros((size[0] * size[1], 4), dtype=np.uint8)
    image[inked, :3] = colours
    image[inked, 3] = (255 * cover).round().astype(np.uint8)
    return image.reshape(size[1], size[0], 4)


def _inked(
    xy: FloatArray, values: FloatArray, size: Size
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Pixels under a disk (I,), how much of them is covered (I,), mean of values there (I, M).

    Points of one pixel are added up first: a million take as long as the pixels they are in.
    """
    width, height = size
    radius = point_radius(len(xy))
    column, row = places(xy, size, radius).T
    cells, place = np.unique(row * width + column, return_inverse=True)
    sums = group_sums(np.hstack([values, np.ones((len(xy), 1))]), place, len(cells))
    disks = _disks(cells, width, width * height, radius)
    total, cover = disks @ sums, disks @ np.ones(len(cells))
    inked = np.flatnonzero(cover > 0)
    mean = total[inked, :-1] / total[inked, -1:]
    return inked, np.minimum(cover[inked], 1.0), mean


def _disks(cells: IntArray, width: int, n_pixels: int, radius: float) -> scipy.sparse.csr_array:
    """(pixels, P) how much of each pixel the disk around each of P cells covers, 0 to 1."""
    reach = int(np.ceil(radius))
    steps = np.arange(-reach, reach + 1)
    cover = np.clip(radius + 0.5 - np.hypot(steps[:, None], steps[None, :]), 0.0, 1.0)
    down, right = np.nonzero(cover)
    offset = steps[down] * width + steps[right]
    pixel = (cells[:, None] + offset).ravel()
    cell = np.repeat(np.arange(len(cells)), len(offset))
    shape = (n_pixels, len(cells))
    return scipy.sparse.csr_array(
        (np.tile(cover[down, right], len(cells)), (pixel, cell)), shape=shape
    )


def png(image: Pixels | Image.Image) -> bytes:
    """An image as a file."""
    buffer = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def fitted(text: str, font: Font, width: float) -> str:
    """A text on one line, cut with an ellipsis where it is wider than so many pixels."""
    text = " ".join(text.split())[:200]
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def write_labels(
    image: Image.Image, labels: Sequence[tuple[int, int, str]], look: Look, font: Font
) -> None:
    """Texts centred at (column, row), moved into the image; none covers one before it."""
    draw = ImageDraw.Draw(image)
    taken: list[tuple[float, float, float, float]] = []
    for column, row, text in labels:
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        width, height = right - left, bottom - top
        x = float(np.clip(column - width / 2, 4, max(4, image.width - width - 4)))
        y = float(np.clip(row - height / 2, 4, max(4, image.height - height - 4)))
        box = (x - 4, y - 4, x + width + 4, y + height + 4)
        if any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        at = (x - left, y - top)
        draw.text(at, text, look.text, font, stroke_width=4, stroke_fill=look.background)


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def scale_image(look: Look, size: Size, ticks: Sequence[str]) -> Image.Image:
    """The colour scale as a bar with its numbers below, evenly spaced from end to end."""
    width, height = size
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    font = look.letters(round(0.46 * height))
    draw = ImageDraw.Draw(image)
    room = int(max(font.getlength(text) for text in ticks) / 2) + 1
    bar = look.levels[np.linspace(0, LEVELS - 1, width - 2 * room).round().astype(int)]
    strip = Image.fromarray(np.repeat(bar[None], round(0.4 * height), axis=0))
    image.paste(strip, (room, 0))
    for text, x in zip(ticks, np.linspace(room, width - room, len(ticks)), strict=True):
        draw.text((float(x), height), text, look.text, font, anchor="mb")
    return image
