"""Costly results that are computed once, by whichever thread asks first: the others wait for it.

`remembered` for results that belong to an object and are gone with it, `Latest` for the latest few.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import wraps
from threading import Lock, RLock
from typing import Concatenate, Generic, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner")
Result = TypeVar("Result")
Rest = ParamSpec("Rest")
Key = TypeVar("Key", bound=Hashable)


def remembered(
    make: Callable[Concatenate[Owner, Rest], Result],
) -> Callable[Concatenate[Owner, Rest], Result]:
    """Call `make` once for each first argument, which this keeps no longer alive than others do.

    For owners that are equal only to themselves. What else is given must follow from the owner,
    and the result must not refer to it. An exception is not remembered.
    """
    known: WeakKeyDictionary[Owner, Result] = WeakKeyDictionary()
    locks: WeakKeyDictionary[Owner, RLock] = WeakKeyDictionary()
    guard = Lock()

    @wraps(make)
    def once(owner: Owner, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
        if owner not in known:
            with guard:
                lock = locks.setdefault(owner, RLock())
            with lock:
                if owner not in known:
                    known[owner] = make(owner, *args, **kwargs)
        return known[owner]

    return once


@dataclass(eq=False)
class _Place(Generic[Result]):
    """Where one result is made and kept; empty until then."""

    lock: RLock = field(default_factory=RLock)
    made: list[Result] = field(default_factory=list)


class Latest(Generic[Key, Result]):
    """Call `make` once for each key and keep the `size` results that were asked for last.

    An exception is not kept: the next who asks, or waits, tries again.
    """

    def __init__(self, make: Callable[[Key], Result], size: int) -> None:
        self._make, self._size = make, size
        self._places: OrderedDict[Key, _Place[Result]] = OrderedDict()
        self._guard = Lock()

    def __call__(self, key: Key) -> Result:
        """Return the result of a key."""
        place = self._place(key)
        with place.lock:
            if not place.made:
                place.made.append(self._make(key))
        return place.made[0]

    def _place(self, key: Key) -> _Place[Result]:
        with self._guard:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            if len(self._places) > self._size:
                self._places.popitem(last=False)
        return place
