"""Columns of one's own on the page Skill map: colour, filter, link, card and table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import test_app
from conftest import add_hashed, thinned_demo
from test_app import plain

import cascal
from cascal import charts
from cascal.columns import KEPT_SCHEMA
from cascal.compare.slices import LENGTH, groups_in
from cascal.dataset.dataset import load_dataset
from cascal.dataset.snapshot import take_snapshot

open_app = test_app.open_app
LANGUAGES = ("en", "**da**", "")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> Path:
    """A small demo whose queries have a language: English, Danish in Markdown, or none."""
    imported = thinned_demo(8, 7)["demo"]
    ids = imported.queries["query_id"].to_pylist()
    rows = [
        {"query_id": one, "name": "language", "text": LANGUAGES[at % 3]}
        for at, one in enumerate(ids)
        if LANGUAGES[at % 3]
    ]
    store = cascal.Workspace(tmp_path_factory.mktemp("kept") / "w.duckdb")
    add_hashed(store, replace(imported, kept=pa.Table.from_pylist(rows, KEPT_SCHEMA)))
    encoder = store.encoders("demo")[0][0]
    xy = np.random.default_rng(0).normal(size=(len(ids), 2))
    store.put_layout("demo", encoder, "{}", ids, xy)
    return store.path


def values(path: Path, split: str = "train") -> np.ndarray:
    (column,) = load_dataset(cascal.Workspace(path), "demo").part(split).kept
    return column.values


def test_both_splits_have_the_same_groups_and_every_query_its_own(spoken):
    data = load_dataset(cascal.Workspace(spoken), "demo")
    for split in ("train", "test"):
        group, names = groups_in(data, split, "language")
        assert names == groups_in(data, "train", "language")[1]
        shown = np.array(["" if names[one] == "(none)" else names[one] for one in group])
        assert shown.tolist() == values(spoken, split).tolist()


def test_the_map_is_coloured_by_a_column_and_by_the_first_where_the_name_is_unknown(spoken):
    data = load_dataset(cascal.Workspace(spoken), "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors)
    now = take_snapshot(data, fitted, cascal.Thresholds())
    for asked in ("language", "gone", None):
        colouring = charts.colour_map(now, data, "train", "kept", column=asked)
        assert colouring.title == "Language"
        assert set(colouring.names) == {"en", "**da**", "(other)", "(none)"}
    length = charts.colour_map(now, data, "test", "kept", column=LENGTH)
    assert len(length.group) == len(data.test)


@pytest.mark.slow
def test_a_link_colours_and_filters_by_a_column_and_says_what_it_does_not_know(open_app, spoken):
    app = open_app(spoken, "skills", kept="language=**da**", colour="kept", kept_of="language")
    assert not app.exception
    n = int((values(spoken) == "**da**").sum())
    assert any(f"{n:,} of" in one.value and "language" in one.value for one in app.caption)
    assert app.selectbox(key="colour").value == "kept"
    app.pills(key="map_kept_language").set_value(["en"]).run()
    assert app.session_state["selection"].kept == (("language", "en"),)
    assert app.query_params["kept"] in ("language=en", ["language=en"])
    wrong = open_app(spoken, "skills", kept="language=fr")
    assert any("kept" in one.value for one in wrong.warning)


@pytest.mark.slow
def test_the_card_and_the_table_of_queries_have_the_values(open_app, spoken):
    data = load_dataset(cascal.Workspace(spoken), "demo")
    row = values(spoken).tolist().index("**da**")
    app = open_app(spoken, "skills", query=data.train.votes.query_ids[row])
    assert any(plain(one.value) == "language: **da**" for one in app.caption)
    now = take_snapshot(data, cascal.fit(data.train.votes, data.train.vectors), cascal.Thresholds())
    table = charts.queries_frame(now, "train", np.array([row]))
    assert table["kept:language"].tolist() == ["**da**"]
