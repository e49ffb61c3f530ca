"""How tests look at a refusal: its code, and the names and numbers that must be in its sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cascal.datatypes import CascalError


@contextmanager
def refuses(
    code: str, *parts: object, kind: type[CascalError] = CascalError
) -> Iterator[pytest.ExceptionInfo[CascalError]]:
    """Expect a refusal with this code whose sentence holds every part; its wording is free."""
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.value.code == code
    for part in parts:
        assert str(part) in str(caught.value)
