"""Which model gets which task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.dataset.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A task and the model that gets most of its queries first, with its share of them."""

    model: str
    task: str
    share: float


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
