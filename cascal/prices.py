"""From tokens and prices to US dollars: the one place where a response gets its cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from cascal.datatypes import FloatArray

COST_UNIT = 1000.0
"""Costs are shown and weighed in US dollars per this many queries."""
_PRICE_UNIT = 1e6
"""Prices are in US dollars per this many tokens."""

Amount = TypeVar("Amount", float, FloatArray)


def in_cents(amounts: Sequence[float]) -> list[float]:
    """Dollars rounded to cents that add up to their rounded sum; nan stays, and counts for nothing.

    Those that lose most by rounding down are the ones rounded up.

    >>> in_cents([0.014, 0.014, 0.012])
    [0.02, 0.01, 0.01]
    """
    known = [at for at, one in enumerate(amounts) if not math.isnan(one)]
    cents = {at: 100.0 * amounts[at] for at in known}
    rounded = {at: math.floor(cents[at]) for at in known}
    missing = round(math.fsum(cents.values())) - sum(rounded.values())
    for at in sorted(known, key=lambda one: (rounded[one] - cents[one], one))[:missing]:
        rounded[at] += 1
    return [rounded[at] / 100 if at in rounded else math.nan for at in range(len(amounts))]


class Priced(Protocol):
    """Whatever has prices: US dollars per million tokens, nan where unknown."""

    @property
    def input_price(self) -> float:
        """Of the tokens of the prompt."""
        ...

    @property
    def output_price(self) -> float:
        """Of the tokens of the reply."""
        ...


def cost_of_tokens(model: Priced, input_tokens: Amount, output_tokens: Amount) -> Amount:
    """US dollars of so many tokens, or arrays of them; nan where a price or a number is unknown."""
    priced = input_tokens * model.input_price + output_tokens * model.output_price
    return priced / _PRICE_UNIT


def response_cost(model: Priced, input_tokens: float | None, output_tokens: float | None) -> float:
    """US dollars of one response; nan where a price or a number of tokens is unknown."""
    if input_tokens is None or output_tokens is None:
        return math.nan
    return cost_of_tokens(model, float(input_tokens), float(output_tokens))


@dataclass(frozen=True)
class Bill:
    """What the calls to one model cost: dollars of the n_known calls, n_unknown do not say it."""

    model: str
    dollars: float
    n_known: int
    n_unknown: int

    @property
    def n_calls(self) -> int:
        """All calls."""
        return self.n_known + self.n_unknown

    @property
    def total(self) -> float:
        """US dollars of all calls, an unknown one at the mean of the others; nan without any."""
        if not self.n_calls:
            return 0.0
        return self.dollars / self.n_known * self.n_calls if self.n_known else math.nan
