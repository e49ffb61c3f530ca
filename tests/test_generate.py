"""Generating queries: enough valid ones, the same whatever order replies come in."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import yaml
from counting import TASKS, counting
from refusals import refuses
from scripted_server import scripted

from cascal.collection.attempts import Attempt, Plan, TaskProgress
from cascal.collection.generate import Before, GenerateProgress, GenerateSettings, generate
from cascal.collection.task_file import TaskRequest, parse_tasks
from cascal.datatypes import ModelSpec, Query, Task
from cascal.encode.encoders import load_encoder
from cascal.endpoint import Budget, EndpointError, Patience
from cascal.endpoint.pool_file import PoolModel
from cascal.simulate import Faults

ENCODE = load_encoder("hashing").encode
REQUESTS = parse_tasks(yaml.safe_load(TASKS))
STRICT = GenerateSettings(n=20, near_duplicate=0.85)
"""So strict that templates repeat themselves now and then."""


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


async def no_wait(_: float) -> None:
    """Waits are not the point here."""


QUICK = Patience(attempts=4, total_seconds=5, timeout=2, pause=no_wait)


class Kept:
    """A sink that holds the last state of every attempt and the queries in their order."""

    def __init__(self) -> None:
        self.attempts: dict[tuple, Attempt] = {}
        self.queries: list[Query] = []

    def __call__(self, attempt, query) -> None:
        self.attempts[attempt.task, attempt.number] = attempt
        if query is not None:
            self.queries.append(query)

    def before(self, **more) -> Before:
        return Before(list(self.attempts.values()), list(self.queries), **more)

    def timeless(self) -> dict:
        return {key: replace(one, latency=0.0) for key, one in sorted(self.attempts.items())}


def written(asked, settings=STRICT, requests=REQUESTS, sink=None, before=None, **options):
    sink = Kept() if sink is None else sink
    generator = asked.generator(options.pop("name", "generator-strong"), concurrency=8)
    options.setdefault("patience", QUICK)
    before = sink.before() if before is None else before
    return sink, generate(requests, generator, ENCODE, sink, before, settings, **options)


@pytest.fixture(scope="module")
def undisturbed():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        with counting() as asked:
            sink, done = written(asked)
            yield sink, done, dict(asked.counts)


def test_every_task_gets_its_valid_queries_and_nothing_is_asked_in_vain(undisturbed):
    sink, done, counts = undisturbed
    assert (done.share, done.ended, done.short) == (1.0, "", ())
    assert [one.kept for one in done.tasks] == [20, 20, 20]
    outcomes = Counter(one.outcome for one in sink.attempts.values())
    assert outcomes["kept"] == 60
    assert outcomes["duplicate"] > 3
    assert outcomes["pending"] == 0
    assert set(counts.values()) == {1}
    assert len(counts) == len(sink.attempts) == done.asked
    for task in {one.task for one in sink.attempts.values()}:
        numbers = [number for name, number in sink.attempts if name == task]
        assert sorted(numbers) == list(range(len(numbers)))
        assert sink.attempts[task, len(numbers) - 1].outcome == "kept"


def test_kept_queries_are_valid_and_in_the_order_of_their_numbers(undisturbed):
    sink, *_ = undisturbed
    for query in sink.queries:
        assert len(set(query.options)) == 4
        assert query.answer in "ABCD"
        assert (query.answer_origin, query.split) == ("generated", "train")
    order = [one.task.name for one in REQUESTS]
    cells = [(int(one.query_id[-5:]), order.index(one.task)) for one in sink.queries]
    assert cells == sorted(cells)
    vectors = ENCODE([query.text for query in sink.queries])
    cosines = vectors @ vectors.T
    assert (cosines - 2 * (cosines > 0.9999)).max() < STRICT.near_duplicate
    twins = [one for one in sink.attempts.values() if one.outcome == "duplicate"]
    known = {query.query_id for query in sink.queries}
    assert all(one.similar_to in known and "Cosine 0." in one.reason for one in twins)


@pytest.mark.slow
def test_any_speed_of_replies_gives_the_same_queries(undisturbed):
    sink, *_ = undisturbed
    for concurrency, slow in ((1, 0.0), (40, 0.1)):
        with counting(Faults(slow_tokens=slow)) as asked:
            other = Kept()
            generator = asked.generator(concurrency=concurrency)
            generate(REQUESTS, generator, ENCODE, other, settings=STRICT)
        assert other.queries == sink.queries
        assert other.timeless() == sink.timeless()


def test_a_stopped_run_goes_on_to_the_same_end(undisturbed):
    sink, *_ = undisturbed
    with counting() as asked:
        again = Kept()
        for _ in range(6):
            begun = asked.total()
            written(asked, sink=again, stop=lambda begun=begun: asked.total() >= begun + 9)
        _, done = written(asked, sink=again)
        assert again.queries == sink.queries
        assert again.timeless() == sink.timeless()
        assert set(asked.counts.values()) == {1}
        assert done.share == 1.0
        _, nothing = written(asked, sink=again)
        assert (nothing.asked, nothing.share) == (0, 1.0)


@pytest.mark.parametrize("lost", range(4))
def test_replies_lost_in_flight_are_asked_again_and_change_nothing(undisturbed, lost):
    """A kill loses any of the last replies, decided or not, and the queries decided by them."""
    sink, *_ = undisturbed
    draw = np.random.default_rng(lost)
    cut = int(draw.integers(20, 50))
    made = sorted(sink.attempts)
    kept = {made[row] for row in draw.permutation(len(made))[:cut]}
    half = Kept()
    half.attempts = {
        key: replace(one, outcome="pending", query_id=None, similar_to=None, reason="")
        for key, one in _replies(sink).items()
        if key in kept
    }
    with counting() as asked:
        written(asked, sink=half)
        assert not kept & {(task, number) for _, task, number in asked.counts}
    assert half.queries == sink.queries
    assert {key: one.outcome for key, one in half.attempts.items()} == {
        key: one.outcome for key, one in sink.attempts.items()
    }


def _replies(sink: Kept) -> dict:
    """The attempts with the replies they were decided from."""
    texts = {query.query_id: query for query in sink.queries}
    found = {}
    for key, one in sink.attempts.items():
        query = texts.get(one.query_id)
        if query is not None:
            content = {"question": query.text, "options": query.options, "answer": query.answer}
            one = replace(one, reply=json.dumps(content))
        found[key] = one
    return found


def test_more_queries_are_added_to_those_that_are_there(undisturbed):
    sink, *_ = undisturbed
    with counting() as asked:
        more = Kept()
        more.attempts, more.queries = dict(sink.attempts), list(sink.queries)
        _, done = written(asked, replace(STRICT, n=25), sink=more)
    assert [one.kept for one in done.tasks] == [25, 25, 25]
    assert more.queries[:60] == sink.queries


def test_a_task_says_itself_how_many_and_examples_take_turns():
    groups = tuple(
        (Query("", "tides", f"Example {one}?", options=("a", "b"), answer="A"),) for one in "xy"
    )
    request = TaskRequest(Task("tides", "The sea."), groups, 6)
    bodies = []
    with scripted() as script:
        script.replies = [lambda body: (bodies.append(body), _reply(len(bodies)))[1]]
        done = generate([request], _model(script), ENCODE, Kept(), patience=QUICK)
    assert done.tasks[0].kept == 6
    prompts = {body["messages"][1]["content"] for body in bodies}
    assert {("Number: 0" in one, "Example x" in one) for one in prompts if "Number: 0" in one} == {
        (True, True)
    }
    assert sum("Example x" in one for one in prompts) == 3
    first = bodies[0]
    assert (first["temperature"], first["top_p"]) == (0.8, 0.95)
    assert first["response_format"]["json_schema"]["strict"] is True
    assert "logprobs" not in first


def _model(script, **options) -> PoolModel:
    spec = ModelSpec(
        "writer", model_id="w-1", base_url=script.url, input_price=1.0, output_price=1.0
    )
    return PoolModel(spec, **{"concurrency": 1} | options)


def _reply(number: int, **changes) -> tuple:
    content = {
        "question": f"What is {number} squared plus {number * 7919 % 1013}?",
        "options": [str(number), str(number + 1), str(number + 2), str(number + 3)],
        "answer": "B",
    } | changes
    return 200, {}, completion(json.dumps(content))


def completion(text: str | None, finish: str = "stop", refusal: str | None = None) -> dict:
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return {"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 50}}


def test_invalid_replies_are_counted_with_their_reason_and_replaced():
    replies = [
        _reply(1, options=["1", "2", "3"]),
        _reply(2, options=["same", "Same ", "3", "4"]),
        _reply(3, answer="E"),
        (200, {}, completion("I would rather not.")),
        (200, {}, completion(None, refusal="No.")),
        (200, {}, completion('{"question": "half a', finish="length")),
        (400, {}, {"error": {"message": "no such thing"}}),
        _reply(4),
        _reply(4),
        _reply(5),
    ]
    sink = Kept()
    with scripted() as script:
        script.replies = replies
        request = TaskRequest(Task("a", "b"), (), 2)
        done = generate([request], _model(script), ENCODE, sink, patience=QUICK)
    outcomes = [one.outcome for _, one in sorted(sink.attempts.items())]
    assert outcomes == [
        "invalid",
        "invalid",
        "invalid",
        "invalid",
        "refused",
        "invalid",
        "error",
        "kept",
        "duplicate",
        "kept",
    ]
    reasons = [one.reason for _, one in sorted(sink.attempts.items())]
    assert reasons[0] == "The reply has 3 options; a query needs 4."
    assert reasons[1] == "Two options are the same."
    assert reasons[2].startswith("The answer 'E'")
    assert reasons[6].startswith("bad request: ")
    assert done.cost == pytest.approx(9 * 150 / 1e6)
    assert "1 duplicate, 5 invalid, 1 refused, 1 error" in done.sentence


def test_a_likeness_to_a_test_query_is_told_and_the_query_kept(undisturbed):
    sink, *_ = undisturbed
    leak = sink.queries[3]
    test = [Query("t1", "", leak.text), Query("t2", "", "Something else entirely.")]
    with counting() as asked:
        other, done = written(asked, before=Before(test=test))
    assert other.queries == sink.queries
    leaked = [one for one in other.attempts.values() if one.leak_of is not None]
    assert [(one.query_id, one.leak_of) for one in leaked] == [(leak.query_id, "t1")]
    assert sum(one.leaked for one in done.tasks) == 1


def test_queries_of_other_origin_are_not_repeated(undisturbed):
    sink, *_ = undisturbed
    with counting() as asked:
        other, _ = written(asked, before=Before(queries=[Query("old", "", sink.queries[0].text)]))
    assert sink.queries[0].text not in {query.text for query in other.queries}
    assert any(one.similar_to == "old" for one in other.attempts.values())


# ---------------------------------------------------------------- ends


def test_a_budget_in_calls_is_exact_and_a_larger_one_goes_on(undisturbed):
    sink, *_ = undisturbed
    with counting() as asked:
        part, done = written(asked, budget=Budget(calls=17))
        assert asked.total() == 17 == len(part.attempts)
        assert done.ended == "The budget of 17 calls is used up."
        assert 0 < done.share < 1
        _, done = written(asked, sink=part, budget=Budget(calls=1000))
        assert done.ended == ""
        assert set(asked.counts.values()) == {1}
    assert part.queries == sink.queries


def test_tokens_and_dollars_end_a_run_too():
    with counting() as asked:
        for limit in ({"tokens": 3000}, {"dollars": 0.01}):
            budget = Budget(**limit)
            _, done = written(asked, budget=budget)
            assert "is used up" in done.ended
            spent = budget.spent
            assert spent.tokens < 3000 + 8 * 1500
            assert spent.dollars < 0.01 + 8 * 0.01


def test_a_narrow_task_runs_out_of_attempts():
    with scripted() as script:
        script.replies = [_reply(1)]
        request = TaskRequest(Task("narrow", "One question only."), (), 2)
        sink = Kept()
        done = generate([request], _model(script), ENCODE, sink, patience=QUICK)
    assert (done.short, done.ended, done.tasks[0].kept) == (("narrow",), "", 1)
    assert len(sink.attempts) == 2 * 4 + 20


@pytest.mark.parametrize(
    ("status", "said", "n_asked"), [(401, "key was refused", 1), (404, "no such model", 1)]
)
def test_a_server_that_refuses_for_good_is_asked_no_further(status, said, n_asked):
    sink = Kept()
    with scripted() as script:
        script.replies = [(status, {}, {"error": {"message": "no"}})]
        done = generate(REQUESTS, _model(script), ENCODE, sink, patience=QUICK)
        assert len(script.requests) == n_asked
    assert said in done.ended
    assert not sink.attempts


def test_twenty_errors_in_a_row_end_a_run():
    sink = Kept()
    with scripted() as script:
        script.replies = [(500, {}, "oops")]
        patience = replace(QUICK, attempts=2)
        done = generate(REQUESTS, _model(script), ENCODE, sink, patience=patience)
        assert len(script.requests) == 40
    assert done.ended.startswith("20 errors in a row")
    assert {one.outcome for one in sink.attempts.values()} == {"error"}
    assert {one.reply for one in sink.attempts.values()} == {""}


def test_a_missing_key_is_refused_before_anything_is_asked(monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    spec = ModelSpec("a", model_id="a", base_url="http://127.0.0.1:1/v1", key_env="NO_SUCH_KEY")
    with refuses("key-not-set", "NO_SUCH_KEY", kind=EndpointError):
        generate(REQUESTS, PoolModel(spec), ENCODE, Kept())


@pytest.mark.parametrize(
    "fault",
    [
        "rate_limit",
        "server_error",
        "disconnect",
        "malformed",
        "refusal",
        "odd_format",
        "no_logprobs",
    ],
)
def test_under_every_fault_the_queries_still_come(fault):
    settings = GenerateSettings(n=8)
    with counting(Faults(**{fault: 0.3})) as asked:
        sink, done = written(asked, settings, patience=replace(QUICK, attempts=3))
        assert done.share == 1.0
        assert max(asked.counts.values()) <= 3
    assert len(sink.queries) == 24
    for query in sink.queries:
        assert len(set(query.options)) == 4
    assert math.isfinite(done.cost)


def test_progress_is_told_and_ends_at_the_end():
    told = []
    with counting() as asked:
        _, done = written(asked, GenerateSettings(n=5), progress=told.append)
    assert told[-1] == done
    shares = [one.share for one in told]
    assert shares == sorted(shares)
    assert done.sentence.startswith("15 queries")


# ---------------------------------------------------------------- the plan


def test_the_plan_asks_round_robin_and_only_what_can_be_needed():
    plan = Plan([TaskRequest(Task(name), (), 2) for name in "ab"], (), 2, 4)
    assert [plan.take() for _ in range(5)] == [(0, 0), (0, 1), (1, 0), (1, 1), None]
    for number, name in ((1, "a"), (0, "b"), (1, "b")):
        plan.put(Attempt(task=name, number=number, generator="g", outcome="pending"))
    assert plan.due() == []
    plan.put(Attempt(task="a", number=0, generator="g", outcome="invalid"))
    assert [(one.task, one.number) for one in plan.due()] == [("b", 0), ("a", 1), ("b", 1)]
    assert plan.take() == (2, 0)


def test_the_seconds_left_follow_from_rate_and_yield():
    halfway = GenerateProgress(
        (TaskProgress("a", 10, {"kept": 4, "invalid": 2}, 0), TaskProgress("b", 2, {"kept": 2}, 0)),
        asked=8,
        rate=2.0,
        cost=0.0,
    )
    # 6 queries are missing, 8 attempts gave 6: 8 more attempts at 2 a second
    assert halfway.eta == pytest.approx(4.0)
    assert halfway.sentence.endswith(", about 4 s left")
    assert math.isnan(replace(halfway, rate=0.0).eta)
    assert "left" not in replace(halfway, ended="The budget is used up.").sentence
