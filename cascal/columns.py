"""The columns of queries and responses on their way between files, the store and the arrays.

`importers` and `simulate` make an `Imported`, `store` writes it; neither knows the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cascal.datatypes import CascalError, ModelSpec, Right, Task

Progress = Callable[[float, str], None]
"""Called with the share done (0 … 1) and a short sentence; may raise to stop the work."""

DatasetOrigin = Literal["simulated", "real"]

QUERY_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("task", pa.string()),
        ("text", pa.string()),
        ("options", pa.list_(pa.string())),
        ("answer", pa.string()),
        ("answer_origin", pa.string()),
        ("skill", pa.string()),
        ("split", pa.string()),
    ]
)
"""One row a `Query`; options is empty for free answers, answer is null where there is none."""

RESPONSE_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("model", pa.string()),
        ("sample", pa.int32()),
        ("text", pa.string()),
        ("answer", pa.string()),
        ("rule", pa.string()),
        ("mean_logprob", pa.float64()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("cost", pa.float64()),
        ("latency", pa.float64()),
        ("status", pa.string()),
        ("score", pa.float64()),
    ]
)
"""One row a `Response`; null where unknown. `score` is the source's own verdict, 0 to 1."""

KEPT_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("name", pa.string()),
        ("text", pa.string()),
        ("number", pa.float64()),
    ]
)
"""One row a query and kept column: a text or a number, the same of the two for all of a column."""
MAX_KEPT_COLUMNS = 20
MAX_KEPT_NAME = 60
MAX_KEPT_CHARS = 200
"""Columns that a data set keeps, characters of their names and of one value."""


@dataclass(frozen=True, eq=False)
class KeptColumn:
    """A column of one's own: values (Q,), numbers with nan or texts with "" where there is none."""

    name: str
    values: NDArray[Any]

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return bool(self.values.dtype.kind == "f")

    def take(self, rows: NDArray[np.integer[Any]]) -> KeptColumn:
        """The values of some queries."""
        return KeptColumn(self.name, self.values[rows])


def join_kept(one: tuple[KeptColumn, ...], other: tuple[KeptColumn, ...]) -> tuple[KeptColumn, ...]:
    """The columns that both sides keep, with the values of both, one's first."""
    values = {column.name: column.values for column in other}
    return tuple(
        KeptColumn(column.name, np.concatenate([column.values, values[column.name]]))
        for column in one
        if column.name in values
    )


@dataclass(frozen=True)
class Refusal:
    """One thing an import left out, and why; rows count from 1 without header, 0 = the file."""

    source: str
    row: int
    column: str
    reason: str


LEFT_OUT = "Left out"
"""How the lines of a data set's note begin that say what an import refused."""
MAX_REASONS = 20
"""So many reasons for what was left out are kept with a data set."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Batches:
    """Rows that may be too many for memory, in batches that are made anew each time.

    To who reads them they are a table: columns that are asked for are put together of the batches,
    and for anything else a table does all rows are brought into memory, see `to_table`.
    """

    schema: pa.Schema
    num_rows: int
    make: Callable[[], Iterator[pa.RecordBatch]]

    def __len__(self) -> int:
        return self.num_rows

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in their order, a few at a time."""
        return self.make()

    def to_table(self) -> pa.Table:
        """All rows at once."""
        return self.select(self.schema.names)

    def select(self, columns: Sequence[str | int]) -> pa.Table:
        """A table of some columns; the others are never in memory all at once."""
        wanted = self.schema.empty_table().select(columns).schema
        return pa.Table.from_batches((one.select(columns) for one in self.make()), schema=wanted)

    def column(self, name: str | int) -> pa.ChunkedArray:
        """One column."""
        self.schema.field(name)  # raises what a table raises where there is no such column
        return self.select([name]).column(0)

    def __getitem__(self, key: str | int | slice) -> pa.ChunkedArray | pa.Table:
        """A column by its name or number, or a range of rows."""
        return self.to_table()[key] if isinstance(key, slice) else self.column(key)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as many kinds as a table has
        """Whatever else a table has."""
        if name.startswith("_") or not hasattr(pa.Table, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.to_table(), name)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows for pyarrow, Polars or DuckDB, a batch at a time."""
        reader = pa.RecordBatchReader.from_batches(self.schema, self.make())
        return reader.__arrow_c_stream__(requested_schema)


@dataclass(frozen=True, eq=False, kw_only=True)
class Imported:
    """A data set read from files, complete and checked, not yet stored.

    Every response names a query of `queries` and a model of `models`; (query, model, sample) is
    unique. `refused` says what was left out; `notes` are sentences worth showing; `kept` are
    values of columns of one's own; `right` is who tells right from wrong, see `datatypes.Right`.
    Queries and responses of a large file come in batches. `offered` are names of what a log says
    of its queries besides, which may be kept. `first_samples` are, by model, what was taken off the
    sample numbers of the files, so that they begin at 0.
    """

    dataset: str
    origin: DatasetOrigin
    source: str
    tasks: tuple[Task, ...]
    models: tuple[ModelSpec, ...]
    queries: pa.Table | Batches
    responses: pa.Table | Batches
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    kept: pa.Table = field(default_factory=KEPT_SCHEMA.empty_table)
    right: Right = "auto"
    offered: tuple[str, ...] = ()
    first_samples: Mapping[str, int] = field(default_factory=dict)

    @property
    def in_batches(self) -> bool:
        """Whether there may be more rows than fit into memory."""
        return isinstance(self.queries, Batches) or isinstance(self.responses, Batches)

    def without_rows(self) -> Imported:
        """What is said of the import, to be kept where the rows are not needed."""
        return replace(
            self, queries=QUERY_SCHEMA.empty_table(), responses=RESPONSE_SCHEMA.empty_table()
        )

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was refused, by reason, the most frequent first; nothing of the rows themselves."""
        counts = Counter(one.reason for one in self.refused)
        return tuple(
            f"{LEFT_OUT} {n:,} ×: {reason}" for reason, n in counts.most_common(MAX_REASONS)
        )

    def __post_init__(self) -> None:
        for name, table, schema in (
            ("queries", self.queries, QUERY_SCHEMA),
            ("responses", self.responses, RESPONSE_SCHEMA),
            ("kept", self.kept, KEPT_SCHEMA),
        ):
            if not table.schema.equals(schema):
                raise CascalError(
                    f"Imported.{name} has columns {table.schema.names}, not {schema.names}.",
                    code="wrong-type",
                )
        if not self.dataset.strip():
            raise CascalError("The data set needs a name.", code="missing-value")
