"""Texts -> vectors in batches, each handed on as soon as it is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cascal.columns import Progress
from cascal.datatypes import FloatArray
from cascal.encode.batches import Encoder, total_cut
from cascal.number_format import counted, duration

BATCH = 512
"""So many texts are encoded before they are handed on: what a kill costs at most."""

Sink = Callable[[list[str], FloatArray], None]
"""Takes the hashes (n) and vectors (n, D) of a batch."""


@dataclass(frozen=True)
class Encoded:
    """What was done.

    n_new : texts that were encoded
    n_cut : how many of them were longer than the model reads; None if the encoder cannot tell
    """

    n_new: int
    n_cut: int | None


def embed_texts(
    encoder: Encoder,
    texts: Mapping[str, str],
    sink: Sink,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Encoded:
    """Encode texts, given by their hashes, in order; no vector is kept here.

    After every `BATCH` texts the sink gets their vectors, so an interruption keeps what was done.
    `progress` is told how long the rest will take at the pace so far.
    """
    keys = list(texts)
    pace = _Pace(len(keys), progress, clock)
    cuts: list[int | None] = []
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        vectors = encoder.encode([texts[key] for key in batch], pace.inner(start, len(batch)))
        cuts.append(encoder.n_cut)
        sink(batch, vectors)
    return Encoded(len(keys), total_cut(cuts))


class _Pace:
    """Tells how many of the texts are encoded, and how long the rest will take.

    The pace counts from the first report on: before it the encoder was being loaded.
    """

    def __init__(self, total: int, progress: Progress | None, clock: Callable[[], float]) -> None:
        self._total = total
        self._progress = progress
        self._clock = clock
        self._first: tuple[int, float] | None = None

    def inner(self, start: int, size: int) -> Progress | None:
        """The progress of one batch: its share as a share of the whole."""
        if self._progress is None:
            return None
        return lambda share, _: self._tell(start + round(share * size))

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            sentence = f"{done:,} of {counted(self._total, 'text')} encoded{self._left(done)}"
            self._progress(done / self._total, sentence)

    def _left(self, done: int) -> str:
        now = self._clock()
        if self._first is None:
            self._first = (done, now)
        then, begun = self._first
        if done in (then, self._total):
            return ""
        return f", {duration((self._total - done) * (now - begun) / (done - then))} left"
