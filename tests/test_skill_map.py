"""The skill map without a browser: its arrays, its messages, its fallback, the server's routes."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colours import SIGHT, distances, lab_of
from conftest import demo_snapshot
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

import cascal
from app import server, theme
from app.map_component import component, points
from app.map_component.fallback import fallback_figure, read_chart
from app.map_component.scale import ramp
from app.map_component.spec import (
    MAX_POINTS,
    Area,
    Fact,
    Flips,
    MapSelection,
    MapSpec,
    density_png,
    points_in_polygon,
)
from cascal import charts
from cascal.charts.figures import cell_texts, luminance
from cascal.report.drawings import COLOURS

SQUARE = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
HARNESS = Path(__file__).parent / "browser" / "map_harness.py"


def spec(n: int = 6, **changes) -> MapSpec:
    x = np.linspace(0, 1, n, dtype=np.float32)
    return MapSpec(
        x=x, y=x[::-1].copy(), ids=np.arange(n, dtype=np.int32) + 100, data_key="data", **changes
    )


def test_points_in_a_square_by_hand():
    x = np.array([1, 3, 1.5, -1, 0.5], dtype=np.float32)
    y = np.array([1, 1, 1.9, 1, 2.5], dtype=np.float32)
    assert points_in_polygon(SQUARE, x, y).tolist() == [0, 2]


def test_a_polygon_that_crosses_itself_has_holes():
    """Even-odd: the middle of a pentagram is outside."""
    turn = np.arange(5) * 4 * np.pi / 5
    star = tuple(zip(np.sin(turn), np.cos(turn), strict=True))
    assert points_in_polygon(star, np.zeros(1), np.zeros(1)).tolist() == []
    assert points_in_polygon(star, np.zeros(1), np.full(1, 0.6)).tolist() == [0]


@pytest.mark.parametrize("polygon", [(), ((0, 0),), ((0, 0), (1, 1))])
def test_fewer_than_three_corners_hold_nothing(polygon):
    assert len(points_in_polygon(polygon, np.zeros(3), np.zeros(3))) == 0


@given(st.integers(0, 2**32 - 1), st.floats(-5, 5), st.floats(0.1, 10))
def test_membership_ignores_where_the_polygon_starts_and_its_direction(seed, shift, scale):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 200)) * scale + shift
    turn = np.sort(rng.uniform(0, 2 * np.pi, 9))
    polygon = [(shift + scale * np.cos(t), shift + scale * np.sin(t)) for t in turn]
    inside = points_in_polygon(tuple(polygon), x, y).tolist()
    assert points_in_polygon(tuple(polygon[3:] + polygon[:3]), x, y).tolist() == inside
    assert points_in_polygon(tuple(polygon[::-1]), x, y).tolist() == inside


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"facts": (Fact("Task", np.zeros(2, int), ("a",)),)}, "'Task' is known of 2 of 6 points"),
        ({"hover": ["one"]}, "MapSpec.hover has 1 entry for 6 points"),
        ({"group": np.zeros(6), "value": np.zeros(6)}, "not both"),
        ({"group": np.full(6, 2), "group_names": ("a",), "group_colors": ("#000000",)}, "no name"),
        ({"group_names": ("a", "b"), "group_colors": ("#000000",)}, "give every group one"),
    ],
)
def test_a_wrong_spec_is_refused_in_a_sentence(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        spec(**changes)


def test_unplaced_points_are_refused():
    with pytest.raises(ValueError, match="unplaced"):
        MapSpec(x=np.array([np.nan]), y=np.zeros(1), ids=np.zeros(1, int), data_key="data")


def test_groups_become_codes_and_none_the_last_one():
    colors = ("#111111", "#222222")
    drawn = spec(3, group=np.array([1, -1, 0]), group_names=("a", "b"), group_colors=colors)
    assert drawn.codes.tolist() == [1, 2, 0]
    assert drawn.palette == (*colors, theme.MUTED)


def test_values_become_steps_of_the_scale_and_nan_stays_unknown():
    drawn = spec(4, value=np.array([0.0, 1.0, np.nan, 7.0]), value_range=(0.0, 1.0))
    assert drawn.codes.tolist() == [0, 47, 48, 47]
    assert drawn.palette[-1] == theme.MUTED


def lightness_and_warmth(color: str) -> tuple[float, bool]:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return luminance([color])[0], red > green and red > blue


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("lowest", [-0.02, -0.11, -0.4, -0.9])
def test_a_break_parts_the_colours_exactly_at_its_value(mode, lowest):
    """What is below stands out from the paper, what is just above is the same hue, high is not."""
    value = np.array([lowest, -0.0001, 0.0001, 0.64, np.nan])
    drawn = spec(5, value=value, value_range=(lowest, 0.64), value_break=0.0, mode=mode)
    low, high = drawn.span
    assert low <= lowest
    assert high == 0.64
    colors = [drawn.palette[code] for code in drawn.codes]
    (bad, bad_warm), (below, warm), (above, above_warm), (_, high_warm) = (
        lightness_and_warmth(one) for one in colors[:4]
    )
    paper = luminance([theme.TEXT_AND_PAPER[mode][1]])[0]
    assert abs(below - paper) > abs(above - paper) + 0.1
    assert abs(bad - paper) >= abs(below - paper) - 1e-9
    assert (bad_warm, warm, above_warm, high_warm) == (True, True, True, False)
    assert colors[4] == theme.MUTED


def test_silhouettes_show_0_and_the_minimum_now_set(demo_workspace):
    snapshot = demo_snapshot(demo_workspace)
    for least in (0.05, 0.12):
        now = snapshot.routed_by(snapshot.fit.router(cascal.Thresholds(min_silhouette=least)))
        found = charts.colour_map(now, now.dataset, "train", "silhouette")
        assert found.value_marks == (0.0, least)
        assert found.value_break == 0.0
        assert found.unknown == "Not judged"
        assert f"{least:g}" in found.scale_title
        assert found.value_range[0] <= min(-0.1, np.nanmin(found.value))


def test_more_than_255_groups_take_two_bytes():
    names = tuple(map(str, range(300)))
    drawn = spec(2, group=np.array([0, 299]), group_names=names, group_colors=("#111111",) * 300)
    assert drawn.codes.dtype == np.uint16
    assert drawn.codes.tolist() == [0, 299]


@pytest.mark.parametrize("n", [0, 1])
def test_few_points_still_have_axes(n):
    x0, x1, y0, y1 = spec(n).extent
    assert x0 < x1
    assert y0 < y1
    assert fallback_figure(spec(n)).layout.xaxis.range == (x0, x1)


def test_all_points_are_drawn_up_to_a_limit():
    drawn = spec(MAX_POINTS)
    assert len(drawn.x[drawn.rows]) == MAX_POINTS == 50_000
    assert drawn.note == ""
    assert component.map_state(drawn, "t")["near"] is None


@pytest.mark.parametrize(
    ("n", "n_drawn", "note"),
    [
        (50_001, 50_000, "50,000 of 50,001 queries are shown. Zoom in for the others."),
        (200_000, 5_000, "Density of 200,000 queries; 5,000 of them shown as points. Zoom in for"),
    ],
)
def test_a_large_set_is_sampled_and_says_so(n, n_drawn, note):
    drawn = spec(n)
    state = component.map_state(drawn, "t")
    assert len(drawn.x[drawn.rows]) == n_drawn
    assert state["note"].startswith(note)
    assert sum(state["counts"]) == n


def test_the_points_of_a_large_set_in_view_are_served_with_their_colours(client):
    n = 60_001
    group = np.arange(n) % 2
    colors = {"group_names": ("a", "b"), "group_colors": ("#111111", "#222222")}
    drawn = spec(n, group=group, hover=[f"query {i}" for i in range(n)], **colors)
    drawn = replace(drawn, pinned=replace(drawn, group=1 - group), highlight=group == 1)
    address = component.map_state(drawn, "t")["near"]
    found = client.get(f"{address}?view=0.4999,0.50011,0,1").json()
    ids = np.frombuffer(base64.b64decode(found["ids"]), np.int32)
    x = drawn.x[ids - 100]
    assert found["total"] == len(ids) == ((drawn.x >= 0.4999) & (drawn.x <= 0.50011)).sum()
    assert x.min() >= 0.4999
    assert found["hover"][0] == f"query {ids[0] - 100}"
    codes = np.frombuffer(base64.b64decode(found["codes"]), np.uint8)
    assert codes.tolist() == (ids % 2).tolist()
    pinned = np.frombuffer(base64.b64decode(found["pinned"]["codes"]), np.uint8)
    assert pinned.tolist() == (1 - ids % 2).tolist()
    lit = np.unpackbits(np.frombuffer(base64.b64decode(found["highlight"]), np.uint8))
    assert lit[: len(ids)].tolist() == (ids % 2).tolist()
    whole = client.get(f"{address}?view=-1,2,-1,2").json()
    assert whole["total"] == n
    assert len(base64.b64decode(whole["x"])) == 4 * MAX_POINTS
    assert client.get(f"{address}?view=1,0,0,1").status_code == 400
    assert client.get(f"{address}?view=a,b").status_code == 400
    assert client.get(f"{component.NEAR_PATH}/{'0' * 40}?view=0,1,0,1").status_code == 404


def test_the_density_of_a_large_set_is_an_image():
    drawn = spec(20)
    assert density_png(drawn.x, drawn.y, drawn.extent).startswith("data:image/png;base64,iVBOR")


def test_points_travel_once_and_a_recolouring_is_small():
    n = 5_000
    hover = ["<b>which</b> of these " * 10] * n
    names, colors = ("a", "b"), ("#111111", "#222222")
    states = [
        component.map_state(
            spec(n, hover=hover, group=np.arange(n) % k, group_names=names, group_colors=colors),
            "t",
        )
        for k in (1, 2)
    ]
    assert states[0]["points"] == states[1]["points"]
    assert states[0]["codes"] != states[1]["codes"]
    assert len(json.dumps(states[1])) < 8_000
    raw = json.loads(gzip.decompress(component.POINTS.get(states[0]["points"].rsplit("/", 1)[1])))
    assert np.frombuffer(base64.b64decode(raw["ids"]), np.int32)[:2].tolist() == [100, 101]
    assert raw["hover"][0].endswith("of these <b>which</b> of these…")
    assert len(raw["hover"][0]) <= 160


def test_what_a_card_says_travels_with_the_points_or_with_the_move():
    task = Fact("Task", np.array([1, 0, -1]), ("law", "physics"))
    model = Fact("First model", np.array([0, 299, 1]), tuple(map(str, range(300))))
    drawn = spec(3, data_facts=(task,), facts=(model,), group_title="First model")
    state = component.map_state(drawn, "t")
    assert state["colour"] == "First model"
    [fact] = state["moving"]
    assert np.frombuffer(base64.b64decode(fact["codes"]), np.uint16).tolist() == [0, 299, 1]
    raw = json.loads(gzip.decompress(component.POINTS.get(state["points"].rsplit("/", 1)[1])))
    assert raw["facts"][0]["names"] == ["law", "physics"]
    assert base64.b64decode(raw["facts"][0]["codes"]) == bytes([1, 0, 2])  # 2: no name, unknown


def test_the_legend_counts_what_is_lit_beside_all():
    shown = spec(
        4, group=np.array([0, 0, 1, -1]), group_names=("a", "b"), group_colors=("#111", "#222")
    )
    assert component.map_state(shown, "t")["lit"] is None
    lit = replace(shown, highlight=np.array([True, False, False, True]))
    state = component.map_state(lit, "t")
    assert (state["lit"], state["counts"]) == ([1, 0, 1], [2, 1, 1])


def test_the_legend_says_which_queries_it_counts():
    assert (
        component.map_state(spec(legend_title="6 test queries"), "t")["legend"] == "6 test queries"
    )


def test_flips_of_points_that_are_not_drawn_are_only_counted():
    n = 5_000
    moved = Flips(
        key="move",
        sentence="3,000 flipped",
        rows=np.arange(2_000, 5_000),
        before=np.zeros(3_000, int),
        after=np.ones(3_000, int),
        colors=("#111111", "#222222"),
    )
    flips = component.map_state(spec(n, flips=moved), "t")["flips"]
    rows = np.frombuffer(base64.b64decode(flips["rows"]), np.int32)
    assert (len(rows), rows[0], rows[-1]) == (2_000, 2_000, 4_999)
    assert flips["sentence"] == "3,000 flipped; 2,000 of them are drawn"
    assert base64.b64decode(flips["after"]) == bytes([1] * 2_000)
    few = replace(moved, rows=np.array([7]), before=np.zeros(1, int), after=np.ones(1, int))
    assert component.map_state(spec(n, flips=few), "t")["flips"]["sentence"] == "3,000 flipped"


def test_the_pinned_state_comes_with_its_own_colours_and_legend():
    pinned = spec(
        3, group=np.array([0, 1, 1]), group_names=("a", "b"), group_colors=("#111111", "#222222")
    )
    state = component.map_state(spec(3, pinned=pinned), "t")
    assert state["pinned"]["names"] == ("a", "b")
    assert state["pinned"]["counts"] == [1, 2, 0]
    assert base64.b64decode(state["pinned"]["codes"]) == bytes([0, 1, 1])


def test_other_coordinates_under_the_same_key_are_other_points():
    store = points.PointStore()
    assert store.put(spec(6)) != store.put(spec(7))
    assert store.put(spec(6)) == store.put(spec(6))
    assert points.PointStore().put(spec(6)) != store.put(spec(6))  # nobody can guess a name


def test_the_store_drops_the_oldest_points():
    store = points.PointStore(max_bytes=1)
    first, second = store.put(spec(6)), store.put(spec(7))
    assert store.get(first) is None
    assert store.get(second) is not None


GOOD = {"token": "t", "clicked": 7, "polygon": [[0, 0], [1, 0], [1, 1]], "count": 3}


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (GOOD, MapSelection(7, ((0, 0), (1, 0), (1, 1)), 3)),
        ({**GOOD, "token": "of other data"}, MapSelection()),
        ({**GOOD, "polygon": [[0, 0], [1, 0]]}, MapSelection(7, None, 3)),
        ({**GOOD, "polygon": [[0, 0], [1, float("nan")], [1, 1]]}, MapSelection(7, None, 3)),
        ({**GOOD, "polygon": "abc"}, MapSelection()),
        ({**GOOD, "clicked": "<script>"}, MapSelection()),
        ({"token": "t", "groups": ["a", "b"]}, MapSelection(groups=("a", "b"))),
        ({"token": "t", "view": [0, 1, 2, 3]}, MapSelection(view=(0.0, 1.0, 2.0, 3.0))),
        ({"token": "t", "view": [0, 0, 2, 3]}, MapSelection()),
        ({"token": "t", "view": [0, float("inf"), 2, 3]}, MapSelection()),
        ({"token": "t", "view": [0, 1]}, MapSelection()),
        ({"token": "t", "groups": 7}, MapSelection()),
        (None, MapSelection()),
        ("abc", MapSelection()),
    ],
)
def test_what_the_browser_sends_is_checked(raw, read):
    assert component.read_selection(raw, "t") == read


def test_a_chart_selection_is_read_as_a_map_selection():
    lasso = {"selection": {"points": [{}, {}], "lasso": [{"x": [0, 1, 1], "y": [0, 0, 1]}]}}
    box = {"selection": {"points": [], "lasso": [], "box": [{"x": [0, 2], "y": [0, 2]}]}}
    click = {"selection": {"points": [{"customdata": 104}]}}
    assert read_chart(lasso) == MapSelection(polygon=((0, 0), (1, 0), (1, 1)), count=2)
    assert read_chart(box) == MapSelection(polygon=SQUARE, count=0)
    assert read_chart(click) == MapSelection(clicked=104)
    assert read_chart(None) == MapSelection()


def test_an_area_travels_as_its_name_and_its_outline_in_steps_of_the_whole_map():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    area = Area(name="gas", about="of gas", peak=(0.5, 0.5), rings=(corners, corners), code=1)
    drawn = spec(areas=[area, Area(name="acid", peak=(0.0, 1.0))])
    gas, acid = component.map_state(drawn, "t")["areas"]
    assert (gas["name"], gas["about"], gas["code"]) == ("gas", "of gas", 1)
    assert gas["ends"] == [3, 6]
    read = np.frombuffer(base64.b64decode(gas["rings"]), np.uint16).reshape(-1, 2)
    x0, x1, y0, y1 = drawn.extent
    places = read / 65535 * (x1 - x0, y1 - y0) + (x0, y0)
    np.testing.assert_allclose(places, np.concatenate([corners, corners]), atol=2e-5)
    np.testing.assert_allclose(gas["peak"], (65535 / 2, 65535 / 2), atol=1)
    assert (acid["rings"], acid["ends"], acid["code"]) == ("", [], -1)


def test_the_pinned_state_has_areas_of_its_own():
    groups = {"group": np.zeros(6, int), "group_names": ("a",), "group_colors": ("#111111",)}
    one = {"areas": [Area(name="gas", peak=(0.0, 0.0))]}
    other = {"areas": [Area(name="acid", peak=(0.0, 0.0))]}
    drawn = spec(**groups, **one, pinned=spec(**groups, **other))
    assert component.map_state(drawn, "t")["pinned"]["areas"][0]["name"] == "acid"


def test_the_fallback_shows_the_same_points_and_escapes_texts():
    attack = "<a href='https://example.org'>x</a>"
    drawn = spec(
        4,
        group=np.array([0, 1, 1, 0]),
        group_names=("a", attack),
        group_colors=("#111111", "#222222"),
        highlight=np.array([True, True, False, True]),
        hover=[attack] * 4,
        areas=[Area(name=attack, peak=(0.5, 0.5))],
        marker=(0.1, 0.1, "here"),
    )
    figure = fallback_figure(drawn)
    assert sorted(np.concatenate([t.customdata for t in figure.data])) == [100, 101, 102, 103]
    assert figure.data[0].marker.color == theme.MUTED
    assert "<a" not in figure.to_json().replace("\\u003c", "<")


def test_the_fallback_restores_zoom_and_legend_too():
    chosen = MapSelection(groups=("b",), view=(0.0, 0.5, 0.0, 1.0))
    groups = {"group_names": ("a", "b"), "group_colors": ("#111111", "#222222")}
    figure = fallback_figure(spec(2, group=np.array([0, 1]), selection=chosen, **groups))
    assert [trace.visible for trace in figure.data] == ["legendonly", True]
    assert figure.layout.xaxis.range == (0.0, 0.5)


def test_without_the_routes_a_page_falls_back_to_a_chart():
    page = AppTest.from_file(str(HARNESS), default_timeout=30).run()
    assert not page.exception
    assert len(page.get("plotly_chart")) == 1


def test_a_page_gets_the_component_once_the_routes_are_served(monkeypatch):
    monkeypatch.setattr(component.POINTS, "served", True)
    page = AppTest.from_file(str(HARNESS), default_timeout=30).run()
    assert not page.exception
    assert len(page.get("plotly_chart")) == 0


@pytest.fixture(scope="module")
def client():
    app = server.build_app(HARNESS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(component.POINTS, "served", False)
        yield TestClient(app)


def test_plotly_is_served_compressed_and_kept_by_browsers(client):
    answer = client.get(component.PLOTLY_PATH)
    assert answer.content == component.PLOTLY_FILE.read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 1_700_000
    assert "immutable" in answer.headers["cache-control"]
    plain = client.get(component.PLOTLY_PATH, headers={"accept-encoding": "identity"})
    assert plain.content == answer.content


def test_points_are_served_by_name_only(client):
    name = component.POINTS.put(spec(5))
    assert len(base64.b64decode(client.get(f"{component.POINTS_PATH}/{name}").json()["x"])) == 20
    missing = client.get(f"{component.POINTS_PATH}/{'0' * 40}")
    assert missing.status_code == 404
    assert "reload the page" in missing.text


def test_every_script_of_the_map_is_served_under_the_name_of_its_content(client):
    page = component.map_state(spec(), "t")["module"]
    scripts = [page.rsplit("/", 1)[0] + f"/{name}" for name in component.MODULES]
    assert page in scripts
    for script in scripts:
        answer = client.get(script)
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        wanted = re.findall(r'from "\./(.+?)"', answer.text)
        assert set(wanted) <= set(component.MODULES)
    assert client.get(page.replace("map.js", "component.py")).status_code == 404
    assert client.get("/cascal/map/of-yesterday/map.js").status_code == 404


@pytest.mark.parametrize("path", ["/map", "/diagnose"])
def test_the_document_of_a_page_says_where_the_server_is(client, path):
    """Streamlit would look for its routes below the page first, and log what it does not find."""
    document = client.get(path).text
    script = re.search(r'<script src="\.(/.+?)"', document)
    assert script is not None
    assert document.index(script[0]) < document.index('<script type="module"')
    answer = client.get(script[1])
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "BACKEND_BASE_URL" in answer.text


@pytest.mark.parametrize(
    "path", [component.PLOTLY_PATH, "/", "/map", "/app/static/inter-latin-wght-normal.woff2"]
)
def test_every_answer_carries_the_security_headers_once(client, path):
    headers = client.get(path).headers
    assert headers.get_list("content-security-policy") == [server.CSP]
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers["x-frame-options"] == "DENY"


def test_streamlit_finds_the_app_in_the_server_file():
    from streamlit.web.server.app_discovery import discover_asgi_app

    assert discover_asgi_app(Path(server.__file__)).import_string == "server:app"


def test_names_keep_their_colour_in_any_order():
    names = [f"model-{letter}" for letter in "cabde"]
    assert theme.colors_by_name(names, "model", "light") == theme.colors_by_name(
        names[::-1], "model", "light"
    )
    many = theme.colors_by_name(map(str, range(99)), "cluster", "dark")
    assert len(many) == 99
    assert set(many.values()) == {*theme.CLUSTERS["dark"], theme.MUTED}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_a_cell_has_a_text_that_is_readable_on_it(scheme):
    from_end_to_end = ramp([*theme.CELLS[scheme]], 50)
    for scale in (from_end_to_end, (theme.OFF[scheme],) * 2):
        values = np.linspace(0, 1, len(scale))[None]
        texts = [[str(at) for at in range(len(scale))]]
        drawn = cell_texts(values, texts, x=range(len(scale)), y=[0], scale=scale, span=(0.0, 1.0))
        for cell, ink in zip(luminance(scale), luminance(drawn.textfont.color), strict=True):
            low, high = sorted((cell, ink))
            assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_palettes_have_distinct_colours_with_contrast(scheme):
    background = {"light": 1.0, "dark": 0.0078}[scheme]  # relative luminance of the page

    for colors, n in ((theme.MODELS[scheme], 12), (theme.CLUSTERS[scheme], 20)):
        assert len(set(colors)) == n
        for light in luminance(colors):
            low, high = sorted((light, background))
            assert (high + 0.05) / (low + 0.05) >= 2.95


def test_the_distance_of_colours_is_that_of_the_published_pairs():
    """Pairs 1, 7 and 25 of Sharma, Wu and Dalal 2005."""
    pairs = [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ]
    for one, other, expected in pairs:
        found = distances(np.array([one]), np.array([other]))
        assert found[0, 0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("scheme", "of_eight"), [("light", 18), ("dark", 22)])
def test_colours_of_models_are_told_apart_at_a_glance_from_each_other_from_grey_and_black(
    scheme, of_eight
):
    colours = theme.MODELS[scheme]
    seen = {sight: lab_of(colours, sight) for sight in SIGHT}
    others = ~np.eye(len(colours), dtype=bool)
    apart = {sight: distances(lab, lab) for sight, lab in seen.items()}
    assert apart["normal"][others].min() >= 15
    assert apart["normal"][:8, :8][others[:8, :8]].min() >= of_eight
    assert min(apart[sight][others].min() for sight in SIGHT) >= 8
    assert distances(seen["normal"], lab_of([theme.MUTED])).min() >= 18
    assert seen["normal"][:, 0].min() >= 35  # of 100: no near-black


def test_the_report_draws_models_in_the_colours_of_the_dashboard():
    assert theme.MODELS["light"] is COLOURS
