"""What changed against the pinned state or a saved run: the headline of the page Runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app import frame, heeded, history, label_entry, selection, session, shared_results, values
from app.runs.saved import controls_of
from app.values import Values
from cascal import charts
from cascal.compare.states import (
    FIRST_COST,
    ClusterChange,
    MeasureChange,
    StateChange,
    compare_states,
)
from cascal.counted import agreeing, counted, percent, signed
from cascal.dataset.saved_runs import decisions_hash
from cascal.dataset.snapshot import Snapshot, flip_pairs
from cascal.datatypes import Split
from cascal.store import Run
from cascal.verdicts.verdict import span

PRESENT, PINNED = "The present state", "The pinned state"
AGAINST, BY_HAND = "changed_against", "against_by_hand"
"""Whether the reader chose what to compare with; before that the page does."""
N_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class State:
    """A state to compare: what sentences call it, how it is made, where its controls stand.

    warnings: what is not as it was when it was saved, once it has been made
    since: when it was saved, in words, or what else it is
    """

    name: str
    since: str = ""
    snapshot: Callable[[], Snapshot]
    warnings: Callable[[], tuple[str, ...]] = tuple
    controls: Values | None = None


def states(runs: list[Run]) -> dict[str, State]:
    """All that can be compared on the present data set, by what the choice calls it."""
    found = {
        PRESENT: State(
            name="the present state", snapshot=heeded.snapshot, controls=values.present()
        ),
        PINNED: State(
            name="the pinned state",
            since="" if history.is_pinned() else " (the defaults)",
            snapshot=heeded.pinned,
            controls=history.pinned(),
        ),
    }
    own = [run for run in runs if run.dataset == session.dataset_name()]
    return found | {_label(run): _saved(run) for run in own}


def _label(run: Run) -> str:
    return f"Run {run.name}"


def _saved(run: Run) -> State:
    return State(
        name=f"run “{run.name}”",
        since=f", saved {run.created_at:%Y-%m-%d %H:%M}",
        snapshot=lambda: shared_results.reopened(run).snapshot,
        warnings=lambda: shared_results.reopened(run).differences,
        controls=controls_of(run),
    )


def changes(runs: list[Run]) -> None:
    """The answer as the title, then what it rests on."""
    frame.notice(session.dataset())
    title, known = st.container(), states(runs)
    now, then = _two(list(known), runs)
    with frame.refusals():
        before, after = known[then], known[now]
        found = compare_states(before.snapshot(), after.snapshot())
        with title:
            since = before.since if found.nothing else ""
            st.title(frame.headline(f"{found.sentence(before.name)}{since}"), anchor=False)
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


def _two(names: list[str], runs: list[Run]) -> tuple[str, str]:
    left, right = st.columns(2)
    with left:
        now = st.selectbox("What", names, key="changed", persist_state="session")
    others = [name for name in names if name != now]
    if not st.session_state.get(BY_HAND) or st.session_state.get(AGAINST) not in others:
        wanted = _worth_a_look(runs)
        st.session_state[AGAINST] = wanted if wanted in others else others[0]
    with right:
        then = st.selectbox(
            "Against", others, key=AGAINST, persist_state="session", on_change=_by_hand
        )
    return now, then


def _by_hand() -> None:
    st.session_state[BY_HAND] = True


def _worth_a_look(runs: list[Run]) -> str:
    """The pinned state where it differs from the present one, else the latest run that does.

    Where no run differs the oldest: nothing has changed since then. Without runs the pinned state.
    """
    own = [run for run in runs if run.dataset == session.dataset_name()]
    if not own or history.pinned() != values.present():
        return PINNED
    newest = sorted(own, key=lambda run: run.created_at, reverse=True)
    here = decisions_hash(heeded.snapshot())
    other = (run for run in newest if run.numbers.get("decisions") != here)
    return _label(next(other, newest[-1]))


def _nothing(now: str, then: str) -> None:
    st.text("The settings, the clusters, every route and every score are the same to the last bit.")
    if {now, then} == {PRESENT, PINNED}:
        st.caption(
            "Move a control in the sidebar and come back: this page then says what it changed, and "
            "what that is worth. “Pin” takes another state as the one to measure against."
        )


def _numbers(found: StateChange) -> None:
    old, new = (len(one.router.clusters) for one in (found.before, found.after))
    with st.grid(5, min_column_width=170):
        share = len(found.flipped) / max(1, found.n_queries)
        frame.metric(
            "Go elsewhere",
            f"{len(found.flipped):,}",
            f"{percent(share, 1)} of {counted(found.n_queries, 'query')}",
            "Routed queries whose first model is another one.",
        )
        frame.metric(
            "Skill clusters", f"{new}", f"were {old}" if old != new else "as many as before"
        )
        for measure in found.measures:
            _measure(measure)


def _measure(measure: MeasureChange) -> None:
    gain, about = measure.difference, "Now, and the paired difference with its 95 % interval."
    if measure.name == FIRST_COST:
        low, high = signed(gain.low, 2), signed(gain.high, 2)
        note = f"{signed(gain.value, 2)} [{low}, {high}]"
        frame.metric(measure.name, f"${measure.after:,.2f}", note, about)
        return
    note = f"{signed(100 * gain.value)} {span(gain)} pts"
    frame.metric(measure.name, f"{percent(measure.after, 1)}", note, about)


def _settings_and_verdicts(found: StateChange, before: str, after: str) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        n = len(found.settings)
        differ = f"{n} setting{'s differ' if n > 1 else ' differs'}"
        st.subheader(differ if n else "The settings are the same", anchor=False)
        if n:
            st.dataframe(
                pd.DataFrame(
                    [[one.name, one.before, one.after] for one in found.settings],
                    columns=["setting", "before", "after"],
                ),
                hide_index=True,
                alt="What is set differently",
                column_config={
                    "setting": "What",
                    "before": before.capitalize(),
                    "after": after.capitalize(),
                },
            )
    with right:
        verdicts = found.before.verdict, found.after.verdict
        stays = "The verdict stays" if found.same_verdict else "The verdict changes"
        st.subheader(stays, anchor=False)
        for name, verdict in zip((before, after), verdicts, strict=True):
            said = verdict.sentence if verdict else "No gold answers, no verdict."
            st.markdown(f"**{frame.escape(name.capitalize())}**")
            st.text(said)


def _flips(found: StateChange, before: State, after: State) -> None:
    n = len(found.flipped)
    st.subheader(
        (f"The {counted(n, 'query')} that go elsewhere") if n else "No query goes elsewhere",
        anchor=False,
    )
    if not n:
        return
    if before.controls is not None and after.controls is not None:
        _map_button(before, after)
    left, right = st.columns([0.32, 0.68], gap="medium")
    with left:
        _pairs(found)
    with right:
        _queries(found)


def _map_button(before: State, after: State) -> None:
    """Shows the flips on the map, where one is the present state and the other the pinned one."""
    if st.button(
        "Show them on the map",
        icon=":material/hub:",
        on_click=selection.show_change,
        args=(before.controls, after.controls),
        help=f"Moves the controls to {after.name} and pins {before.name}.",
    ):
        frame.open_page("skills")


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
        height=320,
        alt="From which model to which, and how many queries",
        column_config={
            "before": "From",
            "after": "To",
            "queries": st.column_config.NumberColumn("Queries", format="localized"),
        },
    )


def _queries(found: StateChange) -> None:
    part, rows = found.after.dataset.part("test"), found.flipped[:N_SHOWN]
    (first, second), (was, now) = found.chosen, found.right
    table = pd.DataFrame(
        {
            "query": [part.texts[row] for row in rows],
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
        height=320,
        alt="Queries with another first model; pick one to open it",
        column_config={
            "query": st.column_config.TextColumn("Query", width=360),
            "before": "Went to",
            "after": "Goes to",
        },
    )
    more = (
        f"The first {N_SHOWN} of {len(found.flipped):,}. " if len(found.flipped) > N_SHOWN else ""
    )
    known = " ✓ right, ✗ wrong by the gold answer." if part.has_gold else ""
    st.caption(f"{more}Pick a row to open the query.{known}")
    for at in frame.picked_rows("flipped_queries"):
        if at < len(rows):
            selection.pick_query(part.votes.query_ids[rows[at]])
            frame.open_page("skills")


def _clusters(found: StateChange) -> None:
    if not found.same_training:
        st.caption("The two learnt from different training queries: clusters are not compared.")
        return
    n, of = len(found.clusters), len(found.before.router.clusters)
    if not n:
        st.subheader(
            f"{counted(of, 'cluster is what it was', 'clusters are all what they were')}",
            anchor=False,
        )
        return
    were = agreeing(n, "is not what it was", "are not what they were")
    st.subheader(f"{n} of {counted(of, 'cluster')} {were}", anchor=False)
    st.dataframe(
        pd.DataFrame([_became(one) for one in sorted(found.clusters, key=_keeps_its_model)]),
        hide_index=True,
        alt="What became of the clusters",
        column_config={
            "name": st.column_config.TextColumn("Cluster", width=230),
            "queries": st.column_config.NumberColumn("Queries", format="localized"),
            "what": st.column_config.TextColumn("What became of it", width=380),
            "before": "First model",
            "after": "First model now",
        },
    )


def _keeps_its_model(one: ClusterChange) -> bool:
    """Clusters with another first model come first."""
    return one.first_before == one.first_after


def _became(one: ClusterChange) -> dict[str, object]:
    return {
        "name": one.name,
        "queries": one.n_queries,
        "what": one.sentence,
        "before": one.first_before,
        "after": one.first_after,
    }


def label_where_they_differ(runs: list[Run]) -> None:
    """The way to labels that tell two runs apart, where two are compared."""
    by_label = {_label(run): run.name for run in runs}
    now, then = st.session_state.get("changed"), st.session_state.get(AGAINST)
    if now in by_label and then in by_label:
        label_entry.button(
            "Label where they differ",
            "label_runs",
            "settings",
            between=label_entry.side_of_run(by_label[now]),
            against=label_entry.side_of_run(by_label[then]),
        )
