"""How many options a stored query's votes choose from, in SQL: `count_options` of `datatypes`."""

from __future__ import annotations

from cascal.datatypes import SEVERAL_RIGHT


def n_options_of(query: str) -> str:
    """The number for a row of `query`; 0 for free answers and where several options are right."""
    several = f"regexp_full_match(coalesce({query}.answer, ''), '{SEVERAL_RIGHT}')"
    return f"(CASE WHEN {several} THEN 0 ELSE len({query}.options) END)"
