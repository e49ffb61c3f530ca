"""Every threshold tried over its values: the curves, one after the other, and what they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app import jobs, session, shipping
from app.apart import Call
from cascal.columns import Progress
from cascal.compare.recommended import Recommendation
from cascal.compare.sweep import (
    NAMES,
    Curve,
    Name,
    curve,
    read_at,
    routed_part,
    sweepable,
    with_value,
)
from cascal.compare.sweep_answer import SweepAnswer, answer
from cascal.compare.sweep_summary import SweepSummary
from cascal.dataset.part import Part
from cascal.settings import Thresholds

CHOSEN = "sweep_name"
"""The key of the control that says whose curve is shown."""
AT_ONCE = 5_000
"""Up to so many queries a curve takes less time here than a process of its own takes to start."""
PATIENCE = 1.5
"""Seconds for which the page waits for such curves before it shows how far they are."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Tried:
    """What is known of each threshold that acts here; those still being tried are in `waiting`."""

    names: tuple[Name, ...]
    chosen: Name
    curves: dict[Name, Curve]
    answers: dict[Name, SweepAnswer]
    waiting: tuple[Name, ...]

    @property
    def summary(self) -> SweepSummary:
        """All of them at once."""
        return SweepSummary(answers=list(self.answers.values()), n_waiting=len(self.waiting))


def names() -> tuple[Name, ...]:
    """The thresholds that can change anything here."""
    found = sweepable(session.fit())
    return tuple(name for name in found if name != "cost_weight" or session.cost_weights())


def part() -> Part:
    """The queries that are routed."""
    data = session.dataset()
    return routed_part(data.test, data.train)


def tried(acting: tuple[Name, ...]) -> Tried:
    """Try all thresholds, the one whose curve is looked at first."""
    shipped = shipping.known()
    chosen = _chosen(acting, shipped)
    started = {
        name: jobs.find(_key(name)) or jobs.start(_key(name), _work(name), _line())
        for name in sorted(acting, key=lambda one: one != chosen)
    }
    if _line() == "short":
        jobs.wait_for(started.values(), PATIENCE)
    curves = {name: _read(job.result) for name, job in started.items() if job.state == "done"}
    return Tried(
        names=acting,
        chosen=chosen,
        curves=curves,
        answers=_answers(acting, curves, shipped),
        waiting=tuple(name for name in acting if name not in curves),
    )


def known(acting: tuple[Name, ...]) -> dict[Name, SweepAnswer]:
    """The answers of what was tried in this state already; nothing is tried for them."""
    jobs_of = {name: jobs.find(_key(name)) for name in acting}
    curves = {
        name: _read(job.result)
        for name, job in jobs_of.items()
        if job is not None and job.state == "done"
    }
    return _answers(acting, curves, None)


def _answers(
    acting: tuple[Name, ...], curves: dict[Name, Curve], shipped: Recommendation | None
) -> dict[Name, SweepAnswer]:
    models = session.fit().models
    return {
        name: answer(curves[name], part(), models, shipped) for name in acting if name in curves
    }


def wait(found: Tried) -> None:
    """How far the work on the thresholds is that are not tried yet; each can be stopped."""
    for name in found.waiting:
        job = jobs.find(_key(name))
        if job is not None and job.state == "done":
            st.rerun()  # since they were looked at
        jobs.show(_key(name), f"Try {NAMES[name].lower()}", _work(name), line=_line())
        if job is not None and job.state == "running":
            return  # the others wait for it


def _chosen(acting: tuple[Name, ...], shipped: Recommendation | None) -> Name:
    """The threshold whose curve is shown: at first one that the recommendation moves."""
    picked: Name | None = st.session_state.get(CHOSEN)
    if picked not in acting:
        moves = shipped is not None and not shipped.taken and not shipped.best.trial.preset
        wanted: Name = "cost_weight" if moves else "merge_distance"
        picked = st.session_state[CHOSEN] = wanted if wanted in acting else acting[0]
    return picked


def _key(name: Name) -> str:
    """The job of a curve: the same wherever the value of this threshold itself is."""
    held = with_value(session.current_thresholds(), name, getattr(Thresholds(), name))
    return f"curve_{name}:{session.fit_token()}:{held!r}"


def _line() -> jobs.LineName:
    return "short" if len(part()) <= AT_ONCE else "asked"


def _work(name: Name) -> Callable[[Progress], Curve]:
    """A curve, made here where that is soon done, else in a process of its own."""
    data, fitted, now = session.dataset(), session.fit(), session.current_thresholds()
    work = Call.of(curve, fitted, now, name, data.test, data.train)
    return work if _line() == "asked" else lambda progress: work(progress)


def _read(found: Curve) -> Curve:
    """A curve as read from the present value."""
    data = session.dataset()
    return read_at(found, session.fit(), session.current_thresholds(), data.test, data.train)
