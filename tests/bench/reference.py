"""The plain way to fit and to route: what our times are compared with.

The preset `released`, written as research code would: one library k-means for every task, model and
number of clusters, a silhouette over all pairs, one query at a time everywhere else. Nothing is
slowed down on purpose; arrays are float64 and the libraries use their default threads.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

import cascal
from cascal.datatypes import NO_ANSWER, FloatArray, IntArray

N_CLASSES, MIN_AGREEMENT, MAX_K, MAX_ITER, SEED = 20, 0.5, 5, 200, 0
MIN_SILHOUETTE, MERGE_DISTANCE, PRUNE_JACCARD = 0.05, 0.15, 0.95
K_NEAREST, TEMPERATURE, FALLBACK_DISTANCE, FALLBACK_WIDTH = 3, 0.1, 0.35, 0.2


@dataclass
class Skill:
    """A skill cluster: its centroid, its support, its queries and the mean score of each model."""

    task: str
    centroid: FloatArray
    support: int
    queries: list[int]
    ranking: dict[str, float]


@dataclass
class PlainRouter:
    """Skill clusters, one representative per task, and the ranking over all queries."""

    skills: list[Skill]
    representatives: dict[str, FloatArray]
    overall: dict[str, float]

    def assignment(self, n_queries: int) -> IntArray:
        """(Q,) number of the cluster of each training query."""
        of_query = np.full(n_queries, -1)
        for number, skill in enumerate(self.skills):
            of_query[skill.queries] = number
        return of_query


def unit(vector: FloatArray) -> FloatArray:
    return vector / np.linalg.norm(vector)


def logprob_weights(logprobs: FloatArray) -> FloatArray:
    """Squashed, standardised confidence of every vote (Q, M)."""
    weights = np.empty(logprobs.shape)
    for model in range(logprobs.shape[1]):
        column = logprobs[:, model]
        known = column[np.isfinite(column)]
        median = np.median(known) if len(known) else 0.0
        scale = 1.4826 * np.median(np.abs(known - median)) if len(known) else 1.0
        z = (column - median) / (scale or 1.0)
        weights[:, model] = np.clip(1.0 / (1.0 + np.exp(-np.nan_to_num(z))), 0.01, 0.99)
    return weights


def posterior_scores(answers: IntArray, weights: FloatArray) -> FloatArray:
    """Softmax over the classes of the summed weights, at each model's own answer (Q, M)."""
    scores = np.zeros(answers.shape)
    for query in range(len(answers)):
        votes = np.zeros(N_CLASSES)
        for model, answer in enumerate(answers[query]):
            if answer != NO_ANSWER:
                votes[answer] += weights[query, model]
        shares = np.exp(votes) / np.exp(votes).sum()
        for model, answer in enumerate(answers[query]):
            if answer != NO_ANSWER:
                scores[query, model] = shares[answer]
    return scores


def strong_queries(answers: IntArray, queries: list[int]) -> list[tuple[list[int], list[float]]]:
    """For each model: the queries where it voted with the plurality, and their agreement."""
    n_models = answers.shape[1]
    strong: list[tuple[list[int], list[float]]] = [([], []) for _ in range(n_models)]
    for query in queries:
        counts = Counter(int(answer) for answer in answers[query] if answer != NO_ANSWER)
        if not counts:
            continue
        most = max(counts.values())
        top = {answer for answer, count in counts.items() if count == most}
        ratio = most * len(top) / n_models
        if ratio < MIN_AGREEMENT:
            continue
        for model in range(n_models):
            if answers[query, model] in top:
                strong[model][0].append(query)
                strong[model][1].append(ratio)
    return strong


def candidate(vectors: FloatArray, ratios: list[float]) -> tuple[list[FloatArray], list[int]]:
    """Centroids and sizes of the best number of clusters for one model in one task."""
    weights = np.array(ratios) * len(ratios) / np.sum(ratios)
    n_distinct = len(np.unique(np.round(vectors, 12), axis=0))
    best, labels = -1.0, np.zeros(len(vectors), dtype=int)
    for k in range(2, min(MAX_K, len(vectors) - 1, n_distinct - 1) + 1):
        model = KMeans(k, n_init=1, max_iter=MAX_ITER, random_state=SEED)
        found = model.fit_predict(vectors, sample_weight=weights)
        silhouette = silhouette_score(vectors, found, metric="cosine")
        if silhouette > best:
            best, best_labels = silhouette, found
    if best >= MIN_SILHOUETTE:
        labels = best_labels
    centroids, sizes = [], []
    for cluster in range(labels.max() + 1):
        inside = labels == cluster
        centroids.append(unit(np.average(vectors[inside], axis=0, weights=weights[inside])))
        sizes.append(int(inside.sum()))
    return centroids, sizes


def merge(centroids: list[FloatArray], supports: list[int]) -> tuple[list[FloatArray], list[int]]:
    """The greedy merge, in the order given."""
    into = list(range(len(centroids)))
    for i in range(len(centroids)):
        if into[i] != i:
            continue
        for j in range(i + 1, len(centroids)):
            if into[j] != j or 1.0 - centroids[i] @ centroids[j] >= MERGE_DISTANCE:
                continue
            if supports[j] > supports[i]:
                into[i] = j
                break
            into[j] = i
    groups: dict[int, list[int]] = {}
    for i in range(len(centroids)):
        root = i
        while into[root] != root:
            root = into[root]
        groups.setdefault(root, []).append(i)
    merged = [unit(sum(supports[i] * centroids[i] for i in group)) for group in groups.values()]
    return merged, [sum(supports[i] for i in group) for group in groups.values()]


def rank(scores: FloatArray, queries: list[int], models: tuple[str, ...]) -> dict[str, float]:
    """Mean score of each model over the queries, three decimals, best first, ties by name."""
    means = {model: round(float(scores[queries, m].mean()), 3) for m, model in enumerate(models)}
    return dict(sorted(means.items(), key=lambda one: (-one[1], one[0])))


def assign(vectors: FloatArray, queries: list[int], centroids: list[FloatArray]) -> list[list[int]]:
    """The queries nearest to each centroid, one query at a time."""
    members: list[list[int]] = [[] for _ in centroids]
    for query in queries:
        distances = [1.0 - vectors[query] @ centroid for centroid in centroids]
        members[int(np.argmin(distances))].append(query)
    return members


def prune(skills: list[Skill]) -> list[Skill]:
    """Join the clusters of one task whose first three models are alike; the larger survives."""
    firsts = [set(list(skill.ranking)[:3]) for skill in skills]
    into, sizes = list(range(len(skills))), [len(skill.queries) for skill in skills]
    for i in range(len(skills)):
        if into[i] != i:
            continue
        for j in range(i + 1, len(skills)):
            jaccard = len(firsts[i] & firsts[j]) / len(firsts[i] | firsts[j])
            if into[j] != j or jaccard < PRUNE_JACCARD:
                continue
            kept, lost = (j, i) if sizes[j] > sizes[i] else (i, j)
            into[lost] = kept
            sizes[kept] += sizes[lost]
            if lost == i:
                break
    for i in range(len(skills)):
        root = i
        while into[root] != root:
            root = into[root]
        if root != i:
            skills[root].queries.extend(skills[i].queries)
    return [skill for i, skill in enumerate(skills) if into[i] == i]


def fit(votes: cascal.Votes, vectors: FloatArray) -> PlainRouter:
    """Votes and unit vectors -> skill clusters and rankings, at the default thresholds."""
    scores = posterior_scores(votes.answers, logprob_weights(votes.logprobs))
    by_task: dict[str, list[int]] = {}
    for query, task in enumerate(votes.tasks):
        by_task.setdefault(task, []).append(query)
    skills, representatives = [], {}
    for task, queries in by_task.items():
        centroids: list[FloatArray] = []
        supports: list[int] = []
        for strong, ratios in strong_queries(votes.answers, queries):
            if strong:
                found, sizes = candidate(vectors[strong], ratios)
                centroids += found
                supports += sizes
        if centroids:
            centroids, supports = merge(centroids, supports)
        else:
            centroids, supports = [unit(vectors[queries].sum(axis=0))], [0]
        members = assign(vectors, queries, centroids)
        of_task = [
            Skill(task, centroid, support, inside, rank(scores, inside, votes.models))
            for centroid, support, inside in zip(centroids, supports, members, strict=True)
            if inside
        ]
        of_task = prune(of_task)
        for skill in of_task:
            skill.centroid = unit(vectors[skill.queries].sum(axis=0))
            skill.ranking = rank(scores, skill.queries, votes.models)
        representatives[task] = unit(np.mean([skill.centroid for skill in of_task], axis=0))
        skills += of_task
    overall = {
        model: round(float(scores[:, column].mean()), 4)
        for column, model in enumerate(votes.models)
    }
    return PlainRouter(skills, representatives, overall)


def softmax(values: list[float]) -> FloatArray:
    powers = np.exp(np.array(values) - max(values))
    return powers / powers.sum()


def route_one(router: PlainRouter, vector: FloatArray, top_k: int = 3) -> list[str]:
    """The released decision for one query: nearest task, three centroids blended, fallback."""
    distances = {task: 1.0 - vector @ one for task, one in router.representatives.items()}
    task = min(distances, key=distances.__getitem__)
    near = sorted(
        ((1.0 - vector @ skill.centroid, skill) for skill in router.skills if skill.task == task),
        key=lambda one: one[0],
    )[:K_NEAREST]
    weights = softmax([-distance / TEMPERATURE for distance, _ in near])
    total = dict.fromkeys(router.overall, 0.0)
    for weight, (_, skill) in zip(weights, near, strict=True):
        if sum(skill.ranking.values()) <= 0:
            continue
        sharp = softmax([score / TEMPERATURE for score in skill.ranking.values()])
        for model, share in zip(skill.ranking, sharp, strict=True):
            total[model] += weight * share
    excess = near[0][0] - FALLBACK_DISTANCE
    if excess > 0:
        alpha = min(excess / FALLBACK_WIDTH, 1.0)
        whole, common = sum(total.values()) or 1.0, sum(router.overall.values()) or 1.0
        total = {
            model: (1.0 - alpha) * total[model] / whole + alpha * router.overall[model] / common
            for model in total
        }
    return sorted(total, key=lambda model: (-total[model], model))[:top_k]


def route(router: PlainRouter, vectors: FloatArray) -> list[list[str]]:
    """First models of every query, one query at a time."""
    return [route_one(router, vector) for vector in vectors]
