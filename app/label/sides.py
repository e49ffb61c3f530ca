"""The settings that two sides of a question may have: the present ones, a preset, a saved run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from app import heeded, history, label_entry, session, shared_results, values
from cascal.dataset.saved_runs import state_of
from cascal.dataset.snapshot import Snapshot
from cascal.settings import PRESETS, FitSettings, Thresholds
from cascal.store import Run

PRESENT, PINNED = "present state", "pinned state"


@dataclass(frozen=True, eq=False, kw_only=True)
class Side:
    """One side: what it is called, its snapshot, and what a draw keeps of it.

    token : what names it in caches
    """

    name: str
    token: str
    snapshot: Callable[[], Snapshot]
    record: object


def runs() -> dict[str, Run]:
    """The saved runs of the present data set, by their names here."""
    name = session.dataset_name()
    saved = session.workspace().runs()
    return {label_entry.side_of_run(one.name): one for one in saved if one.dataset == name}


def names(saved: Mapping[str, Run]) -> list[str]:
    """All that can be a side."""
    return [PRESENT, PINNED, *PRESETS, *saved]


def other_preset() -> str:
    """The first preset that is not the present one."""
    now = values.present().preset
    return next(one for one in PRESETS if one != now)


def side(name: str, saved: Mapping[str, Run]) -> Side:
    """The side of a name; a preset is taken at the present thresholds."""
    if name in saved:
        return _saved(name, saved[name])
    if name in PRESETS:
        state = replace(values.present(), preset=name)
        return Side(name=name, token=name, snapshot=lambda: session.snapshot_at(state), record=name)
    state = history.pinned() if name == PINNED else values.present()
    return Side(
        name=state.preset if name == PRESENT else f"{PINNED} ({state.preset})",
        token=f"{name}:{state!r}",
        snapshot=lambda: heeded.at(session.snapshot_at(state)),
        record=_record(state.settings, state.thresholds),
    )


def _saved(name: str, run: Run) -> Side:
    settings, thresholds = state_of(run)
    return Side(
        name=name,
        token=f"{name}:{run.created_at.isoformat()}",
        snapshot=lambda: shared_results.reopened(run).snapshot,
        record=_record(settings, thresholds),
    )


def _record(settings: FitSettings, thresholds: Thresholds) -> dict[str, Any]:
    return {"settings": settings.record(), "thresholds": asdict(thresholds)}
