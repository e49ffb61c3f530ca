"""The tab Cost of the page Evaluate: quality against money and time."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import columns, frame, session, shared_results, shipping, theme
from app.evaluate.latency import latency
from cascal import charts
from cascal.charts.figures import in_percent
from cascal.compare.comparison import Comparison
from cascal.compare.recommended import Recommendation
from cascal.datatypes import NotApplicable
from cascal.number_format import decimal


def cost(comparison: Comparison) -> None:
    """Quality against cost and against latency, as far as either is known."""
    _cost(comparison)
    latency()


def _cost(comparison: Comparison) -> None:
    """The cost weight that CASCAL obeys, and the Pareto front."""
    try:
        curve = shared_results.cost_curve()
    except NotApplicable as error:
        st.info(frame.shown_refusal(error), icon=":material/info:")
        st.caption(
            "Give prices with the model pool, or a column cost (US dollars) with the responses."
        )
        return
    now = session.current_thresholds().cost_weight
    best = max(curve, key=lambda point: point.top1)
    found = shipping.in_short("use_recommended_of_cost")
    table = charts.cost_frame(comparison.rows(), curve)
    figure = charts.cost_figure(table, theme.accent(), now, _place(found))
    frame.chart(
        figure,
        "cost_quality",
        f"Quality against cost; best {decimal(100 * best.top1, 1)} percent right.",
    )
    st.caption(
        f"{frame.escape(comparison.cost().sentence)} Dotted: the points for which nothing "
        "cheaper is as good. Move “Cost weight” in the sidebar to obey it everywhere."
    )
    with st.expander("The same as a table"):
        _table(table)


def _place(found: Recommendation | None) -> tuple[float, float] | None:
    """Where the recommended setting lies, in dollars and percent; None where it is not known."""
    if found is None:
        return None
    point = found.best.trial.point
    return point.cost1, float(in_percent(point.top1))


def _table(table: pd.DataFrame) -> None:
    """The points of the chart, those on the front first."""
    number = columns.number
    st.dataframe(
        table.sort_values(["pareto", "cost"], ascending=[False, True]),
        hide_index=True,
        placeholder="–",
        alt="Cost and quality of all routers",
        column_order=("what", "asks", "cost", "quality", "pareto"),
        column_config={
            "what": "Router",
            "asks": "Asks",
            "cost": number("$/1,000", format="%.3f", help="US dollars per 1,000 test queries."),
            "quality": number("Right", format="%.1f %%"),
            "pareto": st.column_config.CheckboxColumn(
                "On the front", help="Nothing cheaper is as good."
            ),
        },
    )
