"""Tests go through what is public, so that the code behind can move; calls say what they give."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))
PATH = re.compile(r"(?:cascal|app)(?:\.\w+)*\.(\w+)")
"""A string that names something of ours, as `monkeypatch.setattr` takes it."""


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def names_reached(node: ast.AST) -> list[str]:
    """The names that a piece of code takes from another module or object."""
    if isinstance(node, ast.ImportFrom):
        return [*(node.module or "").split("."), *(one.name for one in node.names)]
    if isinstance(node, ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        return [] if own else [node.attr]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.split(".") if PATH.fullmatch(node.value) else []
    if isinstance(node, ast.Call) and "attr" in ast.unparse(node.func):
        given = node.args[1:2]
        return [one.value for one in given if isinstance(one, ast.Constant)]
    return []


def private_names(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        for name in names_reached(node):
            if is_private(str(name)):
                yield f"line {getattr(node, 'lineno', 0)}: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_no_test_reaches_a_private_name(path):
    assert list(private_names(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    [
        "from cascal.clustering.kmeans import _trials",
        "from cascal._inner import name",
        "kmeans._trials(3)",
        "workspace.file._open",
        "monkeypatch.setattr('cascal.clustering.kmeans._trials', str)",
        "monkeypatch.setattr(kmeans, '_trials', str)",
        "getattr(kmeans, '_trials')",
    ],
)
def test_every_way_to_a_private_name_is_noticed(code):
    assert [name.split(": ")[1] for name in private_names(code)]


@pytest.mark.parametrize("code", ["self._own = 1", "x.__dict__", "say('cascal fit _x')", "a.b_c"])
def test_public_names_and_own_ones_are_free(code):
    assert list(private_names(code)) == []


FEW = 6
"""Arguments that a reader can tell apart by their places."""
SOURCES = sorted(path for room in ("cascal", "app") for path in (TESTS.parent / room).rglob("*.py"))


def calls_by_place(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            given = [one for one in node.args if not isinstance(one, ast.Starred)]
            if len(given) > FEW:
                yield f"line {node.lineno}: {ast.unparse(node.func)}"


def test_no_call_gives_seven_arguments_by_place():
    found = {path: list(calls_by_place(path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert len(found) > 500
    assert {path: calls for path, calls in found.items() if calls} == {}
    assert list(calls_by_place("f(1, 2, 3, 4, 5, 6, 7)\nf(1, 2, 3, 4, 5, 6, g=7)")) == ["line 1: f"]
