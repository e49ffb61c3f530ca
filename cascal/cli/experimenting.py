"""`cascal experiment`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.common import JsonOption, default_workspace, out, progress_bar
from cascal.cli.evaluation_printed import with_interval
from cascal.cli.tuning import Tuning, with_tuning
from cascal.number_format import typed

if TYPE_CHECKING:
    from cascal.compare.experiments import Column, Report

SplitsOption = Annotated[
    int,
    typer.Option(
        min=1, help="1: the stored split; more: as many random 60/40 splits, averaged per query."
    ),
]
SeedOption = Annotated[int, typer.Option(help="Seed of the random splits.")]


@with_tuning
def experiment(
    name: Annotated[
        str,
        typer.Argument(
            help="validation, generators, filtering, alignment, mmd, leave-one-out, verdicts or "
            "robustness."
        ),
    ],
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    tuning: Tuning,
    other: Annotated[
        str | None, typer.Argument(help="A second data set, where two are compared.")
    ] = None,
    n_queries: Annotated[
        int, typer.Option(help="filtering: how many queries each side has at most.")
    ] = 5000,
    splits: SplitsOption = 1,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="JSON file; default: experiments/ beside the workspace."),
    ] = None,
) -> None:
    """Run one of the paper's experiments and checks: a table, its target, passed or failed."""
    from cascal.compare.experiments import Request, run

    loaded = tuning.dataset(dataset)
    second = None if other is None else tuning.dataset(other, loaded.encoder)
    with progress_bar(name) as progress:
        request = Request(
            dataset=loaded,
            other=second,
            settings=tuning.settings,
            thresholds=tuning.thresholds,
            n_queries=n_queries,
            n_splits=splits,
            seed=seed,
            progress=progress,
            encoder=tuning.encoder,
        )
        report = run(name, request)
    path = to or _default_path(tuning.workspace, report)
    report.save(path)
    if as_json:
        sys.stdout.write(report.to_json() + "\n")
        return
    _print_report(report)
    out.print(f"Written to {escape(str(path))}; the page Evaluate opens it.")


def _default_path(workspace: Path | None, report: Report) -> Path:
    """experiments/NAME-DATASET.json beside the workspace."""
    return (workspace or default_workspace()).parent / "experiments" / report.file_name


def _print_report(report: Report) -> None:
    if report.simulated:
        out.print("[yellow]Simulated data.[/]")
    out.print(f"[bold]{escape(report.question)}[/]")
    table = Table()
    for column in report.columns:
        justify: Any = "left" if column.kind in ("text", "flag") else "right"
        table.add_column(escape(column.label), justify=justify)
    for row in report.rows:
        table.add_row(*(_cell(row, column) for column in report.columns))
    out.print(table)
    out.print(escape(report.sentence))
    colour = {"passed": "green", "failed": "red"}.get(report.outcome, "yellow")
    out.print(f"Target: {escape(report.target)} – [{colour}]{report.outcome}[/].")


def _cell(row: Mapping[str, Any], column: Column) -> str:
    value = row.get(column.name)
    if value is None:
        return ""
    if column.kind in ("percent", "points"):
        return with_interval(row, column.name, 1, sign=column.kind == "points")
    if column.kind == "number":
        return typed(value, 3)
    if column.kind == "count":
        return f"{value:,}"
    if column.kind == "flag":
        return "yes" if value else "no"
    return escape("" if value == "nothing" else str(value))
