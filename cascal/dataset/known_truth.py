"""What the gold answers of a data set would say if they were asked like a person.

A show of how labelling works, never evidence: these labels are made in memory, and no workspace
holds one, so that they can never be mixed with those of people.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cascal.dataset.label_facts import LabelFacts
from cascal.dataset.label_questions import Question
from cascal.dataset.query_filters import RIGHT
from cascal.datatypes import NO_ANSWER, option_letter
from cascal.store import Label

KNOWN_TRUTH = "known truth (simulated)"
"""Who gives these labels."""


def truth_is_known(question: Question, n_labels: int) -> bool:
    """Whether gold answers know who is right on the first so many queries of the draw."""
    part, contest = question.contest.part, question.contest
    rows = [contest.row_of[one] for one in question.draw.frame[:n_labels]]
    sides = np.stack([contest.first[rows], contest.second[rows]], axis=1)
    return bool(rows) and bool(np.isfinite(part.right[np.array(rows)[:, None], sides]).all())


def labels_of_the_truth(question: Question, n_labels: int) -> LabelFacts:
    """The first so many queries of the draw, labelled by their gold answers."""
    asked = question.draw.frame[:n_labels]
    labels = tuple(_label(question, query_id) for query_id in asked)
    draw = replace(question.draw, n_asked=len(asked))
    return LabelFacts(contest=question.contest, labels=labels, draws=(draw,))


def _label(question: Question, query_id: str) -> Label:
    contest, part = question.contest, question.contest.part
    row = contest.row_of[query_id]
    gold, right = int(part.gold[row]), part.right[row]
    sides = (int(contest.first[row]), int(contest.second[row]))
    return Label(
        query_id=query_id,
        person=KNOWN_TRUTH,
        content="",
        draw_id=question.draw.draw_id,
        probability=1.0,
        purpose=question.draw.purpose,
        answer=option_letter(gold) if part.votes.option_counts[row] and gold != NO_ANSWER else None,
        verdicts={part.votes.models[model]: bool(right[model] > RIGHT) for model in sides},
    )
