"""Which preset? Without labels: for how many queries do they name different first models?

Every preset reads the same votes by another rule, so their scores cannot be compared. Their choices
can: where all name the same model the preset does not matter, and where they differ only labels
tell which is right. Gold answers, where there are any, say which preset is right more often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.columns import Progress
from cascal.compare.cost import Trial, try_weights
from cascal.dataset.cost import mean_cost, query_costs
from cascal.dataset.part import Part
from cascal.datatypes import BoolArray, FloatArray, IntArray
from cascal.fit import Fit, fit
from cascal.intervals import Estimate, estimates
from cascal.number_format import percent
from cascal.score import usable_presets
from cascal.settings import PRESETS, Thresholds
from cascal.verdicts.verdict import points


@dataclass(frozen=True, eq=False)
class PresetChoices:
    """Whom each preset asks first.

    first (P, Q) index into `models`; best_overall (P,) whom it would always ask; confident: whether
    any log-probability is known; on_training_queries: the queries are those the presets were fitted
    on, for want of test queries; trials: every preset at every weight of cost that was asked for.
    """

    presets: tuple[str, ...]
    models: tuple[str, ...]
    query_ids: tuple[str, ...]
    tasks: tuple[str, ...]
    first: IntArray
    best_overall: IntArray
    confident: bool
    on_training_queries: bool
    trials: tuple[Trial, ...] = ()

    def at_weight(self, weight: float, part: Part) -> PresetChoices:
        """The choices at one of the weights of cost that were tried; part holds the queries."""
        column = np.array([self.models.index(name) for name in part.votes.models])
        tried = {one.preset: one for one in self.trials if one.point.cost_weight == weight}
        first = np.stack([column[tried[name].first] for name in self.presets])
        return replace(self, first=first)

    @property
    def disputed(self) -> BoolArray:
        """(Q,) whether the presets name different first models."""
        return np.asarray((self.first != self.first[0]).any(axis=0))

    def differing(self, preset: str) -> IntArray:
        """(P,) for how many queries each preset names another first model than this one."""
        row = self.presets.index(preset)
        return np.asarray((self.first != self.first[row]).sum(axis=1))

    def used(self, preset: str) -> list[tuple[str, int]]:
        """First models of a preset and their numbers of queries, most first."""
        counts = Counter(self.models[model] for model in self.first[self.presets.index(preset)])
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    def costs(self, part: Part, training: Part) -> FloatArray:
        """(P,) US dollars of each preset's first models per 1,000 queries of the part; nan where
        a cost is not known.
        """
        dollars, rows = query_costs(part, training).dollars, np.arange(len(self.query_ids))
        column = np.array([part.votes.models.index(name) for name in self.models])
        return np.array([mean_cost(dollars[rows, column[first]]) for first in self.first])

    def by_task(self) -> list[tuple[str, int, int]]:
        """Task, its queries, and how many of them are disputed; the largest share first."""
        tasks, place, sizes = np.unique(self.tasks, return_inverse=True, return_counts=True)
        counts = np.bincount(place, self.disputed, len(tasks)).astype(int)
        order = np.argsort(-counts / sizes, kind="stable")
        return [(str(tasks[at]), int(sizes[at]), int(counts[at])) for at in order]

    @property
    def sentence(self) -> str:
        """What this means for the choice of a preset."""
        n_queries, n_disputed = len(self.query_ids), int(self.disputed.sum())
        among = f"{n_queries:,} {'training' if self.on_training_queries else 'test'} queries"
        names = ", ".join(self.presets)
        if not n_disputed:
            return f"The choice of preset changes nothing here: {names} agree on all {among}."
        silent = "" if self.confident else " Without log-probabilities paper cannot be fitted."
        return (
            f"{names} name different first models for {n_disputed:,} of {among} "
            f"({percent(n_disputed / n_queries)}). Nothing without labels tells which of them is "
            f"right there: gold answers of some of these queries do; `cascal evaluate` compares "
            f"the presets by those there are.{silent}"
        )

    def judged(self, part: Part, present: str) -> PresetVerdict | None:
        """Which preset is right more often than the present one; None without gold answers.

        part : the routed queries; without the present preset among them the first one is the
        reference.
        """
        if not part.has_gold or self.on_training_queries:
            return None
        place = self.presets.index(present) if present in self.presets else 0
        column = np.array([part.votes.models.index(name) for name in self.models])
        rows = np.arange(len(self.query_ids))
        right = np.column_stack([part.right[rows, column[first]] for first in self.first])
        return PresetVerdict(
            presets=self.presets,
            present=self.presets[place],
            right=tuple(estimates(right)),
            gains=tuple(estimates(right - right[:, [place]])),
        )


@dataclass(frozen=True, kw_only=True)
class PresetVerdict:
    """How often the first model of each preset is right, by the gold answers.

    right, gains : by preset; the share of right answers, and its paired gain over the present one
    """

    presets: tuple[str, ...]
    present: str
    right: tuple[Estimate, ...]
    gains: tuple[Estimate, ...]

    @property
    def sentence(self) -> str:
        """Which preset is right more often; a difference inside its interval is none."""
        others = [
            (gain, name)
            for gain, name in zip(self.gains, self.presets, strict=True)
            if name != self.present
        ]
        if not others:
            return f"{self.present} is the only preset that can be fitted here"
        best, name = max(others, key=lambda pair: pair[0].value)
        if best.low > 0:
            return f"{name} is right more often than {self.present}: {points(best)}"
        if all(gain.high < 0 for gain, _ in others):
            return f"{self.present} is right more often than any other preset"
        worse = [name for gain, name in others if gain.high < 0]
        beaten = f", which is right more often than {' and '.join(worse)}" if worse else ""
        return f"No preset is proven right more often than {self.present}{beaten}"


def compare_presets(
    training: Part,
    queries: Part | None,
    thresholds: Thresholds | None = None,
    *,
    costs: FloatArray | None = None,
    fitted: Fit | None = None,
    weights: Sequence[float] = (),
    progress: Progress | None = None,
) -> PresetChoices:
    """Fit every usable preset on the training part and route the queries by each; no label is read.

    Each routes by its own rule at the given thresholds. Without `queries` the training queries are
    routed. `fitted` saves fitting its preset again; all cluster as it does. `weights` of cost are
    tried too, by the gold answers of the queries.
    """
    part = queries or training
    at = replace(thresholds or Thresholds(), routing=None)
    names = usable_presets(training.votes)
    first: list[IntArray] = []
    best: list[int] = []
    trials: list[Trial] = []
    for place, name in enumerate(names):
        if progress is not None:
            progress(place / len(names), f"Fitting the preset {name}")
        settings = replace(PRESETS[name], clusters=fitted.settings.clusters if fitted else "skills")
        if fitted is not None and fitted.settings == settings:
            own = fitted
        else:
            own = fit(training.votes, training.vectors, settings, costs=costs)
        router = own.router(at)
        first.append(router.route(part.vectors).selected[:, 0])
        best.append(router.best_overall)
        if weights:
            trials += try_weights(own, at, part, training, weights, preset=name)
    return PresetChoices(
        presets=names,
        models=training.votes.models,
        query_ids=part.votes.query_ids,
        tasks=part.votes.tasks,
        first=np.stack(first),
        best_overall=np.array(best),
        confident=bool(training.votes.confident.any()),
        on_training_queries=queries is None,
        trials=tuple(trials),
    )
