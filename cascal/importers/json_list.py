"""A JSON list of records, element by element: only the element that is read is in memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from json.decoder import JSONDecoder
from typing import BinaryIO

from cascal.importers.limits import (
    MAX_LINE_BYTES,
    ImportRefused,
    Place,
    damaged_json,
    no_json,
    not_utf8,
    refuse_wide_characters,
)

CHUNK = 1 << 20
"""Bytes read at a time; an element that is longer makes the next read twice as long."""

_SPACES = frozenset(" \t\n\r")


def list_elements(name: str, opened: Callable[[], BinaryIO]) -> Iterator[object]:
    """The elements of a JSON file that begins with `[`, as `json.loads` would give them.

    ImportRefused with line and column where the list breaks off or is no JSON, for an element
    longer than MAX_LINE_BYTES, and for text that is not UTF-8.
    """
    with opened() as stream:
        yield from _Elements(name, stream)


class _Elements:
    """The text of a list from the element that is read on, and where in the file that is."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self._name, self._decoder = name, JSONDecoder()
        self._source = _Utf8(name, stream)
        self._text, self._at, self._ended = "", 0, False
        self._lines, self._columns = 0, 0  # of the text that was let go
        self._more(CHUNK)

    def __iter__(self) -> Iterator[object]:
        self._next()
        self._at += 1  # the bracket, which whoever chose this reader saw
        if self._next() == "]":
            self._end()
            return
        while True:
            yield self._element()
            sign = self._next()
            if sign == "]":
                self._end()
                return
            if sign != ",":
                raise self._damaged("Expecting ',' delimiter", self._at)
            self._at += 1
            self._next()

    def _next(self) -> str:
        """The next character that is no white space, "" at the end of the file."""
        while True:
            while self._text[self._at : self._at + 1] in _SPACES:
                self._at += 1
            if self._at < len(self._text) or not self._more(CHUNK):
                return self._text[self._at : self._at + 1]

    def _element(self) -> object:
        n_bytes = CHUNK
        while True:
            try:
                element, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more(n_bytes):
                    raise self._damaged(error.msg, error.pos) from None
            except (RecursionError, ValueError) as error:
                raise no_json(self._name, error) from None
            else:
                # A number may go on behind what was read so far: "8" and ".5", "8" and "e+1".
                if end < len(self._text) - 2 or not self._more(n_bytes):
                    self._at = end
                    return element
            n_bytes *= 2
            if len(self._text) > MAX_LINE_BYTES:
                raise ImportRefused(
                    f"{self._name!r} has an element of more than {MAX_LINE_BYTES:,} characters in "
                    f"its list (it begins at line {self._place(self._at)[0]}), or is damaged from "
                    "there on. Write one record for the response of one model to one query.",
                    code="too-large",
                )

    def _end(self) -> None:
        self._at += 1
        if self._next():
            raise self._damaged("Extra data", self._at)

    def _more(self, n_bytes: int) -> bool:
        """Let go what was read, and read on; False at the end of the file."""
        if self._ended:
            return False
        new = self._source.read(n_bytes)
        if not new:
            self._ended = True
            return False
        done = self._text[: self._at]
        n_lines = done.count("\n")
        self._columns = len(done) - done.rfind("\n") - 1 + (0 if n_lines else self._columns)
        self._lines += n_lines
        self._text, self._at = self._text[self._at :] + new, 0
        return True

    def _place(self, position: int) -> tuple[int, int]:
        """Line and column, from 1, of a position in the text that is held."""
        before = self._text[:position]
        n_lines = before.count("\n")
        column = len(before) - before.rfind("\n") + (0 if n_lines else self._columns)
        return self._lines + n_lines + 1, column

    def _damaged(self, message: str, position: int) -> ImportRefused:
        rest = self._text[position:].rstrip()
        cut = len(rest) <= 1 and not self._source.read(CHUNK).strip()
        return damaged_json(self._name, message, self._place(position), cut=cut)


class _Utf8:
    """The characters of a UTF-8 file, some bytes at a time."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self._name, self._stream = name, stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._head, self._n_bytes, self._n_lines = b"", 0, 0

    def read(self, n_bytes: int) -> str:
        """The characters of about `n_bytes` more; "" at the end."""
        raw = self._stream.read(n_bytes)
        if not self._n_bytes:
            self._head = raw[:1024]
            refuse_wide_characters(raw[:2], self._name)
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            start = self._n_bytes + len(raw) - len(error.object) + error.start
            line = self._n_lines + error.object.count(b"\n", 0, error.start) + 1
            raise not_utf8(self._name, error, self._head, Place(start, line)) from None
        self._n_bytes += len(raw)
        self._n_lines += raw.count(b"\n")
        return text if text or not raw else self.read(n_bytes)
