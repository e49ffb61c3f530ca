"""The page Sweep: every threshold as a curve, two as a map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from app import frame, history, jobs, session, theme, values
from app.apart import Call
from app.controls import BY_TASK
from app.values import DEFAULTS, Values
from cascal import charts
from cascal.compare.sweep import NAMES, Curve, Name, curve, sweep_map, sweepable
from cascal.counted import counted
from cascal.settings import joining_name


def _names() -> list[Name]:
    found = sweepable(session.fit())
    return [name for name in found if name != "cost_weight" or session.cost_weights()]


TITLE = "What would another threshold do?"


def curves() -> None:
    """One threshold over its attainable values; the headline says whether another one is better."""
    headline = st.empty()
    headline.title(TITLE, anchor=False)
    names = _names()
    if session.current_settings().by_task:
        st.caption(BY_TASK)
    if not names:
        st.info("No threshold is left to sweep: there are no costs to weigh either.")
        return
    name: Name = st.segmented_control(
        "Threshold",
        names,
        format_func=NAMES.__getitem__,
        default="merge_distance" if "merge_distance" in names else names[0],
        required=True,
        key="sweep_name",
        label_visibility="collapsed",
    )
    data, fitted, thresholds = session.dataset(), session.fit(), session.current_thresholds()
    reference = session.snapshot().routes("test")
    work = Call.of(
        curve,
        fitted=fitted,
        thresholds=thresholds,
        name=name,
        test=data.test,
        training=data.train,
        reference=reference,
    )
    found = jobs.show(f"curve_{name}:{session.snapshot_token()}", "Sweep", work, at_once=True)
    if found is None:
        return
    headline.title(_answer(found), anchor=False)
    st.subheader(_sentence(found), anchor=False)
    figure = charts.curve_figure(found, theme.accent())
    frame.chart(figure, "curve", _sentence(found))
    st.caption(
        "Dashed: the present value. Shaded: where nothing changes around it. Accuracy is of the "
        "gold test queries, with its 95 % interval; only values at which something can change are "
        "visited."
    )
    _choose(found)


def _answer(found: Curve) -> str:
    """Whether some value is better than the present one, with the paired interval."""
    label, now = NAMES[found.name], charts.value_label(found.name, found.now)
    data = session.dataset()
    change = charts.best_change(found, data.test or data.train, session.fit().models)
    if change is None:
        return f"{label}: what changes around {now}"
    best, gain = change
    value = charts.value_label(found.name, best.value(found.name))
    if value == now:
        return f"{label}: no value is right more often than {now}"
    points = f"{100 * gain.value:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    if gain.low > 0:
        return f"{label}: {value} looks better than {now}, {points}"
    return f"{label}: no value is proven better than {now}; the best, {value}, brings {points}"


def _sentence(found: Curve) -> str:
    label = NAMES[found.name]
    now = charts.value_label(found.name, found.now)
    if found.band is None:
        return f"{label} {now}: the next value in either direction changes something"
    low, high = (charts.value_label(found.name, one) for one in found.band)
    return f"{label} {now}: nothing changes between {low} and {high}"


def _choose(found: Curve) -> None:
    frame_ = charts.curve_frame(found)
    known = frame_["top1"].notna().any()
    best = int(np.nanargmax(frame_["top1"].to_numpy(float))) if known else 0
    if known:
        st.caption(
            f"Highest point estimate: {frame_['top1'].iloc[best]:.1f} % at "
            f"{frame_['value'].iloc[best]}. Choosing a threshold by the test queries and quoting "
            "their accuracy flatters: no interval knows that the best of "
            f"{counted(len(frame_), 'value')} was picked."
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Value",
            range(len(frame_)),
            format_func=lambda at: _option(frame_, at),
            index=best,
            key=f"sweep_value_{found.name}",
        )
        value = found.points[chosen].value(found.name)
        st.button("Use this value", on_click=_use, args=(found.name, value), key="use_value")
    with st.expander("The curve as a table"):
        st.dataframe(
            frame_.drop(columns="x"),
            hide_index=True,
            alt="The curve as a table",
            placeholder="–",
        )


def _option(frame_: pd.DataFrame, at: int) -> str:
    row = frame_.iloc[at]
    right = "" if pd.isna(row["top1"]) else f", {row['top1']:.1f} % right"
    return f"{row['value']}: {counted(row['clusters'], 'cluster')}{right}"


def _use(name: Name, value: float | None) -> None:
    history.change_to(_with(values.present(), name, value))


def _with(state: Values, name: Name, value: float | None) -> Values:
    """A state of the controls with one threshold at another value."""
    if name == "prune_jaccard":
        return replace(state, share=joining_name(value) or DEFAULTS.share)
    number = float(value or 0.0)
    if name == "cost_weight":
        return replace(state, cost=number)
    if name == "merge_distance":
        return replace(state, merge=round(number, 2))
    return replace(state, silhouette=round(number, 2))


def maps() -> None:
    """Two thresholds at once, on request; nothing where there are not two."""
    names = _names()
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
    work = Call.of(sweep_map, fitted, thresholds, (first, second), data.test, data.train, reference)
    key = f"sweepmap_{first}_{second}:{session.snapshot_token()}"
    found = jobs.show(key, "Draw the map", work, about="Up to 1,024 settings, some ten seconds.")
    if found is None:
        return
    figure = charts.map_figure(found, measure, theme.SEQUENTIAL[theme.mode()], thresholds)
    alt = f"{charts.SWEEP_MEASURES[measure]} over {NAMES[first]} and {NAMES[second]}."
    frame.chart(figure, "sweep_map", alt)
    st.caption("Cross: the present setting. Only values at which something can change are visited.")
