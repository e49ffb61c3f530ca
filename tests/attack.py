"""How many hostile inputs an attack sends: a fixed sample, or its full count."""

from __future__ import annotations

import os


def count(full: int, sample: int) -> int:
    """`full` where CASCAL_ATTACK=full (`make attack`), else `sample`."""
    return full if os.environ.get("CASCAL_ATTACK") == "full" else min(sample, full)
