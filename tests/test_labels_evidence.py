"""What labels of a workspace say: contests, draws and evidence, worked by hand and on the demo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from conftest import add_hashed, thinned_workspace
from refusals import refuses

import cascal
from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
from cascal.dataset.contest import (
    Contest,
    contest,
    contest_between,
    contest_of_models,
    new_draw,
)
from cascal.dataset.dataset import load_dataset
from cascal.dataset.evidence import weigh
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_facts import gather_evidence
from cascal.dataset.label_rights import free_answers, rights
from cascal.dataset.label_rows import label_rows
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import NO_ANSWER, ModelSpec
from cascal.labels import combined_gain, confidence_sequence, gain
from cascal.settings import FitSettings, Thresholds
from cascal.store import Draw, Label
from cascal.verdicts.constant import Constant


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """An eighth of the demo's training queries, a quarter of its test queries."""
    return thinned_workspace(tmp_path_factory.mktemp("labels"), 8, 4)


@pytest.fixture(scope="module")
def study(workspace):
    return load_dataset(workspace, "demo")


@pytest.fixture(scope="module")
def fitted(study):
    return cascal.fit(study.train.votes, study.train.vectors)


@pytest.fixture(scope="module")
def snapshot(study, fitted):
    return take_snapshot(study, fitted, Thresholds())


def small_contest(study, n=6):
    """The first test queries; the first way asks model 0 and the second model 1."""
    part = study.test.take(np.arange(n))
    return Contest(
        part=part,
        first=np.zeros(n, dtype=np.int64),
        second=np.ones(n, dtype=np.int64),
        names=("one", "other"),
    )


def label(query_id, answer=None, person="ann", mark="answered", **verdicts):
    return Label(
        query_id=query_id,
        person=person,
        content="",
        draw_id="d",
        probability=0.5,
        mark=mark,
        answer=answer,
        verdicts=verdicts,
    )


# --- contests


def test_the_router_is_contested_where_its_answer_differs_from_the_constants(snapshot):
    found = contest(snapshot)
    part, best = snapshot.dataset.test, snapshot.router.best_overall
    chosen = snapshot.routes("test").selected[:, 0]
    for row, query_id in enumerate(part.votes.query_ids):
        differ = part.votes.answers[row, chosen[row]] != part.votes.answers[row, best]
        assert (query_id in found.contested_ids) == differ
    assert found.n_queries == len(part)
    assert 20 < found.n_contested == len(found.contested_ids)
    assert found.constant.name in found.names[1]


def test_without_a_test_split_no_query_is_routed_by_a_fit_that_saw_it(study, fitted):
    snapshot = take_snapshot(replace(study, test=None), fitted, Thresholds())
    found = contest(snapshot)
    assert found.n_queries == len(study.train)
    ids = study.train.votes.query_ids
    for learnt, other in (snapshot.halves, snapshot.halves[::-1]):
        router = learnt.router(Thresholds())
        rows = [ids.index(one) for one in other.query_ids]
        assert not set(learnt.query_ids) & {ids[row] for row in rows}
        routed = router.route(study.train.vectors.take(other.query_ids)).selected[:, 0]
        np.testing.assert_array_equal(found.first[rows], routed)
        assert (found.second[rows] == router.best_overall).all()


def test_a_query_that_one_of_the_two_was_never_asked_does_not_count(study):
    found = small_contest(study)
    votes = found.part.votes
    status = np.full(votes.shape, "ok", dtype=object)
    status[0, 1] = "missing"
    answers = np.tile(np.arange(votes.shape[1]) % 2, (6, 1))
    answers[0, 1] = NO_ANSWER
    changed = cascal.Votes(
        votes.query_ids,
        votes.tasks,
        votes.models,
        answers,
        votes.logprobs,
        votes.option_counts,
        status=status,
    )
    found = replace(found, part=replace(found.part, votes=changed))
    assert (found.n_queries, found.n_contested) == (5, 5)
    alone = replace(
        found, part=found.part.take(np.arange(1)), first=found.first[:1], second=found.second[:1]
    )
    with refuses("too-little-data", "one", "other"):
        weigh(alone, {}, [], [])


def test_two_presets_are_contested_where_their_choices_answer_differently(study, snapshot):
    released = FitSettings.preset("released")
    other = take_snapshot(
        study, cascal.fit(study.train.votes, study.train.vectors, released), Thresholds()
    )
    found = contest_between(snapshot, other, ("recommended", "released"))
    one, two = (each.routes("test").selected[:, 0] for each in (snapshot, other))
    answers, rows = study.test.votes.answers, np.arange(len(study.test))
    np.testing.assert_array_equal(found.contested, answers[rows, one] != answers[rows, two])
    assert found.constant is None
    nothing = contest_between(snapshot, snapshot, ("one", "itself"))
    assert nothing.n_contested == 0
    with refuses("other-models"):
        info = replace(study.info, name="another")
        contest_between(snapshot, replace(other, dataset=replace(study, info=info)), ("a", "b"))


def test_two_models_are_contested_where_they_answer_differently(study):
    part = study.test
    one, other = part.votes.models[2], part.votes.models[0]
    found = contest_of_models(part, one, other)
    differ = part.votes.answers[:, 2] != part.votes.answers[:, 0]
    np.testing.assert_array_equal(found.contested, differ)
    assert found.names == (one, other)
    with refuses("unknown-model", "'nobody'", one):
        contest_of_models(part, one, "nobody")


def test_a_draw_depends_on_what_is_drawn_from_and_never_on_the_order_of_rows(study):
    found = small_contest(study, 200)
    backwards = np.arange(200)[::-1]
    turned = replace(
        found,
        part=found.part.take(backwards),
        first=found.first[backwards],
        second=found.second[backwards],
    )
    first, second = new_draw(found), new_draw(turned)
    assert (first.draw_id, first.frame) == (second.draw_id, second.frame)
    assert sorted(first.frame) == sorted(found.contested_ids)
    assert new_draw(found, seed=1).frame != first.frame
    assert new_draw(found, purpose="settings").draw_id != first.draw_id


# --- who is right


def test_an_answer_a_verdict_and_a_bad_question_say_who_is_right(study):
    found = small_contest(study)
    votes = found.part.votes
    ids, models = votes.query_ids, votes.models
    letter = "ABCDEFGHIJ"[votes.answers[0, 0]]
    said = rights(
        found,
        [
            label(ids[0], answer=letter.lower()),
            label(ids[1], **{models[1]: True}),
            label(ids[2], mark="bad"),
            label(ids[3], mark="skipped"),
        ],
    )
    np.testing.assert_array_equal(said[ids[0]][0], votes.answers[0] == votes.answers[0, 0])
    alike = votes.answers[1] == votes.answers[1, 1]
    assert (said[ids[1]][0, alike] == 1.0).all()
    assert np.isnan(said[ids[1]][0, ~alike]).all()
    assert not said[ids[2]].any()
    assert ids[3] not in said


def ten(study):
    """Ten contested queries of twenty, their draw, and labels that all favour the first way."""
    found = small_contest(study, 60)
    ids = found.contested_ids[:20]
    rows = np.array([found.row_of[one] for one in ids])
    found = replace(
        found, part=found.part.take(rows), first=found.first[rows], second=found.second[rows]
    )
    draw = Draw(draw_id="d", purpose="routing", frame=ids, n_asked=10)
    right = np.full((1, len(found.part.votes.models)), np.nan)
    right[0, :2] = 1.0, 0.0
    return found, draw, dict.fromkeys(ids[:10], right)


def test_one_draw_of_what_is_contested_gives_the_plain_gain_and_may_be_watched(study):
    found, draw, right = ten(study)
    evidence = weigh(found, right, [draw], [label(one) for one in right])
    assert evidence.gain == gain(np.ones(10), n_contested=20, n_queries=20)
    assert evidence.decision == "route"
    assert (evidence.settled, evidence.more) == (True, 0)
    assert evidence.keep_first
    lost = {one: 1.0 - of_one for one, of_one in right.items()}
    assert not weigh(found, lost, [draw], []).keep_first
    assert evidence.people == ("ann",)
    assert evidence.sentence(found).startswith("one is better: +")


def test_what_was_not_handed_out_does_not_count_as_drawn(study):
    found, draw, right = ten(study)
    fewer = weigh(found, right, [replace(draw, n_asked=4)], [])
    assert fewer.gain == gain(np.ones(4), n_contested=20, n_queries=20)
    nothing = weigh(found, right, [], [])
    assert (nothing.gain.low, nothing.gain.high, nothing.gain.n_labels) == (-1.0, 1.0, 0)
    assert (nothing.decision, nothing.more, nothing.settled) == ("undecided", None, False)
    assert nothing.watched == nothing.gain.estimate


def test_labels_stay_honest_when_a_threshold_moves(study):
    """The second way changes on five of the queries, of which two were labelled."""
    found, draw, right = ten(study)
    second = found.second.copy()
    second[:5] = found.first[:5]  # no longer contested there
    moved = replace(found, second=second)
    assert moved.n_contested == 15
    labelled = {one: right[one] for one in list(right)[3:]}
    evidence = weigh(moved, labelled, [draw], [])
    # 7 of 20 were labelled at π = 7/20; two of them are not contested now, five gained 1
    assert evidence.gain.value == pytest.approx(5 / (7 / 20) / 20)
    assert evidence.gain == combined_gain(
        np.array([0.0, 0, 1, 1, 1, 1, 1]),
        np.full(7, 7 / 20),
        n_contested=15,
        n_queries=20,
    )
    assert evidence.watched.low <= evidence.watched.value <= evidence.watched.high


def test_a_query_that_no_draw_could_give_widens_the_interval_by_its_share(study):
    found, draw, right = ten(study)
    frame = draw.frame[:16]
    whole = weigh(found, right, [replace(draw, frame=frame, n_asked=10)], [])
    known = combined_gain(np.ones(10), np.full(10, 10 / 16), n_contested=16, n_queries=20)
    assert whole.gain.half_width == pytest.approx(known.half_width + 4 / 20)


def test_two_draws_are_combined_and_each_is_watched_at_half_the_error(study):
    found, draw, right = ten(study)
    other = Draw(draw_id="e", purpose="settings", frame=draw.frame[::-1], n_asked=12)
    evidence = weigh(found, right, [draw, other], [])
    # the other draw came to two of the ten labelled queries: places 9 and 10 from the front
    share = 1 - (1 - 10 / 20) * (1 - 2 / 20)
    assert evidence.gain.value == pytest.approx(10 / share / 20)
    assert evidence.draws == ("d", "e")
    alone = confidence_sequence(np.ones(10), n_contested=20, n_queries=20, confidence=0.975)
    assert evidence.watched.low == pytest.approx(alone.low)
    assert evidence.watched.low < weigh(found, right, [draw], []).watched.low


def test_two_people_are_averaged_and_their_disagreement_is_named(study):
    found, draw, right = ten(study)
    first = draw.frame[0]
    both = np.vstack([right[first], right[first]])
    both[1, :2] = 0.0, 1.0
    evidence = weigh(found, right | {first: both}, [draw], [label(first), label(first, person="b")])
    expected = gain(np.array([0.0, *np.ones(9)]), n_contested=20, n_queries=20)
    assert evidence.gain == expected
    assert evidence.disputed == (first,)
    assert evidence.people == ("ann", "b")


def test_the_sentence_of_few_labels_names_no_number_but_theirs(study):
    found, draw, right = ten(study)
    found = replace(found, constant=Constant(1, "atlas", "consensus"))
    few = weigh(found, {one: right[one] for one in draw.frame[:2]}, [draw], [])
    sentence = few.sentence(found)
    assert sentence.startswith(
        "By labels alone nobody can say yet whether routing pays here: 2 labels"
    )
    assert "points" not in sentence
    assert "2 labels; 20 of 20 queries are contested" in sentence
    assert "more labels" not in sentence, "so few project no number"
    more = weigh(found, {one: right[one] for one in draw.frame[:10]}, [draw], [])
    assert not more.early
    assert more.settled == ("more label" not in more.sentence(found))
    none = weigh(replace(found, second=found.first), {}, [], [])
    assert "nothing to label" in none.sentence(found)


# --- through a workspace


def test_the_demo_settles_to_the_gain_by_gold_answers_when_all_is_labelled(workspace, snapshot):
    found = contest(snapshot)
    draw = workspace.put_draw("demo", replace(new_draw(found), n_asked=found.n_contested))
    contents = workspace.contents("demo")
    letters = "ABCDEFGHIJ"
    given = [
        Label(
            query_id=one,
            person="ann",
            content=contents[one],
            draw_id=draw.draw_id,
            probability=1.0,
            answer=letters[found.part.gold[found.row_of[one]]],
        )
        for one in draw.frame
    ]
    try:
        workspace.add_labels("demo", given)
        evidence = gather_evidence(workspace, "demo", found)
        truth = snapshot.evaluation.gain_over(snapshot.router.best_overall).value
        assert evidence.gain.value == pytest.approx(truth)
        assert evidence.watched.low == pytest.approx(evidence.watched.high)
        assert evidence.settled
        plain = evidence.to_dict(found)
        assert plain["n_labels"] == plain["n_contested"] == found.n_contested
        assert plain["decision"] == ("route" if truth > 0 else "do not route")
    finally:
        workspace.delete_labels("demo")


# --- free answers, and a desk


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    """Sixteen queries with free answers; the second model always answers 7."""
    ids = [f"q{number:02d}" for number in range(16)]
    workspace = cascal.Workspace(tmp_path_factory.mktemp("free") / "w.duckdb")
    queries = [
        {"query_id": one, "task": "sums", "text": f"How much is {one}?", "options": []}
        | {"answer": None, "answer_origin": "none", "skill": None, "split": split}
        for one, split in zip(ids, ["train"] * 10 + ["test"] * 6, strict=True)
    ]
    answers = {"half": "1/2", "seven": "7", "wordy": "=HYPERLINK"}
    responses = [
        dict.fromkeys(RESPONSE_SCHEMA.names)
        | {"query_id": one, "model": model, "sample": 0, "answer": answer, "status": "ok"}
        for one in ids
        for model, answer in answers.items()
    ]
    imported = Imported(
        dataset="free",
        origin="real",
        source="test",
        models=tuple(ModelSpec(one) for one in answers),
        tasks=(),
        queries=pa.Table.from_pylist(queries, QUERY_SCHEMA),
        responses=pa.Table.from_pylist(responses, RESPONSE_SCHEMA),
    )
    add_hashed(workspace, imported)
    return workspace


def free_desk(workspace, second=1, person="ann"):
    """The first model against another one, on the six test queries."""
    part = load_dataset(workspace, "free").test
    found = Contest(
        part=part,
        first=np.zeros(6, dtype=np.int64),
        second=np.full(6, second),
        names=("half", "another"),
    )
    draw = new_draw(found)
    return Desk(store=workspace, dataset="free", contest=found, draw=draw, person=person)


def test_a_free_answer_is_compared_as_mathematics(free):
    desk = free_desk(free)
    first, second = desk.draw.frame[:2]
    given = [label(first, answer="0.5"), label(second, answer="8")]
    same = free_answers(free, "free", desk.contest, given)
    assert same[first]["0.5"].tolist() == [1, 0, 0]
    assert same[second]["8"].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(rights(desk.contest, given, same)[first], [[1.0, 0.0, 0.0]])


def test_a_file_shows_free_answers_without_the_names_of_their_models(free):
    desk = free_desk(free, second=2)
    rows = label_rows(free, "free", desk.contest, desk.hand_out(6), "ann")
    for place, row in enumerate(rows, 1):
        shown = {"half": "1/2", "wordy": "=HYPERLINK"}
        assert [row["answer_1"], row["answer_2"]] == [shown[one] for one in desk.sides(place)]
        assert not {"half", "wordy"} & set(map(str, row.values()))


def test_a_desk_gives_what_was_not_labelled_stores_at_once_and_takes_back(free):
    desk = free_desk(free)
    assert desk.next_place(3) == 1
    desk.give_typed(1, "0.5")
    desk.give_typed(2, "Skip")
    desk.give(3, verdicts={"half": False, "seven": True})
    assert desk.next_place(3) is None
    evidence = desk.evidence()
    assert evidence.gain == gain(np.array([1.0, -1.0]), n_contested=6, n_queries=6)
    assert desk.next_place(6) == 4
    other = free_desk(free, person="bob")
    assert other.next_place(6) == 4  # what nobody labelled comes first
    assert other.next_place(3) == 1  # then a second opinion
    assert free_desk(free, person="").next_place(3) is None  # who may have labelled it all
    labels = free.labels("free")
    assert (desk.done(labels, 6), desk.labelled_by(labels, 1)) == ((3, ""), ("ann",))
    assert other.done(labels, 6) == (3, "0 by you, 3 by others")
    assert free_desk(free, person="").done(labels, 6) == (3, "by ann")
    other.give_typed(1, "7")
    assert other.done(free.labels("free"), 6) == (3, "1 by you, 2 by others")
    assert desk.evidence().disputed == (desk.draw.frame[0],)
    assert desk.undo().query_id == desk.draw.frame[2]
    assert desk.next_place(6) == 3
    with refuses("out-of-bounds", 6, 7):
        desk.give(7, "1")
    free.delete_labels("free")
