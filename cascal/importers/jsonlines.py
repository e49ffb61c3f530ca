"""A file of one JSON object a line -> numbered records, a line at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from cascal.importers.limits import ImportRefused, decoded_lines

Record = dict[str, Any]


class Lines(NamedTuple):
    """The records of one file, their row numbers from 1, and the rows that could not be read."""

    source: str
    rows: list[int]
    records: list[Record]
    refused: list[tuple[int, str]]


def json_records(
    name: str, opened: Callable[[], BinaryIO], refuse: Callable[[int, str], None]
) -> Iterator[tuple[int, Record]]:
    """One JSON object a line; a last line that breaks off refuses the file."""
    broken, row, ended = 0, 0, True
    for row, text in decoded_lines(name, opened):
        ended = text.endswith("\n")
        if not text.strip():
            continue
        record = _json_line(text)
        broken = row if _breaks_off(text, record) else 0
        if isinstance(record, dict):
            yield row, record
        elif not broken or ended:
            refuse(row, "not a JSON object on one line")
    if broken and not ended:
        raise ImportRefused(
            f"{name!r} is cut off: its last line ({broken}) breaks off in the middle of a "
            "record. Download or export it again.",
            code="damaged-file",
        )


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
