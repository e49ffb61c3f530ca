"""What the setting to ship leaves open: whether a threshold should be moved, which Sweep asks."""

from __future__ import annotations

import streamlit as st

from app import frame, tried
from cascal.compare.recommended import Recommendation
from cascal.compare.sweep_summary import beside_recommended


def sweep_next(found: Recommendation) -> None:
    """That only cost weights were compared, and what Sweep found or would ask."""
    acting = tuple(name for name in tried.names() if name != "cost_weight")
    if not acting:
        return
    with st.container(key="sweep_next", gap=None):
        st.caption(frame.escape(found.scope))
        st.page_link(
            frame.page_file("sweep"),
            label=frame.escape(beside_recommended(list(tried.known(acting).values()), len(acting))),
            icon=":material/tune:",
        )
