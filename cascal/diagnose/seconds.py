"""Where the second model of a cluster is ahead of the first, and where it is probably better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.computing.remembered import remembered
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.clusters import MIN_QUERIES
from cascal.diagnose.quality import ClusterNeed, cluster_needs, lead_certainty
from cascal.number_format import counted, percent

TOSS = 0.5
"""Below this probability of the first being ahead the second one is."""
PROBABLY = 0.8
"""From this probability on the second is said to be probably the better one."""
BETTER = "A second model is probably better in"
"""What that is called with the number of clusters, before and after a change."""
MOST_NAMED = 7
"""So many clusters are named in a sentence."""


@dataclass(frozen=True, kw_only=True)
class SecondAhead:
    """A cluster whose own training queries put the second model ahead of the first.

    estimate : the probability that it is, by consensus scores; gold : by the gold answers to the
    n_gold test queries nearest to the cluster, None where these are fewer than two
    """

    cluster: str
    first: str
    second: str
    n_queries: int
    estimate: float
    gold: float | None
    n_gold: int

    @property
    def known(self) -> float:
        """What is known best: by gold answers where there are enough of them, else the estimate."""
        enough = self.gold is not None and self.n_gold >= MIN_QUERIES
        return self.gold if enough and self.gold is not None else self.estimate

    @property
    def probably(self) -> bool:
        """Whether the second is probably the better model by that."""
        return self.known >= PROBABLY

    @property
    def said(self) -> str:
        """Who is over whom, with that probability and what it rests on."""
        by = " by gold answers" if self.known == self.gold else ""
        return f"{self.cluster} ({self.second} over {self.first}, {percent(self.known)}{by})"

    def row(self, *, gold: bool) -> dict[str, object]:
        """The same as a row of a table; gold : whether there are any gold answers at all."""
        by = f", by {'gold' if self.known == self.gold else 'estimate'}" if gold else ""
        row: dict[str, object] = {
            "cluster": self.cluster,
            "asked first": self.first,
            "second": self.second,
            "second is better": f"{'probably' if self.probably else 'open'}{by}",
            "estimate": percent(self.estimate),
            "training queries": self.n_queries,
        }
        if not gold:
            return row
        known = "unknown" if self.gold is None else percent(self.gold)
        return {**row, "by gold answers": known, "gold test queries": self.n_gold}


@remembered
def seconds_ahead(snapshot: Snapshot) -> tuple[SecondAhead, ...]:
    """The clusters whose second model is ahead by their own queries, the surest first.

    NotApplicable where there is no second model.
    """
    needs = cluster_needs(snapshot.router, snapshot.fit.consensus)
    found = [_ahead(snapshot, one) for one in needs if one.certainty < TOSS]
    return tuple(sorted(found, key=lambda one: -one.known))


def _ahead(snapshot: Snapshot, need: ClusterNeed) -> SecondAhead:
    test, gaps = snapshot.dataset.test, np.empty(0)
    if test is not None and test.has_gold:
        inside = test.right[snapshot.routes("test").cluster == need.cluster]
        models = test.votes.models
        gaps = inside[:, models.index(need.second)] - inside[:, models.index(need.first)]
        gaps = gaps[np.isfinite(gaps)]
    return SecondAhead(
        cluster=snapshot.labels[need.cluster],
        first=need.first,
        second=need.second,
        n_queries=need.n_queries,
        estimate=1.0 - need.certainty,
        gold=lead_certainty(gaps)[2] if len(gaps) > 1 else None,
        n_gold=len(gaps),
    )


def n_second_better(snapshot: Snapshot) -> int | None:
    """In how many clusters the second model is probably the better one; None without a second."""
    try:
        return sum(one.probably for one in seconds_ahead(snapshot))
    except NotApplicable:
        return None


def second_better_change(before: Snapshot, now: Snapshot) -> str:
    """What a change did to that number, as a clause; "" where it is the same or unknown."""
    first, second = n_second_better(before), n_second_better(now)
    if first is None or second is None or first == second:
        return ""
    clusters = counted(second, "cluster")
    return f"{BETTER[:1].lower()}{BETTER[1:]} {first:,} → {clusters}"


def second_better_told(snapshot: Snapshot) -> str:
    """The number of now as a sentence; "" without a second model."""
    n = n_second_better(snapshot)
    if n is None:
        return ""
    where = counted(n, "cluster") if n else "no cluster"
    return f"A second model is probably better in {where}"


def second_better(snapshot: Snapshot) -> str:
    """Where the second model is probably the better one, by name; "" where nowhere."""
    found = [one for one in seconds_ahead(snapshot) if one.probably]
    if not found:
        return ""
    named = [one.said for one in found[:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return (
        f"In {len(found)} of {len(snapshot.labels)} the second is probably the better one: "
        f"{', '.join(named)}{more}. "
    )
