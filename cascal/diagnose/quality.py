"""What training queries are worth: do they tell models apart, repeat themselves, leak, drift?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from cascal.compare.drift import Drift, coverage, mmd
from cascal.computing.remembered import remembered
from cascal.dataset.dataset import Dataset
from cascal.datatypes import NO_ANSWER, BoolArray, FloatArray, NotApplicable, read_only
from cascal.encode.neighbours import nearest, nearest_earlier
from cascal.fit import Fit
from cascal.routing.route import Router
from cascal.score import agreement

NEAR_DUPLICATE = 0.95
"""Cosine from which two queries count as the same query in other words."""
MAX_COMPARED = 20_000
"""Nearest neighbours are looked for among at most this many training queries, the first ones."""
SURE = 0.95
"""A cluster's first model counts as sure when it is ahead with this probability."""
MOST_NEEDED = 10_000
"""More further queries than this are no plan: the first two models are as good as equal."""


@dataclass(frozen=True, kw_only=True)
class TrainingQuality:
    """Shares and counts over the training queries of a dataset; None where undefined.

    separating       share on which not all answering models agree
    agreement        mean share of the models in the largest group
    label_agreement  share of generated (or gold) answers that are the consensus answer
    duplicates, near_duplicates : texts equal to, or as good as equal to, an earlier one
    leaked, near_leaked         : the same against the test queries
    drift, covered   : distance to the test queries, share of them that is covered
    n_compared       training queries among which near ones were looked for
    """

    separating: float
    agreement: float
    label_agreement: float | None
    duplicates: int
    near_duplicates: int
    leaked: int
    near_leaked: int
    drift: Drift | None
    covered: float | None
    tasks_with_one: int
    n_compared: int


def training_quality(dataset: Dataset, fitted: Fit | None = None) -> TrainingQuality:
    """What the training queries of a dataset are worth; `fitted` adds the agreement with labels.

    Queries are compared once for each dataset.
    """
    found = _measured(dataset)
    if fitted is None:
        return found
    return replace(found, label_agreement=label_agreement(dataset, fitted))


@remembered
def _measured(dataset: Dataset) -> TrainingQuality:
    """The quality without what needs a fit."""
    votes, texts = dataset.train.votes, dataset.train.texts
    largest = np.rint(agreement(votes) * len(votes.models))
    answered = votes.answered.sum(axis=1)
    rows = compared_vectors(dataset)
    near_leaked, drift, covered = 0, None, None
    test_texts: set[str] = set()
    if dataset.test is not None and len(dataset.test):
        test_texts = set(dataset.test.texts)
        test = np.asarray(dataset.test.vectors.vectors, dtype=np.float32)
        near_leaked = int(leaked_queries(dataset).sum())
        if min(len(rows), len(test)) > 1:
            drift, covered = mmd(rows, test), coverage(rows, test)
    return TrainingQuality(
        separating=float((largest < answered).mean()),
        agreement=float(agreement(votes).mean()),
        label_agreement=None,
        duplicates=len(texts) - len(set(texts)),
        near_duplicates=int(repeats(dataset).sum()),
        leaked=sum(text in test_texts for text in set(texts)),
        near_leaked=near_leaked,
        drift=drift,
        covered=covered,
        tasks_with_one=sum(count == 1 for count in Counter(votes.tasks).values()),
        n_compared=len(rows),
    )


def compared_vectors(dataset: Dataset) -> FloatArray:
    """(n, D) vectors of the training queries among which near ones are looked for."""
    return np.asarray(dataset.train.vectors.vectors[:MAX_COMPARED], dtype=np.float32)


@remembered
def repeats(dataset: Dataset) -> BoolArray:
    """(n,) which of the compared training queries repeat an earlier one, or nearly."""
    return read_only(nearest_earlier(compared_vectors(dataset)) >= NEAR_DUPLICATE)


@remembered
def leaked_queries(dataset: Dataset) -> BoolArray:
    """(n,) which of the compared training queries repeat a test query, or nearly."""
    rows = compared_vectors(dataset)
    if dataset.test is None:
        return read_only(np.zeros(len(rows), dtype=bool))
    test = np.asarray(dataset.test.vectors.vectors, dtype=np.float32)
    return read_only(nearest(rows, test)[0] >= NEAR_DUPLICATE)


def label_agreement(dataset: Dataset, fitted: Fit) -> float | None:
    """Share of the training queries' own answers that the consensus holds too; None without any.

    The consensus answer is that of the vote with the highest score. A weak generator answers its
    own questions badly, which shows here without any gold answer.
    """
    train = dataset.train
    best = fitted.consensus_answers
    known = (train.labels != NO_ANSWER) & (best != NO_ANSWER)
    return float((best == train.labels)[known].mean()) if known.any() else None


@dataclass(frozen=True, kw_only=True)
class ClusterNeed:
    """How sure the first model of a cluster is, and how many further queries would make it sure.

    first and second are the router's at the cluster's centre; the scores inside the cluster alone
    may put the second ahead: then lead is below 0 and certainty below ½.

    lead, error : difference of the first two mean consensus scores, paired, and its standard error
    certainty   : probability that the first is ahead; needed is 0 where it is sure, None where no
    reasonable number would do (the two are as good as equal)
    """

    cluster: int
    task: str
    n_queries: int
    first: str
    second: str
    lead: float
    error: float
    certainty: float
    needed: int | None


def cluster_needs(router: Router, consensus: FloatArray) -> list[ClusterNeed]:
    """One `ClusterNeed` a cluster, the least sure first; consensus (Q, M) in the router's order.

    needed = n·((z₉₅·error/lead)² − 1): the error shrinks with √n. NotApplicable for one model.
    """
    if len(router.models) < 2:
        raise NotApplicable(
            "With one model there is no second that could come first.", code="too-little-data"
        )
    scores = np.nan_to_num(consensus, nan=0.0)
    clusters, found = router.clusters, []
    for cluster in range(len(clusters)):
        inside = scores[clusters.assignment == cluster]
        first, second = router.cluster_order[cluster, :2]
        found.append(_need(router, cluster, inside[:, first] - inside[:, second], (first, second)))
    return sorted(found, key=lambda one: (one.certainty, one.cluster))


def lead_certainty(gaps: FloatArray) -> tuple[float, float, float]:
    """Standard error of a mean gap (n,), the mean in these errors, probability that it is above 0.

    Equal gaps leave no doubt; of a single one nothing is known.
    """
    n_queries, lead = len(gaps), float(gaps.mean())
    error = float(gaps.std(ddof=1) / math.sqrt(n_queries)) if n_queries > 1 else math.nan
    sure = math.copysign(math.inf, lead) if lead else 0.0
    ratio = lead / error if error > 0 else sure
    return error, ratio, float(scipy.special.ndtr(ratio)) if math.isfinite(error) else 0.5


def _need(
    router: Router, cluster: int, gaps: FloatArray, pair: tuple[np.intp, np.intp]
) -> ClusterNeed:
    n_queries, lead = len(gaps), float(gaps.mean())
    error, ratio, certainty = lead_certainty(gaps)
    needed: int | None = 0
    if certainty < SURE:
        some = ratio and math.isfinite(ratio)
        wanted = n_queries * ((scipy.special.ndtri(SURE) / ratio) ** 2 - 1.0) if some else math.inf
        needed = math.ceil(wanted) if wanted <= MOST_NEEDED else None
    task = router.tasks[router.clusters.task[cluster]]
    first, second = (router.models[int(one)] for one in pair)
    return ClusterNeed(
        cluster=cluster,
        task=task,
        n_queries=n_queries,
        first=first,
        second=second,
        lead=lead,
        error=error,
        certainty=certainty,
        needed=needed,
    )


def tasks_for_more(
    dataset: Dataset, router: Router, needs: Sequence[ClusterNeed], n_examples: int = 3
) -> list[dict[str, object]]:
    """Task descriptions that ask a generator for more of exactly the unsure clusters.

    One entry a cluster that a reasonable number of queries would make sure: the task's name, a
    description, the queries nearest to its centroid as examples, and how many are needed.
    """
    described = {one.name: one.description for one in dataset.tasks}
    entries: list[dict[str, object]] = []
    for need in needs:
        if not need.needed:
            continue
        rows = np.flatnonzero(router.clusters.assignment == need.cluster)
        vectors = dataset.train.vectors.vectors[rows]
        near = np.argsort(-(vectors @ router.clusters.centroids[need.cluster]), kind="stable")
        entries.append(
            {
                "name": need.task,
                "description": described.get(need.task, "")
                or f"Questions of the subject {need.task}, like the examples.",
                "n": need.needed,
                "examples": [
                    {
                        "question": dataset.train.texts[row],
                        "options": list(dataset.train.options[row]),
                    }
                    for row in rows[near[:n_examples]]
                ],
            }
        )
    return entries
