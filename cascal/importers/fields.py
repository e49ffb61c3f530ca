"""Single fields of foreign files -> our values, or the reason why not."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal

from cascal.datatypes import option_letter

BLANK = frozenset({"", "n/a", "na", "nan", "none", "null", "<na>"})
"""How files write that there is nothing."""
LOGPROB_SLACK = 1e-6
"""Rounding above zero that a log-probability is forgiven."""
MAX_AMOUNT = 2.0**53
"""Larger counts, costs and durations are taken for damage."""


def clean(value: object) -> str:
    """A name or id as text without surrounding space; nothing becomes ""."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def raw_text(value: object) -> str:
    """A text as it is; nothing becomes "", and lists or objects become JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return clean(value)


def is_blank(value: object) -> bool:
    """Whether a field says that there is nothing."""
    return not isinstance(value, list | dict) and clean(value).casefold() in BLANK


def gold_answer(value: object, options: Sequence[str]) -> tuple[str | None, str]:
    """Read an answer given as letter, option text or index from 0, as (answer, reason why not).

    Numbers are indices; digits in a text are an option's text first, then an index. Without
    options the value itself is the answer.
    """
    if not options:
        text = raw_text(value)
        return (text.strip() if text.strip() else None), ""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        return _by_index(value, len(options))
    text = clean(value)
    bare = text.strip("().: ").upper()
    if len(bare) == 1 and bare.isascii() and bare.isalpha():
        if ord(bare) - ord("A") < len(options):
            return bare, ""
        return None, f"answer {bare!r} is beyond the {len(options)} options"
    same = [index for index, option in enumerate(options) if option.strip() == text]
    if len(same) == 1:
        return option_letter(same[0]), ""
    if text.casefold() in BLANK:
        return None, ""
    if text.isascii() and text.isdigit():
        return _by_index(int(text[:6]), len(options))
    return None, f"answer {text[:60]!r} is neither a letter, an index nor one of the options"


def _by_index(index: float, n_options: int) -> tuple[str | None, str]:
    if 0 <= index < n_options and index == int(index):
        return option_letter(int(index)), ""
    return None, f"answer {str(index)[:20]} is beyond the {n_options} options, counted from 0"


def option_texts(value: object) -> tuple[str, ...] | None:
    """Options given as a list, as a JSON list, or as an object with a list `text`; None if odd."""
    if isinstance(value, str) and value.strip().startswith(("[", "{")):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, dict):
        value = value.get("text", value.get("choices"))
    if isinstance(value, list | tuple):
        return tuple(raw_text(one) for one in value)
    return () if is_blank(value) else None


def logprob(value: object) -> tuple[float | None, str]:
    """A mean log-probability as (number or None, what was wrong with it)."""
    if value is None or value == "":
        return None, ""
    number = _number(value)
    if number is None:
        return None, "log-probability is not a number; stored as unknown"
    if math.isnan(number):
        return None, "log-probability is nan; stored as unknown"
    if math.isinf(number):
        return None, "log-probability is infinite; stored as unknown"
    if number > LOGPROB_SLACK:
        return None, "log-probability is positive; stored as unknown"
    return min(number, 0.0), ""


def amount(value: object) -> tuple[float | None, str]:
    """A count, cost or duration as (number or None, what was wrong with it)."""
    if is_blank(value):
        return None, ""
    number = _number(value)
    if number is None or not 0 <= number <= MAX_AMOUNT:
        return None, "not a number of at least 0; stored as unknown"
    return number, ""


def score_value(value: object) -> tuple[float | None, str]:
    """A verdict between 0 (wrong) and 1 (right) as (number or None, what was wrong with it)."""
    if isinstance(value, bool):
        return float(value), ""
    if is_blank(value):
        return None, ""
    text = clean(value).casefold()
    number = float(text == "true") if text in ("true", "false") else _number(value)
    if number is None or not 0.0 <= number <= 1.0:
        return None, "not a number between 0 and 1; stored as unknown"
    return number, ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
