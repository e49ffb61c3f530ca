"""`cascal quality`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import cascal
from cascal.cli.common import (
    ClustersOption,
    JsonOption,
    PresetOption,
    WorkspaceOption,
    chosen_settings,
    err,
    open_workspace,
    out,
    print_json,
)
from cascal.number_format import counted, percent, typed


def quality(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    workspace: WorkspaceOption = None,
    preset: PresetOption = "recommended",
    clusters: ClustersOption = "skills",
    tasks_out: Annotated[
        Path | None,
        typer.Option(help="Write a task file that asks a generator for the unsure clusters."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the training queries are worth, and in which clusters more are needed."""
    import yaml

    from cascal.dataset.dataset import load_dataset
    from cascal.diagnose.quality import cluster_needs, tasks_for_more, training_quality

    loaded = load_dataset(open_workspace(workspace), dataset)
    with err.status("Measuring"):
        settings = chosen_settings(preset, clusters)
        fitted = cascal.fit(loaded.train.votes, loaded.train.vectors, settings)
        router = fitted.router()
        found = asdict(training_quality(loaded, fitted))
        needs = cluster_needs(router, fitted.consensus)
    if tasks_out is not None:
        entries = tasks_for_more(loaded, router, needs)
        text = yaml.safe_dump({"tasks": entries}, allow_unicode=True, sort_keys=False)
        tasks_out.write_text(text, encoding="utf-8")
        err.print(f"{counted(len(entries), 'entry')} written to {escape(str(tasks_out))}.")
    if as_json:
        body = {**found, "clusters": [asdict(one) for one in needs]}
        print_json(body)
        return
    _print(found, [asdict(one) for one in needs], simulated=loaded.simulated)


def _print(found: dict[str, Any], needs: list[dict[str, Any]], *, simulated: bool) -> None:
    if simulated:
        out.print("[yellow]Simulated data.[/]")
    out.print(
        f"Not all models answer {percent(found['separating'])} of the training queries alike; mean "
        "agreement "
        f"{percent(found['agreement'])}."
    )
    if found["label_agreement"] is not None:
        out.print(
            f"The consensus upholds {percent(found['label_agreement'])} of their own answers."
        )
    out.print(
        f"{found['duplicates']:,} repeat an earlier one word for word, "
        f"{found['near_duplicates']:,} nearly; {found['leaked']:,} and "
        f"{found['near_leaked']:,} repeat a test query."
    )
    if found["drift"] is not None:
        out.print(
            f"MMD to the test queries {typed(found['drift']['mmd'], 3)} (target below 0.1); "
            f"{percent(found['covered'])} of them are covered."
        )
    table = Table(
        *("cluster", "task", "queries", "first two models"),
        *("ahead by", "chance it is ahead", "more to be sure"),
    )
    for one in needs:
        more = "as good as equal" if one["needed"] is None else f"{one['needed']:,}"
        cells = (
            str(one["cluster"]),
            escape(one["task"]),
            f"{one['n_queries']:,}",
            escape(f"{one['first']} over {one['second']}"),
            typed(one["lead"], 3),
            percent(one["certainty"]),
            more,
        )
        table.add_row(*cells)
    out.print(table)
