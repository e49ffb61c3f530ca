"""Two saved runs in a real browser: without a difference, with one, and the way to the map."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import cascal

from .conftest import idle, shot

pytestmark = pytest.mark.browser


@pytest.fixture
def runs_are_deleted(workspace) -> Iterator[None]:
    """After the test the workspace has no run again."""
    yield
    store = cascal.Workspace(workspace)
    for run in store.runs():
        store.delete_run(run.name)


def save(one, name: str, n_runs: int) -> None:
    one.page.get_by_label("Save the present state as").fill(name)
    one.page.get_by_role("button", name="Save", exact=True).click()
    one.page.get_by_role("heading", name=f"Saved runs ({n_runs})").wait_for()
    idle(one.page)


def choose(one, label: str, option: str) -> None:
    field = one.page.get_by_role("combobox", name=label)
    if not field.is_visible():
        one.page.get_by_text("Compare other states").click()
    field.wait_for()
    field.scroll_into_view_if_needed()
    one.page.wait_for_timeout(300)  # scrolling closes a list that is open
    field.click()
    one.page.get_by_role("option", name=option, exact=True).click()
    idle(one.page)


def headline(one) -> str:
    return one.page.get_by_role("heading", level=1).inner_text()


@pytest.mark.usefixtures("runs_are_deleted")
def test_two_saved_runs_are_compared_and_lead_to_the_map(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/runs")
    assert headline(one).startswith("Nothing changed since the defaults")
    save(one, "first", 1)
    save(one, "again", 2)
    choose(one, "Now", "Run again")
    choose(one, "Before", "Run first")
    assert headline(one).startswith("Nothing changed since run “first”, saved 20")
    one.open(f"{dashboard}/runs?merge=0.4")
    save(one, "merged", 3)
    choose(one, "Now", "Run merged")
    choose(one, "Before", "Run first")
    assert " run “first”: " in headline(one)
    assert headline(one).endswith(", because merge distance 0.15 → 0.4")
    tile = one.page.get_by_test_id("stMetric").filter(has_text="Go to another model")
    n_flipped = tile.get_by_test_id("stMetricValue").inner_text()
    shot(one.page, "runs-compared")
    one.page.get_by_role("button", name="Show them on the map").click()
    chosen = one.page.locator(".st-key-chosen", has_text="2,000 test queries: flipped")
    chosen.wait_for(timeout=30_000)
    assert chosen.inner_text().count(f"{n_flipped} of 2,000")
    one.clean()
