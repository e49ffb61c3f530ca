"""Clusters named by a model of the pool; whose name it is stands beside it everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LONGEST = 40
"""Characters of a name."""
_AROUND = " \"'`*_#.:;,“”„«»-–"


@dataclass(frozen=True)
class GivenName:
    """A name that a model of the pool gave to a cluster, already short and on one line."""

    name: str
    model: str


def members_hash(query_ids: Iterable[str]) -> str:
    """What a given name belongs to: the queries of a cluster, in any order."""
    return hashlib.sha256("\0".join(sorted(query_ids)).encode()).hexdigest()


def with_given(
    names: Sequence[tuple[str, ...]],
    members: Sequence[str],
    given: Mapping[str, GivenName],
) -> list[tuple[str, ...]]:
    """The names, with the given one where there is one: task, "*" and the name, and who named it.

    Where a model gave the name of a cluster before it in the task again, the own one stays.
    """
    result: list[tuple[str, ...]] = []
    for own, key in zip(names, members, strict=True):
        name = given.get(key)
        shown = own
        if name is not None:
            shown = (own[0], f"*{name.name}", f"named by {name.model}")
        result.append(own if shown in result else shown)
    return result


def short_name(reply: str) -> str:
    """What a model called a cluster: its last line, plain and cut to 40 characters; "" if none."""
    lines = [" ".join(line.split()).strip(_AROUND) for line in reply.splitlines()]
    line = next((line for line in reversed(lines) if line), "")
    line = "".join(letter for letter in line if letter.isprintable()).replace("·", "-")
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
