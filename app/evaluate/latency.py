"""Quality against latency, below quality against cost."""

from __future__ import annotations

import streamlit as st

from app import columns, frame, session, theme
from cascal import charts
from cascal.compare.latency import Waits, find_waits
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable


@st.cache_resource(show_spinner="Reading the latencies", max_entries=16)
def _waits(token: str, _snapshot: Snapshot) -> Waits | str:
    """The waits, or why there are none."""
    try:
        return find_waits(session.workspace(), _snapshot)
    except NotApplicable as error:
        return str(error)


def latency() -> None:
    """How long people wait, where the responses say it."""
    st.subheader("Quality against latency", anchor=False)
    waits = _waits(session.snapshot_token(), session.snapshot())
    if isinstance(waits, str):
        st.caption(frame.escape(waits))
        return
    st.text(waits.sentence)
    table = charts.latency_frame(waits)
    figure = charts.latency_figure(table, theme.accent())
    frame.chart(figure, "latency_quality", waits.sentence)
    st.caption("Where several models vote they are asked at once; the slowest one is waited for.")
    with st.expander("The same as a table"):
        st.dataframe(
            table,
            hide_index=True,
            alt="Seconds and quality of the router and of every model",
            column_config={
                "what": "Choice",
                "kind": "Kind",
                "median": columns.number("Median seconds", format="%.2f"),
                "slow": columns.number("95 % within, seconds", format="%.2f"),
                "quality": columns.number("Right", format="%.1f %%"),
            },
        )
