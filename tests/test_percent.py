"""Figures of the browser are rounded as the texts beside them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from cascal import charts


@pytest.mark.parametrize(("n_right", "told"), [(1605, "80.2"), (1615, "80.8"), (1601, "80.0")])
def test_percent_is_rounded_by_the_browser_as_in_texts(n_right, told):
    share = n_right / 2000
    [shown] = charts.in_percent([share])
    by_javascript = Decimal(float(shown)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert f"{share:.1%}" == f"{told}%"
    assert (f"{shown:.1f}", str(by_javascript)) == (told, told)
    assert shown == pytest.approx(100 * share, abs=1e-8)


def test_unknown_shares_stay_unknown():
    assert np.isnan(charts.in_percent([np.nan])).all()
