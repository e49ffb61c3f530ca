"""CAS305 and its evidence: queries that are there twice, and what the gain is without them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cascal.computing.remembered import remembered
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray, IntArray, read_only
from cascal.diagnose.evidence import Evidence, largest_tasks
from cascal.diagnose.finding import check
from cascal.diagnose.quality import (
    NEAR_DUPLICATE,
    TrainingQuality,
    compared_vectors,
    leaked_queries,
    repeats,
    training_quality,
)
from cascal.doubts.measure import Look, Measure, look_at
from cascal.encode.neighbours import nearest
from cascal.intervals import Estimate, estimates
from cascal.number_format import agreeing, counted, decimal, percent
from cascal.verdicts.verdict import Decision, decision, points

LEAK = "CAS305"
DUPLICATE_SHARE, LEAKED_SHARE = 0.05, 0.01
MOST_PAIRS = 100
"""As many repeated pairs of each kind are listed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RepeatedPairs:
    """Queries that repeat a training query word for word or in other words.

    test, train   : (t,), (n,) rows that repeat one, the nearest pairs first
    test_of, train_of : rows of the training queries that they repeat; for `train` an earlier one
    test_cosine, train_cosine : how near the vectors of each pair lie
    """

    test: IntArray
    test_of: IntArray
    test_cosine: FloatArray
    train: IntArray
    train_of: IntArray
    train_cosine: FloatArray


@remembered
def _repeated_tests(dataset: Dataset) -> tuple[IntArray, IntArray, FloatArray]:
    """Test queries that repeat a training query, the nearest first; which one, and how near."""
    rows = compared_vectors(dataset)
    tested = rows[:0] if dataset.test is None else dataset.test.vectors.vectors
    cosine, of = nearest(np.asarray(tested, np.float32), rows)
    test = np.flatnonzero(cosine >= NEAR_DUPLICATE)
    test = test[np.argsort(-cosine[test], kind="stable")]
    return read_only(test), read_only(of[test]), read_only(cosine[test])


@remembered
def repeated_pairs(dataset: Dataset) -> RepeatedPairs:
    """The pairs of a data set, among the training queries that are compared."""
    rows = compared_vectors(dataset)
    twice = np.flatnonzero(repeats(dataset))
    near = [nearest(rows[row : row + 1], rows[:row]) for row in twice]
    train_of = np.array([int(place[0]) for _, place in near], dtype=np.int64)
    likeness = np.array([float(cosine[0]) for cosine, _ in near])
    test, test_of, test_cosine = _repeated_tests(dataset)
    order = np.argsort(-likeness, kind="stable")
    return RepeatedPairs(
        test=test,
        test_of=test_of,
        test_cosine=test_cosine,
        train=read_only(twice[order]),
        train_of=read_only(train_of[order]),
        train_cosine=read_only(likeness[order]),
    )


@dataclass(frozen=True, kw_only=True)
class WithoutRepeats:
    """What a router gains over something else, with and without repeated test queries.

    n_repeated of n_test queries repeat a training query; over : what it is compared with, in words;
    gains are None without gold answers, that without them also where no other query is left
    """

    n_repeated: int
    n_test: int
    over: str
    gain: Estimate | None
    gain_without: Estimate | None

    @property
    def short(self) -> str:
        """How many test queries are repeated, with the gain without them, beside a headline."""
        said = self._said
        if self.gain_without is None or not self.n_repeated:
            return said
        return f"{said}; without them {points(self.gain_without)} over {self.over}"

    @property
    def correction(self) -> str:
        """What a headline says of the gain where without them another decision would be made:
        "not proven without repeats"; else "". The gain without them stands in `short`.
        """
        gain, left = self.gain, self.gain_without
        if gain is None or left is None or decision(left) == decision(gain):
            return ""
        words: dict[Decision, str] = {
            "route": "proven better without repeats",
            "do not route": "proven worse without repeats",
            "undecided": "not proven without repeats",
        }
        return words[decision(left)]

    @property
    def _said(self) -> str:
        repeat = agreeing(self.n_repeated, "repeats", "repeat")
        tested = counted(self.n_test, "test query")
        return f"{self.n_repeated:,} of {tested} {repeat} a training query, or nearly"

    @property
    def sentence(self) -> str:
        """How many test queries are repeated, and what that does to the gain."""
        said = self._said
        if self.gain is None or self.gain_without is None or not self.n_repeated:
            return f"{said}."
        return (
            f"{said}: without them the gain over {self.over} is {points(self.gain_without)}, with "
            f"them {points(self.gain)}."
        )


def without_repeats(snapshot: Snapshot) -> WithoutRepeats | None:
    """The gain of a router with and without the repeated test queries; None without a test part."""
    test, result = snapshot.dataset.test, snapshot.evaluation
    if test is None:
        return None
    gained = None
    if result is not None:
        gained = result.top1_right - result.model_right[:, snapshot.constant.model]
    over = f"always asking {snapshot.constant.name}"
    return _both_ways(_repeated_tests(snapshot.dataset)[0], len(test), over, gained)


def _both_ways(
    repeated: IntArray, n_test: int, over: str, gained: FloatArray | None
) -> WithoutRepeats:
    """The mean of what is gained per test query (Q,), with and without the rows `repeated`."""
    gains: list[Estimate | None] = [None, None]
    if gained is not None:
        kept = gained.copy()
        kept[repeated] = np.nan
        gains = [
            one if one.n else None
            for column in (gained, kept)
            for one in estimates(column[:, None])
        ]
    return WithoutRepeats(
        n_repeated=len(repeated), n_test=n_test, over=over, gain=gains[0], gain_without=gains[1]
    )


def caution(snapshot: Snapshot) -> WithoutRepeats | None:
    """What to say beside every number of the test queries; None where CAS305 finds no leak."""
    dataset = snapshot.dataset
    if snapshot.evaluation is None or not len(compared_vectors(dataset)):
        return None
    return without_repeats(snapshot) if leaked_queries(dataset).mean() >= LEAKED_SHARE else None


def caution_between(before: Snapshot, after: Snapshot, name: str) -> WithoutRepeats | None:
    """The same beside what one state gains over another, called `name`, on the same test queries.

    A test query counts as repeated where either state learnt from what it repeats.
    """
    found = caution(after) or caution(before)
    if found is None:
        return None
    repeated = np.union1d(*(_repeated_tests(one.dataset)[0] for one in (before, after)))
    old, new = before.evaluation, after.evaluation
    gained = None if old is None or new is None else new.top1_right - old.top1_right
    if gained is not None and not np.nan_to_num(gained).any():
        gained = None  # nothing is gained or lost on any query: no gain to be cautious of
    return _both_ways(repeated, found.n_test, name, gained)


def pair_rows(dataset: Dataset, most: int | None = None) -> Iterator[dict[str, object]]:
    """Rows of a table with both queries of a pair: repeated test queries first, then training ones.

    At most `most` of either kind, without it all of them; the nearest first.
    """
    found, train = repeated_pairs(dataset), dataset.train
    parts = [("training query", train, found.train, found.train_of, found.train_cosine)]
    if dataset.test is not None:
        tested = ("test query", dataset.test, found.test, found.test_of, found.test_cosine)
        parts.insert(0, tested)
    for kind, part, rows, originals, cosines in parts:
        for row, of, cosine in zip(rows[:most], originals[:most], cosines[:most], strict=True):
            same = part.texts[row] == train.texts[of]
            yield {
                "what repeats": kind,
                "its id": part.votes.query_ids[row],
                "query": part.texts[row],
                "repeats this training query": train.texts[of],
                "id of that": train.votes.query_ids[of],
                "likeness": "word for word" if same else decimal(cosine, 3),
            }


def _repeats(snapshot: Snapshot) -> Evidence:
    twice = repeats(snapshot.dataset)
    tasks = snapshot.dataset.train.votes.tasks[: len(twice)]
    by_task = largest_tasks("share that repeats an earlier query", tasks, twice, DUPLICATE_SHARE)
    return replace(by_task, table=tuple(pair_rows(snapshot.dataset, MOST_PAIRS)))


def _what_it_changes(snapshot: Snapshot) -> str:
    changed = without_repeats(snapshot)
    return "" if changed is None else f" Counted by test queries, {changed.sentence}"


def _word_for_word(found: TrainingQuality) -> str:
    """How many of both kinds have the same text."""
    if not found.duplicates and not found.leaked:
        return "none of them word for word"
    return f"word for word {found.duplicates:,} and {found.leaked:,} of them"


@check(
    "CAS305",
    "Duplicates or leakage",
    f"Less than {percent(DUPLICATE_SHARE)} of the training queries repeat another, and less than "
    f"{percent(LEAKED_SHARE)} repeat a test query.",
    _repeats,
)
def repeated(snapshot: Snapshot) -> Look:
    """Queries that are in there twice, or in the test set too; near ones by their vectors."""
    found = training_quality(snapshot.dataset)
    n = max(1, found.n_compared)
    twice, leaked = found.near_duplicates / n, found.near_leaked / n
    return look_at(
        Measure(name="Training queries that repeat another", value=twice, rule=DUPLICATE_SHARE),
        Measure(name="Training queries that repeat a test query", value=leaked, rule=LEAKED_SHARE),
        issue=lambda: (
            f"Of {counted(found.n_compared, 'training query')} {found.near_duplicates:,} "
            f"({percent(twice, 1)}) repeat an earlier one and {found.near_leaked:,} "
            f"({percent(leaked, 1)}) a test query, {_word_for_word(found)}: rankings count some "
            "questions twice, and accuracies look too good."
            f"{_what_it_changes(snapshot)}"
        ),
    )
