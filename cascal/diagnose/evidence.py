"""The numbers behind a finding, as named values that can be drawn or listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
