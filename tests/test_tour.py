"""The tour of a minute: seven steps on the demo, one button each, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import add_hashed, copy_workspace, thinned_demo
from paging import run_through
from streamlit.testing.v1 import AppTest

import cascal
from app.tour.steps import BROKEN_MERGE, STEPS
from app.values import DEFAULTS
from cascal.dataset.snapshot import take_snapshot
from cascal.diagnose import try_all
from cascal.settings import Thresholds

pytestmark = pytest.mark.slow
MAIN = Path(__file__).parents[1] / "app" / "main.py"


@pytest.fixture(scope="module")
def demo_file(tmp_path_factory, demo_workspace) -> Path:
    return copy_workspace(demo_workspace, tmp_path_factory.mktemp("tour") / "demo.duckdb").path


@pytest.fixture
def app(demo_file, monkeypatch) -> AppTest:
    monkeypatch.setenv("CASCAL_WORKSPACE", str(demo_file))
    return AppTest.from_file(str(MAIN), default_timeout=120).run()


def step(app: AppTest) -> str:
    return next((one.value for one in app.markdown if " of 7**" in one.value), "")


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def test_the_tour_is_not_there_unless_the_browser_or_the_reader_asks(app):
    assert not step(app)
    assert not [one for one in app.button if one.key in ("tour_start", "tour_next")]
    press(app, "tour_again")
    assert step(app) == "**1 of 7**"
    press(app, "tour_skip")
    assert not step(app)


def test_each_button_of_the_tour_does_its_step_and_in_the_end_all_is_undone(app):
    press(app, "tour_again")
    titles = []
    for at, one in enumerate(STEPS):
        assert not app.exception
        assert step(app) == f"**{at + 1} of 7**"
        if app.button(key="tour_next").disabled:
            run_through(app)
        titles.append(app.title[0].value)
        assert app.button(key="tour_next").label == one.does
        press(app, "tour_next")
        merge = app.session_state["merge"]
        assert merge == (BROKEN_MERGE if at in (2, 3) else DEFAULTS.merge), (at, merge)
    assert titles[0].startswith("Routing pays here")
    assert titles[2].startswith("This query goes to")
    assert "CAS205" not in titles[5]
    assert titles[6] == titles[0]
    assert not step(app)
    assert app.button(key="undo").disabled
    assert "applied_remedy" not in app.session_state


def test_the_tour_ends_with_what_to_retell(app):
    app.session_state["tour_step"] = len(STEPS) - 1
    app.run()
    said = next(one.value for one in app.markdown if one.value.startswith("All is undone"))
    assert r"9\.9 points over atlas\-large" in said
    assert r"\$1\.91 instead of \$4\.45 per 1,000 queries" in said
    assert "simulated" in said


def test_skipping_in_the_middle_undoes_what_the_tour_broke(app):
    app.session_state["tour_step"] = 2
    app.run()
    press(app, "tour_next")
    assert app.session_state["merge"] == BROKEN_MERGE
    press(app, "tour_skip")
    assert app.session_state["merge"] == DEFAULTS.merge


def test_on_other_data_there_is_no_tour(tmp_path, monkeypatch):
    """Other simulated data: a part of them is enough."""
    workspace = cascal.Workspace(tmp_path / "weak.duckdb")
    add_hashed(workspace, thinned_demo(16, 8)["demo-weak"])
    monkeypatch.setenv("CASCAL_WORKSPACE", str(workspace.path))
    app = AppTest.from_file(str(MAIN), default_timeout=120).run()
    assert not app.exception
    assert app.session_state["dataset"] == "demo-weak"
    assert not {one.key for one in app.button} & {"tour_again", "tour_again_on_a_phone"}


def test_a_router_that_merges_too_far_gets_the_default_merge_distance_as_a_remedy(demo, demo_fits):
    snapshot = take_snapshot(demo, demo_fits["recommended"], Thresholds(merge_distance=0.6))
    best = try_all(snapshot, "CAS205")[0]
    assert (best.judgement, best.cured) == ("helps", True)
    assert best.proposal.label == "merge only clusters nearer than 0.15"
    usual = take_snapshot(demo, demo_fits["recommended"], Thresholds())
    assert not any("merge only" in one.proposal.label for one in try_all(usual, "CAS205"))
