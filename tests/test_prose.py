"""Open-ended answers are told from short ones, and are never taken for votes."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from conftest import add_hashed
from refusals import refuses

import cascal
from cascal import importers
from cascal.answers import Answered, find_prose
from cascal.dataset.dataset import load_dataset

ESSAY = (
    "The {0} matters because everything that follows from it depends on how one looks at it.\n\n"
    "First, {0} should be weighed against {1}. Second, {2} decides in the end."
)
WORDS = ("shore", "canal", "orchard", "meadow", "harbour", "quarry", "summit", "valley")


def essay(*key: int) -> str:
    return ESSAY.format(*(WORDS[(one + 3 * sum(key)) % len(WORDS)] for one in key))


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_of(task, respond, n_queries=20, n_models=4):
    return [
        {
            "query_id": f"{task}{q}",
            "task": task,
            "text": f"What about {WORDS[q % 8]} number {q}, seen from {task}?",
            "gold": "",
            "model": f"m{m}",
            "response": respond(q, m),
        }
        for q in range(n_queries)
        for m in range(n_models)
    ]


def prose(q, m):
    return essay(q, m, q + m)


def short(q, m):
    return f"The answer is {q if m else q + 1}."


def reasoned(q, m):
    steps = essay(q, m, q + m)
    return f"{steps}\n\n\\boxed{{{q}}}"


def disagreeing(q, m):
    return f"{WORDS[m]} {q}"


@pytest.mark.parametrize(
    ("respond", "told"), [(prose, 20), (short, 0), (reasoned, 0), (disagreeing, 0)]
)
def test_long_distinct_texts_that_state_no_answer_are_prose_and_nothing_else_is(
    tmp_path, respond, told
):
    imported = importers.read(write(tmp_path / "r.csv", rows_of("a", respond)))
    assert any("not comparable" in note for note in imported.notes) == bool(told)
    workspace = cascal.Workspace(tmp_path / "w.duckdb")
    workspace.add(imported)
    votes = workspace.votes("r")
    assert (0 if votes.prose is None else votes.prose.sum()) == told
    assert votes.answered.any() == (not told)


def test_sentences_are_refused_with_the_way_on_and_never_vote(tmp_path):
    """One-line sentences once were answers, each its own; all models then tied at nothing."""

    def sentence(q, m):
        return f"I would say that the {WORDS[m]} of number {q} is what most people would look at."

    workspace = cascal.Workspace(tmp_path / "w.duckdb")
    add_hashed(workspace, importers.read(write(tmp_path / "r.csv", rows_of("a", sentence))))
    train = load_dataset(workspace, "r").train
    assert not train.votes.answered.any()
    with refuses("not-comparable", "20", "cascal scores", "model_answer", "'a'"):
        cascal.fit(train.votes, train.vectors)


def test_a_task_of_prose_beside_others_loses_its_votes_and_this_is_noted(tmp_path):
    rows = rows_of("a", prose, n_queries=10) + rows_of("b", short, n_queries=30)
    workspace = cascal.Workspace(tmp_path / "w.duckdb")
    add_hashed(workspace, importers.read(write(tmp_path / "r.csv", rows)))
    train = load_dataset(workspace, "r").train
    tasks = np.array(train.votes.tasks)
    assert train.votes.prose.tolist() == (tasks == "a").tolist()
    fitted = cascal.fit(train.votes, train.vectors)
    (note,) = [one for one in fitted.router().notes if "not comparable" in one]
    assert "10 of 40" in note
    assert train.votes.take(np.flatnonzero(tasks == "b")).prose.sum() == 0


def test_what_was_refused_or_cut_does_not_tell_what_answers_look_like(tmp_path):
    """Three of four models were cut off while they reasoned; the fourth gave a short answer."""
    rows = [
        {**row, "status": "truncated" if row["model"] != "m0" else "ok"}
        for row in rows_of("a", lambda q, m: prose(q, m) if m else f"The answer is {q}.")
    ]
    imported = importers.read(write(tmp_path / "r.csv", rows))
    assert not any("not comparable" in note for note in imported.notes)
    workspace = cascal.Workspace(tmp_path / "w.duckdb")
    workspace.add(imported)
    votes = workspace.votes("r")
    assert votes.prose is None
    assert votes.answered[:, 0].all()


def test_one_reference_text_is_no_gold_answer_of_prose(tmp_path):
    rows = [{**row, "gold": "A reference text."} for row in rows_of("a", prose)]
    workspace = cascal.Workspace(tmp_path / "w.duckdb")
    workspace.add(importers.read(write(tmp_path / "r.csv", rows)))
    gold, _ = workspace.gold("r")
    assert (gold == cascal.NO_ANSWER).all()


@pytest.mark.parametrize(
    ("length", "rule", "same", "found"),
    [
        (61, None, (None, None), True),
        (60, None, (None, None), False),
        (400, "first_line", ("x", "y"), True),
        (400, "boxed", ("x", "y"), False),
        (400, "whole_text", ("x", "x"), False),
    ],
)
def test_the_rule_at_its_edges(length, rule, same, found):
    answered = Answered(
        rows=np.zeros(2, dtype=np.int64),
        text_lengths=np.full(2, length),
        answer_lengths=np.full(2, 1),
        rules=(rule, rule),
        same=same,
    )
    assert find_prose(answered, np.array([True]), ["t"]).tolist() == [found]


def test_options_are_never_prose_and_nothing_asked_is_none():
    nothing = np.zeros(0, dtype=np.int64)
    empty = Answered(rows=nothing, text_lengths=nothing, answer_lengths=nothing, rules=(), same=())
    assert find_prose(empty, np.array([True]), ["t"]).tolist() == [False]
    one = Answered(
        rows=np.zeros(1, dtype=np.int64),
        text_lengths=np.array([900]),
        answer_lengths=np.array([0]),
        rules=(None,),
        same=(None,),
    )
    assert find_prose(one, np.array([False]), ["t"]).tolist() == [False]
