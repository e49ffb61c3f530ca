"""The first queries of a draw, as they are listed where somebody should label them."""

from __future__ import annotations

from cascal.dataset.contest import Contest
from cascal.store import Draw

TO_LABEL = 10
"""So many are a first look; `labels_needed` says about how many settle it (docs/labels.md)."""

Row = dict[str, str]


def queries_to_label(contest: Contest, draw: Draw) -> tuple[Row, ...]:
    """At most `TO_LABEL` queries, in the order of the draw, with what each side answers."""
    part = contest.part
    chosen = dict(zip(contest.names, (contest.first, contest.second), strict=True))
    rows = [contest.row_of[query_id] for query_id in draw.frame[:TO_LABEL]]
    return tuple(
        {
            "query": part.votes.query_ids[row],
            "task": part.votes.tasks[row],
            "text": part.texts[row],
            **{
                name: part.shown_answer(row, int(part.votes.answers[row, models[row]]))
                for name, models in chosen.items()
            },
        }
        for row in rows
    )
