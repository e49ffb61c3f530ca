"""A hash that tells labels apart from others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from cascal.store import Label


def labels_digest(labels: Sequence[Label]) -> str:
    """SHA-256 of labels: the same for the same labels, in whatever order they came."""
    facts = sorted(
        json.dumps(
            [
                one.query_id,
                one.person,
                one.content,
                one.draw_id,
                one.mark,
                one.answer,
                dict(one.verdicts),
            ],
            sort_keys=True,
        )
        for one in labels
    )
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
