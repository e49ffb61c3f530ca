"""Where two ways to answer differ, and draws of the queries that can tell them apart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, CascalError, IntArray, NotApplicable
from cascal.doubts.pool import conspicuous_pair, shared_rejections
from cascal.draws import random_rows
from cascal.labels import contested
from cascal.number_format import counted
from cascal.routing.leaders import cluster_leaders
from cascal.store import Draw, Purpose
from cascal.verdicts.constant import Constant, join_constants
from cascal.verdicts.light import cross_fit


@dataclass(frozen=True, eq=False, kw_only=True)
class Contest:
    """Two ways to answer the same queries.

    part : the queries; first, second (Q,) the model either asks, as a column of the pool;
    names : what the two are called; constant : where the second is always asking one model;
    chosen (Q,) : which queries are to be labelled, where it is not those that tell the two apart
    """

    part: Part
    first: IntArray
    second: IntArray
    names: tuple[str, str]
    constant: Constant | None = None
    chosen: BoolArray | None = None

    @cached_property
    def counts(self) -> BoolArray:
        """(Q,) where both models were asked: elsewhere nothing can be compared."""
        rows, asked = np.arange(len(self.part)), self.part.votes.asked
        return np.asarray(asked[rows, self.first] & asked[rows, self.second])

    @cached_property
    def contested(self) -> BoolArray:
        """(Q,) where labels can tell the two apart."""
        if self.chosen is not None:
            return self.chosen
        judged = np.asarray(np.isfinite(self.part.judged).any(axis=1))
        differ = contested(self.first, self.second, self.part.votes.answers, judged)
        return np.asarray(differ & self.counts)

    @property
    def short_names(self) -> tuple[str, str]:
        """What the two are called in a few words: a model that is always asked by its name."""
        first, second = self.names
        return first, second if self.constant is None else self.constant.name

    @property
    def n_queries(self) -> int:
        """How many queries the verdict is about."""
        return int(self.counts.sum())

    @property
    def n_contested(self) -> int:
        """How many of them are contested."""
        return int(self.contested.sum())

    @cached_property
    def contested_ids(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(self.part.votes.query_ids[row] for row in np.flatnonzero(self.contested))

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """The row of every query."""
        return {query_id: row for row, query_id in enumerate(self.part.votes.query_ids)}


def contest(snapshot: Snapshot) -> Contest:
    """The router against always asking the best model by consensus.

    On the test queries; without any on all queries, each routed, and each constant chosen, by the
    fit of a half that it is not in. NotApplicable where there are too few for that. It is about
    the router without a gate, even where labels have closed it.
    """
    snapshot = snapshot.ungated
    part, best = snapshot.dataset.test, snapshot.router.best_overall
    if part is not None:
        second = np.full(len(part), best)
        constant = Constant(best, snapshot.router.models[best], "consensus")
        first = snapshot.routes("test").selected[:, 0]
    else:
        part = snapshot.dataset.train
        first, second = _crossed(snapshot)
        chosen = sorted(set(second.tolist()), key=part.votes.models.__getitem__)
        constant = join_constants(
            [Constant(model, part.votes.models[model], "consensus") for model in chosen]
        )
    names = ("routing", f"always asking {constant.words}")
    return Contest(part=part, first=first, second=second, names=names, constant=constant)


def contest_between(one: Snapshot, other: Snapshot, names: tuple[str, str]) -> Contest:
    """Two routers, presets or thresholds on one data set, called by these names; without gates."""
    one, other = one.ungated, other.ungated
    if one.dataset.info.name != other.dataset.info.name or (
        one.router.models != other.router.models
    ):
        raise CascalError(
            "Only two routers of one data set and one pool can be told apart by labels.",
            code="other-models",
        )
    part = one.dataset.test
    if part is None:
        first, second = (_crossed(snapshot)[0] for snapshot in (one, other))
        return Contest(part=one.dataset.train, first=first, second=second, names=names)
    first, second = (snapshot.routes("test").selected[:, 0] for snapshot in (one, other))
    return Contest(part=part, first=first, second=second, names=names)


def contest_of_family(snapshot: Snapshot, member: str | None = None) -> Contest:
    """The pair of CAS204 against the consensus, where the pair shares an answer it rejects.

    Each such query is a training query; the consensus speaks through the best model by consensus
    that says the same. `member` : a model of the pair that is meant, else the most conspicuous.
    NotApplicable where no such pair stands out.
    """
    models = snapshot.dataset.train.votes.models
    if member is not None:
        _refuse_unknown(member, models)
    pair = conspicuous_pair(snapshot.fit, member)
    if pair is None:
        whose = "No two models share" if member is None else f"{member} shares with no other model"
        raise NotApplicable(
            f"{whose} rejected answers far more often than others do (CAS204): there is no family "
            "to ask about.",
            code="nothing-to-compare",
        )
    rows = shared_rejections(snapshot.fit, pair)
    part, router = snapshot.dataset.train.take(rows), snapshot.router
    agrees = part.votes.answers == snapshot.fit.consensus_answers[rows][:, None]
    second = np.where(agrees, router.rankings.overall, -np.inf).argmax(axis=1)
    first = np.full(len(part), part.votes.models.index(pair.first))
    names = (f"the pair {pair.first} and {pair.second}", "the consensus")
    return Contest(part=part, first=first, second=second, names=names)


def contest_of_cluster(snapshot: Snapshot, cluster: int) -> Contest:
    """The first model of a cluster against its runner-up, on the cluster's queries.

    Those are the test queries that are routed into it; without a test split its training queries.
    """
    router = snapshot.router
    if not 0 <= cluster < len(router.clusters) or len(router.models) < 2:
        raise NotApplicable(
            f"There is no cluster {cluster} with two models to compare; there are "
            f"{counted(len(router.clusters), 'cluster')} and "
            f"{counted(len(router.models), 'model')}.",
            code="nothing-to-compare",
        )
    part = snapshot.dataset.part("test")
    rows = np.flatnonzero(snapshot.clusters("test") == cluster)
    first, second = cluster_leaders(router)[cluster].best[:2]
    return contest_of_models(part.take(rows), first, second)


def contest_of_models(part: Part, first: str, second: str) -> Contest:
    """Always one model against always another, on any queries."""
    models = part.votes.models
    for name in (first, second):
        _refuse_unknown(name, models)
    one, other = (np.full(len(part), models.index(name)) for name in (first, second))
    return Contest(part=part, first=one, second=other, names=(first, second))


def _refuse_unknown(name: str, models: Sequence[str]) -> None:
    if name not in models:
        raise CascalError(
            f"The pool has no model {name[:80]!r}; it has {', '.join(models)[:400]}.",
            code="unknown-model",
        )


def _crossed(snapshot: Snapshot) -> tuple[IntArray, IntArray]:
    """The choices (Q,) for the training queries and their constants, by the other half's fit."""
    crossed = cross_fit(snapshot.halves, snapshot.router.thresholds)
    place = {query_id: at for at, query_id in enumerate(crossed.query_ids)}
    order = np.array([place[one] for one in snapshot.dataset.train.votes.query_ids])
    return crossed.chosen[order], crossed.constant[order]


def new_draw(
    found: Contest,
    *,
    purpose: Purpose = "routing",
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Draw:
    """The contested queries in a random order that their ids, the purpose and the seed decide.

    Other queries make another draw, independent of this one; the same ones make the same again.
    """
    frame = sorted(found.contested_ids)
    said = "\x1f".join([purpose, str(seed), *frame])
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
    rows = random_rows(frame, len(frame), np.random.default_rng(int(digest, 16)))
    return Draw(
        draw_id=f"d{digest[:11]}",  # a spreadsheet makes a number of digits alone
        purpose=purpose,
        frame=tuple(frame[row] for row in rows.tolist()),
        seed=seed,
        settings=dict(settings or {}),
    )
