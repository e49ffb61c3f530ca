"""The numbers of repeated responses: models that count from 1 are counted from 0, as votes are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cascal.importers.columns import Role, resolve
from cascal.importers.draft import MAX_SAMPLE, Draft
from cascal.importers.fields import amount, clean
from cascal.importers.stream import Stream
from cascal.number_format import agreeing, listed


def sample_number(value: object) -> int | None:
    """The number of a response, 0 where there is none; None for what is no whole number."""
    number, odd = amount(value)
    return None if odd or (number or 0) % 1 else int(number or 0)


def count_from_zero(
    draft: Draft, sheets: Sequence[Stream], roles: Sequence[Role], names: Mapping[str, str]
) -> None:
    """Find the models of which no table holds a number 0: their lowest number is their first.

    names : {our column: their column}, as the caller of the import gave it
    """
    lowest: dict[str, int] = {}
    for sheet, role in zip(sheets, roles, strict=True):
        mapping = {} if role == "queries" else resolve(sheet.names, role, names, sheet.source)
        if "sample" not in mapping or "model" not in mapping:
            continue
        for _, cells in sheet.cells([mapping["model"], mapping["sample"]]):
            model, number = clean(cells[0]), sample_number(cells[1])
            if model and number is not None:
                lowest[model] = min(number, lowest.get(model, number))
    draft.first_samples = {one: first for one, first in lowest.items() if 0 < first <= MAX_SAMPLE}
    by_first: dict[int, list[str]] = {}
    for model, first in draft.first_samples.items():
        by_first.setdefault(first, []).append(model)
    for first, models in by_first.items():
        draft.notes.append(
            f"{listed(models)} {agreeing(len(models), 'has', 'have')} no sample 0, the only one "
            f"that votes: sample {first} is taken for it, and the others follow. Where a data set "
            "that is extended holds another sample 0, the numbers stay."
        )
