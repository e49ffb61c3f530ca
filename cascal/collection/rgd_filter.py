"""Which generated queries are worth keeping (docs/method.md § 9). No label is read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.datatypes import NO_ANSWER, CascalError, FloatArray, IntArray, Votes
from cascal.draws import random_rows
from cascal.number_format import counted


@dataclass(frozen=True, eq=False)
class Filtered:
    """What the RGD filter keeps: rows in their old order, and per task how many passed and stay.

    passed, kept : {task: queries}; both name every task, so a task that lost all shows as 0
    """

    rows: IntArray
    passed: dict[str, int]
    kept: dict[str, int]


def rgd_filter(
    votes: Votes,
    overall: FloatArray,
    *,
    n_strong: int = 2,
    max_others: int = 2,
    n_queries: int | None = None,
    seed: int = 0,
) -> Filtered:
    """Keep queries on which the strongest models agree and few others do (docs/method.md § 9).

    A query stays if the `n_strong` models of highest `overall` (M,) consensus score all give one
    answer and at most `max_others` of the other models give it too. Tasks are then balanced:
    every task gives the same number as far as it has them, `n_queries` in all (None = all that
    passed, unbalanced). No label is read.

    Reference: Niu et al. 2026, arXiv:2601.09692, filtering of generated data. The paper states the
    rule, not who the strong models are: here the best by global consensus, ties by name.
    """
    n_models = len(votes.models)
    if not 1 <= n_strong < n_models or max_others < 0:
        raise CascalError(
            f"n_strong is {n_strong} and max_others {max_others}; with "
            f"{counted(n_models, 'model')} n_strong must lie between 1 and {n_models - 1}, and "
            "max_others be at least 0.",
            code="out-of-bounds",
        )
    order = sorted(range(n_models), key=lambda m: (-overall[m], votes.models[m]))
    strong, others = votes.answers[:, order[:n_strong]], votes.answers[:, order[n_strong:]]
    agreed = (strong == strong[:, :1]).all(axis=1) & (strong[:, 0] != NO_ANSWER)
    passed = agreed & ((others == strong[:, :1]).sum(axis=1) <= max_others)
    tasks = np.asarray(votes.tasks)
    names = sorted(set(votes.tasks))
    rows_of = {name: np.flatnonzero(passed & (tasks == name)) for name in names}
    quota = _balanced({name: len(rows) for name, rows in rows_of.items()}, n_queries)
    random = np.random.default_rng(seed)
    kept = []
    for name in names:
        ids = [votes.query_ids[row] for row in rows_of[name]]
        kept.append(rows_of[name][random_rows(ids, quota[name], random)])
    rows = np.sort(np.concatenate(kept)) if kept else np.empty(0, dtype=np.int64)
    return Filtered(rows, {name: len(rows_of[name]) for name in names}, quota)


def _balanced(available: dict[str, int], wanted: int | None) -> dict[str, int]:
    """Equal shares as far as they are there; what some lack is shared among the others."""
    if wanted is None:
        return dict(available)
    quota = dict.fromkeys(available, 0)
    left = min(wanted, sum(available.values()))
    while left:
        open_tasks = [name for name, n in available.items() if quota[name] < n]
        share = max(1, left // len(open_tasks))
        for name in open_tasks:
            more = min(share, available[name] - quota[name], left)
            quota[name] += more
            left -= more
    return quota
