"""Vectors of the simulated embeddings endpoint: signed feature hashing of words and word pairs.

Reference: Weinberger et al. 2009, arXiv:0902.2206.
"""

from __future__ import annotations

import base64
import math
import re
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

DIMENSION = 256
"""Dimensions of every vector."""

EMBEDDING_MODEL = "hashing"
_WORD = re.compile(r"\w+")
_SPREAD = 2654435761  # crc32 alone is linear: similar words would collide


def hashed_vector(text: str) -> list[float]:
    """The unit vector of a text; it depends on the text alone."""
    words = [word.encode("utf-8", "surrogatepass") for word in _WORD.findall(text.lower())]
    vector = [0.0] * DIMENSION
    for feature in (*words, *(b" ".join(pair) for pair in pairwise(words))):
        mixed = zlib.crc32(feature) * _SPREAD & 0xFFFFFFFF
        vector[mixed >> 24] += 1.0 if mixed & (1 << 23) else -1.0
    length = math.sqrt(math.fsum(value * value for value in vector))
    if not length:  # no word at all, or all cancelled out
        vector[zlib.crc32(text.encode("utf-8", "surrogatepass")) % DIMENSION] = 1.0
        return vector
    return [value / length for value in vector]


def embeddings_body(texts: Sequence[str], *, coded: bool) -> dict[str, Any]:
    """The body of an answer to /v1/embeddings; `coded` writes vectors as base64 of float32."""
    data = [
        {"object": "embedding", "index": row, "embedding": _written(hashed_vector(text), coded)}
        for row, text in enumerate(texts)
    ]
    n_tokens = sum(len(_WORD.findall(text)) for text in texts)
    usage = {"prompt_tokens": n_tokens, "total_tokens": n_tokens}
    return {"object": "list", "model": EMBEDDING_MODEL, "data": data, "usage": usage}


def _written(vector: list[float], coded: bool) -> list[float] | str:
    if not coded:
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
