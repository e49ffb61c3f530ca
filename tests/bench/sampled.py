"""What k-means on a sample of each task changes: the table of docs/scale.md, Large tasks.

    python -m tests.bench.sampled [--seeds 10] [--queries 14000] [--samples 500] …

On each data set the consensus is computed once. Then candidates are computed with every seed from
all strong queries and from a sample, and their routers compared on the test queries: the exact ones
of two seeds, which is the yardstick, and a sample's with the exact one of its seed. The real pools
are left out where ../shared/realdata is absent.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

import cascal
from cascal.clustering.candidates import candidates_by_task
from cascal.dataset.dataset import load_dataset
from cascal.dataset.part import join, split_part
from cascal.datatypes import FloatArray, IntArray
from cascal.score import strong_sets
from tests.bench import worlds
from tests.bench.realdata import POOLS, build_workspace
from tests.bench.worlds import REALDATA


@dataclass(frozen=True, eq=False)
class Case:
    """A fit, and test vectors (Q, D) with who is right about them: (Q, M) 1 or 0."""

    name: str
    fitted: cascal.Fit
    test: FloatArray
    right: FloatArray


def simulated(n_queries: int) -> Case:
    """A world of 14 tasks, the same number of queries of which is for the test."""
    world = worlds.synthetic(2 * n_queries)
    assert world.gold is not None
    votes, vectors = world.votes, world.vectors
    columns = np.arange(len(votes.models))
    training, test = np.arange(0, 2 * n_queries, 2), np.arange(1, 2 * n_queries, 2)
    fitted = cascal.fit(votes.take(training, columns), vectors)
    right = (votes.answers[test] == world.gold[test, None]).astype(float)
    return Case(f"simulated, {n_queries:,} x 12", fitted, vectors.vectors[test], right)


def real(folder: Path) -> Iterator[Case]:
    """The real pools, half of the queries of every task to be fitted."""
    workspace = build_workspace(folder)
    for name, models in POOLS.items():
        data = load_dataset(workspace, "mmlu-pro", models=list(models))
        assert data.test is not None
        training, test = split_part(join(data.train, data.test), 0.5, 0)
        right = (test.votes.answers == test.gold[:, None]).astype(float)
        fitted = cascal.fit(training.votes, training.vectors)
        name = f"{name}, {len(training.votes.query_ids):,} x {len(models)}"
        yield Case(name, fitted, test.vectors.vectors, right)


@dataclass(frozen=True, eq=False)
class Found:
    """What candidates lead to: (Q,) first models, how many are right, (n,) clusters, seconds."""

    first: IntArray
    accuracy: float
    assignment: IntArray
    seconds: float


def found(case: Case, seed: int, sample: int | None) -> Found:
    """The router of other candidates on the same consensus, and its decisions."""
    fitted = case.fitted
    settings = replace(fitted.settings, seed=seed, sample=sample)
    _, weights = strong_sets(fitted.votes, fitted.scores, settings.strong, settings.min_agreement)
    start = time.process_time()
    by_task = candidates_by_task(fitted.vectors, fitted.task_of_query, weights, settings, n_jobs=1)
    taken = time.process_time() - start
    router = replace(fitted, settings=settings, by_task=by_task).router()
    first = router.route(case.test).selected[:, 0]
    accuracy = float(case.right[np.arange(len(first)), first].mean())
    return Found(first, accuracy, router.clusters.assignment, taken)


def against(pairs: Iterable[tuple[Found, Found]]) -> str:
    """Other first models in % and cluster agreement (adjusted Rand), means over pairs."""
    pairs = list(pairs)
    other = 100 * np.mean([(one.first != two.first).mean() for one, two in pairs])
    same = np.mean([adjusted_rand_score(one.assignment, two.assignment) for one, two in pairs])
    return f"{other:.1f} % | {same:.2f}"


def lines(case: Case, seeds: int, samples: Sequence[int]) -> Iterator[str]:
    """The rows of one data set."""
    exact = [found(case, seed, None) for seed in range(seeds)]
    by = {sample: [found(case, seed, sample) for seed in range(seeds)] for sample in samples}
    rows = {"all queries": (exact, pairwise([*exact, exact[0]]))}
    rows |= {f"{n:,} a task": (some, zip(exact, some, strict=True)) for n, some in by.items()}
    for name, (some, pairs) in rows.items():
        gain = [100 * (one.accuracy - two.accuracy) for one, two in zip(some, exact, strict=True)]
        error = np.std(gain, ddof=1) / np.sqrt(seeds)
        accuracy = 100 * np.mean([one.accuracy for one in some])
        yield (
            f"| {case.name} | {name} | {against(pairs)} | {accuracy:.2f} | {np.mean(gain):+.2f} "
            f"± {error:.2f} | {np.mean([one.seconds for one in some]):.2f} s |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--queries", type=int, default=14_000, help="of the simulated world")
    parser.add_argument("--samples", type=int, nargs="*", default=[500], help="simulated")
    parser.add_argument("--real-samples", type=int, nargs="*", default=[100, 200])
    options = parser.parse_args()
    print(
        "| data | candidates of | other first model | cluster agreement | first right, % | "
        "less all queries | processor |\n|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for case in real(Path(folder)) if REALDATA.is_dir() and options.real_samples else ():
            for line in lines(case, options.seeds, options.real_samples):
                print(line, flush=True)
    if options.samples:
        for line in lines(simulated(options.queries), options.seeds, options.samples):
            print(line, flush=True)


if __name__ == "__main__":
    main()
