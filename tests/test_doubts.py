"""What makes a consensus doubtful: found without labels, for every preset, in any order."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from refusals import refuses
from test_diagnose import (
    case_of,
    few_confidences,
    guessing,
    inverted_confidence,
    one_letter,
    random_confidence,
    reversed_rankings,
    sisters,
    three_best,
    two_models,
    unstable_ranking,
    with_answers,
    world,
)

import cascal
from cascal.datatypes import NO_ANSWER, NotApplicable
from cascal.diagnose import CHECKS
from cascal.doubts import TITLES, find_doubts
from cascal.doubts.confidences import confidences, surer_where_wrong, without_signal
from cascal.doubts.pool import echo, kinships, shared_rejections
from cascal.doubts.rankings import N_SAMPLES, first_models, undecided
from cascal.score import consensus_scores
from cascal.settings import PRESETS, FitSettings


@cache
def outvoted_minority():
    """Two better models oppose six weak ones, which often fall for the same distractor."""
    part = world(n=1500, n_models=8, gap=0.0)
    random = np.random.default_rng(3)
    accuracy = np.array([0.2] * 6 + [0.6, 0.6])
    right = random.random(part.votes.shape) < accuracy
    tempting = random.random(part.votes.shape) < 0.8
    scattered = (part.gold[:, None] + 2 + random.integers(4, size=right.shape)) % 6
    wrong = np.where(tempting, (part.gold[:, None] + 1) % 6, scattered)
    return case_of(with_answers(part, np.where(right, part.gold[:, None], wrong)))


def codes(case) -> set[str]:
    return {one.code for one in case.doubts}


def test_a_healthy_consensus_has_no_doubts():
    assert case_of(world()).doubts == ()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (unstable_ranking, "CAS201"),
        (sisters, "CAS204"),
        (outvoted_minority, "CAS204"),
        (three_best, "CAS206"),
        (inverted_confidence, "CAS302"),
        (guessing, "CAS406"),
        (one_letter, "CAS406"),
    ],
)
def test_every_doubt_is_raised_where_it_is_due(make, code):
    """With the sentence of the check, which reads gold answers in CAS201 alone."""
    case = make()
    (doubt,) = [one for one in case.doubts if one.code == code]
    found = CHECKS[code].find(case)
    assert (doubt.title, doubt.sentence) == (found.title, found.sentence) != ("", "")
    assert found.section == "issue"


def test_every_doubt_has_the_title_of_its_check():
    assert {code: CHECKS[code].title for code in TITLES} == TITLES


def test_doubts_read_no_gold_answer():
    """The rankings contradict the gold answers, which the check sees and a doubt must not."""
    case = reversed_rankings()
    assert CHECKS["CAS201"].find(case).section == "issue"
    assert "CAS201" not in codes(case)
    train = case.dataset.train
    blind = replace(train, gold=np.full(len(train), NO_ANSWER))
    assert case_of(blind, test=None).fit.fingerprint == case.fit.fingerprint
    assert case_of(blind, test=None).doubts == case.doubts


def test_noise_instead_of_confidences_is_an_issue_but_no_doubt():
    case = random_confidence()
    assert "CAS302" not in codes(case)
    assert CHECKS["CAS302"].find(case).sentence == without_signal(case.fit).issue


# A family, or an outvoted minority


def test_labels_on_the_shared_answers_tell_a_family_from_a_minority():
    """The check says the same of both; ten gold answers on the queries it lists do not."""
    right = {}
    for make in (sisters, outvoted_minority):
        case = make()
        train, pair = case.dataset.train, kinships(case.fit)[0]
        model = train.votes.models.index(pair.first)
        rows = shared_rejections(case.fit, pair)
        assert len(rows) == pair.shared
        assert (train.votes.answers[rows, model] != case.fit.consensus_answers[rows]).all()
        right[make] = (train.gold == train.votes.answers[:, model])[rows].mean()
        assert "either a family that votes as a bloc, or a strong minority" in echo(case.fit).issue
    assert right[sisters] < 0.2
    assert right[outvoted_minority] > 0.8


def test_the_ten_queries_to_label_are_random_ones_where_the_pair_opposes_the_consensus():
    case = sisters()
    train, pair = case.dataset.train, kinships(case.fit)[0]
    table = CHECKS["CAS204"].evidence(case).table
    shared = {train.votes.query_ids[row] for row in shared_rejections(case.fit, pair)}
    listed = [row["query"] for row in table]
    assert len(set(listed)) == 10
    assert set(listed) <= shared
    assert listed != sorted(shared)[:10]
    row = train.votes.query_ids.index(listed[0])
    vote = train.votes.answers[row, train.votes.models.index(pair.first)]
    assert table[0]["text"] == train.texts[row]
    assert table[0]["the pair m0 and m1"] == train.shown_answer(row, vote)
    assert table[0]["the consensus"] == train.shown_answer(row, case.fit.consensus_answers[row])
    assert CHECKS["CAS204"].evidence(case_of(world())).table == ()


def test_an_answer_is_shown_as_letter_and_text_of_its_option():
    part = world(n=40)
    options = (("red", "blue"), *part.options[1:])
    part = replace(part, options=options)
    assert part.shown_answer(0, 1) == "B: blue"
    assert part.shown_answer(0, 4) == "E"
    assert part.shown_answer(0, NO_ANSWER) == ""
    free = replace(part, votes=replace(part.votes, n_options=None))
    assert free.shown_answer(0, 1) == ""


# Who is best


def test_first_models_are_those_of_a_consensus_of_half_the_queries():
    """By the fit's own groups and method, whatever the order of rows and models."""
    case = three_best()
    votes, fitted = case.dataset.train.votes, case.fit
    found = first_models(fitted)
    assert len(found) == N_SAMPLES
    random = np.random.default_rng(0)
    rows, columns = random.permutation(votes.shape[0]), random.permutation(votes.shape[1])
    moved = votes.take(rows, columns)
    vectors = case.dataset.train.vectors.take(moved.query_ids)
    assert first_models(cascal.fit(moved, vectors, fitted.settings)) == found
    sentence = undecided(fitted).issue
    for model in set(found):
        n = found.count(model)
        assert f"{model} {n} times" in sentence or (n == 1 and f"{model} once" in sentence)


def test_a_model_far_ahead_is_first_in_every_half():
    part = world(gap=0.0)
    answers = np.array(part.votes.answers)
    answers[:, 2] = part.gold
    fitted = case_of(with_answers(part, answers)).fit
    assert first_models(fitted) == ("m2",) * N_SAMPLES
    whole = consensus_scores(fitted.votes, "dawid_skene").filled.mean(axis=0)
    assert fitted.votes.models[whole.argmax()] == "m2"
    assert undecided(fitted).issue is None


def test_too_few_queries_or_models_do_not_say_who_is_best():
    with refuses("too-little-data", 40, 3, kind=NotApplicable):
        first_models(case_of(two_models(world())).fit)


# Confidences


@pytest.mark.parametrize("preset", PRESETS)
def test_inverted_confidences_are_found_under_every_preset(preset):
    upright, settings = world(n=1200, n_models=8, base=0.7, gap=0.2), FitSettings.preset(preset)
    inverted = with_answers(upright, upright.votes.answers, -1.5 - upright.votes.logprobs)
    one, other = (cascal.fit(part.votes, part.vectors, settings) for part in (upright, inverted))
    learnt = confidences(one)
    assert (learnt.slope > 2 * learnt.slope_error).all()
    assert surer_where_wrong(one).issue is without_signal(one).issue is None
    assert confidences(other).slope == pytest.approx(-learnt.slope)
    assert surer_where_wrong(other).issue.startswith("8 of 8 models")


def test_slopes_follow_their_models_in_any_order():
    train = inverted_confidence().dataset.train
    moved = train.with_models(train.votes.models[::-1])
    settings = FitSettings(consensus="dawid_skene")
    one = confidences(cascal.fit(train.votes, train.vectors, settings))
    other = confidences(cascal.fit(moved.votes, moved.vectors, settings))
    assert other.slope[::-1] == pytest.approx(one.slope, abs=1e-12)


def test_the_evidence_of_confidences_names_every_slope_with_its_error():
    case = inverted_confidence()
    shown, learnt = CHECKS["CAS302"].evidence(case), confidences(case.fit)
    assert list(shown.values) == sorted(learnt.slope.tolist(), reverse=True)
    for row, value, error in zip(shown.table, shown.values, shown.errors, strict=True):
        m = case.fit.models.index(row["model"])
        assert value == learnt.slope[m]
        assert error == learnt.slope_error[m]
        assert row["slope"] == pytest.approx(learnt.slope[m], abs=5e-4)
    assert shown.table[-1]["model"] in surer_where_wrong(case.fit).issue


def test_too_few_log_probabilities_abstain():
    with refuses("too-little-data", 30, kind=NotApplicable):
        confidences(few_confidences().fit)


def test_a_doubt_is_looked_for_once_for_all_thresholds():
    case = sisters()
    assert find_doubts(case.fit, case.halves) == case.doubts
    assert case.doubts is case.doubts
