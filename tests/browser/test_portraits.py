"""Portraits and strips in a real browser: sharp, in both modes, on a phone, and passed on."""

from __future__ import annotations

import pytest

from .conftest import idle, shot

pytestmark = pytest.mark.browser

SHARP = """() => {
  const sizes = [...document.querySelectorAll('[data-testid=stImage] img')]
    .filter(one => one.alt.startsWith('Map of the training queries'))
    .map(one => [one.naturalWidth, one.getBoundingClientRect().width]);
  return sizes.length === 8
    && sizes.every(([natural, shown]) => natural >= 2 * shown && shown > 100) }"""
"""Two pixels of each picture for one of the page, as soon as the page has its new width."""
TRACK = """key => {
  const box = document.querySelector(`.st-key-strip_${key}`);
  return ['img', '[data-testid=stSlider]'].map(one => {
    const { left, width, bottom } = box.querySelector(one).getBoundingClientRect();
    return [left, width, bottom] }) }"""
TITLE = "() => document.querySelector('.cm-stage')?.title ?? ''"


def opened(one, url: str):
    one.open(f"{url}/map")
    one.map_drawn()
    one.page.get_by_text("Portraits: who is good at what").click()
    one.page.get_by_text("Where the tasks lie").wait_for(timeout=30_000)
    idle(one.page)
    return one.page


@pytest.mark.parametrize(("scheme", "widths"), [("light", (1440, 420)), ("dark", (420, 1440))])
def test_every_model_has_a_portrait_that_is_sharp(reader, dashboard, scheme, widths):
    """Opened wide and made narrow, opened narrow and made wide."""
    one = reader(scheme=scheme, width=widths[0], height=900)
    page = opened(one, dashboard)
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        idle(page)
        page.wait_for_function(SHARP, timeout=30_000)
        page.get_by_text("Where the tasks lie").scroll_into_view_if_needed()
        shot(page, f"portraits_{scheme}_{width}")
    one.clean()


def test_the_picture_and_the_table_are_downloads(reader, dashboard, tmp_path):
    one = reader()
    page = opened(one, dashboard)
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").filter(has_text="Picture").click()
    started.value.save_as(tmp_path / "portraits.png")
    assert (tmp_path / "portraits.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").filter(has_text="Table").click()
    started.value.save_as(tmp_path / "skills.csv")
    lines = (tmp_path / "skills.csv").read_text().splitlines()
    assert lines[0].startswith("task,model,mean,low,high,queries")
    assert len(lines) == 1 + 2 * 10 * 8, "two measures, nine tasks and all, eight models"
    one.clean()


def test_a_strip_is_as_wide_as_its_slider_and_right_above_it(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/map")
    one.map_drawn()
    for key in ("silhouette", "merge"):
        strip, slider = one.page.evaluate(TRACK, key)
        assert strip[:2] == pytest.approx(slider[:2], abs=1)
        assert 0 < slider[2] - strip[2] < 60
    one.clean()


@pytest.mark.parametrize("height", [900, 1080])
def test_most_clusters_are_named_and_no_name_covers_another(reader, dashboard, height):
    one = reader(width=1440, height=height)
    one.open(f"{dashboard}/map")
    one.map_drawn()
    stage = one.page.locator(".cm-stage").bounding_box()
    names = [name.bounding_box() for name in one.page.locator(".cm-label:visible").all()]
    n_areas = one.page.locator(".cm-area").count()
    assert len(names) >= 0.7 * n_areas
    for at, name in enumerate(names):
        assert stage["x"] <= name["x"]
        assert name["x"] + name["width"] <= stage["x"] + stage["width"]
        for other in names[at + 1 :]:
            apart = (
                abs(name[start] - other[start]) >= (other, name)[name[start] < other[start]][size]
                for start, size in (("x", "width"), ("y", "height"))
            )
            assert any(apart)
    one.clean()


def test_a_label_of_a_cluster_tells_its_most_typical_queries(reader, dashboard):
    one = reader()
    one.open(f"{dashboard}/map")
    one.map_drawn()
    label = one.page.locator(".cm-label:visible").first.bounding_box()
    one.page.mouse.move(label["x"] + label["width"] / 2, label["y"] + label["height"] / 2)
    one.page.wait_for_timeout(300)
    said = one.page.evaluate(TITLE).split("\n")
    assert len(said) == 4
    assert all(line.startswith("– ") for line in said[1:])
    one.page.mouse.move(2, 2)
    one.clean()
