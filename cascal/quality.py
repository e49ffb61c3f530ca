"""What the training queries are worth: do they tell the models apart, repeat themselves, leak?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from cascal.score import agreement
from cascal.study import Study


@dataclass(frozen=True)
class TrainingQuality:
    """Shares and counts over the training queries of a study."""

    separating: float
    agreement: float
    duplicates: int
    leaked: int
    tasks_with_one: int


def training_quality(study: Study) -> TrainingQuality:
    """Whether the training queries separate the models, repeat themselves or leak from the test."""
    votes, texts = study.train.votes, study.train.texts
    largest = np.rint(agreement(votes) * len(votes.models))
    answered = votes.answered.sum(axis=1)
    test_texts = set(study.test.texts) if study.test is not None else set()
    return TrainingQuality(
        float((largest < answered).mean()),
        float(agreement(votes).mean()),
        len(texts) - len(set(texts)),
        sum(text in test_texts for text in set(texts)),
        sum(count == 1 for count in Counter(votes.tasks).values()),
    )
