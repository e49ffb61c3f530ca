"""The tab Routers of the page Evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from app import columns, frame, heeded, session, shipping, theme
from app.evaluate import work
from app.terms.glossary import mark, meaning
from cascal import charts
from cascal.charts.comparison import MEASURES, Measure
from cascal.compare.comparison import Comparison, Row
from cascal.compare.rival import find_rival
from cascal.compare.routers import WITHOUT_LABELS
from cascal.compare.to_ship import SHIPPED, entry_to_ship
from cascal.number_format import BEFORE_ROUNDING, decimal
from cascal.settings import PRESETS
from cascal.verdicts.constant import Constant

MAIN_COLUMNS = ("router", "top1_text", "gain_text", "cost", "needs", "effective")
ALL_COLUMNS = (*MAIN_COLUMNS, "vote", "hit", "vote_cost", "p_text")
NEEDS = (
    "What has to be known to choose like this. “Gold answers” are those that it is scored by here."
)
IN_ONE_LINE = 32
"""Letters of a router's name that its column usually holds."""
OWN = (charts.PRESENT, SHIPPED, WITHOUT_LABELS, *PRESETS, "released_late")


def routers(comparison: Comparison) -> None:
    """The answer and the routers it is about; all others and other measures folded."""
    rival = find_rival(comparison)
    always = comparison.constant_model.name
    other = None if rival is None else rival.key
    liked = comparison.constant_is_liked
    rows = [*comparison.rows(), *to_ship(comparison)]
    table = charts.routers_frame(rows)
    main = charts.main_routers(table, comparison.constant, always, other, liked=liked)
    st.subheader(frame.headline(charts.routers_sentence(main)), anchor=False)
    with st.container(key="routers_wide"):
        _routers_table(main, comparison.constant_model, "main_routers", MAIN_COLUMNS)
    figure = charts.routers_figure(main, "top1", theme.accent(), OWN)
    with st.container(key="routers_chart"):
        frame.chart(figure, "routers", _routers_alt(main, "top1"))
    st.caption(
        "Lines and brackets are 95 % intervals, paired over the same queries; $ per 1,000 queries. "
        f"{mark('gain', 'Gains')} are over always asking "
        f"{frame.escape(comparison.constant_model.words)}. {BEFORE_ROUNDING}"
    )
    shipping.link()
    _peers()
    label = frame.headline(charts.standing(table))
    with st.expander(label, on_change="rerun", key="all_of_them") as every:
        if every.open:
            _all_routers(comparison, rows)


def to_ship(comparison: Comparison) -> list[Row]:
    """The setting to ship as a router beside the others; nothing where it is in use or unknown."""
    found, data = shipping.known(), session.dataset()
    if found is None or found.taken:
        return []
    return [comparison.row(entry_to_ship(found, data.gold_test, data.train))]


def meanwhile() -> None:
    """What is known before all routers are compared: this one and what it must beat."""
    compared = heeded.contenders_and_verdict()
    if compared is None:
        return
    st.subheader("This router beside its rivals; the others follow", anchor=False)
    table = charts.contenders_frame(compared[0])
    colours = dict.fromkeys(table.loc[table["own"], "name"], theme.accent())
    figure = charts.interval_figure(table, "name", "accuracy", colours, percent=True)
    frame.chart(figure, "meanwhile", "Share of right answers of this router and of what it beats.")


def _peers() -> None:
    """What other benchmarks measure, with intervals."""
    with st.expander("As other benchmarks measure it", on_change="rerun", key="peers") as box:
        if not box.open:
            return
        with st.grid(5, min_column_width=165):
            for one in work.peers():
                value, note = "unknown", "costs are not known"
                if one.found is not None:
                    value = _plainly(one.found.value)
                    note = f"[{_plainly(one.found.low)}, {_plainly(one.found.high)}]"
                frame.metric(one.name, value, note, one.about)
        st.caption("95 % intervals over queries. What each says is in its question mark.")


def _plainly(value: float) -> str:
    return "never" if isnan(value) else decimal(value, 2)


def _all_routers(comparison: Comparison, rows: Sequence[Row]) -> None:
    """Dots with intervals, and the sortable table."""
    measure: Measure = st.segmented_control(
        "Measure",
        list(MEASURES),
        format_func=MEASURES.__getitem__,
        default="top1",
        required=True,
        key="measure",
        label_visibility="collapsed",
    )
    table = charts.routers_frame(rows, measure)
    figure = charts.routers_figure(table, measure, theme.accent(), OWN)
    frame.chart(figure, "all_routers", _routers_alt(table, measure))
    origin = comparison.label_origin
    st.caption(
        "Round: no labels. Square: learns from the training queries’ "
        f"{'gold' if origin == 'gold' else origin} answers, or heeds a few labels. Open diamond: "
        "knows these "
        f"very answers, as the {mark('oracle')} does: a bound for what may choose as it does, such "
        "as a model for each of these clusters. In colour: CASCAL; large: the router "
        "in use."
    )
    absent = table[table[measure].isna()]["router"]
    if len(absent):
        st.caption(frame.escape(f"In the table only, without this measure: {', '.join(absent)}."))
    _routers_table(table, comparison.constant_model, "routers_table", ALL_COLUMNS)


def _routers_alt(table: pd.DataFrame, measure: Measure) -> str:
    best = table.iloc[0]
    own = table[table["key"] == charts.PRESENT].iloc[0]
    return (
        f"{MEASURES[measure]}: {best['router']} {decimal(best[measure], 1)}, "
        f"{own['router']} {decimal(own[measure], 1)}"
    )


def _routers_table(
    table: pd.DataFrame,
    constant: Constant,
    key: str,
    names: Sequence[str],
) -> None:
    long = int(table["router"].str.len().max()) > IN_ONE_LINE
    known = _columns(f"always asking {frame.escape(constant.words)}", long=long)
    shown = {name: known[name] for name in names}
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        key=key,
        placeholder="–",
        alt="All routers with their measures; click a column to sort",
        column_order=list(shown),
        column_config=shown,
    )


def _columns(always: str, *, long: bool) -> dict[str, ColumnConfig | str | None]:
    """All columns; a long name would leave a phone no room for figures if it stayed in view."""
    text, number, figures = st.column_config.TextColumn, columns.number, columns.figures
    return {
        "router": text("Router", pinned=not long, width=336 if long else 232),
        "needs": text("Needs", width=102, help=NEEDS),
        "top1_text": figures("First right, %", width=118),
        "gain_text": figures("Gain, points", width=142, help=f"Over {always}."),
        "cost": number(
            "$/1,000", format="%.2f", width=62, help="US dollars per 1,000 test queries."
        ),
        "effective": number(
            "Effective models", format="%.1f", width=122, help=meaning("effective models")
        ),
        "vote": number("Vote of 3", format="%.1f %%", width=70),
        "hit": number(
            "Any of 3", format="%.1f %%", width=70, help="Any of its best three is right."
        ),
        "vote_cost": number(
            "Vote $", format="%.2f", width=54, help="US dollars per 1,000 queries where 3 vote."
        ),
        "p_text": figures("p", width=64, help=f"McNemar, exact, against {always}."),
    }
