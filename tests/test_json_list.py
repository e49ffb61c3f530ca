"""A JSON list read element by element gives what `json.loads` gives, and refuses with its words."""

from __future__ import annotations

import io
import json

import pytest
from attack import hostile
from hypothesis import given
from hypothesis import strategies as st
from refusals import refuses

from cascal.importers import json_list
from cascal.importers.json_list import list_elements
from cascal.importers.limits import ImportRefused, parse_json


def elements(raw: bytes) -> list[object]:
    return list(list_elements("x.json", lambda: io.BytesIO(raw)))


def outcome(read, raw):
    try:
        return repr(read(raw))
    except ImportRefused as refused:
        return refused.code, str(refused)


@pytest.mark.parametrize("n_bytes", [1, 3, 1 << 20])
@pytest.mark.parametrize(
    "text",
    [
        "[]",
        " \n[ ] \t",
        "[1]",
        "[-12.5e+30, 8, 8.25, 1E5, true, null]",
        '[{"a": "€ 😀 \\ud83d\\ude00 ]}, "}, [[], {}], "\\\\"]',
        '\ufeff[{"a": 1},\r\n {"a": 2}]\n',
        "[NaN, Infinity]",
    ],
)
def test_the_elements_are_those_of_the_whole_document(monkeypatch, text, n_bytes):
    monkeypatch.setattr(json_list, "CHUNK", n_bytes)
    raw = text.encode()
    assert repr(elements(raw)) == repr(json.loads(raw.decode("utf-8-sig")))


@pytest.mark.parametrize("n_bytes", [1, 3, 1 << 20])
@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[1 2]",
        '[{"a": 1}\n{"a": 2}]',
        '[{"a": "cut of',
        "[1]]",
        '[1]\n\n"more"',
        "[\n1,\n  tru]",
        "[" + "[" * 100_000,
        "[" + "9" * 5_000 + "]",
    ],
)
def test_what_is_no_list_is_refused_with_the_same_place(monkeypatch, text, n_bytes):
    monkeypatch.setattr(json_list, "CHUNK", n_bytes if len(text) < 100 else 1 << 20)
    raw = text.encode()
    code, sentence = outcome(lambda one: parse_json(one, "x.json"), raw)
    assert outcome(elements, raw) == (code, sentence)
    assert code in ("damaged-file", "not-records")


@pytest.mark.parametrize("n_bytes", [1, 3, 1 << 20])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_foreign_byte_is_named_by_its_place_in_the_file(monkeypatch, start, n_bytes):
    monkeypatch.setattr(json_list, "CHUNK", n_bytes)
    raw = f'{start}["é",\n "'.encode() + b'\xe9t\xe9"]'
    place = f"byte {raw.index(0xE9, 9)} (line 2) is 0xe9"
    for read in (elements, lambda one: parse_json(one, "x.json")):
        with refuses("wrong-encoding", "x.json", place, kind=ImportRefused):
            read(raw)


def test_an_element_without_end_is_refused_where_it_begins(monkeypatch):
    monkeypatch.setattr(json_list, "CHUNK", 100)
    monkeypatch.setattr(json_list, "MAX_LINE_BYTES", 1_000)
    raw = ('[1,\n{"a": "' + "x" * 5_000 + '"}]').encode()
    with refuses("too-large", "x.json", "line 2", kind=ImportRefused):
        elements(raw)


SIGNS = 'ab"\\\n€😀[]{},: '
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(SIGNS)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(SIGNS), inner), max_leaves=12
)


@pytest.mark.attack
@hostile(full=10_000, sample=300)
@given(
    document=st.lists(VALUES, max_size=5),
    indent=st.sampled_from([None, 1]),
    share=st.floats(0.01, 1),
    damage=st.sampled_from(["", "0", *SIGNS, None]),
    n_bytes=st.sampled_from([3, 50]),
)
def test_damaged_lists_are_read_or_refused_as_whole_documents_are(
    document, indent, share, damage, n_bytes
):
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    at = max(1, int(share * len(text)))
    text = text[:at] if damage is None else text[:at] + damage + text[at + 1 :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_list, "CHUNK", n_bytes)
        found = outcome(elements, text.encode())
    assert found == outcome(lambda one: parse_json(one, "x.json"), text.encode())
