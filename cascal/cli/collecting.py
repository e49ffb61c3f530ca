"""`cascal pool`, `cascal generate`, `cascal collect` and `cascal filter`."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.asking_options import (
    MINILM,
    CallsOption,
    ConcurrencyOption,
    DollarsOption,
    EncoderOption,
    FractionOption,
    KeyEnvOption,
    PoolArgument,
    RetryOption,
    TasksArgument,
    TestOption,
    TokensOption,
    limits_of,
    only_models,
    read_generator,
    read_models,
)
from cascal.cli.asking_steps import (
    Writing,
    print_failures,
    run_collect,
    run_filter,
    run_generate,
    run_shard,
    say_why,
)
from cascal.cli.common import (
    ModelsOption,
    PresetOption,
    WorkspaceOption,
    err,
    open_workspace,
    out,
)
from cascal.datatypes import CascalError
from cascal.number_format import counted

if TYPE_CHECKING:
    from cascal.endpoint import Probe
    from cascal.endpoint.pool_file import PoolModel
    from cascal.store import Workspace


def pool(pool_file: PoolArgument) -> None:
    """Check a pool: ask every model for a sign of life and say what its server can do."""
    models = read_models(pool_file)
    with err.status("Asking"):
        found = asyncio.run(_probe_all(models))
    table = Table(*("model", "answers", "listed", "log-probs", "schema", "key", "$ in/out per 1M"))
    for model, one in zip(models, found, strict=True):
        table.add_row(escape(model.name), *_probed(model, one))
    out.print(table)
    for one in found:
        if isinstance(one, str):
            out.print(escape(one), soft_wrap=True)
        elif not one.reachable:
            out.print(f"{escape(one.model)}: {escape(one.sentences['reachable'])}", soft_wrap=True)
    if not all(not isinstance(one, str) and one.reachable for one in found):
        raise typer.Exit(1)


async def _probe_all(models: Sequence[PoolModel]) -> list[Probe | str]:
    from cascal.endpoint import EndpointError, probe

    async def one(model: PoolModel) -> Probe | str:
        try:
            return await probe(model.spec)
        except EndpointError as error:
            return f"{model.name}: {error}"

    return await asyncio.gather(*(one(model) for model in models))


def _probed(model: PoolModel, found: Probe | str) -> list[str]:
    from cascal.endpoint.pool_file import unset_keys

    words = {True: "yes", False: "no", None: "?"}
    spec = model.spec
    key = (
        "none needed"
        if not spec.key_env
        else f"{spec.key_env} " + ("not set" if unset_keys([model]) else "set")
    )
    priced = not math.isnan(spec.input_price + spec.output_price)
    prices = f"{spec.input_price:g} / {spec.output_price:g}" if priced else "unknown"
    if isinstance(found, str):
        return ["no", "?", "?", "?", escape(key), prices]
    return [
        words[found.reachable],
        f"{len(found.models)}",
        words[found.logprobs],
        words[found.schema],
        escape(key),
        prices,
    ]


def generate(
    tasks: TasksArgument,
    generator: Annotated[str, typer.Option(help="POOLFILE, or POOLFILE:NAME of one of several.")],
    dataset: Annotated[str, typer.Option(help="Data set to generate into; may exist.")],
    workspace: WorkspaceOption = None,
    n: Annotated[int, typer.Option(min=1, help="Queries a task, where its file does not say.")] = (
        100
    ),
    test: TestOption = None,
    encoder: EncoderOption = MINILM,
    key_env: KeyEnvOption = "",
    concurrency: ConcurrencyOption = None,
    budget_calls: CallsOption = None,
    budget_tokens: TokensOption = None,
    budget_dollars: DollarsOption = None,
) -> None:
    """Have a model write queries from task descriptions; the same command goes on after a stop."""
    from cascal.collection.task_file import read_tasks

    model = read_generator(generator, concurrency)
    writing = Writing(read_tasks(tasks), model, encoder, key_env, n, test)
    store = open_workspace(workspace, create=True)
    with limits_of(budget_calls, budget_tokens, budget_dollars) as limits:
        say_why(run_generate(store, dataset, writing, limits).ended)


def collect(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    pool_file: PoolArgument,
    workspace: WorkspaceOption = None,
    concurrency: ConcurrencyOption = None,
    retry_errors: RetryOption = False,
    batch_out: Annotated[
        Path | None, typer.Option(help="Write an OpenAI batch file of what is missing; no calls.")
    ] = None,
    batch_in: Annotated[
        list[Path] | None, typer.Option(help="Read batch output and error files; repeatable.")
    ] = None,
    reparse: Annotated[
        bool, typer.Option("--reparse", help="Read the answers of stored texts again; no calls.")
    ] = False,
    fraction: FractionOption = 1.0,
    only: ModelsOption = None,
    shard: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write to this folder, not to the workspace: several processes or machines "
            "ask at once, each other --models, within one budget.",
        ),
    ] = None,
    merge: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Take over what the shards in it hold; no calls."),
    ] = None,
    budget_calls: CallsOption = None,
    budget_tokens: TokensOption = None,
    budget_dollars: DollarsOption = None,
) -> None:
    """Ask every model every query it has not answered; the same command goes on after a stop."""
    store = open_workspace(workspace)
    models = only_models(read_models(pool_file, concurrency), only)
    batches = batch_out is not None or bool(batch_in)
    if shard is not None and (fraction != 1.0 or merge or batches or reparse):
        raise CascalError(
            "--shard asks and writes to a folder of its own. Leave out --fraction, --merge, "
            "--reparse and the batch files, or --shard.",
            code="conflicting-settings",
        )
    if merge is not None:
        _merge(store, dataset, models, merge)
    elif reparse:
        _reparse(store, dataset)
    elif batches:
        if fraction != 1.0:
            raise CascalError(
                "--fraction asks in two rounds, so it cannot be written as a batch file. Leave out "
                "--fraction, or the batch files.",
                code="conflicting-settings",
            )
        _batches(store, dataset, models, batch_out, batch_in or [], retry_errors)
    else:
        with limits_of(budget_calls, budget_tokens, budget_dollars) as limits:
            if shard is not None:
                done = run_shard(store, dataset, models, limits, shard, retry=retry_errors)
            else:
                done = run_collect(
                    store, dataset, models, limits, retry=retry_errors, fraction=fraction
                )
        say_why(done.ended)
        if any(one.halted for one in done.models):
            raise typer.Exit(1)


def _reparse(store: Workspace, dataset: str) -> None:
    from cascal.collection.into_workspace import reparse

    n_other = reparse(store, dataset)
    out.print(f"{counted(n_other, 'response is', 'responses are')} read otherwise now.")


def _merge(store: Workspace, dataset: str, models: Sequence[PoolModel], folder: Path) -> None:
    from cascal.collection.shards import merge_shards

    n_taken = merge_shards(store, dataset, models, folder)
    out.print(f"{counted(n_taken, 'response')} taken over from {escape(str(folder))}.")
    print_failures(store, dataset)


def _batches(
    store: Workspace,
    dataset: str,
    models: Sequence[PoolModel],
    batch_out: Path | None,
    batch_in: Sequence[Path],
    retry_errors: bool,
) -> None:
    from cascal.collection.batch_files import read_batches, write_batches

    if batch_in:
        n_stored = read_batches(store, dataset, models, batch_in)
        out.print(f"{counted(n_stored, 'response')} stored.")
    if batch_out is not None:
        written = write_batches(store, dataset, models, batch_out, retry_errors=retry_errors)
        for file, n_lines in written.items():
            out.print(f"{counted(n_lines, 'request')} written to {escape(str(file))}.")
        if not written:
            out.print("Nothing is missing; no file was written.")


def filter_(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    to: Annotated[str, typer.Option(help="Name of the data set to write.")],
    workspace: WorkspaceOption = None,
    strong: Annotated[int, typer.Option(min=1, help="Best models that must agree.")] = 2,
    others: Annotated[int, typer.Option(min=0, help="Others that may agree with them.")] = 2,
    n: Annotated[int | None, typer.Option(min=1, help="Queries to keep, balanced.")] = None,
    preset: PresetOption = "recommended",
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite the data set.")] = False,
) -> None:
    """Keep the training queries that strong models agree on and few others do (no label read)."""
    from cascal.collection.into_workspace import FilterRule

    rule = FilterRule(strong, others, n)
    run_filter(open_workspace(workspace), dataset, to, rule, preset, overwrite=replace)
