"""What a caller of an import may choose, refused where it is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cascal.datatypes import READINGS, RIGHTS, ReadingName
from cascal.importers import lm_eval, long, mmlu_pro
from cascal.importers.formats import KEEPING, KINDS
from cascal.importers.limits import ImportRefused


def checked_reading(reading: str) -> ReadingName:
    """A reading that is known."""
    for known in READINGS:
        if known == reading:
            return known
    raise ImportRefused(
        f"There is no reading {reading!r}; choose one of {', '.join(READINGS)}.",
        code="unknown-choice",
    )


def check_right(right: str) -> None:
    """Refuse who cannot tell right from wrong."""
    if right not in RIGHTS:
        raise ImportRefused(
            f"right is {right!r}; choose one of {', '.join(RIGHTS)}.", code="unknown-choice"
        )


def checked_first(gold_from: int | None) -> int | None:
    """The number that gold answers count from: 0, 1, or None."""
    if gold_from not in (None, 0, 1):
        raise ImportRefused(
            f"gold_from is {gold_from!r}; gold answers count the options from 0 or from 1.",
            code="out-of-bounds",
        )
    return gold_from


def checked_keep(kind: str, keep: Sequence[str]) -> tuple[str, ...]:
    """Fields to keep, of a kind that has some."""
    if keep and kind not in KEEPING:
        raise ImportRefused(
            f"Nothing is kept besides from {kind}; of {', '.join(KEEPING)} it is. Leave --keep "
            "out, or convert the file to a table with one row a response.",
            code="unknown-choice",
        )
    return tuple(keep)


def checked_mapping(kind: str, mapping: Mapping[str, str]) -> Mapping[str, str]:
    """Names of columns, of a table."""
    if mapping and kind != long.KIND:
        own = " `--reading source` takes the answers that the files read themselves (pred)."
        raise ImportRefused(
            f"Only the columns of a table are named, and this is {kind}. Leave --map out."
            f"{own if kind == mmlu_pro.KIND else ''}",
            code="unknown-choice",
        )
    return mapping


def checked_filter(kind: str, log_filter: str) -> str:
    """A filter, of the one kind that has filters."""
    if log_filter and kind != lm_eval.KIND:
        raise ImportRefused(
            f"Only {lm_eval.KIND} has filters, and this is {kind}. Leave --filter out.",
            code="unknown-choice",
        )
    return log_filter


def checked_kind(kind: str) -> str:
    """A kind that is known."""
    if kind not in KINDS:
        raise ImportRefused(
            f"There is no kind {kind!r}; choose one of {', '.join(KINDS)}.", code="unknown-choice"
        )
    return kind
