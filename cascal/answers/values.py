r"""What an expression is worth at one point, with a bound on the error: proof that two differ.

Only expressions that can be read in one way have a value: numbers, some letters, π, sums, products,
quotients, whole powers, roots and fractions. Two whose values differ by more than their errors are
different expressions; a mathematics library would take a thousand times as long to say so.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import NamedTuple

_TOKENS = re.compile(r"\d+(?:\.\d+)?|[a-z]|\\(?:pi|frac|sqrt)(?![a-z])|[-+*/^(){}]|(?<=\\pi) |(.)")
LETTERS = dict(
    zip(
        "abknpqruwxyz",
        (1.37, 2.11, 0.59, 3.23, 1.73, 0.83, 2.57, 1.19, 0.71, 1.51, 2.93, 0.37),
        strict=True,
    )
)
"""Letters that stand for variables alone: others are units, constants or names of functions."""
_WHOLE = re.compile(r"\d{1,2}")
_ROUNDING = 2.0**-51
_EQUAL_BELOW = 1e-5
"""Libraries round decimals to six places before they compare them."""
_RELATIVE = 1e-9


class Value(NamedTuple):
    """A number and how far it may be off."""

    number: float
    error: float

    def apart(self, other: Value) -> bool:
        """Whether two are surely different."""
        margin = _EQUAL_BELOW + _RELATIVE * max(abs(self.number), abs(other.number))
        return abs(self.number - other.number) > self.error + other.error + margin


class _Unclear(Exception):
    """An expression without a value, or with several meanings."""


def value_of(form: str) -> Value | None:
    """The value of a normal form; None where it has none that is certain."""
    try:
        reader = _Reader(form)
        value = reader.sum()
        if reader.at < len(reader.tokens):
            return None
    except (_Unclear, ArithmeticError, RecursionError):
        return None
    return value if math.isfinite(value.number) and math.isfinite(value.error) else None


class _Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, form: str) -> None:
        self.tokens: list[str] = []
        self.at = 0
        for match in _TOKENS.finditer(form):
            if match[1]:
                raise _Unclear
            self.tokens.append(match[0].strip())
        self._refuse_two_readings()
        self.tokens = [one for one in self.tokens if one]

    def _refuse_two_readings(self) -> None:
        """What stands beside what may be read in two ways: mixed numbers, calls of functions."""
        for before, after in pairwise(one for one in self.tokens if one):
            number, named = before[0].isdigit(), _is_name(before)
            ends = number or named or before in (")", "}")
            called = (number or named) and after == "("
            if (ends and after[0].isdigit()) or called or (number and after == "\\frac"):
                raise _Unclear

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        sign = self._next()
        if sign not in wanted:
            raise _Unclear
        self.at += 1
        return sign

    def sum(self) -> Value:
        """Terms with signs between them, and before the first."""
        negative = self._next() == "-" and bool(self._take("-"))
        total = self._product()
        if negative:
            total = Value(-total.number, total.error)
        while self._next() in ("+", "-"):
            sign = 1.0 if self._take("+", "-") == "+" else -1.0
            term = self._product()
            number = total.number + sign * term.number
            total = Value(number, total.error + term.error + _ROUNDING * abs(number))
        return total

    def _product(self) -> Value:
        """Factors; one that a quotient is taken by stands alone."""
        total = self._power()
        divided = False
        while (sign := self._next()) and sign not in ("+", "-", ")", "}"):
            if sign == "/":
                self._take("/")
                total, divided = _quotient(total, self._power()), True
                continue
            if sign == "*":
                self._take("*")
            elif divided:
                raise _Unclear
            total, divided = _times(total, self._power()), False
        return total

    def _power(self) -> Value:
        named = _is_name(self._next())
        base = self._atom()
        if self._next() != "^":
            return base
        self._take("^")
        self._take("{")
        negative = self._next() == "-" and bool(self._take("-"))
        if not _WHOLE.fullmatch(self._next()):
            raise _Unclear
        exponent = int(self._take(self._next()))
        self._take("}")
        if named and self._next() == "(":
            raise _Unclear
        power = Value(1.0, 0.0)
        for _ in range(exponent):
            power = _times(power, base)
        return _quotient(Value(1.0, 0.0), power) if negative else power

    def _atom(self) -> Value:
        sign = self._next()
        self.at += 1
        if sign[:1].isdigit():
            return _rounded(float(sign))
        if sign in LETTERS:
            return Value(LETTERS[sign], 0.0)
        if sign == "\\pi":
            return _rounded(math.pi)
        if sign == "(":
            return self._until(")")
        if sign == "\\frac":
            self._take("{")
            top = self._until("}")
            self._take("{")
            return _quotient(top, self._until("}"))
        if sign == "\\sqrt":
            self._take("{")
            return _root(self._until("}"))
        raise _Unclear

    def _until(self, end: str) -> Value:
        inner = self.sum()
        self._take(end)
        return inner


def _is_name(sign: str) -> bool:
    """Whether brackets behind it may hold the argument of a function."""
    return sign in LETTERS or sign == "\\pi"


def _rounded(number: float) -> Value:
    return Value(number, _ROUNDING * abs(number))


def _times(one: Value, other: Value) -> Value:
    number = one.number * other.number
    error = abs(one.number) * other.error + abs(other.number) * one.error + one.error * other.error
    return Value(number, error + _ROUNDING * abs(number))


def _quotient(top: Value, bottom: Value) -> Value:
    least = abs(bottom.number) - bottom.error
    if least <= 0.0:
        raise _Unclear
    number = top.number / bottom.number
    error = (top.error + abs(number) * bottom.error) / least
    return Value(number, error + _ROUNDING * abs(number))


def _root(of: Value) -> Value:
    least = of.number - of.error
    if least <= 0.0:
        raise _Unclear
    number = math.sqrt(of.number)
    return Value(number, of.error / math.sqrt(least) + _ROUNDING * number)
