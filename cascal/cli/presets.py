"""`cascal presets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.common import (
    EncoderOfDataOption,
    JsonOption,
    WorkspaceOption,
    open_workspace,
    out,
    print_json,
    progress_bar,
)

if TYPE_CHECKING:
    from cascal.compare.presets import PresetChoices


def presets(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    workspace: WorkspaceOption = None,
    encoder: EncoderOfDataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say where the presets disagree about the first model, and for how many queries.

    No label is read.
    """
    from cascal.compare.presets import compare_presets
    from cascal.dataset.dataset import load_dataset

    loaded = load_dataset(open_workspace(workspace), dataset, encoder)
    with progress_bar("Comparing presets") as report:
        choices = compare_presets(loaded.train, loaded.test, costs=loaded.costs, progress=report)
    if as_json:
        print_json(_plain(choices, dataset, simulated=loaded.simulated))
        return
    if loaded.simulated:
        out.print("[yellow]Simulated data.[/]")
    _print(choices)


def _plain(choices: PresetChoices, dataset: str, *, simulated: bool) -> dict[str, Any]:
    counts = {name: choices.differing(name).tolist() for name in choices.presets}
    return {
        "dataset": dataset,
        "simulated": simulated,
        "sentence": choices.sentence,
        "n_queries": len(choices.query_ids),
        "of_training": choices.on_training_queries,
        "presets": [
            {
                "preset": name,
                "best_overall": choices.models[best],
                "first_models": dict(choices.used(name)),
                "differs_from": dict(zip(choices.presets, counts[name], strict=True)),
            }
            for name, best in zip(choices.presets, choices.best_overall, strict=True)
        ],
        "tasks": [
            {"task": task, "n_queries": n_queries, "n_disputed": n_disputed}
            for task, n_queries, n_disputed in choices.by_task()
        ],
        "disputed": [
            {
                "query_id": choices.query_ids[row],
                **{
                    name: choices.models[choices.first[at, row]]
                    for at, name in enumerate(choices.presets)
                },
            }
            for row in choices.disputed.nonzero()[0]
        ],
    }


def _print(choices: PresetChoices) -> None:
    table = Table()
    for column in ("preset", "best overall", "first models"):
        table.add_column(column)
    table.add_column(f"differs from {choices.presets[0]}", justify="right")
    for at, name in enumerate(choices.presets):
        used = ", ".join(f"{model} {count:,}" for model, count in choices.used(name)[:3])
        table.add_row(
            name,
            escape(choices.models[choices.best_overall[at]]),
            escape(used),
            f"{choices.differing(name)[0]:,}",
        )
    out.print(table)
    out.print(escape(choices.sentence))
    disputed = [(task, n, count) for task, n, count in choices.by_task() if count]
    if disputed:
        listed = "; ".join(f"{task} {count:,} of {n:,}" for task, n, count in disputed[:5])
        out.print(f"Most disputed tasks: {escape(listed)}. --json lists every query.")
