"""The table of all thresholds: one row each, what to do and what that would bring and cost."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import pandas as pd

from cascal.compare.sweep import NAMES
from cascal.compare.sweep_answer import SweepAnswer
from cascal.number_format import dollars, signed
from cascal.verdicts.verdict import span


def sweep_frame(answers: Sequence[SweepAnswer]) -> pd.DataFrame:
    """One row a threshold, as texts; what was not weighed or is unknown is None."""
    return pd.DataFrame(
        {
            "threshold": [NAMES[one.name] for one in answers],
            "action": [one.action for one in answers],
            "weighed": [one.value or None for one in answers],
            "brings": [_brings(one) for one in answers],
            "costs": [_costs(one) for one in answers],
            "why": [one.why for one in answers],
        }
    )


def sweep_line(answer: SweepAnswer) -> str:
    """The same row in a sentence, where columns have no room."""
    brings = _brings(answer)
    if brings is None:
        return f"{answer.action}: {answer.why}"
    costs = (_costs(answer) or "").replace(" ", "\N{NO-BREAK SPACE}")
    parts = [f"{brings} points", *([f"{costs} per 1,000"] if costs else []), answer.why]
    return f"{answer.action}: {'' if answer.moves else f'{answer.value} is '}{', '.join(parts)}"


def _brings(answer: SweepAnswer) -> str | None:
    """Points of accuracy of the weighed value, with their interval."""
    if answer.weighed is None:
        return None
    gain = answer.weighed.gain
    return f"{signed(100 * gain.value)} {span(gain)}"


def _costs(answer: SweepAnswer) -> str | None:
    if answer.weighed is None or not all(map(isfinite, answer.weighed.dollars)):
        return None
    now, there = answer.weighed.dollars
    return f"{dollars(now)} → {dollars(there)}"
