"""What the parts of a router file must be, so that no query can meet a router that fails.

A checksum says that a file is as it was written, not that what was written is a router.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascal.datatypes import CascalError
from cascal.number_format import counted
from cascal.results import LEARNT_PER_MODEL

_UNIT = 1e-3
"""How far the length of a stored unit vector may be from 1."""
_LARGEST = 1e12
"""No score, cost or log-probability is larger; beyond it sums of products could overflow."""


@dataclass(frozen=True, kw_only=True)
class _Array:
    """One array: its axes by letter, kind and bounds.

    axes : M models, T tasks, C clusters, D dimensions, Q queries, L levels of the reach
    least, most : a number, or the name of an axis whose length the values stay below
    """

    axes: str
    whole: bool = False
    least: float = -_LARGEST
    most: float | str = _LARGEST
    nan: bool = False
    optional: bool = False


_SCORES = _Array(axes="CM")
_PER_MODEL = _Array(axes="M", nan=True)
_ARRAYS: dict[str, _Array] = {
    "centroids": _Array(axes="CD"),
    "cluster_task": _Array(axes="C", whole=True, least=0, most="T"),
    "support": _Array(axes="C", whole=True, least=0),
    "assignment": _Array(axes="Q", whole=True, least=0, most="C"),
    "owner": _Array(axes="C", whole=True, least=-1, most="M"),
    "scores": _SCORES,
    "mean_scores": _SCORES,
    "standard_error": _Array(axes="CM", least=0.0, nan=True),
    "trust": _SCORES,
    "order": _Array(axes="CM", whole=True, least=0, most="M"),
    "overall": _Array(axes="M"),
    "representatives": _Array(axes="TD"),
    "center": _PER_MODEL,
    "spread": _Array(axes="M", least=0.0, nan=True),
    "costs": _Array(axes="M", least=0.0, nan=True, optional=True),
    "reach_precision": _Array(axes="DD", optional=True),
    "reach_levels": _Array(axes="L", least=0.0, optional=True),
    **{f"learnt_{name}": _Array(axes="M", nan=True, optional=True) for name in LEARNT_PER_MODEL},
}


_OF_SCORES: dict[str, _Array] = {
    "center": _Array(axes="D"),
    "weights": _Array(axes="DM"),
    "means": _Array(axes="M"),
}
"""The arrays of a router by scores."""


def check_parts(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a header and arrays of a router file that do not fit together: CascalError.

    KeyError where a part is missing.
    """
    sizes = {
        "M": _n_names(header["models"], "models"),
        "T": _n_names(header["tasks"], "tasks"),
        "D": header["dimension"],
    }
    _check_texts(header)
    for name in ("thresholds", "settings"):
        if not isinstance(header[name], Mapping):
            raise CascalError(f"Its {name} are no mapping.", code="malformed-value")
    if not _are_texts(header["notes"]):
        raise CascalError("Its notes are no list of texts.", code="malformed-value")
    _check_arrays(arrays, _ARRAYS, sizes)
    for name in ("centroids", "representatives"):
        _check_lengths(name, arrays[name])
    if not (np.sort(arrays["order"], axis=1) == np.arange(sizes["M"])).all():
        raise CascalError("A row of order does not name each model once.", code="wrong-shape")
    if missing := set(range(sizes["T"])) - set(arrays["cluster_task"].tolist()):
        raise CascalError(
            f"Task {header['tasks'][min(missing)][:80]!r} has no cluster.", code="wrong-shape"
        )


def check_score_parts(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """The same for a router by scores."""
    _check_texts(header)
    if not isinstance(header["n_scored"], int) or not isinstance(header["scored_by"], str):
        raise CascalError(
            "It does not say how many queries were scored by whom.", code="malformed-value"
        )
    _check_arrays(arrays, _OF_SCORES, {"M": _n_names(header["models"], "models")})


def _check_texts(header: Mapping[str, Any]) -> None:
    for name in ("encoder", "fingerprint"):
        if not isinstance(header[name], str):
            raise CascalError(f"Its {name} is no text.", code="malformed-value")


def _check_arrays(
    arrays: Mapping[str, NDArray[Any]], wanted: Mapping[str, _Array], sizes: dict[str, int]
) -> None:
    for name, kind in wanted.items():
        if not kind.optional or name in arrays:
            _check_array(name, arrays[name], kind, sizes)


def _are_texts(value: object) -> bool:
    return isinstance(value, Sequence) and all(isinstance(one, str) for one in value)


def _n_names(names: object, what: str) -> int:
    """How many names a list holds, each once."""
    if not isinstance(names, list) or not names or not _are_texts(names):
        raise CascalError(f"Its {what} are no list of names.", code="malformed-value")
    if len(set(names)) < len(names):
        raise CascalError(f"Its {what} hold a name twice.", code="duplicate-id")
    return len(names)


def _check_array(name: str, array: NDArray[Any], wanted: _Array, sizes: dict[str, int]) -> None:
    """Kind, shape and range of one array; an axis that is met first gets its size here."""
    if array.dtype.kind not in ("iu" if wanted.whole or name == "learnt_n_known" else "f"):
        kind = "whole numbers" if wanted.whole else "floating-point numbers"
        raise CascalError(f"{name} holds {array.dtype}, not {kind}.", code="wrong-shape")
    if array.ndim == len(wanted.axes):
        for axis, length in zip(wanted.axes, array.shape, strict=True):
            sizes.setdefault(axis, length)
    shape = tuple(sizes.get(axis) for axis in wanted.axes)
    if array.shape != shape:
        raise CascalError(
            f"{name} has the shape {array.shape}, not {shape}: it does not belong to the "
            f"{counted(sizes['M'], 'model')} and the other arrays.",
            code="wrong-shape",
        )
    below = sizes[wanted.most] - 1 if isinstance(wanted.most, str) else wanted.most
    known = (array[~np.isnan(array)] if wanted.nan else array).astype(np.float64)
    if not ((known >= wanted.least) & (known <= below)).all():  # nan compares as False
        raise CascalError(
            f"{name} holds a number outside {wanted.least:g} … {below:g}.", code="out-of-bounds"
        )


def _check_lengths(name: str, rows: NDArray[Any]) -> None:
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(rows, axis=1)
    if not (np.abs(lengths - 1.0) <= _UNIT).all():
        raise CascalError(f"A row of {name} has not the length 1.", code="unusable-vector")
