"""What the removal of each model of the pool costs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cascal.charts.figures import in_points, interval_texts
from cascal.compare.without_a_model import Removal


def removals_frame(found: Sequence[Removal]) -> pd.DataFrame:
    """One row a model: what is lost without it, and how the others' ranking changes."""
    votes = [in_points(one.vote_loss) for one in found]
    firsts = [in_points(one.top1_loss) for one in found]
    frame = pd.DataFrame(
        {
            "name": [f"without {one.model}" for one in found],
            "share": [one.share for one in found],
            "gain": [one[0] for one in votes],
            "low": [one[1] for one in votes],
            "high": [one[2] for one in votes],
            "top1": [one[0] for one in firsts],
            "top1_low": [one[1] for one in firsts],
            "top1_high": [one[2] for one in firsts],
            "tau": [one.tau for one in found],
        }
    )
    frame["gain_text"] = interval_texts(frame, ("gain", "low", "high"), sign=True)
    frame["top1_text"] = interval_texts(frame, ("top1", "top1_low", "top1_high"), sign=True)
    return frame.sort_values("gain", ascending=False, kind="stable", ignore_index=True)
