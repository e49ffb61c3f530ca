"""Live calls: the selected models answer through the real client, the vote forms."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import numpy as np
import pytest
from refusals import refuses

import cascal
from cascal.answers import read_answer
from cascal.collection.ask_selected import LiveAnswer, ask_live, reachable, tally
from cascal.datatypes import ModelSpec, Query, Response
from cascal.endpoint import Patience
from cascal.serve.voting import Vote, count_votes
from cascal.simulate import gold_items
from cascal.simulate.faults import Faults
from cascal.simulate.server import running, simulated_pool

QUICK = Patience(attempts=1, total_seconds=5.0, timeout=2.0)


@pytest.fixture(scope="module")
def router():
    """Models a, b, c with log-probabilities of median −1 and scale 0.148260 in training."""
    n = 41
    answers = np.zeros((n, 3), dtype=int)
    logprobs = np.repeat(np.linspace(-1.2, -0.8, n)[:, None], 3, axis=1)
    ids = [f"q{row:02d}" for row in range(n)]
    votes = cascal.Votes(ids, ["t"] * n, ("a", "b", "c"), answers, logprobs, np.full(n, 4))
    vectors = cascal.Embeddings.from_array(ids, np.eye(n), "test")
    return cascal.fit(votes, vectors, n_jobs=1).router()


def answer(model, letter, cost=1.0, latency=1.0, logprob=math.nan):
    status = "ok" if letter else "unreadable"
    return LiveAnswer(
        Response(
            "q",
            model,
            answer=letter,
            cost=cost,
            latency=latency,
            status=status,
            mean_logprob=logprob,
        )
    )


def test_the_vote_is_a_plurality_and_a_tie_goes_to_the_better_ranked(router):
    found = tally(router, [answer("a", "B"), answer("b", "A"), answer("c", "A")])
    assert (found.answer, found.supporters, found.model) == ("A", ("b", "c"), "b")
    assert tally(router, [answer("a", "B"), answer("b", "A")]).answer == "B"
    assert tally(router, [answer("a", None), answer("b", "A", latency=3.0)]).seconds == 3.0
    assert tally(router, [answer("a", "B"), answer("b", "A")]).cost == 2.0
    unpriced = [answer("a", "B"), answer("b", "A", cost=math.nan)]
    assert math.isnan(tally(router, unpriced).cost)
    for nobody in (tally(router, [answer("a", None)]), tally(router, [])):
        assert (nobody.answer, nobody.model) == (None, None)


def test_a_tie_goes_to_the_confidence_on_the_scale_of_training(router):
    unsure = [answer("a", "A", logprob=-3.0), answer("b", "B", logprob=-0.01)]
    assert tally(router, unsure).answer == "B"
    moved = replace(router, center=np.array([-9.0, -1.0, -1.0]))  # −3 is much for this model
    assert tally(moved, unsure).answer == "A"


@pytest.mark.parametrize("seed", range(8))
def test_the_live_vote_is_the_vote_of_the_server(router, seed):
    """Letters and log-probabilities at random, some missing: both name the same winning model."""
    random = np.random.default_rng(seed)
    routes = router.route(router.representatives[:1])
    names = [router.models[m] for m in routes.selected[0]]
    letters = ["ABC"[at] for at in random.integers(3, size=3)]
    logprobs = np.where(random.random(3) < 0.7, -3 * random.random(3), math.nan).tolist()
    live = tally(
        router,
        [answer(*one[:2], logprob=one[2]) for one in zip(names, letters, logprobs, strict=True)],
    )
    served = asyncio.run(
        count_votes(
            routes,
            [
                Vote(name, read_answer(f"({letter})", 4), logprob, None)
                for name, letter, logprob in zip(names, letters, logprobs, strict=True)
            ],
            4,
        )
    )
    assert (live.answer, live.model) == (served.answer, served.model)
    assert live.supporters == served.winners


def test_free_answers_that_mean_the_same_vote_together(router):
    found = tally(router, [answer("a", "Paris"), answer("b", "1,000"), answer("c", "1000.")])
    assert found.supporters == ("b", "c")


def test_models_without_an_endpoint_cannot_be_asked():
    models = [ModelSpec("a", base_url="http://127.0.0.1:9/v1"), ModelSpec("b")]
    assert [one.name for one in reachable(models, ["a"])] == ["a"]
    with refuses("no-endpoint", "b"):
        reachable(models, ["a", "b"])


def test_the_selected_models_answer_as_they_come(router):
    item = gold_items(3, 1, "test")[2]
    with running() as base_url:
        pool = simulated_pool(base_url)[:3]
        told = []
        found = ask_live(pool, item.query, told.append)
    assert [one.response.model for one in found] == [spec.name for spec in pool]
    assert sorted(one.response.model for one in told) == sorted(spec.name for spec in pool)
    assert all(one.response.status in ("ok", "unreadable", "refused") for one in found)
    assert all(one.response.cost > 0 for one in found)
    renamed = [
        replace(one, response=replace(one.response, model=name))
        for one, name in zip(found, router.models, strict=True)
    ]
    assert tally(router, renamed).cost == sum(one.response.cost for one in found)


def test_a_server_that_fails_is_an_error_and_never_an_answer():
    query = Query("q", "t", "Which?", options=("one", "two"))
    with running(faults=Faults(server_error=1.0)) as base_url:
        found = ask_live(simulated_pool(base_url)[:2], query, lambda _: None, patience=QUICK)
    assert [one.response.status for one in found] == ["error", "error"]
    assert all(one.sentence and one.response.answer is None for one in found)
    dead = [replace(one, base_url="http://127.0.0.1:9/v1") for one in simulated_pool(base_url)[:1]]
    (gone,) = ask_live(dead, query, lambda _: None, patience=QUICK)
    assert gone.response.status == "error"
    assert "connection" in gone.sentence
