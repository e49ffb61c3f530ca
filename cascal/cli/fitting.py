"""`cascal fit` and `cascal export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import cascal
from cascal.cli.common import (
    JsonOption,
    check_target,
    err,
    out,
    print_json,
)
from cascal.cli.in_place import is_in_place, where_it_is
from cascal.cli.machines import SchedulerOption, fit_by_workers, refuse_beside_scheduler
from cascal.cli.scoring import ScoredByOption, fit_by_scores, goes_by_scores
from cascal.cli.tuning import Tuning, with_tuning
from cascal.datatypes import CascalError, NotApplicable
from cascal.number_format import counted, percent

if TYPE_CHECKING:
    from cascal.dataset.dataset import Dataset
    from cascal.dataset.snapshot import Snapshot
    from cascal.routing.leaders import ClusterLeaders
    from cascal.store import Workspace

IgnoreLabelsOption = Annotated[
    bool,
    typer.Option(
        "--ignore-labels", help="Route also where the labels of `cascal label` say not to."
    ),
]
RectifyOption = Annotated[
    bool,
    typer.Option(
        "--rectify", help="Correct scores by the labels of `cascal label --purpose rectifier`."
    ),
]


@with_tuning
def fit(
    dataset: Annotated[
        str,
        typer.Argument(
            help="Data set of the workspace; or where one lies: ./FOLDER, s3://… or https://…"
        ),
    ],
    tuning: Tuning,
    to: Annotated[Path | None, typer.Option("--out", help="Write the router to this file.")] = None,
    save_run: Annotated[str | None, typer.Option(help="Save the state as a run.")] = None,
    note: Annotated[str, typer.Option(help="Note of the saved run.")] = "",
    ignore_labels: IgnoreLabelsOption = False,
    rectify: RectifyOption = False,
    scored_by: ScoredByOption = None,
    scheduler: SchedulerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate skills from the training queries' responses; write a router if asked.

    Where labels say that routing loses, the best model by consensus is asked for every query. Where
    answers are open-ended, skills come from their scores.
    """
    check_target(to)
    if save_run is not None and is_in_place(dataset):
        raise CascalError(
            "A run is saved in a workspace, and these data are in none. Import them first, or "
            "leave out --save-run.",
            code="conflicting-settings",
        )
    if scheduler is not None:
        refuse_beside_scheduler(rectify, scored_by, save_run)
        fit_by_workers(tuning, dataset, scheduler, to, as_json=as_json)
        return
    with where_it_is(tuning, dataset) as (here, name):
        loaded = here.dataset(name)
        if goes_by_scores(here.store, loaded, scored_by):
            fit_by_scores(here.store, loaded, scored_by, to, as_json=as_json)
            return
        with err.status("Estimating skills"):
            snapshot = here.snapshot(loaded, ignore_labels=ignore_labels, rectify=rectify)
        if to is not None:
            snapshot.router.save(to)
        if save_run is not None:
            from cascal.dataset.saved_runs import make_run

            here.store.save_run(make_run(loaded, snapshot, save_run, note))
        if as_json:
            print_json(snapshot.summary())
            return
        _print_fit(here.store, loaded, snapshot, ignore_labels=ignore_labels)
        if to is not None:
            out.print(f"Router written to {escape(str(to))}.")


def _print_fit(
    store: Workspace, loaded: Dataset, snapshot: Snapshot, *, ignore_labels: bool
) -> None:
    from cascal.routing.leaders import cluster_leaders

    _print_summary(snapshot.summary(), cluster_leaders(snapshot.router), loaded.simulated)
    _print_labels(snapshot.router)
    if not ignore_labels:
        _print_rectifier(store, snapshot)


def _print_labels(router: cascal.Router) -> None:
    """Which labels the router heeds, what they said, and how to undo it."""
    if router.labels is None:
        return
    out.print(f"With a few labels: {escape(router.labels.sentence)}")
    if router.always:
        out.print("With --ignore-labels it would route all the same.")


def _print_rectifier(store: Workspace, snapshot: Snapshot) -> None:
    """What the labels for it would change, or have changed; nothing where there are too few."""
    from cascal.dataset.rectifying import rectify

    try:
        found = rectify(store, snapshot)
    except NotApplicable:
        return
    out.print(escape(found.sentence))
    if snapshot.router.correction is None:
        out.print("They are not used: with --rectify they would be.")


def _print_summary(
    summary: dict[str, Any], leaders: Sequence[ClusterLeaders], simulated: bool
) -> None:
    if simulated:
        out.print("[yellow]Simulated data.[/]")
    out.print(f"{counted(summary['n_clusters'], 'skill cluster')}, preset {summary['preset']}.")
    table = Table(
        "cluster", "name", "task", "queries", "best three", "by consensus alone, if another"
    )
    for row in summary["clusters"]:
        table.add_row(
            str(row["cluster"]),
            escape(row["name"]),
            escape(row["task"]),
            f"{row['queries']:,}",
            escape(", ".join(row["best"])),
            escape(leaders[row["cluster"]].aside),
        )
    out.print(table)
    for note in summary["notes"]:
        out.print(f"Note: {escape(note)}")
    if summary["verdict"]:
        out.print(
            f"{counted(summary['n_gold'], 'test query')} with gold: first model right "
            f"{percent(summary['top1_accuracy'], 1)}, vote of {summary['top_k']} right "
            f"{percent(summary['vote_accuracy'], 1)}."
        )
        gated = summary["labels"] is not None and summary["labels"]["always"]
        out.print(f"{'Without the gate: ' if gated else ''}{escape(summary['verdict'])}")
    if summary["cost"]:
        out.print(escape(summary["cost"]))


@with_tuning
def export(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    tuning: Tuning,
    to: Annotated[
        Path | None, typer.Argument(help="File to write the router to, e.g. router.cascal.")
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(
            help="Write the data set instead, with texts and vectors, as Parquet files by task "
            "into this new folder."
        ),
    ] = None,
    ignore_labels: IgnoreLabelsOption = False,
    rectify: RectifyOption = False,
) -> None:
    """Write the router of a data set as one file, without texts and without pickle."""
    if to is not None and parquet is not None:
        raise CascalError(
            "A file for the router and --parquet were given. Give one of them.",
            code="conflicting-settings",
        )
    if parquet is not None:
        _export_data(tuning.store, dataset, parquet)
        return
    if to is None:
        raise CascalError(
            "Name a file for the router, or --parquet FOLDER for the data set.",
            code="missing-value",
        )
    check_target(to)
    loaded = tuning.dataset(dataset)
    with err.status("Estimating skills"):
        router = tuning.snapshot(loaded, ignore_labels=ignore_labels, rectify=rectify).router
    router.save(to)
    out.print(
        f"Router with {counted(len(router.clusters), 'cluster')} and "
        f"{counted(len(router.models), 'model')} written to {escape(str(to))}."
    )
    _print_labels(router)
    if rectify:
        out.print("Labels correct the scores.")


def _export_data(store: Workspace, dataset: str, folder: Path) -> None:
    from cascal.dataset.parquet_folder import write_parquet_folder

    encoders = store.encoders(dataset)
    n_queries = store.dataset(dataset).n_train + store.dataset(dataset).n_test
    whole = [name for name, covered, _ in encoders if covered == n_queries]
    n = write_parquet_folder(store, dataset, folder, whole[0] if whole else None)
    made = f" and vectors by {escape(whole[0])}" if whole else ", and no vectors"
    out.print(f"{counted(n, 'query')}, their responses{made} written to {escape(str(folder))}.")
