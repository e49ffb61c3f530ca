"""A check: a code, a rule, and a function that returns a sentence or None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from cascal.dataset.dataset import Dataset
from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import FloatArray, IntArray, NotApplicable
from cascal.diagnose.quality import TrainingQuality, training_quality
from cascal.fit import Fit
from cascal.route import Router
from cascal.verdict import half_fits

Section = Literal["issue", "passed", "not applicable"]


@dataclass(frozen=True)
class Finding:
    """What one check found. `sentence` has the number, the rule and the consequence."""

    code: str
    title: str
    section: Section
    sentence: str


@dataclass(frozen=True, eq=False)
class Case:
    """What the checks look at: a data set, its fit, and what the router does at some thresholds.

    Costly parts (half-sample fits, distances) are computed once, when a check first asks.
    """

    dataset: Dataset
    fit: Fit
    snapshot: Snapshot

    @property
    def router(self) -> Router:
        """The router at the thresholds of the case."""
        return self.snapshot.router

    @property
    def gold_test(self) -> Part:
        """The gold test queries; NotApplicable where there are none."""
        return self.dataset.gold_test

    @property
    def consensus(self) -> FloatArray:
        """(Q, M) consensus scores of the training queries, 0 where there is no answer."""
        return np.nan_to_num(self.fit.consensus, nan=0.0)

    @cached_property
    def consensus_answers(self) -> IntArray:
        """(Q,) answer of the vote with the highest score of each training query."""
        best = np.nan_to_num(self.fit.consensus, nan=-np.inf).argmax(axis=1)
        return np.asarray(self.dataset.train.votes.answers[np.arange(len(best)), best])

    @cached_property
    def halves(self) -> tuple[Fit, Fit]:
        """Fits on two random halves of the training queries."""
        train = self.dataset.train
        return half_fits(train.votes, train.vectors, self.fit.settings, costs=self.fit.costs)

    @cached_property
    def quality(self) -> TrainingQuality:
        """What the training queries are worth."""
        return training_quality(self.dataset, self.fit)


@dataclass(frozen=True)
class Check:
    """One rule. `look` returns the sentence of an issue, or None; NotApplicable says why not."""

    code: str
    title: str
    rule: str
    look: Callable[[Case], str | None]

    def find(self, case: Case) -> Finding:
        """Run the check; silence is never health: passed and not applicable are findings too."""
        try:
            sentence = self.look(case)
        except NotApplicable as error:
            return Finding(self.code, self.title, "not applicable", str(error))
        if sentence is None:
            return Finding(self.code, self.title, "passed", self.rule)
        return Finding(self.code, self.title, "issue", sentence)


CHECKS: dict[str, Check] = {}
"""Every check by its code, in the order of codes once all modules are loaded."""


def check(
    code: str, title: str, rule: str
) -> Callable[[Callable[[Case], str | None]], Callable[[Case], str | None]]:
    """Register a function as a check; `rule` is what holds where it passes."""

    def register(look: Callable[[Case], str | None]) -> Callable[[Case], str | None]:
        CHECKS[code] = Check(code, title, rule, look)
        return look

    return register
