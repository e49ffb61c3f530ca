"""Files of any size: read row by row, held on disk, stored in batches, the same as small ones."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from refusals import refuses

import cascal
from cascal import importers
from cascal.columns import Batches
from cascal.importers import ImportRefused, arrow_tables, limits, shelf, tabular
from cascal.importers.rows import QueryRow

ROWS = [
    {
        "query_id": f"q{number}",
        "task": f"task {number % 3}",
        "text": f"Which is number {number}?\nChoose “one”.",
        "options": json.dumps([f"{number}", f"{number + 1}", "none"]),
        "gold": "ABC"[number % 3],
        "model": model,
        "response": f"Because of {number}, the answer is ({'ABC'[number % 2]}).",
        "mean_logprob": -0.25 * number,
    }
    for number in range(60)
    for model in ("small", "large")
]


def written(path, rows):
    table = pa.Table.from_pylist(rows)
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        pa_csv.write_csv(table, path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Answers")
        for cells in (rows[0], *(row.values() for row in rows)):
            sheet.append(list(cells))
        book.save(path)
    else:
        pq.write_table(table, path, row_group_size=17)
    return path


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.parquet"])
def test_a_file_that_comes_in_batches_is_stored_as_one_that_does_not(tmp_path, monkeypatch, name):
    path = written(tmp_path / name, ROWS)
    small = importers.read(path, test_share=0.4)
    monkeypatch.setattr(shelf, "MAX_HELD_CHARS", 0)
    monkeypatch.setattr(arrow_tables, "BLOCK_BYTES", 2_000)
    large = importers.read(path, test_share=0.4)
    assert (small.in_batches, large.in_batches) == (False, True)
    for part in ("queries", "responses"):
        rows, batches = getattr(small, part), getattr(large, part)
        assert len(batches) == len(rows)
        assert pa.Table.from_batches(batches.to_batches()).equals(rows.combine_chunks())
    stores = [cascal.Workspace(tmp_path / f"{which}.duckdb") for which in ("small", "large")]
    reports = [store.add(one) for store, one in zip(stores, (small, large), strict=True)]
    assert reports[0] == reports[1]
    assert stores[0].fingerprint("rows") == stores[1].fingerprint("rows")


def test_a_batch_that_contradicts_what_is_stored_leaves_all_as_it_was(tmp_path, monkeypatch):
    store = cascal.Workspace(tmp_path / "w.duckdb")
    store.add(importers.read(written(tmp_path / "rows.jsonl", ROWS)))
    before = store.fingerprint("rows")
    monkeypatch.setattr(shelf, "MAX_HELD_CHARS", 0)
    other = [*ROWS[:-1], {**ROWS[-1], "response": "The answer is (C)."}]
    new = [{**row, "query_id": f"new {row['query_id']}"} for row in ROWS]
    large = importers.read(written(tmp_path / "rows.jsonl", new + other))
    with refuses("conflicting-rows", "q59"):
        store.add(large, on_conflict="extend")
    assert store.fingerprint("rows") == before
    assert store.dataset("rows").n_train == 60


def test_fields_beyond_a_number_of_names_are_counted_and_ours_are_still_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tabular, "MAX_NAMES", 10)
    rows = [
        {"query_id": f"q{n}", "text": f"{n}?", "model": "m", "response": str(n), f"key {n}": n}
        for n in range(50)
    ]
    rows.append({**rows[0], "query_id": "q50", "text": "50?", "cost": 0.5})
    imported = importers.read(written(tmp_path / "rows.jsonl", rows))
    assert imported.responses["cost"].to_pylist() == [None] * 50 + [0.5]
    note = next(one for one in imported.notes if "beyond" in one)
    assert note.startswith("'rows.jsonl': 44 rows have fields beyond the first 10 names")
    assert "'key 6'" in note


def test_a_line_without_end_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_LINE_BYTES", 200)
    path = written(tmp_path / "rows.jsonl", [ROWS[0], {**ROWS[1], "response": "x" * 300}])
    with refuses("too-large", "Line 1", "one record a line", kind=ImportRefused):
        importers.read(path)


def test_batches_are_a_table_to_who_reads_them(tmp_path, monkeypatch):
    path = written(tmp_path / "rows.jsonl", ROWS)
    table = importers.read(path).responses
    monkeypatch.setattr(shelf, "MAX_HELD_CHARS", 0)
    batches = importers.read(path).responses
    assert isinstance(batches, Batches)
    assert (batches.num_rows, batches.num_columns) == table.shape == batches.shape
    assert batches.column_names == table.column_names
    assert batches["answer"].to_pylist() == table["answer"].to_pylist()
    assert batches.column(3).to_pylist() == batches[3].to_pylist() == table[3].to_pylist()
    assert batches.select(["model", "text"]).equals(table.select(["model", "text"]))
    assert batches[5:9].equals(table[5:9])
    assert batches.to_pylist() == table.to_pylist()
    large = pc.field("model") == "large"
    assert batches.filter(large).equals(table.filter(large))
    assert pa.table(batches).equals(batches.to_table())
    assert batches.to_table().equals(table)
    assert duckdb.sql("SELECT count(DISTINCT query_id) FROM batches").fetchall() == [(60,)]
    assert copy.copy(batches).equals(table)
    for way in (batches.column, batches.__getitem__):
        with pytest.raises(KeyError, match="none"):
            way("none")
    assert not hasattr(batches, "none")


@pytest.mark.parametrize("most", [0, 10_000, shelf.MAX_HELD_CHARS])
def test_rows_come_back_from_a_shelf_as_they_went_in(monkeypatch, most):
    monkeypatch.setattr(shelf, "MAX_HELD_CHARS", most)
    held = shelf.Shelf(QueryRow.of)
    rows = [
        QueryRow("f", n, f"q{n}", "t", f"text {n} 😀", ("a", "b"), gold)
        for n, gold in enumerate(["A", 1, 1.0, None, True, ["A", "B"]] * 40)
    ]
    assert [held.put(row.query_id, row) for row in rows] == [None] * len(rows)
    assert held.on_disk == (most <= 10_000)
    later = [QueryRow("f", n, row.query_id, "t", "new", (), None) for n, row in enumerate(rows)]
    assert [held.put(row.query_id, row) for row in later] == rows
    assert len(held) == len(rows)
    assert list(held.values()) == rows
    assert [held.get(row.query_id) for row in rows] == rows
    assert [held.place(row.query_id) for row in rows] == list(range(len(rows)))
    assert (held.get("none"), held.place("none"), "q3" in held) == (None, -1, True)


IN_LITTLE_MEMORY = """
import resource, sys
from cascal import importers
limit = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + (60 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    importers.read(sys.argv[1])
except importers.ImportRefused as refused:
    print(refused.code, refused)
"""
PEAK = """
import re, sys
from cascal import importers
from cascal.store import Workspace
imported = importers.read(sys.argv[1])
Workspace(sys.argv[2]).add(imported)
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(len(imported.responses), int(peak[1]) // 1024)
"""


def told(code, *arguments):
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is read from /proc")
def test_too_little_memory_is_a_sentence(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{**row, "response": "x" * (30 << 20)} for row in ROWS[:2]]))
    assert told(IN_LITTLE_MEMORY, path).startswith("too-large 'rows.json' does not fit into memory")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "xlsx", "parquet"])
def test_peak_memory_does_not_grow_with_the_file(tmp_path, kind):
    """ru_maxrss would be that of pytest, which a child begins with.

    70 MB of texts, and of those that Parquet keeps packed 140 MB, held whole would be beyond it.
    """
    path, text = tmp_path / f"rows.{kind}", "Such a long way to say it. " * 800
    rows = [{**row, "response": f"{at} {text}", "answer": "A"} for at, row in enumerate(ROWS)]
    for row in rows[:]:
        copies = range(57 if kind == "parquet" else 27)
        rows += [{**row, "model": f"{row['model']} {number}"} for number in copies]
    written(path, rows)
    n_rows, peak = map(int, told(PEAK, path, tmp_path / "w.duckdb").split())
    assert n_rows == len(rows) == (6_960 if kind == "parquet" else 3_360)
    assert peak <= 600


@pytest.mark.parametrize(
    ("n_chars", "least", "most"), [(10, 1 << 20, 1 << 20), (3_000_000, 6_000_000, 6_010_000)]
)
def test_a_block_of_a_csv_holds_its_longest_row_and_not_much_more(
    tmp_path, monkeypatch, n_chars, least, most
):
    sizes, options = [], pa_csv.ReadOptions

    def noted(**given):
        sizes.append(given["block_size"])
        return options(**given)

    monkeypatch.setattr(pa_csv, "ReadOptions", noted)
    long = "é\n" + "x" * n_chars
    rows = [*ROWS[:4], {**ROWS[4], "response": f"{long} The answer is (A)."}]
    imported = importers.read(written(tmp_path / "rows.csv", rows))
    assert imported.responses["text"].to_pylist()[-1].startswith(long)
    assert sizes
    assert all(least <= one <= most for one in sizes)
