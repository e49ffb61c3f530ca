"""Which other setting would send one query to another model? Every position is tried out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from cascal.columns import Progress
from cascal.datatypes import FloatArray
from cascal.fit import Fit
from cascal.settings import JOINING, ROUTINGS, Routing, Thresholds

SLIDERS: dict[str, Callable[[Thresholds, float], Thresholds]] = {
    "min silhouette": lambda now, value: replace(now, min_silhouette=value),
    "merge distance": lambda now, value: replace(now, merge_distance=value),
    "cost weight": lambda now, value: replace(now, cost_weight=value),
}
"""What can be moved along a line, and the thresholds at a position."""


@dataclass(frozen=True, kw_only=True)
class OtherSettings:
    """What sends a query elsewhere, and what does not.

    flips : sentences, each a setting alone with the model that is then asked first
    idle  : what changes nothing wherever it is set
    """

    flips: tuple[str, ...]
    idle: tuple[str, ...]


def settings_that_flip(
    fitted: Fit,
    now: Thresholds,
    vector: FloatArray,
    positions: Mapping[str, Sequence[float]],
    progress: Progress | None = None,
    *,
    told: Collection[Routing] = (),
) -> OtherSettings:
    """Move one setting at a time, the others as they are, and see who comes first.

    vector (D,) of the query, positions : of every slider by its name, rising. Of a slider the
    nearest position to either side that changes the model is told. told : routings of which the
    caller says it by itself
    """

    def first(thresholds: Thresholds) -> str:
        router = fitted.router(thresholds)
        route = router.route(np.asarray(vector)[None, :])
        return router.models[int(route.selected[0, 0])]

    usual, flips, idle = first(now), [], []
    for at, (name, values) in enumerate(positions.items()):
        if progress is not None:
            progress(at / (len(positions) + 1), f"Moving {name}")
        present = float(getattr(now, name.replace(" ", "_")))
        models = partial(_at, SLIDERS[name], now, first)
        found = [f"{name} {how}" for how in _of_slider(values, present, usual, models)]
        flips += found
        if not found and values:
            idle.append(f"{name} from {values[0]:g} to {values[-1]:g}")
    for kind, choices in _choices(now, told).items():
        found = [
            f"{kind} {label}: {model}"
            for label, thresholds in choices
            if (model := first(thresholds)) != usual
        ]
        flips += found
        if not found:
            idle.append(f"{kind} any other way")
    return OtherSettings(flips=tuple(flips), idle=tuple(idle))


def _at(
    moved: Callable[[Thresholds, float], Thresholds],
    now: Thresholds,
    first: Callable[[Thresholds], str],
    value: float,
) -> str:
    return first(moved(now, value))


def _of_slider(
    values: Sequence[float], present: float, usual: str, first: Callable[[float], str]
) -> Iterator[str]:
    """The nearest position to either side of the present one with another model than usual."""
    below = [one for one in reversed(values) if one < present]
    above = [one for one in values if one > present]
    for side, towards in (("lowered to", below), ("raised to", above)):
        for value in towards:
            model = first(value)
            if model != usual:
                yield f"{side} {value:g} (now {present:g}): {model}"
                break


def _choices(now: Thresholds, told: Collection[Routing]) -> dict[str, list[tuple[str, Thresholds]]]:
    """What is chosen from a few, but for what is chosen now."""
    joined = [
        (name, replace(now, prune_jaccard=value))
        for name, value in JOINING.items()
        if value != now.prune_jaccard
    ]
    routed = [
        (f"“{one.label}”", replace(now, routing=one.routing))
        for one in ROUTINGS.values()
        if one.routing != now.routing and one.routing not in told
    ]
    return {"joining": joined, "routing": routed}
