"""Sentences say numbers in one way: "1 query has", never "1 queries have"; "−1.2", never "-1.2"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cascal.counted import (
    agreeing,
    capitalised,
    counted,
    decimal,
    decimal_pair,
    enumerated,
    signed,
)

ROOT = Path(__file__).parent.parent
FILES = sorted(path for room in ("cascal", "app") for path in (ROOT / room).rglob("*.py"))
COUNT = re.compile(r"len\(|(^|\.)n_\w+$|^n$|\.n$|\.sum\(\)|shape\[")
"""How an expression that counts something looks."""
THINGS = (
    "answers calls checks choices clusters columns comparisons dimensions entries errors files "
    "issues items labels lines members models names options pairs predictions prompts queries "
    "records remedies replies requests responses routers routes rows samples scores sheets slices "
    "splits tasks texts tokens values vectors votes"
)
PLURAL = re.compile(rf" (?!all |of |the )(?:[a-z]+ )?(?:{THINGS.replace(' ', '|')})\b")


@pytest.mark.parametrize(
    ("n", "words", "said"),
    [
        (0, ("query",), "0 queries"),
        (1, ("query",), "1 query"),
        (2, ("query",), "2 queries"),
        (1234, ("training query",), "1,234 training queries"),
        (2, ("reply",), "2 replies"),
        (2, ("day",), "2 days"),
        (2, ("batch",), "2 batches"),
        (2, ("index", "indices"), "2 indices"),
        (1, ("query has", "queries have"), "1 query has"),
        (5, ("query has", "queries have"), "5 queries have"),
        (np.int64(1), ("model",), "1 model"),
    ],
)
def test_what_is_counted_agrees_with_its_number(n, words, said):
    assert counted(n, *words) == said


def test_a_verb_agrees_with_a_number_that_stands_elsewhere():
    assert [agreeing(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]


def bare_plurals(code: str) -> Iterator[str]:
    """Counts in f-strings that are followed by a plural whatever they are."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.JoinedStr):
            for value, text in zip(node.values, node.values[1:], strict=False):
                if not (isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)):
                    continue
                expression = ast.unparse(value.value)
                if (
                    "counted(" not in expression
                    and COUNT.search(expression)
                    and PLURAL.match(str(text.value))
                ):
                    yield f"{{{expression}}}{str(text.value)[:30]}"


@pytest.mark.parametrize(
    "code",
    ['f"{len(rows)} rows"', 'f"{n} of {n_test:,} test queries"', 'f"{wrong.sum()} models are"'],
)
def test_a_plural_that_stays_with_one_is_noticed(code):
    assert list(bare_plurals(code))


def test_what_may_be_one_is_nowhere_followed_by_a_plural():
    found = {
        path.relative_to(ROOT).as_posix(): plurals
        for path in FILES
        if (plurals := list(bare_plurals(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("number", "decimals", "said", "with_sign"),
    [
        (-1.25, 1, "−1.2", "−1.2"),
        (0.0, 1, "0.0", "+0.0"),
        (1234.5, 2, "1,234.50", "+1,234.50"),
        (np.float64(-0.0214), 3, "−0.021", "−0.021"),
    ],
)
def test_a_negative_number_has_the_minus_of_typesetting(number, decimals, said, with_sign):
    assert decimal(number, decimals) == said
    assert signed(number, decimals) == with_sign
    assert signed(number, decimals, unit="$") == f"{with_sign[0]}${with_sign[1:]}"


def own_signs(code: str) -> list[str]:
    """Numbers that an f-string gives a sign by itself."""
    return [
        ast.unparse(one)
        for one in ast.walk(ast.parse(code))
        if isinstance(one, ast.FormattedValue)
        and one.format_spec is not None
        and ast.unparse(one.format_spec).strip("f'\"").startswith("+")
    ]


def test_a_sign_of_its_own_is_noticed():
    assert len(own_signs('f"{100 * gain.value:+.1f} points"')) == 1
    assert own_signs('f"{gain.value:.1f} points, {n:,} queries"') == []


def test_signs_are_given_in_one_place():
    """Tables of the shell keep the sign of a keyboard: they are copied into other programs."""
    found = {
        path.relative_to(ROOT).as_posix(): numbers
        for path in FILES
        if "cli" not in path.parts and (numbers := own_signs(path.read_text(encoding="utf-8")))
    }
    assert list(found) == ["cascal/counted.py"]


def test_two_numbers_have_the_digits_that_tell_them_apart():
    assert decimal_pair(0.9, 0.8, 2) == ("0.90", "0.80")
    assert decimal_pair(0.6741, 0.6669, 2) == ("0.674", "0.667")
    assert decimal_pair(0.6837, 0.6823, 2) == ("0.6837", "0.6823")  # 0.001 apart, not 0.002
    assert decimal_pair(0.714, 0.686, 2) == ("0.714", "0.686")  # 0.03 apart, not 0.02
    assert decimal_pair(-0.00012, 0.00012, 2) == ("−0.0001", "0.0001")
    assert decimal_pair(0.500001, 0.5, 2) == ("0.5000", "0.5000")
    assert decimal_pair(0.5, 0.5, 2) == ("0.50", "0.50")


def test_a_sentence_begins_with_a_capital_and_keeps_all_other_letters():
    assert [capitalised(one) for one in ("join 2 of GPT-4o", "", "é")] == [
        "Join 2 of GPT-4o",
        "",
        "É",
    ]


@pytest.mark.parametrize(
    ("names", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), ("abc", "a, b and c")]
)
def test_several_names_end_with_and(names, said):
    assert enumerated(list(names)) == said
