"""The hash that names a text: what its vector is stored and looked up under."""

from __future__ import annotations

import hashlib


def text_hash(text: str) -> str:
    """The first 32 hex digits of the SHA-256 of a text's UTF-8 bytes.

    The workspace computes the same in SQL. A lone surrogate, which no valid UTF-8 holds and no
    workspace stores, counts as the three bytes it would have.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
