"""How far a product in floating point may be from what it stands for."""

from __future__ import annotations

import numpy as np


def product_error(n_terms: int, dtype: np.dtype[np.floating], length: float = 1.0) -> float:
    """How far a product of a row and a unit vector may be from that in float64.

    |x| γ with γ = n·u / (1 − n·u), n = terms + 2, u = ε / 2: a sum of products in any order, of a
    vector that was rounded. 2 % more for lengths that are 1 to a thousandth and for the error in
    float64 itself.

    Reference: Higham 2002, Accuracy and Stability of Numerical Algorithms, § 3.1.
    """
    rounding = (n_terms + 2) * float(np.finfo(dtype).eps) / 2.0
    return 1.02 * length * rounding / (1.0 - rounding)
