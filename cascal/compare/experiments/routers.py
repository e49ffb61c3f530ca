"""Experiments that compare routers: validation, generators, filtering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cascal.collection.rgd_filter import rgd_filter
from cascal.compare.comparison import (
    TEST_SHARE,
    Comparison,
    compare_on_splits,
    compare_routers,
    gold_whole,
)
from cascal.compare.experiments.report import Column, Report, with_interval
from cascal.compare.experiments.request import Request
from cascal.compare.routers import Entry
from cascal.dataset.part import Part, split_part
from cascal.datatypes import FloatArray, NotApplicable
from cascal.draws import random_rows
from cascal.files.plain_json import finite
from cascal.fit import fit
from cascal.intervals import Estimate, estimates, mean_rows
from cascal.number_format import agreeing, counted, percent
from cascal.provenance import stamp
from cascal.verdicts.verdict import points

TOP1, VOTE = Column("top1", "First model right", "percent"), Column("vote", "Vote of 3", "percent")
ROUTER, NEEDS = Column("router", "Router"), Column("needs", "Needs")
QUERY_ONLY, QUERY_ANSWER = "nothing", "labels"
NO_LEARNING = ("random", "plurality")


def held(request: Request) -> Comparison:
    """The comparison of a request: on the stored split, or averaged over new ones."""
    dataset = request.dataset
    if request.n_splits > 1 and (dataset.test is None or dataset.test.has_gold):
        return compare_on_splits(
            dataset.train,
            dataset.test,
            request.settings,
            request.thresholds,
            n_splits=request.n_splits,
            seed=request.seed,
            progress=request.progress,
        )
    return compare_routers(
        dataset.train,
        request.test(),
        request.settings,
        request.thresholds,
        fitted=request.fitted,
        progress=request.progress,
    )


def validation(request: Request) -> Report:
    """Fit on the data set's training queries, test on its held-out ones.

    The paper's validation uses real training queries; the sentence says what these are.
    """
    comparison = held(request)
    gain, test, *_ = comparison.compare("cascal", "global_consensus")
    origin = comparison.label_origin
    rows = comparison.table()
    own = next(row for row in rows if row["key"] == "cascal")
    splits = (
        "the stored split"
        if comparison.n_splits == 1
        else f"{counted(comparison.n_splits, 'split')}"
    )
    return Report(
        experiment="validation",
        question="Does CASCAL route better than always asking the model that the consensus likes "
        "best?",
        datasets=request.names,
        sentence=f"On {splits}, with {origin} training answers for the routers that "
        f"need some, CASCAL's first model is right in {percent(own['top1'], 1)}; {points(gain)} "
        "against the best constant choice by consensus "
        f"({counted(test.only_first, 'query')} won, {test.only_second:,} lost).",
        target="gain over the global consensus above 0 (lower bound)",
        passed=gain.low > 0,
        columns=(
            ROUTER,
            NEEDS,
            TOP1,
            VOTE,
            Column("gain", "Gain over best single", "points"),
            Column("effective_models", "Effective models", "number"),
            Column("cost_per_1000", "$ per 1,000", "number"),
        ),
        rows=tuple(rows),
        simulated=request.simulated,
        fingerprints=request.fingerprints,
        **stamp(request.settings, request.thresholds),
    )


def generators(request: Request) -> Report:
    """Two training sets, one test: what does the second, weaker one cost each router?"""
    if request.other is None:
        raise NotApplicable(
            "This experiment compares two generated sets: name a second data set.",
            code="missing-value",
        )
    test, other = request.test(), request.test(request.other)
    if test.votes.query_ids != other.votes.query_ids or test.votes.models != other.votes.models:
        raise NotApplicable(
            f"{request.names[0]!r} and {request.names[1]!r} must be tested on the same queries by "
            "the same models, and they are not.",
            code="other-queries",
        )
    arms = _two_comparisons(
        request, (request.dataset.train, request.other.train), (request.names[0], request.names[1])
    )
    return Report(
        experiment="generators",
        question="Do routers that believe the generated answers lose more when the generator is "
        "weak?",
        datasets=request.names,
        sentence=arms.sentence,
        target="query-answer routers lose more than query-only ones (lower bound above 0)",
        passed=arms.kinds()[2].low > 0,
        columns=arms.columns(),
        rows=arms.rows(),
        simulated=request.simulated,
        fingerprints=request.fingerprints,
        **stamp(request.settings, request.thresholds),
    )


def filtering(request: Request) -> Report:
    """A large weak set: the queries that pass the RGD filter, against unfiltered ones.

    The paper filters 20,000 and compares with 5,000. The unfiltered queries are drawn from the
    second data set where one is named, else from the same; both sides hold at most `n_queries`.
    """
    request.test()
    large = request.dataset.train
    scored = fit(large.votes, large.vectors, request.settings)
    n_strong = 2 if len(large.votes.models) < 9 else 3
    overall = np.nan_to_num(scored.consensus, nan=0.0).mean(axis=0)
    kept = rgd_filter(
        large.votes, overall, n_strong=n_strong, n_queries=request.n_queries, seed=request.seed
    )
    if len(kept.rows) < 40:
        raise NotApplicable(
            f"Only {len(kept.rows)} of {counted(len(large), 'query')} "
            f"{agreeing(len(kept.rows), 'passes', 'pass')} the filter; too few to fit on.",
            code="too-little-data",
        )
    source = large if request.other is None else request.other.train
    n_queries = min(request.n_queries, len(source))
    plain = source.take(np.sort(random_rows(source.votes.query_ids, n_queries, request.seed)))
    arms = _two_comparisons(
        request,
        (large.take(kept.rows), plain),
        (f"filtered {len(kept.rows):,}", f"unfiltered {n_queries:,}"),
    )
    survivors = ", ".join(f"{name} {n:,}" for name, n in kept.passed.items())
    return Report(
        experiment="filtering",
        question="Does the filter of agreeing strong models recover what a weak generator lost?",
        datasets=request.names,
        sentence=f"CASCAL gains {points(arms.gain('cascal'))}. {arms.sentence} Survivors of "
        f"{len(large):,} per task: {survivors}.",
        target="CASCAL's first model is right more often with the filtered set (lower bound "
        "above 0)",
        passed=arms.gain("cascal").low > 0,
        columns=arms.columns(),
        rows=arms.rows(),
        simulated=request.simulated,
        fingerprints=request.fingerprints,
        **stamp(request.settings, request.thresholds),
    )


@dataclass(frozen=True, eq=False)
class _Arms:
    """The same routers learnt from two training sets, and what the sets are called."""

    first: Comparison
    second: Comparison
    names: tuple[str, str]

    @property
    def keys(self) -> list[str]:
        """Routers that learn something and are in both comparisons."""
        return [
            key
            for key in self.first.keys
            if key in self.second.keys
            and self.first[key].needs != "gold"
            and key not in NO_LEARNING
        ]

    def difference(self, needs: str) -> FloatArray:
        """(Q,) mean over the routers of one kind of first − second, of the first model."""
        keys = [key for key in self.keys if self.first[key].needs == needs]
        if not keys:
            raise NotApplicable(
                "The training queries have no answers: no router could believe them.",
                code="needs-labels",
            )
        return mean_rows([self.first[key].top1 - self.second[key].top1 for key in keys])

    def gain(self, key: str) -> Estimate:
        """First − second of one router's first model."""
        return estimates((self.first[key].top1 - self.second[key].top1)[:, None])[0]

    def rows(self) -> tuple[dict[str, Any], ...]:
        """One row a router: both arms and their paired difference, first model and vote."""
        return tuple(_arm_row(self.first[key], self.second[key]) for key in self.keys)

    def columns(self) -> tuple[Column, ...]:
        """Columns of `rows`."""
        one, other = self.names
        return (
            ROUTER,
            NEEDS,
            Column("first_top1", f"First right, {one}", "percent"),
            Column("second_top1", f"First right, {other}", "percent"),
            Column("top1", "Difference", "points"),
            Column("vote", "Difference, vote", "points"),
        )

    def kinds(self) -> tuple[Estimate, Estimate, Estimate]:
        """Mean difference of query-only routers, of query-answer ones, and the second − first."""
        only, answer = self.difference(QUERY_ONLY), self.difference(QUERY_ANSWER)
        found = estimates(np.column_stack([only, answer, answer - only]))
        return found[0], found[1], found[2]

    @property
    def sentence(self) -> str:
        """What was found, for both kinds of routers."""
        only, answer, apart = self.kinds()
        one, other = self.names
        return (
            f"With {one!r} instead of {other!r}, the first model of query-answer routers is right "
            f"more often by {points(answer)}, that of query-only routers by {points(only)}; the "
            f"difference between the two kinds is {points(apart)}."
        )


def _two_comparisons(request: Request, parts: Sequence[Part], names: tuple[str, str]) -> _Arms:
    test = request.test()
    comparisons = [
        compare_routers(
            part,
            test,
            request.settings,
            request.thresholds,
            progress=request.between(at / 2, (at + 1) / 2),
        )
        for at, part in enumerate(parts)
    ]
    return _Arms(comparisons[0], comparisons[1], names)


def _arm_row(first: Entry, second: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {"router": first.title, "needs": first.needs}
    for measure in ("top1", "vote"):
        one, other = getattr(first, measure), getattr(second, measure)
        found = estimates(np.column_stack([one, other, one - other]))
        row |= {f"first_{measure}": finite(found[0].value)}
        row |= {f"second_{measure}": finite(found[1].value)}
        row |= with_interval(measure, found[2])
    return row


def splits_of(request: Request) -> list[tuple[Part, Part]]:
    """The stored split, or as many new ones as asked for (every query then needs a gold answer)."""
    train, test = request.dataset.train, request.test()
    if request.n_splits == 1:
        return [(train, test)]
    whole = gold_whole(train, test)
    return [split_part(whole, TEST_SHARE, request.seed + at) for at in range(request.n_splits)]
