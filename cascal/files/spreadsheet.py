"""Cells that a spreadsheet shows as text: none is taken for a formula."""

from __future__ import annotations

FORMULA_STARTS = tuple("=+-@\t\r")
"""With one of these a spreadsheet may begin to compute, or to fetch."""


def safe_cell(value: object) -> object:
    """The value, with an apostrophe before a text that begins like a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in FORMULA_STARTS else value


def original_cell(text: str) -> str:
    """The text that `safe_cell` was given."""
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA_STARTS else text
