"""The command line: parse, call, print. Every failure is one sentence and exit code 1."""

from __future__ import annotations

import sys
import warnings

import typer
from rich.markup import escape

from cascal.cli import data, diagnosing, evaluation, fitting, keeping, launch, simulating, worth
from cascal.cli.common import err
from cascal.datatypes import CascalError

app = typer.Typer(
    name="cascal",
    help="Which model is good at what, estimated without labels, and routed by it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(launch.demo)
app.command()(launch.dashboard)
app.command("import")(data.import_)
app.command()(data.info)
app.command()(data.embed)
app.command()(fitting.fit)
app.command()(evaluation.evaluate)
app.command()(evaluation.experiment)
app.command()(worth.quality)
app.command()(diagnosing.diagnose)
app.command()(keeping.report)
app.command()(keeping.runs)
app.command()(fitting.export)
app.command()(fitting.route)
simulating.register(app)


def main() -> None:
    """Run the command line: a refusal is one sentence on standard error and exit code 1."""
    warnings.simplefilter("ignore")
    try:
        app()
    except CascalError as error:
        err.print(f"[red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        err.print(
            f"[red]Error:[/] {escape(str(error.strerror or error))}{escape(place)}", soft_wrap=True
        )
        sys.exit(1)
