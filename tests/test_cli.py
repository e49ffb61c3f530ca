"""The command line: what it prints, and that every failure is one sentence and exit code 1."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import copy_workspace, free_port
from console import cascal_cli

import cascal
from cascal import cli, importers
from cascal.cli import data
from cascal.compare.experiments import read_report
from cascal.number_format import percent
from cascal.routing.reach import Reach
from cascal.verdicts.light import QUESTION


@pytest.fixture(scope="module")
def folder(tmp_path_factory, demo_workspace):
    """A workspace with the demo and a small data set encoded by hashing; a router of the latter."""
    folder = tmp_path_factory.mktemp("cli")
    copy_workspace(demo_workspace, folder / "w.duckdb")
    rows = [
        {
            "query_id": f"q{number}",
            "task": ("algebra", "history")[number % 2],
            "text": f"Question {number} on {('sums', 'kings')[number % 2]} of kind {number % 4}?",
            "options": ["one", "two", "three"],
            "gold": "ABC"[number % 3],
            "split": "test" if number % 4 == 0 else "train",
            "model": model,
            "response": f"The answer is ({'ABC'[(number + (number * shift) % 2) % 3]}).",
            "mean_logprob": -0.1 - 0.01 * number,
        }
        for number in range(80)
        for shift, model in enumerate(("m1", "m2", "m3", "m4"))
    ]
    (folder / "small.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = cascal_cli("import", "small.jsonl", "-w", "w.duckdb", cwd=folder)
    assert done.returncode == 0, done.stderr
    embed = ("embed", "small", "--encoder", "hashing", "--no-map", "-w", "w.duckdb")
    done = cascal_cli(*embed, cwd=folder)
    assert done.returncode == 0, done.stderr
    done = cascal_cli("fit", "small", "-w", "w.duckdb", "--out", "r.cascal", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_evaluate_prints_all_routers_both_verdicts_and_writes_json_and_parquet(folder):
    plain = cascal_cli("evaluate", "small", "-w", "w.duckdb", cwd=folder)
    assert plain.returncode == 0, plain.stderr
    for said in ("AVENGERS", "Oracle", "With labels:", "Without labels:", "11 times of 40"):
        assert said in plain.stdout
    assert "When it pays back:" in plain.stdout
    assert re.search(r"Ship this: |You use the [a-z ]+ to ship: ", plain.stdout)
    done = cascal_cli(
        "evaluate",
        "small",
        "-w",
        "w.duckdb",
        "--json",
        "--parquet",
        "t.parquet",
        "--splits",
        "2",
        "--models",
        "m1,m2,m4",
        "--by-task",
        "--label-price",
        "0.5",
        "--horizon",
        "5000",
        "--with-presets",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout[done.stdout.index("{") :])
    assert found["peer_measures"]["effective_votes"]["value"] is None  # no model ever errs
    assert found["payback"]["sentence"]
    assert found["payback"]["against"].startswith("always asking ")
    assert (found["payback"]["label_price"], found["payback"]["horizon"]) == (0.5, 5000)
    assert found["to_ship"]["title"].startswith(("Ship this: ", "You use the setting to ship"))
    assert found["to_ship"]["n_tried"] > 1
    assert found["to_ship"]["payback"]["against"] == found["payback"]["against"]
    assert found["models"] == ["m1", "m2", "m4"]
    assert found["n_splits"] == 2
    without = found["without_labels"]
    assert without["question"] == QUESTION
    assert (without["right"] is None) == (without["light"] == "unsure") == bool(without["doubts"])
    assert without["unit"].endswith("not accuracy")
    assert set(without["to_label"]) <= {f"q{number}" for number in range(80)}
    table = pq.read_table(folder / "t.parquet")
    assert table["router"].to_pylist() == [row["router"] for row in found["routers"]]


def test_one_cluster_a_task_from_the_fit_to_the_route(folder):
    given = ("-w", "w.duckdb", "--clusters", "task")
    done = cascal_cli("fit", "small", *given, "--out", "task.cascal", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["preset"] == "recommended, one cluster a task"
    assert sorted(one["task"] for one in found["clusters"]) == ["algebra", "history"]
    text = "Question on sums?"
    routed = cascal_cli("route", "task.cascal", text, "--trace", cwd=folder)
    assert routed.returncode == 0, routed.stderr
    assert json.loads(routed.stdout)["trace"]["preset"] == "recommended, one cluster a task"
    for command in (("quality", "small"), ("diagnose", "small")):
        done = cascal_cli(*command, *given, "--json", cwd=folder)
        assert done.returncode == 0, done.stderr
    thin = next(one for one in json.loads(done.stdout) if one["code"] == "CAS103")
    (measure,) = thin["measures"]
    assert measure["margin"] == measure["rule"] - measure["value"]
    assert (measure["margin"] > 0) == (thin["section"] == "passed")
    refused = cascal_cli("fit", "small", "-w", "w.duckdb", "--clusters", "tasks", cwd=folder)
    assert refused.returncode == 1
    assert "skills, task" in refused.stderr


def test_an_experiment_prints_its_target_and_leaves_its_report(folder):
    done = cascal_cli("experiment", "leave-one-out", "small", "-w", "w.duckdb", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Target:" in done.stdout
    report = read_report((folder / "experiments" / "leave-one-out-small.json").read_bytes())
    assert report.datasets == ("small",)
    assert report.outcome in done.stdout


def test_given_vectors_are_taken_and_checked(folder):
    array = np.random.default_rng(0).normal(size=(80, 5)).astype("f4")
    np.save(folder / "v.npy", array)
    ids = "query_id,text\n" + "\n".join(f"q{row},x" for row in range(80))
    (folder / "ids.csv").write_text(ids, encoding="utf-8")
    call = ("embed", "small", "--encoder", "mine", "--no-map", "-w", "w.duckdb", "--vectors")
    done = cascal_cli(*call, "v.npy", "--ids", "ids.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    stored = cascal.Workspace(folder / "w.duckdb").embeddings("small", "mine")
    assert stored.vectors[3] == pytest.approx(array[3] / np.linalg.norm(array[3]), abs=1e-6)
    np.savez(
        folder / "v.npz", query_ids=np.array([f"q{row}" for row in range(79)]), vectors=array[:79]
    )
    np.save(folder / "odd.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    for arguments, says in (
        (("v.npz",), "1 query of 'small' has no vector"),
        (("v.npy",), "--ids"),
        (("odd.npy", "--ids", "ids.csv"), "no array that can be read"),
        (("none.npy",), "There is no file"),
    ):
        done = cascal_cli(*call, *arguments, cwd=folder)
        assert done.returncode == 1
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    by_mine = ("-w", "w.duckdb", "--encoder", "mine", "--json")
    found = json.loads(cascal_cli("evaluate", "small", *by_mine, cwd=folder).stdout)
    assert found["n_train"] == 60
    for command in ("evaluate", "diagnose", "presets"):
        other = cascal_cli(command, "small", "-w", "w.duckdb", "--encoder", "theirs", cwd=folder)
        assert other.returncode == 1
        assert "no vector by encoder 'theirs'" in " ".join(other.stderr.split())


def test_info_lists_what_is_there(folder):
    rows = json.loads(cascal_cli("info", "--json", "-w", "w.duckdb", cwd=folder).stdout)
    assert {row["name"]: row["n_train"] for row in rows} == {
        "demo": 5000,
        "demo-weak": 5000,
        "small": 60,
    }
    assert "simulated" in cascal_cli("info", "-w", "w.duckdb", cwd=folder).stdout


@pytest.mark.slow
def test_fit_prints_clusters_and_the_verdict_as_json(folder):
    done = cascal_cli("fit", "demo", "--json", "-w", "w.duckdb", cwd=folder)
    summary = json.loads(done.stdout)
    assert summary["n_clusters"] == len(summary["clusters"])
    assert summary["verdict"].startswith("Routing pays here")


@pytest.fixture(scope="module")
def partly(folder):
    """`half`: gold answers of half the queries. `whole`: all gold, no test queries."""
    rows = [json.loads(line) for line in (folder / "small.jsonl").read_text().splitlines()]
    half = [
        {**row, "gold": row["gold"] if int(row["query_id"][1:]) % 8 < 4 else ""} for row in rows
    ]
    whole = [{name: row[name] for name in row if name != "split"} for row in rows]
    for name, table in (("half", half), ("whole", whole)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
        embed = ("embed", name, "--encoder", "hashing", "--no-map")
        for command in (("import", f"{name}.jsonl"), embed):
            done = cascal_cli(*command, "-w", "w.duckdb", cwd=folder)
            assert done.returncode == 0, done.stderr
    return folder


def test_a_stopped_embedding_says_what_is_left(tmp_path, monkeypatch, capsys):
    rows = [
        {"query_id": f"q{n}", "task": "t", "text": f"Text {n}", "options": ["a", "b"]}
        | {"model": "m", "model_answer": "A"}
        for n in range(600)
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    path = tmp_path / "w.duckdb"
    cascal.Workspace(path).add(importers.read(tmp_path / "d.jsonl"))

    class Stopped:
        id, dimension, n_cut = "hashing", 256, 0

        def encode(self, texts, progress=None):
            if len(texts) < 512:
                raise KeyboardInterrupt
            return np.eye(256, dtype=np.float32)[[0] * len(texts)]

    monkeypatch.setattr("cascal.encode.encoders.load_encoder", lambda *_, **__: Stopped())
    with pytest.raises(KeyboardInterrupt):
        data.embed("d", path, "hashing")
    assert "Stopped: 88 texts have no vector yet." in capsys.readouterr().err


@pytest.mark.slow
def test_fit_and_evaluate_give_the_same_verdict_and_count_gold_queries(partly):
    fitted = cascal_cli("fit", "half", "-w", "w.duckdb", "--top-k", "2", "--json", cwd=partly)
    evaluated = cascal_cli("evaluate", "half", "-w", "w.duckdb", "--json", cwd=partly)
    summary = json.loads(fitted.stdout)
    found = json.loads(evaluated.stdout)
    assert summary["verdict"] == found["with_labels"]["sentence"]
    assert "on the training labels" in summary["verdict"]
    assert summary["n_gold"] == found["n_gold"] == 10
    assert found["n_test"] == 20
    printed = cascal_cli("fit", "half", "-w", "w.duckdb", "--top-k", "2", cwd=partly).stdout
    assert "10 test queries with gold" in printed
    assert f"vote of 2 right {percent(summary['vote_accuracy'], 1)}" in printed
    assert (
        "10 gold of 20 test queries"
        in cascal_cli("evaluate", "half", "-w", "w.duckdb", cwd=partly).stdout
    )


def test_without_test_queries_new_splits_are_drawn_or_the_way_is_said(partly):
    refused = cascal_cli("evaluate", "whole", "-w", "w.duckdb", cwd=partly)
    assert refused.returncode == 0
    assert "has no test queries" in refused.stdout
    assert "--test-share 0.4" in refused.stdout
    done = cascal_cli("evaluate", "whole", "-w", "w.duckdb", "--splits", "2", "--json", cwd=partly)
    found = json.loads(done.stdout)
    assert (found["n_splits"], found["reason"]) == (2, None)
    assert found["n_gold"] == found["n_test"] > 32


def test_the_version_is_printed():
    done = cascal_cli("--version")
    assert done.stdout.strip() == f"cascal {cascal.__version__}"


def answers(port: int) -> bool:
    try:
        url = f"http://127.0.0.1:{port}/_stcore/health"
        return urllib.request.urlopen(url, timeout=2).read() == b"ok"
    except OSError:
        return False


@pytest.mark.slow
def test_a_terminated_dashboard_leaves_nothing_running_and_a_taken_port_is_told(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "cascal.cli", "dashboard", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 90
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        second = cascal_cli("dashboard", "--port", str(port), cwd=tmp_path)
        assert second.returncode == 1
        assert f"Cannot listen on 127.0.0.1 port {port}" in second.stderr
        assert "Dashboard:" not in second.stdout
        process.terminate()
        assert process.wait(timeout=30) == 0
        assert not answers(port)
    finally:
        process.kill()
        process.wait()


def test_export_and_fit_write_the_same_router(folder):
    done = cascal_cli("export", "small", "e.cascal", "-w", "w.duckdb", cwd=folder)
    assert done.returncode == 0, done.stderr
    one, other = (cascal.Router.load(folder / name) for name in ("r.cascal", "e.cascal"))
    assert one.fingerprint == other.fingerprint
    assert (one.rankings.scores == other.rankings.scores).all()


def test_route_takes_a_text_standard_input_and_a_file(folder):
    one = cascal_cli("route", "r.cascal", "Which sums of kind 2?", "--trace", cwd=folder)
    record = json.loads(one.stdout)
    assert record["selected"] == record["trace"]["selected"]
    assert record["trace"]["what_would_change"]
    assert record["trace"]["reason"].startswith(f"Routed to {record['selected'][0]}, because ")
    assert record["trace"]["reason"] in one.stderr
    piped = cascal_cli("route", "r.cascal", cwd=folder, stdin="first kings?\n\nsecond sums?\n")
    assert [json.loads(line)["query_id"] for line in piped.stdout.splitlines()] == ["1", "2"]
    (folder / "batch.csv").write_text("id,text\na,kings of kind 1?\nb,sums?\n", encoding="utf-8")
    batch = cascal_cli("route", "r.cascal", "--file", "batch.csv", cwd=folder)
    assert [json.loads(line)["query_id"] for line in batch.stdout.splitlines()] == ["a", "b"]


def test_a_trace_says_that_a_query_is_far_in_its_json_and_in_words(folder):
    router = cascal.Router.load(folder / "r.cascal")
    near = Reach(4.0 * np.eye(router.dimension, dtype=np.float32), 1.0)
    replace(router, stored_reach=near).save(folder / "far.cascal")
    done = cascal_cli("route", "far.cascal", "Which sums of kind 2?", "--trace", cwd=folder)
    trace = json.loads(done.stdout)["trace"]
    assert (trace["far"], trace["reach"]) == (True, 1.0)
    assert trace["training_distance"] == pytest.approx(2.0)
    assert "2.00 times as far from the training queries" in trace["caution"]
    assert trace["caution"] in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("info", "-w", "missing.duckdb"), "no workspace"),
        (("fit", "nothing", "-w", "w.duckdb"), "nothing"),
        (("fit", "demo", "--preset", "best", "-w", "w.duckdb"), "preset"),
        (("fit", "demo", "--merge-distance", "7", "-w", "w.duckdb"), "merge_distance"),
        (("fit", "demo", "--cost-weight", "nan", "-w", "w.duckdb"), "cost_weight is nan"),
        (("import", "missing.csv", "-w", "w.duckdb"), "missing.csv"),
        (("import", "small.jsonl", "-w", "w.duckdb"), "small"),
        (("import", "small.jsonl", "--map", "text", "-w", "w.duckdb"), "OURS=THEIRS"),
        (("import", "bad.pkl", "-w", "w.duckdb"), "pickle"),
        (("info", "-w", "text.duckdb"), "text.duckdb"),
        (("route", "missing.cascal", "x"), "missing.cascal"),
        (("route", "small.jsonl", "x"), "not a CASCAL router"),
        (("route", "r.cascal", "--file", "missing.txt"), "missing.txt"),
        (("route", "r.cascal", "x", "--encoder", "all-MiniLM-L6-v2"), "encoder"),
        (("route", "r.cascal", ""), "no text"),
        (("embed", "small", "--encoder", "/no/such/folder", "-w", "w.duckdb"), "folder"),
        (("evaluate", "small", "--models", "m1,nobody", "-w", "w.duckdb"), "nobody"),
        (("evaluate", "demo", "--splits", "2", "-w", "w.duckdb"), "not gold"),
        (("experiment", "magic", "small", "-w", "w.duckdb"), "no experiment 'magic'"),
        (("experiment", "generators", "small", "-w", "w.duckdb"), "second data set"),
        (("fit", "small", "--cost-weight", "1", "-w", "w.duckdb"), "not known for every model"),
        (("demo", "--no-open", "--variant", "magic", "-w", "w.duckdb"), "no variant"),
        (("export", "small", "no/such/folder/r.cascal", "-w", "w.duckdb"), "Make it first"),
        (("fit", "small", "--out", "nowhere/r.cascal", "-w", "w.duckdb"), "no folder nowhere"),
        (("report", "small", ".", "-w", "w.duckdb"), "is a folder"),
        (("build", "x.yaml", "p.yaml", "--generator", "g", "--out", "no/r.cascal"), "no folder no"),
        (("dashboard", "--port", "99999"), "65535"),
        (("dashboard", "--allow-host", "http://studio.example"), "is no host name"),
        (("dashboard", "--allow-folder", "nowhere"), "does not exist"),
        (("simulate", "--port", "99999"), "65535"),
        (("embed", "small", "--vectors", "small.jsonl", "-w", "w.duckdb"), "no .npy or .npz file"),
    ],
)
def test_a_failure_is_one_sentence_and_leaves_the_workspace_alone(folder, arguments, says):
    (folder / "text.duckdb").write_text("this is no database, only text" * 100, encoding="utf-8")
    (folder / "bad.pkl").write_bytes(b"\x80\x04K\x01.")
    before = (folder / "w.duckdb").read_bytes()
    done = cascal_cli(*arguments, cwd=folder)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert (folder / "w.duckdb").read_bytes() == before


def test_an_interrupted_query_ends_the_command_as_an_interrupt_does(monkeypatch):
    def interrupted() -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130

    def broken() -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(RuntimeError, match="something else"):
        cli.main()
