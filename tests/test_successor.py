"""A cluster is followed by its queries: the one that is most like it, or what it dissolved into."""

from __future__ import annotations

import numpy as np
import pytest

from cascal.dataset.successor import successor


def rows(*ends: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.arange(*end) for end in ends])


def assignment(*sizes: int) -> np.ndarray:
    """Clusters 0, 1, … of the given sizes, one after the other."""
    return np.repeat(np.arange(len(sizes)), sizes)


def test_a_cluster_that_stays_is_itself_under_another_number():
    found = successor(rows((10, 30)), assignment(10, 20, 5))
    assert found.cluster == 1
    assert found.same
    assert (found.kept, found.joined, found.into) == (20, 0, (1,))


def test_the_successor_shares_most_and_its_losses_and_gains_are_counted():
    found = successor(rows((2, 12)), assignment(10, 20))
    assert found.cluster == 0
    assert not found.same
    assert (found.n_members, found.kept, found.joined) == (10, 8, 2)
    assert found.into == (0, 1)
    assert found.holds(["A", "B"]) == "80 % of its queries and 2 others; the other 2 went to B (2)"


def test_of_many_clusters_that_hold_the_rest_three_are_named():
    found = successor(rows((0, 20)), assignment(12, 3, 2, 1, 1, 1))
    assert found.holds(list("ABCDEF")) == (
        "60 % of its queries; the other 8 went to B (3), C (2), D (1) and 2 more"
    )
    assert successor(rows((0, 10)), assignment(100)).holds(["A"]) == "all its queries and 90 others"


def test_a_cluster_that_is_swallowed_whole_is_the_one_that_swallowed_it():
    found = successor(rows((0, 10)), assignment(100))
    assert (found.cluster, found.kept, found.joined) == (0, 10, 90)


def test_a_larger_part_in_a_crowd_loses_against_a_cluster_of_its_own_kind():
    """60 of 100 went into a cluster of 1,060, 40 are all of another one: no majority for that."""
    found = successor(rows((0, 60), (1060, 1100)), assignment(1060, 40))
    assert found.cluster is None
    assert found.into == (0, 1)


@pytest.mark.parametrize("sizes", [(5, 5), (4, 3, 3)])
def test_without_a_majority_a_cluster_has_dissolved(sizes):
    found = successor(rows((0, 10)), assignment(*sizes))
    assert found.cluster is None
    assert found.into == tuple(range(len(sizes)))


def test_no_queries_have_no_successor():
    found = successor(rows((0, 0)), assignment(3))
    assert (found.cluster, found.into, found.same) == (None, (), False)
