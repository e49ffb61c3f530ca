"""What routing has to beat: always asking one model, and which model that is.

One choice for every page, report and command: the most accurate model by the gold answers of the
training queries, which anybody could know beforehand; without them the most accurate on the
routed queries themselves, which has seen the answers while the router has not; without any gold
answer the best by consensus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cascal.evaluate import Evaluation

ChosenBy = Literal["training labels", "these queries", "consensus"]
WORDS: dict[ChosenBy, str] = {
    "training labels": "the best model on the training labels",
    "these queries": "the best model on these very queries",
    "consensus": "the best model by consensus",
}


@dataclass(frozen=True)
class Constant:
    """One model that would always be asked: its column, its name, by what it was chosen."""

    model: int
    name: str
    chosen_by: ChosenBy

    @property
    def words(self) -> str:
        """The name and by what it was chosen."""
        return f"{self.name}, {WORDS[self.chosen_by]}"


def choose_constant(
    models: Sequence[str],
    *,
    by_labels: int | None = None,
    result: Evaluation | None = None,
    by_consensus: int = 0,
) -> Constant:
    """The model to compare with; `models` are those of the router.

    by_labels : best by the gold answers of the training queries, None without any;
    result : of the routed queries, None without gold answers; by_consensus : the router's own
    """
    if by_labels is not None:
        return Constant(by_labels, models[by_labels], "training labels")
    if result is not None:
        return Constant(result.best_single, models[result.best_single], "these queries")
    return Constant(by_consensus, models[by_consensus], "consensus")


def join_constants(chosen: Sequence[Constant]) -> Constant:
    """The choices of several splits or halves as one: all names, the most frequent one first."""
    names = Counter(one.name for one in chosen)
    first = next(one for one in chosen if one.name == names.most_common(1)[0][0])
    ordered = sorted(names, key=lambda name: (-names[name], name != first.name, name))
    return replace(first, name=" / ".join(ordered))
