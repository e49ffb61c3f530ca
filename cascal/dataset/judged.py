"""What a model said that judges instead of a person: never gold, never mixed with people's labels.

A model never judges a query on which it is one of the two that are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy

from cascal.dataset.contest import Contest
from cascal.dataset.evidence import Evidence
from cascal.dataset.label_facts import gather_labels
from cascal.dataset.label_rights import rights
from cascal.datatypes import BoolArray, CascalError, FloatArray, ModelSpec
from cascal.intervals import CONFIDENCE, Estimate
from cascal.number_format import counted, percent
from cascal.store import JUDGE, Workspace

LEAST = 10
"""So many queries a judge has to be able to judge."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """What the labels of one judge say of a contest, and how far people agree with it.

    agreement : share of the queries labelled by both on which the judge says the same of the two
    models that are compared; None where there is no such query
    """

    judge: str
    contest: Contest
    evidence: Evidence
    agreement: Estimate | None

    @property
    def sentence(self) -> str:
        """The verdict marked as a judge's, and its agreement with people."""
        said = f"Judged by the model {self.judge}, not by people: "
        said += self.evidence.sentence(self.contest)
        if self.agreement is None:
            return f"{said} No person has labelled what it judged, so nobody knows how good it is."
        found = self.agreement
        return (
            f"{said} People say the same as the judge on {percent(found.value)} "
            f"[{percent(found.low)}, "
            f"{percent(found.high)}] of the {counted(found.n, 'query')} that both labelled."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON types only."""
        agreement = self.agreement
        return {
            **self.evidence.to_dict(self.contest),
            "sentence": self.sentence,
            "judge": self.judge,
            "agreement": None
            if agreement is None
            else {
                "value": agreement.value,
                "low": agreement.low,
                "high": agreement.high,
                "n": agreement.n,
            },
        }


def judges(workspace: Workspace, dataset: str) -> tuple[str, ...]:
    """The models that have judged queries of a data set."""
    people = {one.person for one in workspace.labels(dataset)}
    return tuple(sorted(one.removeprefix(JUDGE) for one in people if one.startswith(JUDGE)))


def gather_judged(workspace: Workspace, dataset: str, contest: Contest) -> tuple[Judged, ...]:
    """What every judge says of a contest, apart from people and from each other."""
    by_people = gather_labels(workspace, dataset, contest)
    human = rights(contest, by_people.labels, by_people.free)
    found = []
    for judge in judges(workspace, dataset):
        facts = gather_labels(workspace, dataset, contest, judge=judge)
        own = rights(contest, facts.labels, facts.free)
        found.append(
            Judged(
                judge=judge,
                contest=contest,
                evidence=facts.evidence(),
                agreement=_agreement(contest, own, human),
            )
        )
    return tuple(found)


def _agreement(
    contest: Contest, judged: Mapping[str, FloatArray], human: Mapping[str, FloatArray]
) -> Estimate | None:
    """How often judge and people say the same of the two models of a contested query."""
    same = []
    for query_id, row in contest.row_of.items():
        if query_id in judged and query_id in human and contest.contested[row]:
            pair = [int(contest.first[row]), int(contest.second[row])]
            own, theirs = (of[query_id][:, pair].mean(axis=0) for of in (judged, human))
            if np.isfinite(own).all() and np.isfinite(theirs).all():
                same.append(bool((own == theirs).all()))
    return share_of(same) if same else None


def share_of(same: Sequence[bool]) -> Estimate:
    """A share with the exact interval of Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404."""
    n, k = len(same), sum(same)
    tail = (1.0 - CONFIDENCE) / 2.0
    low = float(scipy.special.betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(scipy.special.betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return Estimate(k / n, low, high, n)


def names_of(models: Iterable[ModelSpec], judge: ModelSpec) -> tuple[str, ...]:
    """The judge's name, and those under which the same model of the same server is in a pool."""
    address = judge.base_url.rstrip("/")
    same = [
        one.name
        for one in models
        if address
        and (one.base_url.rstrip("/"), one.model_id or one.name)
        == (address, judge.model_id or judge.name)
    ]
    return tuple(dict.fromkeys((judge.name, *same)))


def judgeable(contest: Contest, judge: str, *others: str) -> Contest:
    """The contest with the queries that a model may judge; refused where too few are left.

    `others` are further names of the judge, see `names_of`. Those on which it is one of the two
    that are compared are left out: about them nothing is known by its word, which widens the
    interval by their share.
    """
    may = contest.contested
    for name in (judge, *others):
        may = may & ~_compared(contest, name)
    left, every = int(may.sum()), contest.n_contested
    if left < min(LEAST, max(1, every)):
        raise CascalError(
            f"{judge[:80]} is one of the two models compared on {every - left:,} of "
            f"{counted(every, 'contested query')}, and a model never judges where it is compared: "
            f"{left:,} are left, {LEAST} are needed. Name another model as judge, or label them "
            "yourself.",
            code="judges-itself",
        )
    return replace(contest, chosen=may)


def _compared(contest: Contest, judge: str) -> BoolArray:
    """(Q,) where the judge is compared: everywhere, where all models of the pool are corrected."""
    models = contest.part.votes.models
    if judge not in models:
        return np.zeros(len(contest.part), dtype=bool)
    if contest.chosen is not None:
        return np.ones(len(contest.part), dtype=bool)
    column = models.index(judge)
    return np.asarray((contest.first == column) | (contest.second == column))
