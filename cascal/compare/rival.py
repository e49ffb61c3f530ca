"""Is another router better? The best of those without labels beside the one in use."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from cascal.compare.comparison import Comparison
from cascal.compare.routers import UNDER_TEST, WITHOUT_LABELS
from cascal.computing.remembered import remembered
from cascal.counted import dollars
from cascal.files.plain_json import finite
from cascal.intervals import Estimate, joint_estimates
from cascal.verdicts.verdict import points, too_few


@dataclass(frozen=True, kw_only=True)
class Rival:
    """The router that is most often right of all others that need no labels.

    gain : what it gains over the router in use, in right first answers, with an interval that holds
    for all `n_others` at once, as the best of many flatters itself; cost, cost_in_use : US
    dollars of first models per 1,000 queries, nan where unknown
    """

    key: str
    title: str
    gain: Estimate
    cost: float
    cost_in_use: float
    n_others: int

    @property
    def headline(self) -> str:
        """Whether another router is better: proven, not proven, or nobody can say."""
        if why := too_few(self.gain.n):
            return f"Nobody can say yet which router is best: {why}"
        if self.gain.low > 0:
            return f"{self.title} is proven better than this router: {points(self.gain)}"
        if self.gain.high < 0:
            gain = points(self.gain)
            return f"This router is the best without labels: {self.title} is proven worse, {gain}"
        return f"No rival is proven better: {self.title} {points(self.gain)}{self._price}"

    @property
    def _price(self) -> str:
        """How much less or more it costs; "" where that is not known or nothing."""
        more = self.cost - self.cost_in_use
        if not isfinite(more) or not round(more, 2):
            return ""
        less = "cheaper" if more < 0 else "dearer"
        return f", {dollars(abs(more))} {less} per 1,000"

    @property
    def sentence(self) -> str:
        """Among how many it is the best, and what it costs; the headline says what it gains."""
        said = f"{self.title}, the only other router without labels"
        if self.n_others > 1:
            said = (
                f"{self.title}, best of {self.n_others} others without labels (interval for all "
                f"{self.n_others} at once)"
            )
        if too_few(self.gain.n):
            said += f": {points(self.gain)} beside this router"
        if not (isfinite(self.cost) and isfinite(self.cost_in_use)):
            return f"{said}."
        return (
            f"{said}, for {dollars(self.cost)} instead of {dollars(self.cost_in_use)} per 1,000 "
            "queries."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON types; what is unknown is null."""
        return {
            "key": self.key,
            "router": self.title,
            "headline": self.headline,
            "sentence": self.sentence,
            "gain": self.gain.value,
            "gain_low": self.gain.low,
            "gain_high": self.gain.high,
            "cost_per_1000": finite(self.cost),
        }


@remembered
def find_rival(comparison: Comparison) -> Rival | None:
    """The best other router without labels; of equals the first; None where there is no other.

    What the router in use would be without labels is no other one.
    """
    own = comparison[UNDER_TEST].top1
    others = [
        entry
        for entry in comparison.entries
        if entry.needs == "nothing"
        and entry.key not in (UNDER_TEST, WITHOUT_LABELS)
        and np.isfinite(entry.top1).any()
    ]
    if not others:
        return None
    at = int(np.argmax([float(np.nanmean(one.top1)) for one in others]))
    (gains,) = joint_estimates(np.stack([one.top1 - own for one in others], axis=1))
    best = others[at]
    return Rival(
        key=best.key,
        title=best.title,
        gain=gains[at],
        cost=comparison.cost(best.key).routed,
        cost_in_use=comparison.cost().routed,
        n_others=len(others),
    )
