"""One thread for linear algebra while a block runs."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _thread_pools(with_scipy: bool) -> ThreadpoolController:
    """The BLAS libraries of this process; scipy has one of its own, found once it is loaded."""
    return ThreadpoolController()


def one_blas_thread(*, numpy_alone: bool = False) -> AbstractContextManager[object]:
    """Two BLAS threads on matrices as small as ours are slower than one, and round otherwise.

    `numpy_alone` spares what computes with numpy's BLAS the time to load scipy's.
    """
    if not numpy_alone:
        import scipy.linalg  # noqa: F401
    return _thread_pools("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas")
