"""States of the controls: the earlier ones for undo, and the pinned one as the reference."""

from __future__ import annotations

import streamlit as st

from app import values
from app.values import DEFAULTS, Values

MAX_KEPT = 50


def _earlier() -> list[Values]:
    states: list[Values] = st.session_state.setdefault("history", [])
    return states


def begin() -> None:
    """Take the present state as the one that a first change is measured from."""
    st.session_state.setdefault("last_values", values.present())


def remember() -> None:
    """Keep the state before a change that a widget has just made."""
    earlier, now = _earlier(), values.present()
    last: Values | None = st.session_state.get("last_values")
    if last is not None and last != now:
        earlier.append(last)
        del earlier[:-MAX_KEPT]
    st.session_state["last_values"] = now


def _show(state: Values) -> None:
    values.write(state)
    st.session_state["last_values"] = state


def change_to(state: Values) -> None:
    """Move the controls from a button; undo brings the old state back."""
    before = values.present()
    _show(state)
    _earlier().append(before)


def can_undo() -> bool:
    """Whether there is an earlier state."""
    return bool(_earlier())


def undo() -> None:
    """Go back to the state before the last change."""
    if can_undo():
        _show(_earlier().pop())


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
