"""Outlines of clusters on the map."""

from __future__ import annotations

import numpy as np
import pytest

import cascal
from app.areas import areas
from app.map_component.spec import points_in_polygon
from cascal import charts
from cascal.charts.outlines import outline
from cascal.dataset.snapshot import Snapshot, take_snapshot


def crowd(centre: tuple[float, float], n: int = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(centre, 0.3, (n, 2))


@pytest.fixture(scope="module")
def snapshot(demo, demo_fits):
    return take_snapshot(demo, demo_fits["recommended"], cascal.Thresholds())


XY = np.concatenate([crowd((0, 0)), crowd((8, 0), seed=1), crowd((8, 6), seed=2)])
ALL = np.arange(len(XY))


def area_of(ring: np.ndarray) -> float:
    x, y = ring.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def test_an_outline_surrounds_its_points_and_no_others():
    rows = np.flatnonzero(ALL < 200)
    found = outline(XY, rows)
    (ring,) = found.rings
    inside = points_in_polygon(ring, XY[:, 0], XY[:, 1])
    assert set(inside) <= set(rows)
    assert len(inside) >= 0.97 * len(rows)
    assert area_of(ring) > 0
    assert np.hypot(*found.peak) < 0.6


def test_parts_that_lie_apart_have_a_ring_each_the_largest_first():
    rows = np.concatenate([ALL[:80], ALL[200:400]])
    rings = outline(XY, rows).rings
    assert [round(float(ring[:, 0].mean())) for ring in rings] == [8, 0]


def test_a_few_points_far_away_have_no_ring():
    rows = np.concatenate([ALL[:200], ALL[400:403]])
    assert len(outline(XY, rows).rings) == 1


def test_one_point_has_an_outline_and_none_has_not():
    assert len(outline(XY, np.array([3])).rings) == 1
    assert outline(XY, np.array([], dtype=int)) is None
    nowhere = np.concatenate([XY, [[np.nan, np.nan]]])
    assert outline(nowhere, np.array([len(XY)])) is None


def test_a_map_of_a_single_place_has_an_outline():
    assert len(outline(np.ones((5, 2)), np.arange(5)).rings) == 1


def test_a_cluster_around_a_hole_has_its_outer_ring_alone():
    turn = np.linspace(0, 2 * np.pi, 600)
    circle = 5 * np.column_stack([np.cos(turn), np.sin(turn)])
    (ring,) = outline(circle, np.arange(600)).rings
    assert area_of(ring) > np.pi * 25


def test_areas_have_the_colour_of_the_first_model_the_cluster_or_the_task(snapshot):
    router = snapshot.router
    tasks = tuple(sorted(router.tasks))
    by_model = areas(snapshot, "model", router.models)
    by_size = np.argsort(-router.clusters.sizes, kind="stable").tolist()
    assert len(by_model) == len(router.clusters)
    assert [one.code for one in by_model] == router.cluster_order[by_size, 0].tolist()
    assert [one.code for one in areas(snapshot, "cluster", ())] == by_size
    of_task = [tasks.index(router.tasks[router.clusters.task[c]]) for c in by_size]
    assert [one.code for one in areas(snapshot, "task", tasks)] == of_task
    assert {one.code for one in areas(snapshot, "margin", ())} == {-1}
    shares = [one.share for one in by_model]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0


def test_a_domain_is_the_clearest_task_of_a_model(snapshot):
    found = charts.domains(snapshot)
    routes, part = snapshot.routes("test"), snapshot.dataset.test
    assert len({one.model for one in found}) == len(found)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    for one in found:
        first = [
            routes.models[row[0]]
            for row, task in zip(routes.selected, part.votes.tasks, strict=True)
            if task == one.task
        ]
        assert one.share == first.count(one.model) / len(first) > 0.5
    rest = charts.rest_of_domains(snapshot, found)
    tasks = set(part.votes.tasks) - {one.task for one in found}
    others = [
        routes.models[row[0]]
        for row, task in zip(routes.selected, part.votes.tasks, strict=True)
        if task in tasks
    ]
    assert rest.n_tasks == len(tasks) > 0
    assert rest.share == max(others.count(one) for one in routes.models) / len(others)
    assert rest.share == others.count(rest.model) / len(others)
    every = [charts.Domain(model="m", task=one, share=1.0) for one in part.votes.tasks]
    assert charts.rest_of_domains(snapshot, every) is None


def test_what_is_said_of_a_cluster_is_kept_while_any_state_has_it(snapshot, monkeypatch):
    asked = []
    look = Snapshot.typical_texts

    def counted(self: Snapshot, cluster: int) -> tuple[str, ...]:
        asked.append(cluster)
        return look(self, cluster)

    monkeypatch.setattr(Snapshot, "typical_texts", counted)
    before = areas(snapshot, "cluster", ())
    asked.clear()
    again = take_snapshot(snapshot.dataset, snapshot.fit, snapshot.router.thresholds)
    assert [one.about for one in areas(again, "cluster", ())] == [one.about for one in before]
    assert asked == []
    moved = take_snapshot(snapshot.dataset, snapshot.fit, cascal.Thresholds(min_silhouette=1.0))
    after = areas(moved, "cluster", ())
    assert len(after) < len(before)
    assert asked
    for one in after:
        assert one.about.splitlines()[1:] == [f"– {text}" for text in look(moved, one.code)]
