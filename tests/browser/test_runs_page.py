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
    assert headline(one).startswith("Nothing changed since the pinned state (the defaults")
    save(one, "first", 1)
    save(one, "again", 2)
    choose(one, "What", "Run again")
    choose(one, "Against", "Run first")
    assert headline(one).startswith("Nothing changed since run “first”, saved 20")
    one.open(f"{dashboard}/runs?merge=0.4")
    save(one, "merged", 3)
    choose(one, "What", "Run merged")
    choose(one, "Against", "Run first")
    assert "queries go elsewhere than in run “first”" in headline(one)
    cause, n_flipped = headline(one).split(" of ")[0].split(": ")
    assert cause == "Merge distance 0.15 → 0.4"
    shot(one.page, "runs-compared")
    one.page.get_by_role("button", name="Show them on the map").click()
    chosen = one.page.locator(".st-key-chosen", has_text="2,000 test queries: flipped")
    chosen.wait_for(timeout=30_000)
    assert chosen.inner_text().count(f"{n_flipped} of 2,000")
    one.clean()
