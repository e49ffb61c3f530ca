"""Calls and cost are said before anything is sent: counted, priced, and nothing where none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from conftest import thinned_demo

import cascal
from cascal.collection.cost_ahead import ANSWER_TOKENS, CHARACTERS_PER_TOKEN, cost_ahead
from cascal.collection.into_workspace import missing_queries
from cascal.datatypes import ModelSpec
from cascal.endpoint.pool_file import PoolModel
from cascal.prompts import answer_messages


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A data set of which one model has answered nothing."""
    imported = thinned_demo(100, 100)["demo"]
    left = imported.responses.to_pylist()
    kept = [row["model"] != "gnat-mini" for row in left]
    store = cascal.Workspace(tmp_path_factory.mktemp("ahead") / "w.duckdb", create=True)
    store.add(replace(imported, responses=imported.responses.filter(kept)))
    return store


def pool(store, **prices) -> list[PoolModel]:
    specs = {one.name: one for one in store.models("demo")}
    return [
        PoolModel(replace(specs["atlas-large"])),
        PoolModel(replace(specs["gnat-mini"], **prices)),
    ]


def test_only_what_is_missing_is_counted_and_priced(store):
    models = pool(store, input_price=2.0, output_price=10.0)
    ahead = cost_ahead(store, "demo", models)
    n = store.dataset("demo").n_queries
    assert ahead.calls == n
    assert [one.calls for one in ahead.models] == [0, n]
    missing = missing_queries(store, "demo", models)["gnat-mini"]
    characters = sum(
        len(message["content"]) for query in missing for message in answer_messages(query)
    )
    mini = ahead.models[1]
    assert mini.input_tokens == characters / CHARACTERS_PER_TOKEN
    assert ahead.measured
    assert ahead.dollars == pytest.approx((2 * mini.input_tokens + 10 * mini.output_tokens) / 1e6)


def test_without_prices_the_cost_is_unknown_and_the_model_is_named(store):
    ahead = cost_ahead(store, "demo", pool(store, input_price=math.nan, output_price=math.nan))
    assert ahead.unpriced == ("gnat-mini",)
    assert ahead.dollars == 0.0  # of the other one, which is asked nothing
    alone = cost_ahead(store, "demo", [PoolModel(ModelSpec("new"))])
    assert math.isnan(alone.dollars)
    assert alone.models[0].calls == store.dataset("demo").n_queries


def test_without_any_stored_response_the_length_is_a_stated_guess(tmp_path):
    imported = thinned_demo(500, 500)["demo"]
    store = cascal.Workspace(tmp_path / "w.duckdb", create=True)
    store.add(replace(imported, responses=imported.responses.slice(0, 0)))
    ahead = cost_ahead(store, "demo", pool(store))
    assert not ahead.measured
    assert f"{ANSWER_TOKENS} tokens" in ahead.basis
    assert ahead.models[1].output_tokens == ANSWER_TOKENS * ahead.models[1].calls
