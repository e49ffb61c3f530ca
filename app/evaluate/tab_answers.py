"""What the tabs of the page Evaluate answer, short enough to stand beside their names."""

from __future__ import annotations

from math import isfinite

import numpy as np
import streamlit as st

from app import heeded
from app.evaluate.where import per_task
from cascal.charts.comparison import PRESENT
from cascal.charts.figures import in_percent
from cascal.compare.comparison import Comparison
from cascal.number_format import decimal


def tab_answers(comparison: Comparison) -> dict[str, str]:
    """The answer by the name of its tab; tabs whose answer takes a job have none."""
    right = float(in_percent(np.nanmean(comparison[PRESENT].top1)))
    answers = {"Routers": f"{decimal(right, 1)} %"}
    change = heeded.snapshot().cost.change
    if isfinite(change):
        answers["Cost"] = f"{decimal(100 * abs(change), 0)} % {'less' if change < 0 else 'more'}"
    answers["Where it gains"] = _gains(heeded.token(), comparison)
    chosen = (st.session_state.get(f"router_{side}") for side in "ab")
    first, second = (
        one if one in comparison.keys else default
        for one, default in zip(chosen, (PRESENT, comparison.constant), strict=True)
    )
    _, test, _, _ = comparison.compare(first, second)
    names = {PRESENT: "in use", comparison.constant: comparison.constant_model.name}
    one, other = (names.get(key) or comparison[key].title for key in (first, second))
    answers["Head to head"] = f"{one} {test.only_first:,}, {other} {test.only_second:,}"
    return answers


@st.cache_data(show_spinner=False, max_entries=16)
def _gains(token: str, _comparison: Comparison) -> str:
    table = per_task(_comparison, [])
    return f"{int((table['low'] > 0).sum())} of {len(table):,}"
