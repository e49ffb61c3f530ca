"""Small rewordings: what they do to a text, which routes move, and who may encode them."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from conftest import thinned_workspace
from refusals import refuses

import cascal
from cascal.compare.experiments import Request, run
from cascal.compare.rewording import REWORDINGS, reword, swap_letters
from cascal.dataset.dataset import load_dataset
from cascal.encode.encoders import load_encoder
from cascal.number_format import percent


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robustness")
    return load_dataset(thinned_workspace(folder, 20, 20), "demo")


@pytest.fixture(scope="module")
def router(small):
    return cascal.fit(small.train.votes, small.train.vectors).router()


def test_typos_swap_letters_inside_words_and_leave_numbers_alone():
    text = "Compute the greatest common divisor of 1234 and 987 by hand"
    typed = swap_letters(text, random.Random(1))  # noqa: S311
    assert typed != text
    assert sorted(typed) == sorted(text)
    assert [word for word in typed.split() if word.isdigit()] == ["1234", "987"]
    assert [word[0] for word in typed.split()] == [word[0] for word in text.split()]
    unchanged = swap_letters("12 + 3 = ?", random.Random(1))  # noqa: S311
    assert unchanged == "12 + 3 = ?"


def test_routes_are_compared_with_those_of_the_texts_as_they_were(small, router):
    encoder, part = load_encoder("hashing"), small.test
    found = reword(router, part.texts, part.vectors.vectors, encoder)
    assert [one.kind for one in found] == list(REWORDINGS)
    for one in found:
        assert (one.before == router.route(part.vectors).selected[:, 0]).all()
        after = router.route(encoder.encode(one.texts)).selected[:, 0]
        assert (one.flipped == (one.before != after)).all()
        assert (one.leads >= 0).all()
    again = reword(router, part.texts, part.vectors.vectors, encoder)
    assert [one.texts for one in again] == [one.texts for one in found]


def test_the_report_counts_the_routes_that_move(small, router):
    report = run("robustness", Request(dataset=small))
    found = reword(router, small.test.texts, small.test.vectors.vectors, load_encoder("hashing"))
    shares = [one.flipped.mean() for one in found]
    assert [row["flipped"] for row in report.rows] == pytest.approx(shares)
    assert f"{percent(1 - np.mean(shares), 1)} of the routes" in report.sentence
    assert report.passed == (max(shares) < 0.1)
    moved = [row for row in report.rows if row["flipped"]]
    assert moved
    assert all(" → " in row["change"] and row["example"] for row in moved)
    assert all(row["flipped_low"] <= row["flipped"] <= row["flipped_high"] for row in report.rows)


def test_a_host_that_only_the_data_set_names_gets_no_text(small):
    away = replace(small, encoder="endpoint:e5@http://127.0.0.1:9/v1")
    with refuses("foreign-host", "127.0.0.1:9", "--encoder"):
        run("robustness", Request(dataset=away))


def test_another_encoder_than_that_of_the_vectors_is_refused(small):
    with refuses("other-encoder", "hashing"):
        run("robustness", Request(dataset=small, encoder="all-MiniLM-L6-v2"))
