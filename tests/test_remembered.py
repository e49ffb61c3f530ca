"""A result is computed once for each object, and kept no longer than it."""

from __future__ import annotations

import gc
import weakref

import pytest

from cascal.remembered import remembered


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
