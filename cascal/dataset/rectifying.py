"""Labels that correct route scores: which queries they are for, what they change and bring.

docs/labels.md has the formulas; `cascal.labels.rectifier` computes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cascal.clustering.merge import normalise
from cascal.dataset.contest import Contest
from cascal.dataset.label_facts import gather_labels
from cascal.dataset.label_rights import rights
from cascal.dataset.labels_digest import labels_digest
from cascal.dataset.snapshot import Snapshot, snapshot_of
from cascal.datatypes import BoolArray, FloatArray, IntArray, NotApplicable
from cascal.fit import Fit
from cascal.intervals import Estimate
from cascal.labels import Correction, Rectifier, gain, rectifier
from cascal.number_format import agreeing, counted
from cascal.rank import group_sums
from cascal.routing.route import Router
from cascal.store import Draw, Label, Workspace
from cascal.verdicts.verdict import points

FROM_LABELS = 100
"""With fewer the gate alone is better (docs/labels.md)."""
FOLDS = 5
"""Each fifth of the labels is routed by what the others correct: that is the estimated effect."""


def divided(snapshot: Snapshot) -> BoolArray:
    """(Q,) training queries that every model was asked and on which not all say the same."""
    votes = snapshot.dataset.train.votes
    differ = (votes.answers != votes.answers[:, :1]).any(axis=1)
    return np.asarray(differ & votes.asked.all(axis=1))


def rectifier_contest(snapshot: Snapshot) -> Contest:
    """All divided training queries, which labels of every model are wanted for.

    The two sides are the first two models of the pool: no more than whose free answers are shown.
    NotApplicable where the fit has no groups, or other scores than probabilities.
    """
    _check(snapshot)
    n_queries, models = len(snapshot.dataset.train), snapshot.router.models
    first, second = (np.full(n_queries, model) for model in (0, min(1, len(models) - 1)))
    return Contest(
        part=snapshot.dataset.train,
        first=first,
        second=second,
        names=(models[first[0]], models[second[0]]),
        chosen=divided(snapshot),
    )


def _check(snapshot: Snapshot) -> None:
    router, fit = snapshot.router, snapshot.fit
    if fit.groups is None or router.routing.sharp or len(router.models) < 2:
        raise NotApplicable(
            f"The preset {router.settings.name} has no reliability groups, or routes by ranks and "
            "not by probabilities, so that labels cannot correct its scores. Take `recommended`.",
            code="needs-probabilities",
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Rectified:
    """A router whose scores labels correct, and what that changes.

    changed (Q,) of the routed queries (test where there are some) with another first model;
    effect : gain in accuracy on the training queries, by labels that the correction did not see
    """

    snapshot: Snapshot
    changed: BoolArray
    effect: Estimate
    n_labels: int

    @property
    def sentence(self) -> str:
        """How many labels, how many routes they change, and what that is estimated to bring."""
        n_changed = int(self.changed.sum())
        if not n_changed:
            return (
                f"{counted(self.n_labels, 'label corrects', 'labels correct')} the scores: none of "
                f"the {counted(len(self.changed), 'query')} goes to another model by that."
            )
        return (
            f"{counted(self.n_labels, 'label corrects', 'labels correct')} the scores: "
            f"{n_changed:,} of {counted(len(self.changed), 'query')} "
            f"{agreeing(n_changed, 'goes', 'go')} to another model, which is estimated to bring "
            f"{points(self.effect)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON types; the effect is a share of all queries."""
        return {
            "sentence": self.sentence,
            "n_labels": self.n_labels,
            "n_changed": int(self.changed.sum()),
            "n_routed": len(self.changed),
            "effect": self.effect.value,
            "effect_low": self.effect.low,
            "effect_high": self.effect.high,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class RectifierLabels:
    """The labels that were given for the rectifier, of queries that a draw handed out.

    ids, right (B, M) of the labelled queries; draws that handed them out; labels : themselves
    """

    contest: Contest
    ids: tuple[str, ...]
    right: FloatArray
    draws: tuple[Draw, ...]
    labels: tuple[Label, ...]

    @property
    def rows(self) -> IntArray:
        """(B,) the training rows of the labelled queries."""
        return np.array([self.contest.row_of[one] for one in self.ids], dtype=np.int64)

    @property
    def share(self) -> float:
        """Share of the training queries that divide the models."""
        return self.contest.n_contested / len(self.contest.part)

    def refuse_few(self, dataset: str, least: int = FROM_LABELS) -> None:
        """NotApplicable with fewer than `least` of them."""
        if len(self.ids) < max(2, least):
            raise NotApplicable(
                f"{counted(len(self.ids), 'label')} for the rectifier are too few: from "
                f"{max(2, least)} on it helps. `cascal label {dataset} --purpose rectifier` hands "
                "out queries.",
                code="too-little-data",
            )


def rectifier_labels(workspace: Workspace, snapshot: Snapshot) -> RectifierLabels:
    """What people labelled for the rectifier; NotApplicable where the preset cannot be corrected.

    A query counts once all models are known to be right or wrong there.
    """
    found = rectifier_contest(snapshot.without_labels)
    facts = gather_labels(workspace, snapshot.dataset.info.name, found)
    draws = tuple(one for one in facts.draws if one.purpose == "rectifier")
    right = _complete(rights(found, facts.labels, facts.free))
    ids = _drawn(found, draws, right)
    values = [right[one] for one in ids]
    return RectifierLabels(
        contest=found,
        ids=tuple(ids),
        right=np.stack(values) if values else np.zeros((0, len(snapshot.router.models))),
        draws=draws,
        labels=tuple(_of_queries(facts.labels, set(ids))),
    )


def rectify(workspace: Workspace, snapshot: Snapshot, *, least: int = FROM_LABELS) -> Rectified:
    """Correct the scores by the labels that were given for it.

    NotApplicable with fewer than `least` of them, or where the preset cannot be corrected.
    """
    free, given = snapshot.without_labels, rectifier_labels(workspace, snapshot)
    given.refuse_few(snapshot.dataset.info.name, least)
    correction = replace(
        correction_of(free.fit, given.rows, given.right, share=given.share),
        draws=tuple(one.draw_id for one in given.draws),
        digest=labels_digest(given.labels),
    )
    after = snapshot_of(free.dataset, free.fit, replace(free.router, correction=correction))
    first, before = (one.routes("test").selected[:, 0] for one in (after, free))
    return Rectified(
        snapshot=after,
        changed=np.asarray(first != before),
        effect=_effect(free, given),
        n_labels=len(given.ids),
    )


def _of_queries(labels: Sequence[Label], ids: set[str]) -> list[Label]:
    return [one for one in labels if one.query_id in ids]


def _complete(right: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """(M,) of every query of which all models are known to be right or wrong, mean over people."""
    means = {}
    for query_id, of_people in right.items():
        known = of_people[np.isfinite(of_people).all(axis=1)]
        if len(known):
            means[query_id] = known.mean(axis=0)
    return means


def _drawn(found: Contest, draws: Sequence[Draw], right: dict[str, FloatArray]) -> list[str]:
    """The labelled queries that were handed out by a draw, in its order; others were chosen."""
    frame = set(found.contested_ids)
    handed = (one for draw in draws for one in draw.frame[: draw.n_asked])
    return [one for one in dict.fromkeys(handed) if one in frame and one in right]


def caller_groups(fit: Fit) -> IntArray:
    """(Q,) the reliability group of every training query, in the caller's order; one without."""
    groups = fit.groups if fit.groups is not None else np.zeros(len(fit.caller_rows), np.int64)
    return groups[fit.caller_rows]


def correction_of(fit: Fit, rows: IntArray, right: FloatArray, *, share: float) -> Correction:
    """The correction by labels right (B, M) of training rows (B,); share f of all is divided."""
    groups = caller_groups(fit)
    n_groups = int(groups.max()) + 1
    consensus = np.nan_to_num(fit.consensus)
    found = rectifier(right, consensus[rows], groups[rows], share=share, n_groups=n_groups)
    return with_groups_of(fit, found)


def with_groups_of(
    fit: Fit, found: Rectifier, *, draws: tuple[str, ...] = (), digest: str = ""
) -> Correction:
    """A rectifier with the centroids of the groups of its fit."""
    groups = caller_groups(fit)
    sums = group_sums(fit.caller_vectors, groups, int(groups.max()) + 1)
    return Correction(rectifier=found, centroids=normalise(sums), draws=draws, digest=digest)


def _effect(free: Snapshot, given: RectifierLabels) -> Estimate:
    """Right after minus right before, each label routed by what the other folds correct."""
    rows, right, found = given.rows, given.right, given.contest
    fold = np.arange(len(rows)) % FOLDS
    vectors = found.part.vectors.vectors[rows]
    before = _first(free.router, vectors)
    after = before.copy()
    for own in range(FOLDS):
        others = fold != own
        if others.sum() >= 2 and not others.all():
            part = correction_of(free.fit, rows[others], right[others], share=given.share)
            router = replace(free.router, correction=part)
            after[~others] = _first(router, vectors[~others])
    at = np.arange(len(rows))
    differences = right[at, after] - right[at, before]
    return gain(differences, n_contested=found.n_contested, n_queries=len(found.part)).estimate


def _first(router: Router, vectors: FloatArray) -> IntArray:
    return np.array(router.route(vectors).selected[:, 0])
