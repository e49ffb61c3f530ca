"""The page Runs: what changed against the pinned state or a saved run, and "nothing" where so."""

from __future__ import annotations

import re

import pytest
import test_app
from test_app import metric, plain

import cascal
from app.values import DEFAULTS, Values, values_of
from cascal.dataset.dataset import load_dataset
from cascal.dataset.saved_runs import make_run
from cascal.dataset.snapshot import take_snapshot
from cascal.number_format import BEFORE_ROUNDING
from cascal.settings import FitSettings, Routing, Thresholds

open_app = test_app.open_app
small_file = test_app.small_file


def title(app) -> str:
    return plain(app.title[0].value)


def headings(app) -> list[str]:
    return [plain(one.value) for one in app.subheader]


@pytest.mark.slow
def test_a_link_beside_the_pin_leads_to_what_changed(open_app, small_file):
    app = open_app(small_file)
    assert "Compare states on Runs" in [one.proto.label for one in app.sidebar.get("page_link")]


@pytest.mark.slow
def test_nothing_changed_is_said_where_nothing_did(open_app, small_file):
    app = open_app(small_file, "runs")
    assert not app.exception
    assert title(app) == ("Nothing changed since the defaults")
    assert any("to the last bit" in one.value for one in app.text)
    assert not any("elsewhere" in one for one in headings(app))


@pytest.mark.slow
def test_a_moved_threshold_is_the_headline_with_its_interval_and_leads_to_the_map(
    open_app, small_file
):
    app = open_app(small_file, "runs", merge="0.5")
    assert not app.exception
    n = int(metric(app, "Go to another model").replace(",", ""))
    assert n > 0
    assert re.match(r"(Better|Worse|Cheaper|Dearer|Not proven).* the defaults: ", title(app))
    assert "points [" in title(app)
    assert title(app).endswith(", because merge distance 0.15 → 0.5")
    (tile,) = [one for one in app.metric if one.label == "First model right"]
    assert " points [" in tile.delta
    was = tile.proto.delta_description
    assert re.fullmatch(r"was [\d.]+ %: (better|worse|not proven)", was)
    assert any(BEFORE_ROUNDING in one.value for one in app.caption)
    assert any(one.startswith("1 setting differs, the verdict ") for one in headings(app))
    (table,) = [one.value for one in app.table]
    assert [plain(one) for one in table["What"]] == ["merge distance", "verdict"]
    assert [plain(one) for one in table.iloc[0]] == ["merge distance", "0.15", "0.5"]
    (moved,) = [one.value for one in app.text if "newly right" in one.value]
    assert moved.startswith(f"Of the {n} queries that go elsewhere ")
    next(one for one in app.button if one.label == "Show them on the map").click().run()
    assert not app.exception
    assert app.session_state["selection"].flags == ("flipped",)


@pytest.mark.slow
def test_the_setting_that_was_taken_is_compared_with_the_state_before_it(open_app, small_file):
    store = cascal.Workspace(small_file)
    data = load_dataset(store, "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    merged = take_snapshot(data, fitted, Thresholds(merge_distance=0.5))
    store.save_run(make_run(data, merged, "yesterday"), replace=True)
    app = open_app(small_file)
    app.number_input(key="tolerance").set_value(20.0).run()
    app.button(key="use_recommended").click().run()
    app.button(key="see_the_change").click().run()
    assert not app.exception
    assert app.selectbox(key="changed_against").value == "The state before the last change"
    assert " the earlier state: " in title(app)
    assert ", because cost weight 0 → " in title(app)
    assert any("1 setting differs, and 1 that changes no" in one for one in headings(app))
    assert not any(one.label.startswith("Vote") for one in app.metric), "one model is asked"
    store.delete_run("yesterday")


@pytest.mark.slow
def test_a_saved_run_is_compared_with_the_present_state_and_opened(open_app, small_file):
    store = cascal.Workspace(small_file)
    data = load_dataset(store, "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    for name, distance in (("like now", 0.15), ("merged", 0.5)):
        state = take_snapshot(data, fitted, Thresholds(merge_distance=distance))
        store.save_run(make_run(data, state, name), replace=True)
    app = open_app(small_file, "runs")
    assert app.selectbox(key="changed_against").value == "Run merged"  # the one that differs
    assert " run “merged”: " in title(app)
    said = [plain(one.value) for one in app.caption]
    assert any(one.startswith("The present state decides as run “like now”") for one in said)
    app.selectbox(key="changed_against").set_value("Run like now").run()
    assert title(app).startswith("Nothing changed since run “like now”, saved 20")
    app.selectbox(key="changed_against").set_value("Run merged").run()
    assert " run “merged”: " in title(app)
    app.selectbox(key="one_run").set_value("merged").run()
    app.button(key="open_run").click().run()
    assert app.session_state["merge"] == 0.5
    assert title(app).startswith("Nothing changed since run “merged”, saved 20")
    store.delete_run("merged")
    app = open_app(small_file, "runs")
    assert title(app).startswith("Nothing changed since run “like now”, saved 20")
    app = open_app(small_file, "runs", merge="0.4")
    assert app.selectbox(key="changed_against").value == "Run like now"
    app.button(key="pin").click().run()
    app.slider(key="merge").set_value(0.3).run()
    assert app.selectbox(key="changed_against").value == "The pinned state"


@pytest.mark.slow
def test_the_report_says_beforehand_how_long_it_takes(open_app, small_file):
    app = open_app(small_file, "runs")
    assert any("seconds" in one.value and "One HTML file" in one.value for one in app.caption)


def test_controls_are_found_again_from_what_they_stand_for():
    moved = Values(preset="paper", silhouette=0.2, merge=0.4, share="off", top_k=2, routing="blend")
    for state in (DEFAULTS, moved):
        assert values_of(state.settings, state.thresholds) == state
    assert values_of(FitSettings(max_k=3), Thresholds()) is None
    assert values_of(FitSettings(), Thresholds(merge_distance=1.5)) is None
    assert values_of(FitSettings(), Thresholds(routing=Routing("nearest", k_nearest=9))) is None
