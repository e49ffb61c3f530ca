"""Failure signatures as coded checks: why is a router bad, and what would help?

findings = diagnose(take_snapshot(dataset, fit, thresholds))
"""

from __future__ import annotations

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


def diagnose(snapshot: Snapshot, progress: Progress | None = None) -> list[Finding]:
    """Run every check; issues first, each section in the order of the codes."""
    found = []
    for at, (_, check) in enumerate(sorted(CHECKS.items())):
        if progress is not None:
            progress(at / len(CHECKS), f"{check.code} {check.title}")
        found.append(check.find(snapshot))
    order = {"issue": 0, "passed": 1, "not applicable": 2}
    return sorted(found, key=lambda one: (order[one.section], one.code))
