"""Sweep: which thresholds should be moved, to where, and does it matter?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import cautions, frame, heeded, session, tried
from app.no_data import no_data
from app.sweep import maps, one_curve, summary

TITLE = "Which thresholds should be moved?"

if session.current_info() is None:
    no_data(TITLE, "what every value of a threshold would give")
else:
    st.html(Path(__file__).with_name("layout.css"))
    frame.notice(session.dataset())
    heeded.notice(heeded.LEFT_OUT)
    cautions.line()
    with frame.refusals():
        names = tried.names()
        if names:
            found = tried.tried(names)
            summary.summary(found)
            one_curve.one_curve(found)
            maps.maps(names)
        else:
            st.title(TITLE, anchor=False)
            st.info("No threshold is left to sweep: there are no costs to weigh either.")
