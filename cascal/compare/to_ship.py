"""Which setting to ship, with when it pays back: what commands and reports say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cascal.compare.cost import Trial
from cascal.compare.recommendation import recommend, try_settings
from cascal.compare.recommended import Recommendation
from cascal.compare.routers import Entry
from cascal.dataset.cost import query_costs
from cascal.dataset.part import Part
from cascal.dataset.payback import find_choice_payback
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.store import Workspace
from cascal.verdicts.payback import Payback, Terms

SHIPPED = "to_ship"
"""The key of the setting to ship beside other routers."""


@dataclass(frozen=True, kw_only=True)
class ToShip:
    """The recommended setting, and when it pays back what the data cost."""

    found: Recommendation
    payback: Payback

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {**self.found.to_dict(), "payback": self.payback.to_dict()}


def find_to_ship(
    workspace: Workspace,
    snapshot: Snapshot,
    terms: Terms,
    *,
    with_presets: bool = False,
    presets: Sequence[Trial] = (),
) -> ToShip | None:
    """Which setting to ship beside the one of a snapshot; None where nobody can say it.

    with_presets : try those of every preset too; presets : those that were tried before
    Nothing is shipped where labels have closed the gate: one model is asked.
    """
    if snapshot.router.always:
        return None
    free = snapshot.without_labels
    try:
        trials = try_settings(free, with_presets=with_presets, presets=presets)
        now, data = free.router.thresholds, free.dataset
        found = recommend(trials, now, data.gold_test, data.train, terms.tolerance)
    except NotApplicable:
        return None
    paid = find_choice_payback(workspace, free, found.best.trial.first, terms)
    return ToShip(found=found, payback=paid)


def entry_to_ship(found: Recommendation, test: Part, training: Part) -> Entry:
    """What the setting to ship gives and costs on the test queries, to stand beside other routers.

    Of its best three only the vote is known.
    """
    trial = found.best.trial
    dollars, unknown = query_costs(test, training).dollars, np.full(len(test), np.nan)
    of_first = trial.first[:, None]
    return Entry(
        key=SHIPPED,
        title=f"To ship: {found.best.name}",
        needs="nothing",
        top1=np.take_along_axis(test.right, of_first, axis=1)[:, 0],
        vote=trial.voted.astype(float),
        hit=unknown,
        first=trial.first,
        cost1=np.take_along_axis(dollars, of_first, axis=1)[:, 0],
        cost3=unknown,
    )
