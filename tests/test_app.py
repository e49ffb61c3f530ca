"""Every page renders on the demo and on an empty workspace; a threshold changes the numbers."""

from __future__ import annotations

import gc
import re
import shlex
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import (
    add_hashed,
    copy_workspace,
    thinned_demo,
    thinned_workspace,
    whole_demo,
    with_queries,
)
from paging import as_read as plain
from paging import end_jobs, open_at, run_through, wait_for_jobs
from streamlit.testing.v1 import AppTest

import cascal
from app import frame, held, jobs, shared_results, tried, values
from app.controls import BY_TASK
from app.route.panels import around
from app.snapshots import Snapshots
from cascal import charts
from cascal.charts.comparison import p_text
from cascal.compare.experiments import Request, run
from cascal.compare.sweep import NAMES
from cascal.dataset.dataset import load_dataset
from cascal.dataset.snapshot import take_snapshot
from cascal.dataset.telling_queries import telling_queries
from cascal.diagnose import CHECKS
from cascal.explain import explain
from cascal.number_format import percent
from cascal.routing.leads import lead_in_words
from cascal.setting_bounds import BOUNDS
from cascal.settings import TASKS_MEASURED
from cascal.simulate.prose import prose_world
from cascal.store import Score
from cascal.verdicts.light import HEADLINES

VIEWS = (
    "overview",
    "data_sets",
    "skills",
    "route",
    "label",
    "evaluate",
    "diagnose",
    "sweep",
    "collect",
    "runs",
)


@pytest.fixture(scope="module")
def demo_file(tmp_path_factory, demo_workspace) -> Path:
    return copy_workspace(demo_workspace, tmp_path_factory.mktemp("app") / "demo.duckdb").path


def forget_jobs() -> None:
    """Forget all jobs but finished comparisons, which a session shows as those of its server do."""
    end_jobs()
    for key, job in list(jobs.known_jobs().items()):
        if job.state != "done" or not key.startswith("comparison:"):
            del jobs.known_jobs()[key]


@pytest.fixture
def open_app(monkeypatch):
    def open_page(workspace: Path, view: str = "overview", **params: str) -> AppTest:
        forget_jobs()
        monkeypatch.setenv("CASCAL_WORKSPACE", str(workspace))
        return open_at(view, **params)

    return open_page


def metric(app: AppTest, label: str) -> str:
    return next(one.value for one in app.metric if one.label == label)


@pytest.mark.slow
def test_snapshots_are_remembered_and_follow_a_data_set_that_is_read_anew(small_file):
    first, again = (load_dataset(cascal.Workspace(small_file), "demo") for _ in range(2))
    fitted = cascal.fit(first.train.votes, first.train.vectors)
    held = Snapshots(fitted)
    before = held.at(first, cascal.Thresholds())
    assert held.at(first, cascal.Thresholds()) is before
    assert held.at(first, cascal.Thresholds(merge_distance=0.4)) is not before
    read_anew, gone = held.at(again, cascal.Thresholds()), weakref.ref(first)
    assert read_anew.dataset is again
    del before, first
    gc.collect()
    assert gone() is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("view", VIEWS)
def test_a_page_renders_on_the_demo_and_says_that_it_is_simulated(open_app, demo_file, view):
    app = open_app(demo_file, view)
    assert not app.exception
    assert not app.error
    texts = " ".join(str(one.value) for one in [*app.markdown, *app.caption, *app.title])
    assert "imulated" in texts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tab", "widget"),
    [
        ("Models", "plotly_chart"),
        ("Quality", "slider"),
        ("Import", "file_uploader"),
    ],
)
def test_every_tab_of_the_page_data_renders(open_app, small_file, tab, widget):
    app = open_app(small_file, "data_sets")
    before = len(app.get(widget))
    app.session_state["data_tab"] = tab
    app.run()
    assert not app.exception
    assert not app.error
    assert len(app.get(widget)) > before


@pytest.mark.slow
def test_the_headline_of_the_map_says_who_gets_which_task(open_app, demo_file):
    app = open_app(demo_file, "skills")
    said = plain(app.title[0].value)
    assert said == (
        "Every task but economics goes mostly to one model, as chemistry to dune-science"
    )


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_renders_on_an_empty_workspace_and_says_what_to_do(open_app, tmp_path, view):
    app = open_app(tmp_path / "new.duckdb", view)
    assert not app.exception
    assert not app.error
    assert app.title
    if view != "collect":
        assert any(one.label == "Load the simulated demo" for one in app.button)
    if view not in ("collect", "data_sets"):
        assert "There are no data yet" in [one.value for one in app.subheader]
        assert any(one.value.startswith("This page tells ") for one in app.text)


def test_a_slider_changes_the_number_of_clusters_and_undo_restores_it(open_app, small_file):
    app = open_app(small_file, "skills")
    before = metric(app, "Skill clusters")
    app.slider(key="silhouette").set_value(0.4).run()
    assert int(metric(app, "Skill clusters")) < int(before)
    assert metric(app, "Routes flipped") != "0.0 %"
    app.button(key="undo").click().run()
    assert metric(app, "Skill clusters") == before
    assert app.slider(key="silhouette").value == 0.05


@pytest.mark.slow
def test_the_shares_are_of_the_queries_that_are_drawn(open_app, demo_file):
    app = open_app(demo_file, "skills")
    titles = {app.title[0].value}
    for points, count in (("Training queries", "5,000 training"), ("Test queries", "2,000 test")):
        app.segmented_control(key="points").set_value(points).run()
        assert any(one.value == f"Who gets the {count} queries" for one in app.subheader)
        shares = next(one.value for one in app.dataframe if "share" in one.value)
        assert shares["share"].sum() == pytest.approx(100)
        titles.add(app.title[0].value)
    assert len(titles) == 2


@pytest.mark.slow
def test_pinning_makes_the_present_state_the_reference(open_app, small_file):
    app = open_app(small_file, "skills")
    app.slider(key="merge").set_value(0.4).run()
    assert metric(app, "Routes flipped") != "0.0 %"
    app.button(key="pin").click().run()
    assert metric(app, "Routes flipped") == "0.0 %"
    app.button(key="reset").click().run()
    assert app.slider(key="merge").value == 0.15
    assert metric(app, "Routes flipped") != "0.0 %"


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["released", "paper"])
def test_another_preset_refits(open_app, small_file, preset):
    app = open_app(small_file, "skills", preset=preset)
    assert not app.exception
    assert app.selectbox(key="preset").value == preset
    assert any(preset in one.value for one in app.code)


@pytest.mark.slow
def test_sliders_move_within_the_bounds_of_the_thresholds():
    for name, (low, high) in values.RANGES.items():
        bound = BOUNDS["Thresholds"][values.THRESHOLDS[name]]
        assert bound.low <= low < high <= bound.high


@pytest.mark.slow
def test_one_cluster_a_task_survives_a_link_and_hides_the_thresholds_of_clusters(
    open_app, demo_file
):
    app = open_app(demo_file, "skills", clusters="task")
    assert not app.exception
    assert not app.sidebar.warning
    assert metric(app, "Skill clusters") == "9"
    assert plain(app.title[0].value).startswith("Each task goes mostly to one model, as ")
    assert app.session_state["clusters"] == "task"
    assert [one.key for one in app.sidebar.slider] == ["top_k"]
    assert "share" not in [one.key for one in app.sidebar.button_group]
    assert any(one.value == BY_TASK for one in app.sidebar.caption)
    assert any("--preset recommended --clusters task" in one.value for one in app.code)
    assert any(TASKS_MEASURED in one.value for one in app.caption)
    app.button(key="reset").click().run()
    assert app.session_state["clusters"] == "skills"
    assert int(metric(app, "Skill clusters")) > 9
    app.button(key="undo").click().run()
    assert metric(app, "Skill clusters") == "9"


@pytest.mark.slow
def test_thresholds_that_are_hidden_keep_their_values(open_app, small_file):
    app = open_app(small_file, "skills", merge="0.3")
    app.slider(key="silhouette").set_value(0.2)
    app.segmented_control(key="share").set_value("off").run()
    app.segmented_control(key="clusters").set_value("task").run()
    app.run()
    app.segmented_control(key="clusters").set_value("skills").run()
    assert app.slider(key="merge").value == 0.3
    assert app.slider(key="silhouette").value == 0.2
    assert app.segmented_control(key="share").value == "off"


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_every_page_shows_a_router_with_one_cluster_a_task(open_app, small_file, view):
    app = open_app(small_file, view, clusters="task")
    assert not app.exception
    assert not app.error


@pytest.mark.slow
def test_the_sweep_offers_what_still_acts_with_one_cluster_a_task(open_app, demo_file):
    app = open_app(demo_file, "sweep")
    assert app.session_state["sweep_name"] == "cost_weight"  # what the recommendation moves
    wait_for_chart(app)
    run_through(app)
    said, weight = shipped(app), swept(app).loc["Cost weight", "action"].split(" → ")[1]
    assert plain(app.title[0].value) == f"Move cost weight to {weight}; leave the other 3"
    app.button(key="move_cost_weight").click().run()
    run_through(app)
    assert f"{app.select_slider(key='cost').value:g}" == weight
    assert swept(app).loc["Cost weight", "action"] == f"Leave at {weight}"
    assert "move_cost_weight" not in [one.key for one in app.button]
    assert app.session_state["sweep_name"] == "cost_weight"
    assert said.startswith("Ship this")
    assert shipped(app).startswith("You use the cost weight to ship")
    app.segmented_control(key="sweep_name").set_value("merge_distance").run()
    app.session_state["clusters"] = "task"
    app.run()
    assert not app.exception
    assert app.session_state["sweep_name"] == "cost_weight"
    assert any(one.value == BY_TASK for one in app.main.caption)
    assert not any(one.value == "Two thresholds at once" for one in app.subheader)


@pytest.mark.slow
def test_a_link_with_nonsense_falls_back_to_the_defaults(open_app, small_file):
    given = {"merge": "x", "preset": "evil", "share": "<b>", "clusters": "no"}
    app = open_app(small_file, "skills", silhouette="9", **given)
    assert not app.exception
    assert app.slider(key="silhouette").value == 0.05
    assert app.selectbox(key="preset").value == "recommended"
    (said,) = [one.value for one in app.sidebar.warning]
    for name in ("silhouette", *given):
        assert f"The link asks for {name} " in said
    assert "<b>" not in said
    app = open_app(small_file, "skills", merge="nan", top_k="2.5", silhouette="0.7", cost="-1")
    (said,) = [one.value.replace("\\", "") for one in app.sidebar.warning]
    assert "merge 'nan'; it must be a number in [0, 2]" in said
    assert "top_k '2.5'; it must be a whole number in [1, 10,000]" in said
    assert "silhouette '0.7'; the slider goes from 0 to 0.5" in said
    assert "cost '-1'; it must be a number in [0, " in said
    app = open_app(small_file, dataset="nope")
    assert "asks for dataset 'nope', which is not here" in app.sidebar.warning[0].value.replace(
        "\\", ""
    )
    assert not open_app(small_file, preset="paper", top_k="2", dataset="demo").sidebar.warning


@pytest.mark.slow
def test_a_command_to_copy_is_one_command_whatever_the_names_are(open_app, tmp_path, small_file):
    path = tmp_path / "o'dd $(x) name.duckdb"
    store, name = copy_workspace(cascal.Workspace(small_file), path), '$HOME "q"; ls `id`'
    store.add(replace(thinned_demo(8, 7)["demo"], dataset=name))
    app = open_app(path, dataset=name)
    assert app.selectbox(key="dataset").value == name
    line = next(one.value for one in app.code if one.value.startswith("cascal fit"))
    assert shlex.split(line)[:5] == ["cascal", "fit", name, "-w", str(path)]


@pytest.mark.slow
def test_a_query_is_routed_and_explained(open_app, demo_file):
    app = open_app(demo_file, "route")
    next(one for one in app.button if one.label == "Try a test query").click().run()
    assert not app.exception
    assert app.title[0].value.startswith("This query goes to")
    said = [plain(one.value) for one in app.markdown]
    assert any(re.match(r"(The|Labels|\d) .* \(\d\.\d\d+ against ", one) for one in said)
    assert "What the models answered" in [one.value for one in app.subheader]
    training = load_dataset(cascal.Workspace(demo_file), "demo").train.texts
    app.text_area(key="query_text").set_value(training[7]).run()
    assert not app.warning
    app.text_area(key="query_text").set_value("zzz qqq xxyyz").run()
    assert re.fullmatch(r"Unlike any training query: \S+ is a guess", plain(app.title[0].value))
    assert any("times as far from the training queries" in one.value for one in app.warning)


@pytest.mark.parametrize("at", [(0.0, 0.0), (0.5, 0.5), (1.0, 0.2)])
def test_the_map_of_a_route_shows_its_places_and_little_beyond_all_points(at):
    xy = np.random.default_rng(0).random((500, 2)) * [10.0, 4.0]
    low, high = xy.min(axis=0), xy.max(axis=0)
    place = low + np.array(at) * (high - low)
    x0, x1, y0, y1 = around(place[None, :], xy)
    assert x0 <= place[0] <= x1
    assert y0 <= place[1] <= y1
    beyond = 0.08 * (high - low)
    assert ([x0, y0] >= low - beyond).all()
    assert ([x1, y1] <= high + beyond).all()
    whole = around(np.array([low, high]), xy)
    assert whole[0] <= low[0]
    assert whole[1] >= high[0]


def test_no_text_is_not_routed_and_said_so(open_app, small_file):
    app = open_app(small_file, "route")
    assert not app.warning
    next(one for one in app.button if one.label == "Route it").click().run()
    assert [one.value for one in app.warning if "no text to route" in one.value]
    assert app.title[0].value.startswith("Where would a query go?")


@pytest.mark.slow
def test_the_empty_page_route_shows_where_queries_go_and_how_narrowly(open_app, small_file):
    app = open_app(small_file, "route")
    data = load_dataset(cascal.Workspace(small_file), "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    now = take_snapshot(data, fitted, cascal.Thresholds())
    router, shown = now.router, telling_queries(now)
    rows = [one.row for one in shown]
    buttons = [one for one in app.button if (one.key or "").startswith("example:")]
    assert [one.key for one in buttons] == [f"example:{row}" for row in rows]
    routes = router.route(data.test.vectors.vectors[rows])
    for at, button in enumerate(buttons):
        head, text, lead = plain(button.label).split("  \n")
        trace = explain(router, data.test.vectors.vectors[rows[at]])
        first, second = (router.models[m] for m in routes.selected[at, :2])
        assert head == f"**To {first}** · {shown[at].shows}"
        whole = " ".join(data.test.texts[rows[at]].split())
        assert text == whole or (text[-1] == "…" and len(text) <= 104)
        assert f"{whole} ".startswith(f"{text.removesuffix('…')} ")  # cut at its end, after a word
        best = np.sort(routes.scores[at])[:-3:-1]
        words = lead_in_words(*best, trace.lead_noise)
        assert trace.lead_words == words
        known = f"{words.sure.capitalize()}: {words.lead} ± {words.noise}"
        said = known if words.noise else words.lead
        assert lead == f":small[{said} ahead of {second}]"
    app.button(key=f"example:{rows[0]}").click().run()
    assert app.text_area(key="query_text").value == data.test.texts[rows[0]]
    assert app.title[0].value.startswith("This query goes to")
    right = data.test.right[rows[0], routes.selected[0, 0]] == 1
    change = [one.value for one in app.markdown if "if its score rises by more" in one.value]
    (second,) = [plain(one).removeprefix("• ").partition(" comes first")[0] for one in change]
    assert frame.headline(second) in change[0]  # a name with a hyphen is kept whole
    said = "which is right by the gold answer" if right else "the gold answer is"
    assert any(said in one.value for one in app.markdown)
    assert not any((one.key or "").startswith("example:") for one in app.button)
    next(one for one in app.button if one.label == "Back to the examples").click().run()
    assert not app.exception
    assert app.text_area(key="query_text").value == ""
    assert len([one for one in app.button if (one.key or "").startswith("example:")]) == len(rows)


@pytest.mark.slow
def test_a_server_that_others_can_reach_writes_nothing(open_app, small_file, monkeypatch):
    monkeypatch.setenv("CASCAL_READ_ONLY", "1")
    app = open_app(small_file, "data_sets")
    assert not app.exception
    assert not [one for one in app.button if one.label in ("Delete", "Import")]
    app = open_app(small_file, "collect")
    assert app.title[0].value == "Nothing is collected from here"
    assert not [one for one in app.button if one.label.startswith(("Collect", "Generate"))]


@pytest.mark.slow
def test_a_workspace_that_is_no_database_is_a_sentence(open_app, tmp_path):
    path = tmp_path / "text.duckdb"
    path.write_text("only text " * 500, encoding="utf-8")
    app = open_app(path)
    assert not app.exception
    assert "cannot be opened as a workspace" in app.error[0].value


def wait_for_chart(app: AppTest) -> None:
    """A job runs in a thread of its own; the page shows its result when it is run again."""
    run_through(app)
    assert app.get("plotly_chart")


@pytest.fixture(scope="module")
def small_file(tmp_path_factory) -> Path:
    """600 training and 300 test queries of the demo: everything in seconds."""
    return thinned_workspace(tmp_path_factory.mktemp("app"), 8, 7).path


def open_tab(app: AppTest, name: str) -> None:
    app.session_state["evaluate_tab"] = name
    app.run()


@pytest.mark.parametrize("view", ["overview", "evaluate", "sweep", "runs"])
def test_repeated_test_queries_are_told_once_wherever_numbers_rest_on_them(
    open_app, demo_file, view
):
    app = open_app(demo_file, view)
    links = [plain(one.proto.label) for one in app.get("page_link")]
    [told] = [one for one in links if "Caution" in one]
    gain = r"; without them \S+ points \[.+\] over always asking \S+"
    without = "" if view == "runs" else gain  # there nothing has changed yet
    repeated = r"Caution: \d+ of [\d,]+ test queries repeat a training query, or nearly"
    assert re.search(rf"{repeated}{without}. See Diagnose", told)
    assert not [one.value for one in app.markdown if "Caution" in one.value]


@pytest.mark.slow
def test_all_routers_are_compared_on_the_page_evaluate(open_app, small_file):
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    assert not app.exception
    assert not app.error
    three = app.dataframe[0].value
    assert three["key"][0] == "cascal"
    assert "best_by_gold" in three["key"].tolist()[1:]
    assert three["top1"][1] >= three["top1"][2]
    assert sorted(three["needs"]) == ["gold answers", "no labels", "no labels"]
    heading = next(one.value for one in app.subheader if "right by the router in use" in one.value)
    assert f"{three['top1_text'][0].split()[0]} % right by the router in use" in plain(heading)
    answers = dict(tab.label.split(": ") for tab in app.tabs[:4])
    assert answers["Routers"] == percent(three["top1"][0] / 100, 1)
    assert answers["Where it gains"].endswith(" of 9")
    told = re.fullmatch(r"in use (\d+), \S+ (\d+)", answers["Head to head"])
    wins, losses = map(int, told.groups())
    assert (wins - losses) * three["gain"][0] > 0
    app.session_state["all_of_them"] = True
    app.run()
    table = app.dataframe[1].value
    named = {"CASCAL recommended (in use)", "AVENGERS", "LLMRANK", "Oracle"}
    assert named <= set(table["router"])
    assert (table["top1"].dropna() <= 100).all()
    assert table["top1"].dropna().is_monotonic_decreasing
    assert all(" [" in one for one in table["top1_text"][table["top1"].notna()])
    app.segmented_control(key="measure").set_value("vote").run()
    assert app.dataframe[1].value["vote"].dropna().is_monotonic_decreasing


@pytest.mark.slow
def test_other_benchmarks_measures_have_their_intervals_on_the_page_evaluate(open_app, small_file):
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    app.session_state["peers"] = True
    app.run()
    assert not app.exception
    for name in ("nAUC", "Peak", "RCI", "Effective votes"):
        tile = next(one for one in app.metric if one.label == name)
        low, high = map(float, tile.delta.strip("[]").split(", "))
        assert low <= float(tile.value) <= high


@pytest.mark.slow
def test_an_experiment_is_run_from_the_page_and_its_report_is_kept(open_app, small_file):
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    open_tab(app, "Experiments")
    app.selectbox(key="experiment").set_value("mmd").run()
    next(one for one in app.button if one.label == "Run it").click().run()
    run_through(app)
    assert not app.exception
    assert any("MMD" in one.value for one in app.text)
    assert (small_file.parent / "experiments" / "mmd-demo.json").exists()


@pytest.mark.slow
def test_evaluate_shows_what_is_known_while_the_routers_are_compared(
    open_app, small_file, monkeypatch
):
    monkeypatch.setattr(shared_results, "comparison", lambda: None)
    app = open_app(small_file, "evaluate")
    assert not app.exception
    assert any("the others follow" in one.value for one in app.subheader)
    assert re.fullmatch(r".* here: \S+ points \[\S+ \S+\]", plain(app.title[0].value))
    over = "Over always asking atlas-large, the best model on these very queries. "
    assert any(plain(one.value).startswith(over) for one in app.caption)
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.slow
def test_the_cost_chart_names_the_present_router(open_app, small_file):
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    open_tab(app, "Cost")
    assert "The router in use" in app.get("plotly_chart")[0].proto.spec


@pytest.mark.slow
def test_a_p_value_is_never_shown_as_zero():
    assert [p_text(one) for one in (1e-9, 0.0123, float("nan"))] == ["< 0.001", "0.012", ""]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tab", "says"),
    [
        ("Cost", "per 1,000 queries"),
        ("Where it gains", "Routing gains in"),
        ("Head to head", ""),
        ("What if", "How many training queries"),
        ("Experiments", ""),
    ],
)
def test_every_tab_of_the_page_evaluate_renders(open_app, small_file, tab, says):
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    open_tab(app, tab)
    assert not app.exception
    assert not app.error
    assert any(says in one.value for one in app.subheader) or not says


@pytest.mark.slow
def test_what_ifs_run_on_request_and_can_be_stopped(open_app, small_file):
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    open_tab(app, "What if")
    assert not app.get("plotly_chart")
    said = [plain(one.value) for one in app.caption if "Fits again" in one.value]
    assert len(said) == 2
    assert all(re.search(r": (a few|about \d+) seconds\.$", one) for one in said)
    next(one for one in app.button if one.label == "Draw the scaling curve").click().run()
    wait_for_chart(app)
    assert not app.exception
    next(one for one in app.button if one.label == "Leave each model out").click().run()
    job = next(job for key, job in jobs.known_jobs().items() if key.startswith("removals"))
    job.stop()
    wait_for_jobs("removals")
    assert job.state == "stopped"
    app.run()
    assert any("Stopped" in one.value for one in app.info)


@pytest.mark.slow
def test_a_report_beside_the_workspace_is_opened_and_a_damaged_one_refused(open_app, small_file):
    folder = small_file.parent / "experiments"
    study = load_dataset(cascal.Workspace(small_file), "demo")
    run("mmd", Request(dataset=study)).save(folder / "mmd-demo.json")
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    open_tab(app, "Experiments")
    assert any("MMD" in one.value for one in app.text)
    (folder / "mmd-demo.json").write_text('{"format": "cascal-experiment"}', encoding="utf-8")
    app.run()
    assert not app.exception
    assert "format None" in app.error[0].value


@pytest.mark.slow
def test_the_cost_on_the_overview_is_that_of_the_page_evaluate_beside_the_same_model(
    open_app, small_file
):
    app = open_app(small_file)
    (sentence,) = [plain(one.value) for one in app.caption if "routed to" in plain(one.value)]
    assert f"{metric(app, 'Cost per 1,000')} routed" in sentence
    against = plain(app.title[0].value).split("always asking ")[1].rstrip(".")
    assert f"always asking {against}, the best" in sentence
    (right,) = [one for one in app.metric if one.label == "First model right"]
    assert right.delta.endswith(f" over {against}")
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    assert any(f"always asking {against}, the best" in plain(one.value) for one in app.caption)
    open_tab(app, "Cost")
    assert any(sentence in plain(one.value) for one in app.caption)


@pytest.mark.slow
def test_the_overview_says_when_routing_pays_back_at_the_stated_horizon(open_app, small_file):
    app = open_app(small_file)
    against = plain(app.title[0].value).split("always asking ")[1].rstrip(".")

    def said(part: str) -> str:
        (sentence,) = [text for one in app.markdown if part in (text := plain(one.value))]
        return sentence

    assert said(f"against always asking {against} (by gold")
    app.number_input(key="tolerance").set_value(50.0).run()
    app.number_input(key="horizon").set_value(7000).run()
    assert f"over always asking {against} (measured)" in said("At 7,000 queries")


@pytest.mark.slow
def test_open_ended_answers_are_ranked_by_scores_and_other_pages_say_why_not(open_app, tmp_path):
    world = prose_world(60)
    workspace = cascal.Workspace(tmp_path / "prose.duckdb")
    add_hashed(workspace, world.imported)
    app = open_app(workspace.path)
    assert "cannot be ranked without scores" in app.title[0].value
    for origin, scorer, shift in (("judge", "sim", 0.0), ("person", "ann", 0.1)):
        workspace.add_scores(
            "prose",
            [
                Score(query_id=one, model=name, value=float(value), origin=origin, scorer=scorer)
                for one, row in zip(world.query_ids[:30], world.quality, strict=False)
                for name, value in zip(world.models, np.clip(row - shift, 0, 1), strict=True)
            ],
        )
    for view in ("overview", "evaluate"):
        app = open_app(workspace.path, view)
        assert not app.exception
        assert "as far as the scores say" in app.title[0].value
        assert any("by ann on 30 of 60 queries" in one.value for one in app.text)
        asks = any("pay" in one.value or "break-even" in one.value for one in app.subheader)
        assert asks == (view == "overview")
    app = open_app(workspace.path, "data_sets")
    app.session_state["data_tab"] = "Data sets"
    app.run()
    assert any("people: 240 scores of 30 queries and 8 models" in one.value for one in app.text)
    app = open_app(workspace.path, "label")
    assert not app.exception
    assert not app.error
    for view in ("skills", "diagnose", "sweep"):
        app = open_app(workspace.path, view)
        assert not app.exception
        assert any("not comparable" in one.value for one in app.error)


def address_of(app: AppTest) -> dict[str, str]:
    """What the browser writes into the address: every bound widget that is not at its default."""
    found = {}
    for one in app.sidebar.slider:
        if one.value != one.proto.default[0]:
            found[one.key] = f"{one.value:g}"
    for one in app.sidebar.select_slider:
        place = one.proto.default[0]
        if one.proto.options[int(place)] != f"{one.value:g}":
            found[one.key] = f"{one.value:g}"
    return found


def test_an_inspected_cluster_has_its_name_and_its_typical_queries(open_app, small_file):
    app = open_app(small_file, "skills", cluster="0")
    assert "Most typical queries:" in [one.value for one in app.caption]
    data = load_dataset(cascal.Workspace(small_file), "demo")
    snapshot = take_snapshot(
        data, cascal.fit(data.train.votes, data.train.vectors), cascal.Thresholds()
    )
    shown = [one.value for one in app.text]
    for row in snapshot.typical(0):
        assert charts.shorten(data.train.texts[row], 160) in shown


@pytest.mark.slow
@pytest.mark.parametrize("end", [0, -1])
def test_every_control_at_either_end_survives_the_copied_address(open_app, small_file, end):
    app = open_app(small_file, "skills")
    for slider in app.sidebar.slider:
        slider.set_value((slider.min, slider.max)[end])
    weights = [float(one) for one in app.select_slider(key="cost").options]
    app.select_slider(key="cost").set_value(weights[end])
    app.run()
    shown = {one.key: one.value for one in [*app.sidebar.slider, *app.sidebar.select_slider]}
    assert set(shown) == {"silhouette", "merge", "top_k", "cost"}
    other = open_app(small_file, "skills", **address_of(app))
    read = {one.key: one.value for one in [*other.sidebar.slider, *other.sidebar.select_slider]}
    assert read == shown
    assert not other.sidebar.warning


@pytest.mark.slow
def test_a_cost_weight_of_a_link_keeps_its_value_beside_the_grid(open_app, small_file):
    app = open_app(small_file, "skills", cost="0.0421")
    assert app.select_slider(key="cost").value == 0.0421
    assert any("--cost-weight 0.0421" in one.value for one in app.code)
    assert not app.sidebar.warning
    app.select_slider(key="cost").set_value(0.0).run()
    assert "0.0421" in app.select_slider(key="cost").options
    app.button(key="undo").click().run()
    assert app.select_slider(key="cost").value == 0.0421
    assert open_app(small_file, cost="0.04210").select_slider(key="cost").value == 0.0421
    app = open_app(small_file, cost="-1")
    assert "asks for cost '-1'; it must be" in plain(app.sidebar.warning[0].value)
    assert app.select_slider(key="cost").value == 0.0


def shipped(app) -> str:
    """What is said of the setting to ship."""
    texts = [plain(one.value) for one in (*app.title, *app.subheader)]
    (said,) = [one for one in texts if re.match(r"Ship this: |You use the [a-z ]+ to ship", one)]
    return said


@pytest.mark.slow
def test_every_page_recommends_the_same_setting_and_says_so_when_it_is_in_use(
    open_app, small_file, monkeypatch
):
    app = open_app(small_file)
    app.number_input(key="tolerance").set_value(20.0).run()
    said = shipped(app)
    assert said.startswith("Ship this: ask one model, cost weight ")
    ways = next(one.value for one in app.dataframe if "way" in one.value).set_index("way")
    assert f" {ways['right']['To ship, one model']:.1f} % right for $" in said
    assert ways["pays"]["To ship, one model"] == "not shown"
    said_of_it = "No break-even: quality is not shown to be equal."
    assert said_of_it in [plain(one.value) for one in app.markdown]
    told = {one.label: str(one.delta) for one in app.metric}
    assert told["Pays back after"] == f"{ways['pays']['In use, one model']} queries"
    tiles = {one.label: one.proto.delta_description for one in app.metric}
    assert tiles["Cost per 1,000"] == f"To ship: ${ways['cost']['To ship, one model']:.2f}"
    assert tiles["First model right"] == f"To ship: {ways['right']['To ship, one model']:.1f} %"
    assert tiles["Pays back after"] == f"To ship: {ways['pays']['To ship, one model']}"
    before = metric(app, "Cost per 1,000")
    weight = said.split("cost weight ")[1].split(",")[0]
    app.button(key="use_recommended").click().run()
    assert not app.exception
    assert f"{app.select_slider(key='cost').value:g}" == weight
    assert float(metric(app, "Cost per 1,000")[1:]) < float(before[1:])
    assert shipped(app).startswith("You use the cost weight to ship: ")
    assert app.slider(key="top_k").value == 1, "it asks one model"
    assert app.button(key="see_the_change").label == "See what it changed"
    assert "use_recommended" not in [one.key for one in app.button]
    app.button(key="undo").click().run()
    assert shipped(app) == said
    assert any("Sweep tries other thresholds" in one.value for one in app.caption)
    assert not any("is being found" in one.value for one in app.caption)
    voting = "Voting of 3 costs $"
    assert any(voting in plain(one.value) for one in app.caption)
    monkeypatch.setattr(held, "clock", lambda: time.monotonic() + held.SECONDS)  # no echo of then
    app.slider(key="top_k").set_value(1).run()
    captions = [plain(one.value) for one in app.caption]
    assert not any("Voting of" in one or re.search(r"Where \d+ vote", one) for one in captions)
    assert not any("vote of 1" in str(one.value).lower() for one in app.dataframe)
    assert "Vote of 1 right" not in [one.label for one in app.metric]
    days = metric(app, "Pays back after")
    assert any(", days at 1,000 queries a day." in one for one in captions)
    app.number_input(key="daily").set_value(10).run()
    assert metric(app, "Pays back after") != days
    assert any(", days at 10 queries a day." in plain(one.value) for one in app.caption)


@pytest.mark.slow
def test_pages_that_compare_settings_say_what_to_ship(open_app, small_file):
    said = shipped(open_app(small_file))
    app = open_app(small_file, "evaluate")
    wait_for_chart(app)
    open_tab(app, "Cost")
    assert shipped(app) == said
    sweep = open_app(small_file, "sweep", sweep_name="cost_weight")
    wait_for_chart(sweep)
    sweep.segmented_control(key="sweep_name").set_value("cost_weight").run()
    wait_for_chart(sweep)
    assert shipped(sweep) == said


@pytest.mark.slow
def test_the_report_of_the_page_runs_says_what_the_overview_does_at_its_terms(open_app, small_file):
    app = open_app(small_file)
    app.number_input(key="tolerance").set_value(20.0).run()
    said = shipped(app)
    app.switch_page("runs/page.py").run()
    next(one for one in app.button if one.label == "Write the report").click().run()
    run_through(app)
    assert not app.exception
    (written,) = [one for key, one in jobs.known_jobs().items() if key.startswith("report:")]
    assert said in written.result
    assert "lose at most 20 points" in written.result


@pytest.mark.slow
def test_presets_are_compared_on_request_and_their_tab_recommends_the_same(open_app, small_file):
    app = open_app(small_file)
    alone = int(next(one.label for one in app.expander if "why not" in one.label).split()[-2])
    next(one for one in app.button if one.label == "Try the presets as well").click().run()
    run_through(app)
    assert not app.exception
    (label,) = [one.label for one in app.expander if "why not another?" in one.label]
    assert int(label.split()[-2]) > 2 * alone
    assert not any(one.label == "Try the presets as well" for one in app.button)
    assert any(plain(one.value).startswith("Tried: ") for one in app.markdown)
    said = shipped(app)
    other = open_at("overview")
    (label,) = [one.label for one in other.expander if "why not another?" in one.label]
    assert int(label.split()[-2]) == alone, "what another visitor tried changes nothing here"
    app.switch_page("evaluate/page.py").run()
    wait_for_chart(app)
    open_tab(app, "Presets")
    assert shipped(app) == said
    (table,) = [one.value for one in app.dataframe if "gain" in one.value and "best" in one.value]
    assert "in use" in table["gain"].tolist()
    assert not any("as rivals on the other tabs" in plain(one.value) for one in app.caption)
    app.select_slider(key="cost").set_value(0.01).run()
    run_through(app)
    said = [plain(one.value) for one in (*app.caption, *app.markdown)]
    assert any("Here every preset takes cost weight 0.01; as rivals on the" in one for one in said)
    assert any(one.startswith("All at cost weight 0.01. ") for one in said)


@pytest.mark.slow
def test_a_look_at_the_presets_changes_no_interval_on_the_overview(open_app, small_file):
    """Only the click does: what is said must not depend on the tabs that were visited."""

    def tried(app) -> str:
        return next(one.label for one in app.expander if "why not" in one.label)

    app = open_app(small_file)
    before = tried(app)
    app.switch_page("evaluate/page.py").run()
    wait_for_chart(app)
    open_tab(app, "Presets")
    run_through(app)
    assert any("best" in one.value for one in app.dataframe)
    assert "Try the presets as well" in [one.label for one in app.button]
    app.switch_page("overview/page.py").run()
    assert tried(app) == before


@pytest.mark.slow
def test_without_prices_presets_alone_can_be_compared(open_app, tmp_path):
    imported = thinned_demo(8, 7)["demo"]
    rows = imported.responses.to_pylist()
    for one in rows:
        one["cost"], one["input_tokens"], one["output_tokens"] = None, None, None
    unpriced = imported.responses.from_pylist(rows, imported.responses.schema)
    store = cascal.Workspace(tmp_path / "free.duckdb", create=True)
    add_hashed(store, replace(imported, responses=unpriced))
    app = open_app(store.path)
    assert not app.exception
    assert shipped(app).startswith("You use the setting to ship: ")
    assert "$" not in shipped(app)
    said = [plain(one.value) for one in app.caption]
    assert any(one.startswith("Costs are unknown: with prices") for one in said)
    next(one for one in app.button if one.label == "Try the presets as well").click().run()
    run_through(app)
    assert not app.exception
    assert any("why not another? " in one.label for one in app.expander)


@pytest.mark.slow
def test_the_overview_knows_the_incoherent_cluster_of_diagnose(open_app, demo_file):
    told = {
        view: [plain(one.value) for one in app.text]
        for view, app in ((view, open_app(demo_file, view)) for view in ("overview", "diagnose"))
    }
    cause = re.compile("Joining made it of .* of its queries below 0")
    [said] = [one for one in told["overview"] if cause.search(one)]
    assert any(said == one.replace("\N{NO-BREAK SPACE}%", " %") for one in told["diagnose"])


def test_numbers_of_a_table_have_a_real_minus_and_still_sort():
    shown = frame.written(pd.DataFrame({"a": [-0.5, 2.0, None]}), {"a": 1, "b": 1}, ["a"])
    assert all(one in shown.to_html() for one in ("−0.5", "+2.0", "–"))
    assert shown.data["a"].tolist()[:2] == [-0.5, 2.0]


def test_the_overview_shows_the_map_as_a_picture(open_app, demo_file):
    app = open_app(demo_file)
    assert not app.exception
    assert any(one.label == "Open the map" for one in app.get("page_link"))
    assert "per 1,000 queries" in shipped(app)


@pytest.mark.slow
def test_undo_goes_back_to_the_state_of_the_link(open_app, small_file):
    app = open_app(small_file, "skills", merge="0.3")
    app.slider(key="merge").set_value(0.5).run()
    app.button(key="undo").click().run()
    assert app.slider(key="merge").value == 0.3


@pytest.mark.slow
def test_the_cost_weight_is_a_threshold_like_the_others(open_app, small_file):
    app = open_app(small_file, "skills")
    dearest = app.select_slider(key="cost").options[-1]
    app.select_slider(key="cost").set_value(float(dearest)).run()
    assert metric(app, "Models in use") == "1 of 8"
    assert any(f"--cost-weight {dearest}" in one.value for one in app.code)
    app.button(key="undo").click().run()
    assert app.select_slider(key="cost").value == 0.0


@pytest.mark.slow
def test_the_overview_says_what_could_be_said_without_labels(open_app, small_file):
    app = open_app(small_file)
    assert any("the router beats always asking" in one.value for one in app.text)
    assert any("label random queries" in one.value for one in app.markdown)
    assert any("Right here" in one.value or "Unsure" in one.value for one in app.markdown)
    (record,) = (one.value for one in app.dataframe if "AUC" in one.value)
    assert record["when it said “agree”"].tolist() == ["11 of 40", "28 of 40"]


@pytest.mark.slow
def test_without_gold_answers_the_light_is_the_headline(open_app, tmp_path):
    path = tmp_path / "nogold.duckdb"
    add_hashed(cascal.Workspace(path), with_queries(whole_demo()["demo"], [*range(400)]))
    app = open_app(path)
    assert not app.exception
    assert app.title[0].value in HEADLINES.values()
    app = open_app(path, "evaluate")
    assert "Without gold answers" in app.title[0].value


@pytest.mark.slow
def test_issues_are_the_headline_and_remedies_are_tried_applied_and_undone(open_app, small_file):
    app = open_app(small_file, "diagnose", share="off", merge="0.0")
    run_through(app)
    assert any("checks passed" in one.value for one in app.caption)
    assert not app.exception
    assert ": apply “" in app.title[0].value
    measured = [plain(one.value) for one in app.caption if "(rule: " in plain(one.value)]
    assert any("missed by" in one for one in measured)
    checks = next(one.value for one in app.dataframe if "margin" in one.value)
    assert set(checks["code"]) == set(CHECKS)
    assert checks.loc[checks["result"] == "passed", "margin"].notna().any()
    run_through(app)  # the remedies of the first issue are tried out without asking
    issue = next(one.key for one in app.button if one.label == "Apply").rpartition("_")[0]
    weights = [one.proto.type for one in app.button if one.key.startswith(f"{issue}_")]
    assert weights == ["primary", *["secondary"] * (len(weights) - 1)]  # the best one stands out
    assert any(one.label.endswith("not help") for one in app.expander)
    names = ("clusters", "share", "merge", "silhouette")
    before = [app.session_state[name] for name in names]
    next(one for one in app.button if one.label == "Apply").click().run()
    after = [app.session_state[name] for name in names]
    assert after != before
    app.button(key="undo").click().run()
    assert not app.exception
    undone = [app.session_state[name] for name in names]
    assert undone == before


def swept(app: AppTest):
    """The table of all thresholds, by their names."""
    return next(one.value for one in app.dataframe if "brings" in one.value).set_index("threshold")


@pytest.mark.slow
def test_the_sweep_begins_with_all_thresholds_and_shows_the_curve_of_one(open_app, small_file):
    app = open_app(small_file, "sweep")
    run_through(app)
    assert list(swept(app).index) == ["Min silhouette", "Merge distance", "Joining", "Cost weight"]
    assert app.title[0].value.startswith(("Leave all thresholds", "Move "))
    for name in ("prune_jaccard", "min_silhouette"):
        app.segmented_control(key="sweep_name").set_value(name).run()
        assert NAMES[name].lower() in plain(app.subheader[0].value).lower()


@pytest.mark.slow
def test_curves_that_end_while_the_sweep_is_drawn_are_shown(open_app, small_file, monkeypatch):
    shown = tried.wait

    def late(found):
        jobs.wait_for(jobs.known_jobs().values(), 60.0)
        shown(found)

    monkeypatch.setattr(tried, "PATIENCE", 0.0)
    monkeypatch.setattr(tried, "wait", late)
    app = open_app(small_file, "sweep", merge="0.23")
    assert len(swept(app)) == len(NAMES)
    assert "tried" not in app.title[0].value


@pytest.mark.slow
def test_a_swept_value_can_be_used(open_app, small_file):
    app = open_app(small_file, "sweep")
    wait_for_chart(app)
    assert "merge distance" in app.subheader[0].value
    value(app).set_value(39).run()
    value(app).set_value(40)  # the button is still that beside the value before
    app.button(key="use_value").click().run()
    assert app.slider(key="merge").value == 0.4
    assert not app.exception
    assert "merge distance" in app.subheader[0].value  # at once, without another sweep
    assert any("merge distance 0\\.15 → 0\\.4" in one.value for one in app.markdown)
    app.button(key="undo_value").click().run()
    assert app.slider(key="merge").value == 0.15


def value(app: AppTest):
    return next(one for one in app.selectbox if one.label == "Value")


@pytest.mark.slow
def test_another_routing_is_a_threshold_like_the_others(open_app, small_file):
    app = open_app(small_file, "skills", routing="nearest")
    assert not app.exception
    assert any("--routing nearest" in one.value for one in app.code)
    assert metric(app, "Routes flipped") != "0.0 %"


def run_until(app: AppTest, says: str) -> None:
    run_through(app)
    assert any(says in one.value for one in app.success)


@pytest.mark.slow
def test_from_task_descriptions_to_responses_on_one_page_without_a_key(open_app, tmp_path):
    path = tmp_path / "new.duckdb"
    app = open_app(path, "collect")
    assert not app.exception
    app.number_input(key="collect_n").set_value(5).run()
    assert any(plain(one.value).startswith("15 queries in 3 tasks") for one in app.caption)
    next(one for one in app.button if one.label == "Check the servers").click().run()
    checked = next(one.value for one in app.dataframe if "answers" in one.value)
    assert set(checked["answers"]) == {"yes"}
    next(one for one in app.button if one.label == "Generate").click().run()
    run_until(app, "All queries are there")
    app.run()
    assert ", simulated, complete “generated”" in plain(app.title[0].value)
    assert metric(app, "Calls") == "120"
    assert metric(app, "Cost, about").startswith("$")
    next(one for one in app.button if one.label == "Collect 120 responses").click().run()
    run_until(app, "Everything is collected")
    assert not app.exception
    info = cascal.Workspace(path).dataset("generated")
    assert (info.n_queries, info.n_models, info.n_responses) == (15, 8, 120)
    assert info.origin == "simulated"


@pytest.mark.slow
def test_collect_asks_what_was_generated_else_what_the_sidebar_shows(open_app, small_file):
    app = open_app(small_file, "collect")
    app.toggle(key="collect_more").set_value(True).run()
    shown = app.selectbox(key="dataset").value
    assert app.selectbox(key="asked_dataset").value == shown
    app.segmented_control(key="queries_from").set_value("Have them written").run()
    app.text_input(key="collect_dataset").set_value("fresh")
    app.number_input(key="collect_n").set_value(2)
    next(one for one in app.button if one.label == "Generate").click().run()
    run_until(app, "All queries are there")
    app.run()
    assert app.selectbox(key="asked_dataset").value == "fresh"
    app.selectbox(key="asked_dataset").set_value(shown).run()
    assert app.selectbox(key="asked_dataset").value == shown


@pytest.mark.slow
def test_a_share_of_the_calls_is_said_before_it_is_asked(open_app, small_file):
    app = open_app(small_file, "collect")
    assert plain(app.title[0].value).startswith("Nothing is missing: 8 models have answered all ")
    (every,) = [one.value for one in app.dataframe if "per_thousand" in one.value]
    table, total = every.iloc[:-1], every.iloc[-1]
    spent = sum(bill.total for bill in cascal.Workspace(small_file).bills("demo"))
    assert total["dollars"] == round(table["dollars"].sum(), 2) == round(spent, 2)
    said = f"What is there: {total['answers']:,} answers, simulated ${spent:,.2f}"
    assert said in [plain(one.value) for one in app.subheader]
    next(one for one in app.button if one.label == "Name the model").click().run()
    assert any("Add a row for each model" in plain(one.value) for one in app.info)
    assert not app.error
    middle = table.sort_values("per_thousand").iloc[len(table) // 2]
    dear = middle["per_thousand"] * int(table["answers"][0]) / 1000
    assert metric(app, "One more model") == f"{int(table['answers'][0]):,} calls"
    (more,) = [one for one in app.metric if one.label == "One more model"]
    like = f"about ${dear:,.2f} at the middle price ({middle['model']}), simulated"
    assert plain(more.delta) == like
    assert (table["dollars"] * 1000 / table["answers"]).tolist() == pytest.approx(
        table["per_thousand"].tolist(), abs=0.012
    )
    votes = cascal.Workspace(small_file).votes("demo")
    unread = (100 * (1 - votes.answered.sum(axis=0) / votes.asked.sum(axis=0))).tolist()
    assert table["unread"].tolist() == pytest.approx(unread)
    said = [plain(one.value) for one in app.caption]
    assert any("mean over all" in one and "test queries alone" in one for one in said)
    app.session_state["collected_of_models"] = {"selection": {"cells": [(1, "model")]}}
    app.run()
    assert app.session_state["selection"].unread == (votes.models[1],)
    app = open_app(small_file, "collect")
    app.button(key="next_model").click().run()
    assert app.segmented_control(key="pool_source").value == "My endpoints"
    app = open_app(small_file, "collect")
    app.button(key="next_queries").click().run()
    assert app.segmented_control(key="queries_from").value == "Have them written"
    app = open_app(small_file, "collect")
    assert not app.get("slider") or "fraction" not in [one.key for one in app.slider]
    app.toggle(key="collect_more").set_value(True).run()
    app.slider(key="fraction").set_value(40).run()
    assert not app.exception
    assert plain(app.title[0].value).startswith("Nothing is missing")
    assert "collect_now" not in [one.key for one in app.button]  # there is nothing to collect
    assert app.button(key="collect_nothing").disabled
    assert metric(app, "One more model")  # the steps are below, and nothing went away


@pytest.mark.slow
def test_simulated_models_are_not_proposed_for_real_responses(open_app, tmp_path):
    store = cascal.Workspace(tmp_path / "real.duckdb", create=True)
    add_hashed(store, replace(thinned_demo(50, 50)["demo"], origin="real"))
    app = open_app(store.path, "collect")
    assert plain(app.title[0].value).startswith("Nothing is missing: 8 models have answered all ")
    app.toggle(key="collect_more").set_value(True).run()
    assert not app.exception
    assert app.segmented_control(key="pool_source").value == "My endpoints"


@pytest.mark.slow
def test_what_is_wrong_with_tasks_or_a_pool_is_a_sentence(open_app, tmp_path):
    app = open_app(tmp_path / "new.duckdb", "collect")
    app.toggle(key="tasks_as_text").set_value(True).run()
    app.text_area(key="tasks_text").set_value("tasks: [").run()
    assert not app.exception
    assert "no YAML" in app.error[0].value
    app.segmented_control(key="pool_source").set_value("My endpoints").run()
    assert any("Add a row for each model" in plain(one.value) for one in app.info)


@pytest.mark.slow
def test_live_calls_are_impossible_without_endpoints_and_off_with_them(open_app, small_file):
    app = open_app(small_file, "route")
    next(one for one in app.button if one.label == "Try a test query").click().run()
    assert not app.exception
    assert any("have no endpoint" in one.value for one in app.caption)
    assert not app.toggle


@pytest.mark.slow
def test_a_or_b_stays_chosen_when_the_preset_takes_another_title(open_app, small_file):
    app = open_app(small_file, "evaluate", preset="released")
    wait_for_chart(app)
    open_tab(app, "Head to head")

    def boxes():
        return {one.label: one for one in app.selectbox if one.label in "AB"}

    boxes()["B"].set_value("recommended").run()
    assert "CASCAL recommended" in plain(app.subheader[0].value)
    app.selectbox(key="preset").set_value("recommended").run()
    run_through(app)
    a, b = (boxes()[one] for one in "AB")
    assert (a.value, a.options[a.index]) == ("cascal", "CASCAL recommended")
    assert "recommended" not in b.options[b.index]
    assert "CASCAL recommended and CASCAL recommended" not in plain(app.subheader[0].value)


def test_a_command_in_a_sentence_stays_marked_and_all_else_is_text():
    said = "Nobody; `cascal label DATA --n 30` asks *you* or `evil` or `cascal $(x)`."
    assert frame.escape(said) == (
        "Nobody; `cascal label DATA --n 30` asks \\*you\\* or \\`evil\\` or "
        "\\`cascal \\$\\(x\\)\\`\\."
    )


def test_intervals_and_amounts_stay_in_one_line():
    told = frame.unbroken("−$0.50 [−$0.58, −$0.42] per 1,000, 27.2 [26.3 %, 28.2 %], in [0, 2]")
    assert "−\N{WORD JOINER}$0.50 [−\N{WORD JOINER}$0.58,\N{NO-BREAK SPACE}−" in told
    assert "[26.3\N{NO-BREAK SPACE}%,\N{NO-BREAK SPACE}28.2\N{NO-BREAK SPACE}%]" in told
    assert told.endswith(" in [0, 2]")
    assert plain(told) == "−$0.50 [−$0.58, −$0.42] per 1,000, 27.2 [26.3 %, 28.2 %], in [0, 2]"
