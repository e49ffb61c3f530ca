"""How far the first model of a route leads the second, how sure that is, and both in words."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from cascal.datatypes import FloatArray
from cascal.number_format import apart, decimal
from cascal.routing.blend import Blend
from cascal.routing.route import Router

Z95 = 1.96
"""Standard errors on either side of a value in its 95 % interval."""
DECIMALS = 3
"""Of a score in a sentence; one more where two of them would read alike."""
GRADES = (
    (0.1, "level", "all but level with"),
    (0.5, "narrow", "narrowly ahead of"),
    (1.0, "likely", "probably ahead of"),
)
"""Below which share of its noise a lead is called what."""
GRADES_SAID = (
    "Level: a lead below a tenth of its noise. Narrow: below half of it. Likely: below all of it. "
    "Clear: at least as large."
)
UNKNOWN_SAID = "How sure a lead is, this routing does not tell: it sharpens the scores."
"""What stands in its place where no noise is known."""


class Lead(NamedTuple):
    """The lead of a score over another one in words.

    lead, noise : as they are written; sure : one word on how the lead compares with its noise;
    ahead : the same before the second one's name, "" for a clear lead and for unknown noise
    """

    lead: str
    noise: str
    sure: str
    ahead: str


def lead_in_words(first: float, second: float, noise: float = math.nan) -> Lead:
    """How far a score leads another one, as far apart as both are written, and how sure that is.

    With one decimal more where the lead would read as 0 or as the noise. noise : half the 95 %
    interval of the lead, nan = unknown
    """
    short, long = (
        (decimal(apart(first, second, n), n), "" if math.isnan(noise) else decimal(noise, n))
        for n in (DECIMALS, DECIMALS + 1)
    )
    written = long if short[0] in (decimal(0.0, DECIMALS), short[1]) else short
    return Lead(*written, *lead_sure(first - second, noise))


def lead_sure(lead: float, noise: float) -> tuple[str, str]:
    """One word on a lead beside its noise, and the same before the second one's name.

    A lead of nothing is level whatever the noise; any other is "unknown" beside unknown noise.
    """
    for share, sure, ahead in GRADES:
        if lead < share * noise or not lead:
            return sure, ahead
    return ("unknown" if math.isnan(noise) else "clear"), ""


def score_errors(router: Router, blend: Blend) -> FloatArray:
    """(Q, M) standard errors of the scores; nan where they are sharp: then nobody knows them."""
    if router.routing.sharp:
        return np.full(blend.scores.shape, np.nan)
    errors = router.rankings.standard_error[blend.nearest]
    return np.asarray(np.sqrt((blend.weights[:, :, None] ** 2 * errors**2).sum(axis=1)))


def lead_noise(first: float, second: float) -> float:
    """Half the 95 % interval of a lead from both standard errors, as if they were independent."""
    return Z95 * float(np.hypot(first, second))
