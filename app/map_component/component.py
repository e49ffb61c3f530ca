"""The skill map: a plotly chart that is updated in place, so that zoom and selection survive.

Points travel once, under a name made of their content; a threshold move sends colours only,
a byte a point. A lasso comes back as a polygon, never as points.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import plotly
import streamlit as st
from numpy.typing import NDArray

from app.map_component.fallback import CONFIG, fallback_figure, read_chart
from app.map_component.points import (
    POINTS,
    base64_of,
    packed_areas,
    packed_codes,
    packed_state,
)
from app.map_component.spec import (
    MAX_FLIPS,
    MAX_VERTICES,
    Area,
    Extent,
    Fact,
    Flips,
    MapSelection,
    MapSpec,
    Picture,
    even_sample,
    points_in_polygon,
    small,
)

__all__ = [
    "POINTS",
    "Area",
    "Fact",
    "Flips",
    "MapSelection",
    "MapSpec",
    "Picture",
    "clear_selection",
    "fallback_figure",
    "points_in_polygon",
    "render_map",
]

HERE = Path(__file__).resolve().parent
PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
PLOTLY_PATH = "/cascal/plotly.min.js"
POINTS_PATH = "/cascal/points"
NEAR_PATH = "/cascal/near"
FONT_PATH = "/app/static/inter-latin-wght-normal.woff2"
MODULES_PATH = "/cascal/map"
MODULES = {path.name: path.read_bytes() for path in sorted((HERE / "js").glob("*.js"))}
MODULES_VERSION = hashlib.blake2b(b"".join(MODULES.values()), digest_size=8).hexdigest()
MAX_GROUPS = 500

_COMPONENT = st.components.v2.component(
    "cascal_skill_map",
    html="<div class='cascal-map'></div>",
    css=(HERE / "component.css").read_text(encoding="utf-8"),
    js=(HERE / "component.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def base_path() -> str:
    """Return what stands before every route, if the server has `server.baseUrlPath`."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def module_address(name: str) -> str:
    """Where a browser gets one of our modules, whose address names their content."""
    return f"{base_path()}{MODULES_PATH}/{MODULES_VERSION}/{name}"


def font_address() -> str:
    """Where a browser gets the font that a saved picture carries."""
    return f"{base_path()}{FONT_PATH}"


def plotly_address() -> str:
    """Where a browser gets plotly.js; the version in it lets the browser keep it."""
    return f"{base_path()}{PLOTLY_PATH}?v={plotly.__version__}"


def _caption(spec: MapSpec) -> str:
    return " ".join(filter(None, (spec.caption, spec.note)))


def _near(spec: MapSpec) -> str | None:
    """Return where the points in view are found, if not all points are drawn at once."""
    return f"{base_path()}{NEAR_PATH}/{POINTS.keep(spec)}" if spec.sampled else None


def _legend(spec: MapSpec) -> dict[str, Any]:
    """Return what the colours mean."""
    scale = None
    if spec.value is not None:
        scale = {
            "title": spec.value_title,
            "ends": spec.span,
            "marks": spec.value_marks,
            "unknown": spec.value_unknown,
        }
    return {
        "palette": spec.palette,
        "names": spec.group_names,
        "counts": np.bincount(spec.codes, minlength=len(spec.palette)).tolist(),
        "greyedAct": spec.greyed_act,
        "lit": None if spec.highlight is None else _lit(spec, spec.highlight),
        "scale": scale,
    }


def _lit(spec: MapSpec, highlight: NDArray[Any]) -> list[int]:
    """Count the highlighted points of each entry of the legend."""
    lit: list[int] = np.bincount(
        spec.codes[highlight.astype(bool)], minlength=len(spec.palette)
    ).tolist()
    return lit


def _flips(spec: MapSpec) -> dict[str, Any] | None:
    """Return what the last move did, as far as it is drawn."""
    flips = spec.flips
    if flips is None:
        return None
    drawn = np.arange(len(spec.x))[spec.rows]
    place = np.searchsorted(drawn, flips.rows)
    seen = even_sample(np.flatnonzero(np.isin(flips.rows, drawn)), MAX_FLIPS)
    less = f"; {len(seen):,} of them are drawn" if len(seen) < len(flips.rows) else ""
    highest = len(flips.colors)
    return {
        "key": flips.key,
        "sentence": flips.sentence + less,
        "rows": base64_of(place[seen].astype(np.int32)),
        "before": base64_of(small(flips.before[seen], highest)),
        "after": base64_of(small(flips.after[seen], highest)),
        "wide": highest >= 256,
        "colors": flips.colors,
    }


def _pinned(pinned: MapSpec, spec: MapSpec) -> dict[str, Any]:
    """Return what the pinned state shows in another way."""
    return {**_legend(pinned), **packed_codes(pinned, spec.rows), "areas": packed_areas(pinned)}


def map_state(spec: MapSpec, token: str) -> dict[str, Any]:
    """Return what changes with every move: colours, legend, labels."""
    pinned = spec.pinned
    return {
        "plotly": plotly_address(),
        "module": module_address("map.js"),
        "points": f"{base_path()}{POINTS_PATH}/{POINTS.put(spec)}",
        "font": font_address(),
        "token": token,
        "dataKey": spec.data_key,
        "revision": spec.revision,
        "total": len(spec.x),
        **_legend(spec),
        **packed_state(spec, spec.rows),
        "pinned": pinned and _pinned(pinned, spec),
        "near": _near(spec),
        "flips": _flips(spec),
        "picture": None if spec.picture is None else asdict(spec.picture),
        "legend": spec.legend_title,
        "colour": spec.group_title if spec.value is None else spec.value_title,
        "areas": packed_areas(spec),
        "marker": spec.marker,
        "neighbors": list(spec.neighbors),
        "alt": spec.alt,
        "caption": spec.caption,
        "note": spec.note,
    }


def read_view(text: str) -> Extent | None:
    """Read a zoom from an address: four numbers and commas."""
    try:
        return _view([float(number) for number in text.split(",")])
    except ValueError:
        return None


def read_selection(raw: object, token: str) -> MapSelection:
    """Read what the browser sent; a selection of other data or from before a clear is none."""
    if not isinstance(raw, Mapping) or raw.get("token") != token:
        return MapSelection()
    clicked, polygon, count = (raw.get(name) for name in ("clicked", "polygon", "count"))
    try:
        shape = tuple((float(x), float(y)) for x, y in polygon or ())[:MAX_VERTICES]
        return MapSelection(
            clicked=None if clicked is None else int(clicked),
            polygon=shape if len(shape) >= 3 and np.isfinite(shape).all() else None,
            count=None if count is None else int(count),
            groups=tuple(str(name) for name in raw.get("groups") or ())[:MAX_GROUPS],
            view=_view(raw.get("view")),
        )
    except (TypeError, ValueError):
        return MapSelection()


def _view(raw: Sequence[Any] | None) -> Extent | None:
    """Read a zoom; one that shows nothing is none."""
    if raw is None:
        return None
    x0, x1, y0, y1 = map(float, raw)
    return (x0, x1, y0, y1) if np.isfinite(raw).all() and x0 < x1 and y0 < y1 else None


def _sent(selection: MapSelection) -> dict[str, Any]:
    """Return a selection as the browser keeps it: only what there is."""
    return {name: value for name, value in asdict(selection).items() if value not in (None, ())}


def clear_selection(key: str) -> None:
    """Forget what the reader selected on a map; for callbacks.

    In the rerun the map marks the selection of its spec, or nothing.
    """
    st.session_state[f"{key}:cleared"] = st.session_state.get(f"{key}:cleared", 0) + 1


def render_map(
    spec: MapSpec,
    *,
    key: str,
    height: int = 620,
    on_select: Callable[[MapSelection], None] | None = None,
    on_step: Callable[[int], None] | None = None,
) -> MapSelection:
    """Draw the map, or update the one on screen; returns what is selected.

    on_select is called with the new selection before the rerun, as any widget callback; on_step
    with −1 or 1 where the reader asks for the previous or next query.
    """
    token = f"{spec.data_key}:{st.session_state.get(f'{key}:cleared', 0)}"
    if not POINTS.served:
        return _render_fallback(spec, key, height, on_select)

    def changed() -> None:
        if on_select is not None:
            on_select(read_selection(st.session_state[key].get("selection"), token))

    def stepped() -> None:
        by = st.session_state[key].get("step")
        if on_step is not None and by in (-1, 1):
            on_step(by)

    held = read_selection((st.session_state.get(key) or {}).get("selection"), token)
    marked = held if spec.selection is None else spec.selection
    state = {**map_state(spec, token), "height": height, "selection": _sent(marked)}
    result = _COMPONENT(
        key=key,
        data=state,
        height=height,
        on_selection_change=changed,
        on_step_change=stepped,
    )
    return read_selection(result.get("selection"), token)


def _render_fallback(
    spec: MapSpec, key: str, height: int, on_select: Callable[[MapSelection], None] | None
) -> MapSelection:
    """Draw the map as a chart; a cleared map is a new chart."""
    name = f"{key}-chart-{st.session_state.get(f'{key}:cleared', 0)}"

    def changed() -> None:
        if on_select is not None:
            on_select(read_chart(st.session_state[name]))

    figure = fallback_figure(spec, height)
    event = st.plotly_chart(figure, key=name, on_select=changed, alt=spec.alt, config=CONFIG)
    for sentence in filter(None, (spec.flips and spec.flips.sentence, _caption(spec))):
        st.text(sentence)
    return read_chart(event)
