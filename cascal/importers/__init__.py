"""Foreign files -> `Imported`: complete and checked, or refused in a sentence.

A problem of one row leaves that row out and is reported as a `Refusal`; a problem of the file
raises `ImportRefused`, and nothing of it is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from cascal.importers import cascal_release, long, mmlu_pro
from cascal.importers.columns import resolve, role_of, suggest
from cascal.importers.door import ImportRefused, check_file, is_zip, read_bytes, read_records
from cascal.importers.draft import Plan
from cascal.importers.fields import raw_text
from cascal.importers.splits import SplitPlan
from cascal.importers.tabular import read_sheet
from cascal.tables import DatasetOrigin, Imported, Progress

__all__ = ["KINDS", "ImportRefused", "Preview", "detect", "preview", "read"]

KINDS: dict[str, str] = {
    "long": "Table, one row a response (Parquet, CSV, JSONL), or queries.* and responses.*",
    "mmlu_pro": "Upstream MMLU-Pro eval_results: one zip a model, or a folder of them",
    "cascal_release": "Released CASCAL layout: Data/ and Model_Responses/",
}
"""Formats that are read, and what each is."""

PREVIEW_CHARS = 2_000
"""Longer texts are cut in a preview, and only there."""

AnyPath = str | PathLike[str]


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, and which of its columns would be taken for which of ours."""

    kind: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    mapping: dict[str, str]


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
) -> Imported:
    """Read a data set from a file, a folder, or two files (queries and responses).

    kind is found out by looking where None; dataset is the file's name where None; mapping names
    {our column: their column} of the long format. split gives splits by query id, test_share draws
    test queries by hash (see `splits`); without either the file's own split counts, else "train".
    """
    paths = _paths(path)
    kind = _checked_kind(kind) if kind is not None else detect(path)
    plan = Plan(
        dataset=dataset or paths[0].stem or "import",
        origin=origin,
        mapping=dict(mapping or {}),
        split=SplitPlan(split, test_share),
        progress=progress or (lambda _share, _sentence: None),
    )
    return _read_kind(kind, paths, plan)


def _read_kind(kind: str, paths: list[Path], plan: Plan) -> Imported:
    if kind == "long":
        return long.read(paths if len(paths) == 2 else long.files_of(paths[0]), plan)
    if len(paths) == 2:
        raise ImportRefused(f"Two files are read as 'long' only, not as {kind!r}. Name a folder.")
    if kind == "mmlu_pro":
        return mmlu_pro.read(paths[0], plan)
    return cascal_release.read(paths[0], plan)


def detect(path: AnyPath | Sequence[AnyPath]) -> str:
    """Find out the kind of a path by looking into it; one that is not read is refused."""
    paths = _paths(path)
    if len(paths) == 2:
        return "long"
    first = paths[0]
    if not first.exists():
        raise ImportRefused(f"There is nothing at {first.name!r}. Check the path.")
    if not first.is_dir():
        return _kind_of_file(first)
    if cascal_release.is_release(first):
        return "cascal_release"
    inside = [one for one in first.iterdir() if one.is_file()]
    if any(one.stem == "queries" for one in inside):
        return "long"
    if any(one.suffix.lower() in (".zip", ".json") for one in inside):
        return "mmlu_pro"
    raise ImportRefused(
        f"The folder {first.name!r} is of no known kind. It may hold queries.* and responses.*, "
        "MMLU-Pro result zips, or the released layout (Data/ and Model_Responses/)."
    )


def preview(path: AnyPath | Sequence[AnyPath], n: int = 20) -> Preview:
    """Look at the first `n` rows without importing anything."""
    kind, paths = detect(path), _paths(path)
    if kind != "long":
        source = mmlu_pro if kind == "mmlu_pro" else cascal_release
        records = source.first_records(paths[0])[:n]
        columns = tuple(dict.fromkeys(key for one in records for key in one))
        return Preview(kind, columns, tuple(map(_shown, records)), {})
    files = paths if len(paths) == 2 else long.files_of(paths[0])
    sheets = [read_sheet(file, n) for file in files]
    mapping: dict[str, str] = {}
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
    return Preview(kind, columns, tuple(map(_shown, rows)), mapping)


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value if isinstance(value, int | float | None) else raw_text(value)[:PREVIEW_CHARS]
        for key, value in record.items()
    }


def _paths(path: AnyPath | Sequence[AnyPath]) -> list[Path]:
    given = [path] if isinstance(path, str | PathLike) else list(path)
    if len(given) not in (1, 2):
        raise ImportRefused(f"{len(given)} paths came; one, or queries and responses, are read.")
    return [Path(one) for one in given]


def _checked_kind(kind: str) -> str:
    if kind not in KINDS:
        raise ImportRefused(f"There is no kind {kind!r}; choose one of {', '.join(KINDS)}.")
    return kind


def _kind_of_file(path: Path) -> str:
    head = check_file(path)
    if is_zip(head):
        return "mmlu_pro"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[" and b'"question_id"' in head:
        records = read_records(read_bytes(path), path.name)
        return "mmlu_pro" if mmlu_pro.looks_like(records) else "long"
    return "long"
