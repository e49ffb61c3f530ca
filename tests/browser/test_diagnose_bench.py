"""The silhouette bench in a real browser: cells by click, the threshold as a line."""

from __future__ import annotations

import itertools
import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import expect

from .conftest import idle, shot

pytestmark = pytest.mark.browser

BENCH = ".st-key-silhouette_bench .cascal-live"
BY_K = ".st-key-silhouette_by_k .cascal-live"
CELL = """([selector, x, y]) => {
  const gd = document.querySelector(selector + ' .cl-plot'), box = gd.getBoundingClientRect();
  const {xaxis, yaxis} = gd._fullLayout;
  return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)] }"""


def opened(one, dashboard: str, query: str = "") -> None:
    one.open(f"{dashboard}/diagnose?dataset=demo{query}")
    one.page.wait_for_selector(f"{BY_K}[data-drawn]", timeout=60_000)


def place(page, selector: str, x: float, y: float) -> tuple[float, float]:
    """Where a point of a chart is on the screen, after the chart was moved into view."""
    page.locator(selector).scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    return tuple(page.evaluate(CELL, [selector, x, y]))


def threshold(page) -> float:
    return float(page.get_by_role("slider", name="Min silhouette").input_value())


def chosen(page) -> tuple[str, str]:
    boxes = [page.locator(f".st-key-silhouette_{name} input") for name in ("task", "model")]
    return tuple(box.input_value() for box in boxes)


def link(page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def drag_line(page, to: float) -> None:
    """Take the line at its left end and let it go at a silhouette."""
    idle(page, 60_000)  # a page that is still drawn moves the line away from the pointer
    x, y = place(page, BY_K, 2.0, float(page.locator(BY_K).get_attribute("data-at")))
    page.mouse.move(x, y)
    page.mouse.down()
    end = page.evaluate(CELL, [BY_K, 2.0, to])
    for step in (0.3, 0.7, 1.0):
        page.mouse.move(x, y + step * (end[1] - y))
    page.mouse.up()


def line_is_at(page, value: float) -> None:
    page.wait_for_selector(f"{BY_K}[data-at='{value:g}']", timeout=30_000)


def test_the_line_is_dragged_snaps_and_one_undo_takes_it_back(reader, dashboard):
    """The keyboard moves it too, and it stops where the slider ends."""
    one = reader(height=1400)
    opened(one, dashboard)
    page, before = one.page, threshold(one.page)
    assert before == 0.05
    page.get_by_text(re.compile("checks passed")).wait_for(timeout=120_000)
    page.evaluate(f"document.querySelector('{BY_K}').marked = true")
    drag_line(page, 0.304)
    line_is_at(page, 0.3)
    assert threshold(page) == 0.3
    assert link(page)["silhouette"] == "0.3"
    page.get_by_text(re.compile(r"min silhouette 0.3: \d+ of 72 splits are used")).wait_for()
    assert page.evaluate(f"document.querySelector('{BY_K}').marked")  # the same chart as before
    shot(page, "bench_line_dragged")
    page.get_by_role("button", name="Undo").click()
    line_is_at(page, 0.05)
    assert threshold(page) == before
    assert page.get_by_role("button", name="Undo").is_disabled()
    page.get_by_role("slider", name="Min silhouette").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    line_is_at(page, 0.08)
    for dragged_to, end in ((0.9, 0.5), (-0.5, 0.0)):
        drag_line(page, dragged_to)
        line_is_at(page, end)
        assert threshold(page) == end
    one.clean()


LINE_LEFT = "([drawing, at]) => document.querySelector(drawing)?.dataset.at !== at"


def place_of_line(page) -> str:
    return page.locator(BY_K).get_attribute("data-at")


def test_a_second_drag_right_after_the_first_is_not_lost_and_undo_takes_the_link_back(
    reader, dashboard
):
    """Two drags within seconds are one move; the link is that of the state as soon as it shows."""
    one = reader(height=1400)
    opened(one, dashboard)
    page, before = one.page, link(one.page)
    page.get_by_text(re.compile("checks passed")).wait_for(timeout=120_000)
    idle(page, 60_000)
    stops = [place(page, BY_K, 2.0, value) for value in (0.05, 0.2, 0.35)]
    for (x, y), (_, end) in itertools.pairwise(stops):  # at once: nothing is drawn in between
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, (y + end) / 2)
        page.mouse.move(x, end)
        page.mouse.up()
    line_is_at(page, 0.35)
    idle(page, 60_000)
    assert threshold(page) == 0.35
    assert place_of_line(page) == "0.35"
    assert link(page)["silhouette"] == "0.35"
    for _ in range(2):
        undo, drawn = page.locator(".st-key-undo button").first, place_of_line(page)
        undo.click()
        page.wait_for_function(LINE_LEFT, arg=[BY_K, drawn], timeout=30_000)
        idle(page, 60_000)
        now = threshold(page)
        assert float(link(page).get("silhouette", "0.05")) == now
        if undo.is_disabled():
            break
    assert now == 0.05
    assert link(page) == before
    one.clean()


def test_an_applied_remedy_keeps_its_proof_and_is_undone(reader, dashboard):
    one = reader(height=1000)
    one.open(f"{dashboard}/diagnose?dataset=demo&share=off&merge=0")
    page = one.page
    page.get_by_text(re.compile("checks passed")).wait_for(timeout=120_000)
    applies = page.locator("[class*='st-key-apply_CAS102'] button")
    try_out = page.locator("[class*='st-key-start_remedies_CAS102'] button")
    if try_out.count():  # those of the first issue are tried out without asking
        try_out.click()
    applies.first.wait_for(timeout=120_000)
    heading = page.locator(".st-key-headline h1", has_text="apply “")
    heading.wait_for(timeout=120_000)
    before = heading.inner_text()
    applies.first.click()
    proof = page.locator(".st-key-proof")
    proof.get_by_text("of the routes flip").wait_for(timeout=120_000)
    proof.get_by_text(re.compile(r"issues? before, \d+ now")).wait_for(timeout=120_000)
    idle(page, 60_000)
    said = proof.inner_text()
    assert re.search(r"\d+ issues before, \d+ now: gone centroid explosion \(CAS102\)", said)
    assert re.search(r"Accuracy [+−]?\d\.\d \[[+−]?\d\.\d+,\s[+−]?\d\.\d+\] points", said)
    shot(page, "diagnose_proof")
    proof.get_by_role("button", name="Undo").click()
    page.get_by_role("heading", name=before).wait_for(timeout=120_000)
    proof.wait_for(state="detached", timeout=60_000)
    assert (link(page)["share"], float(link(page)["merge"])) == ("off", 0.0)
    assert page.get_by_role("button", name="Undo").is_disabled()
    one.clean()


def test_what_makes_a_cluster_coherent_is_applied_to_all_of_the_page_and_undone(reader, dashboard):
    one = reader(height=1000)
    one.open(f"{dashboard}/diagnose?dataset=demo")
    page = one.page
    apply = page.locator("[class*='st-key-apply_cohere'] button").first
    apply.wait_for(timeout=120_000)
    undo = page.locator(".st-key-undo button").first
    before, usual = link(page), undo.is_disabled()
    card = page.locator(".st-key-worst").inner_text()
    name = re.search(r"Incoherent\s+(\S.*)", card)[1]
    assert "Leave it" in card
    assert "Apply anyway" in card
    box = apply.bounding_box()
    assert box["y"] + box["height"] < 900  # what helps is on the first screen
    verdict = page.get_by_role(
        "heading", name=f"{name} is incoherent; no remedy is worth its price"
    )
    verdict.wait_for(timeout=120_000)
    page.get_by_text(re.compile("checks passed")).wait_for(timeout=120_000)
    idle(page, 60_000)
    assert apply.bounding_box() == box  # the checks that come later push nothing
    assert "1 incoherent cluster" in page.locator(".st-key-ways").inner_text()
    shot(page, "diagnose_first_screen")
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 400)")
    apply.click()
    proof = page.locator(".st-key-proof")
    proof.get_by_text("of the routes flip").wait_for(timeout=120_000)
    page.get_by_text(re.compile("checks passed")).wait_for(timeout=120_000)
    idle(page, 60_000)
    page.wait_for_timeout(1_000)  # it scrolls
    box = proof.bounding_box()
    assert 0 < box["y"] < box["y"] + box["height"] < 600
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 1500)")
    page.wait_for_timeout(300)
    assert 0 < proof.bounding_box()["y"] < 200  # it stays in view
    assert "became less coherent: " in proof.inner_text()
    kept = "1 issue before and now: duplicates or leakage (CAS305)"
    proof.get_by_text(kept).wait_for(timeout=120_000)
    assert re.search(
        r"1 → 0 incoherent clusters · mean silhouette .* 0\.\d+ → 0\.\d+ · "
        r"of them below 0: \d+ % → \d % · accuracy",
        proof.inner_text().replace("\N{NO-BREAK SPACE}", " "),
    )
    assert proof.get_by_role("button", name="Undo").is_visible()
    assert not page.locator(".st-key-worst").count()
    assert not page.locator("[class*='st-key-apply_cohere']").count()
    after = link(page)
    moved = {name for name in before | after if before.get(name) != after.get(name)}
    assert usual
    assert moved & {"share", "merge", "silhouette"}
    assert undo.is_enabled()  # it does the same as that of the proof
    proof.get_by_role("button", name="Undo").click()
    proof.wait_for(state="detached", timeout=60_000)
    idle(page, 60_000)
    assert link(page) == before
    assert undo.is_disabled()
    one.clean()


def test_on_a_phone_the_best_remedy_is_on_the_first_screen(reader, dashboard):
    one = reader(width=420, height=900)
    one.open(f"{dashboard}/diagnose?dataset=demo")
    page = one.page
    apply = page.locator("[class*='st-key-apply_cohere'] button").first
    apply.wait_for(timeout=120_000)
    page.get_by_text(re.compile("checks passed")).wait_for(timeout=120_000)
    idle(page, 60_000)
    box = apply.bounding_box()
    assert box["y"] + box["height"] < 760
    links = page.locator(".st-key-ways a")
    expect(links).to_have_count(3)
    for box in (one.bounding_box() for one in links.all()):  # none is cut
        assert 0 <= box["x"] < box["x"] + box["width"] <= 420
    assert page.locator(".st-key-line_CAS305").bounding_box()["height"] < 110
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 420
    shot(page, "diagnose_phone")
    cells = page.locator(".st-key-silhouette_bench .textpoint text")
    cells.first.wait_for(state="attached", timeout=60_000)
    told = cells.all_text_contents()
    assert len(told) == 8 * 9
    assert all(re.fullmatch(r"−?0\.\d\d", one.strip()) for one in told)  # no room for brackets
    apply.click()
    proof = page.locator(".st-key-proof")
    proof.get_by_text("of the routes flip").wait_for(timeout=120_000)
    idle(page, 60_000)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 900)")
    page.wait_for_timeout(300)
    box = proof.bounding_box()
    assert 0 < box["y"] < box["y"] + box["height"] < 500
    proof.get_by_role("button", name="Undo").click()
    proof.wait_for(state="detached", timeout=60_000)
    one.clean()


def test_a_click_on_a_cell_chooses_task_and_model_and_the_link_carries_them(reader, dashboard):
    one = reader(height=1400)
    opened(one, dashboard)
    page = one.page
    page.mouse.click(*place(page, BENCH, 2, 5))
    page.get_by_text(re.compile("strong queries of cedar-code in law")).wait_for()
    idle(page)
    assert chosen(page) == ("law", "cedar-code")
    assert (link(page)["silhouette_task"], link(page)["silhouette_model"]) == ("law", "cedar-code")
    shot(page, "bench_cell_chosen")
    other = reader(height=1400)
    other.open(page.url)
    other.page.wait_for_selector(f"{BY_K}[data-drawn]", timeout=60_000)
    assert chosen(other.page) == ("law", "cedar-code")
    one.clean()
    other.clean()


def test_a_click_on_a_number_of_clusters_chooses_it_and_the_link_carries_it(reader, dashboard):
    one = reader(height=1400)
    opened(one, dashboard, "&silhouette_task=law&silhouette_model=gnat-mini")
    page = one.page
    own = f"document.querySelector('{BY_K} .cl-plot')._fullData.at(-1).y[0]"
    y = page.evaluate(own)
    page.mouse.click(*place(page, BY_K, 2, y))
    page.get_by_role("radio", name="2", checked=True).wait_for()
    idle(page)
    assert link(page)["silhouette_k"] == "2"
    other = reader(height=1400)
    other.open(page.url)
    other.page.get_by_role("radio", name="2", checked=True).wait_for(timeout=60_000)
    one.clean()
    other.clean()


def test_an_incoherent_cluster_opens_on_the_map_with_the_whole_address(reader, dashboard):
    one = reader(height=1000)
    opened(one, dashboard, "&silhouette=0.3&merge=0.1&silhouette_task=law")
    page = one.page
    page.get_by_text(re.compile("checks passed")).wait_for(timeout=120_000)
    idle(page)
    page.locator(".st-key-open_coherent_cluster button").click()
    page.wait_for_selector(".cascal-map[data-drawn='1']", timeout=60_000)
    idle(page)
    assert threshold(page) == 0.3
    assert (link(page)["silhouette"], link(page)["merge"]) == ("0.3", "0.1")
    assert "cluster" in link(page)
    assert not page.get_by_test_id("stException").count()
    one.clean()
