"""What was learnt, what it changes, and how to go on."""

from __future__ import annotations

import streamlit as st

from app import frame
from app.label import actions, card, exchange
from cascal.dataset.evidence import NOTHING_TO_LABEL, Evidence
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_lessons import learnt
from cascal.dataset.label_questions import Question
from cascal.store import Purpose

NEXT: dict[Purpose, tuple[tuple[str, str, str], ...]] = {
    "routing": (
        ("overview", "The verdict on Overview", ":material/verified:"),
        ("evaluate", "Compare all routers", ":material/leaderboard:"),
    ),
    "settings": (("runs", "What changed between the two", ":material/compare_arrows:"),),
    "family": (("diagnose", "Back to the checks", ":material/troubleshoot:"),),
    "cluster": (("skills", "Back to the map", ":material/hub:"),),
}
"""Where each question leads when it is answered: page, words, icon."""


def lesson(
    question: Question, desk: Desk, found: Evidence, place: int | None, n_planned: int
) -> card.Keys:
    """The end for now; returned are the keys that go on."""
    buttons = {}
    with st.container(border=True, key="label_lesson"):
        what_it_means(question, found)
        with st.container(horizontal=True, gap="small"):
            if place is not None:
                buttons["Enter"] = "label_go_on"
                st.button(
                    "Label on all the same `Enter`",
                    key="label_go_on",
                    on_click=actions.go_on,
                    args=(desk,),
                )
            elif more := more_to_plan(question, found, n_planned):
                buttons["Enter"] = "label_plan_more"
                if st.button(
                    f"Label {more:,} more `Enter`",
                    key="label_plan_more",
                    type="primary",
                    on_click=actions.plan,
                    args=(question, n_planned + more),
                ):
                    st.rerun()  # the plan is shown outside the fragment
            if found.gain.n_labels:
                buttons["ArrowLeft"] = "label_undo"
                card.undo_button(desk, 0)
        buttons |= card.signed(desk, 0)
        if found.gain.n_labels:
            _lead_on(question, desk, n_planned)
    return buttons


def what_it_means(question: Question, found: Evidence) -> None:
    """What the gain comes from, and what follows from it."""
    st.subheader("What was learnt", anchor=False)
    contested = found.gain.n_contested
    st.text(found.tally(question.contest) if contested else NOTHING_TO_LABEL)
    st.subheader("What it changes", anchor=False)
    st.text(learnt(question, found)[1])


def more_to_plan(question: Question, found: Evidence, n_planned: int) -> int:
    """How many more labels would probably settle it, at most all that are left of the draw."""
    left = len(question.draw.frame) - n_planned
    return left if found.more is None else min(found.more, left)


def _lead_on(question: Question, desk: Desk, n_planned: int) -> None:
    """The labels as a file, and the pages where they count."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        for folder, words, icon in NEXT.get(question.draw.purpose, ()):
            st.page_link(frame.page_file(folder), label=words, icon=icon)
        exchange.download(desk, n_planned, "label_take")
