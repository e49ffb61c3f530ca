"""The steps of the tour: what each says, and what its button does for the reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite

import streamlit as st

from app import frame, heeded, held, history, jobs, session, shared_results, values
from app.diagnose import applied, effects
from app.values import Values
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose import Effect, Finding, try_all
from cascal.number_format import counted, dollars, percent

BROKEN_MERGE = 0.6
"""A merge distance that makes one cluster of skills that are not alike."""
BEFORE = "tour_before"
"""The state before the tour broke it, and how many earlier ones it had."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to see on one page, and the button that goes on.

    says : in the words of this moment; act : what the button does before the next page opens
    ready : whether it can be done yet
    """

    page: str
    says: Callable[[], str]
    does: str
    act: Callable[[], None] = lambda: None
    ready: Callable[[], bool] = lambda: True


def _type_a_query() -> None:
    """Put a query of the test set into the box of the page Route: its vector is stored."""
    data = session.dataset()
    part = data.test if data.test is not None else data.train
    held.put(query_text=part.texts[len(part.texts) // 3], route_tab="One query")


def _break() -> None:
    before = values.present()
    st.session_state[BEFORE] = before, history.depth()
    history.change_to(replace(before, merge=BROKEN_MERGE))


def _said_of_the_break() -> str:
    now, before = heeded.snapshot(), _snapshot_before()
    sentence = (
        "Skills that are not alike share a ranking: "
        f"{counted(len(now.router.clusters), 'cluster')} instead of {len(before.router.clusters)}"
    )
    if now.evaluation is None or before.evaluation is None:
        return f"{sentence}."
    right, was = now.evaluation.top1_accuracy, before.evaluation.top1_accuracy
    return f"{sentence}, {percent(right, 1)} right instead of {percent(was, 1)}."


def _snapshot_before() -> Snapshot:
    before, _ = st.session_state.get(BEFORE, (values.DEFAULTS, 0))
    return heeded.at(session.snapshot_at(before))


def _issues() -> list[Finding] | None:
    """The issues of the present state; None while the checks run."""
    job = jobs.find(shared_results.findings_key())
    if job is None or job.state != "done":
        return None
    return [finding for finding in job.result if finding.section == "issue"]


def _mend() -> None:
    """Try every remedy of the issues out and apply the best that helps, as its button would."""
    helping = [
        effect
        for issue in _issues() or ()
        for effect in try_all(session.snapshot(), issue.code)
        if effect.judgement == "helps" and effects.can_be_set(effect.proposal)
    ]
    if helping:
        effects.apply_effect(max(helping, key=_gain))


def _gain(effect: Effect) -> float:
    return effect.gain.value if effect.gain is not None else 0.0


def undo_all() -> None:
    """Back to the state before the tour broke it; nothing where it did not."""
    broken: tuple[Values, int] | None = st.session_state.pop(BEFORE, None)
    if broken is not None:
        history.return_to(*broken)
        applied.dismiss()


def _to_retell() -> str:
    """What a stakeholder takes along: gain and dollars, beside always asking one model."""
    now = heeded.snapshot()
    if now.verdict is None:
        return "All is undone. That was the tour."
    said = now.verdict.answer
    if isfinite(now.cost.change):
        said += (
            f", at {dollars(now.cost.routed)} instead of {dollars(now.cost.always)} per 1,000 "
            "queries"
        )
    return frame.escape(
        f"All is undone. To retell: {said}. What the router knows it learnt from answers alone, "
        "without a label. The data are simulated."
    )


def _said_of_checks() -> str:
    if _issues() is None:
        return "Diagnose looks for what is wrong now. The checks take a few seconds."
    return "Diagnose names what is wrong. Remedies are tried out on these data before one is used."


STEPS = (
    Step(
        page="overview",
        says=lambda: (
            "The headline answers whether routing pays here, and how sure that is; the box “Ship "
            "this”, which setting to use, what it costs and when it pays back."
        ),
        does="Show who is good at what",
    ),
    Step(
        page="skills",
        says=lambda: (
            "Every point is a query, in the colour of the model that is asked first. "
            "Queries that are alike lie together."
        ),
        does="Type a query",
        act=_type_a_query,
    ),
    Step(
        page="route",
        says=lambda: "Here is where this query goes, how narrow that is, and what would change it.",
        does=f"Break it: merge distance {BROKEN_MERGE:g}",
        act=_break,
    ),
    Step(page="skills", says=_said_of_the_break, does="Ask what is wrong"),
    Step(
        page="diagnose",
        says=_said_of_checks,
        does="Mend it",
        act=_mend,
        ready=lambda: _issues() is not None,
    ),
    Step(
        page="diagnose",
        says=lambda: (
            "The box under the headline proves what the remedy did. Every change can be undone."
        ),
        does="Undo it all",
        act=undo_all,
    ),
    Step(page="overview", says=_to_retell, does="Done"),
)
"""In their order; the button of one opens the page of the next."""
