"""What makes a consensus doubtful, found without any label.

The light without labels (`cascal.verdicts.light`) and the checks of the same codes
(`cascal.diagnose`) ask the same functions here, which keep what is costly with the fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cascal.datatypes import NotApplicable
from cascal.doubts.confidences import surer_where_wrong
from cascal.doubts.measure import Look
from cascal.doubts.pool import echo, near_chance
from cascal.doubts.rankings import contradiction, undecided
from cascal.fit import Fit


@dataclass(frozen=True)
class Doubt:
    """A reason not to trust a consensus: the code and title of a check, and what it says here."""

    code: str
    title: str
    sentence: str


TITLES = {
    "CAS201": "Rankings contradict validation or each other",
    "CAS204": "A family, or an outvoted minority",
    "CAS206": "Who is best is undecided",
    "CAS302": "Confidence carries no signal, or is inverted",
    "CAS406": "Consensus carries no truth",
}
"""Of every check that can make a consensus doubtful."""


def find_doubts(fitted: Fit, halves: tuple[Fit, Fit]) -> tuple[Doubt, ...]:
    """Every reason to doubt the consensus of a fit; `halves` are fits on halves of its queries.

    No label is read: CAS201 compares rankings of halves and of pools without a model, also where
    gold answers would tell; of CAS302 only inverted confidences count.
    """
    looks: dict[str, Callable[[], Look]] = {
        "CAS201": lambda: contradiction(fitted, halves),
        "CAS204": lambda: echo(fitted),
        "CAS206": lambda: undecided(fitted),
        "CAS302": lambda: surer_where_wrong(fitted),
        "CAS406": lambda: near_chance(fitted),
    }
    found = []
    for code, look in looks.items():
        try:
            issue = look().issue
        except NotApplicable:
            continue
        if issue is not None:
            found.append(Doubt(code, TITLES[code], issue))
    return tuple(found)
