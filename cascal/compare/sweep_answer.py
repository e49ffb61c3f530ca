"""What a sweep answers: where a threshold should be, and whether that matters.

Every value is compared with the present one on the same gold test queries. The best of many values
flatters itself, so the intervals hold for all values at once, and only one whose whole interval
lies above 0 is called better. Which cost weight to use is what `recommend` says, here as elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan

import numpy as np

from cascal.compare.cost import weight_label
from cascal.compare.recommended import Recommendation
from cascal.compare.sweep import NAMES, Curve, Point
from cascal.counted import agreeing, counted, decimal, dollars, percent
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray
from cascal.intervals import Estimate, joint_estimates
from cascal.settings import joining_name
from cascal.verdicts.verdict import points as in_points

SAVED = 0.05
"""Share of the costs from which a value that saves them is worth naming."""


@dataclass(frozen=True, kw_only=True)
class SweepAnswer:
    """A title that says where to set a threshold, why, what else is known, and what to take.

    point : the best setting where one is proven better or recommended, else the present one; None
    where no value of this curve is proposed
    """

    title: str
    reason: str
    basis: str
    point: Point | None


def value_label(name: str, value: float | None) -> str:
    """A threshold's value in words."""
    if name == "prune_jaccard" and (known := joining_name(value)):
        return known
    if value is None:
        return "off"
    return weight_label(value) if name == "cost_weight" else f"{value:.4g}"


def gains_over_now(curve: Curve, part: Part, models: Sequence[str]) -> list[Estimate] | None:
    """The paired gain of every point over the present one, with intervals that hold for all of them
    at once; None without gold answers.

    part holds the routed queries, models (M,) what `Point.first` points into.
    """
    now = curve.points[curve.at_now]
    if now.top1 is None:
        return None
    right = part.right[:, [part.votes.models.index(name) for name in models]]
    rows = np.arange(len(right))
    gained: FloatArray = np.column_stack(
        [right[rows, point.first] - right[rows, now.first] for point in curve.points]
    )
    return joint_estimates(gained)[0]


def best_place(curve: Curve) -> int:
    """The place of the point that is right most often; of equal ones the present, else the first.

    Without gold answers that of the present one.
    """
    rates = np.array([nan if one.top1 is None else one.top1.value for one in curve.points])
    if not np.isfinite(rates).any() or rates[curve.at_now] >= np.nanmax(rates):
        return curve.at_now
    return int(np.nanargmax(rates))


def answer(
    curve: Curve, part: Part, models: Sequence[str], recommended: Recommendation | None = None
) -> SweepAnswer:
    """Where the threshold should be and whether it matters; part and models as for the gains.

    recommended : which setting to ship, where that is known: it says where the cost weight is
    """
    now, name = curve.points[curve.at_now], NAMES[curve.name].lower()
    if not any(point.flipped for point in curve.points):
        title = f"{NAMES[curve.name]} makes no difference here: every value asks the same models"
        return SweepAnswer(title=title, reason="", basis=f"{band_sentence(curve)}.", point=None)
    gains = gains_over_now(curve, part, models)
    if gains is None:
        most = percent(max(point.flipped for point in curve.points))
        return SweepAnswer(
            title=f"Without gold answers nothing says where {name} should be",
            reason=f"Over its whole range up to {most} of the queries go to another first model.",
            basis=f"{band_sentence(curve)}.",
            point=None,
        )
    basis = f"{_extremes(curve, gains)} {band_sentence(curve)}."
    if curve.name == "cost_weight" and recommended is not None:
        return _as_recommended(curve, recommended, basis)
    best = best_place(curve)
    if gains[best].low > 0:
        title = f"{NAMES[curve.name]} {_label(curve, best)} is right more often than "
        return SweepAnswer(
            title=f"{title}{_label(curve, curve.at_now)}: {in_points(gains[best])}",
            reason=f"The best of {counted(len(curve.points), 'value')}; its interval holds for all "
            "of them at once.",
            basis=basis,
            point=curve.points[best],
        )
    return SweepAnswer(
        title=f"Leave {name} at {_label(curve, curve.at_now)}: {_reach(curve, gains)}",
        reason=f"{_highest(curve, gains)}{_cheaper(curve, gains, best)}",
        basis=basis,
        point=now,
    )


def _as_recommended(curve: Curve, found: Recommendation, basis: str) -> SweepAnswer:
    """What is recommended everywhere; the cost weight of another preset is no value of this one."""
    best = found.best.trial
    same = (one for one in curve.points if one.value(curve.name) == best.point.cost_weight)
    return SweepAnswer(
        title=found.title,
        reason=found.reason,
        basis=" ".join(filter(None, [found.vote, basis])),
        point=None if best.preset else next(same, None),
    )


def change_between(curve: Curve, was: int, now: int, part: Part, models: Sequence[str]) -> str:
    """What going from the point at one place to that at another changed, in a sentence."""
    before, after = curve.points[was], curve.points[now]
    name = NAMES[curve.name].lower()
    said = [f"{name} {_label(curve, was)} → {_label(curve, now)}"]
    gains = gains_over_now(replace(curve, now=before.value(curve.name)), part, models)
    if gains is not None:
        said.append(f"{in_points(gains[now])}")
    if isfinite(before.dollars) and isfinite(after.dollars):
        said.append(
            f"{dollars(after.dollars)} instead of {dollars(before.dollars)} per 1,000 queries"
        )
    said.append(
        f"{int((before.first != after.first).sum()):,} of {counted(len(part), 'query')} "
        "go to another first model"
    )
    return " · ".join(said)


def band_sentence(curve: Curve) -> str:
    """Between which values around the present one nothing changes at all."""
    if curve.band is None:
        return "The next value in either direction changes something"
    low, high = (value_label(curve.name, one) for one in curve.band)
    return f"Nothing at all changes between {low} and {high}"


def _label(curve: Curve, place: int) -> str:
    return value_label(curve.name, curve.points[place].value(curve.name))


def _cheaper(curve: Curve, gains: Sequence[Estimate], best: int) -> str:
    """The cheapest value that saves enough and is right no less often than now, in a sentence.

    It was picked for its cost, so what it may lose comes first.
    """
    now = curve.points[curve.at_now]
    costs = np.array([one.dollars for one in curve.points])
    if not np.isfinite(costs).all():
        return ""
    right = np.array([gain.value >= 0 for gain in gains])
    known = np.flatnonzero(right & (costs <= (1.0 - SAVED) * now.dollars))
    if not len(known):
        return ""
    place = int(known[costs[known].argmin()])
    told = "" if place == best else f" ({in_points(gains[place])})"
    return (
        f" A loss of up to {decimal(max(0.0, -100 * gains[place].low), 1)} points is not ruled "
        f"out at {_label(curve, place)}{told}, which would cost {dollars(costs[place])} instead "
        f"of {dollars(now.dollars)} per 1,000 queries."
    )


def _highest(curve: Curve, gains: Sequence[Estimate]) -> str:
    """What the best value brings, which is not proven."""
    best, n_values = best_place(curve), counted(len(curve.points), "value")
    if best == curve.at_now:
        return f"None of {n_values} is right more often."
    return (
        f"The highest of {n_values}, {_label(curve, best)}, is not proven better: "
        f"{in_points(gains[best])}."
    )


def _extremes(curve: Curve, gains: Sequence[Estimate]) -> str:
    """What the worst value brings, and how the gains are to be read."""
    worst = int(np.argmin([one.value for one in gains]))
    lowest = ""
    if gains[worst].high < 0:
        lowest = f"The lowest is {_label(curve, worst)}, {in_points(gains[worst])}. "
    return (
        f"{lowest}The best of many values flatters itself, so the intervals hold for all of them "
        "at once; each value was tried alone, the other thresholds as they are."
    )


def _reach(curve: Curve, gains: Sequence[Estimate]) -> str:
    """From where to where no value is proven to be worse."""
    worse = [gain.high < 0 for gain in gains]
    if not any(worse):
        return "it hardly matters, no value is proven better or worse"
    if curve.name == "prune_jaccard":
        named = [_label(curve, place) for place, lost in enumerate(worse) if lost]
        return (
            f"{' and '.join(named)} {agreeing(len(named), 'is', 'are')} proven worse, none better"
        )
    low = high = curve.at_now
    while low > 0 and not worse[low - 1]:
        low -= 1
    while high < len(worse) - 1 and not worse[high + 1]:
        high += 1
    if low == high:
        return "the values beside it are proven worse"
    ends = _label(curve, low), _label(curve, high)
    return f"no proven difference from {ends[0]} to {ends[1]}"
