"""Rows of remedies that were tried out: the best one marked, each with its effect and a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import streamlit as st

from app import frame, session, values
from app.diagnose import applied
from app.values import Values
from cascal.counted import capitalised, counted, percent, signed
from cascal.diagnose import Effect, Proposal
from cascal.diagnose.remedies import NO_HELP, best_cure
from cascal.evaluate import effective_number
from cascal.settings import PRESETS, joining_name, routing_name
from cascal.verdicts.verdict import span

Weight = Literal["primary", "secondary", "tertiary"]
BEST = (
    "Of the remedies that cure it and do no proven harm: first one with proven more right answers, "
    "then the one with most right answers, then the one that flips fewest routes."
)
"""The rule by which one remedy is marked as the best."""


def effect_rows(code: str, tried: Sequence[tuple[Effect, str]], cluster: int | None = None) -> None:
    """What was tried out, each with what to say first; only the best is not folded away.

    tried : what helps first; cluster : the cluster in force that it is about, for the proof
    """
    best = best_cure([effect for effect, _ in tried])
    rows = list(enumerate(tried))
    useless = [row for row in rows if row[1][0].judgement in NO_HELP]
    others = [row for row in rows if row not in useless and row[1][0] is not best]
    for at, (effect, first) in rows:
        if effect is best:
            _row(code, at, effect, "primary", first, cluster)
    if not others and not useless:
        return
    counts = [f"{len(others)} also possible"] if others else []
    if useless:
        counts.append(f"{len(useless)} that {'do' if len(useless) > 1 else 'does'} not help")
    n = counted(len(others) + len(useless), "other remedy" if best else "remedy")
    with st.expander(f"{n}: {', '.join(counts)}"):
        for at, (effect, first) in others:
            _row(code, at, effect, "secondary", first, cluster)
        for at, (effect, first) in useless:
            _row(code, at, effect, "tertiary", first, cluster)


_MARKS: dict[Weight, tuple[str, Literal["green", "blue", "gray"]]] = {
    "primary": ("Best remedy", "green"),
    "secondary": ("Also possible", "blue"),
    "tertiary": ("Does not help", "gray"),
}


def _row(
    code: str, at: int, effect: Effect, weight: Weight, first: str, cluster: int | None
) -> None:
    """A proposal with what it did, `first` before all else, and a button that applies it."""
    what, apply = st.columns([0.88, 0.12], vertical_alignment="center")
    with what, st.container(gap="xsmall"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if effect.judgement == "harms":
                st.badge("Harms", color="red")
            else:
                says, colour = _MARKS[weight]
                st.badge(says, color=colour, help=BEST if weight == "primary" else None)
            label = effect.proposal.label
            st.markdown(f"**{frame.escape(capitalised(label))}**", width="content")
        said = " · ".join(_told(effect, first))
        st.text(capitalised(said).replace(" %", "\u00a0%"))  # no line begins with it
    with apply:
        if can_be_set(effect.proposal):
            st.button(
                "Apply",
                key=f"apply_{code}_{at}",
                type=weight,
                on_click=_apply_and_draw,
                args=(effect, cluster),
            )


def _told(effect: Effect, first: str) -> list[str]:
    """The effects of a proposal, what matters most first."""
    before = session.snapshot()
    clusters, effective = len(before.router.clusters), effective_number(before.share)
    parts = [first] if first else [effect.judgement]
    if effect.gain is not None:
        gain = effect.gain
        proven = "" if gain.low > 0 or gain.high < 0 else " (no proven change)"
        parts.append(f"right {signed(100 * gain.value)} pts {span(gain)}{proven}")
    else:
        parts.append("accuracy unknown: no gold answers")
    parts.append(f"{percent(effect.flipped)} of the routes flip")
    parts.append(f"{clusters} → {counted(effect.clusters, 'cluster')}")
    parts.append(f"models in use ≈ {effective:.1f} → {effect.effective_models:.1f} equal shares")
    if effect.stability is not None:
        parts.append(f"stability {effect.stability:.2f}")
    return parts


def can_be_set(proposal: Proposal) -> bool:
    """Whether the controls can show it: a preset by its name, thresholds where the sliders go."""
    state = _state(proposal)
    inside = all(low <= getattr(state, name) <= high for name, (low, high) in values.RANGES.items())
    return proposal.settings.preset_name in PRESETS and inside


def apply_effect(effect: Effect, cluster: int | None = None) -> None:
    """Set the controls to the proposal; the proof of what it did stays on the page."""
    applied.apply(effect.proposal.label, _state(effect.proposal), cluster)


def _apply_and_draw(effect: Effect, cluster: int | None) -> None:
    """The same of a button: controls, headline and address follow also from inside a fragment."""
    apply_effect(effect, cluster)
    st.rerun()


def _state(proposal: Proposal) -> Values:
    """What the controls show where a proposal is in force."""
    thresholds = proposal.thresholds
    return replace(
        values.present(),
        preset=proposal.settings.preset_name,
        clusters=proposal.settings.clusters,
        silhouette=thresholds.min_silhouette,
        merge=thresholds.merge_distance,
        share=joining_name(thresholds.prune_jaccard) or values.DEFAULTS.share,
        routing=routing_name(thresholds.routing) or "preset",
    )
