"""The report is complete, harmless and self-contained; runs are made again bit for bit."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import add_hashed, thinned_demo
from console import cascal_cli
from jinja2 import UndefinedError
from refusals import refuses

import cascal
from cascal import charts
from cascal.compare.comparison import compare_routers
from cascal.compare.recommendation import recommend, try_settings
from cascal.compare.rival import find_rival
from cascal.compare.routers import UNDER_TEST
from cascal.compare.to_ship import entry_to_ship, find_to_ship
from cascal.dataset.dataset import load_dataset
from cascal.dataset.payback import find_payback
from cascal.dataset.saved_runs import (
    decisions_hash,
    make_run,
    preset_of,
    reopen,
    state_of,
)
from cascal.dataset.snapshot import take_snapshot
from cascal.diagnose import diagnose
from cascal.intervals import Estimate
from cascal.report import write_report
from cascal.report.drawings import gain_bars
from cascal.settings import ROUTINGS, FitSettings, Thresholds
from cascal.verdicts.payback import Terms

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


@pytest.fixture(scope="module")
def study(demo):
    """Every fourth query of the demo, at its place on the map."""
    train = demo.train.take(np.arange(0, 5000, 4))
    return replace(demo, train=train, test=demo.test.take(np.arange(0, 2000, 4)))


@pytest.fixture(scope="module")
def fitted(study):
    return cascal.fit(study.train.votes, study.train.vectors, costs=study.costs)


@pytest.fixture(scope="module")
def snapshot(study, fitted):
    return take_snapshot(study, fitted, Thresholds())


@pytest.fixture(scope="module")
def comparison(demo):
    """Routers on every tenth query of the demo: enough for what is drawn."""
    return compare_routers(
        demo.train.take(np.arange(0, 5000, 10)), demo.test.take(np.arange(0, 2000, 10))
    )


class Reader(HTMLParser):
    """Collects tags, and checks that every one is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def findings(snapshot):
    return diagnose(snapshot)


def report(study, snapshot, findings, *, with_texts=True, comparison=None):
    return write_report(
        study, snapshot, "no light", findings, comparison, "cascal fit demo", with_texts=with_texts
    )


@pytest.mark.slow
def test_a_report_holds_verdict_map_rankings_routers_findings_and_settings(
    study, snapshot, findings, comparison
):
    text = report(study, snapshot, findings, comparison=comparison)
    reader = read(text)
    for says in (
        "Routing pays here",
        "Simulated data",
        "AVENGERS",
        "CAS205",
        study.info.fingerprint,
        "merge_distance",
        "cascal fit demo",
        "atlas-large",
        "numpy",
    ):
        assert says in text
    assert reader.tags.count("circle") > 0.8 * len(study.train)
    gains = [row for row in comparison.rows() if row.gain is not None]
    assert text.count('text-anchor="end"') == len(gains) > 10
    assert f"over always asking {comparison.constant_model.words} (the line)" in text
    rival = find_rival(comparison)
    assert f"<b>{rival.headline}.</b> {rival.sentence}" in unescape(text)
    assert len(text) < 1_500_000


def test_the_report_says_when_it_pays_back_and_of_what(study, snapshot, demo_workspace):
    found = find_payback(demo_workspace, snapshot, Terms(horizon=1234))
    text = write_report(study, snapshot, "no light", (), None, "cascal fit demo", payback=found)
    for says in ("When does it pay back?", found.sentence, "1,234 queries", "Spent (simulated): $"):
        assert says in text
    assert "When does it pay back?" not in report(study, snapshot, ())


def test_the_report_recommends_what_commands_and_pages_do_and_nothing_where_nobody_can_say(
    study, snapshot, demo_workspace
):
    found = find_to_ship(demo_workspace, snapshot, Terms())
    text = write_report(study, snapshot, "no light", (), None, "cascal fit demo", to_ship=found)
    shown = unescape(text)
    trials = try_settings(snapshot)
    same = recommend(trials, snapshot.router.thresholds, study.gold_test, study.train, 0.01)
    assert found.found.title == same.title
    said = (same.title, same.reason, same.vote, same.basis, found.payback.headline)
    assert all(one and one in shown for one in said)
    assert all(one.why in shown for one in same.others)
    assert same.title not in unescape(report(study, snapshot, ()))
    blind = take_snapshot(replace(study, test=None), snapshot.fit, Thresholds())
    assert find_to_ship(demo_workspace, blind, Terms()) is None


def test_the_setting_to_ship_stands_beside_other_routers_with_its_own_numbers(study, snapshot):
    """A vote of one is what the first model gives, so a router at that weight says the same."""
    trials = try_settings(snapshot)
    found = recommend(trials, snapshot.router.thresholds, study.gold_test, study.train, 0.01)
    assert not found.taken
    compared = compare_routers(study.train, study.gold_test, fitted=snapshot.fit)
    row = compared.row(entry_to_ship(found, study.gold_test, study.train))
    point = found.best.trial.point
    weighed = Thresholds(cost_weight=point.cost_weight)
    same = compare_routers(study.train, study.gold_test, None, weighed, fitted=snapshot.fit)
    [own] = [one for one in same.rows() if one.key == UNDER_TEST]
    assert row.top1 == own.top1
    assert row.gain == own.gain
    assert row.vote == own.vote
    assert (row.cost1, row.share) == (pytest.approx(own.cost1), own.share)
    assert row.top1.value == pytest.approx(point.top1)
    assert row.cost1 == pytest.approx(point.cost1)
    table = charts.routers_frame([*compared.rows(), row])
    shown = charts.main_routers(table, compared.constant, "x")
    assert shown["role"].tolist()[:2] == ["present", "to ship"]
    assert shown["router"][1] == f"To ship: {found.best.name}"


def test_nothing_is_loaded_from_anywhere(study, snapshot, findings):
    text = report(study, snapshot, findings)
    reader = read(text)
    assert not {"script", "link", "iframe", "img", "object", "base", "form"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name in ("src", "href", "action")]
    assert not re.search(r"url\(|@import|https?://", text)
    assert "default-src 'none'" in text


def test_what_models_and_users_wrote_adds_no_tag_anywhere(study, snapshot, findings, comparison):
    harmless = read(
        write_report(study, snapshot, "no light", findings, comparison, "cascal fit demo")
    )
    router = snapshot.router
    models = tuple(f"{name}{EVIL}" for name in router.models)
    tasks = tuple(f"{name}{EVIL}" for name in router.tasks)
    hostile = replace(
        router,
        rankings=replace(router.rankings, models=models),
        clusters=replace(router.clusters, tasks=tasks),
    )
    words = tuple(tuple(f"{word}{EVIL}" for word in name) for name in snapshot.names)
    texts = tuple(f"{EVIL}{text}" for text in study.train.texts)
    text = write_report(
        replace(
            study,
            train=replace(study.train, texts=texts),
            encoder=EVIL,
            info=replace(study.info, name=EVIL, fingerprint=EVIL),
        ),
        replace(
            snapshot,
            router=hostile,
            names=words,
            train_routes=replace(snapshot.train_routes, models=models, tasks=tasks),
            evaluation=replace(snapshot.evaluation, models=models),
        ),
        f"no light {EVIL}",
        [replace(one, title=EVIL, sentence=EVIL) for one in findings],
        replace(comparison, label_origin=EVIL, models=models),
        f"cascal fit '{EVIL}'",
    )
    assert read(text).tags == harmless.tags
    names = [name for name, _ in harmless.attributes]
    assert [name for name, _ in read(text).attributes] == names
    assert EVIL not in text
    assert text.count("&lt;script&gt;") > 4 * len(models) + len(router.clusters)


def test_a_value_the_template_misses_is_an_error_and_no_gap(study, snapshot):
    nameless = SimpleNamespace(code="CAS101", section="issue", sentence="A finding.")
    with pytest.raises(UndefinedError, match="title"):
        write_report(study, snapshot, "no light", [nameless], None, "cascal fit demo")


def test_without_texts_no_query_and_no_word_of_one_is_left(study, snapshot, findings):
    text = report(study, snapshot, findings, with_texts=False)
    assert not [one for one in study.train.texts[:500] if one[:60] in text]
    assert "Typical queries" not in text
    assert " · ".join(snapshot.names[0]) not in text
    assert "Typical queries" in report(study, snapshot, findings)


def test_a_report_without_gold_says_so(study, fitted):
    blind = replace(study, test=None)
    now = take_snapshot(blind, fitted, Thresholds())
    text = report(blind, now, diagnose(now))
    assert "Without gold answers" in text
    assert "no gold answers" in text
    read(text)


def test_gains_stand_on_their_side_of_the_line():
    better, worse = Estimate(0.04, 0.02, 0.06, 9), Estimate(-0.01, -0.02, -0.005, 9)
    drawn = gain_bars([("worse", worse), ("better", better)])
    first, second = drawn.bars
    assert (first.title, second.title) == ("better", "worse")
    assert second.high < drawn.zero < first.low
    # −2 … +6 points on 520 units: 65 a point
    assert (first.low - drawn.zero, first.high - drawn.zero) == pytest.approx((130, 390))
    assert gain_bars([]).bars == ()


# Runs, of every eighth training query and every seventh test query


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    workspace = cascal.Workspace(tmp_path_factory.mktemp("report") / "w.duckdb")
    for imported in thinned_demo(8, 7).values():
        add_hashed(workspace, imported)
    return workspace


@pytest.fixture(scope="module")
def small(workspace):
    return load_dataset(workspace, "demo")


@pytest.fixture(scope="module")
def small_fit(small):
    return cascal.fit(small.train.votes, small.train.vectors, costs=small.costs)


@pytest.fixture(scope="module")
def small_snapshot(small, small_fit):
    return take_snapshot(small, small_fit, Thresholds())


@pytest.mark.parametrize(
    ("preset", "clusters", "thresholds"),
    [
        ("recommended", "skills", Thresholds(cost_weight=0.01)),
        ("recommended", "task", Thresholds()),
        (
            "released",
            "skills",
            Thresholds(merge_distance=0.3, routing=ROUTINGS["late_fallback"].routing),
        ),
        ("paper", "skills", Thresholds(prune_jaccard=None, min_silhouette=0.2)),
    ],
)
def test_a_run_is_made_again_bit_for_bit(workspace, small, preset, clusters, thresholds):
    settings = replace(FitSettings.preset(preset), clusters=clusters)
    fitted = cascal.fit(small.train.votes, small.train.vectors, settings, costs=small.costs)
    name = f"{preset} {clusters}"
    run = make_run(small, take_snapshot(small, fitted, thresholds), name, "a note")
    workspace.save_run(run)
    stored = workspace.run(name)
    assert state_of(stored) == (settings, thresholds)
    assert preset_of(stored) == settings.name
    again = reopen(workspace, stored)
    assert again.differences == ()
    assert decisions_hash(again.snapshot) == run.numbers["decisions"]


def test_a_run_of_some_models_is_made_again_with_these(workspace, small):
    few = small.with_models([one.name for one in small.models[:5]])
    fitted = cascal.fit(few.train.votes, few.train.vectors)
    run = make_run(few, take_snapshot(few, fitted, Thresholds()), "five")
    assert reopen(workspace, run).differences == ()


def test_naming_every_model_changes_no_number(small):
    named = small.with_models([model.name for model in small.models])
    assert named.costs.tolist() == small.costs.tolist()
    for part, same in ((named.train, small.train), (named.test, small.test)):
        for name in ("costs", "judged", "right"):
            ours, theirs = getattr(part, name), getattr(same, name)
            assert np.array_equal(ours, theirs, equal_nan=True)
            assert np.array_equal(ours.sum(axis=0), theirs.sum(axis=0), equal_nan=True)


@pytest.mark.slow
def test_a_fresh_process_makes_the_same_run_and_says_so(workspace, small, small_snapshot):
    workspace.save_run(make_run(small, small_snapshot, "fresh"))
    command = [sys.executable, "-m", "cascal.cli", "runs", "fresh", "-w", str(workspace.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "bit for bit" in done.stdout
    assert "fresh" in cascal_cli("runs", "-w", str(workspace.path)).stdout


def test_changed_data_and_changed_decisions_are_told(workspace, small, small_snapshot):
    run = make_run(small, small_snapshot, "changed")
    other = replace(run, fingerprint="x")
    assert "has changed" in reopen(workspace, other).differences[0]
    older = replace(run, fingerprint=f"{run.fingerprint}-of-another-rule")
    assert "compared by another rule" in reopen(workspace, older).differences[0]
    moved = replace(run, thresholds={**run.thresholds, "merge_distance": 0.5})
    assert reopen(workspace, moved).differences == ("Decisions or scores differ.",)
    broken = replace(run, settings={"consensus": "pds"})
    with refuses("other-version", run.name):
        state_of(broken)
