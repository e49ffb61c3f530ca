"""Figures of the browser are rounded as the texts beside them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from cascal import charts
from cascal.charts.latency import KINDS
from cascal.intervals import Estimate
from cascal.number_format import decimal, percent, signed
from cascal.verdicts.verdict import points


@pytest.mark.parametrize(
    ("n_right", "told"),
    [(1605, "80.3"), (1641, "82.1"), (257, "12.9"), (1601, "80.1"), (1600, "80.0")],
)
def test_percent_is_rounded_by_the_browser_as_in_texts(n_right, told):
    share = n_right / 2000
    [shown] = charts.in_percent([share])
    by_javascript = Decimal(float(shown)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert percent(share, 1) == f"{told} %"
    assert (f"{shown:.1f}", str(by_javascript)) == (told, told)
    assert shown == pytest.approx(100 * share, abs=1e-8)


@pytest.mark.parametrize(("share", "told"), [(0.565, "57"), (0.575, "58"), (0.005, "1")])
def test_whole_percent_are_rounded_by_the_browser_as_in_texts(share, told):
    [shown] = charts.in_percent([share])
    by_javascript = Decimal(float(shown)).quantize(Decimal(1), ROUND_HALF_UP)
    assert percent(share) == f"{told} %"
    assert (f"{shown:.0f}", str(by_javascript)) == (told, told)


def test_unknown_shares_stay_unknown():
    assert np.isnan(charts.in_percent([np.nan])).all()


SHARES = pd.DataFrame(
    {"name": ["a", "b"], "mean": [0.802, 0.6], "low": [0.7, np.nan], "high": [0.9, np.nan]}
)
ROUTERS = pd.DataFrame(
    {
        "router": ["a"],
        "key": ["a"],
        "symbol": ["circle"],
        "cost": [np.nan],
        **{f"{name}{end}": [80.2] for name in ("top1", "gain") for end in ("", "_low", "_high")},
    }
)
POINTS = pd.DataFrame(
    {
        "what": ["a", "CASCAL"],
        "asks": "1 model",
        "kind": ["model", "curve"],
        "weight": [np.nan, 0.0],
        "cost": [1.0, 2.0],
        "quality": [80.2, 82.0],
        "pareto": True,
    }
)
WAITS = pd.DataFrame(
    {"what": ["a"], "kind": [KINDS["model"]], "median": [1.0], "slow": [2.0], "quality": [80.2]}
)
SIZES = pd.DataFrame(
    {"queries": [100, 200], "top1": 80.2, "top1_low": 79.0, "top1_high": 81.0, "vote": 82.0}
)
TASKS = pd.DataFrame(
    {
        "task": "law",
        "model": [f"m{at}" for at in range(20)],
        "mean": 0.802,
        "low": 0.75,
        "high": 0.85,
        "queries": 50,
    }
)
ALIKE = pd.DataFrame([[1.0, 0.802], [0.802, 1.0]], index=["a", "b"], columns=["a", "b"])


def test_the_line_beside_the_scaling_curve_bears_the_name_of_its_model():
    figure = charts.scaling_figure(SIZES, "#123456", 70.0, "atlas-large")
    names = [one.name for one in figure.data if one.name]
    assert names == ["First model", "Vote of 3", "Always atlas-large"]
    assert figure.data[-1].hovertemplate.startswith("Always atlas-large: ")


@pytest.mark.parametrize(
    "figure",
    [
        charts.interval_figure(SHARES, "name", "mean", {}, percent=True),
        charts.share_figure(["a", "b"], np.array([0.802, 0.198]), {}),
        charts.agreement_figure(ALIKE, ("#000000", "#FFFFFF")),
        charts.task_skills_figure(TASKS, ("#000000", "#FFFFFF"), percent=True),
        charts.routers_figure(ROUTERS, "top1", "#123456", ["a"]),
        charts.cost_figure(POINTS, "#123456", 0.0),
        charts.latency_figure(WAITS, "#123456"),
        charts.scaling_figure(SIZES, "#123456", 70.0, "a"),
    ],
    ids=lambda figure: f"{type(figure.data[0]).__name__} {figure.layout.height}",
)
def test_charts_write_percent_with_a_space_as_texts_do(figure):
    """Values are in percent, their hovers say so, and so does an axis or the colour key."""
    hovers = [one.hovertemplate for one in figure.data if one.hovertemplate]
    assert hovers
    assert all("f} %" in one and not re.search(r"%\}|\d%", one) for one in hovers)
    keys = [one.colorbar for one in figure.data if isinstance(one, go.Heatmap)]
    scales = [*keys, figure.layout.xaxis, figure.layout.yaxis]
    assert [one.ticksuffix for one in scales].count(" %") == 1
    assert not any("%" in (one.tickformat or "") for one in scales)
    drawn = [getattr(one, name, None) for one in figure.data for name in ("x", "y", "z")]
    assert any(80.2 in np.ravel(values) for values in drawn if values is not None)


def test_a_gain_is_in_points_not_in_percent():
    figure = charts.routers_figure(ROUTERS, "gain", "#123456", ["a"])
    assert "f} %" not in figure.data[0].hovertemplate
    assert figure.layout.xaxis.ticksuffix is None


def test_no_chart_lets_the_browser_write_the_percent_sign():
    rooms = Path(charts.__file__).parent
    for path in sorted(rooms.glob("*.py")):
        assert not re.search(r"[.\d~]%[\"}']", path.read_text(encoding="utf-8")), path.name


def test_a_minus_is_as_wide_as_a_plus():
    assert [signed(number) for number in (-0.94, 1.8, 0.0)] == ["−0.9", "+1.8", "0.0"]
    assert [decimal(-0.1234, 3), decimal(0.5, 2)] == ["−0.123", "0.50"]
    assert points(Estimate(0.004, -0.001, 0.009, 500)) == "+0.4 points [−0.1, +0.9]"
