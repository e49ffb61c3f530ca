"""Stored answers as votes: letters to option indices, free answers to groups of equal ones.

Everything but `read_answers` is arrays in, arrays out; votes and gold answers share it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from cascal.datatypes import (
    NO_ANSWER,
    STATUSES,
    CascalError,
    FloatArray,
    IntArray,
    Split,
    Votes,
)
from cascal.store.connection import fetch
from cascal.store.reading import models as stored_models

Equivalent = Callable[[list[str]], list[int]]
"""Groups the free answers of one query: equal numbers mean equal answers."""

_QUERIES = """
SELECT query_id, task, answer, answer_origin, len(options)::BIGINT AS n_options
FROM query WHERE dataset = $dataset AND ($split IS NULL OR split = $split) ORDER BY position
"""
_CELLS = """
WITH q AS (
    SELECT query_id, len(options) AS n_options, row_number() OVER (ORDER BY position) - 1 AS row
    FROM query WHERE dataset = $dataset AND ($split IS NULL OR split = $split))
SELECT q.row::BIGINT AS row, m.position::BIGINT AS model, r.answer, r.mean_logprob, r.status,
    r.score
FROM response r JOIN q ON q.query_id = r.query_id
JOIN model m ON m.dataset = $dataset AND m.name = r.model
WHERE r.dataset = $dataset AND r.sample = 0 AND (q.n_options = 0 OR NOT $free_only)
"""
_UNREADABLE = STATUSES.index("unreadable")
_OK = STATUSES.index("ok")
_MISSING = STATUSES.index("missing")


def option_index(letters: str) -> int:
    """A -> 0 … Z -> 25, AA -> 26, in either case; NO_ANSWER for anything else."""
    letters = letters.strip().upper()
    if not 0 < len(letters) <= 3 or not all("A" <= one <= "Z" for one in letters):
        return NO_ANSWER
    index = 0
    for one in letters:
        index = index * 26 + ord(one) - ord("A") + 1
    return index - 1


def _codes(column: pa.ChunkedArray, values: dict[str, int] | None, missing: int) -> IntArray:
    """Map every text of a column through a table (None = option letters), computed once a text."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    table = [option_index(one) if values is None else values[one] for one in texts]
    codes = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return np.asarray(np.array([*table, missing], dtype=np.int64)[codes])


@dataclass(frozen=True, eq=False)
class FreeAnswers:
    """The distinct free answers of each query, and the group of each.

    distinct : per row, answer -> its place by first appearance in model order
    groups   : per row, the group of each distinct answer, numbered by first appearance
    """

    distinct: dict[int, dict[str, int]]
    groups: dict[int, list[int]]
    equivalent: Equivalent | None

    def index(self, row: int, answer: str | None) -> int:
        """The vote an answer to this query is; one that no model gave gets its own index."""
        key = self.key(answer)
        if not key:
            return NO_ANSWER
        seen, groups = self.distinct.get(row, {}), self.groups.get(row, [])
        if key in seen:
            return groups[seen[key]]
        if self.equivalent is not None and seen:
            compared = _grouped([*seen, key], self.equivalent)
            if compared[-1] in compared[:-1]:
                return groups[compared.index(compared[-1])]
        return max(groups, default=-1) + 1

    def key(self, answer: str | None) -> str:
        """How an answer is compared: without outer blanks, and case-blind by default."""
        return _key(answer, self.equivalent)


def _key(answer: str | None, equivalent: Equivalent | None) -> str:
    stripped = (answer or "").strip()
    return stripped.casefold() if equivalent is None else stripped


def _grouped(answers: list[str], equivalent: Equivalent) -> list[int]:
    """Group numbers by first appearance, whatever numbers the caller's function gave."""
    given = list(equivalent(answers))
    if len(given) != len(answers):
        raise CascalError(
            f"`equivalent` returned {len(given)} groups for {len(answers)} answers; one is needed "
            "for each."
        )
    order: dict[int, int] = {}
    return [order.setdefault(one, len(order)) for one in given]


def free_answers(
    rows: IntArray, answers: Sequence[str | None], equivalent: Equivalent | None
) -> FreeAnswers:
    """Collect the distinct answers of each row; cells (N,) come in model order within a row."""
    distinct: dict[int, dict[str, int]] = defaultdict(dict)
    for row, answer in zip(rows.tolist(), answers, strict=True):
        key = _key(answer, equivalent)
        if key:
            seen = distinct[row]
            seen.setdefault(key, len(seen))
    if equivalent is None:
        groups = {row: list(range(len(seen))) for row, seen in distinct.items()}
    else:
        groups = {row: _grouped(list(seen), equivalent) for row, seen in distinct.items()}
    return FreeAnswers(dict(distinct), groups, equivalent)


def _free_cells(
    cells: pa.Table, free: IntArray, equivalent: Equivalent | None
) -> tuple[FreeAnswers, IntArray]:
    """The free answers of the given cells (N,), and the vote of each in the same order."""
    rows = cells["row"].to_numpy()[free]
    order = np.lexsort((cells["model"].to_numpy()[free], rows))
    answers = cells["answer"].take(pa.array(free[order])).to_pylist()
    collected = free_answers(rows[order], answers, equivalent)
    indices = np.empty(len(free), dtype=np.int64)
    sorted_rows = rows[order].tolist()
    indices[order] = [
        collected.index(row, answer) for row, answer in zip(sorted_rows, answers, strict=True)
    ]
    return collected, indices


def _cell_votes(
    cells: pa.Table, n_options: IntArray, equivalent: Equivalent | None
) -> tuple[IntArray, IntArray]:
    """Votes and status codes (N,) of the cells; what names no option is unreadable.

    A response that gives no answer but is scored by its source stays "ok": it was never meant to
    vote.
    """
    rows = cells["row"].to_numpy()
    limits = n_options[rows]
    votes = _codes(cells["answer"], None, NO_ANSWER)
    votes = np.where(votes < limits, votes, NO_ANSWER)
    free = np.flatnonzero(limits == 0)
    votes[free] = _free_cells(cells, free, equivalent)[1]
    status = _codes(cells["status"], {one: code for code, one in enumerate(STATUSES)}, _MISSING)
    given = cells["answer"].is_valid().to_numpy()
    scored = cells["score"].is_valid().to_numpy()
    lost = (votes == NO_ANSWER) & (given | ((status == _OK) & ~scored))
    return votes, np.where(lost, _UNREADABLE, status)


@dataclass(frozen=True, eq=False)
class StoredAnswers:
    """What votes and gold answers are made of, read in one go.

    queries : (Q,) rows of query_id, task, answer, answer_origin, n_options
    models  : (M,) names of the whole pool
    cells   : (N,) rows of row, model, answer, mean_logprob, status, score
    """

    queries: pa.Table
    models: tuple[str, ...]
    cells: pa.Table

    @property
    def n_options(self) -> IntArray:
        """(Q,) number of options, 0 for free answers."""
        return np.asarray(self.queries["n_options"].to_numpy())

    def votes(self, models: Sequence[str] | None, equivalent: Equivalent | None) -> Votes:
        """Votes (Q, M) of the given models; free answers are numbered over the whole pool."""
        columns = self._columns(models)
        cells, n_options = self.cells, self.n_options
        cell_votes, cell_status = _cell_votes(cells, n_options, equivalent)
        shape = (len(n_options), len(self.models))
        place = (cells["row"].to_numpy(), cells["model"].to_numpy())
        answers = np.full(shape, NO_ANSWER)
        answers[place] = cell_votes
        logprobs = np.full(shape, np.nan)
        logprobs[place] = cells["mean_logprob"].to_numpy()
        status = np.full(shape, _MISSING)
        status[place] = cell_status
        return Votes(
            tuple(self.queries["query_id"].to_pylist()),
            tuple(self.queries["task"].to_pylist()),
            tuple(self.models[column] for column in columns),
            answers[:, columns],
            logprobs[:, columns],
            n_options,
            np.array(STATUSES)[status[:, columns]],
        )

    def scores(self) -> FloatArray:
        """What the sources say about being right (Q, M) of the whole pool, nan where nothing."""
        scores = np.full((len(self.queries), len(self.models)), np.nan)
        place = (self.cells["row"].to_numpy(), self.cells["model"].to_numpy())
        scores[place] = self.cells["score"].to_numpy()
        return scores

    def _columns(self, models: Sequence[str] | None) -> list[int]:
        if models is None:
            return list(range(len(self.models)))
        unknown = [one for one in models if one not in self.models]
        if unknown:
            raise CascalError(
                f"The pool has no model {unknown[0][:80]!r}; it has {', '.join(self.models)[:400]}."
            )
        return [self.models.index(one) for one in models]

    def gold(self, equivalent: Equivalent | None) -> tuple[IntArray, tuple[str, ...]]:
        """The index (Q,) of each query's own answer in its votes, and where that came from."""
        n_options, answers = self.n_options, self.queries["answer"]
        gold = _codes(answers, None, NO_ANSWER)
        gold = np.where(gold < n_options, gold, NO_ANSWER)
        if (n_options == 0).any():
            rows = self.cells["row"].to_numpy()
            free = np.flatnonzero(n_options[rows] == 0)
            collected, _ = _free_cells(self.cells, free, equivalent)
            for row in np.flatnonzero(n_options == 0).tolist():
                gold[row] = collected.index(row, answers[row].as_py())
        return gold, tuple(self.queries["answer_origin"].to_pylist())


def read_answers(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    split: Split | None,
    *,
    free_only: bool = False,
) -> StoredAnswers:
    """Read the answers of sample 0; `free_only` leaves out those that are option letters."""
    models = tuple(model.name for model in stored_models(connection, dataset))
    queries = fetch(connection, _QUERIES, dataset=dataset, split=split)
    cells = fetch(connection, _CELLS, dataset=dataset, split=split, free_only=free_only)
    return StoredAnswers(queries, models, cells)
