"""A result is computed once for each object, and kept no longer than it."""

from __future__ import annotations

import gc
import pickle
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import make_world

import cascal
from cascal.computing.remembered import Latest, remembered
from cascal.settings import Thresholds


class Owner:
    """An object that is equal only to itself."""


def test_a_result_is_made_once_for_each_object():
    made = []

    @remembered
    def number(owner: Owner, factor: int) -> int:
        made.append(owner)
        return factor * len(made)

    first, second = Owner(), Owner()
    assert [number(one, 10) for one in (first, second, first)] == [10, 20, 10]
    assert made == [first, second]


def test_an_object_goes_although_its_result_was_remembered():
    number = remembered(lambda owner: 1)
    owner = Owner()
    assert number(owner) == 1
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_an_exception_is_raised_each_time():
    tries = []

    @remembered
    def fails(owner: Owner) -> int:
        tries.append(owner)
        raise ValueError("no")

    owner = Owner()
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            fails(owner)
    assert tries == [owner, owner]


def asked_at_once(work, n: int = 8) -> list:
    """What `n` threads get that call `work` at the same moment."""
    start = threading.Barrier(n)

    def ask(_: int) -> object:
        start.wait()
        return work()

    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(ask, range(n)))


def test_threads_that_ask_at_once_get_one_result():
    made = []

    @remembered
    def slow(owner: Owner) -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    owner = Owner()
    assert set(asked_at_once(lambda: slow(owner))) == set(made)
    assert len(made) == 1


def test_the_latest_results_are_kept_and_made_once_for_all_threads():
    made = []

    def slow(key: int) -> int:
        time.sleep(0.02)
        made.append(key)
        return 10 * key

    latest = Latest(slow, 2)
    assert asked_at_once(lambda: latest(1)) == [10] * 8
    assert [latest(key) for key in (2, 1, 3, 1, 2)] == [20, 10, 30, 10, 20]
    assert made == [1, 2, 3, 2]


def test_another_key_does_not_wait_for_one_that_is_being_made():
    begun, go_on = threading.Event(), threading.Event()

    def make(key: str) -> str:
        if key == "long":
            begun.set()
            assert go_on.wait(10)
        return key

    latest = Latest(make, 4)
    with ThreadPoolExecutor(1) as thread:
        long = thread.submit(latest, "long")
        assert begun.wait(10)
        assert latest("short") == "short"
        assert not long.done()
        go_on.set()
        assert long.result(10) == "long"


def test_who_waits_for_a_result_that_fails_tries_again():
    tries = []

    def fails_once(key: int) -> int:
        time.sleep(0.02)
        tries.append(key)
        if len(tries) == 1:
            raise ValueError("no")
        return key

    latest = Latest(fails_once, 2)

    def ask() -> int | None:
        try:
            return latest(5)
        except ValueError:
            return None

    found = asked_at_once(ask, 4)
    assert sorted(found, key=str) == [5, 5, 5, None]
    assert tries == [5, 5]


def test_what_is_remembered_of_moves_is_no_part_of_a_copy():
    votes, vectors, _ = make_world(n_queries=120)
    fitted = cascal.fit(votes, vectors)
    router = fitted.router(Thresholds(merge_distance=0.3))
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301 – made here
    again = copy.router(Thresholds(merge_distance=0.3))
    assert np.array_equal(again.clusters.centroids, router.clusters.centroids)
    assert np.array_equal(again.consensus_order, router.consensus_order)
