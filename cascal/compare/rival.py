"""Is another router better? The best of those without labels beside the one in use."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from cascal.compare.comparison import Comparison
from cascal.compare.recommended import Recommendation
from cascal.compare.routers import UNDER_TEST, WITHOUT_LABELS
from cascal.computing.remembered import remembered
from cascal.files.plain_json import finite
from cascal.intervals import Estimate, joint_estimates
from cascal.number_format import dollars, signed
from cascal.settings import PRESETS
from cascal.verdicts.verdict import Verdict, points, too_few

_NONE_BETTER = "no rival is proven better"
_CHEAPER = "a rival is cheaper, none proven better"


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
        said = self._outcome
        return f"{said[0].upper()}{said[1:]}: {self.title} {points(self.gain)}{self._price}"

    @property
    def clause(self) -> str:
        """The same without numbers, as the end of a sentence; "" where nobody can say.

        A router that is better or cheaper is named.
        """
        if too_few(self.gain.n):
            return ""
        said = self._outcome
        if said == _CHEAPER:
            return f"{self.title} is cheaper, not proven better"
        return said.replace("a rival", self.title) if self.proven_better else said

    @property
    def proven_better(self) -> bool:
        """Whether it is proven right more often than the router in use."""
        return self.gain.low > 0 and not too_few(self.gain.n)

    @property
    def _outcome(self) -> str:
        """Whether it is better or cheaper, without its name."""
        if self.gain.low > 0:
            return "a rival is proven better"
        if self.gain.high < 0:
            return "the best rival is proven worse"
        return _CHEAPER if self._more < 0 else _NONE_BETTER

    @property
    def _more(self) -> float:
        """US dollars per 1,000 queries that it costs more, in whole cents; 0 where unknown."""
        more = self.cost - self.cost_in_use
        return round(more, 2) if isfinite(more) else 0.0

    @property
    def _price(self) -> str:
        """How much less or more it costs; "" where that is not known or nothing."""
        if not self._more:
            return ""
        return f", {dollars(abs(self._more))} {'cheaper' if self._more < 0 else 'dearer'} per 1,000"

    @property
    def sentence(self) -> str:
        """What the best of them gains, among how many it is the best, and what it costs."""
        which, held = "the only rival without labels", ""
        if self.n_others > 1:
            which = f"the best of {self.n_others} rivals without labels"
            held = f" (interval for all {self.n_others} at once)"
        said = f"{self.title}, {which}: {points(self.gain)} beside the router in use{held}"
        if not (isfinite(self.cost) and isfinite(self.cost_in_use)):
            return f"{said}."
        return f"{said}, {dollars(self.cost)} instead of {dollars(self.cost_in_use)} per 1,000."

    def not_shipped(self, found: Recommendation) -> str:
        """Why this rival is not the setting to ship; "" where it is."""
        best = found.best
        if self.key == best.trial.preset:
            return ""
        cost, no = best.trial.point.cost1, "It is not the one to ship"
        if isfinite(cost) and isfinite(self.cost) and cost < self.cost:
            proven = "" if self.proven_better else ", and not proven better than the router in use"
            return f"{no}: dearer than {best.name}{proven}."
        if self.key not in PRESETS:
            return f"{no}: that is another method, and no setting of this router."
        tried = [one for one in found.others if one.trial.preset == self.key]
        if not tried:
            return "Whether to ship it was not looked at: a click on Overview tries the presets."
        return f"{no}: {tried[0].why}."

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


def answer(
    verdict: Verdict,
    rival: Rival | None,
    found: Recommendation | None,
    shipped: Estimate | None = None,
) -> str:
    """Whether this router beats always asking one model, then what is better still.

    That is a rival where it is proven better, else the setting to ship where that is known, else
    what is said of the best rival. Which model is meant stands beside it.

    shipped : what the setting to ship gains over the same model
    """
    more = "" if rival is None else rival.clause
    if found is not None and not too_few(verdict.gain.n) and not (rival and rival.proven_better):
        gains = "" if shipped is None else f", {signed(100 * shipped.value)}"
        ship = f"to ship: {found.best.name}{gains}"
        more = "the setting to ship is in use" if found.taken else ship
    return f"{verdict.brief}; {more}" if more else verdict.brief
