"""One data set read once: votes, vectors, gold, texts and map, and what a router makes of them.

study = load_study(workspace, "demo")
fit = cascal.fit(study.train.votes, study.train.vectors)
now = take_snapshot(study, fit, cascal.Thresholds())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cascal.cluster_names import Namer
from cascal.columns import Progress
from cascal.constant import Constant, choose_constant
from cascal.cost import RoutingCost, routing_cost
from cascal.datatypes import (
    BoolArray,
    CascalError,
    Embeddings,
    FloatArray,
    ModelSpec,
    NotApplicable,
    Split,
    Task,
)
from cascal.encode.encoders import Encoder
from cascal.encode.layout import layout, layout_parameters
from cascal.encode.texts import embed_texts
from cascal.evaluate import Evaluation, first_share
from cascal.explain import cluster_leaders
from cascal.fit import Fit
from cascal.intervals import Estimate, estimate
from cascal.parts import Part, load_part
from cascal.results import Routes
from cascal.route import Router
from cascal.settings import Thresholds
from cascal.store import DatasetInfo, Workspace
from cascal.verdict import Verdict, verdict


@dataclass(frozen=True, eq=False)
class Study:
    """One data set with one encoder's vectors."""

    info: DatasetInfo
    encoder: str
    tasks: tuple[Task, ...]
    models: tuple[ModelSpec, ...]
    train: Part
    test: Part | None

    @property
    def simulated(self) -> bool:
        """Whether the data set, or any model of its pool, is simulated."""
        return self.info.origin == "simulated" or any(model.simulated for model in self.models)

    @property
    def costs(self) -> FloatArray | None:
        """(M,) US dollars per 1,000 queries, None unless known for every model."""
        return self.train.known_costs

    @property
    def gold_test(self) -> Part:
        """The test queries, some of which have gold answers; NotApplicable where there are none."""
        if self.test is None or not self.test.has_gold:
            raise NotApplicable("There are no test queries with gold answers.")
        return self.test

    def with_models(self, names: Sequence[str]) -> Study:
        """The same data set with some models of its pool only, in the given order."""
        known = {model.name: model for model in self.models}
        train = self.train.with_models(names)
        test = None if self.test is None else self.test.with_models(names)
        return replace(self, models=tuple(known[name] for name in names), train=train, test=test)

    @cached_property
    def namer(self) -> Namer:
        """Cluster names are made from the training texts, counted once."""
        return Namer(self.train.texts)


def load_study(
    workspace: Workspace,
    dataset: str,
    encoder: str | None = None,
    models: Sequence[str] | None = None,
) -> Study:
    """Read a data set with the vectors of one encoder (default: the one that covers most).

    `models` narrows the pool to some of its models, in that order.

    CascalError if there are no training queries, no responses or no vectors, and what to do.
    """
    workspace.compare_answers(dataset)  # part of the fingerprint, so before it is read
    info = workspace.dataset(dataset)
    if not info.n_train or not info.n_models:
        raise CascalError(
            f"The data set {dataset!r} has {info.n_train} training queries and {info.n_models} "
            "models; at least one of each is needed. Import responses, or mark queries as training."
        )
    if encoder is None:
        known = workspace.encoders(dataset)
        if not known:
            raise CascalError(
                f"The queries of {dataset!r} have no vectors yet. Run `cascal embed {dataset}`, or "
                "use the button on the page Data."
            )
        encoder = known[0][0]
    pool = workspace.models(dataset)
    layout = workspace.layout(dataset, encoder)
    train = load_part(workspace, dataset, encoder, "train", layout, pool)
    test = None
    if info.n_test:
        test = load_part(workspace, dataset, encoder, "test", layout, pool)
    study = Study(info, encoder, workspace.tasks(dataset), pool, train, test)
    return study if models is None else study.with_models(models)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a router at given thresholds does on a study; cheap enough for every slider move.

    names : terms of every cluster; constant : the one model that routing is compared with;
    cost : of the routed queries (test where there are some)
    """

    router: Router
    names: tuple[tuple[str, ...], ...]
    train_routes: Routes
    test_routes: Routes | None
    evaluation: Evaluation | None
    constant: Constant
    cost: RoutingCost

    @property
    def verdict(self) -> Verdict | None:
        """Whether routing pays on the gold test queries; None without any."""
        return None if self.evaluation is None else verdict(self.evaluation, self.constant)

    def routes(self, split: Split) -> Routes:
        """Routes of the training or the test queries."""
        if split == "test" and self.test_routes is not None:
            return self.test_routes
        return self.train_routes

    @property
    def share(self) -> FloatArray:
        """(M,) share of the routed queries (test where there are some) by first model."""
        return first_share(self.routes("test"))

    @property
    def n_models_in_use(self) -> int:
        """Number of models that get any of the routed queries first."""
        return int(np.count_nonzero(self.share))

    def summary(self) -> dict[str, Any]:
        """Clusters, notes and numbers in JSON types, for the command line."""
        router, result = self.router, self.evaluation
        sizes, leaders = router.clusters.sizes, cluster_leaders(router)
        return {
            "preset": router.settings.name,
            "fingerprint": router.fingerprint,
            "n_clusters": len(router.clusters),
            "clusters": [
                {
                    "cluster": c,
                    "name": " · ".join(self.names[c]),
                    "task": router.tasks[router.clusters.task[c]],
                    "queries": int(sizes[c]),
                    "best": list(leaders[c].best),
                    "by_consensus": list(leaders[c].by_consensus),
                    "reasons": list(leaders[c].reasons),
                }
                for c in range(len(router.clusters))
            ],
            "notes": list(router.notes),
            "top1_accuracy": result.top1_accuracy if result else None,
            "top3_vote_accuracy": result.top3_vote_accuracy if result else None,
            "top_k": result.top_k if result else None,
            "vote_accuracy": result.vote_accuracy if result else None,
            "n_gold": result.n_gold if result else 0,
            "verdict": self.verdict.sentence if self.verdict else None,
            "cost": self.cost.sentence if self.cost.known else None,
        }


def take_snapshot(study: Study, fit: Fit, thresholds: Thresholds) -> Snapshot:
    """Build the router, route all queries, evaluate where there is gold."""
    router = fit.router(thresholds)
    names = study.namer.names(router.clusters.assignment, len(router.clusters))
    test_routes, evaluation = None, None
    if study.test is not None:
        test_routes = router.route(study.test.vectors)
        if study.test.has_gold:
            test = study.test
            evaluation = test.evaluation(test_routes)
    train_routes = router.route(study.train.vectors)
    constant = choose_constant(
        router.models,
        by_labels=study.train.best_constant,
        result=evaluation,
        by_consensus=router.best_overall,
    )
    part = study.test if study.test is not None else study.train
    cost = routing_cost(test_routes or train_routes, part, study.train, constant)
    return Snapshot(router, tuple(names), train_routes, test_routes, evaluation, constant, cost)


@dataclass(frozen=True, eq=False)
class Change:
    """What moved between a pinned snapshot and the present one, on the same queries.

    flipped (Q,) queries whose first model changed; share_change (M,); gain is the paired change of
    top-1 accuracy with interval, None without gold
    """

    clusters_before: int
    clusters_after: int
    flipped: BoolArray
    share_change: FloatArray
    gain: Estimate | None

    @property
    def flipped_share(self) -> float:
        """Share of the queries whose first model changed."""
        return float(self.flipped.mean()) if len(self.flipped) else 0.0


def compare(before: Snapshot, after: Snapshot) -> Change:
    """Compare two snapshots of the same study and model pool."""
    old, new = before.routes("test"), after.routes("test")
    gain = None
    if before.evaluation is not None and after.evaluation is not None:
        gain = estimate(after.evaluation.top1_right - before.evaluation.top1_right)
    return Change(
        len(before.router.clusters),
        len(after.router.clusters),
        old.selected[:, 0] != new.selected[:, 0],
        after.share - before.share,
        gain,
    )


@dataclass(frozen=True)
class EncodedDataset:
    """What encoding a data set did: new texts, texts cut (None: the encoder cannot tell)."""

    encoder: str
    n_new: int
    n_cut: int | None


def encode_dataset(
    workspace: Workspace, dataset: str, encoder: Encoder, progress: Progress | None = None
) -> EncodedDataset:
    """Encode the texts of a data set that have no vector yet; what is done stays if stopped."""
    texts = [text for _, text in workspace.texts_without_vectors(dataset, encoder.id)]

    def sink(hashes: list[str], vectors: FloatArray) -> None:
        workspace.put_vectors(encoder.id, vectors.shape[1], hashes, vectors)

    done = embed_texts(encoder, texts, sink=sink, progress=progress)
    return EncodedDataset(encoder.id, done.n_new, done.n_cut)


def adopt_vectors(
    workspace: Workspace, dataset: str, encoder: str, query_ids: Sequence[str], array: FloatArray
) -> int:
    """Store vectors somebody else computed for a data set's queries; returns how many.

    array (n, D) in the order of query_ids, normalised here; ids beyond the data set are ignored,
    a query without a vector is refused. `encoder` must be the one that made them.
    """
    table = workspace.queries(dataset)
    ids, hashes = table["query_id"].to_pylist(), table["text_hash"].to_pylist()
    place = {one: row for row, one in enumerate(query_ids)}
    missing = [one for one in ids if one not in place]
    if missing:
        raise CascalError(
            f"{len(missing):,} queries of {dataset!r} have no vector in the file, the first is "
            f"{missing[0][:80]!r}. Give vectors of all queries, or encode them with `cascal embed`."
        )
    first = {text: one for one, text in zip(reversed(ids), reversed(hashes), strict=True)}
    rows = np.array([place[one] for one in first.values()], dtype=np.int64)
    given = np.asarray(array)[rows].astype(np.float32)
    vectors = Embeddings.from_array(list(first.values()), given, encoder)
    workspace.put_vectors(encoder, vectors.dimension, list(first), vectors.vectors)
    return len(ids)


def draw_map(
    workspace: Workspace, dataset: str, encoder: str, progress: Progress | None = None
) -> int:
    """Place all queries of a data set on one 2-D map and store it; returns how many."""
    vectors = workspace.embeddings(dataset, encoder)
    xy = layout(vectors.vectors, progress=progress)
    workspace.put_layout(dataset, encoder, layout_parameters(), vectors.query_ids, xy)
    return len(xy)
