"""A model labels instead of a person: on loopback, marked, apart from people, never on itself."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import copy_workspace, demo_snapshot, thinned_workspace
from console import cascal_cli
from counting import counting
from refusals import refuses

import cascal
from cascal.collection.into_workspace import Limits
from cascal.collection.judge import judge_into, plan_judging
from cascal.dataset.contest import contest_of_models
from cascal.dataset.heeding import few_labels, few_labels_sentence, heed_labels
from cascal.dataset.judged import gather_judged, judgeable, judges, names_of, share_of
from cascal.dataset.label_questions import rectifier_question, routing_question
from cascal.datatypes import ModelSpec, option_letter
from cascal.endpoint import Budget
from cascal.endpoint.pool_file import write_pool


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return thinned_workspace(tmp_path_factory.mktemp("judge"), 16, 8)


@pytest.fixture(scope="module")
def free(template):
    return demo_snapshot(template)


@pytest.fixture
def store(template, tmp_path):
    copy_workspace(template, tmp_path / "w.duckdb")
    return cascal.Workspace(tmp_path / "w.duckdb")


def a_judge(pool, snapshot):
    """A model of the simulated pool under a name that the data set does not hold."""
    return replace(pool[0], spec=replace(pool[0].spec, name="strong"))


def by_hand(store, question, plan, n, answer):
    """A person's labels on the first n queries that the judge got."""
    desk = replace(plan.desk, person="ann")
    for place in range(1, n + 1):
        desk.give(place, answer(place))


@pytest.mark.slow
def test_a_judge_is_asked_once_a_query_and_its_labels_are_marked(store, free):
    question = routing_question(free)
    with counting() as asked:
        model = a_judge(asked.pool(), free)
        plan = plan_judging(store, question, model, 12)
        assert asked.total() == 0
        assert plan.sentence.startswith("12 calls to strong at 127.0.0.1:")
        judge_into(plan, limits=Limits(Budget(calls=5)))
        assert asked.total() == 5
        rest = plan_judging(store, question, model, 12)
        assert len(rest.queries) == 7
        judge_into(rest)
        assert asked.total() == 12
        assert plan_judging(store, question, model, 12).queries == ()
    labels = store.labels("demo")
    assert {one.person for one in labels} == {"judge:strong"}
    assert all(one.judged for one in labels)
    assert {one.query_id for one in labels} == set(plan.desk.draw.frame[:12])
    assert judges(store, "demo") == ("strong",)
    gold = store.queries("demo")["answer"].to_pylist()
    assert gold == cascal.Workspace(store.path).queries("demo")["answer"].to_pylist()


def test_what_the_judge_answered_before_is_its_label_and_is_not_paid_again(store, free):
    question = routing_question(free)
    models, best = free.router.models, free.router.best_overall
    votes, contest = free.dataset.test.votes, question.contest
    share = [(contest.first[contest.contested] == m).mean() for m in range(len(models))]
    column = min((m for m in range(len(models)) if m != best), key=lambda m: share[m])
    with counting() as asked:
        pool = asked.pool()
        model = replace(pool[0], spec=replace(pool[0].spec, name=models[column]))
        plan = plan_judging(store, question, model, 12)
        assert (len(plan.queries), len(plan.stored)) == (0, 12)
        assert plan.sentence.startswith(f"0 calls to {models[column]}: it judges 12 of ")
        assert "12 stored answers of it are used." in plan.sentence
        judge_into(plan)
        assert asked.total() == 0
        assert plan_judging(store, question, model, 12).stored == ()
    labels = store.labels("demo")
    assert [one.query_id for one in labels] == list(plan.desk.draw.frame[:12])
    for one in labels:
        given = int(votes.answers[contest.row_of[one.query_id], column])
        assert one.answer == (option_letter(given) if given >= 0 else None)
        assert one.mark == ("answered" if given >= 0 else "skipped")


def test_the_calls_of_a_judge_are_counted_and_priced_before_any_is_made(store, free):
    question = routing_question(free)
    with counting() as asked:
        model = a_judge(asked.pool(), free)
        dear = replace(model, spec=replace(model.spec, input_price=2e4, output_price=1e5))
        plan = plan_judging(store, question, dear, 3)
        assert plan.ahead.calls == 3
        assert plan.ahead.dollars > 1.0
        assert f", one a query, about ${plan.ahead.dollars:,.2f}: it judges" in plan.sentence
        unpriced = replace(model, spec=replace(model.spec, input_price=math.nan))
        assert "no prices" in plan_judging(store, question, unpriced, 3).sentence
        assert asked.total() == 0


def test_judged_labels_are_never_mixed_with_those_of_people(store, free):
    question = routing_question(free)
    with counting() as asked:
        plan = plan_judging(store, question, a_judge(asked.pool(), free), 12)
        judge_into(plan)
    assert few_labels(store, free) is None
    assert heed_labels(store, free) is free
    (alone,) = gather_judged(store, "demo", question.contest)
    assert alone.agreement is None
    assert alone.evidence.gain.n_labels == sum(
        one.mark == "answered" for one in store.labels("demo")
    )
    assert alone.sentence.startswith("Judged by the model strong, not by people: ")
    said = few_labels_sentence(store, free)
    assert said == alone.sentence
    by_hand(store, question, plan, 3, lambda _: "A")
    people = few_labels(store, free).evidence
    assert (people.gain.n_labels, people.people) == (3, ("ann",))
    (again,) = gather_judged(store, "demo", question.contest)
    assert again.evidence.gain == alone.evidence.gain
    assert few_labels_sentence(store, free).endswith(again.sentence)


@pytest.mark.slow
def test_its_agreement_with_people_has_an_interval(store, free):
    question = routing_question(free)
    with counting() as asked:
        plan = plan_judging(store, question, a_judge(asked.pool(), free), 12)
        judge_into(plan)
    own = {one.query_id: one.answer for one in store.labels("demo")}
    frame, votes = plan.desk.draw.frame, free.dataset.test.votes
    contest, expected = question.contest, []

    def answer(place):
        """The judge's own on even places; on odd ones what the first of the two models said."""
        row = contest.row_of[frame[place - 1]]
        if place % 2 == 0:
            return own[frame[place - 1]] or "A"
        return option_letter(max(0, int(votes.answers[row, contest.first[row]])))

    for place in range(1, 9):
        letter, row = answer(place), contest.row_of[frame[place - 1]]
        pair = votes.answers[row, [contest.first[row], contest.second[row]]]
        if own[frame[place - 1]] is not None:
            expected.append(
                [option_letter(one) == letter for one in pair]
                == [option_letter(one) == own[frame[place - 1]] for one in pair]
            )
    by_hand(store, question, plan, 8, answer)
    (judged,) = gather_judged(store, "demo", contest)
    assert judged.agreement == share_of(expected)
    assert f"of the {len(expected)} queries that both labelled" in judged.sentence
    assert judged.to_dict()["agreement"]["n"] == len(expected)


def test_the_interval_of_a_share_is_the_exact_one():
    found = share_of([True] * 8 + [False] * 2)
    assert (found.value, found.n) == (0.8, 10)
    np.testing.assert_allclose([found.low, found.high], [0.44390, 0.97479], atol=1e-5)
    assert share_of([True] * 5).high == 1.0
    assert share_of([False] * 5).low == 0.0


def test_a_judge_is_known_under_every_name_that_its_server_has_for_it():
    pool = [
        ModelSpec("large", model_id="gpt", base_url="http://one/v1"),
        ModelSpec("large again", model_id="gpt", base_url="http://one/v1/"),
        ModelSpec("gpt", base_url="http://one/v1"),
        ModelSpec("elsewhere", model_id="gpt", base_url="http://two/v1"),
        ModelSpec("imported", model_id="gpt"),
    ]
    judge = ModelSpec("the judge", model_id="gpt", base_url="http://one/v1")
    assert names_of(pool, judge) == ("the judge", "large", "large again", "gpt")
    assert names_of(pool, ModelSpec("imported")) == ("imported",)


def test_a_judge_of_another_name_is_compared_too(free):
    contest = routing_question(free).contest
    first, second = free.router.models[:2]
    left = judgeable(contest, "the judge", first, second)
    expected = judgeable(contest, first).contested & judgeable(contest, second).contested
    np.testing.assert_array_equal(left.contested, expected)


def test_a_model_never_judges_where_it_is_compared(free):
    contest = routing_question(free).contest
    models = free.router.models
    best = models[free.router.best_overall]
    with refuses("judges-itself", best, contest.n_contested, "0 are left"):
        judgeable(contest, best)
    for name in models:
        if name == best:
            continue
        left = judgeable(contest, name)
        column = models.index(name)
        expected = contest.contested & (contest.first != column)
        np.testing.assert_array_equal(left.contested, expected)
    outside = judgeable(contest, "somebody else")
    np.testing.assert_array_equal(outside.contested, contest.contested)
    with refuses("judges-itself"):
        judgeable(rectifier_question(free).contest, models[2])
    pair = contest_of_models(free.dataset.test, models[0], models[1])
    with refuses("judges-itself", models[0]):
        judgeable(pair, models[0])


@pytest.mark.slow
def test_the_command_says_the_calls_first_and_marks_what_came(template, free, tmp_path):
    copy_workspace(template, tmp_path / "w.duckdb")
    best = free.router.models[free.router.best_overall]
    shared = ("label", "demo", "-w", "w.duckdb", "--n", "11")
    with counting() as asked:
        pool = asked.pool()
        same = replace(pool[0], spec=replace(pool[0].spec, name=best))
        write_pool(tmp_path / "pool.yaml", [a_judge(pool, free), same])
        done = cascal_cli(*shared, "--judge", "strong", "--pool", "pool.yaml", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "11 calls to strong" in " ".join(done.stderr.split())
        assert "Judged by the model strong, not by people:" in " ".join(done.stdout.split())
        assert asked.total() == 11
        refused = cascal_cli(*shared, "--judge", best, "--pool", "pool.yaml", cwd=tmp_path)
        assert "never judges where it is compared" in " ".join(refused.stderr.split())
        unknown = cascal_cli(*shared, "--judge", "x", "--pool", "pool.yaml", cwd=tmp_path)
        assert "has no model 'x'" in " ".join(unknown.stderr.split())
        assert asked.total() == 11
    found = cascal_cli("evaluate", "demo", "-w", "w.duckdb", "--json", cwd=tmp_path)
    said = json.loads(found.stdout)
    assert said["with_few_labels"] is None
    assert [one["judge"] for one in said["judged"]] == ["strong"]
    posing = cascal_cli(*shared, "--who", "judge:x", "--out", "l.csv", cwd=tmp_path)
    assert "Give a person's" in " ".join(posing.stderr.split())
