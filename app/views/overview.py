"""Overview: is routing worth it here?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import frame, session, theme
from cascal import charts, diagnose
from cascal.evaluate import effective_number
from cascal.verdict import Verdict

MARKS = {
    "route": (":material/check_circle:", "green", "Route"),
    "do not route": (":material/do_not_disturb_on:", "red", "Do not route"),
    "undecided": (":material/help:", "orange", "Undecided"),
}


def _headline(result: Verdict) -> None:
    icon, colour, label = MARKS[result.light]
    st.badge(label, icon=icon, color=colour)
    st.title(frame.escape(result.sentence), anchor=False)
    st.caption(
        "Difference in right first answers on the same gold test queries, with its 95 % interval "
        "(paired bootstrap). The best model is chosen with the gold answers; the router saw none."
    )


def _numbers() -> None:
    now = session.snapshot()
    result, router = now.evaluation, now.router
    with st.grid(4, min_column_width=170):
        if result is not None:
            st.metric("First model right", f"{result.top1_accuracy:.1%}", border=True)
            st.metric(
                "Vote of 3 right", f"{result.top3_vote_accuracy:.1%}", border=True,
                help="Plurality of the three best-ranked models; costs three calls a query.",
            )  # fmt: skip
        st.metric("Skill clusters", len(router.clusters), border=True)
        effective = effective_number(now.share)
        st.metric(
            "Models in use", f"{effective:.1f} of {len(router.models)}", border=True,
            help="Effective number: exp of the entropy of the shares. 1 = one model gets all.",
        )  # fmt: skip


def _evidence() -> None:
    data, now = session.study(), session.snapshot()
    colours = theme.colors_by_name((model.name for model in data.models), "model")
    left, right = st.columns(2, gap="large")
    compared = session.comparison()
    if compared is not None:
        with left:
            st.subheader("What the router must beat", anchor=False)
            table = charts.contenders_frame(compared[0])
            colours_here = dict.fromkeys(table["name"][:2], theme.accent())
            figure = charts.interval_figure(table, "name", "accuracy", colours_here, percent=True)
            frame.chart(figure, "contenders", _alt(table))
            st.caption(
                "Share of right answers with 95 % intervals. “By gold” and the oracle know the "
                "answers beforehand: bounds, not choices."
            )
    with right if compared is not None else left:
        st.subheader("Who gets the queries", anchor=False)
        figure = charts.share_figure(now.router.models, now.share, colours)
        frame.chart(figure, "shares", "Share of the queries that each model gets first.")


def _alt(table: pd.DataFrame) -> str:
    return "; ".join(
        f"{row.name}: {row.accuracy:.1%}" for row in table.itertuples(index=False, name="Row")
    )


def _findings() -> None:
    st.subheader("Worth knowing", anchor=False)
    notes = diagnose.findings(session.study(), session.snapshot())
    for note in notes:
        st.info(frame.escape(note), icon=":material/info:")
    if not notes:
        st.write("Nothing stands out.")


def _next() -> None:
    st.subheader("What to do next", anchor=False)
    with st.container(horizontal=True, gap="medium"):
        st.page_link(
            frame.VIEWS / "skills.py", label="See who is good at what", icon=":material/hub:"
        )
        st.page_link(frame.VIEWS / "route.py", label="Route a query", icon=":material/alt_route:")
        st.page_link(
            frame.VIEWS / "data.py", label="Bring your own responses", icon=":material/upload:"
        )


if session.current_info() is None:
    st.title("Which model is good at what?", anchor=False)
    frame.empty("There are no data yet.", "data", "Import responses")
else:
    frame.notice(session.study())
    found = session.comparison()
    if found is not None:
        _headline(found[1])
    else:
        st.title("Nobody can say yet whether routing pays here", anchor=False)
        st.caption(
            "There are no test queries with gold answers. The map and the rankings rest on "
            "agreement between models alone; a generated answer is not taken for truth."
        )
    _numbers()
    _evidence()
    _findings()
    _next()
