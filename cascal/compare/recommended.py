"""The recommended setting in words: what to ship, why, and why not another."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from cascal.compare.cost import Trial, weight_label
from cascal.files.plain_json import finite
from cascal.intervals import Estimate
from cascal.number_format import (
    bracketed,
    counted,
    decimal,
    dollars,
    enumerated,
    percent,
    percent_pair,
    signed,
)
from cascal.verdicts.verdict import points


@dataclass(frozen=True, kw_only=True)
class Option:
    """One setting beside the one in use.

    gain : in right first answers; dearer : US dollars per 1,000 queries more, None where unknown;
    why : why it is not the recommended one, "" where it is
    """

    trial: Trial
    gain: Estimate
    dearer: Estimate | None
    in_use: bool
    why: str = ""

    @property
    def name(self) -> str:
        """What is set."""
        preset, weight = self.trial.preset, self.trial.point.cost_weight
        if not isfinite(self.trial.point.cost1):
            return f"preset {preset}" if preset else "the settings in use"
        said = f"cost weight {weight_label(weight)}" if weight else "no cost weight"
        return f"preset {preset}, {said}" if preset else said

    @property
    def result(self) -> str:
        """How often its first answers are right, and for how much."""
        return f"{percent(self.trial.point.top1, 1)} right{self.price}"

    @property
    def price(self) -> str:
        """For how much, where that is known."""
        cost = self.trial.point.cost1
        return f" for {dollars(cost)}" if isfinite(cost) else ""

    def to_dict(self) -> dict[str, Any]:
        """JSON types; what is unknown is null."""
        point = self.trial.point
        return {
            "setting": self.name,
            "preset": self.trial.preset or None,
            "cost_weight": point.cost_weight,
            "in_use": self.in_use,
            "top1": finite(point.top1),
            "cost_per_1000": finite(point.cost1),
            "vote": finite(point.vote),
            "vote_cost_per_1000": finite(point.cost3),
            "gain": asdict(self.gain),
            "dearer_per_1000": None if self.dearer is None else asdict(self.dearer),
            "why_not": self.why,
        }


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The setting to ship, and why not another.

    best, now : that setting and the one in use; beside : what the best one is told beside, the
    setting in use or, where that is the best, the one that nothing is weighed in; gain, dearer,
    voted : of the best beside that one, in first answers, US dollars per 1,000 and votes of three
    others : those worth a look, the cheapest first; shown : whether the best one is shown to lose
    no more than is tolerated; for_vote : the best one by the same rule where `n_voters` vote, as in
    all that was tried; voters_in_use : how many vote now, 1 where one model is asked
    better : the one most often right of those proven right more often than the best one, its gain
    beside that; None where there is none
    presets : those that were tried beside the settings in use
    """

    best: Option
    now: Option
    beside: Option
    gain: Estimate
    dearer: Estimate | None
    voted: Estimate
    others: tuple[Option, ...]
    for_vote: Option
    better: Option | None
    n_voters: int
    voters_in_use: int
    shown: bool
    n_tried: int
    presets: tuple[str, ...]
    tolerance: float

    @property
    def taken(self) -> bool:
        """Whether the setting in use is the recommended one."""
        return self.best.in_use

    @property
    def title(self) -> str:
        """What to ship, and what it gives and costs."""
        unit = "" if self.dearer is None else " per 1,000 queries"
        if self.taken:
            return f"You use the {self._compared} to ship: {self.best.result}{unit}"
        right, was = self._rates
        return (
            f"Ship this: ask one model, {self.best.name}, {right} right{self.best.price} "
            f"instead of {was}{self.now.price}{unit}"
        )

    @property
    def sentence(self) -> str:
        """The title with the rule, where there is room for one sentence."""
        return f"{self.title}. {self.rule}" if self.taken else f"{self.title}: {self.brief}."

    @property
    def short(self) -> str:
        """The same where something else is the title."""
        if self.taken:
            return "You use it."
        return f"It is {self.best.name}: {self._rates[0]} right{self.best.price}."

    @property
    def _compared(self) -> str:
        """What was tried: no other threshold is, and Sweep may move one of them all the same."""
        return "setting" if self.presets or self.dearer is None else "cost weight"

    @property
    def _rates(self) -> tuple[str, str]:
        """How often the first answers of the best one and of the one in use are right."""
        return percent_pair(self.best.trial.point.top1, self.now.trial.point.top1)

    @property
    def reason(self) -> str:
        """The rule and what it rests on."""
        return f"{self.rule.removesuffix('.')}: {self.evidence}" if self.evidence else self.rule

    @property
    def rule(self) -> str:
        """By what the setting was chosen of how many."""
        lost = f"{in_points(self.tolerance)} of right first answers"
        tried = self._tried
        if not self.shown:
            return (
                f"Of {tried} none is shown to lose at most {lost}, so the one in use stays: more "
                "test queries with gold answers would tell."
            )
        if self.dearer is None and self.n_tried == 1:
            return (
                "Costs are unknown: with prices in the model pool cost weights are tried as well."
            )
        if self.dearer is None:
            return (
                f"Costs are unknown, so that nothing is cheaper. {self._only_better(tried)}"
                " With prices in the model pool cost weights are compared as well."
            )
        if self.best is self.beside:
            return f"Nothing cheaper of {tried} is shown to lose at most {lost}."
        return f"The cheapest of {tried} that is shown to lose at most {lost}."

    @property
    def scope(self) -> str:
        """What was compared and what was not, beside the title."""
        if self.dearer is None:
            return "Other thresholds are not compared here."
        presets = " and presets" if self.presets else ""
        return f"Only cost weights{presets} are compared here, at the thresholds in use."

    @property
    def brief(self) -> str:
        """The rule where there is room for a clause, of a setting that is not in use."""
        if self.dearer is None:
            return "proven right more often"
        return f"the cheapest shown to lose at most {in_points(self.tolerance)}"

    @property
    def evidence(self) -> str:
        """What it gains and costs beside what it is told beside; "" where there is no such."""
        if not self.shown or self.dearer is None or self.best is self.beside:
            return ""
        return (
            f"{points(self.gain)} and {_dollars(self.dearer)} per 1,000 queries beside "
            f"{self._beside}, {self.held} at once."
        )

    @property
    def presets_outcome(self) -> str:
        """What came of trying the presets: whether one of them is to ship, else why the best of
        them is not; "" where none was tried.
        """
        if not self.presets:
            return ""
        said = f"Tried: {enumerated(self.presets)}, each at every cost weight"
        if self.best.trial.preset:
            return f"{said}. One of them is the setting to ship: {self.best.name}."
        tried = [one for one in self.others if one.trial.preset]
        if not tried:
            return f"{said}. The setting to ship stays."
        first = max(tried, key=lambda one: one.trial.point.top1)
        return (
            f"{said}. The setting to ship stays: the one most often right of them, {first.name} "
            f"({first.result}), is {first.why}."
        )

    @property
    def held(self) -> str:
        """For how many settings the intervals of first answers and costs hold."""
        return f"for all {self.n_tried}"

    @property
    def _tried(self) -> str:
        """How many settings were tried, and that the rest of them is that in use."""
        if self.presets:
            return f"{counted(self.n_tried, 'setting')} tried, of the one in use and of presets,"
        if self.n_tried == 1:
            return "1 setting tried"
        return f"{counted(self.n_tried, 'cost weight')} tried"

    @property
    def in_addition(self) -> str:
        """What is proven better than the recommended one, and what it costs; "" without any."""
        if self.better is None:
            return ""
        return (
            f"Proven right more often, {self.better.name}: {self.better.result}, "
            f"{points(self.better.gain)} over the one to ship."
        )

    def _only_better(self, tried: str) -> str:
        if self.taken:
            return f"Of {tried} none is proven right more often."
        return f"Of {tried} it is the best that is proven right more often: {points(self.gain)}."

    @property
    def _beside(self) -> str:
        if self.beside.in_use:
            return "the setting in use"
        return self.beside.name.replace("no cost weight", "a cost weight of 0")

    @property
    def vote(self) -> str:
        """What becomes of the vote, which the rule does not look at; "" where one model is asked.

        It is that of all that was tried, whatever number votes in use, and says so.
        """
        if self.voters_in_use == 1:
            return ""
        if self.best is self.beside:
            said = ""
        else:
            rates = percent_pair(*(one.trial.point.vote for one in (self.best, self.beside)))
            other = "" if self.voters_in_use == self.n_voters else f" ({self.voters_in_use} in use)"
            said = (
                f"Where {self.n_voters} vote{other}: {' instead of '.join(rates)} right, "
                f"{points(self.voted)}, {_judged(self.voted, self.tolerance)}. "
            )
        vote = self.for_vote.trial.point
        if self.for_vote.trial is self.best.trial or not isfinite(vote.cost3):
            return said.strip()
        keeps = "keeps the one in use" if self.for_vote.in_use else f"says {self.for_vote.name}"
        return (
            f"{said}For a vote of {self.n_voters} the same rule {keeps}: "
            f"{percent(vote.vote, 1)} right for {dollars(vote.cost3)}."
        )

    @property
    def basis(self) -> str:
        """What was tried, and how the intervals are to be read."""
        beside = "cost weights of the settings in use"
        if self.presets:
            n = len(self.presets)
            beside += (
                f" and of the {'preset' if n == 1 else f'{n} presets'} {enumerated(self.presets)}"
            )
        return (
            f"Compared: {beside}, all at the other thresholds in use, on the same "
            f"{counted(self.gain.n, 'test query')}. The best of many flatters itself, so the "
            "intervals of first answers and costs hold for all of them at once; where two are "
            "compared alone, as on the page Runs, they are narrower."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON types, for commands."""
        return {
            "title": self.title,
            "reason": self.reason,
            "vote": self.vote,
            "in_addition": self.in_addition,
            "basis": self.basis,
            "taken": self.taken,
            "tolerance": self.tolerance,
            "n_tried": self.n_tried,
            "best": self.best.to_dict(),
            "in_use": self.now.to_dict(),
            "for_vote": self.for_vote.to_dict(),
            "better": None if self.better is None else self.better.to_dict(),
            "n_voters": self.n_voters,
            "others": [one.to_dict() for one in self.others],
        }


def in_points(share: float) -> str:
    """A share of right answers in points: "1 point", "0.5 points"."""
    return f"{100 * share:g} point{'' if share == 0.01 else 's'}"


def _dollars(change: Estimate) -> str:
    span = bracketed(change.low, change.high, 2, unit="$")
    return f"{signed(change.value, 2, unit='$')} {span}"


def _judged(gain: Estimate, tolerance: float) -> str:
    """What an interval says of a loss."""
    if gain.high < 0:
        return "a proven loss"
    if gain.low > 0:
        return "a proven gain"
    if gain.low >= -tolerance:
        return f"no loss above {in_points(tolerance)}"
    return f"a loss of up to {decimal(-100 * gain.low, 1)} points is not ruled out"
