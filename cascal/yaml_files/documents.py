"""Files that people write by hand: YAML or JSON, read without ever building an object from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from cascal.datatypes import CascalError

MAX_BYTES = 4 << 20


def read_document(path: Path, what: str) -> object:
    """Mappings, lists, texts and numbers of a .json, .yaml or .yml file; `what` names it.

    A key that stands twice in one mapping is refused: one of the two would be lost in silence.
    """
    if not path.is_file():
        raise CascalError(f"There is no {what} at {path}.")
    if path.stat().st_size > MAX_BYTES:
        raise CascalError(f"The {what} {path.name} has more than {MAX_BYTES >> 20} MiB.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CascalError(f"The {what} {path.name} is no text in UTF-8.") from None
    what = f"{what} {path.name}"
    return _parse_json(text, what) if path.suffix.lower() == ".json" else parse_yaml(text, what)


def parse_yaml(text: str, what: str) -> object:
    """The content of YAML text, by the same rules."""
    try:
        _refuse_twins(yaml.compose(text, Loader=yaml.SafeLoader), what)
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise CascalError(f"The {what} is no YAML{_place(error)}.") from None


def _parse_json(text: str, what: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise CascalError(f"The {what} is no JSON (line {line}).") from None


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f" (line {mark.line + 1})"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise CascalError(f"The key {twice[:80]!r} stands twice in one mapping. Join the two.")
    return known


def _refuse_twins(root: yaml.Node | None, what: str) -> None:
    """Look through the nodes of a document; each once, since aliases share them."""
    seen: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            twice = [key for key in keys if keys.count(key) > 1]
            if twice:
                line = node.start_mark.line + 1
                raise CascalError(
                    f"The key {twice[0][:80]!r} stands twice in one mapping of the {what} (from "
                    f"line {line} on). Join the two."
                )
            left += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            left += node.value
