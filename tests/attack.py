"""How many hostile inputs an attack sends: a fixed sample, or its full count, drawn anew."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FULL = os.environ.get("CASCAL_ATTACK") == "full"
"""Whether `make attack` runs."""


def count(full: int, sample: int) -> int:
    """`full` in `make attack`, else the `sample`."""
    return full if FULL else sample


def hostile(full: int, sample: int) -> settings:
    """So many examples; the sample is the same every time."""
    return settings(
        max_examples=count(full, sample),
        derandomize=not FULL,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
