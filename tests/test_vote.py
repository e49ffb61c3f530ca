"""One plurality and one tie rule: worked by hand, against a plain loop, and its laws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cascal.datatypes import NO_ANSWER
from cascal.vote import plurality, standardise, winning_voters

NO, NAN = NO_ANSWER, math.nan


@pytest.mark.parametrize(
    ("answers", "z", "winner"),
    [
        ([0, 1, 1], [9, -9, -9], 1),  # two of three, however sure the third is
        ([0, 1, 2], [0, 0, 0], 0),  # no log-probability: the best-ranked
        ([0, 1, 2], [-1, 0.5, 0.4], 1),  # three voters: the largest z
        ([0, 1], [-3, 0], 1),  # unknown = 0 beats a model less sure than usual
        ([0, 1, 0, 1], [0.9, 0.5, -0.3, 0.2], 1),  # 0.6 against 0.7: the sum and not the largest
        ([NO, 1, 2], [5, 0, 0], 1),  # who does not answer does not vote
        ([NO, NO, 2], [0, 0, -8], 2),
        ([NO, NO, NO], [1, 2, 3], -1),
        ([2, 0, 0, 1, 1], [9, 0.2, 0.1, 0.1, 0.2], 1),  # equal sums: the best-ranked of the tied
        ([1, 0, 0, 0, 1, 1], [0.1, 0.3, 0.2, 0.1, 0.2, 0.3], 0),  # equal but for rounding
    ],
)
def test_votes_by_hand(answers, z, winner):
    given, sure = np.array([answers]), np.array([z], dtype=float)
    assert winning_voters(given, sure).tolist() == [winner]
    wanted = NO if winner < 0 else answers[winner]
    assert plurality(given, sure).tolist() == [wanted]


def plain_winner(answers, z):
    """The rule in words, one query at a time."""
    voters = {}
    for place, answer in enumerate(answers):
        if answer != NO:
            voters.setdefault(answer, []).append(place)
    if not voters:
        return -1
    best = max(
        voters.values(), key=lambda places: (len(places), sum(z[at] for at in places), -places[0])
    )
    return best[0]


@pytest.mark.parametrize("n_voters", [0, 1, 2, 3, 7, 12])
@pytest.mark.parametrize("known", [0.0, 0.5, 1.0])
def test_the_vote_equals_a_plain_loop(n_voters, known):
    random = np.random.default_rng(n_voters)
    answers = random.integers(-1, 4, size=(400, n_voters))
    z = np.where(random.random(answers.shape) < known, random.normal(size=answers.shape), 0.0)
    expected = [plain_winner(*row) for row in zip(answers.tolist(), z.tolist(), strict=True)]
    assert winning_voters(answers, z).tolist() == expected
    wanted = [NO if at < 0 else row[at] for row, at in zip(answers, expected, strict=True)]
    assert plurality(answers, z).tolist() == wanted


def test_the_numbering_of_answers_and_a_common_scale_of_confidence_do_not_matter():
    random = np.random.default_rng(5)
    answers = random.integers(-1, 4, size=(300, 6))
    z = random.normal(size=answers.shape)
    renamed = np.where(answers == NO, NO, np.array([7, 2, 90, 4])[answers])
    assert np.array_equal(winning_voters(answers, z), winning_voters(renamed, z))
    assert np.array_equal(winning_voters(answers, z), winning_voters(answers, 3.0 * z))


def test_known_confidences_decide_whatever_the_order_of_the_voters():
    random = np.random.default_rng(6)
    answers = random.integers(-1, 4, size=(300, 7))
    z = random.normal(size=answers.shape)
    order = random.permutation(7)
    turned = plurality(answers[:, order], z[:, order])
    assert np.array_equal(plurality(answers, z), turned)


def test_an_unknown_log_probability_is_the_confidence_of_an_average_vote():
    z = standardise(np.array([[-2.0, NAN], [-0.5, -1.0]]), np.array([-1.0, -3]), np.array([0.5, 2]))
    assert z.tolist() == [[-2.0, 0.0], [1.0, 1.0]]
