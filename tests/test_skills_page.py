"""The page Skill map: the card of a query, and what was learnt about confidences."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pyarrow as pa
import pytest
import streamlit as st
import test_app
from conftest import add_hashed
from streamlit.testing.v1 import AppTest
from test_app import metric, plain

import cascal
from app import history
from app.map_component.spec import MapSelection
from app.skills import exchange
from app.values import DEFAULTS
from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
from cascal.dataset.dataset import load_dataset
from cascal.datatypes import ModelSpec, Task

open_app = test_app.open_app
small_file, demo_file = test_app.small_file, test_app.demo_file


def card_of(app: AppTest) -> list[str]:
    """The texts of the open card and below; empty while no card is open."""
    return [one.value for one in app.text] if "close_query" in keys_of(app) else []


def address_query(app: AppTest) -> str:
    """The query that the address names; a list of one after a rerun of a browser."""
    found = app.query_params["query"]
    return found if isinstance(found, str) else found[0]


def keys_of(app: AppTest) -> list[str | None]:
    return [one.key for one in app.button]


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_link_opens_the_card_of_a_query_and_the_card_leads_on(open_app, small_file, split):
    part = load_dataset(cascal.Workspace(small_file), "demo").part(split)
    app = open_app(small_file, "skills", query=part.votes.query_ids[7])
    assert not app.exception
    assert part.texts[7] in card_of(app)
    near = next(one for one in app.button if one.key == "near_0")
    near.click().run()
    assert part.texts[7] not in card_of(app)
    chosen = address_query(app)
    assert part.texts[part.votes.query_ids.index(chosen)] in card_of(app)
    way = "query_after" if not app.button(key="query_after").disabled else "query_before"
    back = "query_before" if way == "query_after" else "query_after"
    app.button(key=way).click().run()
    assert address_query(app) != chosen
    app.button(key=back).click().run()
    assert address_query(app) == chosen
    app.button(key="close_query").click().run()
    assert not app.exception
    assert not card_of(app)
    assert "query" not in app.query_params


@pytest.mark.slow
def test_a_chosen_query_stays_chosen_when_the_clusters_move(open_app, small_file):
    part = load_dataset(cascal.Workspace(small_file), "demo").train
    app = open_app(small_file, "skills", query=part.votes.query_ids[3])
    before = metric(app, "Skill clusters")
    app.slider(key="silhouette").set_value(0.5).run()
    assert metric(app, "Skill clusters") != before
    assert part.texts[3] in card_of(app)
    app.button(key="card_cluster").click().run()
    assert not card_of(app)
    assert any("training queries" in one.value and "Cluster" in one.value for one in app.caption)


@pytest.mark.slow
def test_a_click_on_the_map_opens_the_card_and_a_lasso_closes_it(open_app, small_file, monkeypatch):
    part = load_dataset(cascal.Workspace(small_file), "demo").train
    app = open_app(small_file, "skills")
    row, region = 11, ((-99.0, -99.0), (99.0, -99.0), (99.0, 99.0))
    for picked in (MapSelection(clicked=row), MapSelection(clicked=row, polygon=region)):
        with monkeypatch.context() as patch:
            patch.setattr(st, "session_state", app.session_state)
            exchange.on_select(picked)
        app.run()
        assert not app.exception
        assert (part.texts[row] in card_of(app)) == (picked.polygon is None)
    assert any("No queries match – inside the region" in plain(one.value) for one in app.info)


@pytest.mark.slow
def test_an_arrow_key_on_the_map_goes_where_the_button_of_the_card_goes(
    open_app, small_file, monkeypatch
):
    part = load_dataset(cascal.Workspace(small_file), "demo").train
    app = open_app(small_file, "skills", query=part.votes.query_ids[11])
    app.button(key="query_after").click().run()
    following = address_query(app)
    app = open_app(small_file, "skills", query=part.votes.query_ids[11])
    with monkeypatch.context() as patch:
        patch.setattr(st, "session_state", app.session_state)
        exchange.step(1)
    app.run()
    assert address_query(app) == following


@pytest.mark.slow
def test_the_map_says_what_the_last_move_flipped_or_where_nothing_can(open_app, demo_file):
    app = open_app(demo_file, "skills")
    assert not any("flipped" in one.value or "No query" in one.value for one in app.text)
    app.slider(key="silhouette").set_value(0.06).run()
    assert [one.value for one in app.text if "No query changed its first model" in one.value]
    [band] = [one.value for one in app.text if "min silhouette is between" in one.value]
    low, high = map(float, re.findall(r"0\.\d\d", band))
    assert low <= 0.05 < 0.06 <= high
    app.run()
    app.slider(key="silhouette").set_value(0.5).run()
    [flips] = [
        one.value
        for one in app.text
        if re.match(r"[\d,]+ training queries flipped by the last move: ", one.value)
    ]
    numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?= )", flips)]
    assert numbers[0] == sum(numbers[1:]) > 0
    app.session_state["colour"] = "task"
    app.run()
    assert flips in [one.value for one in app.text]
    app.switch_page("route/page.py").run()
    app.switch_page("skills/page.py").run()
    assert not any("flipped" in one.value for one in app.text)  # it was seen
    app.button(key="undo").click().run()
    assert any("training queries flipped by undo: " in one.value for one in app.text)
    assert not app.exception


@pytest.mark.slow
def test_quick_steps_of_a_slider_are_one_move_for_the_map_as_for_undo(
    open_app, demo_file, monkeypatch
):
    monkeypatch.setattr(history, "clock", lambda: 0.0)
    app = open_app(demo_file, "skills")
    for value in (0.2, 0.3, 0.4):
        app.slider(key="merge").set_value(value).run()
        app.run()  # of a move only what follows it is drawn
    [moved] = [one.value for one in app.text if "flipped by the last move" in one.value]
    app.button(key="undo").click().run()
    assert app.slider(key="merge").value == DEFAULTS.merge
    [back] = [one.value for one in app.text if "flipped by undo" in one.value]
    assert moved.split()[0] == back.split()[0]
    app.slider(key="silhouette").set_value(0.06).run()
    app.run()
    app.button(key="undo").click().run()
    assert "No query changed its first model by undo." in [one.value for one in app.text]
    assert not app.exception


def _of_a_page(app) -> dict[str, list[str]]:
    """All that a threshold moves on the page: headline, numbers, command, strip over its slider."""
    return {
        "headline": [one.value for one in app.title],
        "numbers": [f"{one.label}: {one.value} {one.delta}" for one in app.metric],
        "command": [one.value for one in app.sidebar.code],
        "strip": [one.proto.imgs[0].alt for one in app.sidebar.image][-1:],
        "clusters": [
            str(one.value["name"].tolist()) for one in app.dataframe if "lead" in one.value
        ],
    }


@pytest.mark.slow
def test_a_move_draws_what_follows_it_and_leaves_the_rest_of_the_page(open_app, small_file):
    app = open_app(small_file, "skills")
    app.slider(key="silhouette").set_value(0.11).run()
    assert app.selectbox(key="preset"), "now there is something to undo: all of the page is drawn"
    before = _of_a_page(app)
    app.slider(key="silhouette").set_value(0.5).run()
    assert not app.exception
    alone = _of_a_page(app)
    assert not [one for one in app.selectbox if one.key == "preset"]
    assert not [one for one in app.button if one.key == "undo"]
    app.run()
    assert _of_a_page(app) == alone
    assert not [name for name in before if before[name] == alone[name]]


@pytest.mark.slow
def test_a_move_that_broke_off_the_one_before_it_draws_the_button_too(open_app, small_file):
    app = open_app(small_file, "skills")
    app.session_state["history"] = [DEFAULTS]  # all that is left of a run that drew no button
    app.slider(key="silhouette").set_value(0.5).run()
    assert not app.exception
    assert not app.button(key="undo").disabled


@pytest.mark.slow
def test_the_skill_of_a_chosen_model_colours_the_map_and_is_in_the_link(open_app, demo_file):
    app = open_app(demo_file, "skills")
    app.selectbox(key="colour").set_value("skill").run()
    app.selectbox(key="skill_of").set_value("elm-counsel").run()
    assert not app.exception
    assert "skill" in app.query_params["colour"]
    assert "elm-counsel" in app.query_params["skill_of"]
    other = open_app(demo_file, "skills", colour="skill", skill_of="elm-counsel")
    assert other.selectbox(key="skill_of").value == "elm-counsel"
    other.selectbox(key="colour").set_value("silhouette").run()
    assert "skill_of" not in other.query_params
    other.segmented_control(key="points").set_value("Test queries").run()
    assert not other.exception
    assert other.selectbox(key="colour").value == "model"


@pytest.mark.slow
def test_a_zoom_leaves_the_inspected_cluster(open_app, small_file, monkeypatch):
    app = open_app(small_file, "skills", cluster="1")
    with monkeypatch.context() as patch:
        patch.setattr(st, "session_state", app.session_state)
        exchange.on_select(MapSelection(view=(0.0, 1.0, 0.0, 1.0)))
    app.run()
    assert set(app.query_params["cluster"]) == {"1"}
    assert "".join(app.query_params["zoom"]) == "0,1,0,1"


@pytest.mark.slow
def test_a_card_below_the_map_opens_and_goes_to_the_page_route(open_app, small_file):
    app = open_app(small_file, "skills", cluster="0")
    opener = next(one for one in app.button if str(one.key).startswith("open_"))
    opener.click().run()
    query_id = str(opener.key).removeprefix("open_")
    assert address_query(app) == query_id
    part = load_dataset(cascal.Workspace(small_file), "demo").train
    text = part.texts[part.votes.query_ids.index(query_id)]
    assert text in card_of(app)
    assert app.session_state["points"] == "Training queries"
    app.button(key="route_query").click().run()
    assert app.title[0].value.startswith("This query goes to")
    assert app.text_area(key="query_text").value == text


@pytest.mark.slow
def test_the_card_shows_what_models_wrote_as_text_and_only_on_demand(open_app, tmp_path):
    evil = "<img src=x onerror=alert(1)> :red[no] **bold**"
    path = tmp_path / "free.duckdb"
    store_free_answers(path, evil)
    app = open_app(path, "skills", query="q1")
    assert not app.exception
    assert evil in card_of(app)
    assert f"answer 1: {evil}" in card_of(app)
    assert not [one for one in app.code if one.value == evil]
    app.session_state["card_responses"] = True
    app.run()
    assert not app.exception
    assert [one.value for one in app.code if one.value == evil] == [evil] * 2
    shown = [one.value for one in [*app.markdown, *app.caption]]
    assert not any("<img" in one for one in shown)
    assert any("No right answer is known" in one for one in map(plain, shown))


def store_free_answers(path: Path, text: str) -> None:
    """40 queries with free answers, without gold, log-probabilities, test queries and places."""
    texts = {f"q{i}": text if i == 1 else f"{i} plus {i}" for i in range(40)}
    queries = [
        {"query_id": name, "task": "t", "text": one, "options": []}
        | {"answer_origin": "none", "split": "train"}
        for name, one in texts.items()
    ]
    responses = [
        {
            "query_id": name,
            "model": model,
            "sample": 0,
            "text": said,
            "answer": said,
            "status": "ok",
        }
        for name, one in texts.items()
        for model, said in (("a", one), ("b", one), ("c", "no"))
    ]
    add_hashed(
        cascal.Workspace(path),
        Imported(
            dataset="free",
            origin="real",
            source="x",
            tasks=(Task("t"),),
            models=tuple(map(ModelSpec, "abc")),
            queries=pa.Table.from_pylist(queries, QUERY_SCHEMA),
            responses=pa.Table.from_pylist(responses, RESPONSE_SCHEMA),
        ),
    )


@pytest.mark.slow
def test_a_link_to_a_query_that_is_not_here_is_a_sentence(open_app, small_file):
    app = open_app(small_file, "skills", query="<b>gone")
    assert not app.exception
    assert "asks for query '<b>gone', which is not here" in plain(app.sidebar.warning[0].value)
    assert not card_of(app)


@pytest.mark.slow
def test_what_was_learnt_about_confidences_is_drawn_when_it_is_opened(open_app, small_file):
    app = open_app(small_file, "skills")
    drawn = len(app.get("plotly_chart"))
    app.session_state["confidences"] = True
    app.run()
    assert not app.exception
    assert any("Log-probabilities count for" in text.value for text in app.text)
    assert len(app.get("plotly_chart")) == drawn + 1


@pytest.mark.slow
def test_a_move_asks_seldom_whether_the_workspace_has_changed(open_app, small_file, monkeypatch):
    """On a network drive every question takes a millisecond, and a move waits for all of them."""
    app, stat, asked = open_app(small_file, "skills"), os.stat, []

    def counted(path, *args, **kwargs):
        asked.append(str(path) == str(small_file))
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", counted)
    app.slider(key="silhouette").set_value(0.2).run()
    assert not app.exception
    assert 0 < sum(asked) <= 60
    asked.clear()
    app.slider(key="silhouette").set_value(0.3).run()
    assert not app.exception
    assert 0 < sum(asked) <= 15
