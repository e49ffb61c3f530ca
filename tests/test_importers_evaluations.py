"""Files of Langfuse, HELM, DeepEval and OpenAI evals, as these programs wrote them."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
from refusals import refuses

from cascal import importers
from cascal.endpoint.logprobs import mean_logprob

FOREIGN = Path(__file__).parent / "foreign"
SUMS = {"adder": 1.0, "guesser": 5 / 8}
"""What each of the programs reports of the two scripted models."""


def rates(imported) -> dict[str, float]:
    """The mean score of every model."""
    table = imported.responses.group_by("model").aggregate([("score", "mean")])
    return dict(zip(table["model"].to_pylist(), table["score_mean"].to_pylist(), strict=True))


def read_rates(imported) -> dict[str, float]:
    """The share of answers of every model that are their query's gold answer."""
    gold = dict(
        zip(*(imported.queries[one].to_pylist() for one in ("query_id", "answer")), strict=True)
    )
    right: dict[str, list[bool]] = {}
    for row in imported.responses.select(["query_id", "model", "answer"]).to_pylist():
        right.setdefault(row["model"], []).append(row["answer"] == gold[row["query_id"]])
    return {model: sum(one) / len(one) for model, one in right.items()}


def test_openai_evals_records_give_the_accuracy_that_the_program_reports():
    folder = FOREIGN / "openai_evals"
    reported = {}
    for file in folder.iterdir():
        first, *_, last = map(json.loads, file.read_text().splitlines())
        reported[first["spec"]["completion_fns"][0]] = last["final_report"]["accuracy"]
    imported = importers.read(folder)
    assert reported == SUMS
    assert rates(imported) == reported
    assert imported.queries["text"][0].as_py().startswith("What is")
    assert imported.queries["task"].unique().to_pylist() == ["sums.dev.v0"]
    assert sorted(imported.queries["answer"].to_pylist(), key=int) == [str(n) for n in range(5, 13)]


def test_a_record_without_a_model_is_refused(tmp_path):
    lines = (FOREIGN / "openai_evals" / "adder.jsonl").read_text().splitlines()
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(lines[1:]), encoding="utf-8")
    with refuses("missing-value", "spec.completion_fns"):
        importers.read(path)


def test_deepeval_test_runs_give_the_pass_rate_that_the_program_reports():
    folder = FOREIGN / "deepeval"
    runs = [json.loads(file.read_text()) for file in folder.iterdir()]
    reported = {one["hyperparameters"]["model"]: one["testPassed"] / 8 for one in runs}
    imported = importers.read(folder)
    assert reported == SUMS
    assert rates(imported) == reported
    assert read_rates(imported) == reported
    assert imported.queries.num_rows == 8


def test_a_latest_test_run_without_a_model_is_the_model_of_its_name(tmp_path):
    run = json.loads((FOREIGN / "deepeval" / "adder.json").read_text())
    del run["hyperparameters"]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"testRunData": run}), encoding="utf-8")
    imported = importers.read(path)
    assert [one.name for one in imported.models] == ["mine"]
    assert any("names no model" in note for note in imported.notes)


@pytest.mark.parametrize("name", ["observations.json", "observations.csv"])
def test_langfuse_generations_are_read_by_what_was_asked(name):
    imported = importers.read(FOREIGN / "langfuse" / name)
    assert importers.detect(FOREIGN / "langfuse" / name) == "langfuse"
    assert imported.queries["text"].to_pylist() == [f"What is {n} + 5 ?" for n in range(8)]
    assert [one.name for one in imported.models] == ["adder", "guesser"]
    answers = imported.responses["answer"].to_pylist()
    assert answers[:8] == [str(n) for n in range(5, 13)]
    assert answers[8:] == ["5", "7", "7", "8", "10", "10", "11", None]
    assert imported.responses["status"].to_pylist() == ["ok"] * 15 + ["error"]
    assert imported.responses["output_tokens"].to_pylist() == [6] * 16
    assert imported.responses["cost"][0].as_py() == 0.0002
    assert any("1 span or event is no call" in note for note in imported.notes)


def test_scores_of_a_langfuse_trace_belong_to_its_generation(tmp_path):
    rows = json.loads((FOREIGN / "langfuse" / "observations.json").read_text())
    scores = [
        {"name": "stars", "value": 4},
        {"name": "right", "value": 1, "observationId": "adder-1"},
    ]
    trace = {"id": "t", "timestamp": "2026", "observations": [rows[1], rows[-1]], "scores": scores}
    path = tmp_path / "traces.json"
    path.write_text(json.dumps([trace]), encoding="utf-8")
    assert importers.read(path).responses["score"].to_pylist() == [1.0]
    trace["observations"] = [rows[-1]]
    path.write_text(json.dumps([trace]), encoding="utf-8")
    with refuses("no-records", "GENERATION"):
        importers.read(path)


def helm_reported(folder) -> float:
    stats = json.loads((folder / "per_instance_stats.json").read_text())
    found = [s["mean"] for one in stats for s in one["stats"] if s["name"]["name"] == "exact_match"]
    return sum(found) / len(found)


@pytest.mark.parametrize("free", ["no", "yes"])
def test_helm_runs_give_the_exact_match_that_the_program_reports(free):
    folders = [FOREIGN / "helm" / f"sums_free={free}_model=scripted_{model}" for model in SUMS]
    reported = {
        f"scripted/{model}": helm_reported(one) for model, one in zip(SUMS, folders, strict=True)
    }
    imported = importers.read([one / "scenario_state.json" for one in folders])
    assert list(reported.values()) == list(SUMS.values())
    assert rates(imported) == reported
    assert read_rates(imported) == reported
    assert imported.queries["task"].unique().to_pylist() == [f"sums:free={free}"]
    assert imported.queries["text"][3].as_py() == "What is 3 + 5 ?"
    options = imported.queries["options"][3].as_py()
    assert sorted(options) == ([] if free == "yes" else ["10", "7", "8", "9"])


def test_a_folder_of_helm_runs_is_one_data_set():
    imported = importers.read(FOREIGN / "helm")
    assert imported.queries.num_rows == 16
    assert imported.responses.num_rows == 32


def test_helm_references_that_were_asked_apart_are_ranked_by_their_likelihood(tmp_path):
    source = FOREIGN / "helm" / "sums_free=no_model=scripted_adder"
    document = json.loads((source / "scenario_state.json").read_text())
    state = document["request_states"][0]
    del state["output_mapping"]
    states = []
    for place, (asked, alone) in enumerate(
        [(-4.0, -1.0), (-3.0, -9.0), (-2.0, -2.5), (-9.0, -9.5)]
    ):
        for mode, value in (("original", asked), ("calibration", alone)):
            result = {
                "success": True,
                "completions": [{"text": "", "logprob": value, "tokens": []}],
            }
            states.append(
                {**state, "reference_index": place, "request_mode": mode, "result": result}
            )
    folder = shutil.copytree(source, tmp_path / "run")
    (folder / "scenario_state.json").write_text(json.dumps({**document, "request_states": states}))
    imported = importers.read(folder)
    assert imported.responses["answer"].to_pylist() == ["B"]
    assert imported.responses["score"].to_pylist() == [1.0]


def test_numbers_that_no_float_can_hold_are_no_scores(tmp_path):
    folder = shutil.copytree(
        FOREIGN / "helm" / "sums_free=yes_model=scripted_adder", tmp_path / "r"
    )
    stats = json.loads((folder / "per_instance_stats.json").read_text())
    for one in stats[0]["stats"]:
        one["mean"] = 10**400
    (folder / "per_instance_stats.json").write_text(json.dumps(stats))
    assert importers.read(folder).responses["score"].to_pylist().count(None) == 1


def test_log_probabilities_that_no_float_can_hold_are_unknown():
    assert math.isnan(mean_logprob({"logprobs": {"content": [{"logprob": 10**400}]}}))
    assert math.isnan(mean_logprob({"logprobs": {"content": [{"logprob": -(10**400)}]}}))
