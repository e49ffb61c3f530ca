"""Foreign files -> `Imported`: complete and checked, or refused in a sentence.

A problem of one row leaves that row out and is reported as a `Refusal`; a problem of the file
raises `ImportRefused`, and nothing of it is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from cascal.columns import DatasetOrigin, Imported, Progress
from cascal.datatypes import ReadingName, Right
from cascal.importers.choices import (
    check_right,
    checked_filter,
    checked_first,
    checked_keep,
    checked_kind,
    checked_mapping,
    checked_reading,
)
from cascal.importers.columns import in_our_names
from cascal.importers.draft import Plan
from cascal.importers.first_rows import Preview, first_rows
from cascal.importers.formats import FORMATS, KEEPING, KINDS
from cascal.importers.kinds import kind_of
from cascal.importers.limits import ImportRefused
from cascal.importers.parts import right_of
from cascal.importers.splits import SplitPlan
from cascal.importers.unpacked import unpacked

__all__ = ["KEEPING", "KINDS", "ImportRefused", "Preview", "detect", "preview", "read"]

AnyPath = str | PathLike[str]


def read(
    path: AnyPath | Sequence[AnyPath],
    *,
    kind: str | None = None,
    dataset: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    origin: DatasetOrigin = "real",
    split: Mapping[str, str] | None = None,
    test_share: float | None = None,
    reading: ReadingName = "stated",
    gold_from: int | None = None,
    keep: Sequence[str] = (),
    right: Right = "auto",
    log_filter: str = "",
) -> Imported:
    """Read a data set from a file, a folder, or several files that belong together.

    kind is found out by looking where None; dataset is the file's name where None; mapping names
    {our column: their column} of the long format. split gives splits by query id, test_share draws
    test queries by hash (see `splits`); without either the file's own split counts, else "train".
    reading: the rules by which answers are read from texts, see `datatypes.READINGS`.
    gold_from: whether gold answers that are numbers count the options from 0 or from 1; None:
    the whole column tells, and one that does not is refused.
    keep: columns of a table that are kept as columns of one's own, one value a query; "all" keeps
    every one that is not used otherwise.
    log_filter: the filter of lm-evaluation-harness whose lines are read; "": which reads most.
    right: who tells right from wrong where the source scored the responses, see `datatypes.Right`.
    """
    check_right(right)
    with unpacked(_paths(path)) as paths:
        kind = checked_kind(kind) if kind is not None else kind_of(paths)
        plan = Plan(
            dataset=dataset or paths[0].stem or "import",
            origin=origin,
            mapping=in_our_names(checked_mapping(kind, mapping or {})),
            split=SplitPlan(split, test_share),
            progress=progress or (lambda _share, _sentence: None),
            reading=checked_reading(reading),
            gold_from=checked_first(gold_from),
            keep=checked_keep(kind, keep),
            log_filter=checked_filter(kind, log_filter),
        )
        try:
            return replace(FORMATS[kind].read(paths, plan), right=right_of(paths[0], right))
        except MemoryError:
            raise ImportRefused(
                f"{paths[0].name!r} does not fit into memory, and nothing of it was stored. Write "
                "it as JSONL, CSV or Parquet with one row a response: these are read row by row.",
                code="too-large",
            ) from None


def detect(path: AnyPath | Sequence[AnyPath]) -> str:
    """Find out the kind of a path by looking into it; one that is not read is refused."""
    with unpacked(_paths(path)) as paths:
        return kind_of(paths)


def preview(path: AnyPath | Sequence[AnyPath], n: int = 20) -> Preview:
    """Look at the first `n` rows without importing anything."""
    with unpacked(_paths(path)) as paths:
        return first_rows(kind_of(paths), paths, n)


def _paths(path: AnyPath | Sequence[AnyPath]) -> list[Path]:
    given = [path] if isinstance(path, str | PathLike) else list(path)
    if not given:
        raise ImportRefused("No path came. Name a file or a folder.", code="wrong-path-count")
    return [Path(one) for one in given]
