"""Choices in menus that show what is chosen, whoever chose it.

A closed menu hears nothing: what it showed last the browser sends again with the next click. So a
choice that somebody else changed is drawn as a new widget.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

_TURN = "turn_"
"""How the keys begin under which is kept how often a choice was drawn as a new one."""


def key(name: str, chosen: list[Any]) -> str:
    """The key for a choice that begins with what is chosen, a new one where it shows another."""
    if set(st.session_state.get(_present(name), chosen)) != set(chosen):
        st.session_state[f"{_TURN}{name}"] = st.session_state.get(f"{_TURN}{name}", 0) + 1
    return _present(name)


def taken(name: str, chosen: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the reader chose there; what is chosen where it is not drawn."""
    return tuple(st.session_state.get(_present(name), chosen))


def _present(name: str) -> str:
    turn = st.session_state.get(f"{_TURN}{name}", 0)
    return f"{name}_{turn}" if turn else name
