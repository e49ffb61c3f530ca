"""Stored answers as votes: letters to option indices, free answers to groups of the same.

Everything but `read_answers` is arrays in, arrays out; votes and gold answers share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa

from cascal.answers import TELLING, Answered, find_prose
from cascal.datatypes import (
    NO_ANSWER,
    STATUSES,
    BoolArray,
    CascalError,
    FloatArray,
    IntArray,
    Split,
    Votes,
)
from cascal.store.connection import fetch
from cascal.store.equivalences import same
from cascal.store.option_counts import n_options_of
from cascal.store.reading import models as stored_models

_QUERIES = f"""
SELECT q.query_id, q.task, q.answer, q.answer_origin, {n_options_of("q")}::BIGINT AS n_options,
    len(q.options) > 0 AS lettered, s.representative
FROM query q LEFT JOIN same s
    ON {n_options_of("q")} = 0 AND s.query_id = q.query_id AND s.answer = q.answer
WHERE q.dataset = $dataset AND ($split IS NULL OR q.split = $split) ORDER BY q.position
"""  # noqa: S608 – no value
_CELLS = f"""
WITH q AS (
    SELECT query_id, {n_options_of("query")} AS n_options, len(options) > 0 AS lettered,
        row_number() OVER (ORDER BY position) - 1 AS row
    FROM query WHERE dataset = $dataset AND ($split IS NULL OR split = $split))
SELECT q.row::BIGINT AS row, m.position::BIGINT AS model, r.answer, r.mean_logprob, r.status,
    r.score, s.representative, r.rule, (q.n_options = 0 AND NOT q.lettered AND r.status IN {TELLING}
    AND (r.text_length > 0 OR r.answer <> '')) AS told,
    CASE WHEN q.n_options = 0 THEN coalesce(r.text_length, 0) ELSE 0 END AS n_text,
    CASE WHEN q.n_options = 0 THEN coalesce(length(r.answer), 0) ELSE 0 END AS n_answer
FROM response r JOIN q ON q.query_id = r.query_id
JOIN model m ON m.dataset = $dataset AND m.name = r.model
LEFT JOIN same s ON q.n_options = 0 AND s.query_id = r.query_id AND s.answer = r.answer
WHERE r.dataset = $dataset AND r.sample = 0 AND (q.n_options = 0 OR NOT $free_only)
"""  # noqa: S608 – no value
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


def _free_codes(representatives: pa.ChunkedArray) -> IntArray:
    """One number a representative; NO_ANSWER for a blank answer, and for none."""
    encoded = representatives.combine_chunks().dictionary_encode()
    numbers = np.arange(len(encoded.dictionary) + 1)
    numbers[-1] = NO_ANSWER
    blank = [at for at, one in enumerate(encoded.dictionary.to_pylist()) if not one]
    numbers[blank] = NO_ANSWER
    indices = encoded.indices.fill_null(len(encoded.dictionary))
    return np.asarray(numbers[indices.to_numpy(zero_copy_only=False)])


def _by_first_appearance(rows: IntArray, models: IntArray, codes: IntArray) -> IntArray:
    """Votes (N,) of free answers: the codes of each row, numbered as they come in model order."""
    votes = np.full(len(codes), NO_ANSWER)
    order = np.lexsort((models, rows))
    order = order[codes[order] != NO_ANSWER]
    if not len(order):
        return votes
    pairs = np.column_stack([rows[order], codes[order]])
    _, first, inverse = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    by_place = np.argsort(first)
    starts = rows[order][first[by_place]]
    numbers = np.arange(len(first)) - np.searchsorted(starts, starts)
    number_of = np.empty(len(first), dtype=np.int64)
    number_of[by_place] = numbers
    votes[order] = number_of[inverse.ravel()]
    return votes


def _cell_votes(cells: pa.Table, n_options: IntArray) -> tuple[IntArray, IntArray]:
    """Votes and status codes (N,) of the cells; what names no option is unreadable.

    A response that gives no answer but is scored by its source stays "ok": it was never meant to
    vote.
    """
    rows = cells["row"].to_numpy()
    limits = n_options[rows]
    votes = _codes(cells["answer"], None, NO_ANSWER)
    votes = np.where(votes < limits, votes, NO_ANSWER)
    free = np.flatnonzero(limits == 0)
    models = cells["model"].to_numpy()
    codes = _free_codes(cells["representative"])
    votes[free] = _by_first_appearance(rows[free], models[free], codes[free])
    status = _codes(cells["status"], {one: code for code, one in enumerate(STATUSES)}, _MISSING)
    given = cells["answer"].is_valid().to_numpy()
    scored = cells["score"].is_valid().to_numpy()
    lost = (votes == NO_ANSWER) & (given | ((status == _OK) & ~scored))
    return votes, np.where(lost, _UNREADABLE, status)


@dataclass(frozen=True, eq=False)
class StoredAnswers:
    """What votes and gold answers are made of, read in one go.

    queries : (Q,) rows of query_id, task, answer, answer_origin, n_options, lettered (whether it
        has options), representative
    models  : (M,) names of the whole pool
    cells   : (N,) rows of row, model, answer, mean_logprob, status, score, representative, rule,
        and of free answers told (whether there is a text or an answer), n_text, n_answer
    """

    queries: pa.Table
    models: tuple[str, ...]
    cells: pa.Table

    @property
    def n_options(self) -> IntArray:
        """(Q,) number of options, 0 for free answers."""
        return np.asarray(self.queries["n_options"].to_numpy())

    @property
    def _lettered(self) -> BoolArray:
        """(Q,) queries with options; they are free only where several options are right."""
        return self.queries["lettered"].to_numpy().astype(bool)

    @property
    def compared(self) -> bool:
        """Whether every free answer has its representative."""
        free = self.n_options == 0
        in_free = free[self.cells["row"].to_numpy()]
        return not any(
            (table["answer"].is_valid().to_numpy() & table["representative"].is_null().to_numpy())[
                rows
            ].any()
            for table, rows in ((self.queries, free), (self.cells, in_free))
        )

    @cached_property
    def prose(self) -> BoolArray:
        """(Q,) queries whose answers are open-ended: nobody votes there, and no answer is gold."""
        cells = self.cells.filter(self.cells["told"])
        answered = Answered(
            rows=cells["row"].to_numpy(),
            text_lengths=cells["n_text"].to_numpy(),
            answer_lengths=cells["n_answer"].to_numpy(),
            rules=cells["rule"].to_pylist(),
            same=cells["representative"].to_pylist(),
        )
        free = (self.n_options == 0) & ~self._lettered
        return find_prose(answered, free, self.queries["task"].to_pylist())

    def votes(self, models: Sequence[str] | None = None) -> Votes:
        """Votes (Q, M) of the given models; free answers are numbered over the whole pool."""
        columns = self._columns(models)
        cells, n_options = self.cells, self.n_options
        cell_votes, cell_status = _cell_votes(cells, n_options)
        shape = (len(n_options), len(self.models))
        place = (cells["row"].to_numpy(), cells["model"].to_numpy())
        answers = np.full(shape, NO_ANSWER)
        answers[place] = cell_votes
        logprobs = np.full(shape, np.nan)
        logprobs[place] = cells["mean_logprob"].to_numpy()
        status = np.full(shape, _MISSING)
        status[place] = cell_status
        answers[self.prose] = NO_ANSWER
        return Votes(
            tuple(self.queries["query_id"].to_pylist()),
            tuple(self.queries["task"].to_pylist()),
            tuple(self.models[column] for column in columns),
            answers[:, columns],
            logprobs[:, columns],
            n_options,
            status=np.array(STATUSES)[status[:, columns]],
            prose=self.prose if self.prose.any() else None,
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
                f"The pool has no model {unknown[0][:80]!r}; it has "
                f"{', '.join(self.models)[:400]}.",
                code="unknown-model",
            )
        return [self.models.index(one) for one in models]

    def gold(self) -> tuple[IntArray, tuple[str, ...]]:
        """The index (Q,) of each query's own answer in its votes, and where that came from."""
        n_options = self.n_options
        gold = _codes(self.queries["answer"], None, NO_ANSWER)
        gold = np.where(gold < n_options, gold, NO_ANSWER)
        free = np.flatnonzero(n_options == 0)
        if len(free):
            gold[free] = self._free_gold(free)
        gold[self.prose] = NO_ANSWER
        return gold, tuple(self.queries["answer_origin"].to_pylist())

    def _free_gold(self, free: IntArray) -> IntArray:
        """Votes of the free gold answers, which count as given after those of every model."""
        rows, models = self.cells["row"].to_numpy(), self.cells["model"].to_numpy()
        votes_free = (self.n_options == 0)[rows]
        last = np.full(len(free), len(self.models))
        representatives = pa.chunked_array(
            [
                *self.cells["representative"].filter(pa.array(votes_free)).chunks,
                *self.queries["representative"].take(pa.array(free)).chunks,
            ],
            pa.string(),
        )
        votes = _by_first_appearance(
            np.concatenate([rows[votes_free], free]),
            np.concatenate([models[votes_free], last]),
            _free_codes(representatives),
        )
        return votes[len(votes) - len(free) :]


def read_answers(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    split: Split | None,
    *,
    free_only: bool = False,
    compared: pa.Table | None = None,
) -> StoredAnswers:
    """Read the answers of sample 0; `free_only` leaves out those that are option letters.

    `compared`, SAME_SCHEMA, stands in for what is stored about the queries in it.
    """
    models = tuple(model.name for model in stored_models(connection, dataset))
    connection.register("same", same(connection, dataset, compared))
    queries = fetch(connection, _QUERIES, dataset=dataset, split=split)
    cells = fetch(connection, _CELLS, dataset=dataset, split=split, free_only=free_only)
    connection.unregister("same")
    return StoredAnswers(queries, models, cells)
