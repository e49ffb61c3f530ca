"""Labels by keyboard alone: from the light to a settled verdict, and thresholds that move after."""

from __future__ import annotations

import re

import numpy as np
import pytest
from conftest import copy_workspace

import cascal
from cascal.dataset.contest import contest
from cascal.dataset.dataset import load_dataset
from cascal.dataset.label_questions import routing_question
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import option_letter
from cascal.labels import confidence_sequence
from cascal.number_format import bracketed
from cascal.settings import Thresholds

from .conftest import ROOT, idle, shot

pytestmark = pytest.mark.browser
PLANNED = 100
LINE = re.compile(r"(\d+) of (\d+): gain ([+−][\d.]+) \[([+−][\d.]+),\s([+−][\d.]+)\]")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, demo_workspace) -> cascal.Workspace:
    """A demo workspace of its own: this test writes to it."""
    return copy_workspace(demo_workspace, tmp_path_factory.mktemp("label") / "demo.duckdb")


def line(page) -> str:
    return page.get_by_test_id("stProgress").inner_text()


def numbers(page) -> tuple[float, ...]:
    """The gain and its interval as the page says them."""
    said = LINE.search(line(page))
    return tuple(float(one.replace("−", "-")) for one in said.groups()[2:])


def tab_to(page, name: str) -> None:
    """Move the focus, key by key, until it is on a button or a field of this name."""
    focused = (
        "() => { const one = document.activeElement;"
        " return one.matches('button') ? one.innerText : one.getAttribute('aria-label') ?? '' }"
    )
    for _ in range(200):
        page.keyboard.press("Tab")
        if name in page.evaluate(focused):
            return
    pytest.fail(f"No {name!r} is reached by the Tab key.")


def answer(page, key: str) -> None:
    before = line(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "old => document.querySelector('[data-testid=stProgress]')?.innerText !== old",
        arg=before,
        timeout=30_000,
    )
    idle(page)


def answer_first(page, key: str, name: str) -> None:
    """Answer the first query, and say who did, by keys."""
    page.keyboard.press(key)
    field = page.get_by_role("textbox", name="Your name, stored with every label")
    field.wait_for(timeout=30_000)
    page.wait_for_function("() => document.activeElement?.closest('.st-key-label_name')")
    idle(page)
    shot(page, "label_name")
    page.keyboard.type(name)
    before = line(page)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "old => document.querySelector('[data-testid=stProgress]')?.innerText !== old",
        arg=before,
        timeout=30_000,
    )
    idle(page)


def test_from_the_light_to_a_settled_verdict_by_keyboard_alone(serve, reader, workspace):
    url = serve(ROOT / "app" / "server.py", {"CASCAL_WORKSPACE": str(workspace.path)})
    one = reader()
    page = one.page
    one.open(url)
    tab_to(page, "Label 10 for a first look")
    page.keyboard.press("Enter")
    page.wait_for_selector(".st-key-label_query", timeout=60_000)
    idle(page)
    title = page.get_by_role("heading", level=1).inner_text()
    assert re.match(r"By labels alone, about \d+ would settle whether routing pays", title)
    page.get_by_text("Gold answers count here: routing pays").wait_for()
    page.get_by_text("on these simulated data labelling is practice").wait_for()
    assert re.match(r"0 of \d+: no label yet; 10 are a first look", line(page))
    shot(page, "label_begin")

    data = load_dataset(workspace, "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    question = routing_question(take_snapshot(data, fitted, Thresholds()))
    part, frame = question.contest.part, question.draw.frame
    given = 0
    while "settled" not in line(page).split("–")[-1] or "would" in line(page):
        assert given < PLANNED
        if page.locator(".st-key-label_plan_more").count():
            answer_plan(page)
        row = question.contest.row_of[frame[given]]
        assert part.texts[row] in page.locator(".st-key-label_query").inner_text()
        key = option_letter(int(part.gold[row])).lower()
        if given:
            answer(page, key)
        else:
            answer_first(page, key, "ann")
        given += 1
    labels = workspace.labels("demo")
    assert [label.query_id for label in labels] == list(frame[:given])
    assert {label.person for label in labels} == {"ann"}
    right = part.right
    x = [
        right[row, question.contest.first[row]] - right[row, question.contest.second[row]]
        for row in (question.contest.row_of[query_id] for query_id in frame[:given])
    ]
    sequence = confidence_sequence(np.array(x), n_contested=len(frame), n_queries=len(part))
    assert numbers(page)[1:] == pytest.approx((100 * sequence.low, 100 * sequence.high), abs=0.051)
    assert sequence.low > 0
    assert page.get_by_text(f"{given} labels alone say: routing pays").is_visible()
    assert page.get_by_text("What it changes").is_visible()
    shot(page, "label_settled")
    moved_thresholds_keep_the_labels_honest(page, data, fitted, x, frame)
    assert workspace.labels("demo") == labels  # the arrows moved the slider alone
    one.clean()


def answer_plan(page) -> None:
    """Enter plans more where the planned number is reached."""
    page.keyboard.press("Enter")
    page.wait_for_selector(".st-key-label_query", timeout=30_000)
    idle(page)


def moved_thresholds_keep_the_labels_honest(page, data, fitted, x, frame) -> None:
    """The interval at other thresholds is that of the same labels, worked out here by hand."""
    now = contest(take_snapshot(data, fitted, Thresholds(merge_distance=0.05)))
    held = set(frame)
    values = []
    for query_id in frame[: len(x)]:
        row = now.row_of[query_id]
        right = now.part.right[row]
        differ = right[now.first[row]] - right[now.second[row]]
        values.append(differ if now.contested[row] else 0.0)
    unknown = sum(query_id not in held for query_id in now.contested_ids) / now.n_queries
    sequence = confidence_sequence(
        np.array(values), n_contested=len(frame), n_queries=now.n_queries
    )
    ends = (100 * (sequence.low - unknown), 100 * (sequence.high + unknown))
    expected = bracketed(*ends).replace(" ", "\xa0")  # kept on one line
    assert expected not in line(page)
    page.get_by_role("slider", name="Merge distance").focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "said => document.querySelector('[data-testid=stProgress]')?.innerText.includes(said)",
        arg=expected,
        timeout=60_000,
    )
    idle(page)
    inside = [values[at] / (len(x) / len(frame)) for at in range(len(x))]
    assert numbers(page)[0] == pytest.approx(100 * sum(inside) / now.n_queries, abs=0.051)
    if unknown:
        assert page.get_by_text("contested in no draw that has labels").is_visible()
    shot(page, "label_moved")
