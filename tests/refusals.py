"""How tests look at a refusal: its code, and the names and numbers that must be in its sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cascal.datatypes import CascalError


@contextmanager
def refuses(
    code: str, *parts: object, kind: type[CascalError] = CascalError
) -> Iterator[pytest.ExceptionInfo[CascalError]]:
    """Expect a refusal with this code whose sentence holds every part; its wording is free.

    A number must stand there whole: 1 is not found in 10, in 1.5 or in "q1".
    """
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.value.code == code
    sentence = str(caught.value)
    for part in parts:
        if isinstance(part, int | float):
            whole = rf"(?<![\w.,]){re.escape(str(part))}(?!\w|[.,]\d)"
            assert re.search(whole, sentence), (part, sentence)
        else:
            assert str(part) in sentence
