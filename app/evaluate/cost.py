"""The tab Cost of the page Evaluate."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import frame, history, session, theme, values
from app.evaluate import work
from cascal import charts
from cascal.compare.comparison import Comparison
from cascal.compare.cost import CostPoint, cheapest_within, weight_label
from cascal.datatypes import NotApplicable

MAX_LOSS = 0.005
"""Share of right first answers that a bargain may cost."""


def cost(comparison: Comparison) -> None:
    """Quality against cost, the cost weight that CASCAL obeys, the Pareto front."""
    try:
        curve = work.curve()
    except NotApplicable as error:
        st.info(frame.escape(str(error)), icon=":material/info:")
        st.caption(
            "Give prices with the model pool, or a column cost (US dollars) with the responses."
        )
        return
    now = session.current_thresholds().cost_weight
    best = max(curve, key=lambda point: point.top1)
    _bargain(curve)
    table = charts.cost_frame(comparison.rows(), curve)
    figure = charts.cost_figure(table, theme.accent(), now)
    frame.chart(
        figure, "cost_quality", f"Quality against cost; best {100 * best.top1:.1f} percent right."
    )
    st.caption(
        f"{frame.escape(comparison.cost().sentence)} Dotted: the points for which nothing "
        "cheaper is as good. Move “Cost weight” in the sidebar to obey it everywhere."
    )
    with st.expander("The same as a table"):
        st.dataframe(table, hide_index=True, alt="Cost and quality of all routers")


def _bargain(curve: list[CostPoint]) -> None:
    """The cheapest cost weight that costs at most half a point, and a button that sets it."""
    cheap, free = cheapest_within(curve, MAX_LOSS), curve[0]
    if cheap.cost_weight == 0.0:
        st.subheader(
            f"No cost weight saves money for less than {100 * MAX_LOSS:g} points", anchor=False
        )
        return
    st.subheader(
        f"At cost weight {weight_label(cheap.cost_weight)}, ${cheap.cost1:.2f} instead of "
        f"${free.cost1:.2f} per 1,000 queries buy {100 * cheap.top1:.1f} % instead of "
        f"{100 * free.top1:.1f} %".replace("$", "\\$"),
        anchor=False,
    )
    st.button(
        "Use this cost weight",
        key="use_bargain",
        on_click=_weigh,
        args=(cheap.cost_weight,),
    )


def _weigh(cost_weight: float) -> None:
    history.change_to(replace(values.present(), cost=cost_weight))
