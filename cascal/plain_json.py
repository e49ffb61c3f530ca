"""Numbers as JSON has them: nan and the infinities, which it lacks, become null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def finite(value: float) -> float | None:
    """The number as a plain float, or None where it is nan or infinite."""
    return float(value) if math.isfinite(value) else None


def without_nan(value: Any) -> Any:  # noqa: ANN401 – any JSON value
    """The same mappings and lists all the way down, with None for every number that is not finite.

    Tuples become lists; numbers other than floats are left alone.
    """
    if isinstance(value, Mapping):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
