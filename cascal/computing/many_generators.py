"""The numbers of many of NumPy's default generators at once: to make each takes 10 µs.

`np.random.default_rng(seed)` is PCG64 (O'Neill 2014, XSL-RR 128/64) begun by a `SeedSequence`. Both
keep their stream for ever (NEP 19), so that the same steps over arrays give the same bits; a test
compares them. Numbers of 128 bits are pairs (high, low) of uint64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Words = NDArray[np.uint32]
_Halves = NDArray[np.uint64]
_Pair = tuple[_Halves, _Halves]

_POOL = 4
_MULTIPLIER = (np.uint64(0x2360ED051FC65DA4), np.uint64(0x4385DF649FCCF645))
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def uniform_rows(seeds: _Halves, n_columns: int) -> NDArray[np.float64]:
    """(n, n_columns) row i is `np.random.default_rng(seeds[i]).random(n_columns)`."""
    high, low, stream_high, stream_low = _seeded(seeds)
    one = np.uint64(1)
    step = (stream_high << one) | (stream_low >> np.uint64(63)), (stream_low << one) | one
    state = _advance(_sum(step, (high, low)), step)
    drawn = np.empty((len(seeds), n_columns))
    for column in range(n_columns):
        state = _advance(state, step)
        drawn[:, column] = (_mixed(state) >> np.uint64(11)) * 2.0**-53
    return drawn


def _seeded(seeds: _Halves) -> tuple[_Halves, ...]:
    """Four numbers a seed: what `SeedSequence(seed).generate_state(4, np.uint64)` gives."""
    words = [(seeds & _LOW).astype(np.uint32), (seeds >> _HALF).astype(np.uint32)]
    words += [np.zeros_like(words[0])] * (_POOL - len(words))
    hashed = _Hash(0x43B0D7E5, 0x931E8875)
    pool = [hashed(word) for word in words]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = _mix(pool[target], hashed(pool[source]))
    hashed = _Hash(0x8B51F9DD, 0x58F38DED)
    state = [hashed(pool[place % _POOL]).astype(np.uint64) for place in range(2 * _POOL)]
    return tuple(low | (high << _HALF) for low, high in zip(state[::2], state[1::2], strict=True))


class _Hash:
    """The multiplicative hash of `SeedSequence`, whose constant changes with every use."""

    def __init__(self, first: int, factor: int) -> None:
        self._constant, self._factor = first, factor

    def __call__(self, words: _Words) -> _Words:
        words = words ^ np.uint32(self._constant)
        self._constant = self._constant * self._factor & 0xFFFFFFFF
        words = words * np.uint32(self._constant)
        return words ^ (words >> np.uint32(16))


def _mix(one: _Words, other: _Words) -> _Words:
    mixed = np.uint32(0xCA01F9DD) * one - np.uint32(0x4973F715) * other
    return mixed ^ (mixed >> np.uint32(16))


def _sum(one: _Pair, other: _Pair) -> _Pair:
    low = one[1] + other[1]
    return one[0] + other[0] + (low < one[1]), low


def _advance(state: _Pair, step: _Pair) -> _Pair:
    """State · multiplier + step, modulo 2^128."""
    (high, low), (factor_high, factor_low) = state, _MULTIPLIER
    low_0, low_1 = low & _LOW, low >> _HALF
    factor_0, factor_1 = factor_low & _LOW, factor_low >> _HALF
    middle = low_1 * factor_0 + (low_0 * factor_0 >> _HALF)
    other = low_0 * factor_1 + (middle & _LOW)
    carried = low_1 * factor_1 + (middle >> _HALF) + (other >> _HALF)
    return _sum((high * factor_low + low * factor_high + carried, low * factor_low), step)


def _mixed(state: _Pair) -> _Halves:
    """The 64 bits that a state gives: high and low half combined, rotated by the highest six."""
    both, turn = state[0] ^ state[1], state[0] >> np.uint64(58)
    left: _Halves = both << ((np.uint64(64) - turn) & np.uint64(63))
    return left | (both >> turn)
