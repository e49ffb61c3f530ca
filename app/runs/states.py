"""Which two states the page Runs compares: the present, the earlier, the pinned one, saved runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app import heeded, history, label_entry, session, shared_results, values
from app.runs.saved import controls_of
from app.values import Values
from cascal.dataset.saved_runs import decisions_hash
from cascal.dataset.snapshot import Snapshot
from cascal.store import Run

PRESENT, PINNED = "The present state", "The pinned state"
EARLIER = "The state before the last change"
AGAINST, BY_HAND = "changed_against", "against_by_hand"
"""Whether the reader chose what to compare with; before that the page does."""


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
            name="the pinned state" if history.is_pinned() else "the defaults",
            snapshot=heeded.pinned,
            controls=history.pinned(),
        ),
    }
    earlier = history.before()
    if earlier is not None:
        found[EARLIER] = State(
            name="the earlier state",
            snapshot=lambda: heeded.at(session.snapshot_at(earlier)),
            controls=earlier,
        )
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


def two(names: list[str], runs: list[Run]) -> tuple[str, str]:
    """The two that are compared, by what the choice calls them: now, and before that."""
    if st.session_state.pop(history.SHOWN_NEXT, False):
        _since_the_last_change()
    chosen = st.session_state.get("changed")
    others = [name for name in names if name != (chosen if chosen in names else names[0])]
    if not st.session_state.get(BY_HAND) or st.session_state.get(AGAINST) not in others:
        wanted = _worth_a_look(runs)
        st.session_state[AGAINST] = wanted if wanted in others else others[0]
    with st.expander("Compare other states", key="two_states"), st.container(horizontal=True):
        now = st.selectbox("Now", names, key="changed", persist_state="session", format_func=_shown)
        then = st.selectbox(
            "Before",
            others,
            key=AGAINST,
            persist_state="session",
            on_change=_by_hand,
            format_func=_shown,
        )
    return now, then


def _shown(name: str) -> str:
    """What the choice calls a state: nobody looks for a pinned one where nothing was pinned."""
    if name == PINNED and not history.is_pinned():
        return "The defaults (nothing is pinned)"
    return name


def _since_the_last_change() -> None:
    """Compare the present state with the one before that change."""
    st.session_state["changed"] = PRESENT
    st.session_state[AGAINST] = PINNED if history.before() is None else EARLIER
    _by_hand()


def _by_hand() -> None:
    st.session_state[BY_HAND] = True


def _worth_a_look(runs: list[Run]) -> str:
    """A pinned state, where it differs from the present one; else the latest run that does.

    Where no run differs the oldest: nothing has changed since then. Without runs the pinned state.
    """
    newest = _newest(runs)
    if not newest or (history.is_pinned() and history.pinned() != values.present()):
        return PINNED
    here = decisions_hash(heeded.snapshot())
    other = (run for run in newest if run.numbers.get("decisions") != here)
    return _label(next(other, newest[-1]))


def _newest(runs: list[Run]) -> list[Run]:
    """The runs of the present data set, the latest first."""
    own = (run for run in runs if run.dataset == session.dataset_name())
    return sorted(own, key=lambda run: run.created_at, reverse=True)


def saved_as(runs: list[Run]) -> Run | None:
    """The latest run that decides as the present state does, if any."""
    here = decisions_hash(heeded.snapshot()) if runs else ""
    return next((run for run in _newest(runs) if run.numbers.get("decisions") == here), None)


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
