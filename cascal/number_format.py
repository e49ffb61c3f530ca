"""Numbers and names as a sentence says them: "1 query", "76.6 %", "−1.2", a list cut short."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite, nan
from typing import SupportsIndex

BEFORE_ROUNDING = "Differences are taken before rounding."
"""Stands wherever two rounded numbers are shown with their difference, which may be a last digit
away from that of what is shown."""
_WITH_ES = ("s", "x", "ch", "sh")
_DIGITS = 12
"""Figures of a number that count: behind them is what binary fractions leave."""
_FEW_SECONDS, _MANY_OF_A_UNIT = 5, 90


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


def rounded(number: float, decimals: int) -> Decimal:
    """A finite number to so many decimals, halves away from zero; zero has no sign.

    By the decimal number that is meant: 82.05 is the half that it looks like, although the binary
    fraction nearest to it lies below. So numbers that add up do so when they are rounded as well.
    """
    found = _meant(number).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return abs(found) if found == 0 else found


def _meant(number: float) -> Decimal:
    return Decimal(f"{number:.{_DIGITS}g}")


def typed(number: float, decimals: int, *, sign: bool = False) -> str:
    """A number as a keyboard writes it, for what other programs read: "-1.2", "1,234.5".

    sign : whether what is above zero has one as well
    """
    if not isfinite(number):
        return f"{number}"
    found = rounded(number, decimals)
    return f"{'+' if sign and found > 0 else ''}{found:,f}"


def decimal(number: float, decimals: int) -> str:
    """A number with the minus of typesetting, a comma at each thousand: "0.153", "−0.021"."""
    return _minus(typed(number, decimals))


def signed(number: float, decimals: int = 1, *, unit: str = "") -> str:
    """The same of a difference, which has a sign unless it is 0: "+1.2", "−0.3"; "−$0.30"."""
    text = _minus(typed(number, decimals, sign=True))
    return f"{text[0]}{unit}{text[1:]}" if text[0] in "+−" else f"{unit}{text}"


def brief(number: float, figures: int) -> str:
    """A number with at most so many figures that count: "12.3", "−0.021", "1,230,000"."""
    if not isfinite(number):
        return f"{number}"
    cut = Context(prec=figures, rounding=ROUND_HALF_UP).create_decimal(_meant(number))
    return _minus(f"{cut.normalize():,f}") if cut else "0"


def percent(share: float, decimals: int = 0) -> str:
    """A share in percent, with a space before its sign: 0.766 -> "76.6 %" with one decimal."""
    return f"{decimal(100 * share, decimals)} %"


def dollars(amount: float) -> str:
    """US dollars as people read them: cents, and below a cent two figures that count."""
    if isfinite(amount) and 0 < abs(amount) < 0.01:
        text = f"{Decimal(f'{amount:.2g}'):f}"
    else:
        text = typed(amount, 2)
    return f"−${text[1:]}" if text.startswith("-") else f"${text}"


def duration(seconds: float) -> str:
    """How long something still takes, as exactly as an estimate is: "89 s", "10 min", "2.5 h"."""
    if seconds < _MANY_OF_A_UNIT:
        return f"{decimal(seconds, 0)} s"
    if seconds < _MANY_OF_A_UNIT * 60:
        return f"{decimal(seconds / 60, 0)} min"
    return f"{decimal(seconds / 3600, 1)} h"


def roughly(seconds: float) -> str:
    """How long something would take, to who decides whether to begin it: "about 25 seconds"."""
    if seconds < _FEW_SECONDS:
        return "a few seconds"
    if seconds < _MANY_OF_A_UNIT:
        return f"about {counted(_FEW_SECONDS * round(seconds / _FEW_SECONDS), 'second')}"
    return f"about {counted(round(seconds / 60), 'minute')}"


def bracketed(
    low: float, high: float, decimals: int = 1, *, sign: bool = True, unit: str = ""
) -> str:
    """An interval: "[−1.2, +3.4]"; of differences, without `sign` of anything: "[0.12, 0.34]".

    An end of a difference that lies beside 0 is not written as 0 where the other does as well, as
    that it lies there is what the interval shows: "[+0.04, +2.1]".
    """

    def written(end: float) -> str:
        n = decimals
        while low * high > 0 and n < decimals + 3 and rounded(end, n) == 0:
            n += 1
        return signed(end, n, unit=unit)

    ends = (written(end) if sign else decimal(end, decimals) for end in (low, high))
    return f"[{', '.join(ends)}]"


def percent_pair(first: float, second: float) -> tuple[str, str]:
    """Two shares in percent that agree with their difference in points, which has one decimal.

    With one decimal each, with two where rounding would make them contradict it: 82.14 % and
    71.45 % are 10.7 points apart, 82.1 % and 71.5 % would not be.
    """
    apart = rounded(100 * first, 1) - rounded(100 * second, 1)
    decimals = 1 if apart == rounded(100 * (first - second), 1) else 2
    return percent(first, decimals), percent(second, decimals)


def apart(first: float, second: float, decimals: int) -> float:
    """How far two numbers are apart as they are written: 0.7204 and 0.6696 are 0.050, as 0.720
    and 0.670; nan where one of them is unknown.
    """
    if not (isfinite(first) and isfinite(second)):
        return nan
    return float(rounded(first, decimals) - rounded(second, decimals))


def decimal_pair(first: float, second: float, decimals: int) -> tuple[str, str]:
    """Two numbers side by side, with as many decimals as tell them apart, up to four.

    And with so many that they do not contradict their difference when that is said as well.
    """

    def misleads() -> bool:
        apart = rounded(first, decimals) - rounded(second, decimals)
        return first != second and (apart == 0 or apart != rounded(first - second, decimals))

    while decimals < 4 and misleads():
        decimals += 1
    return decimal(first, decimals), decimal(second, decimals)


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
