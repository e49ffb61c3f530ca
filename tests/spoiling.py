"""Files damaged at random places, by bytes that programs stumble over."""

from __future__ import annotations

import numpy as np

NASTY = [
    *(b"", b"\x00", b"\xff", b'"', b'""', b"'", b"\\", b"\\u0000", b"\\ud800", b",", b"\n", b"\r"),
    *(b"[", b"]", b"{", b"}", b"null", b"NaN", b"-Infinity", b"1e999", b"-9999", b"9" * 400),
    *(b"true", b"[]", b"{}", b'""', b"\xef\xbb\xbf", "é\u202e".encode(), b"\t", b"answer", b"B"),
    *(b"<think>", b"\\boxed{", b"1;2;3", b"=1+1", b"../../x", b"attachment://x", b"a" * 5_000),
]


def spoil(content: bytes, random: np.random.Generator) -> bytes:
    """A few bytes deleted, repeated, moved, replaced or put in; or the end cut off."""
    spoilt = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        start = int(random.integers(0, len(spoilt) + 1))
        end = min(len(spoilt), start + int(random.integers(0, 40)))
        nasty = NASTY[random.integers(len(NASTY))]
        what = random.integers(6)
        if what == 0:
            spoilt[start:end] = nasty
        elif what == 1:
            spoilt[start:start] = nasty
        elif what == 2:
            spoilt[start:start] = spoilt[start:end] * int(random.integers(1, 4))
        elif what == 3:
            del spoilt[start:end]
        elif what == 4:
            spoilt[start : start + 1] = bytes(random.integers(0, 256, 1, dtype=np.uint8))
        elif random.random() < 0.2:
            del spoilt[start:]
    return bytes(spoilt)
