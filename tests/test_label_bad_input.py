"""What cannot be meant, by the command and by the page: one sentence, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import test_label_page
from conftest import thinned_demo
from console import cascal_cli
from test_label_page import bring_back, tab
from test_labels_command import fill, rows_of

from cascal.dataset.encoding import encode_dataset
from cascal.dataset.label_questions import routing_question
from cascal.encode.encoders import load_encoder
from cascal.store import Workspace

open_label = test_label_page.open_label
snapshot = test_label_page.snapshot
store = test_label_page.store
template = test_label_page.template
pytestmark = pytest.mark.slow
Rows = list[dict[str, str]]


def unknown_query(rows: Rows, _: Workspace) -> Rows:
    return [rows[0] | {"query_id": "nobody asked this"}, *rows[1:]]


def changed_draw(rows: Rows, _: Workspace) -> Rows:
    return rows[1:]


def two_answers(rows: Rows, _: Workspace) -> Rows:
    return [*rows, rows[2] | {"answer": "A"}]


def edited_query(rows: Rows, store: Workspace) -> Rows:
    """A query gets another text under its id, as a new import of the data brings it."""
    imported = thinned_demo(8, 7)["demo"]
    queries = imported.queries.to_pylist()
    for one in queries:
        if one["query_id"] == rows[2]["query_id"]:
            one["text"] += " Really?"
    edited = imported.queries.from_pylist(queries, imported.queries.schema)
    store.add(replace(imported, queries=edited), on_conflict="replace")
    encode_dataset(store, "demo", load_encoder("hashing"))
    return rows


BAD: dict[Callable[[Rows, Workspace], Rows], str] = {
    unknown_query: "'nobody asked this' is not one of them. Nothing was stored",
    changed_draw: "1 of them are gone, such as",
    two_answers: "holds two answers of 'ann'",
    edited_query: "was edited since it was drawn",
}


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_command_and_page_refuse_it_in_one_sentence_and_keep_what_there_is(
    spoil, open_label, store, snapshot, tmp_path
):
    desk = routing_question(snapshot).desk(store, "ann")
    desk.give(1, "B")
    desk.give(2, mark="skipped")
    desk.write(tmp_path / "l.csv", 4)
    rows = rows_of(tmp_path / "l.csv")
    rows[2]["answer"] = "C"
    rows = spoil(rows, store)
    fill(tmp_path, rows)
    before = store.labels("demo"), store.draws("demo")
    said = cascal_cli(
        "label", "demo", "-w", str(store.path), "--who", "ann", "--in", "l.csv", cwd=tmp_path
    )
    assert said.returncode == 1
    sentence = " ".join(said.stderr.split())
    assert BAD[spoil] in sentence
    app = bring_back(tab(open_label(), "Take along, bring back"), rows)
    (shown,) = [one.value.replace("\\", "") for one in app.error]
    assert shown == sentence.removeprefix("Error: ")
    assert (store.labels("demo"), store.draws("demo")) == before
