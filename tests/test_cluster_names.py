"""Clusters named by what sets them apart."""

from __future__ import annotations

import time

import numpy as np
import pytest
from refusals import refuses

from cascal.cluster_names import UNNAMED, Namer, cluster_names

GAS = ["The pressure of the gas rises", "gas pressure and volume", "volume of a gas at 300 kelvin"]
COURT = [
    "the defendant before the court",
    "court and defendant",
    "a defendant appeals to the court",
]


def test_names_are_the_terms_of_a_cluster_worked_by_hand():
    """cat: 2/3 · ln(1 + 3/2) = 0.611 beats dog: 1/3 · ln(1 + 3/4) = 0.187; owl is alone."""
    texts = ["cat", "cat", "dog", "dog", "dog", "dog", "owl"]
    names = cluster_names(texts, np.array([0, 0, 0, 1, 1, 1, -1]), 2)
    assert names == [("cat", "dog"), ("dog",)]


def test_clusters_are_told_apart_and_numbers_and_stop_words_left_out():
    names = cluster_names(GAS + COURT, np.array([0, 0, 0, 1, 1, 1]), 2)
    assert names[0][0] == "gas"
    assert {"court", "defendant"} <= set(names[1])
    assert not {"the", "300"} & set(names[0] + names[1])


def test_a_name_does_not_say_a_thing_twice():
    texts = ["tax law", "tax law", "tax laws", "tax lawyers", "river"]
    (names,) = cluster_names(texts, np.zeros(5, dtype=int), 1, n_terms=5)
    assert "river" in names
    assert sum("tax" in term for term in names) == 1
    assert sum("law" in term for term in names) == 1


def test_ties_are_alphabetical_in_any_order_of_texts():
    texts = ["zebra", "apple", "mango", "berry"]
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        shuffled = [texts[row] for row in order]
        assert cluster_names(shuffled, np.zeros(4, dtype=int), 1) == [("apple", "berry", "mango")]


def test_an_empty_cluster_and_one_without_words_are_unnamed():
    assert cluster_names(["apple", "12 + 3 = ?"], np.array([0, 2]), 3) == [
        ("apple",),
        UNNAMED,
        UNNAMED,
    ]
    assert cluster_names(["the", "42"], np.array([0, 0]), 1) == [UNNAMED]
    assert cluster_names([], np.array([], dtype=int), 2) == [UNNAMED, UNNAMED]


def test_words_that_ask_and_latex_commands_name_nothing():
    texts = [r"Calculate the following: \frac{\mathrm{enthalpy}}{2}", "Which statement is true?"]
    assert cluster_names(texts, np.array([0, 1]), 2) == [("enthalpy",), UNNAMED]


@pytest.mark.parametrize("assignment", [[0], [0, 2], [[0, 1]]])
def test_an_assignment_that_does_not_fit_is_refused(assignment):
    with refuses("wrong-shape", np.shape(assignment), 2):
        Namer(["apple", "pear"]).names(np.array(assignment), 2)


def test_the_number_of_terms_is_an_argument():
    namer = Namer(["apple", "pear", "plum", "grape"])
    assert namer.names(np.zeros(4, dtype=int), 1, n_terms=2) == [("apple", "grape")]


@pytest.mark.bench
def test_twenty_thousand_texts_are_counted_and_named_in_time():
    """45 words a text, every second one a stop word, as in English."""
    random = np.random.default_rng(0)
    words = np.array(["w" + "".join(chr(97 + int(d)) for d in str(n)) for n in range(20_000)])
    drawn = words[random.zipf(1.3, size=(20_000, 45)) % len(words)]
    drawn[:, ::2] = "the"
    texts = [" ".join(row) for row in drawn]
    Namer(texts[:1])  # loads scikit-learn, which is not what is measured
    started = time.perf_counter()
    namer = Namer(texts)
    fitted = time.perf_counter()
    namer.names(random.integers(0, 50, len(texts)), 50)
    named = time.perf_counter()
    assert fitted - started < 2.0
    assert named - fitted < 0.030
