"""The diagnosis in one sentence a trouble: what is wrong, and what is to be done about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cascal.diagnose.cohering import Cohesion
from cascal.diagnose.remedies import Effect, best_cure
from cascal.diagnose.worth import choose
from cascal.number_format import counted

_CLAUSE = re.compile(r"[;.](?= |$)")
"""Where the first clause of an advice ends."""
TRYING = "what helps is being tried"
NOT_TRIED = "what helps is not tried yet"
NO_SETTING = "no setting mends it, what to do stands below"
NOTHING = "Nothing stands out: no issue and no incoherent cluster"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A trouble and its verdict; urgent : whether a remedy is to be applied, which comes first."""

    said: str
    urgent: bool = False


def is_incoherent(name: str) -> str:
    """What is wrong with a cluster, in the words of all pages."""
    return f"{name} is incoherent"


def of_cluster(name: str, tried: Sequence[Cohesion] | None, *, trying: bool) -> Trouble:
    """An incoherent cluster with what `choose` makes of its remedies.

    tried : None where they are not tried; trying : whether that is under way
    """
    wrong = is_incoherent(name)
    if tried is None:
        return Trouble(said=f"{wrong}; {TRYING if trying else NOT_TRIED}")
    choice = choose(tried)
    if choice.best is None or not choice.take:
        return Trouble(said=f"{wrong}; {choice.verdict}: leave it")
    return Trouble(said=f"{wrong}: {_apply(choice.best.effect)}", urgent=True)


def of_issue(
    title: str, n_remedies: int, tried: Sequence[Effect] | None, *, trying: bool, advice: str = ""
) -> Trouble:
    """An issue of a check with the remedy that `best_cure` marks; arguments as of a cluster.

    n_remedies : how many there are to try; advice : what to do where there is none
    """
    if not n_remedies:
        first = _CLAUSE.split(advice)[0]
        return Trouble(said=f"{title}: {first[:1].lower()}{first[1:] or NO_SETTING}")
    if tried is None:
        can = counted(n_remedies, "remedy can be tried", "remedies can be tried")
        return Trouble(said=f"{title}; {TRYING if trying else can}")
    best = best_cure(tried)
    if best is None:
        return Trouble(said=f"{title}; nothing tried cures it")
    return Trouble(said=f"{title}: {_apply(best)}", urgent=True)


def in_order(found: Sequence[Trouble]) -> list[Trouble]:
    """What is to be applied comes first, else the order is kept."""
    return sorted(found, key=lambda one: not one.urgent)


def _apply(best: Effect) -> str:
    return f"apply “{best.proposal.label}”"
