"""Scores in place of votes: kept apart by origin, ranked with intervals, routed by from 200 on."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from conftest import add_hashed
from console import cascal_cli
from refusals import refuses

import cascal
from cascal.columns import RESPONSE_SCHEMA
from cascal.dataset.dataset import load_dataset
from cascal.dataset.payback import find_score_payback
from cascal.dataset.score_file import read_score_file, score_rows, write_score_file
from cascal.dataset.scored import load_scored, score_counts, scores_of_query
from cascal.dataset.scored_evidence import gather_scores
from cascal.datatypes import CascalError
from cascal.labels import gain
from cascal.report import write_score_report
from cascal.scores import (
    ScoreRouter,
    fit_score_router,
    learning_rows,
    length_correlation,
    likeness,
    model_spread,
    rank_by_scores,
    routing_gain,
)
from cascal.simulate.prose import judge_scores, prose_world
from cascal.store import Score
from cascal.verdicts.payback import Terms

MODELS = ("a", "b", "c")


# --- ranking


def test_the_spread_of_models_and_the_ranking_are_as_worked_by_hand():
    scores = np.array([[1.0, 0.5, 0.0]] * 3 + [[0.5, 0.5, 0.5]] * 3)
    assert model_spread(scores) == pytest.approx(np.sqrt(2 * (0.25 + 0.0) / 2))
    found = rank_by_scores(scores, MODELS, 12)
    assert [one.model for one in found.ranks] == ["a", "b", "c"]
    assert [one.score.value for one in found.ranks] == [0.75, 0.5, 0.25]
    assert [one.behind for one in found.ranks] == [0.0, -0.25, -0.5]
    # b: y = −.5, −.5, −.5, 0, 0, 0, mean ± 1 appended; t(.975, 7) by one tail of .05/2
    variance = (6 * 0.25**2 + 2 * 1.0**2) / 7
    margin = 2.364624252 * np.sqrt(variance / 8)
    assert found.ranks[1].at_most == pytest.approx(-0.25 + margin)
    assert found.regret_bound == pytest.approx(-0.25 + margin)
    # c: y = −1, −1, −1, 0, 0, 0
    farther = 2.364624252 * np.sqrt((6 * 0.5**2 + 2 * 1.0**2) / 7 / 8)
    assert found.ranks[2].at_most == pytest.approx(-0.5 + farther)
    assert found.rivals == ("b", "c")


def test_further_queries_are_in_doubt_also_where_all_are_scored_and_a_tie_goes_by_name():
    scores = np.tile([0.4, 0.4, 0.1], (8, 1))
    found = rank_by_scores(scores, ("z", "m", "k"), 8)
    assert found == replace(rank_by_scores(scores, ("z", "m", "k"), 5000), n_queries=8)
    assert found.best == "m"
    # equal scores, mean ± 2·s₀ appended with s₀² = 2 · .03; t(.975, 9) by one tail of .05/2
    margin = 2.262157163 * np.sqrt(2 * 4 * 0.06 / 9 / 10)
    assert found.regret_bound == pytest.approx(margin)
    assert [one.in_doubt for one in found.ranks] == [True, True, False]
    first = found.ranks[0].score
    assert first.low < 0.4 < first.high


def test_too_few_and_impossible_scores_are_refused():
    with refuses("too-little-data", 4, 5):
        rank_by_scores(np.full((4, 3), 0.5), MODELS, 10)
    with refuses("out-of-bounds"):
        rank_by_scores(np.full((9, 3), 1.5), MODELS, 10)
    with refuses("wrong-shape"):
        rank_by_scores(np.full((9, 2), 0.5), MODELS, 10)


def test_a_ranking_by_length_is_noticed_and_few_models_tell_nothing():
    lengths = np.tile([100.0, 200.0, 300.0, 400.0], (5, 1))
    assert length_correlation(lengths / 1000, lengths) == pytest.approx(1.0)
    assert length_correlation(1 - lengths / 1000, lengths) == pytest.approx(-1.0)
    assert np.isnan(length_correlation(lengths[:, :3] / 1000, lengths[:, :3]))


# --- routing


def skilled(n, seed=0, dimension=6, gap=0.4):
    """Two skills; models 0 and 1 are each better in one of them."""
    random = np.random.default_rng(seed)
    skill = random.integers(2, size=n)
    centres = np.eye(dimension)[:2]
    vectors = centres[skill] + 0.2 * random.normal(size=(n, dimension))
    scores = np.full((n, 3), 0.3) + 0.1 * random.normal(size=(n, 3))
    scores[np.arange(n), skill] += gap
    ids = [f"q{row}" for row in range(n)]
    return np.clip(scores, 0, 1), cascal.Embeddings.from_array(ids, vectors, "test"), skill


def test_the_router_is_the_ridge_regression_of_the_formula_in_either_of_its_forms():
    for dimension in (6, 400):
        scores, vectors, _ = skilled(200, dimension=dimension)
        router = fit_score_router(scores, vectors, MODELS)
        x = vectors.vectors.astype(float) - vectors.vectors.astype(float).mean(axis=0)
        centred = scores - scores.mean(axis=1, keepdims=True)
        means = centred.mean(axis=0)
        solved = np.linalg.solve(x @ x.T + 30 * np.eye(200), centred - means)
        by_hand = means + x @ (x.T @ solved)
        assert router.expected(vectors.vectors) == pytest.approx(by_hand, abs=1e-9)


def test_a_router_by_scores_finds_skills_and_its_gain_is_that_of_section_1():
    scores, vectors, skill = skilled(400)
    learns = learning_rows(vectors.query_ids)
    assert learns.sum() == 200
    ids = [one for one, own in zip(vectors.query_ids, learns, strict=True) if own]
    router = fit_score_router(scores[learns], vectors.take(ids), MODELS)
    chosen = router.order(vectors.vectors)[0][~learns, 0]
    assert (chosen == skill[~learns]).mean() > 0.9
    own = scores[~learns]
    found = routing_gain(own, chosen, 0, n_contested_elsewhere=50, n_else=100)
    rows = np.flatnonzero(chosen != 0)
    same = gain(
        own[rows, chosen[rows]] - own[rows, 0],
        n_contested=len(rows) + 50,
        n_queries=300,
        pseudo=min(1.0, 2 * model_spread(own)),
    )
    assert found == same
    assert found.low > 0


def test_half_is_learnt_from_but_200_at_least_whatever_the_order_of_rows():
    ids = [f"q{row}" for row in range(600)]
    learns = learning_rows(ids)
    assert learns.sum() == 300
    turned = np.random.default_rng(3).permutation(600)
    assert learning_rows([ids[row] for row in turned]).tolist() == learns[turned].tolist()
    assert learning_rows(ids[:230]).sum() == 200
    assert learning_rows(ids[:200]).all()


def test_below_200_scored_queries_a_router_is_refused():
    scores, vectors, _ = skilled(199)
    with refuses("too-little-data", 199, 200):
        fit_score_router(scores, vectors, MODELS)


def test_a_router_by_scores_comes_back_from_its_file_and_is_taken_for_no_other(tmp_path):
    scores, vectors, _ = skilled(200)
    router = fit_score_router(scores, vectors, MODELS, scored_by="ann", fingerprint="f")
    router.save(tmp_path / "r.cascal")
    again = ScoreRouter.load(tmp_path / "r.cascal")
    assert (again.models, again.scored_by, again.n_scored) == (MODELS, "ann", 200)
    assert np.array_equal(again.order(vectors.vectors)[0], router.order(vectors.vectors)[0])
    with refuses("foreign-file", "scores"):
        cascal.Router.load(tmp_path / "r.cascal")
    with refuses("other-encoder", 6):
        again.order(np.ones((2, 5)))


# --- likeness


def test_likeness_is_the_mean_cosine_to_the_others_centred_by_query():
    a, b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    vectors = np.array([[a, a, a, b], [a, a, a, a]])
    # query 1: 2/3, 2/3, 2/3, 0, mean 1/2; query 2: all 1; deviations 1/6 three times and −1/2
    spread = np.sqrt((3 / 36 + 1 / 4) / 8)
    found = likeness(vectors)
    assert found[0] == pytest.approx(np.array([1 / 6, 1 / 6, 1 / 6, -1 / 2]) / spread)
    assert found[1] == pytest.approx(0.0)
    missing = vectors.copy()
    missing[0, 0] = np.nan
    assert np.isnan(likeness(missing)[0, 0])
    assert np.isfinite(likeness(missing)[0, 1:]).all()
    with refuses("wrong-shape"):
        likeness(vectors[:, :2])


# --- kept as facts


@pytest.fixture(scope="module")
def world():
    return prose_world(240)


@pytest.fixture(scope="module")
def template(world, tmp_path_factory):
    workspace = cascal.Workspace(tmp_path_factory.mktemp("scores") / "w.duckdb")
    add_hashed(workspace, world.imported)
    return workspace


@pytest.fixture
def workspace(template, tmp_path):
    (tmp_path / "w.duckdb").write_bytes(template.path.read_bytes())
    return cascal.Workspace(tmp_path / "w.duckdb")


def given(world, scores, n, origin="person", scorer="ann"):
    return [
        Score(query_id=one, model=model, value=float(value), origin=origin, scorer=scorer)
        for one, row in zip(world.query_ids[:n], scores, strict=False)
        for model, value in zip(world.models, row, strict=True)
    ]


def test_scores_of_people_source_and_judges_are_never_mixed(world, workspace):
    assert workspace.response_scores("prose") == []
    with refuses("needs-labels", "cascal scores prose"):
        load_scored(workspace, "prose")
    workspace.add_scores("prose", given(world, np.full((9, 8), 0.25), 9, "judge", "big"))
    workspace.add_scores("prose", given(world, np.full((9, 8), 0.75), 9, "judge", "small"))
    assert load_scored(workspace, "prose").origin == "judge:big"
    workspace.add_scores("prose", given(world, np.full((6, 8), 0.0), 6))
    workspace.add_scores("prose", given(world, np.full((6, 8), 1.0), 6, scorer="bob"))
    people = load_scored(workspace, "prose")
    assert (people.origin, people.scorers, len(people.rows)) == ("person", ("ann", "bob"), 6)
    assert (people.scores[people.rows] == 0.5).all()
    assert (load_scored(workspace, "prose", "judge:small").scores[:9] == 0.75).all()
    with refuses("unknown-choice", "judge:big"):
        load_scored(workspace, "prose", "judge:nobody")
    gold, _ = workspace.gold("prose")
    assert (gold == cascal.NO_ANSWER).all()
    assert not workspace.labels("prose")


def test_what_the_source_says_of_a_response_is_a_score_of_its_own_origin(world, workspace):
    rows = workspace.responses("prose", with_text=True).to_pylist()
    scored = [{**row, "score": 0.4} for row in rows if row["query_id"] in world.query_ids[:6]]
    workspace.replace_responses("prose", pa.Table.from_pylist(scored, RESPONSE_SCHEMA))
    found = load_scored(workspace, "prose")
    assert found.origin == "source"
    assert (found.scores[found.rows] == 0.4).all()
    with refuses("unusable-row", "source"):
        workspace.add_scores("prose", given(world, np.ones((1, 8)), 1, "source", "me"))


def test_the_same_score_is_known_another_is_refused_and_nothing_is_stored(world, workspace):
    first = given(world, np.full((2, 8), 0.5), 2)
    assert workspace.add_scores("prose", first).n_added == 16
    again = workspace.add_scores("prose", first)
    assert (again.n_added, again.n_known) == (0, 16)
    fresh = given(world, np.full((3, 8), 0.5), 3)
    with refuses("labelled-twice", "'ann'", 0.5, 0.6):
        workspace.add_scores("prose", [*fresh[16:], replace(first[0], value=0.6)])
    with refuses("out-of-bounds", 1.5):
        workspace.add_scores("prose", [*fresh[16:], replace(fresh[17], value=1.5)])
    with refuses("unknown-reference", "'nobody'"):
        workspace.add_scores("prose", [*fresh[16:], replace(first[0], model="nobody")])
    assert len(workspace.response_scores("prose")) == 16
    assert workspace.delete_scores("prose", "person", "ann") == 16
    assert workspace.response_scores("prose") == []


def test_a_score_of_a_response_that_changed_is_kept_and_not_used(world, workspace):
    workspace.add_scores("prose", given(world, np.full((6, 8), 0.5), 6))
    rows = workspace.responses("prose", with_text=True).to_pylist()
    changed = {**rows[0], "text": "Something else."}
    workspace.replace_responses("prose", pa.Table.from_pylist([changed], RESPONSE_SCHEMA))
    scores = workspace.response_scores("prose")
    assert [one.current for one in scores].count(False) == 1
    found = load_scored(workspace, "prose")
    assert (len(found.rows), found.n_partial, found.n_outdated) == (5, 1, 1)
    evidence = gather_scores(workspace, "prose")
    assert any("changed since" in one for one in evidence.warnings)
    stale = replace(given(world, np.ones((1, 8)), 1)[0], content="older", scorer="bob")
    with refuses("changed-query"):
        workspace.add_scores("prose", [stale])


def test_a_workspace_of_before_there_were_scores_is_migrated(workspace):
    with duckdb.connect(str(workspace.path)) as connection:
        connection.execute("DROP TABLE score; DROP TABLE kept")
        connection.execute("DROP TABLE note; DROP TABLE bookmark")
        connection.execute("ALTER TABLE dataset DROP COLUMN right_by")
        connection.execute("UPDATE meta SET schema_version = 6")
    assert cascal.Workspace(workspace.path).response_scores("prose") == []


def test_the_file_hides_the_models_and_more_queries_begin_with_the_same(world, workspace, tmp_path):
    few, more = (score_rows(workspace, "prose", n, "ann") for n in (2, 3))
    assert more[:16] == few
    text = json.dumps(few)
    assert not any(model in text for model in world.models)
    for row in few[:8]:
        row["score"] = "0,5"
    write_score_file(tmp_path / "s.csv", few)
    read = read_score_file(workspace, "prose", tmp_path / "s.csv", "person", "bob")
    assert workspace.add_scores("prose", read).n_added == 8
    assert {one.scorer for one in read} == {"bob"}
    assert {one.model for one in read} == set(world.models)
    assert {one.value for one in read} == {0.5}
    assert [row["score"] for row in score_rows(workspace, "prose", 2, "bob")] == [0.5] * 8 + [
        ""
    ] * 8


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("score", "good", "unreadable-value"),
        ("score", "1.2", "out-of-bounds"),
        ("response_key", "r0", "unknown-reference"),
        ("content", "edited", "changed-query"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_whole(workspace, tmp_path, column, cell, code):
    rows = score_rows(workspace, "prose", 2, "ann")
    for row in rows:
        row["score"] = "0.5"
    rows[3][column] = cell
    write_score_file(tmp_path / "s.csv", rows)
    with refuses(code, kind=CascalError):
        read = read_score_file(workspace, "prose", tmp_path / "s.csv", "person", "bob")
        workspace.add_scores("prose", read)
    assert workspace.response_scores("prose") == []


def test_files_without_a_score_or_a_column_are_refused(workspace, tmp_path):
    rows = score_rows(workspace, "prose", 1, "ann")
    write_score_file(tmp_path / "s.csv", rows)
    with refuses("no-records"):
        read_score_file(workspace, "prose", tmp_path / "s.csv", "person", "ann")
    (tmp_path / "t.csv").write_text("query_id,score\nq,1\n")
    with refuses("missing-column", "'response_key'"):
        read_score_file(workspace, "prose", tmp_path / "t.csv", "person", "ann")


# --- what is said


def test_a_judge_who_likes_length_is_warned_of_and_checked_against_people(world, workspace):
    biased = judge_scores(world, length_bias=0.3)
    workspace.add_scores("prose", given(world, biased, 60, "judge", "sim"))
    workspace.add_scores("prose", given(world, world.quality, 20))
    found = gather_scores(workspace, "prose", "judge:sim")
    assert found.length_tau > 0.5
    assert any("follows answer length" in one for one in found.warnings)
    (judged,) = found.judged
    assert judged.n == 160
    assert 0.0 < judged.correlation < 0.9
    workspace.add_scores("prose", given(world, world.quality, 240, scorer="ben"))
    fair = gather_scores(workspace, "prose", "person")
    assert not any("follows answer length" in one for one in fair.warnings)
    assert found.gain is None
    assert "60 queries" in found.routing_sentence
    assert found.decision == "undecided"


def test_a_router_is_learnt_from_the_workspace_and_measured_on_other_queries(world, workspace):
    workspace.add_scores("prose", given(world, world.quality, 220))
    few = gather_scores(workspace, "prose")
    assert few.router.n_scored == 200
    assert few.gain is None
    assert "nobody knows whether it pays" in few.routing_sentence
    workspace.add_scores("prose", given(world, world.quality, 235))
    found = gather_scores(workspace, "prose")
    assert (found.router.n_scored, found.router.scored_by) == (200, "ann")
    scored = load_scored(workspace, "prose")
    learns = learning_rows([scored.query_ids[row] for row in scored.rows])
    measured = scored.rows[~learns]
    assert found.gain.n_queries == 240 - 200
    vectors = workspace.embeddings("prose", "hashing").vectors
    first = found.router.order(vectors)[0][:, 0]
    left = first[measured] != found.router.constant
    assert found.gain.n_labels == left.sum()
    against = world.models[found.router.constant]
    assert f"always asking {against}, both learnt from 200" in found.routing_sentence
    plain = found.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["routing"]["against"] == against


@pytest.mark.slow
def test_the_commands_go_by_scores_where_votes_cannot_be_compared(world, workspace, tmp_path):
    given_ = ("-w", "w.duckdb")
    for command in ("fit", "evaluate"):
        refused = cascal_cli(command, "prose", *given_, cwd=tmp_path)
        assert refused.returncode == 1
        assert "not comparable" in refused.stderr
        assert refused.stderr.strip().count("\n") == 0
    with (tmp_path / "j.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["query_id", "model", "score"])
        for query_id, row in zip(world.query_ids[:235], world.quality, strict=False):
            for model, value in zip(world.models, row, strict=True):
                writer.writerow([query_id, model, value])
    done = cascal_cli("scores", "prose", *given_, "--in", "j.csv", "--judge", "sim", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Simulated data." in done.stdout
    found = json.loads(cascal_cli("evaluate", "prose", *given_, "--json", cwd=tmp_path).stdout)
    assert found["scored_by"] == "judge:sim"
    assert found["n_scored"] == 235
    assert found["payback"]["quality_basis"] == "in mean score, by the judge sim"
    done = cascal_cli("fit", "prose", *given_, "--out", "r.cascal", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    routed = cascal_cli("route", "r.cascal", "How much is 3 + 4?", cwd=tmp_path)
    record = json.loads(routed.stdout)
    assert record["scored_by"] == "the judge sim"
    assert record["selected"] == [max(record["scores"], key=record["scores"].get)]
    done = cascal_cli("report", "prose", "r.html", *given_, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "r.html").read_text()
    for said in ("Simulated data", found["best"], "Undecided", "judge:sim", "Models by mean"):
        assert said in html
    assert "<script" not in html
    gone = cascal_cli("scores", "prose", *given_, "--judge", "sim", "--delete", cwd=tmp_path)
    assert "1,880 scores" in gone.stdout
    refused = cascal_cli("scores", "prose", *given_, cwd=tmp_path)
    assert refused.returncode == 1


@pytest.mark.slow
def test_a_response_in_other_words_is_pointed_out_and_ranks_nobody(world, workspace, tmp_path):
    rows = workspace.responses("prose", with_text=True).to_pylist()
    planted = {**rows[5], "text": "Bananen wachsen krumm, weil niemand Urwald gerade biegt."}
    workspace.replace_responses("prose", pa.Table.from_pylist([planted], RESPONSE_SCHEMA))
    done = cascal_cli("scores", "prose", "-w", "w.duckdb", "--unlike", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found[0]["query_id"], found[0]["model"]) == (planted["query_id"], planted["model"])
    assert found[0]["likeness"] < -2
    assert len(found) < 0.1 * len(rows)
    shown = cascal_cli("scores", "prose", "-w", "w.duckdb", "--unlike", cwd=tmp_path)
    assert "This ranks no model" in " ".join(shown.stdout.split())


def test_what_is_scored_is_counted_by_origin(world, workspace, tmp_path):
    workspace.add_scores("prose", given(world, world.quality, 2))
    workspace.add_scores("prose", given(world, world.quality, 1, "judge", "big"))
    assert workspace.score_counts("prose") == {"judge:big": 8, "person": 16}
    shown = cascal_cli("info", "-w", "w.duckdb", cwd=tmp_path).stdout
    assert "16 scores by person" in " ".join(shown.split())


def test_scores_are_counted_and_shown_by_origin_and_never_mixed(world, workspace):
    workspace.add_scores("prose", given(world, np.full((2, 8), 0.2), 2))
    workspace.add_scores("prose", given(world, np.full((2, 8), 0.6), 2, scorer="bob"))
    workspace.add_scores("prose", given(world, np.full((1, 8), 0.9), 1, "judge", "big"))
    scores = workspace.response_scores("prose")
    assert [one.sentence for one in score_counts(scores)] == [
        "people: 32 scores of 2 queries and 8 models",
        "the judge big: 8 scores of 1 query and 8 models",
    ]
    first, second, third = world.query_ids[:3]
    shown = scores_of_query(scores, first)
    assert list(shown) == ["person", "judge:big"]
    assert shown["person"] == pytest.approx(dict.fromkeys(world.models, 0.4))
    assert set(shown["judge:big"].values()) == {0.9}
    assert list(scores_of_query(scores, second)) == ["person"]
    assert scores_of_query(scores, third) == {}


def test_a_router_by_scores_pays_back_by_what_its_choices_cost_and_the_measured_quality(
    world, workspace
):
    rows = workspace.responses("prose", with_text=True).to_pylist()
    price = {model: 0.001 * (1 + at) for at, model in enumerate(world.models)}
    priced = [{**row, "cost": price[row["model"]]} for row in rows]
    workspace.replace_responses("prose", pa.Table.from_pylist(priced, RESPONSE_SCHEMA))
    workspace.add_scores("prose", given(world, world.quality, 235))
    evidence, loaded = gather_scores(workspace, "prose"), load_dataset(workspace, "prose")
    found = find_score_payback(
        workspace, loaded, evidence, Terms(label_price=0.5, tolerance=0.9, horizon=1000)
    )
    router = evidence.router
    dollars = np.array([price[model] for model in router.models])
    saved = dollars[router.constant] - dollars[evidence.chosen]
    assert found.advantage.saving.value == pytest.approx(saved.mean())
    assert found.advantage.quality == evidence.gain.estimate
    assert found.advantage.quality_basis == "in mean score, by ann"
    assert found.spending.labelling == 0.5 * 235 * 8
    assert found.advantage.against == f"always asking {router.models[router.constant]}"
    workspace.delete_scores("prose", "person", "ann")
    workspace.add_scores("prose", given(world, world.quality, 20))
    few = gather_scores(workspace, "prose")
    unknown = find_score_payback(workspace, loaded, few, Terms())
    assert (unknown.outcome, few.chosen) == ("unknown", None)
    assert "20 queries" in unknown.sentence


def test_a_report_by_scores_writes_no_tag_of_a_models_name(world, workspace):
    evil = "<b onclick=1>&"
    workspace.add_scores("prose", given(world, world.quality, 9, "judge", evil))
    evidence = gather_scores(workspace, "prose")
    loaded = load_dataset(workspace, "prose")
    paying = find_score_payback(workspace, loaded, evidence, Terms())
    text = write_score_report(loaded, evidence, evil, paying)
    assert "When does it pay back?" in text
    assert "Nobody knows yet whether quality is equal" in text
    assert evil not in text
    assert "&lt;b onclick=1&gt;&amp;" in text
