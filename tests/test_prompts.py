"""What is sent can be found again; what a generator writes is read, or refused in a sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascal.answers import read_answer
from cascal.datatypes import Query, Task
from cascal.prompts import (
    GENERATION_SCHEMA,
    MAX_GENERATED,
    Generated,
    answer_messages,
    find_generation,
    find_query,
    generation_messages,
    read_generated,
)
from tests import processor

OPTIONS = ["1 N", "2 N", "3 N", "4 N"]
texts = st.text(min_size=1, max_size=200)
lines = st.text(st.characters(exclude_categories=["Cc", "Zl", "Zp"]), min_size=1, max_size=40)


def written(**changes) -> str:
    return json.dumps({"question": "How strong?", "options": OPTIONS, "answer": "B", **changes})


@given(texts, st.lists(lines, min_size=2, max_size=30))
def test_a_query_is_found_again_exactly(text, options):
    found = find_query(answer_messages(Query("q", "t", text, options=tuple(options))))
    assert found is not None
    assert (found.text, found.options) == (text, tuple(options))


@given(texts)
def test_a_query_with_a_free_answer_is_found_again(text):
    found = find_query(answer_messages(Query("q", "t", text)))
    assert found == Query("", "", text)


def test_an_answer_prompt_holds_letters_and_the_ending_that_is_read():
    system, user = answer_messages(
        Query("q", "t", "How strong?", options=tuple(OPTIONS), answer="C")
    )
    assert (system["role"], user["role"]) == ("system", "user")
    assert "\nA. 1 N\nB. 2 N\nC. 3 N\nD. 4 N\n" in user["content"]
    assert "The answer is (X)." in user["content"]
    assert read_answer("So it is. The answer is (C).", 4).answer == "C"


@given(texts, st.text(max_size=200), st.integers(0, 10**9))
def test_task_and_number_are_found_again_with_spaces_for_line_breaks(name, description, number):
    messages = generation_messages(Task(name, description), number)
    assert find_generation(messages) == (
        Task(" ".join(name.split()), " ".join(description.split())),
        number,
    )


def test_a_generation_prompt_shows_examples_after_its_number():
    example = Query("q", "law", "Number: 9\nWhich court?", options=("a", "b", "c", "d"), answer="B")
    messages = generation_messages(Task("law", "Contracts."), 17, (example,))
    assert find_generation(messages) == (Task("law", "Contracts."), 17)
    shown = messages[-1]["content"].splitlines()[-1]
    assert read_generated(shown) == Generated(example.text, example.options, "B")


def test_neither_prompt_is_taken_for_the_other_nor_anything_for_one():
    assert find_query(generation_messages(Task("law"), 1)) is None
    assert find_generation(answer_messages(Query("q", "t", "x", options=("a", "b")))) is None
    for messages in ([], [{"role": "user"}], [{"role": "user", "content": ["x"]}]):
        assert find_query(messages) is None
        assert find_generation(messages) is None
    assert find_query([{"role": "user", "content": "Question:\nx\n\nOptions:\nA. b"}]) is None


def test_the_schema_is_strict_and_describes_what_is_read():
    assert GENERATION_SCHEMA["additionalProperties"] is False
    assert set(GENERATION_SCHEMA["required"]) == set(GENERATION_SCHEMA["properties"])
    assert GENERATION_SCHEMA["properties"]["options"]["maxItems"] == 4
    assert GENERATION_SCHEMA["properties"]["answer"]["enum"] == ["A", "B", "C", "D"]


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("2 N", "B"),
        ("B. 2 N", "B"),
        ("Option C: 3 N", "C"),
        (" 4 n. ", "D"),
        (0, "A"),
        ("3", "D"),
    ],
)
def test_an_answer_is_a_letter_an_option_or_an_index_from_0(answer, letter):
    read = read_generated(written(answer=answer))
    assert read == Generated("How strong?", tuple(OPTIONS), letter)


def test_a_number_that_is_an_option_means_that_option():
    read = read_generated(written(options=[3, 2, 1, 0.5], answer=1))
    assert read == Generated("How strong?", ("3", "2", "1", "0.5"), "C")


@pytest.mark.parametrize(
    "text",
    [
        "```json\n{}\n```",
        "Here it is:\n\n```\n{}\n```\nI hope it helps {{really}}.",
        "{{a brace}} and {}",
        '<think>{{"question": "a draft"}}</think>{}',
        '{{"question": "first try"}}\nBetter:\n{}',
        "\ufeff  {}  ",
    ],
)
def test_json_is_found_in_fences_and_between_other_text(text):
    read = read_generated(text.replace("{}", "@").format().replace("@", written()))
    assert read == Generated("How strong?", tuple(OPTIONS), "B")


def test_options_may_be_an_object_and_may_carry_their_letters():
    for options in (
        dict(zip("ABCD", OPTIONS, strict=True)),
        [f"{letter}) {one}" for letter, one in zip("ABCD", OPTIONS, strict=True)],
    ):
        read = read_generated(written(options=options))
        assert read == Generated("How strong?", tuple(OPTIONS), "B")
    kept = ["A. 1", "2", "3", "4"]
    assert read_generated(written(options=kept)) == Generated("How strong?", tuple(kept), "B")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON object"),
        ("The answer is (B).", "no JSON object"),
        (written()[:-9], "no JSON object"),
        ('{"query": "x"}', "no JSON object"),
        ("[" * 30_000, "no JSON object"),
        ("{" * 30_000, "no JSON object"),
        ('{"question": ' * 3_000, "no JSON object"),
        (written(question=" "), "question is empty"),
        (written(question=["x"]), "question is empty"),
        (written(options=OPTIONS[:3]), "3 options; a query needs 4"),
        (written(options=[*OPTIONS, "5 N"]), "5 options"),
        (written(options="1, 2, 3, 4"), "no list of options"),
        (written(options=["a", "b", None, "d"]), "option is empty"),
        (written(options=["a", "b", True, "d"]), "option is empty"),
        (written(options=["a", "b", " ", "d"]), "option is empty"),
        (written(options=["1,000", "1000", "2", "3"]), "the same"),
        (written(options=["Paris", "paris.", "Rome", "Bonn"]), "the same"),
        (written(answer="E"), "'E' is not among"),
        (written(answer=4), "'4' is not among"),
        (written(answer=-1), "'-1' is not among"),
        (written(answer=None), "not among"),
        (written(answer=True), "not among"),
        (written(answer="none of these"), "not among"),
        (written(question="\ud800"), "surrogate"),
        ("x" * (MAX_GENERATED + 1), "40,001 characters"),
    ],
)
def test_what_is_no_query_is_refused_in_a_sentence(text, words):
    read = read_generated(text)
    assert isinstance(read, str)
    assert words in read
    assert read.endswith(".")


@given(st.text(max_size=300) | st.text(alphabet='{}[]":,\\question', max_size=300))
def test_reading_never_raises(text):
    assert isinstance(read_generated(text), str | Generated)


@pytest.mark.parametrize("unit", ["{", '{"a":', '{"question":[', "\\", '"', "```json\n{", "[{"])
def test_reading_takes_linear_time(unit):
    text = (unit * MAX_GENERATED)[:MAX_GENERATED]
    assert processor.seconds(lambda: read_generated(text)) < 0.5
