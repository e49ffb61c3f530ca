"""What labels change: the gate in routes, files, traces, servers, reports and saved runs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import (
    copy_workspace,
    demo_snapshot,
    give_labels,
    label_record,
    make_world,
    thinned_workspace,
)
from console import cascal_cli
from refusals import refuses

import cascal
from cascal import charts
from cascal.artefact import ArtefactError, read_artefact, write_artefact
from cascal.compare.comparison import compare_routers
from cascal.compare.rival import find_rival
from cascal.dataset.contest import contest, new_draw
from cascal.dataset.heeding import few_labels, heed_labels, labels_digest
from cascal.dataset.label_desk import Desk
from cascal.dataset.payback import find_payback
from cascal.dataset.saved_runs import make_run, reopen
from cascal.dataset.snapshot import take_snapshot
from cascal.explain import explain
from cascal.labels import keep_router, lift_to_first
from cascal.number_format import percent
from cascal.report import write_report
from cascal.routing.leaders import cluster_leaders
from cascal.verdicts.payback import Terms

RECORD = label_record(always="b")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A sixteenth of the demo's training queries, an eighth of its test queries."""
    return thinned_workspace(tmp_path_factory.mktemp("labels"), 16, 8)


@pytest.fixture(scope="module")
def free(template):
    return demo_snapshot(template)


def labelled(template, tmp_path, snapshot, *, router_right, n=10, purpose="routing"):
    """A workspace in which ann says that the router, or the constant, is right n times."""
    copy_workspace(template, tmp_path / "w.duckdb")
    store = cascal.Workspace(tmp_path / "w.duckdb")
    found = contest(snapshot)
    desk = Desk(
        store=store,
        dataset="demo",
        contest=found,
        draw=new_draw(found, purpose=purpose),
        person="ann",
    )
    models = found.part.votes.models

    def verdicts(place: int) -> dict[str, bool]:
        row = desk.row(place)
        first, second = models[found.first[row]], models[found.second[row]]
        return {first: router_right, second: not router_right}

    give_labels(desk, range(1, n + 1), verdicts=verdicts)
    return store


# --- arrays


def test_one_model_leads_every_row_and_the_others_keep_their_order():
    scores = np.array([[0.2, 0.9, 0.5], [0.8, 0.1, 0.7], [0.3, 0.3, 0.3]])
    lifted = scores + lift_to_first(scores, 2)
    assert lifted.argmax(axis=1).tolist() == [2, 2, 2]
    np.testing.assert_array_equal(lifted[:, :2], scores[:, :2])
    np.testing.assert_allclose(lifted[:, 2], [0.91, 0.81, 0.31])
    leading = np.array([[0.1, 0.5]])
    assert not lift_to_first(leading, 1).any()
    assert not lift_to_first(np.array([[0.4]]), 0).any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"gain": 0.02},
        {"low": -1.5},
        {"high": float("nan")},
        {"n_labels": 0},
        {"n_labels": 401},
        {"n_contested": 401},
    ],
)
def test_a_record_of_labels_keeps_to_its_bounds(wrong):
    with refuses("out-of-bounds"):
        replace(RECORD, **wrong)


# --- the router and its file


@pytest.fixture(scope="module")
def gated():
    """A router that asks another model than its best for every query."""
    votes, vectors, _ = make_world()
    fitted = cascal.fit(votes, vectors, n_jobs=1).router()
    other = fitted.models[(fitted.best_overall + 1) % len(fitted.models)]
    return replace(fitted, labels=replace(RECORD, always=other)), vectors


def test_a_closed_gate_asks_one_model_and_leaves_the_others_in_their_order(gated):
    closed, vectors = gated
    routes, free_routes = closed.route(vectors), closed.without_labels.route(vectors)
    column = closed.models.index(closed.always)
    assert (routes.selected[:, 0] == column).all()
    assert not (free_routes.selected[:, 0] == column).all()
    others = np.delete(np.arange(len(closed.models)), column)
    np.testing.assert_array_equal(routes.scores[:, others], free_routes.scores[:, others])
    assert (closed.cluster_order[:, 0] == column).all()
    assert (closed.first_alone == column).all()
    assert {one.best[0] for one in cluster_leaders(closed)} == {closed.always}
    assert any("labels" in one.reasons for one in cluster_leaders(closed))


def test_the_file_keeps_the_gate_and_an_old_file_routes_as_ever(gated, tmp_path):
    closed, vectors = gated
    closed.save(tmp_path / "closed.cascal")
    loaded = cascal.Router.load(tmp_path / "closed.cascal")
    assert loaded.labels == closed.labels
    np.testing.assert_array_equal(loaded.route(vectors).scores, closed.route(vectors).scores)
    assert read_artefact(tmp_path / "closed.cascal")[0]["format_version"] == 2
    free_router = closed.without_labels
    free_router.save(tmp_path / "free.cascal")
    header, arrays = read_artefact(tmp_path / "free.cascal")
    assert header["format_version"] == 1
    del header["labels"]  # as files were before there were any
    write_artefact(tmp_path / "old.cascal", header, arrays)
    old = cascal.Router.load(tmp_path / "old.cascal")
    assert old.labels is None
    np.testing.assert_array_equal(old.route(vectors).scores, free_router.route(vectors).scores)


@pytest.mark.parametrize(
    "wrong",
    [{"always": "nobody"}, {"gain": 2.0}, {"n_labels": 0}, {"always": 5}, {"gain": "x"}, {"x": 1}],
)
def test_a_file_whose_labels_are_out_of_bounds_is_refused(gated, tmp_path, wrong):
    path = tmp_path / "r.cascal"
    gated[0].save(path)
    header, arrays = read_artefact(path)
    header["labels"] |= wrong
    write_artefact(path, header, arrays, heeded=True)
    with refuses("damaged-file", "r.cascal", kind=ArtefactError):
        cascal.Router.load(path)


def test_the_trace_says_where_the_query_would_go_without_labels(gated):
    closed, vectors = gated
    free_router, said = closed.without_labels, set()
    for vector in vectors.vectors[:40]:
        trace, unlabelled = explain(closed, vector), explain(free_router, vector)
        assert trace.selected[0] == closed.always
        assert unlabelled.by_labels == ""
        first = unlabelled.selected[0]
        said.add(first == closed.always)
        if first == closed.always:
            assert trace.by_labels.endswith("Without them it would go there too.")
        else:
            assert trace.by_labels == (
                f"Labels say: always {closed.always}. Without them this query would go to {first}."
            )
        assert trace.what_would_change == ()
        assert trace.because == f"labels say to ask always {closed.always}"
        for one in trace.models:
            parts = one.from_clusters + one.from_fallback + one.margin_bonus
            assert one.score == pytest.approx(parts - one.cost_penalty + one.from_labels)
    assert said == {True, False}
    open_gate = replace(closed, labels=replace(closed.labels, always=""))
    assert explain(open_gate, vectors.vectors[0]).by_labels == "The router stays."


# --- from a workspace


def test_labels_against_the_router_close_the_gate(template, tmp_path, free):
    store = labelled(template, tmp_path, free, router_right=False)
    heeded = heed_labels(store, free)
    best = free.router.models[free.router.best_overall]
    record = heeded.router.labels
    assert heeded.router.always == best
    assert (heeded.test_routes.selected[:, 0] == free.router.best_overall).all()
    evidence = few_labels(store, heeded).evidence  # of the router without labels, as before
    assert evidence == few_labels(store, free).evidence
    assert (record.n_labels, record.n_queries) == (10, len(free.dataset.test))
    assert (record.gain, record.low) == (evidence.watched.value, evidence.watched.low)
    assert record.draws == evidence.draws
    assert record.sentence.endswith(f"Labels say: always {best}.")
    assert "(10 labels; " in record.sentence
    assert heeded.without_labels.router.labels is None


def test_labels_for_the_router_leave_it_open_and_are_recorded(template, tmp_path, free):
    store = labelled(template, tmp_path, free, router_right=True)
    heeded = heed_labels(store, free)
    assert heeded.router.always == ""
    assert heeded.router.labels.n_labels == 10
    np.testing.assert_array_equal(heeded.test_routes.scores, free.test_routes.scores)
    digest = heeded.router.labels.digest
    assert digest == labels_digest(store.labels("demo")[::-1])
    store.undo_label("demo", "ann")
    assert heed_labels(store, free).router.labels.digest != digest


def test_without_labels_about_routing_nothing_is_heeded(template, tmp_path, free):
    assert heed_labels(template, free) is free
    store = labelled(template, tmp_path, free, router_right=False, purpose="family")
    assert heed_labels(store, free) is free


def test_a_cost_weight_is_not_undone_by_labels_about_accuracy(template, tmp_path, free):
    priced = replace(free.fit, costs=np.ones(len(free.router.models)))
    weighed = take_snapshot(free.dataset, priced, cascal.Thresholds(cost_weight=0.001))
    store = labelled(template, tmp_path, weighed, router_right=False)
    heeded = heed_labels(store, weighed)
    assert heeded.router.always == ""
    assert "the gate is off" in heeded.router.labels.sentence


@pytest.mark.slow
def test_a_saved_run_is_made_again_with_the_labels_it_was_saved_with(template, tmp_path, free):
    store = labelled(template, tmp_path, free, router_right=False)
    heeded = heed_labels(store, free)
    store.save_run(make_run(free.dataset, heeded, "gated"))
    store.undo_label("demo", "ann")
    again = reopen(store, store.run("gated"))
    assert again.differences == ()
    assert again.snapshot.router.labels == heeded.router.labels
    store.save_run(make_run(free.dataset, free, "free"))
    assert reopen(store, store.run("free")).snapshot.router.labels is None


def test_the_gate_is_the_one_of_the_labels(template, tmp_path, free):
    store = labelled(template, tmp_path, free, router_right=False, n=1)
    kept = few_labels(store, free).evidence.keep_first
    assert kept == keep_router(np.array([-1.0]))
    assert (heed_labels(store, free).router.always == "") == kept


# --- faces


@pytest.mark.slow
def test_fit_and_export_close_the_gate_and_say_so_and_can_be_told_not_to(template, tmp_path, free):
    labelled(template, tmp_path, free, router_right=False)
    best = free.router.models[free.router.best_overall]
    shared = ("-w", "w.duckdb")
    done = cascal_cli(
        "fit", "demo", "--out", "a.cascal", "--save-run", "one", *shared, cwd=tmp_path
    )
    said = " ".join(done.stdout.split())
    assert f"Labels say: always {best}." in said
    assert "(10 labels; " in said
    assert "--ignore-labels" in said
    assert cascal.Router.load(tmp_path / "a.cascal").always == best
    exported = cascal_cli("export", "demo", "b.cascal", *shared, cwd=tmp_path)
    assert f"Labels say: always {best}." in " ".join(exported.stdout.split())
    assert cascal.Router.load(tmp_path / "b.cascal").always == best
    cascal_cli("export", "demo", "c.cascal", "--ignore-labels", *shared, cwd=tmp_path)
    assert cascal.Router.load(tmp_path / "c.cascal").labels is None
    traced = cascal_cli("route", "a.cascal", "Is it?", "--trace", cwd=tmp_path)
    record = json.loads(traced.stdout)
    assert record["selected"][0] == best
    assert record["trace"]["by_labels"].startswith(f"Labels say: always {best}.")
    assert f"Labels say: always {best}." in " ".join(traced.stderr.split())
    found = json.loads(cascal_cli("evaluate", "demo", "--json", *shared, cwd=tmp_path).stdout)
    assert found["with_few_labels"]["always"] == best
    said = " ".join(cascal_cli("evaluate", "demo", *shared, cwd=tmp_path).stdout.split())
    assert "All else that is said here is of the router without them." in said
    cascal_cli("report", "demo", "r.html", *shared, cwd=tmp_path)
    assert f"Labels say: always {best}. Map, shares" in (tmp_path / "r.html").read_text("utf-8")


@pytest.mark.slow
def test_the_report_shows_the_verdict_of_the_labels(template, tmp_path, free):
    store = labelled(template, tmp_path, free, router_right=False)
    few = few_labels(store, free)
    compared = compare_routers(
        free.dataset.train,
        free.dataset.test,
        fitted=free.fit,
        in_use=heed_labels(store, free).router,
    )
    light = free.light_or_reason
    text = write_report(free.dataset, free, light, (), compared, "c", few_labels=few.sentence)
    assert "With a few labels" in text
    assert f"always {few.record.always}." in text
    without = write_report(free.dataset, free, light, (), compared, "c")
    assert "With a few labels" not in without
    gated = heed_labels(store, free)
    asked = write_report(free.dataset, gated, light, (), compared, "c", few_labels=few.sentence)
    assert gated.router.changed_by_labels in asked
    assert "headline and payback are without it" in asked
    assert "CASCAL recommended, heeding labels" in asked
    assert "CASCAL recommended, without labels" in asked
    assert free.verdict.sentence in asked
    assert asked.count("<td class=num>100.0 %") + asked.count(">100.0 %<") == 1
    assert free.router.changed_by_labels == ""


@pytest.mark.slow
def test_the_router_in_use_is_compared_and_what_it_is_without_labels_beside_it(
    template, tmp_path, free
):
    """All other rows stay, to the bit; nothing is added where labels change nothing."""
    data, fitted = free.dataset, free.fit
    gated = heed_labels(labelled(template, tmp_path, free, router_right=False), free)
    plain = compare_routers(data.train, data.test, fitted=fitted)
    same = compare_routers(data.train, data.test, fitted=fitted, in_use=free.router)
    both = compare_routers(data.train, data.test, fitted=fitted, in_use=gated.router)
    assert same.table() == plain.table()
    rows, before = ({row["key"]: row for row in one.table()} for one in (both, plain))
    assert list(rows) == ["cascal", "without_labels", *list(before)[1:]]
    assert rows["cascal"]["top1"] == gated.evaluation.top1_accuracy
    assert rows["cascal"]["needs"] == "few labels"
    named = {"key": "cascal", "router": "CASCAL recommended"}
    assert rows["without_labels"] | named == before["cascal"]
    assert {key: rows[key] for key in list(before)[1:]} == dict(list(before.items())[1:])
    rival = find_rival(both)
    shown = charts.main_routers(charts.routers_frame(both.rows()), both.constant, "x", rival.key)
    assert shown["role"].tolist()[:2] == ["present", "without labels"]
    assert shown["top1"][2:].is_monotonic_decreasing
    assert set(shown["role"][2:]) == {"constant", "other"}
    sentence = charts.routers_sentence(shown)
    rates = (one.evaluation.top1_accuracy for one in (gated, free))
    n = len(shown["top1_text"][0].partition(" ")[0].partition(".")[2])
    said = [percent(one, n) for one in rates]
    assert sentence.startswith(f"{said[0]} right by the router in use, {said[1]} without labels, ")
    assert sentence.endswith(" by the best rival")
    assert rival.key not in ("cascal", "without_labels")


def test_the_verdict_and_the_payback_are_about_the_router_without_its_gate(
    template, tmp_path, free
):
    store = labelled(template, tmp_path, free, router_right=False)
    gated = heed_labels(store, free)
    assert gated.n_models_in_use == 1
    assert gated.verdict == free.verdict
    assert gated.gain_over_liked_best == free.gain_over_liked_best
    assert find_payback(store, gated, Terms()) == find_payback(store, free, Terms())
    assert gated.ungated.test_routes.selected.tolist() == free.test_routes.selected.tolist()


def test_an_open_gate_routes_nothing_anew(template, tmp_path, free):
    heeded = heed_labels(labelled(template, tmp_path, free, router_right=True), free)
    assert heeded.router.labels is not None
    assert heeded.train_routes is free.train_routes
    assert heeded.evaluation is free.evaluation
    assert free.routed_by(free.router) is free
