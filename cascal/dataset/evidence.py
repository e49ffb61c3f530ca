"""What the labels of a workspace say about two ways to answer (docs/labels.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from cascal.dataset.contest import Contest
from cascal.datatypes import FloatArray, NotApplicable
from cascal.intervals import CONFIDENCE, Estimate
from cascal.labels import (
    Gain,
    combined_gain,
    confidence_sequence,
    gain,
    inclusion_probabilities,
    keep_router,
    labels_needed,
)
from cascal.number_format import agreeing, counted
from cascal.store import Draw, Label
from cascal.verdicts.verdict import Decision, decide, decide_between, decision

NOTHING_TO_LABEL = "On no query do the two answer differently: there is nothing to label."
ENOUGH_LABELS = 10
"""With fewer labels that leave it open the gain leaps about with each of them: it says nothing."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What labels say of a contest.

    gain : with the interval for one look at this number of labels, narrower than
    watched : the interval that may be looked at after every label, by which to decide
    more : about how many more labels would settle it, None as long as there is none
    keep_first : whether the gate still lets the first way through, or falls back on the second
    disputed : queries on which people disagree; n_outdated labels on queries edited since;
    draws : whose labels are used; n_unreachable : contested queries that none of them could reach;
    n_first, n_second : labelled queries on which only the first, or only the second, is right
    """

    gain: Gain
    watched: Estimate
    more: int | None
    keep_first: bool
    people: tuple[str, ...]
    disputed: tuple[str, ...]
    n_outdated: int
    draws: tuple[str, ...]
    n_unreachable: int = 0
    n_first: int = 0
    n_second: int = 0

    @property
    def settled(self) -> bool:
        """Whether the interval excludes 0, or nothing is left to label."""
        shown = self.watched
        return shown.low > 0 or shown.high < 0 or shown.low == shown.high

    @property
    def early(self) -> bool:
        """Whether so few labels say nothing yet: neither the gain nor how many would settle it."""
        found = self.gain
        return bool(found.n_contested) and not self.settled and found.n_labels < ENOUGH_LABELS

    @property
    def decision(self) -> Decision:
        """Whether the first way pays, as far as the labels say."""
        return decision(self.watched)

    def verdict(self, contest: Contest) -> str:
        """What the labels say of the two sides, with the interval; of few labels no number."""
        if self.early:
            return self._too_few(contest)
        if contest.constant is not None:
            return decide(self.watched, contest.constant).sentence
        return decide_between(self.watched, contest.names)

    def _too_few(self, contest: Contest) -> str:
        """That so few labels say nothing, and how many do; gold answers may tell all the same."""
        first, second = contest.names
        n_labels = self.gain.n_labels
        what = f"whether {first} or {second} is better"
        if contest.constant is not None:
            what = "whether routing pays here"
        are = agreeing(n_labels, "is", "are")
        few = f"{counted(n_labels, 'label')} {are} too few" if n_labels else "there is no label yet"
        return f"By labels alone nobody can say yet {what}: {few}, {ENOUGH_LABELS} are needed."

    def headline(self, contest: Contest) -> str:
        """The same without by what the model was chosen, where that stands beside it."""
        if contest.constant is not None and not self.early:
            return decide(self.watched, contest.constant).headline
        return self.verdict(contest)

    def tally(self, contest: Contest) -> str:
        """What the gain comes from: on how many labelled queries one side alone is right."""
        first, second = contest.short_names
        alike = self.gain.n_labels - self.n_first - self.n_second
        return (
            f"{counted(self.gain.n_labels, 'labelled query')}: {first} alone is right on "
            f"{self.n_first}, {second} alone on {self.n_second}, no difference on {alike}."
        )

    def labelled(self, contest: Contest) -> str:
        """How many labels there are, and among how many queries they were drawn."""
        counts = self.gain
        return (
            f"{counted(counts.n_labels, 'label')}; {counts.n_contested:,} of "
            f"{counted(counts.n_queries, 'query')} {agreeing(counts.n_contested, 'is', 'are')} "
            "contested"
        )

    def sentence(self, contest: Contest) -> str:
        """What the labels say, from how many of them, and how many more would settle it.

        Few labels project no number: the one of the plan stands until they are enough.
        """
        said = self.verdict(contest)
        if not self.gain.n_contested:
            return f"{said} {NOTHING_TO_LABEL}"
        labelled = self.labelled(contest)
        if self.settled or self.early or self.more is None:
            return f"{said} ({labelled}.)"
        return f"{said} ({labelled}, about {counted(self.more, 'more label')} would settle it.)"

    def to_dict(self, contest: Contest) -> dict[str, Any]:
        """The evidence in JSON types; `looked_at_once` is the narrower interval for one look."""
        shown, once = self.watched, self.gain
        return {
            "decision": self.decision,
            "sentence": self.sentence(contest),
            "against": contest.names[1],
            "gain": shown.value,
            "gain_low": shown.low,
            "gain_high": shown.high,
            "looked_at_once": {"gain": once.value, "low": once.low, "high": once.high},
            "settled": self.settled,
            "n_labels": once.n_labels,
            "n_contested": once.n_contested,
            "n_queries": once.n_queries,
            "more": self.more,
            "keep_first": self.keep_first,
            "people": list(self.people),
            "disputed": list(self.disputed),
            "n_outdated": self.n_outdated,
            "draws": list(self.draws),
            "n_unreachable": self.n_unreachable,
        }


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
    if not contest.n_queries:
        raise NotApplicable(
            f"On no query were the models of both sides asked, {contest.names[0]} and "
            f"{contest.names[1]}: labels cannot tell them apart. Collect their responses first.",
            code="too-little-data",
        )
    differences = _differences(contest, right)
    open_ids = set(contest.contested_ids)
    used = [one for one in draws if open_ids.intersection(one.frame) and _said(one, differences)]
    found = _gain(contest, used, differences)
    watched, more = _watched(contest, used, differences, found)
    handed = dict.fromkeys(query_id for one in used for query_id in _said(one, differences))
    decided = [differences[one] for one in handed if one in open_ids]
    people = sorted({one.person for one in labels})
    disputed = tuple(one for one in right if one in open_ids and _disputed(right[one]))
    return Evidence(
        gain=found,
        watched=watched,
        more=more,
        keep_first=keep_router(np.array(decided)),
        people=tuple(people),
        disputed=disputed,
        n_outdated=n_outdated,
        draws=tuple(one.draw_id for one in used),
        n_unreachable=_unreachable(contest, used) if used else 0,
        n_first=sum(one > 0 for one in decided),
        n_second=sum(one < 0 for one in decided),
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


def _watched(
    contest: Contest, draws: Sequence[Draw], differences: Mapping[str, float], found: Gain
) -> tuple[Estimate, int | None]:
    """The interval that holds at every label of every draw, and how many more would settle it.

    Each draw has its own sequence, widened by the share of contested queries that its frame lacks;
    all of them hold together if each of D draws errs in 1/D of the cases that one may.
    """
    if not draws:
        return found.estimate, None
    confidence = _confidence(len(draws))
    open_ids = set(contest.contested_ids)
    lows, highs, more = [], [], []
    for draw in draws:
        frame = [one for one in draw.frame if one in contest.row_of]
        values = tuple(differences[one] for one in _said(draw, differences))
        sequence = _sequence(values, len(frame), contest.n_queries, confidence)
        n_lacking = len(open_ids.difference(frame))
        unknown = n_lacking / contest.n_queries
        lows.append(sequence.low - unknown)
        highs.append(sequence.high + unknown)
        if not n_lacking:
            more.append(
                labels_needed(np.array(values), n_contested=len(frame), confidence=confidence)
            )
    low, high = max(lows), min(highs)
    if low > high:  # the draws contradict each other
        low, high = min(lows), max(highs)
    value = min(max(found.value, low), high)
    shown = Estimate(value, low, high, found.n_labels)
    return shown, min(more) if more else _more_of_a_new_draw(contest, draws, differences, shown)


def _confidence(n_draws: int) -> float:
    """What each of several draws needs, so that all of them hold together."""
    return 1.0 - (1.0 - CONFIDENCE) / n_draws


@lru_cache(4096)  # whoever looks back at every label asks for the same again and again
def _sequence(
    values: tuple[float, ...], n_contested: int, n_queries: int, confidence: float
) -> Estimate:
    return confidence_sequence(
        np.array(values), n_contested=n_contested, n_queries=n_queries, confidence=confidence
    )


def _more_of_a_new_draw(
    contest: Contest, draws: Sequence[Draw], differences: Mapping[str, float], shown: Estimate
) -> int:
    """About how many labels of a draw from all that is contested now would settle it.

    No draw so far holds all of that, so that more of its labels may leave the rest open. 0 where
    it is settled all the same.
    """
    if shown.low > 0 or shown.high < 0 or shown.low == shown.high:
        return 0
    known = [differences[one] for draw in draws for one in _said(draw, differences)]
    return labels_needed(
        np.zeros(0),
        n_contested=contest.n_contested,
        confidence=_confidence(len(draws) + 1),
        alike=np.array(known),
    )


def _unreachable(contest: Contest, draws: Sequence[Draw]) -> int:
    """How many contested queries are in the frame of no draw."""
    return len(set(contest.contested_ids).difference(*(one.frame for one in draws)))


def _gain(contest: Contest, draws: Sequence[Draw], differences: Mapping[str, float]) -> Gain:
    """The gain by one look; the plain one where one draw had all that is contested now."""
    if len(draws) == 1 and set(draws[0].frame) == set(contest.contested_ids):
        values = np.array([differences[one] for one in _said(draws[0], differences)])
        return gain(values, n_contested=contest.n_contested, n_queries=contest.n_queries)
    return _of_several(contest, draws, differences)


def _of_several(contest: Contest, draws: Sequence[Draw], differences: Mapping[str, float]) -> Gain:
    """The gain from the labels of any draws, each weighed by how probable it was to be drawn."""
    ids = sorted(set().union(*(_said(one, differences) for one in draws)))
    frames = [{one for one in draw.frame if one in contest.row_of} for draw in draws]
    held = np.array([[one in frame for one in ids] for frame in frames], dtype=bool)
    drawn = np.array([len(_said(one, differences)) for one in draws], dtype=np.int64)
    sizes = np.array([len(frame) for frame in frames], dtype=np.int64)
    probabilities = inclusion_probabilities(held.reshape(len(draws), len(ids)), drawn, sizes)
    return combined_gain(
        np.array([differences[one] for one in ids]),
        probabilities,
        n_contested=contest.n_contested,
        n_queries=contest.n_queries,
        n_unreachable=_unreachable(contest, draws),
    )
