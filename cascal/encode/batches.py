"""What every encoder is, and what all of ours share: batches, checks, counts."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import numpy as np

from cascal.datatypes import CascalError, FloatArray
from cascal.number_format import counted

if TYPE_CHECKING:
    from cascal.columns import Progress

_SURROGATES = re.compile("[\ud800-\udfff]")


class Encoder(Protocol):
    """Turns texts into unit vectors. Encoders with different ids are never mixed."""

    @property
    def id(self) -> str:
        """What vectors are stored under."""

    @property
    def dimension(self) -> int:
        """Number of dimensions D; 0 while unknown, which is before the first text."""

    @property
    def n_cut(self) -> int | None:
        """How many of this thread's last texts were longer than the model reads.

        None if the encoder cannot tell.
        """

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """Unit vectors (n, D) float32 of n texts."""


class BatchEncoder:
    """What all encoders share: batches sorted by length, a lock a batch, checks, counts."""

    batch = 128

    def __init__(self, encoder_id: str, dimension: int = 0) -> None:
        self.id = encoder_id
        self.dimension = dimension
        self._lock: AbstractContextManager[object] = threading.Lock()
        self._last = threading.local()

    @property
    def n_cut(self) -> int | None:
        """How many of this thread's last texts were longer than the model reads, None = unknown."""
        return getattr(self._last, "n_cut", 0)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """Unit vectors (n, D) float32 of n texts; CascalError where there are none."""
        self._last.n_cut = 0
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        parts, cuts = [], []
        for start in range(0, len(order), self.batch):
            with self._lock:
                part, cut = self._encode_batch([texts[row] for row in order[start:][: self.batch]])
                parts.append(self._checked(part))
            cuts.append(cut)
            tell(progress, min(start + self.batch, len(order)), len(order), "texts encoded")
        self._last.n_cut = total_cut(cuts)
        vectors = np.zeros((len(order), self.dimension), dtype=np.float32)
        if parts:
            vectors[order] = np.concatenate(parts)
        return vectors

    def _encode_batch(self, texts: list[str]) -> tuple[FloatArray, int | None]:
        raise NotImplementedError

    def _checked(self, vectors: FloatArray) -> FloatArray:
        self.dimension = self.dimension or vectors.shape[1]
        refuse_other_dimension(self.id, vectors.shape[1], self.dimension)
        wide = vectors.astype(np.float64)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise CascalError(
                f"Encoder {self.id!r} gave a vector of zeros, nan or infinite numbers. "
                "Choose another encoder, or leave out empty texts.",
                code="unusable-vector",
            )
        return np.asarray(wide / lengths, dtype=np.float32)


def readable(text: str) -> str:
    """A text that every tokenizer takes: half a surrogate pair is no character."""
    return _SURROGATES.sub("\ufffd", text)


def refuse_other_dimension(encoder_id: str, found: int, expected: int) -> None:
    """A changed encoder is never mixed with old vectors."""
    if found != expected:
        raise CascalError(
            f"Encoder {encoder_id!r} now gives {counted(found, 'dimension')}, but its earlier "
            f"vectors have {expected}: the model behind this name has changed. Delete its "
            "vectors, or name it differently.",
            code="changed-encoder",
        )


def total_cut(cuts: Sequence[int | None]) -> int | None:
    """Sum of the counts, None if any is unknown."""
    return None if None in cuts else sum(cut or 0 for cut in cuts)


def tell(progress: Progress | None, done: int, total: int, what: str) -> None:
    """Report a share and a sentence, if anybody listens."""
    if progress is not None:
        progress(done / max(total, 1), f"{done:,} of {total:,} {what}")
