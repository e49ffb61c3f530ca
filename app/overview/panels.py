"""What the page Overview shows: the verdict, what routing costs, what is worth knowing."""

from __future__ import annotations

from math import isfinite

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, heeded, label_entry, session, shared_results, theme
from app.terms.glossary import mark, meaning
from cascal import charts
from cascal.compare.recommended import Option
from cascal.compare.to_ship import ToShip
from cascal.dataset.snapshot import Snapshot, routed_queries
from cascal.datatypes import NotApplicable
from cascal.diagnose.coherence import incoherence_told, incoherent
from cascal.diagnose.headline import is_incoherent
from cascal.evaluate import Evaluation
from cascal.number_format import BEFORE_ROUNDING, agreeing, counted, dollars, percent, signed
from cascal.verdicts.payback import Payback
from cascal.verdicts.verdict import Verdict, points

SHOWN_ISSUES = 3
TO_SHIP = "To ship: {}"
"""What a number would be with the setting to ship."""
MARKS: dict[str, tuple[str, theme.Badge, str]] = {
    "route": (":material/check_circle:", "green", "Verdict: route"),
    "do not route": (":material/do_not_disturb_on:", "red", "Verdict: do not route"),
    "undecided": (":material/help:", "orange", "Verdict: undecided"),
}


def headline(result: Verdict, badge: DeltaGenerator) -> None:
    """The verdict in one sentence, with its interval."""
    icon, colour, label = MARKS[result.light]
    badge.badge(label, icon=icon, color=colour)
    st.title(frame.headline(result.headline), anchor=False)
    st.caption(
        f"{frame.escape(result.constant.words)}. Points of right first answers with the 95 % "
        f"interval, by {mark('gold, generated', 'gold')} answers the router did not see."
    )


def headline_of_labels(badge: DeltaGenerator) -> bool:
    """The verdict from a few labels; False where there are none that say anything."""
    try:
        found = label_entry.evidence()
    except NotApplicable:
        return False
    if found is None or not found[1].gain.n_labels:
        return False
    contest, said = found
    icon, colour, label = MARKS[said.decision]
    badge.badge(label, icon=icon, color=colour)
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


def numbers(
    paid: Payback, to_ship: ToShip | None, tiles: DeltaGenerator, about: DeltaGenerator
) -> None:
    """Accuracy, cost, payback, and how many clusters and models are in use, as tiles.

    Below each number of the setting in use stands what it would be with the one to ship.
    tiles, about : the places of the tiles, and of what they are about; empty ones
    """
    best = None if to_ship is None or to_ship.found.taken else to_ship.found.best
    said = f"On {_routed()}."
    if paid.duration:
        said = f"{said[:-1]}, days at {counted(paid.terms.daily, 'query')} a day."
    if best is not None:
        said += (
            " Large: the setting in use. Blue: the setting to ship, one model asked at "
            f"{frame.escape(best.name)}."
        )
    about.caption(said)
    with tiles.container():
        _tiles(paid, best, None if best is None or to_ship is None else to_ship.payback)


def _routed() -> str:
    """How many of which queries the numbers are of."""
    data = session.dataset()
    return routed_queries(len(data.part("test")), data)


def _tiles(paid: Payback, best: Option | None, shipped: Payback | None) -> None:
    now = heeded.snapshot()
    result = now.evaluation
    votes = result is not None and result.top_k > 1
    with st.grid(5 if votes else 4, min_column_width=150):
        if result is not None:
            gain = result.gain_over(now.constant.model)
            frame.metric(
                "First model right",
                percent(result.top1_accuracy, 1),
                f"{signed(100 * gain.value)} over {now.constant.name}" if gain.n else "",
                f"Points over always asking {frame.escape(now.constant.words)}, which is right in "
                f"{percent(result.model_accuracies[now.constant.model], 1)}. {BEFORE_ROUNDING}",
                below="" if best is None else TO_SHIP.format(percent(best.trial.point.top1, 1)),
            )
        _cost(now, best)
        _payback(paid, shipped)
        if result is not None and votes:
            _vote(now, result)
        _clusters(now)


def _clusters(now: Snapshot) -> None:
    """How many skills are told apart, and how many models get any query."""
    pool = counted(len(now.router.models), "model")
    st.metric(
        "Skill clusters",
        len(now.router.clusters),
        delta="",
        delta_arrow="off",
        delta_description=f"{now.n_models_in_use} of {pool} in use",
        border=True,
        height="stretch",
        help=f"{meaning('skill cluster')} In use are models that get any query first.",
    )


def _payback(paid: Payback, shipped: Payback | None) -> None:
    """When the setting in use pays back; nothing where that is not known."""
    then = "" if shipped is None else shipped.duration or shipped.in_short
    if paid.in_short and isfinite(paid.spending.total):
        frame.metric(
            "Pays back after",
            paid.duration or paid.in_short,
            f"{paid.in_short} queries" if paid.duration else "",
            f"After how many queries, and how long they take. The setting in use, asking one "
            f"model. {frame.escape(paid.spending.sentence)} {frame.escape(paid.sentence)}",
            below=TO_SHIP.format(then) if then else "",
        )


def _vote(now: Snapshot, result: Evaluation) -> None:
    """The vote and its price; that it is proven worse than its first model, where that is so."""
    cost = now.cost
    price = f"for {dollars(cost.vote)}" if isfinite(cost.vote) else ""
    paid = f"{price} per 1,000" if price else ""
    about = "Plurality of the best-ranked models; each costs a call a query."
    if cost.vote > cost.always:  # False where one of them is unknown
        paid = f"{dollars(cost.vote)}: never pays back"
        always = frame.escape(cost.constant.name)
        about += f" In US dollars per 1,000 queries; always asking {always} costs less."
    gain, good = result.vote_gain, None
    if gain.high < 0:
        good, paid = False, f"{signed(100 * gain.value)} points {price}".strip()
        about += f" Proven worse than the first model alone: {frame.escape(points(gain))}."
    frame.metric(
        f"Vote of {result.top_k} right", percent(result.vote_accuracy, 1), paid, about, good
    )


def _cost(now: Snapshot, best: Option | None) -> None:
    """What a routed query costs, beside always asking the model of the verdict."""
    cost = now.cost
    if not cost.known:
        return
    note = ""
    if isfinite(cost.change):
        less = "less" if cost.change < 0 else "more"
        note = f"{percent(abs(cost.change))} {less} than {dollars(cost.always)}"
    frame.metric(
        "Cost per 1,000",
        dollars(cost.routed),
        note,
        f"US dollars of the first model ({cost.basis}), beside always asking "
        f"{frame.escape(cost.constant.words)}.",
        below="" if best is None else TO_SHIP.format(dollars(best.trial.point.cost1)),
    )


def picture() -> None:
    """The map as a picture; nothing where it cannot be drawn."""
    image = _map_image(heeded.token(), theme.mode(), heeded.snapshot(), _colours())
    if image is None:
        return
    st.subheader("Where each model is asked first", anchor=False)
    st.image(image, width="stretch", alt="The map of the training queries by first model")
    st.caption("A dot is a training query, in the colour of its model in “Who gets the queries”.")
    st.page_link(frame.page_file("skills"), label="Open the map", icon=":material/hub:")


def shares() -> None:
    """Who gets the queries, in the colours of the map."""
    now = heeded.snapshot()
    st.subheader("Who gets the queries", anchor=False)
    figure = charts.share_figure(now.router.models, now.share, _colours())
    frame.chart(figure, "shares", "Share of the queries that each model gets first.")
    st.caption(f"Share of the {_routed()} that each model is asked first.")


def _colours() -> dict[str, str]:
    return theme.colors_by_name((model.name for model in session.dataset().models), "model")


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
    st.subheader("The router beside its rivals", anchor=False)
    table = charts.contenders_frame(compared[0])
    colours = dict.fromkeys(table.loc[table["own"], "name"], theme.accent())
    figure = charts.interval_figure(table, "name", "accuracy", colours, percent=True)
    frame.chart(figure, "contenders", _alt(table))
    bounds = f"The {mark('oracle')} knows the answers beforehand: a bound, no choice."
    if table["needs_gold"].sum() > 1:
        bounds = f"“By gold” and the {mark('oracle')} know the answers beforehand: bounds."
    st.caption(f"Share of right answers with 95 % intervals. {BEFORE_ROUNDING} {bounds}")


def _alt(table: pd.DataFrame) -> str:
    return "; ".join(
        f"{name}: {percent(accuracy, 1)}"
        for name, accuracy in zip(table["name"], table["accuracy"], strict=True)
    )


def findings() -> None:
    """Notes and the first issues of the diagnosis."""
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
    _incoherent(heeded.snapshot())
    results = shared_results.findings()
    if results is None:
        return
    issues = [finding for finding in results if finding.section == "issue"]
    for issue in issues[:SHOWN_ISSUES]:
        with st.expander(frame.escape(issue.title), icon=":material/warning:"):
            st.text(f"{issue.sentence} ({issue.code} on the page Diagnose)")
    if issues[SHOWN_ISSUES:]:
        st.caption(f"and {len(issues) - SHOWN_ISSUES} more on the page Diagnose.")
    unasked = sum(finding.section == "not applicable" for finding in results)
    left = f", {unasked} {agreeing(unasked, 'does', 'do')} not apply" if unasked else ""
    apart = "; coherence is judged apart" if incoherent(heeded.snapshot()) else ""
    st.caption(
        f"{len(issues)} of {counted(len(results), 'check')} found an issue{left}{apart}. The page "
        "Diagnose shows the evidence and tries remedies out."
    )


def _incoherent(now: Snapshot) -> None:
    """The least coherent cluster where one is incoherent, as Diagnose tells it."""
    low = incoherent(now)
    if not low:
        return
    more = f", and {counted(len(low) - 1, 'more cluster')}" if low[1:] else ""
    with st.expander(
        frame.escape(f"{is_incoherent(now.labels[low[0].cluster])}{more}"),
        icon=":material/scatter_plot:",
    ):
        st.text(incoherence_told(now, low[0]))
        st.caption("The page Diagnose tries out what helps, or says to leave it.")


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
