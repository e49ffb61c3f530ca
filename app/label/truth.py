"""A show: the known truth answers as a person would. Nothing of it is stored or counted."""

from __future__ import annotations

import time

import streamlit as st

from app import frame
from app.label import progress
from cascal.counted import counted
from cascal.dataset.known_truth import KNOWN_TRUTH, labels_of_the_truth, truth_is_known
from cascal.dataset.label_questions import Question

SECONDS = 0.33
"""From one label to the next: 30 take ten seconds."""
_PLAY = "label_truth"
clock = time.monotonic


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


def _start(draw_id: str, n_planned: int) -> None:
    st.session_state[_PLAY] = (draw_id, n_planned, clock())


def _stop() -> None:
    st.session_state.pop(_PLAY, None)


def playing(question: Question) -> bool:
    """Whether the show of this draw is on."""
    return bool(st.session_state.get(_PLAY, ("", 0, 0.0))[0] == question.draw.draw_id)


def play(question: Question) -> None:
    """One label after the other; the last state stays until the reader goes back."""
    _, n_planned, begun = st.session_state[_PLAY]
    if _n_played(n_planned, begun) < n_planned:
        _run(question, n_planned, begun)
    else:
        _show(question, n_planned, n_planned)


@st.fragment(run_every=SECONDS)
def _run(question: Question, n_planned: int, begun: float) -> None:
    n_labels = _n_played(n_planned, begun)
    _show(question, n_labels, n_planned)
    if n_labels == n_planned:
        st.rerun()


def _n_played(n_planned: int, begun: float) -> int:
    return min(n_planned, int((clock() - begun) / SECONDS))


def _show(question: Question, n_labels: int, n_planned: int) -> None:
    facts = labels_of_the_truth(question, n_labels)
    found = facts.evidence()
    st.badge("Simulated labels", color="orange", icon=":material/science:")
    progress.headline(question, found, n_labels, n_planned)
    left, right = st.columns([0.58, 0.42], gap="large")
    with left:
        _query(question, n_labels, n_planned)
        st.button("Back to the labels of people", key="label_truth_stop", on_click=_stop)
        st.caption(
            f"Labels by “{KNOWN_TRUTH}”: the gold answers of these data. They are stored nowhere "
            "and count for no verdict."
        )
    with right:
        progress.picture(facts, found, n_planned)


def _query(question: Question, n_labels: int, n_planned: int) -> None:
    """The query that was labelled last, and what the truth said."""
    if not n_labels:
        return
    facts = labels_of_the_truth(question, n_labels)
    label, contest = facts.labels[-1], question.contest
    row = contest.row_of[label.query_id]
    with st.container(border=True, key="label_query"):
        st.caption(frame.escape(f"{contest.part.votes.tasks[row]} · {n_labels} of {n_planned}"))
        st.text(contest.part.texts[row])
        if label.answer:
            st.text(f"The truth: {contest.part.shown_answer(row, int(contest.part.gold[row]))}")
        else:
            right = [name for name, verdict in label.verdicts.items() if verdict]
            st.text(f"The truth: {' and '.join(right) or 'neither'} right")
