"""Files from a browser: every one arrives, under a name that is only ever a name."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from app.uploads import MAX_NAME_BYTES, file_name, stored
from cascal import importers


@dataclass
class Upload:
    name: str
    content: bytes = b"x"

    def getvalue(self) -> bytes:
        return self.content


def test_two_files_of_one_name_both_arrive(tmp_path):
    def rows(model, first):
        return "".join(
            json.dumps({"query_id": f"q{n}", "text": f"{n}?", "model": model, "response": str(n)})
            + "\n"
            for n in range(first, first + 3)
        ).encode()

    files = stored([Upload("a.jsonl", rows("m", 0)), Upload("a.jsonl", rows("n", 2))], tmp_path)
    assert len(set(files)) == 2
    assert importers.read(files).responses["model"].to_pylist() == ["m"] * 3 + ["n"] * 3


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("..", "upload"),
        ("", "upload"),
        ("/", "upload"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\0b.csv", "ab.csv"),
        ("line\nbreak.csv", "linebreak.csv"),
        ("results.jsonl", "results.jsonl"),
        ("Fragen über Öl.csv", "Fragen über Öl.csv"),
    ],
)
def test_a_name_is_only_ever_a_name(tmp_path, given, kept):
    assert file_name(given) == kept
    (file,) = stored([Upload(given)], tmp_path)
    assert file == tmp_path / kept
    assert file.read_bytes() == b"x"


@pytest.mark.parametrize("sign", ["a", "ü", "漢"])
def test_a_long_name_is_cut_and_keeps_its_ending(tmp_path, sign):
    files = stored([Upload(sign * 300 + ".csv", b"1"), Upload(sign * 301 + ".csv", b"2")], tmp_path)
    assert [file.read_bytes() for file in files] == [b"1", b"2"]
    for file in files:
        assert file.suffix == ".csv"
        assert len(file.name.encode()) <= MAX_NAME_BYTES
    assert file_name("a." + "b" * 300)
