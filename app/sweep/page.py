"""Sweep: what would another threshold do, and where does it not matter?"""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.sweep import panels

if session.current_info() is None:
    st.title(panels.TITLE, anchor=False)
    frame.empty("There are no data yet, so there is no router.", "data_sets", "Import responses")
else:
    frame.notice(session.dataset())
    with frame.refusals():
        panels.curves()
        panels.maps()
