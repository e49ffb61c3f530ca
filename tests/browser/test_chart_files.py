"""Every chart is saved by a click, as PNG and SVG, with its title and what it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from PIL import Image

import cascal

from .conftest import idle

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"
BARE = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')]
  .filter(one => one.parentElement.querySelectorAll('.cascal-files button').length !== 2).length"""


def saved(page, chart, kind: str, path):
    with page.expect_download() as started:
        chart.get_by_role("button", name=f"Save this chart as {kind}").click()
    assert started.value.suggested_filename == f"demo-contenders.{kind.lower()}"
    started.value.save_as(path)
    return path


def test_a_chart_is_saved_with_title_data_set_and_the_word_simulated(reader, dashboard, tmp_path):
    one = reader()
    one.open(dashboard)
    page = one.page
    page.wait_for_selector(".st-key-contenders .main-svg", timeout=60_000)
    idle(page)
    assert page.evaluate(BARE) == 0, "every chart has both buttons"
    chart = page.locator(".st-key-contenders")
    chart.hover()
    root = ElementTree.parse(saved(page, chart, "SVG", tmp_path / "a.svg")).getroot()  # noqa: S314 (our own file)
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert "The router beside its rivals" in texts
    assert any(text.startswith("demo · simulated models") for text in texts)
    assert any("merge 0.15" in text for text in texts)
    assert any("Plurality of all" in text for text in texts)
    image = Image.open(saved(page, chart, "PNG", tmp_path / "a.png")).convert("RGB")
    assert image.width == pytest.approx(2 * float(root.get("width")), abs=2)
    assert len(image.getcolors(1_000_000)) > 20, "the chart is on it"
    one.clean()


@pytest.fixture
def bookmark(workspace) -> Iterator[str]:
    """The name of a bookmark that is gone after the test."""
    yield "merged"
    cascal.Workspace(workspace).delete_bookmark("demo", "merged")


def test_a_bookmark_opens_in_the_same_tab_with_its_state(reader, dashboard, bookmark):
    one = reader()
    one.open(f"{dashboard}/runs?merge=0.3")
    page = one.page
    page.get_by_text("Bookmarks").click()
    page.get_by_label("Name of this view").fill(bookmark)
    page.get_by_role("button", name="Save", exact=True).last.click()
    idle(page)
    one.open(dashboard)
    page.get_by_text("Bookmarks").click()
    n_pages = len(page.context.pages)
    page.get_by_role("link", name=bookmark).click()
    page.wait_for_url("**/runs?**")
    idle(page)
    assert len(page.context.pages) == n_pages
    assert page.get_by_role("slider", name="Merge distance").input_value() == "0.3"
    one.clean()
