"""Which setting to ship: one rule over all that were tried, the same on every page and command.

The cheapest setting whose first answers are shown to lose at most the tolerated points, both
against the setting in use and against the default preset without a cost weight, so that steps taken
one after another do not add up. Every interval holds for all settings at once, because the best of
many tried on the same queries flatters itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.compare.cost import Trial, cost_grid, try_weights
from cascal.compare.presets import compare_presets
from cascal.compare.recommended import Option, Recommendation
from cascal.dataset.cost import query_costs
from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray, NotApplicable
from cascal.intervals import Estimate, estimate, joint_estimates
from cascal.number_format import decimal, dollars
from cascal.prices import COST_UNIT
from cascal.settings import FitSettings, Routing, Thresholds
from cascal.verdicts.verdict import points, too_few

LEAST_SAVED = 0.01
"""Share of the costs below which cheaper is as dear."""
MOST_OTHERS = 8
"""So many settings are named beside the recommended one."""


def recommend(
    trials: Sequence[Trial], now: Thresholds, test: Part, training: Part, tolerance: float
) -> Recommendation:
    """The setting to ship of those that were tried on the gold test queries.

    now : the thresholds in use; their cost weight is among the trials without a preset
    tolerance : share of right first answers that may be lost

    NotApplicable where too few gold answers decide anything.
    """
    test.need_gold("Which setting to ship")
    if why := too_few(test.n_gold):
        raise NotApplicable(f"Nobody can say yet which setting to ship: {why}.", code="no-gold")
    first = np.stack([one.first for one in trials], axis=1)
    costs = COST_UNIT * query_costs(test, training).dollars
    known = [(one.preset, one.point.cost_weight) for one in trials]
    default = (FitSettings().preset_name, 0.0)
    return _Tried(
        trials=tuple(trials),
        right=np.take_along_axis(test.right, first, axis=1),
        voted=np.stack([one.voted for one in trials], axis=1).astype(float),
        dollars=np.take_along_axis(costs, first, axis=1),
        now=known.index(("", now.cost_weight)),
        base=known.index(default if default in known else ("", 0.0)),
    ).recommendation(tolerance, now.top_k)


def grid_weights(costs: FloatArray | None, now: float) -> tuple[float, ...]:
    """The cost weights that are tried: the grid and the one in use; that alone without prices."""
    try:
        return tuple(sorted({*cost_grid(costs), now}))
    except NotApplicable:
        return (now,)


def beside_presets(
    own: tuple[Trial, ...], tried: Sequence[Trial], preset: str, routing: Routing | None
) -> tuple[Trial, ...]:
    """The trials of the settings in use and of the presets, without those that are the same.

    preset, routing : of the settings in use; without a routing of its own a preset is no other one
    """
    return (*own, *(one for one in tried if routing is not None or one.preset != preset))


def try_settings(
    snapshot: Snapshot, *, with_presets: bool = False, presets: Sequence[Trial] = ()
) -> tuple[Trial, ...]:
    """The settings in use, and those of every preset where wanted, at every cost weight.

    presets : what was tried of them before
    """
    data, fitted, thresholds = snapshot.dataset, snapshot.fit, snapshot.router.thresholds
    weights = grid_weights(data.costs, thresholds.cost_weight)
    own = try_weights(fitted, thresholds, data.gold_test, data.train, weights)
    if with_presets:
        presets = compare_presets(
            data.train, data.gold_test, thresholds, costs=data.costs, fitted=fitted, weights=weights
        ).trials
    return beside_presets(own, presets, fitted.settings.preset_name, thresholds.routing)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Tried:
    """All trials side by side, first answers and their US dollars per 1,000, and votes, all (Q, R).

    now, base : the places of the setting in use, and of the one that nothing is weighed in
    """

    trials: tuple[Trial, ...]
    right: FloatArray
    voted: FloatArray
    dollars: FloatArray
    now: int
    base: int

    def recommendation(self, tolerance: float, voters: int) -> Recommendation:
        """What the rule says, in full; voters : how many vote in use."""
        costs, vote_costs = (
            _all_or_none([getattr(one.point, name) for one in self.trials])
            for name in ("cost1", "cost3")
        )
        over_now, over_base, votes_now, votes_base, dearer = joint_estimates(
            *(self.right - self.right[:, [at]] for at in (self.now, self.base)),
            *(self.voted - self.voted[:, [at]] for at in (self.now, self.base)),
            self.dollars - self.dollars[:, [self.now]],
        )
        best, losses = self._chosen(over_now, over_base, costs, tolerance)
        for_vote, _ = self._chosen(votes_now, votes_base, vote_costs, tolerance)
        beside = self.base if best == self.now else self.now
        over_best, dearer_best, dearer_base = joint_estimates(
            self.right - self.right[:, [best]],
            self.dollars - self.dollars[:, [best]],
            self.dollars - self.dollars[:, [beside]],
        )
        priced = bool(np.isfinite(costs).all())
        options = [
            Option(
                trial=trial,
                gain=over_now[at],
                dearer=dearer[at] if priced else None,
                in_use=at == self.now,
                why=""
                if at == best
                else _why_not(
                    over_best[at], dearer_best[at] if priced else None, losses[at], tolerance
                ),
            )
            for at, trial in enumerate(self.trials)
        ]
        return Recommendation(
            best=options[best],
            now=options[self.now],
            beside=options[beside],
            gain=(over_now if beside == self.now else over_base)[best],
            dearer=dearer_base[best] if priced else None,
            voted=estimate(self.voted[:, best] - self.voted[:, beside]),
            others=tuple(options[at] for at in self._notable(costs, best)),
            for_vote=options[for_vote],
            better=self._better(options, over_best),
            n_voters=self.trials[best].n_voters,
            voters_in_use=voters,
            shown=losses[best].low >= -tolerance,
            n_tried=len(self.trials),
            presets=tuple(dict.fromkeys(one.preset for one in self.trials if one.preset)),
            tolerance=tolerance,
        )

    def _chosen(
        self,
        over_now: Sequence[Estimate],
        over_base: Sequence[Estimate],
        costs: FloatArray,
        tolerance: float,
    ) -> tuple[int, list[Estimate]]:
        """The place of the best one, and what every one loses at worst beside both references."""
        pairs = zip(over_now, over_base, strict=True)
        losses = [min(pair, key=lambda one: one.low) for pair in pairs]
        good = np.array([one.low >= -tolerance for one in losses])
        rates = np.array([one.value for one in over_base])
        priced = bool(np.isfinite(costs).all())
        if not priced:
            good &= np.array([one.low > 0 for one in over_now])
        if not good.any():
            return self.now, losses
        if priced:
            good &= costs <= (1.0 + LEAST_SAVED) * costs[good].min()
        if good[self.now]:
            return self.now, losses
        return int(np.where(good, rates, -np.inf).argmax()), losses

    def _better(self, options: Sequence[Option], over_best: Sequence[Estimate]) -> Option | None:
        """The one most often right of those that are proven right more often than the best one."""
        proven = [at for at, gain in enumerate(over_best) if gain.low > 0]
        rates = [one.point.top1 for one in self.trials]
        if not proven:
            return None
        at = max(proven, key=lambda at: rates[at])
        return replace(options[at], gain=over_best[at])

    def _notable(self, costs: FloatArray, best: int) -> list[int]:
        """The places of those worth a look: the references, the most often right, the next cheaper
        one and the best of every other preset; by cost.
        """
        rates = np.array([one.point.top1 for one in self.trials])
        order = np.argsort(costs, kind="stable")
        cheaper = order[: list(order).index(best)][::-1] if np.isfinite(costs).all() else order[:0]
        own = [at for at in cheaper if self.trials[at].preset == self.trials[best].preset]
        families: dict[str, list[int]] = {}
        for at, one in enumerate(self.trials):
            families.setdefault(one.preset, []).append(at)
        found = [self.now, self.base, int(rates.argmax()), *own[:1], *cheaper[:1]]
        found += [max(places, key=lambda at: rates[at]) for places in families.values()]
        kept = [at for at in dict.fromkeys(map(int, found)) if at != best][:MOST_OTHERS]
        return sorted(kept, key=lambda at: (costs[at] if np.isfinite(costs[at]) else 0.0, at))


def _all_or_none(costs: Sequence[float]) -> FloatArray:
    """(R,) the costs; all nan where one of them is unknown."""
    found = np.array(costs, dtype=float)
    return found if np.isfinite(found).all() else np.full(len(found), np.nan)


def _why_not(gain: Estimate, dearer: Estimate | None, loss: Estimate, tolerance: float) -> str:
    """Why a setting is not the best one: gain and dearer are beside that, loss is at worst."""
    if dearer is None:
        return "not proven right more often"
    if dearer.value < 0:
        if loss.high < 0:
            return f"cheaper, but a proven loss: {points(loss)}"
        if loss.low < -tolerance:
            return (
                f"cheaper, but a loss of up to {decimal(-100 * loss.low, 1)} points is not ruled "
                "out"
            )
        return "as cheap, and right no more often"
    more = f"{dollars(dearer.value)} dearer"
    if gain.low > 0:
        return f"better, but {more}: {points(gain)}"
    return f"{more}, and {'proven worse' if gain.high < 0 else 'not proven better'}"
