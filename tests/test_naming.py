"""Clusters named by a model: asked once each, stored for exactly them, marked, removed again."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import add_hashed, copy_workspace, thinned_demo
from fake_upstream import FakeUpstream
from paging import run_through
from refusals import refuses
from streamlit.testing.v1 import AppTest
from test_app import open_app as open_app
from test_app import plain

import cascal
from cascal.collection.name_clusters import name_into, plan_names
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.snapshot import Snapshot, cluster_members, take_snapshot
from cascal.endpoint import Patience
from cascal.naming.cluster_names import cluster_name
from cascal.naming.given_names import LONGEST, GivenName, members_hash, short_name, with_given

FAST = Patience(attempts=1, total_seconds=5.0, timeout=5.0)


@pytest.fixture(scope="module")
def upstream():
    with FakeUpstream() as server:
        yield server


@pytest.fixture(scope="module")
def named_file(tmp_path_factory, upstream) -> Path:
    """The small demo, its first model at the upstream with prices, its second without."""
    path = tmp_path_factory.mktemp("naming") / "named.duckdb"
    imported = thinned_demo(8, 50)["demo"]
    first, second, *others = imported.models
    models = (
        replace(first, base_url=upstream.url("normal"), input_price=1.0, output_price=2.0),
        replace(
            second, base_url=upstream.url("normal"), key_env="NAMING_TEST_KEY", input_price=math.nan
        ),
        *others,
    )
    add_hashed(cascal.Workspace(path), replace(imported, models=models))
    return path


@pytest.fixture
def workspace(named_file, tmp_path) -> cascal.Workspace:
    return copy_workspace(cascal.Workspace(named_file), tmp_path / "own.duckdb")


@pytest.fixture(scope="module")
def snapshot_of(named_file):
    """Makes a snapshot of the data, of which the tests change the names alone: one fit is all's."""
    read = load_dataset(cascal.Workspace(named_file), "demo")
    fit = cascal.fit(read.train.votes, read.train.vectors, n_jobs=1)

    def snapshot(data: Dataset, thresholds: cascal.Thresholds | None = None) -> Snapshot:
        return take_snapshot(data, fit, thresholds or cascal.Thresholds())

    return snapshot


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        ("Ideal gases", "Ideal gases"),
        ('  **"Ideal gases."**  ', "Ideal gases"),
        ("<think>hm</think>\nName:\n\nIdeal gases\n", "Ideal gases"),
        ("Ideal\u202e gases\x00", "Ideal gases"),
        ("gas · laws", "gas - laws"),
        ("", ""),
        ("***\n", ""),
    ],
)
def test_a_name_is_the_last_line_of_a_reply_without_what_surrounds_it(reply, name):
    assert short_name(reply) == name


def test_a_name_is_cut_to_forty_characters():
    name = short_name("very long " * 30)
    assert len(name) <= LONGEST
    assert name.endswith("…")


def test_a_given_name_stands_with_its_model_and_only_once_in_a_task():
    names = [("t", "gas"), ("t", "acid"), ("u",)]
    given = {"a": GivenName("X", "gpt"), "b": GivenName("X", "gpt"), "c": GivenName("X", "gpt")}
    assert with_given(names, ["a", "b", "c"], given) == [
        ("t", "*X", "named by gpt"),
        ("t", "acid"),
        ("u", "*X", "named by gpt"),
    ]
    assert with_given(names, ["d", "e", "f"], given) == names


def test_typical_queries_are_short_lines(workspace, snapshot_of):
    now = snapshot_of(load_dataset(workspace, "demo"))
    texts = now.typical_texts(0, 60)
    assert len(texts) == 3
    for row, text in zip(now.typical(0), texts, strict=True):
        assert len(text) <= 60
        assert " ".join(now.dataset.train.texts[row].split()).startswith(text.rstrip("…"))


def test_names_belong_to_the_queries_of_a_cluster_in_any_order():
    assert members_hash(["q1", "q2"]) == members_hash(["q2", "q1"])
    assert len({members_hash(ids) for ids in (["q1"], ["q1", "q2"], ["q1q2"], [])}) == 4


def test_names_are_stored_replaced_and_deleted(workspace):
    workspace.put_cluster_names("demo", {"a": GivenName("X", "m"), "b": GivenName("Y", "m")})
    workspace.put_cluster_names("demo", {"a": GivenName("Z", "n")})
    workspace.put_cluster_names("demo", {})
    assert workspace.cluster_names("demo") == {"a": GivenName("Z", "n"), "b": GivenName("Y", "m")}
    assert workspace.delete_cluster_names("demo") == 2
    assert workspace.cluster_names("demo") == {}
    with refuses("no-dataset"):
        workspace.put_cluster_names("gone", {})


def test_a_deleted_data_set_takes_its_names_along(workspace):
    workspace.put_cluster_names("demo", {"a": GivenName("X", "m")})
    workspace.delete_dataset("demo")
    add_hashed(workspace, thinned_demo(200, 500)["demo"])
    assert workspace.cluster_names("demo") == {}


def test_a_plan_says_what_it_would_send_and_sends_nothing(workspace, upstream, snapshot_of):
    data = load_dataset(workspace, "demo")
    now, before = snapshot_of(data), len(upstream.requests)
    plan = plan_names(now, data.models[0])
    n_clusters = len(now.router.clusters)
    assert len(plan.requests) == n_clusters
    assert f"{n_clusters} calls to {data.models[0].name} at 127.0.0.1:" in plan.sentence
    assert 0 < plan.cost < plan.most
    assert f"about ${plan.cost:,.4f}, at most ${plan.most:,.4f}" in plan.sentence
    assert len(upstream.requests) == before
    unpriced = plan_names(now, data.models[1])
    assert "its price is not known" in unpriced.sentence
    assert "with the key in NAMING_TEST_KEY" in unpriced.sentence
    with refuses("no-endpoint", data.models[2].name):
        plan_names(now, data.models[2])


def test_one_call_a_cluster_holds_its_most_typical_queries(workspace, upstream, snapshot_of):
    data = load_dataset(workspace, "demo")
    now, before = snapshot_of(data), len(upstream.requests)
    plan = plan_names(now, data.models[0])
    named = name_into(workspace, data, plan, patience=FAST)
    sent = upstream.requests[before:]
    assert len(sent) == len(plan.requests) == len(named.names)
    bodies = [body["messages"][1]["content"] for _, _, body in sent]
    for cluster in range(len(now.router.clusters)):
        row = now.typical(cluster)[0]
        start = " ".join(data.train.texts[row][:300].split())
        assert sum(start in body for body in bodies) >= 1
    assert named.cost > 0
    assert "clusters named for $" in named.sentence


def test_named_clusters_are_marked_and_others_keep_their_own_names(
    workspace, upstream, snapshot_of
):
    data = load_dataset(workspace, "demo")
    model = data.models[0]
    upstream.texts[model.name] = 'Sure!\n"Common <b>name</b>"'
    own = snapshot_of(data).names
    name_into(workspace, data, plan_names(snapshot_of(data), model), patience=FAST)
    again = load_dataset(workspace, "demo")
    shown = snapshot_of(again)
    marked = [name for name in shown.names if len(name) > 2]
    tasks = {name[0] for name in own}
    assert {name[0] for name in marked} == tasks, "the first of each task; a second is no name"
    assert cluster_name(marked[0]).endswith(f"*Common <b>name</b> · named by {model.name}")
    assert all(
        new in (old, new[:1] + marked[0][1:]) for new, old in zip(shown.names, own, strict=True)
    )
    assert plan_names(shown, model).requests == {}
    moved = snapshot_of(again, cascal.Thresholds(min_silhouette=1.0, merge_distance=1.0))
    whole = set(cluster_members(again, moved.router.clusters))
    assert sum(len(name) > 2 for name in moved.names) == len(whole & set(again.given_names))
    workspace.delete_cluster_names("demo")
    assert snapshot_of(load_dataset(workspace, "demo")).names == own


def test_what_came_is_stored_when_the_rest_is_stopped(workspace, upstream, snapshot_of):
    data = load_dataset(workspace, "demo")
    upstream.texts[data.models[0].name] = "Some name"
    plan = plan_names(snapshot_of(data), data.models[0])

    def stop(n_replies: int) -> None:
        if n_replies == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        name_into(workspace, data, plan, stop, patience=FAST, concurrency=1)
    assert len(workspace.cluster_names("demo")) == 3


def test_a_failing_endpoint_names_nothing_and_says_so(workspace, upstream, snapshot_of):
    data = load_dataset(workspace, "demo")
    model = replace(data.models[0], base_url=upstream.url("echo500"))
    named = name_into(workspace, data, plan_names(snapshot_of(data), model), patience=FAST)
    assert named.names == {}
    assert named.sentence.startswith("0 clusters named")
    assert len(named.failures) > 0
    assert workspace.cluster_names("demo") == {}


def test_a_key_that_is_not_set_is_said_before_anything_is_sent(
    workspace, upstream, monkeypatch, snapshot_of
):
    monkeypatch.delenv("NAMING_TEST_KEY", raising=False)
    data, before = load_dataset(workspace, "demo"), len(upstream.requests)
    with refuses("key-not-set", "NAMING_TEST_KEY"):
        name_into(workspace, data, plan_names(snapshot_of(data), data.models[1]))
    assert len(upstream.requests) == before


def names_shown(app: AppTest) -> list[str]:
    table = next(one.value for one in app.dataframe if "name" in one.value.columns)
    return list(table["name"])


@pytest.mark.slow
def test_names_are_asked_for_shown_and_removed_on_the_skill_map(open_app, workspace, upstream):
    data, before = load_dataset(workspace, "demo"), len(upstream.requests)
    upstream.texts[data.models[0].name] = "<i>Common</i> $name$"
    app = open_app(workspace.path, "skills")
    own = names_shown(app)
    app.session_state["naming"] = True
    app.run()
    assert not app.exception
    assert any("calls to" in plain(one.value) for one in app.caption)
    assert len(upstream.requests) == before, "nothing is sent before the button"
    app.button(key="start_names").click().run()
    run_through(app, seconds=15)
    assert not app.exception
    assert len(upstream.requests) == before + len(own)
    given = [name for name in names_shown(app) if "*" in name]
    assert all(f"named by {data.models[0].name}" in name for name in given)
    app.button(key="forget_names").click().run()
    assert not app.exception
    assert names_shown(app) == own
