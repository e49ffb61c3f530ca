"""What the consensus learnt about each model's confidence, on the page Skill map."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import columns, frame, session, theme
from cascal import charts
from cascal.fit import Fit

TITLE = "What the consensus learnt about each model’s confidence"


def confidences() -> None:
    """Nothing is drawn before it is opened: no threshold changes what was learnt."""
    with st.expander(TITLE, on_change="rerun", key="confidences") as box:
        if box.open:
            _learnt(session.fit())


def _learnt(fit: Fit) -> None:
    learnt = fit.learnt
    st.text(charts.confidence_sentence(learnt))
    if learnt is None or not np.isfinite(learnt.slope).any():
        return
    table = charts.learnt_frame(learnt, fit.models)
    colours = theme.colors_by_name((model.name for model in session.dataset().models), "model")
    figure = charts.interval_figure(table, "model", "mean", colours)
    number = columns.number
    left, right = st.columns([2, 3], gap="medium")
    with left:
        frame.chart(figure, "slopes", "How much surer each model is where it seems right.")
        st.caption(
            "How much surer a model is where the votes call it right, in its own standard "
            "deviations, with 95 % interval. 0: its confidence tells nothing; below: inverted."
        )
    right.dataframe(
        table,
        hide_index=True,
        alt="What was learnt about each model's log-probabilities",
        column_order=("model", "known", "mean", "used", "easiness", "variance"),
        column_config={
            "model": st.column_config.TextColumn("Model"),
            "known": number("Log-probabilities", format="localized"),
            "mean": number("Surer where right", format="%.2f", help="The raw slope."),
            "used": number(
                "Used (δ)", format="%.2f", help="Shrunk by its error, and kept within 0 and 1."
            ),
            "easiness": number(
                "Easiness (γ)", format="%.2f", help="How much surer it is on easy queries."
            ),
            "variance": number("Unexplained (s²)", format="%.2f", help="Variance that is left."),
        },
    )
