"""The command `cascal simulate`: the simulated pool as a server on loopback."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from cascal.cli.common import PortOption

DEFAULT_PORT = 8600


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("simulate")(simulate)


def simulate(
    port: PortOption = DEFAULT_PORT,
    seed: Annotated[int, typer.Option(help="Another seed is another pool.")] = 0,
    latency: Annotated[float, typer.Option(min=0.0, help="Seconds before every answer.")] = 0.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="NAME=RATE, as in rate_limit=0.3; may be given several times."),
    ] = None,
) -> None:
    """Serve the simulated models and two generators behind the OpenAI protocol, until Ctrl+C."""
    from cascal.simulate.faults import read_faults
    from cascal.simulate.server import serve, simulated_generators, simulated_pool

    def started(base_url: str) -> None:
        models = ", ".join(spec.name for spec in simulated_pool(base_url))
        generators = ", ".join(spec.name for spec in simulated_generators(base_url))
        typer.echo(f"Simulated models on {base_url} (no key needed; Ctrl+C ends it)")
        typer.echo(f"Models: {models}")
        typer.echo(f"Generators: {generators}")

    with contextlib.suppress(KeyboardInterrupt):
        serve(port, seed, read_faults(fault or ()), latency, started=started)
