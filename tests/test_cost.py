"""What a response, a router and a cost weight cost: one definition of each."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cascal.datatypes import ModelSpec
from cascal.prices import cost_of_tokens, response_cost

PRICED = ModelSpec("a", input_price=2.0, output_price=5.0)


def test_a_response_costs_its_tokens_times_the_prices_of_its_model():
    assert response_cost(PRICED, 1_000_000, 200_000) == pytest.approx(3.0)
    many = cost_of_tokens(PRICED, np.array([0.0, 1e6]), np.array([2e5, np.nan]))
    assert many[0] == pytest.approx(1.0)
    assert math.isnan(many[1])


@pytest.mark.parametrize(
    ("model", "read", "written"),
    [(PRICED, None, 1), (PRICED, 1, None), (PRICED, math.nan, 1), (ModelSpec("b"), 1, 1)],
)
def test_without_a_price_or_a_number_of_tokens_the_cost_is_unknown(model, read, written):
    assert math.isnan(response_cost(model, read, written))
