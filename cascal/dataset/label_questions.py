"""The questions that labels answer, each with what it compares and its own draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cascal.dataset.contest import (
    Contest,
    contest,
    contest_between,
    contest_of_cluster,
    contest_of_family,
    new_draw,
)
from cascal.dataset.label_desk import Desk
from cascal.dataset.rectifying import rectifier_contest
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import CascalError
from cascal.number_format import counted
from cascal.store import Draw, Purpose, Workspace

ASKED: Mapping[Purpose, str] = {
    "routing": "Does routing pay here?",
    "settings": "Which of two settings is better?",
    "family": "Is the family right, or the consensus?",
    "cluster": "Is the first model of a cluster right?",
    "rectifier": "How far is the consensus wrong about each model?",
}
"""What a person who labels for a purpose wants to know."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """What is compared, and all that is contested in the order in which it is labelled."""

    dataset: str
    contest: Contest
    draw: Draw

    def desk(self, store: Workspace, person: str) -> Desk:
        """Where a person labels it."""
        return Desk(
            store=store,
            dataset=self.dataset,
            contest=self.contest,
            draw=self.draw,
            person=person,
        )


def routing_question(snapshot: Snapshot) -> Question:
    """Does the router beat always asking the best model by consensus?"""
    return _question(snapshot, contest(snapshot), "routing", {"against": None})


def settings_question(
    snapshot: Snapshot, other: Snapshot, names: tuple[str, str], against: object
) -> Question:
    """Which of two routers is better? `against` is what the draw keeps of the other one."""
    found = contest_between(snapshot, other, names)
    return _question(snapshot, found, "settings", {"against": against})


def family_question(snapshot: Snapshot, member: str | None = None) -> Question:
    """Is the pair of CAS204 (that holds `member`) right, or the consensus that outvotes it?"""
    found = contest_of_family(snapshot, member)
    return _question(snapshot, found, "family", {"against": "family", "pair": list(found.names)})


def cluster_question(snapshot: Snapshot, cluster: int) -> Question:
    """Is the first model of a cluster better there than its runner-up?"""
    found = contest_of_cluster(snapshot, cluster)
    said = {"against": "cluster", "cluster": snapshot.labels[cluster], "pair": list(found.names)}
    return _question(snapshot, found, "cluster", said)


def cluster_called(labels: Sequence[str], called: str) -> int:
    """The cluster of a number, a name, or a part of one name alone; another is refused."""
    if called.strip().isdecimal():
        return int(called)
    wanted = called.strip().casefold()
    same = [at for at, label in enumerate(labels) if label.casefold() == wanted]
    found = same or [at for at, label in enumerate(labels) if wanted and wanted in label.casefold()]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{at} {labels[at]}" for at in (found or range(len(labels))))
    how_many = f"{counted(len(found), 'cluster is', 'clusters are')}" if found else "No cluster is"
    raise CascalError(
        f"{how_many} called {called[:80]!r}. Name one, by its number or its name: {known[:600]}.",
        code="unknown-choice",
    )


def rectifier_question(snapshot: Snapshot) -> Question:
    """How far is the consensus wrong about each model, on the queries that divide them?"""
    found = rectifier_contest(snapshot)
    return _question(snapshot, found, "rectifier", {"against": "rectifier"})


def _question(
    snapshot: Snapshot, found: Contest, purpose: Purpose, said: Mapping[str, Any]
) -> Question:
    settings = {**router_record(snapshot), **said}
    draw = new_draw(found, purpose=purpose, settings=settings)
    return Question(dataset=snapshot.dataset.info.name, contest=found, draw=draw)


def router_record(snapshot: Snapshot) -> dict[str, Any]:
    """What decides which queries are contested, in JSON types, as a draw and its file keep it."""
    return {
        "dataset": snapshot.dataset.info.name,
        "settings": snapshot.router.settings.record(),
        "thresholds": asdict(snapshot.router.thresholds),
        "models": list(snapshot.dataset.train.votes.models),
        "encoder": snapshot.dataset.encoder,
    }
