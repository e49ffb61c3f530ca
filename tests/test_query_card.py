"""The card of a query says what the votes, the clusters and the router say, and no more."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from conftest import make_part
from test_diagnose import case_of, world

import cascal
from cascal import NO_ANSWER, charts
from cascal.consensus.in_words import SENTENCES
from cascal.dataset.dataset import Dataset
from cascal.dataset.query_card import answer_groups, contested_rows, query_card
from cascal.dataset.snapshot import Snapshot, take_snapshot
from cascal.datatypes import ModelSpec, Task
from cascal.diagnose.coherence import joined_from, own_silhouette, own_silhouettes
from cascal.settings import PRESETS, PROBABILITIES
from cascal.store import DatasetInfo

MODELS = ("a", "b", "c", "d")
ANSWERS = [[0, 0, 0, 0], [1, 1, 0, NO_ANSWER], [0, 1, 1, 0], [2, 2, 2, NO_ANSWER], [0, 0, 1, 1]]
LOGPROBS = [[-0.1] * 4, [-0.2, -0.3, math.nan, math.nan], [-1.0] * 4, [-0.1] * 4, [-0.5] * 4]
DEGREES = (0.0, 10.0, 12.0, 90.0, 91.0)
OWN = (0, 1, 0, 0, NO_ANSWER)


def hand_made(prefix, options=3, origin="generated", status=None):
    ids = tuple(f"{prefix}{i}" for i in range(5))
    votes = cascal.Votes(
        ids,
        ("t", "t", "t", "u", "u"),
        MODELS,
        np.array(ANSWERS),
        np.array(LOGPROBS),
        np.full(5, options),
        status=status,
    )
    angles = np.radians(DEGREES)
    plane = np.column_stack([np.cos(angles), np.sin(angles)])
    vectors = cascal.Embeddings.from_array(ids, plane, "plane")
    return make_part(votes, vectors, np.array(OWN), origin)


def snapshot_of(train, test=None, settings=None) -> Snapshot:
    info = DatasetInfo(
        name="d",
        origin="imported",
        source="",
        note="",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        n_queries=10,
        n_train=5,
        n_test=5,
        n_models=4,
        n_responses=40,
        n_tasks=2,
        answer_origins=("generated", "gold"),
        fingerprint="",
    )
    models = tuple(ModelSpec(name) for name in train.votes.models)
    dataset = Dataset(info, "plane", (Task("t"), Task("u")), models, train, test)
    fit = cascal.fit(train.votes, train.vectors, settings, n_jobs=1)
    return take_snapshot(dataset, fit, cascal.Thresholds())


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return snapshot_of(hand_made("q"), hand_made("r", origin="gold"))


def test_models_are_grouped_by_answer_the_largest_group_first_and_no_answer_last():
    votes = hand_made("q").votes
    assert answer_groups(votes, 1) == ((1, (0, 1)), (0, (2,)), (NO_ANSWER, (3,)))
    assert answer_groups(votes, 2) == ((0, (0, 3)), (1, (1, 2)))
    assert charts.who_disagrees(votes, 1) == "B: a, b · A: c · no answer: d"
    assert charts.who_disagrees(hand_made("q", options=0).votes, 1) == (
        "answer 2: a, b · answer 1: c · no answer: d"
    )
    silent = replace(votes, answers=np.full((5, 4), NO_ANSWER))
    assert charts.who_disagrees(silent, 0) == "no answer: a, b, c, d"


def test_a_card_shows_every_vote_with_its_score_and_confidence(snapshot):
    card = query_card(snapshot, "train", 1)
    assert (card.query_id, card.task, card.text) == ("q1", "t", "What is q1?")
    assert [(one.label, one.text, one.own) for one in card.answers] == [
        ("B", "no", True),
        ("A", "yes", False),
        ("no answer", "", False),
    ]
    shown = {vote.model: vote for one in card.answers for vote in one.votes}
    assert list(shown) == ["a", "b", "c", "d"]
    for m, name in enumerate(MODELS):
        assert shown[name].mean_logprob == pytest.approx(LOGPROBS[1][m], nan_ok=True)
    assert math.isnan(shown["c"].mean_logprob)
    assert (card.origin, card.own_label, card.own_text) == ("generated", "B", "no")


def test_an_own_answer_that_no_model_gave_is_still_named(snapshot):
    card = query_card(snapshot, "test", 3)
    assert (card.origin, card.own_label, card.own_text) == ("gold", "A", "yes")
    assert not any(one.own for one in card.answers)
    assert {vote.right for one in card.answers for vote in one.votes} == {0.0}


@pytest.mark.parametrize(
    ("first", "row", "said"),
    [
        ("a", 0, "a answered A, which is right by the gold answer."),
        ("c", 1, "c answered A, which is wrong: the gold answer is B."),
        ("d", 1, "d gave no answer: the gold answer is B."),
        ("b", 3, "b answered C, which is wrong: the gold answer is A."),
        ("a", 4, ""),
    ],
)
def test_a_card_says_whether_the_chosen_model_is_right(snapshot, first, row, said):
    card = query_card(snapshot, "test", row)
    models = sorted(card.trace.models, key=lambda one: one.model != first)
    card = replace(card, trace=replace(card.trace, models=tuple(models)))
    assert card.outcome == said
    assert replace(card, origin="generated").outcome == ""


def test_a_free_answer_is_right_or_wrong_as_it_was_written():
    now = snapshot_of(hand_made("q", options=0, origin="gold"))
    written = {"a": "one half", "b": "one half", "c": "0.3"}
    card = replace(query_card(now, "train", 1, written), options=())
    first = {one.model: one for one in card.trace.models}
    wrong = replace(card, trace=replace(card.trace, models=(first["c"],)))
    assert wrong.outcome == "c answered “0.3”, which is wrong: the gold answer is “one half”."
    right = replace(card, trace=replace(card.trace, models=(first["a"],)))
    assert right.outcome == "a answered “one half”, which is right by the gold answer."


def test_without_an_own_answer_nothing_is_right_or_wrong(snapshot):
    card = query_card(snapshot, "test", 4)
    assert (card.own_label, card.own_text) == ("", "")
    assert not any(one.own for one in card.answers)
    assert all(math.isnan(vote.right) for one in card.answers for vote in one.votes)


@pytest.mark.parametrize("preset", PRESETS)
def test_all_models_with_one_answer_share_its_consensus_score(preset):
    votes = hand_made("q").votes
    logprobs = np.where(np.isnan(votes.logprobs), -0.4, votes.logprobs)
    part = replace(hand_made("q"), votes=replace(votes, logprobs=logprobs))
    now = snapshot_of(part, settings=PRESETS[preset])
    for row in range(len(part)):
        card = query_card(now, "train", row)
        for one in card.answers:
            scores = now.fit.consensus[row, [MODELS.index(vote.model) for vote in one.votes]]
            if one.label == "no answer":
                assert math.isnan(one.score)
            else:
                assert scores == pytest.approx(np.full(len(scores), one.score))
        assert card.about_scores == f"Consensus: {SENTENCES[card.consensus]}"


def test_every_consensus_says_what_its_score_is():
    assert sorted(SENTENCES) == sorted(
        (*PROBABILITIES, "posterior", "z_sum", "agreement", "labels")
    )


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ((0.9, 0.1, math.nan), ""),
        ((0.0, 0.47, math.nan), "1 model for A outweighs the 2 for B by consensus"),
        ((0.3, 0.3, math.nan), ""),
    ],
)
def test_a_card_says_where_fewer_models_outweigh_more(snapshot, scores, said):
    card = query_card(snapshot, "train", 1)
    answers = [replace(a, score=s) for a, s in zip(card.answers, scores, strict=True)]
    scored = replace(card, answers=tuple(answers))
    assert scored.outweighed == (f"{said}, but the generated answer is B." if said else "")
    agreeing = replace(
        scored, own_label="A", answers=tuple(replace(a, own=a.label == "A") for a in answers)
    )
    for other in (agreeing, replace(scored, own_label="", origin="none")):
        assert other.outweighed == (f"{said}." if said else "")


def test_test_queries_have_no_consensus_score(snapshot):
    card = query_card(snapshot, "test", 0)
    assert all(math.isnan(one.score) for one in card.answers)
    assert card.about_scores == card.outweighed == ""
    assert {vote.right for one in card.answers for vote in one.votes} == {1.0}


def test_a_free_answer_is_shown_as_it_was_written():
    now = snapshot_of(hand_made("q", options=0))
    card = query_card(now, "train", 1, {"b": "one half", "c": "0.3"})
    assert [(one.label, one.text) for one in card.answers] == [
        ("answer 2", "one half"),
        ("answer 1", "0.3"),
        ("no answer", ""),
    ]
    assert (card.own_label, card.own_text) == ("answer 2", "one half")
    assert [one.text for one in query_card(now, "train", 1).answers] == ["", "", ""]


def test_why_a_model_gave_no_answer_is_kept():
    status = np.where(np.array(ANSWERS) == NO_ANSWER, "refused", "ok")
    status[3, 3] = "missing"
    now = snapshot_of(hand_made("q", status=status))
    assert query_card(now, "train", 1).answers[-1].votes[0].status == "refused"
    silent = query_card(now, "train", 3).answers[-1].votes[0]
    assert silent.status == "missing"
    assert math.isnan(silent.right)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("row", range(5))
def test_cluster_distances_and_route_are_those_of_the_router(snapshot, split, row):
    card, router = query_card(snapshot, split, row), snapshot.router
    vector = snapshot.dataset.part(split).vectors.vectors[row]
    away = {c: 1 - float(one @ vector) for c, one in enumerate(router.clusters.centroids)}
    assert card.cluster == snapshot.clusters(split)[row]
    assert card.distance == pytest.approx(away.pop(card.cluster))
    assert card.next_distance == pytest.approx(min(away.values()))
    assert card.next_distance == pytest.approx(away[card.next_cluster])
    first = snapshot.routes(split).selected[row, 0]
    assert card.trace.models[0].model == router.models[first]


def test_the_silhouette_of_one_query_is_the_one_that_all_queries_give(snapshot):
    apart = case_of(world(), thresholds=cascal.Thresholds(0.0, 0.05, None))
    for one in (snapshot, apart):
        every = [own_silhouette(one, row) for row in range(len(one.dataset.train))]
        assert every == pytest.approx(own_silhouettes(one).tolist(), nan_ok=True)
    assert np.isfinite(every).any()


def test_a_joined_cluster_says_what_it_was_made_of():
    joined = case_of(world(gap=0.0), thresholds=cascal.Thresholds(0.0, 0.05, 0.5))
    loose = case_of(world(gap=0.0), thresholds=cascal.Thresholds(0.0, 0.05, None))
    assert len(joined.router.clusters) < len(loose.router.clusters)
    made = [joined_from(joined, cluster) for cluster in range(len(joined.router.clusters))]
    assert max(map(len, made)) > 1
    for sizes, n in zip(made, joined.router.clusters.sizes, strict=True):
        assert sizes == sorted(sizes, reverse=True)
        assert sum(sizes) <= n
    assert joined_from(loose, 0) == []


def test_with_one_cluster_there_is_no_next_one():
    train = hand_made("q")
    train = replace(train, votes=replace(train.votes, tasks=("t",) * 5))
    now = snapshot_of(train, settings=cascal.FitSettings(clusters="task"))
    assert len(now.router.clusters) == 1
    card = query_card(now, "train", 0)
    assert card.next_cluster is None
    assert math.isnan(card.next_distance)


def test_the_nearest_queries_are_others_of_the_same_split(snapshot):
    card = query_card(snapshot, "test", 0)
    assert [one.query_id for one in card.nearest] == ["r1", "r2", "r3"]
    cosines = [math.cos(math.radians(angle)) for angle in DEGREES[1:4]]
    assert [one.distance for one in card.nearest] == pytest.approx([1 - one for one in cosines])
    assert card.nearest[0].text == "What is r1?"


def test_a_query_among_copies_of_itself_is_not_its_own_neighbour():
    train = hand_made("q")
    same = np.tile([1.0, 0.0], (5, 1))
    copies = cascal.Embeddings.from_array(train.votes.query_ids, same, "plane")
    card = query_card(snapshot_of(replace(train, vectors=copies)), "train", 4)
    assert [one.query_id for one in card.nearest] == ["q0", "q1", "q2"]


def test_before_and_after_walk_through_the_cluster_the_most_contested_first(snapshot):
    part = snapshot.dataset.train
    cluster = int(snapshot.clusters("train")[0])
    rows = contested_rows(part, np.flatnonzero(snapshot.clusters("train") == cluster))
    ids = [part.votes.query_ids[row] for row in rows]
    assert ids == ["q1", "q2", "q0"]  # two of four, two of four, all agree
    cards = [query_card(snapshot, "train", row) for row in rows.tolist()]
    assert [card.place for card in cards] == [1, 2, 3]
    assert {card.n_among for card in cards} == {3}
    assert [card.before for card in cards] == [None, *ids[:-1]]
    assert [card.after for card in cards] == [*ids[1:], None]


def test_a_query_is_found_by_its_id(snapshot):
    assert snapshot.dataset.find("q3") == ("train", 3)
    assert snapshot.dataset.find("r2") == ("test", 2)
    assert snapshot.dataset.find("x") is None
    assert snapshot_of(hand_made("q")).dataset.find("r2") is None
