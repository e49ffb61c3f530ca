"""Labels in the workspace: facts beside the answers, kept, taken back, refused in a sentence."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest
from conftest import copy_workspace
from refusals import refuses

from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
from cascal.datatypes import ModelSpec
from cascal.store import Draw, Label, Workspace

IDS = ("q1", "q2", "q3", "free")
FRAME = ("q3", "q1", "free", "q2")


def data(**edited) -> Imported:
    """Three queries with options and a free one; `edited` gives some another text."""
    queries = [
        {
            "query_id": one,
            "task": "math",
            "text": edited.get(one, f"What is {one}?"),
            "options": [] if one == "free" else ["one", "two", "three"],
            "answer": "A",
            "answer_origin": "generated",
            "skill": None,
            "split": "test",
        }
        for one in IDS
    ]
    responses = [
        dict.fromkeys(RESPONSE_SCHEMA.names)
        | {"query_id": one, "model": model, "sample": 0, "answer": answer, "status": "ok"}
        for one in IDS
        for model, answer in (("zeta", "A"), ("alpha", "B"))
    ]
    return Imported(
        dataset="demo",
        origin="real",
        source="test",
        models=(ModelSpec("zeta"), ModelSpec("alpha")),
        tasks=(),
        queries=pa.Table.from_pylist(queries, QUERY_SCHEMA),
        responses=pa.Table.from_pylist(responses, RESPONSE_SCHEMA),
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The data with a draw, for reading."""
    workspace = Workspace(tmp_path_factory.mktemp("labels") / "w.duckdb")
    workspace.add(data())
    workspace.put_draw("demo", Draw(draw_id="d1", purpose="routing", frame=FRAME, n_asked=2))
    return workspace


@pytest.fixture
def workspace(template, tmp_path):
    return copy_workspace(template, tmp_path / "w.duckdb")


def label(workspace, query_id="q1", person="ann", **given) -> Label:
    content = workspace.contents("demo")[query_id]
    fields = {"answer": "B", "draw_id": "d1", "probability": 0.5} | given
    return Label(query_id=query_id, person=person, content=content, **fields)


def test_a_label_is_kept_with_who_when_why_and_how_probable(workspace):
    given = label(workspace)
    report = workspace.add_labels("demo", [given])
    assert (report.n_added, report.n_known) == (1, 0)
    assert workspace.labels("demo") == [given]
    assert given.current
    assert workspace.draw("demo", "d1").probability == 0.5


def test_a_label_touches_no_answer_and_no_fingerprint(workspace):
    before = (workspace.fingerprint("demo"), workspace.queries("demo"), workspace.gold("demo"))
    workspace.add_labels("demo", [label(workspace)])
    after = (workspace.fingerprint("demo"), workspace.queries("demo"), workspace.gold("demo"))
    assert before[0] == after[0]
    assert before[1].equals(after[1])
    assert before[2][1] == after[2][1] == ("generated",) * 4


def test_two_people_may_label_one_query_and_one_person_says_the_same_thing_once(workspace):
    first, other = label(workspace), label(workspace, person="bob", answer="C")
    workspace.add_labels("demo", [first, other])
    again = workspace.add_labels("demo", [replace(first, answer=" B ")])
    assert (again.n_added, again.n_known) == (0, 1)
    with refuses("labelled-twice", "'ann'", "'q1'", "'B'", "'C'"):
        workspace.add_labels("demo", [label(workspace, "q3"), replace(first, answer="C")])
    assert workspace.labels("demo") == [first, other]
    with refuses("labelled-twice", "'q3'", "skipped"):
        workspace.add_labels(
            "demo",
            [label(workspace, "q3", mark="skipped", answer=None), label(workspace, "q3")],
        )
    assert len(workspace.labels("demo")) == 2


def test_models_can_be_judged_instead_and_queries_be_bad(workspace):
    judged = label(workspace, "free", answer=None, verdicts={"zeta": True, "alpha": False})
    bad = label(workspace, "q2", mark="bad", answer=None)
    text = label(workspace, "free", person="bob", answer="forty-two")
    workspace.add_labels("demo", [judged, bad, text])
    assert workspace.labels("demo") == [judged, bad, text]
    assert [one.words for one in workspace.labels("demo")] == [
        "alpha wrong, zeta right",
        "bad",
        "forty-two",
    ]


def test_the_last_label_of_a_person_is_taken_back(workspace):
    first, second = label(workspace), label(workspace, "q3")
    workspace.add_labels("demo", [first, second, label(workspace, "q3", person="bob")])
    assert workspace.undo_label("demo", "ann") == second
    assert [one.key[:2] for one in workspace.labels("demo")] == [("q1", "ann"), ("q3", "bob")]
    workspace.add_labels("demo", [replace(second, answer="C")])
    assert workspace.undo_label("demo", "ann").answer == "C"
    workspace.undo_label("demo", "ann")
    with refuses("missing-value", "'ann'", "'demo'"):
        workspace.undo_label("demo", "ann")


def test_labels_are_deleted_by_query_by_person_or_altogether(workspace):
    every = [label(workspace, one, person) for one in ("q1", "q3") for person in ("ann", "bob")]
    workspace.add_labels("demo", every)
    assert workspace.delete_labels("demo", query_id="q1", person="bob") == 1
    assert workspace.delete_labels("demo", person="ann") == 2
    assert [one.key[:2] for one in workspace.labels("demo")] == [("q3", "bob")]
    assert workspace.delete_labels("demo") == 1
    assert workspace.labels("demo") == []


def test_a_label_on_a_query_that_was_edited_since_is_noticed_and_kept(workspace):
    old = label(workspace)
    workspace.add_labels("demo", [old, label(workspace, "q3")])
    workspace.add(data(q1="What is the first?"), on_conflict="replace")
    assert [(one.query_id, one.current) for one in workspace.labels("demo")] == [
        ("q1", False),
        ("q3", True),
    ]
    with refuses("changed-query", "'q1'"):
        workspace.add_labels("demo", [replace(old, person="bob")])
    workspace.add_labels(
        "demo", [label(workspace, answer="C")]
    )  # what it says now is another query
    assert [one.current for one in workspace.labels("demo")] == [False, True, True]
    workspace.add(data(), on_conflict="replace")
    assert [one.current for one in workspace.labels("demo")] == [True, True, False]


def test_deleting_a_data_set_deletes_its_labels_and_compacting_keeps_others(workspace):
    workspace.add_labels("demo", [label(workspace)])
    workspace.compact()
    assert len(workspace.labels("demo")) == len(workspace.draws("demo")) == 1
    workspace.delete_dataset("demo")
    workspace.add(data())
    assert workspace.labels("demo") == workspace.draws("demo") == []


def test_a_draw_is_asked_further_and_never_less(workspace):
    draw = workspace.draw("demo", "d1")
    assert workspace.put_draw("demo", replace(draw, n_asked=1)).n_asked == 2
    assert workspace.put_draw("demo", replace(draw, n_asked=3)).n_asked == 3
    workspace.add_labels("demo", [label(workspace, "q2")])  # the last of the four
    assert workspace.draws("demo") == [replace(draw, n_asked=4)]
    with refuses("changed-draw", "'d1'"):
        workspace.put_draw("demo", replace(draw, frame=FRAME[::-1]))


@pytest.mark.parametrize(
    ("change", "code", "part"),
    [
        ({"query_id": "q9"}, "unknown-query", "'q9'"),
        ({"content": "0"}, "changed-query", "'q1'"),
        ({"draw_id": "d9"}, "changed-draw", "'d9'"),
        ({"person": " "}, "unusable-row", "'q1'"),
        ({"probability": 0.0}, "unusable-row", "'q1'"),
        ({"purpose": "fun"}, "unknown-choice", "'fun'"),
        ({"mark": "maybe"}, "unknown-choice", "'maybe'"),
        ({"answer": "D"}, "unusable-row", "'D'"),
        ({"answer": " "}, "unusable-row", "'q1'"),
        ({"answer": None, "verdicts": {"omega": True}}, "unknown-model", "'omega'"),
    ],
)
def test_a_label_that_cannot_be_is_refused_and_nothing_is_stored(workspace, change, code, part):
    with refuses(code, part):
        workspace.add_labels("demo", [label(workspace, "q3"), replace(label(workspace), **change)])
    assert workspace.labels("demo") == []
    assert workspace.draw("demo", "d1").n_asked == 2


def test_an_impossible_draw_is_refused(workspace):
    draw = Draw(draw_id="d2", purpose="routing", frame=FRAME)
    with refuses("unknown-query", "'q9'"):
        workspace.put_draw("demo", replace(draw, frame=("q1", "q9")))
    with refuses("out-of-bounds", 5, 4):
        workspace.put_draw("demo", replace(draw, n_asked=5))
    with refuses("out-of-bounds", 1, 2):
        workspace.put_draw("demo", replace(draw, frame=("q1", "q1")))
    with refuses("unknown-choice", "'fun'", "routing"):
        workspace.put_draw("demo", replace(draw, purpose="fun"))
    with refuses("changed-draw", "'d2'"):
        workspace.draw("demo", "d2")


def test_a_workspace_of_before_there_were_labels_is_migrated(workspace):
    with duckdb.connect(str(workspace.path)) as connection:
        connection.execute("DROP TABLE draw; DROP TABLE label; DROP TABLE cluster_name")
        connection.execute("DROP TABLE score; DROP TABLE kept")
        connection.execute("DROP TABLE note; DROP TABLE bookmark")
        connection.execute("ALTER TABLE dataset DROP COLUMN right_by")
        connection.execute("UPDATE meta SET schema_version = 4")
    old = Workspace(workspace.path)
    assert old.dataset("demo").n_queries == 4
    assert old.labels("demo") == old.draws("demo") == []
    old.put_draw("demo", Draw(draw_id="d1", purpose="routing", frame=FRAME, n_asked=2))
    old.add_labels("demo", [label(old)])
    assert len(old.labels("demo")) == 1
