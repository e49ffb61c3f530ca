"""Where moving a threshold can change a cluster, and where nothing can change any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cascal.clustering.merge import merge_steps
from cascal.computing.blas import one_blas_thread
from cascal.datatypes import FloatArray, IntArray
from cascal.fit import Fit
from cascal.number_format import percent


def silhouette_steps(fitted: Fit) -> FloatArray:
    """Sorted best silhouettes of the models in the tasks: above one, that model's k becomes 1."""
    best = np.concatenate([task.silhouettes.max(axis=1, initial=-1.0) for task in fitted.by_task])
    return np.sort(best[(best > -1.0) & (best <= 1.0)])


def merge_distance_steps(fitted: Fit, min_silhouette: float) -> FloatArray:
    """Sorted merge distances above which two more centroids of a task become one."""
    steps: list[FloatArray] = [np.zeros(0)]
    merge = fitted.settings.merge
    with one_blas_thread():
        for task in fitted.by_task:
            keep = task.in_force(min_silhouette)
            steps.append(merge_steps(merge, task.centroids[keep], task.support[keep]))
    return np.sort(np.concatenate(steps))


@dataclass(frozen=True, eq=False)
class Reachable:
    """The positions of a slider, rising, and how many steps lie between each and the next.

    Of two neighbours a step at the first counts, one at the second does not: the threshold that
    equals a silhouette is still reached by it, and a distance that equals it does not merge.
    """

    positions: tuple[float, ...]
    counts: IntArray

    @classmethod
    def of(cls, steps: FloatArray, positions: Sequence[float]) -> Reachable:
        """Count steps between the positions; what lies beyond the ends cannot be reached."""
        below = np.searchsorted(steps, positions, side="left")
        return cls(tuple(positions), np.diff(below))

    @cached_property
    def live(self) -> tuple[float, float] | None:
        """The first and last position between which anything can change; None: nowhere."""
        at = np.flatnonzero(self.counts)
        return (self.positions[at[0]], self.positions[at[-1] + 1]) if len(at) else None

    def band(self, position: float) -> tuple[float, float]:
        """The ends of the stretch around a position on which nothing changes."""
        low = high = int(np.argmin(np.abs(np.array(self.positions) - position)))
        while low > 0 and not self.counts[low - 1]:
            low -= 1
        while high < len(self.counts) and not self.counts[high]:
            high += 1
        return self.positions[low], self.positions[high]

    @property
    def dead_share(self) -> float:
        """The share of the slider on which nothing can change, at both of its ends."""
        if self.live is None:
            return 1.0
        low, high = self.live
        return 1.0 - (high - low) / (self.positions[-1] - self.positions[0])

    @property
    def sentence(self) -> str:
        """Where nothing can change."""
        if self.live is None:
            return "Nothing changes anywhere on this slider."
        (low, high), (first, last) = self.live, (self.positions[0], self.positions[-1])
        dead = [f"below {low:g}"] if low > first else []
        dead += [f"above {high:g}"] if high < last else []
        if not dead:
            return "Something can change along the whole slider."
        return f"Nothing changes {' or '.join(dead)}: {percent(self.dead_share)} of the slider."
