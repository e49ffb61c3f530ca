"""What a button has set holds against a browser that has not heard of it yet.

With every message a browser sends what all its controls show. A second click, or a timer of the
page, that was sent before the first click's outcome had arrived would set the controls back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec

import streamlit as st

SECONDS = 2.0
"""So long a control cannot go back to what it showed before; nobody moves it there so soon."""
clock = time.monotonic
_HELD = "held"
Asked = ParamSpec("Asked")


@dataclass(frozen=True)
class _Set:
    """What a control was set to, what it had shown since the browser was last known to agree."""

    value: object
    before: list[object]
    until: float


def put(**wanted: object) -> None:
    """Set controls by their keys: in a callback, or before they are drawn.

    One that shows its value already is left alone: set, it would be drawn anew, and take back what
    the reader has done with it meanwhile.
    """
    held, now = _held(), clock()
    for key, value in wanted.items():
        last = held.pop(key, None)
        before = list(last.before) if last is not None and now < last.until else []
        shown = st.session_state.get(key)
        if key in st.session_state and shown == value and not before:
            continue
        st.session_state[key] = value
        before = [one for one in (*before, shown) if one not in (None, value)]
        if before:
            held[key] = _Set(value, before, now + SECONDS)


def keep() -> bool:
    """Set again what came back as it was before: first in every run and in callbacks of controls.

    A control that shows anything else was moved by the reader, who has seen what was set.

    Returns whether any control was set, which the browser is to hear of.
    """
    held, now, found = _held(), clock(), False
    for key, one in list(held.items()):
        shown = st.session_state.get(key, one.value)
        if now < one.until and shown in one.before:
            st.session_state[key], found = one.value, True
        elif now >= one.until or shown != one.value:
            del held[key]
    return found


def ticking(every: float | str) -> Callable[[Callable[Asked, None]], Callable[Asked, None]]:
    """A part of the page that a timer of the browser draws anew, every so many seconds."""

    def decorate(draw: Callable[Asked, None]) -> Callable[Asked, None]:
        @wraps(draw)
        def drawn(*args: Asked.args, **kwargs: Asked.kwargs) -> None:
            keep()
            draw(*args, **kwargs)

        return st.fragment(run_every=every)(drawn)

    return decorate


def _held() -> dict[str, _Set]:
    if _HELD not in st.session_state:
        st.session_state[_HELD] = {}
    held: dict[str, _Set] = st.session_state[_HELD]
    return held
