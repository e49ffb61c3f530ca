"""A query together with what only its maker knows: the truth, the traps, how easy it is."""

from __future__ import annotations

from dataclasses import dataclass

from cascal.datatypes import CascalError, Query
from cascal.number_format import counted
from cascal.simulate.questions import SKILLS
from cascal.simulate.random_streams import stream

TEMPTATIONS = (0.70, 0.20, 0.10)
"""How a wrong vote is shared among the distractors, the most tempting first."""


@dataclass(frozen=True)
class Item:
    """A query of the simulated world.

    truth       index of the right option, whatever `query.answer` says
    temptations (options,) probability that a wrong vote falls on each option, 0 at the truth
    easiness    drawn from N(0, 1) for ordinary queries; every model finds it
    """

    query: Query
    truth: int
    temptations: tuple[float, ...]
    easiness: float

    def __post_init__(self) -> None:
        n_options = len(self.query.options)
        if len(self.temptations) != n_options or not 0 <= self.truth < n_options:
            raise CascalError(
                f"Item {self.query.query_id!r} has {counted(n_options, 'option')}, but "
                f"{len(self.temptations)} temptations and the truth {self.truth}.",
                code="wrong-options",
            )

    @property
    def skill(self) -> str:
        """Name of the skill, one of `questions.SKILLS`."""
        if self.query.skill not in SKILLS:
            raise CascalError(
                f"{self.query.skill!r} is not a skill of the simulated world.",
                code="unknown-choice",
            )
        return self.query.skill


def invented_item(query: Query, seed: int = 0) -> Item:
    """Make an item of a query that no writer wrote, so that a simulated model can be asked it.

    Its truth, skill and easiness are drawn from its text: the models then answer plausibly and
    agree in part, but their answers mean nothing.
    """
    if not query.options:
        raise CascalError(
            "Simulated models only answer queries with options; this one has none.",
            code="wrong-options",
        )
    rng = stream(seed, "invented", query.text, *query.options)
    others = len(query.options) - 1
    truth = rng.randrange(others + 1)
    shares = rng.sample([2.0**-rank for rank in range(others)], others)
    weights = [share / sum(shares) for share in shares]
    weights.insert(truth, 0.0)
    known = Query(
        query.query_id, query.task, query.text, options=query.options, skill=rng.choice(SKILLS)
    )
    return Item(known, truth, tuple(weights), rng.gauss(0.0, 1.0))
