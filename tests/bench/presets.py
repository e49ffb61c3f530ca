"""Every preset on simulated worlds: the table of docs/presets.md.

    python -m tests.bench.presets [--worlds 24] [--out docs/presets.md]

The demo sets, the demo with scattered mistakes, two golden worlds where they are present
(../shared/golden is not part of the project), and random worlds of `random_world`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import cascal
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.demo import install_demo
from cascal.datatypes import NO_ANSWER, FloatArray, IntArray
from cascal.encode.encoders import MINILM
from cascal.number_format import decimal, signed
from cascal.settings import PRESETS
from cascal.simulate.variants import make_variant

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"


@dataclass(frozen=True, eq=False)
class Split:
    """Votes and vectors of training and test queries, gold answers of the test queries."""

    name: str
    train: tuple[cascal.Votes, cascal.Embeddings]
    test: tuple[cascal.Votes, cascal.Embeddings]
    gold: IntArray


def of_dataset(name: str, dataset: Dataset) -> Split:
    """A data set with gold test answers."""
    train, test = dataset.train, dataset.test
    assert test is not None
    return Split(name, (train.votes, train.vectors), (test.votes, test.vectors), test.gold)


def demo_splits() -> Iterator[Split]:
    """The two demo sets, and the demo with scattered mistakes."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = cascal.Workspace(Path(folder) / "demo.duckdb")
        install_demo(workspace)
        workspace.add(make_variant("demo-scattered"))
        for name in ("demo", "demo-weak", "demo-scattered"):
            yield of_dataset(name, load_dataset(workspace, name, MINILM))


def golden_splits() -> Iterator[Split]:
    """The golden worlds, where they are."""
    for name in ("small", "medium"):
        if not (GOLDEN / name).is_dir():
            continue
        parts, gold = [], np.empty(0, dtype=np.int64)
        for part in ("train", "test"):
            stored = np.load(GOLDEN / name / f"{part}.npz")
            ids = [str(query_id) for query_id in stored["question_id"]]
            answers = np.array([[ord(letter) - 65 for letter in row] for row in stored["choice"]])
            votes = cascal.Votes(
                ids,
                [str(task) for task in stored["category"]],
                [str(model) for model in stored["model"]],
                answers,
                stored["logprob"],
                np.full(len(ids), 10),
            )
            parts.append((votes, cascal.Embeddings.from_array(ids, stored["embedding"], "golden")))
            gold = np.array([ord(letter) - 65 for letter in stored["answer"]])
        yield Split(f"golden {name}", parts[0], parts[1], gold)


def random_world(seed: int) -> Split:
    """A world with everything drawn: models, tasks, skills, options, families, confidences.

    Mistakes of a query are shared by a Dirichlet of random concentration. Each model's
    log-probabilities follow being right by a slope of its own, from none to clear, and the query's
    easiness; a fifth of the worlds have none at all. A family copies its first member's mistakes.
    """
    random = np.random.default_rng([seed, 20260])
    n_models, n_tasks = int(random.integers(4, 13)), int(random.integers(2, 8))
    n_skills, n_options = int(random.integers(1, 5)), int(random.integers(3, 11))
    n_train, n_test = int(random.integers(600, 3001)), 1500
    n_queries = n_train + n_test
    centre = random.normal(size=(n_tasks, 1, 32)) + 0.7 * random.normal(
        size=(n_tasks, n_skills, 32)
    )
    task, skill = (
        random.integers(n_tasks, size=n_queries),
        random.integers(n_skills, size=n_queries),
    )
    vectors = centre[task, skill] + random.uniform(0.3, 0.9) * random.normal(size=(n_queries, 32))
    overall = random.normal(random.uniform(-0.2, 1.2), 0.7, size=n_models)
    talent = random.uniform(0.2, 1.2) * random.normal(size=(n_tasks, n_skills, n_models))
    easiness = random.normal(size=n_queries)
    logit = overall + talent[task, skill] + 1.5 * easiness[:, None]
    right = random.random((n_queries, n_models)) < 1 / (1 + np.exp(-logit))
    gold = random.integers(n_options, size=n_queries)
    answers = np.where(right, gold[:, None], _mistakes(random, gold, n_options, n_models))
    family = random.choice(n_models, size=int(random.integers(0, 4)), replace=False)
    for member in family[1:]:
        copies = ~right[:, member] & ~right[:, family[0]] & (random.random(n_queries) < 0.7)
        answers[copies, member] = answers[copies, family[0]]
    answers[random.random(answers.shape) < random.uniform(0.0, 0.08)] = NO_ANSWER
    logprobs = _confidences(random, right, easiness)
    ids = [f"q{row:05d}" for row in range(n_queries)]
    votes = cascal.Votes(
        ids,
        [f"task {index}" for index in task],
        [f"model {index:02d}" for index in range(n_models)],
        answers,
        logprobs,
        np.full(n_queries, n_options),
    )
    array = cascal.Embeddings.from_array(ids, vectors.astype(np.float32), "random")
    halves = [
        (votes.take(rows), array.take(tuple(ids[row] for row in rows)))
        for rows in (
            np.arange(n_train),
            np.arange(n_train, n_queries),
        )
    ]
    return Split(f"random {seed}", halves[0], halves[1], gold[n_train:])


def _mistakes(
    random: np.random.Generator, gold: IntArray, n_options: int, n_models: int
) -> IntArray:
    """(Q, M) a wrong option for each vote, drawn from the query's own shares."""
    concentration = np.exp(random.uniform(np.log(0.1), np.log(5.0)))
    shares = random.dirichlet(np.full(n_options - 1, concentration), size=len(gold))
    drawn = random.random((len(gold), n_models, 1))
    place = (drawn > np.cumsum(shares, axis=1)[:, None, :]).sum(axis=2)
    place = np.minimum(place, n_options - 2)
    return np.asarray((gold[:, None] + 1 + place) % n_options)


def _confidences(
    random: np.random.Generator, right: np.ndarray, easiness: FloatArray
) -> FloatArray:
    """(Q, M) mean log-probabilities, nan where unknown."""
    n_models = right.shape[1]
    if random.random() < 0.2:
        return np.full(right.shape, np.nan)
    slope = np.maximum(random.normal(random.uniform(0.0, 1.2), 0.3, size=n_models), 0.0)
    shared = random.uniform(0.0, 0.5) * random.normal(size=(len(right), 1))
    signal = slope * right + 0.4 * easiness[:, None] + shared + random.normal(size=right.shape)
    logprobs = -np.exp(-0.5 * signal)
    logprobs[random.random(right.shape) < random.uniform(0.0, 0.2)] = np.nan
    return np.asarray(logprobs)


def accuracies(split: Split) -> dict[str, tuple[float, float]]:
    """First model right and vote of three right, in percent, by preset; nan where refused."""
    found = {}
    votes, vectors = split.train
    for name, settings in PRESETS.items():
        if settings.consensus == "z_sum" and not votes.confident.any():
            found[name] = (float("nan"), float("nan"))
            continue
        router = cascal.fit(votes, vectors, settings).router()
        result = cascal.evaluate(router.route(split.test[1]), split.test[0], split.gold)
        found[name] = (100 * result.top1_accuracy, 100 * result.vote_accuracy)
    return found


def row(name: str, found: dict[str, tuple[float, float]]) -> str:
    """A line of the table."""
    cells = [
        "" if np.isnan(top) else f"{decimal(top, 1)} / {decimal(vote, 1)}"
        for top, vote in found.values()
    ]
    return f"| {name} | {' | '.join(cells)} |"


def summary(worlds: list[dict[str, tuple[float, float]]]) -> list[str]:
    """Mean over the random worlds, and the worst and best difference to the first version."""
    lines = []
    mean = {
        name: tuple(
            statistics.fmean(w[name][at] for w in worlds if np.isfinite(w[name][at]))
            for at in (0, 1)
        )
        for name in PRESETS
    }
    lines.append(row(f"mean of {len(worlds)} random", mean))
    for title, pick in (("worst", min), ("best", max)):
        cells = []
        for name in PRESETS:
            differences = [
                [w[name][at] - w["recommended-1"][at] for w in worlds if np.isfinite(w[name][at])]
                for at in (0, 1)
            ]
            cells.append(" / ".join(signed(pick(one)) for one in differences))
        lines.append(f"| {title} difference to recommended-1 | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Write the document."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--worlds", type=int, default=24)
    parser.add_argument("--out", type=Path, default=Path("docs/presets.md"))
    options = parser.parse_args()
    lines = [
        "# The presets on simulated worlds",
        "",
        "How good is each preset where the truth is known because it was made?",
        "",
        "First model right / vote of three right, in percent of the test queries; all data are "
        "simulated. `paper` refuses data without log-probabilities. Random worlds: 4 to 12 models, "
        "2 to 7 tasks of 1 to 4 skills, 3 to 10 options, mistakes from shared to scattered, "
        "families, missing answers, log-probabilities from silent to clear, none in a fifth. Made "
        "by `python -m tests.bench.presets`.",
        "",
        f"| world | {' | '.join(PRESETS)} |",
        f"|---|{'---|' * len(PRESETS)}",
    ]
    for split in (*demo_splits(), *golden_splits()):
        lines.append(row(split.name, accuracies(split)))
        print(lines[-1], flush=True)
    worlds = []
    rows = []
    for seed in range(options.worlds):
        split = random_world(seed)
        worlds.append(accuracies(split))
        rows.append(row(split.name, worlds[-1]))
        print(rows[-1], flush=True)
    lines += [*summary(worlds), *rows, ""]
    options.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
