"""The present state as the labels of the workspace make it: what is routed, saved and exported."""

from __future__ import annotations

import streamlit as st

from app import history, session
from cascal.counted import counted
from cascal.dataset.heeding import heed_labels
from cascal.dataset.rectifying import Rectified, rectify
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable

_IGNORE, _RECTIFY = "ignore_labels", "rectify_scores"


def snapshot() -> Snapshot:
    """The present state with the gate, and with corrected scores where that was chosen."""
    return _as_chosen(session.snapshot(), session.snapshot_token())


def pinned() -> Snapshot:
    """The pinned state by the same labels."""
    return _as_chosen(session.snapshot_at(history.pinned()), session.pinned_token())


def correction() -> Rectified | None:
    """What the labels for the rectifier would correct; None where there are too few of them."""
    return _correction(f"{session.snapshot_token()}:{session.file_token()}", session.snapshot())


def _as_chosen(free: Snapshot, token: str) -> Snapshot:
    if st.session_state.get(_IGNORE):
        return free
    rectified = bool(st.session_state.get(_RECTIFY))
    return _heeding(f"{token}:{session.file_token()}", free, rectified)


@st.cache_resource(show_spinner="Asking the labels", max_entries=8)
def _heeding(token: str, _free: Snapshot, rectified: bool) -> Snapshot:
    if rectified:
        try:
            return heed_labels(session.workspace(), _free, rectified=True)
        except NotApplicable:  # its labels are gone, or another preset was chosen
            pass
    return heed_labels(session.workspace(), _free)


@st.cache_resource(show_spinner="Trying what labels would correct", max_entries=4)
def _correction(token: str, _free: Snapshot) -> Rectified | None:
    try:
        return rectify(session.workspace(), _free)
    except NotApplicable:
        return None


def choice() -> None:
    """What the labels make of the router, said, with the ways to undo it; nothing without any."""
    ignored = bool(st.session_state.get(_IGNORE))
    record = _heeding(
        f"{session.snapshot_token()}:{session.file_token()}", session.snapshot(), False
    ).router.labels
    offered = correction()
    if record is None and offered is None:
        return
    with st.container(border=True, key="labels_heeded"):
        st.markdown("**What labels change**")
        if record is not None:
            st.text(f"{counted(record.n_labels, 'label')}. {record.effect}")
        if offered is not None:
            _offer(offered, disabled=ignored)
        st.checkbox(
            "Ignore the labels",
            key=_IGNORE,
            persist_state="session",
            help="The router then decides as if nobody had labelled anything.",
        )
        st.caption(
            "Holds for Route, for Runs, and for the runs and files that are saved there; the other "
            "pages show the router itself, which is what labels judge."
        )


def _offer(offered: Rectified, *, disabled: bool) -> None:
    """The correction of the scores, with its effect; off until somebody wants it."""
    st.text(offered.sentence)
    if offered.changed.any() and offered.effect.low <= 0.0 <= offered.effect.high:
        st.caption("That may be nothing, or a loss: the interval holds 0.")
    st.checkbox(
        "Let them correct the scores",
        key=_RECTIFY,
        persist_state="session",
        disabled=disabled,
        help="Take the tick away, and the scores are as they were.",
    )
