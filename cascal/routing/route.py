"""Query vectors -> routes with their trace (docs/method.md § 7)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cascal.computing.row_chunks import row_slices
from cascal.computing.threads import in_threads
from cascal.computing_order import best_first
from cascal.datatypes import CascalError, Embeddings, FloatArray, IntArray
from cascal.labels import Correction, LabelRecord, lift_to_first
from cascal.number_format import counted
from cascal.results import Learnt, Rankings, Routes, SkillClusters
from cascal.routing.blend import Blend, faded, faded_share, softmax
from cascal.routing.nearest import UnitVectors
from cascal.routing.reach import Reach, Training
from cascal.routing.router_file import read_router, router_arrays, write_router
from cascal.routing.same_encoder import check_vectors
from cascal.settings import FitSettings, Routing, Thresholds

CHUNK = 1024
"""Queries routed at a time: few enough for their vectors to stay in the processor's cache."""
CHUNKS_FOR_THREADS = 8
"""Batches of so many chunks are worth several threads."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Router:
    """Everything a decision needs; immutable, made by `Fit.router` or `Router.load`.

    representatives (T, D) unit vectors of the tasks; center, spread (M,) of the training
    log-probabilities, for breaking ties between answers; costs (M,) US dollars per 1,000 queries,
    nan where unknown, None where nothing is known; learnt: what the consensus learnt about the
    confidences, None where it learns nothing; labels: those it heeds, whose gate may ask one model
    for every query; correction: what labels add to the scores. A router just made knows its
    `training`, which is never saved; a loaded one brings the `stored_reach`.
    """

    clusters: SkillClusters
    rankings: Rankings
    representatives: FloatArray
    encoder: str
    settings: FitSettings
    thresholds: Thresholds
    fingerprint: str
    center: FloatArray
    spread: FloatArray
    notes: tuple[str, ...] = ()
    costs: FloatArray | None = None
    learnt: Learnt | None = None
    labels: LabelRecord | None = None
    correction: Correction | None = None
    training: Training | None = field(default=None, repr=False)
    stored_reach: Reach | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        known = self.costs is not None and bool(np.isfinite(self.costs).all())
        if self.thresholds.cost_weight and not known:
            raise CascalError(
                f"cost_weight is {self.thresholds.cost_weight:g}, but the cost per query is not "
                "known for every model. Give prices or costs, or set cost_weight to 0.",
                code="unusable-costs",
            )
        if self.labels is not None and self.labels.always not in ("", *self.models):
            raise CascalError(
                f"Labels say to ask always {self.labels.always[:80]!r}, which is not in the pool.",
                code="unknown-model",
            )
        if self.correction is not None:
            self._check_correction(self.correction)

    def _check_correction(self, correction: Correction) -> None:
        """Refuse corrections of another pool or encoder."""
        shape = (len(correction.rectifier.overall), correction.centroids.shape[1])
        if shape != (len(self.models), self.dimension):
            raise CascalError(
                f"The corrections are for {counted(shape[0], 'model')} and vectors of "
                f"{counted(shape[1], 'dimension')}; the router has {len(self.models)} and "
                f"{self.dimension}.",
                code="wrong-shape",
            )

    @property
    def without_labels(self) -> Router:
        """The router as it would be without any label."""
        return self.ungated if self.correction is None else replace(self.ungated, correction=None)

    @property
    def ungated(self) -> Router:
        """The router as it would be without a gate; its scores stay corrected."""
        return self if self.labels is None else replace(self, labels=None)

    @cached_property
    def overall(self) -> FloatArray:
        """(M,) global scores, as labels corrected them."""
        overall = self.rankings.overall
        return overall if self.correction is None else overall + self.correction.rectifier.overall

    @property
    def always(self) -> str:
        """The model that is asked for every query, because labels say so; "" for none."""
        return "" if self.labels is None else self.labels.always

    @property
    def changed_by_labels(self) -> str:
        """What labels change of the routes, in words; "" where they change none."""
        said = [] if not self.always or self.labels is None else [self.labels.effect]
        if self.correction is not None:
            labels = counted(self.correction.n_labels, "label corrects", "labels correct")
            said.append(f"{labels} the scores.")
        return " ".join(said)

    @property
    def models(self) -> tuple[str, ...]:
        """(M,) the pool."""
        return self.rankings.models

    @property
    def tasks(self) -> tuple[str, ...]:
        """(T,) names of the tasks."""
        return self.clusters.tasks

    @property
    def routing(self) -> Routing:
        """The routing in force: the thresholds' own, or the preset's."""
        return self.thresholds.routing or self.settings.routing

    @property
    def dimension(self) -> int:
        """Number of dimensions of the vectors this router reads."""
        return int(self.clusters.centroids.shape[1])

    @cached_property
    def best_overall(self) -> int:
        """The model with the best global score, ties by name: the honest constant choice."""
        by_name = np.argsort(np.asarray(self.models), kind="stable")
        return int(by_name[np.argmax(self.overall[by_name])])

    @cached_property
    def adjustment(self) -> FloatArray:
        """(M,) what is added to every score: the best model's margin, minus λ · cost."""
        added = np.zeros(len(self.models))
        added[self.best_overall] = self.routing.margin
        if self.costs is not None and self.thresholds.cost_weight:
            added -= self.thresholds.cost_weight * self.costs
        return added

    @cached_property
    def _sharpened(self) -> FloatArray:
        """(C, M) softmax of the scores; all 0 for a cluster whose scores sum to ≤ 0."""
        scores = self.rankings.scores
        sharp = softmax(scores / self.routing.scoring_temperature)
        return np.where(scores.sum(axis=1, keepdims=True) > 0, sharp, 0.0)

    @cached_property
    def _centroids(self) -> UnitVectors:
        return UnitVectors(np.ascontiguousarray(self.clusters.centroids, dtype=np.float64))

    @cached_property
    def _representatives(self) -> UnitVectors:
        return UnitVectors(np.ascontiguousarray(self.representatives, dtype=np.float64))

    @cached_property
    def at_centers(self) -> Blend:
        """What a query exactly at the centre of each cluster meets on its way (C rows)."""
        return self.blend(self.clusters.centroids)

    @cached_property
    def cluster_order(self) -> IntArray:
        """(C, M) models of a query exactly at each centre, best first, by the routing in force.

        Neighbouring clusters, bonus and cost weight count as they do for any query. Whatever names
        the best models of a cluster names these.
        """
        return best_first(self.at_centers.scores, self.models, len(self.models))

    @cached_property
    def consensus_order(self) -> IntArray:
        """(C, M) models by mean consensus score over each cluster's queries: "by consensus alone".

        Joining compares these; routing does not use them.
        """
        return best_first(self.rankings.mean_scores, self.models, len(self.models))

    @cached_property
    def scores_alone(self) -> FloatArray:
        """(C, M) scores of a query that lies in one cluster alone, bonus and cost included."""
        table = self._sharpened if self.routing.sharp else self.rankings.scores
        alone = table + self.adjustment
        if self.correction is not None:
            alone = alone + self.correction.at(self.clusters.centroids)
        return np.asarray(alone + self._gate(alone))

    @cached_property
    def first_alone(self) -> IntArray:
        """(C,) the first model of a query that lies in one cluster alone."""
        return best_first(self.scores_alone, self.models, 1)[:, 0]

    @property
    def reach(self) -> Reach | None:
        """How far the training queries reach; a query beyond is unlike any of them.

        None where nobody can tell: below 100 training queries, or in a file of a version that did
        not store it. Computed when it is first asked for: moving a threshold need not wait for it.
        """
        return self.training.reach if self.training is not None else self.stored_reach

    def route(self, vectors: Embeddings | FloatArray) -> Routes:
        """Decide for every query: (Q, D) vectors, as `Embeddings` or unit rows.

        `EncoderMismatch` if they come from another encoder or have another dimension.
        """
        query_ids, array = self._checked(vectors)
        n_queries, n_models = len(array), len(self.models)
        task, cluster = np.empty((2, n_queries), dtype=np.int64)
        distance, fallback = np.empty((2, n_queries))
        scores = np.empty((n_queries, n_models))
        selected = np.empty((n_queries, min(self.thresholds.top_k, n_models)), dtype=np.int64)

        def decide(rows: slice) -> None:
            met = self.blend(array[rows])
            task[rows], cluster[rows] = met.task, met.nearest[:, 0]
            distance[rows], fallback[rows] = met.distances[:, 0], met.alpha
            scores[rows] = met.scores
            selected[rows] = best_first(met.scores, self.models, selected.shape[1])

        in_threads(decide, list(row_slices(n_queries, CHUNK)), CHUNKS_FOR_THREADS)
        return Routes(
            query_ids=query_ids,
            models=self.models,
            tasks=self.tasks,
            task=task,
            cluster=cluster,
            distance=distance,
            scores=scores,
            selected=selected,
            fallback=fallback,
            center=self.center,
            spread=self.spread,
        )

    def _checked(self, vectors: Embeddings | FloatArray) -> tuple[tuple[str, ...], FloatArray]:
        if not isinstance(vectors, Embeddings):
            vectors = np.atleast_2d(np.asarray(vectors))
        check_vectors(self, vectors)
        if isinstance(vectors, Embeddings):
            query_ids, array = vectors.query_ids, vectors.vectors
        else:
            query_ids, array = tuple(str(row) for row in range(len(vectors))), vectors
        if not np.isfinite(array).all():
            raise CascalError(
                "The vectors hold nan or infinite numbers. Encode the queries again.",
                code="unusable-vector",
            )
        return query_ids, array

    def blend(self, vectors: FloatArray) -> Blend:
        """The whole computation for unit rows (Q, D), unchecked."""
        routing = self.routing
        task, nearest, distances = self._near(vectors)
        weights = softmax(-distances / routing.distance_temperature)
        table = self._sharpened if routing.sharp else self.rankings.scores
        scores = np.einsum("qk,qkm->qm", weights, table[nearest])
        alpha = faded_share(distances[:, 0], routing.fallback_distance)
        plain = faded(scores, alpha, self.rankings.overall)
        if self.correction is None:
            scores = plain
        else:
            wide = np.asarray(vectors, dtype=np.float64)
            scores = faded(scores + self.correction.at(wide), alpha, self.overall)
        from_labels = scores - plain
        if self.adjustment.any():
            scores = scores + self.adjustment
        if self.always:
            lift = self._gate(scores)
            scores, from_labels = scores + lift, from_labels + lift
        return Blend(
            task=task,
            nearest=nearest,
            distances=distances,
            weights=weights,
            alpha=alpha,
            scores=scores,
            from_labels=from_labels,
        )

    def _near(self, rows: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
        """The task (Q,) of each row, its nearest clusters and their distances, both (Q, k)."""
        routing, clusters = self.routing, self.clusters
        compared = self._centroids.compared(rows)
        if routing.two_stage:
            task = self._representatives.compared(compared.rows).first()
        elif not routing.across_tasks:
            task = clusters.task[compared.first()]
        if not routing.across_tasks:
            compared = compared.among(clusters.task == task[:, None])
        k = 1 if routing.kind == "nearest" else min(routing.k_nearest, len(clusters))
        nearest, distances = compared.nearest(k)
        if routing.across_tasks:
            task = clusters.task[nearest[:, 0]]
        return task, nearest, distances

    def task_similarity(self, rows: FloatArray) -> FloatArray:
        """(Q, T) cosine of unit rows (Q, D) and the representatives of the tasks."""
        return np.asarray(rows @ self.representatives.T)

    def _gate(self, scores: FloatArray) -> FloatArray:
        """(Q, M) what lifts the model that is always asked above the others; 0 without a gate."""
        if not self.always:
            return np.zeros(scores.shape)
        return lift_to_first(scores, self.models.index(self.always))

    def save(self, path: str | Path) -> None:
        """Write the router as one file: JSON and arrays without pickle, with a checksum.

        Holds no query text and no response.
        """
        write_router(Path(path), self)

    def arrays(self) -> dict[str, Any]:
        """What the router is made of, by name, as its file holds it."""
        return router_arrays(self)

    @classmethod
    def load(cls, path: str | Path) -> Router:
        """Read a router; needs no streamlit, duckdb or torch. `ArtefactError` if damaged."""
        return read_router(Path(path), cls)
