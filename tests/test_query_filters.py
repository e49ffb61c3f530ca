"""Each filter says what it says it does, on queries whose answers are known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from test_query_card import hand_made, snapshot_of

import cascal
from cascal import NO_ANSWER, charts
from cascal.dataset import query_filters
from cascal.dataset.query_card import query_card
from cascal.dataset.snapshot import compare, flipped, take_snapshot
from cascal.settings import ROUTINGS


@pytest.fixture(scope="module")
def snapshot():
    return snapshot_of(hand_made("q"), hand_made("r", origin="gold"))


@pytest.mark.parametrize(
    ("words", "hits"),
    [("PRIME", [0, 1]), ("  number prime ", [1]), ("q3", [3]), ("zzz", []), ("", range(5))],
)
def test_every_word_is_found_in_any_order_and_case_and_a_query_by_its_id(words, hits):
    part = hand_made("q")
    texts = ("Is 7 prime?", "The Prime number", "A number", "", "Straße")
    object.__setattr__(part, "texts", texts)
    found = query_filters.holds_words(part, words)
    assert np.flatnonzero(found).tolist() == list(hits)
    assert query_filters.holds_words(part, "STRASSE")[4]


def test_models_disagree_where_no_answer_has_more_than_half_of_them():
    part = hand_made("q")  # 4 of 4, 2 and 1 and none, 2 and 2, 3 of 4, 2 and 2
    disagree = query_filters.models_disagree(part)
    assert disagree.tolist() == [False, True, True, False, True]


def test_a_model_is_apart_where_it_does_not_give_the_answer_of_most():
    part = hand_made("q")
    answers, models = part.votes.answers, part.votes.models
    apart = [query_filters.is_apart(part, [name]) for name in models]
    for row, given in enumerate(answers.tolist()):
        counts = {one: given.count(one) for one in given if one != NO_ANSWER}
        most = max(counts.values(), default=0)
        for at, answer in enumerate(given):
            if not part.votes.asked[row, at]:
                assert not apart[at][row]
            elif counts.get(answer) != most:
                assert apart[at][row]
            elif list(counts.values()).count(most) == 1:
                assert not apart[at][row]
    assert query_filters.is_apart(part, models).tolist() == np.any(apart, axis=0).tolist()


def test_the_first_model_is_right_wrong_or_nobody_knows(snapshot):
    part, routes = snapshot.dataset.part("test"), snapshot.routes("test")
    right = query_filters.first_model_right(part, routes)
    for row, value in enumerate(right):
        answer = part.votes.answers[row, routes.selected[row, 0]]
        known = part.gold[row] != NO_ANSWER
        assert np.isnan(value) if not known else value == (answer == part.gold[row])
    assert np.isnan(right[4])
    colouring = charts.colour_map(snapshot, snapshot.dataset, "test", "correct")
    assert colouring.group.tolist() == [-1 if v != v else int(v == 0) for v in right]


def test_nothing_is_far_where_nobody_can_tell(snapshot):
    assert snapshot.router.reach is None
    assert not query_filters.lies_far(snapshot, "train").any()


def test_queries_flip_where_another_model_comes_first(snapshot):
    other = take_snapshot(
        snapshot.dataset, snapshot.fit, cascal.Thresholds(routing=ROUTINGS["nearest"].routing)
    )
    for split in ("train", "test"):
        firsts = [one.routes(split).selected[:, 0] for one in (snapshot, other)]
        assert flipped(snapshot, other, split).tolist() == (firsts[0] != firsts[1]).tolist()
        assert not flipped(other, other, split).any()
    assert compare(snapshot, other).flipped.tolist() == flipped(snapshot, other, "test").tolist()


def test_a_card_leads_through_the_chosen_queries(snapshot):
    among = np.array([0, 3, 4])
    ids = ("q4", "q3", "q0")  # two of four, three of four, all agree
    cards = [query_card(snapshot, "train", row, among=among) for row in (4, 3, 0)]
    assert [card.place for card in cards] == [1, 2, 3]
    assert [card.after for card in cards] == [*ids[1:], None]


def test_a_table_of_chosen_queries_holds_every_answer_and_no_formula(snapshot):
    rows = np.array([1, 3])
    frame = charts.answers_frame(snapshot, "train", rows, {})
    assert frame["query"].tolist() == ["q1", "q3"]
    letters = frame[[f"answer of {name}" for name in "abcd"]].to_numpy().tolist()
    assert [[one[:1] for one in row] for row in letters] == [
        ["B", "B", "A", "n"],
        ["C", "C", "C", "n"],
    ]
    free = snapshot_of(hand_made("q", options=0))
    frame = charts.answers_frame(free, "train", rows, {("q1", "a"): "=1+1"})
    assert frame["answer of a"].tolist() == ["=1+1", "answer 3"]
    assert b",'=1+1," in charts.safe_csv(frame)
    odd = frame.rename(columns={"answer of a": "=cmd()"})
    assert b",'=cmd()," in charts.safe_csv(odd)
