"""Vectors that somebody else computed: an array file and the query ids of its rows."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cascal.datatypes import FloatArray
from cascal.importers.columns import suggest
from cascal.importers.fields import clean
from cascal.importers.limits import MAX_FILE_BYTES, ImportRefused, check_file
from cascal.importers.parts import parts_of
from cascal.importers.tabular import read_sheet
from cascal.number_format import counted, listed

_ADVICE = "Save it with numpy.save(path, array) or numpy.savez(path, query_ids=…, vectors=…)."


def read_vectors(path: Path, ids: Path | None = None) -> tuple[tuple[str, ...], FloatArray]:
    """Query ids and vectors (n, D): an .npz with both, or an .npy and a table of ids in row order.

    Or Parquet, a file or a folder of parts, with the columns query_id and vector.

    Arrays of Python objects (pickles) are refused.
    """
    if path.is_dir() or path.suffix.lower() == ".parquet":
        return _from_parquet(path)
    stored = _load(path)
    if isinstance(stored, dict):
        if not {"query_ids", "vectors"} <= set(stored):
            raise ImportRefused(
                f"{path.name!r} holds the arrays {listed(sorted(stored)) or 'none'}; needed are "
                "query_ids and vectors.",
                code="missing-part",
            )
        return _checked(
            path, [clean(one) for one in stored["query_ids"].tolist()], stored["vectors"]
        )
    if ids is None:
        raise ImportRefused(
            f"{path.name!r} holds vectors without query ids. Name the table its "
            "rows follow: --ids.",
            code="missing-part",
        )
    columns = read_sheet(ids).columns
    mapping = suggest(columns, "queries")
    if "query_id" not in mapping:
        raise ImportRefused(f"{ids.name!r} has no column of query ids.", code="missing-column")
    return _checked(path, [clean(one) for one in columns[mapping["query_id"]]], stored)


def _from_parquet(path: Path) -> tuple[tuple[str, ...], FloatArray]:
    ids: list[str] = []
    arrays: list[FloatArray] = []
    for part in parts_of(path) if path.is_dir() else [path]:
        check_file(part)
        try:
            table = pq.read_table(part, columns=["query_id", "vector"], partitioning=None)
            vectors = table["vector"].combine_chunks()
            flat = vectors.flatten().to_numpy().astype(np.float32, copy=False)
            arrays.append(flat.reshape(len(vectors), -1))
        except (pa.ArrowException, OSError, ValueError, AttributeError, KeyError) as error:
            raise ImportRefused(
                f"{part.name!r} holds no columns query_id and vector that can be read "
                f"({str(error)[:200]}). Vectors are lists of numbers, all of one length.",
                code="damaged-file",
            ) from None
        ids += [clean(one) for one in table["query_id"].to_pylist()]
    if len({array.shape[1] for array in arrays}) != 1:
        raise ImportRefused(
            f"{path.name!r} holds no vectors, or vectors of several lengths.", code="wrong-shape"
        )
    return _checked(path, ids, np.concatenate(arrays))


def _load(path: Path) -> Any:  # noqa: ANN401 – an array, or a dict of them
    if not path.is_file():
        raise ImportRefused(f"There is no file {path.name!r}. Check the path.", code="no-such-file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ImportRefused(
            f"{path.name!r} is larger than {MAX_FILE_BYTES:,} bytes.", code="too-large"
        )
    with path.open("rb") as file:
        head = file.read(6)
    if not head.startswith((b"\x93NUMPY"[:6], b"PK")):
        raise ImportRefused(
            f"{path.name!r} is no .npy or .npz file. {_ADVICE}", code="unknown-format"
        )
    try:
        stored = np.load(path, allow_pickle=False)
        if isinstance(stored, np.ndarray):
            return stored
        with stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, KeyError) as error:
        raise ImportRefused(
            f"{path.name!r} is no array that can be read ({str(error)[:200]}). {_ADVICE}",
            code="damaged-file",
        ) from None


def _checked(
    path: Path, query_ids: Sequence[str], array: np.ndarray
) -> tuple[tuple[str, ...], FloatArray]:
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating):
        raise ImportRefused(
            f"{path.name!r} holds an array of shape {array.shape} and type {array.dtype}; vectors "
            "are floating-point numbers of shape (queries, dimensions).",
            code="wrong-shape",
        )
    if len(array) != len(query_ids):
        raise ImportRefused(
            f"{path.name!r} has {counted(len(array), 'row')}, but there are "
            f"{counted(len(query_ids), 'query id')}.",
            code="wrong-shape",
        )
    if len(set(query_ids)) < len(query_ids):
        raise ImportRefused(f"The ids of {path.name!r} are not unique.", code="duplicate-id")
    return tuple(query_ids), array
