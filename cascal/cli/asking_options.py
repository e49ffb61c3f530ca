"""What the commands that ask models share: options, pools, limits, and steps with their tables."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.common import err, named_models, out, progress_bar
from cascal.counted import counted
from cascal.datatypes import CascalError

if TYPE_CHECKING:
    from cascal.collection.collect import CollectProgress
    from cascal.collection.generate import GenerateProgress
    from cascal.collection.into_workspace import FilterRule, Limits
    from cascal.collection.rgd_filter import Filtered
    from cascal.collection.task_file import TaskRequest
    from cascal.endpoint.pool_file import PoolModel
    from cascal.store import Workspace

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
    typer.Option(help="Share of the calls for training queries, 0 to 1; what it costs: docs."),
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


class Writing(NamedTuple):
    """What a data set is generated from."""

    tasks: Sequence[TaskRequest]
    generator: PoolModel
    encoder: str
    key_env: str
    n: int
    test: str | None = None


def run_generate(
    store: Workspace, dataset: str, writing: Writing, limits: Limits
) -> GenerateProgress:
    """Generate with a progress bar, then print what came of it, task by task."""
    from cascal.collection.generate import GenerateSettings
    from cascal.collection.into_workspace import generate_into
    from cascal.encode.encoders import load_encoder

    coder = load_encoder(writing.encoder, key_env=writing.key_env)
    with progress_bar("Generating") as report:
        done = generate_into(
            store,
            dataset,
            writing.tasks,
            writing.generator,
            coder.encode,
            settings=GenerateSettings(n=writing.n),
            test=writing.test,
            limits=limits,
            progress=lambda now: report(now.share, now.sentence),
        )
    table = Table(
        *("task", "queries", "wanted", "duplicates", "invalid", "refused", "errors", "leaks")
    )
    for one in done.tasks:
        lost = [one.outcomes.get(name, 0) for name in ("duplicate", "invalid", "refused", "error")]
        table.add_row(
            escape(one.task),
            f"{one.kept:,}",
            f"{one.wanted:,}",
            *(f"{count:,}" for count in lost),
            f"{one.leaked:,}",
        )
    out.print(table)
    out.print(f"{counted(done.asked, 'call')}, ${done.cost:,.4f}.")
    if done.short:
        out.print(
            f"Attempts are used up for {escape(', '.join(done.short))}: too many repeat or cannot "
            "be read. Write a wider description, or take another generator.",
            soft_wrap=True,
        )
    return done


def run_collect(
    store: Workspace,
    dataset: str,
    models: Sequence[PoolModel],
    limits: Limits,
    *,
    retry: bool,
    fraction: float = 1.0,
) -> CollectProgress:
    """Collect with a progress bar, then print what came of it, model by model."""
    done = _collected(store, dataset, models, limits, retry=retry, fraction=fraction)
    _print_collected(done)
    print_failures(store, dataset)
    return done


def run_shard(
    store: Workspace,
    dataset: str,
    models: Sequence[PoolModel],
    limits: Limits,
    folder: Path,
    *,
    retry: bool,
) -> CollectProgress:
    """Collect into the shards of a folder with a progress bar, then print what came of it."""
    from cascal.collection.shards import collect_shard

    with progress_bar("Collecting") as report:
        done = collect_shard(
            store,
            dataset,
            models,
            folder,
            retry_errors=retry,
            limits=limits,
            progress=lambda now: report(now.share, now.sentence),
        )
    _print_collected(done)
    return done


def print_failures(store: Workspace, dataset: str) -> None:
    """The stored errors of a data set, by model and cause."""
    for row in store.failures(dataset).to_pylist():
        out.print(
            f"{escape(row['model'])}: {counted(row['n_queries'], 'error')} stored, "
            f"{escape(row['cause'])}, e.g. {escape(row['example'])}",
            soft_wrap=True,
        )


def _collected(
    store: Workspace,
    dataset: str,
    models: Sequence[PoolModel],
    limits: Limits,
    *,
    retry: bool,
    fraction: float,
) -> CollectProgress:
    from cascal.collection.collect_less import COST, calls_ahead, collect_fraction
    from cascal.collection.into_workspace import collect_into

    if fraction != 1.0:
        ahead = calls_ahead(store, dataset, models, fraction, retry_errors=retry)
        out.print(f"{ahead.sentence} {COST}", soft_wrap=True)
    with progress_bar("Collecting") as report:

        def tell(now: CollectProgress) -> None:
            report(now.share, now.sentence)

        if fraction == 1.0:
            return collect_into(
                store, dataset, models, retry_errors=retry, limits=limits, progress=tell
            )
        return collect_fraction(
            store, dataset, models, fraction, retry_errors=retry, limits=limits, progress=tell
        )


def _print_collected(done: CollectProgress) -> None:
    table = Table("model", "answered", "failed", "left", "per second", "$")
    for one in done.models:
        table.add_row(
            escape(one.model),
            f"{one.done:,}",
            f"{one.failed:,}",
            f"{one.left:,}",
            f"{one.rate:,.1f}",
            f"{one.cost:,.4f}",
        )
    out.print(table)
    for one in done.models:
        if one.halted:
            out.print(f"{escape(one.model)} is not asked on: {escape(one.halted)}", soft_wrap=True)


def run_filter(
    store: Workspace, dataset: str, to: str, rule: FilterRule, preset: str, *, overwrite: bool
) -> Filtered:
    """Filter by the consensus of a fit, then print what survives, task by task."""
    import cascal
    from cascal.collection.into_workspace import filter_into
    from cascal.dataset.dataset import load_dataset

    loaded = load_dataset(store, dataset)
    with err.status("Estimating skills"):
        settings = cascal.FitSettings.preset(preset)
        fitted = cascal.fit(loaded.train.votes, loaded.train.vectors, settings)
    kept = filter_into(
        store, loaded, fitted, to, rule, on_conflict="replace" if overwrite else "refuse"
    )
    table = Table("task", "passed", "kept")
    for task, passed in kept.passed.items():
        table.add_row(escape(task), f"{passed:,}", f"{kept.kept[task]:,}")
    out.print(table)
    out.print(
        f"{len(kept.rows):,} of {counted(loaded.info.n_train, 'training query')} are in "
        f"{escape(to)} now."
    )
    return kept
