"""One query after the other, and what all labels say so far."""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.label import actions, card, given, keys, lesson, progress, truth
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_facts import LabelFacts, gather_labels
from cascal.dataset.label_questions import Question
from cascal.provenance import this_account

READ_ONLY = (
    "This dashboard only shows: labels can be read here and not given. Whoever owns the workspace "
    "labels with `cascal label`, or with a dashboard on the own machine."
)


@st.fragment(key="labelling")
def labelling(question: Question) -> None:
    """The query at hand, the interval so far, and the labels behind it; a key runs only this."""
    with frame.refusals():
        if truth.playing(question):
            truth.play(question)
        else:
            _labelling(question)


def _labelling(question: Question) -> None:
    top = st.container()
    desk, n_planned = _desk(question)
    facts = _facts(question)
    found = facts.evidence()
    with top:
        progress.headline(question, found, _done(desk, facts, n_planned), n_planned)
        actions.refusal()
    left, right = st.columns([0.58, 0.42], gap="large")
    with left:
        place = desk.open_place(facts.labels, n_planned)
        if session.read_only():
            st.info(READ_ONLY)
            buttons: card.Keys = {}
        elif place is None or (found.settled and not actions.goes_on(desk)):
            buttons = lesson.lesson(question, desk, found, place)
            _hand_out(desk, facts, n_planned, place)
        else:
            buttons = card.query(desk, place)
    keys.listen(buttons)
    with right:
        progress.picture(facts, found, n_planned)
        truth.offer(question, n_planned)
    given.labels(desk, found, n_planned)


def _desk(question: Question) -> tuple[Desk, int]:
    """Who labels, and how many are planned."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        n_planned: int = st.segmented_control(
            "Labels planned",
            lesson.PLANS,
            default=30,
            required=True,
            key="label_planned",
            persist_state="session",
        )
        person = st.text_input(
            "Your name",
            value=this_account(),
            key="label_person",
            persist_state="session",
            width=220,
            disabled=session.read_only(),
        )
    desk = question.desk(session.workspace(), person.strip() or this_account())
    return desk, min(n_planned, len(question.draw.frame))


def _facts(question: Question) -> LabelFacts:
    store = session.workspace()
    with store.opened():
        return gather_labels(store, question.dataset, question.contest)


def _done(desk: Desk, facts: LabelFacts, n_planned: int) -> int:
    """How many of the planned labels this person has given; anybody, where nobody can give any."""
    anybody = session.read_only()
    own = {one.query_id for one in facts.labels if anybody or one.person == desk.person}
    return len(own.intersection(desk.draw.frame[:n_planned]))


def _hand_out(desk: Desk, facts: LabelFacts, n_planned: int, place: int | None) -> None:
    """Where all planned queries were labelled, some for another question, all count as drawn."""
    stored = {one.draw_id: one.n_asked for one in facts.draws}
    if place is None and stored.get(desk.draw.draw_id, 0) < n_planned:
        desk.hand_out(n_planned)
