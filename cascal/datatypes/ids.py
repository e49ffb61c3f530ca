"""Ids that are there once."""

from __future__ import annotations

from collections.abc import Sequence

from cascal.refusals import CascalError


def unique_ids(name: str, ids: Sequence[str]) -> tuple[str, ...]:
    """The ids as texts; a repeated one is refused."""
    ids = tuple(str(one) for one in ids)
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise CascalError(
                f"{name} holds {one[:80]!r} more than once; every id must be unique. "
                "Drop or rename the duplicates.",
                code="duplicate-id",
            )
        seen.add(one)
    return ids
