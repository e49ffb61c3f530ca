"""What all commands share: options, the workspace, consoles, the progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cascal.datatypes import CascalError

if TYPE_CHECKING:
    from cascal.store import Workspace
    from cascal.tables import Progress as Report

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
PresetOption = Annotated[str, typer.Option(help="recommended, released or paper.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
            "`cascal import FILE`, or name another with --workspace."
        )
    return Workspace(path)


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
        task = bar.add_task(title, total=1.0)

        def report(share: float, sentence: str) -> None:
            bar.update(task, completed=share, description=escape(sentence))

        yield report
        bar.update(task, completed=1.0)
