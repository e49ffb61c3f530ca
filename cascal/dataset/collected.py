"""What was collected of every model: answers, how many cannot be read, money and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, isnan, nan

import numpy as np

from cascal.dataset.response_numbers import read_latencies
from cascal.prices import COST_UNIT, Bill
from cascal.store import Workspace


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What one model was asked.

    n_asked : queries that it was asked; n_unread : those of them without an answer that can be
    read; dollars : of all its calls, per_thousand of 1,000 of them, nan where unknown; seconds :
    the median of its answers, nan where their source does not say it
    """

    model: str
    n_asked: int
    n_unread: int
    dollars: float
    per_thousand: float
    seconds: float

    @property
    def unread(self) -> float:
        """The share that cannot be read; nan where nothing was asked."""
        return self.n_unread / self.n_asked if self.n_asked else nan


def what_was_collected(workspace: Workspace, dataset: str) -> tuple[Collected, ...]:
    """Every model of a data set, in stored order, over its training and its test queries."""
    votes = workspace.votes(dataset)
    seconds = read_latencies(workspace, dataset, None, votes)
    bills = {one.model: one for one in workspace.bills(dataset)}
    asked, answered = votes.asked.sum(axis=0), votes.answered.sum(axis=0)
    found = []
    for column, model in enumerate(votes.models):
        bill, known = bills.get(model, Bill(model, 0.0, 0, 0)), seconds[:, column]
        known = known[np.isfinite(known)]
        found.append(
            Collected(
                model=model,
                n_asked=int(asked[column]),
                n_unread=int(asked[column] - answered[column]),
                dollars=bill.total if bill.n_calls else nan,
                per_thousand=COST_UNIT * bill.total / bill.n_calls if bill.n_calls else nan,
                seconds=float(np.median(known)) if len(known) else nan,
            )
        )
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What a next step would take: calls, and about how many dollars; nan where unknown.

    like : the model of whose price that is; "" for the sum over all of them
    """

    calls: int
    dollars: float
    like: str = ""


def one_more_model(found: Sequence[Collected], n_queries: int) -> Ahead:
    """Every query asked of one more model, at the price of the model in the middle of these.

    Of an even number of models it is the dearer of the two in the middle.
    """
    known = sorted(
        (one for one in found if not isnan(one.per_thousand)), key=lambda one: one.per_thousand
    )
    if not known:
        return Ahead(calls=n_queries, dollars=nan)
    middle = known[len(known) // 2]
    dollars = n_queries / COST_UNIT * middle.per_thousand
    return Ahead(calls=n_queries, dollars=dollars, like=middle.model)


def more_queries(found: Sequence[Collected], n_queries: int) -> Ahead:
    """So many more queries asked of all of these models."""
    dollars = n_queries / COST_UNIT * fsum(one.per_thousand for one in found)
    return Ahead(calls=n_queries * len(found), dollars=dollars)
