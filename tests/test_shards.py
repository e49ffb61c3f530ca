"""Several processes collect into one folder: who asks what, one budget, and what is taken over."""

from __future__ import annotations

import threading

import pytest
from counting import counting
from forked import cascal_process
from typer.testing import CliRunner

from cascal.cli import app
from cascal.collection.into_workspace import Limits, collect_into
from cascal.collection.shards import LEDGER, collect_shard, merge_shards
from cascal.datatypes import CascalError, Query, Task
from cascal.endpoint import Budget, SharedBudget
from cascal.endpoint.pool_file import write_pool
from cascal.store import Workspace
from cascal.store.shards import Shards

N_QUERIES = 40


@pytest.fixture
def asked():
    with counting(latency=0.002) as running:
        yield running


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    made = Workspace(tmp_path / "w.duckdb")
    made.begin("mine", "by hand", tasks=[Task("sums", "Sums.")])
    with made.recording("mine") as recorder:
        for number in range(N_QUERIES):
            query = Query(f"q{number:02d}", "sums", f"What is {number} + 1?", options=("1", "2"))
            recorder.attempt(
                {
                    **dict.fromkeys(("reason", "reply"), ""),
                    **dict.fromkeys(("similar_to", "leak_of", "input_tokens", "output_tokens")),
                    **{"task": "sums", "number": number, "generator": "g", "outcome": "kept"},
                    **{"query_id": query.query_id, "cost": None, "latency": None},
                },
                query,
            )
    return made


def stored(workspace: Workspace) -> list[dict]:
    table = workspace.responses("mine", with_text=True).drop_columns(["latency"])
    return sorted(table.to_pylist(), key=lambda row: (row["model"], row["query_id"]))


def test_two_shards_taken_over_are_what_one_run_collects(workspace, asked, tmp_path):
    pool = asked.pool(3)
    whole = Workspace(tmp_path / "whole.duckdb")
    (tmp_path / "whole.duckdb").write_bytes(workspace.path.read_bytes())
    collect_into(whole, "mine", pool)
    before = workspace.path.read_bytes()

    folder = tmp_path / "shards"
    collect_shard(workspace, "mine", pool[:2], folder)
    collect_shard(workspace, "mine", pool[2:], folder)
    assert workspace.path.read_bytes() == before
    assert merge_shards(workspace, "mine", pool, folder) == 3 * N_QUERIES
    assert stored(workspace) == stored(whole)
    assert not list(folder.glob("*.journal"))
    assert asked.total() == 2 * 3 * N_QUERIES


def test_what_a_shard_holds_is_not_asked_again(workspace, asked, tmp_path):
    folder = tmp_path / "shards"
    first = collect_shard(workspace, "mine", asked.pool(2), folder, limits=Limits(Budget(calls=30)))
    assert first.ended == "The budget of 30 calls is used up."
    assert asked.total() == 30
    (folder / LEDGER).unlink()
    collect_shard(workspace, "mine", asked.pool(2), folder)
    assert asked.total() == 2 * N_QUERIES
    assert set(asked.counts.values()) == {1}


def test_a_budget_holds_over_all_shards_and_all_runs(workspace, asked, tmp_path):
    pool, folder = asked.pool(3), tmp_path / "shards"
    ended = []

    def run(model) -> None:
        limits = Limits(Budget(calls=50))
        ended.append(collect_shard(workspace, "mine", [model], folder, limits=limits).ended)

    threads = [threading.Thread(target=run, args=[model]) for model in pool]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert asked.total() == 50
    assert "The budget of 50 calls is used up." in ended
    run(pool[0])
    assert asked.total() == 50


def test_another_budget_than_that_of_the_folder_is_refused(workspace, asked, tmp_path):
    folder = tmp_path / "shards"
    collect_shard(workspace, "mine", asked.pool(1), folder, limits=Limits(Budget(calls=5)))
    with pytest.raises(CascalError) as refusal:
        collect_shard(workspace, "mine", asked.pool(1), folder, limits=Limits(Budget(calls=6)))
    assert refusal.value.code == "conflicting-settings"
    assert "5 calls" in str(refusal.value)
    assert "6 calls" in str(refusal.value)


@pytest.mark.parametrize("torn", [b"", b'{"cal', b'\n{"calls": 9, "tok'])
def test_a_line_of_the_ledger_that_a_kill_cut_off_does_not_count(tmp_path, torn):
    ledger, limits = tmp_path / LEDGER, Budget(calls=10)
    if torn.startswith(b"{"):  # the limits themselves
        ledger.write_bytes(torn)
        assert SharedBudget(ledger, limits).spent.calls == 0
        return
    budget = SharedBudget(ledger, limits)
    for _ in range(3):
        assert budget.reserve() is None
    budget.record(100, 0.5)
    with ledger.open("ab") as file:
        file.write(torn)
    again = SharedBudget(ledger, limits)
    assert again.reserve() is None
    assert vars(again.spent) == {"calls": 4, "tokens": 100, "dollars": 0.5}


def test_a_model_that_another_process_asks_is_refused_and_none_is_held(tmp_path):
    folder = tmp_path / "shards"
    with Shards(folder, "mine", ["small"]):
        with pytest.raises(CascalError) as refusal, Shards(folder, "mine", ["large", "small"]):
            pass
        assert refusal.value.code == "dataset-in-use"
        assert "'small'" in str(refusal.value)
        with Shards(folder, "mine", ["large"]), Shards(folder, "other", ["small"]):
            pass


def test_a_shard_that_is_still_written_is_taken_over_and_goes_on(workspace, asked, tmp_path):
    pool, folder = asked.pool(2), tmp_path / "shards"
    collect_shard(workspace, "mine", pool[:1], folder, limits=Limits(Budget(calls=10)))
    (folder / LEDGER).unlink()
    with Shards(folder, "mine", [pool[0].name]):
        assert merge_shards(workspace, "mine", pool, folder) == 10
        assert list(folder.glob("*.journal"))
    assert len(stored(workspace)) == 10
    collect_shard(workspace, "mine", pool, folder)
    assert merge_shards(workspace, "mine", pool, folder) == 2 * N_QUERIES
    assert len(stored(workspace)) == 2 * N_QUERIES
    assert merge_shards(workspace, "mine", pool, folder) == 0


@pytest.mark.slow
def test_commands_in_processes_of_their_own_one_of_them_killed(workspace, asked, tmp_path):
    pool = asked.pool(2)
    write_pool(tmp_path / "pool.yaml", pool)
    command = ["collect", "mine", "pool.yaml", "-w", "w.duckdb", "--shard", "shards", "--models"]
    running = [cascal_process(*command, model.name, cwd=tmp_path) for model in pool]
    asked.wait(20)
    running[0].kill()
    for one in running:
        one.communicate(timeout=60)
    assert running[1].returncode == 0
    again = cascal_process(*command, pool[0].name, cwd=tmp_path)
    again.communicate(timeout=60)
    assert again.returncode == 0
    words = ["collect", "mine", str(tmp_path / "pool.yaml"), "-w", str(workspace.path)]
    merging = CliRunner().invoke(app, [*words, "--merge", str(tmp_path / "shards")])
    assert f"{2 * N_QUERIES} responses taken over" in merging.output
    assert len(stored(workspace)) == 2 * N_QUERIES
    assert max(asked.counts.values()) <= 2  # only what was under way at the kill is asked again
    assert asked.total() <= 2 * N_QUERIES + 8


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--shard", "s", "--fraction", "0.5"], "conflicting-settings", "--fraction"),
        (["--shard", "s", "--merge", "s"], "conflicting-settings", "--merge"),
        (["--models", "nobody"], "unknown-model", "nobody"),
        (["--models", ","], "unknown-model", "--models"),
        (["--merge", "nowhere"], "wrong-path", "nowhere"),
    ],
)
def test_what_does_not_go_together_is_refused(workspace, asked, tmp_path, options, code, named):
    write_pool(tmp_path / "pool.yaml", asked.pool(2))
    done = CliRunner().invoke(
        app, ["collect", "mine", str(tmp_path / "pool.yaml"), "-w", str(workspace.path), *options]
    )
    assert done.exit_code != 0
    assert named in done.output or named in str(done.exception)
    assert asked.total() == 0
