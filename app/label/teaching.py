"""Labels that correct the scores: a number from which they are offered, no interval to watch."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, heeded, session
from app.label import actions, card, choice, given, keys, progress
from app.label.choice import Choice
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_questions import ASKED
from cascal.dataset.rectifying import FROM_LABELS, rectifier_labels
from cascal.number_format import counted


def teaching(chosen: Choice, place: DeltaGenerator) -> None:
    """The next query of the draw, how many are labelled, and what they correct.

    place : of the headline
    """
    desk = chosen.question.desk(session.workspace(), choice.person())
    with place.container():
        _headline(chosen)
    actions.refusal()
    left, right = st.columns([0.58, 0.42], gap="large")
    with left:
        keys.listen(_query(chosen, desk))
    with right:
        _offered()
    given.labels(desk, desk.evidence(), chosen.n_planned)


def _headline(chosen: Choice) -> None:
    contest = chosen.question.contest
    n_labels = len(rectifier_labels(session.workspace(), session.snapshot()).ids)
    said = f"{n_labels} of the {FROM_LABELS} labels from which they may correct the scores"
    if n_labels >= FROM_LABELS:
        labels = counted(n_labels, "label")
        said = f"{labels}, of which {FROM_LABELS} were needed to correct the scores"
    with st.container(key=progress.HEADLINE):
        st.title(ASKED["rectifier"], anchor=False)
        st.progress(min(1.0, n_labels / FROM_LABELS), f"**{said}**")
        st.caption(
            "Training queries on which not all models say the same: "
            f"{contest.n_contested:,} of {contest.n_queries:,}, in a random order. A label counts "
            "once it tells of every model whether it is right."
        )


def _query(chosen: Choice, desk: Desk) -> card.Keys:
    if session.read_only():
        st.info(actions.READ_ONLY)
        return {}
    place = desk.next_place(chosen.n_planned)
    if place is not None:
        return card.ask(desk, place, desk.labelled_by(desk.store.labels(desk.dataset), place))
    with st.container(border=True, key="label_lesson"):
        st.text(
            f"{counted(chosen.n_planned, 'planned query is', 'planned queries are all')} labelled. "
            "Plan more above to go on."
        )
        card.undo_button(desk, 0)
        return {"ArrowLeft": "label_undo"} | card.signed(desk, 0)


def _offered() -> None:
    """What the labels correct, once there are enough; until then why that many are needed."""
    if heeded.correction() is None:
        st.caption(
            frame.escape(
                f"With fewer than {FROM_LABELS} labels the scores stay as they are: on real "
                "responses a correction from fewer of them costs more than it brings. What it "
                "brings is estimated first, and nothing is corrected unless you say so."
            )
        )
    heeded.choice()
