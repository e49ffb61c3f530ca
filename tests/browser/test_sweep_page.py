"""Sweep opens with all thresholds in one table; a click on one shows its curve."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .conftest import idle

pytestmark = pytest.mark.browser
HEADER, ROW = 35, 33
"""Pixels of a table's rows."""


def test_a_click_on_a_threshold_shows_its_curve_and_a_move_is_proven_and_undone(reader, dashboard):
    one = reader(height=900)
    one.open(f"{dashboard}/sweep")
    moved = one.page.get_by_role(
        "heading", level=1, name=re.compile("^Move cost weight to .* leave")
    )
    moved.wait_for(timeout=60_000)
    idle(one.page, 60_000)
    table = one.page.get_by_test_id("stDataFrame").first
    for row, title in ((2, re.compile("joining", re.I)), (1, re.compile("merge distance", re.I))):
        table.click(position={"x": 60, "y": HEADER + round((row + 0.5) * ROW)})
        one.page.get_by_role("heading", level=3, name=title).wait_for(timeout=30_000)
        idle(one.page, 60_000)
    one.page.get_by_role("button", name="Use cost weight").click()
    one.page.get_by_text("In use: cost weight 0 →").wait_for(timeout=60_000)
    idle(one.page, 60_000)
    one.page.locator(".st-key-undo_value").get_by_role("button").click()
    moved.wait_for(timeout=60_000)
    one.clean()


def test_on_a_phone_the_answer_its_button_and_what_to_do_with_each_are_on_the_first_screen(
    reader, dashboard
):
    one = reader(width=420, height=900)
    one.open(f"{dashboard}/sweep")
    button = one.page.get_by_role("button", name="Use cost weight")
    button.wait_for(timeout=60_000)
    idle(one.page, 60_000)
    lines = one.page.locator(".st-key-sweep_lines")
    expect(lines).to_contain_text("intervals of 95 % hold for all values")
    expect(lines).to_contain_text(re.compile(r"Move 0 → [\d.]+: .* points, \$.* per 1,000"))
    for part in (button, lines):
        box = part.bounding_box()
        assert box["y"] + box["height"] < 900
        assert box["x"] + box["width"] <= 420
    control = one.page.locator(".st-key-sweep_name").get_by_role("radio")
    assert len({round(each.bounding_box()["y"]) for each in control.all()}) == 1
    one.clean()
