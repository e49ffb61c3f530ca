"""The options that say which router: workspace, preset, thresholds, models."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import cascal
from cascal.cli.common import (
    ClustersOption,
    EncoderOfDataOption,
    ModelsOption,
    PresetOption,
    WorkspaceOption,
    chosen_settings,
    named_models,
    open_workspace,
)
from cascal.datatypes import CascalError
from cascal.settings import ROUTINGS, named_routing

if TYPE_CHECKING:
    from cascal.dataset.dataset import Dataset
    from cascal.dataset.snapshot import Snapshot
    from cascal.fit import Fit
    from cascal.store import Workspace


@dataclass(frozen=True)
class Tuning:
    """What most commands work with; `models` is None for the whole pool.

    encoder : whose vectors are used; None for the only one that covers the data set
    """

    workspace: Path | None
    settings: cascal.FitSettings
    thresholds: cascal.Thresholds
    models: tuple[str, ...] | None
    encoder: str | None = None

    @cached_property
    def store(self) -> Workspace:
        """The workspace, which has to be there."""
        return open_workspace(self.workspace)

    def dataset(self, dataset: str, encoder: str | None = None) -> Dataset:
        """A data set with the chosen models; `encoder` goes before the one chosen."""
        from cascal.dataset.dataset import load_dataset

        return load_dataset(self.store, dataset, encoder or self.encoder, self.models)

    def snapshot(
        self, dataset: Dataset, *, ignore_labels: bool = False, rectify: bool = False
    ) -> Snapshot:
        """The state of a data set whose router heeds the labels of the workspace."""
        from cascal.dataset.heeding import heed_labels
        from cascal.dataset.snapshot import take_snapshot

        free = take_snapshot(dataset, self.fit(dataset), self.thresholds)
        if ignore_labels and rectify:
            raise CascalError(
                "--ignore-labels and --rectify contradict each other. Give one of them.",
                code="conflicting-settings",
            )
        return free if ignore_labels else heed_labels(self.store, free, rectified=rectify)

    def fit(self, dataset: Dataset) -> Fit:
        """The fit of a data set's training queries."""
        train = dataset.train
        return cascal.fit(train.votes, train.vectors, self.settings, costs=dataset.costs)


def tuning_options(
    workspace: WorkspaceOption = None,
    preset: PresetOption = "recommended",
    clusters: ClustersOption = "skills",
    min_silhouette: Annotated[
        float, typer.Option(help="A split must be at least this clear.")
    ] = 0.05,
    merge_distance: Annotated[float, typer.Option(help="Closer clusters become one.")] = 0.15,
    prune_jaccard: Annotated[
        float,
        typer.Option(
            help="Clusters of a task become one if they share 3 (0.95), 2 (0.5) or 1 (0.2) of "
            "their three best models."
        ),
    ] = 0.95,
    prune: Annotated[bool, typer.Option("--prune/--no-prune", help="Join clusters at all.")] = True,
    top_k: Annotated[int, typer.Option(help="How many models vote.")] = 3,
    cost_weight: Annotated[
        float, typer.Option(help="Score given up per US dollar per 1,000 queries; 0 ignores cost.")
    ] = 0.0,
    routing: Annotated[
        str, typer.Option(help=f"How clusters decide: {', '.join(ROUTINGS)}.")
    ] = "preset",
    models: ModelsOption = None,
    encoder: EncoderOfDataOption = None,
) -> Tuning:
    """The options and their defaults; what cannot be used is refused in a sentence."""
    jaccard = prune_jaccard if prune else None
    thresholds = cascal.Thresholds(
        min_silhouette, merge_distance, jaccard, top_k, named_routing(routing), cost_weight
    )
    settings, chosen = chosen_settings(preset, clusters), named_models(models)
    return Tuning(workspace, settings, thresholds, chosen, encoder)


def with_tuning(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameter `tuning` is given on the command line by `tuning_options`."""
    shared = inspect.signature(tuning_options, eval_str=True).parameters
    parameters = []
    for own in inspect.signature(command, eval_str=True).parameters.values():
        parameters += list(shared.values()) if own.name == "tuning" else [own]

    def run(**given: Any) -> None:  # noqa: ANN401 – the options of any command
        tuning = tuning_options(**{name: given.pop(name) for name in shared})
        command(tuning=tuning, **given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {}  # typer reads the signature
    return run
