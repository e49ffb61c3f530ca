"""What a browser sends of a chart is read as a click or a level, or as nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.diagnose.live_chart import Click, Line, read_click

LINE = Line(name="level", at=0.1, ends=(0.0, 0.5), step=0.01, values=np.array([0.1, 0.2]))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (0.123, 0.12),
        (0.125001, 0.13),
        (-3, 0.0),
        (0.9, 0.5),
        (0.30000000000000004, 0.3),
        (math.nan, None),
        (math.inf, None),
        (None, None),
        ("0.2", None),
        (True, None),
        ({"y": 0.2}, None),
    ],
)
def test_a_line_is_let_go_on_a_step_between_its_ends(raw, value):
    assert LINE.read(raw) == value


@pytest.mark.parametrize(
    ("raw", "click"),
    [
        ({"x": 2, "y": 5, "meta": None}, Click(x=2.0, y=5.0, meta=None)),
        ({"x": 3, "y": 0.2, "meta": 7}, Click(x=3.0, y=0.2, meta=7)),
        ({"x": 3}, None),
        ({"x": "law", "y": 1}, None),
        ({"x": 1, "y": 1, "meta": "m"}, None),
        (None, None),
        ("click", None),
    ],
)
def test_a_click_is_a_point_with_the_number_of_its_trace(raw, click):
    assert read_click(raw) == click
