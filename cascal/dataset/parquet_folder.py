"""A data set as a folder of Parquet files, one part a task: for other engines, and to be imported.

    dataset.json                            real or simulated data, and who tells right from wrong
    queries/task=TASK/part-0.parquet        the columns that `cascal import` reads, kept:NAME too
    responses/task=TASK/part-0.parquet
    vectors/task=TASK/part-0.parquet        query_id and vector, if there is an encoder

TASK is percent-encoded, as Hive, Spark, Dask and DuckDB have it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pa_dataset

from cascal.datatypes import CascalError
from cascal.importers.columns import OWN
from cascal.importers.parts import ABOUT_FILE, FOLDER_FORMAT
from cascal.store import Workspace


def write_parquet_folder(
    workspace: Workspace, dataset: str, folder: Path, encoder: str | None = None
) -> int:
    """Write a data set, with the vectors of an encoder if named; returns the number of queries.

    The folder must not be there. It appears whole or not at all.
    """
    if folder.exists() or not folder.absolute().parent.is_dir():
        raise CascalError(
            f"{folder} is there already, or there is no folder to make it in. Name a new folder.",
            code="wrong-path",
        )
    queries = workspace.queries(dataset)
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    own = queries.drop_columns(["text_hash"])
    for column in workspace.kept_columns(dataset):
        values = pa.array(column.values, from_pandas=True)
        own = own.append_column(f"{OWN}{column.name}", values)
    _write(partial / "queries", _as_imported(own, {"answer": "gold"}), queries)
    responses = workspace.responses(dataset, with_text=True)
    names = {"text": "response", "answer": "model_answer"}
    _write(partial / "responses", _as_imported(responses, names), queries)
    if encoder is not None:
        vectors = workspace.embeddings(dataset, encoder)
        flat = pa.array(np.ascontiguousarray(vectors.vectors).ravel())
        columns = {
            "query_id": pa.array(vectors.query_ids, pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.dimension),
        }
        _write(partial / "vectors", pa.table(columns), queries)
    info = workspace.dataset(dataset)
    about = {"format": FOLDER_FORMAT, "version": 1, "origin": info.origin, "right": info.right}
    (partial / ABOUT_FILE).write_text(json.dumps(about) + "\n", encoding="utf-8")
    partial.rename(folder)
    return len(queries)


def _as_imported(table: pa.Table, names: dict[str, str]) -> pa.Table:
    """The columns by the names under which they are read."""
    return table.rename_columns([names.get(name, name) for name in table.column_names])


def _write(folder: Path, table: pa.Table, queries: pa.Table) -> None:
    """Write a table whose rows belong to queries, by their tasks and in its own order."""
    if "task" not in table.column_names:
        rows = {one: row for row, one in enumerate(queries["query_id"].to_pylist())}
        place = pa.array([rows[one] for one in table["query_id"].to_pylist()], pa.int64())
        table = table.append_column("task", queries["task"].take(place))
    pa_dataset.write_dataset(
        table,
        folder,
        format="parquet",
        basename_template="part-{i}.parquet",
        partitioning=pa_dataset.partitioning(pa.schema([("task", pa.string())]), flavor="hive"),
        max_partitions=len(queries) + 1,
        use_threads=False,
    )
