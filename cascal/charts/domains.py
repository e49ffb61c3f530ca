"""Which model gets which task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.dataset.snapshot import Snapshot
from cascal.evaluate import first_share


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A task and the model that gets most of its queries first, with its share of them."""

    model: str
    task: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The tasks that are not named: how many, and who gets most of their queries first."""

    n_tasks: int
    model: str
    share: float


def rest_of_domains(snapshot: Snapshot, named: Sequence[Domain]) -> Rest | None:
    """Who gets most of the queries of all other tasks than these; None where there are none."""
    data, routes = snapshot.dataset, snapshot.routes("test")
    tasks = np.array((data.train if data.test is None else data.test).votes.tasks)
    others = ~np.isin(tasks, [one.task for one in named])
    if not others.any():
        return None
    shares = first_share(routes, np.flatnonzero(others))
    best = int(shares.argmax())
    return Rest(
        n_tasks=len(set(tasks[others])), model=routes.models[best], share=float(shares[best])
    )


def domains(snapshot: Snapshot) -> list[Domain]:
    """Of every model that gets more than half of some task the clearest one, clearest first.

    Test queries by their own tasks, training queries where there are none; of one task nothing
    can be told that the shares of all queries do not say.
    """
    data, routes = snapshot.dataset, snapshot.routes("test")
    part = data.train if data.test is None else data.test
    tasks = np.array(part.votes.tasks)
    found = []
    for task in sorted(set(part.votes.tasks)):
        first = routes.selected[tasks == task, 0]
        count = np.bincount(first, minlength=len(routes.models))
        best = int(count.argmax())
        found.append(
            Domain(model=routes.models[best], task=task, share=float(count[best] / len(first)))
        )
    if len(found) < 2:
        return []
    of_model: dict[str, Domain] = {}
    for one in sorted(found, key=lambda domain: -domain.share):
        if one.share > 0.5:
            of_model.setdefault(one.model, one)
    return list(of_model.values())
