"""What is recorded of settings: equal to what older versions recorded, and read back whole."""

from __future__ import annotations

from dataclasses import asdict

import pytest

import cascal
from cascal.settings import PRESETS, FitSettings


@pytest.mark.parametrize("name", PRESETS)
def test_the_record_of_a_preset_is_what_it_was_before_joining_could_be_chosen(name):
    settings = FitSettings.preset(name)
    before = {key: value for key, value in asdict(settings).items() if key != "joining"}
    assert list(settings.record().items()) == list(before.items())


def test_a_record_is_read_back_whole_and_an_old_one_joins_by_sets():
    settings = FitSettings(consensus="pds_confidence", joining="sets_and_first", max_k=3)
    assert FitSettings.from_record(settings.record()) == settings
    old = {key: value for key, value in settings.record().items() if key != "joining"}
    assert FitSettings.from_record(old).joining == "sets"


def test_a_router_file_keeps_how_it_was_joined(world, tmp_path):
    votes, vectors, _ = world
    settings = FitSettings(consensus="pds_confidence", joining="sets_and_first")
    router = cascal.fit(votes, vectors, settings).router()
    router.save(tmp_path / "r.cascal")
    loaded = cascal.Router.load(tmp_path / "r.cascal")
    assert loaded.settings == settings
    assert (loaded.route(vectors).selected == router.route(vectors).selected).all()
