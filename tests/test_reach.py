"""What is far from the training queries: one definition, known to the router file alone."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_world
from refusals import refuses

import cascal
from cascal.artefact import ArtefactError, read_artefact, write_artefact
from cascal.explain import explain
from cascal.routing.reach import MIN_QUERIES, Reach, measured
from cascal.routing.reasons import caution_of, farther_than


@pytest.fixture(scope="module")
def training():
    votes, vectors, _ = make_world(400, seed=0)
    return votes, vectors


@pytest.fixture(scope="module")
def router(training):
    return cascal.fit(*training, n_jobs=1).router()


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_distance_by_hand():
    """Three queries east and one north: XᵀX = diag(3, 1), ridge 0.3 · 4 / 2 = 0.6."""
    rows = np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]])
    found = measured(rows)
    east, north = 1 / 3.6, 1 / 1.6
    usual = np.sqrt(east / (1 - east))
    assert found.distances(np.eye(2)) == pytest.approx(np.sqrt([east, north]) / usual, rel=1e-6)
    others = np.sqrt([east / (1 - east)] * 3 + [north / (1 - north)]) / usual
    assert found.limit == pytest.approx(np.quantile(others, 0.99))


def test_each_training_query_is_measured_by_the_others_alone():
    rows = unit(np.random.default_rng(0).normal(size=(60, 5)))
    found = measured(rows)
    ridge = 0.3 * 60 / 5 * np.eye(5)
    left_out = np.array(
        [row @ np.linalg.inv(rows.T @ rows - np.outer(row, row) + ridge) @ row for row in rows]
    )
    expected = np.sqrt(left_out / np.median(left_out))
    assert found.limit == pytest.approx(np.quantile(expected, 0.99))


def test_one_in_a_hundred_of_the_like_is_far_and_nonsense_is():
    random = np.random.default_rng(1)
    skills = random.normal(size=(6, 48))
    drawn = unit(skills[random.integers(6, size=12_000)] + 0.5 * random.normal(size=(12_000, 48)))
    found = measured(drawn[:2_000])
    assert (found.distances(drawn[2_000:]) > found.limit).mean() == pytest.approx(0.01, abs=0.006)
    assert (found.distances(drawn[:2_000]) > found.limit).mean() < 0.011
    assert (found.distances(unit(random.normal(size=(200, 48)))) > found.limit).mean() > 0.95


def test_a_trace_says_it_and_the_file_says_the_same(router, training, tmp_path):
    router.save(tmp_path / "r.cascal")
    loaded = cascal.Router.load(tmp_path / "r.cascal")
    odd = unit(np.random.default_rng(2).normal(size=(1, router.dimension)))[0]
    for vector, far in ((odd, True), (training[1].vectors[0], False)):
        trace = explain(loaded, vector)
        assert (trace.training_distance, trace.reach, trace.far) == (
            float(router.reach.distances(vector[None])[0]),
            router.reach.limit,
            far,
        )
        # A file holds no training queries, so only `nearby` is not known there.
        assert trace.nearby == ""
        assert replace(explain(router, vector), nearby="").to_dict() == trace.to_dict()
    said = explain(loaded, odd)
    far = f"{said.training_distance:.2f} times as far from the training queries as a usual one"
    assert far in said.caution
    last = f"farther than every one of them: at most {said.farthest:.2f} times."
    assert said.caution.endswith(last)
    assert said.within == 1.0
    stated = json.loads(json.dumps(said.to_dict(), allow_nan=False))
    assert (stated["far"], stated["caution"]) == (True, said.caution)


def test_a_distance_is_told_beside_those_of_the_training_queries(router, training):
    distances = router.reach.distances(training[1].vectors)
    found = [router.reach.share_within(float(one)) for one in np.sort(distances)]
    assert found == sorted(found)
    assert router.reach.share_within(router.reach.limit) == pytest.approx(0.99)
    assert router.reach.share_within(0.0) == 0.0
    usual = explain(router, training[1].vectors[np.argsort(distances)[len(distances) // 2]])
    assert 0.3 < usual.within < 0.6  # by itself it is nearer than the others measured it
    assert usual.remoteness == f"Its distance from the training queries: {farther(usual.within)}."


def farther(within):
    return f"farther than {100 * within:.0f} % of them"


@pytest.mark.parametrize(
    ("within", "said"),
    [(0.996, "99.6 % of them"), (0.9999, "99.9 % of them"), (1.0, "every one of them")],
)
def test_farther_than_all_is_said_of_none_but_the_farthest(within, said):
    assert farther_than(within) == f"farther than {said}"


def test_an_older_file_loads_and_nothing_is_said(router, tmp_path):
    router.save(tmp_path / "new.cascal")
    header, arrays = read_artefact(tmp_path / "new.cascal")
    del arrays["reach_levels"]
    write_artefact(tmp_path / "newer.cascal", header, arrays)
    newer = explain(cascal.Router.load(tmp_path / "newer.cascal"), np.eye(router.dimension)[0])
    assert (newer.far, newer.within, newer.remoteness) == (True, None, "")
    assert f"of them are within {newer.reach:.2f} times" in newer.caution
    del header["reach"], arrays["reach_precision"]
    write_artefact(tmp_path / "old.cascal", header, arrays)
    loaded = cascal.Router.load(tmp_path / "old.cascal")
    trace = explain(loaded, -np.ones(router.dimension) / np.sqrt(router.dimension))
    assert (trace.training_distance, trace.reach, trace.far, trace.caution) == (
        None,
        None,
        False,
        "",
    )
    loaded.save(tmp_path / "again.cascal")
    assert cascal.Router.load(tmp_path / "again.cascal").reach is None


@pytest.mark.parametrize("levels", [np.ones(3), np.linspace(2.0, 1.0, 110), np.full(110, -1.0)])
def test_a_file_with_unusable_levels_of_the_reach_is_refused(router, tmp_path, levels):
    router.save(tmp_path / "r.cascal")
    header, arrays = read_artefact(tmp_path / "r.cascal")
    assert len(arrays["reach_levels"]) == 110
    write_artefact(tmp_path / "r.cascal", header, arrays | {"reach_levels": levels})
    with refuses("damaged-file", "r.cascal", "reach", kind=ArtefactError):
        cascal.Router.load(tmp_path / "r.cascal")


@pytest.mark.parametrize(
    ("limit", "precision"), [("far", np.eye(24)), (1.5, np.eye(3)), (1.5, np.ones(24)), (1.5, None)]
)
def test_a_file_with_an_unusable_reach_is_refused(router, tmp_path, limit, precision):
    router.save(tmp_path / "r.cascal")
    header, arrays = read_artefact(tmp_path / "r.cascal")
    header["reach"] = limit
    del arrays["reach_precision"]
    if precision is not None:
        arrays["reach_precision"] = precision
    write_artefact(tmp_path / "r.cascal", header, arrays)
    with refuses("damaged-file", "r.cascal", "reach", kind=ArtefactError):
        cascal.Router.load(tmp_path / "r.cascal")


def test_no_threshold_changes_the_reach_and_few_queries_have_none(training):
    fitted = cascal.fit(*training, n_jobs=1)
    first = fitted.router().reach
    assert isinstance(first, Reach)
    other = fitted.router(cascal.Thresholds(min_silhouette=0.4, prune_jaccard=None))
    assert other.reach is first
    assert dataclasses.replace(other, costs=np.ones(len(other.models))).reach is first
    few = cascal.fit(*make_world(40, seed=0)[:2], n_jobs=1)
    assert len(few.query_ids) < MIN_QUERIES
    assert few.router().reach is None
    assert not explain(few.router(), few.vectors[0]).far
    assert measured(np.zeros((120, 4))) is None


def test_a_distance_just_beyond_the_reach_is_not_written_like_it():
    assert "within 1.28 times" not in caution_of(1.2841, 1.2812, 0.994)
    assert "1.533 times" in caution_of(1.5331, 1.28, 1.0, 1.5312)
    assert caution_of(1.5331, 1.28, 1.0, 1.5312).endswith("one of them: at most 1.531 times.")
    assert caution_of(1.2841, 1.2812, 0.994).endswith("and farther than 99.4 % of them.")
    assert "1.284 times as far" in caution_of(1.2841, 1.2812)
    assert "within 1.281 times" in caution_of(1.2841, 1.2812)
    assert "2.00 times as far" in caution_of(2.0, 1.28)
    assert "within 1.28 times" in caution_of(2.0, 1.28)
