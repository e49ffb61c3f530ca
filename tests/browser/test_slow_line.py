"""A server that has drawn a page and not yet sent it when the next move comes."""

from __future__ import annotations

import urllib.request

import pytest
from playwright.sync_api import expect

from .conftest import ROOT, idle

pytestmark = pytest.mark.browser
SERVER = """\
import streamlit as st
import streamlit.runtime.runtime as runtime
from app.server import parts
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def pause(request):
    runtime.MESSAGE_FLUSH_INTERVAL_SECS = float(request.path_params["seconds"])
    return PlainTextResponse("")


given = parts()
given["routes"].insert(0, Route("/pause/{{seconds}}", pause))
app = st.App({script!r}, **given)
"""


@pytest.fixture(scope="module")
def slow(serve, workspace, tmp_path_factory):
    script = tmp_path_factory.mktemp("slow") / "server.py"
    script.write_text(SERVER.format(script=str(ROOT / "app" / "main.py")))
    return serve(script, {"CASCAL_WORKSPACE": str(workspace)})


def pause(url: str, seconds: float) -> None:
    """From now on it sends what it has once in so many seconds."""
    urllib.request.urlopen(f"{url}/pause/{seconds}", timeout=10).read()  # noqa: S310 (loopback)


def test_a_step_before_the_first_one_was_answered_can_be_undone(window, slow):
    page = window(1400, 900)
    page.goto(f"{slow}/map")
    idle(page)
    undo = page.get_by_role("button", name="Undo", exact=True)
    merge = page.get_by_role("slider", name="Merge distance")
    pause(slow, 1.5)
    merge.press("ArrowRight")
    page.wait_for_timeout(800)  # until the server has drawn what it will not send before the next
    merge.press("ArrowRight")
    expect(merge).to_have_value("0.17")
    expect(undo).to_be_enabled(timeout=10_000)
    pause(slow, 0.005)
    idle(page)
    while undo.is_enabled():  # once, or twice where the steps came too slowly to be one move
        undo.click()
        idle(page)
    expect(merge).to_have_value("0.15")


def test_what_a_button_set_is_shown_though_a_step_comes_before_it_was(window, slow):
    page = window(1400, 900)
    page.goto(f"{slow}/map")
    idle(page)
    merge = page.get_by_role("slider", name="Merge distance")
    voters = page.get_by_role("slider", name="Models, where several vote")
    merge.press("ArrowRight")
    idle(page)
    pause(slow, 1.5)
    page.get_by_role("button", name="Reset", exact=True).click()
    page.wait_for_timeout(800)  # as above
    voters.press("ArrowRight")
    expect(merge).to_have_value("0.15", timeout=10_000)
    expect(voters).to_have_value("4")
    pause(slow, 0.005)
    idle(page)
    assert "merge=" not in page.url
    assert "top_k=4" in page.url


def test_a_part_asked_for_before_all_of_the_page_was_sent_stands_in_a_whole_page(window, slow):
    page = window(1400, 900)
    page.goto(f"{slow}/map")
    idle(page)
    voters = page.get_by_role("slider", name="Models, where several vote")
    seen = []
    for seconds in (0.005, 1.5):
        page.get_by_text("Test queries", exact=True).first.click()
        idle(page)
        voters.press("ArrowRight")
        idle(page)
        pause(slow, seconds)
        page.get_by_role("button", name="Reset", exact=True).click()
        page.wait_for_timeout(800)  # as above
        page.get_by_text("Training queries", exact=True).first.click()
        expect(voters).to_have_value("3", timeout=10_000)
        pause(slow, 0.005)
        idle(page)
        page.wait_for_timeout(2000)  # so long what Reset has set is held
        seen.append(page.locator("[data-testid=stApp]").inner_text())
    assert seen[0] == seen[1]
