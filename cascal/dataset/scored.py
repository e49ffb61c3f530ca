"""Scores of one origin as arrays: whose they are, of which queries, and what cannot be used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cascal.datatypes import CascalError, FloatArray, IntArray, NotApplicable
from cascal.number_format import counted
from cascal.store import Score, Workspace

WORDS = {"person": "people", "source": "the source of the responses", "judge": "the judge"}
"""Who scored, in words."""


def origin_words(origin: str) -> str:
    """Whose scores an origin holds, in words."""
    kind, _, name = origin.partition(":")
    return f"{WORDS[kind]} {name}".strip()


@dataclass(frozen=True, kw_only=True)
class ScoreCount:
    """How much of a data set one origin scored."""

    origin: str
    n_scores: int
    n_queries: int
    n_models: int

    @property
    def sentence(self) -> str:
        """Whose scores of how much."""
        return (
            f"{origin_words(self.origin)}: {counted(self.n_scores, 'score')} of "
            f"{counted(self.n_queries, 'query')} and {counted(self.n_models, 'model')}"
        )


def score_counts(scores: Sequence[Score]) -> tuple[ScoreCount, ...]:
    """What each origin scored, people first; scores of responses that changed do not count."""
    return tuple(
        ScoreCount(
            origin=origin,
            n_scores=len(own),
            n_queries=len({one.query_id for one in own}),
            n_models=len({one.model for one in own}),
        )
        for origin, own in score_origins(scores).items()
    )


def scores_of_query(scores: Sequence[Score], query_id: str) -> dict[str, dict[str, float]]:
    """By origin, the mean score of each model's response to a query, the best first."""
    found = {}
    for origin, own in score_origins(scores).items():
        values: defaultdict[str, list[float]] = defaultdict(list)
        for one in own:
            if one.query_id == query_id:
                values[one.model].append(one.value)
        means = {model: sum(given) / len(given) for model, given in values.items()}
        if means:
            found[origin] = dict(sorted(means.items(), key=lambda item: (-item[1], item[0])))
    return found


@dataclass(frozen=True, eq=False, kw_only=True)
class Scored:
    """The scores of one origin; origins, and judges among themselves, are never mixed.

    origin : person, source or judge:NAME; scorers : who; query_ids (Q,) of the whole data set;
    models (M,) of which anything is scored; scores, lengths (Q, M) nan where unknown, a score being
    the mean over people; n_outdated scores of responses that changed since
    """

    dataset: str
    origin: str
    scorers: tuple[str, ...]
    query_ids: tuple[str, ...]
    models: tuple[str, ...]
    scores: FloatArray
    lengths: FloatArray
    n_outdated: int
    unscored_models: tuple[str, ...]

    @cached_property
    def rows(self) -> IntArray:
        """The queries of which every model is scored: only these are compared."""
        return np.flatnonzero(np.isfinite(self.scores).all(axis=1))

    @property
    def n_partial(self) -> int:
        """Queries that are scored in part and left out."""
        return int(np.isfinite(self.scores).any(axis=1).sum()) - len(self.rows)

    @property
    def words(self) -> str:
        """Whose scores they are."""
        if self.origin == "person":
            return f"{len(self.scorers)} people" if len(self.scorers) > 1 else self.scorers[0]
        return origin_words(self.origin)


def score_origins(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """Scores that are still about the same response, by origin: people, source, each judge."""
    found: defaultdict[str, list[Score]] = defaultdict(list)
    for one in scores:
        if one.current:
            found[f"judge:{one.scorer}" if one.origin == "judge" else one.origin].append(one)
    rank = {"person": 0, "source": 1}
    return {
        origin: found[origin]
        for origin in sorted(found, key=lambda name: (rank.get(name, 2), name))
    }


def load_scored(workspace: Workspace, dataset: str, origin: str | None = None) -> Scored:
    """The scores of one origin; without a name people's before the source's before a judge's.

    NotApplicable where there are none.
    """
    every = workspace.response_scores(dataset)
    known = score_origins(every)
    if not known:
        raise NotApplicable(
            f"No response of {dataset[:80]!r} has a score. Hand some out (cascal scores {dataset} "
            "--out FILE), or import responses with a column score.",
            code="needs-labels",
        )
    chosen = origin or next(iter(known))
    if chosen not in known:
        raise CascalError(
            f"There are no scores by {chosen[:80]!r}; choose {', '.join(known)}.",
            code="unknown-choice",
        )
    return _scored(workspace, dataset, chosen, known[chosen], every)


def _scored(
    workspace: Workspace, dataset: str, origin: str, own: Sequence[Score], every: Sequence[Score]
) -> Scored:
    query_ids = tuple(workspace.queries(dataset)["query_id"].to_pylist())
    pool = [one.name for one in workspace.models(dataset)]
    named = {one.model for one in own}
    models = tuple(name for name in pool if name in named)
    row = {one: at for at, one in enumerate(query_ids)}
    column = {one: at for at, one in enumerate(models)}
    sums, counts = (np.zeros((len(query_ids), len(models))) for _ in range(2))
    for one in own:
        sums[row[one.query_id], column[one.model]] += one.value
        counts[row[one.query_id], column[one.model]] += 1
    lengths = np.full(sums.shape, np.nan)
    for (query_id, model), length in workspace.response_lengths(dataset).items():
        if model in column:
            lengths[row[query_id], column[model]] = length
    people = Counter(one.scorer for one in own)
    return Scored(
        dataset=dataset,
        origin=origin,
        scorers=tuple(sorted(people)),
        query_ids=query_ids,
        models=models,
        scores=np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0),
        lengths=lengths,
        n_outdated=sum(not one.current for one in every),
        unscored_models=tuple(name for name in pool if name not in named),
    )
