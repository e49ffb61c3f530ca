"""The table of the benchmark prints what was measured, what was not, and what missed its budget."""

from __future__ import annotations

from bench import run


def test_the_table_prints_measured_and_absent_work_with_its_budget():
    rows = [
        run.time_row("a fit", [0.5, 0.25, 0.75], 0.6, "s"),
        run.time_row("a move", [0.030], 0.020, "ms"),
        run.absent("an import", "<= 20 s", "the files are not here"),
    ]
    lines = run.show(rows).splitlines()
    assert [line.split()[-1] for line in lines[2:]] == ["yes", "NO", "-"]
    assert "0.5 s" in lines[2]
    assert "30 ms" in lines[3]
    assert "the files are not here" in lines[4]
