"""Foreign files -> `Imported`: complete and checked, or refused in a sentence.

A problem of one row leaves that row out and is reported as a `Refusal`; a problem of the file
raises `ImportRefused`, and nothing of it is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from cascal.columns import DatasetOrigin, Imported, Progress
from cascal.datatypes import READINGS, RIGHTS, ReadingName, Right
from cascal.importers import (
    anthropic_batch,
    cascal_release,
    deepeval,
    helm,
    inspect_log,
    langfuse,
    litellm_log,
    llmrouter,
    llmrouterbench,
    lm_eval,
    long,
    mmlu_pro,
    not_diamond,
    openai_batch,
    openai_evals,
    promptfoo,
    routerarena,
)
from cascal.importers.columns import Role, in_our_names, resolve, role_of, suggest, unused_columns
from cascal.importers.draft import Plan
from cascal.importers.fields import raw_text
from cascal.importers.limits import ImportRefused, check_file, is_zip, read_bytes, read_records
from cascal.importers.parts import files_of, read_table, tables_of
from cascal.importers.sniff import kind_of_file, kinds_inside
from cascal.importers.splits import SplitPlan
from cascal.importers.tabular import sheet_of
from cascal.importers.unpacked import unpacked
from cascal.importers.workbook import is_workbook_file

__all__ = ["KINDS", "ImportRefused", "Preview", "detect", "preview", "read"]


class Format(Protocol):
    """What the module of a format offers; paths are the files or the folder that were given."""

    KIND: str
    ABOUT: str

    def read(self, paths: Sequence[Path], plan: Plan) -> Imported:
        """Read everything of this kind in the paths."""

    def first_records(self, paths: Sequence[Path]) -> list[dict[str, Any]]:
        """The records of the first file, for looking at."""


FORMATS: dict[str, Format] = {
    one.KIND: one
    for one in (
        long,
        mmlu_pro,
        cascal_release,
        lm_eval,
        inspect_log,
        llmrouter,
        llmrouterbench,
        routerarena,
        openai_batch,
        anthropic_batch,
        litellm_log,
        promptfoo,
        langfuse,
        helm,
        deepeval,
        openai_evals,
        not_diamond,
    )
}
"""The formats that are read, by kind."""

KINDS: dict[str, str] = {kind: one.ABOUT for kind, one in FORMATS.items()}
"""Formats that are read, and what each is."""

KEEPING = tuple(one.KIND for one in (long, lm_eval, inspect_log, promptfoo, langfuse, deepeval))
"""Formats that say more of a query than is used, which may be kept."""

PREVIEW_CHARS = 2_000
"""Longer texts are cut in a preview, and only there."""

AnyPath = str | PathLike[str]


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, and which of its columns would be taken for which of ours.

    unused : the columns of a table that nothing would be taken from
    """

    kind: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    mapping: dict[str, str]
    unused: tuple[str, ...] = ()


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
    _check_right(right)
    with unpacked(_paths(path)) as paths:
        kind = _checked_kind(kind) if kind is not None else _kind_of(paths)
        plan = Plan(
            dataset=dataset or paths[0].stem or "import",
            origin=origin,
            mapping=in_our_names(mapping or {}),
            split=SplitPlan(split, test_share),
            progress=progress or (lambda _share, _sentence: None),
            reading=_checked_reading(reading),
            gold_from=_checked_first(gold_from),
            keep=_checked_keep(kind, keep),
            log_filter=_checked_filter(kind, log_filter),
        )
        try:
            return replace(FORMATS[kind].read(paths, plan), right=right)
        except MemoryError:
            raise ImportRefused(
                f"{paths[0].name!r} does not fit into memory, and nothing of it was stored. Write "
                "it as JSONL, CSV or Parquet with one row a response: these are read row by row.",
                code="too-large",
            ) from None


def detect(path: AnyPath | Sequence[AnyPath]) -> str:
    """Find out the kind of a path by looking into it; one that is not read is refused."""
    with unpacked(_paths(path)) as paths:
        return _kind_of(paths)


def _kind_of(paths: Sequence[Path]) -> str:
    for one in paths:
        if not one.exists():
            raise ImportRefused(
                f"There is nothing at {one.name!r}. Check the path.", code="no-such-file"
            )
    if len(paths) == 1 and cascal_release.is_release(paths[0]):
        return cascal_release.KIND
    if len(paths) == 1 and not paths[0].is_dir():
        return kind_of_file(paths[0]) or _own_kind_of_file(paths[0])
    kinds = kinds_inside(paths)
    if len(kinds) > 1:
        raise ImportRefused(
            f"{' and '.join(repr(one.name) for one in paths)} hold files of several kinds: "
            f"{', '.join(kinds)}. Import one after the other, or name the kind.",
            code="mixed-formats",
        )
    if kinds:
        _refuse_others(paths, kinds[0])
        return kinds[0]
    return _own_kind_of_several(paths) if len(paths) > 1 else _own_kind_of_folder(paths[0])


def _own_kind_of_several(paths: Sequence[Path]) -> str:
    """Tables, or MMLU-Pro results where all of them are."""
    plain = [one for one in paths if not one.is_dir()]
    results = [one for one in plain if _own_kind_of_file(one) == mmlu_pro.KIND]
    if results and len(results) < len(paths):
        other = next(one for one in paths if one not in results)
        raise ImportRefused(
            f"{results[0].name!r} holds MMLU-Pro results and {other.name!r} does not. Import one "
            "after the other.",
            code="mixed-formats",
        )
    return mmlu_pro.KIND if results else long.KIND


def _refuse_others(paths: Sequence[Path], kind: str) -> None:
    """Refuse a file that was named and would not be read; batches may come with their queries."""
    for one in paths:
        companion = kind == openai_batch.KIND or one.stem.startswith("results_")
        if not one.is_dir() and not companion and kind_of_file(one) != kind:
            raise ImportRefused(
                f"{one.name!r} is not of the kind {kind!r}, as the others are. Import it by "
                "itself.",
                code="mixed-formats",
            )


def _own_kind_of_folder(folder: Path) -> str:
    inside = [one for one in folder.iterdir() if one.is_file()]
    if any(one.stem == "queries" for one in folder.iterdir()):
        return long.KIND
    packed = [one for one in inside if one.suffix.lower() in (".zip", ".json")]
    if any(_own_kind_of_file(one) == mmlu_pro.KIND for one in packed):
        return mmlu_pro.KIND
    if tables_of(folder):
        return long.KIND
    others = "; ".join(about for kind, about in KINDS.items() if kind != "long")
    raise ImportRefused(
        f"The folder {folder.name!r} is of no known kind. It may hold queries.* and responses.*, "
        f"tables (Parquet, JSONL, CSV, Excel), or one of: {others}.",
        code="unknown-format",
    )


def preview(path: AnyPath | Sequence[AnyPath], n: int = 20) -> Preview:
    """Look at the first `n` rows without importing anything."""
    with unpacked(_paths(path)) as paths:
        return _preview(_kind_of(paths), paths, n)


def _preview(kind: str, paths: Sequence[Path], n: int) -> Preview:
    if kind != long.KIND:
        records = FORMATS[kind].first_records(paths)[:n]
        columns = tuple(dict.fromkeys(key for one in records for key in one))
        return Preview(kind, columns, tuple(map(_shown, records)), {})
    files = files_of(paths)
    sheets = [sheet_of(read_table(file), n) for file in files]
    mapping: dict[str, str] = {}
    if len(sheets) > 1 and role_of(sheets[0].columns, {}) == "joined":
        sheets = sheets[:1]
    if len(sheets) == 2:
        mapping = {f"responses.{k}": v for k, v in suggest(sheets[1].columns, "responses").items()}
    role = role_of(sheets[0].columns, {}) if len(sheets) == 1 else "queries"
    mapping = {**resolve(sheets[0].columns, role, {}, sheets[0].source), **mapping}
    sheet = sheets[-1] if len(sheets) == 2 else sheets[0]
    columns = tuple(dict.fromkeys(name for one in sheets for name in one.columns))
    rows = [
        dict(zip(sheet.columns, cells, strict=True))
        for cells in zip(*sheet.columns.values(), strict=True)
    ]
    roles: tuple[Role, ...] = (role, "responses")
    unused = dict.fromkeys(
        name
        for one, of_sheet in zip(sheets, roles, strict=False)
        for name in unused_columns(one.columns, of_sheet, {}, one.source)
    )
    return Preview(kind, columns, tuple(map(_shown, rows)), mapping, tuple(unused))


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value if isinstance(value, int | float | None) else raw_text(value)[:PREVIEW_CHARS]
        for key, value in record.items()
    }


def _paths(path: AnyPath | Sequence[AnyPath]) -> list[Path]:
    given = [path] if isinstance(path, str | PathLike) else list(path)
    if not given:
        raise ImportRefused("No path came. Name a file or a folder.", code="wrong-path-count")
    return [Path(one) for one in given]


def _checked_reading(reading: str) -> ReadingName:
    for known in READINGS:
        if known == reading:
            return known
    raise ImportRefused(
        f"There is no reading {reading!r}; choose one of {', '.join(READINGS)}.",
        code="unknown-choice",
    )


def _check_right(right: str) -> None:
    if right not in RIGHTS:
        raise ImportRefused(
            f"right is {right!r}; choose one of {', '.join(RIGHTS)}.", code="unknown-choice"
        )


def _checked_first(gold_from: int | None) -> int | None:
    if gold_from not in (None, 0, 1):
        raise ImportRefused(
            f"gold_from is {gold_from!r}; gold answers count the options from 0 or from 1.",
            code="out-of-bounds",
        )
    return gold_from


def _checked_keep(kind: str, keep: Sequence[str]) -> tuple[str, ...]:
    if keep and kind not in KEEPING:
        raise ImportRefused(
            f"Nothing is kept besides from {kind}; of {', '.join(KEEPING)} it is. Leave --keep "
            "out, or convert the file to a table with one row a response.",
            code="unknown-choice",
        )
    return tuple(keep)


def _checked_filter(kind: str, log_filter: str) -> str:
    if log_filter and kind != lm_eval.KIND:
        raise ImportRefused(
            f"Only {lm_eval.KIND} has filters, and this is {kind}. Leave --filter out.",
            code="unknown-choice",
        )
    return log_filter


def _checked_kind(kind: str) -> str:
    if kind not in KINDS:
        raise ImportRefused(
            f"There is no kind {kind!r}; choose one of {', '.join(KINDS)}.", code="unknown-choice"
        )
    return kind


def _own_kind_of_file(path: Path) -> str:
    head = check_file(path)
    if is_zip(head):
        return long.KIND if is_workbook_file(path) else mmlu_pro.KIND
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[" and b'"question_id"' in head:
        records = read_records(read_bytes(path), path.name)
        return mmlu_pro.KIND if mmlu_pro.looks_like(records) else long.KIND
    return long.KIND
