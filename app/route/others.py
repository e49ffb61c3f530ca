"""What would send the query to another model: other settings, and other words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256

import streamlit as st

from app import encoding, frame, heeded, jobs, session, strips, values
from app.route.question import Decision
from cascal.columns import Progress
from cascal.compare.other_settings import OtherSettings, settings_that_flip
from cascal.compare.rewording import Reworded, reword
from cascal.datatypes import CascalError
from cascal.encode.encoders import endpoint_host
from cascal.routing.reasons import Change, by_outcome
from cascal.routing.route import Router
from cascal.settings import Routing


@dataclass(frozen=True, eq=False, kw_only=True)
class Others:
    """What was tried out; rewordings are empty where there is no encoder on this machine."""

    settings: OtherSettings
    rewordings: tuple[Reworded, ...]


def changes(decision: Decision) -> None:
    """What the query itself would need, then the settings and rewordings that were tried out."""
    trace = decision.trace
    if not trace.changes:
        return
    st.subheader("What would change it", anchor=False)
    with st.container(gap="xsmall"):
        if heeded.snapshot().router.correction is None:
            _tried(decision)
        else:
            _list(trace.changes)


def _list(changes: Sequence[Change]) -> None:
    for sentence in by_outcome(changes):
        frame.sentence(f"• {sentence}")


def _tried(decision: Decision) -> None:
    """What the trace says and what was tried out, together by what comes of it."""
    now, fitted, encoder = session.snapshot(), session.fit(), session.dataset().encoder
    positions, told = _positions(), _told(decision, now.router)

    def tried(progress: Progress) -> Others:
        thresholds, reworded = now.router.thresholds, []
        found = settings_that_flip(
            fitted, thresholds, decision.vector, positions, progress, told=told
        )
        if not endpoint_host(encoder):  # a host of the data's gets no text unasked
            with suppress(CascalError):
                texts, vectors = [decision.text], decision.vector[None, :]
                reworded = reword(now.router, texts, vectors, encoding.encoder(encoder))
        return Others(settings=found, rewordings=tuple(reworded))

    digest = sha256(decision.text.encode()).hexdigest()[:16]
    key = f"others:{session.snapshot_token()}:{digest}"
    listed = st.container(gap="xsmall")
    found = jobs.show(key, "Try other settings and words", tried, at_once=True)
    *first, last = decision.trace.changes
    if found is None:
        with listed:
            _list([*first, last])
        return
    flips = [Change(one.model, f"with {one.how}") for one in found.settings.flips]
    idle, kept = list(found.settings.idle), []
    for one in found.rewordings:
        if one.flipped[0]:
            flips.append(Change(now.router.models[int(one.after[0])], f"reworded ({one.kind})"))
        else:
            kept.append(one.kind)
    with listed:
        _list([*first, *flips, last])
    if kept:
        idle.append(f"small rewordings ({', '.join(kept)})")
    if idle:
        st.caption(frame.headline(f"Tried one at a time, without any change: {'; '.join(idle)}."))


def _told(decision: Decision, router: Router) -> tuple[Routing, ...]:
    """The present routing without its bonus, where the trace says by itself that this decides."""
    if not decision.trace.by_bonus:
        return ()
    return (replace(router.routing, margin=0.0),)


def _positions() -> dict[str, list[float]]:
    """Where the sliders can go, by what they are called."""
    found = {"cost weight": list(session.cost_weights())}
    if session.fit().settings.by_task:
        return found
    for key, name in (("silhouette", "min silhouette"), ("merge", "merge distance")):
        low, high = values.RANGES[key]
        n = round((high - low) / strips.STEP)
        found[name] = [round(low + strips.STEP * at, 2) for at in range(n + 1)]
    return found
