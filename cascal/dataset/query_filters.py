"""Which queries a reader asks for: by words, by disagreement, by what the router does with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascal.computing.remembered import remembered
from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, FloatArray, Split
from cascal.results import Routes
from cascal.score import agreement
from cascal.vote import plurality

MAJORITY = 0.5
"""Models disagree where no answer has more than this share of them."""
RIGHT = 0.5
"""A response judged better than this counts as right."""


@remembered
def pool_agreement(part: Part) -> FloatArray:
    """(Q,) share of the models that give the most frequent answer."""
    return agreement(part.votes)


@remembered
def _folded(part: Part) -> tuple[str, ...]:
    return tuple(text.casefold() for text in part.texts)


@remembered
def agrees_with_most(part: Part) -> BoolArray:
    """(Q, M) a model gives the most frequent answer of the pool; of equals that of the first model.

    An answer that cannot be read agrees with nobody.
    """
    votes = part.votes
    winner = plurality(votes.answers, np.zeros(votes.shape))
    return votes.answered & (votes.answers == winner[:, None])


def is_apart(part: Part, models: Sequence[str]) -> BoolArray:
    """(Q,) queries that any of these models was asked and answered unlike most, or unreadably."""
    columns = [part.votes.models.index(name) for name in models]
    return np.asarray((part.votes.asked & ~agrees_with_most(part))[:, columns].any(axis=1))


def is_unread(part: Part, models: Sequence[str]) -> BoolArray:
    """(Q,) queries that any of these models was asked and gave no answer that can be read."""
    votes = part.votes
    columns = [votes.models.index(name) for name in models]
    return np.asarray((votes.asked & ~votes.answered)[:, columns].any(axis=1))


def holds_words(part: Part, words: str) -> BoolArray:
    """(Q,) the text holds every word, in any order and case; or it is the query of that id."""
    wanted = words.casefold().split()
    hits = np.array([all(word in text for word in wanted) for text in _folded(part)], dtype=bool)
    if words.strip() in part.votes.query_ids:
        hits[part.votes.query_ids.index(words.strip())] = True
    return hits


def models_disagree(part: Part) -> BoolArray:
    """(Q,) no answer has more than half of the pool."""
    return pool_agreement(part) <= MAJORITY


def first_model_right(part: Part, routes: Routes) -> FloatArray:
    """(Q,) 1 the model asked first is right, 0 wrong, nan = nobody knows."""
    column = {name: at for at, name in enumerate(part.votes.models)}
    first = np.array([column[name] for name in routes.models])[routes.selected[:, 0]]
    right = part.right[np.arange(len(part)), first]
    return np.where(np.isfinite(right), (right > RIGHT).astype(float), np.nan)


def lies_far(snapshot: Snapshot, split: Split) -> BoolArray:
    """(Q,) unlike any training query, as the router tells it; nothing is where it cannot tell."""
    reach, part = snapshot.router.reach, snapshot.dataset.part(split)
    if reach is None:
        return np.zeros(len(part), dtype=bool)
    return reach.far(part.vectors.vectors)
