"""The connection of a page outlives moves that follow each other faster than their answers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import CONNECTED, idle

pytestmark = pytest.mark.browser
SCRIPT = """\
import streamlit as st

@st.fragment
def large() -> None:
    st.text(20_000 * st.radio("Letter", ["a", "b", "c"]))

large()
"""
LATE = """window.late = 0
window.WebSocket = class extends WebSocket {
  addEventListener(kind, heard, ...rest) {
    let before = Promise.resolve()
    const afterwards = event => {
      const due = performance.now() + window.late
      before = before.then(() => new Promise(next =>
        setTimeout(() => { heard(event); next() }, due - performance.now())))
    }
    return super.addEventListener(kind, kind === 'message' ? afterwards : heard, ...rest)
  }
}"""
"""What the server sends arrives `window.late` ms later, in its order, as on a busy machine."""


def test_moves_faster_than_their_answers_do_not_end_the_connection(serve, window, tmp_path):
    """The third letter makes a browser forget the first, which is asked for before it answers."""
    script = tmp_path / "letters.py"
    script.write_text(SCRIPT, encoding="utf-8")
    page = window()
    page.add_init_script(LATE)
    page.goto(serve(script))
    idle(page)
    radio = page.get_by_test_id("stRadio")
    radio.get_by_text("b", exact=True).click()
    idle(page)
    page.evaluate("() => { window.late = 1000 }")
    for letter in "ca":
        radio.get_by_text(letter, exact=True).click()
        page.wait_for_timeout(300)
    page.wait_for_function("() => document.body.innerText.includes('aaaa')", timeout=30_000)
    page.wait_for_timeout(1000)  # until what came after the letters has arrived
    expect(page.locator(CONNECTED)).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)
