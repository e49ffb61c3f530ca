"""When does it pay back? What was spent to learn a router, against what it saves a query.

Two measures, both named by arXiv:2609.37402: the break-even, spending ÷ saving per query, and
spending ÷ saving at a horizon of so many queries. No number is given where quality is not shown to
be equal: money saved by worse answers pays nothing back.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cascal.datatypes import CascalError
from cascal.files.plain_json import finite
from cascal.intervals import Estimate
from cascal.number_format import agreeing, capitalised, counted, decimal, dollars, percent
from cascal.prices import COST_UNIT, Bill
from cascal.verdicts.verdict import points

Outcome = Literal["pays back", "never", "not shown equal", "unknown"]
DEFAULT_HORIZON = 100_000
DEFAULT_DAILY = 1_000
DEFAULT_TOLERANCE = 0.01
MOST_DAYS, DAYS_OF_A_YEAR = 730, 365.25
"""Longer than that is told in years."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the reader states.

    label_price : US dollars of one label, None where labels are not to count; horizon : queries to
    come; daily : of them a day; tolerance : share of right answers that may be lost and still count
    as equal quality
    """

    label_price: float | None = None
    horizon: int = DEFAULT_HORIZON
    daily: int = DEFAULT_DAILY
    tolerance: float = DEFAULT_TOLERANCE

    def __post_init__(self) -> None:
        if self.label_price is not None and not 0.0 <= self.label_price < math.inf:
            raise CascalError(
                f"A label costs {self.label_price} US dollars; write 0 or more.",
                code="out-of-bounds",
            )
        if self.horizon < 1:
            raise CascalError(
                f"The horizon is {counted(self.horizon, 'query')}; write 1 or more.",
                code="out-of-bounds",
            )
        if self.daily < 1:
            raise CascalError(
                f"There {agreeing(self.daily, 'is', 'are')} {counted(self.daily, 'query')} a day; "
                "write 1 or more.",
                code="out-of-bounds",
            )
        if not 0.0 <= self.tolerance < 1.0:
            raise CascalError(
                f"The tolerance is {self.tolerance}; write a share from 0 to below 1, 0.01 = one "
                "point.",
                code="out-of-bounds",
            )


@dataclass(frozen=True, kw_only=True)
class Spending:
    """US dollars spent so far: every call that was paid for, and labels at a stated price.

    simulated : whether no model was really called
    """

    bills: tuple[Bill, ...]
    n_labels: int
    label_price: float | None
    simulated: bool = False

    @property
    def collecting(self) -> float:
        """For responses and generated queries; nan where nothing is known of some model."""
        return sum(one.total for one in self.bills)

    @property
    def labelling(self) -> float:
        """For labels; 0 where they have no price."""
        return self.n_labels * (self.label_price or 0.0)

    @property
    def total(self) -> float:
        """Both; nan where unknown."""
        return self.collecting + self.labelling

    @property
    def without_price(self) -> tuple[str, ...]:
        """Models whose calls cost nobody knows what."""
        return tuple(dict.fromkeys(one.model for one in self.bills if math.isnan(one.total)))

    @property
    def sentence(self) -> str:
        """What was spent, on what, and what of it is an estimate or not counted."""
        if self.without_price:
            listed = ", ".join(self.without_price)
            return (
                f"What collecting cost is not known: no response of {listed} says its cost, or its "
                "tokens and prices. Give prices with the model pool, or a column cost with the "
                "responses."
            )
        calls = sum(one.n_calls for one in self.bills)
        guessed = sum(one.n_unknown for one in self.bills)
        spent = "Spent (simulated)" if self.simulated else "Spent"
        said = f"{spent}: {dollars(self.collecting)} on {counted(calls, 'call')}"
        if guessed:
            said += f" ({guessed:,} of them at the mean cost of their model)"
        if self.n_labels and self.label_price is None:
            labels = counted(self.n_labels, "label is", "labels are")
            said += f"; {labels} not counted, as no price of one is stated"
        elif self.n_labels:
            price = dollars(self.label_price or 0.0)
            said += (
                f" and {dollars(self.labelling)} on {counted(self.n_labels, 'label')} at {price}"
            )
        return f"{said}."


@dataclass(frozen=True, kw_only=True)
class Advantage:
    """The router beside always asking one model, on the same queries.

    saving : US dollars a query, None where a cost is unknown; saving_basis : what it rests on;
    quality : difference in right first answers, None where nobody said who is right;
    quality_basis : who said it
    """

    against: str
    saving: Estimate | None
    saving_basis: str
    quality: Estimate | None
    quality_basis: str


@dataclass(frozen=True, kw_only=True)
class Payback:
    """Whether what was spent comes back, and after how many queries.

    sentence : the answer and what it rests on; basis : what it rests on alone, below `headline`
    break_even : queries, with its interval; ratio : spending ÷ saving at the horizon, 0.1 = a tenth
    of what is saved was spent; both None unless the outcome is "pays back"
    """

    outcome: Outcome
    sentence: str
    basis: str
    spending: Spending
    advantage: Advantage
    terms: Terms
    break_even: Estimate | None = None
    ratio: Estimate | None = None

    @property
    def headline(self) -> str:
        """The answer alone."""
        headlines: dict[Outcome, str] = {
            "never": "It never pays back, as far as these data say",
            "not shown equal": "No break-even: quality is not shown to be equal",
            "unknown": "When it pays back is not known",
        }
        if self.break_even is None:
            return headlines[self.outcome]
        return f"It pays back after {self.in_short} queries, {self.days}"

    @property
    def duration(self) -> str:
        """How long the break-even takes at the stated queries a day; "" where there is none."""
        return "" if self.break_even is None else _days(self.break_even.value, self.terms)

    @property
    def days(self) -> str:
        """The same with the queries a day that it goes by."""
        return f"{self.duration} at {self.terms.daily:,} a day" if self.duration else ""

    @property
    def interval(self) -> str:
        """The 95 % interval of the break-even in words; "" where there is none."""
        if self.break_even is None:
            return ""
        least, most = (f"{math.ceil(end):,}" for end in (self.break_even.low, self.break_even.high))
        return f"95 % interval {least} to {most} queries"

    @property
    def in_short(self) -> str:
        """The same in a word or a number of queries; "" where it is not known."""
        words: dict[Outcome, str] = {
            "never": "never",
            "not shown equal": "not shown",
            "unknown": "",
        }
        if self.break_even is None:
            return words[self.outcome]
        return f"{math.ceil(self.break_even.value):,}"

    def to_dict(self) -> dict[str, Any]:
        """JSON types; what is unknown is null."""
        return {
            "outcome": self.outcome,
            "sentence": self.sentence,
            "spending": self.spending.sentence,
            "spent_collecting": finite(self.spending.collecting),
            "spent_labelling": self.spending.labelling,
            "n_labels": self.spending.n_labels,
            "against": self.advantage.against,
            "saving_per_query": _plain(self.advantage.saving),
            "saving_basis": self.advantage.saving_basis,
            "quality": _plain(self.advantage.quality),
            "quality_basis": self.advantage.quality_basis,
            **asdict(self.terms),
            "break_even": _plain(self.break_even),
            "spending_to_saving": _plain(self.ratio),
        }


def _plain(value: Estimate | None) -> dict[str, float] | None:
    if value is None:
        return None
    return {"value": value.value, "low": value.low, "high": value.high}


def payback(spending: Spending, advantage: Advantage, terms: Terms) -> Payback:
    """After how many queries the saving has paid what was spent.

        break-even = spending / saving per query
        ratio      = spending / (horizon · saving per query)

    The ends of their intervals are those of the saving; what was spent is known. Given only where
    the interval of the quality difference lies above −tolerance, that of the saving above 0.
    """
    quality, saving, against = advantage.quality, advantage.saving, advantage.against
    outcome: Outcome = "unknown"
    break_even = ratio = None
    if quality is None:
        basis = (
            f"Nobody knows yet whether quality is equal to {against}: {advantage.quality_basis} "
            "So no break-even is given."
        )
        said = basis
    elif quality.low < -terms.tolerance:
        outcome = "not shown equal"
        lost = decimal(100 * terms.tolerance, 1)
        basis = (
            f"{points(quality)} against {against} ({advantage.quality_basis}), and at most {lost} "
            "points may be lost."
        )
        lower = "lower" if quality.high < 0.0 else "not shown to be equal"
        said = f"Quality is {lower}: {basis} So no break-even is given."
    elif saving is None or not math.isfinite(spending.total):
        basis = capitalised(_missing(spending, advantage))
        said = f"When it pays back is not known: {_missing(spending, advantage)}"
    elif saving.low <= 0.0:
        outcome, basis = "never", capitalised(_never(advantage, saving, quality))
        said = f"Never, as far as these data say: {_never(advantage, saving, quality)}"
    else:
        outcome = "pays back"
        break_even = _over(spending.total, saving, 1)
        ratio = _over(spending.total, saving, terms.horizon)
        basis = _saved(advantage, saving, quality, ratio, terms)
        said = f"{_after(break_even, terms)}. {basis}"
    return Payback(
        outcome=outcome,
        sentence=said,
        basis=basis,
        spending=spending,
        advantage=advantage,
        terms=terms,
        break_even=break_even,
        ratio=ratio,
    )


def _days(n_queries: float, terms: Terms) -> str:
    """How long so many queries take, in days or, where that is long, in years."""
    days = max(1, math.ceil(n_queries / terms.daily))
    if days <= MOST_DAYS:
        return counted(days, "day")
    return f"{decimal(days / DAYS_OF_A_YEAR, 1)} years"


def _missing(spending: Spending, advantage: Advantage) -> str:
    if advantage.saving is None:
        return (
            f"what a query costs, routed or by {advantage.against}, is unknown. Give prices with "
            "the model pool, or a column cost with the responses."
        )
    return spending.sentence[0].lower() + spending.sentence[1:]


def _over(spent: float, saving: Estimate, n_queries: int) -> Estimate:
    value, low, high = (
        spent / (n_queries * one) for one in (saving.value, saving.high, saving.low)
    )
    return Estimate(value, low, high, saving.n)


def _per_thousand(saving: Estimate, sign: float = 1.0) -> str:
    value, low, high = (
        dollars(sign * COST_UNIT * one)
        for one in (saving.value, *sorted((saving.low, saving.high), key=lambda one: sign * one))
    )
    return f"{value} [{low}, {high}] per 1,000 queries "


def _never(advantage: Advantage, saving: Estimate, quality: Estimate) -> str:
    if saving.high < 0.0:
        costs = f"routing costs {_per_thousand(saving, -1.0)}more than {advantage.against}"
    else:
        costs = f"routing saves {_per_thousand(saving)}over {advantage.against}"
    return f"{costs} ({advantage.saving_basis}), at {points(quality)} ({advantage.quality_basis})."


def _after(break_even: Estimate, terms: Terms) -> str:
    after, least, most = (
        f"{math.ceil(one):,}" for one in (break_even.value, break_even.low, break_even.high)
    )
    days = f"{_days(break_even.value, terms)} at {terms.daily:,} a day"
    return f"It pays back after {after} [{least}, {most}] queries, {days}"


def _saved(
    advantage: Advantage, saving: Estimate, quality: Estimate, ratio: Estimate, terms: Terms
) -> str:
    share, low, high = (percent(one, 1) for one in (ratio.value, ratio.low, ratio.high))
    return (
        f"Routing saves {_per_thousand(saving)}over {advantage.against} "
        f"({advantage.saving_basis}), at {points(quality)} ({advantage.quality_basis}). "
        f"At {counted(terms.horizon, 'query')} the spending is {share} [{low}, {high}] of the "
        "saving."
    )
