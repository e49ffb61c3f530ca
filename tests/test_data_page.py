"""The page Data: every query with its answers, what the models answer, what the import left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import test_app
from conftest import add_hashed, thinned_demo
from test_app import plain

import cascal
from cascal import charts
from cascal.columns import Refusal
from cascal.dataset.dataset import load_dataset
from cascal.dataset.snapshot import take_snapshot
from cascal.settings import Thresholds

open_app = test_app.open_app
small_file = test_app.small_file


@pytest.mark.slow
def test_queries_come_with_the_answer_of_every_model_and_the_least_agreed_first(
    open_app, small_file
):
    data = load_dataset(cascal.Workspace(small_file), "demo")
    app = open_app(small_file, "data_sets", points="test")
    assert not app.exception
    table = app.dataframe[0].value
    assert [name for name in table.columns if name.startswith("model:")] == [
        f"model:{name}" for name in data.test.votes.models
    ]
    assert table["agreement"].is_monotonic_increasing
    assert set(table["query"]) == set(data.test.votes.query_ids)
    asked, read = (
        sum(getattr(part.votes, name).sum() for part in (data.train, data.test))
        for name in ("asked", "answered")
    )
    assert f"{asked - read:,} of {asked:,} answers cannot be read" in plain(app.title[0].value)


@pytest.mark.slow
def test_a_link_opens_the_card_beside_the_table_and_a_search_narrows_it(open_app, small_file):
    part = load_dataset(cascal.Workspace(small_file), "demo").train
    app = open_app(small_file, "data_sets", query=part.votes.query_ids[7])
    assert not app.exception
    assert part.texts[7] in [one.value for one in app.text]
    app.button(key="close_query").click().run()
    app.text_input(key="map_search").set_value(part.votes.query_ids[7]).run()
    assert app.dataframe[0].value["query"].tolist() == [part.votes.query_ids[7]]


def test_answers_are_marked_by_gold_answers_alone(demo):
    small = replace(demo, test=demo.test.take(np.arange(40)))
    fitted = cascal.fit(small.train.votes, small.train.vectors)
    snapshot, rows = take_snapshot(small, fitted, Thresholds()), np.arange(40)
    test = charts.compact_answers_frame(snapshot, "test", rows, {})
    train = charts.compact_answers_frame(snapshot, "train", rows, {})
    for at, name in enumerate(small.test.votes.models):
        right = [text.startswith("✓") for text in test[f"model:{name}"]]
        assert right == (small.test.right[:, at] == 1).tolist()
        assert not train[f"model:{name}"].str.contains("[✓✗]").any()
    nothing = ~small.train.votes.answered[:40]
    for at, name in enumerate(small.train.votes.models):
        assert (train[f"model:{name}"] == "–").tolist() == nothing[:, at].tolist()


@pytest.mark.slow
def test_what_an_import_left_out_is_still_said_after_it(open_app, tmp_path):
    store = cascal.Workspace(tmp_path / "left.duckdb", create=True)
    imported = thinned_demo(50, 50)["demo"]
    refused = (*[Refusal("a.csv", row, "model", "There is no model.") for row in (3, 9)],)
    add_hashed(store, replace(imported, refused=refused))
    assert "Left out 2 ×: There is no model." in store.dataset("demo").note
    app = open_app(store.path, "data_sets")
    app.session_state["data_tab"] = "Data sets"
    app.run()
    assert any("Left out 2 ×: There is no model." in one.value for one in app.text)
