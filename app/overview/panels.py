"""What the page Overview shows: the verdict, what routing costs, what is worth knowing."""

from __future__ import annotations

from math import isfinite

import pandas as pd
import streamlit as st

from app import frame, session, shared_results, theme
from cascal import charts
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.evaluate import effective_number
from cascal.verdict import TRUST, Light, Verdict

SHOWN_ISSUES = 3
MARKS: dict[str, tuple[str, theme.Badge, str]] = {
    "route": (":material/check_circle:", "green", "Route"),
    "do not route": (":material/do_not_disturb_on:", "red", "Do not route"),
    "undecided": (":material/help:", "orange", "Undecided"),
}


def headline(result: Verdict) -> None:
    """The verdict in one sentence, with its interval."""
    icon, colour, label = MARKS[result.light]
    st.badge(label, icon=icon, color=colour)
    st.title(frame.escape(result.sentence), anchor=False)
    st.caption(
        "Difference in right first answers on the same gold test queries, with its 95 % interval "
        "(paired bootstrap). The router saw no answer; the page Evaluate compares all routers."
    )


def headline_without_labels() -> None:
    """Nothing but the light is known; it is said as plainly as a verdict with labels."""
    try:
        light = session.light()
    except NotApplicable as error:
        st.title("Nobody can say yet whether routing pays here", anchor=False)
        st.caption(frame.escape(str(error)))
        return
    icon, colour, label = MARKS[light.light]
    st.badge(f"{label} (without labels)", icon=icon, color=colour)
    st.title(
        "Routing looks worth it here"
        if light.light == "route"
        else "Better ask one model than route here",
        anchor=False,
    )
    st.caption(
        "There are no test queries with gold answers, so this rests on agreement between models "
        "alone; a generated answer is not taken for truth."
    )
    _light_details(light)


def _light_details(light: Light) -> None:
    st.text(light.sentence)
    st.caption(TRUST)


def second_opinion(result: Verdict) -> None:
    """What the label-free light would have said, and whether it was right."""
    with st.container(border=True):
        st.markdown("**Would it have been known without labels?**")
        try:
            light = session.light()
        except NotApplicable as error:
            st.caption(frame.escape(str(error)))
            return
        right = (light.light == "route") == (result.gain.value > 0)
        icon, colour, label = MARKS[light.light]
        with st.container(horizontal=True, gap="small"):
            st.badge(f"It would have said: {label.lower()}", icon=icon, color=colour)
            st.badge(
                "Right here" if right else "Wrong here: the gold answers say otherwise",
                color="green" if right else "red",
                icon=":material/check:" if right else ":material/close:",
            )
        _light_details(light)


def numbers() -> None:
    """Accuracy, clusters, models in use and cost, as tiles."""
    now = session.snapshot()
    result, router = now.evaluation, now.router
    with st.grid(5, min_column_width=150):
        if result is not None:
            st.metric(
                "First model right", f"{result.top1_accuracy:.1%}", border=True, height="stretch"
            )
            st.metric(
                f"Vote of {result.top_k} right",
                f"{result.vote_accuracy:.1%}",
                border=True,
                height="stretch",
                help="Plurality of the best-ranked models; each costs a call a query.",
            )
        st.metric("Skill clusters", len(router.clusters), border=True, height="stretch")
        effective = effective_number(now.share)
        st.metric(
            "Models in use",
            f"{effective:.1f} of {len(router.models)}",
            border=True,
            height="stretch",
            help="Effective number: exp of the entropy of the shares. 1 = one model gets all.",
        )
        _cost(now)
    if now.cost.known:
        st.caption(frame.escape(now.cost.sentence))


def _cost(now: Snapshot) -> None:
    """What a routed query costs, beside always asking the model of the verdict."""
    cost = now.cost
    if not cost.known:
        return
    st.metric(
        "Cost per 1,000",
        f"${cost.routed:,.2f}",
        f"{cost.change:+.0%}" if isfinite(cost.change) else None,
        delta_color="inverse",
        border=True,
        height="stretch",
        help=f"First model only: {cost.basis}. Beside always asking "
        f"{frame.escape(cost.constant.words)}.",
    )


def evidence() -> None:
    """What the router must beat, and who gets the queries."""
    data, now = session.dataset(), session.snapshot()
    colours = theme.colors_by_name((model.name for model in data.models), "model")
    left, right = st.columns(2, gap="large")
    compared = session.contenders_and_verdict()
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


def findings() -> None:
    """Notes and the first issues of the diagnosis."""
    st.subheader("Worth knowing", anchor=False)
    for note in session.snapshot().router.notes:
        st.info(frame.escape(note), icon=":material/info:")
    silent = session.dataset().train.silent_models
    if silent:
        st.info(
            frame.escape(
                f"Only right or wrong is known of {', '.join(silent)}: they can be evaluated, but "
                "they cannot vote and are never routed to without labels."
            ),
            icon=":material/info:",
        )
    results = shared_results.findings()
    if results is None:
        return
    issues = [finding for finding in results if finding.section == "issue"]
    for issue in issues[:SHOWN_ISSUES]:
        st.warning(frame.escape(issue.sentence), title=f"{issue.code} {issue.title}")
    if issues[SHOWN_ISSUES:]:
        with st.expander(f"{len(issues) - SHOWN_ISSUES} more"):
            for issue in issues[SHOWN_ISSUES:]:
                st.markdown(f"**{issue.code} {frame.escape(issue.title)}**")
                st.caption(frame.escape(issue.sentence))
    st.caption(
        f"{len(issues)} of {len(results)} checks found an issue. The page Diagnose shows the "
        "evidence and tries remedies out."
    )


def what_next() -> None:
    """Where to go from here."""
    st.subheader("What to do next", anchor=False)
    with st.container(horizontal=True, gap="medium"):
        st.page_link(
            frame.page_file("skills"), label="See who is good at what", icon=":material/hub:"
        )
        st.page_link(frame.page_file("route"), label="Route a query", icon=":material/alt_route:")
        st.page_link(
            frame.page_file("evaluate"), label="Compare all routers", icon=":material/leaderboard:"
        )
        st.page_link(
            frame.page_file("diagnose"), label="Find what is wrong", icon=":material/troubleshoot:"
        )
        st.page_link(
            frame.page_file("data_sets"), label="Bring your own responses", icon=":material/upload:"
        )
