"""What kind a file is, told from the names of its fields and not from its own name."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePath

import pyarrow as pa
import pyarrow.parquet as pq

from cascal.importers.csv_quotes import said_delimiter, usual_delimiter
from cascal.importers.limits import ImportRefused, check_file, is_zip

SIGNATURES: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (kind, frozenset(names.split("|")))
    for kind, names in (
        ("lm_eval", "doc_id|doc|arguments"),
        ("lm_eval", "doc_id|doc|resps"),
        ("inspect_log", "version|eval|status"),
        ("inspect_log", "version|eval|plan"),
        ("llmrouterbench", "performance|counts|records"),
        ("llmrouterbench", "performance|time_taken|prompt_tokens|completion_tokens|counts"),
        ("llmrouterbench", "dataset_id|model_name|record_index"),
        ("routerarena", "global_index|llm_selected|generated_answer"),
        ("routerarena", "global index|prompt|prediction"),
        ("routerarena", "global_index|prompt|prediction"),
        ("routerarena", "global index|prompt_formatted"),
        ("routerarena", "Global Index|Question"),
        ("openai_batch", "custom_id|response"),
        ("openai_batch", "custom_id|error"),
        ("openai_batch", "custom_id|body"),
        ("promptfoo", "evalId|results"),
        ("promptfoo", "results|config|shareableUrl"),
        ("promptfoo", "promptIdx|testIdx|provider"),
        ("anthropic_batch", "custom_id|result"),
        ("anthropic_batch", "custom_id|params"),
        ("litellm_log", "call_type|model|messages|response_cost"),
        ("helm", "adapter_spec|request_states"),
        ("deepeval", "testCases|metricsScores"),
        ("deepeval", "testRunData"),
        ("openai_evals", "run_id|event_id|sample_id|type|data"),
        ("openai_evals", "final_report|run_id"),
        ("langfuse", "traceId|type|startTime"),
        ("langfuse", "trace_id|type|start_time"),
        ("langfuse", "timestamp|observations|scores"),
        ("llmrouter", "task_name|query|ground_truth|metric"),
        ("llmrouter", "task_name|query|gt|metric"),
        ("llmrouter", "query|model_name|response|performance"),
    )
)
"""Fields that tell a format; the first kind all of whose fields are there is taken."""

_SCORE_COLUMN = re.compile(r"[^/]{1,200}/[^\n]{1,200}/score\Z")
_INSPECT_MEMBERS = ("header.json", "_journal/start.json")
_LOOKED_AT = 1 << 20
"""Bytes at the start of a file in which its fields are looked for."""
READ_SUFFIXES = (".json", ".jsonl", ".ndjson", ".eval", ".csv", ".tsv", ".parquet", ".xlsx")
"""Endings of the files that are looked at in a folder or an archive."""
MAX_FILES = 10_000
"""Files of a folder that are looked at."""
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]:]', re.DOTALL)


def kind_of_keys(keys: Iterable[str]) -> str | None:
    """The format that has these fields or columns; None where it is no known foreign one."""
    names = frozenset(keys)
    if names == {"spec"}:
        return "openai_evals"
    for kind, needed in SIGNATURES:
        if needed <= names and not (kind == "llmrouter" and "query_id" in names):
            return kind
    if any(_SCORE_COLUMN.match(name) for name in names):
        return "not_diamond"
    return None


def kind_of_file(path: Path) -> str | None:
    """The foreign format of a file, found by looking inside; None where it is none."""
    if is_zip(check_file(path)):
        return "inspect_log" if is_inspect_zip(path) else None
    return kind_of_keys(keys_of_file(path))


def keys_of_file(path: Path) -> list[str]:
    """The columns of a table, or the fields of the first (or only) object of a JSON file."""
    if check_file(path).startswith(b"PAR1"):
        with suppress(pa.ArrowException, OSError):
            return list(pq.read_schema(path).names)
        return []
    with path.open("rb") as stream:
        text = stream.read(_LOOKED_AT).decode("utf-8-sig", "replace").lstrip()
    return top_keys(text) if text[:1] in ("{", "[") else _header(text)


def is_inspect_zip(path: Path) -> bool:
    """Whether a zip is an inspect_ai log; a damaged one is, if its name says so."""
    broken = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError)
    with suppress(*broken), zipfile.ZipFile(path) as archive:
        return any(name in archive.NameToInfo for name in _INSPECT_MEMBERS)
    return path.suffix.lower() == ".eval"


def _header(text: str) -> list[str]:
    """The column names of a CSV file, [] where its first line is none."""
    line, _, rest = text.partition("\n")
    said = said_delimiter(line)
    line = rest.partition("\n")[0] if said else line
    delimiter = said or usual_delimiter(line)
    with suppress(csv.Error):
        return next(csv.reader([line], delimiter=delimiter), [])
    return []


def top_keys(text: str) -> list[str]:
    """The keys of the first object of a JSON text, which may be cut off anywhere."""
    level = 2 if text.startswith("[") else 1
    keys: list[str] = []
    depth, last = 0, '""'
    for match in _TOKEN.finditer(text):
        sign = match[0]
        if sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth < level:
                break
        elif sign == ":":
            if depth == level:
                with suppress(ValueError):
                    keys.append(json.loads(last))
        elif sign == '"':
            break
        else:
            last = sign
    return keys


def files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder and its folders that may hold responses, in the order of their paths.

    Hidden ones are left out; a folder of more than MAX_FILES entries is refused.
    """
    return (one for one in all_files_below(folder) if may_hold_rows(one.relative_to(folder)))


def all_files_below(folder: Path) -> Iterator[Path]:
    """All files of a folder and its folders, whatever their names; as `files_below`."""
    entries = list(islice(folder.rglob("*"), MAX_FILES + 1))
    if len(entries) > MAX_FILES:
        raise ImportRefused(
            f"The folder {folder.name!r} holds more than {MAX_FILES:,} files. Point to the folder "
            "of one benchmark or model.",
            code="too-large",
        )
    for one in sorted(entries):
        hidden = any(name.startswith(".") for name in one.relative_to(folder).parts)
        if not hidden and one.is_file():
            yield one


def may_hold_rows(path: PurePath) -> bool:
    """Whether a file below a folder is looked at, by its name: of a known ending, not hidden."""
    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix.lower() in READ_SUFFIXES and not hidden


def foreign_files(paths: Iterable[Path], kind: str) -> list[tuple[Path, str]]:
    """The files of one kind among the given files and below the given folders.

    Each comes with the name it is called by: its path below the folder, else its own name. A file
    that is given alone is taken without a look.
    """
    given = list(paths)
    if len(given) == 1 and not given[0].is_dir():
        return [(given[0], given[0].name)]
    found: list[tuple[Path, str]] = []
    for path in given:
        root = path if path.is_dir() else path.parent
        for file in files_below(path) if path.is_dir() else [path]:
            with suppress(ImportRefused):
                if kind_of_file(file) == kind:
                    found.append((file, file.relative_to(root).as_posix()))
    if not found:
        raise ImportRefused(
            f"There is no file of the kind {kind!r} in what was given.", code="missing-part"
        )
    return found


def kinds_inside(paths: Iterable[Path]) -> list[str]:
    """The foreign kinds among files and below folders, each once, in the order they are met."""
    kinds: dict[str, None] = {}
    for path in paths:
        for file in files_below(path) if path.is_dir() else [path]:
            with suppress(ImportRefused):
                if (kind := kind_of_file(file)) is not None:
                    kinds.setdefault(kind)
    return list(kinds)


def files_beside(paths: Iterable[Path], kind: str, key: str) -> list[tuple[Path, str]]:
    """Files of a kind beside the given files whose records have a key, with their names."""
    found: list[tuple[Path, str]] = []
    for folder in dict.fromkeys(one.parent for one in paths if not one.is_dir()):
        for file in sorted(folder.glob("*.jsonl")):
            with suppress(ImportRefused):
                if kind_of_file(file) == kind and key in keys_of_file(file):
                    found.append((file, file.name))
    return found
