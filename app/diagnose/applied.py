"""The proof of an applied remedy: it stays until it is undone, dismissed or another state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app import frame, history, jobs, session, shared_results, values
from app.values import Values
from cascal.dataset.snapshot import compare
from cascal.diagnose import Finding
from cascal.diagnose.coherence import n_incoherent
from cascal.diagnose.proof import prove

KEY = "applied_remedy"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A remedy in force: the state before it with its findings, and what names the state since."""

    label: str
    before: Values
    findings: tuple[Finding, ...]
    token: str


def apply(label: str, state: Values) -> None:
    """Set the controls to a remedy and keep what was; undo brings it back. For callbacks."""
    job = jobs.find(shared_results.findings_key())
    findings: Sequence[Finding] = job.result if job is not None and job.result else ()
    before = values.present()
    history.change_to(state)
    st.session_state[KEY] = Applied(
        label=label, before=before, findings=tuple(findings), token=session.snapshot_token()
    )


def strip(findings: list[Finding] | None) -> None:
    """What the applied remedy did; nothing in another state. findings : None while checks run."""
    applied: Applied | None = st.session_state.get(KEY)
    if applied is None:
        return
    if applied.token != session.snapshot_token():
        dismiss()
        return
    with st.container(border=True, key="proof"):
        label = f"{applied.label[:1].upper()}{applied.label[1:]}"
        st.markdown(f":material/check_circle: **Applied: {frame.escape(label)}**")
        if findings is None:
            st.text("The checks run again, to say what it did.")
        else:
            before, now = session.snapshot_at(applied.before), session.snapshot()
            low = n_incoherent(before), n_incoherent(now)
            proof = prove(applied.findings, findings, compare(before, now), low)
            st.markdown(f"**{frame.escape(proof.issues)}** · {frame.escape(proof.effects)}")
        with st.container(horizontal=True, gap="small"):
            st.button("Undo", key="undo_applied", icon=":material/undo:", on_click=_undo)
            st.button("Dismiss", key="dismiss_applied", type="tertiary", on_click=dismiss)


def _undo() -> None:
    """Back to the state before: the last one of the history, as nothing moved since."""
    history.undo()
    dismiss()


def dismiss() -> None:
    """Tell no more of what was applied."""
    st.session_state.pop(KEY, None)
