"""Remedies that were tried out: the best one with its numbers, the others folded away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd
import streamlit as st

from app import frame, session, theme, values
from app.diagnose import applied
from app.values import Values
from cascal.counted import agreeing, capitalised, counted
from cascal.diagnose import Effect, Proposal
from cascal.diagnose.cohering import Cohesion
from cascal.diagnose.effect_words import Told, effect_told, why_lower
from cascal.diagnose.remedies import NO_HELP, best_cure
from cascal.settings import PRESETS, joining_name, routing_name
from cascal.verdicts.payback import DEFAULT_TOLERANCE

Kind = Literal["possible", "here", "useless", "harms"]
BEST = (
    "Of the remedies that cure it and do no proven harm: first one with proven more right answers, "
    f"then those shown to lose at most {counted(round(100 * DEFAULT_TOLERANCE), 'point')}, of "
    "these the one with most right answers, then the one that flips fewest routes."
)
"""The rule by which one remedy is marked as the best."""
BOLD = 2
"""Rows of its numbers that stand out."""


KINDS: dict[Kind, Callable[[int], str]] = {
    "possible": lambda n: f"{n} also possible",
    "here": lambda n: (
        f"{n} that {agreeing(n, 'helps here and makes', 'help here and make')} others incoherent"
    ),
    "useless": lambda n: f"{n} that {agreeing(n, 'does', 'do')} not help",
    "harms": lambda n: f"{n} that {agreeing(n, 'harms', 'harm')}",
}
"""What the others are, in the order in which they stand, and how many of each are counted."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Row:
    """A remedy that was tried out, about the clusters of some queries or about all."""

    code: str
    at: int
    effect: Effect
    cohesion: Cohesion | None
    cluster: int | None

    @property
    def told(self) -> tuple[Told, ...]:
        """Its numbers, what matters most first."""
        rest = effect_told(self.effect, session.snapshot())
        if self.cohesion is not None:
            return (*self.cohesion.rows, *rest)
        then = "passes" if self.effect.cured else "still an issue"
        return (Told("This check", "an issue", then, self.effect.judgement), *rest)

    @property
    def breaks(self) -> int:
        """How many other clusters it makes incoherent."""
        return 0 if self.cohesion is None else self.cohesion.breaks

    @property
    def kind(self) -> Kind:
        """What it is worth, where it is not the best."""
        if self.effect.judgement == "harms":
            return "harms"
        if not self.effect.cured and self.breaks:
            return "here"
        return "useless" if self.effect.judgement in NO_HELP else "possible"

    @property
    def badge(self) -> tuple[str, theme.Badge]:
        """The same in a word or two, with its colour."""
        if self.kind == "here":
            return f"Helps here, makes {counted(self.breaks, 'other')} incoherent", "orange"
        badges: dict[Kind, tuple[str, theme.Badge]] = {
            "possible": ("Also possible", "blue"),
            "useless": ("Does not help", "gray"),
            "harms": ("Harms", "red"),
        }
        return badges[self.kind]


def effect_rows(code: str, tried: Sequence[Effect | Cohesion], cluster: int | None = None) -> None:
    """What was tried out, what helps first; only the best is not folded away.

    cluster : the cluster in force that it is about, for the proof
    """
    rows = [_row(code, at, one, cluster) for at, one in enumerate(tried)]
    cure = best_cure([row.effect for row in rows])
    best = next((row for row in rows if row.effect is cure), None)
    others = [row for kind in KINDS for row in rows if row is not best and row.kind == kind]
    if best is not None:
        _best(best, others)
    if not others:
        return
    counts = Counter(row.kind for row in others)
    n = counted(len(others), "other remedy" if best else "remedy")
    with st.expander(f"{n}: {', '.join(KINDS[kind](counts[kind]) for kind in counts)}"):
        for row in others:
            _folded(row, best)


def _row(code: str, at: int, tried: Effect | Cohesion, cluster: int | None) -> Row:
    if isinstance(tried, Cohesion):
        return Row(code=code, at=at, effect=tried.effect, cohesion=tried, cluster=cluster)
    return Row(code=code, at=at, effect=tried, cohesion=None, cluster=cluster)


def _best(row: Row, others: Sequence[Row]) -> None:
    """The best remedy: what it is, why it works, its button; and its numbers before and after."""
    what, numbers = st.columns([0.45, 0.55], gap="medium")
    with what, st.container(gap="small"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            cures = "Best for coherence" if row.cohesion is not None else "Best remedy"
            st.badge(cures, color="green", help=BEST)
            label = frame.escape(capitalised(row.effect.proposal.label))
            st.markdown(f"**{label}**", width="content")
        _apply_button(row, "primary")
        if row.cohesion is not None and row.cohesion.because:
            st.markdown(f"**Why it works.** {frame.headline(row.cohesion.because)}")
    with numbers, st.container(key=f"effect_{row.code}", gap="small"):
        st.table(_numbers(row.told))
        for other in others:
            if other.cohesion is not None and other.cohesion.undoes:
                label = capitalised(other.effect.proposal.label)
                said = f"“{label}” would undo the cause. {_rank(other, row)}"
                st.caption(frame.headline(said))


def _numbers(told: Sequence[Told]) -> pd.DataFrame:
    """What, now and after; the first two, which say whether it helps, in bold."""
    cells = [[frame.headline(text) for text in (one.what, one.now, one.then)] for one in told]
    bold = [[f"**{text}**" if text else "" for text in row] for row in cells[:BOLD]]
    return pd.DataFrame(bold + cells[BOLD:], columns=["What", "Now", "After"]).set_index("What")


def _folded(row: Row, best: Row | None) -> None:
    """Another remedy with what it did in a line, and a button that applies it."""
    what, apply = st.columns([0.88, 0.12], vertical_alignment="center")
    with what, st.container(gap="xsmall"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            says, colour = row.badge
            st.badge(says, color=colour)
            label = frame.escape(capitalised(row.effect.proposal.label))
            st.markdown(f"**{label}**", width="content")
        st.text(
            capitalised(" · ".join(one.said for one in row.told)).replace(" %", "\u00a0%")
        )  # no line begins with it
        if best is not None and row.effect.cured and row.kind == "possible":
            st.caption(frame.headline(_rank(row, best)))
    with apply:
        _apply_button(row, "secondary" if row.kind == "possible" else "tertiary")


def _rank(row: Row, best: Row) -> str:
    """By what it ranks below the best."""
    return f"It ranks below the best remedy: {why_lower(row.effect, best.effect)}."


def _apply_button(row: Row, weight: Literal["primary", "secondary", "tertiary"]) -> None:
    if can_be_set(row.effect.proposal):
        st.button(
            "Apply",
            key=f"apply_{row.code}_{row.at}",
            type=weight,
            on_click=_apply_and_draw,
            args=(row.effect, row.cluster),
        )


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
