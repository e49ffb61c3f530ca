"""A reader's own names and notes: they stay with the queries, in the file, and are plain text."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
import test_app
from conftest import add_hashed, copy_workspace, thinned_demo, thinned_workspace
from refusals import refuses
from streamlit.testing.v1 import AppTest

import cascal
from app.bookmarks import address
from cascal.dataset.dataset import load_dataset
from cascal.dataset.own_names import ALIKE, OwnName, own_names, with_own
from cascal.dataset.snapshot import take_snapshot
from cascal.naming.given_names import members_hash
from cascal.report import write_report
from cascal.store import Bookmark, Note, schema
from cascal.store.noting import MAX_TEXT

open_app = test_app.open_app
NAMES = [("law", "court"), ("law", "lease"), ("sums", "price")]
SIX = np.array([0, 0, 0, 1, 1, 2])


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    return thinned_workspace(tmp_path_factory.mktemp("notes"), 8, 7).path


@pytest.fixture
def workspace(stored, tmp_path) -> cascal.Workspace:
    return copy_workspace(cascal.Workspace(stored), tmp_path / "own.duckdb")


def named(workspace: cascal.Workspace, cluster: int, name: str, text: str = "") -> Note:
    """A note of a cluster at the default thresholds, stored."""
    data = load_dataset(workspace, "demo")
    clusters = take_snapshot(
        data, cascal.fit(data.train.votes, data.train.vectors), cascal.Thresholds()
    ).router.clusters
    rows = np.flatnonzero(clusters.assignment == cluster).tolist()
    ids = tuple(data.train.votes.query_ids[row] for row in rows)
    note = Note(kind="cluster", about=members_hash(ids), name=name, text=text, members=ids)
    workspace.put_note("demo", note)
    return note


def test_a_name_stays_with_its_queries_and_says_so_where_they_are_in_something_else():
    own = [OwnName("Tribunal", np.array([0, 1, 2]))]
    assert with_own(NAMES, SIX, own)[0] == ("law", "Tribunal")
    turned = with_own(NAMES[::-1], 2 - SIX, own)
    assert turned[2] == ("law", "Tribunal")  # another number, the same queries
    merged = with_own(NAMES[:1] + NAMES[2:], np.array([0, 0, 0, 0, 0, 1]), own)
    assert merged[0] == ("law", "court", "named earlier as Tribunal")  # 3 of 5 < ALIKE
    assert ALIKE > 3 / 5
    apart = with_own(NAMES, np.array([0, 1, 2, 0, 1, 2]), own)
    assert apart == NAMES


def test_of_several_names_the_one_with_the_most_alike_queries_counts():
    own = [OwnName("Half", np.array([0, 1])), OwnName("Whole", np.array([0, 1, 2]))]
    assert with_own(NAMES, SIX, own)[0] == ("law", "Whole")
    twice = [OwnName("Same", np.array([0, 1, 2])), OwnName("Same", np.array([3, 4]))]
    assert with_own(NAMES, SIX, twice)[:2] == [("law", "Same"), NAMES[1]]


def test_only_names_of_clusters_are_names_and_queries_that_went_are_left():
    notes = (
        Note(kind="query", about="a", name="no"),
        Note(kind="cluster", about="h", text="without a name", members=("a",)),
        Note(kind="cluster", about="g", name="Yes", members=("b", "gone")),
    )
    (found,) = own_names(notes, ["a", "b"])
    assert (found.name, found.rows.tolist()) == ("Yes", [1])


def test_notes_and_bookmarks_are_stored_replaced_and_deleted(workspace):
    note = Note(kind="query", about="q1", name="odd", text="<b>why?</b>\n*")
    workspace.put_note("demo", Note(kind="query", about="q1", text="first"))
    workspace.put_note("demo", note)
    assert workspace.notes("demo") == (note,)
    workspace.delete_note("demo", "query", "q1")
    assert workspace.notes("demo") == ()
    view = Bookmark(name="broken", page="map", link="merge=0.6")
    workspace.put_bookmark("demo", view)
    assert workspace.bookmarks("demo") == (view,)
    workspace.delete_bookmark("demo", "broken")
    assert workspace.bookmarks("demo") == ()


def test_a_note_that_is_too_long_and_a_bookmark_without_a_name_are_refused(workspace):
    with refuses("malformed-value", f"{MAX_TEXT:,}"):
        workspace.put_note("demo", Note(kind="query", about="q", text="x" * (MAX_TEXT + 1)))
    with refuses("missing-value", "name"):
        workspace.put_bookmark("demo", Bookmark(name=" ", page="map", link=""))


@pytest.mark.slow
def test_a_named_cluster_has_its_name_in_every_table_until_it_is_another_one(workspace):
    note = named(workspace, 0, "Shop sums")
    data = load_dataset(workspace, "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors)
    assert take_snapshot(data, fitted, cascal.Thresholds()).names[0][1:] == ("Shop sums",)
    merged = take_snapshot(data, fitted, cascal.Thresholds(merge_distance=2.0))
    (name,) = [one for one in merged.names if "named earlier as Shop sums" in one]
    assert len(merged.router.clusters) < len(take_snapshot(data, fitted, cascal.Thresholds()).names)
    assert name[0] == data.train.votes.tasks[data.own_names[0].rows[0]]
    workspace.delete_note("demo", "cluster", note.about)
    again = load_dataset(workspace, "demo")
    assert not again.own_names


def test_a_file_from_before_notes_has_none_and_takes_some(workspace):
    before = next(at for at, step in enumerate(schema.MIGRATIONS) if "TABLE note" in step)
    with duckdb.connect(str(workspace.path)) as connection:
        for table in ("note", "bookmark"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET schema_version = ?", [before])
    older = cascal.Workspace(workspace.path)
    assert older.notes("demo") == ()
    older.put_note("demo", Note(kind="query", about="q1", text="new"))
    assert len(older.notes("demo")) == 1


def test_notes_outlive_an_import_and_not_the_data_set(workspace):
    note = Note(kind="query", about="q1", text="kept")
    workspace.put_note("demo", note)
    workspace.add(thinned_demo(8, 7)["demo"], on_conflict="replace")
    assert workspace.notes("demo") == (note,)
    workspace.delete_dataset("demo")
    add_hashed(workspace, thinned_demo(8, 7)["demo"])
    assert workspace.notes("demo") == ()


@pytest.mark.slow
def test_the_report_has_the_notes_as_text_and_none_without_texts(workspace):
    note = named(workspace, 0, "Shop sums", "<script>alert(1)</script>")
    data = load_dataset(workspace, "demo")
    workspace.put_note("demo", Note(kind="query", about=data.train.votes.query_ids[0], text="odd"))
    now = take_snapshot(data, cascal.fit(data.train.votes, data.train.vectors), cascal.Thresholds())
    notes = workspace.notes("demo")
    text = write_report(data, now, "no light", (), None, "c", notes=notes)
    assert "<h2>Notes</h2>" in text
    assert "&lt;script&gt;alert(1)" in text
    assert f"a cluster of {len(note.members)} queries" in text
    without = write_report(data, now.unnamed, "x", (), None, "c", notes=notes, with_texts=False)
    assert "Shop sums" not in without
    assert "<h2>Notes</h2>" not in without


def written(app: AppTest, kind: str, about: str, name: str, text: str) -> AppTest:
    app.text_input(key=f"note_name_{kind}_{about}").set_value(name)
    app.text_area(key=f"note_text_{kind}_{about}").set_value(text)
    return next(one for one in app.button if one.label == "Save").click().run()


@pytest.mark.slow
def test_a_note_on_a_query_is_written_shown_as_text_undone_and_deleted(open_app, workspace):
    query_id = load_dataset(workspace, "demo").train.votes.query_ids[3]
    app = open_app(workspace.path, "skills", query=query_id)
    markup = "<img src=x> **bold** :red[no]"
    written(app, "query", query_id, "Odd one", markup)
    assert not app.exception
    assert any(one.value == f"Odd one\n{markup}" for one in app.text)
    assert not any("src=x" in one.value for one in app.markdown)
    (note,) = workspace.notes("demo")
    assert (note.kind, note.about, note.name, note.text) == ("query", query_id, "Odd one", markup)
    app.button(key="note_delete_query").click().run()
    assert workspace.notes("demo") == ()
    app.button(key="note_undo_query").click().run()
    assert workspace.notes("demo") == (note,)


@pytest.mark.slow
def test_a_name_of_a_cluster_is_on_the_map_page_and_in_the_link_of_noted_queries(
    open_app, workspace
):
    note = named(workspace, 0, "Shop sums", "prices, mostly")
    query_id = note.members[0]
    workspace.put_note("demo", Note(kind="query", about=query_id, text="look again"))
    app = open_app(workspace.path, "skills", only="noted", cluster="0")
    assert not app.exception
    table = next(one.value for one in app.dataframe if "top" in one.value.columns)
    assert table["name"].str.contains("Shop sums").any()
    assert app.session_state["selection"].flags == ("noted",)


@pytest.mark.slow
def test_a_server_that_others_can_reach_offers_no_note(open_app, workspace, monkeypatch):
    monkeypatch.setenv("CASCAL_READ_ONLY", "1")
    query_id = load_dataset(workspace, "demo").train.votes.query_ids[3]
    app = open_app(workspace.path, "skills", query=query_id)
    assert not [one for one in app.text_input if "note" in (one.key or "")]


@pytest.mark.slow
def test_a_view_is_saved_by_a_name_deleted_and_brought_back(open_app, workspace):
    app = open_app(workspace.path, "overview", merge="0.4")
    app.session_state["bookmarks"] = True
    app.run()
    app.text_input(key="bookmark_name").set_value("too  wide")
    next(one for one in app.button if one.label == "Save").click().run()
    assert not app.exception
    (saved,) = workspace.bookmarks("demo")
    assert saved.name == "too wide"
    assert "merge=0.4" in saved.link
    app.button(key="bookmark_delete_0_too wide").click().run()
    assert workspace.bookmarks("demo") == ()
    app.button(key="bookmark_undo").click().run()
    assert workspace.bookmarks("demo") == (saved,)


@pytest.mark.parametrize(
    ("page", "link", "leads"),
    [
        ("map", "merge=0.6&cluster=3", "./map?merge=0.6&cluster=3"),
        ("//evil.example", "a=1", "./?a=1"),
        ("route", "q=%22%3E%3Cscript%3E", "./route?q=%22%3E%3Cscript%3E"),
    ],
)
def test_a_bookmark_leads_to_a_page_of_this_server_whatever_the_file_says(page, link, leads):
    assert address(Bookmark(name="x", page=page, link=link)) == leads
