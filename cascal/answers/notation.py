"""Ranges, results, dates, versions and times: written as sums and quotients, but none is meant."""

from __future__ import annotations

import re

_AMOUNT = r"\$?(?:\d{1,3}(?: \d{3})+|\d+)(?:[.:]\d+)?%?"
_NOTATION = re.compile(rf"{_AMOUNT}(?:-{_AMOUNT})+|\d+(?:/\d+){{2}}|\d+(?:\.\d+){{2,}}")
_AMBIGUOUS = re.compile(r"\d+(?::\d\d)+|\d+-\d+[a-z]")
_BRACKETS = ("()", "[]")
_ZEROS = re.compile(r"(?<![\d.: ])0+(?=\d)")
_ZEROS_BEHIND_POINTS = re.compile(r"(?<!\d)0+(?=\d)")


def is_notation(form: str) -> bool:
    """Whether a normal form is a range or result (2-0), a date (1/2/2024) or a version (1.2.3)."""
    return _NOTATION.fullmatch(form) is not None


def may_be_notation(form: str) -> bool:
    """Whether it is a time (9:30) or a ratio, a range with a unit (5-10m) or a polynomial."""
    return _AMBIGUOUS.fullmatch(form) is not None


def plain_notation(text: str) -> str:
    """(2-0) as 2-0, 01/02/2024 as 1/2/2024 and 09:30 as 9:30; any other text as it is."""
    inner = text[1:-1] if text[:1] + text[-1:] in _BRACKETS else text
    if may_be_notation(inner) or (is_notation(inner) and "-" in inner):
        return _ZEROS.sub("", inner)
    return _ZEROS_BEHIND_POINTS.sub("", inner) if is_notation(inner) else text
