"""The page Data: every query with its answers, what the models answer, what the import left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import test_app
from conftest import add_hashed, thinned_demo
from paging import run_through
from test_app import plain

import cascal
from cascal import charts
from cascal.columns import Refusal
from cascal.dataset.dataset import load_dataset
from cascal.dataset.snapshot import take_snapshot
from cascal.diagnose import CHECKS, Finding, diagnose
from cascal.diagnose.finding import Section
from cascal.diagnose.fitness import FATAL, WARNING, data_fitness
from cascal.settings import Thresholds

open_app = test_app.open_app
small_file = test_app.small_file


@pytest.mark.slow
def test_queries_come_with_the_answer_of_every_model_and_the_least_agreed_first(
    open_app, small_file
):
    data = load_dataset(cascal.Workspace(small_file), "demo")
    app = open_app(small_file, "data_sets", points="test")
    assert not app.exception
    table = app.dataframe[0].value
    assert [name for name in table.columns if name.startswith("model:")] == [
        f"model:{name}" for name in data.test.votes.models
    ]
    assert table["agreement"].is_monotonic_increasing
    assert set(table["query"]) == set(data.test.votes.query_ids)
    asked, read = (
        sum(getattr(part.votes, name).sum() for part in (data.train, data.test))
        for name in ("asked", "answered")
    )
    said = [plain(one.value) for one in app.caption]
    unread = f"{asked - read:,} of {asked:,} answers ({100 * (1 - read / asked):.1f} %)"
    assert any(f"{unread} cannot be read" in one for one in said)


def finding(code: str, section: Section = "issue") -> Finding:
    return Finding(code, f"Title of {code}", section, "A sentence.")


def test_the_headline_says_whether_the_data_are_good_enough_and_why(demo, demo_fits):
    snapshot = take_snapshot(demo, demo_fits["recommended"], Thresholds())
    passed = [finding(code, "passed") for code in (*FATAL, *WARNING, "CAS101")]
    n_checks = len(FATAL) + len(WARNING)
    assert data_fitness(snapshot, passed).headline.endswith(f"yes, {n_checks} checks passed")
    other = [finding("CAS101"), finding("CAS405")]  # about clusters and routes
    assert data_fitness(snapshot, other).answer == "yes"
    warned = data_fitness(snapshot, [finding("CAS305"), finding("CAS304"), finding("CAS204")])
    assert warned.answer == "with warnings"
    assert "yes, with 3 warnings (title of CAS204; title of CAS304; 1 more)" in warned.headline
    assert [one.code for one in warned.findings] == ["CAS204", "CAS304", "CAS305"]
    refused = data_fitness(snapshot, [finding("CAS305"), finding("CAS406")])
    assert (refused.answer, refused.headline.split(": ")[1]) == ("no", "no (title of CAS406)")
    assert {*FATAL, *WARNING} <= set(CHECKS)
    few = replace(demo, train=demo.train.take(np.arange(5)), test=None)
    small = take_snapshot(few, cascal.fit(few.train.votes, few.train.vectors), Thresholds())
    assert "no, because 5 training queries and 8 models are too few" in (
        data_fitness(small, passed).headline
    )


@pytest.mark.slow
def test_the_page_says_it_when_the_checks_are_through(open_app, small_file):
    app = open_app(small_file, "data_sets")
    assert "?" not in app.title[0].value  # what is known at once
    run_through(app)
    assert "Good enough" in app.title[0].value
    study = load_dataset(cascal.Workspace(small_file), "demo")
    fitted = cascal.fit(study.train.votes, study.train.vectors, costs=study.costs)
    snapshot = take_snapshot(study, fitted, Thresholds())
    found = data_fitness(snapshot, diagnose(snapshot))
    assert plain(app.title[0].value) == found.headline
    listed = [plain(one.label) for one in app.expander][: len(found.findings)]
    for label, finding in zip(listed, found.findings, strict=True):
        assert label.endswith(f" – see what would help ({finding.code})")


@pytest.mark.slow
def test_a_link_opens_the_card_beside_the_table_and_a_search_narrows_it(open_app, small_file):
    part = load_dataset(cascal.Workspace(small_file), "demo").train
    app = open_app(small_file, "data_sets", query=part.votes.query_ids[7])
    assert not app.exception
    assert part.texts[7] in [one.value for one in app.text]
    app.button(key="close_query").click().run()
    app.text_input(key="map_search").set_value(part.votes.query_ids[7]).run()
    assert app.dataframe[0].value["query"].tolist() == [part.votes.query_ids[7]]


def test_answers_are_marked_by_gold_answers_alone(demo, demo_fits):
    small = replace(demo, test=demo.test.take(np.arange(40)))
    rows = np.arange(40)
    snapshot = take_snapshot(small, demo_fits["recommended"], Thresholds())
    test = charts.compact_answers_frame(snapshot, "test", rows, {})
    train = charts.compact_answers_frame(snapshot, "train", rows, {})
    for at, name in enumerate(small.test.votes.models):
        right = [text.startswith("✓") for text in test[f"model:{name}"]]
        assert right == (small.test.right[:, at] == 1).tolist()
        assert not train[f"model:{name}"].str.contains("[✓✗]").any()
    nothing = ~small.train.votes.answered[:40]
    for at, name in enumerate(small.train.votes.models):
        assert (train[f"model:{name}"] == "–").tolist() == nothing[:, at].tolist()


@pytest.mark.slow
def test_what_an_import_left_out_is_still_said_after_it(open_app, tmp_path):
    store = cascal.Workspace(tmp_path / "left.duckdb", create=True)
    imported = thinned_demo(50, 50)["demo"]
    refused = (*[Refusal("a.csv", row, "model", "There is no model.") for row in (3, 9)],)
    add_hashed(store, replace(imported, refused=refused))
    assert "Left out 2 ×: There is no model." in store.dataset("demo").note
    app = open_app(store.path, "data_sets")
    assert any("Left out 2 ×: There is no model." in plain(one.value) for one in app.caption)
    app.session_state["data_tab"] = "Data sets"
    app.run()
    assert any("Left out 2 ×: There is no model." in one.value for one in app.text)
