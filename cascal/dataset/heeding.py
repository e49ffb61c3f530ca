"""What labels change: the gate, and the record of which labels a router heeds (docs/labels.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cascal.dataset.contest import Contest, contest
from cascal.dataset.evidence import Evidence
from cascal.dataset.judged import gather_judged
from cascal.dataset.label_facts import labels_of_people, routing_evidence
from cascal.dataset.labels_digest import labels_digest
from cascal.dataset.rectifying import rectify
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.labels import LabelRecord
from cascal.store import Label, Workspace

COST_WEIGHED = (
    "Labels tell accuracy alone, and a cost weight gives some of it up on purpose: the gate is off."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class FewLabels:
    """What the labels of a data set say of its router against always asking one model."""

    contest: Contest
    evidence: Evidence
    record: LabelRecord | None

    @property
    def sentence(self) -> str:
        """The verdict with its interval and number of labels, and what follows."""
        if self.record is not None:
            return self.record.sentence
        return self.evidence.sentence(self.contest)

    def to_dict(self) -> dict[str, Any]:
        """The evidence in JSON types, and which model is always asked by it, if any."""
        always = None if self.record is None else self.record.always or None
        return {**self.evidence.to_dict(self.contest), "always": always}


def few_labels(workspace: Workspace, snapshot: Snapshot) -> FewLabels | None:
    """What labels say of the router, whether or not it heeds any; None without labels.

    NotApplicable where there are too few queries for a contest.
    """
    name = snapshot.dataset.info.name
    weighed = routing_evidence(workspace, snapshot)
    if weighed is None:
        return None
    found, evidence = weighed
    labels = labels_of_people(workspace, name)
    record = None
    if evidence.gain.n_labels and any(one.purpose == "routing" for one in labels):
        record = _record(snapshot, found, evidence, labels)
    return FewLabels(contest=found, evidence=evidence, record=record)


def few_labels_sentence(workspace: Workspace, snapshot: Snapshot) -> str | None:
    """What labels say of the router, or why they cannot; None without labels.

    Where models judged as well, or alone, each is named with what it said.
    """
    name = snapshot.dataset.info.name
    if not workspace.labels(name):
        return None
    try:
        few = few_labels(workspace, snapshot)
        judged = gather_judged(workspace, name, contest(snapshot))
    except NotApplicable as error:
        return str(error)
    said = [] if few is None else [few.sentence]
    return " ".join([*said, *(one.sentence for one in judged)])


def heed_labels(workspace: Workspace, snapshot: Snapshot, *, rectified: bool = False) -> Snapshot:
    """The same with the gate: what every file, server and saved run of a router is made from.

    Where the labels that were given to find out whether routing pays say that it loses, the best
    model by consensus is asked for every query. Without such labels nothing changes. `rectified`:
    labels that were given for it correct the scores first; NotApplicable where there are too few.
    """
    if rectified:
        snapshot = rectify(workspace, snapshot).snapshot
    try:
        few = few_labels(workspace, snapshot)
    except NotApplicable:
        return snapshot
    if few is None or few.record is None:
        return snapshot
    return heeding(snapshot, few.record)


def heeding(snapshot: Snapshot, record: LabelRecord | None) -> Snapshot:
    """The same with a router that heeds these labels."""
    return snapshot.routed_by(replace(snapshot.router, labels=record))


def _record(
    snapshot: Snapshot, found: Contest, evidence: Evidence, labels: Sequence[Label]
) -> LabelRecord:
    shown, counts, router = evidence.watched, evidence.gain, snapshot.router
    weighed = bool(router.thresholds.cost_weight)
    said = evidence.sentence(found)
    gated = not evidence.keep_first and not weighed
    return LabelRecord(
        draws=evidence.draws,
        digest=labels_digest([one for one in labels if one.current]),
        n_labels=counts.n_labels,
        n_contested=counts.n_contested,
        n_queries=counts.n_queries,
        gain=shown.value,
        low=max(-1.0, shown.low),
        high=min(1.0, shown.high),
        against=found.names[1],
        verdict=f"{said} {COST_WEIGHED}" if weighed else said,
        always=router.models[router.best_overall] if gated else "",
    )
