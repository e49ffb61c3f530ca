"""Remedies that were tried out: the best one with its numbers, the others folded away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, session, theme, values
from app.diagnose import applied, measures
from app.values import Values
from cascal.diagnose import Effect, Proposal
from cascal.diagnose.cohering import Cohesion
from cascal.diagnose.effect_words import ALONE, Told, effect_told, price_told, why_lower
from cascal.diagnose.remedies import NO_HELP, best_cure
from cascal.diagnose.worth import Choice, choose, nearer, ranks_lower, what_coheres_first
from cascal.number_format import agreeing, capitalised, counted
from cascal.settings import PRESETS, joining_name, routing_name
from cascal.verdicts.payback import DEFAULT_TOLERANCE

Kind = Literal["possible", "away", "here", "useless", "harms"]
BEST = (
    "Of the remedies that cure it and do no proven harm: first one with proven more right answers, "
    f"then those shown to lose at most {counted(round(100 * DEFAULT_TOLERANCE), 'point')}, of "
    "these the one with most right answers, then the one that flips fewest routes."
)
"""The rule by which one remedy is marked as the best."""
COHERES = (
    "Of the remedies that make it coherent without proven harm: first what brings its queries "
    "nearer to their own centre, then what spares the other clusters, then what is shown to lose "
    f"at most {counted(round(100 * DEFAULT_TOLERANCE), 'point')} of right answers."
)
"""The same for an incoherent cluster."""
Weight = Literal["primary", "secondary"]
APPLY: tuple[Weight, str] = ("primary", "Apply")
ANYWAY: tuple[Weight, str] = ("secondary", "Apply anyway")
"""The button of what is advised, and of what is not."""

KINDS: dict[Kind, Callable[[int], str]] = {
    "possible": lambda n: f"{n} also possible",
    "away": lambda n: f"{n} that {agreeing(n, 'brings', 'bring')} its queries no nearer",
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
        """What it does, what matters most first; also what stays as it is."""
        found = effect_told(self.effect, session.snapshot())
        if self.cohesion is not None:
            *own, others = self.cohesion.rows  # the longest goes last
            return (*own, *found, others)
        then = "passes" if self.effect.cured else "still an issue"
        return (Told("This check", "an issue", then), *found)

    @property
    def price(self) -> tuple[Told, ...]:
        """What it costs: right answers, dollars."""
        return price_told(self.effect, session.snapshot())

    @property
    def n_worse(self) -> int:
        """How many other clusters it makes less coherent."""
        return 0 if self.cohesion is None else len(self.cohesion.worse)

    @property
    def breaks(self) -> int:
        """How many other clusters it makes incoherent."""
        return 0 if self.cohesion is None else self.cohesion.breaks

    @property
    def kind(self) -> Kind:
        """What it is worth, where it is not the best."""
        if self.effect.judgement == "harms":
            return "harms"
        if self.cohesion is not None and self.cohesion.stays_low:
            return "useless"
        if self.breaks:
            return "here"
        if self.effect.judgement in NO_HELP:
            return "useless"
        return "possible" if self.cohesion is None or nearer(self.cohesion) else "away"

    @property
    def badge(self) -> tuple[str, theme.Badge]:
        """The same in a word or two, with its colour."""
        if self.kind == "here":
            return f"Helps here, makes {counted(self.breaks, 'other')} incoherent", "orange"
        badges: dict[Kind, tuple[str, theme.Badge]] = {
            "possible": ("Also possible", "blue"),
            "away": ("No nearer to their centre", "orange"),
            "useless": ("Does not help", "gray"),
            "harms": ("Harms", "red"),
        }
        return badges[self.kind]


def effect_rows(code: str, tried: Sequence[Effect]) -> None:
    """What was tried out for an issue, what helps first; only the best is not folded away."""
    rows = [
        Row(code=code, at=at, effect=one, cohesion=None, cluster=None)
        for at, one in enumerate(tried)
    ]
    cure = best_cure([row.effect for row in rows])
    best = next((row for row in rows if row.effect is cure), None)
    if best is not None:
        what, numbers = st.columns([0.45, 0.55], gap="medium")
        with what, st.container(gap="small"):
            _named("Best remedy", "green", BEST, best)
            _apply_at_price(best, *APPLY)
        _does(best, numbers)
    _folded_rows(rows, best)


def cohesion_rows(code: str, tried: Sequence[Cohesion], cluster: int) -> None:
    """What was tried out for an incoherent cluster in force: what helps most, or leave it."""
    rows = [
        Row(code=code, at=at, effect=one.effect, cohesion=one, cluster=cluster)
        for at, one in enumerate(sorted(tried, key=what_coheres_first))
    ]
    choice = choose(tried)
    best = next((row for row in rows if row.cohesion is choice.best), None)
    if best is None:
        _leave(choice)
    else:
        what, numbers = st.columns([0.45, 0.55], gap="medium")
        with what, st.container(gap="small"):
            if not choice.take:
                _leave(choice)
            badge: tuple[str, theme.Badge] = (
                ("Best for coherence", "green")
                if choice.take
                else ("If coherence matters more", "blue")
            )
            _named(*badge, COHERES, best)
            _apply_at_price(best, *APPLY if choice.take else ANYWAY)
            if best.cohesion is not None and best.cohesion.because:
                label = best.effect.proposal.label
                why = "it works" if choice.take else f"“{label}” would make it coherent"
                because = frame.headline(best.cohesion.because)
                st.markdown(f"**{frame.headline(f'Why {why}.')}** {because}")
            if choice.besides:
                st.markdown(f"**And a cheaper remedy?** {frame.headline(choice.besides)}")
            if choice.take and best.effect.judgement != "helps":
                st.caption("For coherence: Sweep moves a threshold only for more right answers.")
        _does(best, numbers)
    _folded_rows(rows, best)


def _leave(choice: Choice) -> None:
    """To leave the cluster as it is, with the reason."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.badge("Leave it", color="green")
        st.markdown(f"**{capitalised(choice.verdict)}**", width="content")
    if choice.reason:
        st.markdown(frame.headline(choice.reason))


def _named(says: str, colour: theme.Badge, rule: str, row: Row) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.badge(says, color=colour, help=rule)
        label = frame.escape(capitalised(row.effect.proposal.label))
        st.markdown(f"**{label}**", width="content")


def _apply_at_price(row: Row, weight: Weight, says: str) -> None:
    """The button, and beside it what that costs."""
    said = [one.said for one in row.price]
    if row.n_worse:
        said.append(f"{counted(row.n_worse, 'other')} less coherent")
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", key=f"price_{row.code}"
    ):
        _apply_button(row, weight, says)
        price = frame.headline(capitalised(" · ".join(said)))
        st.caption(f"**Price.** {price}", width="stretch")


def _does(row: Row, place: DeltaGenerator) -> None:
    """Its numbers before and after."""
    with place, st.container(key=f"effect_{row.code}", gap="small"):
        label = frame.headline(f"Now and after “{row.effect.proposal.label}”")
        st.markdown(f"**{label}**")
        told = [one for one in row.told if one.now != one.then]
        measures.table(told, 1 if row.cohesion is None else 2)


def _folded_rows(rows: Sequence[Row], best: Row | None) -> None:
    """All but the best, by what they are worth."""
    if any(row.effect.gain is not None for row in rows):
        st.caption(ALONE)
    others = [row for kind in KINDS for row in rows if row is not best and row.kind == kind]
    if not others:
        return
    counts = Counter(row.kind for row in others)
    n = counted(len(others), "other remedy" if best else "remedy")
    with st.expander(f"{n}: {', '.join(KINDS[kind](counts[kind]) for kind in counts)}"):
        for row in others:
            _folded(row, best)


def _folded(row: Row, best: Row | None) -> None:
    """Another remedy with what it did in a grid of numbers, and a button that applies it."""
    with st.container(gap="xsmall", key=f"folded_{row.code}_{row.at}"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            label = frame.escape(capitalised(row.effect.proposal.label))
            with st.container(key=f"what_{row.code}_{row.at}"):
                st.markdown(f"**{label}**")
            says, colour = row.badge
            st.badge(says, color=colour)
            _apply_button(row, "secondary")
        measures.grid((*row.price, *row.told))
        if row.cohesion is not None and row.cohesion.low_told:
            st.caption(frame.headline(f"{capitalised(row.cohesion.low_told)}."))
        if best is not None and row.kind in ("possible", "away"):
            st.caption(frame.headline(_rank(row, best)))


def _rank(row: Row, best: Row) -> str:
    """By what it ranks below the first one."""
    below = f"It ranks below “{best.effect.proposal.label}”"
    if row.cohesion is not None and best.cohesion is not None:
        return f"{below}: {ranks_lower(row.cohesion, best.cohesion)}."
    return f"{below}: {why_lower(row.effect, best.effect)}."


def _apply_button(row: Row, weight: Weight, says: str = "Apply") -> None:
    if can_be_set(row.effect.proposal):
        st.button(
            says,
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
