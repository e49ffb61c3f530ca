"""States of the controls: the earlier ones for undo, and the pinned one as the reference."""

from __future__ import annotations

import time
from dataclasses import asdict

import streamlit as st

from app import held, values
from app.values import DEFAULTS, Values

MAX_KEPT = 50
ONE_MOVE = 2.0
"""Seconds within which further steps of the same control belong to the same move."""
clock = time.monotonic
SHOWN_NEXT = "last_change_shown_next"
"""Whether the page Runs is to show what the last change did."""
UNDONE = "undone_to"
"""The state that undo went back to, until the next change."""


def _earlier() -> list[Values]:
    states: list[Values] = st.session_state.setdefault("history", [])
    return states


def begin() -> None:
    """Take the present state as the one that a first change is measured from."""
    st.session_state.setdefault("last_values", values.present())


def remember() -> None:
    """Keep the state before a change that a widget has just made; quick steps are one move."""
    held.keep()
    earlier, now = _earlier(), values.present()
    last: Values | None = st.session_state.get("last_values")
    if last is not None and last != now:
        st.session_state.pop(UNDONE, None)
        if not (_goes_on(_changed(last, now)) and earlier):
            earlier.append(last)
            del earlier[:-MAX_KEPT]
        elif earlier[-1] == now:  # and back again
            earlier.pop()
    st.session_state["last_values"] = now


def _changed(last: Values, now: Values) -> tuple[str, ...]:
    before = asdict(last)
    return tuple(name for name, value in asdict(now).items() if value != before[name])


def _goes_on(names: tuple[str, ...]) -> bool:
    """Whether a change continues the one just before it: the same single control, soon after."""
    before, at = st.session_state.get("last_move", ((), -ONE_MOVE)), clock()
    st.session_state["last_move"] = (names, at)
    return len(names) == 1 and before[0] == names and at - before[1] < ONE_MOVE


def _show(state: Values) -> None:
    values.write(state)
    st.session_state["last_values"] = state
    st.session_state.pop("last_move", None)


def change_to(state: Values) -> None:
    """Move the controls from a button; undo brings the old state back."""
    before = values.present()
    _show(state)
    st.session_state.pop(UNDONE, None)
    _earlier().append(before)


def before() -> Values | None:
    """The state before the last change; None where nothing was changed."""
    return _earlier()[-1] if _earlier() else None


def reference() -> Values:
    """The state before the last change; the pinned one where nothing was changed."""
    return before() or pinned()


def show_last_change() -> None:
    """Let the page Runs compare with that state when it is opened next. For callbacks."""
    st.session_state[SHOWN_NEXT] = True


def can_undo() -> bool:
    """Whether there is an earlier state."""
    return bool(_earlier())


def undo() -> None:
    """Go back to the state before the last change."""
    if can_undo():
        state = _earlier().pop()
        _show(state)
        st.session_state[UNDONE] = state


def undone() -> bool:
    """Whether the present state is one that undo went back to."""
    return bool(st.session_state.get(UNDONE) == values.present())


def depth() -> int:
    """How many earlier states there are."""
    return len(_earlier())


def return_to(state: Values, at: int) -> None:
    """Go back to a state that had so many earlier ones; what came after it is forgotten."""
    del _earlier()[at:]
    _show(state)
    st.session_state[UNDONE] = state


def reset() -> None:
    """Go to the defaults."""
    change_to(DEFAULTS)


def pin() -> None:
    """Measure changes against the present state."""
    st.session_state["pinned"] = values.present()


def pinned() -> Values:
    """The state that changes are measured against; the defaults until something is pinned."""
    state: Values = st.session_state.get("pinned", DEFAULTS)
    return state


def is_pinned() -> bool:
    """Whether a state was pinned; without one changes are measured against the defaults."""
    return "pinned" in st.session_state
