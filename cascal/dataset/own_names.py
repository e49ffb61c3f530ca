"""Names that a reader gave to clusters: they stay with the queries, whatever the thresholds do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.dataset.successor import successor
from cascal.datatypes import IntArray
from cascal.store import Note

ALIKE = 0.8
"""A cluster that shares this much (Jaccard) with the named one has its name."""


@dataclass(frozen=True, eq=False)
class OwnName:
    """A name and the training queries (rows) of the cluster that it was given to."""

    name: str
    rows: IntArray


def own_names(notes: Sequence[Note], query_ids: Sequence[str]) -> tuple[OwnName, ...]:
    """The names among the notes, for training queries in this order; queries that went are left."""
    named = [note for note in notes if note.kind == "cluster" and note.name]
    if not named:
        return ()
    row = {query_id: at for at, query_id in enumerate(query_ids)}
    return tuple(
        OwnName(note.name, np.array([row[one] for one in note.members if one in row], np.int64))
        for note in named
    )


def with_own(
    names: Sequence[tuple[str, ...]], assignment: IntArray, own: Sequence[OwnName]
) -> list[tuple[str, ...]]:
    """The names, with those of the reader: of clusters that are as they were, or almost.

    What became something else keeps its name and says what it was called. Of several names the one
    whose queries are most alike counts, the earlier of equals; a name that the task has is no name.
    """
    result, alike = list(names), dict.fromkeys(range(len(names)), 0.0)
    for one in own:
        now = successor(one.rows, assignment)
        if now.cluster is None:
            continue
        share = now.kept / (now.n_members + now.joined)
        shown = _shown(names[now.cluster], one.name, share)
        if share > alike[now.cluster] and shown not in result:
            alike[now.cluster], result[now.cluster] = share, shown
    return result


def _shown(name: tuple[str, ...], own: str, share: float) -> tuple[str, ...]:
    return (name[0], own) if share >= ALIKE else (*name, f"named earlier as {own}")
