"""When two free answers are the same: by normal form, by number, last as mathematics.

Same is an equivalence relation: the transitive closure of "equal in a pair" over the answers of one
query. So the groups do not depend on the order in which answers come, and a new answer is compared
with the known ones only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from cascal.answers.free import MAX_FREE_ANSWER
from cascal.answers.groups import Groups
from cascal.answers.mathematics import Unit, equal_pairs, logger
from cascal.answers.normal import normalise_answer, read_number
from cascal.answers.notation import is_notation, may_be_notation
from cascal.answers.values import Value, value_of

RULE = 2
"""The version of everything that decides whether two answers are the same; raise it with that."""

LIVE_SECONDS = 10.0
"""How long answers that somebody waits for may be compared as mathematics."""
_MATHS = re.compile(r"[\d\\^=+*/]")
_WORDY = re.compile(
    r"(?<![\\a-z])(?!sqrt|sin|cos|tan|log|ln|exp)[a-z]{2,}|\\(?:text|mathrm)|\d\s+[a-z]"
)
"""Words and units: math-verify would drop them, and 5 km would equal 5 miles."""
_NAMED = re.compile(r"\\[a-z]+|sqrt|sin|cos|tan|log|ln|exp|[ei]")


@dataclass(frozen=True)
class AnswerSet:
    """The free answers of one query, and the representatives of those that were compared before."""

    texts: tuple[str, ...]
    known: Mapping[str, str] = field(default_factory=dict)


def compare_sets(
    sets: Sequence[AnswerSet],
    *,
    seconds: float = math.inf,
    told: Callable[[float], None] | None = None,
    report: Callable[[str], None] = logger.warning,
) -> list[dict[str, str]]:
    """The representative of every answer: equal ones have the same.

    It is the smallest normal form of the group, "" for a blank answer. Pairs that mathematics has
    not decided within `seconds` count as different; `told` gets the share that is done.
    """
    forms = [{text: normalise_answer(text) for text in one.texts} for one in sets]
    groups = [_known_groups(one, form) for one, form in zip(sets, forms, strict=True)]
    units = [
        _open_pairs(one, form, group) for one, form, group in zip(sets, forms, groups, strict=True)
    ]
    for group, equal in zip(
        groups, equal_pairs(units, seconds=seconds, told=told, report=report), strict=True
    ):
        for pair in equal:
            group.join(*pair)
    return [
        {text: group.first(form) for text, form in texts.items()}
        for texts, group in zip(forms, groups, strict=True)
    ]


def group_answers(
    answers: Sequence[str],
    *,
    seconds: float = math.inf,
    report: Callable[[str], None] = logger.warning,
) -> list[int]:
    """Group the free answers of one query; groups are numbered by first appearance."""
    (same,) = compare_sets([AnswerSet(tuple(answers))], seconds=seconds, report=report)
    numbers: dict[str, int] = {}
    return [numbers.setdefault(same[answer], len(numbers)) for answer in answers]


def _known_groups(answers: AnswerSet, forms: Mapping[str, str]) -> Groups:
    """Groups by what was decided before, and by percentages."""
    groups = Groups()
    for text, representative in answers.known.items():
        if text in forms:
            groups.join(forms[text], representative)
    distinct = sorted(set(forms.values()))
    for one in distinct:
        if one.endswith("%") and (number := read_number(one[:-1])) is not None:
            groups.join_all([one, *({str(number), str(number / 100)} & set(distinct))])
    return groups


class _Kind(NamedTuple):
    """What of a normal form tells from others that it cannot be equal to them."""

    number: bool
    notation: bool
    equation: bool
    variables: frozenset[str]
    value: Value | None

    @classmethod
    def of(cls, form: str) -> _Kind:
        return cls(
            number=read_number(form.removesuffix("%")) is not None,
            notation=may_be_notation(form),
            equation="=" in form,
            variables=frozenset(re.findall("[a-z]", _NAMED.sub(" ", form))),
            value=value_of(form),
        )


def _open_pairs(answers: AnswerSet, forms: Mapping[str, str], groups: Groups) -> Unit:
    """The pairs of normal forms, in sorted order, which only mathematics can decide."""
    compared = {forms[text] for text in answers.known if text in forms}
    candidates = sorted(form for form in set(forms.values()) if _is_mathematical(form))
    kinds = {form: _Kind.of(form) for form in candidates}
    return tuple(
        (one, other)
        for one, other in combinations(candidates, 2)
        if _may_be_equal(kinds[one], kinds[other])
        and not compared.issuperset((one, other))
        and not groups.together(one, other)
    )


def _is_mathematical(form: str) -> bool:
    if len(form) > MAX_FREE_ANSWER or is_notation(form):
        return False
    return _MATHS.search(form) is not None and _WORDY.search(form) is None


def _may_be_equal(one: _Kind, other: _Kind) -> bool:
    """False for numbers, notations and values that differ, and expressions in other variables."""
    if (one.number and other.number) or (one.notation and other.notation):
        return False
    if one.value is not None and other.value is not None and one.value.apart(other.value):
        return False
    return one.equation or other.equation or one.variables == other.variables
