"""What kind of format paths are of, as far as their content tells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cascal.importers import cascal_release, long, mmlu_pro, openai_batch
from cascal.importers.formats import KINDS
from cascal.importers.limits import ImportRefused, check_file, is_zip, read_bytes, read_records
from cascal.importers.parts import tables_of
from cascal.importers.sniff import kind_of_file, kinds_inside
from cascal.importers.workbook import is_workbook_file


def kind_of(paths: Sequence[Path]) -> str:
    """The kind of files or folders that are read together; refused where there is none."""
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


def _own_kind_of_file(path: Path) -> str:
    head = check_file(path)
    if is_zip(head):
        return long.KIND if is_workbook_file(path) else mmlu_pro.KIND
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[" and b'"question_id"' in head:
        records = read_records(read_bytes(path), path.name)
        return mmlu_pro.KIND if mmlu_pro.looks_like(records) else long.KIND
    return long.KIND
