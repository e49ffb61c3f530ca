"""The tab Routers of the page Evaluate."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from app import frame, theme
from cascal import charts
from cascal.charts.comparison import MEASURES, Measure
from cascal.compare.comparison import Comparison
from cascal.constant import Constant
from cascal.settings import PRESETS

OWN = ("cascal", *PRESETS, "released_late")


def routers(comparison: Comparison) -> None:
    """All routers side by side: dots with intervals, and the sortable table."""
    measure: Measure = st.segmented_control(
        "Measure",
        list(MEASURES),
        format_func=MEASURES.__getitem__,
        default="top1",
        required=True,
        key="measure",
        label_visibility="collapsed",
    )
    table = charts.routers_frame(comparison.rows(), measure)
    figure = charts.routers_figure(table, measure, theme.accent(), OWN)
    frame.chart(figure, "routers", _routers_alt(table, measure))
    origin = comparison.label_origin
    st.caption(
        "Round: no labels. Square: learns from the training queries’ "
        f"{'gold' if origin == 'gold' else origin} answers. Open diamond: knows these very "
        "answers, a bound. In colour: CASCAL; large: the router of the present settings. Lines "
        f"are 95 % intervals, paired over queries. Gains are over always asking "
        f"{frame.escape(comparison.constant_model.words)}."
    )
    _routers_table(table, comparison.constant_model)


def _routers_alt(table: pd.DataFrame, measure: Measure) -> str:
    best = table.iloc[0]
    own = table[table["key"] == charts.PRESENT].iloc[0]
    return (
        f"{MEASURES[measure]}: {best['router']} {best[measure]:.1f}, "
        f"{own['router']} {own[measure]:.1f}"
    )


def _routers_table(table: pd.DataFrame, constant: Constant) -> None:
    columns = _columns(f"always asking {frame.escape(constant.words)}")
    st.dataframe(
        table,
        hide_index=True,
        height=420,
        key="routers_table",
        placeholder="–",
        alt="All routers with their measures; click a column to sort",
        column_order=list(columns),
        column_config=columns,
    )


def _columns(always: str) -> dict[str, ColumnConfig | str | None]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "router": st.column_config.TextColumn("Router", pinned=True),
        "top1_text": text("First right, %", alignment="right"),
        "vote": number("Vote of 3", format="%.1f %%"),
        "hit": number("Any of 3", format="%.1f %%", help="Any of its best three is right."),
        "gain_text": text("Gain, points", alignment="right", help=f"Over {always}."),
        "p_text": text("p", alignment="right", help=f"McNemar, exact, against {always}."),
        "effective": number("Spread", format="%.1f", help="Effective number of models."),
        "cost": number("$/1,000", format="%.2f", help="US dollars per 1,000 queries."),
        "vote_cost": number("Vote $", format="%.2f", help="The same where three vote."),
        "needs": text("Needs"),
    }
