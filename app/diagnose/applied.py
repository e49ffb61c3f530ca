"""The proof of an applied remedy: it stays until it is undone, dismissed or another state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import frame, history, jobs, session, shared_results, values
from app.arrive import arrive
from app.values import Values
from cascal.dataset.snapshot import compare
from cascal.diagnose import Finding
from cascal.diagnose.coherence import n_incoherent, new_line
from cascal.diagnose.cohering import lapses_told, less_coherent, of_queries
from cascal.diagnose.proof import Proof, prove
from cascal.diagnose.seconds import second_better_change
from cascal.number_format import capitalised

KEY = "applied_remedy"
TURN = "remedies_applied"
"""How many were applied: each brings the headline with its proof into view."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A remedy in force: the state before it, its findings, what names the state since.

    findings : None where the checks had not ended, whose job `checks` names
    cluster : the one in force before that it is about, None where it is about all
    """

    label: str
    before: Values
    findings: tuple[Finding, ...] | None
    checks: str
    token: str
    cluster: int | None


def apply(label: str, state: Values, cluster: int | None = None) -> None:
    """Set the controls to a remedy and keep what was; undo brings it back. For callbacks."""
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    before, checks = values.present(), shared_results.findings_key()
    found = _result_of(checks)
    history.change_to(state)
    st.session_state[KEY] = Applied(
        label=label,
        before=before,
        findings=None if found is None else tuple(found),
        checks=checks,
        token=session.snapshot_token(),
        cluster=cluster,
    )


def strip(findings: list[Finding] | None) -> None:
    """What the applied remedy did; nothing in another state. findings : None while checks run."""
    applied: Applied | None = st.session_state.get(KEY)
    if applied is None:
        return
    if applied.token != session.snapshot_token():
        dismiss()
        return
    proof = _proof(applied, findings)
    with st.container(border=True, key="proof", gap="small"):
        label = capitalised(applied.label)
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key="proof_head"
        ):
            st.markdown(
                f":material/check_circle: **Applied: {frame.escape(label)}**", width="stretch"
            )
            st.button("Undo", key="undo_applied", icon=":material/undo:", on_click=_undo)
            st.button("Dismiss", key="dismiss_applied", type="tertiary", on_click=dismiss)
        if applied.cluster is not None:
            first = capitalised(" · ".join(filter(None, (proof.coherence, proof.accuracy))))
            then = f"{_about(applied)}{proof.effects}"
        else:
            first = capitalised(proof.accuracy)
            then = " · ".join(filter(None, (proof.effects, proof.coherence)))
        kept = first.replace(" → ", "\u00a0→\u00a0")
        st.markdown(f"**{frame.headline(kept)}**")
        before, now = session.snapshot_at(applied.before), session.snapshot()
        said = filter(None, (proof.issues, second_better_change(before, now)))
        st.text(f"{capitalised('; '.join(said))}.")
        st.text(" ".join(f"{one}." for one in (then, capitalised(proof.worse)) if one))
    arrive("headline", st.session_state[TURN])


def _proof(applied: Applied, findings: list[Finding] | None) -> Proof:
    before, now = session.snapshot_at(applied.before), session.snapshot()
    silhouettes, rows = None, np.empty(0, dtype=np.int64)
    if applied.cluster is not None:
        rows = np.flatnonzero(before.router.clusters.assignment == applied.cluster)
        silhouettes = of_queries(before, rows), of_queries(now, rows)
    low = n_incoherent(before), n_incoherent(now)
    worse = lapses_told(less_coherent(before, now, rows))
    first = applied.findings if applied.findings is not None else _result_of(applied.checks)
    waits = first is None and jobs.runs(applied.checks)  # it may be applied while those run
    then = None if waits else findings
    return prove(
        first,
        then,
        compare(before, now),
        incoherent=low,
        silhouette=silhouettes,
        worse=worse,
        line=new_line(before, now),
    )


def _result_of(checks: str) -> Sequence[Finding] | None:
    """What the job of some checks found; None where it runs, was stopped or is forgotten."""
    job = jobs.find(checks)
    return None if job is None else job.result


def _about(applied: Applied) -> str:
    """The cluster that it is about, by the name that it had."""
    if applied.cluster is None:
        return ""
    return f"About {session.snapshot_at(applied.before).labels[applied.cluster]}. "


def _undo() -> None:
    """Back to the state before: the last one of the history, as nothing moved since."""
    history.undo()
    dismiss()


def dismiss() -> None:
    """Tell no more of what was applied."""
    st.session_state.pop(KEY, None)
