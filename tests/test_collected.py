"""What was collected of each model, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import add_hashed, thinned_demo

import cascal
from cascal.dataset.collected import more_queries, one_more_model, what_was_collected
from cascal.prices import in_cents


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> cascal.Workspace:
    store = cascal.Workspace(tmp_path_factory.mktemp("collected") / "w.duckdb", create=True)
    add_hashed(store, thinned_demo(50, 50)["demo"])
    return store


def test_answers_money_and_seconds_are_those_of_the_stored_responses(store):
    found = what_was_collected(store, "demo")
    table = store.responses("demo").to_pandas()
    assert [one.model for one in found] == [one.name for one in store.models("demo")]
    votes = store.votes("demo")
    for column, one in enumerate(found):
        own = table[table["model"] == one.model]
        assert one.n_asked == len(own) == votes.shape[0]
        assert one.n_unread == int((~votes.answered[:, column]).sum())
        assert one.unread == one.n_unread / one.n_asked
        assert one.seconds == pytest.approx(np.median(own["latency"]))
        assert one.per_thousand == pytest.approx(1000 * one.dollars / len(own))
    assert sum(one.dollars for one in found) == pytest.approx(
        sum(bill.total for bill in store.bills("demo"))
    )
    assert all(one.dollars > 0 and math.isfinite(one.seconds) for one in found)


def test_what_a_next_step_takes_goes_by_what_was_collected(store):
    found = what_was_collected(store, "demo")
    n_queries = found[0].n_asked
    model = one_more_model(found, n_queries)
    assert model.calls == n_queries
    dollars = sorted(one.dollars for one in found)
    assert model.dollars == pytest.approx(dollars[len(dollars) // 2])
    (like,) = (one for one in found if one.model == model.like)
    assert like.dollars == pytest.approx(model.dollars)
    more = more_queries(found, 10)
    assert more.calls == 10 * len(found)
    assert more.dollars == pytest.approx(sum(dollars) * 10 / n_queries)
    assert not more.like
    assert math.isnan(one_more_model((), 5).dollars)


def test_rounded_dollars_add_up_to_their_rounded_sum():
    random = np.random.default_rng(0)
    for _ in range(50):
        amounts = random.uniform(0, 9, size=8).tolist()
        cents = in_cents(amounts)
        assert round(sum(cents), 2) == round(sum(amounts), 2)
        assert all(abs(one - other) < 0.01 for one, other in zip(cents, amounts, strict=True))
    some = in_cents([0.014, math.nan, 0.014])
    assert (some[0], some[2]) == (0.02, 0.01)
    assert math.isnan(some[1])
