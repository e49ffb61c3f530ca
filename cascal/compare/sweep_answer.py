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
from cascal.compare.sweep import NAMES, Curve, Name, Point
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray
from cascal.intervals import Estimate, joint_estimates
from cascal.number_format import agreeing, capitalised, counted, decimal, dollars, percent
from cascal.settings import joining_name
from cascal.verdicts.verdict import points as in_points

SAVED = 0.05
"""Share of the costs from which a value that saves them is worth naming."""
NO_GOLD = "no gold answers"
"""Why nothing is said of a threshold that changes routes."""
NOT_BETTER = "not proven better"
_GRID = 2
"""Decimals of a slider's positions; a value between them has two more, whatever they are."""
LEAST_LOSS = 0.0005
"""A smaller loss, as a share, is written as none."""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A value that was weighed against the one in use, and what it would bring and cost.

    gain : in right first answers; dollars : US dollars per 1,000 queries now and with that value,
    nan where unknown
    """

    value: str
    gain: Estimate
    dollars: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class SweepAnswer:
    """A title that says where to set a threshold, why, what else is known, and what to take.

    now : the value in use; weighed : the other value most worth a look, None where there is none
    why : in a clause, why the threshold is moved or left
    point : the best setting where one is proven better or recommended, else the present one; None
    where no value of this curve is proposed
    """

    name: Name
    now: str
    title: str
    why: str
    reason: str
    basis: str
    point: Point | None
    weighed: Weighed | None = None
    moves: bool = False

    @property
    def value(self) -> str:
        """The value that was weighed, in words; "" without one."""
        return "" if self.weighed is None else self.weighed.value

    @property
    def action(self) -> str:
        """What to do, from which value or at which."""
        return f"Move {self.now} → {self.value}" if self.moves else f"Leave at {self.now}"


def value_label(name: str, value: float | None) -> str:
    """A threshold's value in words."""
    if name == "prune_jaccard" and (known := joining_name(value)):
        return known
    if value is None:
        return "off"
    if name == "cost_weight":
        return weight_label(value)
    return f"{value:g}" if round(value, _GRID) == value else decimal(value, 4)


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
    now, name = _label(curve, curve.at_now), NAMES[curve.name].lower()
    known = SweepAnswer(name=curve.name, now=now, title="", why="", reason="", basis="", point=None)
    if not any(point.flipped for point in curve.points):
        return replace(
            known,
            title=f"{NAMES[curve.name]} makes no difference here: every value asks the same models",
            why="every value asks the same models",
            basis=f"{band_sentence(curve)}.",
        )
    gains = gains_over_now(curve, part, models)
    if gains is None:
        most = percent(max(point.flipped for point in curve.points))
        return replace(
            known,
            title=f"Without gold answers nothing says where {name} should be",
            why=NO_GOLD,
            reason=f"Over its whole range up to {most} of the queries go to another first model.",
            basis=f"{band_sentence(curve)}.",
        )
    known = replace(known, basis=f"{_extremes(curve, gains)} {band_sentence(curve)}.")
    if curve.name == "cost_weight" and recommended is not None:
        return _as_recommended(known, curve, recommended)
    return _by_gains(known, curve, gains)


def _by_gains(known: SweepAnswer, curve: Curve, gains: Sequence[Estimate]) -> SweepAnswer:
    """Move to the best value that is proven better, else leave the threshold and say why."""
    name, best = NAMES[curve.name], best_place(curve)
    n_values = counted(len(curve.points), "value")
    if gains[best].low > 0:
        title = f"{name} {_label(curve, best)} is right more often than {known.now}"
        return replace(
            known,
            title=f"{title}: {in_points(gains[best])}",
            why="proven right more often",
            reason=f"The best of {n_values}; its interval holds for all of them at once.",
            point=curve.points[best],
            weighed=_weighed(curve, gains, best),
            moves=True,
        )
    leave, matters = f"Leave {name.lower()} at {known.now}", _reach(curve, gains)
    known = replace(known, title=f"{leave}: {matters}", point=curve.points[curve.at_now])
    cheaper = _cheaper(curve, gains)
    if cheaper is not None:
        return _not_for_money(known, leave, _weighed(curve, gains, cheaper), matters)
    if best == curve.at_now:
        others = counted(len(curve.points) - 1, "other value")
        why = f"none of {others} is right more often"
        return replace(known, why=why, reason=f"{capitalised(why)}.")
    return replace(
        known,
        why=NOT_BETTER,
        reason=f"The highest of {n_values}, {_label(curve, best)}, is not proven better: "
        f"{in_points(gains[best])}.",
        weighed=_weighed(curve, gains, best),
    )


def _not_for_money(known: SweepAnswer, leave: str, weighed: Weighed, matters: str) -> SweepAnswer:
    """A value that costs less and is not proven better: what it may lose comes first."""
    was, price = weighed.dollars
    told = replace(
        known,
        why=NOT_BETTER,
        reason=f"{weighed.value} would cost {dollars(price)} instead of {dollars(was)} per 1,000 "
        f"queries, {in_points(weighed.gain)}.",
        weighed=weighed,
    )
    if weighed.gain.low > -LEAST_LOSS:
        return told
    loss = f"may lose up to {decimal(-100 * weighed.gain.low, 1)} points"
    return replace(
        told,
        title=f"{leave}: {weighed.value} is cheaper, but {loss}",
        why=f"{NOT_BETTER}: {loss}",
        reason=f"{told.reason} {capitalised(matters)}.",
    )


def _weighed(curve: Curve, gains: Sequence[Estimate], place: int) -> Weighed:
    now, there = curve.points[curve.at_now], curve.points[place]
    return Weighed(
        value=_label(curve, place), gain=gains[place], dollars=(now.dollars, there.dollars)
    )


def _as_recommended(known: SweepAnswer, curve: Curve, found: Recommendation) -> SweepAnswer:
    """What is recommended everywhere; the cost weight of another preset is no value of this one."""
    best = found.best.trial
    same = (one for one in curve.points if one.value(curve.name) == best.point.cost_weight)
    told = replace(
        known,
        title=found.title,
        reason=found.reason,
        basis=" ".join(filter(None, [found.vote, known.basis])),
        point=None if best.preset else next(same, None),
    )
    if found.taken:
        return replace(told, why="the one to ship at these thresholds")
    weighed = Weighed(
        value=f"preset {best.preset}" if best.preset else weight_label(best.point.cost_weight),
        gain=found.gain,
        dollars=(found.now.trial.point.cost1, best.point.cost1),
    )
    if best.preset:
        return replace(told, why="another preset is recommended", weighed=weighed)
    return replace(told, why=found.brief, weighed=weighed, moves=told.point is not None)


def change_between(
    curve: Curve, was: int, now: int, part: Part, models: Sequence[str], routed: str = ""
) -> str:
    """What going from the point at one place to another changed; routed : the queries in words."""
    before, after = curve.points[was], curve.points[now]
    said = [f"{NAMES[curve.name].lower()} {_label(curve, was)} → {_label(curve, now)}"]
    gains = gains_over_now(replace(curve, now=before.value(curve.name)), part, models)
    said += [] if gains is None else [in_points(gains[now])]
    if isfinite(before.dollars) and isfinite(after.dollars):
        said.append(
            f"{dollars(after.dollars)} instead of {dollars(before.dollars)} per 1,000 queries"
        )
    said.append(
        f"{int((before.first != after.first).sum()):,} of {routed or counted(len(part), 'query')} "
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


def _cheaper(curve: Curve, gains: Sequence[Estimate]) -> int | None:
    """The place of the cheapest value that saves enough and is right no less often than now."""
    now = curve.points[curve.at_now]
    costs = np.array([one.dollars for one in curve.points])
    if not np.isfinite(costs).all():
        return None
    right = np.array([gain.value >= 0 for gain in gains])
    known = np.flatnonzero(right & (costs <= (1.0 - SAVED) * now.dollars))
    return int(known[costs[known].argmin()]) if len(known) else None


def _extremes(curve: Curve, gains: Sequence[Estimate]) -> str:
    """What the worst value brings, and how the gains are to be read."""
    worst = int(np.argmin([one.value for one in gains]))
    lowest = f"The lowest is {_label(curve, worst)}, {in_points(gains[worst])}. "
    lowest = lowest if gains[worst].high < 0 else ""
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
    held = f"by intervals for all {counted(len(gains), 'value')} at once"
    return f"no proven difference from {ends[0]} to {ends[1]}, {held}"
