"""Single fields of foreign files -> our values, or the reason why not."""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from cascal.answers import several_letters
from cascal.datatypes import option_letter
from cascal.number_format import counted

_NO_GOLD = frozenset({"n/a", "#n/a", "nan", "<na>"})
"""How files write that there is nothing, and hardly ever a right answer."""
BLANK = frozenset({"", "na", "none", "null", *_NO_GOLD})
"""How files write that there is nothing."""
_LETTERED = re.compile(r"\(?([A-Za-z])(?:[.):]|\s[-–])\s{0,4}(.+)\Z", re.DOTALL)
_WHOLE = re.compile(r"\d{1,9}(?:\.0{1,9})?", re.ASCII)
_POINT_AND_THREE = re.compile(r"\d{1,3}(?:\.\d{3})+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[-+−]?\d{0,15},(?:\d{1,2}|\d{4,15})|[-+−]?0,\d{3}", re.ASCII)
"""Not 1,234, which may be a thousand and more."""
OPTION_LINE = re.compile(r"[ \t]{0,4}\(?([A-Z])[.):][ \t]{1,4}(\S[^\n]{0,4000})\Z")
"""An option behind its letter."""
_LABELLED = re.compile(
    r"[ \t]{0,4}\(?([A-Za-z]|\d{1,2})[.):][ \t]{1,4}(\S[^\n]{0,4000})\Z", re.ASCII
)
"""A line of an option behind its letter, capital or not, or its number."""
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_NO_LIST = 0
"""What an object holds that holds no options: neither a list nor blank."""
_TEXT_OF_OPTION = ("text", "value", "content", "option", "choice", "answer")
_CALLED = re.compile(
    r"(?i)\A(?:the\s)?(?:(?:correct|right)\s)?(?:answer|option|choice)(?:\sis)?[\s:]{1,4}"
)
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_AROUND_QUOTED = re.compile(r"(?:array\()?[\[(][\s,]*[\])](?:,\s*dtype=[\w.<]+)?\)?")
LOGPROB_SLACK = 1e-6
"""Rounding above zero that a log-probability is forgiven."""
LEAST_MEAN_LOGPROB = -30.0
"""A mean below it is a sum over tokens, or has placeholders such as -9999 in it: sampled tokens
with a mean probability of 1e-13 do not occur."""
MAX_AMOUNT = 2.0**53
"""Larger counts, costs and durations are taken for damage."""


def clean(value: object) -> str:
    """A name or id as text without surrounding space; nothing becomes "".

    Letters with accents have one spelling (NFC): programs write them in two that look the same.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value).strip().strip(_INVISIBLE).strip())


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

    Numbers are indices; digits in a text are an option's text first, then an index. An option's
    text may come in another case, behind its letter or with a full stop; a list of one is that
    one, and several letters are the set of them ("D,E"). Without options the value itself is the
    answer.
    """
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if not options:
        text = raw_text(value)
        return (None if says_no_gold(value) else text.strip() or None), ""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        return _by_index(value, len(options))
    text = _uncalled(clean(value), options)
    bare = _bare_letter(text)
    if bare:
        if ord(bare) - ord("A") < len(options):
            return bare, ""
        return None, f"answer {bare!r} is beyond the {counted(len(options), 'option')}"
    place = _place_of(text, options)
    if place is not None:
        return option_letter(place), ""
    if text.casefold() in BLANK:
        return None, ""
    several = several_letters(value, len(options))
    if several is not None:
        return several, ""
    number = whole_number(text)
    if number is not None:
        return _by_index(number, len(options))
    return None, f"answer {text[:60]!r} is neither a letter, an index nor one of the options"


def says_no_gold(value: object) -> bool:
    """Whether a gold answer is a word for none; None and null may be real answers."""
    return clean(value).casefold() in _NO_GOLD


def _bare_letter(text: str) -> str:
    """The letter that is all of a text but for brackets and stops, as a capital; else ""."""
    bare = text.strip("().: ").upper()
    return bare if len(bare) == 1 and bare.isascii() and bare.isalpha() else ""


def _uncalled(text: str, options: Sequence[str]) -> str:
    """The text without "Answer:" or "Option", unless it is an option with that."""
    as_it_is = _bare_letter(text) or _place_of(text, options) is not None
    return text if as_it_is else _CALLED.sub("", text)


def _place_of(text: str, options: Sequence[str]) -> int | None:
    """Which option a text is: exactly one, word for word, else but for case and final stops.

    A text behind a letter must be that letter's option.
    """
    for form in (str.strip, _bare):
        said = form(text)
        same = [place for place, option in enumerate(options) if form(option) == said]
        if len(same) == 1:
            return same[0]
    lettered = _LETTERED.match(text)
    if lettered is None:
        return None
    place = ord(lettered[1].upper()) - ord("A")
    known = place < len(options) and _bare(options[place]) == _bare(lettered[2])
    return place if known else None


def _bare(text: str) -> str:
    return " ".join(text.split()).rstrip(".").casefold()


def whole_number(value: object) -> int | None:
    """A number without a fraction, however it is written (3, "3", 3.0, "3.0"); None for others."""
    text = "" if isinstance(value, bool) else clean(value)
    return int(text.partition(".")[0][:6]) if _WHOLE.fullmatch(text) else None


def _by_index(index: float, n_options: int) -> tuple[str | None, str]:
    if 0 <= index < n_options and index == int(index):
        return option_letter(int(index)), ""
    return (
        None,
        f"answer {str(index)[:20]} is beyond the {counted(n_options, 'option')}, counted from 0",
    )


def option_texts(value: object) -> tuple[str, ...] | None:
    """Options as a list, an object by letter or with a list `text`, or lettered lines; None if odd.

    A list or an object may be written as JSON, or as Python or numpy print it.
    """
    if isinstance(value, str) and value.strip().startswith(("[", "{", "(", "array(")):
        listed = _listed(value.strip())
        value = value if listed is None else listed
    if isinstance(value, dict):
        value = _by_letter(value) or value.get("text", value.get("choices", _NO_LIST))
    if isinstance(value, list | tuple):
        return _without_letters([_option_text(one) for one in value])
    if isinstance(value, str) and not is_blank(value):
        return tuple(map(raw_text, _by_letter(_labelled_lines(value)) or ())) or None
    return () if is_blank(value) else None


def _by_letter(options: Mapping[str, object]) -> list[object] | None:
    """The values of an object whose keys are A, B, C …, or numbers, in whatever order, or None."""
    keys = {str(key).strip("(). ").upper(): value for key, value in options.items()}
    first = first_label(options)
    places = range(len(keys))
    names = [option_letter(one) if first is None else str(first + one) for one in places]
    return [keys[one] for one in names] if names and set(keys) == set(names) else None


def first_label(options: object) -> int | None:
    """From where the labels of options count, where they are numbers in a row from 0 or from 1.

    Labels are the keys of an object, its list `label`, or what stands before lines of options.
    """
    if isinstance(options, str):
        text = options.strip()
        options = _listed(text) if text.startswith("{") else _labelled_lines(text)
    given = options.get("label", list(options)) if isinstance(options, dict) else None
    numbers = [whole_number(one) for one in given] if isinstance(given, list) else []
    labels = sorted(one for one in numbers if one is not None)
    if not labels or len(labels) < len(numbers) or labels[0] not in (0, 1):
        return None
    return labels[0] if labels == list(range(labels[0], labels[-1] + 1)) else None


def _option_text(option: object) -> str:
    """An option; of an object that holds its text, the text."""
    if isinstance(option, dict):
        option = next((option[name] for name in _TEXT_OF_OPTION if name in option), option)
    return raw_text(option)


def _without_letters(options: Sequence[str]) -> tuple[str, ...]:
    """The options without the letters A, B, C … where all of them begin with theirs."""
    found = [OPTION_LINE.match(one) for one in options]
    letters = [match[1] for match in found if match is not None]
    if len(options) < 2 or letters != [option_letter(place) for place in range(len(options))]:
        return tuple(options)
    return tuple(match[2].strip() for match in found if match is not None)


def _listed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _printed(text)


def _printed(text: str) -> list[object] | dict[str, object] | None:
    """A list of strings, or an object, as Python or numpy print it; None for anything else."""
    quoted = _QUOTED.findall(text)
    try:
        if quoted and _AROUND_QUOTED.fullmatch(_QUOTED.sub("", text)):
            return [ast.literal_eval(one) for one in quoted]
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, list | dict) else None


def _labelled_lines(text: str) -> dict[str, object]:
    """The lines of a text by what stands before each, "A.", "b)" or "1."; none for another text."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    found = [_LABELLED.match(line) for line in lines]
    options: dict[str, object] = {
        match[1].upper(): match[2].strip() for match in found if match is not None
    }
    return options if len(options) == len(lines) >= 2 else {}


def logprob(value: object) -> tuple[float | None, str]:
    """A mean log-probability as (number or None, what was wrong with it)."""
    if value is None or value == "":
        return None, ""
    number = any_number(value)
    if number is None:
        return None, "log-probability is not a number; stored as unknown"
    if math.isnan(number):
        return None, "log-probability is nan; stored as unknown"
    if math.isinf(number):
        return None, "log-probability is infinite; stored as unknown"
    if number < LEAST_MEAN_LOGPROB:
        return None, "no mean of log-probabilities is so low (a sum, or -9999); stored as unknown"
    if number > LOGPROB_SLACK:
        return None, "log-probability is positive; stored as unknown"
    return min(number, 0.0), ""


def amount(value: object) -> tuple[float | None, str]:
    """A count, cost or duration as (number or None, what was wrong with it)."""
    if is_blank(value):
        return None, ""
    number = any_number(value)
    if number is None or not number >= 0:
        return None, "not a number of at least 0; stored as unknown"
    if number > MAX_AMOUNT:
        return None, "larger than any amount can be (2^53); stored as unknown"
    return number, ""


def tokens(value: object) -> tuple[float | None, str]:
    """A count of tokens as (number or None, what was wrong with it): 1.234 may mean thousands."""
    number, problem = amount(value)
    if number is None:
        return None, problem
    if number % 1 or (isinstance(value, str) and _POINT_AND_THREE.fullmatch(value.strip())):
        return None, "no whole number, or its point stands for thousands; stored as unknown"
    return number, ""


def has_decimal_comma(value: object) -> bool:
    """Whether a number is written with a decimal comma, as German spreadsheets do."""
    return isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip()) is not None


def any_number(value: object) -> float | None:
    """A number, also of a text, with a decimal comma, or of seconds; None for anything else."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, str) and has_decimal_comma(value):
        value = value.replace(",", ".").replace("−", "-")
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
