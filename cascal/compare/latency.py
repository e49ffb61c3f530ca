"""How long people wait: the models, the routed queries, and quality beside it.

Where several models vote they are asked at once, and the slowest one is waited for. What routing
itself takes, a few milliseconds, is not in it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cascal.dataset.response_numbers import read_latencies
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, FloatArray, NotApplicable, Split
from cascal.evaluate import first_right, vote_right
from cascal.intervals import Estimate, estimate, mean_rows
from cascal.number_format import brief, counted
from cascal.store import Workspace

MIN_KNOWN = 20
"""From fewer queries of which the seconds are known nothing is said."""
SLOW = 0.95


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Seconds that the same queries take with one choice.

    median, slow : half of the queries take at most the one, 95 % the other; right : share right
    among them, nan without gold answers; constant : whether it is the model compared with
    """

    name: str
    kind: str
    median: float
    slow: float
    right: float
    constant: bool = False


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The waits of the router and of its models over the queries of which all seconds are known.

    saved : mean seconds that the first model saves over always asking the constant, with interval
    """

    rows: tuple[Wait, ...]
    n_queries: int
    constant: str
    saved: Estimate

    @property
    def sentence(self) -> str:
        """What routing costs or saves in time."""
        routed = next(one for one in self.rows if one.kind == "router")
        always = next(one for one in self.rows if one.constant)
        low, high = self.saved.low, self.saved.high
        how = "saves" if low > 0 else "costs" if high < 0 else "saves no provable time:"
        sign, ends = (-1, (-high, -low)) if high < 0 else (1, (low, high))
        return (
            f"Half of the queries take at most {brief(routed.median, 2)} s and 95 % at most "
            f"{brief(routed.slow, 2)} s with the routed model, {brief(always.median, 2)} s and "
            f"{brief(always.slow, 2)} s with always asking {self.constant}; on average routing "
            f"{how} {brief(sign * self.saved.value, 2)} s "
            f"[{brief(ends[0], 2)}, {brief(ends[1], 2)}] a query "
            f"({counted(self.n_queries, 'query')})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "sentence": self.sentence,
            "n_queries": self.n_queries,
            "rows": [asdict(one) for one in self.rows],
            "saved": {"value": self.saved.value, "low": self.saved.low, "high": self.saved.high},
        }


def find_waits(workspace: Workspace, snapshot: Snapshot) -> Waits:
    """Waits on the test queries, else on the training queries.

    NotApplicable where the responses do not say how long they took.
    """
    data = snapshot.dataset
    split: Split = "train" if data.test is None else "test"
    part = data.part(split)
    votes = part.votes
    seconds = read_latencies(workspace, data.info.name, split, votes)
    known = timed(seconds)
    routes = snapshot.routes(split)
    first, asked = routes.selected[:, 0], routes.selected
    right = part.right if part.has_gold else np.full(votes.shape, np.nan)
    constant = snapshot.constant.model
    of_first = np.take_along_axis(seconds, first[:, None], axis=1)[:, 0]
    slowest = np.take_along_axis(seconds, asked, axis=1).max(axis=1)
    rows = [_wait("This router", "router", of_first, first_right(routes, right), known)]
    if asked.shape[1] > 1:
        voted = vote_right(routes, votes, right)
        rows.append(_wait(f"Its vote of {asked.shape[1]}", "vote", slowest, voted, known))
    for m, model in enumerate(votes.models):
        wait = _wait(model, "model", seconds[:, m], right[:, m], known, constant=m == constant)
        rows.append(wait)
    return Waits(
        rows=tuple(rows),
        n_queries=int(known.sum()),
        constant=snapshot.constant.words,
        saved=estimate((seconds[:, constant] - of_first)[known]),
    )


def timed(seconds: FloatArray) -> BoolArray:
    """(Q,) queries of which the seconds (Q, M) of all models are known; NotApplicable if few."""
    known = np.asarray(np.isfinite(seconds).all(axis=1))
    if known.sum() < MIN_KNOWN:
        raise NotApplicable(
            f"Of {counted(int(known.sum()), 'query')} all models say how long they took; at least "
            f"{MIN_KNOWN} are needed. Import a column latency (seconds) with the responses.",
            code="needs-latencies",
        )
    return known


def _wait(
    name: str,
    kind: str,
    seconds: FloatArray,
    right: FloatArray,
    known: BoolArray,
    *,
    constant: bool = False,
) -> Wait:
    return Wait(
        name=name,
        kind=kind,
        median=float(np.median(seconds[known])),
        slow=float(np.quantile(seconds[known], SLOW)),
        right=float(mean_rows(right[known][:, None])[0]),
        constant=constant,
    )
