"""What asking less costs: accuracy of the router beside the share of calls, for docs/collect.md.

    python -m tests.bench.fraction [--splits 5] [--fractions 0.2,0.4,0.6] [--pools demo,weak8]

Full response matrices, masked as each strategy would have asked. The demo sets chose the constants
of `cascal.collection.ask_less`; weak8 and mixed12 were not looked at before. Reads
../shared/realdata, which is not part of the project; takes about fifteen minutes on two cores.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import cascal
from cascal.collection.ask_less import (
    base_sample,
    most_calls,
    next_cells,
    open_models,
    still_to_ask,
)
from cascal.dataset.dataset import load_dataset
from cascal.dataset.demo import install_demo
from cascal.dataset.part import Part, join, split_part
from cascal.datatypes import NO_ANSWER, BoolArray, FloatArray, Votes
from cascal.draws import random_places
from cascal.intervals import estimate, mean_rows
from cascal.score import consensus_scores
from tests.bench.realdata import POOLS, build_workspace

DEMOS = ("demo", "demo-weak")
TRAINING_SHARE = 0.6


def masked(votes: Votes, asked: BoolArray) -> Votes:
    """The votes as if only some cells (Q, M) had been asked; queries asked of nobody are gone."""
    rows = np.flatnonzero(asked.any(axis=1))
    kept, cells = votes.take(rows), asked[rows]
    return Votes(
        kept.query_ids,
        kept.tasks,
        kept.models,
        np.where(cells, kept.answers, NO_ANSWER),
        np.where(cells, kept.logprobs, np.nan),
        kept.option_counts,
        status=np.where(cells, np.where(kept.answered, "ok", "unreadable"), "missing"),
    )


def strategies(votes: Votes, fraction: float, seed: int) -> Iterator[tuple[str, BoolArray]]:
    """Every way to spend the same number of calls: (name, cells asked)."""
    n_queries, n_models = votes.shape
    calls = most_calls(n_queries, n_models, fraction)
    base = base_sample(votes.query_ids, votes.tasks, n_models, fraction)
    whole = np.repeat(base[:, None], n_models, axis=1)
    yield "`--fraction`", whole | still_to_ask(votes, base, fraction)
    random = np.random.default_rng(seed)
    cells = random.permutation(votes.answers.size).reshape(votes.shape) < calls
    yield "random thinning", cells
    rows = random.permutation(n_queries) < calls // n_models
    yield "fewer queries, all models", np.repeat(rows[:, None], n_models, axis=1)
    rows_of_base = np.flatnonzero(base)
    scores = consensus_scores(votes.take(rows_of_base), "pds_confidence").filled
    everywhere = open_models(scores, np.zeros(len(scores), dtype=np.int64), 1)
    open_ = np.repeat(everywhere, len(set(votes.tasks)), axis=0)
    left = calls - len(rows_of_base) * n_models
    yield (
        "globally worst dropped",
        whole | next_cells(open_, votes.tasks, votes.query_ids, base, left),
    )


def right(votes: Votes, train: Part, test: Part) -> FloatArray:
    """(Q,) whether the first model is right on the test queries, routed by `recommended`."""
    router = cascal.fit(votes, train.vectors.take(votes.query_ids)).router()
    chosen = router.route(test.vectors).selected[:, 0]
    found: FloatArray = test.right[np.arange(len(test)), chosen]
    return found


def splits(workspace: cascal.Workspace, pool: str, n_splits: int) -> Iterator[tuple[Part, Part]]:
    """Training and test part of every split; the demo keeps its test queries."""
    models = None if pool in DEMOS else list(POOLS[pool])
    study = load_dataset(workspace, pool if pool in DEMOS else "mmlu-pro", models=models)
    assert study.test is not None
    for seed in range(n_splits):
        if pool in DEMOS:
            places = random_places(study.train.votes.query_ids, seed)
            rows = np.flatnonzero(places < TRAINING_SHARE * len(places))
            yield study.train.take(rows), study.test
        else:
            yield split_part(join(study.train, study.test), 1.0 - TRAINING_SHARE, seed)


def rows_of(
    workspace: cascal.Workspace, pool: str, fractions: Sequence[float], n_splits: int
) -> Iterator[str]:
    """The lines of a pool's table: accuracy, and its paired difference to asking everything."""
    found: dict[tuple[float, str], list[dict[str, float]]] = defaultdict(list)
    shares: dict[tuple[float, str], list[float]] = defaultdict(list)
    spread: dict[tuple[float, str], list[float]] = defaultdict(list)
    for seed, (train, test) in enumerate(splits(workspace, pool, n_splits)):
        every = right(train.votes, train, test)
        runs = [(1.0, "everything", np.ones(train.votes.shape, dtype=bool), every)]
        for fraction in fractions:
            for name, asked in strategies(train.votes, fraction, seed):
                result = right(masked(train.votes, asked), train, test)
                runs.append((fraction, name, asked, result))
        for fraction, name, asked, result in runs:
            pairs = zip(test.votes.query_ids, result, result - every, strict=True)
            found[fraction, name].append({one: (a, b) for one, a, b in pairs})
            shares[fraction, name].append(float(asked.mean()))
            spread[fraction, name].append(100 * float(np.nanmean(result - every)))
    for key, of_splits in found.items():
        ids = sorted({one for some in of_splits for one in some})
        nothing = (np.nan, np.nan)
        table = np.array([[some.get(one, nothing) for one in ids] for some in of_splits])
        accuracy, loss = (estimate(mean_rows(table[:, :, part])) for part in (0, 1))
        low, high = min(spread[key]), max(spread[key])
        difference = (
            f"{100 * loss.value:+.1f} [{100 * loss.low:+.1f}, {100 * loss.high:+.1f}] | "
            f"{low:+.1f} … {high:+.1f}"
            if key[0] < 1.0
            else "|"
        )
        yield (
            f"| {pool} | {100 * np.mean(shares[key]):.0f} % | {key[1]} | "
            f"{100 * accuracy.value:.1f} | {difference} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--fractions", default="0.2,0.4,0.6")
    parser.add_argument("--pools", default=",".join((*DEMOS, *POOLS)))
    options = parser.parse_args()
    fractions = [float(one) for one in options.fractions.split(",")]
    print("| data | calls | asked | first model right | against everything | over splits |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        pools = options.pools.split(",")
        real = any(pool not in DEMOS for pool in pools)
        workspace = (
            build_workspace(Path(folder))
            if real
            else cascal.Workspace(Path(folder) / "demo.duckdb")
        )
        install_demo(workspace)
        for pool in pools:
            for line in rows_of(workspace, pool, fractions, options.splits):
                print(line, flush=True)


if __name__ == "__main__":
    main()
