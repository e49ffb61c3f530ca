"""The present state as the labels of the workspace make it: what is asked, shown and saved.

Every page takes its state from here. Those that judge or tune the router itself take it from
`session`, and say with `left_out` what they leave out.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from weakref import WeakKeyDictionary

import streamlit as st

from app import frame, history, session
from cascal.compare.contenders import Contender, contenders
from cascal.computing.remembered import remembered
from cascal.dataset.dataset import Dataset
from cascal.dataset.heeding import heed_labels
from cascal.dataset.label_facts import labels_of_people
from cascal.dataset.rectifying import Rectified, rectify
from cascal.dataset.snapshot import Change, Snapshot, compare
from cascal.datatypes import CascalError, NotApplicable
from cascal.number_format import counted
from cascal.routing.route import Router
from cascal.verdicts.verdict import Verdict

SHOWN = "This page shows what is asked by that. Overview says more, and how to ignore labels."
HEADLINE = "The numbers below are of that; the headline judges the router without the gate."
COMPARED = (
    "That is this router in all that compares routers, with what it is without labels beside it; "
    "the gain over one model judges it without the gate. Cost weights, Presets, What if and "
    "Experiments leave labels out."
)
LEFT_OUT = "That is left out here: this page is about the router as it is without labels."
_IGNORE, _RECTIFY = "ignore_labels", "rectify_scores"


def snapshot() -> Snapshot:
    """The present state with the gate, and with corrected scores where that was chosen."""
    return at(session.snapshot())


def pinned() -> Snapshot:
    """The pinned state by the same labels."""
    return at(session.snapshot_at(history.pinned()))


def at(free: Snapshot) -> Snapshot:
    """Any state by the same labels, as this reader lets them count."""
    if st.session_state.get(_IGNORE) or not _labelled():
        return free
    return _heeding(free, rectified=bool(st.session_state.get(_RECTIFY)))


def token() -> str:
    """What names the present state and what labels make of it; keys of caches."""
    return f"{session.snapshot_token()}:{_heard(snapshot())}"


def pinned_token() -> str:
    """What names the pinned state and what labels make of it."""
    return f"{session.pinned_token()}:{_heard(pinned())}"


def _heard(now: Snapshot) -> str:
    correction = now.router.correction
    return f"{now.router.always}:{'' if correction is None else correction.digest}"


def change() -> tuple[Snapshot, Change]:
    """The pinned snapshot, and what is different now."""
    before, now = pinned(), snapshot()
    known = _changes_since(before)
    found = known.get(now)
    if found is None:
        found = known[now] = compare(before, now)
    return before, found


@remembered
def _changes_since(_before: Snapshot) -> WeakKeyDictionary[Snapshot, Change]:
    return WeakKeyDictionary()


def prepare() -> None:
    """Compute the present state at once if no fit is missing, before anything is shown.

    A browser draws the page anew whenever the script pauses between two elements.
    """
    with suppress(CascalError):  # the page says it where it can be read
        if session.known_fit() is not None:
            change()


def contenders_and_verdict() -> tuple[list[Contender], Verdict] | None:
    """The router beside what it must beat, without a gate; None without gold test queries."""
    return _contenders_and_verdict(token(), session.dataset(), snapshot().ungated)


@st.cache_resource(show_spinner=False, max_entries=64)
def _contenders_and_verdict(
    token: str, _dataset: Dataset, _snapshot: Snapshot
) -> tuple[list[Contender], Verdict] | None:
    test, result = _dataset.test, _snapshot.evaluation
    if test is None or result is None:
        return None
    rows = contenders(result, _snapshot.router, test, _snapshot.constant)
    verdict = _snapshot.verdict
    return None if verdict is None else (rows, verdict)


def changed_router() -> Router | None:
    """The present router where labels change what it does; else None."""
    router = snapshot().router
    return router if router.changed_by_labels else None


def notice(what_follows: str) -> None:
    """Say what labels make of the present state and what that means here; else nothing."""
    said = snapshot().router.changed_by_labels if _labelled() else ""
    if said:
        st.caption(frame.escape(f"{said} {what_follows}"))


def correction() -> Rectified | None:
    """What the labels for the rectifier would correct; None where there are too few of them."""
    return _correction(f"{session.snapshot_token()}:{session.file_token()}", session.snapshot())


def _labelled() -> bool:
    """Whether anybody labelled anything: else the states are as they are."""
    return _has_labels(session.dataset().info.name, session.file_token())


@lru_cache(16)  # asked for a hundred times a run
def _has_labels(name: str, token: str) -> bool:
    return bool(labels_of_people(session.workspace(), name))


def _heeding(free: Snapshot, *, rectified: bool) -> Snapshot:
    """A state by the labels, made again when the file has changed."""
    known, token = _heeding_of(free), session.file_token()
    held = known.get(rectified)
    if held is None or held[0] != token:
        found = _heed(free, rectified=rectified)
        held = known[rectified] = (token, None if found is free else found)
    return held[1] or free


@remembered
def _heeding_of(_free: Snapshot) -> dict[bool, tuple[str, Snapshot | None]]:
    return {}


def _heed(free: Snapshot, *, rectified: bool) -> Snapshot:
    if rectified:
        with suppress(NotApplicable):  # its labels are gone, or another preset was chosen
            return heed_labels(session.workspace(), free, rectified=True)
    return heed_labels(session.workspace(), free)


@st.cache_resource(show_spinner="Trying what labels would correct", max_entries=4)
def _correction(token: str, _free: Snapshot) -> Rectified | None:
    try:
        return rectify(session.workspace(), _free)
    except NotApplicable:
        return None


def choice() -> None:
    """What the labels make of the router, said, with the ways to undo it; nothing without any."""
    ignored = bool(st.session_state.get(_IGNORE))
    if not _labelled():
        return
    record = _heeding(session.snapshot(), rectified=False).router.labels
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
            "Labels count in every route, wherever it is shown or saved. Whether routing pays is "
            "asked of the router without them, and so are Sweep and Diagnose; Evaluate has both."
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
