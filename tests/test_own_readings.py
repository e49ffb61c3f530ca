"""Files that hold a reading of their own: compared with ours, said, and taken where that is chosen.

The files are made here, in the shape of MMLU-Pro's results.
"""

import json

import numpy as np
import pytest
from foreign_files import jsonl, promptfoo_row
from refusals import refuses
from typer.testing import CliRunner

from cascal import importers
from cascal.cli import app
from cascal.dataset.dataset import load_dataset
from cascal.store import Workspace

OPTIONS = ["red", "green", "blue", "grey"]
STATED, GUESSED, LATER = "The answer is (B).", "Vitamin C is sour.", "I would pick (D)."


def results(folder, model, said, options=OPTIONS, gold="B"):
    """One file of (text, pred) for the queries 1, 2, …"""
    records = [
        {
            "question_id": number,
            "question": f"Which colour has number {number}?",
            "options": options,
            "answer": gold,
            "answer_index": ord(gold) - ord("A"),
            "category": "art",
            "generated_text": text,
        }
        | ({} if pred == "absent" else {"pred": pred})
        for number, (text, pred) in enumerate(said, 1)
    ]
    path = folder / f"model_outputs_{model}_5shots.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


SAID = [(STATED, "B"), (GUESSED, "C"), (LATER, None), (STATED, "A"), (GUESSED, "B")]
"""Right by the file in 2 of 5, by the texts in 2 of 5 too, but not the same ones."""


def test_how_often_the_source_reads_otherwise_is_said_with_three_examples(tmp_path):
    result = importers.read(results(tmp_path, "m", SAID))
    assert result.responses["answer"].to_pylist() == ["B", None, "D", "B", None]
    (note,) = [one for one in result.notes if "pred" in one]
    assert note == (
        "The source read the texts itself (pred); our reading of them counts. 4 of 5 responses are "
        "read differently (an answer only by the source in 2, only by us in 1): '2' of m: theirs "
        "C, ours none; '3' of m: theirs none, ours D; '4' of m: theirs A, ours B. `--reading "
        "source` takes theirs."
    )


def test_by_the_sources_own_reading_as_many_are_right_as_the_file_says(tmp_path):
    path = results(tmp_path, "m", SAID)
    result = importers.read(path, reading="source")
    assert result.responses["answer"].to_pylist() == ["B", "C", None, "A", "B"]
    assert result.responses["status"].to_pylist() == ["ok", "ok", "unreadable", "ok", "ok"]
    assert result.responses["rule"].to_pylist() == ["given", "given", None, "given", "given"]
    (note,) = [one for one in result.notes if "pred" in one]
    assert note.startswith("The answers are those of the source (pred), as was chosen. 4 of 5")
    workspace = Workspace(tmp_path / "w.duckdb")
    workspace.add(result)
    votes, (gold, _) = workspace.votes(result.dataset), workspace.gold(result.dataset)
    n_right = sum(one["pred"] == one["answer"] for one in json.loads(path.read_text()))
    assert int((votes.answers == gold[:, None]).sum()) == n_right == 2
    assert result.responses["score"].to_pylist() == [1.0, 0.0, 0.0, 0.0, 1.0]


def test_the_sources_letter_goes_to_another_version_by_the_options_text(tmp_path):
    for model in ("a", "b"):
        results(tmp_path, model, [(GUESSED, "B")])
    turned = OPTIONS[::-1]
    results(tmp_path, "c", [(GUESSED, "C"), (STATED, None)], options=turned, gold="C")
    result = importers.read(tmp_path, reading="source")
    assert result.responses["answer"].to_pylist() == ["B", "B", "B", None]


def test_whether_it_is_right_is_told_by_the_gold_answer_of_its_own_file(tmp_path):
    """Two files say A, the third B: its own answer is right in it, as its pass rate counts."""
    for model, gold in (("a", "A"), ("b", "A"), ("c", "B")):
        results(tmp_path, model, [(GUESSED, "B")], gold=gold)
    result = importers.read(tmp_path, reading="source")
    assert result.queries["answer"].to_pylist() == ["A"]
    assert result.responses["score"].to_pylist() == [0.0, 0.0, 1.0]
    assert set(importers.read(tmp_path).responses["score"].to_pylist()) == {None}


def test_a_file_that_reads_the_same_says_so_and_one_without_a_reading_says_nothing(tmp_path):
    same = importers.read(results(tmp_path, "m", [(STATED, "B"), ("no idea", None)]))
    assert any("Both are the same for 2 responses." in note for note in same.notes)
    silent = results(tmp_path, "n", [(STATED, "absent")])
    assert not [note for note in importers.read(silent).notes if "pred" in note]
    chosen = importers.read(silent, reading="source")
    assert chosen.responses["answer"].to_pylist() == ["B"]
    assert "The source gives no answer of its own: all were read from texts." in chosen.notes
    assert any("by the reading 'stated'" in note for note in chosen.notes)


def test_a_mapping_is_refused_where_no_columns_are_named_and_says_what_takes_pred(tmp_path):
    path = results(tmp_path, "m", SAID)
    with refuses("unknown-choice", "mmlu_pro", "--map", "--reading source"):
        importers.read(path, mapping={"answer": "pred"})


# --- What promptfoo counts


def failed(number, model, **changes):
    row = promptfoo_row(number, provider={"id": model}, **changes)
    return row | {"success": False, "failureReason": 2, "error": "503", "response": {}}


def scored(number, model, *, right):
    return promptfoo_row(
        number, provider={"id": model}, success=right, failureReason=int(not right)
    )


@pytest.mark.slow
def test_a_failed_call_is_as_little_right_as_promptfoo_counts_it(tmp_path):
    ids = range(4)
    rows = [scored(n, "good", right=True) | {"id": f"g{n}"} for n in ids]
    rows += [scored(n, "frail", right=n < 2) | {"id": f"f{n}"} for n in ids[:3]]
    rows.append(failed(3, "frail") | {"id": "f3"})
    path, workspace = jsonl(tmp_path / "out.jsonl", rows), tmp_path / "w.duckdb"
    for command in (["import", str(path)], ["embed", "out", "--encoder", "hashing"]):
        said = CliRunner().invoke(app, [*command, "-w", str(workspace)])
        assert said.exit_code == 0, said.output
        if command[0] == "import":
            assert "promptfoo counts 6 of 8 results right. 1 call failed" in said.output
    part = load_dataset(Workspace(workspace), "out").train
    means = dict(zip(part.votes.models, np.nanmean(part.right, axis=0).tolist(), strict=True))
    assert means == {"good": 1.0, "frail": 0.5}
    assert np.isfinite(part.right).all()
