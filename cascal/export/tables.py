"""What every target shares: finite numbers, and files that appear whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from cascal.datatypes import CascalError
from cascal.routing.route import Router

ONLY_NEAREST = (
    "The nearest cluster decides alone, by what this router picks at its centre: between centres "
    "nothing is blended, and the task stage and the fallback to the global ranking are left out."
)


def check_finite(router: Router) -> None:
    """Refuse a router with nan, which no JSON reader takes."""
    arrays = (router.scores_alone, router.clusters.centroids, router.rankings.overall)
    if not all(np.isfinite(one).all() for one in arrays):
        raise CascalError(
            "The router holds nan or infinite numbers. Fit it again.", code="unusable-vector"
        )


def as_json(value: object) -> bytes:
    """JSON, the same for the same value on every machine."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    if path.is_dir():
        raise CascalError(f"{path} is a folder. Name a file to write.", code="wrong-path")
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)
