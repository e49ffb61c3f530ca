"""Numbers that a check compares with its rule, and what it says where they miss it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cascal.number_format import apart, brief, decimal, percent


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number that a check compares with its rule; the same rule decides whether it passes.

    holds_if : the value must be "below" or "above" the rule, or "at least" the rule;
    share : a share of 1, to be told in percent
    """

    name: str
    value: float
    rule: float
    holds_if: Literal["below", "above", "at least"] = "below"
    share: bool = True

    @property
    def margin(self) -> float:
        """How far the value is on the right side of the rule; negative on the wrong one."""
        return self.rule - self.value if self.holds_if == "below" else self.value - self.rule

    @property
    def holds(self) -> bool:
        """Whether the value keeps the rule."""
        return self.margin >= 0 if self.holds_if == "at least" else self.margin > 0

    @property
    def miss(self) -> float:
        """How many times the rule the value is where it must be below, else the reverse.

        Above 1 where it is missed; inf where that is no number, as of a value below 0.
        """
        high, low = (self.value, self.rule) if self.holds_if == "below" else (self.rule, self.value)
        return high / low if low > 0 else math.inf

    @property
    def sentence(self) -> str:
        """Value, rule and margin in words."""
        side = "margin" if self.holds else "missed by"
        return (
            f"{self.name}: {self.value_text} (rule: {self.rule_text}; {side} {self.distance_text})"
        )

    @property
    def in_short(self) -> str:
        """What was measured, its value and the rule."""
        return f"{self.name}: {self.value_text}, rule {self.rule_text}"

    @property
    def value_text(self) -> str:
        """The value as people read it."""
        return self._number(self.value)

    @property
    def rule_text(self) -> str:
        """The rule as people read it."""
        return f"{self.holds_if} {self._number(self.rule)}"

    @property
    def distance_text(self) -> str:
        """How far the value is from the rule, on either side; of shares, as both are written."""
        if not self.share:
            return brief(abs(self.margin), 3)
        return f"{decimal(abs(apart(100 * self.value, 100 * self.rule, 1)), 1)} points"

    def _number(self, value: float) -> str:
        return percent(value, 1) if self.share else brief(value, 3)


@dataclass(frozen=True)
class Look:
    """What a check measured; `issue` is its sentence where a measure misses its rule, else None."""

    measures: tuple[Measure, ...]
    issue: str | None


def look_at(*measures: Measure, issue: Callable[[], str]) -> Look:
    """Compare every measure with its rule; the sentence is made only where one misses it.

    A value that is not known (nan) is no measure: it neither keeps a rule nor misses it.
    """
    known = tuple(measure for measure in measures if not math.isnan(measure.value))
    holds = all(measure.holds for measure in known)
    return Look(known, None if holds else issue())


def look_twice(first: Look, second: Look) -> Look:
    """Two looks of one check: the first that has an issue tells it."""
    return Look(first.measures + second.measures, first.issue or second.issue)
