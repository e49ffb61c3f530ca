"""Chosen queries as a table, on screen and for a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cascal.charts.figures import in_percent, shorten, shorten_middle
from cascal.charts.skills import cluster_labels
from cascal.dataset.part import Part
from cascal.dataset.query_card import answer_label
from cascal.dataset.query_filters import RIGHT, pool_agreement
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NO_ANSWER, IntArray, Split

TEXT_LENGTH, ANSWER_LENGTH = 100, 24
_WORD = re.compile(r"[^-_/ ]+")
Written = Mapping[tuple[str, str], str]
"""Answers as they were written, by query and model."""


def queries_frame(snapshot: Snapshot, split: Split, rows: IntArray) -> pd.DataFrame:
    """One row a query: id, task, cluster, first model, columns that were kept, text."""
    part, routes = snapshot.dataset.part(split), snapshot.routes(split)
    member, labels = snapshot.clusters(split), cluster_labels(snapshot)
    return pd.DataFrame(
        {
            "query": [part.votes.query_ids[row] for row in rows],
            "task": [part.votes.tasks[row] for row in rows],
            "cluster": [labels[member[row]] for row in rows],
            "first model": [routes.models[routes.selected[row, 0]] for row in rows],
            **{f"kept:{one.name}": one.values[rows] for one in part.kept},
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


def short_heads(names: Sequence[str]) -> list[str]:
    """Names for narrow columns: of each as many of its first words as tell it from all others.

    >>> short_heads(["gpt-4o", "gpt-4o-mini", "claude-3-haiku"])
    ['gpt-4o', 'gpt-4o-mini', 'claude']
    """
    return [_short_head(name, [one for one in names if one != name]) for name in names]


def _short_head(name: str, others: Sequence[str]) -> str:
    starts = (name[: word.end()] for word in _WORD.finditer(name))
    own = (one for one in starts if not any(other.startswith(one) for other in others))
    return next(own, name)


def compact_answers_frame(
    snapshot: Snapshot, split: Split, rows: IntArray, written: Written
) -> pd.DataFrame:
    """One row a query with all that was answered: own answer, first model, each model's answer.

    An answer is a letter, a short text, or – where there is none; where a gold answer is known, it
    is marked as right or wrong. The columns of models are called "model:" and their name.
    """
    part, routes = snapshot.dataset.part(split), snapshot.routes(split)
    right, spread = part.right, pool_agreement(part)
    columns = {name: at for at, name in enumerate(part.votes.models)}
    first = [routes.models[routes.selected[row, 0]] for row in rows]
    answers = {
        f"model:{name}": [
            _marked(_compact(part, row, column, written), right[row, column]) for row in rows
        ]
        for name, column in columns.items()
    }
    return pd.DataFrame(
        {
            "query": [part.votes.query_ids[row] for row in rows],
            "text": [shorten_middle(part.texts[row], TEXT_LENGTH) for row in rows],
            "own": [_own(part, row) for row in rows],
            "first": [
                _marked(name, right[row, columns[name]])
                for name, row in zip(first, rows, strict=True)
            ],
            **answers,
            "agreement": in_percent(spread[rows]),
            "task": [part.votes.tasks[row] for row in rows],
        }
    )


def _marked(text: str, right: float) -> str:
    """A text with a mark of right or wrong, where that is known."""
    return text if np.isnan(right) else f"{'✓' if right > RIGHT else '✗'} {text}"


def _compact(part: Part, row: int, column: int, written: Written) -> str:
    votes = part.votes
    given = int(votes.answers[row, column])
    if given == NO_ANSWER:
        return "–"
    label = answer_label(votes, row, given)
    if votes.option_counts[row]:
        return label
    return shorten(written.get((votes.query_ids[row], votes.models[column]), label), ANSWER_LENGTH)


def _own(part: Part, row: int) -> str:
    """The query's own answer, gold or generated; empty where there is none."""
    known = int(part.labels[row])
    return "" if known == NO_ANSWER else answer_label(part.votes, row, known)


def _answer(part: Part, row: int, column: int, written: Written) -> str:
    votes = part.votes
    given = int(votes.answers[row, column])
    own = part.shown_answer(row, given)
    if not own and not votes.option_counts[row]:
        own = written.get((votes.query_ids[row], votes.models[column]), "")
    return own or answer_label(votes, row, given)
