"""Where a slider can change anything, and where it is dead."""

from __future__ import annotations

import numpy as np
import pytest

import cascal
from cascal.attainable import Reachable, merge_distance_steps, silhouette_steps
from cascal.clustering.merge import merge_steps


@pytest.mark.parametrize(
    ("steps", "counts", "live", "dead", "sentence"),
    [
        ([0.1, 0.15, 0.2], [0, 2, 1, 0], (0.1, 0.3), 0.5, "Nothing changes below 0.1 or above 0.3"),
        ([0.0, 0.05], [2, 0, 0, 0], (0.0, 0.1), 0.75, "Nothing changes above 0.1: 75 % of"),
        ([0.05, 0.39], [1, 0, 0, 1], (0.0, 0.4), 0.0, "Something can change along the whole"),
        ([-0.3, 0.4, 0.9], [0, 0, 0, 0], None, 1.0, "Nothing changes anywhere on this slider."),
        ([], [0, 0, 0, 0], None, 1.0, "Nothing changes anywhere on this slider."),
    ],
)
def test_steps_between_the_positions_of_a_slider(steps, counts, live, dead, sentence):
    reach = Reachable.of(np.array(steps), [0.0, 0.1, 0.2, 0.3, 0.4])
    assert reach.counts.tolist() == counts
    assert reach.live == live
    assert reach.dead_share == pytest.approx(dead)
    assert reach.sentence.startswith(sentence)


def test_steps_of_merges_worked_by_hand():
    """At 0°, 10° and 40°: 1 − cos 10°, then the mean of the first two at 5°: 1 − cos 35°."""
    angles = np.radians([0.0, 10.0, 40.0])
    centroids = np.column_stack([np.cos(angles), np.sin(angles)])
    first, second = merge_steps("closest_pair", centroids, np.ones(3, dtype=int))
    assert first == pytest.approx(1 - np.cos(np.radians(10)))
    assert second == pytest.approx(1 - np.cos(np.radians(35)))
    every = merge_steps("released", centroids, np.ones(3, dtype=int))
    assert every == pytest.approx(1 - np.cos(np.radians([10, 30, 40])))
    assert merge_steps("closest_pair", centroids[:1], np.ones(1, dtype=int)).tolist() == []


def test_one_cluster_a_task_has_no_steps(world):
    votes, vectors, _ = world
    fit = cascal.fit(votes, vectors).one_cluster_a_task()
    assert silhouette_steps(fit).tolist() == []
    assert merge_distance_steps(fit, 0.0).tolist() == []


def test_silhouette_steps_are_those_where_a_number_of_clusters_changes(world):
    votes, vectors, _ = world
    fit = cascal.fit(votes, vectors)
    steps = silhouette_steps(fit)
    assert len(steps) > 2

    def total(level: float) -> int:
        return sum(int(task.chosen_k(level).sum()) for task in fit.by_task)

    for step in np.unique(steps):
        assert total(step) > total(np.nextafter(step, 2))
    assert total(-1.0) == total(steps[0])


@pytest.mark.parametrize(
    ("position", "band"),
    [(0.0, (0.0, 0.1)), (0.1, (0.0, 0.1)), (0.2, (0.2, 0.2)), (0.3, (0.3, 0.4)), (0.4, (0.3, 0.4))],
)
def test_the_band_around_a_position_ends_where_something_changes(position, band):
    reach = Reachable.of(np.array([0.15, 0.25]), [0.0, 0.1, 0.2, 0.3, 0.4])
    assert reach.band(position) == band
