"""How far it is: what is asked, the interval that shrinks, and what was learnt in the end."""

from __future__ import annotations

import streamlit as st

from app import frame, theme
from cascal import charts
from cascal.counted import counted
from cascal.dataset.evidence import Evidence
from cascal.dataset.label_facts import LabelFacts
from cascal.dataset.label_lessons import progress_line, unreachable_line
from cascal.dataset.label_questions import ASKED, Question


def headline(question: Question, found: Evidence, n_done: int, n_planned: int) -> None:
    """The question and how far it is answered; the answer where it is settled."""
    contest = question.contest
    told = found.settled and contest.n_contested
    title = found.verdict(contest) if told else ASKED[question.draw.purpose]
    st.title(frame.escape(title), anchor=False)
    if contest.n_contested:
        line = progress_line(found, n_done, n_planned)
        st.progress(n_done / max(n_planned, 1), f"**{frame.escape(line)}**")
    sides = f"{contest.names[0]} against {contest.names[1]}"
    st.caption(
        frame.escape(
            f"{sides[:1].upper()}{sides[1:]}. The two answer differently on "
            f"{contest.n_contested:,} of {counted(contest.n_queries, 'query')}; which of these are "
            "labelled is drawn at random."
        )
    )


def picture(facts: LabelFacts, found: Evidence, n_planned: int) -> None:
    """The interval after every label, and what else is to be known about it."""
    table = charts.label_trail_frame(facts.trail())
    text, paper = theme.TEXT_AND_PAPER[theme.mode()]
    colours = {"accent": theme.accent(), "text": text, "muted": theme.MUTED, "paper": paper}
    st.markdown("**Gain in points, by number of labels**")
    st.image(
        charts.label_trail_svg(table, n_planned, colours),
        width="stretch",
        alt=f"The interval of the gain after each of {counted(found.gain.n_labels, 'label')}",
    )
    st.caption(
        "Band: the 95 % interval, which may be looked at after every label. Settled as soon as it "
        "leaves 0."
    )
    line = unreachable_line(facts.contest, found)
    if line:
        st.warning(frame.escape(line))
