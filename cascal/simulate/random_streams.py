"""Random draws that depend on what they are for, never on the order of calls."""

from __future__ import annotations

import hashlib
import random


def stream(*parts: object) -> random.Random:
    """Make a generator of random numbers from the parts, the same on every machine."""
    written = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(written.encode(), digest_size=16).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - no secret is drawn
