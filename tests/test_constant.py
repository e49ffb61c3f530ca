"""Which one model routing is compared with: the same on every page and in every command."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_part, split_world

import cascal
from cascal.compare.baselines import BestSingle
from cascal.compare.comparison import compare_on_splits, compare_routers
from cascal.datatypes import NO_ANSWER
from cascal.verdicts.constant import Constant, choose_constant, join_constants


@pytest.fixture(scope="module")
def parts():
    return split_world()


def evaluated(train, test):
    router = cascal.fit(train.votes, train.vectors).router()
    return router, cascal.evaluate(router.route(test.vectors), test.votes, test.gold)


def test_pages_and_comparison_choose_the_same_model(parts):
    train, test = parts
    router, result = evaluated(train, test)
    own = choose_constant(router.models, by_labels=train.best_constant, result=result)
    assert own.chosen_by == "training labels"
    assert compare_routers(train, test).verdict().constant == own
    none = np.full(len(train), NO_ANSWER)
    blind = replace(train, gold=none, labels=none, origins=("none",) * len(train))
    own = choose_constant(router.models, by_labels=blind.best_constant, result=result)
    assert own.chosen_by == "these queries"
    assert compare_routers(blind, test).verdict().constant == own
    found = choose_constant(router.models, by_consensus=router.best_overall)
    assert found.words == f"{router.models[router.best_overall]}, the best model by consensus"


def few_asked():
    """Models b and a of equal accuracy, in this order; c is right on the 4 queries it was asked."""
    n = 40
    gold = np.zeros(n, dtype=int)
    answers = np.ones((n, 3), dtype=int)
    answers[::2, 0] = answers[1::2, 1] = 0
    answers[:4, 2], answers[4:, 2] = 0, NO_ANSWER
    status = np.full((n, 3), "ok", dtype="U10")
    status[4:, 2] = "missing"
    ids = [f"q{row:03d}" for row in range(n)]
    votes = cascal.Votes(
        ids,
        ["t"] * n,
        ("b", "a", "c"),
        answers,
        np.full((n, 3), np.nan),
        np.full(n, 3),
        status=status,
    )
    vectors = np.random.default_rng(0).normal(size=(n, 4))
    return make_part(votes, cascal.Embeddings.from_array(ids, vectors, "t"), gold)


@pytest.mark.parametrize(("models", "best"), [(("b", "a"), "a"), (("b", "a", "c"), "c")])
def test_accuracy_is_of_the_queries_a_model_was_asked_and_a_tie_goes_by_name(models, best):
    part = few_asked().with_models(models)
    routes = BestSingle().fit(part.votes, part.vectors, part.right).route(part.vectors)
    result = cascal.evaluate(routes, part.votes, part.gold)
    assert {models[one] for one in routes.selected[:, 0]} == {best}
    assert models[part.best_constant] == models[result.best_single] == best


def test_the_choices_of_several_splits_are_all_named(parts):
    chosen = [Constant(1, "b", "training labels"), Constant(0, "a", "training labels")]
    assert join_constants([*chosen, chosen[0]]) == Constant(1, "b / a", "training labels")
    comparison = compare_on_splits(*parts, n_splits=2)
    assert set(comparison.constant_model.name.split(" / ")) <= set(comparison.models)
