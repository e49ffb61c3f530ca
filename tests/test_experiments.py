"""The paper's experiments on the simulated world and on small ones; their reports survive JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import add_hashed, copy_workspace, thinned_demo, whole_demo
from refusals import refuses

import cascal
from cascal.collection.rgd_filter import rgd_filter
from cascal.compare.drift import mmd
from cascal.compare.experiments import EXPERIMENTS, Request, read_report, run
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.datatypes import NotApplicable, option_letter
from cascal.number_format import decimal
from cascal.settings import FitSettings, Thresholds
from cascal.simulate.demo import collect_responses, demo_items
from cascal.simulate.pool import SimulatedPool
from cascal.simulate.variants import VARIANTS, make_variant, mislabelled, scattered


def thinned(folder: Path, train_step: int, test_step: int) -> tuple[Dataset, Dataset]:
    """The strong and the weak set of the demo, thinned."""
    workspace = cascal.Workspace(folder / "w.duckdb")
    for imported in thinned_demo(train_step, test_step).values():
        add_hashed(workspace, imported)
    return load_dataset(workspace, "demo"), load_dataset(workspace, "demo-weak")


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Every eighth training query, every fourth test query: the form of a report is in question."""
    return thinned(tmp_path_factory.mktemp("experiments"), 8, 4)


@pytest.fixture(scope="module")
def small_studies(tmp_path_factory):
    """Enough for what is refused and for the form of a report."""
    return thinned(tmp_path_factory.mktemp("small"), 12, 10)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_reports_a_table_a_target_and_an_outcome(name, studies):
    demo, weak = studies
    study, other = (demo, weak) if name == "generators" else (demo, None)
    told = []
    request = Request(
        dataset=study,
        other=other,
        n_queries=225,
        progress=lambda share, said: told.append((share, said)),
    )
    report = run(name, request)
    assert report.experiment == name
    assert report.rows
    names = {column.name for column in report.columns}
    assert all(names & set(row) for row in report.rows)
    assert report.outcome in ("passed", "failed", "not applicable")
    assert report.target
    assert report.sentence.endswith(".")
    assert report.simulated
    assert report.versions["numpy"] == np.__version__
    assert all(0 <= share <= 1 for share, _ in told)
    assert read_report(report.to_json()) == report
    json.loads(report.to_json(), parse_constant=lambda one: pytest.fail(f"{one} is no JSON"))


@pytest.mark.slow
def test_wrong_labels_cost_the_routers_that_believe_them_and_no_others(tmp_path, demo_workspace):
    """The simulated world with 35 % of the generated answers wrong, nothing else changed.

    The texts are the demo's, so the shipped vectors serve both. Every second query is enough.
    """
    workspace = copy_workspace(demo_workspace, tmp_path / "w.duckdb")
    workspace.add(make_variant("demo-mislabelled"))
    whole = [load_dataset(workspace, name) for name in ("demo", "demo-mislabelled")]
    train, test = (np.arange(0, n, 2) for n in (5000, 2000))
    studies = [replace(one, train=one.train.take(train), test=one.test.take(test)) for one in whole]
    report = run("generators", Request(dataset=studies[0], other=studies[1]))
    assert report.passed
    by_needs = {needs: [] for needs in ("nothing", "labels")}
    for row in report.rows:
        by_needs[row["needs"]].append(row["top1"])
    assert all(loss == 0.0 for loss in by_needs["nothing"])
    assert np.mean(by_needs["labels"]) > 0.01


def test_mislabelled_queries_are_the_same_queries_with_a_third_of_the_answers_wrong():
    items = demo_items(n_train=900, n_test=9)["demo"]
    found = mislabelled(items)
    assert [one.query.text for one in found] == [one.query.text for one in items]
    wrong = [ord(one.query.answer) - ord("A") != one.truth for one in found]
    assert np.mean(wrong) == pytest.approx(0.35, abs=0.05)
    assert found == mislabelled(items)
    with refuses("unknown-choice", "'demo-strong'", *VARIANTS):
        make_variant("demo-strong")


def test_scattered_mistakes_change_the_wrong_answers_and_nothing_else():
    items = demo_items(n_train=300, n_test=9)["demo"]
    spread = scattered(items)
    assert [item.query for item in spread] == [item.query for item in items]
    assert {tuple(sorted(item.temptations)) for item in spread} == {(0.0, 0.32, 0.33, 0.35)}
    pool = SimulatedPool(0)
    before, after = collect_responses(pool, items), collect_responses(pool, spread)
    assert [one.mean_logprob for one in before] == [one.mean_logprob for one in after]
    truth = [option_letter(item.truth) for item in items for _ in pool.models]
    changed = [
        (old.answer, right)
        for old, new, right in zip(before, after, truth, strict=True)
        if old.answer != new.answer
    ]
    assert changed
    assert all(answer != right for answer, right in changed)


@pytest.mark.slow
def test_scattered_mistakes_are_learnt_and_cost_the_default_little(tmp_path, demo_workspace):
    """The figures of docs/trust.md and docs/presets.md."""
    workspace = copy_workspace(demo_workspace, tmp_path / "w.duckdb")
    workspace.add(make_variant("demo-scattered"))
    study = load_dataset(workspace, "demo-scattered")
    right = {}
    for name in ("recommended", "recommended-1", "released"):
        settings = FitSettings.preset(name)
        fit = cascal.fit(study.train.votes, study.train.vectors, settings)
        result = study.test.evaluation(fit.router().route(study.test.vectors))
        shares = (result.top1_accuracy, result.vote_accuracy)
        right[name] = " / ".join(decimal(100 * one, 1) for one in shares)
        if name == "recommended":
            assert fit.learnt.likeliest_concentration == pytest.approx(5.66, abs=0.01)
            assert fit.learnt.concentration == 0.7
    row = "| demo-scattered | " + " | ".join(right.values()) + " |"
    page = Path(__file__).parents[1] / "docs" / "presets.md"
    assert row in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_filtering_helps_where_confidences_are_not_heard_and_not_the_default(tmp_path):
    """20,000 weak queries filtered against 5,000 unfiltered; a hashing encoder for speed.

    Half of both would say another thing: filtering then helps the default as well.
    """
    workspace = cascal.Workspace(tmp_path / "w.duckdb")
    for imported in (*whole_demo().values(), make_variant("demo-weak-20k")):
        add_hashed(workspace, imported)
    large, weak, strong = (
        load_dataset(workspace, one) for one in ("demo-weak-20k", "demo-weak", "demo")
    )
    report = run("filtering", Request(dataset=large, other=weak))
    assert not report.passed
    gain = {row["router"]: row for row in report.rows}
    assert gain["CASCAL recommended"]["top1_high"] < 0
    first = gain["CASCAL recommended-1"]
    assert 0 < first["top1_low"] < first["top1"] < first_right(strong) - first_right(weak)


def first_right(study: Dataset) -> float:
    """How often the first model of the first version is right, learnt from this set."""
    settings = FitSettings.preset("recommended-1")
    router = cascal.fit(study.train.votes, study.train.vectors, settings).router()
    return study.test.evaluation(router.route(study.test.vectors)).top1_accuracy


def test_what_an_experiment_lacks_is_said_in_a_sentence(small_studies):
    demo, weak = small_studies
    with refuses("unknown-choice", "'magic'", *EXPERIMENTS):
        run("magic", Request(dataset=demo))
    with refuses("missing-value", kind=NotApplicable):
        run("generators", Request(dataset=demo))
    untested = replace(demo, test=None)
    with refuses("no-test-queries", repr(demo.info.name), kind=NotApplicable):
        run("validation", Request(dataset=untested))
    unnamed = replace(demo, train=replace(demo.train, skills=(None,) * len(demo.train)))
    with refuses("no-skills", repr(demo.info.name), kind=NotApplicable):
        run("alignment", Request(dataset=unnamed))
    other_pool = weak.with_models([one.name for one in weak.models[:4]])
    with refuses("other-queries", repr(demo.info.name), repr(weak.info.name), kind=NotApplicable):
        run("generators", Request(dataset=demo, other=other_pool))
    with refuses("too-little-data", 30, kind=NotApplicable):
        run("filtering", Request(dataset=demo, n_queries=30))


def test_leave_one_out_without_gold_has_no_target(small_studies):
    report = run("leave-one-out", Request(dataset=replace(small_studies[0], test=None)))
    assert report.passed is None
    assert all(row["vote_loss"] is None for row in report.rows)
    assert "τ" in report.sentence


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("{", "damaged-file", "JSON"),
        ("[]", "foreign-file", "cascal experiment"),
        ('{"format": "cascal-experiment", "format_version": 9}', "other-version", 9),
        ('{"format": "cascal-experiment", "format_version": 1}', "damaged-file", "'experiment'"),
    ],
)
def test_a_damaged_report_is_refused(text, code, part):
    with refuses(code, "r.json", part):
        read_report(text, "r.json")


def test_an_altered_report_is_refused(small_studies):
    body = json.loads(run("mmd", Request(dataset=small_studies[0])).to_json())
    changes = [
        ({"rows": ["x"]}, "'rows.0'"),
        ({"passed": "yes"}, "'passed'"),
        ({"passed": 1}, "'passed'"),
        ({"columns": [{"nope": 1}]}, "'columns.0.name'"),
        ({"columns": [{"name": "a", "label": "b", "kind": "c"}]}, "'columns.0.kind'"),
        ({"sentence": 3}, "'sentence'"),
        ({"datasets": "one"}, "'datasets'"),
        ({"simulated": "no"}, "'simulated'"),
        ({"settings": []}, "'settings'"),
        ({"fingerprints": {"a": 1}}, "'fingerprints'"),
    ]
    for change, place in changes:
        with refuses("damaged-file", "the file", place):
            read_report(json.dumps({**body, **change}))


def test_settings_and_thresholds_are_recorded(small_studies):
    request = Request(
        dataset=small_studies[0],
        other=None,
        settings=FitSettings.preset("released"),
        thresholds=Thresholds(merge_distance=0.3),
    )
    report = run("alignment", request)
    assert report.settings["merge"] == "released"
    assert report.thresholds["merge_distance"] == 0.3
    assert report.fingerprints == (small_studies[0].info.fingerprint,)


# The RGD filter


def votes_of(rows, tasks=None):
    answers = np.array(rows)
    n, m = answers.shape
    return cascal.Votes(
        [f"q{row}" for row in range(n)],
        tasks or ["t"] * n,
        [f"m{one}" for one in range(m)],
        answers,
        np.full((n, m), np.nan),
        np.full(n, 4),
    )


def test_the_filter_keeps_what_the_strongest_agree_on_and_few_others_say():
    """m4 and m5 are strongest; at most one of the others may say the same."""
    rows = [
        [1, 1, 1, 1, 0, 0],  # kept: nobody else
        [0, 1, 1, 1, 0, 0],  # kept: one other
        [0, 0, 1, 1, 0, 0],  # two others: too easy
        [1, 1, 1, 1, 0, 2],  # the strong disagree
        [1, 1, 1, 1, -1, -1],  # the strong are silent
        [-1, -1, -1, -1, 3, 3],  # kept: silence is no agreement
    ]
    overall = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    found = rgd_filter(votes_of(rows), overall, max_others=1)
    assert found.rows.tolist() == [0, 1, 5]
    assert found.passed == found.kept == {"t": 3}


def test_the_filter_balances_tasks_and_cuts_to_n():
    tasks = ["a"] * 30 + ["b"] * 5 + ["c"] * 30 + ["d"] * 4
    rows = [[1, 0, 0]] * 65 + [[0, 0, 0]] * 4
    votes = votes_of(rows, tasks)
    found = rgd_filter(votes, np.array([0.1, 0.5, 0.6]), max_others=0, n_queries=25)
    assert found.passed == {"a": 30, "b": 5, "c": 30, "d": 0}
    assert found.kept == {"a": 10, "b": 5, "c": 10, "d": 0}
    assert len(found.rows) == 25
    again = rgd_filter(votes, np.array([0.1, 0.5, 0.6]), max_others=0, n_queries=25)
    assert np.array_equal(found.rows, again.rows)


def test_a_filter_of_all_models_is_refused():
    with refuses("out-of-bounds", 3, 1, 2):
        rgd_filter(votes_of([[0, 0, 0]]), np.ones(3), n_strong=3)


# Drift


def test_mmd_is_0_for_the_same_source_and_grows_with_the_shift():
    random = np.random.default_rng(0)
    base = random.normal(size=(400, 6))
    same = mmd(base, random.normal(size=(400, 6)))
    assert same.mmd < 0.1
    assert same.mmd <= 2 * same.null + 1e-9
    shifts = [mmd(base, random.normal(size=(400, 6)) + shift).mmd for shift in (0.3, 0.6, 1.5)]
    assert shifts == sorted(shifts)
    assert shifts[-1] > 0.5


def test_mmd_equals_the_sums_of_its_definition():
    random = np.random.default_rng(1)
    x, y = random.normal(size=(7, 3)), random.normal(size=(9, 3)) + 0.5
    found = mmd(x, y)
    both = np.vstack([x, y])
    pairs = [np.linalg.norm(a - b) for at, a in enumerate(both) for b in both[at + 1 :]]
    h = np.median(pairs)
    assert found.bandwidth == pytest.approx(h)

    def k(a, b):
        return np.exp(-(np.linalg.norm(a - b) ** 2) / (2 * h**2))

    xx = np.mean([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    yy = np.mean([k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    xy = np.mean([k(a, b) for a in x for b in y])
    assert found.mmd_squared == pytest.approx(xx + yy - 2 * xy)
    with refuses("too-little-data", 2, kind=NotApplicable):
        mmd(x[:1], y)


def test_costs_come_from_responses_or_from_tokens_and_prices(tmp_path):
    small = thinned_demo(24, 20)["demo"]
    with_costs = cascal.Workspace(tmp_path / "c.duckdb")
    add_hashed(with_costs, small)
    stated = load_dataset(with_costs, "demo").train.mean_costs
    assert stated.shape == (8,)
    place = small.responses.column_names.index("cost")
    nothing = pa.nulls(small.responses.num_rows, pa.float64())
    bare = small.responses.set_column(place, "cost", nothing)
    workspace = cascal.Workspace(tmp_path / "w.duckdb")
    add_hashed(workspace, replace(small, responses=bare))
    priced = load_dataset(workspace, "demo").train.mean_costs
    assert priced == pytest.approx(stated, rel=1e-6)
    unpriced = [replace(one, input_price=float("nan")) for one in small.models]
    other = cascal.Workspace(tmp_path / "x.duckdb")
    add_hashed(other, replace(small, responses=bare, models=tuple(unpriced)))
    assert load_dataset(other, "demo").costs is None
