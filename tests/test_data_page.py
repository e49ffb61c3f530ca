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
from app import theme
from app.folders import FOLDERS_ENV
from cascal import charts
from cascal.charts.figures import luminance
from cascal.columns import Refusal
from cascal.dataset.dataset import load_dataset
from cascal.dataset.snapshot import take_snapshot
from cascal.diagnose import CHECKS, Finding, diagnose
from cascal.diagnose.finding import Section
from cascal.diagnose.fitness import FATAL, WARNING, data_fitness
from cascal.score import agreement
from cascal.settings import Thresholds

open_app = test_app.open_app
small_file = test_app.small_file
demo_file = test_app.demo_file


def answers_of(app):
    """The table of queries with every answer."""
    return next(one.value for one in app.dataframe if "text" in one.value)


@pytest.mark.slow
def test_queries_come_with_the_answer_of_every_model_and_the_least_agreed_first(
    open_app, small_file
):
    data = load_dataset(cascal.Workspace(small_file), "demo")
    app = open_app(small_file, "data_sets", points="test")
    assert not app.exception
    app.segmented_control(key="which_queries").set_value("all").run()
    assert set(answers_of(app)["query"]) == set(data.test.votes.query_ids)
    app.segmented_control(key="which_queries").set_value("least").run()
    table = answers_of(app)
    assert [name for name in table.columns if name.startswith("model:")] == [
        f"model:{name}" for name in data.test.votes.models
    ]
    assert table["agreement"].is_monotonic_increasing
    least = np.sort(agreement(data.test.votes))[:100]
    assert (table["agreement"] / 100).tolist() == pytest.approx(least.tolist())
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
    agree = "72 % of the answers agree"
    good = data_fitness(snapshot, passed, agree)
    assert good.headline == "The votes are fit to learn from: 72 % of the answers agree"
    assert not good.findings
    other = [finding("CAS101"), finding("CAS405")]  # about clusters and routes
    assert data_fitness(snapshot, other, agree).answer == "yes"
    warned = data_fitness(
        snapshot, [finding("CAS305"), finding("CAS304"), finding("CAS204")], agree
    )
    assert warned.answer == "with warnings"
    assert warned.headline == good.headline
    assert warned.named == "3 warnings: title of CAS204; title of CAS304; title of CAS305"
    many = data_fitness(snapshot, [finding(code) for code in WARNING], agree)
    assert many.named.endswith(f"title of {WARNING[2]}; and {len(WARNING) - 3} more")
    assert [one.code for one in warned.findings] == ["CAS204", "CAS304", "CAS305"]
    refused = data_fitness(snapshot, [finding("CAS305"), finding("CAS406")], agree)
    assert refused.answer == "no"
    assert refused.headline == f"Votes cannot stand in for labels: title of CAS406; {agree}"
    assert {*FATAL, *WARNING} <= set(CHECKS)
    few = replace(demo, train=demo.train.take(np.arange(5)), test=None)
    small = take_snapshot(few, cascal.fit(few.train.votes, few.train.vectors), Thresholds())
    assert "labels: 5 training queries and 8 models are too few" in (
        data_fitness(small, passed, agree).headline
    )


@pytest.mark.slow
def test_the_page_says_it_when_the_checks_are_through(open_app, small_file):
    app = open_app(small_file, "data_sets")
    study = load_dataset(cascal.Workspace(small_file), "demo")
    fitted = cascal.fit(study.train.votes, study.train.vectors, costs=study.costs)
    snapshot = take_snapshot(study, fitted, Thresholds())
    agree = charts.where_models_part(charts.task_agreement_frame(study.train))
    known = plain(app.title[0].value).replace("\N{NO-BREAK SPACE}", " ")
    assert known == f"Checking the data: {agree}"
    run_through(app)
    found = data_fitness(snapshot, diagnose(snapshot), agree)
    assert found.findings
    assert plain(app.title[0].value).replace("\N{NO-BREAK SPACE}", " ") == found.headline
    begins = "Why" if found.answer == "no" else f"{len(found.findings)} warning"
    assert any(one.label.startswith(begins) for one in app.expander)
    for one in found.findings:
        assert f"{one.code} {one.sentence}" in [text.value for text in app.text]


@pytest.mark.slow
def test_training_queries_in_the_test_set_are_bridged_to_the_repeated_test_queries(
    open_app, demo_file
):
    app = open_app(demo_file, "data_sets")
    app.session_state["data_tab"] = "Quality"
    app.run()
    run_through(app)
    (said,) = [plain(one.value) for one in app.caption if "counted from either side" in one.value]
    assert "331 training queries repeat a test query, 257 test queries a training query" in said
    assert any("257 of 2,000 test queries repeat" in plain(one.label) for one in app.expander)
    assert any(one.label == "In the test set too" and one.value == "331" for one in app.metric)


@pytest.mark.slow
def test_a_link_opens_the_card_beside_the_table_and_a_search_narrows_it(open_app, small_file):
    part = load_dataset(cascal.Workspace(small_file), "demo").train
    app = open_app(small_file, "data_sets", query=part.votes.query_ids[7])
    assert not app.exception
    assert part.texts[7] in [one.value for one in app.text]
    app.button(key="close_query").click().run()
    app.text_input(key="map_search").set_value(part.votes.query_ids[7]).run()
    assert answers_of(app)["query"].tolist() == [part.votes.query_ids[7]]


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


def test_agreement_by_task_adds_up_to_what_it_is_made_of(demo):
    """By hand: every row, every model; its mean is the share of models in the largest group."""
    part = demo.train.take(np.arange(200))
    table, votes = charts.task_agreement_frame(part), part.votes
    assert table["task"].iloc[[0, -1]].tolist() == ["all tasks", "readable answers"]
    models = [f"model:{name}" for name in votes.models]
    for _, row in table.iloc[:-1].iterrows():
        rows = [at for at, task in enumerate(votes.tasks) if row["task"] in (task, "all tasks")]
        counted = dict.fromkeys(models, 0)
        for at in rows:
            given = [one for one in votes.answers[at].tolist() if one >= 0]
            most = max(map(given.count, given), default=0)
            first = next((one for one in given if given.count(one) == most), None)
            for name, one in zip(models, votes.answers[at].tolist(), strict=True):
                counted[name] += one == first
        shares = [100 * counted[name] / len(rows) for name in models]
        assert row[models].tolist() == pytest.approx(shares)
        assert row["agreement"] == pytest.approx(np.mean(shares))
        assert row["agreement"] == pytest.approx(100 * agreement(votes.take(np.array(rows))).mean())
        assert row["readable"] == pytest.approx(100 * votes.answered[rows].mean())
        assert row["queries"] == len(rows)
    assert table["agreement"].iloc[1:-1].is_monotonic_increasing
    shown = [name for name in table if name.startswith("model:")]
    assert table.iloc[0][shown].is_monotonic_increasing  # on a phone the first columns are seen
    last = table.iloc[-1][models].tolist()
    assert last == pytest.approx((100 * votes.answered.mean(axis=0)).tolist())


def test_the_headline_names_a_task_or_a_model_only_where_it_stands_apart(demo):
    table = charts.task_agreement_frame(demo.train)
    models = [name for name in table if name.startswith("model:")]
    even = table.assign(agreement=72.0, **dict.fromkeys(models, 72.0))
    assert charts.where_models_part(even) == "72 % of the answers agree, in every task"
    near = even.copy()
    near.loc[1:3, "agreement"] = [71.0, 72.0, 73.0]
    said = charts.where_models_part(near)
    assert said == "72 % of the answers agree, 71 to 73 % in every task"
    apart = even.assign(**{models[2]: 56.0})
    name = models[2].removeprefix("model:")
    assert charts.where_models_part(apart).endswith(f"; {name} agrees least (56 %)")
    apart = even.assign(agreement=[72.0, 52.0, *[72.0] * (len(even) - 2)])
    said = charts.where_models_part(apart)
    assert said == f"72 % of the answers agree, least in {table['task'][1]} (52 %)"


@pytest.mark.slow
def test_a_cell_of_the_agreement_leads_to_its_queries(open_app, small_file):
    data = load_dataset(cascal.Workspace(small_file), "demo")
    app = open_app(small_file, "data_sets")
    table = next(one.value for one in app.dataframe if "readable" in one.value)
    app.session_state["task_agreement_0"] = {
        "selection": {"rows": [], "columns": [], "cells": [(1, "agreement")]}
    }
    app.run()
    assert not app.exception
    task = table["task"].iloc[1]
    assert set(answers_of(app)["task"]) == {task}
    n = data.train.votes.tasks.count(task)
    assert any(
        plain(one.value).startswith(f"{n} of {len(data.train)} training") for one in app.caption
    )
    model = next(name for name in table if name.startswith("model:"))
    app.session_state["task_agreement_0"] = {
        "selection": {"rows": [], "columns": [], "cells": [(1, model)]}
    }
    app.run()
    assert not app.exception
    assert set(answers_of(app)["task"]) == {task}
    n_apart = n - round(n * table[model].iloc[1] / 100)
    assert len(answers_of(app)) == min(n_apart, 100)
    name = model.removeprefix("model:")
    said = f"{n_apart} of {len(data.train)} training queries: task {task} · not the answer of most:"
    assert f"{said} {name}" in [plain(one.value) for one in app.caption]


@pytest.mark.slow
def test_without_vectors_the_pages_say_once_what_is_missing_and_how_to_mend_it(open_app, tmp_path):
    store = cascal.Workspace(tmp_path / "bare.duckdb", create=True)
    store.add(thinned_demo(50, 50)["demo"])
    app = open_app(store.path, "data_sets")
    assert not app.exception
    assert not app.error
    assert app.title[0].value.startswith("Nobody knows yet whether votes can stand in")
    assert [one.label for one in app.tabs] == ["Data sets", "Import"]
    assert [one.label for one in app.button if one.label.startswith("Encode ")]
    app = open_app(store.path, "label")
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "A few labels decide, once it is known which"


@pytest.mark.slow
def test_columns_in_another_language_are_asked_for_by_what_is_needed_first(
    open_app, tmp_path, monkeypatch
):
    monkeypatch.setenv(FOLDERS_ENV, str(tmp_path))
    cascal.Workspace(tmp_path / "w.duckdb", create=True)
    table = tmp_path / "fragen.csv"
    table.write_text("Nr;Frage;Modell;Antwort\n1;Was?;klein;A\n", encoding="utf-8")
    app = open_app(tmp_path / "w.duckdb", "data_sets")
    app.text_input(key="import_path").set_value(str(table)).run()
    assert not app.exception
    labels = [one.label for one in app.expander]
    assert "Which column is query_id, text and model?" in labels
    assert labels.index("Further columns") > 0
    chosen = [one.key for one in app.selectbox if (one.key or "").startswith("map_")]
    assert chosen[:4] == ["map_query_id", "map_text", "map_model", "map_response"]
    names = {"query_id": "Nr", "text": "Frage", "model": "Modell", "response": "Antwort"}
    for ours, theirs in names.items():
        app.selectbox(key=f"map_{ours}").set_value(theirs).run()
    next(one for one in app.button if one.label == "Import").click().run()
    assert not app.exception
    found = cascal.Workspace(tmp_path / "w.duckdb").dataset("fragen")
    assert (found.n_train, found.n_models, found.n_responses) == (1, 1, 1)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_one_ink_is_readable_on_every_share_from_half_on(mode):
    """Of a table whose inks change from cell to cell some digits are hard to read."""
    styles = [charts.cell_style(share, *theme.SHARES[mode]) for share in range(50, 101)]
    inks = {style.rpartition("color: ")[2] for style in styles}
    colours = [style.partition("background-color: ")[2][:7] for style in styles]
    assert len(inks) == 1
    light = luminance([*inks, *colours])
    high, low = np.maximum(light[1:], light[0]), np.minimum(light[1:], light[0])
    assert ((high + 0.05) / (low + 0.05)).min() >= 4.5


def test_the_caption_says_the_share_at_which_the_orange_ends():
    below, above = ("#000000", "#111111"), ("#EB9F57", "#DCE8FE", "#BFD4FC", "#9BBAF8", "#7CA3F6")
    ends = charts.orange_below(above)
    assert ends == 62.5
    assert above[1].lower() in charts.cell_style(ends, below, above)
