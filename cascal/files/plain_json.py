"""Numbers as JSON has them: without nan and the infinities, written as null and never read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def read_plain(text: str | bytes) -> Any:  # noqa: ANN401 – any JSON value
    """What a JSON text holds; ValueError also for nan, infinity and numbers beyond a float's."""
    try:
        return json.loads(text, parse_constant=_number, parse_float=_number)
    except RecursionError:
        raise ValueError("The JSON is nested too deep.") from None


def _number(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"{written} is no number of JSON.")
    return number


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
