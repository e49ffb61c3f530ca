"""A handful of queries, each of which shows another thing that a route can be, by a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cascal.computing.remembered import remembered
from cascal.computing_order import best_first
from cascal.dataset.part import Part
from cascal.dataset.query_filters import pool_agreement
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, IntArray
from cascal.routing.leads import lead_noise, lead_sure, score_errors
from cascal.routing.reasons import MOST, bonus_decides
from cascal.routing.route import Router

N_QUERIES = 8
CONSIDERED = 2000
"""Of a larger part so many queries, evenly spaced, are looked through."""


@dataclass(frozen=True)
class TellingQuery:
    """A row of the part, and what its route shows in a few words."""

    row: int
    shows: str


@remembered
def telling_queries(snapshot: Snapshot) -> tuple[TellingQuery, ...]:
    """Up to 8 test queries, training queries where there are no others: one for each kind of route
    that there is, then of the largest tasks.

    Of a kind the query whose task, then whose first model was shown least so far; of equals the
    shortest. Of a task the shortest one that the models disagree on.
    """
    data = snapshot.dataset
    part = data.train if data.test is None else data.test
    rows = np.unique(np.linspace(0, len(part) - 1, CONSIDERED).astype(np.int64))
    first, kinds = _kinds(snapshot.router, part, rows)
    tasks, models = [part.votes.tasks[row] for row in rows], first.tolist()
    lengths = [len(part.texts[row]) for row in rows]
    shown: list[TellingQuery] = []
    left, by_task, by_model = np.ones(len(rows), dtype=bool), Counter[str](), Counter[int]()
    for shows, among in (*kinds, *_of_tasks(part, rows)):
        found = np.flatnonzero(among & left)
        if not len(found) or len(shown) == N_QUERIES:
            continue
        at = min(found, key=lambda i: (by_task[tasks[i]], by_model[models[i]], lengths[i], rows[i]))
        shown.append(TellingQuery(int(rows[at]), shows))
        left[at] = False
        by_task[tasks[at]] += 1
        by_model[models[at]] += 1
    return tuple(shown)


def _kinds(
    router: Router, part: Part, rows: IntArray
) -> tuple[IntArray, list[tuple[str, BoolArray]]]:
    """(R,) first models, and the kinds of routes with the rows that are of them, (R,) each."""
    vectors = np.asarray(part.vectors.vectors[rows], dtype=np.float64)
    blend = router.blend(vectors)
    order, each = best_first(blend.scores, router.models), np.arange(len(rows))
    first, sure = order[:, 0], np.full(len(rows), "clear")
    if order.shape[1] > 1:
        errors = score_errors(router, blend)
        leads = blend.scores[each, first] - blend.scores[each, order[:, 1]]
        noise = [lead_noise(*pair) for pair in np.take_along_axis(errors, order[:, :2], axis=1)]
        sure = np.array([lead_sure(*one)[0] for one in zip(leads, noise, strict=True)])
    plain = best_first(blend.scores - router.adjustment, router.models, 1)[:, 0]
    right = part.right[rows]
    chosen, known = right[each, first], (~np.isnan(right)).any(axis=1)
    share = np.nan_to_num(right).sum(axis=1) / np.maximum((~np.isnan(right)).sum(axis=1), 1)
    reach = router.reach
    far = np.zeros(len(rows), dtype=bool) if reach is None else reach.far(vectors)
    alone = router.first_alone[blend.nearest[:, 0]]
    aided = bonus_decides(router, blend, order)
    usual = ~far & ~aided  # where the bonus decides, that alone is told
    return first, [
        ("Clear lead", (sure == "clear") & usual),
        ("All but level", (sure == "level") & usual),
        ("Far from training", far),
        ("Clear lead, but wrong by gold", (sure == "clear") & (chosen == 0) & usual),
        ("Right where most models err", (chosen == 1) & (share < MOST) & usual),
        ("Several clusters blended", (blend.weights[:, 0] <= MOST) & usual),
        ("Nearest cluster outvoted", (alone != first) & (plain == first) & usual),
        (
            "Cost or bonus decides" if router.thresholds.cost_weight else "The bonus decides",
            (plain != first) & ~far,
        ),
        ("Wrong by gold", known & (chosen == 0) & usual),
        ("All models agree", (pool_agreement(part)[rows] == 1.0) & usual),
    ]


def _of_tasks(part: Part, rows: IntArray) -> Iterator[tuple[str, BoolArray]]:
    """The tasks with the most queries, of each those that models disagree on where there are."""
    tasks, contested = np.array(part.votes.tasks), pool_agreement(part)[rows] < 1.0
    names, counts = np.unique(tasks, return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")][:N_QUERIES]:
        inside = tasks[rows] == name
        among = inside & contested
        yield f"A query of {name}", among if among.any() else inside
