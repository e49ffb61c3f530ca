"""The paper's own experiments and next checks, on any data of the workspace.

report = run("leave-one-out", Request(dataset))
report.save(Path("leave-one-out.json"))
"""

from __future__ import annotations

from collections.abc import Callable

from cascal.compare.experiments.checks import alignment, drift, removal
from cascal.compare.experiments.report import Column, Report, read_report
from cascal.compare.experiments.request import Request
from cascal.compare.experiments.robustness import robustness
from cascal.compare.experiments.routers import filtering, generators, held, validation
from cascal.compare.experiments.verdicts import verdicts
from cascal.datatypes import CascalError

__all__ = ["EXPERIMENTS", "Column", "Report", "Request", "held", "read_report", "run"]

EXPERIMENTS: dict[str, Callable[[Request], Report]] = {
    "validation": validation,
    "generators": generators,
    "filtering": filtering,
    "alignment": alignment,
    "mmd": drift,
    "leave-one-out": removal,
    "verdicts": verdicts,
    "robustness": robustness,
}
"""Name -> experiment; the docstring's first line says what it asks."""


def run(name: str, request: Request) -> Report:
    """Run one experiment; CascalError names the known ones, NotApplicable what is missing."""
    if name not in EXPERIMENTS:
        raise CascalError(
            f"There is no experiment {name!r}; choose {', '.join(EXPERIMENTS)}.",
            code="unknown-choice",
        )
    return EXPERIMENTS[name](request)
