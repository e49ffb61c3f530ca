"""Numbers and names as a sentence says them: "1 query", "76.6 %", "−1.2", a list cut short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

_WITH_ES = ("s", "x", "ch", "sh")


def counted(n: SupportsIndex, one: str, many: str = "") -> str:
    """A number and what it counts, with a comma at each thousand.

    one, many: what follows 1, and what follows any other number; `many` is only needed where it is
    not the usual plural of the last word, as where a verb follows: "query has", "queries have".
    """
    number = n.__index__()
    return f"{number:,} {one if number == 1 else many or plural(one)}"


def agreeing(n: SupportsIndex, one: str, many: str) -> str:
    """The word that goes with a number that stands elsewhere: "is" with 1, "are" with others."""
    return one if n.__index__() == 1 else many


def plural(one: str) -> str:
    """The usual plural of the last word: query -> queries, check -> checks, match -> matches."""
    if one.endswith("y") and one[-2:-1] not in "aeiou":
        return f"{one[:-1]}ies"
    return f"{one}es" if one.endswith(_WITH_ES) else f"{one}s"


def percent(share: float, decimals: int = 0) -> str:
    """A share in percent, with a space before its sign: 0.766 -> "76.6 %" with one decimal."""
    return f"{share:.{decimals}%}".replace("%", " %")


def percent_pair(first: float, second: float) -> tuple[str, str]:
    """Two shares in percent that agree with their difference in points, which has one decimal.

    With one decimal each, with two where rounding would make them contradict it: 82.05 % and
    71.45 % are 10.6 points apart, 82.0 % and 71.5 % would not be.
    """
    texts = percent(first, 1), percent(second, 1)
    apart = float(texts[0][:-2]) - float(texts[1][:-2])
    if round(apart, 1) == round(100 * (first - second), 1):
        return texts
    return percent(first, 2), percent(second, 2)


def decimal(number: float, decimals: int) -> str:
    """A number with the minus of typesetting, a comma at each thousand: "0.153", "−0.021"."""
    return _minus(f"{number:,.{decimals}f}")


def decimal_pair(first: float, second: float, decimals: int) -> tuple[str, str]:
    """Two numbers side by side, with as many decimals as tell them apart, up to four.

    And with so many that they do not contradict their difference when that is said as well.
    """

    def misleads() -> bool:
        apart = round(round(first, decimals) - round(second, decimals), decimals)
        return first != second and (apart == 0 or apart != round(first - second, decimals))

    while decimals < 4 and misleads():
        decimals += 1
    return decimal(first, decimals), decimal(second, decimals)


def signed(number: float, decimals: int = 1, *, unit: str = "") -> str:
    """The same of a difference, which always has a sign: "+1.2", "−0.3"; "−$0.30" with a unit."""
    text = _minus(f"{number:+,.{decimals}f}")
    return f"{text[0]}{unit}{text[1:]}"


def _minus(text: str) -> str:
    return text.replace("-", "−")


def capitalised(text: str) -> str:
    """A text as it begins a sentence; all letters but the first stay."""
    return text[:1].upper() + text[1:]


def enumerated(names: Sequence[str]) -> str:
    """Several names as a sentence says them: "a", "a and b", "a, b and c"; empty without any."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def listed(names: Sequence[str]) -> str:
    """Names out of a file for a sentence: the first twenty, long ones cut."""
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    return ", ".join(repr(name[:40]) for name in names[:20]) + more
