"""Files that people write by hand: YAML or JSON, read without ever building an object from them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml

from cascal.datatypes import CascalError
from cascal.number_format import counted

MAX_BYTES = 4 << 20
MAX_DEPTH = 50
MAX_NUMBER = 100
"""Characters of a number; without a limit some take hours to read or cannot be written again."""

_HALF = re.compile("[\ud800-\udfff]")
T = TypeVar("T")
_PLAINLY = "Write its entries out, one below the other."
_KINDS = {
    "tag:yaml.org,2002:int": "a whole number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:timestamp": "a date",
}


def read_document(path: Path, what: str) -> object:
    """Mappings, lists, texts and numbers of a .json, .yaml or .yml file; `what` names it.

    A key that stands twice in one mapping is refused: one of the two would be lost in silence. So
    is what a file can hold but nobody writes: numbers of hundreds of digits, entries nested beyond
    any use, and aliases that multiply to more than a file could hold.
    """
    there = False
    with suppress(OSError):  # a name that no file can have
        there = path.is_file()
    if not there:
        raise CascalError(f"There is no {what} at {str(path)[:300]}.", code="no-such-file")
    if path.stat().st_size > MAX_BYTES:
        raise CascalError(
            f"The {what} {path.name} has more than {MAX_BYTES >> 20} MiB.", code="too-large"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CascalError(
            f"The {what} {path.name} is no text in UTF-8.", code="wrong-encoding"
        ) from None
    what = f"{what} {path.name}"
    return _parse_json(text, what) if path.suffix.lower() == ".json" else parse_yaml(text, what)


def parse_yaml(text: str, what: str) -> object:
    """The content of YAML text, by the same rules."""
    try:
        loader = _Loader(text, what)
        root = loader.get_single_node()
        if root is None:
            return None
        _refuse_shape(root, _inner_nodes, what)
        return loader.construct_document(root)
    except (yaml.YAMLError, RecursionError) as error:
        raise CascalError(f"The {what} is no YAML{_place(error)}.", code="bad-yaml") from None


def _parse_json(text: str, what: str) -> object:
    try:
        root = json.loads(text, object_pairs_hook=_unique, parse_int=_short_whole_number)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise CascalError(f"The {what} is no JSON (line {line}).", code="bad-json") from None
    _refuse_shape(root, _inner_values, what)
    return root


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f" (line {mark.line + 1})"


class _Loader(yaml.SafeLoader):
    """Refuses keys that stand twice and values that look like what they are not."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__(text)
        self._what = what

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 – as in yaml
        """A mapping whose keys all differ."""
        node = super().compose_mapping_node(anchor)
        twin = _twin(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twin is not None:
            raise CascalError(
                f"The key {twin[:80]!r} stands twice in one mapping of the {self._what} (from "
                f"line {node.start_mark.line + 1} on). Join the two.",
                code="duplicate-key",
            )
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401 – as in yaml
        """A value; what yaml fails at in its own ways, such as the 31st of June, is refused."""
        kind = _KINDS.get(node.tag)
        if kind is None:
            return super().construct_object(node, deep)
        try:
            if isinstance(node, yaml.ScalarNode) and len(node.value) <= MAX_NUMBER:
                return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, ValueError):
            pass
        raise CascalError(
            f"The value on line {node.start_mark.line + 1} of the {self._what} is written like "
            f"{kind}, but is none that can be read. Correct it, or put a text into "
            "quotes.",
            code="unreadable-value",
        )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    twin = _twin(name for name, _ in pairs) if len(known) < len(pairs) else None
    if twin is not None:
        raise CascalError(
            f"The key {twin[:80]!r} stands twice in one mapping. Join the two.",
            code="duplicate-key",
        )
    return known


def _twin(keys: Iterable[str]) -> str | None:
    """The first key that comes again."""
    return next((key for key, times in Counter(keys).items() if times > 1), None)


def _short_whole_number(digits: str) -> int:
    if len(digits) > MAX_NUMBER:
        raise CascalError(
            f"A number of {counted(len(digits), 'digit')} is none that can be read. Write at most "
            f"{MAX_NUMBER}.",
            code="unreadable-value",
        )
    return int(digits)


def _refuse_shape(root: T, inner: Callable[[T], Sequence[T]], what: str) -> None:
    """Refuse what holds itself, is nested too deep, or multiplies through aliases."""
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    for part in _inner_first(root, inner):
        text = getattr(part, "value", part)
        if isinstance(text, str) and _HALF.search(text):
            raise CascalError(
                f"The {what} holds half a character (\\ud800 and the like), which is no text. "
                "Write the character out.",
                code="unreadable-value",
            )
        held = [id(one) for one in inner(part)]
        if any(one not in sizes for one in held):
            raise CascalError(
                f"The {what} holds an entry inside itself. {_PLAINLY}", code="nested-too-deep"
            )
        depth = depths[id(part)] = 1 + max((depths[one] for one in held), default=0)
        if depth > MAX_DEPTH:
            raise CascalError(
                f"The {what} is nested more than {MAX_DEPTH} deep. {_PLAINLY}",
                code="nested-too-deep",
            )
        size = sizes[id(part)] = 1 + sum(sizes[one] for one in held)
        if size > MAX_BYTES:
            raise CascalError(
                f"The {what} has aliases that stand for more than {MAX_BYTES:,} values. {_PLAINLY}",
                code="nested-too-deep",
            )


def _inner_first(root: T, inner: Callable[[T], Sequence[T]]) -> Iterable[T]:
    """Every part once, after the parts it holds."""
    seen: set[int] = set()
    left = [(root, False)]
    while left:
        part, opened = left.pop()
        if opened:
            yield part
        elif id(part) not in seen:
            seen.add(id(part))
            left.append((part, True))
            left += [(one, False) for one in inner(part)]


def _inner_nodes(node: yaml.Node) -> Sequence[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [one for pair in node.value for one in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _inner_values(value: object) -> Sequence[object]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else ()
