"""Presets beside each other as frames: whom each asks first, and where they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cascal.charts.figures import in_percent, judged_model
from cascal.compare.presets import PresetChoices, PresetVerdict
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray
from cascal.verdicts.verdict import points


def presets_frame(
    choices: PresetChoices,
    present: str,
    judged: PresetVerdict | None = None,
    costs: FloatArray | None = None,
) -> pd.DataFrame:
    """Whom each preset asks first, and how often another than the present one or the first.

    judged : how often each is right, with its gain over the present one; unknown without
    costs : (P,) US dollars per 1,000 queries, nan or None where unknown
    """
    reference = present if present in choices.presets else choices.presets[0]
    unknown: list[float] = [np.nan] * len(choices.presets)
    right = unknown if judged is None else in_percent([one.value for one in judged.right])
    gains = [""] * len(choices.presets) if judged is None else _gains(judged)
    return pd.DataFrame(
        {
            "preset": choices.presets,
            "right": right,
            "gain": gains,
            "cost": unknown if costs is None else costs,
            "best": [choices.models[model] for model in choices.best_overall],
            "used": [
                ", ".join(f"{model} {count:,}" for model, count in choices.used(name)[:3])
                for name in choices.presets
            ],
            "differs": choices.differing(reference),
        }
    )


def _gains(judged: PresetVerdict) -> list[str]:
    return [
        "in use" if name == judged.present else points(gain).replace(" points", "")
        for name, gain in zip(judged.presets, judged.gains, strict=True)
    ]


def disputed_tasks_frame(choices: PresetChoices) -> pd.DataFrame:
    """Tasks with disputed queries, the largest share (in percent) first."""
    table = pd.DataFrame(choices.by_task(), columns=["task", "queries", "disputed"])
    table = table[table["disputed"] > 0].reset_index(drop=True)
    table.insert(1, "share", in_percent(table["disputed"] / table["queries"]))
    return table


def disputed_queries_frame(part: Part, choices: PresetChoices, limit: int) -> pd.DataFrame:
    """The disputed queries of the part with the first model of every preset."""
    rows = np.flatnonzero(choices.disputed)[:limit]
    return pd.DataFrame(
        {
            "task": [part.votes.tasks[row] for row in rows],
            "query": [part.texts[row] for row in rows],
            **{
                name: [
                    _asked(part, row, choices.models[model])
                    for row, model in zip(rows, choices.first[at, rows], strict=True)
                ]
                for at, name in enumerate(choices.presets)
            },
        }
    )


def _asked(part: Part, row: int, model: str) -> str:
    """A first model, with a mark where the gold answer says whether it is right."""
    if not part.has_gold:
        return model
    return judged_model(model, float(part.right[row, part.votes.models.index(model)]))
