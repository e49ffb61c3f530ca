"""The table of an experiment."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cascal.compare.experiments import Report
from cascal.number_format import bracketed, decimal, signed


def report_frame(report: Report) -> pd.DataFrame:
    """The table of an experiment as text: percent and points with their intervals."""
    return pd.DataFrame(
        {
            f"{at} {column.label}" if _repeated(report, column.label) else column.label: [
                report_cell(row, column.name, column.kind) for row in report.rows
            ]
            for at, column in enumerate(report.columns)
        }
    )


def _repeated(report: Report, label: str) -> bool:
    return sum(column.label == label for column in report.columns) > 1


def report_cell(row: Mapping[str, object], name: str, kind: str) -> str:
    """One cell of a report's table."""
    value = row.get(name)
    if value is None:
        return ""
    if kind in ("percent", "points") and isinstance(value, int | float):
        differs = kind == "points"
        text = signed(100 * value) if differs else decimal(100 * value, 1)
        low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
        if isinstance(low, int | float) and isinstance(high, int | float):
            text += f" {bracketed(100 * low, 100 * high, sign=differs)}"
        return text
    if kind == "number" and isinstance(value, int | float):
        return decimal(value, 3)
    if kind == "count" and isinstance(value, int | float):
        return decimal(value, 0)
    if kind == "flag":
        return "yes" if value else "no"
    return "" if value == "nothing" else str(value)
