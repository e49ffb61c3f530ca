"""What the votes alone say: the headline where nobody knows more, else one line."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, heeded, label_entry, session, theme
from app.terms.glossary import mark
from cascal import charts
from cascal.datatypes import NotApplicable
from cascal.intervals import Estimate
from cascal.number_format import counted, signed
from cascal.verdicts.light import (
    HEADLINES,
    QUESTION,
    RECORD_NOTE,
    UNIT,
    Light,
    State,
)
from cascal.verdicts.verdict import points

LIGHT_DETAILS = "What the models agree on, and how to know"
LIGHT_MARKS: dict[State, tuple[str, theme.Badge, str]] = {
    "agree": (":material/check_circle:", "green", "The models agree"),
    "unsure": (":material/help:", "yellow", "Unsure"),
    "disagree": (":material/do_not_disturb_on:", "red", "The models do not agree"),
}
"""Icon, colour and words of each state of the light."""


def headline_without_labels(badge: DeltaGenerator) -> None:
    """Nothing but the light is known; it says what the models agree on, not what routing gains."""
    try:
        light = session.light()
    except NotApplicable as error:
        st.title("Nobody can say yet whether routing pays here", anchor=False)
        st.caption(frame.shown_refusal(error))
        return
    with badge:
        _badge(light)
    st.title(HEADLINES[light.light], anchor=False)
    st.caption(
        "There are no test queries with gold answers, so nobody knows what routing gains here; a "
        f"{mark('gold, generated', 'generated')} answer is not taken for truth. This "
        f"{mark('light')} is what the models agree on. {charts.track_record_clause(light.light)}"
    )
    _label_button()
    with st.expander(LIGHT_DETAILS):
        _light_details(light)


def _label_button() -> None:
    """The way to know more than the light: to label the queries that decide.

    As soon as there are enough labels these say how many more settle it, and the plan nothing.
    """
    with suppress(NotApplicable):
        known = label_entry.evidence()
        if known is not None and not known[1].early:
            return
        label_entry.label_first(label_entry.routing(), "to_label")


def _badge(light: Light) -> None:
    icon, colour, label = LIGHT_MARKS[light.light]
    st.badge(label, icon=icon, color=colour)


def _light_details(light: Light) -> None:
    """What the light says and doubts, how often it was right, and the numbers behind it."""
    for doubt in light.doubts:
        st.markdown(f"**{doubt.code} {frame.escape(doubt.title)}.** {frame.escape(doubt.sentence)}")
    st.text(f"At their word: {light.opinion}" if light.doubts else light.opinion)
    if light.doubts:
        st.page_link(
            frame.page_file("diagnose"),
            label="The page Diagnose has the evidence",
            icon=":material/troubleshoot:",
        )
    frame.sentence(light.to_know)
    st.markdown("**How often this light was right**")
    st.dataframe(
        charts.track_record_frame(),
        hide_index=True,
        alt="How often the light was right",
        key="track_record",
    )
    st.caption(frame.escape(RECORD_NOTE))
    st.caption(
        frame.escape(
            f"Behind the light: {signed(light.mean, 4)}, lower bound {signed(light.bound, 4)}, "
            f"from {counted(light.n, 'training query')}, routed by what was learnt on the other "
            f"half of them. Unit: {UNIT} ({light.score})."
        )
    )


def second_opinion() -> None:
    """What the label-free light says, and whether gold answers bear it out."""
    with st.container(border=True):
        st.markdown(f"**Without labels: {QUESTION[0].lower()}{QUESTION[1:]}**")
        try:
            light = session.light()
        except NotApplicable as error:
            st.caption(frame.shown_refusal(error))
            return
        gain = heeded.snapshot().gain_over_liked_best
        right = None if gain is None else light.is_right(gain.value)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            _badge(light)
            if right is not None:
                st.badge(
                    "Right here" if right else "Wrong here",
                    color="green" if right else "red",
                    icon=":material/check:" if right else ":material/close:",
                )
            st.caption(frame.escape(_in_one_line(light, gain)), width="stretch")
        _label_button()
        with st.expander(LIGHT_DETAILS):
            _light_details(light)


def _in_one_line(light: Light, gain: Estimate | None) -> str:
    """What the light is about, and what gold answers say of that.

    A model that is not the one of the headline is named in the details alone.
    """
    beside = "the model they like best"
    if heeded.snapshot().constant.name == light.constant:
        beside = f"always asking {light.constant}"
    by_gold = "" if gain is None else f"; by gold answers {points(gain)}"
    return f"Beside {beside}{by_gold}. {charts.track_record_clause(light.light)}".rstrip()
