"""What is recorded of settings: equal to what older versions recorded, and read back whole."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from refusals import refuses

import cascal
from cascal.settings import PRESETS, FitSettings

OLDER = [name for name, settings in PRESETS.items() if settings.joining == "sets"]


@pytest.mark.parametrize("name", OLDER)
def test_the_record_of_a_preset_is_what_it_was_before_more_could_be_chosen(name):
    settings = FitSettings.preset(name)
    later = ("joining", "clusters", "sample")
    before = {key: value for key, value in asdict(settings).items() if key not in later}
    assert list(settings.record().items()) == list(before.items())


def test_a_record_is_read_back_whole_and_an_old_one_joins_by_sets():
    settings = FitSettings(consensus="pds_confidence", joining="sets_and_first", max_k=3)
    assert FitSettings.from_record(settings.record()) == settings
    old = {key: value for key, value in settings.record().items() if key != "joining"}
    assert FitSettings.from_record(old).joining == "sets"


def test_what_the_first_version_recorded_is_read_as_the_first_version():
    recorded = {
        "consensus": "pds",
        "strong": "probable",
        "merge": "closest_pair",
        "ranking": "shrunken",
        "routing": {"kind": "blend", "margin": 0.01, "across_tasks": True},
        "min_agreement": 0.5,
        "max_k": 5,
        "seed": 0,
    }
    settings = FitSettings.from_record(recorded)
    assert settings == FitSettings.preset("recommended-1")
    assert (settings.name, FitSettings().name) == ("recommended-1", "recommended")


def test_one_cluster_a_task_is_recorded_and_an_old_record_has_skill_clusters():
    settings = FitSettings(clusters="task")
    assert FitSettings.from_record(settings.record()) == settings
    assert FitSettings.from_record(FitSettings().record()).clusters == "skills"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_with_one_cluster_a_task_keeps_its_name(name):
    settings = replace(FitSettings.preset(name), clusters="task")
    assert settings.preset_name == FitSettings.preset(name).name == name
    assert settings.name == f"{name}, one cluster a task"
    assert replace(settings, max_k=2).name == "custom, one cluster a task"
    with pytest.raises(cascal.CascalError, match="skills, task"):
        replace(settings, clusters="tasks")


def test_a_router_file_keeps_how_it_was_joined(world, tmp_path):
    votes, vectors, _ = world
    settings = FitSettings(consensus="pds_confidence", joining="sets_and_first")
    router = cascal.fit(votes, vectors, settings).router()
    router.save(tmp_path / "r.cascal")
    loaded = cascal.Router.load(tmp_path / "r.cascal")
    assert loaded.settings == settings
    assert (loaded.route(vectors).selected == router.route(vectors).selected).all()


@pytest.mark.parametrize("preset", ["recommended", "recommended-1"])
def test_a_router_file_keeps_what_was_learnt_about_confidences(world, tmp_path, preset):
    votes, vectors, _ = world
    fit = cascal.fit(votes, vectors, FitSettings.preset(preset))
    router = fit.router()
    router.save(tmp_path / "r.cascal")
    learnt = cascal.Router.load(tmp_path / "r.cascal").learnt
    if preset == "recommended-1":
        assert learnt is None
        assert router.learnt is None
        return
    assert learnt.shared == fit.learnt.shared
    for name, values in fit.learnt.per_model.items():
        np.testing.assert_array_equal(learnt.per_model[name], values)
    n_queries, n_models = votes.shape
    turned = votes.take(np.arange(n_queries), np.arange(n_models)[::-1])
    np.testing.assert_array_equal(cascal.fit(turned, vectors).learnt.slope, learnt.slope[::-1])


def test_a_router_file_whose_confidences_are_of_other_models_is_refused(world, tmp_path):
    votes, vectors, _ = world
    router = cascal.fit(votes, vectors).router()
    fewer = router.learnt.take(np.arange(2))
    replace(router, learnt=fewer).save(tmp_path / "r.cascal")
    with refuses("damaged-file", "r.cascal", 5):
        cascal.Router.load(tmp_path / "r.cascal")
