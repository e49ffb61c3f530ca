"""The numbers behind a finding, as named values that can be drawn or listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cascal.datatypes import BoolArray

MOST = 25
"""So many values are shown of a measure."""


@dataclass(frozen=True)
class Evidence:
    """Named values of one measure.

    rule : the value beyond which the check speaks, if one; errors : standard error of each value,
    None where none is known; table : rows to follow up, by column
    """

    measure: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    rule: float | None = None
    errors: tuple[float, ...] | None = None
    table: tuple[Mapping[str, object], ...] = ()


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
    def sentence(self) -> str:
        """Value, rule and margin in words."""
        side = "margin" if self.holds else "missed by"
        return (
            f"{self.name}: {self.value_text} (rule: {self.rule_text}; {side} {self.distance_text})"
        )

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
        """How far the value is from the rule, on either side."""
        return f"{100 * abs(self.margin):.1f} points" if self.share else f"{abs(self.margin):.3g}"

    def _number(self, value: float) -> str:
        return f"{value:.1%}" if self.share else f"{value:.3g}"


def largest(
    measure: str, names: Sequence[str], values: Sequence[float], rule: float | None = None
) -> Evidence:
    """The largest first, at most `MOST`; unknown values are left out."""
    known = [(value, name) for name, value in zip(names, values, strict=True) if np.isfinite(value)]
    known.sort(key=lambda one: (-one[0], one[1]))
    shown = known[:MOST]
    return Evidence(
        measure, tuple(name for _, name in shown), tuple(value for value, _ in shown), rule
    )


def largest_tasks(measure: str, tasks: Sequence[str], rows: BoolArray, rule: float) -> Evidence:
    """Share of the rows that hold in each task; tasks (n,) and rows (n,) of the same queries."""
    task_of_row = np.array(tasks)
    names = sorted(set(tasks))
    return largest(measure, names, [float(rows[task_of_row == one].mean()) for one in names], rule)
