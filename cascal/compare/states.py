"""What changed from one state of a router to another: settings, clusters, routes, their worth.

A state is a snapshot: the present one, the pinned one, or a saved run made again. Every difference
of a number is paired over the same queries and has the interval of `cascal.intervals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cascal.compare.threshold_words import WORDS, threshold_values
from cascal.computing.remembered import remembered
from cascal.dataset.cost import first_costs
from cascal.dataset.query_filters import first_model_right
from cascal.dataset.saved_runs import decisions_hash
from cascal.dataset.snapshot import Snapshot
from cascal.dataset.successor import NAMED, Successor, successor
from cascal.datatypes import CascalError, FloatArray, IntArray
from cascal.intervals import Estimate, McNemar, estimates, mcnemar
from cascal.labels import heeded_words
from cascal.naming.cluster_names import cluster_name
from cascal.number_format import agreeing, counted, dollars, enumerated
from cascal.prices import COST_UNIT
from cascal.routing.leaders import cluster_leaders
from cascal.verdicts.verdict import Decision, decision, points

LONGEST_CAUSE = 60
"""Letters of settings and their values that a sentence may end with."""
_WORDS = {**WORDS, "preset": "preset", "clusters": "clusters follow"}
"""What the pages call a setting or a threshold; any other is called as in the code."""
FIRST_RIGHT, VOTE_RIGHT, FIRST_COST = "First model right", "Vote right", "Cost per 1,000"
"""The names of the measures; the cost is that of the first model, in US dollars."""
_JUDGED: dict[Decision, str] = {
    "route": "Better than {}",
    "do not route": "Worse than {}",
    "undecided": "Not proven better or worse than {}",
}
_CHEAPER = "Cheaper, and not proven worse, than {}"
_DEARER = "Dearer, and not proven better, than {}"


@dataclass(frozen=True)
class SettingChange:
    """A setting or a threshold that differs, its values in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class MeasureChange:
    """A number of both states on the same queries, and its paired difference with interval.

    before, after : means over the queries that count for both; short : the name in a tile's width
    """

    name: str
    short: str
    before: float
    after: float
    difference: Estimate


@dataclass(frozen=True, kw_only=True)
class ClusterChange:
    """A cluster that is not what it was, or that has another first model.

    name, first_before : as it was; became : its name now, of all it went into where it dissolved;
    holds : how many of its queries are there, and where the others are
    first_after : the first model there, "" where it dissolved
    """

    name: str
    n_queries: int
    became: tuple[str, ...]
    followed: Successor
    holds: str
    first_before: str
    first_after: str

    @property
    def sentence(self) -> str:
        """What became of the cluster."""
        now, into = self.followed, self.became
        if now.cluster is None:
            more = f" and {len(into) - NAMED} more" if len(into) > NAMED else ""
            return f"dissolved into {', '.join(into[:NAMED])}{more}"
        if now.same:
            return "holds the same queries, with another first model"
        name = "" if into[0] == self.name else f"{into[0]}: "
        return f"{name}{self.holds}"


@dataclass(frozen=True, eq=False)
class StateChange:
    """The difference of two states of one data set."""

    before: Snapshot
    after: Snapshot

    @cached_property
    def nothing(self) -> bool:
        """Whether every route and score is the same to the bit, and every setting too."""
        same = decisions_hash(self.before) == decisions_hash(self.after)
        return same and not self.settings and not self.clusters

    @cached_property
    def settings(self) -> tuple[SettingChange, ...]:
        """What is set differently."""
        old, new = _settings(self.before), _settings(self.after)
        preset = "as the preset says"
        return tuple(
            SettingChange(
                _WORDS.get(name, name.replace("_", " ")),
                old.get(name, preset),
                new.get(name, preset),
            )
            for name in dict.fromkeys([*old, *new])
            if old.get(name) != new.get(name)
        )

    @property
    def settings_sentence(self) -> str:
        """How many settings differ, those apart that change no first model."""
        if not self.settings:
            return "The settings are equal"
        n = len(self._causes)
        if not n:
            return "1 setting differs, which changes no first model"
        differ = counted(n, "setting differs", "settings differ")
        more = ", and 1 that changes no first model" if n < len(self.settings) else ""
        return f"{differ}{more}"

    @property
    def _causes(self) -> tuple[SettingChange, ...]:
        """What is set differently and may change a first model: all but how many models vote."""
        return tuple(one for one in self.settings if one.name != WORDS["top_k"])

    @property
    def labels(self) -> str:
        """Which labels each of the two heeds, which is no setting; "" where they are the same."""
        if _labels_of(self.before) == _labels_of(self.after):
            return ""
        return f"Labels before: {_heeded(self.before)} Labels now: {_heeded(self.after)}"

    @cached_property
    def chosen(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(Q,) the first model of every routed query in both states."""
        old, new = (one.routes("test") for one in (self.before, self.after))
        first, second = (
            tuple(routes.models[model] for model in routes.selected[:, 0]) for routes in (old, new)
        )
        return first, second

    @cached_property
    def flipped(self) -> IntArray:
        """Rows of the routed queries that have another first model."""
        return np.flatnonzero([one != other for one, other in zip(*self.chosen, strict=True)])

    @property
    def n_queries(self) -> int:
        """How many queries are routed: the test queries where there are some."""
        return len(self.chosen[0])

    @cached_property
    def right(self) -> tuple[FloatArray, FloatArray]:
        """(Q,) whether the first model is right in both states; nan where that is not known."""
        part = self.before.dataset.part("test")
        first, second = (
            first_model_right(part, one.routes("test")) for one in (self.before, self.after)
        )
        return first, second

    @cached_property
    def moved(self) -> str:
        """Of the queries that go elsewhere how many became right and wrong; "" without gold."""
        n = len(self.flipped)
        paired = self._paired
        if paired is None or not n:
            return ""
        return (
            f"Of the {counted(n, 'query that goes', 'queries that go')} elsewhere "
            f"{paired.only_second:,} {agreeing(paired.only_second, 'is', 'are')} newly right and "
            f"{paired.only_first:,} newly wrong."
        )

    @property
    def _paired(self) -> McNemar | None:
        """Queries whose first model is right in one state alone; they all go elsewhere."""
        old, new = self.right
        return mcnemar(old, new) if (np.isfinite(old) & np.isfinite(new)).any() else None

    @cached_property
    def clusters(self) -> tuple[ClusterChange, ...]:
        """Every earlier cluster that is not what it was; of one training set only."""
        if not self.same_training:
            return ()
        found = (self._cluster(at) for at in range(len(self.before.router.clusters)))
        return tuple(one for one in found if one is not None)

    @property
    def clusters_sentence(self) -> str:
        """How many earlier clusters hold other queries, and how many the same for another model."""
        n = len(self.before.router.clusters)
        renamed = sum(one.followed.same for one in self.clusters)
        other = len(self.clusters) - renamed
        if not self.clusters:
            return counted(n, "cluster is what it was", "clusters are all what they were")
        said = []
        if other:
            said.append(f"{other} {agreeing(other, 'holds', 'hold')} other queries")
        if renamed:
            keep = agreeing(renamed, "keeps its queries and asks", "keep their queries and ask")
            said.append(f"{renamed} {keep} another model first")
        return f"Of {counted(n, 'earlier cluster')} {enumerated(said)}"

    @property
    def same_training(self) -> bool:
        """Whether both states learnt from the same training queries."""
        old, new = (one.dataset.train.votes.query_ids for one in (self.before, self.after))
        return old == new

    def _cluster(self, at: int) -> ClusterChange | None:
        members = np.flatnonzero(self.before.router.clusters.assignment == at)
        followed = successor(members, self.after.router.clusters.assignment)
        first = _firsts(self.before)[at]
        then = "" if followed.cluster is None else _firsts(self.after)[followed.cluster]
        if followed.same and first == then:
            return None
        into = followed.into if followed.cluster is None else (followed.cluster,)
        return ClusterChange(
            name=cluster_name(self.before.names[at]),
            n_queries=len(members),
            became=tuple(cluster_name(self.after.names[one]) for one in into),
            followed=followed,
            holds=followed.holds([cluster_name(one) for one in self.after.names]),
            first_before=first,
            first_after=then,
        )

    @property
    def ranks(self) -> Mapping[str, tuple[int, int]]:
        """Model -> its places by global score before and after, of models in both."""
        old, new = _places(self.before), _places(self.after)
        return {name: (old[name], new[name]) for name in old if name in new}

    @cached_property
    def measures(self) -> tuple[MeasureChange, ...]:
        """First model right, vote right, cost of a first model: each where both states know it.

        No vote where one model is asked now: its answer is that of the first model.
        """
        voters = tuple(one.router.thresholds.top_k for one in (self.before, self.after))
        pairs = [
            (name, first, second)
            for (name, first), (_, second) in zip(
                _per_query(self.before), _per_query(self.after), strict=True
            )
            if (np.isfinite(first) & np.isfinite(second)).any()
            and not (name == VOTE_RIGHT and voters[1] == 1)
        ]
        if not pairs:
            return ()
        found = estimates(np.column_stack([second - first for _, first, second in pairs]))
        return tuple(
            MeasureChange(
                name=_vote_name(*voters) if name == VOTE_RIGHT else name,
                short=_vote_name(*voters, short=True) if name == VOTE_RIGHT else name,
                before=_mean(one, other),
                after=_mean(other, one),
                difference=difference,
            )
            for (name, one, other), difference in zip(pairs, found, strict=True)
        )

    @property
    def gain(self) -> Estimate | None:
        """The paired difference of right first answers; None without gold answers."""
        return next((one.difference for one in self.measures if one.name == FIRST_RIGHT), None)

    @property
    def same_verdict(self) -> bool:
        """Whether both decide the same about routing, or neither can."""
        decided = [
            None if verdict is None else verdict.light
            for verdict in (self.before.verdict, self.after.verdict)
        ]
        return decided[0] == decided[1]

    def sentence(self, name: str, correction: str = "") -> str:
        """What the change since a state of this name is worth, and what made it, in a sentence.

        correction : what the gain is without queries that flatter it; "" where it stays
        """
        if self.nothing:
            return f"Nothing changed since {name}"
        n = len(self.flipped)
        if not n:
            return f"No query goes elsewhere than in {name}"
        paid = ""
        if self._dollars is not None:
            less = "cheaper" if self._dollars < 0 else "dearer"
            paid = f", {dollars(abs(self._dollars))} {less} per 1,000"
        if self.gain is not None:
            gained = f"{points(self.gain)} ({correction})" if correction else points(self.gain)
            return f"{self._outcome.format(name)}: {gained}{paid}{self._cause}"
        are = agreeing(n, "goes", "go")
        went = f"{n:,} of {counted(self.n_queries, 'query')} {are} elsewhere than in {name}"
        return f"{went}{paid}{self._cause}"

    @property
    def _outcome(self) -> str:
        """Better, worse or neither; where neither is proven, what became of the cost."""
        decided: Decision = "undecided" if self.gain is None else decision(self.gain)
        if decided == "undecided" and self._dollars is not None:
            return _CHEAPER if self._dollars < 0 else _DEARER
        return _JUDGED[decided]

    @property
    def _cause(self) -> str:
        """What differs, where it is little enough to be said after what it did.

        Labels are named where they change what a router decides; how many models vote is left out,
        as it changes no first model.
        """
        found = [f"{one.name} {one.before} → {one.after}" for one in self._causes]
        was, now = (one.router.changed_by_labels for one in (self.before, self.after))
        if self.labels and (was or now):
            found.append(f"{now[0].lower()}{now[1:-1]}" if now else "labels count no longer")
        if not 1 <= len(found) <= NAMED:
            return ""
        told = "; ".join(found)
        return f", because {told}" if len(told) <= LONGEST_CAUSE else ""

    @property
    def _dollars(self) -> float | None:
        """What 1,000 first answers cost more, where the interval leaves 0 out."""
        cost = next((one.difference for one in self.measures if one.name == FIRST_COST), None)
        return None if cost is None or cost.low <= 0 <= cost.high else cost.value


def compare_states(before: Snapshot, after: Snapshot) -> StateChange:
    """What differs between two states; CascalError unless they route the same queries."""
    old, new = (one.routes("test").query_ids for one in (before, after))
    if old != new:
        raise CascalError(
            f"{before.dataset.info.name!r} ({counted(len(old), 'routed query')}) and "
            f"{after.dataset.info.name!r} ({len(new):,}) route different queries; only states of "
            "the same data set can be compared.",
            code="other-queries",
        )
    return StateChange(before, after)


def _settings(state: Snapshot) -> dict[str, str]:
    """Every setting and threshold in words; those that a preset stands for only without one."""
    settings, thresholds = state.router.settings, state.router.thresholds
    found = {
        "models": ", ".join(state.router.models),
        "encoder": state.dataset.encoder,
        "preset": settings.preset_name,
        "clusters": settings.clusters,
    }
    if settings.preset_name == "custom":
        found |= {name: str(value) for name, value in settings.record().items()}
    return found | threshold_values(thresholds)


def _heeded(state: Snapshot) -> str:
    """Which labels the router heeds; "none." where it heeds none."""
    record, correction = state.router.labels, state.router.correction
    return heeded_words(record, 0 if correction is None else correction.n_labels) or "none."


def _labels_of(state: Snapshot) -> tuple[str, str, str]:
    """What tells the labels of a router, and what follows from them, from those of another one."""
    record, correction = state.router.labels, state.router.correction
    corrects = "" if correction is None else correction.digest
    return "" if record is None else record.digest, state.router.always, corrects


@remembered
def _firsts(state: Snapshot) -> tuple[str, ...]:
    """(C,) the first model of every cluster."""
    return tuple(one.best[0] for one in cluster_leaders(state.router))


def _places(state: Snapshot) -> dict[str, int]:
    rankings = state.router.rankings
    order = sorted(
        range(len(rankings.models)), key=lambda m: (-rankings.overall[m], rankings.models[m])
    )
    return {rankings.models[m]: place + 1 for place, m in enumerate(order)}


def _per_query(state: Snapshot) -> tuple[tuple[str, FloatArray], ...]:
    """The measures (Q,) of the routed queries, nan where one is not known."""
    data, routes, result = state.dataset, state.routes("test"), state.evaluation
    unknown = np.full(len(routes.query_ids), np.nan)
    dollars = first_costs(routes, data.part("test"), data.train)[0]
    return (
        (FIRST_RIGHT, unknown if result is None else np.asarray(result.top1_right, float)),
        (VOTE_RIGHT, unknown if result is None else np.asarray(result.vote_right, float)),
        (FIRST_COST, COST_UNIT * dollars),
    )


def _vote_name(before: int, after: int, *, short: bool = False) -> str:
    """What the vote is called; where another number of models voted, both numbers are named."""
    if before == after:
        return f"Vote of {after} right" if short else VOTE_RIGHT
    was = "One model" if before == 1 else f"Vote of {before}"
    return f"{was}, now {after}" if short else f"{was} before, vote of {after} now"


def _mean(values: FloatArray, other: FloatArray) -> float:
    """Over what both know, so that the difference of two means is the mean difference."""
    return float(values[np.isfinite(values) & np.isfinite(other)].mean())
