"""The light without labels: three states where they are due, in words that claim no accuracy."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from test_diagnose import (
    case_of,
    collapsed,
    guessing,
    inverted_confidence,
    sisters,
    three_best,
    unstable_ranking,
    with_answers,
    world,
)

import cascal
from cascal import charts
from cascal.compare.experiments import Request, run
from cascal.dataset.label_questions import routing_question
from cascal.dataset.snapshot import take_snapshot
from cascal.dataset.to_label import queries_to_label
from cascal.datatypes import NO_ANSWER
from cascal.report import write_report
from cascal.settings import FitSettings, Thresholds
from cascal.verdicts.light import (
    HEADLINES,
    RECORD,
    RECORD_NOTE,
    UNIT,
    record_sentence,
    traffic_light,
)

TRUST_PAGE = (Path(__file__).parents[1] / "docs" / "trust.md").read_text(encoding="utf-8")


@cache
def clear_skills():
    """Every task has two skills, each with a model of its own; the models differ overall."""
    part = world(n=1600, n_models=8)
    random = np.random.default_rng(0)
    skill = np.argmax(part.vectors.vectors[:, 3:9], axis=1)
    accuracy = np.tile(np.linspace(0.5, 0.8, 8), (len(part), 1))
    accuracy[np.arange(len(part)), skill] = 0.98
    right = random.random(part.votes.shape) < accuracy
    wrong = (part.gold[:, None] + 1 + random.integers(5, size=right.shape)) % 6
    unknown = np.full(right.shape, np.nan)
    answered = with_answers(part, np.where(right, part.gold[:, None], wrong), unknown)
    return case_of(answered, FitSettings())


STATES = {
    clear_skills: ("agree", set()),
    collapsed: ("disagree", set()),
    unstable_ranking: ("unsure", {"CAS201", "CAS406"}),
    sisters: ("unsure", {"CAS201", "CAS204"}),
    three_best: ("unsure", {"CAS201", "CAS206", "CAS302"}),
    inverted_confidence: ("unsure", {"CAS302"}),
    guessing: ("unsure", {"CAS201", "CAS206", "CAS406"}),
}


@pytest.mark.parametrize("make", STATES)
def test_each_state_has_its_world_and_each_doubt_is_named(make):
    state, codes = STATES[make]
    light = make().light
    assert light.light == state
    assert {one.code for one in light.doubts} == codes
    assert light.opinion in light.sentence
    assert light.sentence.endswith(light.to_know)
    for doubt in light.doubts:
        assert f"{doubt.code} {doubt.title}" in light.sentence
    assert light.sentence.startswith(HEADLINES["unsure"]) == (state == "unsure")


def test_doubt_makes_any_opinion_unsure_and_neither_right_nor_wrong():
    for make in (clear_skills, collapsed):
        case = make()
        sure = traffic_light(case.halves, case.router.thresholds)
        assert sure.is_right(0.05) == (sure.light == "agree")
        assert sure.is_right(-0.05) == (sure.light == "disagree")
        unsure = replace(sure, doubts=sisters().doubts)
        assert unsure.light == "unsure"
        assert unsure.opinion == sure.opinion
        assert unsure.is_right(0.05) is unsure.is_right(-0.05) is None


def test_the_models_really_gain_where_they_agree_and_not_where_they_do_not():
    """Against the model they like best, which is what the light is about."""
    case = clear_skills()
    assert case.light.is_right(case.gain_over_liked_best.value)
    assert case.gain_over_liked_best.low > 0
    case = collapsed()
    assert case.light.is_right(case.gain_over_liked_best.value)
    best = case.evaluation.model_right[:, case.router.best_overall]
    assert case.gain_over_liked_best.value == np.mean(case.evaluation.top1_right - best)


def test_the_sentence_counts_queries_and_never_shows_the_score():
    """A mean consensus score reads like an accuracy and is none."""
    light = clear_skills().light
    shown = [float(one.replace(",", "")) for one in re.findall(r"\d[\d,]*\.?\d*", light.opinion)]
    known = {light.elsewhere, light.n, sum(light.sides), *light.sides}
    names = {float(one) for one in re.findall(r"\d+", light.constant)}
    assert set(shown) == known | names
    assert 0 < light.sides[1] < light.sides[0]
    assert sum(light.sides) <= light.elsewhere <= light.n
    assert light.to_dict()["unit"] == UNIT
    assert "not accuracy" in UNIT


def test_a_router_that_always_asks_one_model_says_so():
    light = collapsed().light
    assert (light.elsewhere, light.sides, light.mean) == (0, (0, 0), 0.0)
    assert "asks no other model" in light.opinion
    assert "Labels cannot tell whether routing pays" in light.to_know


def test_the_light_is_the_same_without_gold_answers():
    case = clear_skills()
    train = case.dataset.train
    blind = case_of(replace(train, gold=np.full(len(train), NO_ANSWER)), FitSettings(), test=None)
    assert blind.light == case.light
    assert blind.gain_over_liked_best is None


def test_thresholds_move_the_opinion_and_not_the_doubts():
    case = sisters()
    moved = case_of(world(), thresholds=Thresholds(min_silhouette=1.0))
    assert moved.light.n == len(moved.dataset.train)
    assert traffic_light(case.halves, Thresholds(min_silhouette=1.0), case.doubts).doubts


def to_label(case):
    question = routing_question(case)
    return queries_to_label(question.contest, question.draw)


def test_queries_to_label_are_random_routed_ones_that_decide():
    case = clear_skills()
    test, routes, best = case.dataset.test, case.test_routes, case.router.best_overall
    listed_rows = to_label(case)
    rows = [test.votes.query_ids.index(row["query"]) for row in listed_rows]
    assert len(set(rows)) == 10
    for row, listed in zip(rows, listed_rows, strict=True):
        chosen = routes.selected[row, 0]
        assert chosen != best
        answers = test.votes.answers[row]
        assert answers[chosen] != answers[best]
        assert listed["routing"] == test.shown_answer(row, answers[chosen])
        assert listed[routing_question(case).contest.names[1]] == test.shown_answer(
            row, answers[best]
        )
    assert to_label(collapsed()) == ()


def test_two_missing_answers_are_no_difference():
    part = world(n=400)
    answers = np.array(part.votes.answers)
    answers[::2] = NO_ANSWER
    case = case_of(with_answers(part, answers))
    silent = {part.votes.query_ids[row] for row in range(0, 400, 2)}
    assert to_label(case)
    assert not silent & {row["query"] for row in to_label(case)}


def test_the_record_of_a_state_is_said_in_few_words():
    assert charts.track_record_clause("agree") == (
        "Elsewhere: of 40 cases on real responses where the models agreed, routing really beat the "
        "model they like best in 28, and the model that is truly best in 11."
    )
    assert charts.track_record_clause("disagree") == (
        "Elsewhere: of 75 cases on real responses where the models did not agree, routing indeed "
        "did not beat the model they like best in 47, and the model that is truly best in 50."
    )
    assert charts.track_record_clause("unsure") == ""


def test_the_track_record_has_one_home():
    """The table, the sentence and the report say the same numbers."""
    sentence, frame = record_sentence(), charts.track_record_frame()
    case = sisters()
    report = write_report(case.dataset, case, case.light, [], None, "cascal fit world")
    for at, one in enumerate(RECORD):
        for right, n in (one.agree, one.disagree):
            assert f"{right} times of {n}" in sentence
            assert f"{right} of {n}" in frame.iloc[at].tolist()
            assert f">{right} of {n}<" in report
        assert one.against in report
        assert f"| {one.agree[0]} of {one.agree[1]} | {one.disagree[0]} of " in TRUST_PAGE
    assert RECORD_NOTE in sentence
    assert RECORD_NOTE in report
    assert case.doubts[0].title in report
    assert "? unsure" in report


@pytest.mark.slow
def test_the_experiment_says_of_every_preset_whether_the_light_was_right():
    """By the gain over the model liked best; an unsure light is not counted."""
    dataset = clear_skills().dataset
    report = run("verdicts", Request(dataset=dataset))
    assert "Is the light without labels right" in report.question
    for row in report.rows:
        fitted = cascal.fit(
            dataset.train.votes, dataset.train.vectors, FitSettings.preset(row["preset"])
        )
        case = take_snapshot(dataset, fitted, Thresholds())
        assert row["light"] == case.light.light
        assert row["doubts"] == ", ".join(sorted(one.code for one in case.doubts))
        assert row["liked_gain"] == case.gain_over_liked_best.value
        right = case.light.is_right(row["liked_gain"])
        assert (row["n_sure"], row["n_right"]) == (int(right is not None), int(right or 0))
    sure = sum(row["n_sure"] for row in report.rows)
    assert report.outcome == "not applicable" if not sure else report.passed is not None


def test_halves_that_like_different_models_are_named_apart_and_the_halves_are_said():
    light = collapsed().light
    assert "always asking m0, which they like best" in light.opinion
    apart = replace(light, liked=("m0", "m1"), elsewhere=90, sides=(40, 30))
    assert apart.constant == "m0 / m1"
    assert "(m0 on one half of the training queries, m1 on the other)" in apart.opinion
    assert "Learnt on either half of the training queries and tried on the other" in apart.opinion
    assert "another model for 90 of the 360 queries; on 70 of these" in apart.opinion
    assert "these two disagree" in replace(apart, elsewhere=0).to_know
    assert apart.to_dict()["liked_best"] == ["m0", "m1"]
