"""One "best in this cluster": every table, page and file names what the router picks there."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from test_explain import EAST, hand_made
from typer.testing import CliRunner

import cascal
from cascal import charts
from cascal.cli import app
from cascal.dataset.snapshot import take_snapshot
from cascal.diagnose.quality import cluster_needs
from cascal.explain import explain
from cascal.export import convert
from cascal.report import write_report
from cascal.routing.leaders import cluster_leaders
from cascal.routing.reasons import Change
from cascal.settings import PRESETS

DIFFERING = {"recommended": 6, "recommended-1": 7, "released": 1, "paper": 0}
"""Clusters of the demo whose best model by consensus alone is not the router's."""


@pytest.fixture(scope="module")
def study(demo):
    return demo


@pytest.fixture(scope="module", params=list(PRESETS))
def snapshot(study, demo_fits, request):
    return take_snapshot(study, demo_fits[request.param], cascal.Thresholds())


def picks(router):
    """Names of the models that queries exactly at the centres go to, asked like any query."""
    return [router.models[m] for m in router.route(router.clusters.centroids).selected[:, 0]]


@pytest.mark.slow
def test_every_face_names_the_model_that_the_router_picks_at_the_centre(study, snapshot, tmp_path):
    router = snapshot.router
    expected = picks(router)
    rows = snapshot.summary()["clusters"]
    assert [row["best"][0] for row in rows] == expected
    table = charts.clusters_frame(snapshot)
    assert table["first"].tolist() == expected
    assert [top.split(", ")[0] for top in table["top"]] == expected
    for cluster, first in enumerate(expected):
        ranked = charts.ranking_frame(router, cluster)
        assert ranked["model"][0] == first
        assert ranked["score"].is_monotonic_decreasing
        assert table["lead"][cluster] == pytest.approx(ranked["score"][0] - ranked["score"][1])
    report = write_report(study, snapshot, "nothing", (), None, "x", with_texts=False)
    for cluster, first in enumerate(expected):
        row = report.split(f"<td>cluster {cluster}</td>", 1)[1].split("</tr>", 1)[0]
        assert row.split("<td>", 2)[2].startswith(first)
    convert(router, tmp_path / "v.json", "vllm-sr")
    assert json.loads((tmp_path / "v.json").read_text())["cluster_models"] == expected


def test_sureness_is_asked_of_the_router_s_first_two(study):
    fit = cascal.fit(study.train.votes, study.train.vectors)
    router = fit.router()
    expected = picks(router)
    assert all(one.first == expected[one.cluster] for one in cluster_needs(router, fit.consensus))


def test_the_raw_order_is_shown_under_its_own_name_with_the_reason(snapshot):
    """On the demo the bonus and the shrinking put other models first than the raw means do."""
    router = snapshot.router
    raw = router.rankings.mean_scores
    differing = 0
    for cluster, (row, leaders) in enumerate(
        zip(snapshot.summary()["clusters"], cluster_leaders(router), strict=True)
    ):
        best = min(range(len(router.models)), key=lambda m: (-raw[cluster, m], router.models[m]))
        assert row["by_consensus"][0] == router.models[best]
        assert bool(row["reasons"]) == (row["by_consensus"][0] != row["best"][0])
        assert bool(leaders.aside) == bool(row["reasons"])
        differing += bool(row["reasons"])
    assert differing == DIFFERING[router.settings.name]


def test_a_cluster_that_two_tables_disagreed_on(study):
    """Raw means of "code · dictionary · …" say fjord-base, the map and the router atlas-large."""
    fit = cascal.fit(study.train.votes, study.train.vectors)
    snapshot = take_snapshot(study, fit, cascal.Thresholds())
    (row,) = [one for one in snapshot.summary()["clusters"] if "dictionary" in one["name"]]
    assert row["best"][0] == "atlas-large"
    assert row["by_consensus"][0] == "fjord-base"
    assert row["reasons"]


def test_the_command_line_shows_both_and_the_reason(demo_workspace):
    run = CliRunner().invoke(
        app, ["fit", "demo", "-w", str(demo_workspace.path)], env={"COLUMNS": "250"}
    )
    (line,) = [one for one in run.stdout.splitlines() if "dictionary" in one]
    cells = [cell.strip() for cell in line.split("│")]
    assert cells[5].startswith("atlas-large")
    assert cells[6].startswith("fjord-base (")


def at_the_first_centre(scores, routing, **kwargs):
    return cluster_leaders(hand_made(scores, [0.6, 0.5, 0.4], routing, **kwargs))[0]


def test_each_reason_is_named_where_it_is_the_one():
    one = cascal.Routing("nearest", k_nearest=1)
    raw = [[0.5, 0.505, 0.1], [0.1, 0.1, 0.9], [0.1, 0.1, 0.9]]
    assert at_the_first_centre(raw, one).reasons == ()
    bonus = at_the_first_centre(raw, replace(one, margin=0.01))
    assert (bonus.best[0], bonus.by_consensus[0]) == ("a", "b")
    assert bonus.reasons == ("bonus of the best model overall",)
    close = {"angles": (0.0, 10.0, 200.0)}
    blended = at_the_first_centre(raw, cascal.Routing("blend", k_nearest=2), **close)
    assert (blended.best[0], blended.reasons) == ("c", ("neighbouring clusters blended in",))
    assert blended.aside == "b (neighbouring clusters blended in)"
    router = hand_made(raw, [0.6, 0.5, 0.4], one)
    shrunken = replace(router.rankings, scores=np.array(raw)[:, [1, 0, 2]])
    (first, *_) = cluster_leaders(replace(router, rankings=shrunken))
    assert (first.best[0], first.reasons) == ("a", ("shrunken towards the task",))
    dear = replace(router, costs=np.array([1.0, 9.0, 9.0]))
    dear = replace(dear, thresholds=replace(dear.thresholds, cost_weight=0.01))
    (first, *_) = cluster_leaders(dear)
    assert (first.best[0], first.reasons) == ("a", ("cost weight",))


def test_what_one_cluster_alone_would_choose_is_another_notion_with_its_own_name():
    """At the centre a near neighbour is blended in; inside the cluster alone it is not."""
    raw = [[0.5, 0.505, 0.1], [0.1, 0.1, 0.9], [0.1, 0.1, 0.9]]
    blend = cascal.Routing("blend", k_nearest=2)
    router = hand_made(raw, [0.6, 0.5, 0.4], blend, angles=(0.0, 10.0, 200.0))
    trace = explain(router, EAST)
    assert trace.models[0].model == "c"
    assert trace.clusters[0].first_alone == "b"
    assert Change("b", "inside cluster 0 alone") in trace.changes


def test_clusters_have_distinct_names_and_typical_queries_of_their_own(study, snapshot):
    clusters, tasks = snapshot.router.clusters, snapshot.router.tasks
    assert len(set(snapshot.names)) == len(clusters)
    assert [name[0] for name in snapshot.names] == [tasks[task] for task in clusters.task]
    for cluster, centre in enumerate(clusters.centroids):
        near = study.train.vectors.vectors @ centre
        rows = snapshot.typical(cluster)
        member = np.flatnonzero(clusters.assignment == cluster)
        assert len(rows) == min(3, len(member))
        text = " ".join(study.train.texts[rows[0]].split())
        shown = charts.clusters_frame(snapshot)["typical"][cluster]
        assert shown == text or (len(shown) <= 90 and text.startswith(shown.removesuffix("…")))
        assert near[rows].tolist() == sorted(near[member])[::-1][: len(rows)]
        assert set(rows) <= set(member)


def test_models_in_use_are_those_that_get_queries(snapshot):
    first = snapshot.routes("test").selected[:, 0]
    assert snapshot.n_models_in_use == len(set(first.tolist()))
    only = replace(snapshot.test_routes, selected=np.zeros_like(snapshot.test_routes.selected))
    assert replace(snapshot, test_routes=only).n_models_in_use == 1


def test_the_best_of_each_cluster_are_found_once_for_a_router():
    raw = [[0.5, 0.505, 0.1], [0.1, 0.1, 0.9], [0.1, 0.1, 0.9]]
    router = hand_made(raw, [0.6, 0.5, 0.4], cascal.Routing("nearest", k_nearest=1))
    moved = replace(router, thresholds=replace(router.thresholds, top_k=1))
    assert cluster_leaders(router) is cluster_leaders(router)
    assert cluster_leaders(moved) is not cluster_leaders(router)
