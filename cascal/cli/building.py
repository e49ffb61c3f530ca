"""`cascal build`: all steps from task descriptions to a router file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from cascal.cli.asking_options import (
    MINILM,
    CallsOption,
    ConcurrencyOption,
    DollarsOption,
    EncoderOption,
    KeyEnvOption,
    PoolArgument,
    RetryOption,
    TasksArgument,
    TestOption,
    TokensOption,
    limits_of,
    read_generator,
    read_models,
)
from cascal.cli.asking_steps import (
    Writing,
    run_collect,
    run_filter,
    run_generate,
    say_why,
)
from cascal.cli.common import (
    ClustersOption,
    PresetOption,
    WorkspaceOption,
    check_target,
    chosen_settings,
    err,
    open_workspace,
    out,
    print_encoded,
    progress_bar,
)
from cascal.number_format import counted

if TYPE_CHECKING:
    from cascal.settings import FitSettings
    from cascal.store import Workspace


def build(
    tasks: TasksArgument,
    pool_file: PoolArgument,
    generator: Annotated[
        str,
        typer.Option(
            help="NAME in the pool file, which is then not asked itself, or POOLFILE:NAME."
        ),
    ],
    to: Annotated[Path, typer.Option("--out", help="Router file to write.")],
    n: Annotated[int, typer.Option(min=1, help="Queries a task, where its file does not say.")] = (
        100
    ),
    workspace: WorkspaceOption = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set; default: the task file's.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Filter to this many queries before the fit.")
    ] = None,
    test: TestOption = None,
    preset: PresetOption = "recommended",
    clusters: ClustersOption = "skills",
    encoder: EncoderOption = MINILM,
    key_env: KeyEnvOption = "",
    concurrency: ConcurrencyOption = None,
    retry_errors: RetryOption = False,
    budget_calls: CallsOption = None,
    budget_tokens: TokensOption = None,
    budget_dollars: DollarsOption = None,
) -> None:
    """From task descriptions to a router file; the same command goes on where it was stopped."""
    from cascal.collection.task_file import read_tasks

    check_target(to)
    settings = chosen_settings(preset, clusters)  # refused before anything is paid for
    models = read_models(pool_file, concurrency)
    named = [model for model in models if model.name == generator]
    author = named[0] if named else read_generator(generator, concurrency)
    models = [model for model in models if model not in named]
    name = dataset or Path(tasks).stem
    writing = Writing(read_tasks(tasks), author, encoder, key_env, n, test)
    store = open_workspace(workspace, create=True)
    with limits_of(budget_calls, budget_tokens, budget_dollars) as limits:
        out.print(f"Generating queries with {escape(author.name)}")
        _go_on_or_end(run_generate(store, name, writing, limits).ended)
        out.print(f"Collecting responses of {counted(len(models), 'model')}")
        done = run_collect(store, name, models, limits, retry=retry_errors)
        _go_on_or_end(done.ended or next((one.halted for one in done.models if one.halted), ""))
    _fit(store, _prepared(store, name, (encoder, key_env), keep, preset), settings, to)


def _go_on_or_end(ended: str) -> None:
    if ended:
        say_why(ended)
        raise typer.Exit(1)


def _prepared(
    store: Workspace, name: str, encoder: tuple[str, str], keep: int | None, preset: str
) -> str:
    """Encode the queries and filter them if asked; the data set to fit on."""
    from cascal.collection.into_workspace import FilterRule
    from cascal.dataset.encoding import encode_dataset
    from cascal.encode.encoders import load_encoder

    coder = load_encoder(encoder[0], key_env=encoder[1])
    with progress_bar("Encoding") as report:
        encoded = encode_dataset(store, name, coder, report)
    print_encoded(encoded)
    if keep is None:
        return name
    out.print("Filtering")
    filtered = f"{name}-filtered"
    run_filter(store, name, filtered, FilterRule(n_queries=keep), preset, overwrite=True)
    return filtered


def _fit(store: Workspace, name: str, settings: FitSettings, to: Path) -> None:
    """Fit a router and write its file."""
    import cascal
    from cascal.dataset.dataset import load_dataset

    dataset = load_dataset(store, name)
    with err.status("Estimating skills"):
        fitted = cascal.fit(
            dataset.train.votes, dataset.train.vectors, settings, costs=dataset.costs
        )
        router = fitted.router()
    router.save(to)
    out.print(
        f"Router with {counted(len(router.clusters), 'cluster')} and "
        f"{counted(len(router.models), 'model')} written to {escape(str(to))}."
    )
