"""What it changes how answers are read: prints two tables of docs/prose.md.

    python -m tests.bench.readings [--splits 5]

Reads what eight real models wrote to MMLU-Pro (../shared/realdata, not part of the project) once as
the scripts of MMLU-Pro do (`--reading upstream`) and once as CASCAL Studio does by itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cascal
from cascal import importers
from cascal.columns import Imported
from cascal.compare.comparison import compare_on_splits
from cascal.dataset.dataset import load_dataset
from cascal.dataset.encoding import adopt_vectors
from cascal.datatypes import READINGS, ReadingName
from cascal.importers.vectors import read_vectors
from cascal.number_format import percent as in_words
from tests.bench.realdata import ENCODER, percent
from tests.bench.worlds import RAW, REALDATA

ORDER: tuple[ReadingName, ...] = ("upstream", "stated")
"""Before and after; the files' own reading is that of upstream, by an older script."""
SHOWN = ("CASCAL ", "Plurality", "Best single (", "Per-task consensus")
"""Routers of the table, by how their names begin."""


class Vote(NamedTuple):
    """The letter read from one response, and the right one."""

    letter: str | None
    right: bool


def read_raw(reading: ReadingName) -> Imported:
    """The upstream files by one reading."""
    return importers.read(RAW, dataset=reading, reading=reading, test_share=0.4)


def votes(imported: Imported) -> dict[tuple[str, str], Vote]:
    """What was read, by query and model."""
    queries = imported.queries
    golds = dict(zip(*(queries[one].to_pylist() for one in ("query_id", "answer")), strict=True))
    columns = (imported.responses[one].to_pylist() for one in ("query_id", "model", "answer"))
    return {
        (query_id, model): Vote(answer, answer is not None and answer == golds[query_id])
        for query_id, model, answer in zip(*columns, strict=True)
    }


def _share(right: Sequence[bool]) -> str:
    return f"{len(right):,} ({in_words(sum(right) / len(right), 1)} right)" if right else "none"


def votes_table(
    before: dict[tuple[str, str], Vote], after: dict[tuple[str, str], Vote]
) -> list[str]:
    """Markdown lines: how many votes, how many of them right, and what became of the others."""
    read = [[one for one in each.values() if one.letter is not None] for each in (before, after)]
    dropped = [one.right for key, one in before.items() if one.letter and not after[key].letter]
    gained = [one.right for key, one in after.items() if one.letter and not before[key].letter]
    moved = [key for key, one in before.items() if one.letter and after[key].letter]
    moved = [key for key in moved if before[key].letter != after[key].letter]
    cells = [
        ("responses", *(f"{len(each):,}" for each in (before, after))),
        ("votes", *(f"{len(each):,}" for each in read)),
        (
            "responses without a vote",
            *(in_words(1 - len(each) / len(before), 1) for each in read),
        ),
        (
            "votes that are right",
            *(in_words(sum(v.right for v in each) / len(each), 1) for each in read),
        ),
        ("votes only this reading has", _share(dropped), _share(gained)),
        (
            f"the {len(moved):,} that both read, differently",
            *(_share([each[key].right for key in moved]) for each in (before, after)),
        ),
        (
            "right answers of all responses",
            *(
                in_words(sum(v.right for v in each.values()) / len(each), 1)
                for each in (before, after)
            ),
        ),
    ]
    return _table(("votes", "upstream", "stated"), cells)


def routers_table(workspace: cascal.Workspace, n_splits: int) -> list[str]:
    """Markdown lines: first model right, and vote of three, of the presets and their rivals."""
    rows: dict[str, dict[ReadingName, dict[str, str]]] = {}
    for reading in ORDER:
        dataset = load_dataset(workspace, reading)
        assert dataset.test is not None
        comparison = compare_on_splits(dataset.train, dataset.test, n_splits=n_splits)
        for row in comparison.table():
            if row["router"].startswith(SHOWN):
                cells = {name: percent(row, name) for name in ("top1", "vote")}
                rows.setdefault(row["router"], {})[reading] = cells
    header = ("right answers", *rows)
    cells = [
        (f"{shown}, {one}", *(held[one][name] for held in rows.values()))
        for shown, name in (("first model", "top1"), ("vote of 3", "vote"))
        for one in ORDER
    ]
    return _table(header, cells)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=5)
    options = parser.parse_args()
    if not REALDATA.is_dir():
        sys.exit("The real responses are not here (../shared/realdata).")
    assert set(ORDER) == set(READINGS) - {"source"}
    with tempfile.TemporaryDirectory() as folder:
        workspace = cascal.Workspace(Path(folder) / "readings.duckdb")
        vectors = REALDATA / f"embeddings_{ENCODER}_f16.npy"
        ids, array = read_vectors(vectors, REALDATA / "queries.parquet")
        read = []
        for reading in ORDER:
            imported = read_raw(reading)
            read.append(votes(imported))
            workspace.add(imported)
            adopt_vectors(workspace, reading, ENCODER, ids, array)
        lines = [*votes_table(*read), "", *routers_table(workspace, options.splits)]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
