"""The forward pass of a BERT in numpy: token ids -> one vector a text, without torch.

The tokens of several texts lie in one array, none is padding: a text's vector depends on no
neighbour. numpy computes outside of Python's lock, so several threads do that at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cascal.datatypes import FloatArray, IntArray

_ERFC = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
_ERFC_SLOPE = 0.3275911


class Bert:
    """A network with absolute positions and exact GELU, and the mean over a text's last states.

    Weights by their name in a `BertModel` of the library transformers, float32 (out, in).

    Reference: Devlin et al. 2019, arXiv:1810.04805; mean pooling as in Reimers, Gurevych 2019,
    arXiv:1908.10084.
    """

    def __init__(self, weights: Mapping[str, FloatArray], n_heads: int, eps: float) -> None:
        self._weights = weights
        self._n_heads = n_heads
        self._eps = np.float32(eps)
        names = {name.split(".")[2] for name in weights if name.startswith("encoder.layer.")}
        self._layers = [f"encoder.layer.{number}" for number in range(len(names))]

    def vectors(self, texts: Sequence[Sequence[int]]) -> FloatArray:
        """Vectors (n, D) of n texts given as token ids, of which each has one or more."""
        lengths = np.array([len(ids) for ids in texts])
        starts = np.cumsum(lengths) - lengths
        states = self._embedded(
            np.concatenate([np.asarray(ids) for ids in texts]),
            np.concatenate([np.arange(length) for length in lengths]),
        )
        parts = [slice(start, start + n) for start, n in zip(starts, lengths, strict=True)]
        for layer in self._layers:
            states = self._after(layer, states, parts)
        sums = np.add.reduceat(states, starts, axis=0)
        return np.asarray(sums / lengths[:, None], dtype=np.float32)

    def _embedded(self, ids: IntArray, positions: IntArray) -> FloatArray:
        words, places, types = (
            self._weights[f"embeddings.{kind}_embeddings.weight"]
            for kind in ("word", "position", "token_type")
        )
        return self._normed("embeddings", words[ids] + places[positions] + types[0])

    def _after(self, layer: str, states: FloatArray, parts: Sequence[slice]) -> FloatArray:
        """The states that a layer makes of the states before it."""
        attended = self._linear(
            f"{layer}.attention.output.dense", self._attended(layer, states, parts)
        )
        attended += states
        states = self._normed(f"{layer}.attention.output", attended)
        inner = gelu(self._linear(f"{layer}.intermediate.dense", states))
        outer = self._linear(f"{layer}.output.dense", inner)
        outer += states
        return self._normed(f"{layer}.output", outer)

    def _attended(self, layer: str, states: FloatArray, parts: Sequence[slice]) -> FloatArray:
        """What every token takes from the tokens of its own text, all heads side by side."""
        queries, keys, values = (
            self._linear(f"{layer}.attention.self.{name}", states)
            for name in ("query", "key", "value")
        )
        queries *= np.float32(1.0 / math.sqrt(states.shape[1] // self._n_heads))
        mixed = np.empty_like(states)
        for part in parts:
            query, key, value, out = self._heads(part, queries, keys, values, mixed)
            shares = query @ key.transpose(0, 2, 1)
            shares -= shares.max(axis=2, keepdims=True)
            np.exp(shares, out=shares)
            shares /= shares.sum(axis=2, keepdims=True)
            out[...] = shares @ value
        return mixed

    def _heads(self, part: slice, *arrays: FloatArray) -> Iterator[FloatArray]:
        """Views (heads, tokens, width) of one text's rows."""
        for array in arrays:
            rows = array[part]
            yield rows.reshape(len(rows), self._n_heads, -1).transpose(1, 0, 2)

    def _linear(self, name: str, rows: FloatArray) -> FloatArray:
        out: FloatArray = rows @ self._weights[f"{name}.weight"].T
        out += self._weights[f"{name}.bias"]
        return out

    def _normed(self, name: str, rows: FloatArray) -> FloatArray:
        """Rows of mean 0 and variance 1, scaled and shifted; writes into `rows`."""
        rows -= rows.mean(axis=1, keepdims=True)
        variance = np.einsum("nd,nd->n", rows, rows)[:, None] / np.float32(rows.shape[1])
        rows /= np.sqrt(variance + self._eps)
        rows *= self._weights[f"{name}.LayerNorm.weight"]
        rows += self._weights[f"{name}.LayerNorm.bias"]
        return rows


def gelu(rows: FloatArray) -> FloatArray:
    """GELU, x Φ(x), of float32 numbers; writes into `rows`.

    Φ by formula 7.1.26 of Abramowitz, Stegun 1964, which is wrong by 1e-7 at most, about as much
    as float32 is; scipy's exact erf alone takes longer than the whole network.
    """
    size = np.abs(rows)
    steep = size * np.float32(math.sqrt(0.5))
    inverse = np.float32(1.0) / (steep * np.float32(_ERFC_SLOPE) + np.float32(1.0))
    tail = inverse * np.float32(_ERFC[-1])
    for factor in reversed(_ERFC[:-1]):
        tail += np.float32(factor)
        tail *= inverse
    np.multiply(steep, steep, out=steep)
    np.negative(steep, out=steep)
    tail *= np.exp(steep, out=steep)
    tail *= size
    tail *= np.float32(0.5)
    np.maximum(rows, 0.0, out=rows)
    rows -= tail
    return rows
