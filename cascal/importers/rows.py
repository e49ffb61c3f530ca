"""One query and one response as a file gives them, before they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class QueryRow(NamedTuple):
    """One query as a file gives it; `gold` is a letter, an option text, an index or None."""

    source: str
    row: int
    query_id: str
    task: str
    text: str
    options: tuple[str, ...]
    gold: Any
    origin: str = "gold"
    skill: str | None = None
    split: str = "train"

    @classmethod
    def of(cls, cells: Sequence[Any]) -> QueryRow:
        """A row of its cells, where a list of options may stand for a tuple."""
        row = cls(*cells)
        return row._replace(options=tuple(row.options))


class ResponseRow(NamedTuple):
    """One response, already read; numbers are None where unknown."""

    source: str
    row: int
    query_id: str
    model: str
    sample: int
    text: str
    answer: str | None = None
    rule: str | None = None
    mean_logprob: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    latency: float | None = None
    status: str = "ok"
    score: float | None = None

    @classmethod
    def of(cls, cells: Sequence[Any]) -> ResponseRow:
        """A row of its cells."""
        return cls(*cells)
