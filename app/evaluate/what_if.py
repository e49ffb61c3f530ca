"""The tab What if of the page Evaluate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import columns, frame, session, theme
from app.evaluate import work
from cascal import charts
from cascal.compare.scaling import ScalingPoint
from cascal.number_format import counted, decimal


def what_if() -> None:
    """How many training queries are enough, and what if a model were missing?"""
    st.subheader("How many training queries are enough?", anchor=False)
    curve = work.scaling()
    if curve is not None:
        _scaling(curve)
    st.subheader("What if a model were missing?", anchor=False)
    removed = work.removals()
    if removed is not None:
        _removed(charts.removals_frame(removed))


def _scaling(curve: list[ScalingPoint]) -> None:
    snapshot = session.snapshot()
    result, constant = snapshot.evaluation, snapshot.constant
    best = 100 * result.model_accuracies[constant.model] if result is not None else np.nan
    figure = charts.scaling_figure(charts.scaling_frame(curve), theme.accent(), best, constant.name)
    first, last = curve[0], curve[-1]
    frame.chart(
        figure,
        "scaling",
        f"First model right: {decimal(100 * first.top1.value, 1)} percent with "
        f"{counted(first.n_queries, 'training query')}, {decimal(100 * last.top1.value, 1)} with "
        f"{last.n_queries}.",
    )
    st.caption("The band is the 95 % interval over test queries; smaller sets: three draws.")


def _removed(table: pd.DataFrame) -> None:
    if table["gain"].notna().any():
        figure = charts.gain_figure(
            table.assign(queries=0), theme.right_and_wrong()[1], theme.accent()
        )
        frame.chart(figure, "removals", "Points of the vote of three lost without each model.")
        st.caption("Points of the vote of 3 that are lost without the model; paired, 95 %.")
    number = columns.number
    st.dataframe(
        table,
        hide_index=True,
        alt="What the removal of each model costs",
        column_order=("name", "share", "gain_text", "top1_text", "tau"),
        column_config={
            "name": st.column_config.TextColumn("Pool"),
            "share": number("It had first", format="percent"),
            "gain_text": columns.figures("Vote of 3 loses"),
            "top1_text": columns.figures("First model loses"),
            "tau": number(
                "τ of the others",
                format="%.2f",
                help="How alike the consensus ranks the other models without it.",
            ),
        },
    )
