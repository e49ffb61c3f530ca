"""The answers of several models -> one, counted as every vote is (docs/method.md § 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cascal.answers import LIVE_SECONDS, Reading, group_answers, read_response
from cascal.endpoint import mean_logprob
from cascal.results import Routes
from cascal.serve.errors import ApiError
from cascal.serve.upstream import Answer
from cascal.vote import winner_of


@dataclass(frozen=True)
class Vote:
    """What one model said; `answer` is None where it could not be read or there is an error."""

    model: str
    reading: Reading | None
    logprob: float
    error: ApiError | None

    @property
    def answer(self) -> str | None:
        """The option letter or the text of a free answer."""
        return None if self.reading is None else self.reading.answer

    def to_dict(self, *, won: bool) -> dict[str, Any]:
        """JSON types only."""
        return {
            "model": self.model,
            "answer": self.answer,
            "rule": None if self.reading is None else self.reading.rule,
            "status": "error" if self.reading is None else self.reading.status,
            "won": won,
            "error": None if self.error is None else self.error.code,
        }


@dataclass(frozen=True)
class Verdict:
    """The winning answer, the models that gave it, best first, and every vote.

    answer  in the words of the best model that gave it; None if no answer could be read
    model   whose reply is returned: that model, or the best one that replied at all
    """

    answer: str | None
    model: str
    winners: tuple[str, ...]
    votes: tuple[Vote, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON types only; every vote is listed, the losing ones too."""
        return {
            "answer": self.answer,
            "agreeing": len(self.winners),
            "votes": [one.to_dict(won=one.model in self.winners) for one in self.votes],
        }


def read_vote(
    model: str, outcome: Answer | ApiError, n_options: int, options: Sequence[str] = ()
) -> Vote:
    """Read the answer of one model's reply; an error has none.

    Where several of the listed options may be right, all letters are the answer; a reply that names
    none is read as free text.
    """
    if isinstance(outcome, ApiError):
        return Vote(model, None, np.nan, outcome)
    choice = outcome.body["choices"][0]
    content = choice["message"].get("content")
    text = content if isinstance(content, str) else ""
    reading = read_response(text, n_options, options)
    if reading.answer is None and options and not n_options:
        reading = read_response(text, 0)
    return Vote(model, reading, mean_logprob(choice), None)


async def count_votes(routes: Routes, votes: Sequence[Vote], n_options: int) -> Verdict:
    """The plurality of the selected models' votes, given in the order of `routes.selected[0]`.

    Free answers that mean the same count as one; ties go as in `vote.winning_voters`. At least one
    model must have replied.
    """
    answered = [one for one in votes if one.answer is not None]
    indices = await _indices([str(one.answer) for one in answered], n_options)
    place = winner_of(
        routes,
        [one.model for one in answered],
        indices,
        [one.logprob for one in answered],
    )
    if place is None:
        replied = next(one for one in votes if one.error is None)
        return Verdict(None, replied.model, (), tuple(votes))
    winners = tuple(
        one.model for one, index in zip(answered, indices, strict=True) if index == indices[place]
    )
    return Verdict(answered[place].answer, winners[0], winners, tuple(votes))


async def _indices(answers: Sequence[str], n_options: int) -> list[int]:
    if n_options:
        return [ord(answer) - ord("A") for answer in answers]
    return await asyncio.to_thread(group_answers, answers, seconds=LIVE_SECONDS)
