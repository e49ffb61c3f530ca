"""The dashboard as a person uses it, on the demo and on uploaded files, in a real browser."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

import cascal

from .conftest import CONNECTED, ROOT, idle, shot

pytestmark = pytest.mark.browser
PAGES = {
    "": "Overview",
    "data": "Data",
    "map": "Skill map",
    "route": "Route",
    "label": "Label",
    "evaluate": "Evaluate",
    "diagnose": "Diagnose",
    "sweep": "Sweep",
    "collect": "Collect",
    "runs": "Runs",
}
PIXELS = """rows => {
  const gd = document.querySelector('.cm-plot'), box = gd.getBoundingClientRect();
  const {xaxis, yaxis} = gd._fullLayout, {x, y} = gd.data[1];
  return rows.map(i => [box.left + xaxis._offset + xaxis.l2p(x[i]),
                        box.top + yaxis._offset + yaxis.l2p(y[i])]) }"""
BUDGET_MS = 400
"""What an idle machine should stay below; printed beside the measured median."""
LIMIT_MS = 1200
"""What fails the test: two shared cores run server, browser and its software rendering at once."""


@pytest.fixture(scope="session")
def empty_dashboard(serve, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("workspace") / "empty.duckdb"
    return serve(ROOT / "app" / "server.py", {"CASCAL_WORKSPACE": str(path)})


NOTHING_FADES = """() => !document.getAnimations().some(
  one => one instanceof CSSTransition && one.playState === 'running')"""
AXE = """async rules => (await axe.run(document, {runOnly: rules, resultTypes: ['violations']}))
  .violations.map(one => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`)"""
AXE_SCRIPT = Path(axe_playwright_python.__file__).parent / "axe.min.js"
AA = {"type": "tag", "values": ["wcag2a", "wcag2aa"]}
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules of AA that look at colours: the others say the same in light and dark."""
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
OTHER = {"light": "dark", "dark": "light"}


def broken_rules(page, rules=AA) -> list[str]:
    """What axe-core finds on the page at rest; what is drawn anew is faint while axe looks."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT.read_text(encoding="utf-8"))
    for _ in range(3):
        page.wait_for_function(NOTHING_FADES, timeout=30_000)
        if not (found := page.evaluate(AXE, rules)):
            break
        idle(page, 90_000)
    return found


def switch(page, scheme: str) -> None:
    """Make the page light or dark, as a system does in the evening, and wait until it is."""
    before = page.evaluate(f"() => {BACKGROUND}")
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"before => {BACKGROUND} !== before", arg=before, timeout=30_000)
    idle(page, 60_000)


def keeps_the_rules_in_light_and_dark(page, scheme: str, name: str) -> str:
    """Look at a page in the scheme it is in and then in the other one, which is returned."""
    shot(page, f"{name}-{scheme}")
    assert broken_rules(page) == []
    switch(page, OTHER[scheme])
    shot(page, f"{name}-{OTHER[scheme]}")
    assert broken_rules(page, OF_COLOURS) == []
    return OTHER[scheme]


def test_every_page_opens_without_a_complaint_or_a_request_to_elsewhere(reader, dashboard):
    """Nor does it break a rule of WCAG AA that a machine can check, be it light or dark."""
    one, scheme = reader(scheme="light"), "light"
    for path, title in PAGES.items():
        if path:
            one.follow(title)
        else:
            one.open(dashboard)
        assert one.page.get_by_role("link", name=title, exact=True).is_visible()
        assert one.page.get_by_text("Simulated data").first.is_visible()
        assert not one.page.get_by_test_id("stException").count()
        if path == "map":
            one.map_drawn()
        name = f"page-{path or 'overview'}"
        scheme = keeps_the_rules_in_light_and_dark(one.page, scheme, name)
    one.clean()


LOOKED_INTO = {
    "map?query=train-01234": ".st-key-query_card",
    "map?points=test&search=which&only=wrong": ".cascal-map[data-drawn='1']",
    "route": "textarea",
}
"""Pages in the state in which they show most, and what shows that they are there."""


def test_what_a_click_opens_keeps_the_rules_too(reader, dashboard):
    """The card of a query, a filtered map and the trace of a route, with all that unfolds."""
    scheme = "dark"
    page = reader(scheme=scheme, width=1280, height=720).page
    for path, there in LOOKED_INTO.items():
        page.goto(f"{dashboard}/{path}")
        page.wait_for_selector(there, timeout=60_000)
        idle(page, 90_000)
        if path == "route":
            page.get_by_role("button", name="Try a test query").click()
            page.get_by_role("heading", name=re.compile("goes to")).wait_for(timeout=60_000)
            idle(page, 60_000)
        for folded in page.get_by_test_id("stExpander").locator("summary").all():
            folded.click()
            idle(page, 60_000)
        scheme = keeps_the_rules_in_light_and_dark(page, scheme, f"unfolded-{path.split('?')[0]}")


EVALUATE_TABS = ("Routers", "Cost", "Where it gains", "Head to head", "What if", "Experiments")


def test_every_tab_of_evaluate_shows_its_answer_and_keeps_the_rules(reader, dashboard):
    """All routers are compared in a job; then each tab is opened, checked and photographed."""
    scheme = "light"
    page = reader(scheme=scheme, width=1280, height=720).page
    page.goto(f"{dashboard}/evaluate")
    page.wait_for_selector(".st-key-routers .main-svg", timeout=120_000)
    idle(page)
    for tab in EVALUATE_TABS:
        page.get_by_role("tab", name=tab).click()
        idle(page, 90_000)
        assert not page.get_by_test_id("stException").count()
        name = f"evaluate-{tab.split()[0].lower()}"
        scheme = keeps_the_rules_in_light_and_dark(page, scheme, name)


def test_a_running_what_if_shows_progress_and_stops(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/evaluate")
    one.page.wait_for_selector(".st-key-routers .main-svg", timeout=120_000)
    one.page.get_by_role("tab", name="What if").click()
    idle(one.page)
    one.page.get_by_role("button", name="Draw the scaling curve").click()
    one.page.get_by_test_id("stProgress").wait_for(timeout=20_000)
    one.page.get_by_role("button", name="Stop").click()
    one.page.get_by_text("Stopped. Nothing was kept.").wait_for(timeout=60_000)
    one.clean()


def test_a_narrow_window_shows_every_page(reader, dashboard):
    one = reader(width=420, height=900)
    one.open(dashboard)
    for path, title in PAGES.items():
        if path:
            one.follow(title)
        wide = one.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= 420
        if path == "label":  # what is known stands above what can be chosen
            known, chosen = (
                one.page.locator(f".st-key-label_{name}").bounding_box()
                for name in ("headline", "row")
            )
            assert known["y"] < chosen["y"]
        shot(one.page, f"narrow-{path or 'overview'}")


def test_thresholds_change_clusters_flips_and_numbers_and_never_move_a_point(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/map")
    one.map_drawn()
    places = one.page.evaluate(PIXELS, [0, 700, 2500, 4000, 4999])
    clusters = one.metric("Skill clusters")
    assert one.metric("Routes flipped") == "0.0 %"

    one.slide("Min silhouette", "ArrowRight", 30)
    after_silhouette = one.metric("Skill clusters")
    assert int(after_silhouette) < int(clusters)
    assert one.metric("Routes flipped") != "0.0 %"
    assert "pts [" in one.delta("First model right")

    one.page.get_by_role("button", name="Reset", exact=True).click()
    idle(one.page)
    assert one.metric("Skill clusters") == clusters

    one.slide("Merge distance", "ArrowRight", 35)
    assert int(one.metric("Skill clusters")) < int(clusters)
    one.page.get_by_role("button", name="Undo", exact=True).click()
    idle(one.page)

    one.page.get_by_role("radio", name="1 or more").click()
    idle(one.page)
    assert int(one.metric("Skill clusters")) < int(clusters)
    assert "share=1" in one.page.url

    assert one.page.evaluate(PIXELS, [0, 700, 2500, 4000, 4999]) == places
    shot(one.page, "map-thresholds-moved")
    one.clean()


FILLED = """() => {
  const gd = document.querySelector('.cm-plot'), box = gd.getBoundingClientRect();
  const {xaxis, yaxis} = gd._fullLayout, {x, y} = gd.data[1];
  const span = (axis, values) => {
    const at = Array.from(values, v => axis.l2p(v));
    return Math.max(...at) - Math.min(...at) };
  return [span(xaxis, x) / box.width, span(yaxis, y) / box.height] }"""


def test_the_map_has_the_room_and_its_points_fill_the_frame(reader, dashboard):
    """In windows of three widths, one after the other."""
    one = reader(width=1440, height=1400)
    one.open(f"{dashboard}/map")
    one.map_drawn()
    for width, least in ((1440, 650), (1024, 550), (420, 370)):
        one.resize(width, 1400)
        has_the_room(one, least)
    one.clean()


NAMED = """() => ({
  named: [...document.querySelectorAll('.cm-label')]
    .filter(one => one.style.visibility === 'visible').length,
  clusters: document.querySelectorAll('.cm-areas path').length })"""


def test_most_clusters_have_a_name_and_on_a_large_screen_all(reader, dashboard):
    one = reader(width=1440, height=900)
    one.open(f"{dashboard}/map")
    one.map_drawn()
    for width, height, missing in ((1440, 900, 5), (1920, 1080, 0)):
        one.resize(width, height)
        found = one.page.evaluate(NAMED)
        assert found["named"] >= found["clusters"] - missing
        shot(one.page, f"map-names-{width}")
    one.clean()


def has_the_room(one, least: float) -> None:
    """The map is at least so wide, its points fill it, and no name leaves it."""
    frame = one.page.locator(".cm-plot").bounding_box()
    assert frame["width"] >= least
    assert min(one.page.evaluate(FILLED)) > 0.8
    names = one.page.locator(".cm-labels > div")
    boxes = [name.bounding_box() for name in names.all() if name.is_visible()]
    assert len(boxes) > 20
    for box in boxes:
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]
        assert frame["y"] <= box["y"]
    assert "5,000 training queries" in one.page.locator(".cm-legend").inner_text()


def test_a_narrow_map_numbers_every_cluster_and_lists_their_names(reader, dashboard):
    one = reader(width=420, height=900)
    one.open(f"{dashboard}/map")
    one.map_drawn()
    drawn = [n for n in one.page.locator(".cm-labels .cm-number").all() if n.is_visible()]
    n_clusters = one.page.evaluate(NAMED)["clusters"]
    # the numbers of the table below
    assert {int(number.inner_text()) for number in drawn} == set(range(n_clusters))
    assert one.page.locator(".cm-index li").count() == n_clusters
    stage = one.page.locator(".cm-stage").bounding_box()
    index = one.page.locator(".cm-index").bounding_box()
    assert stage["y"] + stage["height"] < index["y"] < 900
    shot(one.page, "map-narrow-names")
    one.clean()


def test_a_map_of_silhouettes_says_so_in_its_headline(reader, dashboard):
    one = reader(height=900)
    one.open(f"{dashboard}/map")
    one.map_drawn()
    page, name = one.page, re.compile(r"nearer to another skill cluster than to their own: most in")
    for colour, there in (("silhouette", True), ("first model", False)):
        page.locator(".st-key-colour input").click()
        page.get_by_role("option", name=f"Colour: {colour}").first.click()
        heading = page.get_by_role("heading", name=name)
        heading.wait_for(state="visible" if there else "detached", timeout=30_000)
        idle(page)
        legend = page.locator(".cm-legend").inner_text()
        assert ("Not judged" in legend) is there
        assert ("−0." in legend) is there
        assert "-0." not in legend
        whole = "legend => legend.scrollHeight <= legend.clientHeight + 1"
        assert page.locator(".cm-legend").evaluate(whole)
    one.clean()


def test_a_shared_link_restores_the_state_and_a_bad_one_is_harmless(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/map?silhouette=0.2&merge=0.3&preset=released")
    one.map_drawn()
    slider = one.page.get_by_role("slider", name="Min silhouette")
    assert float(slider.get_attribute("value") or slider.input_value()) == pytest.approx(0.2)
    one.open(f"{dashboard}/map?silhouette=99&preset=evil&share=%3Cb%3E&merge=x")
    one.map_drawn()
    assert not one.page.get_by_test_id("stException").count()
    assert int(one.metric("Skill clusters")) > 1


def test_a_lasso_ranks_the_models_inside_it_and_survives_a_threshold_move(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/map")
    one.map_drawn()
    page = one.page
    page.get_by_role("button", name="Lasso", exact=True).click()
    box = page.locator(".cm-plot").bounding_box()
    corners = [(0.35, 0.25), (0.7, 0.25), (0.7, 0.7), (0.35, 0.7), (0.35, 0.27)]
    at = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in corners]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=3)
    page.mouse.up()
    heading = page.get_by_role("heading", name="Best models for these")
    heading.wait_for(timeout=20_000)
    idle(page)
    said = heading.inner_text()
    assert int(said.split("these ")[1].split(" ")[0].replace(",", "")) > 100
    shot(page, "map-lasso")
    one.slide("Merge distance", "ArrowRight", 10)
    assert heading.inner_text() == said
    page.get_by_role("button", name="Clear", exact=True).click()
    idle(page)
    assert not heading.count()
    one.clean()


def test_a_click_opens_the_card_of_a_query_which_leads_on_and_is_in_the_link(reader, dashboard):
    one = reader(height=1600)
    one.open(f"{dashboard}/map")
    one.map_drawn()
    [(x, y)] = one.page.evaluate(PIXELS, [1234])
    one.page.mouse.move(x - 3, y - 3)
    one.page.mouse.move(x, y, steps=3)
    one.page.wait_for_timeout(120)  # plotly clicks what it hovers
    one.page.mouse.click(x, y)
    card = one.page.locator(".st-key-query_card")
    card.wait_for(timeout=20_000)
    idle(one.page)
    text = card.get_by_test_id("stText").first.inner_text()
    ring = one.page.locator(".cm-ring")
    place = ring.get_attribute("cx")
    verdict = card.get_by_text(re.compile("Routed to .*because")).bounding_box()
    assert verdict["y"] < card.get_by_test_id("stText").first.bounding_box()["y"]
    shot(one.page, "map-card")
    one.page.locator(".st-key-near_0 button").click()
    expect(card.get_by_test_id("stText").first).not_to_have_text(text, timeout=30_000)
    idle(one.page)
    assert ring.get_attribute("cx") != place
    shared, place = one.page.url, ring.get_attribute("cx")
    text = card.get_by_test_id("stText").first.inner_text()
    one.slide("Merge distance", "ArrowRight", 10)
    assert card.get_by_test_id("stText").first.inner_text() == text
    assert ring.get_attribute("cx") == place
    assert "query=" in one.page.url
    assert "merge=" in one.page.url
    other = reader(height=1600)
    other.open(shared)
    other.map_drawn()
    assert other.page.locator(".st-key-query_card").get_by_test_id("stText").first.inner_text() == (
        text
    )
    expect(other.page.locator(".cm-ring")).to_have_count(1)
    one.page.get_by_role("button", name="Close", exact=True).click()
    idle(one.page)
    assert not card.count()
    assert not ring.count()
    assert "query=" not in one.page.url
    one.clean()


def test_a_cluster_is_picked_and_its_ranking_and_queries_are_shown(reader, dashboard):
    one = reader(height=1600)
    one.open(f"{dashboard}/map")
    one.map_drawn()
    table = one.page.locator(".st-key-cluster_table")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    one.page.mouse.click(box["x"] + 18, box["y"] + 55)
    one.page.get_by_role("heading", name="Who disagrees in").wait_for(timeout=20_000)
    idle(one.page)
    assert one.page.get_by_role("heading", name="Who disagrees in").is_visible()
    shot(one.page, "map-cluster")
    one.clean()


def test_a_click_on_a_query_at_hand_routes_it_and_the_answer_is_on_the_first_screen(
    reader, dashboard
):
    one = reader(height=900)
    one.open(f"{dashboard}/route")
    one.page.get_by_role("heading", name="Where test queries go now").wait_for()
    idle(one.page, 60_000)
    shot(one.page, "route-empty")
    one.page.locator(".st-key-examples button").nth(1).click()
    one.page.get_by_role("heading", name="This query goes to").wait_for(timeout=60_000)
    idle(one.page, 60_000)
    assert one.page.get_by_label("Query", exact=True).input_value()
    for said in ("\\(0\\.\\d+ against 0", "What would change it"):
        box = one.page.get_by_text(re.compile(said)).first.bounding_box()
        assert box["y"] + box["height"] < 900
    one.page.get_by_role("button", name="Back to the examples").click()
    one.page.get_by_role("heading", name="Where would a query go").wait_for(timeout=60_000)
    expect(one.page.locator(".st-key-examples button")).to_have_count(8)
    one.clean()


def test_on_a_phone_queries_at_hand_are_a_list_whose_lines_are_whole(reader, dashboard):
    one = reader(width=420, height=900)
    one.open(f"{dashboard}/route")
    listed = one.page.locator(".st-key-examples button")
    listed.first.wait_for()
    idle(one.page, 60_000)
    assert listed.nth(3).bounding_box()["y"] < 850
    assert all(line.evaluate("one => one.scrollWidth <= one.clientWidth") for line in listed.all())
    shot(one.page, "route-empty-phone")
    listed.nth(1).click()
    one.page.get_by_role("heading", name="This query goes to").wait_for(timeout=60_000)
    name = one.page.locator(".st-key-route_why [data-testid=stCaptionContainer] em").first
    assert name.evaluate("one => getComputedStyle(one).fontStyle") == "normal"
    one.clean()


def test_a_typed_query_is_routed_and_explained(reader, dashboard):
    one = reader(height=1400)
    one.open(f"{dashboard}/route")
    assert one.page.get_by_role("heading", name="Where would a query go").is_visible()
    one.page.get_by_label("Query", exact=True).fill("Which pH has 0.01 mol of HCl in a litre?")
    one.page.get_by_role("button", name="Route it").click()
    one.page.get_by_role("heading", name="This query goes to").wait_for(timeout=120_000)
    idle(one.page, 60_000)
    for part in ("Scores of the models", "Clusters that decided", "What would change it"):
        assert one.page.get_by_role("heading", name=part).is_visible()
    tried = one.page.get_by_text("Tried one at a time, without any change")
    tried.wait_for(timeout=60_000)
    assert re.search(
        r"merge distance (from 0 to 0\.6|(lowered|raised) to)",
        one.page.locator("[data-testid=stMain]").inner_text(),
    )
    one.page.wait_for_selector(".cascal-map[data-drawn='1']", timeout=60_000)
    expect(one.page.locator(".cm-near")).to_have_count(5)  # each with a ring that is seen
    shot(one.page, "route-near")
    one.page.get_by_text("The 5 nearest training queries", exact=True).click()
    assert one.page.get_by_text("Who answered what:").first.is_visible()
    assert one.page.get_by_test_id("stMarkdown").filter(has_text="comes first if").is_visible()
    one.page.get_by_text("The whole trace as JSON").click()
    assert one.page.get_by_text('"effective_clusters"').first.is_visible()
    shot(one.page, "route-typed")
    one.clean()


@pytest.mark.parametrize(("width", "shown"), [(420, True), (1440, False)])
def test_the_tour_stands_on_the_page_where_the_sidebar_is_folded_away(
    reader, dashboard, width, shown
):
    one = reader(width=width, height=900)
    one.open(f"{dashboard}/route")
    idle(one.page)
    button = one.page.locator(".st-key-tour_again_on_a_phone")
    assert button.is_visible() == shown
    if shown:
        box = button.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= 60  # beside the menu, above the page
        button.get_by_role("button").click()
        one.page.get_by_role("button", name="Skip").click(timeout=60_000)
        idle(one.page)
    one.clean()


def test_markup_in_a_query_stays_text(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/route")
    evil = "<img src=x onerror=alert(1)> ![x](http://example.invalid/x.png) :red[no] $x$"
    one.page.get_by_label("Query", exact=True).fill(evil)
    one.page.get_by_role("button", name="Route it").click()
    doubted = re.compile(r"^Unlike any training query: \S+ is a guess$")
    one.page.get_by_role("heading", name=doubted).wait_for(timeout=120_000)
    idle(one.page)
    assert not one.page.locator("img[src='x']").count()
    one.clean()


def _table(n=60) -> bytes:
    rows = []
    for number in range(n):
        task = ("<b>algebra</b>", "history")[number % 2]
        for place, model in enumerate(("model one", "model two", "<script>alert(1)</script>")):
            letter = "AB"[(number + place * (number % 3 == 0)) % 2]
            rows.append(
                {
                    "query_id": f"u{number}",
                    "task": task,
                    "text": f"Uploaded {task} query number {number}: which one?",
                    "options": ["first", "second"],
                    "gold": "AB"[number % 2],
                    "split": "test" if number % 5 == 0 else "train",
                    "model": model,
                    "response": f"The answer is ({letter}).",
                    "mean_logprob": -0.1 * (1 + place),
                }
            )
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_a_file_is_uploaded_encoded_and_shown_and_a_broken_one_is_refused(reader, empty_dashboard):
    one = reader(height=1400)
    one.open(f"{empty_dashboard}/")
    assert one.page.get_by_role("heading", name="There are no data yet").is_visible()
    shot(one.page, "empty-overview")
    one.open(f"{empty_dashboard}/data")
    files = one.page.locator(".st-key-import_files input[type=file]")
    broken = {"name": "broken.csv", "mimeType": "text/csv", "buffer": b"a,b\n\xff\xfe\x00bad,1\n"}
    files.set_input_files(broken)
    one.page.get_by_test_id("stAlert").first.wait_for(timeout=20_000)
    idle(one.page)
    assert "broken.csv" in one.page.get_by_test_id("stAlert").first.inner_text()
    shot(one.page, "upload-broken")
    pickled = {"name": "data.pkl", "mimeType": "application/x", "buffer": b"\x80\x04K\x01."}
    one.open(f"{empty_dashboard}/data")
    files.set_input_files(pickled)
    one.page.get_by_text("pickled files can run code").wait_for(timeout=20_000)

    one.open(f"{empty_dashboard}/data")
    good = {"name": "mine.jsonl", "mimeType": "application/jsonl", "buffer": _table()}
    files.set_input_files(good)
    one.page.get_by_role("button", name="Import", exact=True).click(timeout=20_000)
    one.page.get_by_role("tab", name="Data sets").wait_for(timeout=30_000)
    idle(one.page)
    one.page.get_by_role("tab", name="Data sets").click()
    idle(one.page)
    one.page.get_by_label("Encoder", exact=True).fill("hashing")
    one.page.keyboard.press("Enter")
    idle(one.page)
    one.page.get_by_role("button", name=re.compile("^Encode .* texts")).click()
    one.page.get_by_role("tab", name="Agreement").wait_for(timeout=120_000)
    idle(one.page, 60_000)
    one.page.get_by_role("tab", name="Data sets").click()
    one.page.get_by_text("256 dimensions").wait_for(timeout=30_000)
    idle(one.page, 60_000)
    one.open(f"{empty_dashboard}/map")
    one.map_drawn()
    assert int(one.metric("Skill clusters")) >= 1
    shot(one.page, "upload-map")
    one.clean()


@pytest.mark.bench
def test_pointer_released_to_updated_page_is_fast(reader, dashboard):
    """Pointer up -> the map is redrawn and the new numbers are shown, median of 15 moves."""
    one = reader()
    one.open(f"{dashboard}/map")
    one.map_drawn()
    page = one.page
    changed = "old => document.querySelector('.cascal-map').dataset.revision !== old"
    times = []
    for step in range(17):
        slider = page.get_by_role("slider", name="Min silhouette")
        thumb = slider.locator("xpath=../..").bounding_box()
        x, y = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + (9 if step % 4 else -18), y, steps=3)
        before = one.revision()
        started = time.perf_counter()
        page.mouse.up()
        page.wait_for_function(changed, arg=before, timeout=20_000, polling=10)
        page.wait_for_selector(CONNECTED, state="attached")
        if step >= 2:
            times.append(1000 * (time.perf_counter() - started))
        page.wait_for_timeout(150)
    median = statistics.median(times)
    print(f"\npointer released to updated page: median {median:.0f} ms, budget {BUDGET_MS}")
    assert median <= LIMIT_MS


@pytest.fixture
def late(workspace) -> Iterator[str]:
    """The name of a data set that is gone after the test."""
    yield "late"
    cascal.Workspace(workspace).delete_dataset("late")


def test_another_process_writes_while_the_dashboard_is_open(
    reader, dashboard, workspace, late, tmp_path
):
    """The dashboard keeps no connection, and shows the new data set at the next run."""
    one = reader()
    one.open(f"{dashboard}/data")
    table = tmp_path / f"{late}.jsonl"
    table.write_bytes(_table(10))
    command = [sys.executable, "-m", "cascal.cli", "import", str(table), "-w", str(workspace)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    one.open(f"{dashboard}/data")
    one.page.get_by_role("combobox", name="Data set").click()
    assert one.page.get_by_role("option", name=late, exact=True).is_visible()


SWAYS = """() => {
  const sheet = document.createElement('style');
  sheet.textContent =
    '@keyframes sway { to { opacity: 0 } } .sways { animation: sway 1s infinite }';
  document.head.append(sheet);
  return ['stSkeleton', 'stSkeletonElement', 'stText'].map(kind => {
    const one = document.createElement('div');
    one.className = 'sways';
    one.dataset.testid = kind;
    document.body.append(one);
    return getComputedStyle(one).animationName }) }"""


def test_what_a_page_keeps_free_holds_still(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/runs")
    assert one.page.evaluate(SWAYS) == ["none", "none", "sway"]
