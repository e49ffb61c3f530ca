"""A check: a code, a rule, and a function that measures and says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.evidence import Evidence
from cascal.doubts.measure import Look, Measure

_NEXT = re.compile(r"(?<=[.?]) (?=[A-Z])")
"""Where a sentence ends and another begins."""
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

    @property
    def missed(self) -> Measure | None:
        """The measure that misses its rule by most, as a factor; None where all keep theirs."""
        failed = [one for one in self.measures if not one.holds]
        return max(failed, key=lambda one: one.miss, default=None)

    @property
    def parts(self) -> tuple[str, str]:
        """Cause and effect, which are the first two sentences, and what else it says."""
        said = _NEXT.split(self.sentence)
        return " ".join(said[:2]), " ".join(said[2:])


@dataclass(frozen=True)
class Check:
    """One rule. `look` measures, and says what is wrong where a measure misses its rule.

    It raises NotApplicable where there is nothing to measure.

    `show` gives the numbers behind the sentence; None where the sentence says it all.
    """

    code: str
    title: str
    rule: str
    look: Callable[[Snapshot], Look]
    show: Callable[[Snapshot], Evidence] | None = None

    def find(self, snapshot: Snapshot) -> Finding:
        """Run the check; silence is never health: passed and not applicable are findings too."""
        try:
            look = self.look(snapshot)
        except NotApplicable as error:
            return Finding(self.code, self.title, "not applicable", str(error))
        if look.issue is None:
            return Finding(self.code, self.title, "passed", self.rule, look.measures)
        return Finding(self.code, self.title, "issue", look.issue, look.measures)

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
) -> Callable[[Callable[[Snapshot], Look]], Callable[[Snapshot], Look]]:
    """Register a function as a check with its evidence; `rule` is what holds where it passes."""

    def register(look: Callable[[Snapshot], Look]) -> Callable[[Snapshot], Look]:
        CHECKS[code] = Check(code, title, rule, look, show)
        return look

    return register
