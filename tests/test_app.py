"""Every page renders on the demo and on an empty workspace; a threshold changes the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import cascal
from cascal.demo import install_demo

MAIN = Path(__file__).parents[1] / "app" / "main.py"
VIEWS = ("overview", "data", "skills", "route")


@pytest.fixture(scope="module")
def demo_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("app") / "demo.duckdb"
    install_demo(cascal.Workspace(path))
    return path


@pytest.fixture
def open_app(monkeypatch):
    def open_page(workspace: Path, view: str = "overview", **params: str) -> AppTest:
        st.cache_resource.clear()
        monkeypatch.setenv("CASCAL_WORKSPACE", str(workspace))
        app = AppTest.from_file(str(MAIN), default_timeout=120)
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        if view != "overview":
            app.switch_page(f"views/{view}.py").run()
        return app

    return open_page


def metric(app: AppTest, label: str) -> str:
    return next(one.value for one in app.metric if one.label == label)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("view", VIEWS)
def test_a_page_renders_on_the_demo_and_says_that_it_is_simulated(open_app, demo_file, view):
    app = open_app(demo_file, view)
    assert not app.exception
    assert not app.error
    texts = " ".join(str(one.value) for one in [*app.markdown, *app.caption, *app.title])
    assert "imulated" in texts


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_renders_on_an_empty_workspace_and_says_what_to_do(open_app, tmp_path, view):
    app = open_app(tmp_path / "new.duckdb", view)
    assert not app.exception
    assert not app.error
    assert app.title


def test_a_slider_changes_the_number_of_clusters_and_undo_restores_it(open_app, demo_file):
    app = open_app(demo_file, "skills")
    before = metric(app, "Skill clusters")
    app.slider(key="silhouette").set_value(0.4).run()
    assert int(metric(app, "Skill clusters")) < int(before)
    assert metric(app, "Routes flipped") != "0.0%"
    app.button(key="undo").click().run()
    assert metric(app, "Skill clusters") == before
    assert app.slider(key="silhouette").value == 0.05


def test_pinning_makes_the_present_state_the_reference(open_app, demo_file):
    app = open_app(demo_file, "skills")
    app.slider(key="merge").set_value(0.4).run()
    assert metric(app, "Routes flipped") != "0.0%"
    app.button(key="pin").click().run()
    assert metric(app, "Routes flipped") == "0.0%"
    app.button(key="reset").click().run()
    assert app.slider(key="merge").value == 0.15
    assert metric(app, "Routes flipped") != "0.0%"


@pytest.mark.parametrize("preset", ["released", "paper"])
def test_another_preset_refits(open_app, demo_file, preset):
    app = open_app(demo_file, "skills", preset=preset)
    assert not app.exception
    assert app.selectbox(key="preset").value == preset
    assert any(preset in one.value for one in app.code)


def test_a_link_with_nonsense_falls_back_to_the_defaults(open_app, demo_file):
    app = open_app(demo_file, "skills", silhouette="9", merge="x", preset="evil", share="<b>")
    assert not app.exception
    assert app.slider(key="silhouette").value == 0.05
    assert app.selectbox(key="preset").value == "recommended"


def test_a_query_is_routed_and_explained(open_app, demo_file):
    app = open_app(demo_file, "route")
    next(one for one in app.button if one.label == "Try a test query").click().run()
    assert not app.exception
    assert app.title[0].value.startswith("This query goes to")


def test_a_server_that_others_can_reach_writes_nothing(open_app, demo_file, monkeypatch):
    monkeypatch.setenv("CASCAL_READ_ONLY", "1")
    app = open_app(demo_file, "data")
    assert not app.exception
    assert not [one for one in app.button if one.label in ("Delete", "Import")]


def test_a_workspace_that_is_no_database_is_a_sentence(open_app, tmp_path):
    path = tmp_path / "text.duckdb"
    path.write_text("only text " * 500, encoding="utf-8")
    app = open_app(path)
    assert not app.exception
    assert "cannot be opened as a workspace" in app.error[0].value
