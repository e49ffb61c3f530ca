"""A check: a code, a rule, and a function that returns a sentence or None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.evidence import Evidence, Measure

Section = Literal["issue", "passed", "not applicable"]


@dataclass(frozen=True)
class Finding:
    """What one check found. `sentence` has the number, the rule and the consequence.

    measures : what was measured, with rule and margin, whether it passed or not
    """

    code: str
    title: str
    section: Section
    sentence: str
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True)
class Check:
    """One rule. `look` returns the sentence of an issue, or None; NotApplicable says why not.

    `show` gives the numbers behind the sentence; None where the sentence says it all.
    """

    code: str
    title: str
    rule: str
    look: Callable[[Snapshot], str | None]
    show: Callable[[Snapshot], Evidence] | None = None

    def find(self, snapshot: Snapshot) -> Finding:
        """Run the check; silence is never health: passed and not applicable are findings too."""
        try:
            sentence = self.look(snapshot)
        except NotApplicable as error:
            return Finding(self.code, self.title, "not applicable", str(error))
        if sentence is None:
            return Finding(self.code, self.title, "passed", self.rule)
        return Finding(self.code, self.title, "issue", sentence)

    def evidence(self, snapshot: Snapshot) -> Evidence | None:
        """The numbers behind a finding; None where there are none to show."""
        if self.show is None:
            return None
        try:
            return self.show(snapshot)
        except NotApplicable:
            return None


CHECKS: dict[str, Check] = {}
"""Every check by its code."""


def check(
    code: str, title: str, rule: str, show: Callable[[Snapshot], Evidence] | None = None
) -> Callable[[Callable[[Snapshot], str | None]], Callable[[Snapshot], str | None]]:
    """Register a function as a check with its evidence; `rule` is what holds where it passes."""

    def register(look: Callable[[Snapshot], str | None]) -> Callable[[Snapshot], str | None]:
        CHECKS[code] = Check(code, title, rule, look, show)
        return look

    return register
