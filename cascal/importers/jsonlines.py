"""A text of one JSON object a line -> numbered records."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from cascal.importers.limits import ImportRefused, decode

Record = dict[str, Any]


class Lines(NamedTuple):
    """The records of one file, their row numbers from 1, and the rows that could not be read."""

    source: str
    rows: list[int]
    records: list[Record]
    refused: list[tuple[int, str]]


def json_lines(name: str, raw: bytes) -> Lines:
    """One JSON object a line; a last line that breaks off refuses the file."""
    texts = decode(raw, name).split("\n")
    lines = Lines(name, [], [], [])
    last = max((row for row, text in enumerate(texts, 1) if text.strip()), default=0)
    for row, text in enumerate(texts, 1):
        if not text.strip():
            continue
        record = _json_line(text)
        if isinstance(record, dict):
            lines.records.append(record)
            lines.rows.append(row)
        elif row == last and not raw.endswith(b"\n") and _breaks_off(text, record):
            raise ImportRefused(
                f"{name!r} is cut off: its last line ({row}) breaks off in the middle of a "
                "record. Download or export it again.",
                code="damaged-file",
            )
        else:
            lines.refused.append((row, "not a JSON object on one line"))
    return lines


def _breaks_off(text: str, error: object) -> bool:
    """Whether a line begins as an object and ends before the object does."""
    text = text.strip()
    if not isinstance(error, json.JSONDecodeError) or not text.startswith("{"):
        return False
    return not text.endswith("}") or error.pos >= len(text) - 1


def _json_line(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        return error
    except RecursionError:
        return None
