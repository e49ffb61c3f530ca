"""Costly results that belong to an object: computed once for it, and gone with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner")
Result = TypeVar("Result")
Rest = ParamSpec("Rest")


def remembered(
    make: Callable[Concatenate[Owner, Rest], Result],
) -> Callable[Concatenate[Owner, Rest], Result]:
    """Call `make` once for each first argument, which this keeps no longer alive than others do.

    For owners that are equal only to themselves. What else is given must follow from the owner,
    and the result must not refer to it. An exception is not remembered.
    """
    known: WeakKeyDictionary[Owner, Result] = WeakKeyDictionary()

    @wraps(make)
    def once(owner: Owner, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
        if owner not in known:
            known[owner] = make(owner, *args, **kwargs)
        return known[owner]

    return once
