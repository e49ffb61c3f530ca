"""What all commands share: options, the workspace, consoles, the progress bar."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cascal.datatypes import CascalError
from cascal.files.plain_json import without_nan
from cascal.number_format import counted
from cascal.settings import FitSettings

if TYPE_CHECKING:
    from cascal.columns import Progress as Report
    from cascal.dataset.encoding import EncodedDataset
    from cascal.store import Workspace

WORKSPACE_ENV = "CASCAL_WORKSPACE"

PIPE_WIDTH = 140
out = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
err = Console(stderr=True)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace", "-w", help="DuckDB file; default $CASCAL_WORKSPACE or data/workspace.duckdb."
    ),
]
PresetOption = Annotated[str, typer.Option(help="recommended, recommended-1, released or paper.")]
ClustersOption = Annotated[
    str, typer.Option(help='"skills": skill clusters inside tasks; "task": one cluster a task.')
]
PortOption = Annotated[
    int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")
]
EncoderOfDataOption = Annotated[
    str | None,
    typer.Option("--encoder", help="Whose vectors; default: the encoder that covers most queries."),
]
ModelsOption = Annotated[
    str | None, typer.Option("--models", help="Only these models of the pool, comma-separated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LabelPriceOption = Annotated[
    float | None,
    typer.Option(help="US dollars that one label cost, to count it when asking what pays back."),
]
HorizonOption = Annotated[
    int, typer.Option(help="Queries to come, over which spending and saving are compared.")
]
DailyOption = Annotated[
    int, typer.Option(help="Queries a day, by which the payback is told in days too.")
]
ToleranceOption = Annotated[
    float, typer.Option(help="Loss in right answers that counts as equal quality; 0.01 = a point.")
]


def chosen_settings(preset: str, clusters: str) -> FitSettings:
    """The settings of a preset, with skill clusters or one cluster a task."""
    return replace(FitSettings.preset(preset), clusters=clusters)


def named_models(written: str | None) -> tuple[str, ...] | None:
    """The names of `--models`; None for the whole pool."""
    if written is None:
        return None
    return tuple(name.strip() for name in written.split(",") if name.strip())


def default_workspace() -> Path:
    """The workspace named by the environment, else data/workspace.duckdb below this folder."""
    return Path(os.environ.get(WORKSPACE_ENV) or Path("data") / "workspace.duckdb")


def open_workspace(path: Path | None, *, create: bool = False) -> Workspace:
    """The workspace at a path; a missing one is refused, and the refusal says how to make it."""
    from cascal.store import Workspace

    path = path or default_workspace()
    if not create and not path.exists():
        raise CascalError(
            f"There is no workspace at {path}. Make one with `cascal demo --no-open` or "
            "`cascal import FILE`, or name another with --workspace.",
            code="no-workspace",
        )
    return Workspace(path)


def check_target(path: Path | None) -> None:
    """Refuse a file that could not be written, before anything is computed or paid for it."""
    if path is None:
        return
    if path.is_dir():
        raise CascalError(f"{path} is a folder. Name a file in it.", code="wrong-path")
    folder = path.parent
    if not folder.is_dir():
        raise CascalError(
            f"There is no folder {folder} to write {path.name} into. Make it first.",
            code="no-access",
        )
    if not os.access(folder, os.W_OK):
        raise CascalError(
            f"Nothing can be written into {folder}. Name another folder.", code="no-access"
        )


def print_json(value: object, *, indent: int | None = 1) -> None:
    """Write a value to standard output as JSON, with null for nan; indent None = on one line."""
    text = json.dumps(without_nan(value), indent=indent, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(text + "\n")


def print_encoded(done: EncodedDataset) -> None:
    """Say what was encoded, or that there was nothing left to encode."""
    if done.n_new:
        out.print(f"{counted(done.n_new, 'text')} encoded with {escape(done.encoder)}.")
    else:
        out.print(f"Every text has a vector of {escape(done.encoder)} already.")


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """A progress bar on standard error; yields the callback that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=not err.is_terminal) as bar:
        task = bar.add_task(escape(title), total=1.0)

        def report(share: float, sentence: str) -> None:
            bar.update(task, completed=share, description=escape(sentence))

        yield report
        bar.update(task, completed=1.0)
