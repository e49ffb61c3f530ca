"""Two thresholds at once, as a map."""

from __future__ import annotations

import streamlit as st

from app import frame, jobs, session, theme
from app.apart import Call
from cascal import charts
from cascal.compare.sweep import NAMES, Name, sweep_map


def maps(names: tuple[Name, ...]) -> None:
    """Two thresholds at once, on request; nothing where there are not two."""
    if len(names) < 2:
        return
    st.subheader("Two thresholds at once", anchor=False)
    left, middle, right = st.columns(3)
    with left:
        first = st.selectbox("Down", names, format_func=lambda one: NAMES[one], key="map_first")
    with middle:
        rest = [name for name in names if name != first]
        second = st.selectbox("Across", rest, format_func=lambda one: NAMES[one], key="map_second")
    with right:
        measure = st.selectbox(
            "Shown",
            list(charts.SWEEP_MEASURES),
            key="map_measure",
            format_func=lambda one: charts.SWEEP_MEASURES[one],
        )
    data, fitted, thresholds = session.dataset(), session.fit(), session.current_thresholds()
    reference = session.snapshot().routes("test")
    work = Call.of(
        sweep_map,
        fitted,
        thresholds,
        (first, second),
        test=data.test,
        training=data.train,
        reference=reference,
    )
    key = f"sweepmap_{first}_{second}:{session.snapshot_token()}"
    about = "Up to 1,024 settings, some ten seconds."
    found = jobs.show(key, "Draw the map", work, about=about, line="asked")
    if found is None:
        return
    figure = charts.map_figure(found, measure, theme.SEQUENTIAL[theme.mode()], thresholds)
    alt = f"{charts.SWEEP_MEASURES[measure]} over {NAMES[first]} and {NAMES[second]}."
    frame.chart(figure, "sweep_map", alt)
    st.caption("Cross: the present setting. Only values at which something can change are visited.")
