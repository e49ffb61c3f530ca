"""What an applied remedy did: the issues before and after, the accuracy, the routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from cascal.dataset.snapshot import Change
from cascal.diagnose.effect_words import by_new_line, flips_told, low_told, silhouettes_told
from cascal.diagnose.finding import CHECKS, Finding
from cascal.intervals import Estimate
from cascal.number_format import counted, signed
from cascal.verdicts.verdict import span

Silhouettes = tuple[tuple[float, float], tuple[float, float]]
"""Mean of the silhouettes of some queries and share of them below 0, before and after."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Two diagnosed states of a router, and what changed from the first to the second.

    before, after : codes of the issues; `before` None where the checks of that state never ended,
    `after` None while the checks run
    clusters : their number before and after; incoherent : how many of them were and are incoherent,
    either by the line then in force; line : the new one, None where it stays
    worse : what became of other clusters (`lapses_told`), empty where none is less coherent
    silhouette : before and after mean of the queries that it is about, and share of them below 0;
    None for all others
    flipped : share of the routes, flips : how many of which; gain : paired change of top-1
    accuracy, None without gold
    """

    before: tuple[str, ...] | None
    after: tuple[str, ...] | None
    clusters: tuple[int, int]
    flipped: float
    gain: Estimate | None
    incoherent: tuple[int, int] = (0, 0)
    silhouette: Silhouettes | None = None
    worse: str = ""
    line: float | None = None
    flips: str = ""

    @property
    def vanished(self) -> tuple[str, ...]:
        """Issues that are gone."""
        if self.before is None or self.after is None:
            return ()
        return tuple(code for code in self.before if code not in self.after)

    @property
    def appeared(self) -> tuple[str, ...]:
        """Issues that were none before."""
        if self.before is None or self.after is None:
            return ()
        return tuple(code for code in self.after if code not in self.before)

    @property
    def coherence(self) -> str:
        """How many clusters were and are incoherent, and the mean silhouette; empty without any."""
        first, second = self.incoherent
        parts = []
        if first or second:
            then = counted(second, "incoherent cluster")
            parts.append(f"{first:,} → {then}{by_new_line(self.line)}")
        if self.silhouette is not None and isfinite(sum(mean for mean, _ in self.silhouette)):
            parts += [one.said for one in silhouettes_told(*self.silhouette)]
            (before, _), (after, _) = self.silhouette
            parts.append(low_told(before, after, self.line))
        return " · ".join(filter(None, parts))

    @property
    def issues(self) -> str:
        """How many issues there were and are, and which came and went."""
        if self.after is None:
            return "the checks run again, to say what became of the issues"
        if self.before is None:
            now = counted(len(self.after), "issue")
            return f"{now} now; the checks of the state before had not ended"
        n = len(self.before)
        parts = []
        if self.vanished:
            parts.append(f"gone {_named(self.vanished)}")
        if self.appeared:
            parts.append(f"new {_named(self.appeared)}")
        if parts:
            return f"{counted(n, 'issue')} before, {len(self.after)} now: {'; '.join(parts)}"
        if not n:
            return "no issue before and after"
        return f"{counted(n, 'issue')} before and now: {_named(self.before)}"

    @property
    def accuracy(self) -> str:
        """What it did to the answers."""
        if self.gain is None:
            return "accuracy unknown, there are no gold answers"
        return f"accuracy {signed(100 * self.gain.value)} {span(self.gain)} points"

    @property
    def effects(self) -> str:
        """What it did to the routes and the clusters."""
        first, second = self.clusters
        flips = flips_told(self.flipped, self.flips)
        return f"{flips}; {first} → {counted(second, 'cluster')}"


def prove(
    before: Sequence[Finding] | None,
    after: Sequence[Finding] | None,
    change: Change,
    *,
    incoherent: tuple[int, int] = (0, 0),
    silhouette: Silhouettes | None = None,
    worse: str = "",
    line: float | None = None,
) -> Proof:
    """What came of a change: the findings of both states, and what moved between them."""
    return Proof(
        before=None if before is None else _issues(before),
        after=None if after is None else _issues(after),
        clusters=(change.clusters_before, change.clusters_after),
        flipped=change.flipped_share,
        flips=change.flips,
        gain=change.gain,
        incoherent=incoherent,
        silhouette=silhouette,
        worse=worse,
        line=line,
    )


def _named(codes: Sequence[str]) -> str:
    """Issues by what they are called."""
    titles = {code: CHECKS[code].title.lower() for code in codes if code in CHECKS}
    return ", ".join(f"{titles[code]} ({code})" if code in titles else code for code in codes)


def _issues(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(sorted(one.code for one in findings if one.section == "issue"))
