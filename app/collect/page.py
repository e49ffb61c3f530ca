"""Collect: from a task description to responses, without any data of your own."""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.collect.pool_editor import pool
from app.collect.queries import what
from app.collect.responses import collect
from app.collect.spent import all_is_answered, all_there, real_data, simulated_data, wants_more

notice, title = st.container(), st.empty()
if session.read_only():
    title.title("Nothing is collected from here", anchor=False)
    st.info(
        "This server can be reached by others and has no sign-in, so no model is asked from it. "
        "Whoever owns the workspace collects with `cascal collect`, or with a dashboard on the "
        "machine that holds it."
    )
else:
    title.title("Whom to ask, what, and what it costs", anchor=False)
    ahead = st.container()
    with notice:
        simulated_data()
    if all_is_answered() and not wants_more():
        with frame.refusals():
            all_there(title, ahead)
    else:
        st.caption(
            "Nothing is sent before you press the button. A run that was stopped goes on where it "
            "ended. From a shell: cascal pool, generate, collect, or build for all of it."
        )
        with frame.refusals():
            models = pool(own=real_data())
            what(ahead, len(models or ()))
            if models:
                collect(models, title, ahead)
