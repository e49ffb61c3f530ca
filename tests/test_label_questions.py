"""The questions that labels answer, what the known truth would say, and what is said on the way."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import copy_workspace, thinned_workspace
from refusals import refuses
from test_diagnose import case_of, sisters, world

import cascal
from cascal import charts
from cascal.dataset.contest import contest, contest_of_cluster, contest_of_family, new_draw
from cascal.dataset.dataset import load_dataset
from cascal.dataset.evidence import weigh
from cascal.dataset.known_truth import KNOWN_TRUTH, labels_of_the_truth, truth_is_known
from cascal.dataset.label_facts import LOOKS, LabelFacts, gather_labels
from cascal.dataset.label_lessons import (
    CHANGES,
    LABELS_ARE_FOR,
    beside_gold,
    gold_line,
    learnt,
    likely_number,
    look_line,
    plan_headline,
    practice_line,
    progress_line,
    unreachable_line,
)
from cascal.dataset.label_questions import (
    Question,
    cluster_called,
    cluster_question,
    family_question,
    routing_question,
    settings_question,
)
from cascal.dataset.saved_runs import make_run
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import NO_ANSWER
from cascal.doubts.pool import conspicuous_pair
from cascal.intervals import Estimate
from cascal.labels import confidence_sequence, labels_needed
from cascal.naming.given_names import GivenName
from cascal.routing.leaders import cluster_leaders
from cascal.settings import FitSettings, Thresholds
from cascal.store import PURPOSES
from cascal.verdicts.constant import Constant
from cascal.verdicts.verdict import decide_by_gold

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return thinned_workspace(tmp_path_factory.mktemp("questions"), 8, 4)


@pytest.fixture
def store(template, tmp_path):
    return copy_workspace(template, tmp_path / "w.duckdb")


@pytest.fixture(scope="module")
def study(template):
    return load_dataset(template, "demo")


@pytest.fixture(scope="module")
def fitted(study):
    return cascal.fit(study.train.votes, study.train.vectors, costs=study.costs)


@pytest.fixture(scope="module")
def snapshot(study, fitted):
    return take_snapshot(study, fitted, Thresholds())


# --- questions


def test_a_family_is_asked_about_where_it_opposes_the_consensus():
    case = sisters()
    pair = conspicuous_pair(case.fit)
    found = contest_of_family(case)
    votes, models = found.part.votes, case.fit.models
    ids = case.dataset.train.votes.query_ids
    assert found.names == (f"the pair {pair.first} and {pair.second}", "the consensus")
    assert found.n_queries == found.n_contested == pair.shared
    first, other = (votes.answers[:, models.index(one)] for one in (pair.first, pair.second))
    np.testing.assert_array_equal(first, other)
    spoken = votes.answers[np.arange(len(votes.answers)), found.second]
    rows = [ids.index(one) for one in votes.query_ids]
    np.testing.assert_array_equal(spoken, case.fit.consensus_answers[rows])
    assert family_question(case).draw.purpose == "family"


def test_a_family_is_named_by_a_model_of_it():
    case = sisters()
    pair = conspicuous_pair(case.fit)
    for name in (pair.first, pair.second):
        assert contest_of_family(case, name).names == contest_of_family(case).names
    alone = next(one for one in case.fit.models if one not in (pair.first, pair.second))
    assert conspicuous_pair(case.fit, alone) is None
    with refuses("nothing-to-compare", alone, "CAS204"):
        family_question(case, alone)
    with refuses("unknown-model", "'nobody'"):
        family_question(case, "nobody")


def test_a_cluster_is_called_by_its_number_its_name_or_a_part_of_one_name_alone():
    labels = ("law · contract", "law · age", "maths")
    called = {"1": 1, "LAW · age": 1, "maths": 2, "contract": 0, " math ": 2, "7": 7}
    assert {one: cluster_called(labels, one) for one in called} == called
    with refuses("unknown-choice", "2 clusters are called 'law'", "0 law · contract, 1 law · age"):
        cluster_called(labels, "law")
    with refuses("unknown-choice", "No cluster is called 'physics'", "2 maths"):
        cluster_called(labels, "physics")


def test_without_a_family_there_is_nothing_to_ask():
    with refuses("nothing-to-compare", "CAS204"):
        contest_of_family(case_of(world()))


def test_a_clusters_first_model_is_asked_about_on_its_test_queries(snapshot):
    cluster = int(np.bincount(snapshot.test_routes.cluster).argmax())
    found = contest_of_cluster(snapshot, cluster)
    test = snapshot.dataset.test
    inside = [
        test.votes.query_ids[row] for row in np.flatnonzero(snapshot.test_routes.cluster == cluster)
    ]
    assert list(found.part.votes.query_ids) == inside
    assert found.names == cluster_leaders(snapshot.router)[cluster].best[:2]
    question = cluster_question(snapshot, cluster)
    assert question.draw.settings["cluster"] == snapshot.labels[cluster]
    assert set(question.draw.frame) == set(found.contested_ids)
    with refuses("nothing-to-compare", "no cluster 999"):
        contest_of_cluster(snapshot, 999)


def test_every_question_has_a_draw_of_its_own(snapshot, study):
    other = cascal.fit(study.train.votes, study.train.vectors, FitSettings.preset("released"))
    second = take_snapshot(study, other, Thresholds())
    questions = [
        routing_question(snapshot),
        settings_question(snapshot, second, ("a", "b"), "released"),
        cluster_question(snapshot, 0),
    ]
    assert len({one.draw.draw_id for one in questions}) == 3
    assert [one.draw.purpose for one in questions] == ["routing", "settings", "cluster"]
    assert questions[0].draw == replace(
        new_draw(contest(snapshot), settings=questions[0].draw.settings),
        created_at=questions[0].draw.created_at,
    )


def test_every_purpose_says_what_each_answer_changes(snapshot):
    teaching = {"rectifier"}  # decides nothing: the router learns from it
    assert set(CHANGES) == set(PURPOSES) - teaching
    question = routing_question(snapshot)
    found = labels_of_the_truth(question, len(question.draw.frame)).evidence()
    pays = replace(found, watched=replace(found.watched, value=0.1, low=0.05, high=0.2))
    harms = replace(found, watched=replace(found.watched, value=-0.1, low=-0.2, high=-0.05))
    for purpose in CHANGES:
        asked = replace(question, draw=replace(question.draw, purpose=purpose))
        said = [learnt(asked, one) for one in (pays, harms)]
        assert said[0][0].startswith("Routing pays here: +10.0 points")
        assert said[1][0].startswith("Do not route here: −10.0 points")
        assert said[0][1] != said[1][1]
        assert all(change and "{" not in change for _, change in said)


# --- the known truth


def test_the_known_truth_says_what_the_gold_answers_say(snapshot):
    question = routing_question(snapshot)
    found = labels_of_the_truth(question, len(question.draw.frame)).evidence()
    gain = snapshot.evaluation.gain_over(snapshot.router.best_overall).value
    assert found.gain.value == pytest.approx(gain)
    assert found.people == (KNOWN_TRUTH,)
    assert truth_is_known(question, 30)
    part = question.contest.part
    blind = replace(part, gold=np.full(len(part), NO_ANSWER))
    assert not truth_is_known(replace(question, contest=replace(question.contest, part=blind)), 30)


def test_the_known_truth_is_never_counted_with_people(snapshot, store):
    question = routing_question(snapshot)
    desk = question.desk(store, "ann")
    desk.give(1, "A")
    before = gather_labels(store, "demo", question.contest).evidence()
    shown = labels_of_the_truth(question, 30).evidence()
    after = gather_labels(store, "demo", question.contest)
    assert shown.gain.n_labels == 30
    assert KNOWN_TRUTH not in {one.person for one in after.labels}
    assert after.evidence() == before


# --- on the way


def test_looking_back_ends_with_what_is_known_now(snapshot):
    question = routing_question(snapshot)
    facts = labels_of_the_truth(question, 12)
    trail = facts.trail()
    assert [one.gain.n_labels for one in trail] == list(range(13))
    assert trail[-1] == facts.evidence()
    assert trail[5] == labels_of_the_truth(question, 5).evidence()
    many = labels_of_the_truth(question, 70).trail()
    assert len(many) <= LOOKS + 1
    assert many[-1].gain.n_labels == 70


def test_the_headline_names_one_number_the_plan_and_what_it_is_good_for(snapshot):
    question = routing_question(snapshot)
    n, n_contested = likely_number(question.contest), question.contest.n_contested
    assert n == labels_needed(np.zeros(0), n_contested=n_contested)
    assert 10 < n < n_contested
    pays = "whether routing pays here"
    assert plan_headline(question, n) == f"About {n} labels settle {pays}"
    assert plan_headline(question, 10) == f"10 labels are a first look at {pays}"
    assert plan_headline(question, n + 1) == f"Up to {n + 1} labels settle {pays}"
    assert plan_headline(question, n_contested) == f"{n_contested} labels settle {pays}"
    assert likely_number(SimpleNamespace(n_contested=5)) == 5
    assert plan_headline(question, n, gold=True) == (
        f"By labels alone, about {n} would settle whether routing pays"
    )
    assert look_line(question, 10) == f"10 labels are a first look at {pays}; about {n} settle it."
    assert look_line(question, n) == f"About {n} labels settle {pays}."


def test_gold_answers_count_first_where_there_are_enough():
    def told(low, high, n=100):
        gain = Estimate(value=(low + high) / 2, low=low, high=high, n=n)
        return gold_line(decide_by_gold(gain, Constant(0, "one", "these queries")))

    counts = "Gold answers count here:"
    assert told(0.08, 0.12) == f"{counts} routing pays, +10.0 points [+8.0, +12.0] over one"
    assert told(-0.12, -0.08) == f"{counts} do not route, −10.0 points [−12.0, −8.0] over one"
    assert told(-0.02, 0.04).startswith(f"{counts} no proof that routing pays, +1.0 points")
    assert told(0.08, 0.12, n=9) == ""
    assert practice_line("So it is", simulated=True) == (
        f"So it is. {LABELS_ARE_FOR}; on these simulated data labelling is practice."
    )


def test_beside_gold_answers_the_headline_is_about_labels(snapshot):
    question = routing_question(snapshot)
    plan = plan_headline(question, 30, gold=True)
    for n_labels, said in (
        (0, plan),
        (9, plan),
        (10, "10 labels alone do not settle whether routing pays"),
        (len(question.draw.frame), "94 labels alone say: do not route"),
    ):
        found = labels_of_the_truth(question, n_labels).evidence()
        assert beside_gold(question, found, 30).endswith(said)


def test_the_line_says_how_far_it_is_and_how_many_more(snapshot):
    question = routing_question(snapshot)
    none = labels_of_the_truth(question, 0).evidence()
    assert progress_line(none, 0, 30) == "0 of 30: no label yet; 10 are a first look"
    assert progress_line(none, 0, 10, "by ann") == "0 of 10 (by ann): no label yet"
    few = labels_of_the_truth(question, 9).evidence()
    assert few.more
    assert few.early
    assert "points" not in progress_line(few, 9, 30)  # the next label may turn it over
    said = few.sentence(question.contest)
    assert said.startswith("By labels alone nobody can say yet whether routing pays")
    assert "points" not in said
    assert "would settle" not in said
    assert few.headline(question.contest) in said
    some = labels_of_the_truth(question, 10).evidence()
    assert progress_line(some, 10, 30) == (
        f"10 of 30: gain {_points(some.watched.value)} [{_points(some.watched.low)}, "
        f"{_points(some.watched.high)}] points – about {some.more} more would settle it"
    )
    every = labels_of_the_truth(question, len(question.draw.frame)).evidence()
    n_labels = len(question.draw.frame)
    assert progress_line(every, 0, 30).startswith(f"{n_labels} labels: gain ")
    assert progress_line(every, 30, 30).startswith("30 of 30: gain ")
    assert progress_line(every, 30, 30).endswith(" points – settled")


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def test_a_picture_without_labels_says_what_it_will_show(snapshot):
    question = routing_question(snapshot)
    colours = {"accent": "#1F4FD8", "text": "#17202E", "muted": "#9AA4B2", "paper": "#FFFFFF"}
    drawn = []
    for n_labels in (0, 1):
        table = charts.label_trail_frame(labels_of_the_truth(question, n_labels).trail())
        drawn.append(charts.label_trail_svg(table, 30, colours, ("a", "b")))
    assert ["Every label narrows the interval." in one for one in drawn] == [True, False]
    assert ">0.0<" not in drawn[0]  # without labels there is no gain


def test_the_picture_holds_every_interval_and_its_numbers(snapshot):
    trail = labels_of_the_truth(routing_question(snapshot), 8).trail()
    table = charts.label_trail_frame(trail)
    assert list(table["labels"]) == list(range(9))
    assert table["low"].iloc[-1] == pytest.approx(100 * trail[-1].watched.low)
    colours = {"accent": "#1F4FD8", "text": "#17202E", "muted": "#9AA4B2", "paper": "#FFFFFF"}
    drawn = ET.fromstring(charts.label_trail_svg(table, 30, colours, ("<a>", "b")))  # noqa: S314 – our own
    written = [one.text for one in drawn.iter(f"{SVG}text")]
    last = table.iloc[-1]
    assert {f"{last[name]:+.1f}".replace("-", "−") for name in ("low", "gain", "high")} <= set(
        written
    )
    assert {"30 labels", "<a> better", "b better"} <= set(written)
    (band,) = drawn.iter(f"{SVG}polygon")
    assert len(band.attrib["points"].split()) == 2 * len(table)
    few = ET.fromstring(  # noqa: S314 – our own
        charts.label_trail_svg(table, 30, colours, ("<a>", "b"), early=True)
    )
    assert len(list(few.iter(f"{SVG}text"))) == len(written) - 1  # the gain is no finding
    assert len(list(few.iter(f"{SVG}polyline"))) == 2
    assert not list(few.iter(f"{SVG}circle"))


def test_the_names_of_the_sides_are_where_the_numbers_are_not(snapshot):
    table = charts.label_trail_frame(labels_of_the_truth(routing_question(snapshot), 8).trail())
    colours = dict.fromkeys(("accent", "text", "muted", "paper"), "#17202E")
    for n_planned, anchor in ((30, "end"), (8, "start")):
        drawn = ET.fromstring(charts.label_trail_svg(table, n_planned, colours, ("a", "b")))  # noqa: S314 – our own
        texts = {one.text: one.attrib for one in drawn.iter(f"{SVG}text")}
        assert {texts[f"{name} better"]["text-anchor"] for name in "ab"} == {anchor}
        now = float(texts[f"{table['gain'].iloc[-1]:+.1f}".replace("-", "−")]["x"])
        assert (now < float(texts["a better"]["x"])) == (anchor == "end")


# --- thresholds that moved


def test_moved_thresholds_leave_a_share_that_no_draw_could_reach(study, fitted, snapshot):
    question = routing_question(snapshot)
    facts = labels_of_the_truth(question, 30)
    moved = take_snapshot(study, fitted, Thresholds(merge_distance=0.05))
    now = contest(moved)
    found = LabelFacts(contest=now, labels=facts.labels, draws=facts.draws).evidence()
    frame = set(question.draw.frame)
    unreachable = [one for one in now.contested_ids if one not in frame]
    assert 0 < found.n_unreachable == len(unreachable) < now.n_contested
    values = facts.evidence()
    x = [_difference(now, one) for one in question.draw.frame[:30]]
    sequence = confidence_sequence(np.array(x), n_contested=len(frame), n_queries=now.n_queries)
    unknown = len(unreachable) / now.n_queries
    assert found.watched.low == pytest.approx(sequence.low - unknown)
    assert found.watched.high == pytest.approx(sequence.high + unknown)
    assert found.more == labels_needed(
        np.zeros(0), n_contested=now.n_contested, confidence=0.975, alike=np.array(x)
    )
    line = unreachable_line(now, found)
    assert f"{len(unreachable):,} of the {now.n_contested:,} queries" in line
    assert f"About {found.more:,} labels of the present draw would settle it." in line
    assert values.n_unreachable == 0
    assert unreachable_line(question.contest, values) == ""


def test_a_label_of_an_earlier_draw_is_counted_apart_and_gives_no_second_number(
    study, fitted, snapshot
):
    facts = labels_of_the_truth(routing_question(snapshot), 30)
    now = contest(take_snapshot(study, fitted, Thresholds(merge_distance=0.05)))
    one = next(label for label in facts.labels if label.query_id in now.contested_ids)
    found = LabelFacts(contest=now, labels=(one,), draws=facts.draws).evidence()
    assert found.early
    assert found.gain.n_labels == 1
    said = "0 of 102, 1 from before: too few to tell anything; 10 are a first look"
    assert progress_line(found, 0, 102) == said
    assert "would settle" not in unreachable_line(now, found)


def _difference(found, query_id: str) -> float:
    """Right minus right by gold, 0 where it is not contested."""
    row = found.row_of[query_id]
    if not found.contested[row]:
        return 0.0
    right = found.part.right[row]
    return float(right[found.first[row]] - right[found.second[row]])


def test_how_many_more_can_be_told_from_labels_that_are_alike():
    values = np.array([1.0, 1.0, 0.0, 1.0, 1.0, -1.0, 1.0, 1.0])
    fresh = labels_needed(np.zeros(0), n_contested=400, alike=values)
    assert 8 < fresh < 60
    assert labels_needed(values, n_contested=400) < fresh
    assert labels_needed(values, n_contested=400, alike=values) == labels_needed(
        values, n_contested=400
    )
    nothing = labels_needed(np.zeros(0), n_contested=400)
    assert fresh < nothing


# --- the file behind a data set


def test_labels_and_runs_leave_what_is_read_of_a_data_set_as_it_was(snapshot, store):
    token = store.derived_token("demo")
    desk = routing_question(snapshot).desk(store, "ann")
    desk.give(1, "A")
    desk.undo()
    store.save_run(make_run(snapshot.dataset, snapshot, "a run"))
    assert store.derived_token("demo") == token
    store.put_cluster_names("demo", {"abc": GivenName("numbers", "m")})
    named = store.derived_token("demo")
    assert named != token
    ids = snapshot.dataset.train.votes.query_ids[:3]
    store.put_layout("demo", "hashing", "test", ids, np.zeros((3, 2)))
    assert store.derived_token("demo") != named


def test_what_a_desk_writes_comes_back_through_it(snapshot, store, tmp_path):
    desk = routing_question(snapshot).desk(store, "ann")
    desk.give(1, "B")
    assert desk.write(tmp_path / "l.csv", 5) == 5
    desk.undo()
    done = desk.read(tmp_path / "l.csv")
    assert (done.n_added, done.n_known) == (1, 0)
    assert desk.read(tmp_path / "l.csv").n_known == 1
    assert [one.words for one in store.labels("demo")] == ["B"]


def test_two_sides_are_judged_in_the_order_in_which_they_are_shown(snapshot, store):
    desk = routing_question(snapshot).desk(store, "ann")
    first, second = desk.sides(1)
    desk.judge(1, first=True, second=False)
    assert store.labels("demo")[0].verdicts == {first: True, second: False}


def test_a_question_without_labels_says_nothing(snapshot):
    question = routing_question(snapshot)
    assert isinstance(question, Question)
    found = weigh(question.contest, {}, [], [])
    assert learnt(question, found)[1] == "Nothing yet."
