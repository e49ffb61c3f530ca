"""The simple rivals of routing and of the consensus: the tables of docs/rivals.md.

    python -m tests.bench.rivals [--splits 10] [--worlds 24] [--only consensus|routing]

Prints both tables. The real pools are left out where ../shared/realdata is absent. Needs crowd-kit,
which is among the development dependencies; takes about a quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from crowdkit.aggregation import GLAD, MACE, DawidSkene, OneCoinDawidSkene

import cascal
from cascal.clustering.groups import QUERIES_PER_GROUP, n_groups
from cascal.compare.baselines import ClusterAgreement
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.demo import install_demo
from cascal.dataset.part import Part, join, split_part
from cascal.datatypes import NO_ANSWER, FloatArray, IntArray
from cascal.intervals import Estimate, estimate, mean_rows
from cascal.number_format import bracketed, decimal, signed
from tests.bench.others import by_answer
from tests.bench.presets import random_world
from tests.bench.realdata import POOLS, build_workspace
from tests.bench.worlds import REALDATA

FEW_CLUSTERS = f"k-means, plain agreement, k = queries/{QUERIES_PER_GROUP} (2 to 16)"
MANY_CLUSTERS = "k-means, plain agreement, k = 64 (the row of the comparison)"


def data_sets(workspace: cascal.Workspace, *, real: bool) -> Iterator[tuple[str, Dataset]]:
    """The demo sets, and the real pools where they are."""
    install_demo(workspace)
    for name in ("demo", "demo-weak"):
        yield name, load_dataset(workspace, name)
    for name, models in POOLS.items() if real else ():
        yield name, load_dataset(workspace, "mmlu-pro", models=list(models))


# The consensus: what is the right answer, by the votes alone?


@dataclass(frozen=True, eq=False)
class Ballots:
    """Votes of a pool, the product's consensus answers, and the gold answers (NO_ANSWER = none)."""

    votes: cascal.Votes
    consensus: IntArray
    gold: IntArray

    @classmethod
    def of(cls, part: Part) -> Ballots:
        """The votes of all queries; those without a gold answer help and are not counted."""
        fitted = cascal.fit(part.votes, part.vectors)
        return cls(part.votes, fitted.consensus_answers, part.gold)

    def right(self, found: IntArray) -> FloatArray:
        """(Q,) 1 right, 0 wrong, nan without gold."""
        return np.where(self.gold == NO_ANSWER, np.nan, (found == self.gold).astype(float))


def plurality(ballots: Ballots) -> FloatArray:
    """(Q,) chance that the plurality is right, ties drawn; nan without gold."""
    answers = ballots.votes.answers
    counts = np.stack([(answers == a).sum(axis=1) for a in range(int(answers.max()) + 1)], axis=1)
    top = counts == counts.max(axis=1, keepdims=True)
    voted = ballots.votes.answered.any(axis=1)
    at = np.clip(ballots.gold, 0, counts.shape[1] - 1)
    chance = top[np.arange(len(top)), at] * voted / top.sum(axis=1)
    return np.where(ballots.gold == NO_ANSWER, np.nan, chance)


def of_crowd_kit(aggregator: object) -> Callable[[Ballots], FloatArray]:
    """The same for one of crowd-kit's aggregators at its own defaults."""

    def right(ballots: Ballots) -> FloatArray:
        labels = aggregator.fit_predict(by_answer(ballots.votes))  # type: ignore[attr-defined]
        found = np.full(len(ballots.gold), NO_ANSWER)
        found[labels.index.to_numpy()] = labels.to_numpy()
        return ballots.right(found)

    return right


CONSENSUS: dict[str, Callable[[Ballots], FloatArray]] = {
    "plurality, ties drawn": plurality,
    "ours, `recommended`": lambda ballots: ballots.right(ballots.consensus),
    "Dawid–Skene (crowd-kit)": of_crowd_kit(DawidSkene(n_iter=100)),
    "one-coin Dawid–Skene (crowd-kit)": of_crowd_kit(OneCoinDawidSkene(n_iter=100)),
    "GLAD (crowd-kit)": of_crowd_kit(GLAD()),
    "MACE (crowd-kit)": of_crowd_kit(MACE()),
}


def consensus_rows(name: str, dataset: Dataset) -> Iterator[str]:
    """Accuracy of the consensus answers, their paired difference to ours, and the time it took."""
    assert dataset.test is not None
    ballots = Ballots.of(join(dataset.train, dataset.test))
    ours = CONSENSUS["ours, `recommended`"](ballots)
    for title, method in CONSENSUS.items():
        started = time.process_time()
        right = method(ballots)
        seconds = time.process_time() - started
        difference = "" if right is ours else percent(estimate(right - ours), "+")
        took = "" if title.startswith("ours") else f"{seconds:.1f}"
        yield f"| {name} | {title} | {percent(estimate(right))} | {difference} | {took} |"


# Routing: is the simplest thing as good?


@dataclass(frozen=True, eq=False)
class Scores:
    """First model right and vote right on the test queries, both (Q,)."""

    top1: FloatArray
    vote: FloatArray


def routed(train: Part, test: Part) -> dict[str, Scores]:
    """The default and the rival with its published and the product's own number of clusters."""
    few = n_groups(len(train))
    routers = {
        "CASCAL recommended": cascal.fit(train.votes, train.vectors).router(),
        MANY_CLUSTERS: ClusterAgreement().fit(train.votes, train.vectors),
        FEW_CLUSTERS: ClusterAgreement(n_clusters=few).fit(train.votes, train.vectors),
    }
    results = {title: test.evaluation(one.route(test.vectors)) for title, one in routers.items()}
    return {title: Scores(one.top1_right, one.top3_vote_right) for title, one in results.items()}


def on_splits(dataset: Dataset, n_splits: int) -> dict[str, Scores]:
    """The same, per query the mean over the random splits that test it."""
    assert dataset.test is not None
    whole = join(dataset.train, dataset.test)
    place = {one: row for row, one in enumerate(whole.votes.query_ids)}
    columns: dict[str, list[tuple[FloatArray, FloatArray]]] = {}
    for seed in range(n_splits):
        train, test = split_part(whole, 0.4, seed)
        rows = [place[one] for one in test.votes.query_ids]
        for title, scores in routed(train, test).items():
            wide = np.full((2, len(whole)), np.nan)
            wide[:, rows] = scores.top1, scores.vote
            columns.setdefault(title, []).append((wide[0], wide[1]))
    return {
        title: Scores(mean_rows([one[0] for one in found]), mean_rows([one[1] for one in found]))
        for title, found in columns.items()
    }


def routing_rows(name: str, dataset: Dataset, n_splits: int) -> Iterator[str]:
    """Accuracies and the paired difference to the default's."""
    assert dataset.test is not None
    stored = dataset.train.label_origin != "gold"
    found = routed(dataset.train, dataset.test) if stored else on_splits(dataset, n_splits)
    own = next(iter(found.values()))
    for title, scores in found.items():
        cells = [percent(estimate(scores.top1)), percent(estimate(scores.vote))]
        for one, other in ((scores.top1, own.top1), (scores.vote, own.vote)):
            cells.append("" if scores is own else percent(estimate(one - other), "+"))
        yield f"| {name} | {title} | {' | '.join(cells)} |"


def world_rows(n_worlds: int) -> Iterator[str]:
    """The random worlds of docs/presets.md: mean difference to the default, wins, extremes."""
    found: dict[str, list[float]] = {MANY_CLUSTERS: [], FEW_CLUSTERS: []}
    for seed in range(n_worlds):
        world = random_world(seed)
        votes, vectors = world.train
        few = n_groups(len(votes.query_ids))
        own = cascal.fit(votes, vectors).router()
        base = cascal.evaluate(own.route(world.test[1]), world.test[0], world.gold).top1_accuracy
        for title, k in ((MANY_CLUSTERS, 64), (FEW_CLUSTERS, few)):
            routes = ClusterAgreement(n_clusters=k).fit(votes, vectors).route(world.test[1])
            accuracy = cascal.evaluate(routes, world.test[0], world.gold).top1_accuracy
            found[title].append(100 * (accuracy - base))
    for title, gains in found.items():
        wins = sum(gain > 0 for gain in gains)
        mean = signed(float(np.mean(gains)))
        yield (
            f"{n_worlds} random worlds, {title}: {mean} points in the first model, "
            f"better in {wins}, from {signed(min(gains))} to {signed(max(gains))}"
        )


def percent(value: Estimate, sign: str = "") -> str:
    """In percent with the interval."""
    first, low, high = (100 * one for one in (value.value, value.low, value.high))
    written = signed(first) if sign else decimal(first, 1)
    return f"{written} {bracketed(low, high, sign=bool(sign))}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--worlds", type=int, default=24)
    parser.add_argument("--only", choices=("consensus", "routing"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        real = REALDATA.is_dir()
        path = Path(folder)
        workspace = build_workspace(path) if real else cascal.Workspace(path / "demo.duckdb")
        sets = dict(data_sets(workspace, real=real))
        if options.only != "routing":
            print("| data | consensus by | answers right | difference to ours | processor s |")
            print("|---|---|---|---|---|")
            for name, dataset in sets.items():
                for line in consensus_rows(name, dataset):
                    print(line, flush=True)
            print()
        if options.only != "consensus":
            print(
                "| data | router | first model right | vote of 3 right | first, less the default | "
                "vote, less the default |"
            )
            print("|---|---|---|---|---|---|")
            for name, dataset in sets.items():
                for line in routing_rows(name, dataset, options.splits):
                    print(line, flush=True)
            print("\n" + "\n".join(world_rows(options.worlds)))


if __name__ == "__main__":
    main()
