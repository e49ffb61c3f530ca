"""k-means of a large task on a sample of its queries (docs/scale.md, Large tasks).

The centres of a sample are those of all rows but for what a sample varies. All rows are assigned to
them once, and the mean of what each got is the centre that is used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascal.clustering.kmeans import Problem, Solution, nearest_centers
from cascal.computing.row_chunks import FEW, row_slices
from cascal.datatypes import FloatArray, IntArray


def stratified(weights: FloatArray, most: int | None) -> IntArray | None:
    """At most `most` rows in which a model is strong, from weights (M, n); None = all of them.

    Every so-many-th row, in the order of the number of models that are strong in it: each number
    is in the sample as often as in the task, to one row.
    """
    strong = (weights > 0).sum(axis=0)
    rows = np.flatnonzero(strong)
    if most is None or len(rows) <= most:
        return None
    ordered = rows[np.argsort(strong[rows], kind="stable")]
    return np.sort(ordered[(np.arange(most) * len(rows) + len(rows) // 2) // most])


def assign_once(
    rows: FloatArray,
    weights: FloatArray,
    problems: Sequence[Problem],
    solutions: Sequence[Solution],
) -> list[Solution]:
    """Solutions on a sample made those of all rows (n, D), with weights (M, n).

    A row of weight goes to the nearest centre; a centre that gets rows becomes their mean.
    """
    done: dict[int, Solution] = {}
    for k in sorted({problem.k for problem in problems}):
        which = [at for at, problem in enumerate(problems) if problem.k == k]
        centers = np.stack([solutions[at].centers for at in which])
        some = weights[[problems[at].owner for at in which]]
        labels = np.full(some.shape, -1, dtype=np.int16)
        sums, mass = np.zeros_like(centers), np.zeros(centers.shape[:2])
        for part in row_slices(len(rows), FEW):
            inside = some[:, part] > 0
            labels[:, part] = np.where(inside, nearest_centers(rows[part], centers), np.int16(-1))
            member = labels[:, None, part] == np.arange(k)[:, None]
            weighted = np.where(member, some[:, None, part], 0.0)
            sums += np.tensordot(weighted, rows[part], axes=1)
            mass += weighted.sum(axis=2)
        means = sums / np.where(mass == 0, 1.0, mass)[:, :, None]
        centers = np.where((mass == 0)[:, :, None], centers, means)
        done |= {at: Solution(*one) for at, *one in zip(which, labels, centers, strict=True)}
    return [done[at] for at in range(len(problems))]
