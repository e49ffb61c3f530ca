"""The training or test queries of a data set: votes, vectors, answers, costs, texts, in one order.

Parts can be narrowed to some models, split anew and joined, so that every experiment is the same
few steps on another part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from cascal.columns import KeptColumn, join_kept
from cascal.dataset.response_numbers import read_costs
from cascal.datatypes import (
    NO_ANSWER,
    BoolArray,
    CascalError,
    Embeddings,
    FloatArray,
    IntArray,
    ModelSpec,
    NotApplicable,
    Split,
    Votes,
    option_letter,
)
from cascal.draws import random_places, stratified_share
from cascal.evaluate import Evaluation, correctness, evaluate, most_accurate
from cascal.intervals import mean_rows
from cascal.prices import COST_UNIT
from cascal.rank import SelectionRanking, rank_selection
from cascal.results import Routes
from cascal.store import Workspace
from cascal.store.voting import StoredAnswers


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """The training or test queries of a dataset, all arrays in the same order.

    gold (Q,) answer index that may serve as truth, NO_ANSWER where only a generated answer or none
    exists; labels (Q,) the same whatever the origin; judged (Q, M) right or wrong as the source of
    the responses says, nan = nothing; costs (Q, M) US dollars, nan = unknown; xy (Q, 2) place on
    the map, nan where there is none; kept: the columns of one's own
    """

    votes: Votes
    vectors: Embeddings
    gold: IntArray
    labels: IntArray
    judged: FloatArray
    costs: FloatArray
    texts: tuple[str, ...]
    options: tuple[tuple[str, ...], ...]
    skills: tuple[str | None, ...]
    origins: tuple[str, ...]
    xy: FloatArray
    kept: tuple[KeptColumn, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def placed(self) -> IntArray:
        """Rows of the queries that have a place on the map."""
        return np.flatnonzero(np.isfinite(self.xy).all(axis=1))

    @property
    def n_gold(self) -> int:
        """Number of queries with a gold answer, or with a response that its source judged."""
        known = (self.gold != NO_ANSWER) | np.isfinite(self.judged).any(axis=1)
        return int(known.sum())

    @property
    def has_gold(self) -> bool:
        """Whether there is any such query."""
        return self.n_gold > 0

    def need_gold(self, what: str) -> None:
        """Refuse `what`, in a sentence, where no query has a gold answer."""
        if not self.has_gold:
            raise NotApplicable(
                f"{what} needs test queries with gold answers, and there are none.", code="no-gold"
            )

    def evaluation(self, routes: Routes) -> Evaluation:
        """What routes of these queries are worth, by gold answers and the source's word."""
        return evaluate(routes, self.votes, self.gold, self.judged)

    @property
    def right(self) -> FloatArray:
        """(Q, M) 1 right, 0 wrong, nan = does not count; by gold answers and the source's word."""
        return correctness(self.votes, self.gold, self.judged)

    def ranked(self, rows: IntArray) -> SelectionRanking:
        """The models by their share of right answers to some of the queries; what is unknown is
        left out.
        """
        return rank_selection(self.right[rows], self.votes.models, unknown=np.nan)

    @property
    def label_origin(self) -> str:
        """Where the labels come from: "gold", "generated", "mixed" or "none"."""
        found = {one for one in self.origins if one != "none"}
        if np.isfinite(self.judged).any():
            found.add("gold")
        return "mixed" if len(found) > 1 else next(iter(found), "none")

    @property
    def label_matrix(self) -> FloatArray:
        """(Q, M) right by the labels, whatever their origin, and by the source's word."""
        return correctness(self.votes, self.labels, self.judged)

    @cached_property
    def mean_costs(self) -> FloatArray:
        """(M,) mean US dollars per 1,000 queries of each model, nan where unknown."""
        return np.asarray(COST_UNIT * mean_rows(self.costs))

    @property
    def known_costs(self) -> FloatArray | None:
        """The mean costs (M,), None unless known for every model."""
        costs = self.mean_costs
        return costs if np.isfinite(costs).all() else None

    @property
    def best_constant(self) -> int | None:
        """The most accurate model by gold labels, ties by name; None without gold labels."""
        if self.label_origin != "gold":
            return None
        return most_accurate(self.label_matrix, self.votes.models)

    @property
    def silent_models(self) -> tuple[str, ...]:
        """Models of which only right or wrong is known: they can be evaluated but cannot vote."""
        silent = ~self.votes.answered.any(axis=0) & np.isfinite(self.judged).any(axis=0)
        return tuple(self.votes.models[m] for m in np.flatnonzero(silent))

    def shown_answer(self, row: int, answer: int) -> str:
        """An answer as people write it: letter and text of the option; "" for a free answer."""
        if not self.votes.option_counts[row] or answer == NO_ANSWER:
            return ""
        texts, letter = self.options[row], option_letter(answer)
        return f"{letter}: {texts[answer]}" if answer < len(texts) else letter

    def take(self, rows: IntArray) -> Part:
        """The given queries, in the given order."""
        votes = self.votes.take(rows)
        return Part(
            votes=votes,
            vectors=self.vectors.take(votes.query_ids),
            gold=self.gold[rows],
            labels=self.labels[rows],
            judged=self.judged[rows],
            costs=self.costs[rows],
            texts=tuple(self.texts[row] for row in rows),
            options=tuple(self.options[row] for row in rows),
            skills=tuple(self.skills[row] for row in rows),
            origins=tuple(self.origins[row] for row in rows),
            xy=self.xy[rows],
            kept=tuple(column.take(rows) for column in self.kept),
        )

    def with_models(self, names: Sequence[str]) -> Part:
        """The same queries with some models of the pool only, in the given order."""
        place = {name: column for column, name in enumerate(self.votes.models)}
        missing = [name for name in names if name not in place]
        if missing or len(set(names)) < len(names) or not names:
            what = f"no model {missing[0][:80]!r}" if missing else "a model twice, or none"
            raise CascalError(
                f"The pool is asked for {what}; it holds {', '.join(self.votes.models)[:600]}.",
                code="unknown-model",
            )
        columns = np.array([place[name] for name in names], dtype=np.int64)
        return replace(
            self,
            votes=self.votes.take(np.arange(len(self)), columns),
            judged=np.take(self.judged, columns, axis=1),  # row after row in memory, as it was
            costs=np.take(self.costs, columns, axis=1),
        )


def join(one: Part, other: Part) -> Part:
    """All queries of two parts with the same models and encoder; a repeated query is refused."""
    if one.votes.models != other.votes.models:
        raise CascalError("Only parts with the same models can be joined.", code="other-models")
    votes = Votes(
        one.votes.query_ids + other.votes.query_ids,
        one.votes.tasks + other.votes.tasks,
        one.votes.models,
        np.vstack([one.votes.answers, other.votes.answers]),
        np.vstack([one.votes.logprobs, other.votes.logprobs]),
        np.concatenate([one.votes.option_counts, other.votes.option_counts]),
        status=np.vstack([_status(one.votes), _status(other.votes)]),
        prose=np.concatenate([_prose(one.votes), _prose(other.votes)]),
    )
    vectors = Embeddings(
        votes.query_ids,
        np.vstack([one.vectors.vectors, other.vectors.vectors]),
        one.vectors.encoder,
    )
    return Part(
        votes=votes,
        vectors=vectors,
        gold=np.concatenate([one.gold, other.gold]),
        labels=np.concatenate([one.labels, other.labels]),
        judged=np.vstack([one.judged, other.judged]),
        costs=np.vstack([one.costs, other.costs]),
        texts=one.texts + other.texts,
        options=one.options + other.options,
        skills=one.skills + other.skills,
        origins=one.origins + other.origins,
        xy=np.vstack([one.xy, other.xy]),
        kept=join_kept(one.kept, other.kept),
    )


def _status(votes: Votes) -> np.ndarray:
    if votes.status is not None:
        return np.asarray(votes.status, dtype=object)
    return np.where(votes.answered, "ok", "unreadable").astype(object)


def _prose(votes: Votes) -> BoolArray:
    return np.zeros(len(votes.query_ids), dtype=bool) if votes.prose is None else votes.prose


def split_part(part: Part, test_share: float, seed: int) -> tuple[Part, Part]:
    """Training and test queries drawn anew, the same share of every task; by id, not row order."""
    if not 0.0 < test_share < 1.0:
        raise CascalError(
            f"test_share is {test_share}; it must lie between 0 and 1.", code="out-of-bounds"
        )
    places = random_places(part.votes.query_ids, seed)
    test = stratified_share(part.votes.tasks, places, test_share)
    return part.take(np.flatnonzero(~test)), part.take(np.flatnonzero(test))


def true_answers(stored: StoredAnswers) -> tuple[IntArray, IntArray, tuple[str, ...]]:
    """Gold answers (Q,), the same with generated ones, and where each comes from."""
    labels, origins = stored.gold()
    return np.where(np.asarray(origins) == "gold", labels, NO_ANSWER), labels, origins


def load_part(
    workspace: Workspace,
    dataset: str,
    encoder: str,
    split: Split,
    layout: tuple[tuple[str, ...], FloatArray] | None,
    models: Sequence[ModelSpec],
) -> Part:
    """Read the queries of one split with the vectors of one encoder."""
    stored = workspace.answers(dataset, split)
    votes = stored.votes()
    gold, labels, origins = true_answers(stored)
    queries = workspace.queries(dataset, split)
    return Part(
        votes=votes,
        vectors=workspace.embeddings(dataset, encoder, split),
        gold=gold,
        labels=labels,
        judged=_with_failures(stored.scores(), votes),
        costs=read_costs(workspace, dataset, split, votes, models),
        texts=tuple(queries["text"].to_pylist()),
        options=tuple(tuple(one or ()) for one in queries["options"].to_pylist()),
        skills=tuple(queries["skill"].to_pylist()),
        origins=origins,
        xy=_places(votes.query_ids, queries, layout),
        kept=workspace.kept_columns(dataset, split),
    )


def _with_failures(scores: FloatArray, votes: Votes) -> FloatArray:
    """The source's word (Q, M), where a failed call is not right either: as it is by gold answers.

    Only of queries that the source judged; where it said nothing at all, nothing is known.
    """
    if votes.status is None:
        return scores
    failed = np.asarray(votes.status == "error", dtype=bool)
    return np.where(failed & np.isfinite(scores).any(axis=1, keepdims=True), 0.0, scores)


def _places(
    query_ids: tuple[str, ...],
    queries: pa.Table,
    layout: tuple[tuple[str, ...], FloatArray] | None,
) -> FloatArray:
    xy = np.full((queries.num_rows, 2), np.nan, dtype=np.float32)
    if layout is None:
        return xy
    place = {query_id: row for row, query_id in enumerate(layout[0])}
    known = [row for row, query_id in enumerate(query_ids) if query_id in place]
    xy[known] = layout[1][[place[query_ids[row]] for row in known]]
    return xy
