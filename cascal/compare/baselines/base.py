"""What all baselines share: labels as a matrix, the computing order, a router made of scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from cascal.clustering.groups import reliability_groups
from cascal.computing.blas import one_blas_thread
from cascal.computing_order import best_first
from cascal.datatypes import NO_ANSWER, CascalError, Embeddings, FloatArray, IntArray, Votes
from cascal.number_format import counted
from cascal.results import Routes
from cascal.routing.same_encoder import check_vectors
from cascal.score import consensus_scores, logprob_statistics
from cascal.settings import GROUPED

Needs = Literal["nothing", "labels", "gold"]
"""labels: of training queries, generated or gold – the caller says which. gold: of the very
queries that are routed, so that it is a bound and no router."""

Labels = IntArray | FloatArray
"""(Q,) answer indices, NO_ANSWER = none; or (Q, M) right 1, wrong 0, nan = not known."""

ScoreFunction = Callable[[tuple[str, ...], FloatArray], FloatArray]
"""(query ids, unit vectors (Q, D)) -> scores (Q, M) of the models sorted by name."""


class AnyRouter(Protocol):
    """Whatever turns vectors into routes."""

    @property
    def models(self) -> tuple[str, ...]:
        """(M,) the pool."""
        ...

    def route(self, vectors: Embeddings) -> Routes:
        """Decide for every query."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreRouter:
    """A router that is a function from vectors to model scores.

    center, spread (M,) of the training log-probabilities, for ties between answers; `by_name`
    (M,) turns scores of models sorted by name into the caller's order.
    """

    models: tuple[str, ...]
    encoder: str
    dimension: int
    center: FloatArray
    spread: FloatArray
    by_name: IntArray
    score: ScoreFunction
    top_k: int = 3

    def route(self, vectors: Embeddings) -> Routes:
        """Decide for every query; `EncoderMismatch` for vectors of another encoder."""
        check_vectors(self, vectors)
        rows = np.asarray(vectors.vectors, dtype=np.float64)
        scores = self.score(vectors.query_ids, rows)[:, self.by_name]
        n_queries, zero = len(rows), np.zeros(len(rows))
        none = np.zeros(n_queries, dtype=np.int64)
        k = min(self.top_k, len(self.models))
        return Routes(
            query_ids=vectors.query_ids,
            models=self.models,
            tasks=("all",),
            task=none,
            cluster=none,
            distance=zero,
            scores=scores,
            selected=best_first(scores, self.models, k),
            fallback=zero,
            center=self.center,
            spread=self.spread,
        )


class Labelled(NamedTuple):
    """The training queries that have a label: right (Q, M) with nan as 0, vectors (Q, D)."""

    query_ids: tuple[str, ...]
    tasks: list[str]
    vectors: FloatArray
    right: FloatArray


@dataclass(frozen=True, eq=False)
class Training:
    """Training queries sorted by id and models sorted by name, so that no order can matter.

    right (Q, M): labels, nan where there is none; vectors (Q, D) unit float64
    """

    votes: Votes
    vectors: FloatArray
    right: FloatArray

    @property
    def labelled(self) -> Labelled:
        """The queries that have a label."""
        rows = np.flatnonzero(np.isfinite(self.right).any(axis=1))
        return Labelled(
            tuple(self.votes.query_ids[row] for row in rows),
            [self.votes.tasks[row] for row in rows],
            self.vectors[rows],
            np.nan_to_num(self.right[rows], nan=0.0),
        )

    def consensus(self, method: str) -> FloatArray:
        """(Q, M) consensus scores, 0 where there is no answer; as `fit` computes them."""
        groups = reliability_groups(self.vectors, 0) if method in GROUPED else None
        return consensus_scores(self.votes, method, groups).filled


@dataclass(frozen=True)
class Baseline(ABC):
    """One way to route, to compare with. `fit(votes, vectors, labels).route(vectors)`."""

    title: ClassVar[str]
    needs: ClassVar[Needs]

    def fit(self, votes: Votes, vectors: Embeddings, labels: Labels | None = None) -> AnyRouter:
        """Learn from training queries; CascalError where labels are needed and there are none.

        votes (Q, M), vectors of the same queries (matched by id), labels as in `Labels`. A
        baseline that needs nothing never looks at labels. Order of rows and models is irrelevant.
        """
        if not all(votes.shape):
            raise CascalError(
                f"{self.title}: there are {counted(votes.shape[0], 'query')} and "
                f"{counted(votes.shape[1], 'model')}; at least one of each is needed.",
                code="nothing-to-fit",
            )
        right = np.full(votes.shape, np.nan)
        if self.needs != "nothing":
            right = self._right(votes, labels)
        rows = np.array(sorted(range(len(votes.query_ids)), key=votes.query_ids.__getitem__))
        columns = np.array(sorted(range(len(votes.models)), key=votes.models.__getitem__))
        matched = vectors.take(votes.query_ids)
        training = Training(
            votes.take(rows, columns),
            np.asarray(matched.vectors[rows], dtype=np.float64),
            right[np.ix_(rows, columns)],
        )
        center, spread = logprob_statistics(np.where(votes.answered, votes.logprobs, np.nan))
        with one_blas_thread():
            score = self.learn(training)
        return ScoreRouter(
            models=votes.models,
            encoder=vectors.encoder,
            dimension=vectors.dimension,
            center=center,
            spread=spread,
            by_name=np.argsort(columns),
            score=score,
            top_k=self.n_selected,
        )

    @property
    def n_selected(self) -> int:
        """How many models a route selects."""
        return 3

    @abstractmethod
    def learn(self, training: Training) -> ScoreFunction:
        """What routing means, learnt from training queries in the computing order."""

    def _right(self, votes: Votes, labels: Labels | None) -> FloatArray:
        right = None if labels is None else label_matrix(votes, labels)
        if right is None or not np.isfinite(right).any():
            raise CascalError(
                f"{self.title} learns from labels, and there are none. Give the generated or gold "
                "answers of the training queries, or compare with routers that need no labels.",
                code="needs-labels",
            )
        return right


def label_matrix(votes: Votes, labels: Labels) -> FloatArray:
    """R (Q, M): 1 if a model's answer equals the label, 0 if not, nan without label or question."""
    given = np.asarray(labels, dtype=np.float64)
    if given.ndim == 2 and given.shape == votes.shape:
        return given
    if given.shape != (len(votes.query_ids),):
        raise CascalError(
            f"labels has shape {given.shape}; {counted(votes.shape[0], 'answer')} or a matrix of "
            f"shape {votes.shape} are needed.",
            code="wrong-shape",
        )
    known = (given != NO_ANSWER)[:, None] & votes.asked
    return np.where(known, votes.answers == given[:, None], np.nan)


def constant(scores: FloatArray) -> ScoreFunction:
    """The same scores (M,) for every query."""
    return lambda ids, _: np.repeat(scores[None], len(ids), axis=0)
