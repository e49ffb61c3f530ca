"""The page Label: one question at a time, whatever is asked, and what the labels say."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace

import pytest
from conftest import (
    add_hashed,
    copy_workspace,
    give_labels,
    thinned_demo,
    thinned_workspace,
)
from console import cascal_cli
from paging import as_read, open_at, run_through
from streamlit.testing.v1 import AppTest

import cascal
from app import heeded, session
from app.label import truth
from cascal import charts
from cascal.dataset import heeding
from cascal.dataset.dataset import load_dataset
from cascal.dataset.encoding import encode_dataset
from cascal.dataset.evidence import Evidence
from cascal.dataset.heeding import heed_labels
from cascal.dataset.judged import gather_judged
from cascal.dataset.known_truth import KNOWN_TRUTH, labels_of_the_truth
from cascal.dataset.label_facts import gather_evidence
from cascal.dataset.label_lessons import (
    PLAN_LINE,
    gold_line,
    likely_number,
    plan_headline,
    practice_line,
)
from cascal.dataset.label_questions import (
    ASKED,
    cluster_question,
    rectifier_question,
    routing_question,
)
from cascal.dataset.rectifying import rectify
from cascal.dataset.saved_runs import decisions_hash, labels_of, make_run
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import option_letter
from cascal.encode.encoders import load_encoder
from cascal.number_format import percent
from cascal.settings import Thresholds
from cascal.verdicts.constant import Constant
from cascal.verdicts.light import HEADLINES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> cascal.Workspace:
    """600 training and 300 test queries of the demo."""
    return thinned_workspace(tmp_path_factory.mktemp("label"), 8, 7)


@pytest.fixture(scope="module")
def snapshot(template):
    data = load_dataset(template, "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    return take_snapshot(data, fitted, Thresholds())


@pytest.fixture
def store(template, tmp_path) -> cascal.Workspace:
    return copy_workspace(template, tmp_path / "w.duckdb")


@pytest.fixture
def open_label(monkeypatch, store):
    def open_page(**params: str) -> AppTest:
        monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
        app = open_at("label", **params)
        assert not app.exception
        if [one for one in app.number_input if one.key == "label_planned"]:
            plan = app.number_input(key="label_planned")
            plan.set_value(min(30, int(plan.max))).run()
        return begun(app)

    return open_page


def begun(app: AppTest, name: str = "ann") -> AppTest:
    """The page after somebody said who labels; as it is where nobody can."""
    for field in app.text_input:
        if field.key == "label_person" and not field.disabled:
            return field.set_value(name).run()
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def line(app: AppTest) -> str:
    """How far it is, as the page says it."""
    return as_read(app.get("progress")[0].proto.text).strip("*")


def texts(app: AppTest) -> str:
    return " ".join(one.value for one in app.text)


def practice(snapshot) -> str:
    return practice_line(gold_line(snapshot.verdict), simulated=True)


def notes(app) -> list[str]:
    return [as_read(one.value) for one in app.markdown]


def unescaped(element) -> str:
    return as_read(element.value)


def test_one_query_is_asked_with_its_options_and_no_answer_of_a_model(open_label, snapshot):
    question = routing_question(snapshot)
    first = question.draw.frame[0]
    row = question.contest.row_of[first]
    part = question.contest.part
    app = open_label()
    assert unescaped(app.title[0]) == plan_headline(question, 30, gold=True)
    assert practice(snapshot) in notes(app)
    assert app.title[0].help == PLAN_LINE  # and not that gold answers are not counted
    assert line(app).startswith("0 of 30: no label yet")
    assert part.texts[row] in [one.value for one in app.text]
    for at, option in enumerate(part.options[row]):
        assert app.button(key=f"label_1_{option_letter(at)}").label == option_letter(at)
        assert option in [one.value for one in app.text]
    assert "in question" not in texts(app)
    press(app, "label_1_show")
    assert "one of the two in question" in texts(app)


def test_labels_are_stored_as_facts_and_shrink_the_interval(open_label, store, snapshot):
    question = routing_question(snapshot)
    app = open_label()
    press(press(press(app, "label_1_B"), "label_2_skip"), "label_3_bad")
    labels = store.labels("demo")
    assert [one.query_id for one in labels] == list(question.draw.frame[:3])
    assert [one.words for one in labels] == ["B", "skipped", "bad"]
    assert {one.person for one in labels} == {"ann"}
    assert {one.draw_id for one in labels} == {question.draw.draw_id}
    found = gather_evidence(store, "demo", question.contest)
    assert found.gain.n_labels == 2
    assert line(app) == ("3 of 30: too few to tell anything; 10 are a first look")
    assert any("drawn from 10 labels on" in one.value for one in app.caption)
    assert as_read(app.title[0].value) == plan_headline(question, 30, gold=True)
    assert store.draws("demo")[0].settings == dict(question.draw.settings)


def test_the_last_label_is_taken_back(open_label, store):
    app = press(open_label(), "label_1_A")
    press(app, "label_undo")
    assert store.labels("demo") == []
    assert line(app).startswith("0 of 30")
    press(app, "label_undo")
    assert "no label of 'ann'" in as_read(app.error[0].value)


def test_the_known_truth_plays_and_leaves_nothing_behind(open_label, store, snapshot, monkeypatch):
    begun = 66000.07  # 30 times 0.33 s taken off this and added again is less than 30 labels
    monkeypatch.setattr(truth, "clock", lambda: begun)
    app = press(open_label(), "label_truth_start")
    assert any("Simulated labels" in one.value for one in app.markdown)
    monkeypatch.setattr(truth, "clock", lambda: begun + 5.0)
    app.run()
    assert line(app).startswith("15 of 30: gain ")
    monkeypatch.setattr(truth, "clock", lambda: begun + 10.0)
    app.run()
    assert line(app).startswith("30 of 30: gain +")
    assert any(KNOWN_TRUTH in one.value for one in app.caption)
    found = labels_of_the_truth(routing_question(snapshot), 30).evidence()
    assert as_read(app.title[0].value) == "30 labels alone do not settle whether routing pays"
    assert practice(snapshot) in notes(app)
    assert len(table(app, "truth")) == 30
    assert not found.settled
    planned = min(30 + found.more, len(routing_question(snapshot).draw.frame))
    assert app.button(key="label_truth_on").label == f"Play {planned - 30} more"
    press(app, "label_truth_on")
    assert line(app).startswith(f"30 of {planned}: gain +")
    assert store.labels("demo") == []
    assert store.draws("demo") == []
    press(app, "label_truth_stop")
    assert line(app).startswith(f"0 of {planned}: no label yet")


def test_a_dashboard_that_only_shows_asks_nothing(open_label, store, monkeypatch):
    press(open_label(), "label_1_A")
    monkeypatch.setenv("CASCAL_READ_ONLY", "1")
    before = store.path.read_bytes()
    app = open_label()
    assert any("only shows" in one.value for one in app.info)
    assert line(app).startswith("1 of 30 (by ann): too few")
    keys = [one.key for one in app.button if one.key and one.key.startswith("label_")]
    assert keys == ["label_truth_start"]
    assert app.text_input(key="label_person").value == ""  # visitors need no account's name
    assert store.path.read_bytes() == before


# --- what can be asked


def test_two_settings_are_asked_about_and_the_address_says_which(open_label, snapshot):
    app = open_label(purpose="settings", between="present state", against="released")
    assert unescaped(app.title[0]).endswith("which of the two settings is better")
    assert any("Recommended against released" in one.value for one in app.caption)
    assert app.query_params["purpose"] == "settings"
    app.selectbox(key="against").set_value("paper").run()
    assert any("Recommended against paper" in one.value for one in app.caption)
    assert app.query_params["against"] == "paper"
    app.selectbox(key="purpose").set_value("routing").run()
    assert "against" not in app.query_params


def test_a_cluster_is_asked_about_by_its_number(open_label, snapshot):
    questions = [cluster_question(snapshot, c) for c in range(len(snapshot.labels))]
    cluster, question = max(enumerate(questions), key=lambda one: one[1].contest.n_contested)
    app = open_label(purpose="cluster", of_cluster=str(cluster))
    assert unescaped(app.title[0]).endswith("whether the first model of the cluster is right")
    first, second = question.contest.names
    said = [as_read(one.value) for one in app.caption]
    assert any(f"{first} against {second}".lower() in one.lower() for one in said)
    assert f"of {min(30, question.contest.n_contested)}: no label yet" in line(app)


def test_where_nothing_is_contested_the_page_says_that_there_is_nothing_to_label(
    open_label, snapshot
):
    questions = [cluster_question(snapshot, c) for c in range(len(snapshot.labels))]
    cluster = next(c for c, one in enumerate(questions) if not one.contest.n_contested)
    app = open_label(purpose="cluster", of_cluster=str(cluster))
    assert not app.get("progress")
    assert unescaped(app.title[0]).startswith("Nothing to label: ")
    assert not any("Gain in points" in one.value for one in app.markdown)
    assert "there is nothing to label" in texts(app)


def test_without_a_family_the_page_says_so(open_label):
    app = open_label(purpose="family")
    assert "there is no family to ask about" in as_read(app.error[0].value)


def test_saved_runs_are_compared(open_label, store, snapshot):
    other = take_snapshot(snapshot.dataset, snapshot.fit, Thresholds(merge_distance=0.05))
    for name, one in (("one", snapshot), ("two", other)):
        store.save_run(make_run(one.dataset, one, name))
    app = open_label(purpose="settings", between="run one", against="run two")
    assert not app.error
    assert any("Run one against run two" in one.value for one in app.caption)
    assert "0 of " in line(app)


def test_a_link_with_nonsense_is_said_and_asks_the_first_question(open_label):
    app = open_label(purpose="evil", against="<b>")
    assert app.selectbox(key="purpose").value == "routing"
    assert "asks for purpose 'evil'" in as_read(app.warning[0].value)


# --- the end of it


def by_truth(desk, n_labels: int) -> None:
    gold = desk.contest.part.gold
    give_labels(desk, range(1, n_labels + 1), lambda one: option_letter(int(gold[desk.row(one)])))


def test_the_planned_number_ends_it_and_a_key_plans_more(open_label, store, snapshot):
    desk = routing_question(snapshot).desk(store, "ann")
    by_truth(desk, 30)
    app = open_label()
    found = desk.evidence()
    assert not found.settled
    assert line(app).startswith("30 of 30: gain ")
    assert as_read(app.title[0].value) == "30 labels alone do not settle whether routing pays"
    assert found.tally(desk.contest) in texts(app)
    assert "Not settled" in texts(app)
    planned = min(30 + found.more, len(desk.draw.frame))
    assert app.button(key="label_plan_more").label == f"Label {planned - 30} more `Enter`"
    press(app, "label_plan_more")
    assert line(app).startswith(f"30 of {planned}: gain ")
    assert "label_31_A" in [one.key for one in app.button]


def test_when_all_is_labelled_the_title_says_what_was_learnt(open_label, store, snapshot):
    desk = routing_question(snapshot).desk(store, "ann")
    by_truth(desk, len(desk.draw.frame))
    app = open_label()
    app.number_input(key="label_planned").set_value(len(desk.draw.frame)).run()
    n_labels = desk.evidence().gain.n_labels
    assert as_read(app.title[0].value) == f"{n_labels} labels alone say: routing pays"
    assert practice(snapshot) in notes(app)
    assert line(app).endswith("settled")
    assert "What it changes" in [one.value for one in app.subheader]


def test_what_is_settled_can_be_labelled_on(open_label, store, snapshot, monkeypatch):
    desk = routing_question(snapshot).desk(store, "ann")
    desk.give(1, "A")
    monkeypatch.setattr(Evidence, "settled", property(lambda found: True))
    app = open_label()
    assert "label_2_A" not in [one.key for one in app.button]
    begun(press(app, "label_go_on"))
    assert "label_2_A" in [one.key for one in app.button]


# --- the labels that there are


def tab(app: AppTest, name: str) -> AppTest:
    app.session_state["label_tab"] = name
    return app.run()


def table(app: AppTest, column: str):
    return next(one.value for one in app.dataframe if column in one.value)


def test_two_people_who_disagree_are_listed_with_what_each_said(open_label, store, snapshot):
    question = routing_question(snapshot)
    ann, bob = (question.desk(store, person) for person in ("ann", "bob"))
    contest, row = question.contest, ann.row(1)
    votes = contest.part.votes.answers[row]
    sides = [option_letter(int(votes[one[row]])) for one in (contest.first, contest.second)]
    ann.give(1, sides[0])
    bob.give(1, sides[1])
    app = tab(open_label(), "Disagreements")
    listed = table(app, "person")
    assert dict(zip(listed["person"], listed["label"], strict=True)) == {
        "ann": sides[0],
        "bob": sides[1],
    }
    assert listed["query"].iloc[0] == charts.shorten(contest.part.texts[row], 160)
    assert line(app).startswith("1 of 30")


def test_labels_are_shown_by_origin_and_deleted(open_label, store, snapshot):
    question = routing_question(snapshot)
    question.desk(store, "ann").give(1, "A")
    question.desk(store, "bob").give(1, "B")
    app = open_label()
    listed = table(app, "person")
    assert list(listed["person"]) == ["bob", "ann"]
    assert list(listed["state"]) == ["in force", "in force"]
    app.session_state["labels_given"] = {"selection": {"rows": [0], "columns": []}}
    app.run()
    press(app, "delete_labels")
    assert [one.person for one in store.labels("demo")] == ["ann"]


def test_labels_on_edited_queries_are_called_outdated_and_not_used(open_label, store, snapshot):
    question = routing_question(snapshot)
    question.desk(store, "ann").give(1, "A")
    imported = thinned_demo(8, 7)["demo"]
    rows = imported.queries.to_pylist()
    for one in rows:
        if one["query_id"] == question.draw.frame[0]:
            one["text"] += " Really?"
    edited = imported.queries.from_pylist(rows, imported.queries.schema)
    store.add(replace(imported, queries=edited), on_conflict="replace")
    encode_dataset(store, "demo", load_encoder("hashing"))
    app = open_label()
    assert any("1 label is on queries that were edited" in one.value for one in app.warning)
    assert table(app, "person")["state"].iloc[0].startswith("outdated")
    assert line(app).startswith("0 of 30: no label yet")


def test_a_filled_in_file_comes_back_on_the_page_as_on_the_command_line(
    open_label, store, snapshot, tmp_path
):
    desk = routing_question(snapshot).desk(store, "ann")
    desk.write(tmp_path / "l.csv", 3)
    text = (tmp_path / "l.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    rows[0]["answer"], rows[1]["answer"] = "B", "skip"
    app = bring_back(tab(open_label(), "Take along, bring back"), rows)
    assert [one.words for one in store.labels("demo")] == ["B", "skipped"]
    assert line(app).startswith("2 of 30")
    app = bring_back(tab(open_label(), "Take along, bring back"), rows[1:])
    assert "no longer holds the 3 queries that were drawn" in as_read(app.error[0].value)
    assert len(store.labels("demo")) == 2


def bring_back(app: AppTest, rows: list[dict[str, str]]) -> AppTest:
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    upload = app.get("file_uploader")[0]
    upload.set_value(("l.csv", sheet.getvalue().encode(), "text/csv")).run()
    return press(app, "read_labels")


def test_the_file_of_the_page_is_the_file_of_the_command_line(store, snapshot, tmp_path):
    routing_question(snapshot).desk(store, "ann").write(tmp_path / "page.csv", 7)
    shared = ("label", "demo", "-w", str(store.path), "--who", "ann", "--n", "7")
    done = cascal_cli(*shared, "--out", str(tmp_path / "cli.csv"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.csv").read_bytes() == (tmp_path / "cli.csv").read_bytes()


# --- from and to other pages


def test_a_label_leaves_data_and_router_in_memory(open_label, store, monkeypatch):
    app = open_label()
    reads = []
    real = session.load_dataset
    monkeypatch.setattr(session, "load_dataset", lambda *given: reads.append(given) or real(*given))
    press(press(app, "label_1_A"), "label_2_A")
    assert len(store.labels("demo")) == 2
    assert not reads


def test_the_light_leads_to_the_page_and_labels_come_back_as_a_verdict(
    monkeypatch, store, snapshot
):
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("overview")
    assert app.button(key="to_label").label == "Label 10 for a first look"
    assert "more_labels" not in [one.key for one in app.button]
    desk = routing_question(snapshot).desk(store, "ann")
    by_truth(desk, 12)
    app.run()
    said = desk.evidence().sentence(desk.contest)
    assert said in texts(app)
    assert any(one.label.startswith("By labels alone: ") for one in app.expander)  # folded
    assert "to_label" not in [one.key for one in app.button], "the labels say how many more"
    app.switch_page("evaluate/page.py").run()
    assert said in texts(app)


def test_labels_that_compare_with_another_model_than_gold_answers_say_why(
    monkeypatch, store, snapshot
):
    by_truth(routing_question(snapshot).desk(store, "ann"), 12)
    weighed = heeding.few_labels
    other = Constant(1, "a model that votes like", "consensus")

    def few_labels(*given):
        found = weighed(*given)
        return replace(found, contest=replace(found.contest, constant=other))

    monkeypatch.setattr(heeding, "few_labels", few_labels)
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("overview")
    said = [as_read(one.value) for one in app.caption]
    (why,) = [one for one in said if one.startswith("Labels are for where nobody has gold answers")]
    assert f"they compare with {other.words}." in why
    assert f"The headline compares with {snapshot.constant.words}." in why


def test_without_gold_the_labels_are_the_headline(monkeypatch, store, snapshot):
    imported = thinned_demo(8, 7)["demo"]
    rows = imported.queries.to_pylist()
    for one in rows:
        one["answer"], one["answer_origin"] = None, "none"
    blind = imported.queries.from_pylist(rows, imported.queries.schema)
    desk = routing_question(snapshot).desk(store, "ann")
    store.add(replace(imported, queries=blind), on_conflict="replace")
    encode_dataset(store, "demo", load_encoder("hashing"))
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("overview")
    assert app.title[0].value in HEADLINES.values()
    assert any("nobody knows what a cheaper setting would lose" in one.value for one in app.caption)
    assert "label_settings" in [one.key for one in app.button]
    by_truth(desk, 12)
    app.run()
    found = desk.evidence()
    assert as_read(app.title[0].value) == found.headline(desk.contest)
    said = next(as_read(one.value) for one in app.caption if "By ann" in one.value)
    assert said.startswith(f"{found.labelled(desk.contest)}. By ann, on queries that decide")


def test_runs_and_a_cluster_lead_to_their_question(monkeypatch, store, snapshot):
    other = take_snapshot(snapshot.dataset, snapshot.fit, Thresholds(merge_distance=0.05))
    for name, one in (("one", snapshot), ("two", other)):
        store.save_run(make_run(one.dataset, one, name))
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("runs")
    first, second = "one", "two"
    app.selectbox(key="changed").set_value(f"Run {first}").run()
    app.selectbox(key="changed_against").set_value(f"Run {second}").run()
    press(app, "label_runs")
    assert app.selectbox(key="purpose").value == "settings"
    assert app.selectbox(key="between").value == f"run {first}"
    assert app.selectbox(key="against").value == f"run {second}"
    app = open_at("skills", cluster="2")
    press(app, "label_cluster")
    assert app.selectbox(key="purpose").value == "cluster"
    assert app.selectbox(key="of_cluster").value == "2"


# --- what labels change


def against_the_router(desk, n):
    """Labels by which the router is wrong and the constant right, on n queries of the draw."""
    contest, models = desk.contest, desk.contest.part.votes.models

    def verdicts(place: int) -> dict[str, bool]:
        row = desk.row(place)
        return {models[contest.first[row]]: False, models[contest.second[row]]: True}

    give_labels(desk, range(1, n + 1), verdicts=verdicts)


def test_a_run_is_saved_as_the_page_shows_it_and_says_which_labels_it_heeds(
    monkeypatch, store, snapshot
):
    desk = routing_question(snapshot).desk(store, "ann")
    against_the_router(desk, 10)
    gated = heed_labels(store, snapshot)
    best = snapshot.router.models[snapshot.router.best_overall]
    assert gated.router.always == best
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("runs")
    assert f"10 labels. Labels say: always {best}." in texts(app)
    app.text_input(key="run_name").set_value("gated")
    next(one for one in app.button if one.label == "Save").click().run()
    run = store.run("gated")
    assert run.numbers["labels"] == gated.router.labels.to_dict()
    assert run.numbers["decisions"] == decisions_hash(gated)
    said = f"10 labels. Labels say: always {best}."
    assert labels_of(run) == said
    assert said in [one for table in app.dataframe for one in table.value.get("labels", ())]
    app.selectbox(key="changed_against").set_value("Run gated").run()
    assert unescaped(app.title[0]).startswith("Nothing changed since run “gated”, saved 20")
    app.checkbox(key="ignore_labels").check().run()
    assert "run “gated”: " in unescaped(app.title[0])
    app.text_input(key="run_name").set_value("free")
    next(one for one in app.button if one.label == "Save").click().run()
    assert "labels" not in store.run("free").numbers
    assert store.run("free").numbers["decisions"] == decisions_hash(snapshot)
    app.switch_page("route/page.py").run()
    app.text_area(key="query_text").set_value(snapshot.dataset.test.texts[0]).run()
    assert not app.exception


def tiles(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


def said_of_labels(app: AppTest) -> list[str]:
    """The captions that say what labels make of the state, and what that means on this page."""
    captions = (as_read(one.value) for one in app.caption)
    return [one for one in captions if one.startswith("Labels say: always")]


def evaluated(app: AppTest) -> str:
    """What Evaluate says of the routers as soon as they are compared."""
    run_through(app.switch_page("evaluate/page.py").run())
    said = next(one.value for one in app.subheader if "right by the router in use" in one.value)
    return as_read(said)


def test_a_closed_gate_is_one_state_on_all_pages_and_ignoring_labels_ends_it_everywhere(
    monkeypatch, store, snapshot
):
    against_the_router(routing_question(snapshot).desk(store, "ann"), 10)
    gated = heed_labels(store, snapshot)
    asked = f"Labels say: always {gated.router.always}."
    right, free_right = (
        percent(one.evaluation.top1_accuracy, 1) for one in (gated, gated.without_labels)
    )
    assert right != free_right
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("overview")
    verdict = app.title[0].value
    assert as_read(verdict) == snapshot.verdict.headline
    assert said_of_labels(app) == [f"{asked} {heeded.HEADLINE}"]
    assert tiles(app)["First model right"] == right
    (clusters,) = [one for one in app.metric if one.label == "Skill clusters"]
    in_use = f"1 of {len(snapshot.router.models)} models in use"
    assert clusters.proto.delta_description == in_use
    app.switch_page("skills/page.py").run()
    assert as_read(app.title[0].value) == f"{gated.router.always} is asked for all queries"
    assert tiles(app)["First model right"] == right
    assert said_of_labels(app) == [f"{asked} {heeded.SHOWN}"]
    app.switch_page("route/page.py").run()
    assert said_of_labels(app) == [f"{asked} {heeded.SHOWN}"]
    for page in ("sweep", "diagnose"):
        app.switch_page(f"{page}/page.py").run()
        assert said_of_labels(app) == [f"{asked} {heeded.LEFT_OUT}"]
    compared = evaluated(app)
    assert said_of_labels(app) == [f"{asked} {heeded.COMPARED}"]
    assert f"{right} right by the router in use, {free_right} without labels" in compared
    app.switch_page("overview/page.py").run()
    app.checkbox(key="ignore_labels").check().run()
    assert not said_of_labels(app)
    assert tiles(app)["First model right"] == free_right
    assert app.title[0].value == verdict
    app.switch_page("skills/page.py").run()
    assert tiles(app)["First model right"] == free_right
    assert not said_of_labels(app)


def test_labels_for_the_rectifier_are_given_there_and_used_only_when_chosen(
    open_label, store, snapshot
):
    question = rectifier_question(snapshot)
    app = open_label(purpose="rectifier")
    assert app.title[0].value == ASKED["rectifier"]
    press(app, "label_1_B")
    assert store.labels("demo")[0].purpose == "rectifier"
    assert line(app).startswith("1 of the 100 labels")
    train, desk = snapshot.dataset.train, question.desk(store, "ann")
    gold = dict(zip(train.votes.query_ids, train.labels.tolist(), strict=True))
    give_labels(
        desk,
        range(2, 102),
        lambda place: option_letter(max(0, gold[question.draw.frame[place - 1]])),
    )
    app.run()
    found = rectify(store, snapshot)
    assert found.n_labels == 101
    assert line(app).startswith("101 labels, of which 100 were needed")
    assert found.sentence in texts(app)
    app.checkbox(key="rectify_scores").check().run()
    app.switch_page("runs/page.py").run()
    app.text_input(key="run_name").set_value("corrected")
    next(one for one in app.button if one.label == "Save").click().run()
    assert store.run("corrected").numbers["decisions"] == decisions_hash(found.snapshot)
    assert labels_of(store.run("corrected")) == "101 labels correct the scores."
    app.checkbox(key="rectify_scores").uncheck().run()
    assert "run “corrected”" in app.title[0].value


def test_what_a_model_judged_is_shown_apart_from_what_people_say(monkeypatch, store, snapshot):
    question = routing_question(snapshot)
    against_the_router(replace(question.desk(store, "x"), person="judge:strong"), 10)
    (judged,) = gather_judged(store, "demo", question.contest)
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("overview")
    assert judged.sentence in texts(app)
    assert not [one for one in app.checkbox if one.key == "ignore_labels"]
    app.switch_page("label/page.py").run()
    assert judged.sentence in texts(app)


# --- free answers


@pytest.fixture(scope="module")
def free(tmp_path_factory) -> cascal.Workspace:
    """The same queries without options: what the models wrote stands for itself."""
    imported = thinned_demo(8, 7)["demo"]
    rows = [row | {"options": []} for row in imported.queries.to_pylist()]
    workspace = cascal.Workspace(tmp_path_factory.mktemp("label") / "free.duckdb")
    queries = imported.queries.from_pylist(rows, imported.queries.schema)
    add_hashed(workspace, replace(imported, queries=queries))
    return workspace


def test_free_answers_are_judged_without_the_names_of_their_models(open_label, store, free):
    shutil.copy(free.path, store.path)
    data = load_dataset(store, "demo")
    fitted = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs)
    desk = routing_question(take_snapshot(data, fitted, Thresholds())).desk(store, "ann")
    given = {row["model"]: row["answer"] for row in response_rows(store, desk.draw.frame[0])}
    app = open_label()
    shown = [one.value for one in app.text]
    first, second = desk.sides(1)
    assert shown.index(given[first]) < shown.index(given[second])
    assert not {first, second} & set(" ".join(shown).split())
    press(app, "label_1_1")
    assert store.labels("demo")[0].verdicts == {first: True, second: False}
    press(app, "label_2_4")
    assert set(store.labels("demo")[1].verdicts.values()) == {False}
    app.text_input(key="label_typed_3").set_value("C").run()
    assert store.labels("demo")[2].answer == "C"
    assert line(app).startswith("3 of 30: too few")


def response_rows(store: cascal.Workspace, query_id: str) -> list[dict]:
    return [row for row in store.response_texts("demo", query_id).to_pylist() if not row["sample"]]


def test_one_number_is_planned_and_said_until_another_one_is_chosen(monkeypatch, store, snapshot):
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    app = open_at("label")
    n = likely_number(routing_question(snapshot).contest)
    assert app.session_state["label_planned"] == n
    assert unescaped(app.title[0]) == (
        f"By labels alone, about {n} would settle whether routing pays"
    )
    assert practice(snapshot) in notes(app)
    assert line(app).startswith(f"0 of {n}: ")
    app.selectbox(key="purpose").set_value("rectifier").run()
    assert app.session_state["label_planned"] == 100
    app.selectbox(key="purpose").set_value("routing").run()
    app.number_input(key="label_planned").set_value(12).run()
    assert unescaped(app.title[0]) == "12 labels are a first look at whether routing pays here"
    app.selectbox(key="purpose").set_value("rectifier").run()
    assert app.session_state["label_planned"] == 100
    app.selectbox(key="purpose").set_value("routing").run()
    assert app.session_state["label_planned"] == 12  # every question keeps its plan


def way_to_label() -> None:
    """The way as a check of Diagnose shows it."""
    from app import label_entry

    label_entry.label_first(label_entry.routing(), "way")


def test_the_way_to_a_first_look_leaves_the_plan_and_says_how_many_are_left(
    monkeypatch, store, snapshot
):
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    question = routing_question(snapshot)
    n, desk = likely_number(question.contest), question.desk(store, "ann")
    desk.give(1, "A")
    app = open_at("overview")
    assert app.button(key="to_label").label == "Label 9 more for a first look"
    press(app, "to_label")
    assert line(app).startswith(f"1 of {n} (by ann): too few to tell anything; 10 are a first")
    assert app.button(key="label_2_A").label == "A"  # what somebody labelled is not asked again
    desk.undo()
    by_truth(desk, 10)
    keys = [one.key for one in open_at("overview").button]
    assert "more_labels" in keys  # what the labels say has a way to the page
    assert "to_label" not in keys
    [way] = AppTest.from_function(way_to_label, default_timeout=60).run().button
    assert way.label == "Label on"


def test_a_second_opinion_is_asked_for_last_and_called_one(open_label, store, snapshot):
    by_truth(routing_question(snapshot).desk(store, "bob"), 29)
    app = open_label()
    assert line(app).startswith("29 of 30 (0 by you, 29 by others): gain ")
    press(app, "label_30_A")
    assert line(app).startswith("30 of 30 (1 by you, 29 by others)")
    assert "label_1_A" in [one.key for one in app.button]
    assert any("Labelled by bob before" in as_read(one.value) for one in app.caption)


def test_after_a_reload_the_last_label_is_taken_back_by_name(monkeypatch, store, snapshot):
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    routing_question(snapshot).desk(store, "ann").give(1, "A")
    app = open_at("label")
    press(app, "label_undo")
    assert app.button(key="label_store").label == "Take the last label back"
    app.text_input(key="label_name").set_value("ann")
    press(app, "label_store")
    assert store.labels("demo") == []
    assert line(app).startswith("0 of ")


def test_who_labels_is_asked_after_the_first_answer_and_is_never_the_account(monkeypatch, store):
    monkeypatch.setenv("CASCAL_WORKSPACE", str(store.path))
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    app = open_at("label")
    assert not [one for one in app.text_input if one.key == "label_name"]
    press(app, "label_1_A")
    assert app.text_input(key="label_name").value == ""
    assert app.button(key="label_1_A").proto.type == "primary"  # what is to be stored
    press(app, "label_1_B")  # another answer, before anything is stored
    assert app.button(key="label_store").label == "Store B"
    press(app, "label_cancel")
    assert not [one for one in app.text_input if one.key == "label_name"]
    assert app.button(key="label_1_B").proto.type == "secondary"
    press(app, "label_1_B")
    press(app, "label_store")
    assert "Say who you are first" in unescaped(app.error[0])
    assert store.labels("demo") == []
    app.text_input(key="label_name").set_value(" ann ")
    press(app, "label_store")
    assert [(one.person, one.answer) for one in store.labels("demo")] == [("ann", "B")]
    assert line(app).startswith("1 of ")
    app.switch_page("overview/page.py").run()
    app.switch_page("label/page.py").run()
    assert app.text_input(key="label_person").value.strip() == "ann"  # as it was typed
    press(app, "label_2_A")
    assert [one.person for one in store.labels("demo")] == ["ann", "ann"]
