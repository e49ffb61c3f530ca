"""A simulated pool whose consensus is wrong: five of eight models fall for the same lure.


The demo's test queries and models; only the answers of the five in these tasks are changed. The
consensus likes them there, so that the router leaves a better model for them: what a gate is for.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cascal.dataset.part import Part

BLOC = ("fjord-base", "fjord-chat", "gnat-mini", "elm-counsel", "cedar-code")
N_TASKS = 2
SHARE = 0.5
"""So many of the queries of these tasks, the first by name, hold the lure."""


def outvoted(part: Part, seed: int = 0) -> Part:
    """The same queries where the bloc gives one wrong answer together in half of two tasks."""
    votes, random = part.votes, np.random.default_rng(seed)
    tasks = np.array(votes.tasks)
    misled = np.isin(tasks, sorted(set(votes.tasks))[:N_TASKS]) & (random.random(len(part)) < SHARE)
    lure = (part.gold + 1 + random.integers(0, votes.option_counts - 1)) % votes.option_counts
    answers = votes.answers.copy()
    for model in BLOC:
        answers[misled, votes.models.index(model)] = lure[misled]
    nothing = np.full(answers.shape, np.nan)
    return replace(part, votes=replace(votes, answers=answers, logprobs=nothing))
