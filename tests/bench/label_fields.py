"""Pools fitted on the one half of their queries and routed on the other: what labels judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import cascal
from cascal.dataset.dataset import load_dataset
from cascal.dataset.demo import install_demo
from cascal.dataset.part import Part, join, split_part
from cascal.datatypes import FloatArray, IntArray
from cascal.labels import contested
from cascal.simulate.demo import DATASETS
from tests.bench.outvoted import outvoted
from tests.bench.realdata import POOLS, build_workspace

OUTVOTED = "outvoted"
SIMULATED = (*DATASETS, OUTVOTED)


@dataclass(frozen=True, eq=False, kw_only=True)
class Field:
    """One split of one pool, routed: what labels could find out.

    difference, advance (Q,) of the test queries: right, and consensus score, of the router's choice
    minus the constant's, of the queries that both were asked; contested (N_c,) rows of these
    """

    pool: str
    fit: cascal.Fit
    train_right: FloatArray
    test_right: FloatArray
    test_vectors: cascal.Embeddings
    difference: FloatArray
    advance: FloatArray
    contested: IntArray

    @property
    def truth(self) -> float:
        """The router's gain over the constant on the test queries."""
        return float(self.difference.mean())


def fields(
    workspace: cascal.Workspace, pool: str, n_splits: int, dataset: str = "mmlu-pro"
) -> Iterator[Field]:
    """The pool fitted on the training half of every split, as `recommended` does."""
    models = list(POOLS[pool]) if pool in POOLS else None
    study = load_dataset(workspace, dataset, models=models)
    assert study.test is not None
    return fields_of(join(study.train, study.test), pool, n_splits)


def fields_of(whole: Part, pool: str, n_splits: int) -> Iterator[Field]:
    """The queries split anew each time, fitted on the one half, the other routed."""
    for seed in range(n_splits):
        train, test = split_part(whole, 0.4, seed)
        fit = cascal.fit(train.votes, train.vectors)
        router = fit.router()
        chosen = router.route(test.vectors).selected[:, 0]
        constant = np.full(len(test), router.best_overall)
        rows = np.arange(len(test))
        scores = np.nan_to_num(cascal.fit(test.votes, test.vectors).consensus)
        difference = test.right[rows, chosen] - test.right[rows, constant]
        counts = np.isfinite(difference)  # both were asked
        differ = contested(chosen, constant, test.votes.answers)
        yield Field(
            pool=pool,
            fit=fit,
            train_right=train.right,
            test_right=test.right,
            test_vectors=test.vectors,
            difference=difference[counts],
            advance=(scores[rows, chosen] - scores[rows, constant])[counts],
            contested=np.flatnonzero(differ[counts]),
        )


def measured(folder: Path, pools: Sequence[str], n_splits: int) -> list[Field]:
    """The fields of all named pools."""
    found: list[Field] = []
    real = [one for one in POOLS if one in pools]
    if real:
        workspace = build_workspace(folder)
        found += [one for pool in real for one in fields(workspace, pool, n_splits)]
    demo = cascal.Workspace(folder / "demo.duckdb")
    install_demo(demo)
    for dataset in DATASETS:
        if dataset in pools:
            found += fields(demo, dataset, n_splits, dataset)
    if OUTVOTED in pools:
        misled = outvoted(load_dataset(demo, "demo").gold_test)
        found += fields_of(misled, OUTVOTED, n_splits)
    return found
