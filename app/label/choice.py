"""What the page Label asks about: the purpose, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import streamlit as st

from app import frame, heeded, label_entry, session
from app.label import sides
from cascal.dataset.label_lessons import proposed_plan
from cascal.dataset.label_questions import (
    ASKED,
    Question,
    cluster_question,
    family_question,
    rectifier_question,
    settings_question,
)
from cascal.dataset.rectifying import FROM_LABELS
from cascal.provenance import this_account
from cascal.store import Purpose

PLANS = (10, 30, 100, 300)
PLANNED, _PROPOSED = "label_planned", "label_proposed"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is asked, by whom it is answered, and how many labels are planned, at most all."""

    question: Question
    person: str
    n_planned: int


def choice() -> Choice:
    """The controls of the page in one row; NotApplicable says why a question cannot be asked."""
    for name, value in st.session_state.pop(label_entry.WANTED, {}).items():
        st.session_state[name] = value
    with st.container(horizontal=True, gap="small", vertical_alignment="top", key="label_row"):
        purpose = cast(
            "Purpose",
            _select(
                "What do you want to know?",
                "purpose",
                {one: ASKED[one] for one in _OF_PURPOSE},
                width=290,
            ),
        )
        _forget_others(purpose)
        question = _OF_PURPOSE[purpose]()
        n_planned = _planned(question)
        name = person()
    if _faults():
        st.warning(frame.escape(" ".join(_faults())))
    return Choice(
        question=question, person=name, n_planned=min(n_planned, len(question.draw.frame))
    )


def _select(label: str, key: str, known: Mapping[Any, str], width: int = 230, at: int = 0) -> str:
    """A box of what is known, by plain names in the address and by other words on the page."""
    typed = st.query_params.get(key)
    if key not in st.session_state and typed is not None:
        if typed in known:
            st.session_state[key] = typed
        else:
            _faults().append(f"The link asks for {key} {typed[:60]!r}, which is not here.")
    if st.session_state.get(key, "") not in known:
        st.session_state.pop(key, None)
    names = list(known)
    chosen: str = st.selectbox(
        label,
        names,
        index=at,
        format_func=lambda name: known.get(name, name),
        key=key,
        persist_state="session",
        width=width,
    )
    if typed != chosen:
        st.query_params[key] = chosen
    return chosen


def _faults() -> list[str]:
    """What the address asked for and cannot have."""
    faults: list[str] = st.session_state.setdefault("label_faults", [])
    return faults


def _forget_others(purpose: Purpose) -> None:
    """Leave in the address what belongs to the purpose."""
    for other, keys in _PARAMETERS.items():
        if other != purpose:
            for key in keys:
                st.query_params.pop(key, None)


def _planned(question: Question) -> int:
    """How many labels are planned: the proposed number until the reader chooses another."""
    proposed = _proposed(question)
    if st.session_state.get(PLANNED) in (None, st.session_state.get(_PROPOSED)):
        st.session_state[PLANNED] = proposed
    st.session_state[_PROPOSED] = proposed
    planned = st.segmented_control(
        "Labels planned", PLANS, required=True, key=PLANNED, persist_state="session"
    )
    return planned or proposed


def _proposed(question: Question) -> int:
    if question.draw.purpose == "rectifier":
        return next(plan for plan in PLANS if plan >= FROM_LABELS)
    return proposed_plan(question.contest, PLANS)


def person() -> str:
    """The name of who labels or scores."""
    name = st.text_input(
        "Your name",
        value="" if session.read_only() else this_account(),
        key="label_person",
        persist_state="session",
        width=150,
        disabled=session.read_only(),
    )
    return name.strip() or this_account()


def next_plan() -> int | None:
    """The next larger number of labels that can be planned."""
    now = st.session_state[PLANNED]
    return next((one for one in PLANS if one > now), None)


def _family() -> Question:
    return label_entry.question("family", lambda: family_question(session.snapshot()))


def _cluster() -> Question:
    labels = heeded.snapshot().labels
    known = {str(cluster): label for cluster, label in enumerate(labels)}
    cluster = int(_select("Cluster", label_entry.CLUSTER, known, width=290))
    return label_entry.question(
        f"cluster:{cluster}", lambda: cluster_question(heeded.snapshot().ungated, cluster)
    )


def _rectifier() -> Question:
    return label_entry.question("rectifier", lambda: rectifier_question(session.snapshot()))


def _settings() -> Question:
    runs = sides.runs()
    known = {name: name for name in sides.names(runs)}
    other_preset = list(known).index(sides.other_preset())
    one = _select("First", label_entry.FIRST, known, width=170)
    other = _select("Second", label_entry.SECOND, known, width=170, at=other_preset)
    first, second = sides.side(one, runs), sides.side(other, runs)
    names = first.name, second.name
    if names[0] == names[1]:
        names = f"{one} ({names[0]})", f"{other} ({names[1]})"
    return label_entry.question(
        f"{first.token}:{second.token}",
        lambda: settings_question(first.snapshot(), second.snapshot(), names, second.record),
    )


_PARAMETERS: dict[Purpose, tuple[str, ...]] = {
    "cluster": (label_entry.CLUSTER,),
    "settings": (label_entry.FIRST, label_entry.SECOND),
}
_OF_PURPOSE: dict[Purpose, Callable[[], Question]] = {
    "routing": label_entry.routing,
    "settings": _settings,
    "family": _family,
    "cluster": _cluster,
    "rectifier": _rectifier,
}
