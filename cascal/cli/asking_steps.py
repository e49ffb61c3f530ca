"""The steps from tasks to responses, each with its progress bar and its table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.markup import escape
from rich.table import Table

from cascal.cli.common import err, out, progress_bar
from cascal.number_format import counted, typed

if TYPE_CHECKING:
    from cascal.collection.collect import CollectProgress
    from cascal.collection.generate import GenerateProgress
    from cascal.collection.into_workspace import FilterRule, Limits
    from cascal.collection.rgd_filter import Filtered
    from cascal.collection.task_file import TaskRequest
    from cascal.endpoint.pool_file import PoolModel
    from cascal.store import Workspace


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
    out.print(f"{counted(done.asked, 'call')}, ${typed(done.cost, 4)}.")
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
        out.print(escape(f"{ahead.sentence} {COST}"), soft_wrap=True)
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
            typed(one.rate, 1),
            typed(one.cost, 4),
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


def say_why(ended: str) -> None:
    """Why a run ended before its last call, where it did."""
    if ended:
        out.print(f"Ended early: {escape(ended)} The same command goes on.", soft_wrap=True)
