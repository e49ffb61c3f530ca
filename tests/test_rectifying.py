"""Labels that correct route scores: the draw, the correction, its file, what it is said to do."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import copy_workspace, demo_snapshot, thinned_workspace
from console import cascal_cli
from refusals import refuses

import cascal
from cascal.artefact import ArtefactError, read_artefact, write_artefact
from cascal.dataset.heeding import heed_labels
from cascal.dataset.label_questions import rectifier_question
from cascal.dataset.rectifying import (
    FROM_LABELS,
    caller_groups,
    correction_of,
    divided,
    rectify,
)
from cascal.dataset.saved_runs import make_run, reopen
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import option_letter
from cascal.explain import explain
from cascal.labels import nearest_groups, rectifier
from cascal.store import Label


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An eighth of the demo's training queries, an eighth of its test queries."""
    return thinned_workspace(tmp_path_factory.mktemp("rectify"), 8, 8)


@pytest.fixture(scope="module")
def free(template):
    return demo_snapshot(template)


@pytest.fixture(scope="module")
def labelled(template, free, tmp_path_factory):
    """A workspace with 120 labels of the rectifier, by the answers that the demo knows."""
    path = tmp_path_factory.mktemp("labelled") / "w.duckdb"
    copy_workspace(template, path)
    store = cascal.Workspace(path)
    give(store, free, 120)
    return store


def give(store, snapshot, n):
    question = rectifier_question(snapshot)
    draw = question.desk(store, "ann").hand_out(n)
    contents = store.contents("demo")
    train = snapshot.dataset.train
    gold = dict(zip(train.votes.query_ids, train.labels.tolist(), strict=True))
    store.add_labels(
        "demo",
        [
            Label(
                query_id=one,
                person="ann",
                content=contents[one],
                draw_id=draw.draw_id,
                probability=draw.probability,
                purpose="rectifier",
                answer=option_letter(max(0, gold[one])),
            )
            for one in draw.frame[:n]
        ],
    )


def test_the_draw_holds_the_training_queries_that_divide_the_models(free):
    votes = free.dataset.train.votes
    frame = set(rectifier_question(free).draw.frame)
    for row, query_id in enumerate(votes.query_ids):
        assert (query_id in frame) == (len(set(votes.answers[row].tolist())) > 1)
    assert 100 < len(frame) == divided(free).sum() < len(votes.query_ids)


def test_scores_are_corrected_by_the_group_of_a_query_before_the_margin(labelled, free):
    found = rectify(labelled, free)
    router, vectors = found.snapshot.router, free.dataset.test.vectors.vectors
    ids = rectifier_question(free).draw.frame[:120]
    train = free.dataset.train
    rows = np.array([train.votes.query_ids.index(one) for one in ids])
    gold = np.maximum(0, train.labels[rows])
    right = (train.votes.answers[rows] == gold[:, None]).astype(float)
    groups = caller_groups(free.fit)
    expected = rectifier(
        right,
        np.nan_to_num(free.fit.consensus)[rows],
        groups[rows],
        share=divided(free).mean(),
        n_groups=int(groups.max()) + 1,
    )
    correction = router.correction
    np.testing.assert_allclose(correction.rectifier.corrections, expected.corrections)
    for group, centroid in enumerate(correction.centroids):
        mean = free.fit.caller_vectors[groups == group].mean(axis=0)
        np.testing.assert_allclose(centroid, mean / np.linalg.norm(mean), atol=1e-6)
    plain = free.router.route(vectors).scores - free.router.adjustment
    near = nearest_groups(vectors, correction.centroids)
    overall = free.router.rankings.overall + expected.overall
    bonus = np.zeros(len(overall))
    bonus[overall.argmax()] = free.router.routing.margin
    after = router.route(vectors)
    np.testing.assert_allclose(after.scores, plain + expected.corrections[near] + bonus)
    first = free.router.route(vectors).selected[:, 0]
    np.testing.assert_array_equal(found.changed, after.selected[:, 0] != first)
    assert found.n_labels == correction.n_labels == 120


def test_the_effect_is_that_of_labels_the_correction_did_not_see(labelled, free):
    found = rectify(labelled, free)
    assert found.effect.low <= found.effect.value <= found.effect.high
    assert found.sentence.startswith("120 labels correct the scores: ")
    some, nothing = (replace(found, changed=np.arange(9) < n).sentence for n in (2, 0))
    assert "2 of 9 queries go to another model, which is estimated to bring " in some
    assert nothing.endswith("none of the 9 queries goes to another model by that.")
    all_alike = rectify(labelled, free, least=2)
    assert all_alike.effect == found.effect


def test_too_few_labels_or_another_preset_are_refused_in_a_sentence(template, labelled, free):
    with refuses("too-little-data", "0 labels", FROM_LABELS, "--purpose rectifier"):
        rectify(template, free)
    with refuses("too-little-data", "120 labels", 121):
        rectify(labelled, free, least=121)
    train = free.dataset.train
    released = cascal.fit(train.votes, train.vectors, cascal.FitSettings.preset("released"))
    with refuses("needs-probabilities", "released"):
        rectify(labelled, take_snapshot(free.dataset, released, cascal.Thresholds()))


def test_the_file_keeps_corrections_and_centroids(labelled, free, tmp_path):
    router = rectify(labelled, free).snapshot.router
    router.save(tmp_path / "r.cascal")
    loaded = cascal.Router.load(tmp_path / "r.cascal")
    vectors = free.dataset.test.vectors
    np.testing.assert_array_equal(loaded.route(vectors).scores, router.route(vectors).scores)
    assert loaded.correction.draws == router.correction.draws
    assert loaded.correction.digest == router.correction.digest
    header, _ = read_artefact(tmp_path / "r.cascal")
    assert header["format_version"] == 2


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("correction_overall", lambda one: one[:-1]),
        ("correction_centroids", lambda one: one[:, :-1]),
        ("correction_groups", lambda one: one[:-1]),
        ("correction_groups", lambda one: one * np.nan),
        ("correction_groups", lambda one: one + 5.0),
    ],
)
def test_a_file_with_corrections_out_of_bounds_is_refused(labelled, free, tmp_path, name, change):
    path = tmp_path / "r.cascal"
    rectify(labelled, free).snapshot.router.save(path)
    header, arrays = read_artefact(path)
    arrays[name] = change(arrays[name])
    write_artefact(path, header, arrays, heeded=True)
    with refuses("damaged-file", "r.cascal", kind=ArtefactError):
        cascal.Router.load(path)


def test_the_trace_adds_up_and_says_that_labels_correct_it(labelled, free):
    router = rectify(labelled, free).snapshot.router
    said = set()
    for vector in free.dataset.test.vectors.vectors[:60]:
        trace, before = explain(router, vector), explain(free.router, vector)
        for one in trace.models:
            parts = one.from_clusters + one.from_fallback + one.margin_bonus
            assert one.score == pytest.approx(parts - one.cost_penalty + one.from_labels)
        same = trace.selected[0] == before.selected[0]
        said.add(same)
        end = "would go there too." if same else f"would go to {before.selected[0]}."
        assert trace.by_labels.startswith("120 labels correct the scores.")
        assert trace.by_labels.endswith(end)
    assert True in said


def test_a_saved_run_is_made_again_with_its_corrections(labelled, free, tmp_path):
    copy_workspace(labelled, tmp_path / "w.duckdb")
    store = cascal.Workspace(tmp_path / "w.duckdb")
    store.save_run(make_run(free.dataset, heed_labels(store, free, rectified=True), "one"))
    store.undo_label("demo", "ann")
    again = reopen(store, store.run("one"))
    assert again.differences == ()
    assert again.snapshot.router.correction.n_labels == 120


def test_the_command_says_in_json_what_the_labels_correct_or_that_they_are_too_few(
    template, labelled, free, tmp_path
):
    copy_workspace(labelled, tmp_path / "w.duckdb")
    asked = ("label", "demo", "--purpose", "rectifier", "--json", "-w")
    said = json.loads(cascal_cli(*asked, "w.duckdb", cwd=tmp_path).stdout)
    assert said == {**rectify(labelled, free).to_dict(), "from_labels": FROM_LABELS}
    assert said["effect_low"] <= said["effect"] <= said["effect_high"]
    copy_workspace(template, tmp_path / "none.duckdb")
    few = json.loads(cascal_cli(*asked, "none.duckdb", cwd=tmp_path).stdout)
    assert (few["n_labels"], few["from_labels"]) == (0, FROM_LABELS)
    assert "too few" in few["sentence"]


@pytest.mark.slow
def test_labels_go_out_by_the_command_and_fit_offers_the_correction(template, labelled, tmp_path):
    copy_workspace(template, tmp_path / "new.duckdb")
    asked = ("label", "demo", "-w", "new.duckdb", "--purpose", "rectifier", "--who", "ann")
    done = cascal_cli(*asked, "--n", "7", "--out", "l.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (draw,) = cascal.Workspace(tmp_path / "new.duckdb").draws("demo")
    assert (draw.purpose, draw.n_asked) == ("rectifier", 7)
    wrong = cascal_cli(*asked[:5], "other", cwd=tmp_path)
    assert wrong.returncode != 0
    copy_workspace(labelled, tmp_path / "w.duckdb")
    shared = ("fit", "demo", "-w", "w.duckdb")
    offered = " ".join(cascal_cli(*shared, "--out", "a.cascal", cwd=tmp_path).stdout.split())
    assert "120 labels correct the scores" in offered
    assert "with --rectify they would be" in offered
    assert cascal.Router.load(tmp_path / "a.cascal").correction is None
    used = cascal_cli(*shared, "--rectify", "--out", "b.cascal", "--json", cwd=tmp_path)
    assert json.loads(used.stdout)["n_clusters"] > 0
    assert cascal.Router.load(tmp_path / "b.cascal").correction.n_labels == 120
    both = cascal_cli(*shared, "--rectify", "--ignore-labels", cwd=tmp_path)
    assert "contradict" in both.stderr


def test_one_model_leads_though_scores_are_corrected(labelled, free):
    router = rectify(labelled, free).snapshot.router
    gated = replace(router, labels=None)
    assert gated.ungated is gated
    assert router.without_labels.correction is None
    row = free.fit.caller_vectors[:3]
    own = correction_of(free.fit, np.arange(5), np.eye(5, len(router.models)), share=0.5)
    assert own.at(row).shape == (3, len(router.models))
