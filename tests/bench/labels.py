"""What a few labels tell on the real pools weak8 and mixed12, and on the demo: docs/labels.md.

    python -m tests.bench.labels [--splits 5] [--draws 200] [--only TABLE …] [--pools POOL …]

Reads ../shared/realdata, which is not part of the project; takes a few minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from cascal.computing_order import best_first
from cascal.dataset.rectifying import caller_groups, correction_of, with_groups_of
from cascal.datatypes import FloatArray, IntArray
from cascal.intervals import Estimate
from cascal.labels import (
    Rectifier,
    confidence_sequence,
    gain,
    keep_router,
    labels_needed,
    nearest_groups,
    rectifier,
    settled_after,
)
from tests.bench.label_fields import SIMULATED, Field, measured
from tests.bench.realdata import POOLS
from tests.bench.worlds import REALDATA

SIZES = (10, 30, 100)


def classical(field: Field, n: int, random: np.random.Generator) -> Estimate:
    """Labels on random test queries, contested or not; the same interval."""
    rows = random.permutation(len(field.difference))[:n]
    size = len(field.difference)
    return gain(field.difference[rows], n_contested=size, n_queries=size).estimate


def plain(field: Field, n: int, random: np.random.Generator) -> Estimate:
    """Labels on contested queries only."""
    rows = random.permutation(field.contested)[:n]
    return gain(
        field.difference[rows], n_contested=len(field.contested), n_queries=len(field.difference)
    ).estimate


def with_prediction(field: Field, n: int, random: np.random.Generator) -> Estimate:
    """The same with PPI++, predicted by the consensus."""
    rows = random.permutation(field.contested)[:n]
    return gain(
        field.difference[rows],
        n_contested=len(field.contested),
        n_queries=len(field.difference),
        predicted=field.advance[rows],
        predicted_mean=float(field.advance[field.contested].mean()),
    ).estimate


def watched(field: Field, n: int, random: np.random.Generator) -> Estimate:
    """The interval that may be watched at every label."""
    rows = random.permutation(field.contested)[:n]
    return confidence_sequence(
        field.difference[rows], n_contested=len(field.contested), n_queries=len(field.difference)
    )


WAYS: dict[str, Callable[[Field, int, np.random.Generator], Estimate]] = {
    "classical": classical,
    "contested": plain,
    "contested, PPI++": with_prediction,
    "watched at every label": watched,
}


def _by_pool(found: list[Field]) -> Iterator[tuple[str, list[Field]]]:
    """The splits of every pool."""
    for pool in dict.fromkeys(one.pool for one in found):
        yield pool, [one for one in found if one.pool == pool]


def coverage_table(found: list[Field], n_draws: int) -> Iterator[str]:
    """Half-width in points and coverage of every way, mean over the splits (worst split)."""
    yield "| pool | labels | " + " | ".join(WAYS) + " |"
    yield "|---|---|" + "---|" * len(WAYS)
    for pool, own in _by_pool(found):
        for n in SIZES:
            cells = [_cell([_covered(one, n, way, n_draws) for one in own]) for way in WAYS]
            yield f"| {pool} | {n} | " + " | ".join(cells) + " |"


def _covered(field: Field, n: int, way: str, n_draws: int) -> tuple[float, float]:
    random = np.random.default_rng(0)
    drawn = [WAYS[way](field, n, random) for _ in range(n_draws)]
    half = np.mean([(one.high - one.low) / 2 for one in drawn])
    return float(half), float(np.mean([one.low <= field.truth <= one.high for one in drawn]))


def _cell(measured: list[tuple[float, float]]) -> str:
    half, covered = np.mean(measured, axis=0)
    return f"{100 * half:.1f}, {covered:.3f} ({min(one[1] for one in measured):.3f})"


def without_gain(field: Field, random: np.random.Generator) -> FloatArray:
    """The contested differences, as many lost as won: the true gain is 0."""
    values = np.abs(field.difference[field.contested])
    decided = random.permutation(np.flatnonzero(values))
    values[decided[len(decided) // 2 :]] *= -1.0
    values[decided[2 * (len(decided) // 2) :]] = 0.0
    return random.permutation(values)


def stopping_table(found: list[Field], n_draws: int) -> Iterator[str]:
    """How often stopping at the first interval without 0 is wrong, where the true gain is 0."""
    yield "| pool | contested | plain, after each of 100 | watched, to 100 | watched, to the last |"
    yield "|---|---|---|---|---|"
    for pool, own in _by_pool(found):
        wrong = np.zeros(3)
        for field in own:
            random = np.random.default_rng(1)
            for _ in range(n_draws):
                wrong += _errors(without_gain(field, random), len(field.difference))
        rates = wrong / n_draws / len(own)
        sizes = [len(one.contested) for one in own]
        yield (
            f"| {pool} | {min(sizes)}–{max(sizes)} | "
            + " | ".join(f"{rate:.3f}" for rate in rates)
            + " |"
        )


def _errors(values: FloatArray, n_queries: int) -> FloatArray:
    size = len(values)
    looks = [
        gain(values[:n], n_contested=size, n_queries=n_queries)
        for n in range(3, min(size, 100) + 1)
    ]
    peeked = any(one.low > 0 or one.high < 0 for one in looks)
    settled = settled_after(values[:-1], n_contested=size)
    early = settled is not None and settled <= 100
    return np.array([peeked, early, settled is not None], dtype=np.float64)


def settling_table(found: list[Field], n_draws: int) -> Iterator[str]:
    """After how many labels it is settled, how many more were said to be needed at 10 and at 30."""
    yield "| pool | true gain | right within 100 / 300 | wrong | median | said at 10, at 30 |"
    yield "|---|---|---|---|---|---|"
    for field in found:
        random = np.random.default_rng(2)
        size, needed = len(field.contested), []
        right = wrong = right_soon = 0
        stopped = []
        for _ in range(n_draws):
            values = field.difference[random.permutation(field.contested)]
            settled = settled_after(values[:300], n_contested=size)
            needed.append([n + labels_needed(values[:n], n_contested=size) for n in (10, 30)])
            stopped.append(settled or 301)
            if settled is not None:
                side = confidence_sequence(
                    values[:settled], n_contested=size, n_queries=len(field.difference)
                )
                good = (side.low > 0) == (field.truth > 0)
                right += good
                right_soon += good and settled <= 100
                wrong += not good
        said = np.median(needed, axis=0)
        yield (
            f"| {field.pool} | {100 * field.truth:+.2f} | {right_soon / n_draws:.2f} / "
            f"{right / n_draws:.2f} | {wrong / n_draws:.3f} | {np.median(stopped):.0f} | "
            f"{said[0]:.0f}, {said[1]:.0f} |"
        )


def gate_table(found: list[Field], n_draws: int) -> Iterator[str]:
    """Points that the gate adds to the router, [95 % of the splits and draws], worst split."""
    yield "| pool | router over constant | gate at 10 | gate at 30 | gate at 100 |"
    yield "|---|---|---|---|---|"
    for pool, own in _by_pool(found):
        cells = [_added([_gate(one, n, n_draws) for one in own]) for n in SIZES]
        truths = [100 * one.truth for one in own]
        yield f"| {pool} | {np.mean(truths):+.2f} | " + " | ".join(cells) + " |"


def _added(of_splits: list[FloatArray]) -> str:
    """Mean in points, where 95 % of all draws lie, and the mean of the worst split."""
    every = 100 * np.concatenate(of_splits)
    low, high = np.quantile(every, [0.025, 0.975])
    worst = 100 * min(one.mean() for one in of_splits)
    return f"{every.mean():+.2f} [{low:+.2f}, {high:+.2f}] ({worst:+.2f})"


def _gate(field: Field, n: int, n_draws: int) -> FloatArray:
    random = np.random.default_rng(3)
    kept = [
        keep_router(field.difference[random.permutation(field.contested)[:n]])
        for _ in range(n_draws)
    ]
    return (np.array(kept) - 1.0) * field.truth


def rectifier_table(found: list[Field], n_draws: int) -> Iterator[str]:
    """Points that `cascal fit --rectify` adds to the router, without the gate."""
    yield "| pool | labels on random training queries: 50 | 100 | 150 | all |"
    yield "|---|---|---|---|---|"
    for pool, own in _by_pool(found):
        cells = [_added([_rectified(one, n, n_draws) for one in own]) for n in (50, 100, 150)]
        cells.append(_added([_rectified(one, None, 1) for one in own]))
        yield f"| {pool} | " + " | ".join(cells) + " |"


def _rectified(field: Field, n: int | None, n_draws: int) -> FloatArray:
    """With labels on n of the divided training queries, or on all, drawn again each time."""
    fit, router, votes = field.fit, field.fit.router(), field.fit.caller_votes
    divided = (votes.answers != votes.answers[:, :1]).any(axis=1) & votes.asked.all(axis=1)
    known = np.flatnonzero(divided & np.isfinite(field.train_right).all(axis=1))
    share = len(known) / len(votes.query_ids)
    groups, consensus = caller_groups(fit), np.nan_to_num(fit.consensus)
    n_groups = int(groups.max()) + 1
    rerouted = _Rerouted(field)
    random, added = np.random.default_rng(4), []
    for at in range(n_draws):
        rows = random.permutation(known)[:n]
        right = field.train_right[rows]
        found = rectifier(right, consensus[rows], groups[rows], share=share, n_groups=n_groups)
        chosen = rerouted.by(found)
        if at == 0:  # the product's own router, which routes every draw in ten times as long
            own = replace(router, correction=correction_of(fit, rows, right, share=share))
            assert (chosen == own.route(field.test_vectors).selected[:, 0]).all()
        added.append(rerouted.accuracy(chosen) - rerouted.accuracy(rerouted.before))
    return np.array(added)


class _Rerouted:
    """The test queries of a field by corrected scores: what no correction changes is kept."""

    def __init__(self, field: Field) -> None:
        fit, self.router, self.right = field.fit, field.fit.router(), field.test_right
        vectors = field.test_vectors.vectors
        blend = self.router.blend(vectors)
        assert not blend.alpha.any()
        self.plain = blend.scores - self.router.adjustment
        no_labels = np.zeros((int(caller_groups(fit).max()) + 1, len(self.router.models)))
        nothing = Rectifier(
            overall=no_labels[0], corrections=no_labels, n_labels=np.zeros(len(no_labels), np.int64)
        )
        self.groups = nearest_groups(vectors, with_groups_of(fit, nothing).centroids)
        self.before = self.router.route(field.test_vectors).selected[:, 0]

    def by(self, found: Rectifier) -> IntArray:
        """(Q,) the first model of every test query by these corrections."""
        scores = found.apply(self.plain, self.groups)
        scores[:, (self.router.overall + found.overall).argmax()] += self.router.routing.margin
        return best_first(scores, self.router.models, 1)[:, 0]

    def accuracy(self, chosen: IntArray) -> float:
        """Share of the test queries on which the chosen model is right."""
        return float(np.nanmean(self.right[np.arange(len(chosen)), chosen]))


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--only", nargs="*", help="names of tables, e.g. gate_table")
    parser.add_argument("--pools", nargs="*", default=[*POOLS, *SIMULATED])
    options = parser.parse_args()
    if not REALDATA.is_dir():
        sys.exit("The real responses are not here (../shared/realdata).")
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), options.pools, options.splits)
    tables = (coverage_table, stopping_table, settling_table, gate_table, rectifier_table)
    for table in tables:
        if options.only and table.__name__ not in options.only:
            continue
        print(f"\n{str(table.__doc__).strip()}\n", flush=True)
        for line in table(found, options.draws):
            print(line, flush=True)


if __name__ == "__main__":
    main()
