"""Keys of the page Label: each presses a button that is on the page.

Streamlit's own shortcuts of buttons leave out C and R, which are letters of options.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

_COMPONENT = st.components.v2.component(
    "cascal_label_keys",
    js=Path(__file__).with_name("keys.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)
_TURN = "label_turn"
FIELD = "field"
"""In place of a key: the field that is to be filled in now."""


def next_turn() -> None:
    """Say that a press was answered: the next one counts again."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def listen(buttons: Mapping[str, str]) -> None:
    """Press a button, by its key in Streamlit, where the reader presses a key of the keyboard."""
    turn = st.session_state.get(_TURN, 0)
    _COMPONENT(key="label_keys", data={"buttons": dict(buttons), "turn": turn}, height=1)
