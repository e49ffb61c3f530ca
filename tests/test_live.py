"""Live calls: the selected models answer through the real client, the vote forms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cascal.datatypes import CascalError, ModelSpec, Query, Response
from cascal.endpoint import Patience
from cascal.live import LiveAnswer, ask_live, reachable, tally
from cascal.simulate import gold_items
from cascal.simulate.faults import Faults
from cascal.simulate.server import running, simulated_pool

QUICK = Patience(attempts=1, total_seconds=5.0, timeout=2.0)


def answer(model, letter, cost=1.0, latency=1.0):
    status = "ok" if letter else "unreadable"
    return LiveAnswer(
        Response("q", model, answer=letter, cost=cost, latency=latency, status=status)
    )


def test_the_vote_is_a_plurality_and_a_tie_goes_to_the_better_ranked():
    found = tally([answer("a", "B"), answer("b", "A"), answer("c", "A")])
    assert (found.answer, found.supporters) == ("A", ("b", "c"))
    assert tally([answer("a", "B"), answer("b", "A")]).answer == "B"
    assert tally([answer("a", None), answer("b", "A", latency=3.0)]).seconds == 3.0
    assert tally([answer("a", "B"), answer("b", "A")]).cost == 2.0
    assert tally([answer("a", None)]).answer is None
    assert tally([]).answer is None


def test_free_answers_that_mean_the_same_vote_together():
    found = tally([answer("a", "Paris"), answer("b", "1,000"), answer("c", "1000.")])
    assert found.supporters == ("b", "c")


def test_models_without_an_endpoint_cannot_be_asked():
    models = [ModelSpec("a", base_url="http://127.0.0.1:9/v1"), ModelSpec("b")]
    assert [one.name for one in reachable(models, ["a"])] == ["a"]
    with pytest.raises(CascalError, match="b have no endpoint"):
        reachable(models, ["a", "b"])


def test_the_selected_models_answer_as_they_come():
    item = gold_items(3, 1, "test")[2]
    with running() as base_url:
        pool = simulated_pool(base_url)[:3]
        told = []
        found = ask_live(pool, item.query, told.append)
    assert [one.response.model for one in found] == [spec.name for spec in pool]
    assert sorted(one.response.model for one in told) == sorted(spec.name for spec in pool)
    assert all(one.response.status in ("ok", "unreadable", "refused") for one in found)
    assert all(one.response.cost > 0 for one in found)
    assert tally(found).cost == pytest.approx(sum(one.response.cost for one in found))


def test_a_server_that_fails_is_an_error_and_never_an_answer():
    query = Query("q", "t", "Which?", ("one", "two"))
    with running(faults=Faults(server_error=1.0)) as base_url:
        found = ask_live(simulated_pool(base_url)[:2], query, lambda _: None, patience=QUICK)
    assert [one.response.status for one in found] == ["error", "error"]
    assert all(one.sentence and one.response.answer is None for one in found)
    dead = [replace(one, base_url="http://127.0.0.1:9/v1") for one in simulated_pool(base_url)[:1]]
    (gone,) = ask_live(dead, query, lambda _: None, patience=QUICK)
    assert gone.response.status == "error"
    assert "connection" in gone.sentence
