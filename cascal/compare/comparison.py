"""All routers on the same test queries, with paired intervals (docs/method.md §§ 10, 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cascal.columns import Progress
from cascal.compare.routers import (
    BEST_BY_GOLD,
    BEST_BY_LABELS,
    UNDER_TEST,
    Entry,
    all_routers,
)
from cascal.dataset.cost import RoutingCost, mean_cost, query_costs
from cascal.dataset.part import Part, join, split_part
from cascal.datatypes import CascalError, FloatArray, IntArray, NotApplicable
from cascal.evaluate import effective_number, normalised_entropy
from cascal.files.plain_json import finite
from cascal.fit import Fit, fit
from cascal.intervals import Estimate, McNemar, estimates, mcnemar, mean_rows
from cascal.routing.route import Router
from cascal.settings import FitSettings, Thresholds
from cascal.verdicts.constant import ChosenBy, Constant, join_constants
from cascal.verdicts.verdict import Verdict, decide_by_gold

TEST_SHARE = 0.4


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. Estimates are None where the measure does not exist."""

    key: str
    title: str
    needs: str
    top1: Estimate | None
    vote: Estimate | None
    hit: Estimate | None
    gain: Estimate | None
    against_constant: McNemar | None
    share: tuple[float, ...]
    effective_models: float
    entropy: float
    cost1: float
    cost3: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """Routers on the same test queries; `constant` is the key of the best constant choice.

    label_origin says where the labels of the label-based routers come from; n_splits how many
    training and test splits the entries are averaged over; costs_measured as in `QueryCosts`.
    """

    query_ids: tuple[str, ...]
    tasks: tuple[str, ...]
    models: tuple[str, ...]
    entries: tuple[Entry, ...]
    label_origin: str
    n_splits: int = 1
    costs_measured: bool = True

    def __getitem__(self, key: str) -> Entry:
        for entry in self.entries:
            if entry.key == key:
                return entry
        raise CascalError(f"There is no router {key!r} in this comparison.", code="unknown-choice")

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the entries, in their order."""
        return tuple(entry.key for entry in self.entries)

    @property
    def n_gold(self) -> int:
        """Number of test queries that count for a first model."""
        return max(int(np.isfinite(entry.top1).sum()) for entry in self.entries)

    @property
    def constant(self) -> str:
        """What routing has to beat: chosen by gold training labels, else by these very answers."""
        by_labels = self.label_origin == "gold" and BEST_BY_LABELS in self.keys
        return BEST_BY_LABELS if by_labels else BEST_BY_GOLD

    @property
    def constant_model(self) -> Constant:
        """The model behind `constant`; several names where splits chose differently."""
        by: ChosenBy = "training labels" if self.constant == BEST_BY_LABELS else "these queries"
        chosen = self[self.constant].first.tolist()
        return join_constants([Constant(one, self.models[one], by) for one in chosen])

    @property
    def constant_is_liked(self) -> bool:
        """Whether consensus alone chooses the same model, so that nobody needs a label for it."""
        liked = "global_consensus"
        return liked in self.keys and np.array_equal(self[liked].first, self[self.constant].first)

    @cached_property
    def _rows_by_query(self) -> tuple[Row, ...]:
        """Pages ask for them at every move; where cells are missing they take a second."""
        return tuple(self._rows(None, self.entries))

    def rows(self, *, by_task: bool = False) -> list[Row]:
        """Every entry with paired intervals; the gain is in top-1 over the best constant.

        `by_task`: whole tasks are resampled instead of queries.
        """
        if not by_task:
            return list(self._rows_by_query)
        return self._rows(np.unique(np.asarray(self.tasks), return_inverse=True)[1], self.entries)

    def row(self, entry: Entry) -> Row:
        """The line of a further router on the same test queries, with intervals of its own."""
        return self._rows(None, (entry,))[0]

    def _rows(self, tasks: IntArray | None, entries: Sequence[Entry]) -> list[Row]:
        reference = self[self.constant]
        columns = [
            column
            for entry in entries
            for column in (entry.top1, entry.vote, entry.hit, entry.top1 - reference.top1)
        ]
        found = estimates(np.column_stack(columns), groups=tasks)
        rows = []
        for at, entry in enumerate(entries):
            top1, vote, hit, gain = (one if one.n else None for one in found[4 * at : 4 * at + 4])
            chosen = entry.first[entry.first >= 0]
            share = np.bincount(chosen, minlength=len(self.models)) / max(1, len(chosen))
            rows.append(
                Row(
                    key=entry.key,
                    title=entry.title,
                    needs=entry.needs,
                    top1=top1,
                    vote=vote,
                    hit=hit,
                    gain=gain,
                    against_constant=self._mcnemar(entry),
                    share=tuple(share.tolist()),
                    effective_models=effective_number(share),
                    entropy=normalised_entropy(share),
                    cost1=mean_cost(entry.cost1),
                    cost3=mean_cost(entry.cost3),
                )
            )
        return rows

    def _mcnemar(self, entry: Entry) -> McNemar | None:
        """Exact only for one split: averages over splits are no single decisions."""
        if self.n_splits > 1 or entry.key in (self.constant, "random"):
            return None
        if not np.isfinite(entry.top1).any():
            return None
        return mcnemar(entry.top1, self[self.constant].top1)

    def compare(self, one: str, other: str) -> tuple[Estimate, McNemar, IntArray, IntArray]:
        """Paired gain of one router over another, McNemar, and rows where only one is right."""
        first, second = self[one].top1, self[other].top1
        gain = estimates((first - second)[:, None])[0]
        wins = np.flatnonzero((first > 0.5) & (second <= 0.5))
        losses = np.flatnonzero((first <= 0.5) & (second > 0.5))
        return gain, mcnemar(first, second), wins, losses

    def verdict(self, key: str = UNDER_TEST) -> Verdict:
        """Whether one router pays against the best constant, by its paired gain."""
        gain, *_ = self.compare(key, self.constant)
        return decide_by_gold(gain, self.constant_model)

    def cost(self, key: str = UNDER_TEST) -> RoutingCost:
        """What one router's first models and its vote of three cost, beside the best constant."""
        return RoutingCost(
            mean_cost(self[key].cost1),
            mean_cost(self[key].cost3),
            mean_cost(self[self.constant].cost1),
            self.constant_model,
            self.costs_measured,
        )

    def table(self, *, by_task: bool = False) -> list[dict[str, Any]]:
        """The rows in JSON types: values with low and high, nan as None."""
        return [_plain(row) for row in self.rows(by_task=by_task)]


def _plain(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"key": row.key, "router": row.title, "needs": row.needs}
    for name in ("top1", "vote", "hit", "gain"):
        value: Estimate | None = getattr(row, name)
        for part in ("value", "low", "high"):
            column = name if part == "value" else f"{name}_{part}"
            found[column] = None if value is None else finite(getattr(value, part))
    found["n"] = row.top1.n if row.top1 is not None else row.vote.n if row.vote is not None else 0
    found["effective_models"] = finite(row.effective_models)
    found["entropy"] = finite(row.entropy)
    found["cost_per_1000"] = finite(row.cost1)
    found["vote_cost_per_1000"] = finite(row.cost3)
    found["mcnemar_p"] = None if row.against_constant is None else row.against_constant.p_value
    return found


def compare_routers(
    training: Part,
    test: Part,
    settings: FitSettings | None = None,
    thresholds: Thresholds | None = None,
    *,
    fitted: Fit | None = None,
    in_use: Router | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Fit every router on the training part and evaluate it on the test part.

    `settings` and `thresholds` are those of the router under test (key "cascal"); the other
    presets follow at their own default thresholds. `fitted` saves fitting it again; `in_use` is
    what a few labels make of that router, see `all_routers`. NotApplicable where the test part
    has no gold answer.
    """
    if not test.has_gold:
        raise NotApplicable(
            "The test queries have no gold answers, so routers cannot be compared by accuracy. "
            "The light without labels needs none.",
            code="no-gold",
        )
    own = fitted or fit(
        training.votes, training.vectors, settings or FitSettings(), costs=training.known_costs
    )
    costs = query_costs(test, training)
    test = replace(test, costs=costs.dollars)
    steps = list(all_routers(training, test, own.router(thresholds), in_use))
    entries = []
    for at, (_, step) in enumerate(steps):
        if progress is not None:
            progress(at / len(steps), f"Router {at + 1} of {len(steps)}")
        entries.append(step())
    return Comparison(
        query_ids=test.votes.query_ids,
        tasks=test.votes.tasks,
        models=test.votes.models,
        entries=tuple(entries),
        label_origin=training.label_origin,
        costs_measured=costs.measured,
    )


def gold_whole(training: Part, test: Part | None) -> Part:
    """Both parts as one, to be split anew; NotApplicable unless all of it has gold answers."""
    if training.label_origin != "gold":
        raise NotApplicable(
            "New splits put training queries on the test side, but theirs are "
            f"{training.label_origin} answers, not gold. Evaluate on the stored split instead "
            "(--splits 1).",
            code="no-gold",
        )
    return training if test is None else join(training, test)


def compare_on_splits(
    training: Part,
    test: Part | None,
    settings: FitSettings | None = None,
    thresholds: Thresholds | None = None,
    *,
    n_splits: int,
    test_share: float = TEST_SHARE,
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """The same over several random splits of all queries, averaged per query.

    Only where every query may serve on either side: both parts need gold answers. A query counts
    with its mean over the splits that test it; intervals resample queries, so they hold the noise
    of the test queries, not that of what was trained on.
    """
    whole = gold_whole(training, test)
    held = []
    for at in range(n_splits):

        def report(share: float, sentence: str, at: int = at) -> None:
            if progress is not None:
                progress((at + share) / n_splits, f"Split {at + 1} of {n_splits}: {sentence}")

        parts = split_part(whole, test_share, seed + at)
        held.append(compare_routers(*parts, settings, thresholds, progress=report))
    return average_comparisons(whole, held)


def average_comparisons(whole: Part, held: Sequence[Comparison]) -> Comparison:
    """Per query of `whole` the mean over the comparisons that tested it."""
    place = {query_id: row for row, query_id in enumerate(whole.votes.query_ids)}
    rows = [np.array([place[one] for one in comparison.query_ids]) for comparison in held]
    tested = np.zeros(len(whole), dtype=bool)
    for at in rows:
        tested[at] = True
    entries = []
    for key in held[0].keys:
        one_each = [comparison[key] for comparison in held]
        means = [
            mean_rows(
                [
                    _spread(getattr(entry, name), at, len(whole))
                    for entry, at in zip(one_each, rows, strict=True)
                ]
            )[tested]
            for name in ("top1", "vote", "hit", "cost1", "cost3")
        ]
        first = np.concatenate([entry.first for entry in one_each])
        top1, vote, hit, cost1, cost3 = means
        entries.append(
            replace(
                one_each[0], first=first, top1=top1, vote=vote, hit=hit, cost1=cost1, cost3=cost3
            )
        )
    kept = np.flatnonzero(tested)
    return Comparison(
        query_ids=tuple(whole.votes.query_ids[row] for row in kept),
        tasks=tuple(whole.votes.tasks[row] for row in kept),
        models=whole.votes.models,
        entries=tuple(entries),
        label_origin=held[0].label_origin,
        n_splits=len(held),
        costs_measured=all(comparison.costs_measured for comparison in held),
    )


def _spread(values: FloatArray, rows: IntArray, n: int) -> FloatArray:
    found = np.full(n, np.nan)
    found[rows] = values
    return found
