"""The tour: offered once on the demo above the page, taken at its foot, skipped at any step.

The browser remembers that it was offered (offer.js); whoever wants it again finds it in the
sidebar.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import frame, session
from app.tour.steps import STEPS, undo_all

DEMO = "demo"
"""The data set that the steps are about."""
_STEP, _OPEN = "tour_step", "tour_open"
_COMPONENT = st.components.v2.component(
    "cascal_tour_offer",
    js=Path(__file__).with_name("offer.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def lead() -> None:
    """Open the page that the last step asked for; the offer, and the way to take it again."""
    if not _on_the_demo():
        return
    with st.container(gap=None, key="tour_lead"):  # what comes and goes in it moves nothing
        if _STEP not in st.session_state:
            _offer()
    with st.sidebar:
        _again("tour_again")
    with st.container(key="tour_on_a_phone"):  # where the sidebar is folded away
        _again("tour_again_on_a_phone")
    folder = st.session_state.pop(_OPEN, None)
    if folder is not None:
        frame.open_page(folder)


def _again(key: str) -> None:
    st.button(
        "Take the tour",
        key=key,
        type="tertiary",
        icon=":material/tour:",
        on_click=_go_to,
        args=(0,),
    )


def show() -> None:
    """The present step; nothing on other data than the demo."""
    step: int | None = st.session_state.get(_STEP)
    if step is not None and _on_the_demo():
        _step(step)


def goes_on() -> bool:
    """Whether a step of it is shown."""
    return st.session_state.get(_STEP) is not None


def _on_the_demo() -> bool:
    info = session.current_info()
    return info is not None and info.name == DEMO and info.origin == "simulated"


def _offer() -> None:
    """Ask the browser whether it knows the tour, and offer it where it does not.

    The offer stands beside the names of the pages or above the page: it covers nothing.
    """
    with st.container(key="tour_memory"):
        told = _COMPONENT(key="tour_offer", data={}, height=1, on_offer_change=lambda: None)
    if not told.offer or st.session_state.get("tour_refused"):
        return
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", key="tour_offered"
    ):
        st.markdown("**New here?**", width="content")
        words = "Take the tour: 60 seconds"
        st.button(words, key="tour_start", type="primary", on_click=_go_to, args=(0,))
        st.button("No, thanks", key="tour_refuse", type="tertiary", on_click=_refuse)


def _step(at: int) -> None:
    step = STEPS[at]
    with st.bottom.container(
        horizontal=True, gap="small", vertical_alignment="center", key="tour", border=True
    ):
        st.markdown(f"**{at + 1} of {len(STEPS)}**")
        st.markdown(step.says(), width="stretch")
        st.button(
            step.does,
            key="tour_next",
            type="primary",
            disabled=not step.ready(),
            on_click=_do,
            args=(at,),
        )
        st.button("Skip", key="tour_skip", type="tertiary", on_click=_end)


def _do(at: int) -> None:
    STEPS[at].act()
    if at + 1 == len(STEPS):
        _end()
    else:
        _go_to(at + 1)


def _go_to(at: int) -> None:
    st.session_state[_STEP] = at
    st.session_state[_OPEN] = STEPS[at].page


def _refuse() -> None:
    st.session_state["tour_refused"] = True


def _end() -> None:
    """Leave no trace: what the tour broke is undone."""
    undo_all()
    st.session_state.pop(_STEP, None)
    _refuse()
