"""Columns of one's own: kept at import, stored, copied, deleted; text stays text."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import test_app
from console import cascal_cli
from foreign_files import harness_folder, harness_text, inspect_json, inspect_sample
from refusals import refuses

from app.folders import FOLDERS_ENV
from cascal import importers
from cascal.columns import KEPT_SCHEMA, KeptColumn, join_kept
from cascal.dataset.parquet_folder import write_parquet_folder
from cascal.store import Workspace, schema

open_app = test_app.open_app
HEADER = "query_id,text,options,gold,model,response,language,customer,length,zip\n"
HOSTILE = "'; DROP TABLE kept; -- <b>**x**</b>"


def row(query_id, model, language="en", customer="acme", length="12", code="007"):
    options = '"[""yes"",""no""]"'
    cells = (query_id, f"Is {query_id}?", options, "A", model, "The answer is A.", language)
    return ",".join((*cells, customer, length, code)) + "\n"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(
        HEADER
        + "".join(row("q1", m, "de", HOSTILE) for m in "ab")
        + "".join(row("q2", m, "en", "acme", "3.5") for m in "ab")
        + "".join(row("q3", m, "", "") for m in "ab"),
        encoding="utf-8",
    )
    return path


def values(imported):
    rows = imported.kept.to_pylist()
    return {(one["name"], one["query_id"]): one["text"] or one["number"] for one in rows}


def test_named_columns_are_kept_as_texts_or_numbers_and_the_others_named(log):
    result = importers.read(log, keep=["language", "length", "zip"])
    found = values(result)
    assert found["language", "q1"] == "de"
    assert found["length", "q2"] == 3.5
    assert found["zip", "q1"] == "007"  # a mark, not the number 7
    assert ("language", "q3") not in found
    (note,) = [one for one in result.notes if "not used" in one]
    assert "'customer'" in note
    assert "'language'" not in note
    assert "--keep" in note


def test_all_keeps_what_says_one_thing_of_each_query_and_names_the_others(log):
    log.write_text(log.read_text() + row("q4", "a", "fr") + row("q4", "b", "it"))
    result = importers.read(log, keep=["all"])
    assert {name for name, _ in values(result)} == {"customer", "length", "zip"}
    assert any("Not kept: 'language'" in one for one in result.notes)


def test_of_several_values_the_first_is_kept_and_the_number_of_queries_said(log):
    log.write_text(log.read_text() + row("q4", "a", "fr") + row("q4", "b", "it"))
    result = importers.read(log, keep=["language"])
    assert values(result)["language", "q4"] == "fr"
    assert any("several values for 1 query" in one for one in result.notes)


def test_a_value_that_is_too_long_is_left_out_and_said(log):
    log.write_text(log.read_text() + row("q4", "a", "x" * 201))
    result = importers.read(log, keep=["language"])
    assert ("language", "q4") not in values(result)
    assert any("200 characters" in one.reason for one in result.refused)


@pytest.mark.parametrize(
    ("keep", "words"),
    [(["nothing"], "nothing"), ([*map(str, range(21))], "has only")],
)
def test_what_the_file_does_not_have_is_refused(log, keep, words):
    with refuses("unknown-field", words):
        importers.read(log, keep=keep)


def test_more_than_twenty_columns_are_refused_by_name_and_cut_by_all(tmp_path):
    names = [f"c{at}" for at in range(25)]
    path = tmp_path / "wide.csv"
    path.write_text(
        "query_id,text,model,response," + ",".join(names) + "\n"
        "q1,Why?,a,So.," + ",".join("v" for _ in names) + "\n"
    )
    with refuses("out-of-bounds", "25 columns"):
        importers.read(path, keep=names)
    result = importers.read(path, keep=["all"])
    assert len(result.kept) == 20
    assert any("Not kept: 'c20'" in one for one in result.notes)


def test_formats_without_metadata_keep_nothing_and_say_so(log):
    with refuses("unknown-choice", "mmlu_pro", "lm_eval"):
        importers.read(log, kind="mmlu_pro", keep=["all"])


FOREIGN = Path(__file__).parent / "foreign"


def kept_of(path, *names):
    """The kept values by column, in the order of the queries."""
    found = {}
    for row in importers.read(path, keep=list(names)).kept.to_pylist():
        value = row["number"] if row["text"] is None else row["text"]
        found.setdefault(row["name"], []).append(value)
    return found


def test_variables_of_promptfoo_and_metadata_of_langfuse_are_kept():
    assert kept_of(FOREIGN / "promptfoo.json", "b") == {"b": [23.0, 25.0, 27.0, 29.0, 31.0, 33.0]}
    assert kept_of(FOREIGN / "langfuse" / "observations.csv", "all") == {"language": ["en"] * 8}


def test_metadata_of_inspect_samples_is_kept_and_named_where_it_is_not(tmp_path):
    samples = [
        inspect_sample(number, metadata={"level": number, "tags": ["x"], "source": "web"})
        for number in (1, 2)
    ]
    path = inspect_json(tmp_path / "log.json", samples)
    assert kept_of(path, "level") == {"level": [1.0, 2.0]}
    notes = importers.read(path, keep=["level"]).notes
    assert "Said of the queries besides: 'source'. --keep NAME keeps it." in notes


def test_fields_of_lm_eval_documents_are_kept_but_not_the_query_itself(tmp_path):
    rows = [harness_text(n, doc={"question": f"Q{n}?", "level": f"L{n}"}) for n in (0, 1)]
    path = harness_folder(tmp_path, task="gsm8k", rows=rows)
    assert kept_of(path, "all") == {"level": ["L0", "L1"]}


def test_the_preview_names_the_unused_columns(log):
    assert importers.preview(log).unused == ("language", "customer", "length", "zip")


@pytest.fixture
def workspace(log, tmp_path):
    store = Workspace(tmp_path / "w.duckdb")
    store.add(importers.read(log, dataset="d", keep=["language", "customer", "length"]))
    return store


def test_the_store_gives_back_every_value_in_the_order_of_the_queries(workspace):
    language, customer, length = workspace.kept_columns("d", "train")
    assert language.values.tolist() == ["de", "en", ""]
    assert customer.values[0] == HOSTILE
    assert length.numeric
    assert length.values.tolist() == [12.0, 3.5, 12.0]
    assert workspace.kept_names("d") == {"language": 2, "customer": 2, "length": 3}


def test_kept_rows_make_the_same_data_set_again(workspace, log):
    copy = importers.read(log, dataset="copy")
    assert not len(copy.kept)
    rows = workspace.kept_rows("d")
    assert rows.schema.equals(KEPT_SCHEMA)
    again = importers.read(log, dataset="copy", keep=["language", "customer", "length"])
    workspace.add(again)
    assert workspace.kept_rows("copy").equals(rows)
    assert workspace.fingerprint("copy") == workspace.fingerprint("d")


def test_an_extension_brings_columns_to_known_queries_and_changes_the_fingerprint(workspace, log):
    before = workspace.fingerprint("d")
    workspace.add(importers.read(log, dataset="d", keep=["zip"]), on_conflict="extend")
    assert list(workspace.kept_names("d")) == ["language", "customer", "length", "zip"]
    assert workspace.fingerprint("d") != before


@pytest.mark.parametrize(("old", "new"), [("de", "fr"), ("12", "twelve")])
def test_an_extension_that_contradicts_is_refused_whole(workspace, log, old, new):
    log.write_text(log.read_text().replace(f",{old},", f",{new},"))
    changed = importers.read(log, dataset="d", keep=["language", "length"])
    before = workspace.kept_rows("d")
    with refuses("conflicting-rows", "nothing was written"):
        workspace.add(changed, on_conflict="extend")
    assert workspace.kept_rows("d").equals(before)


def test_replaced_and_deleted_data_sets_keep_nothing(workspace, log):
    workspace.add(importers.read(log, dataset="d"), on_conflict="replace")
    assert workspace.kept_names("d") == {}
    workspace.add(importers.read(log, dataset="e", keep=["language"]))
    workspace.delete_dataset("e")
    assert HOSTILE.encode() not in workspace.path.read_bytes()


def test_a_file_from_before_kept_columns_has_none_and_takes_some(workspace, log):
    hashes = workspace.fingerprint("d")
    before = next(at for at, step in enumerate(schema.MIGRATIONS) if "TABLE kept" in step)
    with duckdb.connect(str(workspace.path)) as connection:
        for table in ("kept", "note", "bookmark"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("ALTER TABLE dataset DROP COLUMN right_by")
        connection.execute("UPDATE meta SET schema_version = ?", [before])
    older = Workspace(workspace.path)
    assert older.kept_columns("d") == ()
    older.add(
        importers.read(log, dataset="d", keep=["language", "customer", "length"]),
        on_conflict="extend",
    )
    assert older.fingerprint("d") == hashes


def test_joined_columns_are_those_of_both_sides():
    one = (KeptColumn("a", np.array([1.0])), KeptColumn("b", np.array(["x"], dtype=object)))
    (both,) = join_kept(one, (KeptColumn("a", np.array([2.0, np.nan])),))
    assert both.values[:2].tolist() == [1.0, 2.0]
    assert both.take(np.array([1])).values.tolist() == [2.0]


def test_a_kept_table_of_other_columns_is_refused(workspace, log):
    result = importers.read(log)
    with refuses("wrong-type", "Imported.kept"):
        type(result)(**{**vars(result), "kept": pa.table({"a": [1]})})


def test_the_command_keeps_columns_and_info_lists_them(log):
    done = cascal_cli(
        "import", "log.csv", "-w", "w.duckdb", "--keep", "language,customer", cwd=log.parent
    )
    assert "Kept columns: language, customer." in done.stdout
    info = cascal_cli("info", "-w", "w.duckdb", cwd=log.parent)
    assert "Kept columns of log: language (2), customer (2)." in info.stdout


@pytest.mark.slow
def test_a_click_on_the_preview_keeps_a_column(open_app, log, monkeypatch):
    monkeypatch.setenv(FOLDERS_ENV, str(log.parent))
    path = log.parent / "page.duckdb"
    Workspace(path)
    app = open_app(path, "data_sets")
    app.text_input(key="import_path").set_value(str(log)).run()
    app.button_group(key="import_keep").set_value(["language"]).run()
    next(one for one in app.button if one.label == "Import").click().run()
    assert not app.exception
    assert Workspace(path).kept_names("log") == {"language": 2}


def test_an_exported_data_set_is_imported_with_its_kept_columns(workspace, tmp_path):
    write_parquet_folder(workspace, "d", tmp_path / "out")
    again = importers.read(tmp_path / "out", dataset="again")
    workspace.add(again)
    assert workspace.kept_rows("again").equals(workspace.kept_rows("d"))
    assert not any("not used" in one for one in again.notes)


def test_a_number_that_no_float_holds_is_none_among_numbers(tmp_path):
    path = tmp_path / "log.jsonl"
    rows = [
        {
            **{"query_id": f"q{n}", "text": f"Is {n}?", "options": ["yes", "no"], "gold": "A"},
            **{"model": "a", "response": "The answer is A.", "size": 10**400 if n else 3},
        }
        for n in range(2)
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    found = values(importers.read(path, keep=["size"]))
    assert found == {("size", "q0"): 3.0}
