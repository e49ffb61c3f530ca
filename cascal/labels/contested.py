"""Which queries can tell two routers apart: where they ask different models that answer otherwise.

On every other query the difference is exactly 0, so that labels there are wasted.
"""

from __future__ import annotations

import numpy as np

from cascal.datatypes import BoolArray, CascalError, IntArray
from cascal.number_format import counted


def contested(
    first: IntArray, second: IntArray, answers: IntArray, judged: BoolArray | None = None
) -> BoolArray:
    """(Q,) True where two routers choose different models and these gave different answers.

    first, second (Q,) the chosen model of either as a column of answers (Q, M), NO_ANSWER where
    there is none; two missing answers are equal. judged (Q,) True where somebody outside judges
    responses, who may judge equal answers differently: there different models are enough.
    """
    rows = np.arange(len(answers))
    if first.shape != rows.shape or second.shape != rows.shape:
        raise CascalError(
            f"{first.shape} and {second.shape} choices do not belong to "
            f"{counted(len(answers), 'query')}.",
            code="wrong-shape",
        )
    differ = answers[rows, first] != answers[rows, second]
    if judged is not None:
        differ = differ | judged
    return np.asarray((first != second) & differ)
