"""Batches that were sent to several models with the same ids: whose is a failed request?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

UNKNOWN_MODEL = (
    "a failed request; files of several models hold its custom_id, and this file has no answers of "
    "exactly one of them, so its model is unknown; left out"
)
UNKNOWN_QUERY = (
    "several requests with different texts have its custom_id, so its query is unknown; left out"
)


def model_of_each(answers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """By file, the model of which all of its answers are; files with answers of several are not in.

    answers : the file and the model of each answer, "" for no model
    """
    models: dict[str, set[str]] = {}
    for source, model in answers:
        if model:
            models.setdefault(source, set()).add(model)
    return {source: next(iter(found)) for source, found in models.items() if len(found) == 1}
