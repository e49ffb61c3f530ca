"""Chunks of rows by a thread for each processor: numpy computes outside Python's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cascal.computing.blas import one_blas_thread


def in_threads(work: Callable[[slice], None], chunks: Sequence[slice], least: int) -> None:
    """Do the work of every chunk, at once where there are `least` chunks or more.

    The work of a chunk writes what it finds into places of its own, so the order does not matter.
    """
    if len(chunks) < least:
        for rows in chunks:
            work(rows)
        return
    from concurrent.futures import ThreadPoolExecutor  # few need them

    from joblib import cpu_count  # knows what a container may use, but is slow to import

    with one_blas_thread(numpy_alone=True), ThreadPoolExecutor(cpu_count()) as threads:
        for _ in threads.map(work, chunks):
            pass
