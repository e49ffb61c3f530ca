"""Collect: from a task description to responses, without any data of your own."""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.arrive import arrive
from app.collect.decision import steps_begun
from app.collect.keys import STEPS
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
    answered = all_is_answered()
    if answered:
        with frame.refusals():
            all_there(title, ahead)
        ahead = st.container(key=STEPS)
        arrive(STEPS, steps_begun())
    if not answered or wants_more():
        st.caption(
            "Nothing is sent before you press “Collect” or “Generate”. A run that was stopped goes "
            "on where it ended. From a shell: cascal pool, generate, collect, or build for all of "
            "it."
        )
        with frame.refusals():
            models = pool(own=real_data())
            what(ahead, len(models or ()))
            if models:
                collect(models, title, ahead)
