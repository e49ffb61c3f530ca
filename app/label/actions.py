"""What the buttons of the page Label do, and the refusals that they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from app import frame
from app.label import choice, keys
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_questions import Question
from cascal.datatypes import CascalError, option_letter
from cascal.store import Mark

READ_ONLY = (
    "This dashboard only shows: labels can be read here and not given. Whoever owns the workspace "
    "labels with `cascal label`, or with a dashboard on the machine that holds it."
)
NAMELESS = "Say who you are first: what people say is stored with their names, and yours is empty."
_REFUSAL = "label_refusal"
_SHOWN = "label_shown"
_ON = "label_on"
_UNSIGNED, _SIGNED = "label_unsigned", "label_signed"


@dataclass(frozen=True, kw_only=True)
class Unsigned:
    """What was said of the query at a place before anybody said who says it.

    words : for what was said; does : for what follows once somebody says it
    """

    draw_id: str
    place: int
    words: str
    does: str
    give: Callable[[Desk], object]


def tried(work: Callable[[], Any]) -> None:
    """Do what a key or a button asks for; a refusal is shown by `refusal`."""
    keys.next_turn()
    try:
        work()
    except CascalError as error:
        st.session_state[_REFUSAL] = str(error)


def refusal() -> None:
    """The sentence of the last refusal, once."""
    sentence = st.session_state.pop(_REFUSAL, "")
    if sentence:
        st.error(frame.escape(sentence))


def answer(desk: Desk, place: int, option: int) -> None:
    """Label the query at a place with an option."""
    letter = option_letter(option)
    _say(desk, place, letter, lambda who: who.give(place, letter))


def judge(desk: Desk, place: int, words: str, first: bool, second: bool) -> None:
    """Say which of the two sides is right."""
    _say(desk, place, words, lambda who: who.judge(place, first=first, second=second))


def mark(desk: Desk, place: int, words: str, how: Mark) -> None:
    """Skip the query, or call it a bad question."""
    _say(desk, place, words, lambda who: who.give(place, mark=how))


def typed(desk: Desk, place: int, key: str) -> None:
    """Label with the free answer that was typed."""
    text = str(st.session_state.get(key, "")).strip()
    if text:
        _say(desk, place, "the answer", lambda who: who.give(place, text))


def _say(
    desk: Desk, place: int, words: str, give: Callable[[Desk], object], does: str = ""
) -> None:
    """Store what is said of a query; as long as nobody said who says it, keep it until then."""
    if desk.person:
        tried(lambda: give(desk))
        return
    keys.next_turn()
    draw_id = desk.draw.draw_id
    st.session_state[_UNSIGNED] = Unsigned(
        draw_id=draw_id, place=place, words=words, does=does or f"Store {words}", give=give
    )


def unsigned(desk: Desk, place: int) -> Unsigned | None:
    """What was said of this query and waits for a name; None else."""
    said: Unsigned | None = st.session_state.get(_UNSIGNED)
    if said is None or desk.person:
        return None
    return said if (said.draw_id, said.place) == (desk.draw.draw_id, place) else None


def sign(desk: Desk, said: Unsigned, name_key: str) -> None:
    """Store what waited, under the name that was given."""

    def work() -> None:
        choice.take_name(name_key)
        checked_name()
        st.session_state.pop(_UNSIGNED, None)
        st.session_state[_SIGNED] = True
        said.give(replace(desk, person=choice.person()))

    tried(work)


def take_back_unsigned() -> None:
    """Forget what waited for a name."""
    keys.next_turn()
    st.session_state.pop(_UNSIGNED, None)


def just_signed() -> bool:
    """Whether a name was given just now, which is shown outside the fragment too; once."""
    return bool(st.session_state.pop(_SIGNED, False))


def undo(desk: Desk, place: int) -> None:
    """Take this person's last label back, at whatever place; who that is, is asked once."""
    _say(desk, place, "", lambda who: who.undo(), "Take the last label back")


def show_answers(desk: Desk, place: int) -> None:
    """Show what the models answered to this query, or hide it again."""
    keys.next_turn()
    shown = st.session_state.get(_SHOWN)
    now = desk.draw.draw_id, place
    st.session_state[_SHOWN] = None if shown == now else now


def answers_shown(desk: Desk, place: int) -> bool:
    """Whether the models' answers to this query are shown."""
    return bool(st.session_state.get(_SHOWN) == (desk.draw.draw_id, place))


def go_on(desk: Desk) -> None:
    """Label on although it is settled."""
    keys.next_turn()
    st.session_state.setdefault(_ON, set()).add(desk.draw.draw_id)


def goes_on(desk: Desk) -> bool:
    """Whether it is labelled on although it is settled."""
    return desk.draw.draw_id in st.session_state.get(_ON, set())


def plan(question: Question, n_labels: int) -> None:
    """Plan so many labels."""
    keys.next_turn()
    choice.plan(question, n_labels)


def checked_name() -> None:
    """Refuse to go on as long as nobody said who labels or scores."""
    if not choice.person():
        raise CascalError(NAMELESS, code="missing-value")
