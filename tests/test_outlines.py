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


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_domain_is_a_task_with_the_model_that_gets_most_of_it(snapshot, split):
    routes, part = snapshot.routes(split), snapshot.dataset.part(split)
    rows = np.arange(0, len(part), 3)
    for some in (None, rows):
        found = charts.domains(snapshot, split, some)
        counted = np.arange(len(part)) if some is None else some
        assert {one.task for one in found} == {part.votes.tasks[row] for row in counted}
        assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
        for one in found:
            of_task = [row for row in counted if part.votes.tasks[row] == one.task]
            first = [routes.models[routes.selected[row, 0]] for row in of_task]
            assert one.share == first.count(one.model) / len(first)
            assert first.count(one.model) == max(first.count(name) for name in routes.models)


def test_the_headline_of_a_choice_says_what_others_get(snapshot):
    routes = snapshot.routes("train")
    first = [np.flatnonzero(routes.selected[:, 0] == at) for at in range(len(routes.models))]
    most = sorted(range(len(first)), key=lambda at: -len(first[at]))[:3]
    names = [routes.models[at] for at in most]

    def said(*counts: int) -> str:
        rows = np.concatenate([first[at][:n] for at, n in zip(most, counts, strict=True)])
        return charts.map_title(snapshot, "train", "model", rows, chosen=True)

    begins = f"Of 200 chosen queries, 60 % go to {names[0]}"
    assert said(120, 60, 20) == f"{begins}, 30 % to {names[1]} and 10 % to 1 other"
    begins = f"Of 301 chosen queries, 66 % go to {names[0]}"
    assert said(200, 100, 1) == f"{begins}, 33 % to {names[1]} and few to 1 other"


def test_the_headline_of_models_counts_what_is_drawn(snapshot):
    part = snapshot.dataset.train
    rows = np.arange(len(part))
    found = charts.domains(snapshot, "train", rows)
    own = [one for one in found if one.share > 0.5]
    title = charts.map_title(snapshot, "train", "model", rows)
    assert f"{own[0].task} to {own[0].model}" in title
    of_one = np.flatnonzero(np.array(part.votes.tasks) == own[0].task)
    alone = charts.map_title(snapshot, "train", "model", of_one)
    assert own[0].model in alone
    chosen = charts.map_title(snapshot, "train", "model", of_one, chosen=True)
    assert chosen.startswith(f"Of {len(of_one):,} chosen queries, ")
    assert f" % go to {own[0].model}" in chosen
    few = charts.map_title(snapshot, "train", "agreement", of_one, chosen=True)
    assert few.startswith("Chosen: the models disagree on ")
    assert alone.startswith(f"{own[0].task} goes mostly to {own[0].model}, with ")
    none = charts.map_title(snapshot, "train", "model", of_one[:0], chosen=True)
    assert none == "No query meets all that is chosen"
    assert "task" not in alone.partition(":")[2]  # one task: the shares of its queries
    route = snapshot.train_routes
    same = np.flatnonzero(route.selected[:, 0] == route.selected[0, 0])
    first = route.models[route.selected[0, 0]]
    assert charts.map_title(snapshot, "train", "model", same) == f"{first} is asked for all queries"


def test_every_colouring_has_a_headline_of_its_own_that_counts(snapshot):
    rows = np.arange(len(snapshot.dataset.train))
    titles = {by: charts.map_title(snapshot, "train", by, rows) for by in charts.COLOUR_TITLES}
    assert len(set(titles.values())) == len(titles)
    n, n_clusters = f"{len(rows):,} queries", len(snapshot.router.clusters)
    assert titles["cluster"].startswith(f"{n_clusters} skill clusters: the largest is ")
    assert titles["task"].startswith(f"{len(set(snapshot.dataset.train.votes.tasks))} tasks: the")
    for by in ("cluster", "task", "agreement"):
        assert n in titles[by]
    assert titles["silhouette"].endswith("of its own")
    best = snapshot.router.models[0]
    skill = charts.map_title(snapshot, "train", "skill", rows, model=best)
    assert skill.startswith(f"{best} is strongest in ")
    column = snapshot.routes("train").scores[:, 0]
    tasks = np.array(snapshot.dataset.train.votes.tasks)
    means = {task: column[tasks == task].mean() for task in set(tasks.tolist())}
    assert f"strongest in {max(means, key=means.get)}: " in skill
    assert f"weakest in {min(means, key=means.get)}: " in skill
    tested = charts.map_title(snapshot, "test", "correct", np.arange(len(snapshot.dataset.test)))
    right = snapshot.evaluation.top1_accuracy
    assert tested.startswith(f"The first model is right on {right:.0%}".replace("%", " %"))


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
