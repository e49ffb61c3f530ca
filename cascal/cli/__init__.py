"""The command line: parse, call, print. Every failure is one sentence and exit code 1."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Annotated

import typer
from rich.markup import escape

import cascal
from cascal.cli import (
    building,
    collecting,
    data,
    diagnosing,
    evaluation,
    experimenting,
    fitting,
    labelling,
    launch,
    presets,
    quality,
    reports,
    routing,
    scoring,
    serving,
    simulating,
)
from cascal.cli.common import err
from cascal.datatypes import CascalError

app = typer.Typer(
    name="cascal",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
COMMANDS: dict[str, Callable[..., None]] = {
    "demo": launch.demo,
    "dashboard": launch.dashboard,
    "import": data.import_,
    "info": data.info,
    "embed": data.embed,
    "pool": collecting.pool,
    "generate": collecting.generate,
    "collect": collecting.collect,
    "filter": collecting.filter_,
    "build": building.build,
    "fit": fitting.fit,
    "evaluate": evaluation.evaluate,
    "label": labelling.label,
    "scores": scoring.scores,
    "presets": presets.presets,
    "experiment": experimenting.experiment,
    "diagnose": diagnosing.diagnose,
    "quality": quality.quality,
    "report": reports.report,
    "runs": reports.runs,
    "export": fitting.export,
    "convert": serving.convert,
    "route": routing.route,
    "serve": serving.serve,
    "check": serving.check,
    "simulate": simulating.simulate,
}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cascal {cascal.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Which model is good at what, estimated without labels, and routed by it."""


for name, command in COMMANDS.items():
    app.command(name)(command)


def main() -> None:
    """Run the command line: a refusal is one sentence on standard error and exit code 1."""
    warnings.simplefilter("ignore")
    try:
        app()
    except CascalError as error:
        err.print(f"[red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except RuntimeError as error:
        if str(error) != "Query interrupted":  # how DuckDB says that it was stopped from outside
            raise
        sys.exit(130)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        err.print(
            f"[red]Error:[/] {escape(str(error.strerror or error))}{escape(place)}", soft_wrap=True
        )
        sys.exit(1)
