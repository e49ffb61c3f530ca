"""The first typed query waits for no encoder: that is loaded while the reader types."""

from __future__ import annotations

import time

import pytest

from .conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.bench]
BUDGET_SECONDS = 3.0
"""What an idle machine should stay below; printed beside what was measured."""
LIMIT_SECONDS = 6.0
"""What fails the test: twice as much, for a machine that shares its two cores (4.7 measured)."""


def test_the_first_query_is_answered_soon_after_the_page_is_there(serve, workspace, reader):
    fresh = serve(ROOT / "app" / "server.py", {"CASCAL_WORKSPACE": str(workspace)})
    one = reader()
    one.page.goto(f"{fresh}/route")
    field = one.page.locator("textarea").first
    field.wait_for(timeout=90_000)
    began = time.monotonic()
    field.fill("What does a loop print that appends squares to a list?")
    one.page.keyboard.press("Control+Enter")
    one.page.get_by_role("heading", level=1, name="cedar-code").wait_for(timeout=60_000)
    seconds = time.monotonic() - began
    print(f"first query answered after {seconds:.1f} s; budget {BUDGET_SECONDS:.0f} s")
    assert seconds < LIMIT_SECONDS
    one.clean()
