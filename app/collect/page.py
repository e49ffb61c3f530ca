"""Collect: from a task description to responses, without any data of your own."""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.collect import panels

st.title("From a task description to responses", anchor=False)
if session.read_only():
    st.info("This server can be reached by others and has no sign-in: collecting is off.")
else:
    st.caption(
        "Three steps; each can be stopped and goes on where it ended. The same from a shell: "
        "cascal pool, cascal generate, cascal collect, or cascal build for all of it."
    )
    with frame.refusals():
        models = panels.pool()
        panels.generate()
        if models:
            panels.collect(models)
