"""`cascal fit FOLDER --scheduler ADDRESS`: many machines work, and this one adds up."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.common import err, out, print_json, progress_bar
from cascal.cli.tuning import Tuning
from cascal.datatypes import CascalError
from cascal.number_format import counted
from cascal.routing.leaders import router_summary

if TYPE_CHECKING:
    import cascal

SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Fit by the workers of the Dask scheduler at this address, e.g. tcp://10.0.0.1:8786; "
        "the data set is then a folder that `cascal export --parquet` wrote.",
    ),
]


def refuse_beside_scheduler(*given: object) -> None:
    """Refuse options that need a workspace: --rectify, --scored-by, --save-run."""
    if any(given):
        raise CascalError(
            "--scheduler takes a folder, which has no labels, no scores and no runs. Leave out "
            "--rectify, --scored-by and --save-run.",
            code="conflicting-settings",
        )


def fit_by_workers(
    tuning: Tuning, dataset: str, scheduler: str, to: Path | None, *, as_json: bool
) -> None:
    """Fit a folder by the workers of a scheduler; write the router if asked."""
    from cascal.machines import VectorFolder, connect, fit_folder

    folder = Path(dataset)
    if not (folder / "vectors").is_dir():
        raise CascalError(
            f"--scheduler needs a folder with vectors by task, and {dataset[:100]!r} is none. "
            "Write one: cascal export DATASET --parquet FOLDER.",
            code="wrong-path",
        )
    if tuning.encoder is None:
        raise CascalError(
            "Nothing in a folder decides where texts go. Name the encoder that made its vectors: "
            "--encoder.",
            code="missing-value",
        )
    votes = _votes(folder, tuning.models)
    vectors = VectorFolder.of(folder / "vectors", votes, tuning.encoder)
    with connect(scheduler) as crew, err.status("Estimating skills by many machines"):
        router = fit_folder(votes, vectors, tuning.settings, crew=crew).router(tuning.thresholds)
    if to is not None:
        router.save(to)
    summary = router_summary(router)
    if as_json:
        print_json(summary)
        return
    _print(summary)
    if to is not None:
        out.print(f"Router written to {escape(str(to))}.")


def _votes(folder: Path, models: tuple[str, ...] | None) -> cascal.Votes:
    """The votes of the training queries, read through a workspace that is gone afterwards."""
    from cascal import importers
    from cascal.store import Workspace

    with (
        tempfile.TemporaryDirectory(prefix="cascal-") as scratch,
        progress_bar("Reading") as report,
    ):
        store = Workspace(Path(scratch) / "w.duckdb")
        imported = importers.read(folder, progress=report)
        store.add(imported)
        with store.compared(imported.dataset):
            votes = store.votes(imported.dataset, "train", models)
    asked = votes.asked.any(axis=1)
    return votes if asked.all() else votes.take(np.flatnonzero(asked))


def _print(summary: dict[str, Any]) -> None:
    out.print(f"{counted(summary['n_clusters'], 'skill cluster')}, preset {summary['preset']}.")
    table = Table("cluster", "task", "queries", "best three")
    for row in summary["clusters"]:
        table.add_row(
            str(row["cluster"]),
            escape(row["task"]),
            f"{row['queries']:,}",
            escape(", ".join(row["best"])),
        )
    out.print(table)
    for note in summary["notes"]:
        out.print(f"Note: {escape(note)}")
