"""How probable it was that a query was drawn, by any of several draws (docs/labels.md)."""

from __future__ import annotations

import numpy as np

from cascal.datatypes import BoolArray, CascalError, FloatArray, IntArray
from cascal.number_format import counted


def inclusion_probabilities(
    held: BoolArray, n_drawn: IntArray, n_frame: IntArray | None = None
) -> FloatArray:
    """(Q,) π = 1 − Π_d (1 − n_d/N_d) over the draws d whose frame holds the query, 0 without any.

    held (D, Q) whether the frame of a draw holds a query; n_drawn (D,) how many queries the draw
    took at random, without replacement; n_frame (D,) the size of the frame where it holds more
    than these queries. Draws are independent: a frame may hold what another draw took.
    """
    sizes = held.sum(axis=1) if n_frame is None else n_frame
    for drawn, size in zip(n_drawn.tolist(), sizes.tolist(), strict=True):
        if not 0 <= drawn <= size:
            raise CascalError(
                f"{counted(drawn, 'query')} cannot be drawn from a frame of {size}.",
                code="out-of-bounds",
            )
    shares = np.divide(n_drawn, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    return np.asarray(1.0 - np.where(held, 1.0 - shares[:, None], 1.0).prod(axis=0))
