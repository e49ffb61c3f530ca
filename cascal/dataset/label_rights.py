"""Who is right by a label: by the letter, by a free answer, or because somebody said so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow.compute as pc

from cascal.answers import AnswerSet, compare_sets
from cascal.dataset.contest import Contest
from cascal.datatypes import NO_ANSWER, FloatArray, IntArray
from cascal.store import Label, Workspace
from cascal.store.voting import option_index


def rights(
    contest: Contest,
    labels: Iterable[Label],
    free: Mapping[str, Mapping[str, IntArray]] | None = None,
) -> dict[str, FloatArray]:
    """Per labelled query who is right (K, M), one row a person, nan where nothing was said.

    A bad question has no right answer: every model is wrong there alike. Skipped queries are left
    out. free : of queries without options, by the label's answer, (M,) 1 where a model gave the
    same answer
    """
    found: defaultdict[str, list[FloatArray]] = defaultdict(list)
    for label in labels:
        if label.mark == "skipped":
            continue
        row = contest.row_of[label.query_id]
        same = (free or {}).get(label.query_id, {}).get(label.answer or "")
        found[label.query_id].append(_right(contest, label, row, same))
    return {query_id: np.stack(rows) for query_id, rows in found.items()}


def _right(contest: Contest, label: Label, row: int, same: IntArray | None) -> FloatArray:
    """(M,) what one label says of every model; who was judged speaks for those who say the same."""
    votes = contest.part.votes
    if label.mark == "bad":
        return np.zeros(len(votes.models))
    given = votes.answers[row]
    right = np.full(len(votes.models), np.nan)
    if label.answer and same is not None:
        right[:] = same
    elif label.answer:
        index = option_index(label.answer)
        right[:] = (given == index) & (index != NO_ANSWER)
    judged_apart = np.isfinite(contest.part.judged[row]).any()
    for name, verdict in label.verdicts.items():
        if name in votes.models:
            model = votes.models.index(name)
            alike = (given == given[model]) & (given != NO_ANSWER) & (not judged_apart)
            alike[model] = True
            right[alike] = verdict
    return right


def free_answers(
    workspace: Workspace, dataset: str, contest: Contest, labels: Sequence[Label]
) -> dict[str, dict[str, IntArray]]:
    """Of queries without options: which models gave the answer of each label."""
    n_options = contest.part.votes.option_counts
    said: defaultdict[str, list[str]] = defaultdict(list)
    for label in labels:
        if label.answer and not n_options[contest.row_of[label.query_id]]:
            said[label.query_id].append(label.answer)
    if not said:
        return {}
    given = given_answers(workspace, dataset, said)
    models = contest.part.votes.models
    sets = [AnswerSet(tuple({*said[one], *given[one].values()})) for one in said]
    return {
        query_id: {
            answer: np.array(
                [_same(same, given[query_id].get(name), answer) for name in models],
                dtype=np.int64,
            )
            for answer in said[query_id]
        }
        for query_id, same in zip(said, compare_sets(sets), strict=True)
    }


def _same(representatives: Mapping[str, str], given: str | None, answer: str) -> bool:
    """Whether a model gave the answer of a label; blank answers are no answers."""
    meant = representatives[answer]
    return given is not None and meant != "" and representatives[given] == meant


def given_answers(
    workspace: Workspace, dataset: str, query_ids: Iterable[str]
) -> dict[str, dict[str, str]]:
    """What the models answered to some queries, as it is stored, by query and model."""
    table = workspace.responses(dataset).select(["query_id", "model", "sample", "answer"])
    found: dict[str, dict[str, str]] = {one: {} for one in query_ids}
    for row in table.filter(pc.equal(table["sample"], 0)).to_pylist():
        if row["query_id"] in found and row["answer"]:
            found[row["query_id"]][row["model"]] = row["answer"]
    return found
