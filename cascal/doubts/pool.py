"""What the votes say about the pool: pairs of models that echo each other, and mere chance."""

from __future__ import annotations

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
from cascal.fit import Fit

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


def conspicuous_pair(fitted: Fit) -> Kinship | None:
    """The most conspicuous pair, None where no pair is; NotApplicable below four models."""
    if len(fitted.models) < 4:
        raise NotApplicable("Families show only among four models or more.", code="too-little-data")
    return next((pair for pair in kinships(fitted) if pair.conspicuous), None)


def echo(fitted: Fit) -> str | None:
    """What CAS204 says: a pair agrees on answers that the consensus rejects.

    Votes alone cannot tell whether the pair or the consensus is right: of 13 such pairs in real
    pools the rejected answers of four were right more often than those of the consensus.
    """
    pair = conspicuous_pair(fitted)
    if pair is None:
        return None
    return (
        f"{pair.first} and {pair.second} share {pair.shared:,} answers that the consensus rejects, "
        f"{pair.ratio:.1f} times as many as an average pair of such models: either a family that "
        "votes as a bloc, or a strong minority that is outvoted. Ten labels on exactly these "
        "queries tell."
    )


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


def near_chance(fitted: Fit) -> str | None:
    """What CAS406 says: models agree by accident, or one always gives the same letter."""
    votes = fitted.caller_votes
    if not votes.answered.any():
        raise NotApplicable("No model gave any answer.", code="no-answers")
    stuck = _stuck_model(votes)
    if stuck is not None:
        return stuck
    observed, expected = excess_agreement(votes)
    if observed >= expected + NEAR_CHANCE:
        return None
    return (
        f"Two models agree in {observed:.0%} of the queries, where their letters alone would give "
        f"{expected:.0%}: the pool is near chance, and agreement carries no truth. Use easier "
        "queries or better models."
    )


def letter_share(votes: Votes) -> tuple[float, str, int] | None:
    """The largest share of one letter in a model's answers, with model and letter.

    None where no model has enough answers of three or more options.
    """
    found = []
    for m, model in enumerate(votes.models):
        given = votes.answers[votes.answered[:, m], m]
        choices = votes.option_counts[votes.answered[:, m]]
        given = given[choices >= 3]
        if len(given) >= MIN_ANSWERS:
            counts: FloatArray = np.bincount(given) / len(given)
            found.append((float(counts.max()), model, int(counts.argmax())))
    return max(found, key=lambda one: one[0], default=None)


def _stuck_model(votes: Votes) -> str | None:
    largest = letter_share(votes)
    if largest is None or largest[0] < ONE_LETTER:
        return None
    share, model, letter = largest
    return (
        f"{model} answers {option_letter(letter)} in {share:.0%} of its answers: it is not "
        "choosing. Its votes are noise; leave it out, or look at its prompt."
    )
