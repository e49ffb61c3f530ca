"""The labels of a workspace that are about a contest, and what they say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cascal.dataset.contest import Contest, contest
from cascal.dataset.evidence import Evidence, weigh
from cascal.dataset.label_rights import free_answers, rights
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray
from cascal.store import JUDGE, Draw, Label, Workspace

LOOKS = 30
"""So many intervals are looked back at, at most."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelFacts:
    """All that was labelled of the queries of a contest, in the order in which it came.

    draws : of the data set; free : of queries without options, as `rights` takes it
    """

    contest: Contest
    labels: tuple[Label, ...]
    draws: tuple[Draw, ...]
    free: Mapping[str, Mapping[str, IntArray]] = field(default_factory=dict)
    n_outdated: int = 0

    def evidence(self, n_labels: int | None = None) -> Evidence:
        """What all labels say, or the first so many: what somebody saw who looked then."""
        labels = self.labels[:n_labels]
        right = rights(self.contest, labels, self.free)
        return weigh(self.contest, right, self.draws, labels, n_outdated=self.n_outdated)

    def trail(self) -> tuple[Evidence, ...]:
        """What the first labels said, one more each time, or a few more where there are many."""
        n_labels = len(self.labels)
        step = max(1, -(-n_labels // LOOKS))
        looks = [*range(0, n_labels, step), n_labels]
        return tuple(self.evidence(n) for n in looks)


def gather_labels(
    workspace: Workspace, dataset: str, contest: Contest, *, judge: str | None = None
) -> LabelFacts:
    """Every label of the data set on a query of the contest, for whatever purpose it was given.

    By people alone, or by one model that judges: the two are never mixed.
    """
    every = [one for one in workspace.labels(dataset) if _by(one, judge)]
    current = tuple(one for one in every if one.current and one.query_id in contest.row_of)
    return LabelFacts(
        contest=contest,
        labels=current,
        draws=tuple(workspace.draws(dataset)),
        free=free_answers(workspace, dataset, contest, current),
        n_outdated=sum(not one.current for one in every),
    )


def _by(label: Label, judge: str | None) -> bool:
    return not label.judged if judge is None else label.person == f"{JUDGE}{judge}"


def labels_of_people(workspace: Workspace, dataset: str) -> list[Label]:
    """The labels that people gave."""
    return [one for one in workspace.labels(dataset) if not one.judged]


def gather_evidence(workspace: Workspace, dataset: str, contest: Contest) -> Evidence:
    """What all that people labelled, for whatever purpose, says of a contest."""
    return gather_labels(workspace, dataset, contest).evidence()


def routing_evidence(workspace: Workspace, snapshot: Snapshot) -> tuple[Contest, Evidence] | None:
    """What the labels say about whether routing pays; None where nothing was labelled."""
    name = snapshot.dataset.info.name
    if not labels_of_people(workspace, name):
        return None
    found = contest(snapshot)
    return found, gather_evidence(workspace, name, found)
