"""What no consensus can be estimated from, and what to know of data from which it can."""

from __future__ import annotations

from collections import Counter

import numpy as np

from cascal.answers import prose_sentence, refuse_prose
from cascal.datatypes import BoolArray, CascalError, FloatArray, Votes
from cascal.number_format import agreeing, counted, percent
from cascal.settings import LABELS, FitSettings


def refuse_unfit(votes: Votes, settings: FitSettings, costs: FloatArray | None) -> None:
    """Refuse what no consensus can be estimated from."""
    if settings.consensus == LABELS:
        raise CascalError(
            "Scores by labels need labels: use cascal.compare.baselines.CascalWithLabels.",
            code="needs-labels",
        )
    refuse_sizes(votes, costs)
    refuse_prose(votes.prose, votes.tasks)


def refuse_sizes(votes: Votes, costs: FloatArray | None) -> None:
    """Refuse no query, no model, and costs (M,) of another pool."""
    if not all(votes.shape):
        raise CascalError(
            f"There are {counted(votes.shape[0], 'query')} and "
            f"{counted(votes.shape[1], 'model')}; at least one of each is needed. Import "
            "responses first.",
            code="nothing-to-fit",
        )
    if costs is not None and np.shape(costs) != (len(votes.models),):
        raise CascalError(
            f"costs has shape {np.shape(costs)} for {counted(len(votes.models), 'model')}.",
            code="wrong-shape",
        )


def fit_notes(
    votes: Votes, settings: FitSettings, strong: BoolArray, n_tasks: int
) -> tuple[str, ...]:
    """What whoever uses the fit should know of its data."""
    notes = []
    answered = votes.answered
    known = votes.confident
    if not answered.any():
        notes.append(
            "No model gave a readable answer: every score is 0 and no ranking means anything."
        )
    elif not known.any() and settings.consensus in ("posterior", "z_sum"):
        notes.append(
            "No confidence signal: there are no log-probabilities, every vote weighs the same."
        )
    elif known.sum() < answered.sum() and settings.consensus in ("posterior", "z_sum"):
        share = 1.0 - known.sum() / answered.sum()
        notes.append(
            f"No confidence signal for {percent(share, 1)} of the votes: they count as average."
        )
    if votes.prose is not None and votes.prose.any():
        notes.append(prose_sentence(votes.prose, votes.tasks))
    if len(votes.models) == 1:
        notes.append("There is one model: nothing can be routed, every ranking has one entry.")
    empty = n_tasks - len({votes.tasks[row] for row in np.flatnonzero(strong.any(axis=1))})
    if empty and answered.any() and not settings.by_task:
        notes.append(
            f"{empty} of {counted(n_tasks, 'task')} {agreeing(empty, 'has', 'have')} no strong "
            "query; each is one cluster."
        )
    if settings.sample is not None and not settings.by_task:
        strong_in = Counter(votes.tasks[row] for row in np.flatnonzero(strong.any(axis=1)))
        n_sampled = sum(count > settings.sample for count in strong_in.values())
        notes.append(
            f"The k-means of {n_sampled} of {counted(n_tasks, 'task')} saw a sample of "
            f"{settings.sample:,} strong queries; all were assigned to its clusters once."
        )
    return tuple(notes)
