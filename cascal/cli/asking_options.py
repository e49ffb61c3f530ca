"""What the commands that ask models share: options, pools, limits, and steps with their tables."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascal.cli.common import err, named_models
from cascal.datatypes import CascalError

if TYPE_CHECKING:
    from cascal.collection.into_workspace import Limits
    from cascal.endpoint.pool_file import PoolModel

MINILM = "all-MiniLM-L6-v2"
SIMULATED = "simulated"
"""Names the pool of `cascal simulate` on its usual port, in place of a pool file."""

PoolArgument = Annotated[
    str, typer.Argument(help=f"Pool file (YAML or JSON), or {SIMULATED}: that of cascal simulate.")
]
TasksArgument = Annotated[
    str, typer.Argument(help="Task file (YAML), or mmlu_pro: the 14 tasks that are shipped.")
]
CallsOption = Annotated[
    int | None, typer.Option("--budget-calls", min=1, help="Calls this run may make.")
]
TokensOption = Annotated[
    int | None, typer.Option("--budget-tokens", min=1, help="Tokens this run may use.")
]
DollarsOption = Annotated[
    float | None, typer.Option("--budget-dollars", min=0.0, help="US dollars this run may cost.")
]
EncoderOption = Annotated[
    str, typer.Option(help="Encoder that near-duplicates are told by; as for embed.")
]
KeyEnvOption = Annotated[
    str, typer.Option(help="Name of the environment variable with the encoder's key.")
]
TestOption = Annotated[
    str | None, typer.Option(help="Data set whose test queries must not turn up among the new.")
]
ConcurrencyOption = Annotated[
    int | None, typer.Option(min=1, help="Calls under way at once, for every model.")
]
RetryOption = Annotated[
    bool, typer.Option("--retry-errors", help="Ask again what ended in an error.")
]
FractionOption = Annotated[
    float,
    typer.Option(
        help="Share of the calls for training queries, 0 to 1; what it costs: docs/collect.md."
    ),
]


def read_models(pool_file: str, concurrency: int | None = None) -> list[PoolModel]:
    """The models of a pool file, or of the simulated pool."""
    from cascal.endpoint.pool_file import PoolModel, read_pool

    if pool_file == SIMULATED:
        from cascal.cli.simulating import DEFAULT_PORT
        from cascal.simulate import simulated_pool

        models = [PoolModel(spec) for spec in simulated_pool(_local(DEFAULT_PORT))]
    else:
        models = list(read_pool(pool_file))
    return [model if concurrency is None else _faster(model, concurrency) for model in models]


def only_models(models: Sequence[PoolModel], written: str | None) -> list[PoolModel]:
    """The models of a pool that `--models` names, in its order; all where it is not given."""
    names = named_models(written)
    if names is None:
        return list(models)
    known = {model.name: model for model in models}
    strange = [name for name in names if name not in known]
    if strange or not names:
        raise CascalError(
            f"The pool has no model {strange[0]!r}. It has {', '.join(known)}."
            if strange
            else f"--models names no model. The pool has {', '.join(known)}.",
            code="unknown-model",
        )
    return [known[name] for name in dict.fromkeys(names)]


def read_generator(named: str, concurrency: int | None = None) -> PoolModel:
    """The model of POOLFILE:NAME; the name may be left out where the file has one model."""
    from cascal.endpoint.pool_file import PoolModel, read_pool

    file, sign, name = named.rpartition(":")
    if not sign or Path(named).is_file():
        file, name = named, ""
    if file == SIMULATED:
        from cascal.cli.simulating import DEFAULT_PORT
        from cascal.simulate import simulated_generators

        models = [PoolModel(spec) for spec in simulated_generators(_local(DEFAULT_PORT))]
    else:
        models = list(read_pool(file))
    found = [model for model in models if name in ("", model.name)]
    if len(found) != 1:
        names = ", ".join(model.name for model in models)
        raise CascalError(
            f"--generator names no single model of {file}. Write {file}:NAME; {names}.",
            code="unknown-model",
        )
    return found[0] if concurrency is None else _faster(found[0], concurrency)


def _local(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


def _faster(model: PoolModel, concurrency: int) -> PoolModel:
    return replace(model, concurrency=concurrency)


@contextmanager
def limits_of(calls: int | None, tokens: int | None, dollars: float | None) -> Iterator[Limits]:
    """The limits of a command; the first Ctrl+C stops it in order, the second at once."""
    from cascal.collection.into_workspace import Limits
    from cascal.endpoint import Budget

    stopped = threading.Event()

    def interrupted(*_: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()
        err.print("Stopping: calls under way are still answered. Ctrl+C again ends at once.")

    main = threading.current_thread() is threading.main_thread()
    earlier = signal.signal(signal.SIGINT, interrupted) if main else None
    try:
        yield Limits(Budget(calls, tokens, dollars), stopped.is_set)
    finally:
        if main:
            signal.signal(signal.SIGINT, earlier)
