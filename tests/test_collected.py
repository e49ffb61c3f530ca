"""What was collected of each model, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import add_hashed, thinned_demo

import cascal
from cascal.dataset.collected import what_was_collected


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
