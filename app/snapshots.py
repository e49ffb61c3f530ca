"""The snapshots of one fit, kept as long as it is: a threshold that was seen is not made again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cascal.computing.remembered import Latest
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot, take_snapshot
from cascal.fit import Fit
from cascal.settings import Thresholds

SNAPSHOTS_OF_FIT = 64
"""So many thresholds of a fit are remembered."""


class Snapshots:
    """The latest snapshots of one fit, all of one data set, which they keep alive.

    Gone with the fit; and when the data set is read anew, so that no older copy of it stays.
    """

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._held: tuple[Dataset, Callable[[Thresholds], Snapshot]] | None = None

    def at(self, dataset: Dataset, thresholds: Thresholds) -> Snapshot:
        """The snapshot at some thresholds, made when it is first asked for."""
        held = self._held
        if held is None or held[0] is not dataset:
            take = Latest(partial(take_snapshot, dataset, self._fit), SNAPSHOTS_OF_FIT)
            held = self._held = (dataset, take)  # at once: other sessions read it too
        return held[1](thresholds)
