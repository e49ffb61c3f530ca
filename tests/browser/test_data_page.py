"""The page Data in a real browser: a cell leads to its queries, and names stay whole."""

from __future__ import annotations

import pytest

from .conftest import Reader, idle, shot

pytestmark = pytest.mark.browser
IN_VIEW = """() => { const {top} = document.querySelector('.st-key-queries_list')
  .getBoundingClientRect(); return top >= 0 && top < innerHeight / 3 }"""
LINES = """() => [...document.querySelectorAll('h1 em')].map(one => one.getClientRects().length)"""


@pytest.mark.parametrize("width", [1440, 420])
def test_a_cell_brings_its_queries_into_view_and_names_do_not_break(reader, dashboard, width):
    one: Reader = reader(width=width, height=900)
    one.open(f"{dashboard}/data")
    page = one.page
    page.wait_for_function("() => document.querySelector('h1').innerText.startsWith('The votes')")
    idle(page)
    assert set(page.evaluate(LINES)) <= {1}
    assert "*" not in page.locator("h1").inner_text()
    assert not page.evaluate(IN_VIEW)
    page.locator("[data-testid=stDataFrame]").first.click(position={"x": 200, "y": 140})
    page.wait_for_function(IN_VIEW, timeout=20_000)
    idle(page)
    shot(page, f"data-cell-{width}")
    assert "training queries: task" in page.locator(".st-key-chosen").inner_text()
    assert "*" not in page.locator(".st-key-chosen").inner_text()
    one.clean()
