"""What changed against the pinned state or a saved run: the headline of the page Runs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cautions, columns, frame, selection, session
from app.runs.states import PINNED, PRESENT, State, saved_as, states, two
from cascal import charts
from cascal.compare.states import (
    FIRST_COST,
    ClusterChange,
    MeasureChange,
    StateChange,
    compare_states,
)
from cascal.dataset.snapshot import flip_pairs
from cascal.datatypes import Split
from cascal.number_format import BEFORE_ROUNDING, bracketed, counted, dollars, percent, signed
from cascal.store import Run
from cascal.verdicts.verdict import points

N_SHOWN = 200
QUERY_LENGTH, QUERY_HEIGHT, FATE_LENGTH = 150, 62, 150
"""Letters of a query in three lines, and pixels of these; letters of what became of a cluster."""
LIST_HEIGHT, MOST_PAIRS = 420, 11
"""Pixels of the lists of flips, and how many pairs of models these show."""


def changes(runs: list[Run]) -> None:
    """The answer as the title, then what it rests on."""
    frame.notice(session.dataset())
    title, known = st.container(), states(runs)
    now, then = two(list(known), runs)
    with frame.refusals():
        before, after = known[then], known[now]
        found = compare_states(before.snapshot(), after.snapshot())
        _same_as_run(runs, now, then)
        with title:
            since = before.since if found.nothing else ""
            less = cautions.correction(found.before, found.after, before.name)
            st.title(frame.headline(f"{found.sentence(before.name, less)}{since}"), anchor=False)
            cautions.line_between(found.before, found.after, before.name)
            for sentence in filter(None, (found.moved, found.labels)):
                st.text(sentence)
        for state in (before, after):
            for sentence in state.warnings():
                st.warning(frame.escape(f"{state.name.capitalize()}: {sentence}"))
        if found.nothing:
            _nothing(now, then)
            return
        _numbers(found)
        _settings_and_verdicts(found, before.name, after.name)
        _flips(found, before, after)
        _clusters(found)


def _same_as_run(runs: list[Run], now: str, then: str) -> None:
    """That the present state is a saved run by another name, where that is so."""
    run = saved_as(runs)
    if PRESENT in (now, then) and run is not None:
        st.caption(
            frame.escape(
                f"The present state decides as run “{run.name}”, saved "
                f"{run.created_at:%Y-%m-%d %H:%M}."
            )
        )


def _nothing(now: str, then: str) -> None:
    st.text("The settings, the clusters, every route and every score are the same to the last bit.")
    if {now, then} == {PRESENT, PINNED}:
        st.caption(
            "Move a control in the sidebar and come back: this page then says what it changed, and "
            "what that is worth. “Pin” takes another state as the one to measure against."
        )


def _numbers(found: StateChange) -> None:
    old, new = (len(one.router.clusters) for one in (found.before, found.after))
    with st.container(key="tiles_of_change"), st.grid(5, min_column_width=150):
        share = len(found.flipped) / max(1, found.n_queries)
        frame.metric(
            "Go to another model",
            f"{len(found.flipped):,}",
            f"{percent(share, 1)} of {found.n_queries:,}",
            "Routed queries whose first model is another one.",
        )
        frame.metric(
            "Skill clusters", f"{new}", f"were {old}" if old != new else "as many as before"
        )
        for measure in found.measures:
            _measure(measure)
    if found.measures:
        st.caption(
            "Large: now. Better, worse, cheaper, dearer: where the 95 % interval of the paired "
            f"difference leaves 0 out. {BEFORE_ROUNDING}"
        )


def _measure(measure: MeasureChange) -> None:
    """A number with what it gained or lost, coloured; below it what it was, and whether better."""
    gain, about = measure.difference, "Now, and the paired difference with its 95 % interval."
    costs = measure.name == FIRST_COST
    proven = not gain.low <= 0 <= gain.high
    good = (gain.value < 0) == costs if proven else None
    if costs:
        said = f"{signed(gain.value, 2, unit='$')} {bracketed(gain.low, gain.high, 2)}"
        was, value = dollars(measure.before), dollars(measure.after)
        words = "cheaper", "dearer"
    else:
        said = points(gain)
        was, value = percent(measure.before, 1), percent(measure.after, 1)
        words = "better", "worse"
    below = f"was {was}: {'not proven' if good is None else words[0 if good else 1]}"
    if gain.low == gain.high == 0:
        said, below = "", "as before"
    frame.metric(measure.short, value, said, f"{measure.name}. {about}", good, below)


def _settings_and_verdicts(found: StateChange, before: str, after: str) -> None:
    """What is set differently and what becomes of the verdict, as rows of one table."""
    stays = "the verdict stays" if found.same_verdict else "the verdict changes"
    st.subheader(f"{found.settings_sentence}, {stays}", anchor=False)
    verdicts = [
        verdict.sentence if verdict else "No gold answers, no verdict."
        for verdict in (found.before.verdict, found.after.verdict)
    ]
    rows = [[one.name, one.before, one.after] for one in found.settings]
    cells = [[frame.headline(cell) for cell in row] for row in [*rows, ["verdict", *verdicts]]]
    st.table(  # its cells wrap at words: no verdict is cut
        pd.DataFrame(
            cells,
            columns=["What", frame.escape(f"Before: {before}"), frame.escape(f"Now: {after}")],
        ),
        hide_index=True,
        border="horizontal",
        alt="What is set differently, and the verdicts",
    )


def _flips(found: StateChange, before: State, after: State) -> None:
    n = len(found.flipped)
    st.subheader(
        (f"The {counted(n, 'query')} that go elsewhere") if n else "No query goes elsewhere",
        anchor=False,
    )
    if not n:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if before.controls is not None and after.controls is not None:
            _map_button(before, after)
        more = f"The first {N_SHOWN} are listed. " if n > N_SHOWN else ""
        gold = found.after.dataset.part("test").has_gold
        known = " ✓ right, ✗ wrong by the gold answer." if gold else ""
        st.caption(f"{more}Pick a row to open the query.{known}", width="stretch")
    left, right = st.columns([0.32, 0.68], gap="medium")
    with left:
        _pairs(found)
    with right:
        _queries(found)


def _map_button(before: State, after: State) -> None:
    """Shows the flips on the map, where one is the present state and the other the pinned one."""
    st.button(
        "Show them on the map",
        icon=":material/hub:",
        on_click=frame.open_page,
        args=("skills", selection.show_change, before.controls, after.controls),
        help=f"Moves the controls to {after.name} and pins {before.name}.",
    )


def _split(found: StateChange) -> Split:
    return "test" if found.after.test_routes is not None else "train"


def _pairs(found: StateChange) -> None:
    if found.before.router.models != found.after.router.models:
        st.caption("The pools differ, so pairs of models are not counted.")
        return
    pairs = flip_pairs(found.before, found.after, _split(found))
    st.dataframe(
        pd.DataFrame(pairs, columns=["before", "after", "queries"]),
        hide_index=True,
        height=LIST_HEIGHT if len(pairs) > MOST_PAIRS else "content",
        alt="From which model to which, and how many queries",
        column_config={
            "before": "From",
            "after": "To",
            "queries": columns.number("Queries", format="localized"),
        },
    )


def _queries(found: StateChange) -> None:
    part, rows = found.after.dataset.part("test"), found.flipped[:N_SHOWN]
    (first, second), (was, now) = found.chosen, found.right
    frame.sideways("flips", "the models that they went to and go to")
    table = pd.DataFrame(
        {
            "query": [charts.shorten_middle(part.texts[row], QUERY_LENGTH) for row in rows],
            "before": [charts.judged_model(first[row], was[row]) for row in rows],
            "after": [charts.judged_model(second[row], now[row]) for row in rows],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key="flipped_queries",
        on_select="rerun",
        selection_mode="single-row",
        height=LIST_HEIGHT,
        row_height=QUERY_HEIGHT,
        alt="Queries with another first model; pick one to open it",
        column_config={
            "query": st.column_config.TextColumn("Query", width=360),
            "before": "Went to",
            "after": "Goes to",
        },
    )
    for at in frame.picked_rows("flipped_queries"):
        if at < len(rows):
            selection.pick_query(part.votes.query_ids[rows[at]])
            frame.open_page("skills")


def _clusters(found: StateChange) -> None:
    if not found.same_training:
        st.caption("The two learnt from different training queries: clusters are not compared.")
        return
    st.subheader(found.clusters_sentence, anchor=False)
    if not found.clusters:
        return
    frame.sideways("clusters", "what became of them and whom they ask")
    st.dataframe(
        pd.DataFrame([_became(one) for one in sorted(found.clusters, key=_keeps_its_queries)]),
        hide_index=True,
        row_height=QUERY_HEIGHT,
        alt="What became of the clusters",
        column_config={
            "name": st.column_config.TextColumn("Cluster", width=220),
            "queries": columns.number("Queries", format="localized", width=70),
            "what": st.column_config.TextColumn("What became of it", width=424),
            "before": st.column_config.TextColumn("First model", width=110),
            "after": st.column_config.TextColumn("First model now", width=120),
        },
    )


def _keeps_its_queries(one: ClusterChange) -> tuple[bool, bool]:
    """Clusters that hold other queries come first; of these, those with another first model."""
    return one.followed.same, one.first_before == one.first_after


def _became(one: ClusterChange) -> dict[str, object]:
    return {
        "name": one.name,
        "queries": one.n_queries,
        "what": charts.shorten(one.sentence, FATE_LENGTH),
        "before": one.first_before,
        "after": one.first_after or "–",
    }
