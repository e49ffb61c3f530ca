"""What would send the query to another model: other settings, and other words."""

from __future__ import annotations

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
    if not trace.what_would_change:
        return
    st.subheader("What would change it", anchor=False)
    with st.container(gap="xsmall"):
        *first, rises = trace.what_would_change
        for sentence in first:
            frame.sentence(f"• {sentence}")
        if heeded.snapshot().router.correction is None:
            _tried(decision, rises)
        else:
            frame.sentence(f"• {rises}")


def _tried(decision: Decision, last: str) -> None:
    """What was tried out; last : what stands below what changes it."""
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
    found = jobs.show(key, "Try other settings and words", tried, at_once=True)
    if found is None:
        frame.sentence(f"• {last}")
        return
    flips = [f"With {said}" for said in found.settings.flips]
    idle, kept = list(found.settings.idle), []
    for one in found.rewordings:
        if one.flipped[0]:
            flips.append(f"Reworded, {one.kind}: {now.router.models[int(one.after[0])]}")
        else:
            kept.append(one.kind)
    for said in flips:
        frame.sentence(f"• {said}.")
    frame.sentence(f"• {last}")
    if kept:
        idle.append(f"small rewordings ({', '.join(kept)})")
    if idle:
        st.caption(frame.headline(f"Tried one at a time, without any change: {'; '.join(idle)}."))


def _told(decision: Decision, router: Router) -> tuple[Routing, ...]:
    """The present routing without its bonus, where the trace says by itself that this decides."""
    trace = decision.trace
    if not trace.models[0].margin_bonus > trace.lead:
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
