"""Whether right and wrong can be read from the answers, or their source knows better.

A score that comes beside an answer is the source's own verdict. Where answers are often right for
the source and wrong for us, or the other way round, its judge is finer than our reading: then its
scores decide, of free answers and of choices alike. Of choices one difference is enough where the
source read the letters itself. A user may choose either word for all answers. Where hardly any
model is right, numbers tell nothing about the models. All this is said at import and on every page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from cascal.dataset.part import true_answers
from cascal.datatypes import NO_ANSWER, BoolArray, FloatArray, IntArray, Right, Split, Votes
from cascal.evaluate import correctness
from cascal.number_format import counted, percent
from cascal.store import Workspace

MOST_DIFFERENT = 0.05
"""Share of answers of which the source may say otherwise before it decides."""
HARDLY_ANY = 0.05
"""Share of right answers that the best model has at least where answers are read as they are."""
MIN_QUERIES = 20
"""Queries below which a model's share of right answers says nothing."""
_RIGHT = 0.5
_N_EXAMPLES = 3


_SOURCE_DECIDES = (
    "Its scores tell right from wrong there; the votes still compare the answers as read. "
    "`--right reading` at import takes the answers as read instead."
)
_LOOK_FIRST = (
    f"{_SOURCE_DECIDES} Look at these queries first: gold answers may count from another number, "
    "or a score mean something else than right or wrong."
)
_TOO_FEW = (
    "These are few, so the answers as read tell right from wrong. `--right source` at import takes "
    "the scores instead."
)
_AS_CHOSEN: dict[Right, str] = {
    "source": "Its scores tell right from wrong, as was chosen; the votes still compare the "
    "answers as read.",
    "reading": "The answers as read tell right from wrong, as was chosen.",
}
LeftTo = Literal["none", "free", "choices", "all"]
"""Answers of which the source's word counts: of no query, of free ones, of choices, of all."""

_LEFT_TO: dict[tuple[bool, bool], LeftTo] = {
    (False, False): "none",
    (True, False): "free",
    (False, True): "choices",
    (True, True): "all",
}
"""By whether the source is finer about free answers, and about choices."""


class Answers(Protocol):
    """Queries with their votes (Q, M), gold (Q,) and the source's word (Q, M), nan = nothing."""

    @property
    def votes(self) -> Votes:
        """What the models answered."""

    @property
    def gold(self) -> IntArray:
        """Answer indices, NO_ANSWER = none."""

    @property
    def judged(self) -> FloatArray:
        """From 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the answers of a data set say about being right.

    left_to : whose answers are right or wrong as the source's scores say
    doubts  : sentences for a user, none where nothing is wrong
    notes   : where the source says otherwise for so few answers that nothing follows
    """

    left_to: LeftTo
    doubts: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_reading(
    parts: Sequence[Answers], right: Right = "auto", *, letters_given: bool = False
) -> Reading:
    """Compare the source's word with the answers of all parts of a data set.

    letters_given: whether the source read the letters of most scored choices itself
    """
    free = _Differences(parts, free=True)
    chosen = _Differences(parts, free=False)
    free_finer = free.share > MOST_DIFFERENT
    chosen_finer = chosen.share > MOST_DIFFERENT or (letters_given and chosen.n_differ > 0)
    left_to: LeftTo = "all" if right == "source" else "none"
    if right == "auto":
        left_to = _LEFT_TO[free_finer, chosen_finer]
    as_chosen = _AS_CHOSEN.get(right)
    loud = (
        free.sentence(as_chosen or _SOURCE_DECIDES) if free_finer else "",
        chosen.sentence(as_chosen or _LOOK_FIRST) if chosen_finer else "",
        _hardly_any_right(parts, left_to),
    )
    quiet = (
        "" if free_finer else free.sentence(as_chosen or _TOO_FEW),
        "" if chosen_finer else chosen.sentence(as_chosen or _TOO_FEW),
    )
    doubts, notes = (tuple(one for one in said if one) for said in (loud, quiet))
    return Reading(left_to=left_to, doubts=doubts, notes=notes)


@dataclass(frozen=True, eq=False)
class _Read:
    """The answers of one split as they are stored."""

    votes: Votes
    gold: IntArray
    judged: FloatArray


def reading_of(workspace: Workspace, dataset: str) -> Reading:
    """The same of a stored data set, whether it has vectors or not."""
    splits: tuple[Split, ...] = ("train", "test")
    every = (workspace.answers(dataset, split) for split in splits)
    return read_reading(
        [_Read(stored.votes(), true_answers(stored)[0], stored.scores()) for stored in every],
        workspace.dataset(dataset).right,
        letters_given=workspace.letters_given(dataset),
    )


class _Differences:
    """Answers that are right as read and wrong for the source, or the other way round."""

    def __init__(self, parts: Sequence[Answers], *, free: bool) -> None:
        self._free = free
        self.n_both = self.n_differ = 0
        self.examples: list[str] = []
        for part in parts:
            read = correctness(part.votes, part.gold)
            of_kind = ((part.votes.option_counts == 0) == free)[:, None]
            both = of_kind & np.isfinite(read) & np.isfinite(part.judged) & part.votes.answered
            differ = both & ((read > _RIGHT) != (np.where(both, part.judged, 0.0) > _RIGHT))
            self.n_both += int(both.sum())
            self.n_differ += int(differ.sum())
            self.examples += _examples(part.votes, read, differ)

    @property
    def _scored(self) -> str:
        if self._free:
            return counted(self.n_both, "free answer")
        return counted(self.n_both, "answer to choices", "answers to choices")

    @property
    def share(self) -> float:
        """Of the answers of which both say something."""
        return self.n_differ / self.n_both if self.n_both else 0.0

    def sentence(self, consequence: str) -> str:
        """What differs, with examples; "" where nothing does."""
        if not self.n_differ:
            return ""
        share = (
            f"{percent(self.share)}" if self.share > MOST_DIFFERENT else f"{percent(self.share, 1)}"
        )
        return (
            f"The source scored {self._scored} itself and says otherwise than "
            f"comparing them with the gold answers for {self.n_differ:,} ({share}): "
            f"{'; '.join(self.examples[:_N_EXAMPLES])}. {consequence}"
        )


def _examples(votes: Votes, read: FloatArray, differ: BoolArray) -> list[str]:
    return [
        f"{votes.query_ids[row][:40]!r} of {votes.models[column][:40]} is "
        f"{'right' if read[row, column] < _RIGHT else 'wrong'} for the source"
        for row, column in np.argwhere(differ)[:_N_EXAMPLES]
    ]


def _hardly_any_right(parts: Sequence[Answers], left_to: LeftTo) -> str:
    right = np.vstack([_right(part, left_to) for part in parts])
    counted = np.isfinite(right)
    enough = counted.sum(axis=0) >= MIN_QUERIES
    if not enough.any():
        return ""
    n_queries = counted.sum(axis=0)[enough]
    best = float((np.where(counted, right, 0.0).sum(axis=0)[enough] / n_queries).max())
    if best < HARDLY_ANY:
        return (
            f"Hardly any answer is right: the best model has {percent(best, 1)}. The answers "
            "or the gold "
            "answers are probably read wrongly; look at some queries before you believe a number."
        )
    chance = _chance(parts)
    if best < chance - 2.0 * np.sqrt(chance * (1.0 - chance) / n_queries.min()):
        return (
            f"Every model is below chance: the best has {percent(best, 1)}, guessing "
            f"{percent(chance, 1)}. The "
            "gold answers may count from another number, or belong to other queries."
        )
    return ""


def told_by_source(part: Answers, left_to: LeftTo) -> BoolArray:
    """(Q,) queries of which the source says anything, where its word counts."""
    told = np.asarray(np.isfinite(part.judged).any(axis=1))
    if left_to in ("free", "choices"):
        told &= (part.votes.option_counts == 0) == (left_to == "free")
    return np.zeros_like(told) if left_to == "none" else told


def judged_there(part: Answers, told: BoolArray) -> FloatArray:
    """(Q, M) the source's word; of responses it left out there, whether they are right as read."""
    silent = told[:, None] & np.isnan(part.judged)
    return np.where(silent, correctness(part.votes, part.gold), part.judged)


def _right(part: Answers, left_to: LeftTo) -> FloatArray:
    told = told_by_source(part, left_to)
    gold = np.where(told, NO_ANSWER, part.gold)
    return correctness(part.votes, gold, judged_there(part, told))


def _chance(parts: Sequence[Answers]) -> float:
    """Share of right answers of a guess among the options; 0 where an answer is free."""
    counts = np.concatenate([part.votes.option_counts[part.gold != NO_ANSWER] for part in parts])
    if not len(counts):
        return 0.0
    return float(np.where(counts > 0, 1.0 / np.maximum(counts, 1), 0.0).mean())
