"""What the page Overview shows: the verdict, what routing costs, what is worth knowing."""

from __future__ import annotations

from math import isfinite

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, heeded, label_entry, session, shared_results, theme
from app.terms.glossary import mark, meaning
from cascal import charts
from cascal.counted import counted, percent, signed
from cascal.dataset.snapshot import Snapshot
from cascal.dataset.to_label import TO_LABEL
from cascal.datatypes import NotApplicable
from cascal.diagnose.repeats import without_repeats
from cascal.intervals import Estimate
from cascal.verdicts.light import HEADLINES, QUESTION, RECORD_NOTE, UNIT, Light, State
from cascal.verdicts.verdict import Verdict, points, too_few

SHOWN_ISSUES = 3
LIGHT_DETAILS = "What the models agree on, and how to know"
LEAK = "CAS305"
"""The check that says whether accuracies look too good."""
MARKS: dict[str, tuple[str, theme.Badge, str]] = {
    "route": (":material/check_circle:", "green", "Verdict: route"),
    "do not route": (":material/do_not_disturb_on:", "red", "Verdict: do not route"),
    "undecided": (":material/help:", "orange", "Verdict: undecided"),
}

LIGHT_MARKS: dict[State, tuple[str, theme.Badge, str]] = {
    "agree": (":material/check_circle:", "green", "The models agree"),
    "unsure": (":material/help:", "yellow", "Unsure"),
    "disagree": (":material/do_not_disturb_on:", "red", "The models do not agree"),
}
"""Icon, colour and words of each state of the light."""


def headline(result: Verdict) -> None:
    """The verdict in one sentence, with its interval."""
    icon, colour, label = MARKS[result.light]
    st.badge(label, icon=icon, color=colour)
    st.title(frame.headline(result.headline), anchor=False)
    st.caption(
        f"{frame.escape(result.constant.words)}. Difference in right first answers on the same "
        f"{mark('gold, generated', 'gold')} test queries, with its 95 % interval (paired "
        "bootstrap). The router saw no answer; the page Evaluate compares all routers."
    )


def headline_of_labels() -> bool:
    """The verdict from a few labels; False where there are none that say anything."""
    try:
        found = label_entry.evidence()
    except NotApplicable:
        return False
    if found is None or not found[1].gain.n_labels:
        return False
    contest, said = found
    icon, colour, label = MARKS[said.decision]
    st.badge(label, icon=icon, color=colour)
    st.title(frame.headline(said.headline(contest)), anchor=False)
    st.caption(
        frame.escape(
            f"{said.labelled(contest)}. By {', '.join(said.people)}, on queries that decide, drawn "
            "at random, with the 95 % interval that holds however often one looks. Compared with "
            f"{contest.names[1]}."
        )
    )
    label_entry.button("See and give labels", "more_labels", "routing")
    return True


def headline_without_labels() -> None:
    """Nothing but the light is known; it says what the models agree on, not what routing gains."""
    try:
        light = session.light()
    except NotApplicable as error:
        st.title("Nobody can say yet whether routing pays here", anchor=False)
        st.caption(frame.shown_refusal(error))
        return
    _badge(light)
    st.title(HEADLINES[light.light], anchor=False)
    st.caption(
        "There are no test queries with gold answers, so nobody knows what routing gains here; a "
        f"{mark('gold, generated', 'generated')} answer is not taken for truth. This "
        f"{mark('light')} is what the models agree on."
    )
    _label_button()
    with st.expander(LIGHT_DETAILS):
        _light_details(light)


def _label_button() -> None:
    """The way to know more than the light: to label the queries that decide."""
    n_contested = _n_contested()
    if n_contested:
        label_entry.button(f"Label these {min(TO_LABEL, n_contested)}", "to_label", "routing")


def _badge(light: Light) -> None:
    icon, colour, label = LIGHT_MARKS[light.light]
    st.badge(label, icon=icon, color=colour)


def _light_details(light: Light) -> None:
    """What the light says and doubts, how often it was right, and the numbers behind it."""
    for doubt in light.doubts:
        st.markdown(f"**{doubt.code} {frame.escape(doubt.title)}.** {frame.escape(doubt.sentence)}")
    st.text(f"At their word: {light.opinion}" if light.doubts else light.opinion)
    if light.doubts:
        st.page_link(
            frame.page_file("diagnose"),
            label="The page Diagnose has the evidence",
            icon=":material/troubleshoot:",
        )
    frame.sentence(light.to_know)
    st.markdown("**How often this light was right**")
    st.dataframe(
        charts.track_record_frame(),
        hide_index=True,
        alt="How often the light was right",
        key="track_record",
    )
    st.caption(frame.escape(RECORD_NOTE))
    st.caption(
        frame.escape(
            f"Behind the light: {signed(light.mean, 4)}, lower bound {signed(light.bound, 4)}, "
            f"from {counted(light.n, 'training query')}, routed by what was learnt on the other "
            f"half of them. Unit: {UNIT} ({light.score})."
        )
    )


def _n_contested() -> int:
    """How many queries can tell whether routing pays."""
    try:
        return label_entry.routing().contest.n_contested
    except NotApplicable:
        return 0


def second_opinion() -> None:
    """What the label-free light says, and whether gold answers bear it out."""
    with st.container(border=True):
        st.markdown(f"**Without labels: {QUESTION[0].lower()}{QUESTION[1:]}**")
        try:
            light = session.light()
        except NotApplicable as error:
            st.caption(frame.shown_refusal(error))
            return
        gain = heeded.snapshot().gain_over_liked_best
        right = None if gain is None else light.is_right(gain.value)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            _badge(light)
            if right is not None:
                st.badge(
                    "Right here" if right else "Wrong here",
                    color="green" if right else "red",
                    icon=":material/check:" if right else ":material/close:",
                )
            st.caption(frame.escape(_in_one_line(light, gain)), width="stretch")
        _label_button()
        with st.expander(LIGHT_DETAILS):
            _light_details(light)


def _in_one_line(light: Light, gain: Estimate | None) -> str:
    """What the light is about, and what gold answers say of that.

    A model that is not the one of the headline is named in the details alone.
    """
    beside = "the model they like best"
    if heeded.snapshot().constant.name == light.constant:
        beside = f"always asking {light.constant}"
    return f"Beside {beside}{'' if gain is None else f'; by gold answers {points(gain)}'}."


def numbers() -> None:
    """Accuracy, clusters, models in use and cost, as tiles."""
    now = heeded.snapshot()
    result, router = now.evaluation, now.router
    with st.grid(5, min_column_width=150):
        if result is not None:
            st.metric(
                "First model right",
                f"{percent(result.top1_accuracy, 1)}",
                border=True,
                height="stretch",
            )
            st.metric(
                f"Vote of {result.top_k} right",
                f"{percent(result.vote_accuracy, 1)}",
                border=True,
                height="stretch",
                help="Plurality of the best-ranked models; each costs a call a query.",
            )
        st.metric(
            "Skill clusters",
            len(router.clusters),
            border=True,
            height="stretch",
            help=meaning("skill cluster"),
        )
        frame.models_in_use(now)
        _cost(now)


def _cost(now: Snapshot) -> None:
    """What a routed query costs, beside always asking the model of the verdict."""
    cost = now.cost
    if not cost.known:
        return
    note = ""
    if isfinite(cost.change):
        less = "less" if cost.change < 0 else "more"
        note = f"{percent(abs(cost.change))} {less} than ${cost.always:,.2f}"
    frame.metric(
        "Cost per 1,000",
        f"${cost.routed:,.2f}",
        note,
        f"US dollars of the first model ({cost.basis}), beside always asking "
        f"{frame.escape(cost.constant.words)}.",
    )


def picture() -> None:
    """The map as a picture, and who gets the queries in the same colours."""
    data, now = session.dataset(), heeded.snapshot()
    colours = theme.colors_by_name((model.name for model in data.models), "model")
    image = _map_image(heeded.token(), theme.mode(), now, colours)
    left = right = st.container()
    if image is not None:
        left, right = st.columns([0.55, 0.45], gap="large")
        with left:
            st.subheader("Where each model is asked first", anchor=False)
            st.image(image, width="stretch", alt="The map of the training queries by first model")
            st.page_link(frame.page_file("skills"), label="Open the map", icon=":material/hub:")
    with right:
        st.subheader("Who gets the queries", anchor=False)
        figure = charts.share_figure(now.router.models, now.share, colours)
        frame.chart(figure, "shares", "Share of the queries that each model gets first.")
        st.caption("Share of the routed queries; colours as on the map.")


@st.cache_data(show_spinner=False, max_entries=32)
def _map_image(
    token: str, mode: theme.Mode, _now: Snapshot, _colours: dict[str, str]
) -> bytes | None:
    image = charts.map_image(_now, _colours)
    return None if image is None else charts.png(image)


def evidence() -> None:
    """What the router must beat."""
    compared = heeded.contenders_and_verdict()
    if compared is None:
        return
    st.subheader("What the router must beat", anchor=False)
    table = charts.contenders_frame(compared[0])
    colours = dict.fromkeys(table["name"][:2], theme.accent())
    figure = charts.interval_figure(table, "name", "accuracy", colours, percent=True)
    frame.chart(figure, "contenders", _alt(table))
    bounds = f"The {mark('oracle')} knows the answers beforehand: a bound, no choice."
    if table["needs_gold"].sum() > 1:
        bounds = f"“By gold” and the {mark('oracle')} know the answers beforehand: bounds."
    st.caption(f"Share of right answers with 95 % intervals. {bounds}")


def bargain() -> None:
    """The best bargain, where there are prices, gold answers and a choice."""
    now = heeded.snapshot()
    result = now.evaluation
    if result is None or too_few(result.n_gold):
        return
    if now.router.always or not session.cost_weights():
        return
    with st.container(border=True):
        shared_results.bargain("take_bargain")


def _alt(table: pd.DataFrame) -> str:
    return "; ".join(
        f"{name}: {percent(accuracy, 1)}"
        for name, accuracy in zip(table["name"], table["accuracy"], strict=True)
    )


def findings(caution: DeltaGenerator) -> None:
    """Notes and the first issues of the diagnosis; `caution` stands beside the verdict."""
    st.subheader("Worth knowing", anchor=False)
    for note in heeded.snapshot().router.notes:
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
    leak = next((one for one in issues if one.code == LEAK), None)
    if leak is not None and heeded.snapshot().evaluation is not None:
        changed = without_repeats(heeded.snapshot())
        what = leak.title[:1].lower() + leak.title[1:] if changed is None else changed.short
        caution.page_link(
            frame.page_file("diagnose"),
            label=f":orange[{frame.escape(f'Caution, {LEAK}: {what}')}]",
            icon=":material/warning:",
            help=leak.sentence,
        )
    for issue in issues[:SHOWN_ISSUES]:
        with st.expander(frame.escape(f"{issue.code} {issue.title}"), icon=":material/warning:"):
            st.text(issue.sentence)
    if issues[SHOWN_ISSUES:]:
        st.caption(f"and {len(issues) - SHOWN_ISSUES} more on the page Diagnose.")
    st.caption(
        f"{len(issues)} of {counted(len(results), 'check')} found an issue. The page Diagnose "
        "shows the evidence and tries remedies out."
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
    st.caption(
        "Looking for one query, by its words or its id: Data. For clusters whose queries do not "
        "belong together: Diagnose. For what you changed since: Runs."
    )
