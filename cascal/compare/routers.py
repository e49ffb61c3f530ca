"""The routers of a comparison: which there are, and how each becomes an `Entry`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from cascal.compare.baselines import (
    Avengers,
    Baseline,
    BestSingle,
    CascalWithLabels,
    ClusterAgreement,
    ClusterMap,
    GlobalConsensus,
    LLMRank,
    NeighbourConsensus,
    NeighbourLabels,
    Oracle,
    PerTaskConsensus,
    PerTaskLabels,
    Prompt,
    Random,
    SmoothieTrain,
    TaskOracle,
)
from cascal.compare.threshold_words import called
from cascal.computing_order import best_first
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray, IntArray
from cascal.evaluate import vote_right
from cascal.fit import fit
from cascal.intervals import mean_rows
from cascal.results import Routes
from cascal.routing.route import Router
from cascal.score import usable_presets
from cascal.settings import FitSettings, Thresholds

UNDER_TEST, WITHOUT_LABELS = "cascal", "without_labels"
"""The router that is in use; beside it what it would be without labels, where they change it."""
BEST_BY_LABELS, BEST_BY_GOLD = "best_single", "best_by_gold"
_RANDOM_DRAWS = 32
"""Draws that the expected vote of three random models is averaged over."""


TITLES = {
    "global_agreement": "Global plain agreement",
    "per_task_dawid_skene": "Per-task Dawid–Skene",
    "smoothie_train": "SMOOTHIE-TRAIN (one-hot answers)",
    BEST_BY_LABELS: "Best single (vote: best three)",
    BEST_BY_GOLD: "Best single, by these answers",
    "cluster_map": "Cluster map, by labels",
}
"""Where a row needs more words than its baseline's own title."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Entry:
    """One router on the test queries.

    top1, vote, hit (Q,): right by its first model, by the vote of its best three, by any of the
    best three; 1, 0 or – averaged over draws or splits – between, nan = not counted. first (Q,)
    chosen model, −1 where there is none. cost1, cost3 (Q,) US dollars, nan = unknown.
    needs: "nothing", "labels" (of training queries), "few labels" (of `cascal label`) or "gold" (of
    these very queries: a bound).
    """

    key: str
    title: str
    needs: str
    top1: FloatArray
    vote: FloatArray
    hit: FloatArray
    first: IntArray
    cost1: FloatArray
    cost3: FloatArray
    calls: tuple[int, int] = (1, 3)


def entry_of(key: str, title: str, needs: str, routes: Routes, test: Part) -> Entry:
    """What these routes score and cost on the test queries, per query."""
    result = test.evaluation(routes)
    column = {name: at for at, name in enumerate(test.votes.models)}
    place = np.array([column[name] for name in routes.models], dtype=np.int64)
    best_three = place[best_first(routes.scores, routes.models, min(3, len(routes.models)))]
    costs = np.take_along_axis(test.costs, best_three, axis=1)
    right = np.take_along_axis(result.model_right[:, np.argsort(place)], best_three, axis=1)
    hit = np.where(np.isfinite(right), right, -np.inf).max(axis=1)
    return Entry(
        key=key,
        title=title,
        needs=needs,
        top1=result.top1_right,
        vote=result.top3_vote_right,
        hit=np.where(np.isfinite(hit), hit, np.nan),
        first=place[routes.selected[:, 0]],
        cost1=costs[:, 0],
        cost3=costs.sum(axis=1),
        calls=(1, best_three.shape[1]),
    )


def random_entry(training: Part, test: Part) -> Entry:
    """The expectation: of the first model exactly, of the vote over some draws."""
    right = test.right
    votes, hits = [], []
    for seed in range(_RANDOM_DRAWS):
        router = Random(seed).fit(training.votes, training.vectors)
        one = entry_of("random", Random.title, "nothing", router.route(test.vectors), test)
        votes.append(one.vote)
        hits.append(one.hit)
    known = np.isfinite(right)
    count = known.sum(axis=1)
    sums = np.where(known, right, 0.0).sum(axis=1)
    top1 = np.divide(sums, count, out=np.full(len(sums), np.nan), where=count > 0)
    cost = test.costs.mean(axis=1)
    k = min(3, right.shape[1])
    return Entry(
        key="random",
        title="Random (expected)",
        needs="nothing",
        top1=top1,
        vote=mean_rows(votes),
        hit=mean_rows(hits),
        first=np.full(len(test), -1),
        cost1=cost,
        cost3=k * cost,
        calls=(1, k),
    )


def right_of(router: Router, test: Part) -> FloatArray:
    """(Q, M) which of the router's models are right, in its order; nan = does not count."""
    column = {name: at for at, name in enumerate(test.votes.models)}
    return test.right[:, [column[name] for name in router.models]]


def yardsticks(router: Router, test: Part) -> dict[str, Routes]:
    """What stands beside the router on every page, by key: whom each would ask.

    global_consensus and plurality follow the router's global ranking, the plurality asking all of
    it; best_by_gold and oracle know the gold answers, the oracle those of each query.
    """
    right, overall = right_of(router, test), router.rankings.overall
    scores = {
        "global_consensus": (overall, 3),
        "plurality": (overall, len(overall)),
        BEST_BY_GOLD: (np.nan_to_num(mean_rows(list(right)), nan=-1.0), 3),
        "oracle": (np.nan_to_num(right, nan=-1.0), 3),  # never asked comes after wrong
    }
    return {key: _scored(router, test, *given) for key, given in scores.items()}


def _scored(router: Router, test: Part, scores: FloatArray, n_selected: int) -> Routes:
    """Routes by scores (M,) or (Q, M) in the router's order of models; ties by name."""
    n_queries, n_models = len(test), len(router.models)
    selected = best_first(np.atleast_2d(scores), router.models, min(n_selected, n_models))
    none, zero = np.zeros(n_queries, dtype=np.int64), np.zeros(n_queries)
    return Routes(
        query_ids=test.votes.query_ids,
        models=router.models,
        tasks=("all",),
        task=none,
        cluster=none,
        distance=zero,
        scores=np.broadcast_to(scores, (n_queries, n_models)),
        selected=np.broadcast_to(selected, (n_queries, selected.shape[1])),
        fallback=zero,
        center=router.center,
        spread=router.spread,
    )


def _plurality_entry(router: Router, routes: Routes, test: Part) -> Entry:
    """Only the vote exists: no model is the first."""
    n_models, nothing = len(routes.models), np.full(len(test), np.nan)
    return Entry(
        key="plurality",
        title=f"Plurality of all {n_models}",
        needs="nothing",
        top1=nothing,
        vote=vote_right(routes, test.votes, right_of(router, test)),
        hit=nothing,
        first=np.full(len(test), -1),
        cost1=nothing,
        cost3=test.costs.sum(axis=1),
        calls=(n_models, n_models),
    )


def baseline_entry(
    key: str, baseline: Baseline, training: Part, test: Part, labels: FloatArray | None
) -> Entry:
    """`needs` is "gold" where the baseline is fitted on the test part itself."""
    router = baseline.fit(training.votes, training.vectors, labels)
    needs = "gold" if training is test else baseline.needs
    title = TITLES.get(key, baseline.title)
    return entry_of(key, title, needs, router.route(test.vectors), test)


def _preset_entry(name: str, training: Part, test: Part) -> Entry:
    """Another preset at its own default thresholds."""
    router = fit(training.votes, training.vectors, FitSettings.preset(name)).router()
    return entry_of(name, f"CASCAL {name}", "nothing", router.route(test.vectors), test)


def _late_fallback_entry(training: Part, test: Part) -> Entry:
    """`released` with the fallback distance of its command line, 0.5, not of its function, 0.35."""
    settings = FitSettings.preset("released")
    routing = replace(settings.routing, fallback_distance=0.5)
    fitted = fit(training.votes, training.vectors, settings)
    routes = fitted.router(Thresholds(routing=routing)).route(test.vectors)
    return entry_of("released_late", "CASCAL released, fallback 0.5", "nothing", routes, test)


def label_free(consensus: str) -> dict[str, Baseline]:
    """The baselines that need no labels, by key; scores as the preset computes them."""
    return {
        "global_agreement": GlobalConsensus("agreement"),
        "per_task_consensus": PerTaskConsensus(consensus),
        "per_task_dawid_skene": PerTaskConsensus("dawid_skene"),
        "knn_consensus": NeighbourConsensus(consensus=consensus),
        "kmeans_agreement": ClusterAgreement(),
        "smoothie_train": SmoothieTrain(),
    }


def label_based(prompts: dict[str, Prompt]) -> dict[str, Baseline]:
    """The routers that learn from labels, by key."""
    return {
        BEST_BY_LABELS: BestSingle(),
        "per_task_labels": PerTaskLabels(),
        "knn_labels": NeighbourLabels(),
        "avengers": Avengers(),
        "llmrank": LLMRank(prompts),
        "cascal_gt": CascalWithLabels(),
    }


def _prompts(*parts: Part) -> dict[str, Prompt]:
    return {
        query_id: Prompt(text, len(options))
        for part in parts
        for query_id, text, options in zip(
            part.votes.query_ids, part.texts, part.options, strict=True
        )
    }


Step = tuple[str, Callable[[], Entry]]
"""Key of a router, and what makes its entry."""


def all_routers(
    training: Part, test: Part, router: Router, in_use: Router | None = None
) -> Iterator[Step]:
    """Every router of a comparison, the one under test first, bounds last.

    Routers that need labels use the training part's, whatever their origin, and are left out where
    there are none. `in_use` is the router as a few labels change it, if they do: it is the one
    under test then, and without them it has a row of its own.
    """
    yield from _under_test(router, in_use, test)
    for name in usable_presets(training.votes):
        if name != router.settings.name:
            yield name, partial(_preset_entry, name, training, test)
    yield "released_late", partial(_late_fallback_entry, training, test)
    fixed = yardsticks(router, test)
    yield _yardstick("global_consensus", GlobalConsensus.title, "nothing", fixed, test)
    for key, baseline in label_free(router.settings.consensus).items():
        yield key, partial(baseline_entry, key, baseline, training, test, None)
    yield "random", partial(random_entry, training, test)
    yield "plurality", partial(_plurality_entry, router, fixed["plurality"], test)
    labels = training.label_matrix
    if np.isfinite(labels).any():
        learners = {**label_based(_prompts(training, test)), "cluster_map": ClusterMap(router)}
        for key, baseline in learners.items():
            yield key, partial(baseline_entry, key, baseline, training, test, labels)
    yield _yardstick(BEST_BY_GOLD, TITLES[BEST_BY_GOLD], "gold", fixed, test)
    bounds: dict[str, Baseline] = {
        "task_oracle": TaskOracle(),
        "cluster_oracle": ClusterMap(router),
    }
    for key, baseline in bounds.items():
        yield key, partial(baseline_entry, key, baseline, test, test, test.right)
    yield _yardstick("oracle", Oracle.title, "gold", fixed, test)


def _yardstick(key: str, title: str, needs: str, fixed: dict[str, Routes], test: Part) -> Step:
    return key, partial(entry_of, key, title, needs, fixed[key], test)


def _under_test(router: Router, in_use: Router | None, test: Part) -> Iterator[Step]:
    own = called(router.settings.name, router.thresholds)
    if in_use is None or not in_use.changed_by_labels:
        yield UNDER_TEST, partial(_entry_of_router, UNDER_TEST, own, "nothing", router, test)
        return
    heeding, ignoring = f"{own}, heeding labels", f"{own}, without labels"
    yield UNDER_TEST, partial(_entry_of_router, UNDER_TEST, heeding, "few labels", in_use, test)
    yield (
        WITHOUT_LABELS,
        partial(_entry_of_router, WITHOUT_LABELS, ignoring, "nothing", router, test),
    )


def _entry_of_router(key: str, title: str, needs: str, router: Router, test: Part) -> Entry:
    return entry_of(key, title, needs, router.route(test.vectors), test)
