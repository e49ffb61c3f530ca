"""What labels change on the pages, in a real browser: gate, correction, judges; and scores by keys.

One server for all: 312 training and 250 test queries of the demo, and 12 open-ended ones.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import add_hashed, demo_snapshot, thinned_workspace

import cascal
from cascal.dataset.heeding import heed_labels
from cascal.dataset.judged import gather_judged
from cascal.dataset.label_questions import rectifier_question, routing_question
from cascal.dataset.rectifying import FROM_LABELS, rectify
from cascal.dataset.score_desk import ScoreDesk
from cascal.datatypes import option_letter
from cascal.number_format import percent
from cascal.simulate.prose import prose_world
from cascal.store import Label

from .conftest import ROOT, idle, shot

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> cascal.Workspace:
    """A small workspace of its own: these tests write to it."""
    workspace = thinned_workspace(tmp_path_factory.mktemp("changes"), 16, 8)
    add_hashed(workspace, prose_world(12).imported)
    return workspace


@pytest.fixture(scope="module")
def snapshot(store):
    return demo_snapshot(store)


@pytest.fixture(scope="module")
def small(serve, store) -> str:
    return serve(ROOT / "app" / "server.py", {"CASCAL_WORKSPACE": str(store.path)})


@pytest.fixture
def unlabelled(store) -> cascal.Workspace:
    """The workspace without the labels of the test before."""
    store.delete_labels("demo")
    return store


def against_the_router(desk, n: int) -> None:
    """Labels by which the router is wrong and the constant right."""
    contest, models = desk.contest, desk.contest.part.votes.models
    for place in range(1, n + 1):
        row = desk.row(place)
        sides = models[contest.first[row]], models[contest.second[row]]
        desk.give(place, verdicts=dict(zip(sides, (False, True), strict=True)))


def tick(page, label: str) -> None:
    page.get_by_test_id("stCheckbox").filter(has_text=label).locator("label").first.click()
    idle(page)


def test_a_closed_gate_is_shown_said_and_undone(reader, small, unlabelled, snapshot):
    question = routing_question(snapshot)
    desk = question.desk(unlabelled, "ann")
    against_the_router(desk, 10)
    against_the_router(replace(desk, person="judge:strong"), 10)
    (judged,) = gather_judged(unlabelled, "demo", question.contest)
    gated = heed_labels(unlabelled, snapshot)
    one = reader()
    page = one.page
    one.open(f"{small}?dataset=demo")
    said = page.get_by_text(f"Labels say: always {gated.router.always}. The numbers below")
    assert said.is_visible()
    assert one.metric("First model right") == percent(gated.evaluation.top1_accuracy, 1)
    assert page.get_by_text("1 of 8 models in use").is_visible()
    title = page.get_by_role("heading", level=1).inner_text()
    assert " ".join(title.split()) == snapshot.verdict.headline
    assert page.get_by_text(judged.sentence).is_visible()
    shot(page, "gate_closed")
    tick(page, "Ignore the labels")
    one.shows("First model right", percent(snapshot.evaluation.top1_accuracy, 1))
    said.wait_for(state="detached")
    tick(page, "Ignore the labels")
    page.get_by_text("1 of 8 models in use").wait_for()
    one.clean()


def test_the_label_that_closed_the_gate_is_taken_back_by_a_key(reader, small, unlabelled, snapshot):
    desk = routing_question(snapshot).desk(unlabelled, "ann")
    n_labels = 1
    against_the_router(desk, n_labels)
    while not heed_labels(unlabelled, snapshot).router.always:
        n_labels += 1
        against_the_router(desk, n_labels)
    one = reader()
    page = one.page
    one.open(f"{small}/label?dataset=demo")
    box = page.locator(".st-key-labels_heeded")
    assert f"{n_labels} labels. Labels say: always" in box.inner_text()
    undo = ".st-key-label_undo [data-testid=stBaseButton-tertiary]"
    assert page.locator(undo).first.is_visible()
    page.keyboard.press("ArrowLeft")
    field = page.get_by_role("textbox", name="Your name, stored with every label")
    field.wait_for(timeout=30_000)  # nobody said whose
    page.wait_for_function("() => document.activeElement?.closest('.st-key-label_name')")
    idle(page)
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    left = "1 label" if n_labels == 2 else f"{n_labels - 1} labels"
    box.get_by_text(f"{left}. The router stays.").wait_for(timeout=30_000)
    assert len(unlabelled.labels("demo")) == n_labels - 1
    one.clean()


def test_a_correction_is_offered_with_its_effect_applied_and_taken_away(
    reader, small, unlabelled, snapshot
):
    train = snapshot.dataset.train
    desk = rectifier_question(snapshot).desk(unlabelled, "ann")
    gold = dict(zip(train.votes.query_ids, train.labels.tolist(), strict=True))
    draw = desk.hand_out(FROM_LABELS)
    given = [
        Label(
            query_id=query_id,
            person="ann",
            content=content,
            draw_id=draw.draw_id,
            probability=draw.probability,
            purpose=draw.purpose,
            answer=option_letter(max(0, gold[query_id])),
        )
        for query_id, content in unlabelled.contents("demo", draw.frame[:FROM_LABELS]).items()
    ]
    unlabelled.add_labels("demo", given)
    found = rectify(unlabelled, snapshot)
    one = reader()
    page = one.page
    one.open(f"{small}/label?dataset=demo&purpose=rectifier")
    assert page.get_by_text("100 labels, of which 100 were needed").is_visible()
    assert page.get_by_text(found.sentence).is_visible()
    tick(page, "Let them correct the scores")
    page.get_by_role("link", name="Overview").first.click()
    said = page.get_by_text("100 labels correct the scores. The numbers below")
    said.wait_for(timeout=60_000)
    idle(page)
    corrected = found.snapshot.evaluation.top1_accuracy
    one.shows("First model right", percent(corrected, 1))
    tick(page, "Let them correct the scores")
    one.shows("First model right", percent(snapshot.evaluation.top1_accuracy, 1))
    said.wait_for(state="detached")
    one.clean()


def test_open_ended_responses_are_scored_by_keys_alone(reader, small, store):
    one = reader()
    page = one.page
    one.open(f"{small}/label?dataset=prose")
    page.get_by_role("textbox", name="Your name").fill("ann")
    page.keyboard.press("Tab")
    idle(page)
    desk = ScoreDesk(store=store, dataset="prose", person="somebody", n=30)
    first = desk.open_response()
    shown = page.locator(".st-key-scoring_response").inner_text()
    assert first.text in shown
    assert first.model not in shown
    for key, n_done in (("4", 1), ("1", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        page.get_by_text(f"{n_done} of 96 responses").wait_for(timeout=30_000)
        idle(page)
    (given,) = store.response_scores("prose")
    assert (given.model, given.value) == (first.model, 0.75)
    shot(page, "scoring")
    one.clean()
