"""What a sweep answers: where a threshold should be, and whether that matters.

Every value is compared with the present one on the same gold test queries. The best of many values
flatters itself, so only one whose whole interval lies above 0 is proposed, or one that costs less
and is right no less often, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan

import numpy as np

from cascal.compare.cost import CostPoint, bargains, instead, weight_label
from cascal.compare.sweep import NAMES, Curve, Point
from cascal.counted import agreeing, counted, percent
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray
from cascal.intervals import Estimate, estimates
from cascal.settings import joining_name
from cascal.verdicts.verdict import points as in_points

SAVED = 0.05
"""Share of the costs from which a value that saves them is worth naming."""


@dataclass(frozen=True, kw_only=True)
class SweepAnswer:
    """A title that says where to set a threshold, what it rests on, and the point it proposes.

    point : the proposed setting, the present one where nothing is proposed
    """

    title: str
    basis: str
    point: Point


def value_label(name: str, value: float | None) -> str:
    """A threshold's value in words."""
    if name == "prune_jaccard" and (known := joining_name(value)):
        return known
    if value is None:
        return "off"
    return weight_label(value) if name == "cost_weight" else f"{value:.4g}"


def gains_over_now(curve: Curve, part: Part, models: Sequence[str]) -> list[Estimate] | None:
    """The paired gain of every point over the present one; None without gold answers.

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
    return estimates(gained)


def best_place(curve: Curve) -> int:
    """The place of the point that is right most often; of equal ones the present, else the first.

    Without gold answers that of the present one.
    """
    rates = np.array([nan if one.top1 is None else one.top1.value for one in curve.points])
    if not np.isfinite(rates).any() or rates[curve.at_now] >= np.nanmax(rates):
        return curve.at_now
    return int(np.nanargmax(rates))


def answer(curve: Curve, part: Part, models: Sequence[str]) -> SweepAnswer:
    """Where the threshold should be and whether it matters; part and models as for the gains."""
    now, name = curve.points[curve.at_now], NAMES[curve.name].lower()
    if not any(point.flipped for point in curve.points):
        title = f"{NAMES[curve.name]} makes no difference here: every value asks the same models"
        return SweepAnswer(title=title, basis=band_sentence(curve), point=now)
    gains = gains_over_now(curve, part, models)
    if gains is None:
        most = percent(max(point.flipped for point in curve.points))
        return SweepAnswer(
            title=f"Without gold answers nothing says where {name} should be",
            basis=f"{band_sentence(curve)}. Over its whole range up to {most} of the queries go "
            "to another first model.",
            point=now,
        )
    best = best_place(curve)
    basis = f"{_extremes(curve, gains)} {band_sentence(curve)}."
    paid = _bargain(curve, gains) or _taken(curve, gains)
    if paid is not None:
        place, title, said = paid
        return SweepAnswer(title=title, basis=f"{said} {basis}", point=curve.points[place])
    if gains[best].low > 0:
        title = f"Set {name} to {_label(curve, best)}: {in_points(gains[best])} over "
        return SweepAnswer(
            title=f"{title}{_label(curve, curve.at_now)}", basis=basis, point=curve.points[best]
        )
    title = f"Leave {name} at {_label(curve, curve.at_now)}: {_reach(curve, gains)}"
    cheaper = _cheaper(curve, gains)
    if cheaper is None:
        return SweepAnswer(title=title, basis=basis, point=now)
    cheap = curve.points[cheaper]
    less = f"${cheap.dollars:,.2f} instead of ${now.dollars:,.2f} per 1,000 queries"
    known = "" if cheaper == best else f"{_label(curve, cheaper)}: {in_points(gains[cheaper])}. "
    return SweepAnswer(
        title=f"{title}; {_label(curve, cheaper)} costs less, {less}",
        basis=f"{known}{basis}",
        point=cheap,
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
        said.append(f"${after.dollars:,.2f} instead of ${before.dollars:,.2f} per 1,000 queries")
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


def _cheaper(curve: Curve, gains: Sequence[Estimate]) -> int | None:
    """The place of the cheapest value that saves enough and is right no less often than now."""
    dollars = np.array([one.dollars for one in curve.points])
    if not np.isfinite(dollars).all():
        return None
    right = np.array([gain.value >= 0 for gain in gains])
    enough = dollars <= (1.0 - SAVED) * dollars[curve.at_now]
    known = np.flatnonzero(right & enough)
    return int(known[dollars[known].argmin()]) if len(known) else None


def _bargain(curve: Curve, gains: Sequence[Estimate]) -> tuple[int, str, str] | None:
    """The place of the cheapest cost weight that is not proven to lose; title, and both points."""
    known = _cost_points(curve)
    dear = known[curve.at_now] if known else None
    for cheap in bargains(known, dear.cost_weight) if dear else ():
        place = known.index(cheap)
        if dear and gains[place].high >= 0:
            title = (
                f"Set cost weight to {weight_label(cheap.cost_weight)}: no proven loss, "
                f"${cheap.cost1:,.2f} instead of ${dear.cost1:,.2f} per 1,000 queries"
            )
            return place, title, f"{instead(cheap, dear)}. {in_points(gains[place])}."
    return None


def _taken(curve: Curve, gains: Sequence[Estimate]) -> tuple[int, str, str] | None:
    """The same where the present weight is a bargain beside weight 0, and nothing is cheaper."""
    known = _cost_points(curve)
    if not known or curve.now == 0 or known[0].cost_weight > 0 or gains[0].low > 0:
        return None
    now, free = known[curve.at_now], known[0]
    if now not in bargains(known, free.cost_weight):
        return None
    title = (
        f"Leave cost weight at {weight_label(now.cost_weight)}: no proven loss against 0, "
        f"${now.cost1:,.2f} instead of ${free.cost1:,.2f} per 1,000 queries"
    )
    said = f"{instead(now, free)}. 0 brings {in_points(gains[0])}."
    return curve.at_now, title, said


def _cost_points(curve: Curve) -> list[CostPoint]:
    """The points of a sweep of the cost weight where all costs are known, else none."""
    known = all(isfinite(one.dollars) for one in curve.points)
    return (
        [_cost_point(one) for one in curve.points] if curve.name == "cost_weight" and known else []
    )


def _cost_point(point: Point) -> CostPoint:
    """A point as far as a bargain asks; the vote is not swept."""
    right = nan if point.top1 is None else point.top1.value
    weight = point.thresholds.cost_weight
    return CostPoint(weight, right, nan, point.dollars, nan, point.effective_models)


def _extremes(curve: Curve, gains: Sequence[Estimate]) -> str:
    """What the best and the worst value bring, and that the best of many flatters."""
    best = best_place(curve)
    worst = int(np.argmin([one.value for one in gains]))
    n_values = counted(len(curve.points), "value")
    if best == curve.at_now:
        first = f"None of {n_values} is right more often."
    else:
        first = (
            f"The highest of {n_values} is {_label(curve, best)}, {in_points(gains[best])}; as the "
            "best of many it flatters."
        )
    if gains[worst].high >= 0:
        return first
    return f"{first} The lowest is {_label(curve, worst)}, {in_points(gains[worst])}."


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
    return f"from {ends[0]} to {ends[1]} none is proven better or worse"
