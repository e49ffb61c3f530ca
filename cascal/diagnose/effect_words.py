"""What a remedy did, number by number, before and after, and why another one ranks below it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from cascal.dataset.snapshot import Snapshot
from cascal.diagnose.remedies import NO_HELP, Effect, loses_little
from cascal.diagnose.seconds import BETTER
from cascal.evaluate import effective_number
from cascal.intervals import Estimate
from cascal.number_format import counted, decimal, dollars, percent, percent_pair, signed
from cascal.verdicts.verdict import span

ALONE = (
    "Each 95 % interval of right answers holds for its remedy alone. On Sweep intervals hold for "
    "all values of a threshold at once and are wider: what harms here may be no proven difference "
    "there."
)
"""For how many remedies an interval holds, and why Sweep may judge the same value otherwise."""


@dataclass(frozen=True)
class Told:
    """A number before and after, as a row of a table; `said` is the same as a part of a sentence.

    now : empty where it only is the work of the remedy; name, value : the same where there is
    little room, "" where `what` and both numbers are short
    """

    what: str
    now: str
    then: str
    clause: str = ""
    name: str = ""
    value: str = ""

    @property
    def said(self) -> str:
        """As a part of a sentence."""
        return self.clause or f"{self.what[:1].lower()}{self.what[1:]} {self.now} → {self.then}"

    @property
    def in_short(self) -> tuple[str, str]:
        """What, and both numbers or the one that there is, where there is little room."""
        change = f"{self.now} → {self.then}" if self.now else self.then
        return self.name or self.what, self.value or change


def silhouettes_told(before: tuple[float, float], after: tuple[float, float]) -> tuple[Told, ...]:
    """Mean of the silhouettes of a cluster's queries and share of them below 0."""
    first, second = (decimal(one[0], 3) for one in (before, after))
    low, then = (percent(one[1]) for one in (before, after))
    return (
        Told("Mean silhouette of its queries", first, second, name="Mean silhouette"),
        Told("Of them below 0", low, then, f"of them below 0: {low} → {then}", "Queries below 0"),
    )


def by_new_line(line: float | None) -> str:
    """What clusters are judged by after a remedy that moves that; "" where the line stays, None."""
    return "" if line is None else f", by the new line, {line:g}"


def low_told(before: float, after: float, line: float | None) -> str:
    """That a cluster's queries are below a new line, as a clause; "" where they are not.

    before, after : mean of their silhouettes; line : None where it stays
    """
    if line is None or not after < line:
        return ""
    are = "stay" if before < line else "fall"
    return f"its queries, at {decimal(after, 3)}, {are} below the new line, {line:g}"


def flips_told(share: float, of: str) -> str:
    """How many routes flip, in percent and, where it is known, of which queries."""
    return f"{percent(share)} of the routes flip{f' ({of})' if of else ''}"


def price_told(effect: Effect, before: Snapshot) -> tuple[Told, ...]:
    """Right answers and dollars, where they are known: what a remedy costs or saves."""
    right = _right(effect.gain, before)
    if not all(map(isfinite, effect.dollars)):
        return (right,)
    now, then = map(dollars, effect.dollars)
    said = f"{now} → {then}" if now != then else f"{now} as before"
    return right, Told("US dollars per 1,000", now, then, f"{said} per 1,000 queries")


def effect_told(effect: Effect, before: Snapshot) -> tuple[Told, ...]:
    """Routes, clusters, models in use, doubtful first models; before : what it was tried out on."""
    clusters, even = len(before.router.clusters), effective_number(before.share)
    flips, models = flips_told(effect.flipped, effect.flips), f"≈ {decimal(even, 1)}"
    then = f"≈ {decimal(effect.effective_models, 1)}"
    found: tuple[Told, ...] = (
        Told(
            "Routes that flip",
            "",
            effect.flips or percent(effect.flipped),
            flips,
        ),
        Told(
            "Skill clusters",
            f"{clusters:,}",
            f"{effect.clusters:,}",
            f"{clusters:,} → {counted(effect.clusters, 'cluster')}",
        ),
        Told(
            "Models in use, in equal shares",
            models,
            then,
            f"models in use {models} → {then[2:]} equal shares",
            value=f"{models} → {then[2:]}",
        ),
    )
    first, second = effect.seconds
    if first is not None and second is not None:
        found += (Told(BETTER, f"{first:,}", counted(second, "cluster")),)
    if effect.stability is None:
        return found
    stable = decimal(effect.stability, 2)
    return (*found, Told("Stability of its clusters", "", stable, f"stability {stable}"))


def _right(gain: Estimate | None, before: Snapshot) -> Told:
    if gain is None or before.evaluation is None:
        unknown = "unknown: no gold answers"
        return Told("Right answers", "", unknown, f"accuracy {unknown}")
    own = before.evaluation.top1_accuracy
    now, then = percent_pair(own, own + gain.value)
    change = f"{signed(100 * gain.value)} pts {span(gain)}"
    proven = "" if gain.low > 0 or gain.high < 0 else " (no proven change)"
    return Told(
        f"Right answers{proven}",
        now,
        f"{then}, {change}",
        f"right {change}{proven}",
        name="Right answers, points",
        value=change.replace(" pts", ""),
    )


def why_lower(effect: Effect, best: Effect) -> str:
    """By what a remedy that cures it as well ranks below the best one."""
    if effect.judgement != best.judgement:
        return f"it {effect.judgement}" if effect.judgement in NO_HELP else effect.judgement
    if effect.gain is not None and best.gain is not None:
        if loses_little(best) and not loses_little(effect):
            lows = (effect.gain.low, best.gain.low)
            lost, little = (decimal(max(0.0, -100 * low), 1) for low in lows)
            return (
                f"a loss of up to {lost} points of right answers is not ruled out, against {little}"
            )
        own, other = effect.gain.value, best.gain.value
        if own != other:
            decimals = 1 if round(100 * own, 1) != round(100 * other, 1) else 2
            points, others = (signed(100 * one, decimals) for one in (own, other))
            return f"{points} points of right answers against {others}"
    if effect.flipped == best.flipped:
        return "no number that decides tells them apart, and the one tried first stands first"
    decimals = 1 if percent(effect.flipped, 1) != percent(best.flipped, 1) else 2
    flips, others = (percent(one.flipped, decimals) for one in (effect, best))
    return f"{flips} of the routes flip against {others}"
