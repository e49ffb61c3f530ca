"""What every number that can be chosen may be; files, links, options and pages keep to it."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

from cascal.datatypes import CascalError


@dataclass(frozen=True)
class Bound:
    """What a number may be: from `low` to `high`, `whole` or not, or None where `optional`."""

    low: float
    high: float
    whole: bool = False
    optional: bool = False

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        none = ", or None" if self.optional else ""
        return f"{kind} in [{_plainly(self.low)}, {_plainly(self.high)}]{none}"

    def plain(self, value: object) -> object:
        """The value as Python writes it (numpy's numbers too); ValueError where it may not be."""
        if value is None and self.optional:
            return None
        number = isinstance(value, Integral if self.whole else Real) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:  # type: ignore[operator]
            raise ValueError  # nan too: it is not inside
        return int(value) if isinstance(value, Integral) else float(value)  # type: ignore[arg-type]

    def read(self, text: str) -> object:
        """The number that a text says; ValueError where it may not be."""
        return self.plain(int(text) if self.whole else float(text))


def _plainly(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:g}"


BOUNDS: dict[str, dict[str, Bound]] = {
    "Routing": {
        "k_nearest": Bound(1, 10_000, whole=True),
        "distance_temperature": Bound(1e-6, 1e6),
        "scoring_temperature": Bound(1e-6, 1e6),
        "fallback_distance": Bound(0.0, 2.0, optional=True),
        "margin": Bound(0.0, 1000.0),
    },
    "Thresholds": {
        "min_silhouette": Bound(-1.0, 1.0),
        "merge_distance": Bound(0.0, 2.0),
        "prune_jaccard": Bound(0.0, 1.0, optional=True),
        "top_k": Bound(1, 10_000, whole=True),
        "cost_weight": Bound(0.0, 1e12),
    },
    "FitSettings": {
        "min_agreement": Bound(0.0, 1.0),
        "max_k": Bound(1, 100, whole=True),
        "seed": Bound(0, 2**32 - 1, whole=True),
        "sample": Bound(50, 1_000_000, whole=True, optional=True),
    },
}
"""The bounds of every number that can be chosen; files, links, options and pages keep to them."""
_SWITCHES = {"Routing": ("two_stage", "sharp", "across_tasks")}


def check(chosen: object) -> None:
    """Refuse numbers out of bounds and switches that are none; numpy's numbers become plain."""
    owner = type(chosen).__name__
    for name, bound in BOUNDS[owner].items():
        value = getattr(chosen, name)
        try:
            object.__setattr__(chosen, name, bound.plain(value))
        except ValueError:
            raise CascalError(
                f"{owner}.{name} is {shown(value)}; it must be {bound}.", code="out-of-bounds"
            ) from None
    for name in _SWITCHES.get(owner, ()):
        value = getattr(chosen, name)
        if not isinstance(value, bool):
            raise CascalError(
                f"{owner}.{name} is {shown(value)}; it must be True or False.", code="wrong-type"
            )


def shown(value: object) -> str:
    """A value as a refusal shows it."""
    return repr(value)[:60]
