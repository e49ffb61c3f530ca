"""Folders and lists of files as people have them: read as what they hold, or refused by name."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from refusals import refuses

from cascal import importers

HEAD = "query_id,text,options,gold,model,response\n"
OPTIONS = '"[""w"", ""x"", ""y""]"'


def rows(model: str, letter: str = "A") -> str:
    return f"q1,Which?,{OPTIONS},B,{model},The answer is ({letter}).\n"


def test_a_folder_of_one_csv_file_is_that_file(tmp_path):
    (tmp_path / "r.csv").write_text(HEAD + rows("m", "B") + rows("n"), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("about", encoding="utf-8")
    assert importers.read(tmp_path).responses["answer"].to_pylist() == ["B", "A"]


def test_csv_files_of_a_folder_are_one_data_set(tmp_path):
    for model in ("m", "n"):
        (tmp_path / f"{model}.csv").write_text(HEAD + rows(model), encoding="utf-8")
    assert [one.name for one in importers.read(tmp_path).models] == ["m", "n"]


def test_a_csv_file_beside_parts_is_named_as_not_read(tmp_path):
    row = {"query_id": "q1", "text": "Which?", "model": "m", "response": "It is 4.", "gold": "4"}
    (tmp_path / "part.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (tmp_path / "more.csv").write_text(HEAD + rows("n"), encoding="utf-8")
    imported = importers.read(tmp_path)
    assert [one.name for one in imported.models] == ["m"]
    assert "'more.csv'" in imported.notes[0]


def test_a_folder_of_a_json_object_is_refused_as_the_object_is(tmp_path):
    (tmp_path / "p1.json").write_text('{\n"results": {"a": 1},\n"config": {}\n}', encoding="utf-8")
    with refuses("unknown-format", "'p1.json' is good JSON"):
        importers.read(tmp_path)


def result_zip(folder, model: str, letter: str):
    record = {
        "question_id": 1,
        "question": "Which?",
        "options": ["w", "x"],
        "category": "law",
        "answer": "B",
        "generated_text": f"The answer is ({letter}).",
    }
    path = folder / f"model_outputs_{model}_5shots.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"model_outputs_{model}_5shots.json", json.dumps([record]))
    return path


def test_mmlu_pro_results_named_one_by_one_are_read_together(tmp_path):
    paths = [result_zip(tmp_path, "m", "B"), result_zip(tmp_path, "n", "A")]
    assert importers.detect(paths) == "mmlu_pro"
    assert importers.read(paths).responses.equals(importers.read(tmp_path).responses)


def test_mmlu_pro_results_beside_a_table_are_refused_by_name(tmp_path):
    (tmp_path / "r.csv").write_text(HEAD + rows("m"), encoding="utf-8")
    with refuses("mixed-formats", "'r.csv' does not"):
        importers.read([result_zip(tmp_path, "m", "B"), tmp_path / "r.csv"])


@pytest.mark.parametrize("gold", ["", ",label"])
def test_a_column_answer_that_differs_between_models_is_what_they_answered(tmp_path, gold):
    label = ",B" if gold else ""
    text = f"id,question,options,model,answer,correct{gold}\n" + "".join(
        f"q{n},Which {n}?,{OPTIONS},{model},{letter},{letter == 'B'}{label}\n"
        for n in range(4)
        for model, letter in (("m", "B"), ("n", "A"))
    )
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    imported = importers.read(tmp_path / "r.csv")
    assert imported.responses["answer"].to_pylist() == ["B", "A"] * 4
    assert imported.responses["score"].to_pylist() == [1.0, 0.0] * 4
    assert imported.queries["answer"].to_pylist() == ["B" if gold else None] * 4
    assert any("what the models answered" in note for note in imported.notes) == (not gold)


def test_gold_answers_that_contradict_in_one_query_of_many_are_refused_by_column(tmp_path):
    text = "id,question,options,model,answer,response\n" + "".join(
        f"q{n},Which {n}?,{OPTIONS},{model},{'A' if n == 5 and model == 'm' else 'B'},(B)\n"
        for n in range(20)
        for model in ("m", "n")
    )
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    with refuses("conflicting-rows", "gold: 'A' and 'B'"):
        importers.read(tmp_path / "r.csv")


def test_only_other_line_ends_are_no_conflict_and_those_of_unix_are_stored(tmp_path):
    queries = [
        {"query_id": "q", "text": one, "model": model, "response": "It is 4.", "gold": "4"}
        for one, model in (("a\r\nb", "m"), ("a\nb", "n"))
    ]
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")
    imported = importers.read(tmp_path / "r.jsonl")
    assert imported.queries["text"].to_pylist() == ["a\nb"]
    assert imported.responses.num_rows == 2


def test_vectors_beside_a_table_do_not_stop_a_folder(tmp_path):
    (tmp_path / "r.csv").write_text(HEAD + rows("m"), encoding="utf-8")
    np.savez(tmp_path / "v.npz", v=np.zeros(3))
    assert importers.read(tmp_path).responses.num_rows == 1


def test_a_conflict_shows_where_two_long_texts_begin_to_differ(tmp_path):
    text = "id,question,model,response,gold\n" + "".join(
        f"q,A rather long question that ends in the {end},{model},4,4\n"
        for end, model in (("morning", "m"), ("evening", "n"))
    )
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    with refuses("conflicting-rows", "text: '…ds in the morning' and '…ds in the evening'"):
        importers.read(tmp_path / "r.csv")
