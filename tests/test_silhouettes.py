"""The silhouette bench: its numbers are the library's, its page names what is in force."""

from __future__ import annotations

import numpy as np
import pytest
import test_app
from conftest import make_part, make_world
from paging import wait_for_jobs
from sklearn.metrics import silhouette_samples, silhouette_score
from streamlit.testing.v1 import AppTest
from test_app import plain
from test_diagnose import case_of

import cascal
from cascal import charts
from cascal.dataset.dataset import load_dataset
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.raising import what_would_raise
from cascal.diagnose.silhouettes import SilhouetteBench, Split, silhouette_bench, split_of
from cascal.settings import PRESETS, FitSettings, Thresholds

open_app = test_app.open_app
small_file = test_app.small_file

SCALE = ("#FFFFFF", "#000000")


@pytest.fixture(scope="module")
def fitted(world) -> cascal.Fit:
    votes, vectors, _ = world
    return cascal.fit(votes, vectors)


@pytest.fixture(scope="module")
def bench(fitted) -> SilhouetteBench:
    return silhouette_bench(fitted, 0.05)


def hand_made(**changes) -> SilhouetteBench:
    """Two tasks, two models, k = 2 and 3: split by 3, below, nothing to split, by 2 of equals."""
    nan = np.nan
    given = {
        "tasks": ("<b>law</b>", "math"),
        "models": ("a", "<i>b</i>"),
        "values": np.array([[[0.1, 0.3], [0.02, -0.1]], [[nan, nan], [0.2, 0.2]]]),
        "n_strong": np.array([[30, 20], [1, 1000]]),
        "k": np.array([[3, 1], [1, 2]]),
        "min_silhouette": 0.05,
    }
    return SilhouetteBench(**{**given, **changes})


@pytest.mark.parametrize("preset", PRESETS)
def test_every_value_is_the_silhouette_that_scikit_learn_gives_the_candidate(world, preset):
    votes, vectors, _ = world
    fitted = cascal.fit(votes, vectors, FitSettings.preset(preset))
    bench = silhouette_bench(fitted, 0.05)
    assert bench.models == votes.models
    n_split = 0
    for candidate in fitted.candidates():
        model = bench.models.index(fitted.votes.models[candidate.model])
        assert bench.n_strong[candidate.task, model] == len(candidate.rows)
        if candidate.k > 1:
            rows = fitted.vectors[candidate.rows]
            expected = silhouette_score(rows, candidate.labels, metric="cosine")
            value = bench.values[candidate.task, model, candidate.k - 2]
            assert value == pytest.approx(expected, abs=1e-6)
            n_split += 1
    assert np.isfinite(bench.values).sum() == n_split > 20


@pytest.mark.parametrize("threshold", [-1.0, 0.3, 0.4, 1.0])
def test_the_k_in_force_is_the_best_one_where_it_reaches_the_threshold(fitted, threshold):
    bench = silhouette_bench(fitted, threshold)
    reached = bench.best >= threshold
    assert (bench.k[reached] == bench.best_k[reached]).all()
    assert (bench.k[~reached] == np.minimum(bench.n_strong, 1)[~reached]).all()
    owners = [
        (fitted.tasks[task], fitted.models[owner])
        for router in [fitted.router(cascal.Thresholds(threshold, 0.0, None))]
        for task, owner in zip(router.clusters.task, router.clusters.owner, strict=True)
    ]
    for t, task in enumerate(bench.tasks):  # nothing merged: a cluster for each one in force
        for m, model in enumerate(bench.models):
            assert owners.count((task, model)) <= bench.k[t, m]
    assert reached.any() == (threshold < 1.0)


def test_best_values_and_what_there_is_to_split_of_a_bench_made_by_hand():
    bench = hand_made()
    assert bench.best[[0, 0, 1], [0, 1, 1]].tolist() == [0.3, 0.02, 0.2]
    assert np.isnan(bench.best[1, 0])
    assert bench.best_k.tolist() == [[3, 2], [0, 2]]
    assert bench.weakest == (0, 1)
    assert bench.splits(0, 0).tolist() == [2, 3]
    assert bench.splits(1, 0).tolist() == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_split_shows_the_library_silhouette_of_every_query_and_its_mean_is_the_candidates(dtype):
    votes, vectors, _ = make_world(seed=3)
    vectors = cascal.Embeddings.from_array(
        vectors.query_ids, vectors.vectors.astype(dtype), vectors.encoder
    )
    fitted = cascal.fit(votes, vectors)
    bench, n_checked = silhouette_bench(fitted, 0.05), 0
    for t, m in np.ndindex(bench.best.shape):
        for k in bench.splits(t, m).tolist():
            split = split_of(fitted, t, m, k)
            assert split.mean == pytest.approx(bench.values[t, m, k - 2], abs=1e-6)
            given = fitted.caller_vectors[split.rows].astype(np.float64)
            expected = silhouette_samples(given, split.cluster, metric="cosine")
            assert split.silhouettes == pytest.approx(expected, abs=1e-6)
            assert split.below_zero == (split.silhouettes < 0).mean()
            n_checked += 1
    assert n_checked > 20


def test_the_rows_of_a_split_are_the_callers_and_sorted_in_their_cluster(fitted):
    bench = silhouette_bench(fitted, 0.05)
    t, m = bench.weakest
    split = split_of(fitted, t, m, int(bench.best_k[t, m]))
    strong = fitted.strong[np.ix_(fitted.caller_rows, fitted.caller_models)][:, m]
    in_task = np.array(fitted.caller_votes.tasks) == bench.tasks[t]
    assert sorted(split.rows.tolist()) == np.flatnonzero(strong & in_task).tolist()
    assert (np.diff(split.cluster) >= 0).all()
    for cluster in range(split.k):
        assert (np.diff(split.silhouettes[split.cluster == cluster]) <= 0).all()
    lowest = split.silhouettes[split.lowest(10)]
    assert lowest.tolist() == sorted(split.silhouettes)[:10]


def test_what_cannot_be_split_says_why(world, fitted):
    votes, vectors, _ = world
    by_task = cascal.fit(votes, vectors, FitSettings(clusters="task"))
    with pytest.raises(NotApplicable, match="Each task is one cluster"):
        silhouette_bench(by_task, 0.05)
    silent = cascal.Votes(
        votes.query_ids,
        votes.tasks,
        votes.models,
        np.full(votes.shape, cascal.NO_ANSWER),
        np.full(votes.shape, np.nan),
        votes.option_counts,
    )
    with pytest.raises(NotApplicable, match="nothing to split"):
        silhouette_bench(cascal.fit(silent, vectors), 0.05)
    for k in (0, 1, 99):
        with pytest.raises(NotApplicable, match=rf"into {k} clusters?\."):
            split_of(fitted, 0, 0, k)


def test_the_table_has_a_row_for_every_task_and_model():
    frame = charts.bench_frame(hand_made())
    assert frame["task"].tolist() == ["<b>law</b>", "<b>law</b>", "math", "math"]
    assert frame["model"].tolist() == ["a", "<i>b</i>"] * 2
    assert frame["k"].tolist() == [3, 1, 1, 2]
    assert frame["best_k"].tolist() == [3, 2, 0, 2]
    assert frame["above"].tolist()[:2] == pytest.approx([0.25, -0.03])
    assert frame["k = 3"].tolist()[:2] == [0.3, -0.1]
    assert frame.loc[2, ["best", "above", "k = 2", "k = 3"]].isna().all()


def test_a_cell_shows_the_best_silhouette_and_in_brackets_the_clusters_in_force():
    figure = charts.bench_figure(hand_made(), SCALE, "#999999")
    assert figure.data[0].showscale
    assert "Best silhouette" in figure.data[0].colorbar.title.text
    cells, texts, muted, muted_texts = figure.data
    assert np.nan_to_num(cells.z, nan=9).tolist() == [[0.3, 9], [9, 0.2]]
    assert np.nan_to_num(muted.z, nan=9).tolist() == [[9, 0.02], [9, 9]]
    assert {colour for _, colour in muted.colorscale} == {"#999999"}
    assert (cells.zmin, cells.zmax) == (0.0, 0.3)
    assert list(zip(texts.y, texts.x, texts.text, strict=True)) == [
        (0, 0, "0.30 (3)"),
        (1, 1, "0.20 (2)"),
    ]
    assert list(zip(muted_texts.y, muted_texts.x, muted_texts.text, strict=True)) == [
        (0, 1, "0.02")
    ]
    assert figure.layout.yaxis.ticktext == ("&lt;b&gt;law&lt;/b&gt;", "math")
    assert figure.layout.xaxis.ticktext == ("a", "&lt;i&gt;b&lt;/i&gt;")
    assert "&lt;b&gt;law" in cells.text[0][1]
    assert "in force: 1, of 20" in cells.text[0][1]
    assert not figure.layout.shapes


def test_a_value_keeps_its_colour_when_the_threshold_moves_and_loses_it_below():
    low, high = (
        charts.bench_figure(hand_made(min_silhouette=one), SCALE, "#999999") for one in (0.0, 0.25)
    )
    assert (low.data[0].zmin, low.data[0].zmax) == (high.data[0].zmin, high.data[0].zmax)
    assert np.isfinite(low.data[0].z).sum() == 3
    assert np.isfinite(high.data[0].z).tolist() == [[True, False], [False, False]]


def test_the_chosen_cell_is_framed():
    framed = charts.bench_figure(hand_made(), SCALE, "#999999", (0, 1)).layout.shapes
    corners = {(one.x0, one.x1, one.y0, one.y1) for one in framed}
    assert corners == {(0.5, 1.5, -0.5, 0.5)}
    assert len({one.line.color for one in framed}) == 2


def test_many_models_leave_no_room_for_numbers_but_for_a_scale():
    bench = hand_made(
        models=tuple(f"m{one}" for one in range(14)),
        values=np.full((2, 14, 2), 0.1),
        n_strong=np.full((2, 14), 9),
        k=np.full((2, 14), 2),
    )
    figure = charts.bench_figure(bench, SCALE, "#999999")
    assert len(figure.data) == 2
    assert figure.data[0].showscale


def test_what_reaches_the_line_has_the_accent_and_what_is_in_force_is_large():
    bench = hand_made(min_silhouette=0.1)
    figure = charts.splits_figure(bench, 0, 0, "#123456")
    line = figure.data[-1]
    assert (list(line.x), list(line.y), line.meta) == ([2, 3], [0.1, 0.3], 0)
    assert line.marker.color == ("#123456", "#123456")
    assert line.marker.size[1] > line.marker.size[0]
    assert figure.layout.shapes[0].y0 == figure.layout.shapes[0].y1 == 0.1
    below = charts.splits_figure(bench, 0, 1, "#123456").data[-1]
    assert "#123456" not in below.marker.color
    assert below.marker.size[0] == below.marker.size[1]
    low, high = charts.splits_figure(bench, 0, 1, "#123456").layout.yaxis.range
    assert low < -0.1 < 0.3 < high


def test_every_model_of_the_task_is_beside_the_chosen_one_and_the_axis_stays():
    bench = hand_made(min_silhouette=0.1)
    other, own = charts.splits_figure(bench, 0, 1, "#123456").data
    assert (other.meta, own.meta) == (0, 1)
    assert list(other.y) == [0.1, 0.3]
    assert "&lt;i&gt;b" in own.hovertemplate
    assert len(charts.splits_figure(bench, 1, 1, "#123456").data) == 1  # the other has no split
    wide = charts.splits_figure(bench, 0, 1, "#123456", ends=(0.0, 0.5), labelled=False)
    moved = hand_made(min_silhouette=0.4)
    again = charts.splits_figure(moved, 0, 1, "#123456", ends=(0.0, 0.5), labelled=False)
    assert wide.layout.yaxis.range == again.layout.yaxis.range
    assert not wide.layout.annotations
    assert charts.splits_figure(bench, 0, 1, "#123456").layout.annotations[0].text


def test_the_silhouette_plot_holds_every_query_once_with_its_cluster():
    split = Split(
        rows=np.arange(5),
        cluster=np.array([0, 0, 0, 1, 1]),
        silhouettes=np.array([0.5, 0.2, -0.1, 0.4, -0.2]),
        k=2,
    )
    names = ("one <b>", "two")
    frame = charts.split_frame(split, names)
    assert frame["cluster"].tolist() == list(names)
    assert frame["queries"].tolist() == [3, 2]
    assert frame["mean"].tolist() == pytest.approx([0.2, 0.1])
    assert frame["below"].tolist() == pytest.approx([100 / 3, 50])
    figure = charts.split_figure(split, names, ("#111111", "#222222"))
    low, high = figure.layout.xaxis.range
    assert low <= split.silhouettes.min()
    assert split.silhouettes.max() <= high
    assert [list(bars.x) for bars in figure.data] == [[0.5, 0.2, -0.1], [0.4, -0.2]]
    assert [list(bars.y) for bars in figure.data] == [[0, 1, 2], [4, 5]]
    assert figure.layout.yaxis.ticktext == ("one &lt;b&gt;", "two")
    assert figure.layout.shapes[0].x0 == pytest.approx(split.mean)
    assert split.mean == pytest.approx(0.16)
    assert split.below_zero == 0.4


def test_the_clusters_of_a_split_are_named_by_what_their_queries_say():
    votes, vectors, gold = make_world()
    case = case_of(make_part(votes, vectors, gold), test=None)
    bench = silhouette_bench(case.fit, 0.05)
    t, m = bench.weakest
    split = split_of(case.fit, t, m, int(bench.best_k[t, m]))
    names = charts.split_names(split, case.dataset, bench.tasks[t])
    assert len(names) == len(set(names)) == split.k
    assert all(name.startswith(bench.tasks[t]) for name in names)


def rows_of_bench(app: AppTest):
    return next(one.value for one in app.dataframe if "best_k" in one.value)


@pytest.mark.slow
def test_the_page_shows_every_silhouette_and_opens_the_lowest_query(open_app, small_file):
    data = load_dataset(cascal.Workspace(small_file), "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    app = open_app(small_file, "diagnose")
    assert not app.exception
    assert any(one.value.startswith("Silhouettes of the splits") for one in app.subheader)
    bench = silhouette_bench(fitted, 0.05)
    app.session_state["bench_rows"] = True
    app.selectbox(key="silhouette_task").set_value(bench.tasks[1])
    app.selectbox(key="silhouette_model").set_value(bench.models[2]).run()
    assert not app.exception
    assert rows_of_bench(app)["best"].tolist() == bench.best.ravel().tolist()
    k = app.segmented_control(key="silhouette_k").value
    assert k == bench.best_k[1, 2]
    split = split_of(fitted, 1, 2, k)
    shown = " ".join(plain(one.value) for one in app.caption)
    assert f"Mean silhouette {bench.best[1, 2]:.3f}" in shown
    app.button(key="start_raise").click().run()
    wait_for_jobs("raise:")
    app.run()
    assert not app.exception
    trials = what_would_raise(take_snapshot(data, fitted, Thresholds()), 1, 2, k, {})
    said = " ".join(one.value for one in app.text)
    for trial in trials:
        assert trial.label in said
        if trial.change is not None:
            assert f"{trial.after.silhouette:.3f} ({trial.after.n:,} queries" in said
    lowest = int(split.rows[split.lowest(1)[0]])
    query_id = data.train.votes.query_ids[lowest]
    app.button(key=f"low_{query_id}").click().run()
    assert not app.exception
    assert data.train.texts[lowest] in [one.value for one in app.text]
    assert any(one.key == "close_query" for one in app.button)


@pytest.mark.parametrize(
    ("k", "used"),
    [
        ([[3, 1], [0, 2]], "2 of 3 splits are used"),
        ([[3, 1], [0, 1]], "1 of 3 splits is used"),
        ([[3, 2], [0, 2]], "all 3 splits are used"),
        ([[1, 1], [0, 1]], "none of 3 splits is used"),
    ],
)
def test_how_many_splits_are_used_is_said_in_plain_words(k, used):
    assert hand_made(k=np.array(k)).used == used


@pytest.mark.slow
def test_the_bench_opens_on_the_headlines_cluster_until_another_cell_is_chosen(
    open_app, small_file
):
    def cell(app) -> tuple[str, ...]:
        return tuple(app.selectbox(key=f"silhouette_{one}").value for one in ("task", "model"))

    def began(app) -> list[str]:
        return [one.value for one in app.caption if "which is incoherent, began here" in one.value]

    app = open_app(small_file, "diagnose", share="off", merge="0.0")
    first = cell(app)
    assert len(began(app)) == 1
    app.slider(key="silhouette").set_value(0.2).run()
    assert not app.exception
    assert len(began(app)) == 1  # it follows the headline
    other = next(one for one in app.selectbox(key="silhouette_model").options if one != first[1])
    app.selectbox(key="silhouette_model").set_value(other).run()
    chosen = cell(app)
    app.slider(key="silhouette").set_value(0.05).run()
    assert cell(app) == chosen


@pytest.mark.slow
def test_the_line_moves_with_the_threshold_and_one_cluster_a_task_says_so(open_app, small_file):
    app = open_app(small_file, "diagnose")
    before = [
        one.value for one in app.caption if "min silhouette" in one.value and "used" in one.value
    ]
    app.slider(key="silhouette").set_value(0.5).run()
    after = [
        one.value for one in app.caption if "min silhouette" in one.value and "used" in one.value
    ]
    assert len(before) == len(after) == 1
    assert before != after
    assert "none of" not in before[0]
    app = open_app(small_file, "diagnose", clusters="task")
    assert not app.exception
    assert any("Each task is one cluster" in plain(one.value) for one in app.info)
    assert not any(one.key == "silhouette_task" for one in app.selectbox)
