"""What a tab of the page Evaluate shows while it waits for a job."""

from __future__ import annotations

import streamlit as st

HEIGHT = 320
"""Pixels, about those of the chart that follows."""


def waits(sentence: str) -> None:
    """For what the tab waits, and the place where its chart will be."""
    st.caption(sentence)
    st.skeleton(height=HEIGHT)
