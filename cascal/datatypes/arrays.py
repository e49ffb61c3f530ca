"""Arrays by what they hold, and those that nobody may write to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view of the array that refuses to be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
