"""Texts -> vectors: what is known is looked up, what is new is encoded in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cascal.columns import Progress
from cascal.datatypes import FloatArray
from cascal.encode.batches import Encoder, refuse_other_dimension, tell, total_cut
from cascal.provenance import text_hash

_CHUNK = 512


class Lookup(Protocol):
    """What `embed_texts` asks for vectors that exist already; a dict will do."""

    def get(self, key: str, /) -> FloatArray | None:
        """The vector of a text hash, or None."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Vectors of texts, in the order of the texts.

    hashes  : (n,) of the texts
    vectors : (n, D) float32 unit rows, the same for the same text
    n_new   : how many distinct texts had to be encoded
    n_cut   : how many of those were longer than the model reads; None if the encoder cannot tell
    """

    hashes: tuple[str, ...]
    vectors: FloatArray
    n_new: int
    n_cut: int | None


def embed_texts(
    encoder: Encoder,
    texts: Sequence[str],
    known: Lookup | None = None,
    sink: Callable[[list[str], FloatArray], None] | None = None,
    progress: Progress | None = None,
) -> Encoded:
    """Encode every distinct text once, unless `known` has its vector.

    After every 512 texts `sink(hashes, vectors)` is called, so an interruption keeps what was
    done. Vectors of another dimension than the known ones are refused before they reach the sink.
    """
    hashes = tuple(text_hash(text) for text in texts)
    distinct = dict(zip(hashes, texts, strict=True))
    vectors = _known_vectors(distinct, known)
    missing = [key for key in distinct if key not in vectors]
    dimension = len(next(iter(vectors.values()))) if vectors else encoder.dimension
    cuts: list[int | None] = []
    for start in range(0, len(missing), _CHUNK):
        keys = missing[start : start + _CHUNK]
        inner = _part_of(progress, start, len(keys), len(missing))
        fresh = encoder.encode([distinct[key] for key in keys], inner)
        cuts.append(encoder.n_cut)
        dimension = dimension or fresh.shape[1]
        refuse_other_dimension(encoder.id, fresh.shape[1], dimension)
        if sink is not None:
            sink(keys, fresh)
        vectors.update(zip(keys, fresh, strict=True))
    array = np.array([vectors[key] for key in hashes], np.float32).reshape(len(hashes), dimension)
    return Encoded(hashes, array, len(missing), total_cut(cuts))


def _known_vectors(keys: Iterable[str], known: Lookup | None) -> dict[str, FloatArray]:
    found = {} if known is None else {key: known.get(key) for key in keys}
    return {key: vector for key, vector in found.items() if vector is not None}


def _part_of(progress: Progress | None, start: int, size: int, total: int) -> Progress | None:
    """A progress that reports its share of one chunk as a share of the whole."""
    if progress is None:
        return None
    return lambda share, _: tell(progress, start + round(share * size), total, "texts encoded")
