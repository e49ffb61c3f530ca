"""What libraries of others need for a part of the work, on the same data in the same run."""

from __future__ import annotations

import numpy as np
import pandas as pd

import cascal
from cascal.datatypes import FloatArray

from .timing import seconds


def by_answer(votes: cascal.Votes) -> pd.DataFrame:
    """One row for each answer, as crowd-kit takes it."""
    rows, columns = np.nonzero(votes.answered)
    return pd.DataFrame({"task": rows, "worker": columns, "label": votes.answers[rows, columns]})


def crowd_kit_seconds(name: str, votes: cascal.Votes) -> float:
    """Seconds of crowd-kit's aggregator of this name, at its own defaults.

    They learn from who gave which answer; the product's consensus reads log-probabilities as well.
    """
    import crowdkit.aggregation

    aggregator, table = getattr(crowdkit.aggregation, name)(), by_answer(votes)
    return seconds(lambda: aggregator.fit(table))


def faiss_rates(centroids: FloatArray, queries: FloatArray, repetitions: int) -> list[float]:
    """Queries a second whose nearest centroid a flat index of faiss finds, in one thread.

    That is less than a route: the nearest of all centroids, no task, no blend, no scores.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(centroids.shape[1])
    index.add(np.ascontiguousarray(centroids, dtype=np.float32))
    index.search(queries, 1)
    return [len(queries) / seconds(lambda: index.search(queries, 1)) for _ in range(repetitions)]
