"""One query as a person looks at it: who answered what, its cluster, its route, its neighbours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cascal.consensus.in_words import SENTENCES
from cascal.dataset.part import Part
from cascal.dataset.query_filters import pool_agreement
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NO_ANSWER, FloatArray, IntArray, Split, Votes, option_letter
from cascal.encode.neighbours import nearest_in_order
from cascal.evaluate import correctness
from cascal.explain import RouteTrace, explain
from cascal.number_format import agreeing, counted

N_NEAREST = 3
"""So many of the nearest queries are named."""
NONE = "no answer"
"""What stands for an answer where a model gave none that can be read."""


@dataclass(frozen=True, kw_only=True)
class CardVote:
    """What one model did; mean_logprob is nan where it is unknown.

    status : one of STATUSES, "" where unknown; right : 1 or 0 by the query's own answer or the
    source's word, nan where neither tells
    """

    model: str
    mean_logprob: float
    right: float
    status: str


@dataclass(frozen=True, kw_only=True)
class CardAnswer:
    """Models that gave the same answer; text is that of the option or the answer as written.

    own : whether it is the query's own answer, gold or generated; score : consensus score, which
    all its models share, nan for no answer and for a test query
    """

    label: str
    text: str
    own: bool
    score: float
    votes: tuple[CardVote, ...]


@dataclass(frozen=True, kw_only=True)
class NearQuery:
    """A query nearby; distance is 1 − cosine."""

    query_id: str
    text: str
    distance: float


@dataclass(frozen=True, kw_only=True)
class QueryCard:
    """Everything that is known about one query at the present thresholds.

    answers  : by number of models, the largest group first; no answer comes last
    consensus : the method of the scores
    origin   : where the query's own answer is from: "gold", "generated" or "none"
    own_label, own_text : that answer, "" where there is none; the text of a free one is known
               where a model gave it
    distance : to the centroid of its own cluster; next_cluster is the nearest other one, None and
               nan where there is none. It may be nearer: clusters are made inside a task.
    nearest  : of the same split, nearest first
    place, n_among, before, after : place from 1 among the queries that the card leads through,
               the most contested first; ids of its neighbours in that order
    """

    query_id: str
    split: Split
    task: str
    text: str
    options: tuple[str, ...]
    answers: tuple[CardAnswer, ...]
    consensus: str
    origin: str
    own_label: str
    own_text: str
    cluster: int
    distance: float
    next_cluster: int | None
    next_distance: float
    trace: RouteTrace
    nearest: tuple[NearQuery, ...]
    place: int
    n_among: int
    before: str | None
    after: str | None

    @property
    def outcome(self) -> str:
        """What the chosen model answered and whether gold says that is right; "" without gold."""
        if self.origin != "gold" or not self.own_label:
            return ""
        first = self.trace.models[0].model
        given = next(a for a in self.answers if first in {vote.model for vote in a.votes})
        said = self._said(given.label, given.text)
        if given.own:
            return f"{first} answered {said}, which is right by the gold answer."
        gave = "gave no answer" if given.label == NONE else f"answered {said}, which is wrong"
        return f"{first} {gave}: the gold answer is {self._said(self.own_label, self.own_text)}."

    @property
    def about_scores(self) -> str:
        """What the consensus scores of the answers mean; "" where none has one.

        The one sentence wherever the score of an answer is shown.
        """
        known = any(not math.isnan(one.score) for one in self.answers)
        return f"Consensus: {SENTENCES[self.consensus]}" if known else ""

    @property
    def outweighed(self) -> str:
        """That fewer models have the best score, where the most have another one; else "".

        With the query's own answer, gold or generated, where that contradicts them.
        """
        scored = [one for one in self.answers if not math.isnan(one.score)]
        best = max(scored, key=lambda one: one.score, default=None)
        if best is None or len(best.votes) >= len(scored[0].votes):
            return ""
        few, many = len(best.votes), f"the {len(scored[0].votes):,} for {scored[0].label}"
        return (
            f"{counted(few, 'model')} for {best.label} {agreeing(few, 'outweighs', 'outweigh')} "
            f"{many} by consensus{self._contradicted(best)}."
        )

    def _contradicted(self, best: CardAnswer) -> str:
        """A clause on the query's own answer where it is known and is another one than the best."""
        if best.own or not self.own_label:
            return ""
        return f", but the {self.origin} answer is {self._said(self.own_label, self.own_text)}"

    def _said(self, label: str, text: str) -> str:
        """An answer in a sentence: an option by its letter, a free one as written where known."""
        return label if self.options or not text else f"“{text}”"


def answer_groups(votes: Votes, row: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Answers to one query with the models (columns) that gave each, the largest group first.

    Equal groups: the lower answer first. NO_ANSWER comes last, however many gave none.
    """
    groups: dict[int, list[int]] = {}
    for model, answer in enumerate(votes.answers[row].tolist()):
        groups.setdefault(answer, []).append(model)
    order = sorted(groups, key=lambda answer: (answer == NO_ANSWER, -len(groups[answer]), answer))
    return tuple((answer, tuple(groups[answer])) for answer in order)


def answer_label(votes: Votes, row: int, answer: int) -> str:
    """An answer in a word: the letter of an option, the number of a free answer, or none."""
    if answer == NO_ANSWER:
        return NONE
    return option_letter(answer) if votes.option_counts[row] else f"answer {answer + 1}"


def contested_rows(part: Part, rows: IntArray) -> IntArray:
    """The given queries, those with the least agreement first, else in their order."""
    return rows[np.argsort(pool_agreement(part)[rows], kind="stable")]


def query_card(
    snapshot: Snapshot,
    split: Split,
    row: int,
    written: Mapping[str, str] | None = None,
    among: IntArray | None = None,
) -> QueryCard:
    """The card of a query by its row among the training or the test queries.

    written : answer of each model as it was written, by name; free answers are numbers without
    among   : rows, this one among them, that the card leads through; None: those of its cluster
    """
    part, clusters = snapshot.dataset.part(split), snapshot.clusters(split)
    vector, cluster = part.vectors.vectors[row], int(clusters[row])
    distance, next_cluster, next_distance = _distances(snapshot, vector, cluster)
    ids = part.votes.query_ids
    among = np.flatnonzero(clusters == cluster) if among is None else among
    order = contested_rows(part, among).tolist()
    at = order.index(row)
    answers = _answers(snapshot, split, row, written or {})
    own = next((one for one in answers if one.own), None)
    known = int(part.labels[row])
    return QueryCard(
        query_id=ids[row],
        split=split,
        task=part.votes.tasks[row],
        text=part.texts[row],
        options=part.options[row],
        answers=answers,
        consensus=snapshot.fit.scores.method,
        origin=part.origins[row],
        own_label="" if known == NO_ANSWER else answer_label(part.votes, row, known),
        own_text=own.text if own else _option(part, row, known),
        cluster=cluster,
        distance=distance,
        next_cluster=next_cluster,
        next_distance=next_distance,
        trace=explain(snapshot.router, vector, snapshot.labels),
        nearest=_nearest(part, row),
        place=at + 1,
        n_among=len(order),
        before=ids[order[at - 1]] if at else None,
        after=ids[order[at + 1]] if at + 1 < len(order) else None,
    )


def _answers(
    snapshot: Snapshot, split: Split, row: int, written: Mapping[str, str]
) -> tuple[CardAnswer, ...]:
    part = snapshot.dataset.part(split)
    votes, known = part.votes, int(part.labels[row])
    models = _votes(part, row)
    scores = snapshot.fit.consensus[row] if split == "train" else np.full(votes.shape[1], np.nan)
    answers = []
    for answer, columns in answer_groups(votes, row):
        names = [votes.models[column] for column in columns]
        text = _option(part, row, answer)
        if not votes.option_counts[row] and answer != NO_ANSWER:
            text = next((written[name] for name in names if name in written), "")
        answers.append(
            CardAnswer(
                label=answer_label(votes, row, answer),
                text=text,
                own=answer == known != NO_ANSWER,
                score=math.nan if answer == NO_ANSWER else float(scores[columns[0]]),
                votes=tuple(models[column] for column in columns),
            )
        )
    return tuple(answers)


def _votes(part: Part, row: int) -> tuple[CardVote, ...]:
    """(M,) in the order of the pool."""
    only = np.array([row])
    votes = part.votes.take(only)
    right = correctness(votes, part.labels[only], part.judged[only])[0]
    status = [""] * len(votes.models) if votes.status is None else votes.status[0].tolist()
    return tuple(
        CardVote(
            model=model,
            mean_logprob=float(votes.logprobs[0, m]),
            right=float(right[m]),
            status=status[m],
        )
        for m, model in enumerate(votes.models)
    )


def _option(part: Part, row: int, answer: int) -> str:
    """The text of an option; "" for a free answer, for none, and where texts are not known."""
    options = part.options[row] if part.votes.option_counts[row] else ()
    return options[answer] if 0 <= answer < len(options) else ""


def _distances(
    snapshot: Snapshot, vector: FloatArray, cluster: int
) -> tuple[float, int | None, float]:
    """To the cluster's own centroid, the nearest other cluster, and to its centroid."""
    distances = 1.0 - snapshot.router.clusters.centroids @ vector
    own = float(distances[cluster])
    if len(distances) < 2:
        return own, None, math.nan
    others = distances.copy()
    others[cluster] = np.inf
    return own, int(others.argmin()), float(others.min())


def _nearest(part: Part, row: int) -> tuple[NearQuery, ...]:
    """Other queries of the part; one more is asked for, as the query is nearest to itself."""
    vectors = part.vectors.vectors
    k = min(N_NEAREST + 1, len(vectors))
    _, rows, cosines = next(nearest_in_order(vectors[row : row + 1], vectors, k))
    found = zip(rows[0].tolist(), cosines[0].tolist(), strict=True)
    return tuple(
        NearQuery(
            query_id=part.votes.query_ids[near],
            text=part.texts[near],
            distance=max(0.0, 1.0 - cosine),
        )
        for near, cosine in [pair for pair in found if pair[0] != row][:N_NEAREST]
    )
