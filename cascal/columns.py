"""The columns of queries and responses on their way between files, the store and the arrays.

`importers` and `simulate` make an `Imported`, `store` writes it; neither knows the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from cascal.datatypes import CascalError, ModelSpec, Task

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


@dataclass(frozen=True)
class Refusal:
    """One thing an import left out, and why; rows count from 1 without header, 0 = the file."""

    source: str
    row: int
    column: str
    reason: str


MAX_REASONS = 20
"""So many reasons for what was left out are kept with a data set."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Imported:
    """A data set read from files, complete and checked, not yet stored.

    Every response names a query of `queries` and a model of `models`; (query, model, sample) is
    unique. `refused` says what was left out; `notes` are sentences worth showing.
    """

    dataset: str
    origin: DatasetOrigin
    source: str
    tasks: tuple[Task, ...]
    models: tuple[ModelSpec, ...]
    queries: pa.Table
    responses: pa.Table
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was refused, by reason, the most frequent first; nothing of the rows themselves."""
        counts = Counter(one.reason for one in self.refused)
        return tuple(f"Left out {n:,} ×: {reason}" for reason, n in counts.most_common(MAX_REASONS))

    def __post_init__(self) -> None:
        for name, table, schema in (
            ("queries", self.queries, QUERY_SCHEMA),
            ("responses", self.responses, RESPONSE_SCHEMA),
        ):
            if not table.schema.equals(schema):
                raise CascalError(
                    f"Imported.{name} has columns {table.schema.names}, not {schema.names}.",
                    code="wrong-type",
                )
        if not self.dataset.strip():
            raise CascalError("The data set needs a name.", code="missing-value")
