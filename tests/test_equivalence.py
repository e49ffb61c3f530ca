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

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascal.answers import AnswerSet, compare_sets, group_answers, mathematics, normalise_answer

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


def test_only_what_is_new_is_compared():
    units = []

    def listed(given_units, **_):
        units.extend(given_units)
        return [[] for _ in given_units]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cascal.answers.equivalence.equal_pairs", listed)
        known = {"x^2": "x^{2}", "x*x": "x*x"}
        compare_sets([AnswerSet(("x^2", "x*x", "x^3"), known)])
    assert units == [(("x*x", "x^{3}"), ("x^{2}", "x^{3}"))]


@pytest.mark.slow
def test_a_comparison_without_end_counts_as_different_and_is_reported(monkeypatch):
    monkeypatch.setattr(mathematics, "remembered", {})
    told: list[str] = []
    answers = ["7^{7^{7^{7}}}+1", r"\sqrt{2}/2", r"\frac{1}{\sqrt{2}}"]
    assert group_answers(answers, report=told.append) == [0, 1, 1]
    assert len(told) == 1
    assert "count as different" in told[0]


def test_after_the_deadline_only_normal_forms_count(monkeypatch):
    monkeypatch.setattr(mathematics, "remembered", {})
    start = time.process_time()
    answers = ["1/2", "0.5", r"\sin(2y)", r"2\sin(y)\cos(y)"]
    assert group_answers(answers, seconds=0.0) == [0, 0, 1, 2]
    assert time.process_time() - start < 5.0


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
