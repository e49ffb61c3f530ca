"""What an applied remedy did: the issues before and after, the accuracy, the routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascal.counted import counted, percent, signed
from cascal.dataset.snapshot import Change
from cascal.diagnose.finding import Finding
from cascal.intervals import Estimate
from cascal.verdicts.verdict import span


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Two diagnosed states of a router, and what changed from the first to the second.

    before, after : codes of the issues; clusters : their number before and after
    incoherent : how many clusters were and are, None where that is not told
    flipped : share of the routes; gain : paired change of top-1 accuracy, None without gold
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    clusters: tuple[int, int]
    flipped: float
    gain: Estimate | None
    incoherent: tuple[int, int] | None = None

    @property
    def vanished(self) -> tuple[str, ...]:
        """Issues that are gone."""
        return tuple(code for code in self.before if code not in self.after)

    @property
    def appeared(self) -> tuple[str, ...]:
        """Issues that were none before."""
        return tuple(code for code in self.after if code not in self.before)

    @property
    def issues(self) -> str:
        """How many issues and incoherent clusters there were and are; which issues changed."""
        parts = []
        if self.vanished:
            parts.append(f"{', '.join(self.vanished)} gone")
        if self.appeared:
            parts.append(f"{', '.join(self.appeared)} new")
        n = len(self.before)
        which = "; ".join(parts) or "the same ones"
        if not n and not self.after:
            which = "none before and after"
        issues = f"{counted(n, 'issue')} → {len(self.after)} ({which})"
        if self.incoherent is None or not any(self.incoherent):
            return issues
        first, second = self.incoherent
        return f"{counted(first, 'incoherent cluster')} → {second:,}; {issues}"

    @property
    def effects(self) -> str:
        """What it did to the answers and the routes."""
        right = "accuracy unknown, there are no gold answers"
        if self.gain is not None:
            right = f"accuracy {signed(100 * self.gain.value)} {span(self.gain)} points"
        first, second = self.clusters
        clusters = f"{first} → {counted(second, 'cluster')}"
        return f"{right}; {percent(self.flipped)} of the routes flip; {clusters}"


def prove(
    before: Sequence[Finding],
    after: Sequence[Finding],
    change: Change,
    incoherent: tuple[int, int] | None = None,
) -> Proof:
    """What came of a change: the findings of both states, and what moved between them."""
    return Proof(
        before=_issues(before),
        after=_issues(after),
        clusters=(change.clusters_before, change.clusters_after),
        flipped=change.flipped_share,
        gain=change.gain,
        incoherent=incoherent,
    )


def _issues(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(sorted(one.code for one in findings if one.section == "issue"))
