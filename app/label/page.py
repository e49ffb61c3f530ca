"""Label: which few answers decide, and what do they say?"""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.label import choice, work

if session.current_info() is None:
    st.title("A few labels decide", anchor=False)
    frame.empty("There are no data yet.", "data_sets", "Import responses")
else:
    frame.notice(session.dataset())
    with frame.refusals():
        work.labelling(choice.choice())
