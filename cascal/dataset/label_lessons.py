"""What is said while somebody labels, and what is learnt in the end and changes by it."""

from __future__ import annotations

import numpy as np

from cascal.dataset.contest import Contest
from cascal.dataset.evidence import ENOUGH_LABELS, NOTHING_TO_LABEL, Evidence
from cascal.dataset.label_questions import Question
from cascal.labels import labels_needed
from cascal.number_format import agreeing, capitalised, counted, decimal, percent, signed
from cascal.store import Purpose
from cascal.verdicts.verdict import Decision, Verdict, points, span, too_few

CHANGES: dict[Purpose, dict[Decision, str]] = {
    "routing": {
        "route": "Keep the router: where it leaves the constant it is right more often.",
        "do not route": "Always ask {second_short}: where the router leaves it, it is wrong more "
        "often than right.",
        "undecided": "It makes no difference: always asking {second_short} is simpler.",
    },
    "settings": {
        "route": "Use {first}.",
        "do not route": "Use {second}.",
        "undecided": "It makes no difference which of the two you use.",
    },
    "family": {
        "route": "Where they are outvoted, {first} are a strong minority, and the consensus is "
        "wrong: do not trust its ranking of them, and label for routing before you use the router.",
        "do not route": "The two err together: they vote as a bloc. The consensus outvotes them "
        "rightly; leaving one of them out loses little.",
        "undecided": "Neither side is right more often where they oppose each other.",
    },
    "cluster": {
        "route": "{first} stays first in this cluster.",
        "do not route": "{second} is the better first model of this cluster: the consensus ranks "
        "them wrongly here. Another preset or threshold may rank them rightly; label whether it "
        "does.",
        "undecided": "The first two models of this cluster are equally good here.",
    },
}
"""What each answer to a question changes; "route" is for the first side, "do not route" against."""


LABELS_ARE_FOR = "Labels are for data without gold answers"
"""Begins what the page is good for where gold answers count."""
_BY_GOLD: dict[Decision, str] = {
    "route": "routing pays",
    "do not route": "do not route",
    "undecided": "no proof that routing pays",
}
SETTLES: dict[Purpose, str] = {
    "routing": "whether routing pays here",
    "settings": "which of the two settings is better",
    "family": "whether the family is right or the consensus",
    "cluster": "whether the first model of the cluster is right",
}
"""What enough labels settle."""


def likely_number(contest: Contest) -> int:
    """About how many labels settle it, before there is any; all that are contested, at most."""
    return labels_needed(np.zeros(0), n_contested=contest.n_contested)


def plan_headline(question: Question, n_planned: int, *, gold: bool = False) -> str:
    """What the planned labels are good for, before the first of them.

    gold : gold answers tell it without any label
    """
    contest, what = question.contest, SETTLES[question.draw.purpose]
    labels, usual = counted(n_planned, "label"), likely_number(contest)
    if n_planned < usual:
        are = agreeing(n_planned, "is", "are")
        return f"{labels} {are} a first look at {what}"
    if n_planned != contest.n_contested:
        labels = f"{'about' if n_planned == usual else 'up to'} {labels}"
    if gold:
        number = labels.rpartition(" ")[0]
        return f"By labels alone, {number} would settle {what.removesuffix(' here')}"
    return capitalised(f"{labels} {agreeing(n_planned, 'settles', 'settle')} {what}")


def nothing_headline(contest: Contest) -> str:
    """That nothing is to be labelled, and why; where the two never answer differently."""
    first, second = contest.short_names
    return f"Nothing to label: {first} and {second} give the same answers"


def look_line(question: Question, n_looked: int) -> str:
    """What so few labels are good for, and about how many settle it."""
    said = plan_headline(question, n_looked)
    usual = likely_number(question.contest)
    return f"{said}; about {usual:,} settle it." if n_looked < usual else f"{said}."


def gold_line(told: Verdict) -> str:
    """What gold answers say of the same, which then counts; "" where they are few."""
    if too_few(told.gain.n):
        return ""
    gain = f"{points(told.gain)} over {told.constant.name}"
    return f"Gold answers count here: {_BY_GOLD[told.light]}, {gain}"


def beside_gold(question: Question, found: Evidence, n_planned: int) -> str:
    """The headline of labels where gold answers count: what labels say alone, or would say.

    Until they settle it no verdict, which would compete with that by gold answers.
    """
    if found.early or not found.gain.n_labels:
        return plan_headline(question, n_planned, gold=True)
    n_labels = found.gain.n_labels
    labels = f"{counted(n_labels, 'label')} alone"
    if found.settled:
        return f"{labels} {agreeing(n_labels, 'says', 'say')}: {_BY_GOLD[found.decision]}"
    return f"{labels} {agreeing(n_labels, 'does', 'do')} not settle whether routing pays"


def practice_line(gold: str, *, simulated: bool = False) -> str:
    """What `gold_line` says, and what labels are good for beside it; simulated : the data are."""
    where = "on these simulated data" if simulated else "here"
    return f"{gold}. {LABELS_ARE_FOR}; {where} labelling is practice."


PLAN_LINE = (
    "So many labels settle a clear gain in somewhat more than half of all draws: one where one "
    "side alone is right on half of these queries and the other on a quarter. A larger gain takes "
    "fewer, a smaller one more; nothing is asked once it is settled."
)
"""What the number rests on."""


def progress_line(found: Evidence, n_done: int, n_planned: int, by_whom: str = "") -> str:
    """How far it is and what is known: "12 of 30: gain +1.8 [−0.9, +4.5] – 9 more would …".

    Of fewer than `ENOUGH_LABELS` no gain is said, unless they settle it. by_whom : of `Desk.done`
    """
    shown = found.watched
    interval = span(shown)
    done = f"{n_done} of {n_planned}{f' ({by_whom})' if by_whom else ''}"
    look = f"; {ENOUGH_LABELS} are a first look" if n_planned > ENOUGH_LABELS else ""
    if not found.gain.n_labels:
        return f"{done}: no label yet{look}"
    if found.early:
        before = found.gain.n_labels - n_done
        also = f", {before:,} from before" if before > 0 else ""
        return f"{done}{also}: too few to tell anything{look}"
    if found.settled and not n_done:  # by the labels of others alone
        done = counted(found.gain.n_labels, "label")
    known = f"{done}: gain {signed(100 * shown.value)} {interval} points"
    if found.settled:
        return f"{known} – settled"
    if not found.more:
        return known
    return f"{known} – about {found.more:,} more would settle it"


def learnt(question: Question, found: Evidence) -> tuple[str, str]:
    """What the labels say in the end, and what it changes."""
    contest = question.contest
    if not contest.n_contested:
        return NOTHING_TO_LABEL, "Nothing: whichever of the two is asked, the answers are the same."
    if found.settled:
        return found.sentence(contest), _change(question, found.decision)
    return found.sentence(contest), _open(contest, found)


def _change(question: Question, decision: Decision) -> str:
    first, second = question.contest.names
    return CHANGES[question.draw.purpose][decision].format(
        first=first, second=second, second_short=question.contest.short_names[1]
    )


def _open(contest: Contest, found: Evidence) -> str:
    """What to do as long as it is not settled."""
    if not found.gain.n_labels:
        return "Nothing yet."
    first, second = contest.names
    if found.keep_first:
        return f"Not settled: the labels so far do not speak against {first}."
    return f"Not settled, but the labels so far speak against {first}: prefer {second} meanwhile."


def unreachable_line(contest: Contest, found: Evidence) -> str:
    """What no label so far could reach, and how many more would do; empty where there is none."""
    if not found.n_unreachable:
        return ""
    share = found.n_unreachable / contest.n_contested
    more = (
        (f" About {counted(found.more, 'label')} of the present draw would settle it.")
        if found.more and not found.early
        else ""
    )
    return (
        f"{found.n_unreachable:,} of the {counted(contest.n_contested, 'query')} that are "
        f"contested now ({percent(share)}) were contested in no draw that has labels, as where a "
        "threshold was moved since: each of them may be a gain or a loss, which widens the "
        f"interval by {decimal(100 * found.n_unreachable / contest.n_queries, 1)} points on either "
        f"side.{more}"
    )
