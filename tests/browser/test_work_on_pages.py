"""What is done on a page in a real browser: a data set in three steps, an experiment."""

from __future__ import annotations

import re

import pytest

from . import test_dashboard
from .conftest import idle, shot

pytestmark = pytest.mark.browser
empty_dashboard = test_dashboard.empty_dashboard


def test_a_data_set_is_made_in_three_steps_and_its_cost_is_said_before(reader, empty_dashboard):
    """Simulated models are asked, which need no key and no network."""
    one = reader()
    page = one.page
    one.open(f"{empty_dashboard}/collect")
    assert page.get_by_role("heading", level=1).inner_text().startswith("First have queries")
    page.get_by_label("Queries a task").fill("2")
    page.keyboard.press("Tab")
    page.get_by_text("Then 48 calls of 8 models").wait_for(timeout=30_000)
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("All queries are there").wait_for(timeout=90_000)
    idle(page, 60_000)
    title = page.get_by_role("heading", level=1).inner_text()
    assert title.startswith("48 calls for about $")
    assert title.endswith("complete “generated”")
    assert one.metric("Calls") == "48"
    assert one.metric("Cost, about").startswith("$")
    shot(page, "collect-cost-ahead")
    page.get_by_role("button", name="Collect 48 responses").click()
    page.get_by_text("Everything is collected").wait_for(timeout=90_000)
    idle(page, 60_000)
    shot(page, "collect-done")
    one.clean()


def test_an_experiment_is_run_from_the_page_and_says_whether_it_passed(reader, dashboard):
    one = reader()
    page = one.page
    one.open(f"{dashboard}/evaluate")
    page.wait_for_selector(".st-key-routers .main-svg", timeout=120_000)
    page.get_by_role("tab", name="Experiments").click()
    idle(page)
    page.get_by_role("combobox", name="Experiment").first.click()
    page.get_by_role("option", name="mmd: ").click()
    idle(page)
    page.get_by_role("button", name="Run it").click()
    page.get_by_text("Target: ").first.wait_for(timeout=120_000)
    idle(page, 60_000)
    assert page.get_by_text(re.compile("^(Passed|Failed)$")).first.is_visible()
    shot(page, "experiment-run")
    one.clean()
