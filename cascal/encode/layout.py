"""Vectors -> points on a map that never moves, and the place of new vectors on it."""

from __future__ import annotations

import importlib.metadata
import json
import threading
import warnings
from typing import Any

import numpy as np

from cascal.columns import Progress
from cascal.datatypes import CascalError, FloatArray, IntArray
from cascal.encode.neighbours import nearest_in_order

_EXACT_UP_TO = 30_000

_umap_lock = threading.Lock()  # numba aborts the whole process when two threads enter UMAP


def layout(
    vectors: FloatArray,
    *,
    seed: int = 0,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    progress: Progress | None = None,
) -> FloatArray:
    """Place vectors (Q, D) on a map (Q, 2) float32 by UMAP with cosine distance.

    Repeatable bit for bit on one machine, and the same in any order of rows: equal vectors share
    one point, distinct ones enter in canonical order. Below 15 distinct vectors the first two
    principal components are taken, for 0 or 1 the map is zeros. Up to 30,000 vectors the nearest
    neighbours are exact. One map at a time is computed, others wait.

    Reference: McInnes, Healy, Melville 2018, arXiv:1802.03426; started from principal components
    (Kobak, Linderman 2021, doi:10.1038/s41587-020-00809-z), not from the spectral embedding.
    """
    distinct, point = _distinct_rows(vectors)
    if len(distinct) < 15:
        xy = _principal_components(distinct)
    else:
        with _umap_lock:
            xy = umap_layout(
                distinct, seed, min(n_neighbors, len(distinct) - 1), min_dist, progress
            )
    if progress is not None:
        progress(1.0, "Map drawn")
    return xy[point].astype(np.float32)


def _distinct_rows(vectors: FloatArray) -> tuple[FloatArray, IntArray]:
    """The distinct rows in an order of their own, and the position of every row among them."""
    if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():
        raise CascalError(
            f"A map needs finite vectors (Q, D), got shape {vectors.shape}.", code="unusable-vector"
        )
    rows = np.ascontiguousarray(vectors, dtype=np.float32) + np.float32(0.0)  # no −0
    keys = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first, point = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], point


def layout_parameters(*, seed: int = 0, n_neighbors: int = 15, min_dist: float = 0.1) -> str:
    """All that decides a map besides its vectors, as JSON: a part of the key it is stored under."""
    try:
        version = importlib.metadata.version("umap-learn")
    except importlib.metadata.PackageNotFoundError:
        version = None
    values = {"init": "pca", "metric": "cosine", "min_dist": min_dist, "n_neighbors": n_neighbors}
    return json.dumps({"layout": 1, "seed": seed, "umap": version, **values}, sort_keys=True)


def umap_layout(
    vectors: FloatArray, seed: int, n_neighbors: int, min_dist: float, progress: Progress | None
) -> FloatArray:
    """UMAP of distinct rows; not to be entered by two threads at once (see `layout`)."""
    options: dict[str, Any] = {"n_neighbors": n_neighbors, "min_dist": min_dist}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
        warnings.filterwarnings("ignore", r"precomputed_knn\[2\]", UserWarning)  # no transform
        try:
            from umap import UMAP
        except ImportError:
            raise CascalError(
                "The map needs umap-learn, which is not installed. Install the extra app "
                "(pip install 'cascal[app]').",
                code="not-installed",
            ) from None
        if len(vectors) <= _EXACT_UP_TO:  # also spares the minute of compiling the approximation
            rows, cosines = _nearest(vectors, vectors, n_neighbors, progress)
            options["precomputed_knn"] = (rows, np.clip(1.0 - cosines, 0.0, 2.0))
        if progress is not None:
            progress(0.3, "Drawing the map")
        umap = UMAP(metric="cosine", init="pca", random_state=seed, n_jobs=1, **options)
        return np.asarray(umap.fit_transform(vectors))


def _nearest(
    queries: FloatArray, vectors: FloatArray, k: int, progress: Progress | None = None
) -> tuple[IntArray, FloatArray]:
    """Rows and cosines (n, k) of the nearest vectors, nearest first, ties by row."""
    rows = np.zeros((len(queries), k), dtype=np.int64)
    cosines = np.zeros((len(queries), k), dtype=np.float32)
    for part, *near in nearest_in_order(queries, vectors, k):
        rows[part], cosines[part] = near
        if progress is not None:
            progress(0.3 * part.start / len(queries), "Finding neighbours")
    return rows, cosines


def _principal_components(vectors: FloatArray) -> FloatArray:
    """First two principal components (n, 2); the largest loading of each is positive."""
    xy = np.zeros((len(vectors), 2))
    if len(vectors) < 2:
        return xy
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    xy[:, : len(axes)] = centred @ (axes * np.sign(largest)).T
    return np.where(np.abs(xy) < 1e-9, 0.0, xy)


def place(vectors_new: FloatArray, vectors: FloatArray, xy: FloatArray, k: int = 5) -> FloatArray:
    """Put new vectors (n, D) on the existing map `xy` (Q, 2) of `vectors` (Q, D).

    A new point is the mean of its k nearest neighbours' points, weighted by their cosine; a vector
    that is on the map already lands on its own point.
    """
    if len(vectors) == 0 or len(xy) != len(vectors) or vectors_new.shape[1] != vectors.shape[1]:
        raise CascalError(
            f"Vectors of shape {vectors_new.shape} cannot be placed on a map of {len(xy)} points "
            f"made from vectors of shape {vectors.shape}. Compute the map with this encoder first.",
            code="wrong-shape",
        )
    rows, cosines = _nearest(vectors_new, vectors, min(k, len(vectors)))
    weights = np.clip(cosines.astype(np.float64), 1e-6, None)
    on_map = weights[:, 0] > 1.0 - 1e-6
    weights[on_map] = np.where(cosines[on_map] >= cosines[on_map, :1], 1.0, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("nk,nkd->nd", weights, xy[rows]), dtype=np.float32)
