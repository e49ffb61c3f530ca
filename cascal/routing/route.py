"""Query vectors -> routes with their trace (docs/method.md § 7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cascal.artefact import ArtefactError, read_artefact, write_artefact
from cascal.computing_order import best_first
from cascal.datatypes import CascalError, Embeddings, FloatArray, IntArray
from cascal.labels import Correction, LabelRecord, lift_to_first
from cascal.results import LEARNT_PER_MODEL, Learnt, Rankings, Routes, SkillClusters
from cascal.routing.reach import Reach, Training
from cascal.routing.router_parts import check_parts
from cascal.settings import FitSettings, Routing, Thresholds

FALLBACK_WIDTH = 0.2
"""Distance over which the global ranking fades in completely (released code)."""
CHUNK = 1024
"""Queries routed at a time: few enough for their vectors to stay in the processor's cache."""


class EncoderMismatch(CascalError):
    """Vectors of another encoder or dimension than the router's."""


class FittedOnVectors(Protocol):
    """Anything that reads the vectors of one encoder."""

    @property
    def encoder(self) -> str:
        """Id of the encoder."""

    @property
    def dimension(self) -> int:
        """Number of dimensions of its vectors."""


def check_encoder(encoder_id: str, wanted: str) -> None:
    """Refuse another encoder than the one a router was fitted with: `EncoderMismatch`."""
    if encoder_id != wanted:
        raise EncoderMismatch(
            f"The encoder {encoder_id!r} is not the one this router was fitted with ({wanted!r}). "
            "Name that one, or fit again.",
            code="other-encoder",
        )


def check_vectors(router: FittedOnVectors, vectors: Embeddings | FloatArray) -> None:
    """Refuse vectors (Q, D) of another encoder or dimension than the router's: `EncoderMismatch`.

    A bare array is taken to come from the router's encoder.
    """
    if isinstance(vectors, Embeddings):
        check_encoder(vectors.encoder, router.encoder)
        vectors = vectors.vectors
    if vectors.shape[1] != router.dimension:
        raise EncoderMismatch(
            f"The vectors have {vectors.shape[1]} dimensions, this router needs "
            f"{router.dimension} (encoder {router.encoder!r}).",
            code="other-encoder",
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Blend:
    """What a batch of vectors met on its way: everything a trace shows.

    near_task (Q,) and task_similarity (Q, T); task (Q,) chosen; nearest (Q, k) clusters and
    their distances and weights (Q, k); alpha (Q,) of the fallback; scores (Q, M), in which
    from_labels (Q, M) is what labels added
    """

    task: IntArray
    task_similarity: FloatArray
    nearest: IntArray
    distances: FloatArray
    weights: FloatArray
    alpha: FloatArray
    scores: FloatArray
    from_labels: FloatArray


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
                f"The corrections are for {shape[0]} models and vectors of {shape[1]} dimensions; "
                f"the router has {len(self.models)} and {self.dimension}.",
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
        parts = [self.blend(chunk) for chunk in _chunks(array)]
        scores = _join([part.scores for part in parts], (0, len(self.models)))
        k = min(self.thresholds.top_k, len(self.models))
        return Routes(
            query_ids=query_ids,
            models=self.models,
            tasks=self.tasks,
            task=_join([part.task for part in parts], (0,), np.int64),
            cluster=_join([part.nearest[:, 0] for part in parts], (0,), np.int64),
            distance=_join([part.distances[:, 0] for part in parts], (0,)),
            scores=scores,
            selected=best_first(scores, self.models, k),
            fallback=_join([part.alpha for part in parts], (0,)),
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
        rows = np.asarray(vectors, dtype=np.float64)
        routing = self.routing
        every = rows @ np.concatenate([self.clusters.centroids, self.representatives]).T
        similarity, task_similarity = np.split(every, [len(self.clusters)], axis=1)
        if routing.two_stage:
            task = np.argmax(task_similarity, axis=1)
        else:
            task = self.clusters.task[np.argmax(similarity, axis=1)]
        if not routing.across_tasks:
            other = self.clusters.task[None, :] != task[:, None]
            similarity = np.where(other, -np.inf, similarity)
        k = 1 if routing.kind == "nearest" else min(routing.k_nearest, len(self.clusters))
        nearest, distances = _nearest(similarity, k)
        weights = softmax(-distances / routing.distance_temperature)
        table = self._sharpened if routing.sharp else self.rankings.scores
        scores = np.einsum("qk,qkm->qm", weights, table[nearest])
        alpha = self._alpha(distances[:, 0])
        plain = _faded(scores, alpha, self.rankings.overall)
        if self.correction is None:
            scores = plain
        else:
            scores = _faded(scores + self.correction.at(rows), alpha, self.overall)
        from_labels = scores - plain
        if self.adjustment.any():
            scores = scores + self.adjustment
        if self.always:
            lift = self._gate(scores)
            scores, from_labels = scores + lift, from_labels + lift
        return Blend(
            task=task,
            task_similarity=task_similarity,
            nearest=nearest,
            distances=distances,
            weights=weights,
            alpha=alpha,
            scores=scores,
            from_labels=from_labels,
        )

    def _gate(self, scores: FloatArray) -> FloatArray:
        """(Q, M) what lifts the model that is always asked above the others; 0 without a gate."""
        if not self.always:
            return np.zeros(scores.shape)
        return lift_to_first(scores, self.models.index(self.always))

    def _alpha(self, distance: FloatArray) -> FloatArray:
        """(Q,) how far the global ranking fades in, by the distance to the nearest cluster."""
        limit = self.routing.fallback_distance
        if limit is None:
            return np.zeros(len(distance))
        return np.clip((distance - limit) / FALLBACK_WIDTH, 0.0, 1.0)

    def save(self, path: str | Path) -> None:
        """Write the router as one file: JSON and arrays without pickle, with a checksum.

        Holds no query text and no response.
        """
        header = {
            "encoder": self.encoder,
            "dimension": self.dimension,
            "models": list(self.models),
            "tasks": list(self.tasks),
            "settings": self.settings.record(),
            "thresholds": asdict(self.thresholds),
            "fingerprint": self.fingerprint,
            "notes": list(self.notes),
            "reach": None if self.reach is None else self.reach.limit,
            "learnt": None if self.learnt is None else self.learnt.shared,
            "labels": None if self.labels is None else self.labels.to_dict(),
            "correction": None if self.correction is None else self.correction.header(),
        }
        heeded = self.labels is not None or self.correction is not None
        write_artefact(Path(path), header, self.arrays(), heeded=heeded)

    def arrays(self) -> dict[str, Any]:
        """What the router is made of, by name, as its file holds it."""
        clusters, rankings = self.clusters, self.rankings
        return {
            "centroids": clusters.centroids,
            "cluster_task": clusters.task,
            "support": clusters.support,
            "assignment": clusters.assignment,
            "owner": clusters.owner,
            "scores": rankings.scores,
            "mean_scores": rankings.mean_scores,
            "standard_error": rankings.standard_error,
            "trust": rankings.trust,
            "order": rankings.order,
            "overall": rankings.overall,
            "representatives": self.representatives,
            "center": self.center,
            "spread": self.spread,
            **({} if self.costs is None else {"costs": self.costs}),
            **({} if self.reach is None else {"reach_precision": self.reach.precision}),
            **({} if self.learnt is None else _named("learnt_", self.learnt.per_model)),
            **({} if self.correction is None else self.correction.arrays()),
        }

    @classmethod
    def load(cls, path: str | Path) -> Router:
        """Read a router; needs no streamlit, duckdb or torch. `ArtefactError` if damaged."""
        header, stored = read_artefact(Path(path))
        name = Path(path).name
        if "kind" in header:
            raise ArtefactError(
                f"{name} holds a router by {str(header['kind'])[:40]}, not by votes. `cascal "
                "route` and `cascal serve` take it, and cascal.ScoreRouter.load.",
                code="foreign-file",
            )
        try:
            check_parts(header, stored)
            return _from_parts(header, stored)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ArtefactError(
                f"{name} lacks a part of a router: {error}.", code="damaged-file"
            ) from error
        except CascalError as error:
            raise ArtefactError(
                f"{name} holds no router that can be used: {error} Export the router again.",
                code="damaged-file",
            ) from error


def _from_parts(header: dict[str, Any], stored: dict[str, Any]) -> Router:
    models = tuple(header["models"])
    thresholds = dict(header["thresholds"])
    if thresholds["routing"] is not None:
        thresholds["routing"] = Routing(**thresholds["routing"])
    clusters = SkillClusters(
        tuple(header["tasks"]),
        stored["centroids"],
        stored["cluster_task"],
        stored["support"],
        stored["assignment"],
        stored["owner"],
    )
    rankings = Rankings(
        models=models,
        scores=stored["scores"],
        mean_scores=stored["mean_scores"],
        standard_error=stored["standard_error"],
        trust=stored["trust"],
        order=stored["order"],
        overall=stored["overall"],
    )
    reach = None
    if header.get("reach") is not None:
        reach = Reach(stored["reach_precision"], header["reach"])
    learnt = None
    if header.get("learnt") is not None:
        per_model = {name: stored[f"learnt_{name}"] for name in LEARNT_PER_MODEL}
        learnt = Learnt(**header["learnt"], **per_model)
    return Router(
        clusters=clusters,
        rankings=rankings,
        representatives=stored["representatives"],
        encoder=header["encoder"],
        settings=FitSettings.from_record(header["settings"]),
        thresholds=Thresholds(**thresholds),
        fingerprint=header["fingerprint"],
        center=stored["center"],
        spread=stored["spread"],
        notes=tuple(header["notes"]),
        costs=stored.get("costs"),
        learnt=learnt,
        labels=LabelRecord.from_dict(header.get("labels")),
        correction=Correction.from_parts(header.get("correction"), stored),
        stored_reach=reach,
    )


def _faded(scores: FloatArray, alpha: FloatArray, overall: FloatArray) -> FloatArray:
    """(Q, M) scores with the global ones (M,) mixed in by alpha (Q,); unchanged where it is 0."""
    if not alpha.any():
        return scores
    total = scores.sum(axis=1, keepdims=True)
    share = np.divide(scores, total, out=np.zeros_like(scores), where=total != 0)
    common = overall / overall.sum() if overall.sum() else np.zeros_like(overall)
    mixed = (1.0 - alpha)[:, None] * share + alpha[:, None] * common
    return np.where((alpha > 0)[:, None], mixed, scores)


def _named(prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {prefix + name: array for name, array in arrays.items()}


def softmax(values: FloatArray) -> FloatArray:
    """exp(x) / Σ exp(x) over the last axis; the same bits as SciPy's, which is slow to import."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def _chunks(array: FloatArray) -> Iterator[FloatArray]:
    for start in range(0, len(array), CHUNK):
        yield array[start : start + CHUNK]


def _join(
    parts: Sequence[NDArray[Any]], empty: tuple[int, ...], dtype: type = np.float64
) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(empty, dtype=dtype)


def _nearest(similarity: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """The k columns of largest similarity, best first, and their distances: both (Q, k).

    Where fewer columns are allowed (−inf), the distance is inf, so the weight becomes 0.
    """
    left = np.array(similarity)
    each = np.arange(len(left))
    nearest = np.empty((len(left), k), dtype=np.int64)
    distances = np.empty((len(left), k))
    for place in range(k):
        nearest[:, place] = np.argmax(left, axis=1)
        distances[:, place] = 1.0 - left[each, nearest[:, place]]
        left[each, nearest[:, place]] = -np.inf
    return nearest, distances
