"""When two free answers are the same: by normal form, as mathematics, in processes that end."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from itertools import permutations
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from math_verify import parse

from cascal.answers import (
    AnswerSet,
    compare_sets,
    group_answers,
    mathematics,
    normalise_answer,
    values,
)
from tests import processor

SAME = [
    ("Rome", "rome."),
    ("New \n YORK", "new york"),
    ("1,234,567", "1234567"),
    ("1{,}234", "1234"),
    ("½", "0.5"),
    ("1½", "3/2"),
    (r"\boxed{\frac{1}{2}}", "0.5"),
    (r"$\dfrac12$", "1/2"),
    ("2e3", "2000"),
    (r"2 \times 10^{3}", "2·10³"),
    ("−3", "-3.0"),
    ("caf\u00e9", "cafe\u0301"),
    ('"Paris."', "Paris!"),
    (r"\text{Rome}", "**Rome**"),
    ("x^2 + 2x + 1", "x²+2x+1"),
    ("√2", "sqrt(2)"),
    (r"50\%", "50 %"),
    ("$5", "5"),
    ("1914–1918", "1914-1918"),
    ("1914 – 1918", "1914 - 1918"),
    ("01/02/2024", "1/2/2024"),
    ("2024-01-02", "2024-1-2"),
    ("09:30", "9:30"),
    ("[1914-1918]", "1914-1918"),
    ("(2-0)", "2-0"),
    ("1\u202f234", "1234"),
    ("1\u00a0234\u202f567", "1234567"),
    ("1.234,56", "1234.56"),
    ("1,234.56", "1234.56"),
    ("-1.234.567,5", "-1234567.5"),
    ("1.234,567", "1234.567"),
    ("$1.234,56", "$1,234.56"),
    ("1.234,56 €", "1234.56 €"),
    ("1.234,56 km", "1,234.56 km"),
    ("3.141\\,592", "3.141592"),
]
DIFFERENT = [
    ("5 km", "5 miles"),
    ("St. Louis", "St. Petersburg"),
    ("5", "5!"),
    ("(1,234)", "1234"),
    ("1 234", "1234"),
    ("1/3", "0.333333"),
    ("10²", "102"),
    ("?", "!"),
    ("-1/2", "1/2"),
    ("1/0", "2/0"),
    ("1914-1918", "1939-1943"),
    ("1914–1918", "1939 – 1943"),
    ("2-0", "3-1"),
    ("(2-0)", "(3-1)"),
    ("10-20", "5-15"),
    ("10 - 20", "5 - 15"),
    ("1.5-2.5", "2.5-3.5"),
    ("$10-$20", "$5-$15"),
    ("10%-20%", "5%-15%"),
    ("1.05-2", "1.5-2"),
    ("10:00-10:30", "9:00-9:30"),
    ("10/5/2020", "4/2/2020"),
    ("01/02/2024", "02/04/2024"),
    ("2024-01-02", "2024-02-01"),
    ("10:30", "21:63"),
    ("10:05", "10:50"),
    ("10-20m", "5-15m"),
    ("1 000-2 000", "2 000-3 000"),
    ("1.2.3", "1.2.30"),
    ("0,125", "125"),
    ("0,500", "500"),
    ("0{,}125", "125"),
    ("1.234", "1234"),
    ("3,5", "35"),
    ("1.234, 56", "1.234,56"),
    ("(1.234,56)", "1234.56"),
    ("1.234,56,78", "1234.56"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_have_one_normal_form(one, other):
    assert normalise_answer(one) == normalise_answer(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_these_have_two_normal_forms_and_two_groups(one, other):
    assert normalise_answer(one) != normalise_answer(other)
    assert group_answers([one, other]) == [0, 1]


PIECES = st.lists(
    st.sampled_from(
        [
            "1",
            "234",
            ":",
            "–",
            "\u202f",
            "2",
            "0",
            ".",
            ",",
            " ",
            "/",
            "-",
            "^",
            "e",
            "x",
            "%",
            "$",
            "{",
            "}",
            r"\frac",
            r"\boxed{",
            r"\text{",
            "km",
            "½",
            "²",
            "π",
            "·",
            "**",
            '"',
            "!",
            "?",
            "(",
            ")",
            "A",
            "é",
        ]
    ),
    max_size=12,
).map("".join)


@given(PIECES | st.text(max_size=30))
def test_a_normal_form_is_its_own_and_blank_only_for_a_blank_answer(text):
    form = normalise_answer(text)
    assert normalise_answer(form) == form
    assert (form == "") == (not text.strip())


@given(PIECES, st.sampled_from([" {} ", "{}.", '"{}"', "${}$", r"\boxed{{{}}}"]))
def test_what_only_wraps_a_number_or_word_does_not_count(text, wrapping):
    word = "".join(one for one in text if one.isalnum()) or "7"
    assert normalise_answer(wrapping.format(word)) == normalise_answer(word)


@given(st.fractions(max_denominator=10**6))
def test_every_way_to_write_a_fraction_has_one_normal_form(value):
    top, bottom = value.numerator, value.denominator
    ways = [f"{top}/{bottom}", rf"\frac{{{top}}}{{{bottom}}}", f"{3 * top}/{3 * bottom}"]
    assert {normalise_answer(one) for one in ways} == {str(value)}


WORDS = st.sampled_from(["Rome", "rome.", "1/2", "0.5", "½", "50%", "50", "5 km", "5 miles", "x"])


@settings(max_examples=30)
@given(st.lists(WORDS, min_size=1, max_size=6), st.randoms())
def test_grouping_is_an_equivalence_that_ignores_order_and_steps(answers, chance):
    (same,) = compare_sets([AnswerSet(tuple(answers))])
    turned = answers[:]
    chance.shuffle(turned)
    assert compare_sets([AnswerSet(tuple(turned))]) == [same]
    known: dict[str, str] = {}
    for end in range(1, len(turned) + 1):
        (known,) = compare_sets([AnswerSet(tuple(turned[:end]), known)])
    assert known == same
    for one in answers:
        assert normalise_answer(same[one]) == same[one]


def test_mathematically_equal_answers_share_a_group_in_any_order():
    answers = ["x^2+2x+1", "(x+1)^2", r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}", "17"]
    assert group_answers(answers) == [0, 0, 1, 1, 2]
    expected = compare_sets([AnswerSet(tuple(answers))])
    for turned in list(permutations(answers))[::40]:
        assert compare_sets([AnswerSet(turned)]) == expected


def test_fractions_and_ratios_are_mathematics_and_no_third_answer_joins_two_results():
    assert group_answers(["1:2", "2:4", "1/2", "2/4", "0.5"]) == [0] * 5
    assert group_answers(["3:10", "3/10"]) == [0, 0]
    assert group_answers(["2-0", "3-1", "2", "1/2/3", "2-\\sqrt{4}"]) == [0, 1, 2, 3, 4]


def test_only_what_is_new_is_compared():
    units = []

    def listed(given_units, **_):
        units.extend(given_units)
        return [[] for _ in given_units]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cascal.answers.equivalence.equal_pairs", listed)
        known = {"y=x^2": "y=x^{2}", "y=x*x": "y=x*x"}
        compare_sets([AnswerSet(("y=x^2", "y=x*x", "y=x^3"), known)])
    assert units == [(("y=x*x", "y=x^{3}"), ("y=x^{2}", "y=x^{3}"))]


VALUED = [
    *("17", "-3/4", "0.125", r"\frac{3\sqrt{5}}{5}", r"3/\sqrt{5}", r"2\pi", r"4\pi r^{2}"),
    *("x^{2}+2x+1", "(x+1)^{2}", "(x+1)(x-1)", "-x^{-2}", "2*3/4", "(a+b)/2", r"\sqrt{2}x"),
    *(r"\frac{1}{x}+\frac{1}{y}", "n*(n+1)/2", "3/(x-1)", r"\sqrt{\frac{2}{3}}", "-(x-y)"),
]
UNCLEAR = [
    *("6(38)", "20b u", r"1\frac{2}{3}", "x(y+1)", r"\pi^{4}(28)", "x^{2}(y+1)", "2/3x", "x2"),
    *("5m", "2e", "50%", "(1,2)", "[1,2]", "x=5", "x^{1/2}", "x^y", "2^{x}", "x^{100}", "|x|"),
    *(r"\sqrt{-1}", "1/0", "1/(x-x)", r"\sqrt[3]{2}", r"\sin x", "5!", "2**3", "(x", "", "+"),
]


@pytest.mark.parametrize("form", VALUED)
def test_a_value_is_the_one_that_the_library_reads(form):
    assert normalise_answer(form) == form or form == "0.125"
    found = values.value_of(form)
    expression = parse(f"${form}$", parsing_timeout=None)[0]
    at = {one: values.LETTERS[one.name] for one in expression.free_symbols}
    expected = float(expression.subs(at).evalf(30))
    assert found.number == pytest.approx(expected, rel=1e-12)
    assert 0.0 <= found.error <= 1e-12 * abs(expected)


@pytest.mark.parametrize("form", UNCLEAR)
def test_what_can_be_read_in_two_ways_or_not_at_all_has_no_value(form):
    assert values.value_of(form) is None


def test_only_values_further_apart_than_decimals_are_rounded_tell_two_expressions_apart():
    one, other = values.value_of("0.333333"), values.value_of("1/3")
    assert not one.apart(other)
    assert values.value_of("0.3333").apart(other)
    large = values.value_of("(10^{12}+1)(10^{12}-1)-10^{12}*10^{12}")
    assert not large.apart(values.value_of("-1"))
    assert not large.apart(values.value_of("-2"))  # all its digits are lost


def test_expressions_of_other_values_never_reach_the_library(monkeypatch):
    units = []
    monkeypatch.setattr(
        "cascal.answers.equivalence.equal_pairs",
        lambda given, **_: units.extend(given) or [[] for _ in given],
    )
    compare_sets([AnswerSet(("x^2+1", "x^2+2", "1+x^2", r"\sqrt{2}", "2", r"2/\sqrt{2}", "x=2"))])
    assert set(units[0]) == {
        *(("1+x^{2}", "x^{2}+1"), ("2/\\sqrt{2}", "\\sqrt{2}")),
        *((form, "x=2") for form in ("1+x^{2}", "2", "2/\\sqrt{2}", "\\sqrt{2}")),
        *(("x=2", form) for form in ("x^{2}+1", "x^{2}+2")),
    }


def test_no_decision_is_lost_where_more_are_made_than_are_remembered(monkeypatch):
    monkeypatch.setattr(mathematics, "remembered", {})
    monkeypatch.setattr(mathematics, "MAX_REMEMBERED", 2)
    monkeypatch.setattr(mathematics, "PAIRS_PER_TASK", 1)
    sets = [AnswerSet((f"(x+{n})^2", f"x^2+{2 * n}x+{n * n}")) for n in range(1, 10)]
    assert [len(set(same.values())) for same in compare_sets(sets)] == [1] * len(sets)
    assert len(mathematics.remembered) < len(sets)


def test_each_pair_has_the_time_of_a_pair_however_many_are_compared_together(monkeypatch):
    timers: list[float] = []
    monkeypatch.setattr(mathematics.signal, "setitimer", lambda _, seconds: timers.append(seconds))
    units = [(("x+1", "x+2"), ("x+1", "x+3")), (("2y", "y+y"),)]
    assert mathematics.equal_in_units(units) == [[], [("2y", "y+y")]]
    assert timers == [mathematics.PAIR_SECONDS] * 3 + [0.0]


@pytest.mark.slow
def test_workers_end_when_they_are_told_and_others_start_for_later_work(monkeypatch):
    def at_work():
        children = psutil.Process().children()
        return sum("popen_loky" in " ".join(one.cmdline()) for one in children)

    for _ in range(2):
        monkeypatch.setattr(mathematics, "remembered", {})
        assert group_answers([r"\sqrt{2}/2", r"\frac{1}{\sqrt{2}}"]) == [0, 0]
        assert at_work()
        mathematics.end_workers()
        assert not at_work()


@pytest.mark.slow
def test_a_comparison_without_end_counts_as_different_and_is_reported(monkeypatch):
    monkeypatch.setattr(mathematics, "remembered", {})
    monkeypatch.setattr(mathematics, "PAIR_SECONDS", 1.0)
    told: list[str] = []
    answers = ["7^{7^{7^{7}}}+1", r"\sqrt{2}/2", r"\frac{1}{\sqrt{2}}"]
    assert group_answers(answers, report=told.append) == [0, 1, 1]
    assert len(told) == 1
    assert " took over 1 s each; these count as different" in told[0]


def test_after_the_deadline_only_normal_forms_count(monkeypatch):
    monkeypatch.setattr(mathematics, "remembered", {})
    answers = ["1/2", "0.5", r"\sin(2y)", r"2\sin(y)\cos(y)"]

    def grouped():
        assert group_answers(answers, seconds=0.0) == [0, 0, 1, 2]

    assert processor.seconds(grouped, repeats=1) < 5.0


SCRIPT = """
import os, sys, threading
print("run", flush=True)
from cascal.answers import group_answers
found = []
ask = lambda: found.append(group_answers(["x^2+2x+1", "(x+1)^2", "x"]))
thread = threading.Thread(target=ask)
thread.start()
thread.join()
print(found, flush=True)
"""


def _script(tmp_path: Path, more: str = "") -> list[str]:
    path = tmp_path / "unguarded.py"
    path.write_text(SCRIPT + textwrap.dedent(more))
    return [sys.executable, str(path)]


def _workers_of(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"pebble_pool_worker" in command:
            found.append(int(status.parent.name))
    return found


@pytest.mark.slow
def test_a_script_without_a_guard_runs_once_and_ends_with_its_workers(tmp_path):
    done = subprocess.run(
        _script(tmp_path), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["run", "[[0, 0, 1]]"]
    assert done.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are listed in /proc")
def test_a_killed_parent_leaves_no_worker(tmp_path):
    more = """
    threading.Thread(target=group_answers, args=(["7^{7^{7^{7}}}", "2"],), daemon=True).start()
    sys.stdin.read()
    """
    parent = subprocess.Popen(
        _script(tmp_path, more), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert [parent.stdout.readline() for _ in range(2)] == ["run\n", "[[0, 0, 1]]\n"]
    workers = _workers_of(parent.pid)
    assert workers
    parent.kill()
    parent.communicate()
    ends = time.monotonic() + 60.0
    while any(Path(f"/proc/{one}").exists() for one in workers) and time.monotonic() < ends:
        threading.Event().wait(0.2)
    assert [one for one in workers if Path(f"/proc/{one}").exists()] == []
    assert os.getpid() not in workers
