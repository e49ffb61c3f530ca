"""The values of the sidebar's controls: what they stand for, whatever a link carries."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import streamlit as st

from app import history, values
from app.values import DEFAULTS, Values
from cascal.settings import PRESETS, FitSettings, Thresholds


@pytest.fixture
def state(monkeypatch):
    """The state of a session, without a session."""
    held: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", held)
    return held


def test_the_defaults_are_those_of_the_library():
    assert DEFAULTS.thresholds == Thresholds()
    assert DEFAULTS.settings == FitSettings.preset("recommended")


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_looked_up_and_an_unknown_one_is_the_default(preset):
    assert Values(preset=preset).settings == PRESETS[preset]
    assert Values(preset="no such preset").settings == PRESETS[DEFAULTS.preset]
    assert Values(preset=preset, clusters="nonsense").settings == PRESETS[preset]
    assert Values(preset=preset, clusters="task").settings == replace(
        PRESETS[preset], clusters="task"
    )


def test_what_a_widget_holds_becomes_a_value_of_its_type(state):
    state.update(merge="0.2", top_k=2.0, cost=1)
    assert values.present() == Values(merge=0.2, top_k=2, cost=1.0)
    values.write(DEFAULTS)
    assert {name: state[name] for name in asdict(DEFAULTS)} == asdict(DEFAULTS)


def test_undo_goes_back_one_change_at_a_time_and_reset_can_be_undone(state):
    history.begin()
    state["merge"] = 0.3
    history.remember()
    history.change_to(Values(merge=0.3, top_k=1))
    history.reset()
    assert values.present() == DEFAULTS
    seen = []
    while history.can_undo():
        history.undo()
        seen.append(values.present())
    assert seen == [Values(merge=0.3, top_k=1), Values(merge=0.3), DEFAULTS]


def test_a_pinned_state_stays_while_the_controls_move(state):
    assert history.pinned() == DEFAULTS
    state["merge"] = 0.3
    history.pin()
    state["merge"] = 0.4
    assert history.pinned() == Values(merge=0.3)


@pytest.mark.parametrize("exact", [0.0673452, 0.06734521987, 0.5, 0.0, 0.07])
def test_a_value_finer_than_a_step_is_used_as_it_is(exact):
    thresholds = Values(silhouette=exact, merge=exact).thresholds
    assert (thresholds.min_silhouette, thresholds.merge_distance) == (exact, exact)
    assert values.values_of(FitSettings.preset("recommended"), thresholds) == Values(
        silhouette=exact, merge=exact
    )


def test_what_adding_steps_leaves_is_no_finer_value():
    assert Values(silhouette=0.1 + 0.2).thresholds == Values(silhouette=0.3).thresholds
