"""Chosen queries as a table, on screen and for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cascal.charts.skills import cluster_labels
from cascal.dataset.part import Part
from cascal.dataset.query_card import answer_label
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray, Split

Written = Mapping[tuple[str, str], str]
"""Answers as they were written, by query and model."""


def queries_frame(snapshot: Snapshot, split: Split, rows: IntArray) -> pd.DataFrame:
    """One row a query: id, task, cluster, first model, text."""
    part, routes = snapshot.dataset.part(split), snapshot.routes(split)
    member, labels = snapshot.clusters(split), cluster_labels(snapshot)
    return pd.DataFrame(
        {
            "query": [part.votes.query_ids[row] for row in rows],
            "task": [part.votes.tasks[row] for row in rows],
            "cluster": [labels[member[row]] for row in rows],
            "first model": [routes.models[routes.selected[row, 0]] for row in rows],
            "text": [part.texts[row] for row in rows],
        }
    )


def answers_frame(
    snapshot: Snapshot, split: Split, rows: IntArray, written: Written
) -> pd.DataFrame:
    """The same with one column a model: its answer, as written where the query has no options."""
    part = snapshot.dataset.part(split)
    frame = queries_frame(snapshot, split, rows)
    answers = {
        f"answer of {model}": [_answer(part, row, column, written) for row in rows]
        for column, model in enumerate(part.votes.models)
    }
    return frame.assign(**answers)


def _answer(part: Part, row: int, column: int, written: Written) -> str:
    votes = part.votes
    given = int(votes.answers[row, column])
    own = part.shown_answer(row, given)
    if not own and not votes.option_counts[row]:
        own = written.get((votes.query_ids[row], votes.models[column]), "")
    return own or answer_label(votes, row, given)
