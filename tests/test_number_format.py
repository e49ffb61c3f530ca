"""Sentences say numbers in one way: "1 query has", never "1 queries have"; "−1.2", never "-1.2"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cascal.number_format import (
    agreeing,
    apart,
    bracketed,
    brief,
    capitalised,
    counted,
    decimal,
    decimal_pair,
    dollars,
    duration,
    enumerated,
    percent,
    percent_pair,
    roughly,
    signed,
    typed,
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
        (-1.25, 1, "−1.3", "−1.3"),
        (0.0, 1, "0.0", "0.0"),
        (-0.04, 1, "0.0", "0.0"),
        (0.04, 1, "0.0", "0.0"),
        (1234.5, 2, "1,234.50", "+1,234.50"),
        (np.float64(-0.0214), 3, "−0.021", "−0.021"),
    ],
)
def test_a_negative_number_has_the_minus_of_typesetting(number, decimals, said, with_sign):
    assert decimal(number, decimals) == said
    assert signed(number, decimals) == with_sign
    has_sign = with_sign[0] in "+−"
    wanted = f"{with_sign[0]}${with_sign[1:]}" if has_sign else f"${with_sign}"
    assert signed(number, decimals, unit="$") == wanted
    assert typed(number, decimals) == said.replace("−", "-")
    assert typed(number, decimals, sign=True) == with_sign.replace("−", "-")


@pytest.mark.parametrize(
    ("number", "decimals", "said"),
    [
        (82.05, 1, "82.1"),  # the binary fraction lies below
        (12.85, 1, "12.9"),
        (-12.85, 1, "−12.9"),
        (100 * 0.2875, 1, "28.8"),  # 28.749999999999996
        (2.675, 2, "2.68"),
        (0.125, 2, "0.13"),
        (0.5, 0, "1"),
        (82.0499, 1, "82.0"),
    ],
)
def test_halves_are_rounded_away_from_zero_by_the_decimal_number(number, decimals, said):
    assert decimal(number, decimals) == said


def test_rates_of_an_odd_number_of_2000_are_halves_that_are_rounded_up():
    """1641 of 2000 are 82.05 %, whatever binary fraction stands for it."""
    for n_right in range(1, 2000, 2):
        tenths = (n_right + 1) // 2
        assert percent(n_right / 2000, 1) == f"{tenths // 10}.{tenths % 10} %"


def test_what_is_not_known_stays_that():
    assert [decimal(np.nan, 1), signed(np.nan), percent(np.nan, 1)] == ["nan", "nan", "nan %"]
    assert [decimal(np.inf, 1), signed(-np.inf)] == ["inf", "−inf"]
    assert [dollars(np.nan), brief(np.nan, 2)] == ["$nan", "nan"]


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (1.405, "$1.41"),
        (0.0, "$0.00"),
        (-0.3, "−$0.30"),
        (1234.5, "$1,234.50"),
        (0.00423, "$0.0042"),
        (-0.0000123, "−$0.000012"),
    ],
)
def test_dollars_are_in_cents_and_below_a_cent_in_two_figures(amount, said):
    assert dollars(amount) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(12.345, "12.3"), (-0.02145, "−0.0215"), (1234567, "1,230,000"), (0.0, "0"), (2.0, "2")],
)
def test_a_number_is_cut_to_the_figures_that_count(number, said):
    assert brief(number, 3) == said


def test_an_interval_shows_on_which_side_of_zero_it_lies():
    assert bracketed(-1.25, 2.0) == "[−1.3, +2.0]"
    assert bracketed(0.04, 2.0) == "[+0.04, +2.0]"
    assert bracketed(-2.0, -0.004) == "[−2.0, −0.004]"
    assert bracketed(-0.04, 2.0) == "[0.0, +2.0]"  # it holds 0
    assert bracketed(0.0, 2.0) == "[0.0, +2.0]"
    assert bracketed(-0.58, -0.004, 2, unit="$") == "[−$0.58, −$0.004]"
    assert bracketed(0.04, 0.7, sign=False) == "[0.0, 0.7]"


def own_decimals(code: str) -> list[str]:
    """Numbers whose decimals an f-string or a pattern writes by itself."""
    found = []
    for one in ast.walk(ast.parse(code)):
        if isinstance(one, ast.FormattedValue) and one.format_spec is not None:
            last = one.format_spec.values[-1]
            if isinstance(last, ast.Constant) and str(last.value).endswith(("f", "%")):
                found.append(ast.unparse(one))
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            found += re.findall(r"(?<![%{])\{:[^{}]*[f%]\}", one.value)
    return found


@pytest.mark.parametrize(
    "code",
    [
        'f"{100 * gain.value:+.1f} points"',
        'f"${price:,.2f}"',
        'f"{share:.0%}"',
        'f"{value:.{n}f}"',
        '"{:.1f} %"',
    ],
)
def test_decimals_of_its_own_are_noticed(code):
    assert own_decimals(code)


def test_other_formats_are_no_decimals():
    assert own_decimals('f"{n:,} queries, {limit:g}, {day:%Y-%m-%d %H:%M} " "%{x:.1f} %"') == []


DRAWN = {"app/strips.py", "cascal/charts/label_trail.py"}
"""Places in a drawing, which no reader sees as numbers."""
SENT = {"cascal/serve/endpoints.py", "cascal/serve/service.py"}
"""Headers, which programs read."""
EXACT = {"cascal/number_format.py", "cascal/setting_bounds.py"}
"""The one place; and bounds, which are round numbers."""


def test_decimals_are_written_in_one_place():
    found = {
        path.relative_to(ROOT).as_posix(): numbers
        for path in FILES
        if "simulate" not in path.parts
        and (numbers := own_decimals(path.read_text(encoding="utf-8")))
    }
    assert {name: numbers for name, numbers in found.items() if name not in DRAWN | SENT} == {
        name: found[name] for name in EXACT
    }


def test_a_duration_is_as_exact_as_an_estimate_is():
    assert [duration(one) for one in (0.4, 89, 600, 2.5 * 3600)] == [
        "0 s",
        "89 s",
        "10 min",
        "2.5 h",
    ]
    assert [roughly(one) for one in (4.9, 6, 27, 100, 1700)] == [
        "a few seconds",
        "about 5 seconds",
        "about 25 seconds",
        "about 2 minutes",
        "about 28 minutes",
    ]


def test_two_numbers_have_the_digits_that_tell_them_apart():
    assert decimal_pair(0.9, 0.8, 2) == ("0.90", "0.80")
    assert decimal_pair(0.6741, 0.6669, 2) == ("0.674", "0.667")
    assert decimal_pair(0.6837, 0.6823, 2) == ("0.6837", "0.6823")  # 0.001 apart, not 0.002
    assert decimal_pair(0.714, 0.686, 2) == ("0.714", "0.686")  # 0.03 apart, not 0.02
    assert decimal_pair(-0.00012, 0.00012, 2) == ("−0.0001", "0.0001")
    assert decimal_pair(0.500001, 0.5, 2) == ("0.5000", "0.5000")
    assert decimal_pair(0.5, 0.5, 2) == ("0.50", "0.50")


@pytest.mark.parametrize(
    ("first", "second", "texts"),
    [
        (0.8205, 0.7145, ("82.1 %", "71.5 %")),  # 10.6 points apart
        (0.8214, 0.7145, ("82.14 %", "71.45 %")),  # 10.7 points apart, not 10.6
    ],
)
def test_two_shares_agree_with_their_difference(first, second, texts):
    assert percent_pair(first, second) == texts


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


def test_a_lead_is_as_far_as_the_numbers_beside_it_are_apart():
    assert apart(0.7204, 0.6696, 3) == 0.05  # written 0.720 and 0.670, not 0.051 apart
    assert np.isnan(apart(0.7, np.nan, 3))
