"""Which remedy of an incoherent cluster really helps, and is it worth its price? Or leave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from cascal.diagnose.cohering import Cohesion
from cascal.diagnose.effect_words import why_lower
from cascal.diagnose.remedies import NO_HELP, loses_little, what_helps_first
from cascal.diagnose.trials import CLEAR
from cascal.number_format import capitalised, counted, decimal, percent
from cascal.verdicts.payback import DEFAULT_TOLERANCE
from cascal.verdicts.verdict import points

NOTHING_HELPS = "nothing tried makes it coherent"
TOO_DEAR = "no remedy is worth its price"
"""The verdicts that leave a cluster as it is, in the words of all of the page."""
MANY_OTHERS = 0.25
"""From this share of the other clusters on, too many are less coherent by a remedy."""


def cures(one: Cohesion) -> bool:
    """Whether its queries are coherent then, without proven harm."""
    return one.effect.cured and one.effect.judgement not in NO_HELP


def nearer(one: Cohesion) -> bool:
    """Whether its queries come nearer to the centre of the cluster that holds them."""
    before, after = one.distance
    return before - after >= CLEAR


def spares_others(one: Cohesion) -> bool:
    """Whether no other cluster becomes incoherent, and not many less coherent."""
    return not one.breaks and len(one.worse) < max(1.0, MANY_OTHERS * one.n_others)


def what_coheres_first(one: Cohesion) -> tuple[bool, bool, bool, tuple[int, bool, float, float]]:
    """Sorts remedies: cures before others, of these what brings queries nearer to their own.

    Then what spares the other clusters, then as `what_helps_first`.
    """
    return not cures(one), not nearer(one), not spares_others(one), what_helps_first(one.effect)


def is_worth_it(one: Cohesion) -> bool:
    """Whether a remedy is worth its price.

    A cure with proven more right answers is; else one that brings the queries nearer to their own,
    spares the others, and is shown to lose no more right answers than are tolerated.
    """
    if not cures(one):
        return False
    return one.effect.judgement == "helps" or (
        nearer(one) and spares_others(one) and loses_little(one.effect)
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Choice:
    """What to do with an incoherent cluster: the remedy that helps most, or leave it.

    best : None where nothing cures it without harm; take : whether that is worth its price
    verdict : why it is left, in a clause, reason : with what that rests on; "" where it is taken
    besides : why a cheaper cure is not taken either, "" without one
    """

    best: Cohesion | None
    take: bool
    verdict: str
    reason: str
    besides: str = ""


def choose(tried: Sequence[Cohesion]) -> Choice:
    """The first by `what_coheres_first` that is worth its price; else leave it, and why."""
    cured = sorted(filter(cures, tried), key=what_coheres_first)
    if not cured:
        verdict = TOO_DEAR if any(one.effect.cured for one in tried) else NOTHING_HELPS
        return Choice(best=None, take=False, verdict=verdict, reason=_why_none(tried))
    best = next(filter(is_worth_it, cured), None)
    if best is not None:
        return Choice(best=best, take=True, verdict="", reason="")
    first, *others = cured
    return Choice(
        best=first,
        take=False,
        verdict=TOO_DEAR,
        reason=_why_leave(first),
        besides=_in_name_only(first, others),
    )


def _why_none(tried: Sequence[Cohesion]) -> str:
    """Of remedies that are no cure, or harm: the one that harms least, or that comes nearest."""
    harms = [(one.effect.gain, one) for one in tried if one.effect.cured and one.effect.gain]
    if harms:
        gain, least = max(harms, key=lambda pair: pair[0].value)
        return f"{_label(least)} makes it coherent, but loses right answers: {points(gain)}."
    known = [one for one in tried if isfinite(one.after)]
    if not known:
        return ""
    best = max(known, key=lambda one: one.after)
    return (
        f"Its mean silhouette is highest by {_label(best)}: {decimal(best.before, 3)} → "
        f"{decimal(best.after, 3)}, {percent(best.below_after)} of its queries below 0."
    )


def _label(one: Cohesion) -> str:
    return f"“{capitalised(one.effect.proposal.label)}”"


def _why_leave(best: Cohesion) -> str:
    """What the remedy that helps most lacks, and what its queries would get of it."""
    label = _label(best)
    if not nearer(best):
        lacks = "No remedy brings its queries nearer to their own centre."
    elif not spares_others(best):
        lacks = f"{label} makes {_of_others(best)}."
    else:
        assert best.effect.gain is not None  # noqa: S101 – else it loses little
        lost = decimal(-100 * best.effect.gain.low, 1)
        most = f"{100 * DEFAULT_TOLERANCE:g}"
        lacks = (
            f"{label} may lose up to {lost} points of right answers over all test queries; up to "
            f"{most} is tolerated."
        )
    return f"{lacks} {_own_right(best)}".strip()


def _in_name_only(best: Cohesion, others: Sequence[Cohesion]) -> str:
    """Why the cheapest one that is shown to lose little is not taken: it only takes the word away.

    That is, queries are no longer called incoherent but come no nearer to their own centre; ""
    without such a one, and where the best one is no better in that.
    """
    cheap = [
        (one.effect.gain, one)
        for one in others
        if one.effect.gain and loses_little(one.effect) and nearer(best) and not nearer(one)
    ]
    if not cheap:
        return ""
    gain, one = max(cheap, key=lambda pair: pair[0].value)
    return f"{_label(one)} is shown to lose little, {points(gain)}, but {ranks_lower(one, best)}."


def _own_right(one: Cohesion) -> str:
    """What a remedy brings the cluster's own test queries: only those can lose by incoherence."""
    if one.right is None:
        return ""
    _, gain = one.right
    queries = counted(gain.n, "test query", "test queries")
    shown = "gain by it" if gain.low > 0 else "are not shown to gain by it"
    return f"The cluster's own {queries} {shown}: {points(gain)}."


def _of_others(one: Cohesion) -> str:
    """What becomes of others: clusters of before that fit less well, clusters of then that fail."""
    parts = []
    if one.worse:
        parts.append(f"{counted(len(one.worse), 'other')} less coherent")
    if one.breaks:
        parts.append(f"{counted(one.breaks, 'more cluster')} incoherent")
    return " and ".join(parts)


def ranks_lower(one: Cohesion, best: Cohesion) -> str:
    """By what a remedy that cures it as well ranks below another one: what decides, first."""
    reasons = []
    if nearer(best) and not nearer(one) and isfinite(sum(one.distance)):
        first, second = (decimal(each, 2) for each in one.distance)
        reasons.append(f"its queries come no nearer to their own centre ({first} → {second})")
    if spares_others(best) and not spares_others(one):
        reasons.append(f"it makes {_of_others(one)}")
    return ", and ".join(reasons) or why_lower(one.effect, best.effect)
