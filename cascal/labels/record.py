"""What labels said of a router when it was made, as its file keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cascal.datatypes import CascalError, FloatArray
from cascal.number_format import counted

LEAD = 0.01
"""By so much the model that is always asked leads in every row of scores."""


@dataclass(frozen=True, kw_only=True)
class LabelRecord:
    """Which labels were used, and what they said; nothing of texts, answers or people.

    draws : ids of the draws they came by; digest : of the labels; n_labels labelled queries of
    n_contested, out of n_queries; gain, low, high : the router's over `against`, in accuracy;
    verdict : the sentence about it; always : the model that is asked for every query by the gate,
    "" where the router stays
    """

    draws: tuple[str, ...]
    digest: str
    n_labels: int
    n_contested: int
    n_queries: int
    gain: float
    low: float
    high: float
    against: str
    verdict: str
    always: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "draws", tuple(self.draws))
        if not -1.0 <= self.low <= self.gain <= self.high <= 1.0:
            raise CascalError(
                f"Labels are said to show a gain of {self.gain} between {self.low} and "
                f"{self.high}; a gain in accuracy lies between −1 and 1, inside its interval.",
                code="out-of-bounds",
            )
        if not 0 < self.n_labels <= self.n_queries or self.n_contested > self.n_queries:
            raise CascalError(
                f"{counted(self.n_labels, 'label')} on {self.n_contested} contested of "
                f"{counted(self.n_queries, 'query')} are no numbers of labels.",
                code="out-of-bounds",
            )

    @property
    def effect(self) -> str:
        """What follows for the router."""
        return f"Labels say: always {self.always}." if self.always else "The router stays."

    @property
    def sentence(self) -> str:
        """What the labels said, and what follows."""
        return f"{self.verdict} {self.effect}"

    def to_dict(self) -> dict[str, Any]:
        """JSON types only."""
        return {**asdict(self), "draws": list(self.draws)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | None) -> LabelRecord | None:
        """The record that a file or a saved run holds; None where no labels were used."""
        return None if stored is None else cls(**stored)


def heeded_words(record: LabelRecord | None, n_correcting: int = 0) -> str:
    """How many labels a router heeds and what follows, in words; "" where it heeds none.

    n_correcting : labels that correct the scores
    """
    said = []
    if record is not None:
        said.append(f"{counted(record.n_labels, 'label')}. {record.effect}")
    if n_correcting:
        said.append(f"{counted(n_correcting, 'label corrects', 'labels correct')} the scores.")
    return " ".join(said)


def lift_to_first(scores: FloatArray, column: int) -> FloatArray:
    """(Q, M) what is added to scores (Q, M) so that one model leads in every row.

    The others keep their scores, so that they stay second and third in the router's order.
    """
    added = np.zeros(scores.shape)
    others = np.delete(scores, column, axis=1).max(axis=1, initial=-np.inf)
    added[:, column] = np.maximum(0.0, others + LEAD - scores[:, column])
    return added
