"""Are the data good enough to route by? The checks that are about queries and votes say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cascal.counted import counted
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.finding import Finding

FATAL = ("CAS203", "CAS206", "CAS406")
"""Where one of these speaks, no router can be learnt: nothing to choose, or no truth in votes."""
WARNING = ("CAS201", "CAS204", "CAS301", "CAS302", "CAS303", "CAS304", "CAS305", "CAS404")
"""Where one of these speaks, a router can be learnt, and what it is worth is to be looked at."""
CARRIES, CARRIES_NOT = "Votes can stand in for labels", "Votes cannot stand in for labels"
OPEN_ENDED = f"{CARRIES_NOT}, because the answers are open-ended"

Answer = Literal["yes", "with warnings", "no"]


@dataclass(frozen=True, kw_only=True)
class Fitness:
    """Whether the data are good enough to route by, in one line, and the findings behind it."""

    answer: Answer
    headline: str
    findings: tuple[Finding, ...] = ()

    @property
    def named(self) -> str:
        """How many findings there are, and their titles."""
        titles = "; ".join(one.title[:1].lower() + one.title[1:] for one in self.findings)
        return f"{counted(len(self.findings), 'warning')}: {titles}"


def data_fitness(snapshot: Snapshot, findings: Sequence[Finding], agree: str) -> Fitness:
    """Judge by findings of this snapshot; other checks are about clusters and routes.

    agree : how far the models agree, as the headline says it where votes can stand in for labels
    """
    try:
        _ = snapshot.halves
    except NotApplicable as error:
        return Fitness(answer="no", headline=f"{CARRIES_NOT}: {str(error).rstrip('.')}")
    found = {one.code: one for one in findings if one.section == "issue"}
    fatal = tuple(found[code] for code in FATAL if code in found)
    if fatal:
        titles = "; ".join(one.title[:1].lower() + one.title[1:] for one in fatal)
        return Fitness(answer="no", headline=f"{CARRIES_NOT}: {titles}", findings=fatal)
    warnings = tuple(found[code] for code in WARNING if code in found)
    return Fitness(
        answer="with warnings" if warnings else "yes",
        headline=f"{CARRIES}: {agree}",
        findings=warnings,
    )
