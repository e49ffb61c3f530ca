"""What a change did to a silhouette, and when several such changes have one cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.number_format import counted, decimal

START = "Another start of k-means"
CLEAR = 0.02
"""A change of a silhouette that is worth telling."""
RECOVERED = 0.5
"""What starts anew comes near if it brings more than this part of what another start does."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """A measured silhouette, of how many strong queries in how many clusters."""

    silhouette: float
    n: int
    k: int


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a change did to the silhouette of a split; or why it could not be tried.

    by_chance : the part of the change that is no work of this remedy, since leaving out as many
    queries at random brings it too; nan where that is not known
    clear : whether the change is more than samples differ from one another
    anew : mean silhouettes where k-means began anew with other queries, by what they are of
    """

    label: str
    sentence: str
    before: Value | None = None
    after: Value | None = None
    by_chance: float = 0.0
    clear: bool = True
    anew: tuple[tuple[str, float], ...] = ()

    @property
    def change(self) -> float | None:
        """After less before; None where nothing was measured."""
        if self.before is None or self.after is None:
            return None
        return self.after.silhouette - self.before.silhouette

    @property
    def own(self) -> float | None:
        """The change that is the remedy's own; None where nothing was measured, or not apart."""
        change = self.change
        return None if change is None or np.isnan(self.by_chance) else change - self.by_chance


def unlucky_start(trials: Sequence[Trial]) -> str:
    """What all that begins anew has in common, as a sentence.

    Empty where no other start is tighter and clearly higher, or where anything that begins anew
    with other queries does not come near it: then the trials speak for themselves.
    """
    start = next((one for one in trials if one.label == START), None)
    if start is None or start.before is None or start.after is None or start.change is None:
        return ""
    own, other, change = start.before.silhouette, start.after.silhouette, start.change
    anew = [(of, value) for one in trials for of, value in one.anew]
    if change < CLEAR or not anew or any(not value - own > RECOVERED * change for _, value in anew):
        return ""
    also = ", ".join(f"{of} {decimal(value, 3)}" for of, value in anew)
    return (
        "An unlucky start of k-means: from a tighter one the same "
        f"{counted(start.after.n, 'query has', 'queries have')} "
        f"{decimal(other, 3)} instead of {decimal(own, 3)}. All else that starts anew comes near "
        f"that too ({also}): what helps there is the start, not that queries are fewer."
    )
