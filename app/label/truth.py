"""A show: the known truth answers as a person would. Nothing of it is stored or counted."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, held
from app.label import choice, lesson, progress
from cascal import charts
from cascal.dataset.evidence import Evidence
from cascal.dataset.known_truth import KNOWN_TRUTH, labels_of_the_truth, truth_is_known
from cascal.dataset.label_facts import LabelFacts
from cascal.dataset.label_questions import Question
from cascal.number_format import counted
from cascal.store import Label

SECONDS = 0.33
"""From one label to the next: 30 take ten seconds."""
_PLAY, _ANEW = "label_truth", "label_truth_anew"
clock = time.monotonic


@dataclass(frozen=True, kw_only=True)
class _Show:
    """A show of a draw that began then; `ended` is the label that settled it, None before.

    It goes on from `n_before` labels. They are a number of their own: taken off the time it
    began, rounding would lose one of them.
    """

    draw_id: str = ""
    n_planned: int = 0
    n_before: int = 0
    begun: float = 0.0
    ended: int | None = None

    @property
    def n_played(self) -> int:
        """How many labels there are by now."""
        if self.ended is not None:
            return self.ended
        return min(self.n_planned, self.n_before + int((clock() - self.begun) / SECONDS))


def offer(question: Question, n_planned: int) -> None:
    """The button that starts the show, where gold answers know the truth."""
    if not n_planned or not truth_is_known(question, n_planned):
        return
    st.button(
        "Let the known truth answer",
        key="label_truth_start",
        icon=":material/play_arrow:",
        help=f"Plays {counted(n_planned, 'label')} from the gold answers of these data, to show "
        "what happens. They are simulated: kept nowhere, and never counted with those of "
        "people.",
        on_click=_start,
        args=(question.draw.draw_id, n_planned),
    )


def _start(draw_id: str, n_planned: int, n_before: int = 0) -> None:
    st.session_state[_ANEW] = True
    st.session_state[_PLAY] = _Show(
        draw_id=draw_id, n_planned=n_planned, n_before=n_before, begun=clock()
    )


def _play_on(question: Question, n_planned: int, n_played: int) -> None:
    choice.plan(question, n_planned)
    _start(question.draw.draw_id, n_planned, n_played)


def _stop() -> None:
    st.session_state[_ANEW] = True
    st.session_state.pop(_PLAY, None)


def _show() -> _Show:
    shown: _Show = st.session_state.get(_PLAY, _Show())
    return shown


def begun_or_ended() -> bool:
    """Whether a show began or ended just now, which is shown outside the fragment too; once."""
    return bool(st.session_state.pop(_ANEW, False))


def playing(question: Question) -> bool:
    """Whether the show of this draw is on."""
    return _show().draw_id == question.draw.draw_id


def play(question: Question, place: DeltaGenerator) -> None:
    """One label after the other; the last state stays until the reader goes back.

    place : of the headline
    """
    shown = _show()
    n_labels = shown.n_played
    facts = labels_of_the_truth(question, n_labels)
    found = facts.evidence()
    if n_labels == shown.n_planned or found.settled:
        _end(question, facts, found, shown.n_planned, place)
    else:
        _run(question, shown.n_planned, place)


@held.ticking(SECONDS)
def _run(question: Question, n_planned: int, place: DeltaGenerator) -> None:
    n_labels = _show().n_played
    facts = labels_of_the_truth(question, n_labels)
    found = facts.evidence()
    with place.container():
        progress.headline(question, found, (n_labels, ""), n_planned, simulated=True)
    left, right = st.columns([0.58, 0.42], gap="medium")
    with left:
        _query(question, facts, n_planned)
        st.button("Back to the labels of people", key="label_truth_stop", on_click=_stop)
        _whose_labels()
    with right:
        progress.picture(facts, found, n_planned)
    if found.settled:
        st.session_state[_PLAY] = replace(_show(), ended=n_labels)
    if found.settled or n_labels == n_planned:
        st.rerun()


def _end(
    question: Question,
    facts: LabelFacts,
    found: Evidence,
    n_planned: int,
    place: DeltaGenerator,
) -> None:
    """What these labels would say, the ways on, and the queries behind it."""
    n_labels = len(facts.labels)
    with place.container():
        progress.headline(question, found, (n_labels, ""), n_planned, simulated=True)
    left, right = st.columns([0.58, 0.42], gap="medium")
    with left:
        progress.picture(facts, found, n_planned, ends=True)
    with right, st.container(border=True, key="label_lesson"):
        lesson.what_it_means(question, found)
        more = 0 if found.settled else _more(question, found, n_labels)
        with st.container(horizontal=True, gap="small"):
            st.button("Label these yourself", key="label_truth_stop", on_click=_stop)
            if more:
                st.button(
                    f"Play {more:,} more",
                    key="label_truth_on",
                    type="primary",
                    on_click=_play_on,
                    args=(question, n_labels + more, n_labels),
                )
        _whose_labels()
    _queries(question, facts)


def _more(question: Question, found: Evidence, n_played: int) -> int:
    """How many more would probably settle it; 0 where the truth of them is not known."""
    more = lesson.more_to_plan(question, found, n_played)
    return more if truth_is_known(question, n_played + more) else 0


def _whose_labels() -> None:
    st.caption(
        f"Labels by “{KNOWN_TRUTH}”: the gold answers of these data. They are stored nowhere "
        "and count for no verdict."
    )


def _query(question: Question, facts: LabelFacts, n_planned: int) -> None:
    """The query that was labelled last, and what the truth said."""
    if not facts.labels:
        return
    label, part = facts.labels[-1], question.contest.part
    row = question.contest.row_of[label.query_id]
    n_labels = len(facts.labels)
    with st.container(border=True, key="label_query"):
        st.caption(frame.escape(f"{part.votes.tasks[row]} · {n_labels} of {n_planned}"))
        st.text(part.texts[row])
        st.text(f"The truth: {_truth(question, label)}")


def _truth(question: Question, label: Label) -> str:
    part, row = question.contest.part, question.contest.row_of[label.query_id]
    if label.answer:
        return part.shown_answer(row, int(part.gold[row]))
    return f"{_right(label)} right"


def _right(label: Label) -> str:
    """Which of the two models is right."""
    return " and ".join(name for name, right in label.verdicts.items() if right) or "neither"


def _queries(question: Question, facts: LabelFacts) -> None:
    """Every query that was labelled, and which of the two models is right there."""
    part, row_of = question.contest.part, question.contest.row_of
    st.subheader(f"The {counted(len(facts.labels), 'query')} behind it", anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                "task": [part.votes.tasks[row_of[one.query_id]] for one in facts.labels],
                "query": [
                    charts.shorten(part.texts[row_of[one.query_id]], 160) for one in facts.labels
                ],
                "truth": [_truth(question, one) for one in facts.labels],
                "right": [_right(one) for one in facts.labels],
            }
        ),
        hide_index=True,
        height=300,
        alt="Every query that was labelled, the truth, and which of the two models is right",
        column_config={
            "task": st.column_config.TextColumn("Task", width=90),
            "query": st.column_config.TextColumn("Query", width="large"),
            "truth": st.column_config.TextColumn("The truth", width=180),
            "right": st.column_config.TextColumn("Right", width=130),
        },
    )
