"""What the labels of a workspace say about two ways to answer (docs/labels.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from cascal.answers import AnswerSet, compare_sets
from cascal.dataset.contest import Contest
from cascal.datatypes import NO_ANSWER, FloatArray, IntArray
from cascal.intervals import Estimate
from cascal.labels import (
    Gain,
    combined_gain,
    confidence_sequence,
    gain,
    inclusion_probabilities,
    labels_needed,
)
from cascal.store import Draw, Label, Workspace
from cascal.store.voting import option_index
from cascal.verdict import Decision, decide, decide_between, decision

PLANNED_LOOKS = 3
"""The interval of several draws is wide enough to be looked at three times, not at every label."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What labels say of a contest.

    gain : with the interval for this number of labels, `gain.n_contested` of `gain.n_queries`
    watched : the interval that may be looked at after every label, None with several draws
    more : about how many more labels would settle it, None with several draws
    disputed : queries on which people disagree; n_outdated labels on queries edited since;
    draws : whose labels are used
    """

    gain: Gain
    watched: Estimate | None
    more: int | None
    people: tuple[str, ...]
    disputed: tuple[str, ...]
    n_outdated: int
    draws: tuple[str, ...]

    @property
    def estimate(self) -> Estimate:
        """The gain with the interval that a verdict may go by."""
        return self.gain.estimate if self.watched is None else self.watched

    @property
    def settled(self) -> bool:
        """Whether the interval excludes 0, or nothing is left to label."""
        shown = self.estimate
        return shown.low > 0 or shown.high < 0 or shown.low == shown.high

    @property
    def decision(self) -> Decision:
        """Whether the first way pays, as far as the labels say."""
        return decision(self.estimate)

    def sentence(self, contest: Contest) -> str:
        """What the labels say, from how many of them, and how many more would settle it."""
        shown, counts = self.estimate, self.gain
        if contest.constant is not None:
            said = decide(shown, contest.constant).sentence
        else:
            said = decide_between(shown, contest.names)
        if not counts.n_contested:
            return f"{said} On no query do the two answer differently: there is nothing to label."
        labelled = (
            f"{counts.n_labels:,} labels; {counts.n_contested:,} of {counts.n_queries:,} queries "
            "are contested"
        )
        if self.settled or self.more is None:
            return f"{said} ({labelled}.)"
        return f"{said} ({labelled}, about {self.more:,} more labels would settle it.)"

    def to_dict(self, contest: Contest) -> dict[str, Any]:
        """The evidence in JSON types; `looked_at_once` is the narrower interval for one look."""
        shown, once = self.estimate, self.gain
        return {
            "decision": self.decision,
            "sentence": self.sentence(contest),
            "against": contest.names[1],
            "gain": shown.value,
            "gain_low": shown.low,
            "gain_high": shown.high,
            "watched": self.watched is not None,
            "looked_at_once": {"gain": once.value, "low": once.low, "high": once.high},
            "settled": self.settled,
            "n_labels": once.n_labels,
            "n_contested": once.n_contested,
            "n_queries": once.n_queries,
            "more": self.more,
            "people": list(self.people),
            "disputed": list(self.disputed),
            "n_outdated": self.n_outdated,
            "draws": list(self.draws),
        }


def gather_evidence(workspace: Workspace, dataset: str, contest: Contest) -> Evidence:
    """What all labels of the data set, for whatever purpose they were given, say of a contest."""
    every = workspace.labels(dataset)
    current = [one for one in every if one.current and one.query_id in contest.row_of]
    right = rights(contest, current, _free_answers(workspace, dataset, contest, current))
    outdated = sum(not one.current for one in every)
    return weigh(contest, right, workspace.draws(dataset), current, n_outdated=outdated)


def weigh(
    contest: Contest,
    right: Mapping[str, FloatArray],
    draws: Sequence[Draw],
    labels: Sequence[Label],
    *,
    n_outdated: int = 0,
) -> Evidence:
    """The evidence of right (K, M) per labelled query, by the draws that brought them.

    A draw counts as far as it was handed out; what is not labelled there counts as not drawn.
    """
    differences = _differences(contest, right)
    open_ids = set(contest.contested_ids)
    used = [one for one in draws if open_ids.intersection(one.frame) and _said(one, differences)]
    if len(used) == 1:
        found, watched, more = _of_one(contest, used[0], differences)
    else:
        found, watched, more = _of_several(contest, used, differences), None, None
    people = sorted({one.person for one in labels})
    disputed = tuple(one for one in right if one in open_ids and _disputed(right[one]))
    return Evidence(
        gain=found,
        watched=watched,
        more=more,
        people=tuple(people),
        disputed=disputed,
        n_outdated=n_outdated,
        draws=tuple(one.draw_id for one in used),
    )


def _disputed(right: FloatArray) -> bool:
    """Whether two people contradict each other about a model."""
    answered = np.where(np.isfinite(right), right, 0.5)
    return bool(((answered.max(axis=0) == 1.0) & (answered.min(axis=0) == 0.0)).any())


def _differences(contest: Contest, right: Mapping[str, FloatArray]) -> dict[str, float]:
    """Of every labelled query x: first minus second, mean over the people; 0 where not contested.

    A contested query whose labels say nothing about one of the two models is left out.
    """
    found = {}
    for query_id, of_people in right.items():
        row = contest.row_of[query_id]
        if not contest.contested[row]:
            found[query_id] = 0.0
            continue
        said = of_people[:, contest.first[row]] - of_people[:, contest.second[row]]
        if np.isfinite(said).any():
            found[query_id] = float(np.nanmean(said))
    return found


def _said(draw: Draw, differences: Mapping[str, float]) -> list[str]:
    """The queries that were handed out and labelled, in the order of the draw."""
    return [one for one in draw.frame[: draw.n_asked] if one in differences]


def _of_one(
    contest: Contest, draw: Draw, differences: Mapping[str, float]
) -> tuple[Gain, Estimate, int]:
    """With one draw the interval may be watched; what its frame lacks is unknown."""
    frame = [one for one in draw.frame if one in contest.row_of]
    values = np.array([differences[one] for one in _said(draw, differences)])
    outside = set(contest.contested_ids).difference(frame)
    if not outside and len(frame) == contest.n_contested:
        found = gain(values, n_contested=len(frame), n_queries=contest.n_queries)
    else:
        found = _of_several(contest, [draw], differences)
    watched = confidence_sequence(values, n_contested=len(frame), n_queries=contest.n_queries)
    unknown = len(outside) / contest.n_queries
    wide = Estimate(watched.value, watched.low - unknown, watched.high + unknown, len(values))
    more = labels_needed(values, n_contested=len(frame))
    return found, wide, more


def _of_several(contest: Contest, draws: Sequence[Draw], differences: Mapping[str, float]) -> Gain:
    """The gain from the labels of any draws, each weighed by how probable it was to be drawn."""
    ids = sorted(set().union(*(_said(one, differences) for one in draws)))
    frames = [{one for one in draw.frame if one in contest.row_of} for draw in draws]
    held = np.array([[one in frame for one in ids] for frame in frames], dtype=bool)
    drawn = np.array([len(_said(one, differences)) for one in draws], dtype=np.int64)
    sizes = np.array([len(frame) for frame in frames], dtype=np.int64)
    probabilities = inclusion_probabilities(held.reshape(len(draws), len(ids)), drawn, sizes)
    unreachable = set(contest.contested_ids).difference(*frames)
    return combined_gain(
        np.array([differences[one] for one in ids]),
        probabilities,
        n_contested=contest.n_contested,
        n_queries=contest.n_queries,
        n_unreachable=len(unreachable),
        looks=PLANNED_LOOKS,
    )


def rights(
    contest: Contest,
    labels: Iterable[Label],
    free: Mapping[str, Mapping[str, IntArray]] | None = None,
) -> dict[str, FloatArray]:
    """Per labelled query who is right (K, M), one row a person, nan where nothing was said.

    A bad question has no right answer: every model is wrong there alike. Skipped queries are left
    out. free : of queries without options, by the label's answer, (M,) 1 where a model gave the
    same answer
    """
    found: defaultdict[str, list[FloatArray]] = defaultdict(list)
    for label in labels:
        if label.mark == "skipped":
            continue
        row = contest.row_of[label.query_id]
        same = (free or {}).get(label.query_id, {}).get(label.answer or "")
        found[label.query_id].append(_right(contest, label, row, same))
    return {query_id: np.stack(rows) for query_id, rows in found.items()}


def _right(contest: Contest, label: Label, row: int, same: IntArray | None) -> FloatArray:
    """(M,) what one label says of every model; who was judged speaks for those who say the same."""
    votes = contest.part.votes
    if label.mark == "bad":
        return np.zeros(len(votes.models))
    given = votes.answers[row]
    right = np.full(len(votes.models), np.nan)
    if label.answer and same is not None:
        right[:] = same
    elif label.answer:
        index = option_index(label.answer)
        right[:] = (given == index) & (index != NO_ANSWER)
    judged_apart = np.isfinite(contest.part.judged[row]).any()
    for name, verdict in label.verdicts.items():
        if name in votes.models:
            model = votes.models.index(name)
            alike = (given == given[model]) & (given != NO_ANSWER) & (not judged_apart)
            alike[model] = True
            right[alike] = verdict
    return right


def _free_answers(
    workspace: Workspace, dataset: str, contest: Contest, labels: Sequence[Label]
) -> dict[str, dict[str, IntArray]]:
    """Of queries without options: which models gave the answer of each label."""
    n_options = contest.part.votes.option_counts
    said: defaultdict[str, list[str]] = defaultdict(list)
    for label in labels:
        if label.answer and not n_options[contest.row_of[label.query_id]]:
            said[label.query_id].append(label.answer)
    if not said:
        return {}
    given = given_answers(workspace, dataset, said)
    models = contest.part.votes.models
    sets = [AnswerSet(tuple({*said[one], *given[one].values()})) for one in said]
    return {
        query_id: {
            answer: np.array(
                [same.get(given[query_id].get(name, ""), "") == same[answer] for name in models],
                dtype=np.int64,
            )
            for answer in said[query_id]
        }
        for query_id, same in zip(said, compare_sets(sets), strict=True)
    }


def given_answers(
    workspace: Workspace, dataset: str, query_ids: Iterable[str]
) -> dict[str, dict[str, str]]:
    """What the models answered to some queries, as it is stored, by query and model."""
    table = workspace.responses(dataset).select(["query_id", "model", "sample", "answer"])
    found: dict[str, dict[str, str]] = {one: {} for one in query_ids}
    for row in table.filter(pc.equal(table["sample"], 0)).to_pylist():
        if row["query_id"] in found and row["answer"]:
            found[row["query_id"]][row["model"]] = row["answer"]
    return found
