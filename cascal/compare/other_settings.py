"""Which other setting would send one query to another model? Every position is tried out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from cascal.columns import Progress
from cascal.datatypes import FloatArray
from cascal.fit import Fit
from cascal.number_format import enumerated
from cascal.routing.reasons import Change
from cascal.settings import JOINING, ROUTINGS, Routing, Thresholds

SLIDERS: dict[str, Callable[[Thresholds, float], Thresholds]] = {
    "min silhouette": lambda now, value: replace(now, min_silhouette=value),
    "merge distance": lambda now, value: replace(now, merge_distance=value),
    "cost weight": lambda now, value: replace(now, cost_weight=value),
}
"""What can be moved along a line, and the thresholds at a position."""
NAMED = 2
"""So many choices that change nothing are named; of more those that do are excepted."""


@dataclass(frozen=True, kw_only=True)
class OtherSettings:
    """What sends a query elsewhere, and what does not.

    flips : each a setting alone with the model that is then asked first
    idle  : what changes nothing: a setting wherever it is set, or the rest of one that flips
    """

    flips: tuple[Change, ...]
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

    usual, idle = first(now), list[str]()
    flips: list[Change] = []
    for at, (name, values) in enumerate(positions.items()):
        if progress is not None:
            progress(at / (len(positions) + 1), f"Moving {name}")
        present = float(getattr(now, name.replace(" ", "_")))
        models = partial(_at, SLIDERS[name], now, first)
        found, still = _of_slider(values, present, usual, models)
        flips += [Change(model, f"{name} {how}") for how, model in found]
        if found:
            idle += [f"{name} {where}" for where in still]
        elif values:
            idle.append(f"{name} from {values[0]:g} to {values[-1]:g}")
    for kind, choices in _choices(now, told).items():
        models_of = {label: first(thresholds) for label, thresholds in choices}
        flips += [
            Change(model, f"{kind} {how}") for how, model in models_of.items() if model != usual
        ]
        same = [label for label, model in models_of.items() if model == usual]
        moved = [label for label in models_of if label not in same]
        if kind == "routing":
            moved += [f"“{one.label}”" for one in ROUTINGS.values() if one.routing in told]
        if same:
            idle.append(f"{kind} {_unmoved(same, moved)}")
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
) -> tuple[list[tuple[str, str]], list[str]]:
    """The nearest position to either side with another model than usual; sides without one."""
    below = [one for one in reversed(values) if one < present]
    above = [one for one in values if one > present]
    found, still = [], []
    for side, way, towards in (("lowered to", "down to", below), ("raised to", "up to", above)):
        flip = next(((at, one) for at in towards if (one := first(at)) != usual), None)
        if flip is not None:
            found.append((f"{side} {flip[0]:g} (now {present:g})", flip[1]))
        elif towards:
            still.append(f"{way} {towards[-1]:g}")
    return found, still


def _unmoved(same: Sequence[str], moved: Sequence[str]) -> str:
    """Choices that change nothing, beside those that do: by name where they are few."""
    if not moved:
        return "any other way"
    return enumerated(same) if len(same) <= NAMED else f"any other way but {enumerated(moved)}"


def _choices(now: Thresholds, told: Collection[Routing]) -> dict[str, list[tuple[str, Thresholds]]]:
    """What is chosen from a few, but for what is chosen now."""
    joined = [
        (f"“{name}”", replace(now, prune_jaccard=value))
        for name, value in JOINING.items()
        if value != now.prune_jaccard
    ]
    routed = [
        (f"“{one.label}”", replace(now, routing=one.routing))
        for one in ROUTINGS.values()
        if one.routing != now.routing and one.routing not in told
    ]
    return {"joining": joined, "routing": routed}
