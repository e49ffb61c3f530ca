"""Failure signatures as coded checks: why is a router bad, and what would help?

findings = diagnose(take_snapshot(dataset, fit, thresholds))
"""

from __future__ import annotations

from collections.abc import Callable

from cascal.columns import Progress
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose import clusters, data, models, repeats, routes
from cascal.diagnose.clusters import MIN_QUERIES
from cascal.diagnose.evidence import Evidence
from cascal.diagnose.finding import CHECKS, Check, Finding
from cascal.diagnose.remedies import ADVICE, Effect, Proposal, proposals, try_all
from cascal.doubts.measure import Measure

__all__ = [
    "ADVICE",
    "CHECKS",
    "MIN_QUERIES",
    "Check",
    "Effect",
    "Evidence",
    "Finding",
    "Measure",
    "Proposal",
    "diagnose",
    "proposals",
    "try_all",
]

_REGISTERED = (clusters, models, data, repeats, routes)
"""Modules whose import registers their checks."""


_LAST = ("CAS104", "CAS105", "CAS201", "CAS206", "CAS303", "CAS304")
"""What fits again, draws resamples or compares all queries: the others need not wait for it."""


def diagnose(
    snapshot: Snapshot,
    progress: Progress | None = None,
    tell: Callable[[list[Finding]], None] | None = None,
) -> list[Finding]:
    """Run every check; issues first, each section in the order of the codes.

    tell : is given what is found so far, in the same order, after each check; the quick ones are
    the first
    """
    found: list[Finding] = []
    for at, code in enumerate(sorted(CHECKS, key=lambda code: (code in _LAST, code))):
        check = CHECKS[code]
        if progress is not None:
            progress(at / len(CHECKS), f"{check.code} {check.title}")
        found = sorted([*found, check.find(snapshot)], key=_issues_first)
        if tell is not None:
            tell(found)
    return found


def _issues_first(finding: Finding) -> tuple[int, str]:
    order = {"issue": 0, "passed": 1, "not applicable": 2}
    return order[finding.section], finding.code
