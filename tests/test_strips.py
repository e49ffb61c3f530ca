"""The strips above the sliders: aligned with the track, cheap, and never a reason to fit."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from test_app import open_app as open_app
from test_app import small_file as small_file

import cascal
from app import strips
from app.values import DEFAULTS
from cascal.attainable import Reachable, merge_distance_steps
from cascal.dataset.dataset import load_dataset

POSITIONS = [0.0, 0.1, 0.2, 0.3, 0.4]


def rectangles(drawing: str, fill: str) -> list[tuple[float, float]]:
    """Left and right ends of what is drawn with a fill."""
    (group,) = re.findall(rf'<g fill="{re.escape(fill)}">(.*?)</g>', drawing)
    found = re.findall(r'<rect x="(\S+)" y="\S+" width="(\S+)"', group)
    return [(float(x), float(x) + float(width)) for x, width in found]


@pytest.mark.parametrize(("mode", "accent"), [("light", "#1F4FD8"), ("dark", "#8FB2FF")])
def test_bars_stand_where_something_changes_and_the_dead_ends_are_hatched(mode, accent):
    reach = Reachable.of(np.array([0.12, 0.15, 0.25]), POSITIONS)
    drawing = strips.drawing(reach, mode)
    track = strips.WIDTH - 2 * strips.INSET
    first, second = rectangles(drawing, accent)
    assert first[0] == pytest.approx(strips.INSET + track / 4, abs=0.02)
    assert second[0] == pytest.approx(strips.INSET + track / 2, abs=0.02)
    below, above = rectangles(drawing, "url(#dead)")
    assert below == pytest.approx((strips.INSET, strips.INSET + track / 4), abs=0.02)
    assert above[1] == pytest.approx(strips.WIDTH - strips.INSET, abs=0.02)


def test_a_slider_without_any_effect_is_hatched_from_end_to_end():
    drawing = strips.drawing(Reachable.of(np.zeros(0), POSITIONS), "light")
    ((left, right),) = rectangles(drawing, "url(#dead)")
    assert (left, right) == pytest.approx((strips.INSET, strips.WIDTH - strips.INSET), abs=0.02)
    assert rectangles(drawing, "#1F4FD8") == []


def images(app) -> list[str]:
    return [one.proto.imgs[0].alt for one in app.sidebar.image]


@pytest.mark.slow
def test_the_strips_appear_once_the_page_has_fitted_and_follow_the_sliders(open_app, small_file):
    app = open_app(small_file, "skills")
    assert not app.exception
    before = images(app)
    assert len(before) == 2
    assert all("slider" in sentence for sentence in before)
    app.slider(key="silhouette").set_value(0.5).run()
    silhouette, merge = images(app)
    assert silhouette == before[0], "where silhouettes lie does not depend on the threshold"
    assert merge != before[1], "with one cluster a model and task other centroids merge"
    assert any(f"**Now:** {silhouette}" in one.help for one in app.sidebar.markdown)
    app.segmented_control(key="clusters").set_value("task").run()
    assert images(app) == []


def sidebar_alone() -> None:
    import streamlit as st

    from app import controls, frame

    # a link of the sidebar leads there
    st.navigation([st.Page(frame.page_file("runs"))])
    assert set(controls.sidebar()) == {"silhouette", "merge"}


def test_a_page_that_needs_no_fit_makes_none_for_the_strips(small_file, monkeypatch):
    """The places of the strips stay empty: they wait for a page that fits."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing here needs a fit")

    st.cache_resource.clear()
    monkeypatch.setattr(cascal, "fit", refuse)
    monkeypatch.setenv("CASCAL_WORKSPACE", str(small_file))
    app = AppTest.from_function(sidebar_alone, default_timeout=60).run()
    assert not app.exception
    assert app.slider(key="silhouette").value == DEFAULTS.silhouette
    assert images(app) == []


def test_what_the_strip_calls_dead_changes_no_cluster(small_file):
    data = load_dataset(cascal.Workspace(small_file), "demo")
    fit = cascal.fit(data.train.votes, data.train.vectors, DEFAULTS.settings)
    steps = merge_distance_steps(fit, 0.05)
    positions = [round(0.02 * at, 2) for at in range(31)]
    reach = Reachable.of(steps, positions)
    groups = [
        fit.router(cascal.Thresholds(0.05, position, None)).clusters.assignment.tolist()
        for position in positions
    ]
    for count, (one, other) in zip(reach.counts, pairwise(groups), strict=True):
        assert count or one == other
