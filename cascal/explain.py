"""One route, explained end to end: what the dashboard, the CLI and an API show of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cascal.computing_order import best_first
from cascal.datatypes import FloatArray, IntArray
from cascal.encode.neighbours import nearest_in_order
from cascal.files.plain_json import without_nan
from cascal.number_format import counted, decimal
from cascal.results import SkillClusters
from cascal.routing.blend import Blend
from cascal.routing.leads import DECIMALS, Lead, lead_in_words, lead_noise, score_errors
from cascal.routing.reasons import (
    Change,
    by_bonus,
    by_outcome,
    called,
    caution_of,
    farther_than,
    score_parts,
    what_would_change,
    why_first,
)
from cascal.routing.route import Router

NEAREST_TASKS = 3
GUESS = 1.1
"""So many times as far as the farthest training query, a route is a guess."""
NEAREST_QUERIES = 5
"""Training queries whose clusters are held against the nearest cluster."""


@dataclass(frozen=True)
class TracedCluster:
    """A cluster that took part; `first_alone` would be chosen if the query lay in it alone."""

    cluster: int
    task: str
    distance: float
    weight: float
    size: int
    first_alone: str


@dataclass(frozen=True, kw_only=True)
class TracedModel:
    """A model's score and where it comes from; standard_error is nan where it is unknown."""

    model: str
    rank: int
    score: float
    standard_error: float
    from_clusters: float
    from_fallback: float
    margin_bonus: float
    cost_penalty: float
    from_labels: float
    selected: bool


@dataclass(frozen=True, kw_only=True)
class RouteTrace:
    """The whole decision for one query.

    training_distance is that from the training queries as a whole, 1 for a usual one of them, and
    99 % of them lie within reach: a query beyond is far. within is the share of them that lies
    nearer, farthest the distance of the last. All are None where the router does not know its
    reach; then nothing is far. nearest_tasks are (name, distance); effective_clusters is
    exp(entropy of the weights): 1 = one cluster decided alone; lead is the score difference of the
    first and second model. because is the clause that says what decided, brief the same in a few
    words. by_bonus: without the bonus for the best model overall another model would come first;
    changes says what else would put which model first. nearby says in which cluster most of the
    nearest training queries lie, empty where that is the nearest cluster, or none, and where the
    router does not know them, as one of a file.
    by_labels says what labels changed, empty where the router heeds none.
    """

    task: str
    task_rule: str
    training_distance: float | None
    reach: float | None
    within: float | None
    farthest: float | None
    nearest_tasks: tuple[tuple[str, float], ...]
    clusters: tuple[TracedCluster, ...]
    models: tuple[TracedModel, ...]
    fallback_limit: float | None
    fallback_share: float
    lead: float
    effective_clusters: float
    because: str
    brief: str
    nearby: str
    by_bonus: bool
    changes: tuple[Change, ...]
    by_labels: str
    preset: str
    encoder: str

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the selected models, best first."""
        return tuple(one.model for one in self.models if one.selected)

    @property
    def lead_noise(self) -> float:
        """Half the 95 % interval of the lead, as if both errors were independent; nan: unknown."""
        if len(self.models) < 2:
            return float("nan")
        first, second = self.models[:2]
        return lead_noise(first.standard_error, second.standard_error)

    @property
    def lead_words(self) -> Lead | None:
        """The lead in words; None with one model."""
        if len(self.models) < 2:
            return None
        first, second = (one.score for one in self.models[:2])
        return lead_in_words(first, second, self.lead_noise)

    @property
    def doubt(self) -> str:
        """That the lead may be chance, where it may; else empty."""
        words = self.lead_words
        if words is None or not self.lead < self.lead_noise:
            return ""
        lead = "With the bonus the lead" if self.by_bonus else "The lead"
        return f"{lead} of {words.lead} is within the noise (±{words.noise})."

    @property
    def beside_consensus(self) -> str:
        """What the scores contain beside consensus and labels; "" where that is nothing."""
        said = [
            f"The score of {one.model} contains the bonus for the best model overall: "
            f"{decimal(one.score - one.margin_bonus, DECIMALS)} + {one.margin_bonus:g}."
            for one in self.models
            if one.margin_bonus
        ]
        if any(one.cost_penalty for one in self.models):
            said.append("The cost weight is taken off every score.")
        return " ".join(said)

    @property
    def what_would_change(self) -> tuple[str, ...]:
        """Sentences on what would put another model first, one for each such model."""
        return by_outcome(self.changes)

    @property
    def far(self) -> bool:
        """Whether the query is farther from the training queries than almost all of them."""
        distance, reach = self.training_distance, self.reach
        return distance is not None and reach is not None and distance > reach

    @property
    def caution(self) -> str:
        """What to say of a far query; empty for any other."""
        distance, reach = self.training_distance, self.reach
        if not self.far or distance is None or reach is None:
            return ""
        return caution_of(distance, reach, self.within, self.farthest)

    @property
    def headline(self) -> str:
        """Where the query goes, with as much doubt as its distance from training asks for."""
        first, *others = (one.model for one in self.models)
        distance, farthest = self.training_distance, self.farthest
        if self.far and distance and farthest and distance > GUESS * farthest:
            return f"Unlike any training query: {first} is a guess"
        if self.far:
            return f"Perhaps {first}: unlike almost all training queries"
        words, how = self.lead_words, self.brief
        if words is not None and words.ahead and not self.by_bonus:
            how = f"{words.ahead} {others[0]}"
        return f"This query goes to {first}, {how}"

    @property
    def remoteness(self) -> str:
        """How far the query is from the training queries, beside themselves; "" where unknown."""
        if self.within is None:
            return ""
        return f"Its distance from the training queries: {farther_than(self.within)}."

    @property
    def reason(self) -> str:
        """Why the query goes where it goes, in one sentence."""
        return f"Routed to {self.models[0].model}, because {self.because}."

    def to_dict(self) -> dict[str, Any]:
        """JSON types only; nan becomes None."""
        plain: dict[str, Any] = without_nan(asdict(self))
        plain["selected"] = list(self.selected)
        plain |= {"headline": self.headline, "reason": self.reason, "doubt": self.doubt}
        plain |= {"far": self.far, "caution": self.caution}
        plain |= {"what_would_change": list(self.what_would_change)}
        plain["sure"] = "" if self.lead_words is None else self.lead_words.sure
        return plain | without_nan({"lead_noise": self.lead_noise})


def explain(router: Router, vector: FloatArray, labels: Sequence[str] = ()) -> RouteTrace:
    """Trace the route of one query from its unit vector (D,).

    labels : (C,) what the sentences call the clusters; their numbers without any
    """
    row = np.asarray(vector, dtype=np.float64)[None, :]
    blend = router.blend(row)
    order = best_first(blend.scores[0], router.models)
    lead = np.nan
    if len(order) > 1:
        lead = float(blend.scores[0, order[0]] - blend.scores[0, order[1]])
    weights = blend.weights[0][blend.weights[0] > 0]
    task_distance = 1.0 - router.task_similarity(row)[0]
    nearest_tasks = np.argsort(task_distance, kind="stable")[:NEAREST_TASKS]
    routing, reach = router.routing, router.reach
    distance = None if reach is None else float(reach.distances(row)[0])
    why = why_first(router, blend, order, labels)
    return RouteTrace(
        task=router.tasks[blend.task[0]],
        task_rule="nearest task representative"
        if routing.two_stage
        else "task of the nearest cluster",
        training_distance=distance,
        reach=None if reach is None else reach.limit,
        within=None if reach is None or distance is None else reach.share_within(distance),
        farthest=None if reach is None else reach.farthest,
        nearest_tasks=tuple((router.tasks[t], float(task_distance[t])) for t in nearest_tasks),
        clusters=_clusters(router, blend),
        models=_models(router, blend, order),
        fallback_limit=routing.fallback_distance,
        fallback_share=float(blend.alpha[0]),
        lead=lead,
        effective_clusters=float(np.exp(-(weights * np.log(weights)).sum())),
        because=why.because,
        brief=why.brief,
        nearby=_nearby(router, row, int(blend.nearest[0, 0]), labels),
        by_bonus=by_bonus(router, blend, order),
        changes=what_would_change(router, blend, order, labels),
        by_labels=_by_labels(router, row, order),
        preset=router.settings.name,
        encoder=router.encoder,
    )


def _clusters(router: Router, blend: Blend) -> tuple[TracedCluster, ...]:
    clusters, sizes = router.clusters, router.clusters.sizes
    return tuple(
        TracedCluster(
            int(c),
            router.tasks[clusters.task[c]],
            float(distance),
            float(weight),
            int(sizes[c]),
            router.models[router.first_alone[c]],
        )
        for c, distance, weight in zip(
            blend.nearest[0], blend.distances[0], blend.weights[0], strict=True
        )
        if weight > 0
    )


def _models(router: Router, blend: Blend, order: IntArray) -> tuple[TracedModel, ...]:
    """Every model with the parts of its score, best first."""
    scores, parts = blend.scores[0], score_parts(router, blend)
    error = score_errors(router, blend)[0]
    k = min(router.thresholds.top_k, len(scores))
    return tuple(
        TracedModel(
            model=router.models[m],
            rank=rank + 1,
            score=float(scores[m]),
            standard_error=float(error[m]),
            from_clusters=float(parts.from_clusters[m]),
            from_fallback=float(parts.from_fallback[m]),
            margin_bonus=float(parts.bonus[m]),
            cost_penalty=float(parts.penalty[m]),
            from_labels=float(parts.from_labels[m]),
            selected=rank < k,
        )
        for rank, m in enumerate(order)
    )


def _nearby(router: Router, row: FloatArray, nearest: int, labels: Sequence[str]) -> str:
    """Where most of the nearest training queries lie, if not in the nearest cluster."""
    if router.training is None or len(router.training.vectors) < NEAREST_QUERIES:
        return ""
    clusters, vectors = router.clusters, router.training.vectors
    _, rows, _ = next(nearest_in_order(row.astype(vectors.dtype), vectors, NEAREST_QUERIES))
    counts = np.bincount(clusters.assignment[rows[0]], minlength=len(clusters))
    most = int(counts.argmax())
    if most == nearest or 2 * counts[most] <= NEAREST_QUERIES:
        return ""
    said = (
        f"{counts[most]} of the {NEAREST_QUERIES} nearest training queries lie in "
        f"{called(router, most, labels)}"
    )
    own, other = (1.0 - clusters.centroids[[nearest, most]] @ row[0]).tolist()
    if other < own:
        return f"{said}, a cluster that its task rules out."
    widths = [_width(clusters, vectors, cluster) for cluster in (nearest, most)]
    what = "a wider cluster whose" if widths[1] > widths[0] else "whose"
    return f"{said}, {what} centre is farther."


def _width(clusters: SkillClusters, vectors: FloatArray, cluster: int) -> float:
    """The mean distance of a cluster's training queries to its centroid."""
    return float(
        1.0 - (vectors[clusters.assignment == cluster] @ clusters.centroids[cluster]).mean()
    )


def _by_labels(router: Router, row: FloatArray, order: IntArray) -> str:
    """What labels make of a query; empty where the router heeds none."""
    first = router.models[order[0]]
    effect = "" if router.labels is None else router.labels.effect
    if router.correction is not None and not router.always:
        labels = counted(router.correction.n_labels, "label corrects", "labels correct")
        effect = f"{effect} {labels} the scores.".strip()
    elif not router.always:
        return effect
    free = router.without_labels
    other = free.models[best_first(free.blend(row).scores[0], free.models, 1)[0]]
    if other == first:
        return f"{effect} Without them it would go there too."
    return f"{effect} Without them this query would go to {other}."
