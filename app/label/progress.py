"""How far it is: what is asked, what the labels say, and the interval that shrinks."""

from __future__ import annotations

import streamlit as st

from app import frame, heeded, session, theme
from app.label import drawing
from cascal import charts
from cascal.dataset.evidence import ENOUGH_LABELS, Evidence
from cascal.dataset.label_facts import LabelFacts
from cascal.dataset.label_lessons import (
    PLAN_LINE,
    beside_gold,
    gold_line,
    nothing_headline,
    plan_headline,
    practice_line,
    progress_line,
    unreachable_line,
)
from cascal.dataset.label_questions import Question
from cascal.number_format import capitalised, counted

HEADLINE = "label_headline"
"""The key of what a page of labels is about."""
NO_GOLD = " Gold answers are not counted here; the page Overview says what they tell."


def headline(
    question: Question,
    found: Evidence,
    done: tuple[int, str],
    n_planned: int,
    *,
    simulated: bool = False,
) -> None:
    """What is known of the answer; before the first label how many will probably settle it.

    Gold answers to the same question count: what they say then stands below.

    done : of `Desk.done`; simulated : whether the labels are
    """
    contest, (n_done, by_whom) = question.contest, done
    told = found.gain.n_labels and contest.n_contested and not found.early
    by_gold = _by_gold(question)
    if by_gold and contest.n_contested:
        title = beside_gold(question, found, n_planned)
    else:
        title = found.headline(contest) if told else _state(question, n_planned)
    with st.container(key=HEADLINE):
        if simulated:
            st.badge("Simulated labels", color="orange", icon=":material/science:")
        ignored = contest.part.has_gold and not by_gold
        about = f"{PLAN_LINE}{NO_GOLD if ignored else ''}"
        st.title(
            frame.headline(title),
            anchor=False,
            help=None if told or not contest.n_contested else about,
        )
        if by_gold:
            frame.sentence(practice_line(by_gold, simulated=session.dataset().simulated))
        if contest.n_contested:
            line = progress_line(found, n_done, n_planned, by_whom)
            st.progress(n_done / max(n_planned, 1), f"**{frame.escape(line)}**")


def _by_gold(question: Question) -> str:
    """What gold answers say of the same question; "" without any to it."""
    if question.draw.purpose != "routing":
        return ""
    told = heeded.contenders_and_verdict()
    return "" if told is None else gold_line(told[1])


def _state(question: Question, n_planned: int) -> str:
    """What the plan is good for, or that there is nothing to label."""
    contest = question.contest
    if not contest.n_contested:
        return nothing_headline(contest)
    return plan_headline(question, n_planned)


def picture(facts: LabelFacts, found: Evidence, n_planned: int, *, ends: bool = False) -> None:
    """The interval after every label, and what else is to be known about it.

    ends : nothing is asked any more, so that it is what the page is about
    """
    table = charts.label_trail_frame(facts.trail())
    if ends and found.settled:
        n_planned = found.gain.n_labels
    text, paper = theme.TEXT_AND_PAPER[theme.mode()]
    colours = {"accent": theme.accent(), "text": text, "muted": theme.MUTED, "paper": paper}
    names = facts.contest.short_names
    st.markdown("**Gain in points, by number of labels**")
    drawing.draw(
        charts.label_trail_svg(table, n_planned, colours, names, early=found.early, large=ends),
        alt=f"The interval of the gain after each of {counted(found.gain.n_labels, 'label')}",
    )
    contest = facts.contest
    if found.early and found.gain.n_labels:
        st.caption(
            f"The gain is drawn from {ENOUGH_LABELS} labels on: of fewer it would be chance. "
            "The band holds at any number."
        )
    st.caption(
        frame.escape(
            f"{capitalised(names[0])} against {names[1]}: different answers to "
            f"{contest.n_contested:,} of {counted(contest.n_queries, 'query')}, labelled in random "
            "order. Band: 95 % interval, valid after every label."
        )
    )
    line = unreachable_line(contest, found)
    if line:
        st.warning(frame.escape(line))
