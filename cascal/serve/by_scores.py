"""Decisions of a router that was learnt from scores: open-ended answers, so nothing to vote on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cascal.datatypes import CascalError, FloatArray
from cascal.scores import ScoreRouter
from cascal.serve.errors import ApiError


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreDecision:
    """One query's route by scores.

    order : names of all models, best first; expected (M,) advantages over the mean of all, in that
    order; n_selected of them count as selected; scored_by : whose scores
    """

    order: tuple[str, ...]
    expected: FloatArray
    n_selected: int
    scored_by: str

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the selected models, best first."""
        return self.order[: self.n_selected]

    @property
    def margin(self) -> float | None:
        """By how much the first model is expected to be better than the second."""
        return float(self.expected[0] - self.expected[1]) if len(self.order) > 1 else None

    def after_first(self, n: int) -> list[str]:
        """The n models that come next."""
        return list(self.order[1 : n + 1])

    def to_dict(self) -> dict[str, Any]:
        """JSON types only."""
        return {
            "model": self.order[0],
            "selected": list(self.selected),
            "margin": None if self.margin is None else round(self.margin, 6),
            "scored_by": self.scored_by,
        }

    def trace(self) -> dict[str, Any]:
        """All that decided: what is expected of every model."""
        pairs = zip(self.order, self.expected.tolist(), strict=True)
        return {
            "scored_by": self.scored_by,
            "expected": {name: round(value, 6) for name, value in pairs},
        }


def decide_by_scores(
    router: ScoreRouter, vectors: FloatArray, top_k: int | None
) -> list[ScoreDecision]:
    """The decisions of unit rows (n, D); another dimension is refused."""
    try:
        order, expected = router.order(np.asarray(vectors, dtype=np.float64))
    except CascalError as error:
        raise ApiError("invalid_body", str(error)) from None
    return [
        ScoreDecision(
            order=tuple(router.models[m] for m in row),
            expected=values[row],
            n_selected=1 if top_k is None else top_k,
            scored_by=router.scored_by,
        )
        for row, values in zip(order, expected, strict=True)
    ]


def refuse_vote() -> ApiError:
    """Nothing to count where no two answers are the same."""
    return ApiError(
        "vote_not_comparable",
        "This router was learnt from scores of open-ended answers, which cannot be counted as "
        "votes. Ask the model cascal.",
    )
