"""What an applied remedy did is told by the states before and after it, and can be taken back."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
import test_app
from paging import run_through
from streamlit.testing.v1 import AppTest
from test_app import plain
from test_diagnose import case_of, explosion, world

import cascal
from app import heeded, jobs
from cascal import charts
from cascal.dataset.dataset import load_dataset
from cascal.dataset.snapshot import Change, Snapshot, compare, take_snapshot
from cascal.diagnose import CHECKS, Finding, Measure, diagnose
from cascal.diagnose.coherence import coherence, own_silhouettes
from cascal.diagnose.cohering import lapses_told, less_coherent
from cascal.diagnose.proof import Proof, prove
from cascal.diagnose.trials import CLEAR
from cascal.intervals import Estimate
from cascal.settings import Thresholds

open_app = test_app.open_app
small_file = test_app.small_file

SPLITS = "Silhouettes of the splits that clusters are made from"
GAIN = Estimate(0.004, 0.001, 0.007, 500)


def found(*codes: str) -> list[Finding]:
    issues = [Finding(code, "Title", "issue", "Sentence.") for code in codes]
    return [*issues, Finding("CAS999", "Title", "passed", "Rule.")]


def change(gain: Estimate | None = GAIN) -> Change:
    return Change(33, 25, np.arange(100) < 12, np.zeros(3), gain)


def test_the_proof_counts_the_issues_names_them_and_tells_the_accuracy():
    proof = prove(found("CAS103", "CAS205", "CAS305"), found("CAS305"), change())
    assert proof.issues == (
        "3 issues before, 1 now: gone thin clusters (CAS103), "
        "ranking differences inside the noise (CAS205)"
    )
    assert proof.accuracy == "accuracy +0.4 [+0.1, +0.7] points"
    assert proof.effects == "12 % of the routes flip; 33 → 25 clusters"
    named = prove(found(), found(), replace(change(), flips="12 of 100 test queries"))
    assert named.effects == ("12 % of the routes flip (12 of 100 test queries); 33 → 25 clusters")


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            ("CAS101",),
            ("CAS102",),
            "1 issue before, 1 now: gone clusters are not separated (CAS101); "
            "new centroid explosion (CAS102)",
        ),
        (("CAS101",), ("CAS101",), "1 issue before and now: clusters are not separated (CAS101)"),
        (
            (),
            ("CAS102", "CAS101"),
            "0 issues before, 2 now: new clusters are not separated (CAS101), "
            "centroid explosion (CAS102)",
        ),
        ((), (), "no issue before and after"),
    ],
)
def test_issues_that_came_are_told_as_those_that_went(before, after, sentence):
    assert prove(found(*before), found(*after), change()).issues == sentence


def test_incoherent_clusters_are_counted_in_the_proof():
    same = found("CAS305")
    moved = (0.043, 0.304), (0.150, 0.0)
    proof = prove(same, same, change(), incoherent=(1, 0), silhouette=moved)
    assert proof.coherence == (
        "1 → 0 incoherent clusters · mean silhouette of its queries 0.043 → 0.150 · "
        "of them below 0: 30 % → 0 %"
    )
    assert proof.issues == "1 issue before and now: duplicates or leakage (CAS305)"
    alone = ((0.1, 0.2), (np.nan, np.nan))
    proof = prove(same, same, change(), incoherent=(1, 3), silhouette=alone)
    assert proof.coherence == "1 → 3 incoherent clusters"
    assert not prove(same, same, change()).coherence
    new_line = "1 → 3 incoherent clusters, by the new line, 0.2"
    assert prove(same, same, change(), incoherent=(1, 3), line=0.2).coherence == new_line
    silhouettes = ((0.043, 0.304), (0.193, 0.0))
    proof = prove(same, same, change(), incoherent=(1, 3), silhouette=silhouettes, line=0.2)
    assert proof.coherence.startswith(new_line)
    assert proof.coherence.endswith(" · its queries, at 0.193, stay below the new line, 0.2")


def test_a_cluster_that_fits_less_well_is_told_in_the_table_and_in_the_proof_alike(demo, demo_fits):
    """Told of the others, by their own queries: once by hand."""
    before, joined = (
        take_snapshot(demo, demo_fits["recommended"], Thresholds(prune_jaccard=one))
        for one in (0.95, 0.5)
    )
    own, clusters = before.router.clusters.assignment, coherence(before)
    rows = np.flatnonzero(own == clusters[0].cluster)
    worse = less_coherent(before, joined, rows)
    after, falls = own_silhouettes(joined), {}
    for one in clusters[1:]:
        mean = after[own == one.cluster].mean()
        if one.mean - mean >= CLEAR:
            falls[before.labels[one.cluster]] = mean
    assert falls
    told = {one.name: one for one in worse}
    assert {name: one.after for name, one in told.items()} == pytest.approx(falls)
    assert before.labels[clusters[0].cluster] not in told
    assert [one.after - one.before for one in worse] == sorted(o.after - o.before for o in worse)
    said = lapses_told(worse)
    assert said.startswith(f"{len(worse)} other")
    assert worse[0].said in said
    assert prove([], [], change(), worse=said).worse == said
    assert less_coherent(before, before, rows) == ()
    assert lapses_told(()) == ""


def test_checks_that_never_ended_are_not_taken_for_none_that_spoke():
    proof = prove(None, found("CAS305"), change())
    assert proof.issues == "1 issue now; the checks of the state before had not ended"
    assert (proof.vanished, proof.appeared) == ((), ())
    assert prove(None, None, change()).issues.startswith("the checks run again")


def test_while_the_checks_run_the_proof_tells_all_but_the_issues():
    proof = prove(found("CAS305"), None, change(), incoherent=(1, 0))
    assert "the checks run again" in proof.issues
    assert not proof.vanished
    assert proof.coherence == "1 → 0 incoherent clusters"


def test_without_gold_no_accuracy_is_told():
    proof = prove([], [], change(gain=None))
    assert proof.accuracy == "accuracy unknown, there are no gold answers"


def test_the_proof_of_joining_is_that_of_both_diagnoses():
    before = explosion()
    joined = take_snapshot(
        before.dataset, before.fit, Thresholds(min_silhouette=0.3, prune_jaccard=0.5)
    )
    found_before, found_after = diagnose(before), diagnose(joined)
    proof = prove(found_before, found_after, compare(before, joined))
    assert isinstance(proof, Proof)
    assert "CAS102" in proof.vanished
    assert proof.clusters == (len(before.router.clusters), len(joined.router.clusters))
    right = joined.evaluation.top1_right - before.evaluation.top1_right
    assert proof.gain.value == pytest.approx(right.mean())
    first = [one.routes("test").selected[:, 0] for one in (before, joined)]
    assert proof.flipped == (first[0] != first[1]).mean()


def test_the_table_of_checks_has_a_row_for_every_measure_and_a_reason_where_there_is_none():
    measures = (
        Measure(name="Share", value=0.2, rule=0.25),
        Measure(name="Number", value=2, rule=3, holds_if="at least", share=False),
    )
    findings = [
        Finding("CAS202", "Two", "issue", "Said.", measures),
        Finding("CAS101", "One", "not applicable", "Why not."),
    ]
    frame = charts.checks_frame(findings)
    assert frame["code"].tolist() == ["CAS101", "CAS202", "CAS202"]
    assert frame["result"].tolist() == ["not applicable", "issue", "same check"]
    assert frame["measured"].tolist() == ["Why not.", "Share", "Number"]
    assert frame.loc[0, ["value", "rule", "margin"]].isna().all()
    assert frame["value"].tolist()[1:] == ["20.0 %", "2"]
    assert frame["rule"].tolist()[1:] == ["below 25.0 %", "at least 3"]
    assert frame["margin"].tolist()[1:] == ["5.0 points", "−1"]


def test_the_table_of_clusters_calls_them_by_name():
    case = case_of(world())
    frame = charts.coherence_frame(case, coherence(case))
    assert set(frame["cluster"]) == set(case.labels)
    assert set(frame["nearest"].dropna()) <= set(case.labels)
    assert frame["queries"].sum() == len(case.dataset.train)
    known = frame["mean"].dropna()
    assert known.is_monotonic_increasing


def snapshot_of(path) -> Snapshot:
    """The demo at the defaults."""
    data = load_dataset(cascal.Workspace(path), "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    return take_snapshot(data, fitted, Thresholds())


def run_until(app: AppTest, key: str) -> None:
    """Run the page again when the jobs of a name are done, so that it shows them."""
    run_through(app)
    named = [job for name, job in jobs.known_jobs().items() if name.startswith(key)]
    assert named
    assert {job.state for job in named} == {"done"}


@pytest.mark.slow
def test_an_applied_remedy_keeps_its_proof_until_it_is_undone_dismissed_or_moved(
    open_app, small_file
):
    app = open_app(small_file, "diagnose", share="off", merge="0.0")
    run_until(app, "diagnosis:")
    names = ("share", "merge", "silhouette", "preset", "routing")
    before = {name: app.session_state[name] for name in names}
    run_until(app, "remedies_")  # those of the first issue are tried out without asking
    apply = next(one for one in app.button if one.key.startswith("apply_CAS"))
    apply.click().run()
    assert not app.exception
    assert any("Applied:" in plain(one.value) for one in app.markdown)
    run_until(app, "diagnosis:")
    shown = [plain(one.value) for one in (*app.markdown, *app.text)]
    told = [one for one in shown if re.match(r"\d+ issues? before", one)]
    assert len(told) == 1  # the proof
    assert any("of the routes flip" in one for one in shown)
    assert any("Accuracy" in one and "] points" in one for one in shown)
    app.button(key="undo_applied").click().run()
    assert not app.exception
    assert {name: app.session_state[name] for name in names} == before
    assert not any("Applied:" in plain(one.value) for one in app.markdown)
    assert app.button(key="undo").disabled
    run_until(app, "diagnosis:")
    next(one for one in app.button if one.key.startswith("apply_CAS")).click().run()
    app.button(key="dismiss_applied").click().run()
    assert not any("Applied:" in plain(one.value) for one in app.markdown)
    app.button(key="undo").click().run()
    run_until(app, "diagnosis:")
    next(one for one in app.button if one.key.startswith("apply_CAS")).click().run()
    app.slider(key="top_k").set_value(5).run()
    assert not any("Applied:" in plain(one.value) for one in app.markdown)
    assert not app.exception


@pytest.mark.slow
def test_an_incoherent_cluster_opens_on_the_map_and_leads_to_its_silhouettes(open_app, small_file):
    app = open_app(small_file, "diagnose")
    run_until(app, "diagnosis:")
    table = next(one.value for one in app.dataframe if "nearest" in one.value)
    worst = table["cluster"].iloc[0]
    assert any(plain(one.value).startswith(f"{worst}: why, and what") for one in app.caption)
    titles = [plain(one.value) for one in (*app.title, *app.subheader)]
    said = [titles[0], *(plain(one.value) for one in app.caption)]
    assert any(f"{worst} is incoherent".lower() in one.lower() for one in said)
    assert any("checks passed" in plain(one.value) for one in app.caption)
    assert titles.index("Which clusters are incoherent?") < titles.index(SPLITS)
    ways = [plain(one.value) for one in app.markdown if "](#" in one.value]
    assert [one.rpartition("#")[2] for one in ways] == ["incoherent)", "silhouettes)", "second)"]
    assert any("incoherent" in one for one in ways)
    known = [one for one in app.caption if "clusters that can be judged" in plain(one.value)]
    assert worst in plain(known[0].value)
    assert any(
        f"{worst}, which is incoherent, began here" in plain(one.value) for one in app.caption
    )
    task = app.selectbox(key="silhouette_task").value, app.selectbox(key="silhouette_model").value
    app.button(key="look_into_cluster").click().run()
    assert not app.exception
    said = [plain(one.value) for one in app.info if "goes to the nearest" in one.value]
    assert len(said) == 1
    assert f"“{worst}”" in said[0]
    assert task[0] == worst.partition(" · ")[0]
    assert task == tuple(app.selectbox(key=f"silhouette_{one}").value for one in ("task", "model"))
    rows = CHECKS["CAS205"].evidence(snapshot_of(small_file)).table
    shown = [one.value for one in app.dataframe if "second is better" in one.value]
    assert [one["cluster"].tolist() for one in shown] == [[row["cluster"] for row in rows]][
        : bool(rows)
    ]
    app.button(key="silhouettes_on_map").click().run()
    assert not app.exception
    assert app.selectbox(key="colour").value == "silhouette"
    app.switch_page("diagnose/page.py").run()
    app.button(key="open_coherent_cluster").click().run()
    assert not app.exception
    assert any(worst in plain(one.value) for one in (*app.subheader, *app.markdown))


@pytest.mark.slow
def test_a_click_counts_though_its_run_is_broken_off(open_app, small_file, monkeypatch):
    """As where a job ends just then: the page is drawn anew before the run comes to the button."""
    app = open_app(small_file, "diagnose")
    run_until(app, "diagnosis:")
    broken_off = []

    def once(_: object) -> None:
        if not broken_off:
            broken_off.append(True)
            st.rerun()

    monkeypatch.setattr(heeded, "notice", once)
    app.button(key="open_coherent_cluster").click().run()
    assert not app.exception
    assert app.selectbox(key="colour").value == "model"  # the map, where the cluster is picked
    assert app.session_state["selection"].clusters


@pytest.mark.slow
def test_the_counts_of_the_headline_add_up(open_app, small_file):
    app = open_app(small_file, "diagnose")
    run_until(app, "diagnosis:")
    checks = next(
        one for one in map(plain, [one.value for one in app.caption]) if "checks passed" in one
    )
    said = ((checks, "issue"), (checks, "of"), (checks, "not applicable"))
    counts = [
        int(found.group(1)) if (found := re.search(rf"(\d+) {what}", text)) else 0
        for text, what in said
    ]
    assert sum(counts) == len(CHECKS)


@pytest.mark.slow
def test_what_would_make_a_cluster_coherent_is_applied_with_one_click(open_app, small_file):
    app = open_app(small_file, "diagnose", share="off", merge="0.0")
    run_until(app, "diagnosis:")
    if not any(one.key.startswith("apply_cohere") for one in app.button):
        if any(one.key == "start_cohere" for one in app.button):
            app.button(key="start_cohere").click().run()
        run_until(app, "cohere:")
    assert not app.exception
    told = [one.proto.body for one in app.get("html") if "<dt>Distance" in one.proto.body]
    names = [tuple(re.findall("<dt>(.*?)</dt>", one)) for one in told]
    assert told
    assert len(set(names)) == 1  # all at the same places
    assert {"Mean silhouette", "Routes that flip", "Skill clusters"} <= set(names[0])
    assert all(re.search(r"Mean silhouette</dt><dd>−?0\.\d{3} → −?0\.\d{3}<", one) for one in told)
    before = app.slider(key="merge").value, app.slider(key="silhouette").value
    joining = app.session_state["share"]
    next(one for one in app.button if one.key.startswith("apply_cohere")).click().run()
    assert not app.exception
    after = app.slider(key="merge").value, app.slider(key="silhouette").value
    assert (*after, app.session_state["share"]) != (*before, joining)
