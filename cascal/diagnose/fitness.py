"""Are the data good enough to route by? The checks that are about queries and votes say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.finding import Finding
from cascal.number_format import counted

FATAL = ("CAS203", "CAS206", "CAS406")
"""Where one of these speaks, no router can be learnt: nothing to choose, or no truth in votes."""
WARNING = ("CAS201", "CAS204", "CAS301", "CAS302", "CAS303", "CAS304", "CAS305", "CAS404")
"""Where one of these speaks, a router can be learnt, and what it is worth is to be looked at."""
CARRIES, CARRIES_NOT = "The votes are fit to learn from", "Votes cannot stand in for labels"
RULE = (
    "The rule: votes are fit to learn from unless a check finds that there is nothing to choose or "
    f"no truth in them ({', '.join(FATAL)}), or there are too few queries or models."
)
"""What the headline rests on; no single share of agreement decides it."""
OPEN_ENDED = f"{CARRIES_NOT}, because the answers are open-ended"
MOST_NAMED = 3
"""Findings in the line that opens them all."""

Answer = Literal["yes", "with warnings", "no"]


@dataclass(frozen=True, kw_only=True)
class Fitness:
    """Whether the data are good enough to route by, in one line, and the findings behind it."""

    answer: Answer
    headline: str
    findings: tuple[Finding, ...] = ()

    @property
    def named(self) -> str:
        """How many findings there are, and the titles of the first."""
        n_more = len(self.findings) - MOST_NAMED
        more = f"; and {n_more} more" if n_more > 0 else ""
        return (
            f"{counted(len(self.findings), 'warning')}: {_titles(self.findings[:MOST_NAMED])}{more}"
        )


def data_fitness(snapshot: Snapshot, findings: Sequence[Finding], agree: str) -> Fitness:
    """Judge by findings of this snapshot; other checks are about clusters and routes.

    agree : how far the models agree, which the headline says whatever the answer
    """
    try:
        _ = snapshot.halves
    except NotApplicable as error:
        return Fitness(answer="no", headline=f"{CARRIES_NOT}: {str(error).rstrip('.')}")
    found = {one.code: one for one in findings if one.section == "issue"}
    fatal = tuple(found[code] for code in FATAL if code in found)
    if fatal:
        headline = f"{CARRIES_NOT}: {_titles(fatal)}; {agree}"
        return Fitness(answer="no", headline=headline, findings=fatal)
    warnings = tuple(found[code] for code in WARNING if code in found)
    return Fitness(
        answer="with warnings" if warnings else "yes",
        headline=f"{CARRIES}: {agree}",
        findings=warnings,
    )


def _titles(findings: Sequence[Finding]) -> str:
    return "; ".join(one.title[:1].lower() + one.title[1:] for one in findings)
