"""Excel workbooks are read as the CSV that a person would save them as."""

import zipfile
from datetime import datetime

import openpyxl
import pytest
from refusals import refuses

from cascal import importers
from cascal.importers.limits import ImportRefused

HEADER = ("query_id", "task", "text", "options", "gold", "model", "response", "logprob")
ROWS = (
    (1, "math", "What is 1 + 1?", '["1", "2"]', "B", "small", "The answer is (B)", -0.5),
    (1, "math", "What is 1 + 1?", '["1", "2"]', "B", "large", "A", None),
    (2, "math", 'Is "half" 0.5?', '["yes", "no"]', "A", "small", "A", -1.25),
)


def book(path, *sheets):
    """A workbook; a sheet is its rows."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def test_a_workbook_is_read_like_its_csv(tmp_path):
    imported = importers.read(book(tmp_path / "d.xlsx", [HEADER, *ROWS], []))
    queries, responses = imported.queries.to_pylist(), imported.responses.to_pylist()
    assert [(one["query_id"], one["options"], one["answer"]) for one in queries] == [
        ("1", ["1", "2"], "B"),
        ("2", ["yes", "no"], "A"),
    ]
    assert [(one["model"], one["answer"], one["mean_logprob"]) for one in responses] == [
        ("small", "B", -0.5),
        ("large", "A", None),
        ("small", "A", -1.25),
    ]


def test_dates_and_formulas_are_read_as_they_show(tmp_path):
    rows = [(*HEADER, "asked"), *((*row, datetime(2026, 11, 27, 8)) for row in ROWS)]
    imported = importers.read(book(tmp_path / "d.xlsx", rows), keep=["asked"])
    assert set(imported.kept["text"].to_pylist()) == {"2026-11-27T08:00:00"}


def test_several_sheets_are_refused_by_name(tmp_path):
    path = book(tmp_path / "d.xlsx", [HEADER, *ROWS], [HEADER])
    with refuses("unknown-format", "d.xlsx", "'Sheet 0'", "'Sheet 1'", kind=ImportRefused):
        importers.read(path)


def test_a_damaged_workbook_is_refused(tmp_path):
    path = tmp_path / "d.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<nonsense")
    with refuses("damaged-file", "d.xlsx", kind=ImportRefused):
        importers.read(path)


def test_without_openpyxl_the_way_is_said(tmp_path, monkeypatch):
    path = book(tmp_path / "d.xlsx", [HEADER, *ROWS])
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with refuses("not-installed", "cascal[excel]", "CSV", kind=ImportRefused):
        importers.read(path)


@pytest.mark.parametrize("name", ["d.xlsx", "d.zip"])
def test_a_workbook_is_told_by_its_content(tmp_path, name):
    assert importers.read(book(tmp_path / name, [HEADER, *ROWS])).queries.num_rows == 2
