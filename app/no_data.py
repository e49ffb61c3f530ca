"""What a page shows where there are no data: what it would tell, and three ways to get there."""

from __future__ import annotations

import streamlit as st

from app import frame, session
from cascal.dataset.demo import install_demo


def no_data(title: str, tells: str) -> None:
    """The page without data; `tells` is what it answers once there are some."""
    st.title(title, anchor=False)
    with st.container(border=True):
        st.subheader("There are no data yet", anchor=False)
        st.text(f"This page tells {tells}. It needs what your models answered to some queries.")
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            demo_button()
            st.page_link(
                frame.page_file("data_sets"), label="Import responses", icon=":material/upload:"
            )
            st.page_link(
                frame.page_file("collect"), label="Ask your models", icon=":material/forum:"
            )
        st.caption("The demo is simulated: 8 models, 7,000 queries, ready in seconds.")


def demo_button() -> None:
    """The way in for somebody without data; who only reads cannot store any."""
    if session.read_only():
        return
    if st.button("Load the simulated demo", type="primary", icon=":material/science:"):
        with st.spinner("Storing the demo"):
            install_demo(session.workspace())
        st.rerun()
