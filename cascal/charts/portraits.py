"""Who is good at what in one picture: a small map of the estimated skill of every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from cascal.charts.figures import MUTED, rgb_of
from cascal.charts.pictures import (
    Look,
    Pixels,
    Size,
    coloured_image,
    fitted,
    places,
    point_images,
    point_radius,
    scale_image,
    write_labels,
)
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray, IntArray, NotApplicable
from cascal.number_format import decimal, signed
from cascal.rank import group_means

Measure = Literal["score", "lead"]

MEASURES: dict[Measure, str] = {"score": "Score", "lead": "Lead over the pool"}
ABOUT: dict[Measure, str] = {
    "score": "Score of the model in the cluster of each query, as the router ranks",
    "lead": "Score of the model in the cluster of each query, minus the mean of the pool there",
}
TILE: Size = (640, 480)
"""Pixels of a portrait: sharp up to a width of 320 on a screen with two pixels a point."""
_GAP, _HEAD = 48, 92


@dataclass(frozen=True, eq=False, kw_only=True)
class Portraits:
    """How good each model is estimated to be, query by query; models (M,) in the order of names.

    xy (Q, 2)   the training queries that have a place on the map
    values (Q, M) what the router's ranking gives the model in the query's cluster: the score, or
                its lead over the mean of the pool; overall (M,) the same over all queries
    best, weakest (M,) tasks where a model leads the pool most and least
    tasks (T,) names; task (Q,) the task of each query
    """

    models: tuple[str, ...]
    measure: Measure
    xy: FloatArray
    values: FloatArray
    overall: FloatArray
    best: tuple[str, ...]
    weakest: tuple[str, ...]
    tasks: tuple[str, ...]
    task: IntArray

    @cached_property
    def span(self) -> tuple[float, float]:
        """The ends of the one scale of all portraits; a lead of 0 is in its middle.

        Beyond 1.5 interquartile ranges from the middle half a value is drawn like the end: one
        model far below the pool would leave the others a single shade.
        """
        first, third = np.quantile(self.values, (0.25, 0.75))
        reach = 1.5 * (third - first)
        low = max(float(self.values.min()), first - reach)
        high = min(float(self.values.max()), third + reach)
        if self.measure == "lead":
            return (-max(-low, high), max(-low, high))
        return (low, high)

    @property
    def ticks(self) -> tuple[str, ...]:
        """Five numbers along the scale; the ends say where more lies beyond them."""
        texts = [_signed(one, self.measure) for one in np.linspace(*self.span, 5)]
        if self.values.min() < self.span[0]:
            texts[0] = f"< {texts[0]}"
        if self.values.max() > self.span[1]:
            texts[-1] = f"> {texts[-1]}"
        return tuple(texts)

    def number(self, model: int) -> str:
        """A model's number over all queries."""
        return _signed(self.overall[model], self.measure)

    def sentence(self, model: int) -> str:
        """What a portrait shows, for those who do not see it."""
        return (
            f"Map of the training queries coloured by the estimated skill of {self.models[model]}: "
            f"{self.number(model)} overall, ahead of the pool most in {self.best[model]}, least in "
            f"{self.weakest[model]}."
        )


def portraits(snapshot: Snapshot, measure: Measure = "score") -> Portraits:
    """The portraits of all models at a snapshot; NotApplicable where no query has a place."""
    router, train = snapshot.router, snapshot.dataset.train
    if not len(train.placed):
        raise NotApplicable(
            "These training queries have no place on a map yet: draw the map first.",
            code="no-map",
        )
    order = np.argsort(np.array(router.models), kind="stable")
    placed = train.placed
    scores, overall = router.rankings.scores[:, order], router.rankings.overall[order]
    lead = scores - scores.mean(axis=1, keepdims=True)
    assignment = router.clusters.assignment
    tasks, number = np.unique(np.array(train.votes.tasks), return_inverse=True)
    by_task = group_means(lead[assignment], number, len(tasks))
    if measure == "lead":
        scores, overall = lead, overall - overall.mean()
    xy = train.xy[placed].astype(np.float64)
    return Portraits(
        models=tuple(router.models[m] for m in order),
        measure=measure,
        xy=xy,
        values=scores[assignment[placed]],
        overall=overall,
        best=tuple(str(tasks[row]) for row in by_task.argmax(axis=0)),
        weakest=tuple(str(tasks[row]) for row in by_task.argmin(axis=0)),
        tasks=tuple(str(task) for task in tasks),
        task=number[placed],
    )


def _signed(value: float, measure: Measure) -> str:
    return signed(value, 2) if measure == "lead" else decimal(value, 2)


def portrait_images(shown: Portraits, look: Look) -> Pixels:
    """(M, 480, 640, 4) the points of every portrait, transparent between them."""
    return point_images(shown.xy, shown.values, size=TILE, levels=look.levels, span=shown.span)


def task_image(shown: Portraits, look: Look, colours: Sequence[str]) -> Image.Image:
    """Where the tasks lie: each in its colour, with the names that have room."""
    palette = rgb_of([colours[at % len(colours)] for at in range(len(shown.tasks))])
    image = Image.fromarray(coloured_image(shown.xy, palette[shown.task], TILE))
    at = places(shown.xy, TILE, point_radius(len(shown.xy)))
    font = look.letters(26, 600)
    labels = []
    for task, row in _centres(shown):
        text = fitted(shown.tasks[task], font, TILE[0] / 2)
        labels.append((int(at[row, 0]), int(at[row, 1]), text))
    write_labels(image, labels, look, font)
    return image


def map_image(
    snapshot: Snapshot, colours: Mapping[str, str], size: Size = (960, 640)
) -> Image.Image | None:
    """The training queries at their places, each in the colour of its first model.

    None where nothing has a place on the map.
    """
    rows = snapshot.dataset.train.placed
    if not len(rows):
        return None
    routes = snapshot.train_routes
    palette = rgb_of([colours.get(name, MUTED) for name in routes.models])
    xy = snapshot.dataset.train.xy[rows].astype(np.float64)
    return Image.fromarray(coloured_image(xy, palette[routes.selected[rows, 0]], size))


def _centres(shown: Portraits) -> list[tuple[int, int]]:
    """Tasks with their most central query; the largest first, which is not left out."""
    found = []
    for task in np.argsort(-np.bincount(shown.task), kind="stable").tolist():
        rows = np.flatnonzero(shown.task == task)
        if len(rows):
            away = np.abs(shown.xy[rows] - np.median(shown.xy[rows], axis=0)).sum(axis=1)
            found.append((task, int(rows[away.argmin()])))
    return found


def poster(
    shown: Portraits, look: Look, colours: Sequence[str], title: str, caption: str
) -> Image.Image:
    """All portraits with their scale and what they are of, as one picture to pass on."""
    n_tiles = len(shown.models) + 1
    columns = min(n_tiles, max(3, int(np.ceil(np.sqrt(n_tiles)))))
    rows = -(-n_tiles // columns)
    (width, height), top, foot = TILE, 210, 130
    size = (
        _GAP + columns * (width + _GAP),
        top + rows * (_HEAD + height + _GAP) + foot,
    )
    image = Image.new("RGB", size, look.background)
    draw = ImageDraw.Draw(image)
    room = size[0] - 2 * _GAP
    _write(draw, look, (_GAP, _GAP), title, size=52, weight=650, room=room)
    _write(draw, look, (_GAP, _GAP + 76), caption, size=30, weight=400, room=room)
    tiles = [("Where the tasks lie", "", task_image(shown, look, colours))]
    for model, pixels in enumerate(portrait_images(shown, look)):
        tiles.append((shown.models[model], shown.number(model), Image.fromarray(pixels)))
    for at, (name, number, picture) in enumerate(tiles):
        x = _GAP + (at % columns) * (width + _GAP)
        y = top + (at // columns) * (_HEAD + height + _GAP)
        _write(draw, look, (x, y), name, size=34, weight=600, room=width - 120)
        draw.text((x + width, y), number, look.text, look.letters(34), anchor="ra")
        _frame(image, picture, (x, y + 56))
    scale = scale_image(look, (720, 64), shown.ticks)
    image.paste(scale, (_GAP, size[1] - foot + 20), scale)
    place = (_GAP + 760, size[1] - foot + 26)
    _write(draw, look, place, ABOUT[shown.measure], size=30, weight=400, room=room - 760)
    return image


def _write(
    draw: ImageDraw.ImageDraw,
    look: Look,
    place: tuple[int, int],
    text: str,
    *,
    size: int,
    weight: int,
    room: int,
) -> None:
    font = look.letters(size, weight)
    draw.text(place, fitted(text, font, room), look.text, font)


def _frame(image: Image.Image, picture: Image.Image, place: tuple[int, int]) -> None:
    image.paste(picture, place, picture)
    (x, y), (width, height) = place, picture.size
    ImageDraw.Draw(image).rectangle((x, y, x + width, y + height), outline="#9AA4B2")
