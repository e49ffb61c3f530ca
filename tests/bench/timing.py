"""How long a piece of work takes, and how fast the machine could be."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from .worlds import DIMENSION

ROWS_OF_RATE, CENTERS_OF_RATE = 4_096, 256


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def multiplications_per_second() -> float:
    """Measured rate of float64 products of large matrices, multiply and add counted as two."""
    rows = np.random.default_rng(0).normal(size=(ROWS_OF_RATE, DIMENSION))
    centers = rows[:CENTERS_OF_RATE].T.copy()
    best = min(seconds(lambda: rows @ centers) for _ in range(5))
    return 2.0 * len(rows) * DIMENSION * centers.shape[1] / best


def kmeans_floor(n_comparisons: float) -> float:
    """Seconds of the products alone that so many comparisons of a query with a centre need."""
    return 2.0 * DIMENSION * n_comparisons / multiplications_per_second()
