"""The report is complete, harmless and self-contained; runs are made again bit for bit."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import cascal
from cascal.contest import hold_contest
from cascal.datatypes import CascalError
from cascal.demo import install_demo
from cascal.diagnose import Case, diagnose
from cascal.intervals import Estimate
from cascal.report import gains_svg, write_report
from cascal.runs import compare_runs, decisions_hash, make_run, reopen, state_of
from cascal.settings import ROUTINGS, FitSettings, Thresholds
from cascal.study import load_study, take_snapshot

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    workspace = cascal.Workspace(tmp_path_factory.mktemp("report") / "w.duckdb")
    install_demo(workspace)
    return workspace


@pytest.fixture(scope="module")
def study(workspace):
    return load_study(workspace, "demo")


@pytest.fixture(scope="module")
def fitted(study):
    return cascal.fit(study.train.votes, study.train.vectors, costs=study.costs)


@pytest.fixture(scope="module")
def snapshot(study, fitted):
    return take_snapshot(study, fitted, Thresholds())


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


def report(study, snapshot, fitted, *, with_texts=True, contest=None):
    findings = diagnose(Case(study, fitted, snapshot))
    return write_report(
        study, snapshot, "no light", findings, contest, "cascal fit demo", with_texts=with_texts
    )


def test_a_report_holds_verdict_map_rankings_routers_findings_and_settings(study, snapshot, fitted):
    contest = hold_contest(study.train, study.test, fitted=fitted)
    text = report(study, snapshot, fitted, contest=contest)
    reader = read(text)
    for says in (
        "Routing pays here", "Simulated data", "AVENGERS", "CAS205", study.info.fingerprint,
        "merge_distance", "cascal fit demo", "atlas-large", "numpy",
    ):  # fmt: skip
        assert says in text
    assert reader.tags.count("circle") > 4000
    gains = [row for row in contest.rows() if row.gain is not None]
    assert text.count('text-anchor="end"') == len(gains) > 10
    assert len(text) < 1_500_000


def test_nothing_is_loaded_from_anywhere(study, snapshot, fitted):
    text = report(study, snapshot, fitted)
    reader = read(text)
    assert not {"script", "link", "iframe", "img", "object", "base", "form"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name in ("src", "href", "action")]
    assert not re.search(r"url\(|@import|https?://", text)
    assert "default-src 'none'" in text


def test_html_in_texts_names_and_tasks_is_shown_as_text(study, snapshot, fitted):
    train = replace(study.train, texts=(EVIL, *study.train.texts[1:]))
    odd = replace(study, train=train, info=replace(study.info, name=EVIL))
    names = ((EVIL,), *snapshot.names[1:])
    text = report(odd, replace(snapshot, names=names), fitted)
    reader = read(text)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert "&lt;script&gt;" in text


def test_without_texts_no_query_and_no_word_of_one_is_left(study, snapshot, fitted):
    text = report(study, snapshot, fitted, with_texts=False)
    assert not [one for one in study.train.texts[:500] if one[:60] in text]
    assert "Typical queries" not in text
    assert " · ".join(snapshot.names[0]) not in text
    assert "Typical queries" in report(study, snapshot, fitted)


def test_a_report_without_gold_says_so(study, fitted):
    blind = replace(study, test=None)
    now = take_snapshot(blind, fitted, Thresholds())
    text = report(blind, now, fitted)
    assert "Without gold answers" in text
    assert "no gold answers" in text
    read(text)


def test_gains_stand_on_their_side_of_the_line():
    better, worse = Estimate(0.04, 0.02, 0.06, 9), Estimate(-0.01, -0.02, -0.005, 9)
    drawn = gains_svg([("worse", worse), ("better", better)], "model-a")
    zero, *bars = [
        (float(a), float(b)) for a, b in re.findall(r'line x1="([\d.]+)" x2="([\d.]+)"', drawn)
    ]
    assert re.findall(r">(\w+)</text>", drawn) == ["better", "worse"]
    assert bars[1][1] < zero[0] < bars[0][0]
    # −2 … +6 points on 520 units: 65 a point
    assert bars[0] == (pytest.approx(zero[0] + 130), pytest.approx(zero[0] + 390))
    assert "over always asking model-a (the line)" in drawn
    assert gains_svg([], "") == ""


# Runs


@pytest.mark.parametrize(
    ("preset", "thresholds"),
    [
        ("recommended", Thresholds(cost_weight=0.01)),
        ("released", Thresholds(merge_distance=0.3, routing=ROUTINGS["late_fallback"].routing)),
        ("paper", Thresholds(prune_jaccard=None, min_silhouette=0.2)),
    ],
)
def test_a_run_is_made_again_bit_for_bit(workspace, study, preset, thresholds):
    settings = FitSettings.preset(preset)
    fitted = cascal.fit(study.train.votes, study.train.vectors, settings, costs=study.costs)
    run = make_run(study, take_snapshot(study, fitted, thresholds), f"run {preset}", "a note")
    workspace.save_run(run)
    stored = workspace.run(f"run {preset}")
    assert state_of(stored) == (settings, thresholds)
    again = reopen(workspace, stored)
    assert again.differences == ()
    assert decisions_hash(again.snapshot) == run.numbers["decisions"]


def test_a_run_of_some_models_is_made_again_with_these(workspace, study):
    few = study.with_models([one.name for one in study.models[:5]])
    fitted = cascal.fit(few.train.votes, few.train.vectors)
    run = make_run(few, take_snapshot(few, fitted, Thresholds()), "five")
    assert reopen(workspace, run).differences == ()


def test_a_fresh_process_makes_the_same_run_and_says_so(workspace, study, snapshot):
    workspace.save_run(make_run(study, snapshot, "fresh"))
    command = [sys.executable, "-m", "cascal.cli", "runs", "fresh", "-w", str(workspace.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "bit for bit" in done.stdout
    listed = subprocess.run(
        [*command[:4], "-w", str(workspace.path)], capture_output=True, text=True, timeout=120
    )
    assert "fresh" in listed.stdout


def test_changed_data_and_changed_decisions_are_told(workspace, study, snapshot):
    run = make_run(study, snapshot, "changed")
    other = replace(run, fingerprint="x")
    assert "has changed" in reopen(workspace, other).differences[0]
    older = replace(run, fingerprint=f"{run.fingerprint}-of-another-rule")
    assert "compared by another rule" in reopen(workspace, older).differences[0]
    moved = replace(run, thresholds={**run.thresholds, "merge_distance": 0.5})
    assert reopen(workspace, moved).differences == ("Decisions or scores differ.",)
    broken = replace(run, settings={"consensus": "pds"})
    with pytest.raises(CascalError, match="another version"):
        state_of(broken)


def test_two_runs_are_compared_on_the_same_queries(workspace, study, fitted, snapshot):
    moved = take_snapshot(study, fitted, Thresholds(merge_distance=0.5))
    one = reopen(workspace, make_run(study, snapshot, "one"))
    other = reopen(workspace, make_run(study, moved, "other"))
    found = compare_runs(one, other)
    old, new = snapshot.test_routes.selected[:, 0], moved.test_routes.selected[:, 0]
    assert found.flipped.tolist() == np.flatnonzero(old != new).tolist()
    gain = moved.evaluation.top1_accuracy - snapshot.evaluation.top1_accuracy
    assert found.gain.value == pytest.approx(gain)
    assert sorted(place for place, _ in found.ranks.values()) == list(range(1, 9))
    weak = load_study(workspace, "demo-weak")
    blind = replace(weak, test=None)
    refit = cascal.fit(weak.train.votes, weak.train.vectors)
    third = replace(other, study=blind, snapshot=take_snapshot(blind, refit, Thresholds()))
    with pytest.raises(CascalError, match="different queries"):
        compare_runs(one, third)
