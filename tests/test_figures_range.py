"""An axis holds what is drawn on it, with its intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cascal import charts
from cascal.charts.figures import in_words, interval_texts, round_range
from cascal.charts.name_places import free_sides


@pytest.mark.parametrize("values", [[0.695, 0.971], [0.0, 0.27], [-3.2, 11.8], [0.5], [0.0, 1e-9]])
def test_the_ends_hold_every_value(values):
    low, high = round_range(values)
    assert low < min(values)
    assert high > max(values)


def test_without_a_value_the_axis_is_left_alone():
    assert round_range([float("nan")]) is None
    assert round_range([]) is None


def test_an_interval_figure_holds_its_intervals():
    table = pd.DataFrame(
        {"name": ["a", "b"], "mean": [0.7, np.nan], "low": [0.6, np.nan], "high": [0.99, np.nan]}
    )
    low, high = charts.interval_figure(table, "name", "mean", {}).layout.xaxis.range
    assert low < 0.6
    assert high > 0.99


def test_names_stand_above_their_rows_and_every_row_has_room():
    names = ["a short one", "Always asking a model of a long name"]
    table = pd.DataFrame({"name": names, "mean": [0.7, 0.8], "low": [0.6, 0.7], "high": [0.8, 0.9]})
    layout = charts.interval_figure(table, "name", "mean", {}).layout
    assert [(one.text, one.y, one.x) for one in layout.annotations] == [
        (f"<b>{0.7 + row / 10:.3f}</b>  {name}", row, 0) for row, name in enumerate(names)
    ]
    assert all(one.yshift > 10 for one in layout.annotations)
    assert not layout.yaxis.showticklabels
    bottom, top = layout.yaxis.range
    pixels = layout.height / (bottom - top)
    assert -top * pixels > layout.annotations[0].yshift + 8, "the first name is on the chart"


def test_names_of_points_that_nearly_touch_leave_room_between_them():
    x, y = np.array([100.0, 104.0, 300.0]), np.array([100.0, 100.0, 100.0])
    left, right, far = free_sides(x, y, [0, 1, 2], ["AVENGERS", "map", "far"], [False] * 3)
    assert (left, far) == ("top left", "top left")
    assert right not in ("top left", "top right"), "beside the first name there is no room above"


def test_a_name_that_must_stand_covers_as_few_points_as_can_be():
    """Points lie above and left of it, and one right below it."""
    x = np.array([100.0, 80.0, 85.0, 90.0, 80.0, 85.0, 120.0, 125.0, 120.0])
    y = np.array([100.0, 110.0, 112.0, 114.0, 85.0, 90.0, 110.0, 112.0, 90.0])
    assert free_sides(x, y, [0], ["In use"], [True]) == ["bottom right"]
    assert free_sides(x, y, [0], ["In use"], [False]) == [None]


def test_the_zero_line_stops_below_the_name_of_every_row():
    """A name stands from 0.2 to 0.6 rows above its line, so the next one from 0.4 below it."""
    frame = pd.DataFrame(
        {"name": list("abc"), "gain": [-1.0, 0.0, 2.0], "low": -2.0, "high": 3.0, "queries": 9}
    )
    figure = charts.gain_figure(frame, "#000000", "#ffffff")
    spans = [(shape.y0, shape.y1) for shape in figure.layout.shapes]
    assert len(spans) == 3
    assert all(row - 0.2 < top < row < end < row + 0.4 for row, (top, end) in enumerate(spans))
    assert not figure.layout.xaxis.zeroline


def test_every_row_has_its_value_beside_its_name_and_a_line_to_its_point():
    frame = pd.DataFrame(
        {"name": list("ab"), "gain": [-1.04, 2.0], "low": -2.0, "high": 3.0, "queries": 9}
    )
    layout = charts.gain_figure(frame, "#000000", "#ffffff").layout
    assert [one.text for one in layout.annotations] == ["<b>−1.0</b>  a", "<b>+2.0</b>  b"]
    assert layout.yaxis.showgrid
    assert list(layout.yaxis.tickvals) == [0, 1]
    shares = pd.DataFrame({"name": ["a"], "mean": [0.813], "low": [0.7], "high": [np.nan]})
    layout = charts.interval_figure(shares, "name", "mean", {}, percent=True).layout
    assert layout.annotations[0].text == "<b>81.3 %</b>  a"


def test_the_cost_chart_shows_where_routers_are_and_names_what_is_in_use_and_recommended():
    table = pd.DataFrame(
        {
            "what": ["a router", "CASCAL", "CASCAL, all cheap"],
            "asks": "1 model",
            "kind": ["nothing", "curve", "curve"],
            "weight": [np.nan, 0.0, 9.0],
            "cost": [2.0, 1.0, 0.01],
            "quality": [70.0, 80.0, 41.0],
            "pareto": [False, True, True],
        }
    )
    figure = charts.cost_figure(table, "#123456", 0.0)
    low, high = figure.layout.yaxis.range
    assert 60 < low < 70 < 80 < high
    assert figure.layout.xaxis.range[0] > -1, "the cheap weight is out of sight"
    present = figure.data[-1]
    assert (list(present.x), list(present.y)) == ([1.0], [80.0])
    assert present.name == "The router in use"
    assert names_on(figure) == ["<b>In use</b>"]
    other = charts.cost_figure(table, "#123456", 0.0, (0.5, 79.0))
    assert names_on(other) == ["<b>In use</b>", "<b>To ship</b>"]
    assert (other.data[-1].name, list(other.data[-1].x)) == ("To ship", [0.5])
    taught = table.assign(kind=["labels", "curve", "curve"], pareto=[True, True, False])
    taught["quality"] = [85.0, 80.0, 41.0]
    assert "a router (needs labels)" in names_on(charts.cost_figure(taught, "#123456", 0.0))
    same = charts.cost_figure(table, "#123456", 0.0, (1.0, 80.0))
    assert names_on(same) == ["<b>In use, to ship</b>"]
    assert sum("to ship" in (one.name or "").lower() for one in same.data) == 1


def names_on(figure) -> list[str]:
    """The names beside the points of a chart, the marked ones first."""
    named = [one for one in figure.data if "text" in (one.mode or "")]
    return [name for one in (*named[1:], named[0]) for name in one.text]


def test_what_is_in_use_and_recommended_is_named_first_and_weights_only_left_above_their_points():
    weights = np.arange(8)
    table = pd.DataFrame(
        {
            "what": "CASCAL",
            "asks": "1 model",
            "kind": "curve",
            "weight": weights.astype(float),
            "cost": np.linspace(2.0, 1.9, 8),
            "quality": 80.0 - weights / 10,
            "pareto": True,
        }
    )
    figure = charts.cost_figure(table, "#123456", 0.0, (1.95, 79.65))
    assert names_on(figure)[:2] == ["<b>In use</b>", "<b>To ship</b>"]
    (names,) = [one for one in figure.data if one.mode == "text"]
    assert set(names.textposition) <= {"top left"}


def test_intervals_in_tables_have_the_minus_of_typesetting():
    table = pd.DataFrame({"gain": [3.1, np.nan], "low": [-1.1, np.nan], "high": [7.3, np.nan]})
    assert interval_texts(table, ("gain", "low", "high"), sign=True) == ["+3.1 [−1.1, +7.3]", ""]


@pytest.mark.parametrize(
    ("values", "percent", "texts"),
    [
        ([0.641, 0.638, 0.5], False, ["0.641", "0.638", "0.500"]),
        ([0.64, 0.64, 0.5], False, ["0.640", "0.640", "0.500"]),
        ([0.64, 0.64 + 1e-12, np.nan], False, ["0.640", "0.640", "–"]),
        ([81.34, 79.0], True, ["81.3 %", "79.0 %"]),
        ([0.65432, 0.6537, 0.6], False, ["0.6543", "0.6537", "0.6000"]),
    ],
)
def test_values_beside_names_have_one_number_of_digits(values, percent, texts):
    assert in_words(np.array(values), percent=percent) == texts


def test_a_name_keeps_clear_of_the_line_of_another_point():
    x, y, ends = np.array([100.0, 20.0]), np.array([50.0, 58.0]), np.array([140.0, 160.0])
    assert free_sides(x, y, [0], ["model"], [False]) == ["top left"]
    assert free_sides(x, y, [0], ["model"], [False], ends=ends) == ["bottom right"]
