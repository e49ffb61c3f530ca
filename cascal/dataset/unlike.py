"""Open-ended responses that are unlike all others to their query, found without any label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.dataset.score_file import drawn_queries
from cascal.encode.batches import Encoder
from cascal.scores import UNLIKE, likeness
from cascal.store import Workspace

N_LOOKED_AT = 300
"""Queries that are looked at, at random."""


@dataclass(frozen=True)
class Unlike:
    """One response, how unlike the others it is in standard deviations, and its text."""

    query_id: str
    model: str
    likeness: float
    text: str


def find_unlike(workspace: Workspace, dataset: str, encoder: Encoder) -> list[Unlike]:
    """The outliers among the responses to some random queries, the most unlike first.

    What the texts are encoded with decides what "like" means; the words alone will do.
    """
    with workspace.opened():
        asked, models, texts = _texts(workspace, dataset)
    if not texts:
        return []
    coded = np.asarray(encoder.encode(list(texts.values())), dtype=np.float64)
    lengths = np.linalg.norm(coded, axis=1, keepdims=True)
    vectors = np.full((len(asked), len(models), coded.shape[1]), np.nan)
    rows, columns = (np.array(places) for places in zip(*texts, strict=True))
    vectors[rows, columns] = np.divide(coded, lengths, out=np.zeros_like(coded), where=lengths > 0)
    found = likeness(vectors)
    return sorted(
        (
            Unlike(asked[row], models[m], float(found[row, m]), text)
            for (row, m), text in texts.items()
            if found[row, m] < UNLIKE
        ),
        key=lambda one: (one.likeness, one.query_id, one.model),
    )


def _texts(
    workspace: Workspace, dataset: str
) -> tuple[list[str], list[str], dict[tuple[int, int], str]]:
    """Queries, models, and what these responded, by their places."""
    query_ids = tuple(workspace.queries(dataset)["query_id"].to_pylist())
    asked = drawn_queries(query_ids, N_LOOKED_AT, 0)
    models = [one.name for one in workspace.models(dataset)]
    texts = {
        (row, models.index(one["model"])): one["text"]
        for row, query_id in enumerate(asked)
        for one in workspace.response_texts(dataset, query_id).to_pylist()
        if one["sample"] == 0 and one["text"]
    }
    return asked, models, texts
