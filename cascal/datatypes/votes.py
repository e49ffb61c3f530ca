"""What every model answered to every query."""

from __future__ import annotations

import hashlib
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascal.datatypes.arrays import BoolArray, FloatArray, IntArray, read_only
from cascal.datatypes.ids import unique_ids
from cascal.datatypes.options import NO_ANSWER
from cascal.datatypes.records import STATUSES
from cascal.number_format import counted
from cascal.refusals import CascalError

LOWEST_LOGPROB = -1e9
"""Lower ones count as this: a probability of 0 as well, and squares that are still numbers."""


@dataclass(frozen=True, eq=False)
class Votes:
    """What every model of the pool answered to every query. Keeps the caller's order.

    query_ids : (Q,)
    tasks     : (Q,) name of each query's task
    models    : (M,)
    answers   : (Q, M) option index, or NO_ANSWER
    logprobs  : (Q, M) mean token log-probability, nan if unknown
    n_options : (Q,) number of options; 0 (or None for all) = free answers
    status    : (Q, M) of STATUSES, or None = "ok" where answered, else "unreadable"
    prose     : (Q,) True where answers are open-ended and nobody votes; None = nowhere
    """

    query_ids: tuple[str, ...]
    tasks: tuple[str, ...]
    models: tuple[str, ...]
    answers: IntArray
    logprobs: FloatArray
    n_options: IntArray | None = None
    _: KW_ONLY
    status: NDArray[Any] | None = None
    prose: BoolArray | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "query_ids", unique_ids("Votes.query_ids", self.query_ids))
        put(self, "models", unique_ids("Votes.models", self.models))
        put(self, "tasks", tuple(str(task) for task in self.tasks))
        n_queries, n_models = len(self.query_ids), len(self.models)
        if len(self.tasks) != n_queries:
            raise CascalError(
                f"Votes.tasks has {counted(len(self.tasks), 'name')} for "
                f"{counted(n_queries, 'query')}.",
                code="wrong-shape",
            )
        self._check_shapes(n_queries, n_models)
        put(self, "answers", read_only(_indices(self.answers)))
        put(self, "logprobs", read_only(_bounded(self.logprobs)))
        n_options = np.asarray(self.option_counts, dtype=np.int64)
        put(self, "n_options", read_only(n_options))
        self._check_options(n_options)
        if self.status is not None:
            put(self, "status", read_only(_statuses(self.status)))

    def _check_shapes(self, n_queries: int, n_models: int) -> None:
        """Refuse arrays (Q, M) of another shape."""
        for name in ("answers", "logprobs", "status"):
            array = getattr(self, name)
            if array is not None and np.shape(array) != (n_queries, n_models):
                raise CascalError(
                    f"Votes.{name} has shape {np.shape(array)}, but {counted(n_queries, 'query')} "
                    f"and {counted(n_models, 'model')} need {(n_queries, n_models)}.",
                    code="wrong-shape",
                )

    def _check_options(self, n_options: IntArray) -> None:
        if n_options.shape != (len(self.query_ids),):
            raise CascalError(
                f"Votes.n_options has shape {n_options.shape}, expected ({len(self.query_ids)},).",
                code="wrong-shape",
            )
        if (n_options == 1).any() or (n_options < 0).any():
            row = int(np.flatnonzero((n_options == 1) | (n_options < 0))[0])
            raise CascalError(
                f"Query {self.query_ids[row][:80]!r} has {n_options[row]} option(s); a "
                "choice needs at least 2, and 0 means a free answer.",
                code="out-of-bounds",
            )
        limit = np.where(n_options > 0, n_options, np.iinfo(np.int64).max)[:, None]
        rows, columns = np.nonzero((self.answers >= limit) | (self.answers < NO_ANSWER))
        if len(rows):
            raise CascalError(
                f"{counted(len(rows), 'vote names', 'votes name')} an option that does not exist, "
                f"the first is answer {self.answers[rows[0], columns[0]]} of "
                f"{self.models[columns[0]]} to query {self.query_ids[rows[0]][:80]!r}, which has "
                f"{counted(n_options[rows[0]], 'option')}. Use {NO_ANSWER} for an unreadable "
                "answer.",
                code="no-such-option",
            )

    @property
    def option_counts(self) -> IntArray:
        """(Q,) number of options of each query, 0 = free answers."""
        return np.zeros(len(self.query_ids), np.int64) if self.n_options is None else self.n_options

    @property
    def answered(self) -> BoolArray:
        """(Q, M) where a readable answer exists."""
        return self.answers != NO_ANSWER

    @property
    def confident(self) -> BoolArray:
        """(Q, M) where a readable answer has a log-probability."""
        return np.isfinite(self.logprobs) & self.answered

    @property
    def asked(self) -> BoolArray:
        """(Q, M) where the model was asked at all; the rest leaves the denominators."""
        if self.status is None:
            return np.ones(self.answers.shape, dtype=bool)
        return np.asarray(self.status != "missing", dtype=bool)

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, M)."""
        return len(self.query_ids), len(self.models)

    def take(self, rows: IntArray, models: IntArray | None = None) -> Votes:
        """The given rows and columns, in the given order."""
        columns = np.arange(len(self.models)) if models is None else np.asarray(models)
        cells = np.ix_(rows, columns)
        return Votes(
            tuple(self.query_ids[row] for row in rows),
            tuple(self.tasks[row] for row in rows),
            tuple(self.models[column] for column in columns),
            self.answers[cells],
            self.logprobs[cells],
            self.option_counts[rows],
            status=None if self.status is None else self.status[cells],
            prose=None if self.prose is None else self.prose[rows],
        )

    def fingerprint(self) -> str:
        """SHA-256 over everything that can change a fit."""
        digest = hashlib.sha256()
        for names in (self.query_ids, self.tasks, self.models):
            digest.update("\x1f".join(names).encode() + b"\x1e")
        told = () if self.prose is None or not self.prose.any() else (self.prose,)
        for array in (self.answers, self.logprobs, self.option_counts, *told):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def _indices(values: IntArray) -> IntArray:
    """Answers as integers; anything else is refused."""
    answers = np.asarray(values)
    if answers.size == 0:
        answers = answers.astype(np.int64)
    if not np.issubdtype(answers.dtype, np.integer):
        raise CascalError(
            f"Votes.answers must be option indices (integers, {NO_ANSWER} = no answer), "
            f"got {answers.dtype}.",
            code="wrong-type",
        )
    # row after row in memory, as numpy adds up in the order of the memory
    return answers.astype(np.int64, order="C")


def _bounded(values: FloatArray) -> FloatArray:
    """Log-probabilities in float64, nan where they are not finite; positive ones are refused."""
    logprobs = np.asarray(values, dtype=np.float64)
    if np.isposinf(logprobs).any() or (logprobs > 1e-6).any():
        raise CascalError(
            "Votes.logprobs holds positive numbers; log-probabilities are ≤ 0.",
            code="out-of-bounds",
        )
    known = np.where(np.isfinite(logprobs), logprobs, np.nan)
    return np.maximum(known, LOWEST_LOGPROB, order="C")


def _statuses(values: NDArray[Any]) -> NDArray[Any]:
    """Statuses, each of which is known."""
    status = np.asarray(values)
    unknown = sorted(set(status.ravel().tolist()) - set(STATUSES), key=str)
    if unknown:
        raise CascalError(
            f"Votes.status holds {unknown[0]!r}; known are {', '.join(STATUSES)}.",
            code="unknown-choice",
        )
    return status
