"""One query after the other, and what all labels say so far."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, heeded, label_entry, session
from app.label import actions, card, choice, given, keys, lesson, progress, teaching, truth
from app.label.choice import Choice
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_facts import LabelFacts, gather_labels
from cascal.dataset.label_questions import Question


@st.fragment(key="labelling")
def labelling(chosen: Choice, place: DeltaGenerator) -> None:
    """The query at hand or what was learnt, the interval so far, and the labels behind it.

    A key runs only this. place : of the headline, which stands above the controls of the page
    """
    if truth.begun_or_ended():
        st.rerun()
    with frame.refusals():
        if chosen.question.draw.purpose == "rectifier":
            teaching.teaching(chosen, place)
        elif truth.playing(chosen.question):
            truth.play(chosen.question, place)
        else:
            _labelling(chosen, place)


def _labelling(chosen: Choice, place_of_headline: DeltaGenerator) -> None:
    question, n_planned = chosen.question, chosen.n_planned
    desk = question.desk(session.workspace(), choice.person())
    facts = _facts(question)
    found = facts.evidence()
    done = desk.done(facts.labels, n_planned)
    with place_of_headline.container():
        progress.headline(question, found, done, n_planned)
    actions.refusal()
    place = desk.open_place(facts.labels, n_planned)
    asks = place is not None and (actions.goes_on(desk) or not found.settled)
    left, right = st.columns([0.58, 0.42], gap="medium")
    contested = question.contest.n_contested
    work, picture = (left, right) if asks or not contested else (right, left)
    if contested:
        with picture:
            progress.picture(facts, found, n_planned, ends=not asks)
    with work:
        if session.read_only():
            st.info(actions.READ_ONLY)
        elif asks and place is not None:
            keys.listen(card.ask(desk, place, desk.labelled_by(facts.labels, place)))
        else:
            if place is None:
                _hand_out(desk, facts, n_planned)
            keys.listen(lesson.lesson(question, desk, found, place, n_planned))
    with right:
        truth.offer(question, n_planned)
        if question.draw.purpose == "routing":
            label_entry.judged()
            heeded.choice()
    given.labels(desk, found, n_planned)


def _facts(question: Question) -> LabelFacts:
    store = session.workspace()
    with store.opened():
        return gather_labels(store, question.dataset, question.contest)


def _hand_out(desk: Desk, facts: LabelFacts, n_planned: int) -> None:
    """Where all planned queries were labelled, some for another question, all count as drawn."""
    stored = {one.draw_id: one.n_asked for one in facts.draws}
    if n_planned > stored.get(desk.draw.draw_id, 0):
        desk.hand_out(n_planned)
