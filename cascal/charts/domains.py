"""Which model gets which task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray, Split
from cascal.evaluate import first_share


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A task and the model that gets most of its queries first, with its share of them."""

    model: str
    task: str
    share: float


def domains(snapshot: Snapshot, split: Split, rows: IntArray | None = None) -> list[Domain]:
    """Of every task of some queries the model that gets most of it, the clearest first.

    rows : of the queries of the split, by default all; a query's task is its own, wherever it is
    routed
    """
    routes = snapshot.routes(split)
    tasks = np.array(snapshot.dataset.part(split).votes.tasks)
    counted = np.arange(len(tasks)) if rows is None else rows
    found = []
    for task in sorted(set(tasks[counted].tolist())):
        shares = first_share(routes, counted[tasks[counted] == task])
        best = int(shares.argmax())
        found.append(Domain(model=routes.models[best], task=task, share=float(shares[best])))
    return sorted(found, key=lambda one: -one.share)
