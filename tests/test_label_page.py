"""The page Label: one question at a time, whatever is asked, and what the labels say."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import add_hashed, copy_workspace, thinned_demo
from streamlit.testing.v1 import AppTest

import cascal
from app.label import truth
from cascal.dataset.dataset import load_dataset
from cascal.dataset.known_truth import KNOWN_TRUTH
from cascal.dataset.label_facts import gather_evidence
from cascal.dataset.label_questions import routing_question
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import option_letter
from cascal.settings import Thresholds

MAIN = Path(__file__).parents[1] / "app" / "main.py"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> cascal.Workspace:
    """600 training and 300 test queries of the demo."""
    workspace = cascal.Workspace(tmp_path_factory.mktemp("label") / "small.duckdb")
    add_hashed(workspace, thinned_demo(8, 7)["demo"])
    return workspace


@pytest.fixture(scope="module")
def snapshot(template):
    data = load_dataset(template, "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    return take_snapshot(data, fitted, Thresholds())


@pytest.fixture
def store(template, tmp_path) -> cascal.Workspace:
    return copy_workspace(template, tmp_path / "w.duckdb")


@pytest.fixture
def open_label(monkeypatch, store):
    def open_page(**params: str) -> AppTest:
        monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
        app = AppTest.from_file(str(MAIN), default_timeout=120)
        app.query_params.update(params)
        app.run()
        app.switch_page("label/page.py").run()
        assert not app.exception
        if not app.text_input(key="label_person").disabled:
            app.text_input(key="label_person").set_value("ann").run()
        return app

    return open_page


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def line(app: AppTest) -> str:
    """How far it is, as the page says it."""
    return app.get("progress")[0].proto.text.replace("\\", "").strip("*")


def texts(app: AppTest) -> str:
    return " ".join(one.value for one in app.text)


def test_one_query_is_asked_with_its_options_and_no_answer_of_a_model(open_label, snapshot):
    question = routing_question(snapshot)
    first = question.draw.frame[0]
    row = question.contest.row_of[first]
    part = question.contest.part
    app = open_label()
    assert app.title[0].value == "Does routing pay here?"
    assert line(app).startswith("0 of 30: nothing is known yet")
    assert part.texts[row] in [one.value for one in app.text]
    for at, option in enumerate(part.options[row]):
        assert app.button(key=f"label_1_{option_letter(at)}").label == option_letter(at)
        assert option in [one.value for one in app.text]
    assert "in question" not in texts(app)
    press(app, "label_1_show")
    assert "one of the two in question" in texts(app)


def test_labels_are_stored_as_facts_and_shrink_the_interval(open_label, store, snapshot):
    question = routing_question(snapshot)
    app = open_label()
    press(press(press(app, "label_1_B"), "label_2_skip"), "label_3_bad")
    labels = store.labels("demo")
    assert [one.query_id for one in labels] == list(question.draw.frame[:3])
    assert [one.words for one in labels] == ["'B'", "skipped", "bad"]
    assert {one.person for one in labels} == {"ann"}
    assert {one.draw_id for one in labels} == {question.draw.draw_id}
    found = gather_evidence(store, "demo", question.contest)
    assert found.gain.n_labels == 2
    assert line(app).startswith("3 of 30: gain ")
    assert f"about {found.more} more would probably settle it" in line(app)
    assert store.draws("demo")[0].settings == dict(question.draw.settings)


def test_the_last_label_is_taken_back(open_label, store):
    app = press(open_label(), "label_1_A")
    press(app, "label_undo")
    assert store.labels("demo") == []
    assert line(app).startswith("0 of 30")
    press(app, "label_undo")
    assert "no label of 'ann'" in app.error[0].value.replace("\\", "")


def test_the_known_truth_plays_and_leaves_nothing_behind(open_label, store, monkeypatch):
    begun = time.monotonic()
    monkeypatch.setattr(truth, "clock", lambda: begun)
    app = press(open_label(), "label_truth_start")
    assert any("Simulated labels" in one.value for one in app.markdown)
    monkeypatch.setattr(truth, "clock", lambda: begun + 5.0)
    app.run()
    assert line(app).startswith("15 of 30: gain ")
    monkeypatch.setattr(truth, "clock", lambda: begun + 10.0)
    app.run()
    assert line(app).startswith("30 of 30: gain +")
    assert any(KNOWN_TRUTH in one.value for one in app.caption)
    assert store.labels("demo") == []
    assert store.draws("demo") == []
    press(app, "label_truth_stop")
    assert line(app).startswith("0 of 30: nothing is known yet")


def test_a_dashboard_that_only_shows_asks_nothing(open_label, store, monkeypatch):
    press(open_label(), "label_1_A")
    monkeypatch.setenv("CASCAL_READ_ONLY", "1")
    before = store.path.read_bytes()
    app = open_label()
    assert any("only shows" in one.value for one in app.info)
    assert line(app).startswith("1 of 30: gain ")
    keys = [one.key for one in app.button if one.key and one.key.startswith("label_")]
    assert keys == ["label_truth_start"]
    assert store.path.read_bytes() == before
