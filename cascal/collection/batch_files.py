"""OpenAI batch files instead of calls: write what is missing, read what came back."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cascal import importers
from cascal.collection.collect import batch_lines
from cascal.collection.into_workspace import join_pool, missing_queries, nan_for_none
from cascal.datatypes import CascalError, Query, Response
from cascal.endpoint.pool_file import PoolModel
from cascal.prices import response_cost
from cascal.store import Workspace

MAX_REQUESTS, MAX_FILE_BYTES = 50_000, 200_000_000
"""What OpenAI takes in one file (reference of `POST /v1/batches`)."""
BATCH_CAUSE = "batch"
"""The cause of an error that a batch file reports."""


def write_batches(
    workspace: Workspace,
    dataset: str,
    pool: Sequence[PoolModel],
    path: Path,
    *,
    retry_errors: bool = False,
) -> dict[Path, int]:
    """Write OpenAI batch input files for what is missing; the files and their numbers of lines.

    A batch asks one model, so several models get a file each: FILE-MODEL.jsonl. What is more than
    OpenAI takes in a file goes into FILE-MODEL-2.jsonl and so on.
    """
    join_pool(workspace, dataset, pool)
    with workspace.recording(dataset):  # what a killed run left is taken over first
        wanted = missing_queries(workspace, dataset, pool, retry_errors=retry_errors)
    written = {}
    for model in pool:
        if not wanted[model.name]:
            continue
        plain = "".join(one if one.isalnum() or one in "-._" else "_" for one in model.name)
        file = path if len(pool) == 1 else path.with_stem(f"{path.stem}-{plain}")
        parts = _parts(batch_lines(model, wanted[model.name]))
        for number, lines in enumerate(parts, 1):
            part = file if number == 1 else file.with_stem(f"{file.stem}-{number}")
            part.write_bytes(b"".join(lines))
            written[part] = len(lines)
    return written


def _parts(requests: Iterable[Mapping[str, Any]]) -> Iterator[list[bytes]]:
    """The lines of one file after the other, each as large as it may be."""
    lines: list[bytes] = []
    size = 0
    for request in requests:
        line = json.dumps(request, ensure_ascii=False).encode() + b"\n"
        if lines and (len(lines) == MAX_REQUESTS or size + len(line) > MAX_FILE_BYTES):
            yield lines
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield lines


def read_batches(
    workspace: Workspace, dataset: str, pool: Sequence[PoolModel], paths: Sequence[Path]
) -> int:
    """Store the responses of batch output and error files; how many.

    The files are read as any import of the kind openai_batch; MODEL of the custom id decides whose
    they are. What is stored already, other than errors, stays.
    """
    join_pool(workspace, dataset, pool)
    lines = _lines_by_model(paths, {model.name for model in pool})
    n_stored = 0
    with workspace.recording(dataset) as recorder:
        wanted = missing_queries(workspace, dataset, pool, retry_errors=True)
        for model in pool:
            asked = {query.query_id: query for query in wanted[model.name]}
            for row in _imported(lines[model.name], list(asked.values())):
                sentence = row["text"] if row["status"] == "error" else ""
                cost = response_cost(model.spec, row["input_tokens"], row["output_tokens"])
                response = Response(**{**nan_for_none(row), "model": model.name, "cost": cost})
                recorder.response(response, BATCH_CAUSE if sentence else "", sentence)
                n_stored += 1
    return n_stored


def _lines_by_model(paths: Sequence[Path], names: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                custom_id = str(json.loads(line)["custom_id"])
            except (ValueError, TypeError, KeyError):
                raise CascalError(
                    f"Line {number} of {path.name} is no line of a batch.", code="unusable-row"
                ) from None
            name = custom_id.partition("::")[0]
            if name not in names:
                raise CascalError(
                    f"Line {number} of {path.name} answers for {name[:80]!r}, which is not in the "
                    "pool file. Give the pool that wrote the batch.",
                    code="unknown-model",
                )
            found[name].append(line)
    return found


def _imported(lines: Sequence[str], queries: Sequence[Query]) -> list[dict[str, Any]]:
    """Responses to the given queries, read by the importer of batch files."""
    known = {query.query_id for query in queries}
    lines = [one for one in lines if json.loads(one)["custom_id"].partition("::")[2] in known]
    if not lines:
        return []
    with tempfile.TemporaryDirectory() as folder:
        output, table = Path(folder) / "output.jsonl", Path(folder) / "queries.jsonl"
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")
        rows = [
            {
                "query_id": one.query_id,
                "task": one.task,
                "text": one.text,
                "options": list(one.options),
            }
            for one in queries
        ]
        table.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
        read = importers.read([output, table], kind="openai_batch", dataset="batch")
    return [row for batch in read.responses.to_batches() for row in batch.to_pylist()]
