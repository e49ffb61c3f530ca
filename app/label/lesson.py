"""What was learnt, what it changes, and how to go on."""

from __future__ import annotations

import streamlit as st

from app.label import actions, card
from app.label.choice import PLANNED, next_plan
from cascal.counted import counted
from cascal.dataset.evidence import Evidence
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_lessons import learnt
from cascal.dataset.label_questions import Question


def lesson(question: Question, desk: Desk, found: Evidence, place: int | None) -> card.Keys:
    """The end for now; returned are the keys that go on."""
    sentence, change = learnt(question, found)
    buttons = {}
    with st.container(border=True, key="label_lesson"):
        if not found.settled or not found.gain.n_contested:  # else it is the title of the page
            st.subheader("What was learnt", anchor=False)
            st.text(sentence)
        st.subheader("What it changes", anchor=False)
        st.text(change)
        with st.container(horizontal=True, gap="small"):
            if place is not None:
                buttons["Enter"] = "label_go_on"
                st.button(
                    "Label on all the same `Enter`",
                    key="label_go_on",
                    on_click=actions.go_on,
                    args=(desk,),
                )
            elif (more := _more(desk)) is not None:
                buttons["Enter"] = "label_plan_more"
                if st.button(
                    f"Plan {counted(more, 'label')} `Enter`",
                    key="label_plan_more",
                    on_click=actions.plan,
                    args=(more,),
                ):
                    st.rerun()  # the plan is shown outside the fragment
            if found.gain.n_labels:
                buttons["ArrowLeft"] = "label_undo"
                card.undo_button(desk)
    return buttons


def _more(desk: Desk) -> int | None:
    """The next larger plan, if the draw holds more."""
    drawn = st.session_state[PLANNED]
    return next_plan() if len(desk.draw.frame) > drawn else None
