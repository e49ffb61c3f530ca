"""Asking a fraction of the calls: which, how many at most, and that a stopped run goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from counting import counting
from refusals import refuses
from test_collect import items, workspace_with
from test_into_workspace import app
from typer.testing import CliRunner

from cascal.collection.ask_less import (
    base_sample,
    check_fraction,
    most_calls,
    next_cells,
    open_models,
    still_to_ask,
)
from cascal.collection.collect_less import calls_ahead, collect_fraction
from cascal.collection.into_workspace import Limits, collect_into
from cascal.dataset.dataset import load_dataset
from cascal.dataset.encoding import encode_dataset
from cascal.datatypes import NO_ANSWER, Votes
from cascal.encode.encoders import load_encoder
from cascal.endpoint import Budget
from cascal.endpoint.pool_file import write_pool

N_QUERIES, N_MODELS, FRACTION = 60, 5, 0.6
MANY = items(N_QUERIES)


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


# ---------------------------------------------------------------- the choice


def test_open_are_the_models_whose_bound_reaches_the_best():
    """By hand: means .8 .8 .45 .45 0, variances of the mean of R .02 0 0 .02 0, bounds 1.2 1.08
    .73 .85 .28: the best is .8.
    """
    scores = np.array([[1.0, 0.8, 0.45, 0.25, 0.0], [0.6, 0.8, 0.45, 0.65, 0.0]])
    one_group = open_models(scores, np.array([0, 0]), 1)
    assert one_group.tolist() == [[True, True, False, True, False]]


def test_three_models_stay_open_however_clear_the_best_is():
    scores = np.tile([0.9, 0.1, 0.2, 0.3], (50, 1))
    assert open_models(scores, np.zeros(50, dtype=int), 1).tolist() == [[True, False, True, True]]


def test_groups_that_differ_have_their_own_open_models_and_an_empty_one_those_of_all():
    random = np.random.default_rng(0)
    good = np.repeat([[0, 1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1]], 200, axis=0)
    scores = np.clip(0.2 + 0.6 * good + random.normal(0, 0.1, good.shape), 0, 1)
    found = open_models(scores, np.repeat([0, 2], 200), 3)
    assert found[0].tolist() == [False, True, True, True, False, False]
    assert found[2].tolist() == [False, False, False, True, True, True]
    assert found[1, 3]
    assert found[1].sum() == 3


def test_next_come_whole_queries_of_every_task_within_the_calls():
    ids, tasks = [f"q{row}" for row in range(20)], ["a", "b"] * 10
    base = base_sample(ids, tasks, 4, 0.4)
    assert base.sum() == int(0.75 * 32 / 4) == 6
    assert Counter(np.array(tasks)[base]) == {"a": 3, "b": 3}
    open_ = np.array([[True, True, True, False], [False, True, True, True]])
    cells = next_cells(open_, tasks, ids, base, 8)
    assert cells.sum() == 6
    assert not cells[base].any()
    assert sorted(map(tuple, cells[cells.any(axis=1)].tolist())) == sorted(
        map(tuple, open_.tolist())
    )


def test_a_larger_fraction_only_adds_to_the_base_sample_and_row_order_is_nothing():
    ids, tasks = [f"q{row}" for row in range(50)], ["a", "b", "b", "c", "c"] * 10
    small, large = (base_sample(ids, tasks, 6, share) for share in (0.3, 0.5))
    assert (small <= large).all()
    assert small.sum() < large.sum()
    assert (base_sample(ids[::-1], tasks[::-1], 6, 0.3)[::-1] == small).all()
    assert base_sample(ids, tasks, 6, 1.0).all()


@pytest.mark.parametrize("fraction", [0.0, -1.0, 1.01, float("nan")])
def test_what_is_no_fraction_is_refused(fraction):
    with refuses("out-of-bounds", "above 0 and at most 1"):
        check_fraction(fraction, 1000, 8)


def test_a_fraction_with_too_small_a_base_sample_is_refused():
    with refuses("out-of-bounds", "base sample of 15"):
        check_fraction(0.2, 100, 8)
    check_fraction(0.2, 140, 8)
    check_fraction(1.0, 3, 2)


@pytest.mark.parametrize("n_models", [1, 2, 3, 8])
def test_the_choice_never_passes_the_calls_and_reads_the_base_sample_alone(n_models):
    random = np.random.default_rng(n_models)
    ids, tasks = [f"q{row}" for row in range(80)], ["a", "b"] * 40
    answers = random.integers(0, 3, size=(80, n_models))
    base = base_sample(ids, tasks, n_models, 0.5)
    models = [f"m{one}" for one in range(n_models)]

    def cells(answers):
        nothing = np.full(answers.shape, np.nan)
        votes = Votes(ids, tasks, models, answers, nothing, np.full(80, 4))
        return still_to_ask(votes, base, 0.5)

    found = cells(answers)
    assert found.sum() + base.sum() * n_models <= most_calls(80, n_models, 0.5)
    assert found.any()
    hidden = np.where(base[:, None], answers, NO_ANSWER)
    assert (cells(hidden) == found).all()


# ---------------------------------------------------------------- the run


def stored(store) -> set[tuple[str, str]]:
    rows = store.responses("d").to_pylist()
    return {(row["query_id"], row["model"]) for row in rows}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a run without any interruption asks."""
    store = workspace_with(tmp_path_factory.mktemp("whole"), MANY)
    with counting() as asked:
        pool = asked.pool(N_MODELS)
        ahead = calls_ahead(store, "d", pool, FRACTION)
        done = collect_fraction(store, "d", pool, FRACTION)
    return stored(store), ahead, done


def test_a_run_asks_the_base_sample_of_all_and_no_more_than_was_said(whole):
    cells, ahead, done = whole
    assert ahead.most == most_calls(N_QUERIES, N_MODELS, FRACTION) == 180
    assert ahead.n_base < 180 // N_MODELS
    assert ahead.n_base * N_MODELS < len(cells) <= ahead.most
    of_query = Counter(query for query, _ in cells)
    assert sum(count == N_MODELS for count in of_query.values()) >= ahead.n_base
    assert min(of_query.values()) >= 3
    assert sum(one.done for one in done.models) == len(cells)
    assert done.share == 1.0
    assert not done.ended
    assert f"At most {ahead.most:,} calls" in ahead.sentence


@pytest.mark.parametrize("calls", [40, pytest.param(150, marks=pytest.mark.slow)])
def test_a_run_that_a_budget_ended_goes_on_with_the_same_plan(whole, tmp_path, calls):
    store = workspace_with(tmp_path, MANY)
    with counting() as asked:
        pool = asked.pool(N_MODELS)
        limits = Limits(Budget(calls=calls))
        assert "budget" in collect_fraction(store, "d", pool, FRACTION, limits=limits).ended
        assert asked.total() == calls
        ahead = calls_ahead(store, "d", pool, FRACTION)
        assert len(whole[0]) - calls <= ahead.most <= 180 - calls
        exact = calls >= ahead.n_base * N_MODELS
        assert not exact or ahead.most == len(whole[0]) - calls
        collect_fraction(store, "d", pool, FRACTION)
        assert stored(store) == whole[0]
        assert set(asked.counts.values()) == {1}
        again = collect_fraction(store, "d", pool, FRACTION)
        assert asked.total() == len(whole[0])
        assert again.share == 1.0


def test_a_stop_ends_a_fraction_and_progress_never_goes_back(whole, tmp_path):
    store, shares = workspace_with(tmp_path, MANY), []
    with counting() as asked:
        pool = asked.pool(N_MODELS)
        stopped = Limits(stop=lambda: asked.total() > 20)
        assert collect_fraction(store, "d", pool, FRACTION, limits=stopped).ended
        collect_fraction(store, "d", pool, FRACTION, progress=lambda now: shares.append(now.share))
    assert shares == sorted(shares)
    assert stored(store) == whole[0]


def test_a_model_that_fails_for_good_keeps_the_second_round_from_beginning(tmp_path):
    store = workspace_with(tmp_path, MANY)
    with counting() as asked:
        good = asked.pool(N_MODELS)
        bad = replace(good[0], spec=replace(good[0].spec, model_id="nobody"))
        done = collect_fraction(store, "d", [bad, *good[1:]], FRACTION)
    assert any(one.halted for one in done.models)
    ahead = calls_ahead(store, "d", good[1:], FRACTION)
    assert len(stored(store)) <= ahead.n_base * N_MODELS


def test_queries_that_nobody_was_asked_are_not_fitted_on(whole, tmp_path):
    store = workspace_with(tmp_path, MANY)
    with counting() as asked:
        collect_fraction(store, "d", asked.pool(N_MODELS), FRACTION)
    encode_dataset(store, "d", load_encoder("hashing"))
    train = load_dataset(store, "d").train
    assert set(train.votes.query_ids) == {query for query, _ in whole[0]}
    assert len(train) < N_QUERIES


def test_everything_stored_already_is_no_call_and_one_is_the_whole(tmp_path):
    store = workspace_with(tmp_path, MANY[:30])
    with counting() as asked:
        pool = asked.pool(2)
        collect_fraction(store, "d", pool, 1.0)
        assert asked.total() == 60
        assert calls_ahead(store, "d", pool, 1.0).most == 0
        collect_into(store, "d", pool)
        assert asked.total() == 60


def test_the_command_says_the_calls_and_the_cost_before_it_asks(tmp_path, monkeypatch):
    workspace_with(tmp_path, MANY)
    monkeypatch.chdir(tmp_path)
    with counting() as asked:
        write_pool("pool.yaml", asked.pool(N_MODELS))
        line = "collect d pool.yaml -w work.duckdb --fraction"
        said = CliRunner().invoke(app, [*line.split(), "0.6"])
        assert said.exit_code == 0, said.output
        assert asked.total() <= 180
    assert "At most 180 calls; all would be 300" in said.output
    assert "docs/collect.md" in said.output
    for value, words in (("0", "above 0"), ("0.1", "base sample")):
        refused = CliRunner().invoke(app, [*line.split(), value])
        assert words in str(refused.exception)
    batch = CliRunner().invoke(app, [*line.split(), "0.6", "--batch-out", "x"])
    assert "two rounds" in str(batch.exception)
