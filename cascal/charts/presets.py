"""Presets beside each other as frames: whom each asks first, and where they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cascal.charts.figures import in_percent
from cascal.compare.presets import PresetChoices
from cascal.dataset.part import Part


def presets_frame(choices: PresetChoices, present: str) -> pd.DataFrame:
    """Whom each preset asks first, and how often another than the present one or the first."""
    reference = present if present in choices.presets else choices.presets[0]
    return pd.DataFrame(
        {
            "preset": choices.presets,
            "best": [choices.models[model] for model in choices.best_overall],
            "used": [
                ", ".join(f"{model} {count:,}" for model, count in choices.used(name)[:3])
                for name in choices.presets
            ],
            "differs": choices.differing(reference),
        }
    )


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
                name: [choices.models[model] for model in choices.first[at, rows]]
                for at, name in enumerate(choices.presets)
            },
        }
    )
