"""Sweep: what would another threshold do, and where does it not matter?"""

from __future__ import annotations

import streamlit as st

from app import frame, session, sweep_panels

if session.current_info() is None:
    st.title(sweep_panels.TITLE, anchor=False)
    frame.empty("There are no data yet, so there is no router.", "data", "Import responses")
else:
    frame.notice(session.dataset())
    with frame.refusals():
        sweep_panels.curves()
        sweep_panels.maps()
