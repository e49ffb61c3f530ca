"""What was learnt, what it changes, and how to go on."""

from __future__ import annotations

import streamlit as st

from app.label import actions, card
from cascal.dataset.evidence import Evidence
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_lessons import learnt
from cascal.dataset.label_questions import Question

PLANS = (10, 30, 100, 300)


def lesson(question: Question, desk: Desk, found: Evidence, place: int | None) -> card.Keys:
    """The end for now; returned are the keys that go on."""
    sentence, change = learnt(question, found)
    buttons = {}
    with st.container(border=True, key="label_lesson"):
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
            elif (more := _next_plan(desk)) is not None:
                buttons["Enter"] = "label_plan_more"
                st.button(
                    f"Plan {more} labels `Enter`",
                    key="label_plan_more",
                    on_click=actions.plan,
                    args=(more,),
                )
            if found.gain.n_labels:
                buttons["ArrowLeft"] = "label_undo"
                card.undo_button(desk)
    return buttons


def _next_plan(desk: Desk) -> int | None:
    """The next larger plan, if the draw holds more."""
    now = st.session_state["label_planned"]
    larger = [one for one in PLANS if one > now]
    return larger[0] if larger and len(desk.draw.frame) > now else None
