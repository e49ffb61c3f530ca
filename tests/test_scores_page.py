"""Scores given on the page Label: one response at a time, no model's name, taken back by a key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import add_hashed, copy_workspace
from paging import open_at
from refusals import refuses
from streamlit.testing.v1 import AppTest

import cascal
from cascal.dataset.score_desk import ScoreDesk
from cascal.dataset.score_file import score_rows
from cascal.dataset.scored_evidence import gather_scores
from cascal.simulate.prose import prose_world

MAIN = Path(__file__).parents[1] / "app" / "main.py"


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> cascal.Workspace:
    """40 open-ended queries that eight simulated models answered."""
    workspace = cascal.Workspace(tmp_path_factory.mktemp("scoring") / "w.duckdb")
    add_hashed(workspace, prose_world(40).imported)
    return workspace


@pytest.fixture
def store(template, tmp_path) -> cascal.Workspace:
    return copy_workspace(template, tmp_path / "w.duckdb")


def desk_of(store, person="ann", n=2) -> ScoreDesk:
    return ScoreDesk(store=store, dataset="prose", person=person, n=n)


def test_the_desk_asks_in_the_order_of_the_file_and_ends_with_the_draw(store):
    desk, rows = desk_of(store), score_rows(store, "prose", 2, "ann")
    asked = []
    while (one := desk.open_response()) is not None:
        asked.append((one.query_id, one.text, one.response, one.content))
        desk.give(one, 0.25)
    names = ("query_id", "text", "response", "content")
    assert asked == [tuple(row[name] for name in names) for row in rows]
    assert desk.progress() == (16, 16)
    assert desk_of(store, n=3).progress() == (16, 24)
    assert {one.value for one in store.response_scores("prose")} == {0.25}
    assert desk_of(store, "bob").progress() == (0, 16)


def test_a_query_is_skipped_whole_and_the_last_score_is_taken_back(store):
    desk = desk_of(store)
    first = desk.open_response()
    second = desk.open_response(without={first.query_id})
    assert second.query_id != first.query_id
    desk.give(first, 1.0)
    desk.give(desk.open_response(), 0.5)
    assert desk.undo().value == 0.5
    assert desk.undo().value == 1.0
    with refuses("missing-value", "no score of 'ann'"):
        desk.undo()
    assert desk.open_response() == first
    assert store.response_scores("prose") == []


@pytest.mark.slow
def test_the_page_hides_the_model_stores_at_once_and_ranks_beside(monkeypatch, store):
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("label", dataset="prose")
    assert app.title[0].value == "How good is this answer?"
    app.text_input(key="label_person").set_value("ann").run()
    first = desk_of(store, n=30).open_response()
    shown = [one.value for one in app.text]
    assert first.text in shown
    assert first.response in shown
    assert not any(first.model in one for one in shown)
    assert app.get("progress")[0].proto.text == "**0 of 240 responses**"
    app.button(key="scoring_4").click().run()
    (given,) = store.response_scores("prose")
    assert (given.model, given.value, given.scorer, given.origin) == (
        first.model,
        0.75,
        "ann",
        "person",
    )
    assert app.get("progress")[0].proto.text == "**1 of 240 responses**"
    app.button(key="scoring_undo").click().run()
    assert store.response_scores("prose") == []
    app.button(key="scoring_skip").click().run()
    assert first.text not in [one.value for one in app.text]
    desk = desk_of(store, n=10)
    names = sorted({model for _, model in store.scored_content("prose")})
    store.add_scores(
        "prose",
        [
            replace(
                given,
                query_id=one.query_id,
                model=one.model,
                value=0.5 + 0.04 * names.index(one.model),
                content=one.content,
            )
            for one in desk.open_responses()
        ],
    )
    app.run()
    assert app.get("progress")[0].proto.text == "**80 of 240 responses**"
    assert gather_scores(store, "prose", "person").sentence in [one.value for one in app.text]
    monkeypatch.setenv("CASCAL_READ_ONLY", "1")
    app.run()
    assert not [one for one in app.button if one.key and one.key.startswith("scoring_")]


@pytest.mark.slow
def test_overview_without_scores_leads_to_the_page(monkeypatch, store):
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.query_params["dataset"] = "prose"
    app.run()
    assert app.title[0].value == "Open-ended answers cannot be ranked without scores"
    assert "Score them here" in [one.proto.label for one in app.get("page_link")]


def test_a_draw_of_many_queries_reads_the_data_set_once(store, monkeypatch):
    reads = []
    whole = type(store).queries
    monkeypatch.setattr(type(store), "queries", lambda *given: reads.append(given) or whole(*given))
    few = len(desk_of(store, n=2).open_responses()), len(reads)
    reads.clear()
    many = len(desk_of(store, n=20).open_responses()), len(reads)
    assert (few[0], many[0]) == (16, 160)
    assert few[1] == many[1]
