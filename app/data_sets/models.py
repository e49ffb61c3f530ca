"""The tab Models of the page Data: how much each model answered, and who agrees with whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import columns, frame, session, theme
from cascal import charts
from cascal.number_format import percent

PERCENT = "%.1f %%"


def models() -> None:
    """The pool: coverage and confidence of every model, and who agrees with whom."""
    data = session.dataset()
    split = "Training queries"
    if data.test is not None:
        split = st.segmented_control(
            "Of the",
            ["Training queries", "Test queries"],
            label_visibility="collapsed",
            key="coverage_split",
            required=True,
            default="Training queries",
        )
    part = data.test if split == "Test queries" and data.test is not None else data.train
    number = columns.number
    st.dataframe(
        charts.coverage_frame(part),
        hide_index=True,
        alt="Coverage of every model",
        column_config={
            "model": "Model",
            "asked": number("Asked", format="localized"),
            "answered": number("Readable answer", format=PERCENT),
            "accuracy": number("Right (gold)", format=PERCENT),
            "unreadable": number("Unreadable", format=PERCENT),
            "truncated": number("Cut off", format=PERCENT),
            "refused": number("Refused", format=PERCENT),
            "error": number("Error", format=PERCENT),
            "confidence": number("With confidence", format=PERCENT),
        },
    )
    table = charts.agreement_frame(part.votes)
    st.subheader(_most_alike(table), anchor=False)
    figure = charts.agreement_figure(table, theme.CELLS[theme.mode()])
    frame.chart(figure, "agreement", "Share of equal answers for every pair of models.")
    st.caption(
        "How often two models give the same answer, over the queries both answered. Two that agree "
        "with each other and with nobody else may share their errors: consensus then follows them."
    )


def _most_alike(table: pd.DataFrame) -> str:
    """Which two models agree most, beside what two models usually agree on."""
    rows, columns = np.triu_indices(len(table), 1)
    shares = table.to_numpy()[rows, columns]
    if not np.isfinite(shares).any():
        return "How often two models give the same answer"
    at = int(np.nanargmax(shares))
    first, second = table.index[rows[at]], table.index[columns[at]]
    return frame.escape(
        f"{first} and {second} agree most: {percent(shares[at])}, two models usually "
        f"{percent(np.nanmedian(shares))}"
    )
