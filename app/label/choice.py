"""What the page Label asks about, by whom it is answered, and how many labels are planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import streamlit as st

from app import frame, heeded, held, label_entry, session
from app.label import sides
from cascal.dataset.label_lessons import likely_number
from cascal.dataset.label_questions import (
    ASKED,
    Question,
    cluster_question,
    rectifier_question,
    settings_question,
)
from cascal.dataset.rectifying import FROM_LABELS
from cascal.store import Purpose

PURPOSE, PLANNED, PERSON = "purpose", "label_planned", "label_person"
"""Keys of what is asked, of how many labels are planned, and of who labels."""
WHOSE_NAME = "Every label is stored with it, so that two people can be told apart."
_PLANS, _PLAN_OF = "label_plans", "label_plan_of"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is asked, and how many labels are planned, at most all."""

    question: Question
    n_planned: int


def choice() -> Choice:
    """The controls, folded; NotApplicable says why a question cannot be asked."""
    wanted = st.session_state.pop(label_entry.WANTED, None)
    for name, value in (wanted or label_entry.Wanted()).widgets.items():
        st.session_state[name] = value
    words = "Ask something else, or plan another number"
    with st.popover(words, type="tertiary", key="label_row"):
        purpose = cast(
            "Purpose",
            _select("What do you want to know?", PURPOSE, {one: ASKED[one] for one in _OF_PURPOSE}),
        )
        _forget_others(purpose)
        question = _OF_PURPOSE[purpose]()
        n_planned = _planned(question)
        name_field()
    if _faults():
        st.warning(frame.escape(" ".join(_faults())))
    return Choice(question=question, n_planned=n_planned)


def _select(label: str, key: str, known: Mapping[Any, str], at: int = 0) -> str:
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
    """How many labels are planned: as many as probably settle it, until others are chosen."""
    n_drawn, state = len(question.draw.frame), st.session_state
    if not n_drawn:
        return 0
    if state.get(_PLAN_OF) != question.draw.draw_id or PLANNED not in state:
        plan(question, _plans().get(question.draw.draw_id, _proposed(question)))
    state[PLANNED] = min(state[PLANNED], n_drawn)
    planned = st.number_input(
        "Labels planned",
        1,
        n_drawn,
        key=PLANNED,
        help="Nothing is asked once it is settled, however many are planned.",
    )
    _plans()[question.draw.draw_id] = planned
    return planned


def plan(question: Question, n_labels: int) -> None:
    """Plan so many labels of a question."""
    st.session_state[_PLAN_OF] = question.draw.draw_id
    _plans()[question.draw.draw_id] = n_labels
    held.put(**{PLANNED: n_labels})


def _plans() -> dict[str, int]:
    """How many labels are planned, by draw."""
    plans: dict[str, int] = st.session_state.setdefault(_PLANS, {})
    return plans


def _proposed(question: Question) -> int:
    if question.draw.purpose == "rectifier":
        return FROM_LABELS
    return likely_number(question.contest)


def name_field() -> None:
    """The name of who labels or scores; no name of a machine's account is taken for one."""
    st.text_input(
        "Your name",
        value=person(),
        key=PERSON,
        persist_state="session",
        placeholder="say who you are",
        help=WHOSE_NAME,
        width=220,
        disabled=session.read_only(),
    )


def take_name(key: str) -> None:
    """Let the name of another field be the one that counts. For callbacks."""
    held.put(**{PERSON: st.session_state[key]})


def person() -> str:
    """Who labels, as was typed; "" as long as nobody said it."""
    return str(st.session_state.get(PERSON) or "").strip()


def _cluster() -> Question:
    labels = heeded.snapshot().labels
    known = {str(cluster): label for cluster, label in enumerate(labels)}
    cluster = int(_select("Cluster", label_entry.CLUSTER, known))
    return label_entry.question(
        f"cluster:{cluster}", lambda: cluster_question(heeded.snapshot().ungated, cluster)
    )


def _rectifier() -> Question:
    return label_entry.question("rectifier", lambda: rectifier_question(session.snapshot()))


def _settings() -> Question:
    runs = sides.runs()
    known = {name: name for name in sides.names(runs)}
    other_preset = list(known).index(sides.other_preset())
    one = _select("First", label_entry.FIRST, known)
    other = _select("Second", label_entry.SECOND, known, at=other_preset)
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
    "family": label_entry.family,
    "cluster": _cluster,
    "rectifier": _rectifier,
}
