"""A few random queries whose right answers would decide between two ways to answer."""

from __future__ import annotations

from collections.abc import Mapping

from cascal.dataset.part import Part
from cascal.datatypes import IntArray
from cascal.draws import random_rows

TO_LABEL = 10
"""So many labels on contested queries usually tell (docs/trust.md)."""

Row = dict[str, str]


def queries_to_label(part: Part, rows: IntArray, sides: Mapping[str, IntArray]) -> tuple[Row, ...]:
    """At most `TO_LABEL` of the rows, drawn at random, with what each side answers.

    sides : for every name the (Q,) votes of that side, in the order of the part's queries
    """
    drawn = random_rows([part.votes.query_ids[row] for row in rows], TO_LABEL, 0)
    return tuple(
        {
            "query": part.votes.query_ids[row],
            "task": part.votes.tasks[row],
            "text": part.texts[row],
            **{name: part.shown_answer(row, int(votes[row])) for name, votes in sides.items()},
        }
        for row in rows[drawn].tolist()
    )
