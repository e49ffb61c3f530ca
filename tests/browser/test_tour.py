"""The tour from the offer to the end, and words that are explained, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, expect

from .conftest import idle, shot
from .test_dashboard import broken_rules

pytestmark = pytest.mark.browser

STEPS = (
    ("", "Routing pays here", "0.15"),
    ("map", "mostly to one model", "0.15"),
    ("route", "This query goes to", "0.15"),
    ("map", "mostly to one model", "0.6"),
    ("diagnose", "apply “merge only clusters nearer", "0.6"),
    ("diagnose", "leave it", "0.15"),
    ("", "Routing pays here", "0.15"),
)
"""Page, headline and merge distance of each step."""
MERGE = """value => [...document.querySelectorAll('.st-key-merge input')]
  .some(one => one.value === value)"""


def merge(page) -> str:
    return page.get_by_role("slider", name="Merge distance").input_value()


def headline(page, title: str) -> None:
    """Wait for a headline; what the page says instead is told."""
    heading = page.get_by_role("heading", level=1)
    try:
        heading.filter(has_text=title).wait_for(timeout=60_000)
    except Error as error:
        said, parts = heading.all_inner_texts(), page.locator(".st-key-tour").all_inner_texts()
        raise AssertionError(f"{said} at {merge(page)}, {page.url}, {parts}") from error


def test_the_tour_goes_from_the_verdict_to_the_undo_and_never_comes_again(reader, dashboard):
    one = reader(width=1280, new_here=True)
    page = one.page
    one.open(dashboard)
    page.locator(".st-key-tour_start button").click()
    for at, (path, title, merged) in enumerate(STEPS):
        page.get_by_text(f"{at + 1} of 7").wait_for(timeout=30_000)
        page.wait_for_url(f"**/{path}?**")
        headline(page, title)
        go_on = page.locator(".st-key-tour_next button:not([disabled])")
        go_on.wait_for(timeout=90_000)
        page.wait_for_function(MERGE, arg=merged, timeout=30_000)
        shot(page, f"tour-{at + 1}")
        go_on.click()
    page.locator(".st-key-tour").wait_for(state="detached")
    idle(page)
    assert merge(page) == "0.15"
    assert page.get_by_role("button", name="Undo", exact=True).is_disabled()
    one.open(dashboard)  # as a reload: nothing but the browser's own memory is left
    expect(page.locator(".st-key-tour, .st-key-tour_offered")).to_have_count(0)
    one.clean()


COVERED = """() => {
  const offer = document.querySelector('.st-key-tour_offered').getBoundingClientRect();
  const others = '[data-testid=stTopNavLink], [data-testid=stExpandSidebarButton], '
    + '[data-testid=stSidebar], [data-testid=stHeading], .st-key-notice, '
    + '[data-testid=stMain] button, [data-testid=stMain] iframe, [data-testid=stMain] p';
  return [...document.querySelectorAll(others)]
    .filter(one => !one.closest('.st-key-tour_offered') && one.checkVisibility())
    .filter(one => {
      const box = one.getBoundingClientRect();
      return box.width && box.height && box.left < offer.right && offer.left < box.right
        && box.top < offer.bottom && offer.top < box.bottom;
    })
    .map(one => one.innerText || one.dataset.testid);
}"""


@pytest.mark.parametrize("widths", [(1920, 1360, 1024), (420, 360)])
def test_the_offer_covers_nothing(reader, dashboard, widths):
    """Opened on a large screen and on a phone, and then made narrower."""
    one = reader(width=widths[0], height=800, new_here=True)
    one.open(dashboard)
    page = one.page
    page.locator(".st-key-tour_start button").wait_for(timeout=30_000)
    for width in widths:
        one.resize(width, 800)
        idle(page)
        assert page.evaluate(COVERED) == []
        box = page.locator(".st-key-tour_offered").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] < 60
    one.clean()


PLACE = """() => [...document.querySelector('[data-testid=stMain] [data-testid=stVerticalBlock]')
  .children].findIndex(one => one.querySelector('.st-key-notice'))"""


def test_the_offer_comes_and_goes_without_moving_what_follows(reader, dashboard):
    """Else all of the page would stand twice until the run that shows the offer has ended."""
    places = []
    for new_here in (True, False):
        one = reader(width=1100, height=800, new_here=new_here)
        one.open(dashboard)
        if new_here:
            one.page.locator(".st-key-tour_offered").wait_for(timeout=30_000)
            idle(one.page)
        places.append(one.page.evaluate(PLACE))
    assert places[0] == places[1] > 0


def test_a_word_is_explained_to_pointer_keyboard_and_screen_reader(reader, dashboard):
    one = reader(width=420, height=800)
    one.open(dashboard)
    page = one.page
    word, hint = page.get_by_role("button", name="oracle", exact=True), page.get_by_role("tooltip")
    sentence = word.evaluate(
        "word => document.getElementById(word.getAttribute('aria-describedby')).textContent"
    )
    assert sentence.startswith("Oracle: the best that could be")
    word.focus()
    hint.wait_for()
    assert hint.inner_text() == sentence
    box = hint.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 420
    assert broken_rules(page) == []
    page.keyboard.press("Escape")
    hint.wait_for(state="hidden")
    word.hover()
    hint.wait_for()
    before = page.url
    word.click()
    assert page.url == before
    one.clean()
