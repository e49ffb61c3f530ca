"""Scores of open-ended responses, one response at a time, by keyboard; the ranking beside them."""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.label import actions, card, choice, keys
from cascal.dataset.score_desk import SCALE, OpenResponse, ScoreDesk
from cascal.dataset.scored_evidence import gather_scores
from cascal.datatypes import CascalError
from cascal.number_format import counted

TITLE = "How good is this answer?"
PLANS = (10, 30, 100, 230)
_SKIPPED = "scoring_skipped"
TEXT_HEIGHT = 220
RESPONSE_HEIGHT = 320


@st.fragment(key="scoring")
def scoring() -> None:
    """The next response, and what all scores say so far; a key runs only this."""
    st.title(TITLE, anchor=False)
    with frame.refusals():
        _scoring()


def _scoring() -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        n = st.segmented_control(
            "Queries planned", PLANS, default=30, required=True, key="scoring_planned"
        )
        choice.name_field()
    desk = ScoreDesk(
        store=session.workspace(),
        dataset=session.dataset_name(),
        person=choice.person(),
        n=n,
    )
    n_done, n_all = desk.progress()
    st.progress(n_done / max(n_all, 1), f"**{n_done} of {counted(n_all, 'response')}**")
    st.caption(
        "Every response to queries that were drawn at random, one after the other; no model's name "
        "is shown."
    )
    actions.refusal()
    left, right = st.columns([0.62, 0.38], gap="large")
    with left:
        keys.listen(_response(desk))
    with right:
        _ranking(desk)


def _response(desk: ScoreDesk) -> card.Keys:
    """The response that is to be scored; returned are the keys that do it."""
    if session.read_only():
        st.info(actions.READ_ONLY)
        return {}
    found = desk.open_response(_skipped(desk))
    if found is None:
        with st.container(border=True, key="scoring_end"):
            st.text("All planned queries are scored or skipped. Plan more above to go on.")
            _undo_button(desk)
        return {"ArrowLeft": "scoring_undo"}
    with st.container(border=True, key="scoring_response"):
        st.caption(frame.escape(found.task))
        _text(found.text, TEXT_HEIGHT)
        st.caption("A response")
        with st.container(border=True):
            _text(found.response or "(no answer)", RESPONSE_HEIGHT)
        return _buttons(desk, found)


def _text(text: str, height: int) -> None:
    """A text as it is; a long one in a box of its own to scroll in."""
    with st.container(height=height if len(text) > card.LONG_TEXT else "content", border=False):
        st.text(text)


def _buttons(desk: ScoreDesk, found: OpenResponse) -> card.Keys:
    buttons = {"ArrowRight": "scoring_skip", "ArrowLeft": "scoring_undo"}
    with st.container(horizontal=True, gap="small"):
        for key, (words, value) in zip("12345", SCALE, strict=True):
            buttons[key] = f"scoring_{key}"
            label = f"{words} `{key}`"
            st.button(label, key=buttons[key], on_click=_give, args=(desk, found, value))
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Skip this query `→`",
            key="scoring_skip",
            type="tertiary",
            help="Its other responses are left out too: only whole queries are compared.",
            on_click=_skip,
            args=(desk, found),
        )
        _undo_button(desk)
    return buttons


def _undo_button(desk: ScoreDesk) -> None:
    st.button(
        "Take back `←`",
        key="scoring_undo",
        type="tertiary",
        help="Deletes the last score that you gave.",
        on_click=actions.tried,
        args=(desk.undo,),
    )


def _give(desk: ScoreDesk, found: OpenResponse, value: float) -> None:
    def work() -> None:
        actions.checked_name()
        desk.give(found, value)

    actions.tried(work)


def _skipped(desk: ScoreDesk) -> set[str]:
    """The queries that this person skipped in this session."""
    every: dict[tuple[str, str], set[str]] = st.session_state.setdefault(_SKIPPED, {})
    return every.setdefault((desk.dataset, desk.person), set())


def _skip(desk: ScoreDesk, found: OpenResponse) -> None:
    keys.next_turn()
    _skipped(desk).add(found.query_id)


def _ranking(desk: ScoreDesk) -> None:
    """What the scores of people say so far."""
    st.markdown("**What people's scores say so far**")
    try:
        found = gather_scores(desk.store, desk.dataset, "person", session.dataset().encoder)
    except CascalError:  # too few, or none yet
        st.caption(
            "Nothing yet. The ranking stands here once five queries are scored whole; to choose a "
            "model takes 30 to 100 of them, and a router 230."
        )
        return
    st.text(found.sentence)
    for warning in found.warnings:
        st.warning(frame.escape(warning))
    st.page_link(
        frame.page_file("overview"), label="Overview has the ranking", icon=":material/leaderboard:"
    )
