"""The values of the sidebar's controls, and the settings and thresholds they stand for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import streamlit as st

from app import held
from cascal.settings import (
    CLUSTERS,
    JOINING,
    PRESETS,
    ROUTINGS,
    FitSettings,
    Thresholds,
    joining_name,
    routing_name,
)

SILHOUETTES = (0.0, 0.5)
MERGES = (0.0, 0.6)
VOTERS = (1, 5)
RANGES: dict[str, tuple[float, float]] = {
    "silhouette": SILHOUETTES,
    "merge": MERGES,
    "top_k": VOTERS,
}
"""Where the sliders move: within the bounds of the thresholds, where something still changes."""
NOISE = 1e-9
"""A slider's position is no nearer than this to any other value that matters."""
THRESHOLDS = {
    "silhouette": "min_silhouette",
    "merge": "merge_distance",
    "top_k": "top_k",
    "cost": "cost_weight",
}
"""Which threshold a control moves."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """One state of the controls; its names are the keys of the widgets and of a shared link."""

    preset: str = "recommended"
    clusters: str = "skills"
    silhouette: float = 0.05
    merge: float = 0.15
    share: str = "all 3"
    top_k: int = 3
    cost: float = 0.0
    routing: str = "preset"

    @property
    def settings(self) -> FitSettings:
        """The settings of the preset, clustered as chosen; what is unknown is the default."""
        return _settings(self.preset, self.clusters)

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds that the controls stand for."""
        return _thresholds(self)


DEFAULTS = Values()


# A page asks for both a hundred times a run, and both are checked when they are made.


@lru_cache(32)
def _settings(preset: str, clusters: str) -> FitSettings:
    known = FitSettings.preset(preset if preset in PRESETS else DEFAULTS.preset)
    return replace(known, clusters=clusters if clusters in CLUSTERS else DEFAULTS.clusters)


@lru_cache(128)
def _thresholds(values: Values) -> Thresholds:
    routing = ROUTINGS.get(values.routing)
    return Thresholds(
        without_noise(values.silhouette),
        without_noise(values.merge),
        JOINING.get(values.share, JOINING[DEFAULTS.share]),
        values.top_k,
        routing=routing.routing if routing is not None else None,
        cost_weight=values.cost,
    )


def without_noise(number: float) -> float:
    """A position of a slider without what adding its steps left; any finer value as it is."""
    position = round(number, 2)
    return position if abs(number - position) < NOISE else number


def values_of(settings: FitSettings, thresholds: Thresholds) -> Values | None:
    """The controls at which a router has these; None where no position of them gives that."""
    share, routing = joining_name(thresholds.prune_jaccard), routing_name(thresholds.routing)
    if settings.preset_name not in PRESETS or share is None or routing is None:
        return None
    found = Values(
        preset=settings.preset_name,
        clusters=settings.clusters,
        silhouette=thresholds.min_silhouette,
        merge=thresholds.merge_distance,
        share=share,
        top_k=thresholds.top_k,
        cost=thresholds.cost_weight,
        routing=routing,
    )
    within = all(low <= getattr(found, name) <= high for name, (low, high) in RANGES.items())
    return found if within and found.thresholds == thresholds else None


def present() -> Values:
    """The values of the controls now, each of its own type: a link may carry anything."""
    state = st.session_state
    return Values(
        preset=str(state.get("preset", DEFAULTS.preset)),
        clusters=str(state.get("clusters", DEFAULTS.clusters)),
        silhouette=float(state.get("silhouette", DEFAULTS.silhouette)),
        merge=float(state.get("merge", DEFAULTS.merge)),
        share=str(state.get("share", DEFAULTS.share)),
        top_k=int(state.get("top_k", DEFAULTS.top_k)),
        cost=float(state.get("cost", DEFAULTS.cost)),
        routing=str(state.get("routing", DEFAULTS.routing)),
    )


def write(values: Values) -> None:
    """Move the controls."""
    held.put(**asdict(values))
