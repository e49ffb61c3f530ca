"""Portraits of the models and the table of tasks and models: what is drawn, and what is said."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import copy_workspace, make_part, make_world
from PIL import Image
from refusals import refuses
from test_app import open_app as open_app
from test_app import plain
from test_app import small_file as small_file
from test_query_card import hand_made, snapshot_of

import cascal
from app import theme
from app.skills.portraits import FONT
from cascal import charts
from cascal.charts.pictures import fitted, places, point_images
from cascal.datatypes import NotApplicable

BLACK_TO_WHITE = ("#000000", "#ffffff")
LOOK = charts.Look(
    background="#ffffff", text="#000000", muted="#888888", scale=BLACK_TO_WHITE, font=FONT
)
PLACES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [np.nan, np.nan]])


def placed(prefix="q", **changes):
    return replace(hand_made(prefix, **changes), xy=PLACES)


@pytest.fixture(scope="module")
def snapshot():
    return snapshot_of(placed(), hand_made("r", origin="gold"))


def opened(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file))


def test_a_point_is_a_disk_at_its_place_in_the_colour_of_its_value():
    xy = np.array([[0.0, 0.0], [1.0, 1.0]])
    values = np.array([[0.0, 1.0], [1.0, 0.5]])
    size = (60, 40)
    first, second = point_images(xy, values, size=size, levels=LOOK.levels, span=(0.0, 1.0))
    (x0, y0), (x1, y1) = places(xy, size, 6.0)
    assert (x0, y1) < (x1, y0), "up on the map is up in the image"
    assert first[y0, x0].tolist() == [0, 0, 0, 255]
    assert first[y1, x1].tolist() == [255, 255, 255, 255]
    assert second[y1, x1].tolist() == [128, 128, 128, 255]
    assert first[20, 30, 3] == 0, "nothing between the points"
    assert (first[..., 3] == second[..., 3]).all()
    assert first[0].max() == first[-1].max() == 0, "every disk is whole"


def test_where_points_lie_on_one_another_their_mean_is_drawn():
    xy, values = np.zeros((4, 2)), np.array([[0.0], [0.0], [0.0], [1.0]])
    (image,) = point_images(xy, values, size=(40, 40), levels=LOOK.levels, span=(0.0, 1.0))
    assert set(image[image[..., 3] > 0][:, 0]) == {64}


def test_values_beyond_the_scale_are_drawn_like_its_ends():
    xy, values = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[-5.0], [5.0]])
    (image,) = point_images(xy, values, size=(60, 40), levels=LOOK.levels, span=(0.0, 1.0))
    assert set(image[image[..., 3] > 0][:, 0]) == {0, 255}


def test_portraits_show_what_the_router_ranks_by_in_the_order_of_names(snapshot):
    shown = charts.portraits(snapshot)
    router, member = snapshot.router, snapshot.router.clusters.assignment[:4]
    assert shown.models == tuple(sorted(router.models))
    assert len(shown.xy) == 4, "a query without a place is left out"
    for m, model in enumerate(shown.models):
        column = router.models.index(model)
        assert shown.values[:, m].tolist() == router.rankings.scores[member, column].tolist()
        assert shown.overall[m] == router.rankings.overall[column]
        assert shown.number(m) in shown.sentence(m)
        assert model in shown.sentence(m)


def test_the_lead_is_what_a_model_has_over_the_mean_of_the_pool(snapshot):
    score, lead = charts.portraits(snapshot), charts.portraits(snapshot, "lead")
    assert np.allclose(lead.values, score.values - score.values.mean(axis=1, keepdims=True))
    assert np.isclose(lead.overall.mean(), 0.0)
    assert lead.span[0] == -lead.span[1]
    assert lead.number(int(lead.overall.argmin())).startswith("−")
    assert (lead.best, lead.weakest) == (score.best, score.weakest)


def test_one_model_far_below_the_pool_does_not_take_the_scale(snapshot):
    shown = charts.portraits(snapshot)
    values = np.linspace(0.5, 0.6, 160).reshape(20, 8)
    values[:, 0] = 0.01
    far = replace(shown, values=values, xy=np.zeros((20, 2)))
    assert far.span[0] > 0.3
    assert far.span[1] == values.max()
    assert far.ticks[0].startswith("< ")
    assert not far.ticks[-1].startswith("> ")


def test_queries_without_a_map_have_no_portraits():
    with refuses("no-map", kind=NotApplicable):
        charts.portraits(snapshot_of(replace(hand_made("q"), xy=np.full((5, 2), np.nan))))


@pytest.mark.parametrize("measure", charts.MEASURES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_poster_is_one_picture_of_all_models(snapshot, measure, scheme):
    text, paper = theme.TEXT_AND_PAPER[scheme]
    scale = theme.SEQUENTIAL[scheme]
    look = charts.Look(background=paper, text=text, muted=theme.MUTED, scale=scale, font=FONT)
    shown = charts.portraits(snapshot, measure)
    colours = theme.palette("cluster", scheme)
    file = charts.png(charts.poster(shown, look, colours, "d: who?", "simulated"))
    picture = opened(file)
    assert picture.width > 3 * 640
    assert "#{:02X}{:02X}{:02X}".format(*picture.getpixel((2, 2))) == paper
    other = charts.png(charts.poster(shown, look, colours, "d: who?", ""))
    assert other != file, "the caption is written into the picture"


def test_long_names_are_cut_to_their_room_and_odd_ones_do_no_harm():
    font = LOOK.letters(20)
    text = fitted("a" * 500 + "\n" + "b", font, 100)
    assert text.endswith("…")
    assert font.getlength(text) <= 100
    assert fitted("two\nlines", font, 900) == "two lines"
    assert fitted("", font, 10) == ""
    charts.scale_image(replace(LOOK, font=None), (200, 40), ["模型", "√2", ""])


def test_the_table_of_tasks_by_consensus_worked_by_hand(snapshot):
    table = charts.task_skills_frame(snapshot, "consensus")
    assert list(dict.fromkeys(table["task"])) == ["all tasks", "t", "u"]
    consensus = np.nan_to_num(snapshot.fit.consensus)
    rows, column = [3, 4], snapshot.fit.models.index("b")
    cell = table.query("task == 'u' and model == 'b'").iloc[0]
    values = consensus[rows, column]
    assert cell["mean"] == pytest.approx(values.mean())
    reach = 12.7062 * values.std(ddof=1) / np.sqrt(2)  # t with 1 degree of freedom
    assert cell["high"] - cell["mean"] == pytest.approx(reach, rel=1e-4)
    assert cell["queries"] == 2


def test_the_table_by_gold_answers_counts_what_is_right(snapshot):
    table = charts.task_skills_frame(snapshot, "gold")
    right = hand_made("r", origin="gold").right
    assert np.allclose(table["mean"][:4], np.nanmean(right, axis=0))
    assert table["queries"][0] == 4, "one query has no gold answer"


def test_cells_hold_mean_and_reach_and_the_best_is_bold():
    frame = pd.DataFrame(
        {
            "task": ["t<b>", "t<b>"],
            "model": ["a", "b"],
            "mean": [0.5, 0.75],
            "low": [0.4, np.nan],
            "high": [0.6, np.nan],
            "queries": [9, 1],
        }
    )
    figure = charts.task_skills_figure(frame, BLACK_TO_WHITE, percent=True)
    assert list(figure.data[1].text) == ["50.0<br>±10.0", "<b>75.0</b>"]
    assert figure.layout.yaxis.ticktext == ("t&lt;b&gt;",)
    assert "t&lt;b&gt;, a" in figure.data[0].text[0][0]


def with_map(path: Path, copy: Path) -> Path:
    """A copy of a workspace whose training queries lie somewhere on a map."""
    workspace = copy_workspace(cascal.Workspace(path), copy)
    encoder = workspace.encoders("demo")[0][0]
    ids = workspace.votes("demo", "train").query_ids
    xy = np.random.default_rng(0).normal(size=(len(ids), 2))
    workspace.put_layout("demo", encoder, "by chance", ids, xy)
    return copy


@pytest.mark.slow
def test_portraits_are_drawn_when_they_are_opened(open_app, small_file, tmp_path):
    app = open_app(with_map(small_file, tmp_path / "map.duckdb"), "skills")
    assert len(app.image) == (strips := 2)
    app.session_state["portraits"] = True
    app.run()
    assert not app.exception
    assert len(app.image) == strips + 1 + 1 + 8, "scale, tasks and one a model"
    names = [plain(one.value) for one in app.markdown if "·" in one.value]
    assert "**cedar-code**" in "".join(names)
    app.segmented_control(key="portrait_measure").set_value("lead").run()
    assert not app.exception
    assert [one.value for one in app.markdown if "·" in one.value] != names


def test_without_a_map_there_is_the_table_alone(open_app, small_file):
    app = open_app(small_file, "skills")
    app.session_state["portraits"] = True
    app.run()
    assert not app.exception
    assert any("draw the map first" in one.value for one in app.info)
    assert any("gold test queries" in one.value for one in app.caption)
    app.segmented_control(key="skill_basis").set_value("consensus").run()
    assert not app.exception
    assert any("Mean consensus score" in one.value for one in app.caption)


@pytest.mark.bench
def test_five_thousand_queries_and_eight_models_are_drawn_in_half_a_second():
    import time

    votes, vectors, gold = make_world(n_queries=5000, n_models=8, n_tasks=9)
    part = make_part(votes, vectors, gold)
    xy = part.vectors.vectors[:, :2]  # alike is near, as on a map
    now = snapshot_of(replace(part, xy=xy), settings=cascal.FitSettings.preset("recommended"))
    charts.png(charts.portrait_images(charts.portraits(now), LOOK)[0])
    started = time.perf_counter()
    images = charts.portrait_images(charts.portraits(now), LOOK)
    files = [charts.png(one) for one in images]
    assert len(files) == 8
    assert time.perf_counter() - started < 0.5
