"""Lines of a CSV file: what stands between its cells, and where a quoted cell ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

STRAY = 'a quote inside a quoted cell is not doubled, so its text is unsure; write "" for it'


_SAID = re.compile(r"\"?sep=([,;|\t])\"?\s*\Z", re.IGNORECASE)


def said_delimiter(line: str) -> str:
    """What stands between cells by the first line, as Excel says it ("sep=;"); "" for another."""
    said = _SAID.match(line)
    return "" if said is None else said[1]


def usual_delimiter(line: str) -> str:
    """What stands between the names of columns."""
    return max((",", ";", "\t", "|"), key=line.count)


@dataclass(eq=False)
class Quotes:
    """What the lines say, fed one by one with the header first.

    inside  : whether the last line ended within a quoted cell
    row     : number of the row that the last line belongs to, from 1, without the header
    stray   : rows with text behind the quote that closes a cell
    longest : bytes of the longest row, at most
    """

    delimiter: str = ""
    inside: bool = False
    row: int = -1
    stray: list[int] = field(default_factory=list)
    longest: int = 0
    _n_bytes: int = 0  # of the row so far

    def feed(self, line: str) -> None:
        """Take in the next line; an empty one between rows is none."""
        text = line.rstrip("\r\n")
        if not self.inside:
            if not text:
                return
            self.row += 1
            self._n_bytes = 0
        self._n_bytes += len(line) if line.isascii() else 4 * len(line)
        self.longest = max(self.longest, self._n_bytes)
        if '"' in text and self._walk(text) and self.stray[-1:] != [self.row]:
            self.stray.append(self.row)

    def _walk(self, text: str) -> bool:
        """Go through the cells of a line; whether text follows a closing quote."""
        at, found = 0, False
        while at < len(text) or (self.inside and at == 0):
            if not self.inside and text[at] == '"':
                self.inside, at = True, at + 1
            if self.inside:
                end = text.find('"', at)
                while end >= 0 and text[end + 1 : end + 2] == '"':
                    end = text.find('"', end + 2)
                if end < 0:
                    return found
                self.inside, at = False, end + 1
                after = text[at:].partition(self.delimiter)[0]
                found = found or bool(after.strip())
            end = text.find(self.delimiter, at)
            if end < 0:
                return found
            at = end + 1
        return found
