"""The nouns of CASCAL Studio: frozen, shapes checked where they are made, arrays read-only.

Axes: Q queries, M models, D dimensions, C clusters, T tasks, K selected models.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cascal.computing.row_chunks import FEW, row_slices

NO_ANSWER = -1
"""The vote of a model that gave no readable answer. It never votes and is never random."""
LOWEST_LOGPROB = -1e9
"""Lower ones count as this: a probability of 0 as well, and squares that are still numbers."""

FREE_ANSWER_OPTIONS = 20
"""How many options a query with free answers is taken to have (docs/method.md § 2)."""

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]

AnswerOrigin = Literal["gold", "generated", "none"]
Split = Literal["train", "test"]
OnConflict = Literal["refuse", "replace", "extend"]
"""What happens to a data set that is there already when another of its name comes."""
ReadingName = Literal["stated", "upstream"]
READINGS: tuple[ReadingName, ...] = get_args(ReadingName)
Right = Literal["auto", "source", "reading"]
"""Who tells right from wrong where a source scored responses itself: its scores, the answers as
they are read, or (auto) the scores of free answers where they often say otherwise."""
RIGHTS: tuple[Right, ...] = get_args(Right)
"""stated: only what a text states as its answer. upstream: as MMLU-Pro's own scripts guess."""
Status = Literal["ok", "unreadable", "truncated", "refused", "error", "missing"]
STATUSES: tuple[Status, ...] = ("ok", "unreadable", "truncated", "refused", "error", "missing")


class CascalError(ValueError):
    """A refusal in one sentence: what came, what is wrong, what to do.

    `code` names the kind of refusal in a few words with hyphens; all are in `refusals.REFUSALS`.
    It stays when the sentence is reworded, so programs and tests go by it.
    """

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code

    def __reduce__(self) -> tuple[type[CascalError], tuple[str, str]]:
        """Made again with its code where another process refused."""
        return type(self), (str(self), self.code)


class NotApplicable(CascalError):
    """A measure or check that is undefined for the data at hand."""


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view of the array that refuses to be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def option_letter(index: int) -> str:
    """0 -> A … 25 -> Z, 26 -> AA: how an option index is written for people."""
    letters = ""
    index += 1
    while index > 0:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


SEVERAL_RIGHT = "[A-Z](?:,[A-Z])+"
"""How a gold answer of several option letters is written: sorted, "D,E"."""


def count_options(options: Sequence[str], answer: str | None) -> int:
    """How many options a query's votes choose from; 0 means free answers.

    Where several options are right together, each set of letters is one answer of its own.
    """
    return 0 if re.fullmatch(SEVERAL_RIGHT, answer or "") else len(options)


@dataclass(frozen=True)
class Task:
    """A subject with a description, the paper's *t*."""

    name: str
    description: str = ""


@dataclass(frozen=True)
class ModelSpec:
    """A routable model. `key_env` is the *name* of the key's environment variable, never the key.

    Prices are in US dollars per million tokens, nan where unknown.
    """

    name: str
    _: KW_ONLY
    model_id: str = ""
    base_url: str = ""
    key_env: str = ""
    input_price: float = math.nan
    output_price: float = math.nan
    simulated: bool = False


@dataclass(frozen=True)
class Query:
    """One question to be routed. Nothing between `score` and `route` ever sees `answer`.

    `several`: all right options are asked for, without a gold answer that tells so.
    """

    query_id: str
    task: str
    text: str
    _: KW_ONLY
    options: tuple[str, ...] = ()
    answer: str | None = None
    answer_origin: AnswerOrigin = "none"
    skill: str | None = None
    split: Split = "train"
    several: bool = False

    @property
    def n_options(self) -> int:
        """How many options an answer chooses from; 0 means a free answer."""
        return 0 if self.several else count_options(self.options, self.answer)


@dataclass(frozen=True)
class Response:
    """What one model returned for one query, raw and parsed.

    `answer` is an option letter, or the text of a free answer; None where none could be read.
    `rule` names the rule of `answers` that read it. `mean_logprob` is nan where unknown. `score`
    is what the source says about being right, 0 to 1, nan where it says nothing; a response with
    a score and no answer is legal: its model can be evaluated, but it cannot vote.
    """

    query_id: str
    model: str
    _: KW_ONLY
    text: str = ""
    answer: str | None = None
    rule: str | None = None
    mean_logprob: float = math.nan
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float = math.nan
    latency: float = math.nan
    status: Status = "ok"
    sample: int = 0
    score: float = math.nan


def _checked_ids(name: str, ids: Sequence[str]) -> tuple[str, ...]:
    ids = tuple(str(one) for one in ids)
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise CascalError(
                f"{name} holds {one[:80]!r} more than once; every id must be unique. "
                "Drop or rename the duplicates.",
                code="duplicate-id",
            )
        seen.add(one)
    return ids


def _row_lengths(array: NDArray[Any]) -> FloatArray:
    """(Q,) Euclidean length of every row in float64; nan or infinite where a number is."""
    lengths = np.empty(len(array))
    for rows in row_slices(len(array), FEW):
        lengths[rows] = np.linalg.norm(np.asarray(array[rows], dtype=np.float64), axis=1)
    return lengths


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Unit vectors of queries, and the encoder that made them.

    query_ids : (Q,)
    vectors   : (Q, D) float32, every row of length 1
    encoder   : id of the encoder; vectors of different encoders are never mixed
    """

    query_ids: tuple[str, ...]
    vectors: FloatArray
    encoder: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "query_ids", _checked_ids("Embeddings.query_ids", self.query_ids))
        vectors = self.vectors
        if vectors.ndim != 2 or len(vectors) != len(self.query_ids):
            raise CascalError(
                f"Embeddings.vectors has shape {vectors.shape}, but {len(self.query_ids)} query "
                "ids need (queries, dimensions).",
                code="wrong-shape",
            )
        lengths = _row_lengths(vectors)
        bad = np.flatnonzero(~np.isfinite(lengths))
        if len(bad):
            raise CascalError(
                f"{len(bad)} embedding vectors hold nan or infinite numbers, the first is of query "
                f"{self.query_ids[bad[0]][:80]!r}. Encode these queries again or leave them out.",
                code="unusable-vector",
            )
        off = np.flatnonzero(np.abs(lengths - 1.0) > 1e-3)
        if len(off):
            raise CascalError(
                f"{len(off)} embedding vectors are not of length 1, the first is of query "
                f"{self.query_ids[off[0]][:80]!r}. Use Embeddings.from_array, which normalises.",
                code="unusable-vector",
            )
        object.__setattr__(self, "vectors", read_only(np.ascontiguousarray(vectors)))

    @classmethod
    def from_array(cls, query_ids: Sequence[str], array: FloatArray, encoder: str) -> Embeddings:
        """Normalise the rows of an array (Q, D); a row of zeros or nan is refused.

        float64 input stays float64 (parity with the released code), anything else becomes float32.
        """
        array = np.asarray(array)
        if array.ndim != 2:
            raise CascalError(
                f"Embeddings need a 2-D array (queries, dimensions), got {array.shape}.",
                code="wrong-shape",
            )
        ids = tuple(str(one) for one in query_ids)
        lengths = _row_lengths(array)
        bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
        if len(bad):
            name = ids[bad[0]][:80] if bad[0] < len(ids) else str(bad[0])
            raise CascalError(
                f"{len(bad)} embedding vectors are all zero or hold nan or infinite numbers, the "
                f"first is of query {name!r}. Encode these queries again or leave them out.",
                code="unusable-vector",
            )
        unit = np.empty(array.shape, np.float64 if array.dtype == np.float64 else np.float32)
        for rows in row_slices(len(array), FEW):
            unit[rows] = np.asarray(array[rows], dtype=np.float64) / lengths[rows, None]
        return cls(ids, unit, encoder)

    @property
    def dimension(self) -> int:
        """Number of dimensions D."""
        return int(self.vectors.shape[1])

    def take(self, query_ids: Sequence[str]) -> Embeddings:
        """The rows of the given queries, in that order; an unknown query is refused."""
        if tuple(query_ids) == self.query_ids:
            return self
        position = {one: row for row, one in enumerate(self.query_ids)}
        missing = [one for one in query_ids if one not in position]
        if missing:
            raise CascalError(
                f"{len(missing)} queries have no embedding, the first is {missing[0][:80]!r}. "
                "Run `cascal embed` first, or leave these queries out.",
                code="no-vectors",
            )
        rows = np.array([position[one] for one in query_ids], dtype=np.intp)
        return Embeddings(tuple(query_ids), self.vectors[rows], self.encoder)


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
        put(self, "query_ids", _checked_ids("Votes.query_ids", self.query_ids))
        put(self, "models", _checked_ids("Votes.models", self.models))
        put(self, "tasks", tuple(str(task) for task in self.tasks))
        n_queries, n_models = len(self.query_ids), len(self.models)
        if len(self.tasks) != n_queries:
            raise CascalError(
                f"Votes.tasks has {len(self.tasks)} names for {n_queries} queries.",
                code="wrong-shape",
            )
        answers = np.asarray(self.answers)
        if answers.size == 0:
            answers = answers.astype(np.int64)
        if not np.issubdtype(answers.dtype, np.integer):
            raise CascalError(
                f"Votes.answers must be option indices (integers, {NO_ANSWER} = no answer), "
                f"got {answers.dtype}.",
                code="wrong-type",
            )
        logprobs = np.asarray(self.logprobs, dtype=np.float64)
        for name, array in (("answers", answers), ("logprobs", logprobs), ("status", self.status)):
            if array is not None and np.shape(array) != (n_queries, n_models):
                raise CascalError(
                    f"Votes.{name} has shape {np.shape(array)}, but {n_queries} queries and "
                    f"{n_models} models need {(n_queries, n_models)}.",
                    code="wrong-shape",
                )
        if np.isposinf(logprobs).any() or (logprobs > 1e-6).any():
            raise CascalError(
                "Votes.logprobs holds positive numbers; log-probabilities are ≤ 0.",
                code="out-of-bounds",
            )
        # row after row in memory, as numpy adds up in the order of the memory
        put(self, "answers", read_only(answers.astype(np.int64, order="C")))
        logprobs = np.where(np.isfinite(logprobs), logprobs, np.nan)
        put(self, "logprobs", read_only(np.maximum(logprobs, LOWEST_LOGPROB, order="C")))
        n_options = np.asarray(self.option_counts, dtype=np.int64)
        put(self, "n_options", read_only(n_options))
        self._check_options(n_options)
        if self.status is not None:
            status = np.asarray(self.status)
            unknown = sorted(set(status.ravel().tolist()) - set(STATUSES), key=str)
            if unknown:
                raise CascalError(
                    f"Votes.status holds {unknown[0]!r}; known are {', '.join(STATUSES)}.",
                    code="unknown-choice",
                )
            put(self, "status", read_only(status))

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
                f"{len(rows)} votes name an option that does not exist, the first is answer "
                f"{self.answers[rows[0], columns[0]]} of {self.models[columns[0]]} to query "
                f"{self.query_ids[rows[0]][:80]!r}, which has {n_options[rows[0]]} options. "
                f"Use {NO_ANSWER} for an unreadable answer.",
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
