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
QUESTION = "Good enough for routing"
OPEN_ENDED = f"{QUESTION} by votes: no, because the answers are open-ended"
_NAMED = 2
"""So many findings are named in the headline."""

Answer = Literal["yes", "with warnings", "no"]


@dataclass(frozen=True, kw_only=True)
class Fitness:
    """Whether the data are good enough to route by, in one line, and the findings behind it."""

    answer: Answer
    headline: str
    findings: tuple[Finding, ...] = ()


def data_fitness(snapshot: Snapshot, findings: Sequence[Finding]) -> Fitness:
    """Judge by findings of this snapshot; other checks are about clusters and routes."""
    try:
        _ = snapshot.halves
    except NotApplicable as error:
        return Fitness(answer="no", headline=f"{QUESTION}: no, because {str(error).rstrip('.')}")
    found = {one.code: one for one in findings if one.section == "issue"}
    fatal = tuple(found[code] for code in FATAL if code in found)
    if fatal:
        return Fitness(answer="no", headline=f"{QUESTION}: no ({_named(fatal)})", findings=fatal)
    warnings = tuple(found[code] for code in WARNING if code in found)
    if warnings:
        return Fitness(
            answer="with warnings",
            headline=f"{QUESTION}: yes, with {counted(len(warnings), 'warning')} "
            f"({_named(warnings)})",
            findings=warnings,
        )
    passed = sum(one.section == "passed" for one in findings if one.code in (*FATAL, *WARNING))
    return Fitness(answer="yes", headline=f"{QUESTION}: yes, {counted(passed, 'check')} passed")


def _named(findings: Sequence[Finding]) -> str:
    titles = [one.title[:1].lower() + one.title[1:] for one in findings[:_NAMED]]
    more = len(findings) - len(titles)
    return "; ".join([*titles, *([f"{more} more"] if more else [])])
