"""Points on their way to browsers: all of a map, or those in view of a map too large to draw."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import secrets
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.map_component.spec import (
    HOVER_LENGTH,
    MAX_POINTS,
    Extent,
    Fact,
    FloatArray,
    IntArray,
    MapSpec,
    density_png,
    even_sample,
    small,
)
from cascal.charts import shorten

STEPS = np.iinfo(np.uint16).max
KEPT_MAPS = 8
"""So many states of large maps can be asked for what is in view."""


class PointStore:
    """Points on their way to browsers, under unguessable names, the oldest dropped first.

    A name is a keyed hash of the content: equal points share it, and nobody can ask for points
    that were not sent to them.
    """

    def __init__(self, max_bytes: int = 128_000_000) -> None:
        self.served = False  # true once the server's routes are there
        self._secret = secrets.token_bytes(32)
        self._max_bytes = max_bytes
        self._packed: OrderedDict[str, bytes] = OrderedDict()
        self._maps: OrderedDict[str, MapSpec] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """Return gzipped JSON, or None if the name is unknown or has been dropped."""
        with self._lock:
            return self._packed.get(name)

    def put(self, spec: MapSpec) -> str:
        """Keep the points of a map; returns their name. Known points are not packed again."""
        name = self._name(spec.data_key, spec.x, spec.y, spec.ids)
        if self.get(name) is None:
            packed = _zipped(_all_points(spec))
            with self._lock:
                self._packed[name] = packed
        with self._lock:
            self._packed.move_to_end(name)
            while sum(map(len, self._packed.values())) > self._max_bytes and len(self._packed) > 1:
                self._packed.popitem(last=False)
        return name

    def keep(self, spec: MapSpec) -> str:
        """Keep one state of a map that is too large to draw, so that its parts can be asked for."""
        lit = spec.highlight if spec.highlight is not None else np.zeros(0, bool)
        mark = f"{spec.data_key} {spec.revision}"
        name = self._name(mark, spec.x, spec.y, spec.ids, spec.codes, lit)
        with self._lock:
            self._maps[name] = spec
            self._maps.move_to_end(name)
            while len(self._maps) > KEPT_MAPS:
                self._maps.popitem(last=False)
        return name

    def inside(self, name: str, view: Extent) -> bytes | None:
        """Return the points of a kept map in view as gzipped JSON; None if it has been dropped."""
        with self._lock:
            spec = self._maps.get(name)
        return None if spec is None else _zipped(points_in_view(spec, view))

    def _name(self, mark: str, *columns: NDArray[Any]) -> str:
        digest = hashlib.blake2b(mark.encode(), key=self._secret, digest_size=20)
        for column in columns:
            digest.update(np.ascontiguousarray(column).data)
        return digest.hexdigest()


def _zipped(content: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(content).encode(), compresslevel=1)


def base64_of(array: NDArray[Any]) -> str:
    """Return the bytes of an array as text."""
    return base64.b64encode(np.ascontiguousarray(array).data).decode()


def _points(spec: MapSpec, rows: IntArray | slice) -> dict[str, Any]:
    """Return what only changes with the data."""
    hover = spec.hover
    if hover is not None:
        chosen = hover if isinstance(rows, slice) else [hover[row] for row in rows]
        hover = [shorten(" ".join(text.split()), HOVER_LENGTH) for text in chosen]
    return {
        "x": base64_of(spec.x[rows].astype(np.float32)),
        "y": base64_of(spec.y[rows].astype(np.float32)),
        "ids": base64_of(spec.ids[rows].astype(np.int32)),
        "hover": hover,
        "facts": [packed_fact(fact, rows) for fact in spec.data_facts],
    }


def _all_points(spec: MapSpec) -> dict[str, Any]:
    density = density_png(spec.x, spec.y, spec.extent) if spec.dense else None
    return {**_points(spec, spec.rows), "extent": spec.extent, "density": density}


def points_in_view(spec: MapSpec, view: Extent) -> dict[str, Any]:
    """Return the points inside a zoom with their colours, of too many an even sample.

    total is the number of points inside.
    """
    x0, x1, y0, y1 = view
    inside = (spec.x >= x0) & (spec.x <= x1) & (spec.y >= y0) & (spec.y <= y1)
    every = np.flatnonzero(inside)
    rows = even_sample(every, MAX_POINTS)
    pinned = None if spec.pinned is None else packed_codes(spec.pinned, rows)
    return {
        **_points(spec, rows),
        **packed_state(spec, rows),
        "pinned": pinned,
        "total": len(every),
    }


def packed_codes(spec: MapSpec, rows: IntArray | slice) -> dict[str, Any]:
    """Return the colours of points as indices into the palette."""
    return {"codes": base64_of(spec.codes[rows]), "wide": spec.codes.itemsize == 2}


def packed_state(spec: MapSpec, rows: IntArray | slice) -> dict[str, Any]:
    """Return what every move can change of each point: colour, highlight, facts."""
    highlight = None
    if spec.highlight is not None:
        highlight = base64_of(np.packbits(spec.highlight[rows].astype(bool)))
    facts = [packed_fact(fact, rows) for fact in spec.facts]
    return {**packed_codes(spec, rows), "highlight": highlight, "moving": facts}


def packed_fact(fact: Fact, rows: IntArray | slice) -> dict[str, Any]:
    """Return a fact of some points; one more code than there are names stands for unknown."""
    unknown = len(fact.names)
    codes = small(np.where(fact.codes < 0, unknown, fact.codes)[rows], unknown)
    wide = codes.itemsize == 2
    return {"title": fact.title, "names": fact.names, "codes": base64_of(codes), "wide": wide}


def packed_areas(spec: MapSpec) -> list[dict[str, Any]]:
    """Return names and outlines of the clusters, in steps of the whole map, two bytes a number."""
    return [
        {
            "name": area.name,
            "about": area.about,
            "share": area.share,
            "code": area.code,
            "number": area.number,
            "peak": _steps(np.array([area.peak]), spec.extent)[0].tolist(),
            "rings": base64_of(
                np.concatenate([np.zeros((0, 2), np.uint16), *_all_steps(area.rings, spec.extent)])
            ),
            "ends": np.cumsum([len(ring) for ring in area.rings], dtype=int).tolist(),
        }
        for area in spec.areas
    ]


def _all_steps(rings: tuple[FloatArray, ...], extent: Extent) -> list[NDArray[np.uint16]]:
    return [_steps(ring, extent) for ring in rings]


def _steps(places: FloatArray, extent: Extent) -> NDArray[np.uint16]:
    """Places (V, 2) on the map, counted from its lower left corner to the other."""
    x0, x1, y0, y1 = extent
    share = (places - (x0, y0)) / (x1 - x0, y1 - y0)
    steps: NDArray[np.uint16] = np.clip(np.rint(share * STEPS), 0, STEPS).astype(np.uint16)
    return steps


POINTS = PointStore()
