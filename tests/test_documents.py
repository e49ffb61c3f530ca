"""Files written by hand: whatever they hold is read, or refused in one sentence and soon."""

from __future__ import annotations

import time

import pytest
from refusals import refuses

from cascal.importers.texts import read_texts
from cascal.yaml_files.documents import parse_yaml, read_document


def read(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_document(tmp_path / name, "policy")


@pytest.mark.parametrize(
    "value",
    [
        "9" * 5000,
        "0x" + "f" * 5000,
        "1" + ":59" * 5000,
        "1" + ":59" * 5000 + ".5",
        "." + "1" * 5000,
        "2024-06-31",
        "2024-13-01 10:00:00",
        "!!int ''",
        "!!int many",
        "!!float ''",
        "!!bool maybe",
        "!!timestamp today",
        "!!timestamp {=: today}",
    ],
)
def test_a_value_that_is_none_is_refused_by_its_line(tmp_path, value):
    with refuses("unreadable-value", "line 2 of the policy p.yaml", "quotes"):
        read(tmp_path, "p.yaml", f"a: 1\nb: {value}\n")


@pytest.mark.parametrize("tag", ["!!python/name:os.system", "!mine", "!!binary 'é'", "!!set [a]"])
def test_a_tag_that_makes_an_object_is_refused_by_its_line(tmp_path, tag):
    with refuses("bad-yaml", "p.yaml", "(line 1)"):
        read(tmp_path, "p.yaml", f"a: {tag}\n")


def test_a_character_that_no_text_has_is_refused(tmp_path):
    with refuses("bad-yaml", "p.yaml"):
        read(tmp_path, "p.yaml", "a: \0b\n")


def test_a_number_of_5000_digits_in_json_is_refused(tmp_path):
    with refuses("unreadable-value", "5,000 digits"):
        read(tmp_path, "p.json", f'{{"a": {"9" * 5000}}}')


def test_values_that_only_look_odd_are_read():
    assert parse_yaml("a: 0x1f\nb: 1:30\nc: 12345678901234567890\nd: .5", "policy") == {
        "a": 31,
        "b": 90,
        "c": 12345678901234567890,
        "d": 0.5,
    }
    assert parse_yaml("", "policy") is None
    assert parse_yaml("a: &texts [x, y]\nb: *texts", "policy")["b"] == ["x", "y"]
    assert parse_yaml("a: &one {x: 1}\nb: {<<: *one, y: 2}", "policy")["b"] == {"x": 1, "y": 2}


def bomb(link):
    """Ten levels of which each holds the one before ten times."""
    lines = ["a0: &a0 {x: 1}"]
    for level in range(1, 11):
        tenfold = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} {link % tenfold}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [bomb("[%s]"), bomb("{<<: [%s]}"), bomb("{k: [%s]}"), "a: &a [*a]", "a: &a {b: [*a]}"],
)
def test_aliases_that_multiply_or_go_round_are_refused_before_they_are_followed(text):
    with refuses("nested-too-deep", "policy"):
        parse_yaml(text, "policy")


def chain(n):
    """Aliases that nest one level a line."""
    return "\n".join(["- &a0 [x]", *(f"- &a{place} [*a{place - 1}]" for place in range(1, n))])


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.json", "[" * 200 + "]" * 200), ("p.yaml", "[" * 60 + "]" * 60), ("p.yaml", chain(3000))],
)
def test_what_is_nested_too_deep_is_refused(tmp_path, name, text):
    with refuses("nested-too-deep", "more than 50 deep"):
        read(tmp_path, name, text)


def test_the_time_for_keys_grows_with_their_number_only(tmp_path):
    """Sixty thousand keys, the last twice: comparing each with each would take a minute."""
    text = "".join(f'"key{key}": 0,\n' for key in [*range(60_000), 59_999])
    begun = time.process_time()
    with refuses("duplicate-key", "'key59999'"):
        read(tmp_path, "p.json", f"{{{text[:-2]}}}")
    assert time.process_time() - begun < 10


def test_the_last_of_many_keys_is_refused_where_it_stands_twice():
    text = "a: 1\nb:\n" + "".join(f"  key{key}: 0\n" for key in [*range(2000), 1999])
    with refuses("duplicate-key", "'key1999'", "line 3"):
        parse_yaml(text, "policy")


@pytest.mark.parametrize("name", ["a" * 5000, "a\x00b", "none.yaml"])
def test_a_name_that_no_file_can_have_is_a_file_that_is_not_there(tmp_path, name):
    with refuses("no-such-file", "policy"):
        read_document(tmp_path / name, "policy")


def test_a_table_whose_name_no_file_can_have_is_refused(tmp_path):
    with refuses("no-access", "'aaa", "Check the path"):
        read_texts(tmp_path / ("a" * 5000))


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.yaml", 'a: ["\\uD800"]'), ("p.json", '{"a": ["\\ud800"]}'), ("p.json", '{"\\ud800": 1}')],
)
def test_half_a_character_is_refused(tmp_path, name, text):
    with refuses("unreadable-value", name, "half a character"):
        read(tmp_path, name, text)


def test_a_character_written_as_two_halves_in_json_is_read(tmp_path):
    assert read(tmp_path, "p.json", '{"a": "\\ud83d\\ude00"}') == {"a": "😀"}
