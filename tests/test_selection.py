"""One selection drives the page Skill map, follows its clusters, and is in the link."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
import test_app
from conftest import thinned_workspace
from streamlit.testing.v1 import AppTest
from test_app import metric, plain

import cascal
from app import selection, session
from app.map_component.spec import MapSelection
from app.skills import exchange
from app.values import MERGES, SILHOUETTES, VOTERS
from cascal import charts
from cascal.dataset import query_filters
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.settings import JOINING, PRESETS, ROUTINGS

open_app = test_app.open_app


@pytest.fixture(scope="module")
def small_file(tmp_path_factory) -> Path:
    """Some queries of the demo, each with a place of its own on the map."""
    workspace = thinned_workspace(tmp_path_factory.mktemp("selection"), 8, 7)
    ids = [
        query_id
        for split in ("train", "test")
        for query_id in workspace.votes("demo", split).query_ids
    ]
    xy = np.random.default_rng(0).normal(size=(len(ids), 2))
    workspace.put_layout("demo", workspace.encoders("demo")[0][0], "{}", ids, xy)
    return workspace.path


EVERYWHERE = ((-99.0, -99.0), (99.0, -99.0), (99.0, 99.0), (-99.0, 99.0))


@pytest.fixture(scope="module")
def data(small_file) -> Dataset:
    return load_dataset(cascal.Workspace(small_file), "demo")


@pytest.fixture
def on_map(monkeypatch):
    """What a browser does on the map; the component itself is not there under AppTest."""

    def act(app: AppTest, done: MapSelection) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(st, "session_state", app.session_state)
            exchange.on_select(done)
        app.run()
        assert not app.exception

    return act


def said(app: AppTest) -> str:
    """The sentence that says what is chosen; empty where nothing is."""
    found = [plain(one.value) for one in app.caption]
    return next((one for one in found if re.match(r"[\d,]+ of [\d,]+ t|No quer", one)), "")


def n_chosen(app: AppTest) -> int:
    return int(said(app).split(" of ")[0].replace(",", ""))


def choice(app: AppTest, name: str):
    """The choice in a menu, which is a new widget where somebody else chose."""
    return next(one for one in app.button_group if one.key.startswith(f"map_{name}"))


def address(app: AppTest) -> dict[str, list[str]]:
    """The address as a browser has it."""
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in app.query_params.items()
    }


def table(app: AppTest, column: str):
    return next(one.value for one in app.dataframe if column in one.value)


@pytest.mark.slow
def test_nothing_is_chosen_at_first_and_the_page_says_so(open_app, small_file):
    app = open_app(small_file, "skills")
    assert said(app) == ""
    assert any(one.value == "Who gets the 625 training queries" for one in app.subheader)
    assert "clear" not in [one.key for one in app.button]
    assert address(app) == {"dataset": ["demo"]}


@pytest.mark.slow
def test_search_tasks_models_and_flags_narrow_together_and_clear_ends_them_all(
    open_app, small_file, data
):
    app = open_app(small_file, "skills")
    app.text_input(key="map_search").set_value("Which").run()
    hits = query_filters.holds_words(data.train, "which")
    assert said(app) == f"{hits.sum()} of 625 training queries: “Which”"
    task = data.train.votes.tasks[int(np.flatnonzero(hits)[0])]
    choice(app, "tasks").set_value([task]).run()
    hits &= np.array(data.train.votes.tasks) == task
    assert n_chosen(app) == hits.sum() > 0
    choice(app, "flags").set_value(["disagree"]).run()
    hits &= query_filters.models_disagree(data.train)
    assert said(app) == (
        f"{hits.sum()} of 625 training queries: task {task} · “Which” · models disagree"
    )
    assert table(app, "chosen")["chosen"].sum() == hits.sum()
    assert any(f"Best models for these {hits.sum()} queries" == one.value for one in app.subheader)
    assert address(app) == {
        "dataset": ["demo"],
        "search": ["Which"],
        "task": [task],
        "only": ["disagree"],
    }
    app.button(key="clear").click().run()
    assert said(app) == ""
    assert app.text_input(key="map_search").value == ""
    assert choice(app, "tasks").value == []
    assert "chosen" not in table(app, "lead")
    assert address(app) == {"dataset": ["demo"]}


@pytest.mark.slow
def test_a_search_without_hits_says_so_and_offers_the_way_out(open_app, small_file):
    app = open_app(small_file, "skills", search="no such words", task="law")
    assert said(app) == "No queries match – task law · “no such words”"
    assert any("No queries match" in plain(one.value) for one in app.info)
    app.button(key="clear").click().run()
    assert said(app) == ""


@pytest.mark.slow
def test_only_flags_that_act_here_are_offered(open_app, small_file):
    app = open_app(small_file, "skills")
    flags = choice(app, "flags")
    assert flags.options == ["Models disagree", "Far"]  # training: no gold, nothing flipped
    app = open_app(small_file, "skills", points="test", merge="0.4")
    flags = choice(app, "flags")
    assert flags.options == ["Models disagree", "Router wrong", "Flipped", "Far"]


@pytest.mark.slow
def test_flipped_and_wrong_count_what_the_numbers_beside_the_map_count(open_app, small_file):
    app = open_app(small_file, "skills", points="test", merge="0.4", only="flipped")
    flipped = next(one for one in app.metric if one.label == "Routes flipped")
    assert n_chosen(app) == int(flipped.delta)
    assert "286 test queries" in flipped.help
    choice(app, "flags").set_value(["flipped", "wrong"]).run()
    right = float(metric(app, "First model right").rstrip("%")) / 100
    assert n_chosen(app) <= int(flipped.delta)
    choice(app, "flags").set_value(["wrong"]).run()
    assert n_chosen(app) / 286 == pytest.approx(1 - right, abs=0.001)


@pytest.mark.slow
def test_a_picked_cluster_is_followed_when_the_clusters_move(open_app, small_file):
    app = open_app(small_file, "skills", merge="0.05", cluster="2")
    name = next(one.value for one in app.subheader if " · " in one.value)
    before = n_chosen(app)
    app.slider(key="merge").set_value(0.4).run()
    notes = [plain(one.value) for one in app.caption if "its queries" in one.value]
    assert len(notes) == 1
    assert re.search(r"has (all|\d+ % of) its queries( and [\d,]+ others?)?", notes[0])
    assert n_chosen(app) >= before // 2
    app.slider(key="merge").set_value(0.05).run()
    assert not [one for one in app.caption if "its queries" in one.value]
    assert name in [one.value for one in app.subheader]
    assert n_chosen(app) == before


@pytest.mark.slow
def test_a_cluster_that_dissolves_keeps_its_queries_and_says_where_they_are(open_app, small_file):
    app = open_app(small_file, "skills", silhouette="0.5", merge="0.6", share="1 or more")
    sizes = table(app, "lead")["queries"]
    app = open_app(
        small_file,
        "skills",
        silhouette="0.5",
        merge="0.6",
        share="1 or more",
        cluster=str(int(sizes.argmax())),
    )
    before = n_chosen(app)
    app.slider(key="merge").set_value(0.0)
    app.segmented_control(key="share").set_value("off")
    app.slider(key="silhouette").set_value(0.0).run()
    assert not app.exception
    notes = [plain(one.value) for one in app.caption if "dissolved into" in one.value]
    assert len(notes) == 1
    assert n_chosen(app) == before
    assert "cluster" not in app.query_params


@pytest.mark.slow
def test_a_region_takes_the_place_of_a_cluster_and_clear_on_the_map_clears_all(
    open_app, small_file, on_map
):
    app = open_app(small_file, "skills", cluster="0", only="disagree")
    disagree = n_chosen(app)
    on_map(app, MapSelection(polygon=EVERYWHERE))
    assert said(app).endswith("inside the region · models disagree")
    assert n_chosen(app) > disagree
    assert "cluster" not in app.query_params
    other = open_app(small_file, "skills", **{k: v[0] for k, v in address(app).items()})
    assert said(other) == said(app)
    on_map(app, MapSelection())
    assert said(app) == ""


@pytest.mark.slow
def test_entries_of_the_legend_are_models_tasks_clusters_or_flags(open_app, small_file, on_map):
    app = open_app(small_file, "skills", points="test")
    on_map(app, MapSelection(groups=("atlas-large", "None")))
    assert said(app).endswith("first model atlas-large")
    choice(app, "models").set_value(["atlas-large", "birch-math"]).run()
    assert said(app).endswith("first model atlas-large or birch-math")
    on_map(app, MapSelection(groups=()))
    assert said(app) == ""
    app.selectbox(key="colour").set_value("correct").run()
    on_map(app, MapSelection(groups=("wrong",)))
    assert said(app).endswith("router wrong")
    on_map(app, MapSelection(groups=("right", "wrong")))
    assert said(app) == ""
    app.selectbox(key="colour").set_value("cluster").run()
    clusters = table(app, "lead")
    entries = tuple(f"{clusters['cluster'][at]} {clusters['name'][at]}" for at in (0, 3))
    on_map(app, MapSelection(groups=entries))
    assert address(app)["cluster"] == ["0", "3"]


@pytest.mark.slow
def test_the_card_leads_through_what_is_chosen(open_app, small_file, data):
    rows = np.flatnonzero(query_filters.holds_words(data.train, "which"))
    query_id = data.train.votes.query_ids[rows[0]]
    app = open_app(small_file, "skills", search="which", query=query_id)
    assert any(f"of {len(rows)} chosen" in plain(one.value) for one in app.caption)
    assert app.button(key="query_after").proto.shortcut == "right"
    assert app.button(key="query_before").proto.shortcut == "left"
    way = "query_before" if app.button(key="query_after").disabled else "query_after"
    app.button(key=way).click().run()
    (chosen,) = address(app)["query"]
    assert data.train.votes.query_ids.index(chosen) in rows
    outside = "Not among the chosen queries: what is chosen leaves it out."
    assert outside not in [one.value for one in app.caption]
    app.text_input(key="map_search").set_value("no such words").run()
    assert outside in [one.value for one in app.caption]
    app.button(key="clear").click().run()
    assert outside not in [one.value for one in app.caption]


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "test"])
def test_one_query_found_by_its_id_has_no_interval_and_none_is_told_of(
    open_app, small_file, data, split
):
    query_id = data.part(split).votes.query_ids[0]
    link = {"search": query_id} | ({"points": "test"} if split == "test" else {})
    app = open_app(small_file, "skills", **link)
    captions = [plain(one.value) for one in app.caption]
    assert n_chosen(app) == 1
    assert not [one for one in captions if "95 %" in one or "intervals are wide" in one]
    assert any(one.endswith("; one query has no interval.") for one in captions)
    assert "Grey, as one query ranks no models." in captions


@pytest.mark.slow
def test_what_a_link_cannot_have_is_said_and_the_rest_is_chosen(open_app, small_file):
    app = open_app(
        small_file,
        "skills",
        task="law",
        model="nobody",
        region="1,2;x",
        zoom="3,2,0,1",
        colour="mud",
        points="all",
        cluster="999",
    )
    assert not app.exception
    faults = plain(app.sidebar.warning[0].value)
    for name in ("model 'nobody'", "region '1,2;x'", "zoom '3,2,0,1'", "colour 'mud'", "points"):
        assert name in faults
    assert any("cluster '999'" in plain(one.value) for one in app.main.warning)
    assert said(app).endswith("task law")


@pytest.mark.slow
def test_colour_points_and_zoom_are_in_the_link(open_app, small_file, on_map):
    app = open_app(small_file, "skills")
    app.segmented_control(key="points").set_value("Test queries").run()
    app.selectbox(key="colour").set_value("task").run()
    on_map(app, MapSelection(view=(0.0, 1.5, -2.25, 3.0)))
    assert address(app) == {
        "dataset": ["demo"],
        "points": ["test"],
        "colour": ["task"],
        "zoom": ["0,1.5,-2.25,3"],
    }
    other = open_app(small_file, "skills", **{k: v[0] for k, v in address(app).items()})
    assert address(other) == address(app)
    assert other.selectbox(key="colour").value == "task"
    assert other.segmented_control(key="points").value == "Test queries"
    assert not other.sidebar.warning


@pytest.mark.slow
def test_ids_in_the_link_are_chosen_and_at_most_fifty_are_written(
    open_app, small_file, data, monkeypatch
):
    ids = data.train.votes.query_ids
    app = open_app(small_file, "skills", queries=ids[4])
    assert said(app) == "1 of 625 training queries: 1 picked one by one"
    with monkeypatch.context() as patch:
        patch.setattr(st, "session_state", app.session_state)
        kept = selection.Selection(data=session.dataset_token(), queries=ids[:60])
        selection.choose(kept)
    app.run()
    assert n_chosen(app) == 60
    assert address(app)["queries"] == list(ids[:50])


@pytest.mark.slow
def test_queries_without_a_readable_answer_of_a_model_come_from_a_link(open_app, small_file, data):
    part = data.train
    n = int((~part.votes.answered[:, 0] & part.votes.asked[:, 0]).sum())
    name = part.votes.models[0]
    app = open_app(small_file, "data_sets", unread=name)
    assert 0 < n < len(part)
    assert said(app) == f"{n} of 625 training queries: no readable answer of {name}"
    answers = next(one.value for one in app.dataframe if "text" in one.value)
    assert set(answers[f"model:{name}"]) == {"–"}
    assert address(app)["unread"] == [name]


def test_the_layout_of_the_page_ships_with_the_app():
    assert (Path(exchange.__file__).with_name("layout.css")).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("end", [0, -1])
def test_every_choice_at_either_end_comes_back_from_a_link(open_app, small_file, end):
    choices = {
        "preset": list(PRESETS)[end],
        "share": list(JOINING)[end],
        "routing": list(ROUTINGS)[end],
        "points": ("train", "test")[end],
        "colour": list(charts.COLOUR_TITLES)[end],
        "silhouette": f"{SILHOUETTES[end]:g}",
        "merge": f"{MERGES[end]:g}",
        "top_k": f"{VOTERS[end]}",
        "only": list(selection.FLAGS)[end],
    }
    app = open_app(small_file, "skills", **choices)
    assert not app.exception
    assert not app.sidebar.warning
    state = app.session_state
    found = {name: state[name] for name in ("preset", "share", "routing", "colour")}
    assert found == {name: choices[name] for name in found}
    assert state["points"] == selection.POINTS[choices["points"]]
    numbers = {name: f"{state[name]:g}" for name in ("silhouette", "merge", "top_k")}
    assert numbers == {name: choices[name] for name in numbers}
    assert choice(app, "flags").value == [choices["only"]]
