"""The ways to the page Label, and what the labels say on other pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from app import frame, heeded, session
from cascal.dataset import heeding
from cascal.dataset.contest import Contest
from cascal.dataset.evidence import Evidence
from cascal.dataset.judged import gather_judged, judges
from cascal.dataset.label_facts import routing_evidence
from cascal.dataset.label_lessons import look_line
from cascal.dataset.label_questions import Question, family_question, routing_question
from cascal.dataset.to_label import TO_LABEL
from cascal.datatypes import NotApplicable
from cascal.store import Purpose
from cascal.verdicts.constant import Constant
from cascal.verdicts.verdict import Decision, too_few

_IN_SHORT: dict[Decision, str] = {
    "route": "routing pays",
    "do not route": "do not route",
    "undecided": "not settled",
}
WANTED = "label_wanted"
"""The key of what the page Label is to open with when it is opened next."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Values of widgets of the page Label by their keys."""

    widgets: Mapping[str, str] = field(default_factory=dict)


CLUSTER, FIRST, SECOND = "of_cluster", "between", "against"
"""What belongs to some purposes: the number of a cluster, and two sides."""
_RUN = "run "


def side_of_run(name: str) -> str:
    """What a saved run is called as one of two sides."""
    return f"{_RUN}{name}"


def button(label: str, key: str, purpose: Purpose, **chosen: str) -> None:
    """A button that opens the page Label with a question; how many labels is said there alone."""
    wanted = Wanted(widgets={"purpose": purpose, **chosen})
    st.button(
        label,
        key=key,
        icon=":material/edit_note:",
        on_click=frame.open_page,
        args=("label", _want, wanted),
    )


def _want(wanted: Wanted) -> None:
    st.session_state[WANTED] = wanted


@st.cache_resource(show_spinner="Finding what is contested", max_entries=16)
def _remembered(token: str, _make: Callable[[], Question]) -> Question:
    return _make()


def question(token: str, make: Callable[[], Question]) -> Question:
    """A question about the present state with its draw, made once; the token names it."""
    return _remembered(f"{heeded.token()}:{token}", make)


def routing() -> Question:
    """Whether the present router pays."""
    return question("routing", lambda: routing_question(heeded.snapshot().ungated))


def family() -> Question:
    """Whether the pair that votes alike is right, or the consensus."""
    return question("family", lambda: family_question(session.snapshot()))


def label_first(asked: Question, key: str) -> None:
    """A button that opens the page Label with what is left of a first look, and what that tells."""
    n_labels = min(TO_LABEL, asked.contest.n_contested)
    if not n_labels:
        return
    n_done = asked.desk(session.workspace(), "").evidence().gain.n_labels
    if n_done >= n_labels:
        button("Label on", key, asked.draw.purpose)
        return
    label = f"Label {n_labels - n_done} more" if n_done else f"Label {n_labels}"
    button(f"{label} for a first look", key, asked.draw.purpose)
    st.caption(frame.escape(look_line(asked, n_labels)))


def evidence() -> tuple[Contest, Evidence] | None:
    """What the labels say about the present router; None where there are none."""
    return routing_evidence(session.workspace(), heeded.snapshot())


def judged() -> None:
    """What models said that judged instead of people, each apart; nothing where none did."""
    store, data = session.workspace(), session.dataset()
    if not judges(store, data.info.name):
        return
    try:
        found = gather_judged(store, data.info.name, routing().contest)
    except NotApplicable as error:
        st.caption(frame.shown_refusal(error))
        return
    with st.container(border=True, key="judged"):
        st.markdown("**Judged by models, not by people**")
        for one in found:
            st.text(one.sentence)
        st.caption("Never gold: it closes no gate, and is not counted with what people say.")


def few_labels() -> None:
    """The third kind of verdict, where there are labels, and the way to give more of them.

    Folded where gold answers decide, which know another model to compare with.
    """
    try:
        found = heeding.few_labels(session.workspace(), heeded.snapshot())
    except NotApplicable as error:
        st.caption(frame.shown_refusal(error))
        return
    if found is None:
        return
    verdict = heeded.snapshot().verdict
    if verdict is not None and not too_few(verdict.gain.n):
        with st.expander(f"By labels alone: {_IN_SHORT[found.evidence.decision]}"):
            _said_by_labels(found, verdict.constant)
        return
    with st.container(border=True, key="few_labels"):
        st.markdown("**With a few labels**")
        _said_by_labels(found)


def _said_by_labels(found: heeding.FewLabels, of_gold: Constant | None = None) -> None:
    """The verdict by labels; `of_gold` is what gold answers compare with, where they decide."""
    st.text(found.sentence)
    constant = found.contest.constant
    if of_gold is not None and constant is not None and constant.name != of_gold.name:
        st.caption(
            frame.escape(
                f"Labels are for where nobody has gold answers, so they compare with "
                f"{constant.words}. The headline compares with {of_gold.words}."
            )
        )
    button("See and give labels", "more_labels", "routing")
