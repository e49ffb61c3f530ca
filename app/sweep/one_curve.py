"""One threshold as a curve: what every value of it would give, and the value to use."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import columns, frame, selection, session, theme, values
from app.sweep import moves
from app.tried import CHOSEN, Tried
from cascal import charts
from cascal.compare.sweep import NAMES, Curve, Point
from cascal.dataset.snapshot import routed_queries
from cascal.number_format import counted, decimal, dollars

MAIN = ("top1", "dollars")
"""The measures that decide; the others say what lies behind them."""
COLUMNS: dict[str, Any] = {
    "value": "Value",
    "clusters": columns.number("Clusters"),
    "effective": columns.number("Models in use, as equal shares", format="%.1f"),
    "flipped": columns.number("Routes flipped", format="%.1f %%"),
    "dollars": columns.number("$/1,000", format="%.2f"),
    "top1": columns.number("First model right", format="%.1f %%"),
    "low": columns.number("from", format="%.1f %%"),
    "high": columns.number("to", format="%.1f %%"),
}


def one_curve(found: Tried) -> None:
    """The chosen threshold over its attainable values; the heading says where to set it."""
    st.segmented_control(
        "Threshold",
        found.names,
        format_func=NAMES.__getitem__,
        required=True,
        key=CHOSEN,
        label_visibility="collapsed",
    )
    if found.chosen not in found.answers:
        return
    curve, told = found.curves[found.chosen], found.answers[found.chosen]
    st.subheader(frame.headline(told.title), anchor=False, help=frame.escape(told.basis))
    if told.reason:
        with st.container(key="sweep_reason"):
            st.caption(frame.escape(told.reason))
    main, behind = _measures(curve)
    _figures(curve, main, told.point, 260)
    _choose(curve, told.point)
    _figures(curve, behind, told.point, 200)
    with st.expander("The curve as a table"):
        st.dataframe(
            charts.curve_frame(curve).drop(columns="x"),
            hide_index=True,
            alt="The curve as a table",
            placeholder="–",
            column_config=COLUMNS,
        )


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
    menu = f"sweep_value_{found.name} from {found.now} of {len(values_)}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox(
            "Value",
            range(len(frame_)),
            format_func=lambda at: _option(frame_, at, found.at_now),
            index=first,
            key=menu,
            width=420,
        )
        st.button(
            "Use this value",
            on_click=_use,
            args=(found, menu),
            key="use_value",
            disabled=chosen == found.at_now,
        )
        n_moved = round(found.points[chosen].flipped * len(found.points[chosen].first))
        if n_moved:
            st.button(
                f"Show the {routed_queries(n_moved, session.dataset())} that it moves",
                key="show_moved",
                icon=":material/hub:",
                type="tertiary",
                on_click=frame.open_page,
                args=("skills", _show_moved, found, menu),
                help="Sets this value, pins the present one, and opens the map with these queries.",
            )


# What a menu shows by now: the buttons below it may have been drawn when it showed another value.


def _shown(found: Curve, menu: str) -> float | None:
    return found.points[st.session_state[menu]].value(found.name)


def _use(found: Curve, menu: str) -> None:
    moves.use(found, _shown(found, menu))


def _show_moved(found: Curve, menu: str) -> None:
    selection.show_change(values.present(), moves.state_with(found.name, _shown(found, menu)))


def _option(frame_: pd.DataFrame, at: int, now: int) -> str:
    row = frame_.iloc[at]
    parts = [counted(row["clusters"], "cluster")]
    if not pd.isna(row["top1"]):
        parts.append(f"{decimal(row['top1'], 1)} % right")
    if not pd.isna(row["dollars"]):
        parts.append(dollars(row["dollars"]))
    present = " (in use)" if at == now else ""
    return f"{row['value']}{present}: {', '.join(parts)}"
