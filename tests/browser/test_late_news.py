"""A click that sets controls, and a message of a browser that has not heard of it yet."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .conftest import REVISION, idle

pytestmark = pytest.mark.browser


class Line:
    """The web socket of a page; what the server says can be held back for a while."""

    def __init__(self, page) -> None:
        self.held: list[str | bytes] | None = None
        self.n_asked = 0
        page.route_web_socket(re.compile("/_stcore/stream"), self._connect)

    def _connect(self, browser) -> None:
        server = browser.connect_to_server()

        def ask(message) -> None:
            self.n_asked += 1
            server.send(message)

        def hear(message) -> None:
            (browser.send if self.held is None else self.held.append)(message)

        browser.on_message(ask)
        server.on_message(hear)
        self._to_browser = browser.send

    def hold(self) -> None:
        self.held = []

    def release(self) -> None:
        held, self.held = self.held, None
        for message in held:
            self._to_browser(message)


def asked(page, line: Line, before: int) -> None:
    """Wait until the browser has sent a message more."""
    for _ in range(100):
        if line.n_asked > before:
            return
        page.wait_for_timeout(50)
    raise AssertionError("The browser has sent nothing.")


def test_what_a_click_set_is_not_set_back_by_what_the_browser_showed_before(window, dashboard):
    page = window(1400, 900)
    line = Line(page)
    page.goto(f"{dashboard}/map")
    idle(page)
    merge = page.get_by_role("slider", name="Merge distance")
    voters = page.get_by_role("slider", name="Models, where several vote")
    undo = page.get_by_role("button", name="Undo", exact=True)
    merge.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(merge).to_have_value("0.19")
    expect(undo).to_be_enabled(timeout=30_000)
    idle(page)
    line.hold()
    for act in (undo.click, lambda: voters.press("ArrowRight")):  # the second knows no outcome
        before = line.n_asked
        act()
        asked(page, line, before)
    line.release()
    page.wait_for_url(re.compile("top_k=4"), timeout=30_000)
    idle(page)
    expect(merge).to_have_value("0.15")
    expect(voters).to_have_value("4")
    assert "merge=" not in page.url


def test_a_step_taken_again_right_after_undo_is_shown_as_it_counts(window, dashboard):
    """It is as if the browser had not heard of undo; a slower reader's step would count."""
    page = window(1400, 900)
    page.goto(f"{dashboard}/map")
    idle(page)
    merge = page.get_by_role("slider", name="Merge distance")
    undo = page.get_by_role("button", name="Undo", exact=True)
    merge.press("ArrowRight")
    idle(page)
    undo.click()
    expect(merge).to_have_value("0.15")
    merge.press("ArrowRight")
    idle(page)
    counted = re.search(r"merge_distance=([\d.]+)", page.evaluate(REVISION))
    expect(merge).to_have_value(counted[1])
