"""The page Sweep: every threshold as a curve, two as a map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from app import frame, history, jobs, selection, session, shipping, theme, values
from app.apart import Call
from app.controls import BY_TASK
from app.values import DEFAULTS, Values
from cascal import charts
from cascal.compare.recommended import Recommendation
from cascal.compare.sweep import (
    NAMES,
    Curve,
    Name,
    Point,
    curve,
    read_at,
    routed_part,
    sweep_map,
    sweepable,
    with_value,
)
from cascal.compare.sweep_answer import answer, change_between
from cascal.counted import counted, decimal, dollars
from cascal.settings import Thresholds, joining_name


def _names() -> list[Name]:
    found = sweepable(session.fit())
    return [name for name in found if name != "cost_weight" or session.cost_weights()]


TITLE = "Where should a threshold be, and does it matter?"
MAIN = ("top1", "dollars")
"""The measures that decide; the others say what lies behind them."""
USED = "used_value_of_sweep"
COLUMNS: dict[str, Any] = {
    "value": "Value",
    "clusters": "Clusters",
    "effective": st.column_config.NumberColumn("Models in use, as equal shares", format="%.1f"),
    "flipped": st.column_config.NumberColumn("Routes flipped", format="%.1f %%"),
    "dollars": st.column_config.NumberColumn("$/1,000", format="%.2f"),
    "top1": st.column_config.NumberColumn("First model right", format="%.1f %%"),
    "low": st.column_config.NumberColumn("from", format="%.1f %%"),
    "high": st.column_config.NumberColumn("to", format="%.1f %%"),
}


def curves() -> None:
    """One threshold over its attainable values; the headline says where to set it."""
    headline = st.container()
    names = _names()
    if session.current_settings().by_task:
        st.caption(BY_TASK)
    if not names:
        headline.title(TITLE, anchor=False)
        st.info("No threshold is left to sweep: there are no costs to weigh either.")
        return
    shipped = shipping.known()
    name: Name = st.segmented_control(
        "Threshold",
        names,
        format_func=NAMES.__getitem__,
        default=_opened(names, shipped),
        required=True,
        key="sweep_name",
        label_visibility="collapsed",
    )
    found = _curve(name)
    if found is None:
        headline.title(TITLE, anchor=False)
        return
    data = session.dataset()
    said = answer(found, routed_part(data.test, data.train), session.fit().models, shipped)
    with headline:
        st.title(frame.headline(said.title), anchor=False, help=frame.escape(said.basis))
        if shipped is not None and said.title == shipped.title:
            shipping.take(shipped, "use_recommended_of_sweep")
        else:
            if said.reason:
                st.caption(frame.escape(said.reason))
            shipping.link("use_recommended_of_sweep")
    _used(found)
    main, behind = _measures(found)
    _figures(found, main, said.point, 260)
    _choose(found, said.point)
    _figures(found, behind, said.point, 200)
    with st.expander("The curve as a table"):
        st.dataframe(
            charts.curve_frame(found).drop(columns="x"),
            hide_index=True,
            alt="The curve as a table",
            placeholder="–",
            column_config=COLUMNS,
        )


def _opened(names: list[Name], shipped: Recommendation | None) -> Name:
    """The threshold to open on: the one that the recommendation moves, else merge distance."""
    moves = shipped is not None and not shipped.taken and not shipped.best.trial.preset
    wanted: Name = "cost_weight" if moves else "merge_distance"
    return wanted if wanted in names else names[0]


def _curve(name: Name) -> Curve | None:
    """The curve as read from the present value; the job is the same wherever that value is."""
    data, fitted, thresholds = session.dataset(), session.fit(), session.current_thresholds()
    work = Call.of(
        curve,
        fitted=fitted,
        thresholds=thresholds,
        name=name,
        test=data.test,
        training=data.train,
    )
    held = with_value(thresholds, name, getattr(Thresholds(), name))
    key = f"curve_{name}:{session.fit_token()}:{held!r}"
    found = jobs.show(key, "Sweep", work, at_once=True, line="asked")
    return None if found is None else read_at(found, fitted, thresholds, data.test, data.train)


def _measures(found: Curve) -> tuple[list[str], list[str]]:
    """What decides, then what lies behind it; what does not change is said in a line."""
    changing, constant = charts.changing_measures(found)
    shade = " Grey: where nothing changes around it." if found.band is not None else ""
    band = " Light band: the 95 % interval." if "top1" in changing else ""
    stays = f" The same at every value: {'; '.join(constant)}." if constant else ""
    st.caption(
        frame.escape(f"Dashed: the value in use.{shade}{band}{stays}"),
        help="Only values at which something can change are visited.",
    )
    return (
        [measure for measure in changing if measure in MAIN],
        [measure for measure in changing if measure not in MAIN],
    )


def _figures(found: Curve, measures: list[str], proposed: Point | None, height: int) -> None:
    """One chart a measure, side by side."""
    if not measures:
        return
    with st.grid(len(measures), min_column_width=260):
        for measure in measures:
            with st.container():
                st.markdown(f"**{charts.SWEEP_MEASURES[measure]}**")
                figure = charts.curve_figure(found, measure, theme.accent(), height, proposed)
                alt = f"{charts.SWEEP_MEASURES[measure]} by {NAMES[found.name].lower()}."
                frame.chart(figure, f"curve_{measure}", alt)


def _choose(found: Curve, proposed: Point | None) -> None:
    """Another value to use, the proposed one first, and the queries that it moves."""
    frame_ = charts.curve_frame(found)
    values_ = [point.value(found.name) for point in found.points]
    first = found.at_now if proposed is None else values_.index(proposed.value(found.name))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox(
            "Value",
            range(len(frame_)),
            format_func=lambda at: _option(frame_, at, found.at_now),
            index=first,
            key=f"sweep_value_{found.name} from {found.now} of {len(values_)}",
            width=420,
        )
        state = _with(values.present(), found.name, values_[chosen])
        st.button(
            "Use this value",
            on_click=_use,
            args=(found, values_[chosen], state),
            key="use_value",
            disabled=chosen == found.at_now,
        )
        n_moved = round(found.points[chosen].flipped * len(found.points[chosen].first))
        if n_moved and st.button(
            f"Show the {counted(n_moved, 'query')} that it moves",
            key="show_moved",
            icon=":material/hub:",
            type="tertiary",
            on_click=selection.show_change,
            args=(values.present(), state),
            help="Sets this value, pins the present one, and opens the map with these queries.",
        ):
            frame.open_page("skills")


def _option(frame_: pd.DataFrame, at: int, now: int) -> str:
    row = frame_.iloc[at]
    parts = [counted(row["clusters"], "cluster")]
    if not pd.isna(row["top1"]):
        parts.append(f"{decimal(row['top1'], 1)} % right")
    if not pd.isna(row["dollars"]):
        parts.append(dollars(row["dollars"]))
    present = " (present)" if at == now else ""
    return f"{row['value']}{present}: {', '.join(parts)}"


@dataclass(frozen=True, kw_only=True)
class Used:
    """A value in use: which threshold, what it was before, and the state that it made."""

    name: Name
    before: float | None
    state: Values


def _use(found: Curve, value: float | None, state: Values) -> None:
    history.change_to(state)
    st.session_state[USED] = Used(name=found.name, before=found.now, state=state)


def _used(found: Curve) -> None:
    """What the value that was taken here changed, until another state or another threshold."""
    used: Used | None = st.session_state.get(USED)
    if used is None or used.state != values.present():
        st.session_state.pop(USED, None)
        return
    places = [point.value(found.name) for point in found.points]
    if used.name != found.name or used.before not in places:
        return
    data = session.dataset()
    part = routed_part(data.test, data.train)
    was = places.index(used.before)
    change = change_between(found, was, found.at_now, part, session.fit().models)
    with st.container(border=True, key="used_value"):
        st.markdown(f":material/check_circle: **In use: {frame.escape(change)}**")
        st.button("Undo", key="undo_value", icon=":material/undo:", on_click=_undo)


def _undo() -> None:
    history.undo()
    st.session_state.pop(USED, None)


def _with(state: Values, name: Name, value: float | None) -> Values:
    """A state of the controls with one threshold at another value."""
    if name == "prune_jaccard":
        return replace(state, share=joining_name(value) or DEFAULTS.share)
    number = float(value or 0.0)
    if name == "cost_weight":
        return replace(state, cost=number)
    if name == "merge_distance":
        return replace(state, merge=number)
    return replace(state, silhouette=number)


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
    about = "Up to 1,024 settings, some ten seconds."
    found = jobs.show(key, "Draw the map", work, about=about, line="asked")
    if found is None:
        return
    figure = charts.map_figure(found, measure, theme.SEQUENTIAL[theme.mode()], thresholds)
    alt = f"{charts.SWEEP_MEASURES[measure]} over {NAMES[first]} and {NAMES[second]}."
    frame.chart(figure, "sweep_map", alt)
    st.caption("Cross: the present setting. Only values at which something can change are visited.")
