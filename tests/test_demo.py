"""The demo's skills are known, so the fit can be checked: clusters, winners, and what it gains."""

from __future__ import annotations

import numpy as np
import pytest

import cascal
from cascal import charts
from cascal.compare.contenders import contenders
from cascal.compare.gold_agreement import skill_alignment
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.demo import demo_folder, install_demo
from cascal.dataset.snapshot import compare, flip_pairs, flipped, take_snapshot
from cascal.diagnose.coherence import own_silhouettes
from cascal.simulate import SimulatedPool
from cascal.verdicts.verdict import verdict

SEPARATE = cascal.Thresholds(prune_jaccard=None)


@pytest.fixture(scope="session")
def workspace(demo_workspace) -> cascal.Workspace:
    return demo_workspace


@pytest.fixture(scope="session")
def study(demo) -> Dataset:
    return demo


@pytest.fixture(scope="session")
def fits(demo_fits):
    return demo_fits


def winners_found(study: Dataset, routes: cascal.Routes) -> int:
    """Skills whose test queries mostly go to the model that is truly best at them."""
    pool, skills = SimulatedPool(), np.array(study.test.skills)
    found = 0
    for skill in sorted(set(study.train.skills)):
        chosen = np.bincount(routes.selected[skills == skill, 0], minlength=len(routes.models))
        found += routes.models[int(chosen.argmax())] == pool.winner(skill)
    return found


def test_the_demo_is_small_simulated_and_installed_once(workspace):
    size = sum(file.stat().st_size for file in demo_folder().glob("*.parquet"))
    assert size < 15_000_000
    assert install_demo(workspace) == []
    for info in workspace.datasets():
        assert info.origin == "simulated"
        assert (info.n_train, info.n_test, info.n_models) == (5000, 2000, 8)
        assert workspace.encoders(info.name) == (("all-MiniLM-L6-v2", 7000, 384),)


def test_generated_answers_are_never_taken_for_truth(study):
    assert not study.train.has_gold
    assert study.test.has_gold
    assert study.simulated


@pytest.mark.parametrize(
    ("preset", "alignment"),
    [("recommended", 0.9), ("recommended-1", 0.9), ("released", 0.85), ("paper", 0.9)],
)
def test_clusters_match_the_known_skills_when_they_are_not_joined(study, fits, preset, alignment):
    router = fits[preset].router(SEPARATE)
    assert skill_alignment(router.clusters.assignment, study.train.skills).mean >= alignment


def test_joined_by_default_the_clusters_still_match_the_known_skills(study, fits):
    """The target of the paper; joining by the three best models alone hides skills."""

    def alignment(preset: str) -> float:
        router = fits[preset].router()
        return skill_alignment(router.clusters.assignment, study.train.skills).mean

    assert alignment("recommended") >= 0.70 > alignment("recommended-1")


@pytest.mark.parametrize(
    ("preset", "winners", "gain"),
    [
        ("recommended", 24, 0.07),
        ("recommended-1", 16, 0.03),
        ("released", 25, 0.07),
        ("paper", 32, 0.08),
    ],
)
def test_skills_go_to_the_right_winner_and_routing_pays(study, fits, preset, winners, gain):
    """40 skills. Where confidences are known, the presets that use them find more winners."""
    snapshot = take_snapshot(study, fits[preset], cascal.Thresholds())
    assert winners_found(study, snapshot.test_routes) >= winners
    said = verdict(snapshot.evaluation)
    assert said.light == "route"
    assert said.gain.low >= gain


def test_the_weak_generator_separates_the_models_less(workspace, study):
    weak = load_dataset(workspace, "demo-weak")

    def alike(votes: cascal.Votes) -> float:
        return float((votes.answers == votes.answers[:, :1]).all(axis=1).mean())

    assert alike(weak.train.votes) > 2 * alike(study.train.votes)


def test_a_snapshot_compared_with_itself_shows_no_change(study, fits):
    now = take_snapshot(study, fits["recommended"], cascal.Thresholds())
    same = compare(now, take_snapshot(study, fits["recommended"], cascal.Thresholds()))
    assert not same.flipped.any()
    assert same.gain.value == 0.0
    other = compare(
        now, take_snapshot(study, fits["recommended"], cascal.Thresholds(0.3, 0.5, 0.2))
    )
    assert other.clusters_after < other.clusters_before
    assert other.flipped_share == other.flipped.mean() > 0


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_pairs_of_flipped_models_are_counted(study, fits, split):
    now, other = (
        take_snapshot(study, fits["recommended"], thresholds)
        for thresholds in (cascal.Thresholds(), cascal.Thresholds(0.3, 0.5, 0.2))
    )
    pairs = flip_pairs(now, other, split)
    counts = [count for *_, count in pairs]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == flipped(now, other, split).sum() > 0
    old, new, count = pairs[0]
    names = now.router.models
    first = [one.routes(split).selected[:, 0] for one in (now, other)]
    both = (first[0] == names.index(old)) & (first[1] == names.index(new))
    assert both.sum() == count
    assert flip_pairs(now, now, split) == ()


def test_the_map_is_coloured_by_silhouette_and_by_the_skill_of_a_model(study, fits):
    now = take_snapshot(study, fits["recommended"], cascal.Thresholds())
    by = charts.colour_map(now, study, "train", "silhouette")
    assert np.array_equal(by.value, own_silhouettes(now), equal_nan=True)
    assert by.value_range[0] <= 0 < by.value_range[1] < 1
    assert np.isnan(charts.colour_map(now, study, "test", "silhouette").value).all()
    counsel, atlas = (
        charts.colour_map(now, study, "test", "skill", model) for model in ("elm-counsel", None)
    )
    assert counsel.title == "Estimated skill of elm-counsel"
    assert atlas.title == f"Estimated skill of {now.router.models[now.router.best_overall]}"
    assert counsel.value_range == atlas.value_range  # one scale for all models
    law = np.array(study.test.votes.tasks) == "law"
    assert counsel.value[law].mean() > counsel.value[~law].mean()


def test_the_oracle_bounds_every_contender(study, fits):
    now = take_snapshot(study, fits["recommended"], cascal.Thresholds())
    rows = contenders(now.evaluation, now.router, study.test)
    accuracy = {row.name: row.accuracy.value for row in rows}
    assert max(accuracy.values()) == accuracy["Oracle (any model right)"]
    assert accuracy["Plurality of all"] == 0.7695  # as in the comparison of all routers
    for row in rows:
        assert row.accuracy.low <= row.accuracy.value <= row.accuracy.high
