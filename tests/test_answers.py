"""Every rule of `answers` on small texts, its laws, and its patience with long texts."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascal import answers
from cascal.answers import read_answer
from cascal.datatypes import READINGS
from tests import processor


@pytest.fixture(params=READINGS)
def read(request):
    """Either way to read a text."""
    return partial(read_answer, reading=request.param)


CHOICES = [
    ("B", "B", "whole_text"),
    (" (c). ", "C", "whole_text"),
    ("**D**", "D", "whole_text"),
    ('I pick {"answer": "C"}', "C", "json_answer"),
    ('{"reason": "x", "answer": "B. Rome"}', "B", "json_answer"),
    (r"so \boxed{A}? No: \boxed{\text{D}}", "D", "boxed"),
    ("The answer is (B).", "B", "answer_is"),
    ("the answer is C because A is wrong", "C", "answer_is"),
    ("The correct answer is: **D**", "D", "answer_is"),
    ("The answer is option A", "A", "answer_is"),
    ("The answer is (b), I think", "B", "answer_is"),
    (r"The answer is $\textbf{C}$, not D", "C", "answer_is"),
    ("answer: D", "D", "answer_colon"),
    ("Not A.\n**Answer:** (C) Rome", "C", "answer_colon"),
    ("It must be **B. Rome** then, or not", "B", "bold"),
    ("B) Plan A and plan C", "B", "leading_letter"),
    ("First A,\nthen C it must be", "C", "lone_capital"),
    ("A is right", "A", "lone_capital"),
]


@pytest.mark.parametrize(("text", "answer", "rule"), CHOICES)
def test_each_rule_reads_its_text(text, answer, rule):
    assert read_answer(text, 4, "upstream") == answers.Reading(answer, rule, "ok")


def test_every_rule_is_tested():
    names = {name for name, _ in answers.CHOICE_RULES} | {"lone_capital"}
    assert names == {rule for _, _, rule in CHOICES}


def test_the_first_answer_is_wins_over_later_ones(read):
    text = "The answer is (A).\n\nQuestion: and what of salt?\nThe answer is (C)."
    assert read(text, 4).answer == "A"


def test_upstream_order_is_phrase_then_colon_then_lone_capital():
    assert read_answer("Answer: B, that is, the answer is (C). D", 4, "upstream").answer == "C"
    assert read_answer("It is C. Answer: B, not D as said", 4, "upstream").answer == "B"


def test_what_stands_before_the_end_of_thinking_is_not_read(read):
    assert read("<think>the answer is (A)</think>\nThe answer is (B)", 4).answer == "B"


@pytest.mark.parametrize(
    "text", ["The answer is (E)", "E", r"\boxed{J}", "Answer: Z", "It costs 3, so I guess J"]
)
def test_a_letter_beyond_the_options_is_unreadable_and_keeps_its_rule(read, text):
    reading = read(text, 4)
    assert (reading.answer, reading.status) == (None, "unreadable")
    assert reading.rule is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "no idea",
        "The answer is Atlantis",
        "I think it's a good one",
        "A cat sat",
        "<b>bold</b>",
    ],
)
def test_nothing_is_guessed(read, text):
    assert read(text, 10) == answers.Reading(None, None, "unreadable")


@pytest.mark.parametrize(
    "text",
    [
        "I cannot help with that.",
        "I'm sorry, but I can't assist with this request.",
        "As an AI language model, I am unable to answer this question.",
        "I won’t do that.",
        "Je ne peux pas répondre à cette question.",
        "Malheureusement, je ne peux pas répondre à votre demande.",
        "Ich kann diese Frage nicht beantworten.",
        "Leider kann ich diese Anfrage nicht beantworten.",
    ],
)
def test_refusals_are_refused_for_choices_and_free_answers(read, text):
    assert read(text, 10).status == "refused"
    assert read(text, 0).status == "refused"


def test_an_apology_followed_by_an_answer_is_an_answer(read):
    assert read("I'm sorry, I cannot answer briefly. The answer is (B).", 4).answer == "B"
    german = "Ich kann diese Frage nicht beantworten, ohne zu raten. Die Antwort ist (B)."
    assert read(german, 4).answer == "B"


def test_more_than_ten_options_are_read_up_to_z():
    assert read_answer("after all it is\nM or so", 13, "upstream").answer == "M"
    assert read_answer("after all it is\nM or so", 10, "upstream").status == "unreadable"


@pytest.mark.parametrize(
    ("text", "answer", "rule"),
    [
        (r"thus \boxed{\frac{1}{2}}.", r"\frac{1}{2}", "boxed"),
        ("so\n#### 1,234", "1,234", "hashes"),
        ('{"answer": 12}', "12", "json_answer"),
        ("The answer is 3.14. Done.", "3.14", "answer_phrase"),
        ("**Answer:** Rome\nbecause", "Rome", "answer_phrase"),
        ("Rome", "Rome", "whole_text"),
        ("1\u202f234", "1234", "whole_text"),
        ("The answer is 5\u00a0000 and 12.", "5000 and 12", "answer_phrase"),
        ("1 234 and 5\u00a012", "1 234 and 5 12", "whole_text"),
        ("two\nlines", None, None),
        ("x" * 201, None, None),
    ],
)
def test_free_answers_are_read_as_text(text, answer, rule):
    reading = read_answer(text, 0)
    assert (reading.answer, reading.rule) == (answer, rule)
    assert reading.status == ("ok" if answer else "unreadable")


LETTERS = st.sampled_from("ABCDEFGHIJ")
NAMES = st.sampled_from(READINGS)


@given(text=st.text(max_size=300), n_options=st.integers(2, 26), name=NAMES)
def test_an_answer_is_always_one_of_the_options(text, n_options, name):
    reading = read_answer(text, n_options, name)
    assert (reading.answer is None) == (reading.status != "ok")
    if reading.answer is not None:
        assert 0 <= ord(reading.answer) - ord("A") < n_options
        assert reading.rule is not None


@given(
    letter=LETTERS,
    before=st.text("abc .,\n", max_size=50),
    after=st.text("abc .,", max_size=50),
    name=NAMES,
)
def test_the_phrase_is_read_whatever_small_letters_stand_around_it(letter, before, after, name):
    assert read_answer(f"{before} The answer is ({letter}). {after}", 10, name).answer == letter


@given(st.text(st.characters(codec="utf-8"), max_size=100), st.integers(0, 10), NAMES)
def test_reading_is_repeatable_and_ignores_outer_space(text, n_options, name):
    assert read_answer(text, n_options, name) == read_answer(f"\n {text} ", n_options, name)


@pytest.mark.parametrize(
    "unit",
    [
        "answer is ",
        "answer: ",
        "answer is (",
        "**",
        "**A.",
        r"\boxed{",
        '"answer":"',
        "A",
        "A ",
        "I ",
        "(",
        " ",
        "<think>",
        "####",
        "i can't ",
        "1,000",
        "\n",
        "*_ ",
    ],
)
def test_a_text_of_one_megabyte_takes_linear_time(read, unit):
    text = unit * (1_000_000 // len(unit))
    assert processor.seconds(lambda: (read(text, 4), read(text, 0))) < 2.0
