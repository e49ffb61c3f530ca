"""A model scores open-ended responses instead of a person: marked, apart, never its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import add_hashed, copy_workspace
from console import cascal_cli
from counting import counting

import cascal
from cascal.collection.into_workspace import Limits
from cascal.collection.score_judge import plan_scoring, score_into
from cascal.dataset.score_desk import SCALE
from cascal.endpoint import Budget
from cascal.endpoint.pool_file import write_pool
from cascal.simulate.prose import prose_world


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> cascal.Workspace:
    """30 open-ended queries that eight simulated models answered."""
    workspace = cascal.Workspace(tmp_path_factory.mktemp("judging") / "w.duckdb")
    add_hashed(workspace, prose_world(30).imported)
    return workspace


def named(pool, name):
    return replace(pool[0], spec=replace(pool[0].spec, name=name))


def test_a_judge_is_asked_once_a_response_and_its_scores_are_its_own_origin(template, tmp_path):
    store = copy_workspace(template, tmp_path / "w.duckdb")
    with counting() as asked:
        model = named(asked.pool(), "strong")
        plan = plan_scoring(store, "prose", model, 2)
        assert asked.total() == 0
        assert plan.sentence.startswith("16 calls to strong at 127.0.0.1:")
        for one in plan.responses.values():
            assert not any(one.model in query.text for query in plan.queries)
        score_into(plan, limits=Limits(Budget(calls=5)))
        assert asked.total() == 5
        score_into(plan_scoring(store, "prose", model, 2))
        assert asked.total() == 16
        assert all(options == tuple(one for one, _ in SCALE) for *_, options in asked.counts)
    scores = store.response_scores("prose")
    assert {(one.origin, one.scorer) for one in scores} == {("judge", "strong")}
    assert {one.value for one in scores} <= {value for _, value in SCALE}
    left = plan_scoring(store, "prose", model, 2).responses.values()
    assert len(scores) + len(left) == 16  # what could not be read is asked again


def test_a_judge_never_scores_its_own_responses(template, tmp_path):
    store = copy_workspace(template, tmp_path / "w.duckdb")
    own = sorted({model for _, model in store.scored_content("prose")})[0]
    with counting() as asked:
        plan = plan_scoring(store, "prose", named(asked.pool(), own), 3)
    assert (plan.n_own, len(plan.responses)) == (3, 21)
    assert own not in {one.model for one in plan.responses.values()}
    assert "does not score 3 responses of its own" in plan.sentence


@pytest.mark.slow
def test_the_command_says_the_calls_first_and_ranks_by_the_judge(template, tmp_path):
    copy_workspace(template, tmp_path / "w.duckdb")
    with counting() as asked:
        write_pool(tmp_path / "pool.yaml", [named(asked.pool(), "strong")])
        shared = ("scores", "prose", "-w", "w.duckdb", "--pool", "pool.yaml", "--n", "16")
        done = cascal_cli(*shared, "--judge", "strong", cwd=tmp_path)
        assert "128 calls to strong" in " ".join(done.stderr.split())
        assert asked.total() == 128
        assert "the judge strong" in " ".join(done.stdout.split()) + done.stderr
        unnamed = cascal_cli(*shared, cwd=tmp_path)
        assert "has no model ''" in " ".join(unnamed.stderr.split())
        both = cascal_cli(*shared, "--judge", "strong", "--unlike", cwd=tmp_path)
        assert "Give one of" in " ".join(both.stderr.split())
        assert asked.total() == 128
