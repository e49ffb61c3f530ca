"""The demo world: two simulated data sets over the same pool and the same test queries.

demo       5,000 training queries of the strong generator
demo-weak  5,000 training queries of the weak generator
both       2,000 test queries with gold answers

Everything here is simulated, and says so (`origin`). The files are described in data/README.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported, Progress
from cascal.datatypes import CascalError, ModelSpec, Query, Response, Task
from cascal.simulate.generators import generate_items, gold_items
from cascal.simulate.items import Item
from cascal.simulate.pool import SimulatedPool
from cascal.simulate.questions import TASKS

DATASETS = ("demo", "demo-weak")
N_TRAIN = 5000
N_TEST = 2000

FILES = ("tasks", "models", "queries", "responses")
"""Parquet files that make up the data sets; vectors and layout lie beside them."""

_SOURCE = "simulated queries, models and answers"
_NOTES = {
    "demo": (
        "Simulated data: the queries are written by templates, the models do not exist.",
        "The generated answers of the training queries are right in about 97 %.",
    ),
    "demo-weak": (
        "Simulated data: the queries are written by templates, the models do not exist.",
        "About 35 % of the generated answers of the training queries are wrong, and most of the "
        "queries are so easy that they separate the models little.",
    ),
}


def queries_table(queries: Iterable[Query]) -> pa.Table:
    """Write queries as a table of `QUERY_SCHEMA`."""
    return _table(queries, QUERY_SCHEMA)


def responses_table(responses: Iterable[Response]) -> pa.Table:
    """Write responses as a table of `RESPONSE_SCHEMA`; nan becomes null."""
    return _table(responses, RESPONSE_SCHEMA)


def _table(rows: Iterable[Query] | Iterable[Response], schema: pa.Schema) -> pa.Table:
    kept = list(rows)
    columns = [
        pa.array([_known(getattr(row, one.name)) for row in kept], type=one.type) for one in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _known(value: object) -> object:
    """Turn nan into None and tuples into lists, as Arrow wants them."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return list(value) if isinstance(value, tuple) else value


def collect_responses(
    pool: SimulatedPool, items: Sequence[Item], progress: Callable[[float], None] | None = None
) -> list[Response]:
    """Ask every model of the pool every item once."""
    responses: list[Response] = []
    for index, item in enumerate(items):
        responses.extend(pool.respond(model, item) for model in pool.models)
        if progress is not None and index % 500 == 0:
            progress(index / len(items))
    return responses


def demo_items(
    seed: int = 0, n_train: int = N_TRAIN, n_test: int = N_TEST
) -> dict[str, tuple[Item, ...]]:
    """Items of "test", "demo" and "demo-weak"; no training text is a test text."""
    test = gold_items(n_test, seed + 1, "test")
    texts = frozenset(item.query.text for item in test)
    strong = generate_items(n_train, seed + 2, "strong", "train", texts)
    weak = generate_items(n_train, seed + 3, "weak", "weak", texts)
    return {"test": tuple(test), "demo": tuple(strong), "demo-weak": tuple(weak)}


def demo_world(
    seed: int = 0,
    progress: Progress | None = None,
    n_train: int = N_TRAIN,
    n_test: int = N_TEST,
) -> tuple[Imported, ...]:
    """Make both data sets; the same seed gives the same world."""
    pool = SimulatedPool(seed)
    items = demo_items(seed, n_train, n_test)
    made: list[Imported] = []
    for place, dataset in enumerate(DATASETS):

        def report(share: float, place: int = place, dataset: str = dataset) -> None:
            if progress is not None:
                sentence = f"Asking the simulated models of {dataset}"
                progress((place + share) / len(DATASETS), sentence)

        kept = items[dataset] + items["test"]
        responses = responses_table(collect_responses(pool, kept, report))
        queries = queries_table(item.query for item in kept)
        made.append(simulated_set(dataset, TASKS, pool.specs(), queries, responses))
    return tuple(made)


def simulated_set(
    dataset: str,
    tasks: tuple[Task, ...],
    models: tuple[ModelSpec, ...],
    queries: pa.Table,
    responses: pa.Table,
) -> Imported:
    """A simulated data set from its tables, marked as such."""
    notes = _NOTES.get(dataset, ())
    return Imported(
        dataset=dataset,
        origin="simulated",
        source=_SOURCE,
        tasks=tasks,
        models=models,
        queries=queries,
        responses=responses,
        notes=notes,
    )


def save_demo(sets: Sequence[Imported], folder: Path) -> None:
    """Write the four files of the data sets, a column `dataset` in front of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        parts = [_with_dataset(one.dataset, _part(one, name)) for one in sets]
        write_parquet(pa.concat_tables(parts), folder / f"{name}.parquet")


def _part(one: Imported, name: str) -> pa.Table:
    if name == "queries":
        return one.queries
    if name == "responses":
        return one.responses
    return pa.Table.from_pylist([asdict(row) for row in getattr(one, name)])


def _with_dataset(dataset: str, table: pa.Table) -> pa.Table:
    column = pa.array([dataset] * len(table), type=pa.string())
    return table.add_column(0, "dataset", column)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a Parquet file, compressed and dictionary-encoded."""
    pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=True)


def load_demo(folder: Path) -> list[Imported]:
    """Read the shipped data sets back; a missing file is refused."""
    tables: dict[str, pa.Table] = {}
    for name in FILES:
        path = Path(folder) / f"{name}.parquet"
        if not path.is_file():
            raise CascalError(
                f"{path} is missing; run data/make_demo.py to make the demo data.",
                code="no-such-file",
            )
        tables[name] = pq.read_table(path)
    names = tables["queries"].column("dataset").unique().to_pylist()
    return [_loaded(dataset, tables) for dataset in names]


def _completed(responses: pa.Table) -> pa.Table:
    """Columns that the files do not have yet are added, all null."""
    for one in RESPONSE_SCHEMA:
        if one.name not in responses.column_names:
            responses = responses.append_column(one, pa.nulls(len(responses), one.type))
    return responses


def _loaded(dataset: str, tables: dict[str, pa.Table]) -> Imported:
    part = {
        name: table.filter(pc.equal(table.column("dataset"), dataset)).drop_columns(["dataset"])
        for name, table in tables.items()
    }
    known = {one.name for one in fields(ModelSpec)}
    models = tuple(
        ModelSpec(**{key: value for key, value in row.items() if key in known})
        for row in part["models"].to_pylist()
    )
    tasks = tuple(Task(**row) for row in part["tasks"].to_pylist())
    queries = part["queries"].cast(QUERY_SCHEMA).combine_chunks()
    responses = _completed(part["responses"]).cast(RESPONSE_SCHEMA).combine_chunks()
    return simulated_set(dataset, tasks, models, queries, responses)
