"""Headings of figures stand where their figures do."""

from __future__ import annotations

import re
from pathlib import Path

from app import columns

APP = Path(__file__).parent.parent / "app"


def test_a_heading_of_figures_reads_as_it_is_written():
    """The marks before it show nothing; the first makes the grid put it to the right."""
    marks = columns.heading("$/1,000").removesuffix("$/1,000")
    assert not any(one.isprintable() for one in marks)
    assert re.match("[\u0591-\u07ff]", marks), "what the grid looks for"
    number, text = columns.number("n", format="%.1f"), columns.figures("n")
    assert number["label"] == text["label"] == columns.heading("n")
    assert text["alignment"] == "right"


def test_pages_whose_figures_are_headed_so_have_no_other_heading_of_figures():
    for room in ("collect", "data_sets", "evaluate", "label", "runs"):
        for path in (APP / room).glob("*.py"):
            source = path.read_text()
            assert "column_config.NumberColumn" not in source, path
            assert 'alignment="right"' not in source, path
