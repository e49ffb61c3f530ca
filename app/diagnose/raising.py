"""What would raise the silhouette of a cell: each change tried out, before and after."""

from __future__ import annotations

import streamlit as st

from app import frame, jobs, session, theme
from app.apart import Call
from cascal.columns import Progress
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose.raising import other_vectors, what_would_raise
from cascal.diagnose.silhouettes import SilhouetteBench
from cascal.diagnose.trials import CLEAR, Trial, Value, unlucky_start
from cascal.number_format import counted, decimal_pair, signed
from cascal.store import Workspace

OWN = (
    "The change. It has a colour where enough of it is its own: without what as many queries left "
    "out at random bring too."
)
ABOUT = (
    "Tried out on these queries: fewer clusters, another start of k-means, more queries, no "
    "repeats, other encoders."
)


def raising(bench: SilhouetteBench, task: int, model: int, k: int) -> None:
    """A button, then every trial, the one that raises it most first."""
    work = Call.of(_tried_out, session.workspace(), session.snapshot(), task, model, k)
    key = f"raise:{session.fit_token()}:{bench.tasks[task]}:{bench.models[model]}:{k}"
    trials = jobs.show(key, "What would raise it?", work, about=ABOUT, line="asked")
    if trials:
        st.markdown("**What would raise it?**")
        if cause := unlucky_start(trials):
            st.markdown(f"**One cause.** {frame.headline(cause)}")
    for trial in sorted(trials or (), key=_order):
        _trial(trial)


def _tried_out(
    workspace: Workspace, now: Snapshot, task: int, model: int, k: int, *, progress: Progress
) -> tuple[Trial, ...]:
    others = other_vectors(workspace, now.dataset.info.name, now.dataset.encoder)
    return what_would_raise(now, task, model, k, others, progress)


def _order(trial: Trial) -> tuple[bool, float]:
    return trial.own is None, -(trial.own or 0.0)


def _trial(trial: Trial) -> None:
    mark, what = st.columns([0.12, 0.88], vertical_alignment="center")
    with mark:
        if trial.change is None:
            st.badge("not tried", color="gray")
        elif trial.own is None:
            st.badge("unknown", color="gray", help="What is its own cannot be told from chance.")
        else:
            colour = _colour(trial.own) if trial.clear else "gray"
            st.badge(signed(trial.change, 3), color=colour, help=OWN)
    with what, st.container(gap="xsmall"):
        st.text(f"{trial.label}{_values(trial)}")
        st.caption(frame.escape(trial.sentence))


def _colour(change: float) -> theme.Badge:
    if abs(change) < CLEAR:
        return "gray"
    return "green" if change > 0 else "red"


def _values(trial: Trial) -> str:
    if trial.before is None or trial.after is None:
        return ""
    pair = decimal_pair(trial.before.silhouette, trial.after.silhouette, 3)  # as far apart as said
    first, second = map(_value, pair, (trial.before, trial.after))
    return f": {first} → {second}"


def _value(silhouette: str, value: Value) -> str:
    return f"{silhouette} ({counted(value.n, 'query')}, {counted(value.k, 'cluster')})"
