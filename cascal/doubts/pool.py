"""What the votes say about the pool: pairs of models that echo each other, and mere chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy

from cascal.datatypes import (
    BoolArray,
    FloatArray,
    IntArray,
    NotApplicable,
    Votes,
    option_letter,
)
from cascal.doubts.measure import Look, Measure, look_at, look_twice
from cascal.fit import Fit
from cascal.number_format import counted, decimal, percent

FAMILY_RATIO, FAMILY_P, FAMILY_MIN = 2.0, 1e-6, 20
"""A pair shares rejected answers this many times more often than expected, beyond chance."""
NEAR_CHANCE = 0.1
"""Agreement above that of the letters alone below which consensus carries no truth."""
ONE_LETTER, MIN_ANSWERS = 0.7, 20
"""A model with one letter in this share of its answers, if there are so many, does not choose."""


@dataclass(frozen=True)
class Kinship:
    """Two models that share answers which the consensus rejects: observed and expected counts."""

    first: str
    second: str
    shared: int
    expected: float

    @property
    def ratio(self) -> float:
        """How many times as often as expected."""
        return self.shared / max(self.expected, 1e-9)

    @property
    def chance(self) -> float:
        """Probability of as many or more by chance."""
        return float(scipy.special.pdtrc(self.shared - 1, max(self.expected, 1e-9)))

    @property
    def conspicuous(self) -> bool:
        """Whether they share far more than an average pair, by a number that chance rules out."""
        enough = self.shared >= FAMILY_MIN and self.ratio >= FAMILY_RATIO
        return enough and self.chance < FAMILY_P


def _rejected(fitted: Fit, votes: Votes) -> BoolArray:
    """(Q, M) votes for another answer than that of the consensus, in the caller's order."""
    return votes.answered & (votes.answers != fitted.consensus_answers[:, None])


def kinships(fitted: Fit) -> list[Kinship]:
    """Every pair, the most conspicuous first.

    expected = both reject the consensus as often as they do by themselves, and then give the same
    answer as often as an average pair does: Σ_q over queries is n·p_i·p_j·s with s from all pairs.
    """
    votes = fitted.caller_votes
    wrong = _rejected(fitted, votes)
    rate, n_queries = wrong.mean(axis=0), len(votes.query_ids)
    n_models = len(votes.models)
    pairs = [(i, j) for i in range(n_models) for j in range(i + 1, n_models)]
    both = np.array([(wrong[:, i] & wrong[:, j]).sum() for i, j in pairs], dtype=float)
    same = np.array([_same_rejected(votes, wrong, i, j).sum() for i, j in pairs])
    expected_both = np.array([n_queries * rate[i] * rate[j] for i, j in pairs])
    # hard queries make all models err together: the median pair says by how much
    ratios = both[expected_both > 0] / expected_both[expected_both > 0]
    common = float(np.median(ratios)) if len(ratios) else 1.0
    alike = float(np.median(same[both > 0] / both[both > 0])) if (both > 0).any() else 0.0
    expected = expected_both * common * alike
    found = [
        Kinship(votes.models[i], votes.models[j], int(same[at]), float(expected[at]))
        for at, (i, j) in enumerate(pairs)
    ]
    return sorted(found, key=lambda one: (-one.ratio, one.first))


def _same_rejected(votes: Votes, rejected: BoolArray, one: int, other: int) -> BoolArray:
    """(Q,) queries where two models give the same answer and the consensus rejects it."""
    same = votes.answers[:, one] == votes.answers[:, other]
    return np.asarray(rejected[:, one] & rejected[:, other] & same)


def shared_rejections(fitted: Fit, pair: Kinship) -> IntArray:
    """(n,) the caller's queries where a pair shares an answer that the consensus rejects."""
    votes = fitted.caller_votes
    one, other = votes.models.index(pair.first), votes.models.index(pair.second)
    return np.flatnonzero(_same_rejected(votes, _rejected(fitted, votes), one, other))


def conspicuous_pair(fitted: Fit, member: str | None = None) -> Kinship | None:
    """The most conspicuous pair, of those that hold `member` if one is named; None without any.

    NotApplicable below four models.
    """
    if len(fitted.models) < 4:
        raise NotApplicable("Families show only among four models or more.", code="too-little-data")
    pairs = (pair for pair in kinships(fitted) if pair.conspicuous)
    return next((pair for pair in pairs if member in (None, pair.first, pair.second)), None)


def echo(fitted: Fit) -> Look:
    """What CAS204 says: a pair agrees on answers that the consensus rejects.

    Votes alone cannot tell whether the pair or the consensus is right: of 13 such pairs in real
    pools the rejected answers of four were right more often than those of the consensus.
    """
    pair = conspicuous_pair(fitted)
    if pair is None:
        return look_at(*_largest_within(fitted), issue=str)
    return look_at(
        _shared(pair),
        issue=lambda: (
            f"{pair.first} and {pair.second} share {counted(pair.shared, 'answer')} that the "
            f"consensus rejects, {decimal(pair.ratio, 1)} times as many as an average pair of "
            "such models: either a family that votes as a bloc, or a strong minority that is "
            "outvoted. Ten labels on exactly these queries tell."
        ),
    )


def _largest_within(fitted: Fit) -> list[Measure]:
    """The pair that shares most within the rule; a larger ratio by few answers tells nothing."""
    within = [_shared(pair) for pair in kinships(fitted)]
    return [measure for measure in within if measure.holds][:1]


def _shared(pair: Kinship) -> Measure:
    name = f"Shared rejected answers of {pair.first} and {pair.second}, times an average pair"
    return Measure(name=name, value=pair.ratio, rule=FAMILY_RATIO, share=False)


def excess_agreement(votes: Votes) -> tuple[float, float]:
    """Mean share of equal answers over pairs of models, and what their letters alone would give.

    By chance two models agree on a letter as often as both use it, and on free answers never.
    NotApplicable for one model.
    """
    observed, expected = [], []
    n_letters = int(votes.answers.max(initial=0)) + 1
    for one in range(len(votes.models)):
        for other in range(one + 1, len(votes.models)):
            both = votes.answered[:, one] & votes.answered[:, other]
            if not both.any():
                continue
            pair = votes.answers[both][:, [one, other]]
            lettered = pair[votes.option_counts[both] > 0]
            letters = [np.bincount(side, minlength=n_letters) / len(pair) for side in lettered.T]
            observed.append(float((pair[:, 0] == pair[:, 1]).mean()))
            expected.append(float(letters[0] @ letters[1]) * len(pair) / max(len(lettered), 1))
    if not observed:
        raise NotApplicable("No two models answered the same query.", code="nothing-to-compare")
    return float(np.mean(observed)), float(np.mean(expected))


def near_chance(fitted: Fit) -> Look:
    """What CAS406 says: one model always gives the same letter, or models agree by accident."""
    votes = fitted.caller_votes
    if not votes.answered.any():
        raise NotApplicable("No model gave any answer.", code="no-answers")
    return look_twice(_one_letter(votes), _excess(votes))


def _excess(votes: Votes) -> Look:
    observed, expected = excess_agreement(votes)
    name, more = "Agreement above that of the letters alone", observed - expected
    return look_at(
        Measure(name=name, value=more, rule=NEAR_CHANCE, holds_if="at least"),
        issue=lambda: (
            f"Two models agree in {percent(observed)} of the queries, where their letters "
            "alone would "
            f"give {percent(expected)}: the pool is near chance, and agreement carries no "
            "truth. Use "
            "easier queries or better models."
        ),
    )


def _one_letter(votes: Votes) -> Look:
    """The largest share of one letter in the answers of a model with enough of them."""
    largest = max(_letter_shares(votes), default=None)
    if largest is None:
        return Look((), None)
    share, model, letter = largest
    return look_at(
        Measure(name=f"Answers {letter} of {model}", value=share, rule=ONE_LETTER),
        issue=lambda: (
            f"{model} answers {letter} in {percent(share)} of its answers: it is not "
            "choosing. Its votes are noise; leave it out, or look at its prompt."
        ),
    )


def _letter_shares(votes: Votes) -> Iterator[tuple[float, str, str]]:
    """Share of its most frequent letter, name and letter of models with enough such answers."""
    for m, model in enumerate(votes.models):
        answered = votes.answered[:, m]
        given = votes.answers[answered, m][votes.option_counts[answered] >= 3]
        if len(given) >= MIN_ANSWERS:
            counts: FloatArray = np.bincount(given) / len(given)
            yield float(counts.max()), model, option_letter(int(counts.argmax()))
