"""Files that only their owner reads: texts, answers and routers say much about who made them."""

from __future__ import annotations

import os


def owner_only(path: str | os.PathLike[str], flags: int) -> int:
    """An opener for `open`: a file that is made gets the mode 0600; one that exists keeps its."""
    return os.open(path, flags, 0o600)
